"""The JSON shapes of care plans."""

from collections.abc import Sequence
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.access.rules import HOTLINE, Role
from app.care_plans import queries
from app.care_plans.actions import LineTerms
from app.care_plans.previewing import Preview
from app.care_plans.rules import DayKind, DayState, OnHolidays, PauseReason, PlanState, WhyNot
from app.care_plans.tables import CarePlan, CarePlanLine
from app.catalogue.tables import ServiceItem
from app.orders.rules import OrderState, Payer, VisitState

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class SignedHow(StrEnum):
    """How the signature was given."""

    PAPER = "paper"
    IN_PERSON = "in_person"  # on the desk's screen
    TELEPHONE = "telephone"  # said on a recorded line


class LineIn(BaseModel):
    """An item again and again: an RFC 5545 rule from a day on, a local window, what holidays do to it."""

    key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] | None = None
    item: Annotated[str, StringConstraints(max_length=40)]
    rule: Annotated[str, StringConstraints(max_length=200)]
    starts: Day
    opens: time
    closes: time
    minutes: int | None = Field(None, ge=10, le=1440)
    holidays: OnHolidays = OnHolidays.KEEP
    payer: Literal[Payer.ENTITLEMENT, Payer.SELF] = Payer.ENTITLEMENT
    skipped: list[Day] = Field(default=[], max_length=100)
    moved: dict[Day, Day] = Field(default={}, max_length=100)

    def terms(self) -> LineTerms:
        """As the rules see it."""
        return LineTerms(
            key=self.key, item_code=self.item, rule=self.rule, starts=self.starts,
            opens=self.opens.replace(tzinfo=None), closes=self.closes.replace(tzinfo=None), minutes=self.minutes,
            holidays=self.holidays, payer=self.payer, skipped=self.skipped, moved=self.moved,
        )  # fmt: skip


class PlanIn(BaseModel):
    """What the elder is to get from a day on, and the most she pays herself in a month."""

    starts: Day
    most_self_pay_cents: int = Field(0, ge=0, le=10_000_000)
    lines: list[LineIn] = Field(min_length=1, max_length=20)


class DraftIn(PlanIn):
    """With the version of the draft it was made from, 0 for none."""

    version: int = Field(0, ge=0, le=2**31 - 1)


class AgreeIn(BaseModel):
    """Who signed and how; `version` of the draft that was read to them."""

    version: int = Field(ge=1, le=2**31 - 1)
    who: Literal["elder", "agent"]
    name: Word | None = None
    relation: Word | None = None
    phone: Annotated[str, StringConstraints(max_length=20)] | None = None
    how: SignedHow


class PauseIn(BaseModel):
    """Without a last day until further notice."""

    first: Day
    last: Day | None = None
    reason: PauseReason


class ResumeIn(BaseModel):
    """The last day of the pause; the day before it began: there was none."""

    last: Day


class Because(BaseModel):
    """WhyNot."""

    reason: Reason


class LineOut(BaseModel):
    """A line as it is kept."""

    key: str
    item: str
    item_zh: str
    item_en: str
    aid: str
    rule: str
    starts: date
    opens: time
    closes: time
    minutes: int | None
    holidays: OnHolidays
    payer: Payer
    skipped: list[date]
    moved: dict[date, date]


class SignedOut(BaseModel):
    """Who agreed, when and how; names are for those who work with people by name."""

    at: datetime
    who: str
    how: str
    name: str | None
    relation: str | None


class PlanOut(BaseModel):
    """One version with its lines."""

    n: int
    version: int
    state: PlanState
    starts: date
    most_self_pay_cents: int
    made_by: str
    made_at: datetime
    signed: SignedOut | None
    lines: list[LineOut]

    @classmethod
    def of(cls, session: Session, plan: CarePlan, me: Caller) -> Self:
        """As this caller may see it."""
        lines = queries.lines_of(session, plan.id)
        return cls(
            n=plan.n, version=plan.version, state=plan.state, starts=plan.starts,
            most_self_pay_cents=plan.most_self_pay_cents, made_by=plan.made_by, made_at=plan.made_at,
            signed=_signed(plan, me), lines=[_line(line, session.get_one(ServiceItem, line.item_id)) for line in lines],
        )  # fmt: skip


