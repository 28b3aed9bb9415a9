"""The JSON shapes of aids, stores, units, counts and terms."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints

from app.access.queries import Caller
from app.access.rules import Role
from app.catalogue.rules import AidCategory
from app.people.rules import AbilityLevel
from app.rental.keeping import AidWish
from app.rental.queries import UnitRow
from app.rental.rules import AidKind, Proration, Terms, UnitEvent, UnitState, unit_possible
from app.rental.tables import Aid, AidCount, AidPrice, AidUnit, RentalTerms
from app.vault import mask_name

Number = Annotated[int, Field(ge=1, le=2**53)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]
Serial = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9._/\-]{3,40}$")]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
Cents = Annotated[int, Field(ge=0, le=10_000_000)]


class AidIn(BaseModel):
    """A kind of aid to be offered, with its first price."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
    kind: AidKind
    aid: AidCategory = AidCategory.MOBILITY
    name_zh: Word
    name_en: Word
    levels: list[AbilityLevel] = Field([], max_length=5)
    needs_advice: bool = False
    rent_cents: Cents
    deposit_cents: Cents
    value_cents: Cents

    def value(self) -> AidWish:
        """As the actions take it."""
        return AidWish(**self.model_dump(exclude={"rent_cents", "deposit_cents", "value_cents"}))


class PriceIn(BaseModel):
    """What an aid costs a month from a day on, its deposit and its worth."""

    starts: Day
    rent_cents: Cents
    deposit_cents: Cents
    value_cents: Cents


class PriceOut(PriceIn):
    """On record."""

    made_by: str


class StockLine(BaseModel):
    """How many units of an aid stand how in a store, and how many people wait there for one."""

    store_id: int
    states: dict[UnitState, int]
    waiting: int


class AidOut(BaseModel):
    """An aid with what it costs today and where its units are."""

    id: int
    code: str
    kind: AidKind
    aid: AidCategory
    name_zh: str
    name_en: str
    levels: list[AbilityLevel]
    needs_advice: bool
    ended: bool
    price: PriceOut | None
    prices: list[PriceOut]
    stock: list[StockLine]

    @classmethod
    def of(
        cls, aid: Aid, prices: Sequence[AidPrice], stock: dict[tuple[int, int], Counter[UnitState]],
        waiting: dict[tuple[int, int], int], *, today: date,
    ) -> Self:  # fmt: skip
        """As catalogue and overview show it."""
        told = [PriceOut.model_validate(price, from_attributes=True) for price in prices]
        stores = sorted({store for of, store in [*stock, *waiting] if of == aid.id})
        return cls(
            id=aid.id, code=aid.code, kind=aid.kind, aid=aid.aid, name_zh=aid.name_zh, name_en=aid.name_en,
            levels=[AbilityLevel(one) for one in aid.levels], needs_advice=aid.needs_advice,
            ended=aid.ended_at is not None, price=next((price for price in told if price.starts <= today), None),
            prices=told,
            stock=[
                StockLine(
                    store_id=store, states=dict(stock.get((aid.id, store), {})), waiting=waiting.get((aid.id, store), 0)
                )
                for store in stores
            ],
        )  # fmt: skip


class StoreOut(BaseModel):
    """A place that keeps aids."""

    id: int
    name: str
    provider: str


class Place(BaseModel):
    """A place that could keep aids."""

    id: int
    name: str


class TermsIn(BaseModel):
    """What a district settles for itself, from a day on, and the document it rests on."""

    starts: Day
    proration: Proration
    hold_days: int = Field(ge=1, le=60)
    pickup_days: int = Field(ge=0, le=90)
    stay_days: int = Field(ge=1, le=366)
    note: Reason

    def value(self) -> Terms:
        """As the rules see it."""
        return Terms(self.proration, self.hold_days, self.pickup_days, self.stay_days)


class TermsOut(TermsIn):
    """On record; without `made_by` the first settings, which nobody has settled."""

    made_by: str | None

    @classmethod
    def of(cls, row: RentalTerms) -> Self:
        """As the set-up shows it."""
        return cls.model_validate(row, from_attributes=True)


class Offer(BaseModel):
    """All that can be rented, where, and by which terms."""

    aids: list[AidOut]
    stores: list[StoreOut]
    places: list[Place]
    terms: list[TermsOut]


class StoreIn(BaseModel):
    """A place that begins to keep aids."""

    facility_id: Number


class RegisterIn(BaseModel):
    """New units of one kind."""

    store_id: Number
    aid_id: Number
    serials: list[Serial] = Field(min_length=1, max_length=200)
    bought_on: Day


class MoveIn(BaseModel):
    """What the store does with a unit."""

    event: UnitEvent
    reason: Reason | None = None


class UnitOut(BaseModel):
    """A unit with what it is and for whom it is away."""

    id: int
    serial: str
    aid_id: int
    aid_zh: str
    aid_en: str
    store_id: int
    store: str
    state: UnitState
    since: datetime
    bought_on: date
    cleaned_on: date | None
    possible: list[UnitEvent]
    rental_id: int | None
    elder_name: str | None

    @classmethod
    def of(cls, row: UnitRow, me: Caller) -> Self:
        """As this caller may see it."""
        unit, name = row.unit, row.elder_name
        if name and me.role in (Role.SUPERVISOR, Role.ADMIN):
            name = mask_name(name)
        return cls(
            id=unit.id, serial=unit.serial, aid_id=unit.aid_id, aid_zh=row.aid.name_zh, aid_en=row.aid.name_en,
            store_id=unit.store_id, store=row.store, state=unit.state, since=unit.since, bought_on=unit.bought_on,
            cleaned_on=unit.cleaned_on, possible=unit_possible(unit.state, me.role), rental_id=row.rental_id,
            elder_name=name,
        )  # fmt: skip


class UnitLine(BaseModel):
    """One line of a unit's life."""

    at: datetime
    by: str
    event: str
    before: str | None
    after: str | None
    reason: str | None


class Units(BaseModel):
    """By aid and serial number."""

    items: list[UnitOut]


class UnitLife(BaseModel):
    """A unit and all that happened to it."""

    unit: UnitOut
    lines: list[UnitLine]


class SeeIn(BaseModel):
    """Read off a piece in the store."""

    serial: Serial


class Unseen(BaseModel):
    """A piece nobody has ticked off."""

    serial: str
    aid_id: int
    state: UnitState


class CountOut(BaseModel):
    """A count of a store; while it is open, what has not been seen."""

    id: int
    begun_at: datetime
    begun_by: str
    closed_at: datetime | None
    closed_by: str | None
    expected: int
    missing: int | None
    unseen: list[Unseen]

    @classmethod
    def of(cls, count: AidCount, unseen: Sequence[AidUnit]) -> Self:
        """As the store sees it."""
        return cls(
            id=count.id, begun_at=count.begun_at, begun_by=count.begun_by, closed_at=count.closed_at,
            closed_by=count.closed_by, expected=count.expected, missing=count.missing,
            unseen=[Unseen(serial=unit.serial, aid_id=unit.aid_id, state=unit.state) for unit in unseen],
        )  # fmt: skip


class Counts(BaseModel):
    """The open one first, then the last ones."""

    items: list[CountOut]
