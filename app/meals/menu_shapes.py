"""The JSON shapes of canteens, their dishes and menus."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.access.queries import Caller
from app.access.rules import Role
from app.meals import queries
from app.meals.keeping import DishWish, Promise
from app.meals.rules import (
    MENU_MOVES,
    Diet,
    Meal,
    MenuEvent,
    MenuState,
    allergens,
    unsuited,
)
from app.meals.tables import Dish, Menu
from app.places.rules import Mode

Number = Annotated[int, Field(ge=1, le=2**53)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
Cents = Annotated[int, Field(ge=0, le=100_000)]
Clock = Annotated[time, AfterValidator(lambda said: said.replace(tzinfo=None))]  # the canteen's own clock


class CanteenIn(BaseModel):
    """A place of the network that begins to cook, and what programmes will call it."""

    facility_id: Number
    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]


class PromiseIn(BaseModel):
    """What a canteen promises for one meal of the day, from a day on; local times, cents, minutes."""

    meal: Meal
    starts: Day
    opens: Clock
    closes: Clock
    cut_off_days: int = Field(1, ge=0, le=14)
    cut_off: Clock
    capacity: int = Field(ge=0, le=5000)
    delivers: bool = True
    delivery_from: Clock
    delivery_till: Clock
    delivery_cents: Cents = 0
    ride_minutes: int = Field(45, ge=5, le=180)
    reload_minutes: int = Field(5, ge=0, le=60)
    door_minutes: int = Field(3, ge=1, le=30)
    ride_mode: Mode = Mode.EBIKE
    concern_minutes: int = Field(30, ge=5, le=720)

    def value(self) -> Promise:
        """As the rules see it."""
        return Promise(**self.model_dump())


class PromiseOut(PromiseIn):
    """Terms on record."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    made_by: str


class CanteenOut(BaseModel):
    """A canteen with its place and all it has promised, what holds last first."""

    id: int
    code: str
    name: str
    division_code: str
    provider_id: int
    lat: float
    lon: float
    terms: list[PromiseOut]

    @classmethod
    def of(cls, row: queries.CanteenRow, terms: Sequence[object]) -> Self:
        """As the pages show it."""
        return cls(
            id=row.canteen.id, code=row.canteen.code, name=row.facility.name,
            division_code=row.facility.division_code, provider_id=row.canteen.provider_id, lat=row.facility.lat,
            lon=row.facility.lon, terms=[PromiseOut.model_validate(one) for one in terms],
        )  # fmt: skip


class Facility(BaseModel):
    """A place that could become a canteen."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str


class Canteens(BaseModel):
    """All of a district that the caller works with."""

    items: list[CanteenOut]
    places: list[Facility] = []  # for who may add one


class DishIn(BaseModel):
    """A set meal with its price and whom it suits; `portions`: no more than so many."""

    name: Word
    contents: Note = ""
    cents: Cents
    suits: list[Diet] = Field([], max_length=7)
    portions: int | None = Field(None, ge=1, le=5000)

    def value(self) -> DishWish:
        """As the rules see it."""
        return DishWish(self.name, self.contents, self.cents, self.suits, self.portions)


class MenuIn(BaseModel):
    """One meal of one day; sent again, it replaces the draft."""

    day: Day
    meal: Meal
    dishes: list[DishIn] = Field(max_length=20)


class CopyIn(BaseModel):
    """From the week that begins on a day to the one that begins on another."""

    monday: Day
    to: Day


class Because(BaseModel):
    """Why."""

    reason: Reason


class DishOut(BaseModel):
    """A dish, how many are ordered, and how many are left (none: as many as the menu has)."""

    id: int
    name: str
    contents: str
    cents: int
    suits: list[Diet]
    portions: int | None
    off: bool
    eat_in: int
    delivery: int
    handed: int
    missed: int
    left: int | None
    warnings: list[Diet] = []
    allergens: list[str] = []

    @classmethod
    def of(
        cls, count: queries.DishCount, diets: Sequence[Diet] = (), allergies: Sequence[str] = ()
    ) -> Self:  # fmt: skip
        """With what speaks against it for an elder, where one is asked for."""
        dish: Dish = count.dish
        return cls(
            id=dish.id, name=dish.name, contents=dish.contents, cents=dish.cents,
            suits=[Diet(one) for one in dish.suits],
            portions=dish.portions, off=dish.ended_at is not None, eat_in=count.eat_in, delivery=count.delivery,
            handed=count.handed, missed=count.missed,
            left=None if dish.portions is None else max(0, dish.portions - count.ordered),
            warnings=unsuited(diets, dish.suits), allergens=allergens(allergies, dish.name, dish.contents),
        )  # fmt: skip


class MenuOut(BaseModel):
    """A menu with its counts; `left` portions can still be ordered."""

    id: int
    canteen_id: int
    day: date
    meal: Meal
    state: MenuState
    possible: list[MenuEvent]
    capacity: int
    ordered: int
    left: int
    cut_off: datetime
    opens: datetime
    closes: datetime
    delivers: bool
    delivery_from: datetime
    delivery_till: datetime
    delivery_cents: int
    dishes: list[DishOut]

    @classmethod
    def of(
        cls, menu: Menu, counts: Sequence[queries.DishCount], me: Caller, diets: Sequence[Diet] = (),
        allergies: Sequence[str] = (),
    ) -> Self:  # fmt: skip
        """As the caller may see and move it."""
        ordered = sum(count.ordered for count in counts)
        keeps = me.role in (Role.MANAGER, Role.SUPERVISOR)
        return cls(
            id=menu.id, canteen_id=menu.canteen_id, day=menu.day, meal=menu.meal, state=menu.state,
            possible=[event for source, event in MENU_MOVES if source is menu.state] if keeps else [],
            capacity=menu.capacity, ordered=ordered, left=max(0, menu.capacity - ordered), cut_off=menu.cut_off,
            opens=menu.opens, closes=menu.closes, delivers=menu.delivers, delivery_from=menu.delivery_from,
            delivery_till=menu.delivery_till, delivery_cents=menu.delivery_cents,
            dishes=[DishOut.of(count, diets, allergies) for count in counts],
        )  # fmt: skip


class Menus(BaseModel):
    """Menus in the order of time."""

    items: list[MenuOut]
