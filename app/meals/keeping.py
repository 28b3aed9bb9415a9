"""Keeping canteens: what they promise from a day on, their menus and dishes, closing a kitchen for a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue import actions as catalogue
from app.catalogue.rules import DELIVERY_CODE, EAT_IN_CODE, AidCategory, Given
from app.catalogue.tables import ServiceItem
from app.errors import Conflict, NotFound, Refused
from app.history import record
from app.meals import queries
from app.meals.rules import BadMenu, Diet, Meal, MenuClosed, MenuEvent, MenuState, menu_after
from app.meals.tables import Canteen, CanteenTerms, DietNote, Dish, Menu, Portion
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.rules import VisitEvent, VisitState
from app.orders.tables import Visit
from app.people import queries as people
from app.places.rules import Mode
from app.places.tables import Facility

AHEAD = timedelta(days=35)  # how far menus are written
DOOR_MINUTES = 5  # of a meal as a visit: nobody's day is planned by it
ITEMS = {
    EAT_IN_CODE: ("助餐点堂食", "Meal at the canteen"),
    DELIVERY_CODE: ("助餐点送餐", "Meal brought to the door"),
}


@dataclass(frozen=True)
class Promise:
    """What a canteen promises for one meal of the day."""

    meal: Meal
    starts: date
    opens: time
    closes: time
    cut_off_days: int
    cut_off: time
    capacity: int
    delivers: bool
    delivery_from: time
    delivery_till: time
    delivery_cents: int
    ride_minutes: int
    concern_minutes: int
    reload_minutes: int = 5
    door_minutes: int = 3
    ride_mode: Mode = Mode.EBIKE


@dataclass(frozen=True)
class DishWish:
    """A dish to be put on a menu."""

    name: str
    contents: str
    cents: int
    suits: Sequence[Diet] = ()
    portions: int | None = None


def add_canteen(session: Session, district_id: int, facility_id: int, code: str, *, by: str, now: datetime) -> Canteen:
    """A place of the network begins to cook; the two items its meals are booked as are made with the first one."""
    facility = session.get(Facility, facility_id)
    if facility is None or facility.district_id != district_id or facility.provider_id is None:
        raise NotFound("There is no such place with a provider.")
    clash = (Canteen.code == code) | (Canteen.facility_id == facility_id)
    if session.scalar(select(Canteen.id).where(Canteen.district_id == district_id, clash)) is not None:
        raise Conflict("This place is a canteen already, or the code is taken.", code=code)
    for item_code, (zh, en) in ITEMS.items():
        known = select(ServiceItem.id).where(ServiceItem.district_id == district_id, ServiceItem.code == item_code)
        if session.scalar(known) is None:
            catalogue.add_item(
                session, district_id=district_id, code=item_code, aid=AidCategory.MEAL, name_zh=zh, name_en=en,
                minutes=DOOR_MINUTES, least_percent=0, given=Given.MEAL,
            )  # fmt: skip
    canteen = Canteen(district_id=district_id, code=code, facility_id=facility_id, provider_id=facility.provider_id)
    session.add(canteen)
    record(session, canteen, "add", None, "open", by=by, now=now, code=code)
    return canteen


def promise(session: Session, canteen: Canteen, said: Promise, *, by: str, now: datetime) -> CanteenTerms:
    """New terms from a day on; menus that are written keep those they were written with."""
    if said.starts < calendar.day_of(now):
        raise Conflict("Terms begin today at the earliest; meals of the past keep theirs.")
    if said.opens >= said.closes or said.delivery_from >= said.delivery_till:
        raise BadMenu("A meal begins before it ends.")
    if said.cut_off_days == 0 and said.cut_off > said.closes:
        raise BadMenu("The cut-off lies before the meal is over.")
    row = CanteenTerms(
        district_id=canteen.district_id, canteen_id=canteen.id, made_by=by, made_at=now, **vars(said)
    )  # fmt: skip
    session.add(row)
    record(session, canteen, "promise", "open", "open", by=by, now=now, meal=said.meal, starts=str(said.starts))
    return row


def write(
    session: Session, canteen: Canteen, day: date, meal: Meal, dishes: Sequence[DishWish], *, by: str, now: datetime
) -> Menu:
    """A draft of one meal's menu, or its dishes anew while it is a draft. Raises MenuClosed, BadMenu."""
    if canteen.ended_at is not None:
        raise MenuClosed("This canteen has closed for good.")
    if not calendar.day_of(now) <= day <= calendar.day_of(now) + AHEAD:
        raise BadMenu(f"Menus are written for today and the {AHEAD.days} days that follow.")
    queries.canteen(session, canteen.id, lock=True)  # two who write the same meal come one after the other
    menu = queries.menu_of(session, canteen.id, day, meal)
    if menu is None:
        menu = _new(session, canteen, day, meal)
        record(session, menu, "write", None, menu.state, by=by, now=now, day=str(day), meal=meal)
    elif menu.state is not MenuState.DRAFT:
        raise MenuClosed("This menu is published; change its dishes one by one.", state=menu.state)
    for old in queries.dishes_of(session, [menu.id]).get(menu.id, []):
        session.delete(old)
    for wish in dishes:
        add_dish(session, menu, wish)
    return menu


