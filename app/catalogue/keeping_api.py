"""The catalogue's own page: items, prices from a day on, what a late cancellation costs."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app import calendar, history
from app.access.api import allowed
from app.access.queries import Caller
from app.access.rules import KEEPERS
from app.catalogue import keeping, queries
from app.catalogue.rules import AidCategory, Approval, CancellationTerm, Evidence, FeePayer, FeeUnit, Head, PriceUnit
from app.catalogue.tables import Price, ServiceItem
from app.db import transaction
from app.errors import NotFound
from app.people.rules import Skill

router = APIRouter(prefix="/api/catalogue", tags=["catalogue keeping"])
Keeper = Annotated[Caller, allowed(KEEPERS)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]


class TaskIn(BaseModel):
    """Something to do at the home, and what proves it."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    zh: Word
    en: Word
    evidence: Evidence


class ByLevel(BaseModel):
    """A number for each level of ability; whoever has none of their own has the first."""

    model_config = ConfigDict(extra="forbid")

    default: int = Field(ge=1, le=1440)
    intact: int | None = Field(None, ge=1, le=1440)
    mild: int | None = Field(None, ge=1, le=1440)
    moderate: int | None = Field(None, ge=1, le=1440)
    severe: int | None = Field(None, ge=1, le=1440)
    total: int | None = Field(None, ge=1, le=1440)

    def values(self) -> dict[str, int]:
        """What is set."""
        return self.model_dump(exclude_none=True)


class ItemIn(BaseModel):
    """An item as the page sends it."""

    aid: AidCategory
    head: Head
    name_zh: Word
    name_en: Word
    minutes: ByLevel
    caregivers: ByLevel = ByLevel(default=1)
    least_percent: int = Field(90, ge=0, le=100)
    needs: list[Skill] = Field(default=[], max_length=8)
    same_sex: bool = False
    tasks: list[TaskIn] = Field(default=[], max_length=30)
    windows: list[tuple[Clock, Clock]] = Field(default=[], max_length=6)
    approval: Approval = Approval.NONE

    def terms(self) -> keeping.ItemTerms:
        """As the rules see it."""
        return keeping.ItemTerms(
            aid=self.aid, head=self.head, name_zh=self.name_zh, name_en=self.name_en, minutes=self.minutes.values(),
            caregivers=self.caregivers.values(), least_percent=self.least_percent,
            needs=[str(need) for need in self.needs], same_sex=self.same_sex,
            tasks=[task.model_dump(mode="json") for task in self.tasks], windows=self.windows, approval=self.approval,
        )  # fmt: skip


class NewItem(ItemIn):
    """With the code it will keep."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,19}$")]


class ChangedItem(ItemIn):
    """With the version the page had read."""

    version: int = Field(ge=1, le=2**31 - 1)


class PriceIn(BaseModel):
    """Cents for a visit or an hour in an area (beginning of a division code, empty: everywhere) from a day on."""

    unit: PriceUnit
    cents: int = Field(ge=0, le=10_000_000)
    area: Annotated[str, StringConstraints(pattern=r"^\d{0,12}$")] = ""
    starts: Day
    ends: Day | None = None


class RuleIn(BaseModel):
    """Free until so many hours before the window; later a fee, in per cent of the price or in minutes of the item.

    With `on_change` moving a visit so late, or taking another item, costs the same as cancelling it.
    """

    item_id: int | None = Field(None, ge=1, le=2**53)
    starts: Day
    free_hours: int = Field(ge=0, le=720)
    fee_unit: FeeUnit
    fee: int = Field(ge=0, le=1440)
    payer: FeePayer
    on_change: bool = False


class Because(BaseModel):
    """Why."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class PriceRow(BaseModel):
    """A price and the days it holds."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    unit: PriceUnit
    cents: int
    area: str
    starts: date
    ends: date | None


class RuleRow(RuleIn):
    """A rule on record."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    made_by: str
    made_at: datetime


