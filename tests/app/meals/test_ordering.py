"""Ordering meals: room, cut-offs, who pays, and what two who order at once may not do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from app.access.rules import Role
from app.db import transaction
from app.errors import Conflict, NotFound
from app.funding import actions as grants
from app.funding import queries as funding
from app.funding.rules import EntitlementUsedUp
from app.funding.terms import ProgramKind
from app.life_events import actions as life_events
from app.meals import keeping, ordering, queries
from app.meals.ordering import MealWish, Taken
from app.meals.rules import (
    BadMenu,
    Diet,
    Full,
    MealWay,
    MenuClosed,
    NoDelivery,
    NotYourOverride,
    OnItsWay,
    OrderedAlready,
    TooLate,
)
from app.meals.tables import Dish, Menu, Portion
from app.orders import actions as orders
from app.orders import changing, fees
from app.orders import queries as order_queries
from app.orders.quotes import Wish
from app.orders.rules import QuoteChanged, VisitChanged, VisitState
from app.people.life_rules import LifeKind, LifeSource, NotAtHome
from app.people.tables import Elder
from tests.app.meals.kitchen import BEFORE, DAY, SET_MEAL, a_canteen, a_menu
from tests.cast import TEN, a_program, an_elder, an_entitlement

AFTER = TEN - timedelta(hours=1)  # the morning of the meal: the cut-off was the evening before
NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def lunch(database: Engine) -> tuple[Menu, list[Dish]]:
    """Tomorrow's lunch."""
    with transaction() as session:
        a_canteen(session)
        return a_menu(session)


@pytest.fixture
def lin(lunch: object) -> Elder:
    """Lin Guifen, who has 260 yuan in November."""
    with transaction() as session:
        elder = an_elder(session)
        an_entitlement(session, elder)
        return elder


def taken(now: Any = BEFORE, role: Role = Role.OPERATOR, **given: Any) -> Taken:
    return Taken("Zhao", role, now, **given)


def book(elder: Elder, *dishes: Dish, way: MealWay = MealWay.EAT_IN, who: Taken | None = None, **given: Any) -> Portion:
    with transaction() as session:
        wish = MealWish(elder.id, [dish.id for dish in dishes], way)
        return ordering.book(session, wish, who or taken(), **given)[0]


def state(portion: Portion) -> VisitState:
    with transaction() as session:
        return order_queries.visit(session, portion.visit_id).state


def free(elder: Elder) -> int:
    with transaction() as session:
        return sum(row.free_cents for row in funding.balances(session, elder.id, NOVEMBER))


def test_a_meal_is_an_order_with_its_money_reserved_and_waits_for_no_caregiver(lin: Elder, lunch: Any) -> None:
    portion = book(lin, lunch[1][0], way=MealWay.DELIVERY)
    assert free(lin) == 26_000 - 1_200 - 200
    with transaction() as session:
        visit = order_queries.visit(session, portion.visit_id)
        assert (visit.state, visit.item_code, visit.canteen) == (VisitState.WAITING, "MEAL_OUT", "C01")
        assert visit.provider_id == lunch[0].provider_id
        assert order_queries.waiting(session, DAY) == []
        assert order_queries.missed(session, now=TEN + timedelta(days=3)) == []
        assert order_queries.verify_ledger(session) == []


def test_a_subsidy_pays_in_its_canteens_only(database: Engine) -> None:
    with transaction() as session:
        elder = an_elder(session)
        a_program(session, code="meals", kind=ProgramKind.MEAL, line_cap_cents=300, canteens=["C02"])
        grants.grant_to(session, elder, NOVEMBER, now=BEFORE)
        here, there = (a_canteen(session, code=code) for code in ("C01", "C02"))
        (_, (dish, _)), (_, (other, _)) = a_menu(session, here), a_menu(session, there)
        costs = [
            ordering.quoted(session, MealWish(elder.id, [one.id], MealWay.EAT_IN), now=BEFORE).allowance_cents
            for one in (dish, other)
        ]
    assert costs == [0, 300]
    portion = book(elder, other)
    with transaction() as session:
        visit = order_queries.visit(session, portion.visit_id)
        assert (visit.allowance_cents, visit.self_pay_cents) == (300, 900)


