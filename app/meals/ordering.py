"""Ordering meals: each order is an order of the platform, its meals are visits, its money the ledger's.

Whoever adds a portion holds its menu's lock, so that the kitchen's room is never sold twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app import calendar
from app.access.rules import Role
from app.catalogue import queries as catalogue
from app.catalogue.rules import DELIVERY_CODE, EAT_IN_CODE, Given
from app.catalogue.tables import ServiceItem
from app.errors import Conflict
from app.funding import actions as funding
from app.funding import queries as balances
from app.history import record
from app.meals import queries
from app.meals.rules import (
    BadMenu,
    Full,
    MealWay,
    MenuClosed,
    MenuState,
    NoDelivery,
    OnItsWay,
    OrderedAlready,
    TooLate,
    check_cut_off,
)
from app.meals.tables import Canteen, Dish, Menu, Portion
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.quotes import Bill, Quote, quote
from app.orders.rules import Channel, OrderState, Payer, VisitEvent, VisitState
from app.orders.tables import Order, Visit
from app.people import life_queries as life
from app.people import queries as people
from app.people.tables import Elder


@dataclass(frozen=True)
class MealWish:
    """Dishes of one canteen, all had in one way; each is a meal of its own."""

    elder_id: int
    dish_ids: Sequence[int]
    way: MealWay
    payer: Payer = Payer.ENTITLEMENT


@dataclass(frozen=True)
class Taken:
    """Who takes an order, how it came in, and what was said with it."""

    by: str
    role: Role | None  # none: the clock, which never comes late
    now: datetime
    channel: Channel = Channel.HOTLINE
    agent: dict[str, Any] | None = None
    note: str | None = None
    late_reason: str | None = None
    walk_in: bool = False


def quoted(session: Session, wish: MealWish, *, now: datetime) -> Quote:
    """What the meals would cost now and who would pay. Nothing is reserved, nothing locked."""
    elder = people.get(session, wish.elder_id)
    chosen = _chosen(session, wish.dish_ids)
    life.check_at_home(session, elder.id, {menu.day for menu, _ in chosen})
    item, bills = _bills(session, elder, chosen, wish.way)
    paying = order_queries.sources_for(session, elder.id, wish.payer, bills)
    return quote(bills, item.aid, paying, item=item.code)


def book(session: Session, wish: MealWish, taken: Taken, *, promise: tuple[int, int] | None = None) -> list[Portion]:
    """Order the meals: reserved and counted, or nothing. `promise` is the (allowance, self-paid) cents that were told;
    without one the price as it is now is agreed to.

    Raises TooLate, Full, MenuClosed, OrderedAlready, NoDelivery, NotAtHome, QuoteChanged, EntitlementUsedUp.
    """
    elder = people.get(session, wish.elder_id)
    chosen = _chosen(session, wish.dish_ids, lock=True)
    life.check_at_home(session, elder.id, {menu.day for menu, _ in chosen})
    late = [_check(session, elder, menu, dish, wish.way, taken) for menu, dish in chosen]
    item, bills = _bills(session, elder, chosen, wish.way)
    chosen = [one for _, one in sorted(zip(bills, chosen, strict=True), key=lambda pair: pair[0].opens)]
    provider_id = chosen[0][0].provider_id
    order = orders.take(
        session, elder, item, bills, by=taken.by, now=taken.now, channel=taken.channel, payer=wish.payer,
        agent=taken.agent, note=taken.note, provider_id=provider_id,
    )  # fmt: skip
    allowance, own = promise or (order.allowance_cents, order.self_pay_cents)
    orders.confirm(
        session, order.id, allowance_cents=allowance, self_pay_cents=own, by=taken.by, now=taken.now
    )  # fmt: skip
    portions = []
    for visit, (menu, dish) in zip(order_queries.visits_of(session, order.id), chosen, strict=True):
        portion = Portion(
            district_id=elder.district_id, division_code=elder.division_code, provider_id=provider_id,
            elder_id=elder.id, visit_id=visit.id, menu_id=menu.id, dish_id=dish.id, way=wish.way, note=taken.note,
            walk_in=taken.walk_in, late_reason=taken.late_reason if any(late) else None,
        )  # fmt: skip
        session.add(portion)
        record(
            session, portion, "order", None, visit.state, by=taken.by, now=taken.now,
            reason=portion.late_reason, menu_id=menu.id, dish=dish.name, way=wish.way,
        )  # fmt: skip
        portions.append(portion)
    return portions


def cancel(
    session: Session, portion_id: int, *, role: Role | None, by: str, now: datetime, reason: str, override: bool
) -> Portion:
    """Give a meal up: free until its cut-off, after it only where a lead takes it on herself. Its money is free."""
    portion, menu, visit = _held(session, portion_id)
    check_cut_off(menu.cut_off, now=now, role=role, reason=reason if override else None)
    orders.move_visit(session, visit, VisitEvent.CANCEL, by=by, now=now, reason=reason)
    record(session, portion, "cancel", VisitState.WAITING, visit.state, by=by, now=now, reason=reason)
    return portion


def change(
    session: Session, portion_id: int, dish_id: int, way: MealWay, *, taken: Taken, promise: tuple[int, int]
) -> Portion:
    """Another dish of the same menu, or had another way; the order keeps its number, the money follows."""
    portion, menu, visit = _held(session, portion_id, lock_menu=True)
    elder, now = people.get(session, portion.elder_id), taken.now
    dish = queries.dish(session, dish_id)
    if dish.menu_id != menu.id:
        raise BadMenu("Another day or meal is another order; cancel this one.")
    late = check_cut_off(menu.cut_off, now=now, role=taken.role, reason=taken.late_reason)
    _check_room(session, menu, dish, more=int(dish.id != portion.dish_id), whole=0)
    if way is MealWay.DELIVERY and not menu.delivers:
        raise NoDelivery("This canteen does not bring that meal.")
    item, (bill,) = _bills(session, elder, [(menu, dish)], way)
    order = order_queries.get(session, visit.order_id)
    if item.id != visit.item_id and len(order_queries.visits_of(session, order.id)) > 1:
        raise Conflict("An order is eaten in or delivered as a whole; cancel this meal and order it anew.")
    if order.state is not OrderState.CONFIRMED:
        raise Conflict("This order is not in force.", state=order.state)
    funding.release_for(session, visit, by=taken.by, now=now, reason="changed")
    paying = order_queries.sources_for(session, elder.id, order.payer, [bill], lock=True)
    (line,) = (told := quote([bill], item.aid, paying, item=item.code)).lines
    orders.check_promise(told, *promise)
    was = {"dish_id": portion.dish_id, "way": portion.way, "price_cents": visit.price_cents}
    _reprice(order, visit, item, bill, told)
    session.flush()
    funding.reserve_for(session, visit, line.split, by=taken.by, now=now)
    portion.dish_id, portion.way = dish.id, way
    portion.late_reason = taken.late_reason if late else portion.late_reason
    becomes = {"dish_id": dish.id, "way": way, "price_cents": visit.price_cents}
    record(session, portion, "change", visit.state, visit.state, by=taken.by, now=now, was=was, becomes=becomes)
    return portion


def redirect(session: Session, portion_id: int, bring_to: str | None, *, by: str, now: datetime) -> Portion:
    """Bring it to another door or into other hands; the kitchen does not care, the rider does once he has left."""
    portion, menu, visit = _held(session, portion_id)
    if portion.way is not MealWay.DELIVERY:
        raise NoDelivery("She eats this meal at the canteen.")
    if menu.delivery_from <= now:
        raise OnItsWay("The first meal has left the kitchen; ring the rider.", left=menu.delivery_from.isoformat())
    portion.bring_to = bring_to
    record(session, portion, "redirect", visit.state, visit.state, by=by, now=now, elsewhere=bring_to is not None)
    return portion


def change_quoted(session: Session, portion_id: int, dish_id: int, way: MealWay) -> Quote:
    """What the change would cost: the cents the meal holds now count as free for it."""
    portion = queries.portion(session, portion_id)
    visit = order_queries.visit(session, portion.visit_id)
    menu, dish = queries.menu(session, portion.menu_id), queries.dish(session, dish_id)
    elder, order = people.get(session, portion.elder_id), order_queries.get(session, visit.order_id)
    item, bills = _bills(session, elder, [(menu, dish)], way)
    held = dict(balances.held_for(session, visit))
    paying = order_queries.sources_for(session, elder.id, order.payer, bills)
    with_own = {month: [source.with_more(held.get(source.entitlement_id, 0)) for source in of_month]
                for month, of_month in paying.items()}  # fmt: skip
    return quote(bills, item.aid, with_own, item=item.code)


def _reprice(order: Order, visit: Visit, item: ServiceItem, bill: Bill, told: Quote) -> None:
    order.price_cents += told.price_cents - visit.price_cents
    order.allowance_cents += told.allowance_cents - visit.allowance_cents
    order.self_pay_cents += told.self_pay_cents - visit.self_pay_cents
    if item.id != visit.item_id:
        order.item_id = visit.item_id = item.id
        visit.item_code = item.code
    visit.opens, visit.closes, visit.price_cents = bill.opens, bill.closes, bill.cents
    visit.allowance_cents, visit.self_pay_cents = told.allowance_cents, told.self_pay_cents


def _held(session: Session, portion_id: int, *, lock_menu: bool = False) -> tuple[Portion, Menu, Visit]:
    """A portion that waits, with its menu and its locked visit. The menu first, as everywhere: no deadlock."""
    portion = queries.portion(session, portion_id)
    menu = queries.menu(session, portion.menu_id, lock=lock_menu)
    visit = order_queries.visit(session, portion.visit_id, lock=True)
    session.refresh(portion)
    if visit.state is not VisitState.WAITING:
        raise Conflict(f"A meal that is {visit.state} is not changed any more.", state=visit.state)
    return portion, menu, visit


def _chosen(session: Session, dish_ids: Sequence[int], *, lock: bool = False) -> list[tuple[Menu, Dish]]:
    """Each dish with its menu, in the order of time; menus are locked in the order of their numbers."""
    dishes = [queries.dish(session, dish_id) for dish_id in dish_ids]
    menus = {menu_id: queries.menu(session, menu_id, lock=lock) for menu_id in sorted({d.menu_id for d in dishes})}
    if len(menus) < len(dishes):
        raise BadMenu("One meal, one dish; a second portion is for somebody else.")
    if len({menu.canteen_id for menu in menus.values()}) > 1:
        raise BadMenu("An order is for one canteen.")
    return sorted(((menus[dish.menu_id], dish) for dish in dishes), key=lambda one: (one[0].opens, one[0].id))


def _bills(
    session: Session, elder: Elder, chosen: Sequence[tuple[Menu, Dish]], way: MealWay
) -> tuple[ServiceItem, list[Bill]]:
    """What each meal costs: the dish, and the way to the door where it is brought."""
    brought = way is MealWay.DELIVERY
    item = catalogue.item(session, elder.district_id, DELIVERY_CODE if brought else EAT_IN_CODE, given=Given.MEAL)
    code = session.get_one(Canteen, chosen[0][0].canteen_id).code
    bills = [
        Bill(
            menu.delivery_from if brought else menu.opens, menu.delivery_till if brought else menu.closes,
            item.minutes["default"], 1, calendar.month_of(menu.opens),
            dish.cents + (menu.delivery_cents if brought else 0), code,
        )
        for menu, dish in chosen
    ]  # fmt: skip
    return item, bills


def _check(session: Session, elder: Elder, menu: Menu, dish: Dish, way: MealWay, taken: Taken) -> bool:
    """That this meal can be ordered now; answers whether it is late. Who stands at the counter eats what is left."""
    if menu.state is not MenuState.PUBLISHED:
        raise MenuClosed("This menu cannot be ordered from.", state=menu.state)
    if menu.closes <= taken.now:
        raise TooLate("This meal is over.", closes=menu.closes.isoformat())
    if dish.ended_at is not None:
        raise MenuClosed("This dish is off.", dish=dish.name)
    if way is MealWay.DELIVERY and not menu.delivers:
        raise NoDelivery("This canteen does not bring that meal.")
    if queries.has_portion(session, menu.id, elder.id):
        raise OrderedAlready("She has this meal already.", day=str(menu.day), meal=menu.meal)
    _check_room(session, menu, dish, more=1, whole=1)
    if taken.walk_in and way is MealWay.EAT_IN and calendar.day_of(taken.now) == menu.day:
        return False
    return check_cut_off(menu.cut_off, now=taken.now, role=taken.role, reason=taken.late_reason)


def _check_room(session: Session, menu: Menu, dish: Dish, *, more: int, whole: int) -> None:
    """That so many more of the dish, and of the whole menu, can be cooked; the caller holds the menu's lock."""
    taken = queries.ordered(session, menu.id)
    if taken.total() + whole > menu.capacity:
        raise Full("The kitchen cooks no more of this meal.", capacity=menu.capacity, day=str(menu.day))
    if dish.portions is not None and taken[dish.id] + more > dish.portions:
        raise Full("There is no more of this dish.", dish=dish.name, portions=dish.portions)