class ItemWhole(BaseModel):
    """An item with all its prices; `price` is what holds everywhere today."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    code: str
    aid: AidCategory
    head: Head
    name_zh: str
    name_en: str
    minutes: dict[str, int]
    caregivers: dict[str, int]
    least_percent: int
    needs: list[Skill]
    same_sex: bool
    tasks: list[TaskIn]
    windows: list[tuple[str, str]]
    approval: Approval
    ended_at: datetime | None
    version: int
    prices: list[PriceRow] = []

    @classmethod
    def of(cls, item: ServiceItem, prices: list[Price]) -> Self:
        """As the page shows it."""
        return cls.model_validate(item).model_copy(update={"prices": [PriceRow.model_validate(p) for p in prices]})


class Catalogue(BaseModel):
    """All items, also those that have ended, and all rules for late cancellations."""

    today: date
    items: list[ItemWhole]
    rules: list[RuleRow]


class HistoryLine(BaseModel):
    """What was changed when, by whom."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    by: str
    event: str
    reason: str | None
    facts: dict[str, Any]


class Course(BaseModel):
    """The life of an item, latest first."""

    items: list[HistoryLine]


def _whole(me: Caller) -> int:
    """The district of a caller who keeps all of it: one of its streets has no catalogue of its own."""
    if not f"{me.district_id:06d}".startswith(me.area):
        raise NotFound("The catalogue belongs to the whole district; your area is a part of it.", area=me.area)
    return me.district_id


@router.get("")
def catalogue(me: Keeper) -> Catalogue:
    """The whole catalogue."""
    with transaction(me.scope) as session:
        return Catalogue(
            today=calendar.day_of(datetime.now(UTC)),
            items=[ItemWhole.of(item, list(prices)) for item, prices in queries.whole(session, me.district_id)],
            rules=[RuleRow.model_validate(rule) for rule in queries.cancellation_rules(session, me.district_id)],
        )


@router.post("/items", status_code=201)
def add(item: NewItem, me: Keeper) -> ItemWhole:
    """A new item; it needs a price before anybody can order it."""
    with transaction(me.scope) as session:
        made = keeping.add(session, _whole(me), item.code, item.terms(), by=me.by, now=datetime.now(UTC))
        return ItemWhole.of(made, [])


@router.put("/items/{service_item_id}")
def change(service_item_id: int, item: ChangedItem, me: Keeper) -> ItemWhole:
    """From now on; what is agreed stays as it was agreed."""
    with transaction(me.scope) as session:
        found = queries.numbered(session, _whole(me), service_item_id)
        keeping.change(session, found, item.terms(), seen=item.version, by=me.by, now=datetime.now(UTC))
        session.flush()
        return ItemWhole.of(found, queries.prices(session, found.id))


@router.post("/items/{service_item_id}/prices", status_code=201)
def new_price(service_item_id: int, price: PriceIn, me: Keeper) -> ItemWhole:
    """A new price from a day on, never before today; the one that held there ends the day before."""
    with transaction(me.scope) as session:
        found = queries.numbered(session, _whole(me), service_item_id)
        keeping.new_price(
            session, found, unit=price.unit, cents=price.cents, area=price.area, starts=price.starts, ends=price.ends,
            by=me.by, now=datetime.now(UTC),
        )  # fmt: skip
        return ItemWhole.of(found, queries.prices(session, found.id))


@router.post("/items/{service_item_id}/end")
def end(service_item_id: int, why: Because, me: Keeper) -> ItemWhole:
    """It is no longer offered; what is agreed will be given."""
    with transaction(me.scope) as session:
        found = queries.numbered(session, _whole(me), service_item_id)
        keeping.end(session, found, by=me.by, now=datetime.now(UTC), reason=why.reason)
        return ItemWhole.of(found, queries.prices(session, found.id))


@router.get("/items/{service_item_id}/history")
def course(service_item_id: int, me: Keeper) -> Course:
    """Who changed what when."""
    with transaction(me.scope) as session:
        found = queries.numbered(session, _whole(me), service_item_id)
        lines = history.of(session, found.district_id, "service_items", found.id)
    return Course(items=[HistoryLine.model_validate(line) for line in reversed(lines)])


@router.post("/cancellation-rules", status_code=201)
def new_rule(rule: RuleIn, me: Keeper) -> RuleRow:
    """What a late cancellation costs, for orders taken from a day on."""
    term = CancellationTerm(rule.free_hours, rule.fee_unit, rule.fee, rule.payer, rule.on_change)
    with transaction(me.scope) as session:
        made = keeping.new_rule(session, _whole(me), rule.item_id, rule.starts, term, by=me.by, now=datetime.now(UTC))
        return RuleRow.model_validate(made)