class PauseOut(BaseModel):
    """Days on which nobody comes."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    first: date
    last: date | None
    reason: PauseReason
    made_by: str


class PlanDay(BaseModel):
    """What came of a day."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    key: str
    rule_day: date
    day: date
    state: DayState
    why: WhyNot | None
    item_zh: str
    item_en: str
    aid: str
    order_id: int | None
    order_state: OrderState | None
    visit_state: VisitState | None
    opens: datetime | None
    closes: datetime | None
    price_cents: int | None
    allowance_cents: int | None
    self_pay_cents: int | None
    short_cents: int | None  # what her own limit of the month lacks


class CarePlans(BaseModel):
    """An elder's plan in force and draft, pauses, the days to come, all versions; `may_edit` for the hotline."""

    today: date
    agreed: PlanOut | None
    draft: PlanOut | None
    pauses: list[PauseOut]
    days: list[PlanDay]
    versions: list[PlanOut]
    may_edit: bool

    @classmethod
    def of(cls, session: Session, elder_id: int, me: Caller, *, today: date, first: date, last: date) -> Self:
        """As the tab on the elder's page shows it."""
        versions = [PlanOut.of(session, plan, me) for plan in queries.versions(session, elder_id)]
        return cls(
            today=today,
            agreed=next((plan for plan in versions if plan.state is PlanState.AGREED), None),
            draft=next((plan for plan in versions if plan.state is PlanState.DRAFT), None),
            pauses=[PauseOut.model_validate(pause) for pause in queries.pauses(session, elder_id, since=today)],
            days=[PlanDay.model_validate(row) for row in queries.days_of(session, elder_id, first, last)],
            versions=versions,
            may_edit=me.role in HOTLINE,
        )


class PreviewDayOut(BaseModel):
    """A day as it would be; `line` is its place among the lines that were sent."""

    model_config = ConfigDict(from_attributes=True)

    line: int
    rule_day: date
    day: date
    why: WhyNot | None
    price_cents: int
    allowance_cents: int
    self_pay_cents: int


class PreviewMonthOut(BaseModel):
    """The money of a month; `expected` where its allowance does not exist yet."""

    model_config = ConfigDict(from_attributes=True)

    month: date
    visits: int
    price_cents: int
    allowance_cents: int
    self_pay_cents: int
    free_after_cents: int
    expected: bool


class PreviewOut(BaseModel):
    """Eight weeks of a plan nobody has agreed to yet, and the special days among them."""

    days: list[PreviewDayOut]
    months: list[PreviewMonthOut]

    @classmethod
    def of(cls, found: Preview) -> Self:
        """As the editor shows it."""
        return cls(
            days=[PreviewDayOut.model_validate(day) for day in found.days],
            months=[PreviewMonthOut.model_validate(month) for month in found.months],
        )


class UnservedDay(BaseModel):
    """A day to come without an order, and why."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    elder_id: int
    elder_name: str
    day: date
    why: WhyNot
    item_zh: str
    item_en: str
    short_cents: int | None
    most_self_pay_cents: int


class UnservedDays(BaseModel):
    """The nearest first."""

    items: list[UnservedDay]


class SpecialDay(BaseModel):
    """A public holiday, or a weekend worked in exchange."""

    model_config = ConfigDict(from_attributes=True)

    day: date
    kind: DayKind
    name: str


class SpecialDays(BaseModel):
    """Of a year."""

    items: list[SpecialDay]


class SpecialDayIn(BaseModel):
    """None: the day is again what its weekday says."""

    kind: DayKind | None
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] = ""


def _signed(plan: CarePlan, me: Caller) -> SignedOut | None:
    if plan.signed is None or plan.signed_at is None:
        return None
    shown = me.role is not Role.SUPERVISOR
    return SignedOut(
        at=plan.signed_at, who=plan.signed["who"], how=plan.signed["how"],
        name=plan.signed.get("name") if shown else None, relation=plan.signed.get("relation"),
    )  # fmt: skip


def _line(line: CarePlanLine, item: ServiceItem) -> LineOut:
    return LineOut(
        key=line.key, item=item.code, item_zh=item.name_zh, item_en=item.name_en, aid=item.aid, rule=line.rule,
        starts=line.starts, opens=line.opens, closes=line.closes, minutes=line.minutes, holidays=line.holidays,
        payer=line.payer, skipped=[date.fromisoformat(day) for day in line.skipped],
        moved={date.fromisoformat(day): date.fromisoformat(to) for day, to in line.moved.items()},
    )  # fmt: skip


def terms_of(lines: Sequence[LineIn]) -> list[LineTerms]:
    """As the rules see them."""
    return [line.terms() for line in lines]
