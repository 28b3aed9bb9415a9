"""Handing over: only what was taken is paid, and what was not taken is asked after."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from app.access.rules import Role
from app.alarms.care_clock import care_clock
from app.alarms.rules import AlarmKind
from app.alarms.tables import Alarm
from app.db import transaction
from app.errors import Conflict, IllegalMove
from app.funding import queries as funding
from app.meals import ordering, queries, serving
from app.meals.ordering import MealWish, Taken
from app.meals.rules import ConcernState, Finding, Full, MealWay, NotTaken, NotToday, Receiver
from app.meals.tables import Concern, Dish, Menu, Portion
from app.orders import queries as order_queries
from app.orders.rules import OrderState, Payer, VisitState
from app.people.tables import Elder
from tests.app.meals.kitchen import BEFORE, a_canteen, a_menu
from tests.cast import TEN, an_elder, an_entitlement

NOON = TEN + timedelta(hours=1, minutes=30)


@pytest.fixture
def lunch(database: Engine) -> tuple[Menu, list[Dish]]:
    """Today's lunch."""
    with transaction() as session:
        return a_menu(session, a_canteen(session))


@pytest.fixture
def lin(lunch: Any) -> Elder:
    """Lin Guifen, who has 260 yuan in November."""
    with transaction() as session:
        elder = an_elder(session)
        an_entitlement(session, elder)
        return elder


def ordered(elder: Elder, lunch: Any, way: MealWay = MealWay.DELIVERY) -> Portion:
    with transaction() as session:
        wish = MealWish(elder.id, [lunch[1][0].id], way)
        return ordering.book(session, wish, Taken("Zhao", Role.OPERATOR, BEFORE))[0]


def handed(portion: Portion, now: Any = NOON, role: Role = Role.MANAGER) -> Portion:
    with transaction() as session:
        return serving.hand_over(session, portion.id, Receiver.ELDER, role=role, by="Liu", now=now)


def missed(portion: Portion, why: NotTaken = NotTaken.NO_ANSWER, now: Any = NOON) -> Concern:
    with transaction() as session:
        serving.miss(session, portion.id, why, by="Liu", now=now)
        session.flush()
        return session.query(Concern).filter_by(portion_id=portion.id).one()


def money(elder: Elder) -> tuple[int, int, int]:
    """(free, reserved, captured) cents, after the ledger was proved."""
    with transaction() as session:
        assert order_queries.verify_ledger(session) == []
        (row,) = funding.balances(session, elder.id, date(2026, 11, 1))
    return row.free_cents, row.reserved_cents, row.captured_cents


def test_a_meal_is_paid_when_it_is_handed_over_and_its_order_closes(lin: Elder, lunch: Any) -> None:
    portion = ordered(lin, lunch)
    assert money(lin) == (24_600, 1_400, 0)
    handed(portion)
    assert money(lin) == (24_600, 0, 1_400)
    with transaction() as session:
        visit = order_queries.visit(session, portion.visit_id)
        assert visit.state is VisitState.VERIFIED
        assert order_queries.get(session, visit.order_id).state is OrderState.CLOSED


def test_two_riders_hand_over_one_meal_once(lin: Elder, lunch: Any) -> None:
    portion = ordered(lin, lunch)

    def hand(_: int) -> bool:
        try:
            handed(portion)
        except IllegalMove:
            return False
        return True

    with ThreadPoolExecutor(4) as riders:
        assert sorted(riders.map(hand, range(4))) == [False, False, False, True]
    assert money(lin) == (24_600, 0, 1_400)


def test_what_is_not_taken_is_not_paid_and_somebody_must_ask(lin: Elder, lunch: Any) -> None:
    concern = missed(ordered(lin, lunch))
    assert money(lin) == (26_000, 0, 0)
    assert (concern.state, concern.due_at) == (ConcernState.OPEN, NOON + timedelta(minutes=30))
    with transaction() as session:
        serving.settle(session, concern.id, Finding.WELL, "在邻居家打牌", by="Zhao", now=NOON)
    with transaction() as session:
        assert serving.unasked(session, now=NOON + timedelta(days=1)) == []
        assert queries.concerns(session) == []
        with pytest.raises(IllegalMove):
            serving.settle(session, concern.id, Finding.WELL, None, by="Sun", now=NOON)


def test_when_nobody_asks_in_time_the_desk_is_rung_once(lin: Elder, lunch: Any) -> None:
    concern = missed(ordered(lin, lunch))
    with transaction() as session:
        assert serving.unasked(session, now=concern.due_at - timedelta(seconds=1)) == []
        assert list(serving.unasked(session, now=concern.due_at)) == [concern.id]
    for _ in range(2):
        with transaction() as session:
            serving.raise_alarm(session, concern.id, now=concern.due_at)
    with transaction() as session:
        (alarm,) = session.query(Alarm).all()
        assert (alarm.kind, alarm.elder_id) == (AlarmKind.INACTIVITY, lin.id)
        assert queries.concern(session, concern.id).alarm_id == alarm.id


