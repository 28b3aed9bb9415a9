"""Allowances that will expire: who is called, what is proposed, and one key that books it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from app import calendar
from app.access.rules import Role
from app.care_plans import reminding
from app.care_plans.reminder_rules import REMINDER_MOVES, ReminderEvent, ReminderState, reminder_after, turn
from app.care_plans.tables import SpendReminder
from app.db import transaction
from app.errors import IllegalMove
from app.funding import queries as funding
from app.messages.tables import OutboxMessage
from app.orders import actions
from app.orders import queries as orders
from app.orders.quotes import Wish
from app.orders.rules import OrderState, QuoteChanged, VisitState
from app.orders.tables import Visit
from app.people.rules import Skill
from app.people.tables import Elder
from tests.cast import TEN, a_caregiver, a_visit, an_elder, an_entitlement, an_item, an_order
from tests.clients import Client, ok

TENTH = datetime(2026, 11, 10, 1, tzinfo=UTC)
TWENTIETH = datetime(2026, 11, 20, 1, tzinfo=UTC)
NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def lin(database: Engine) -> Elder:
    """Lin Guifen had a bath on three Thursdays at two; 260 yuan are free, and somebody could bathe her."""
    with transaction() as session:
        an_item(session)
        elder = an_elder(session)
        an_entitlement(session, elder)
        a_caregiver(session, skills=(Skill.BATHING,))
        for week in (3, 4, 5):
            at = TEN - timedelta(weeks=week) + timedelta(days=3, hours=4)
            order = an_order(session, elder=elder, price_cents=10_000, state=OrderState.CLOSED)
            a_visit(session, order=order, state=VisitState.VERIFIED, opens=at, closes=at + timedelta(hours=1))
        return elder


def reminded(elder: Elder, now: datetime) -> list[SpendReminder]:
    with transaction() as session:
        for elder_id in reminding.due(session, now=now):
            reminding.remind(session, elder_id, now=now)
    with transaction() as session:
        query = select(SpendReminder).where(SpendReminder.elder_id == elder.id).order_by(SpendReminder.id)
        return list(session.scalars(query))


@pytest.mark.parametrize(("day", "expected"), [(9, None), (10, 10), (19, 10), (20, 20), (24, 20), (25, 25), (31, 25)])
def test_a_late_job_makes_up_for_the_day_that_has_come(day: int, expected: int | None) -> None:
    assert turn(date(2026, 10, day), (10, 20, 25)) == expected


def test_nobody_is_reminded_before_the_tenth_and_everybody_once_for_each_day(lin: Elder) -> None:
    assert reminded(lin, TENTH - timedelta(days=1)) == []
    assert len(reminded(lin, TENTH)) == len(reminded(lin, TENTH)) == 1
    told = reminded(lin, TWENTIETH)
    assert [(one.on_day, one.state) for one in told] == [(10, ReminderState.LAPSED), (20, ReminderState.OPEN)]
    with transaction() as session:
        texts = [message.text for message in session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))]
    assert len(texts) == 2 and all("还剩260.00元" in text and "林桂芬" in text for text in texts)


def test_what_she_had_is_proposed_on_her_day_at_her_hour_as_far_as_the_money_goes(lin: Elder) -> None:
    (one,) = reminded(lin, TENTH)
    opens = [calendar.local(datetime.fromisoformat(told["opens"])) for told in one.proposals]
    assert [f"{at:%m-%d %H:%M %a}" for at in opens] == ["11-12 14:00 Thu", "11-19 14:00 Thu"]
    assert sum(told["allowance_cents"] for told in one.proposals) == 20_000


def test_no_slot_is_proposed_that_nobody_has_time_for(lin: Elder) -> None:
    with transaction() as session:
        for n in range(3):  # the afternoon of the twelfth is full
            a_visit(session, elder=an_elder(session), opens=TENTH + timedelta(days=2, hours=5 + n), needs=["bathing"])
    (one,) = reminded(lin, TENTH)
    days = [calendar.day_of(datetime.fromisoformat(told["opens"])).day for told in one.proposals]
    assert 12 not in days and days


def test_little_left_is_no_reason_to_call(lin: Elder) -> None:
    with transaction() as session:
        wishes = [Wish(TEN + timedelta(days=n), TEN + timedelta(days=n, hours=1)) for n in range(2)]
        order = actions.receive(session, lin.id, "BATHING", wishes, by="Zhao", now=TENTH)
        actions.confirm(session, order.id, allowance_cents=20_000, self_pay_cents=0, by="Zhao", now=TENTH)
    assert reminded(lin, TENTH) == []  # 60 yuan of 260


def test_one_key_books_what_she_wants_of_it(lin: Elder) -> None:
    (one,) = reminded(lin, TENTH)
    with transaction() as session:
        made = reminding.book(session, one.id, [1], by="Zhao", now=TENTH)
        assert [order.state for order in made] == [OrderState.CONFIRMED]
        assert sum(row.free_cents for row in funding.balances(session, lin.id, NOVEMBER)) == 16_000
        assert orders.verify_ledger(session) == []
    with pytest.raises(IllegalMove), transaction() as session:
        reminding.book(session, one.id, [0], by="Qian", now=TENTH)
    with transaction() as session:
        assert len(session.scalars(select(Visit).where(Visit.state == VisitState.WAITING)).all()) == 1


def test_money_that_is_gone_meanwhile_is_said_and_books_nothing(lin: Elder) -> None:
    (one,) = reminded(lin, TENTH)
    with transaction() as session:
        an_entitlement(session, session.get_one(Elder, lin.id), free=15_000)
    with pytest.raises(QuoteChanged), transaction() as session:
        reminding.book(session, one.id, [0, 1], by="Zhao", now=TENTH)
    with transaction() as session:
        assert session.get_one(SpendReminder, one.id).state is ReminderState.OPEN
        assert session.scalars(select(Visit).where(Visit.state == VisitState.WAITING)).all() == []


@pytest.mark.parametrize("state", list(ReminderState))
@pytest.mark.parametrize("event", list(ReminderEvent))
def test_a_reminder_moves_as_its_table_says(state: ReminderState, event: ReminderEvent) -> None:
    if (state, event) in REMINDER_MOVES:
        assert reminder_after(state, event) is REMINDER_MOVES[state, event]
    else:
        with pytest.raises(IllegalMove):
            reminder_after(state, event)


def test_the_list_of_calls_over_http(lin: Elder, client: Callable[..., Client]) -> None:
    month = calendar.month_of(datetime.now(UTC))
    with transaction() as session:
        for n, state in enumerate((ReminderState.OPEN, ReminderState.UNREACHED, ReminderState.BOOKED)):
            session.add(
                SpendReminder(
                    district_id=lin.district_id, division_code=lin.division_code, elder_id=lin.id, month=month,
                    on_day=10 + n, state=state, free_cents=9_000 + n, proposals=[], made_at=TEN,
                )
            )  # fmt: skip
    desk = client(Role.OPERATOR)
    told = ok(desk.get("/api/reminders"))
    assert ([row["state"] for row in told["items"]], told["done"]) == (["open", "unreached"], 1)
    first, second = (row["id"] for row in told["items"])
    assert [row["state"] for row in ok(desk.post(f"/api/reminders/{first}/miss"))["items"]] == ["unreached"] * 2
    assert ok(desk.post(f"/api/reminders/{second}/decline", json={"reason": "visits her son"}))["done"] == 2
    assert desk.post(f"/api/reminders/{first}/book", json={"picks": [0]}).status_code == 404
