"""Reading standing orders of meals, their days, and what a day could be served from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnExpressionArgument, exists, func, or_, select
from sqlalchemy.orm import Session

from app.care_plans.tables import CarePlanPause
from app.errors import NotFound
from app.meals import queries
from app.meals.rules import Meal
from app.meals.standing_rules import DrawState, Plate, StandingState
from app.meals.standing_tables import StandingDraw, StandingMeal
from app.meals.tables import Canteen, Dish, Menu, Portion
from app.orders.tables import Visit
from app.people.life_tables import LifeEvent
from app.people.tables import Elder, Home
from app.places.tables import Facility

AGAIN: Final = timedelta(minutes=20)  # after which the clock looks at a standing order again
MOST: Final = 500


@dataclass(frozen=True)
class StandingRow:
    """A standing order with whose it is and where it is cooked."""

    standing: StandingMeal
    elder: Elder
    home: Home
    canteen: str


@dataclass(frozen=True)
class DrawRow:
    """A day with whose it is, and the dish that was ordered."""

    draw: StandingDraw
    standing: StandingMeal
    elder: Elder
    canteen: str
    dish: str | None


def get(session: Session, standing_id: int, *, lock: bool = False) -> StandingMeal:
    """The standing order; raises NotFound also outside the caller's area."""
    found = session.get(StandingMeal, standing_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such standing order, or it is not yours.")
    return found


def draw(session: Session, draw_id: int) -> StandingDraw:
    """A day of a standing order, locked."""
    found = session.get(StandingDraw, draw_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("There is no such day, or it is not yours.")
    return found


def due(session: Session, *, now: datetime) -> Sequence[int]:
    """Standing orders to look at, the longest unseen first; at once those of whom a pause or a stay was told since."""
    paused = exists().where(
        CarePlanPause.elder_id == StandingMeal.elder_id, CarePlanPause.made_at > StandingMeal.checked_at
    )
    told = exists().where(LifeEvent.elder_id == StandingMeal.elder_id, LifeEvent.told_at > StandingMeal.checked_at)
    unseen = or_(StandingMeal.checked_at.is_(None), StandingMeal.checked_at < now - AGAIN)
    return session.scalars(
        select(StandingMeal.id)
        .where(StandingMeal.state == StandingState.ACTIVE, or_(unseen, paused, told))
        .order_by(StandingMeal.checked_at.nulls_first(), StandingMeal.id)
    ).all()


def draws(session: Session, standing_id: int, first: date) -> dict[date, StandingDraw]:
    """Its days from one on."""
    rows = session.scalars(
        select(StandingDraw).where(StandingDraw.standing_id == standing_id, StandingDraw.day >= first)
    )
    return {row.day: row for row in rows}


def before(session: Session, standing_id: int, day: date) -> StandingDraw | None:
    """The day of it before a day."""
    return session.scalar(
        select(StandingDraw)
        .where(StandingDraw.standing_id == standing_id, StandingDraw.day < day)
        .order_by(StandingDraw.day.desc())
        .limit(1)
    )


def has_meal(session: Session, elder_id: int, day: date, meal: Meal) -> bool:
    """Whether she has this meal that day from any canteen."""
    found = (
        select(Portion.id)
        .join(Menu, Menu.id == Portion.menu_id)
        .join(Visit, Visit.id == Portion.visit_id)
        .where(Portion.elder_id == elder_id, Menu.day == day, Menu.meal == meal, Visit.state.not_in(queries.GONE))
    )
    return session.scalar(found.limit(1)) is not None


def plates(session: Session, menu: Menu) -> list[Plate]:
    """What is on a menu, in its order."""
    taken = queries.ordered(session, menu.id)
    room = taken.total() < menu.capacity
    return [
        Plate(
            dish.id, dish.name, dish.contents, dish.suits,
            room and (dish.portions is None or taken[dish.id] < dish.portions),
        )
        for dish in queries.dishes_of(session, [menu.id]).get(menu.id, []) if dish.ended_at is None
    ]  # fmt: skip


def standing(session: Session, *, elder_id: int | None = None, ids: Sequence[int] | None = None) -> list[StandingRow]:
    """Standing orders that hold, by name; with ids those, whatever became of them."""
    query = (
        select(StandingMeal, Elder, Home, Facility.name)
        .join(Elder, Elder.id == StandingMeal.elder_id)
        .join(Home, Home.id == Elder.home_id)
        .join(Canteen, Canteen.id == StandingMeal.canteen_id)
        .join(Facility, Facility.id == Canteen.facility_id)
        .order_by(Elder.pinyin[1], StandingMeal.id)
        .limit(MOST)
    )
    if ids is not None:
        query = query.where(StandingMeal.id.in_(ids))
    else:
        query = query.where(StandingMeal.state == StandingState.ACTIVE)
    if elder_id is not None:
        query = query.where(StandingMeal.elder_id == elder_id)
    return [StandingRow(*row) for row in session.execute(query)]


def how_many(session: Session) -> int:
    """Standing orders that hold."""
    return session.scalar(select(func.count()).where(StandingMeal.state == StandingState.ACTIVE)) or 0


def without_meal(session: Session, first: date) -> list[DrawRow]:
    """Days from one on that have no meal: what somebody must look at first, then what was left out, by day."""
    return _drawn(
        session, StandingDraw.state != DrawState.ORDERED, StandingDraw.day >= first,
        order=(StandingDraw.state != DrawState.FAILED, StandingDraw.day, StandingDraw.id),
    )  # fmt: skip


def one(session: Session, draw_id: int) -> DrawRow:
    """One day."""
    (row,) = _drawn(session, StandingDraw.id == draw_id, order=(StandingDraw.id,))
    return row


def _drawn(
    session: Session, *where: ColumnExpressionArgument[bool], order: tuple[ColumnExpressionArgument[Any], ...]
) -> list[DrawRow]:
    rows = session.execute(
        select(StandingDraw, StandingMeal, Elder, Facility.name, Dish.name)
        .join(StandingMeal, StandingMeal.id == StandingDraw.standing_id)
        .join(Elder, Elder.id == StandingDraw.elder_id)
        .join(Canteen, Canteen.id == StandingMeal.canteen_id)
        .join(Facility, Facility.id == Canteen.facility_id)
        .outerjoin(Portion, Portion.id == StandingDraw.portion_id)
        .outerjoin(Dish, Dish.id == Portion.dish_id)
        .where(*where)
        .order_by(*order)
        .limit(MOST)
    )
    return [DrawRow(*row) for row in rows]