def test_nothing_is_sold_twice_when_many_order_at_once(database: Engine) -> None:
    with transaction() as session:
        menu, (dish, soft) = a_menu(session, a_canteen(session, capacity=9))
        people = [an_elder(session) for _ in range(16)]

    def order(n: int) -> bool:
        try:
            book(people[n], soft if n % 2 else dish)
        except Full:
            return False
        return True

    with ThreadPoolExecutor(8) as crowd:
        got = list(crowd.map(order, range(16)))
    with transaction() as session:
        cooked = queries.ordered(session, menu.id)
    assert cooked.total() == sum(got) == 9
    assert cooked[soft.id] <= 5


def test_one_elder_at_two_desks_gets_one_lunch(lin: Elder, lunch: Any) -> None:
    def order(n: int) -> bool:
        try:
            book(lin, lunch[1][n])
        except OrderedAlready:
            return False
        return True

    with ThreadPoolExecutor(2) as desks:
        assert sorted(desks.map(order, range(2))) == [False, True]
    with transaction() as session:
        assert queries.ordered(session, lunch[0].id).total() == 1


def test_a_dish_is_sold_out_before_the_kitchen_is_full(lunch: Any) -> None:
    with transaction() as session:
        people = [an_elder(session) for _ in range(6)]
    for elder in people[:5]:
        book(elder, lunch[1][1])
    with pytest.raises(Full) as refused:
        book(people[5], lunch[1][1])
    assert refused.value.facts["portions"] == 5
    book(people[5], lunch[1][0])


def test_after_the_cut_off_nobody_but_a_lead_orders_changes_or_cancels(lin: Elder, lunch: Any) -> None:
    with pytest.raises(TooLate):
        book(lin, lunch[1][0], who=taken(AFTER))
    with pytest.raises(NotYourOverride):
        book(lin, lunch[1][0], who=taken(AFTER, late_reason="刚出院"))
    portion = book(lin, lunch[1][0], who=taken(AFTER, Role.SHIFT_LEAD, late_reason="刚出院"))
    assert portion.late_reason == "刚出院"
    for role, override, error in ((Role.OPERATOR, False, TooLate), (Role.OPERATOR, True, NotYourOverride)):
        with transaction() as session, pytest.raises(error):
            ordering.cancel(session, portion.id, role=role, by="Zhao", now=AFTER, reason="去医院了", override=override)
    assert free(lin) == 26_000 - 1_200
    with transaction() as session:
        ordering.cancel(
            session, portion.id, role=Role.SUPERVISOR, by="Li", now=AFTER, reason="去医院了", override=True
        )  # fmt: skip
    assert (state(portion), free(lin)) == (VisitState.CANCELLED, 26_000)


def test_until_the_cut_off_a_meal_is_given_up_freely_and_can_be_ordered_again(lin: Elder, lunch: Any) -> None:
    portion = book(lin, lunch[1][1])
    with transaction() as session:
        ordering.cancel(
            session, portion.id, role=Role.OPERATOR, by="Zhao", now=lunch[0].cut_off - timedelta(seconds=1),
            reason="女儿来了", override=False,
        )  # fmt: skip
    assert free(lin) == 26_000
    assert book(lin, lunch[1][1]).id != portion.id


