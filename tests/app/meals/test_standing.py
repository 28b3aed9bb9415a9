"""Standing orders of meals: each day ordered as if by hand, once; what could not be is shown, and she is told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from app.access.rules import Role
from app.care_plans import actions as care_plans
from app.care_plans.recurring import BadRule
from app.care_plans.rules import DayKind, OnHolidays, PauseReason
from app.care_plans.tables import CalendarDay
from app.db import transaction
from app.funding import queries as funding
from app.life_events import actions as life_events
from app.meals import keeping, ordering, standing, standing_queries
from app.meals.keeping import DishWish
from app.meals.ordering import MealWish, Taken
from app.meals.rules import Diet, Meal, MealWay
from app.meals.standing import StandingWish
from app.meals.standing_rules import (
    BadStanding,
    DrawState,
    Plate,
    StandingState,
    StandsAlready,
    WhyNone,
    suitable,
)
from app.meals.standing_tables import StandingDraw, StandingMeal
from app.meals.tables import Canteen, Dish, Menu, Portion
from app.messages.tables import OutboxMessage
from app.orders import queries as order_queries
from app.orders.rules import Payer
from app.orders.tables import Order
from app.people.life_rules import LifeKind, LifeSource
from app.people.tables import Elder
from tests.app.meals.kitchen import BEFORE, DAY, SET_MEAL, SOFT, a_canteen, a_menu
from tests.cast import DISTRICT, TEN, an_elder, an_entitlement

CALL = TEN - timedelta(hours=20)  # the afternoon before, three hours before the cut-off
NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def canteen(database: Engine) -> Canteen:
    """It cooks lunch for forty; no menu is written yet."""
    with transaction() as session:
        return a_canteen(session)


@pytest.fixture
def lin(canteen: Canteen) -> Elder:
    """Lin Guifen, who has 260 yuan in November."""
    with transaction() as session:
        elder = an_elder(session)
        an_entitlement(session, elder)
        return elder


def wish(**given: Any) -> StandingWish:
    said: dict[str, Any] = {
        "rule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "starts": DAY, "ends": None, "holidays": OnHolidays.SKIP,
        "way": MealWay.DELIVERY, "prefers": None, "payer": Payer.ENTITLEMENT, "most_self_pay_cents": 500,
        "agent": None, "note": None,
    }  # fmt: skip
    return StandingWish(**(said | given))


def agreed(elder: Elder, canteen: Canteen, *, now: datetime = BEFORE, **given: Any) -> int:
    with transaction() as session:
        return standing.agree(session, elder.id, canteen.id, Meal.LUNCH, wish(**given), by="Zhao", now=now).id


def drawn(standing_id: int, *, now: datetime = CALL) -> None:
    with transaction() as session:
        standing.draw(session, standing_id, now=now)


def menu(*dishes: DishWish, day: date = DAY) -> tuple[Menu, list[Dish]]:
    with transaction() as session:
        return a_menu(session, day=day, dishes=dishes or (SET_MEAL, SOFT))


def days(standing_id: int) -> dict[date, tuple[DrawState, WhyNone | None]]:
    with transaction() as session:
        rows = session.query(StandingDraw).filter_by(standing_id=standing_id).order_by(StandingDraw.day)
        return {row.day: (row.state, row.why) for row in rows}


def told() -> list[str]:
    with transaction() as session:
        return [row.text for row in session.query(OutboxMessage).order_by(OutboxMessage.id)]


def free(elder: Elder) -> int:
    with transaction() as session:
        return sum(row.free_cents for row in funding.balances(session, elder.id, NOVEMBER))


def test_a_day_is_ordered_before_its_cut_off_and_only_once_however_often_the_clock_comes(
    lin: Elder, canteen: Canteen
) -> None:
    menu()
    standing_id = agreed(lin, canteen)
    for _ in range(3):
        drawn(standing_id)
    assert days(standing_id)[DAY] == (DrawState.ORDERED, None)
    assert free(lin) == 26_000 - 1_200 - 200
    with transaction() as session:
        (portion,) = session.query(Portion).all()
        assert (portion.menu_id, portion.way) == (session.query(Menu).one().id, MealWay.DELIVERY)
        assert session.query(Order).count() == 1
        assert order_queries.verify_ledger(session) == []
    assert told() == []


def test_two_clocks_at_once_order_one_meal(lin: Elder, canteen: Canteen) -> None:
    standing_id = agreed(lin, canteen, now=BEFORE - timedelta(days=3))
    menu()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: drawn(standing_id), range(4)))
    with transaction() as session:
        assert session.query(Portion).count() == session.query(StandingDraw).filter_by(day=DAY).count() == 1


def test_a_menu_that_is_missing_is_waited_for_and_she_hears_of_it_when_it_is_nearly_too_late(
    lin: Elder, canteen: Canteen
) -> None:
    standing_id = agreed(lin, canteen)
    assert days(standing_id)[DAY] == (DrawState.FAILED, WhyNone.NO_MENU)
    assert told() == []
    drawn(standing_id)
    drawn(standing_id)
    (text,) = told()
    assert "没有订上" in text and "菜单" in text
    menu()
    drawn(standing_id, now=CALL + timedelta(minutes=20))
    assert days(standing_id)[DAY] == (DrawState.ORDERED, None)


def test_what_costs_her_more_than_she_agreed_to_is_left_and_a_cheaper_dish_taken(lin: Elder, canteen: Canteen) -> None:
    menu()
    with transaction() as session:
        poor = an_elder(session)
        an_entitlement(session, poor, free=900)
    standing_id = agreed(poor, canteen, prefers=SET_MEAL.name, most_self_pay_cents=400)
    with transaction() as session:
        (portion,) = session.query(Portion).filter_by(elder_id=poor.id).all()
        assert session.get_one(Dish, portion.dish_id).name == SOFT.name
        visit = order_queries.visit(session, portion.visit_id)
        assert (visit.allowance_cents, visit.self_pay_cents) == (900, 300)
    menu(day=DAY + timedelta(days=1))
    drawn(standing_id, now=CALL + timedelta(days=1))
    assert days(standing_id)[DAY + timedelta(days=1)] == (DrawState.FAILED, WhyNone.NO_MONEY)
    with transaction() as session:
        row = session.query(StandingDraw).filter_by(day=DAY + timedelta(days=1)).one()
        assert row.short_cents == 1_200 - 400 and row.told_at is not None
    assert "自付" in told()[-1]


def test_her_diet_and_her_allergies_decide_before_her_taste() -> None:
    fish, egg = Plate(1, "清蒸鱼", "鱼、饭", ["soft"], True), Plate(2, "蒸蛋", "鸡蛋", ["soft"], True)
    plain = Plate(3, "红烧肉", "肉", [], True)
    assert suitable([plain, fish, egg], "红烧肉", [Diet.SOFT], ["鸡蛋过敏"]) == [fish]
    assert suitable([plain, fish, egg], "蒸蛋", [], []) == [egg, plain, fish]
    assert suitable([plain], None, [Diet.SOFT], []) is WhyNone.NOTHING_SUITS
    assert suitable([Plate(3, "红烧肉", "肉", [], False)], None, [], []) is WhyNone.FULL
    assert suitable([], None, [], []) is WhyNone.NO_MENU


def test_a_holiday_a_pause_and_a_day_without_are_left_out_and_nobody_is_troubled(lin: Elder, canteen: Canteen) -> None:
    for n in range(3):
        menu(day=DAY + timedelta(days=n))
    with transaction() as session:
        session.add(CalendarDay(district_id=DISTRICT, day=DAY, kind=DayKind.HOLIDAY, name="节日"))
        tomorrow, after = DAY + timedelta(days=1), DAY + timedelta(days=2)
        care_plans.pause(session, lin.id, tomorrow, tomorrow, PauseReason.FAMILY, by="Zhao", now=BEFORE)
    standing_id = agreed(lin, canteen)
    with transaction() as session:
        standing.skip(session, standing_id, after, without=True, by="Zhao", now=BEFORE)
    drawn(standing_id, now=CALL)
    drawn(standing_id, now=CALL + timedelta(days=1))
    assert days(standing_id) == {
        DAY: (DrawState.LEFT_OUT, WhyNone.HOLIDAY),
        tomorrow: (DrawState.LEFT_OUT, WhyNone.PAUSED),
        after: (DrawState.LEFT_OUT, WhyNone.EXCEPTION),
    }
    assert told() == []
    with transaction() as session:
        standing.skip(session, standing_id, after, without=False, by="Zhao", now=CALL + timedelta(days=1))
    assert days(standing_id)[after] == (DrawState.ORDERED, None)


def test_a_pause_told_after_the_clock_has_looked_takes_back_what_is_ordered_at_once(
    lin: Elder, canteen: Canteen
) -> None:
    menu()
    standing_id = agreed(lin, canteen)
    soon = BEFORE + timedelta(minutes=2)
    with transaction() as session:
        assert standing_queries.due(session, now=soon) == []
        care_plans.pause(session, lin.id, DAY, None, PauseReason.HOSPITAL, by="Zhao", now=soon)
    with transaction() as session:
        assert list(standing_queries.due(session, now=soon)) == [standing_id]
    drawn(standing_id, now=soon)
    assert days(standing_id)[DAY] == (DrawState.LEFT_OUT, WhyNone.PAUSED)
    assert free(lin) == 26_000


def test_in_hospital_what_is_ordered_is_taken_back_and_she_is_told_once_for_the_stay(
    lin: Elder, canteen: Canteen
) -> None:
    for n in range(3):
        menu(day=DAY + timedelta(days=n))
    standing_id = agreed(lin, canteen)
    drawn(standing_id, now=BEFORE)
    with transaction() as session:
        life_events.tell(
            session, lin.id, kind=LifeKind.HOSPITAL, starts=DAY - timedelta(days=1), ends=None,
            source=LifeSource.FAMILY, note=None, by="Zhao", now=CALL,
        )  # fmt: skip
    drawn(standing_id, now=CALL)
    drawn(standing_id, now=CALL + timedelta(days=1))
    assert {why for _, why in days(standing_id).values()} == {WhyNone.AWAY}
    assert free(lin) == 26_000
    (text,) = [text for text in told() if "固定订餐" in text]
    assert "暂停" in text


def test_a_meal_she_ordered_or_gave_up_by_hand_is_left_alone(lin: Elder, canteen: Canteen) -> None:
    _, (dish, _) = menu()
    with transaction() as session:
        taken = Taken("Zhao", Role.OPERATOR, BEFORE)
        (mine,) = ordering.book(session, MealWish(lin.id, [dish.id], MealWay.EAT_IN), taken)
    standing_id = agreed(lin, canteen)
    assert days(standing_id)[DAY] == (DrawState.LEFT_OUT, WhyNone.HAS_ONE)
    menu(day=DAY + timedelta(days=1))
    drawn(standing_id)
    with transaction() as session:
        (other,) = session.query(Portion).filter(Portion.id != mine.id).all()
        ordering.cancel(session, other.id, role=Role.OPERATOR, by="Zhao", now=CALL, reason="女儿来", override=False)
    drawn(standing_id)
    drawn(standing_id)
    assert days(standing_id)[DAY + timedelta(days=1)] == (DrawState.LEFT_OUT, WhyNone.GIVEN_UP)
    assert told() == []


def test_a_kitchen_that_closes_after_all_is_told_to_her_and_shown(lin: Elder, canteen: Canteen) -> None:
    closed, _ = menu()
    standing_id = agreed(lin, canteen)
    with transaction() as session:
        keeping.withdraw(session, closed.id, by="Liu", now=CALL, reason="停电")
    drawn(standing_id)
    assert days(standing_id)[DAY] == (DrawState.FAILED, WhyNone.CLOSED)
    assert "停餐" in told()[0]
    with transaction() as session:
        shown = standing_queries.without_meal(session, DAY)
        assert [one.draw.why for one in shown] == [WhyNone.CLOSED, WhyNone.NO_MENU]
        standing.settle(session, shown[0].draw.id, "女儿送饭", by="Zhao", now=CALL)
    drawn(standing_id)
    assert days(standing_id)[DAY] == (DrawState.SETTLED, WhyNone.CLOSED)


def test_a_clock_that_stood_still_over_the_cut_off_says_so(lin: Elder, canteen: Canteen) -> None:
    standing_id = agreed(lin, canteen, now=BEFORE - timedelta(days=3))
    menu()
    drawn(standing_id, now=TEN - timedelta(hours=2))
    assert days(standing_id)[DAY] == (DrawState.FAILED, WhyNone.TOO_LATE)


def test_ending_and_changing_take_back_what_is_no_longer_meant(lin: Elder, canteen: Canteen) -> None:
    for n in range(2):
        menu(day=DAY + timedelta(days=n))
    standing_id = agreed(lin, canteen)
    drawn(standing_id)
    assert free(lin) == 26_000 - 2 * 1_400
    with transaction() as session:
        standing.change(session, standing_id, wish(rule="FREQ=WEEKLY;BYDAY=MO"), by="Zhao", now=CALL)
    assert days(standing_id)[DAY + timedelta(days=1)] == (DrawState.LEFT_OUT, WhyNone.EXCEPTION)
    assert free(lin) == 26_000 - 1_400
    with transaction() as session:
        standing.end(session, standing_id, DAY - timedelta(days=1), by="Zhao", now=CALL, reason="不需要了")
    assert days(standing_id)[DAY] == (DrawState.LEFT_OUT, WhyNone.EXCEPTION)
    assert free(lin) == 26_000
    drawn(standing_id, now=CALL + timedelta(days=3))
    with transaction() as session:
        assert session.get_one(StandingMeal, standing_id).state is StandingState.ENDED


def test_one_standing_order_for_one_meal_with_a_rule_that_can_be_read(lin: Elder, canteen: Canteen) -> None:
    agreed(lin, canteen)
    for raises, given in (
        (StandsAlready, {}),
        (BadRule, {"rule": "every day"}),
        (BadStanding, {"starts": DAY - timedelta(days=30)}),
        (BadStanding, {"ends": DAY - timedelta(days=1)}),
        (BadStanding, {"holidays": OnHolidays.AFTER}),
    ):
        with pytest.raises(raises):
            agreed(lin, canteen, **given)
