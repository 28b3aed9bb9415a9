"""An order from the telephone to its end, with its money."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm.exc import StaleDataError

from app import history
from app.catalogue.rules import OutsideHours
from app.db import Scope, transaction
from app.errors import Conflict, IllegalMove, NotFound
from app.funding import queries as funding
from app.funding.rules import EntitlementUsedUp
from app.orders import actions, queries
from app.orders.quotes import Wish
from app.orders.rules import BadWindow, NoReason, OnTheWay, OrderState, QuoteChanged, VisitEvent, VisitState
from app.orders.tables import Order
from app.people.rules import AbilityLevel
from app.people.tables import Elder
from tests.cast import (
    COMMUNITY,
    DISTRICT,
    OTHER_COMMUNITY,
    TEN,
    a_program,
    a_provider,
    a_visit,
    an_elder,
    an_entitlement,
    an_item,
    an_order,
)

NOW = TEN - timedelta(days=3)
NOVEMBER = date(2026, 11, 1)


def a_wish(days: int = 0, **given: int) -> Wish:
    return Wish(TEN + timedelta(days=days), TEN + timedelta(days=days, hours=1), **given)


def taken(elder: Elder, *wishes: Wish) -> Order:
    with transaction() as session:
        return actions.receive(session, elder.id, "BATHING", wishes or [a_wish()], by="Zhao", now=NOW)


def agreed(order: Order) -> Order:
    with transaction() as session:
        return actions.confirm(
            session, order.id, allowance_cents=order.allowance_cents, self_pay_cents=order.self_pay_cents, by="Zhao",
            now=NOW,
        )  # fmt: skip


def free(elder: Elder, month: date = NOVEMBER) -> int:
    with transaction() as session:
        return sum(row.free_cents for row in funding.balances(session, elder.id, month))


@pytest.fixture
def lin(database: Engine) -> Elder:
    """Lin Guifen, who has 260 yuan in November and in December, and a bath costs 100."""
    with transaction() as session:
        an_item(session)
        elder = an_elder(session)
        an_entitlement(session, elder)
        an_entitlement(session, elder, month=date(2026, 12, 1))
        return elder


def test_a_quote_takes_each_month_from_its_own_allowance_and_reserves_nothing(lin: Elder) -> None:
    with transaction() as session:
        wishes = [a_wish(day) for day in (0, 1, 2, 10)]  # three in November, one in December
        quote = queries.quoted(session, lin.id, "BATHING", wishes, now=NOW)
    assert [line.split.self_pay_cents for line in quote.lines] == [0, 0, 4_000, 0]
    assert (quote.price_cents, quote.allowance_cents, quote.self_pay_cents) == (40_000, 36_000, 4_000)
    assert free(lin) == 26_000


def test_confirming_reserves_the_allowance_and_closes_nothing(lin: Elder) -> None:
    order = agreed(taken(lin))
    assert order.state is OrderState.CONFIRMED
    assert free(lin) == 16_000
    with transaction() as session:
        assert [visit.id for visit in queries.waiting(session, date(2026, 11, 23))] == [
            visit.id for visit in queries.visits_of(session, order.id)
        ]


def test_an_unconfirmed_order_does_not_wait_for_a_plan(lin: Elder) -> None:
    taken(lin)
    with transaction() as session:
        assert queries.waiting(session, date(2026, 11, 23)) == []


def test_a_promise_that_no_longer_holds_is_refused_with_the_new_split(lin: Elder) -> None:
    first, second, third = (taken(lin, a_wish(day)) for day in range(3))
    agreed(first)
    agreed(second)
    with pytest.raises(QuoteChanged) as refusal:
        agreed(third)
    assert refusal.value.facts == {"price_cents": 10_000, "allowance_cents": 6_000, "self_pay_cents": 4_000}
    with transaction() as session:
        actions.confirm(session, third.id, allowance_cents=6_000, self_pay_cents=4_000, by="Zhao", now=NOW)
    assert free(lin) == 0


def test_when_nothing_is_left_it_says_so(lin: Elder) -> None:
    order = taken(lin)
    with transaction() as session:
        an_entitlement(session, session.get_one(Elder, lin.id), free=0)
    with pytest.raises(EntitlementUsedUp, match="just been spent"):
        agreed(order)


def test_a_booking_made_twice_is_noticed(lin: Elder) -> None:
    first = agreed(taken(lin))
    taken(lin, a_wish(1))  # not agreed to yet
    with transaction() as session:
        assert [visit.order_id for visit in queries.clashes(session, lin.id, [a_wish(0), a_wish(1)])] == [first.id]
        assert queries.clashes(session, lin.id, [a_wish(2)]) == []


def test_two_caregivers_come_to_bathe_somebody_severely_disabled(lin: Elder) -> None:
    with transaction() as session:
        heavy = an_elder(session, level=AbilityLevel.SEVERE, wishes={"same_sex_bathing": True})
    with transaction() as session:
        [visit] = queries.visits_of(session, taken(heavy).id)
    assert (visit.caregivers_needed, visit.same_sex, visit.minutes, visit.least_minutes) == (2, True, 60, 54)
    assert visit.needs == ["bathing"]


def test_cancelling_gives_the_money_back_and_says_why(lin: Elder) -> None:
    order = agreed(taken(lin, a_wish(0), a_wish(1)))
    with transaction() as session:
        order = actions.cancel(session, order.id, by="Zhao", now=NOW, reason="in hospital")
        visits = queries.visits_of(session, order.id)
        lines = history.of(session, order.district_id, "orders", order.id)
    assert order.state is OrderState.CANCELLED
    assert {(visit.state, visit.reason) for visit in visits} == {(VisitState.CANCELLED, "in hospital")}
    assert [(line.event, line.reason) for line in lines] == [
        ("receive", None), ("confirm", None), ("cancel", "in hospital"),
    ]  # fmt: skip
    assert free(lin) == 26_000


def test_an_order_with_a_visit_under_way_cannot_be_cancelled(lin: Elder) -> None:
    with transaction() as session:
        order = an_order(session, elder=lin)
        a_visit(session, order=order, state=VisitState.UNDER_WAY)
    with pytest.raises(OnTheWay), transaction() as session:
        actions.cancel(session, order.id, by="Zhao", now=NOW, reason="changed her mind")


def test_an_order_closes_with_its_last_visit_also_when_another_provider_did_the_first(lin: Elder) -> None:
    with transaction() as session:
        ours, theirs = a_provider(session).id, a_provider(session).id
        order = an_order(session, elder=lin, price_cents=0, self_pay_cents=0)
        mine = a_visit(session, order=order, state=VisitState.DONE, provider_id=ours)
        other = a_visit(session, order=order, state=VisitState.PUBLISHED, provider_id=theirs)
    with transaction(Scope(DISTRICT, str(DISTRICT), ours)) as session:
        visit = queries.visit(session, mine.id)
        actions.move_visit(session, visit, VisitEvent.VERIFY, by="verification", now=TEN)
        assert queries.get(session, order.id).state is OrderState.CONFIRMED
        with pytest.raises(NotFound):
            queries.visit(session, other.id)
    with transaction(Scope(DISTRICT, str(DISTRICT), theirs)) as session:
        visit = queries.visit(session, other.id)
        actions.move_visit(session, visit, VisitEvent.FAIL, by="phone", now=TEN, reason="no one home")
        assert queries.get(session, order.id).state is OrderState.CLOSED


def test_a_withdrawn_visit_waits_again_without_a_start(lin: Elder) -> None:
    with transaction() as session:
        visit = a_visit(session, elder=lin, state=VisitState.PUBLISHED)
        actions.move_visit(session, visit, VisitEvent.WITHDRAW, by="Qian", now=NOW, reason="caregiver ill")
        assert (visit.state, visit.starts_at) == (VisitState.WAITING, None)
        assert [v.id for v in queries.waiting(session, date(2026, 11, 23))] == [visit.id]


def test_holding_a_visit_needs_a_reason(lin: Elder) -> None:
    with transaction() as session:
        visit = a_visit(session, elder=lin, state=VisitState.DONE)
        with pytest.raises(NoReason):
            actions.move_visit(session, visit, VisitEvent.HOLD, by="verification", now=TEN)


def test_two_writers_move_a_visit_and_the_second_is_told(lin: Elder) -> None:
    with transaction() as session:
        visit_id = a_visit(session, elder=lin, state=VisitState.HELD).id
    with transaction() as late:
        seen = queries.visit(late, visit_id)
        with transaction() as session:
            actions.move_visit(session, queries.visit(session, visit_id), VisitEvent.VERIFY, by="a", now=TEN)
        with pytest.raises(StaleDataError):
            actions.move_visit(late, seen, VisitEvent.REJECT, by="b", now=TEN, reason="nobody was there")
        late.rollback()


def test_confirming_twice_reserves_once(lin: Elder) -> None:
    order = agreed(taken(lin))
    with pytest.raises(IllegalMove):
        agreed(order)
    assert free(lin) == 16_000


@pytest.mark.parametrize(
    "wish",
    [
        Wish(TEN, TEN - timedelta(minutes=1)),
        Wish(TEN, TEN + timedelta(days=1)),
        a_wish(-10),
        a_wish(45),
    ],
    ids=["ends before it begins", "two days", "past", "month after next"],
)
def test_a_window_must_make_sense(lin: Elder, wish: Wish) -> None:
    with pytest.raises(BadWindow):
        taken(lin, wish)


def test_an_item_is_given_at_its_hours_only(lin: Elder) -> None:
    with transaction() as session:
        an_item(session).windows = [["09:30", "11:00"]]
    taken(lin)
    with pytest.raises(OutsideHours) as refusal:
        taken(lin, Wish(TEN, TEN + timedelta(hours=2)))
    assert refusal.value.facts == {"windows": [["09:30", "11:00"]]}


def test_a_visit_nobody_was_sent_to_gives_its_money_back_when_the_day_is_over(lin: Elder) -> None:
    sent, unconfirmed = agreed(taken(lin)), taken(lin)
    with transaction() as session:
        evening = TEN + timedelta(hours=13)  # 23:00
        assert queries.missed(session, now=evening) == []
        due = queries.missed(session, now=evening + timedelta(hours=2))
        for visit_id in (*due, *due):
            actions.miss(session, visit_id, now=evening + timedelta(hours=2))
        ends = [(queries.get(session, o.id).state, queries.visits_of(session, o.id)[0]) for o in (sent, unconfirmed)]
    assert [(state, visit.state, visit.reason) for state, visit in ends] == [
        (OrderState.CLOSED, VisitState.NOT_DELIVERED, "nobody was sent"),
        (OrderState.CANCELLED, VisitState.CANCELLED, "never confirmed"),
    ]
    assert free(lin) == 26_000


def test_nobody_is_served_after_the_end(lin: Elder) -> None:
    with transaction() as session:
        session.get_one(Elder, lin.id).ended_at = NOW
    with pytest.raises(Conflict, match="no longer served"):
        taken(lin)


def test_an_alarm_is_answered_by_an_urgent_visit_that_costs_nothing(lin: Elder) -> None:
    with transaction() as session:
        a_program(session)
        an_item(session, "URGENT", cents=0, aid="urgent", needs=[], caregivers={"default": 1}, minutes={"default": 30})
        visit = actions.urgent(session, lin.id, by="Zhao", now=NOW, reason="alarm 7")
        order = queries.get(session, visit.order_id)
    assert (visit.state, visit.priority, visit.opens) == (VisitState.WAITING, 100, NOW)
    assert (order.state, order.payer, order.price_cents) == (OrderState.CONFIRMED, "none", 0)


def test_an_order_outside_the_area_does_not_exist(database: Engine) -> None:
    with transaction() as session:
        far = an_order(session, elder=an_elder(session, division_code=OTHER_COMMUNITY)).id
    with transaction(Scope(DISTRICT, COMMUNITY[:9])) as session, pytest.raises(NotFound):
        queries.get(session, far)