def test_a_change_moves_the_money_and_frees_the_dish(lin: Elder, lunch: Any) -> None:
    portion = book(lin, lunch[1][0])
    with transaction() as session:
        told = ordering.change_quoted(session, portion.id, lunch[1][1].id, MealWay.DELIVERY)
        assert (told.allowance_cents, told.self_pay_cents) == (1_200, 0)
        with pytest.raises(QuoteChanged):
            ordering.change(
                session, portion.id, lunch[1][1].id, MealWay.DELIVERY, taken=taken(), promise=(1_000, 0)
            )  # fmt: skip
    with transaction() as session:
        ordering.change(session, portion.id, lunch[1][1].id, MealWay.DELIVERY, taken=taken(), promise=(1_200, 0))
    with transaction() as session:
        visit = order_queries.visit(session, portion.visit_id)
        order = order_queries.get(session, visit.order_id)
        assert (visit.price_cents, order.price_cents, visit.item_code) == (1_200, 1_200, "MEAL_OUT")
        assert visit.opens == lunch[0].delivery_from
        cooked = queries.ordered(session, lunch[0].id)
        assert (cooked[lunch[1][0].id], cooked[lunch[1][1].id]) == (0, 1)
        assert order_queries.verify_ledger(session) == []
    assert free(lin) == 26_000 - 1_200


def test_the_promise_is_kept_or_nothing_is_ordered(lin: Elder, lunch: Any) -> None:
    with pytest.raises(QuoteChanged):
        book(lin, lunch[1][0], promise=(1_100, 100))
    with transaction() as session:
        assert queries.ordered(session, lunch[0].id).total() == 0
        other = an_elder(session)
    with pytest.raises(EntitlementUsedUp):
        book(other, lunch[1][0], promise=(1_200, 0))
    assert free(lin) == 26_000


def test_a_week_is_one_order_with_a_visit_for_each_meal(lin: Elder, lunch: Any) -> None:
    with transaction() as session:
        (_, (next_dish, _)) = a_menu(session, day=DAY + timedelta(days=1))
        made = ordering.book(session, MealWish(lin.id, [next_dish.id, lunch[1][0].id], MealWay.EAT_IN), taken())
        visits = [order_queries.visit(session, portion.visit_id) for portion in made]
    assert len({visit.order_id for visit in visits}) == 1
    assert [portion.dish_id for portion in made] == [lunch[1][0].id, next_dish.id]
    assert [visit.opens < visits[1].closes for visit in visits] == [True, True]


def test_what_does_not_fit_together_is_refused(lin: Elder, lunch: Any) -> None:
    dish, soft = lunch[1]
    with pytest.raises(BadMenu):
        book(lin, dish, soft)
    with transaction() as session:
        _, (elsewhere, _) = a_menu(session, a_canteen(session, code="C09", delivers=False), day=DAY + timedelta(days=1))
    with pytest.raises(BadMenu):
        book(lin, dish, elsewhere)
    with pytest.raises(NoDelivery):
        book(lin, elsewhere, way=MealWay.DELIVERY)
    with transaction() as session:
        keeping.take_off(session, dish.id, by="test", now=BEFORE, reason="肉没有送到")
    with pytest.raises(MenuClosed):
        book(lin, dish)
    with transaction() as session, pytest.raises(NotFound):
        orders.receive(session, lin.id, "MEAL_IN", [Wish(TEN, TEN)], by="Zhao", now=BEFORE)


def test_a_meal_is_not_changed_past_its_cut_off_by_the_doors_of_visits(lin: Elder, lunch: Any) -> None:
    portion = book(lin, lunch[1][0])
    with transaction() as session:
        visit = order_queries.visit(session, portion.visit_id)
        with pytest.raises(VisitChanged):
            changing.requote(session, visit.id, Wish(TEN, TEN), now=AFTER)
        with pytest.raises(VisitChanged):
            fees.charge(session, [visit], by="Zhao", now=AFTER)


def test_who_goes_into_hospital_gets_no_meals_and_her_money_back(lin: Elder, lunch: Any) -> None:
    portion = book(lin, lunch[1][0])
    with transaction() as session:
        life_events.tell(
            session, lin.id, kind=LifeKind.HOSPITAL, starts=DAY - timedelta(days=1), ends=None,
            source=LifeSource.FAMILY, note=None, by="Zhao", now=BEFORE + timedelta(days=1),
        )  # fmt: skip
    assert (state(portion), free(lin)) == (VisitState.CANCELLED, 26_000)
    with pytest.raises(NotAtHome):
        book(lin, lunch[1][1])
    with transaction() as session:
        assert queries.ordered(session, lunch[0].id).total() == 0


