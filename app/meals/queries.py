"""Reading canteens, menus, portions and their counts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.db import Base
from app.errors import NotFound
from app.meals.rules import Diet, Meal, MealWay, MenuState
from app.meals.tables import Canteen, CanteenTerms, Concern, DietNote, Dish, Menu, Portion
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people.tables import Elder, Home
from app.places.rules import Tier
from app.places.tables import Facility

COUNTED = text("select dish, way, state, portions from app_portions_of(:menu)")
Row = TypeVar("Row", bound=Base)
GONE = (VisitState.CANCELLED,)  # a cancelled portion makes room; one that was not taken was cooked


@dataclass(frozen=True)
class CanteenRow:
    """A canteen with its place."""

    canteen: Canteen
    facility: Facility


@dataclass(frozen=True)
class DishCount:
    """How many of a dish: to be eaten there, to be delivered, handed over, not taken."""

    dish: Dish
    eat_in: int
    delivery: int
    handed: int
    missed: int

    @property
    def ordered(self) -> int:
        """All that must be cooked."""
        return self.eat_in + self.delivery


@dataclass(frozen=True)
class PortionRow:
    """A portion with whose it is, where she lives and what she must not eat."""

    portion: Portion
    visit: Visit
    dish: Dish
    elder: Elder
    home: Home
    diets: list[Diet]
    diet_note: str | None


def _get(session: Session, table: type[Row], number: int, what: str, *, lock: bool = False) -> Row:
    found = session.get(table, number, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound(f"There is no such {what}, or it is not yours.")
    return found


def canteen(session: Session, canteen_id: int, *, lock: bool = False) -> Canteen:
    """The canteen; raises NotFound also when another provider runs it."""
    return _get(session, Canteen, canteen_id, "canteen", lock=lock)


def menu(session: Session, menu_id: int, *, lock: bool = False) -> Menu:
    """The menu; locked, it is the one place where its portions are counted and added."""
    return _get(session, Menu, menu_id, "menu", lock=lock)


def dish(session: Session, dish_id: int) -> Dish:
    """The dish."""
    return _get(session, Dish, dish_id, "dish")


def portion(session: Session, portion_id: int) -> Portion:
    """The ordered meal; raises NotFound also outside the caller's area. Its visit's lock guards it."""
    return _get(session, Portion, portion_id, "meal")


def concern(session: Session, concern_id: int, *, lock: bool = False) -> Concern:
    """The concern."""
    return _get(session, Concern, concern_id, "concern", lock=lock)


def canteens(session: Session, district_id: int) -> Sequence[CanteenRow]:
    """Those that cook, by name."""
    rows = session.execute(
        select(Canteen, Facility)
        .join(Facility, Facility.id == Canteen.facility_id)
        .where(Canteen.district_id == district_id, Canteen.ended_at.is_(None))
        .order_by(Facility.name, Canteen.id)
    )
    return [CanteenRow(*row) for row in rows]


def facilities_left(session: Session, district_id: int) -> Sequence[Facility]:
    """Places with a provider that are no canteen yet, canteens of the network first."""
    taken = select(Canteen.facility_id)
    return session.scalars(
        select(Facility)
        .where(Facility.district_id == district_id, Facility.provider_id.is_not(None), Facility.id.not_in(taken))
        .order_by(Facility.tier != Tier.CANTEEN, Facility.name)
    ).all()


def terms(session: Session, canteen_id: int) -> Sequence[CanteenTerms]:
    """All a canteen has promised, what holds last first."""
    return session.scalars(
        select(CanteenTerms)
        .where(CanteenTerms.canteen_id == canteen_id)
        .order_by(CanteenTerms.meal, CanteenTerms.starts.desc(), CanteenTerms.id.desc())
    ).all()


def terms_on(session: Session, canteen_id: int, meal: Meal, day: date) -> CanteenTerms | None:
    """What holds for a meal on a day; of two that start together, the later one."""
    return session.scalar(
        select(CanteenTerms)
        .where(CanteenTerms.canteen_id == canteen_id, CanteenTerms.meal == meal, CanteenTerms.starts <= day)
        .order_by(CanteenTerms.starts.desc(), CanteenTerms.id.desc())
        .limit(1)
    )


def menus(session: Session, canteen_id: int, first: date, last: date) -> Sequence[Menu]:
    """Menus of some days, in the order of time."""
    return session.scalars(
        select(Menu).where(Menu.canteen_id == canteen_id, Menu.day.between(first, last)).order_by(Menu.day, Menu.opens)
    ).all()


def menu_of(session: Session, canteen_id: int, day: date, meal: Meal) -> Menu | None:
    """The menu of one meal."""
    return session.scalar(select(Menu).where(Menu.canteen_id == canteen_id, Menu.day == day, Menu.meal == meal))


def open_menus(session: Session, district_id: int, first: date, last: date) -> Sequence[Menu]:
    """What can be ordered from on some days, of every canteen."""
    return session.scalars(
        select(Menu)
        .where(Menu.district_id == district_id, Menu.day.between(first, last), Menu.state == MenuState.PUBLISHED)
        .order_by(Menu.day, Menu.opens, Menu.canteen_id)
    ).all()


def dishes_of(session: Session, menu_ids: Iterable[int]) -> dict[int, list[Dish]]:
    """Dishes by menu."""
    found: dict[int, list[Dish]] = {}
    for one in session.scalars(select(Dish).where(Dish.menu_id.in_(list(menu_ids))).order_by(Dish.id)):
        found.setdefault(one.menu_id, []).append(one)
    return found


def ordered(session: Session, menu_id: int) -> Counter[int]:
    """Portions by dish that are to be cooked, for whomever; the caller who adds one holds the menu's lock."""
    found: Counter[int] = Counter()
    for dish_id, _, state, portions in session.execute(COUNTED, {"menu": menu_id}):
        found[dish_id] += portions * (state not in GONE)
    return found