def _new(session: Session, canteen: Canteen, day: date, meal: Meal) -> Menu:
    holds = queries.terms_on(session, canteen.id, meal, day)
    if holds is None or holds.capacity == 0:
        raise MenuClosed("This canteen does not give that meal on that day.", meal=meal, day=str(day))
    menu = Menu(
        district_id=canteen.district_id, canteen_id=canteen.id, provider_id=canteen.provider_id, day=day, meal=meal,
        state=MenuState.DRAFT, capacity=holds.capacity,
        cut_off=calendar.at(day - timedelta(days=holds.cut_off_days), holds.cut_off),
        opens=calendar.at(day, holds.opens), closes=calendar.at(day, holds.closes), delivers=holds.delivers,
        delivery_from=calendar.at(day, holds.delivery_from), delivery_till=calendar.at(day, holds.delivery_till),
        delivery_cents=holds.delivery_cents, ride_minutes=holds.ride_minutes, concern_minutes=holds.concern_minutes,
        reload_minutes=holds.reload_minutes, door_minutes=holds.door_minutes, ride_mode=holds.ride_mode,
    )  # fmt: skip
    session.add(menu)
    session.flush()
    return menu


def add_dish(session: Session, menu: Menu, wish: DishWish) -> Dish:
    """One more dish; the caller says on record why, where the menu is published."""
    if menu.state is MenuState.WITHDRAWN:
        raise MenuClosed("This menu was withdrawn.")
    dish = Dish(
        district_id=menu.district_id, menu_id=menu.id, name=wish.name, contents=wish.contents, cents=wish.cents,
        suits=[str(one) for one in wish.suits], portions=wish.portions,
    )  # fmt: skip
    session.add(dish)
    session.flush()
    return dish


def put_on(session: Session, menu_id: int, wish: DishWish, *, by: str, now: datetime) -> Menu:
    """One more dish on a menu that may be published already."""
    menu = queries.menu(session, menu_id, lock=True)
    dish = add_dish(session, menu, wish)
    record(session, menu, "put_on", menu.state, menu.state, by=by, now=now, dish=dish.name, cents=dish.cents)
    return menu


def take_off(session: Session, dish_id: int, *, by: str, now: datetime, reason: str) -> Menu:
    """A dish is not ordered any more; what was ordered of it is cooked."""
    dish = queries.dish(session, dish_id)
    menu = queries.menu(session, dish.menu_id, lock=True)
    if dish.ended_at is not None:
        raise Conflict("This dish is off already.")
    dish.ended_at = now
    record(session, menu, "take_off", menu.state, menu.state, by=by, now=now, reason=reason, dish=dish.name)
    return menu


def publish(session: Session, menu_id: int, *, by: str, now: datetime) -> Menu:
    """It can be ordered from."""
    menu = queries.menu(session, menu_id, lock=True)
    if not queries.dishes_of(session, [menu.id]):
        raise BadMenu("A menu needs at least one dish.")
    if menu.closes <= now:
        raise MenuClosed("This meal is over.")
    return _move(session, menu, MenuEvent.PUBLISH, by=by, now=now)


def withdraw(session: Session, menu_id: int, *, by: str, now: datetime, reason: str) -> tuple[Menu, int]:
    """The kitchen is closed for this meal: every order of it is cancelled and its money free. Answers how many."""
    menu = queries.menu(session, menu_id, lock=True)
    _move(session, menu, MenuEvent.WITHDRAW, by=by, now=now, reason=reason)
    visit_ids = session.scalars(
        select(Portion.visit_id)
        .join(Visit, Visit.id == Portion.visit_id)
        .where(Portion.menu_id == menu.id, Visit.state == VisitState.WAITING)
        .order_by(Visit.order_id, Visit.id)
    ).all()
    waiting = sum(row.portions for row in session.execute(queries.COUNTED, {"menu": menu.id}) if row.state == "waiting")
    if waiting > len(visit_ids):
        raise Refused("People outside your area have ordered this meal too; ask the bureau to withdraw it.")
    for visit_id in visit_ids:
        visit = order_queries.visit(session, visit_id, lock=True)
        orders.move_visit(session, visit, VisitEvent.CANCEL, by=by, now=now, reason=f"canteen closed: {reason}")
    return menu, len(visit_ids)


def copy_week(session: Session, canteen: Canteen, monday: date, to: date, *, by: str, now: datetime) -> list[Menu]:
    """A week's menus as drafts of a later week, where none are written yet and the day is not past."""
    made = []
    week = queries.menus(session, canteen.id, monday, monday + timedelta(days=6))
    dishes = queries.dishes_of(session, [menu.id for menu in week])
    for menu in week:
        day = to + (menu.day - monday)
        if day < calendar.day_of(now) or menu.state is MenuState.WITHDRAWN:
            continue
        if queries.menu_of(session, canteen.id, day, menu.meal) is not None:
            continue
        wishes = [
            DishWish(dish.name, dish.contents, dish.cents, [Diet(one) for one in dish.suits], dish.portions)
            for dish in dishes.get(menu.id, [])
            if dish.ended_at is None
        ]
        made.append(write(session, canteen, day, menu.meal, wishes, by=by, now=now))
    return made


def note_diet(
    session: Session, elder_id: int, diets: Sequence[Diet], note: str | None, *, by: str, now: datetime
) -> DietNote:
    """What she must or will not eat. Which, the history does not say: it is about her health."""
    elder = people.get(session, elder_id)
    found = queries.diet(session, elder_id)
    if found is None:
        found = DietNote(district_id=elder.district_id, division_code=elder.division_code, elder_id=elder_id)
        session.add(found)
    found.needs, found.by, found.at = {"diets": [str(one) for one in diets], "note": note}, by, now
    record(session, found, "note", None, None, by=by, now=now)
    return found


def _move(
    session: Session, menu: Menu, event: MenuEvent, *, by: str, now: datetime, reason: str | None = None
) -> Menu:  # fmt: skip
    """The only place that changes a menu's state."""
    before, menu.state = menu.state, menu_after(menu.state, event)
    record(session, menu, event, before, menu.state, by=by, now=now, reason=reason, day=str(menu.day), meal=menu.meal)
    return menu
