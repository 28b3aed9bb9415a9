"""Keeping canteens over HTTP: places and what they promise, menus and dishes, printed sheets."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from app import calendar
from app.access.api import allowed
from app.access.queries import Caller
from app.access.rules import ADMINS, KEEPERS, PROVIDER, READERS
from app.db import transaction
from app.meals import keeping, queries
from app.meals.menu_shapes import (
    Because,
    CanteenIn,
    CanteenOut,
    Canteens,
    CopyIn,
    DishIn,
    Facility,
    MenuIn,
    MenuOut,
    Menus,
    PromiseIn,
)
from app.meals.rules import KITCHEN

router = APIRouter(prefix="/api/canteens", tags=["canteens"])
Looker = Annotated[Caller, allowed(READERS | PROVIDER | ADMINS)]
Keeper = Annotated[Caller, allowed(KEEPERS)]
Kitchen = Annotated[Caller, allowed(KITCHEN)]
WEEK = timedelta(days=6)
First = Annotated[date | None, Query(ge=date(2000, 1, 1), le=date(2100, 1, 1))]


@router.get("")
def canteens(me: Looker) -> Canteens:
    """Canteens the caller works with; for who may add one, the places that could become one."""
    with transaction(me.scope) as session:
        return _all(session, me)


@router.post("", status_code=201)
def add(place: CanteenIn, me: Keeper) -> Canteens:
    """A place of the network begins to cook."""
    with transaction(me.scope) as session:
        keeping.add_canteen(
            session, me.district_id, place.facility_id, place.code, by=me.by, now=datetime.now(UTC)
        )  # fmt: skip
        return _all(session, me)


@router.post("/{canteen_id}/terms", status_code=201)
def promise(canteen_id: int, said: PromiseIn, me: Keeper) -> Canteens:
    """What it promises for a meal, from a day on."""
    with transaction(me.scope) as session:
        canteen = queries.canteen(session, canteen_id)
        keeping.promise(session, canteen, said.value(), by=me.by, now=datetime.now(UTC))
        return _all(session, me)


@router.get("/{canteen_id}/menus")
def menus(canteen_id: int, me: Looker, first: First = None) -> Menus:
    """A week of menus from a day (Monday of this week) on, drafts too, with their counts."""
    today = calendar.day_of(datetime.now(UTC))
    begins = first or today - timedelta(days=today.weekday())
    with transaction(me.scope) as session:
        return _week(session, canteen_id, begins, me)


@router.post("/{canteen_id}/menus")
def write(canteen_id: int, wish: MenuIn, me: Kitchen) -> Menus:
    """A draft of one meal, or its dishes anew while it is one."""
    with transaction(me.scope) as session:
        canteen = queries.canteen(session, canteen_id)
        keeping.write(
            session, canteen, wish.day, wish.meal, [dish.value() for dish in wish.dishes], by=me.by,
            now=datetime.now(UTC),
        )  # fmt: skip
        return _week(session, canteen_id, wish.day - timedelta(days=wish.day.weekday()), me)


@router.post("/{canteen_id}/copy-week")
def copy_week(canteen_id: int, wish: CopyIn, me: Kitchen) -> Menus:
    """A week's menus as drafts of a later week."""
    with transaction(me.scope) as session:
        canteen = queries.canteen(session, canteen_id)
        keeping.copy_week(session, canteen, wish.monday, wish.to, by=me.by, now=datetime.now(UTC))
        return _week(session, canteen_id, wish.to, me)


@router.post("/menus/{menu_id}/publish")
def publish(menu_id: int, me: Kitchen) -> MenuOut:
    """It can be ordered from."""
    with transaction(me.scope) as session:
        menu = keeping.publish(session, menu_id, by=me.by, now=datetime.now(UTC))
        return MenuOut.of(menu, queries.counts(session, [menu])[menu.id], me)


@router.post("/menus/{menu_id}/withdraw")
def withdraw(menu_id: int, why: Because, me: Kitchen) -> MenuOut:
    """The kitchen is closed for this meal: its orders are cancelled and their money is free."""
    with transaction(me.scope) as session:
        menu, _ = keeping.withdraw(session, menu_id, by=me.by, now=datetime.now(UTC), reason=why.reason)
        session.flush()
        return MenuOut.of(menu, queries.counts(session, [menu]).get(menu.id, []), me)


@router.post("/menus/{menu_id}/dishes", status_code=201)
def put_on(menu_id: int, dish: DishIn, me: Kitchen) -> MenuOut:
    """One more dish, also on a published menu."""
    with transaction(me.scope) as session:
        menu = keeping.put_on(session, menu_id, dish.value(), by=me.by, now=datetime.now(UTC))
        return MenuOut.of(menu, queries.counts(session, [menu])[menu.id], me)


@router.post("/dishes/{dish_id}/end")
def take_off(dish_id: int, why: Because, me: Kitchen) -> MenuOut:
    """Not ordered any more; what was ordered is cooked."""
    with transaction(me.scope) as session:
        menu = keeping.take_off(session, dish_id, by=me.by, now=datetime.now(UTC), reason=why.reason)
        return MenuOut.of(menu, queries.counts(session, [menu])[menu.id], me)


def _all(session: Session, me: Caller) -> Canteens:
    session.flush()
    rows = queries.canteens(session, me.district_id)
    places = queries.facilities_left(session, me.district_id) if me.role in KEEPERS else []
    return Canteens(
        items=[CanteenOut.of(row, queries.terms(session, row.canteen.id)) for row in rows],
        places=[Facility.model_validate(place) for place in places],
    )


def _week(session: Session, canteen_id: int, first: date, me: Caller) -> Menus:
    session.flush()
    queries.canteen(session, canteen_id)
    found = queries.menus(session, canteen_id, first, first + WEEK)
    counts = queries.counts(session, found)
    return Menus(items=[MenuOut.of(menu, counts.get(menu.id, []), me) for menu in found])