def test_a_kitchen_that_closes_for_a_day_gives_everybody_their_money_back(lin: Elder, lunch: Any) -> None:
    portion = book(lin, lunch[1][0])
    with transaction() as session:
        _, gone = keeping.withdraw(session, lunch[0].id, by="Liu", now=AFTER, reason="停水")
    assert (gone, state(portion), free(lin)) == (1, VisitState.CANCELLED, 26_000)
    with pytest.raises(MenuClosed):
        book(lin, lunch[1][0])


def test_a_menu_keeps_the_terms_it_was_written_with(lunch: Any) -> None:
    with transaction() as session:
        canteen = queries.canteen(session, lunch[0].canteen_id)
        from_today = {"starts": DAY - timedelta(days=2), "capacity": 3}
        keeping.promise(
            session, canteen, keeping.Promise(**(_promised(session, canteen.id) | from_today)), by="test", now=BEFORE
        )  # fmt: skip
        later, _ = a_menu(session, canteen, day=DAY + timedelta(days=2))
        assert (queries.menu(session, lunch[0].id).capacity, later.capacity) == (40, 3)
        with pytest.raises(MenuClosed):
            keeping.write(session, canteen, DAY, lunch[0].meal, [SET_MEAL], by="test", now=BEFORE)
        with pytest.raises(Conflict):
            keeping.promise(
                session, canteen, keeping.Promise(**(_promised(session, canteen.id) | {"starts": date(2026, 1, 1)})),
                by="test", now=BEFORE,
            )  # fmt: skip


def test_a_week_is_copied_where_nothing_is_written_yet(lunch: Any) -> None:
    with transaction() as session:
        canteen = queries.canteen(session, lunch[0].canteen_id)
        monday = DAY - timedelta(days=DAY.weekday())
        copied = keeping.copy_week(session, canteen, monday, monday + timedelta(days=7), by="test", now=BEFORE)
        assert [(menu.day, menu.state) for menu in copied] == [(DAY + timedelta(days=7), "draft")]
        session.flush()
        assert [dish.name for dish in queries.dishes_of(session, [copied[0].id])[copied[0].id]] == [
            "红烧肉套餐", "软食套餐",
        ]  # fmt: skip
        assert keeping.copy_week(session, canteen, monday, monday + timedelta(days=7), by="test", now=BEFORE) == []


def test_what_she_must_not_eat_is_known_to_the_kitchen(lin: Elder, lunch: Any) -> None:
    with transaction() as session:
        keeping.note_diet(session, lin.id, [Diet.SOFT, Diet.DIABETIC], "少油", by="Zhao", now=BEFORE)
    portion = book(lin, lunch[1][1])
    with transaction() as session:
        (row,) = queries.portions(session, ids=[portion.id])
        assert (row.diets, row.diet_note) == ([Diet.SOFT, Diet.DIABETIC], "少油")


def _promised(session: Any, canteen_id: int) -> dict[str, Any]:
    row = queries.terms(session, canteen_id)[0]
    return {name: getattr(row, name) for name in keeping.Promise.__dataclass_fields__}


def test_a_meal_is_brought_to_another_door_until_the_rider_has_left(lin: Elder, lunch: Any) -> None:
    menu, (dish, _) = lunch
    portion = book(lin, dish, way=MealWay.DELIVERY)
    with transaction() as session:
        ordering.redirect(session, portion.id, "二号楼女儿家", by="Zhao", now=AFTER)
        assert session.get_one(Portion, portion.id).bring_to == "二号楼女儿家"
    with transaction() as session, pytest.raises(OnItsWay):
        ordering.redirect(session, portion.id, None, by="Zhao", now=menu.delivery_from)
    with transaction() as session:
        neighbour = an_elder(session)
    eaten_there = book(neighbour, dish)
    with transaction() as session, pytest.raises(NoDelivery):
        ordering.redirect(session, eaten_there.id, "二号楼", by="Zhao", now=BEFORE)