def counts(session: Session, menus: Iterable[Menu]) -> dict[int, list[DishCount]]:
    """What each menu's kitchen must cook, for whomever, and how far it is, dish by dish."""
    found = {}
    for menu_id, dishes in dishes_of(session, [menu.id for menu in menus]).items():
        by: dict[int, Counter[str]] = {dish.id: Counter() for dish in dishes}
        for dish_id, way, state, portions in session.execute(COUNTED, {"menu": menu_id}):
            if state not in GONE:
                by[dish_id] += Counter({way: portions, state: portions})
        found[menu_id] = [
            DishCount(
                dish, mine[MealWay.EAT_IN], mine[MealWay.DELIVERY], mine[VisitState.VERIFIED],
                mine[VisitState.NOT_DELIVERED],
            )
            for dish, mine in ((dish, by[dish.id]) for dish in dishes)
        ]  # fmt: skip
    return found


def portions(
    session: Session, *, menu_id: int | None = None, elder_id: int | None = None, since: date | None = None,
    way: MealWay | None = None, ids: Iterable[int] | None = None, limit: int = 2000,
) -> Sequence[PortionRow]:  # fmt: skip
    """Ordered meals of a menu or of an elder with what kitchen and rider need; cancelled ones too, in the order of
    time, then of names."""
    query = (
        select(Portion, Visit, Dish, Elder, Home, DietNote)
        .join(Visit, Visit.id == Portion.visit_id)
        .join(Dish, Dish.id == Portion.dish_id)
        .join(Elder, Elder.id == Portion.elder_id)
        .join(Home, Home.id == Elder.home_id)
        .outerjoin(DietNote, DietNote.elder_id == Elder.id)
        .order_by(Visit.opens, Elder.pinyin[1], Portion.id)
        .limit(limit)
    )
    if menu_id is not None:
        query = query.where(Portion.menu_id == menu_id)
    if elder_id is not None:
        query = query.where(Portion.elder_id == elder_id)
    if since is not None:
        query = query.join(Menu, Menu.id == Portion.menu_id).where(Menu.day >= since)
    if way is not None:
        query = query.where(Portion.way == way)
    if ids is not None:
        query = query.where(Portion.id.in_(list(ids)))
    return [_row(*row) for row in session.execute(query)]


def _row(portion: Portion, visit: Visit, dish: Dish, elder: Elder, home: Home, note: DietNote | None) -> PortionRow:
    needs: dict[str, Any] = note.needs if note else {}
    return PortionRow(
        portion, visit, dish, elder, home, [Diet(one) for one in needs.get("diets", [])], needs.get("note") or None
    )


def diet(session: Session, elder_id: int) -> DietNote | None:
    """What an elder must or will not eat."""
    return session.scalar(select(DietNote).where(DietNote.elder_id == elder_id))


def diets_of(session: Session, elder_id: int) -> list[Diet]:
    """What a dish must suit."""
    note = diet(session, elder_id)
    return [Diet(one) for one in note.needs.get("diets", [])] if note else []


def has_portion(session: Session, menu_id: int, elder_id: int) -> bool:
    """Whether an elder has ordered this meal and not given it up."""
    found = (
        select(Portion.id)
        .join(Visit, Visit.id == Portion.visit_id)
        .where(Portion.menu_id == menu_id, Portion.elder_id == elder_id, Visit.state.not_in(GONE))
    )
    return session.scalar(found.limit(1)) is not None


def concerns(session: Session) -> Sequence[Any]:
    """Meals not taken that nobody has asked about, the most pressing first: concern, elder, portion, menu, dish."""
    return session.execute(
        select(Concern, Elder, Portion, Menu, Dish)
        .join(Elder, Elder.id == Concern.elder_id)
        .join(Portion, Portion.id == Concern.portion_id)
        .join(Menu, Menu.id == Portion.menu_id)
        .join(Dish, Dish.id == Portion.dish_id)
        .where(Concern.state != "settled")
        .order_by(Concern.state, Concern.due_at, Concern.id)
        .limit(200)
    ).all()