def test_who_never_comes_to_the_counter_is_asked_after(lin: Elder, lunch: Any) -> None:
    portion = ordered(lin, lunch, MealWay.EAT_IN)
    with transaction() as session:
        assert serving.forgotten(session, now=lunch[0].closes) == []
        assert list(serving.forgotten(session, now=lunch[0].closes + timedelta(minutes=31))) == [portion.id]
    for _ in range(2):
        with transaction() as session:
            serving.forget(session, portion.id, now=lunch[0].closes + timedelta(minutes=31))
    with transaction() as session:
        (concern,) = session.query(Concern).all()
        assert concern.why is NotTaken.NOT_COLLECTED
    assert money(lin) == (26_000, 0, 0)


def test_a_delivery_may_be_told_of_until_the_next_day_by_a_lead(lin: Elder, lunch: Any) -> None:
    portion = ordered(lin, lunch)
    with transaction() as session:
        assert serving.forgotten(session, now=lunch[0].delivery_till + timedelta(hours=26)) == []
    morning_after = NOON + timedelta(hours=21)
    with pytest.raises(NotToday):
        handed(portion, morning_after)
    handed(portion, morning_after, Role.SHIFT_LEAD)
    assert money(lin) == (24_600, 0, 1_400)


def test_a_delivery_nobody_spoke_of_is_listed_and_rings_nowhere(lin: Elder, lunch: Any) -> None:
    portion, late = ordered(lin, lunch), lunch[0].delivery_till + timedelta(hours=27)
    with transaction() as session:
        serving.forget(session, portion.id, now=late)
    with transaction() as session:
        (concern,) = session.query(Concern).all()
        assert concern.why is NotTaken.NOT_CONFIRMED
        assert serving.unasked(session, now=late + timedelta(days=1)) == []


def test_a_meal_is_not_handed_over_or_missed_before_its_day(lin: Elder, lunch: Any) -> None:
    portion = ordered(lin, lunch)
    with pytest.raises(NotToday):
        handed(portion, BEFORE)
    with pytest.raises(NotToday):
        missed(portion, now=BEFORE)


def test_a_meal_handed_to_nobody_is_taken_back_with_its_money(lin: Elder, lunch: Any) -> None:
    portion = handed(ordered(lin, lunch))
    with transaction() as session:
        serving.take_back(session, portion.id, by="Wang", now=NOON, reason="送错了门")
    assert money(lin) == (26_000, 0, 0)
    with transaction() as session, pytest.raises(Conflict):
        serving.take_back(session, portion.id, by="Wang", now=NOON, reason="送错了门")


def test_who_stands_at_the_counter_eats_what_is_left(lin: Elder, lunch: Any) -> None:
    with transaction() as session:
        portion = serving.walk_in(
            session, lin.id, lunch[1][1].id, payer=Payer.ENTITLEMENT, role=Role.MANAGER, by="Liu", now=NOON
        )  # fmt: skip
        assert portion.walk_in and portion.late_reason is None
    assert money(lin) == (25_000, 0, 1_000)
    with transaction() as session:
        menu, (dish, _) = a_menu(session, a_canteen(session, code="C02", capacity=1))
        first, second = an_elder(session), an_elder(session)
    with transaction() as session:
        serving.walk_in(session, first.id, dish.id, payer=Payer.SELF, role=Role.MANAGER, by="Liu", now=NOON)
    with transaction() as session, pytest.raises(Full):
        serving.walk_in(session, second.id, dish.id, payer=Payer.SELF, role=Role.MANAGER, by="Liu", now=NOON)
    with transaction() as session:
        assert queries.ordered(session, menu.id).total() == 1


def test_the_kitchen_counts_what_is_cooked_and_how_far_it_is(lin: Elder, lunch: Any) -> None:
    with transaction() as session:
        others = [an_elder(session) for _ in range(3)]
    portions = [ordered(elder, lunch, MealWay.EAT_IN if n else MealWay.DELIVERY) for n, elder in enumerate(others)]
    ordered(lin, lunch)
    handed(portions[0])
    missed(portions[1])
    with transaction() as session:
        count = queries.counts(session, [lunch[0]])[lunch[0].id][0]
    assert (count.eat_in, count.delivery, count.handed, count.missed) == (2, 2, 1, 1)


def test_the_care_clock_counts_the_canteens_meals(lin: Elder, lunch: Any) -> None:
    def counted() -> tuple[int, int, int, Any]:
        with transaction() as session:
            meals = care_clock(session, lin.id, now=NOON).meals
        return meals.delivered, meals.to_come, meals.missed, meals.last_at

    portion = ordered(lin, lunch)
    assert counted() == (0, 1, 0, None)
    handed(portion)
    assert counted() == (1, 0, 0, NOON)
    with transaction() as session:
        serving.take_back(session, portion.id, by="Li", now=NOON, reason="somebody else's")
    assert counted() == (0, 0, 1, None)
