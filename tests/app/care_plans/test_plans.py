"""A plan from its draft to its orders: agreed, changed, paused, run dry, made by two at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from app import calendar
from app.care_plans import actions, generating, previewing, queries
from app.care_plans.actions import LineTerms
from app.care_plans.rules import (
    DayKind,
    DayState,
    DraftChanged,
    OnHolidays,
    PauseOverlaps,
    PauseReason,
    PlanState,
    WhyNot,
)
from app.care_plans.tables import CarePlanDay
from app.catalogue.tables import Price
from app.db import transaction
from app.funding import queries as funding
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.quotes import Wish
from app.orders.rules import OrderState, Payer, VisitState
from app.orders.tables import Order, Visit
from app.people.tables import Elder
from app.planning import actions as planning
from tests.cast import DISTRICT, TEN, an_elder, an_entitlement, an_item

MONDAY = date(2026, 11, 23)
NOW = TEN - timedelta(hours=2)  # Monday, 08:00: the day's bath is still to come
SIGNED = {"who": "elder", "how": "in_person"}


def a_line(rule: str = "FREQ=WEEKLY;BYDAY=MO,TH", **given: Any) -> LineTerms:
    values: dict[str, Any] = {
        "key": None, "item_code": "BATHING", "starts": MONDAY, "opens": time(10), "closes": time(11), "minutes": None,
        "holidays": OnHolidays.KEEP, "payer": Payer.ENTITLEMENT,
    } | given  # fmt: skip
    return LineTerms(rule=rule, **values)


def agreed(elder: Elder, *lines: LineTerms, most: int = 0, starts: date = MONDAY, now: datetime = NOW) -> int:
    """The number of a plan the elder has signed."""
    with transaction() as session:
        before = queries.plan_in(session, elder.id, PlanState.DRAFT)
        plan = actions.draft(
            session, elder.id, lines or [a_line()], starts=starts, most_self_pay_cents=most,
            seen=before.version if before else 0, by="Zhao", now=now,
        )  # fmt: skip
        return actions.agree(session, elder.id, SIGNED, seen=plan.version, by="Zhao", now=now).id


def told(elder: Elder) -> list[tuple[str, DayState, WhyNot | None]]:
    """What came of the days, in order."""
    with transaction() as session:
        rows = session.scalars(
            select(CarePlanDay).where(CarePlanDay.elder_id == elder.id).order_by(CarePlanDay.day, CarePlanDay.id)
        )
        return [(f"{row.day:%m-%d}", row.state, row.why) for row in rows]


def visits(elder: Elder) -> list[tuple[str, VisitState]]:
    """Every visit the elder has, by local day."""
    with transaction() as session:
        rows = session.scalars(select(Visit).where(Visit.elder_id == elder.id).order_by(Visit.opens, Visit.id))
        return [(f"{calendar.day_of(row.opens):%m-%d}", row.state) for row in rows]


def free(elder: Elder, month: date) -> int:
    with transaction() as session:
        return sum(row.free_cents for row in funding.balances(session, elder.id, month))


def rerun(plan_id: int, now: datetime = NOW) -> None:
    with transaction() as session:
        generating.make(session, plan_id, now=now)


@pytest.fixture
def lin(database: Engine) -> Elder:
    """Lin Guifen has 260 yuan in November and in December; a bath costs 100."""
    with transaction() as session:
        an_item(session)
        an_item(session, "CLEAN", cents=2_000, aid="cleaning", needs=[], caregivers={"default": 1})
        elder = an_elder(session)
        an_entitlement(session, elder)
        an_entitlement(session, elder, month=date(2026, 12, 1))
        return elder


def test_an_agreed_plan_orders_its_days_and_says_why_others_are_not_served(lin: Elder) -> None:
    plan = agreed(lin)
    assert told(lin) == [
        ("11-23", DayState.ORDERED, None), ("11-26", DayState.ORDERED, None),
        ("11-30", DayState.UNSERVED, WhyNot.NO_MONEY),  # 60 yuan are left of November
        ("12-03", DayState.ORDERED, None), ("12-07", DayState.ORDERED, None),
        ("12-10", DayState.UNSERVED, WhyNot.NO_MONEY), ("12-14", DayState.UNSERVED, WhyNot.NO_MONEY),
    ]  # fmt: skip
    assert free(lin, date(2026, 11, 1)) == 6_000
    rerun(plan)
    assert [day for day, _ in visits(lin)] == ["11-23", "11-26", "12-03", "12-07"]


def test_a_day_without_money_says_what_her_own_limit_lacks(lin: Elder) -> None:
    agreed(lin, most=1_000)
    with transaction() as session:
        rows = queries.unserved(session, today=date(2026, 11, 20))
        lacking = [(row.day.isoformat()[5:], row.short_cents, row.most_self_pay_cents) for row in rows]
    assert lacking[0] == ("11-30", 3_000, 1_000)  # 60 yuan are left of November: 40 of her own, she agreed to 10


def test_with_own_money_the_plan_goes_on_up_to_what_she_agreed_to(lin: Elder) -> None:
    agreed(lin, most=4_000)
    assert [why for _, _, why in told(lin)] == [None] * 5 + [None, WhyNot.NO_MONEY]  # 40 yuan of her own in each month


def test_money_that_comes_later_serves_the_day_that_was_left(lin: Elder) -> None:
    plan = agreed(lin)
    with transaction() as session:
        order = session.scalars(select(Order).where(Order.elder_id == lin.id).order_by(Order.id)).first()
        assert order is not None
        planning.cancel_order(session, order.id, by="Zhao", now=NOW, reason="visitors", free_of_charge=True)
    rerun(plan)
    states = {day: state for day, state, _ in told(lin)}
    assert states["11-30"] is DayState.ORDERED
    assert visits(lin)[0] == ("11-23", VisitState.CANCELLED)  # what a hand has cancelled is not made again
    assert [day for day, _ in visits(lin)].count("11-23") == 1


def test_two_generators_at_once_make_each_order_once(lin: Elder) -> None:
    with transaction() as session:
        plan = actions.draft(
            session, lin.id, [a_line("FREQ=DAILY", item_code="CLEAN")], starts=MONDAY, most_self_pay_cents=0, seen=0,
            by="Zhao", now=NOW,
        )  # fmt: skip
        plan.state, plan.signed, plan.signed_at = PlanState.AGREED, SIGNED, NOW
        plan_id = plan.id
    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(rerun, [plan_id] * 4))
    days = [day for day, _ in visits(lin)]
    assert len(days) == len(set(days)) == 21  # 13 visits a month are paid; three weeks and today, over two months
    with transaction() as session:
        assert order_queries.verify_ledger(session) == []


def test_a_pause_takes_orders_back_and_its_end_makes_them_again(lin: Elder) -> None:
    agreed(lin)
    with transaction() as session:
        pause = actions.pause(session, lin.id, MONDAY, None, PauseReason.HOSPITAL, by="Zhao", now=NOW)
    assert {why for _, _, why in told(lin)} == {WhyNot.PAUSED}
    assert {state for _, state in visits(lin)} == {VisitState.CANCELLED}
    assert free(lin, date(2026, 11, 1)) == 26_000
    with transaction() as session:
        with pytest.raises(PauseOverlaps):
            actions.pause(session, lin.id, MONDAY + timedelta(days=90), None, PauseReason.TRAVEL, by="Zhao", now=NOW)
        actions.resume(session, lin.id, pause.id, date(2026, 11, 25), by="Zhao", now=NOW)
    assert told(lin)[:3] == [
        ("11-23", DayState.LEFT_OUT, WhyNot.PAUSED), ("11-26", DayState.ORDERED, None),
        ("11-30", DayState.ORDERED, None),
    ]  # fmt: skip


def test_a_new_version_keeps_what_it_means_too_and_takes_back_the_rest(lin: Elder) -> None:
    agreed(lin)
    with transaction() as session:
        plan = queries.plan_in(session, lin.id, PlanState.AGREED)
        assert plan is not None
        key = queries.lines_of(session, plan.id)[0].key
        kept = session.scalars(select(Order.id).where(Order.elder_id == lin.id).order_by(Order.id)).all()
    agreed(lin, a_line("FREQ=WEEKLY;BYDAY=TH", key=key), starts=date(2026, 11, 24))
    assert visits(lin) == [
        ("11-23", VisitState.WAITING),  # before the new version begins: the old one's
        ("11-26", VisitState.WAITING), ("12-03", VisitState.WAITING), ("12-07", VisitState.CANCELLED),
        ("12-10", VisitState.WAITING),
    ]  # fmt: skip
    with transaction() as session:
        still = session.scalars(select(Order.id).where(Order.state == OrderState.CONFIRMED).order_by(Order.id)).all()
        states = [plan.state for plan in queries.versions(session, lin.id)]
    assert still[:3] == kept[:3]
    assert states == [PlanState.AGREED, PlanState.REPLACED]


def test_a_changed_window_is_ordered_anew(lin: Elder) -> None:
    agreed(lin, a_line("FREQ=WEEKLY;BYDAY=TH"))
    with transaction() as session:
        plan = queries.plan_in(session, lin.id, PlanState.AGREED)
        assert plan is not None
        key = queries.lines_of(session, plan.id)[0].key
    agreed(lin, a_line("FREQ=WEEKLY;BYDAY=TH", key=key, opens=time(14), closes=time(15)))
    with transaction() as session:
        rows = session.scalars(select(Visit).where(Visit.elder_id == lin.id, Visit.state == VisitState.WAITING))
        assert {calendar.local(row.opens).hour for row in rows} == {14}


def test_a_visit_moved_by_hand_stays_where_it_was_put(lin: Elder) -> None:
    plan = agreed(lin, a_line("FREQ=WEEKLY;BYDAY=TH"))
    with transaction() as session:
        visit = session.scalars(select(Visit).where(Visit.elder_id == lin.id).order_by(Visit.opens)).first()
        assert visit is not None
        visit.opens += timedelta(hours=4)
        visit.closes += timedelta(hours=4)
    before = visits(lin)
    rerun(plan)
    assert visits(lin) == before


def test_what_somebody_booked_for_the_day_by_hand_is_not_booked_again(lin: Elder) -> None:
    with transaction() as session:
        order = orders.receive(session, lin.id, "BATHING", [Wish(TEN, TEN + timedelta(hours=1))], by="Zhao", now=NOW)
        orders.confirm(session, order.id, allowance_cents=10_000, self_pay_cents=0, by="Zhao", now=NOW)
    agreed(lin)
    assert told(lin)[0] == ("11-23", DayState.UNSERVED, WhyNot.CLASH)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"starts": MONDAY - timedelta(days=30), "opens": time(6), "closes": time(6, 30)}, WhyNot.TOO_LATE),
        ({}, None),
    ],
)
def test_a_window_that_is_over_is_not_ordered(lin: Elder, given: dict[str, Any], why: WhyNot | None) -> None:
    agreed(lin, a_line("FREQ=WEEKLY;BYDAY=MO", **given))
    assert told(lin)[0][2] is why


def test_what_cannot_be_ordered_says_why(lin: Elder) -> None:
    plan = agreed(lin, a_line("FREQ=WEEKLY;BYDAY=TH"), a_line("FREQ=WEEKLY;BYDAY=TH", item_code="CLEAN"))
    later = NOW + timedelta(days=7)  # one more Thursday comes within reach
    with transaction() as session:
        an_item(session).windows = [["14:00", "16:00"]]
        an_item(session, "CLEAN").ended_at = NOW
    rerun(plan, later)
    assert {why for day, _, why in told(lin) if day == "12-17"} == {WhyNot.OUTSIDE_HOURS, WhyNot.ITEM_ENDED}
    with transaction() as session:
        an_item(session).windows = []
        price = session.scalars(select(Price)).all()
        for one in price:
            one.ends = date(2026, 12, 16)
    rerun(plan, later)
    assert {why for day, _, why in told(lin) if day == "12-17"} == {WhyNot.NO_PRICE, WhyNot.ITEM_ENDED}
    with transaction() as session:
        session.get_one(Elder, lin.id).ended_at = later
        waiting = [row.why for row in queries.unserved(session, today=MONDAY)]
    rerun(plan, later + timedelta(days=1))
    assert set(waiting) == {WhyNot.NO_PRICE, WhyNot.ITEM_ENDED}
    assert {why for day, _, why in told(lin) if day == "12-17"} == {WhyNot.NOT_SERVED}


def test_the_end_of_a_plan_takes_its_orders_back(lin: Elder) -> None:
    agreed(lin)
    with transaction() as session:
        actions.end(session, lin.id, by="Zhao", now=NOW, reason="moved to her son")
        assert queries.due(session, now=NOW) == []
    assert {state for _, state in visits(lin)} == {VisitState.CANCELLED}


def test_a_holiday_is_data_and_a_plan_follows_it_the_next_night(lin: Elder) -> None:
    plan = agreed(lin, a_line("FREQ=WEEKLY;BYDAY=TH", holidays=OnHolidays.AFTER))
    with transaction() as session:
        actions.set_day(session, DISTRICT, date(2026, 11, 26), DayKind.HOLIDAY, "试验日", by="admin", now=NOW)
    rerun(plan, NOW + timedelta(days=1))
    assert visits(lin)[:2] == [("11-26", VisitState.CANCELLED), ("11-27", VisitState.WAITING)]


def test_the_job_looks_at_each_plan_once_a_day(lin: Elder) -> None:
    plan = agreed(lin)
    with transaction() as session:
        assert queries.due(session, now=NOW) == []
        assert queries.due(session, now=NOW + timedelta(days=1)) == [plan]


def test_a_draft_is_agreed_to_as_it_was_read(lin: Elder) -> None:
    with transaction() as session:
        plan = actions.draft(
            session, lin.id, [a_line()], starts=MONDAY, most_self_pay_cents=0, seen=0, by="Zhao", now=NOW
        )
        seen = plan.version
        actions.draft(
            session, lin.id, [a_line("FREQ=DAILY")], starts=MONDAY, most_self_pay_cents=0, seen=seen, by="Qian",
            now=NOW + timedelta(minutes=1),
        )  # fmt: skip
        with pytest.raises(DraftChanged):
            actions.agree(session, lin.id, SIGNED, seen=seen, by="Zhao", now=NOW)


def test_a_preview_shows_the_money_of_each_month_and_writes_nothing(lin: Elder) -> None:
    with transaction() as session:
        lines = actions.lines(session, lin, [a_line("FREQ=WEEKLY;BYDAY=TH")])
        found = previewing.preview(session, lin, lines, starts=MONDAY, most_self_pay_cents=10_000, now=NOW)
    assert [(m.month.month, m.visits, m.allowance_cents, m.self_pay_cents, m.expected) for m in found.months] == [
        (11, 1, 10_000, 0, False),
        (12, 3, 26_000, 4_000, False),  # two more would cost over 100 yuan of her own
        (1, 2, 20_000, 0, True),
    ]
    assert [day.why for day in found.days].count(WhyNot.NO_MONEY) == 2
    assert visits(lin) == []


def test_a_preview_of_a_change_counts_what_the_plan_holds_as_free(lin: Elder) -> None:
    agreed(lin)
    with transaction() as session:
        lines = actions.lines(session, lin, [a_line("FREQ=WEEKLY;BYDAY=TU")])
        found = previewing.preview(session, lin, lines, starts=MONDAY, most_self_pay_cents=0, now=NOW)
    assert [(m.month.month, m.allowance_cents) for m in found.months][:2] == [(11, 10_000), (12, 20_000)]
