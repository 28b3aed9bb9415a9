"""What the desk is told of welfare visits and says about them."""

from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, Field

from app import calendar
from app.orders.shapes import WishIn
from app.people.rules import AbilityLevel
from app.vault import mask_name
from app.welfare.finding_rules import FindingEvent, FindingKind, FindingState, possible
from app.welfare.queries import CoverageRow, DueRow, FindingRow
from app.welfare.rules import (
    Concern,
    RiskTier,
    Unanswered,
    Visitor,
    WelfareOutcome,
    WelfareRules,
    WelfareTopic,
    WelfareWay,
    form_of,
)
from app.welfare.tables import WelfareElder, WelfareFinding, WelfareVisit


class WelfareRulesValues(BaseModel):
    """How often in days, what follows when nobody answers, by when what was found is seen to, and where it stands."""

    every_days: dict[RiskTier, int]
    unanswered: dict[RiskTier, Unanswered]
    tries: int
    retry_days: int
    change_days: int
    urgent_days: int
    concern_days: int
    tell_hour: int = 9
    source: str = Field(max_length=300)

    @classmethod
    def of(cls, rules: WelfareRules) -> Self:
        """As they hold."""
        return cls.model_validate(rules.as_json())


class WelfareVersionOut(BaseModel):
    """One version as it was set."""

    version: int
    starts: date
    by: str
    at: datetime
    rules: WelfareRulesValues


class WelfareRulesOut(BaseModel):
    """What holds today (version 0: the first settings), and every version, newest first."""

    version: int
    rules: WelfareRulesValues
    versions: list[WelfareVersionOut]


class WelfareRulesIn(BaseModel):
    """New rules and their first day, today at the earliest."""

    starts: date
    rules: WelfareRulesValues


class CoverageCell(BaseModel):
    """Of one street and tier in a month: on the list, seen at least once, at home, and overdue today."""

    street: str
    name: str
    tier: RiskTier
    listed: int
    seen: int
    by_home: int
    late: int

    @classmethod
    def of(cls, row: CoverageRow) -> Self:
        """As counted."""
        return cls(**vars(row))


class WelfareCoverage(BaseModel):
    """巡访覆盖率 of a natural month: seen ÷ listed."""

    month: date
    today: date
    cells: list[CoverageCell]


class OnList(BaseModel):
    """Somebody on the list. Names are masked for those who do not work with elders by name."""

    elder_id: int
    name: str
    age: int
    level: AbilityLevel
    estate: str
    community: str
    tier: RiskTier
    why: str
    due_on: date
    late_days: int
    last_on: date | None
    tries: int
    pair_id: int | None
    taken_by: str | None

    @classmethod
    def of(cls, row: DueRow, *, today: date, full: bool) -> Self:
        """As the caller may see it."""
        return cls(
            elder_id=row.elder.id, name=row.elder.name if full else mask_name(row.elder.name),
            age=calendar.age_on(row.elder.born, today), level=row.elder.level, estate=row.home.estate,
            community=row.community, tier=row.on_list.tier, why=row.on_list.why, due_on=row.due_on,
            late_days=max(0, (today - row.due_on).days), last_on=row.on_list.last_on, tries=row.on_list.tries,
            pair_id=row.on_list.pair_id, taken_by=row.taken_by,
        )  # fmt: skip


class WelfareListOut(BaseModel):
    """A page of the list, the longest overdue first; `next` is where the following one begins."""

    today: date
    items: list[OnList]
    next: int | None


class WelfareVisitOut(BaseModel):
    """One record as it was told."""

    id: int
    elder_id: int
    name: str
    way: WelfareWay
    outcome: WelfareOutcome
    happened_at: datetime
    received_at: datetime
    by: str
    distance_m: float | None
    accuracy_m: float | None
    topics: dict[WelfareTopic, Concern]
    wish: str
    words: str
    policy: bool
    urged: bool
    problem: str | None

    @classmethod
    def of(cls, row: WelfareVisit, name: str, *, full: bool) -> Self:
        """Words of health are for those who work with elders by name."""
        form = form_of(row.form)
        return cls(
            id=row.id, elder_id=row.elder_id, name=name if full else mask_name(name), way=row.way,
            outcome=row.outcome, happened_at=row.happened_at, received_at=row.received_at, by=row.by,
            distance_m=row.distance_m, accuracy_m=row.accuracy_m, topics=dict(form.topics),
            wish=form.wish if full else "", words=form.words if full else "", policy=form.policy, urged=form.urged,
            problem=row.problem,
        )  # fmt: skip


class WelfareFindingOut(BaseModel):
    """Something to see to. `seen_since`: she was seen after it was found."""

    id: int
    kind: FindingKind
    urgent: bool
    state: FindingState
    words: str
    found_at: datetime
    due_on: date
    taken_by: str | None
    order_id: int | None
    alarm_id: int | None
    referred_to: str | None
    answer: str | None
    closed_at: datetime | None
    possible: list[FindingEvent]

    @classmethod
    def of(cls, row: WelfareFinding, *, full: bool = True) -> Self:
        """Words of health are for those who work with elders by name."""
        kept = {name: getattr(row, name) for name in cls.model_fields if name != "possible"}
        hidden = {} if full else {"words": "", "answer": None}
        return cls(**kept | hidden, possible=possible(row.state) if full else [])


class WelfareFindingLine(WelfareFindingOut):
    """One of the list, with whose it is and who told of it how."""

    elder_id: int
    name: str
    way: WelfareWay
    by: str
    seen_since: bool

    @classmethod
    def line(cls, row: FindingRow, *, full: bool) -> Self:
        """As the caller may see it."""
        return cls(
            **WelfareFindingOut.of(row.finding, full=full).model_dump(), elder_id=row.elder.id,
            name=row.elder.name if full else mask_name(row.elder.name), way=row.visit.way, by=row.visit.by,
            seen_since=row.seen_since,
        )  # fmt: skip


class WelfareFindings(BaseModel):
    """Urgent ones first."""

    items: list[WelfareFindingLine]


class TierChange(BaseModel):
    """One change of her tier."""

    at: datetime
    by: str
    event: str
    before: str | None
    after: str | None
    reason: str | None
    facts: dict[str, Any]


class WelfareElderOut(BaseModel):
    """Everything of one elder's welfare visits."""

    tier: RiskTier
    why: str
    listed_on: date
    last_on: date | None
    tries: int
    pair_id: int | None
    visits: list[WelfareVisitOut]
    findings: list[WelfareFindingLine]
    history: list[TierChange]


class TierIn(BaseModel):
    """Another tier and why; `changed`: something grave has happened, somebody goes soon."""

    tier: RiskTier
    reason: str = Field(min_length=2, max_length=300)
    changed: bool = False


class PairIn(BaseModel):
    """Whose she is; nobody's without one."""

    caregiver_id: int | None


class WelfarePaired(BaseModel):
    """As it stands now."""

    tier: RiskTier
    why: str
    pair_id: int | None

    @classmethod
    def of(cls, row: WelfareElder) -> Self:
        """As stored."""
        return cls(tier=row.tier, why=row.why, pair_id=row.pair_id)


class VisitorOut(BaseModel):
    """Somebody who goes, and where."""

    caregiver_id: int
    name: str
    kind: Visitor
    area: str


class VisitorName(BaseModel):
    """Somebody who could go."""

    caregiver_id: int
    name: str


class VisitorsOut(BaseModel):
    """All who go; for whoever may send somebody also who could."""

    items: list[VisitorOut]
    possible: list[VisitorName]


class VisitorIn(BaseModel):
    """Where she goes as what."""

    kind: Visitor
    area: str = Field(pattern=r"^\d{6}(\d{3}|\d{6})?$")


class WelfareOrderIn(BaseModel):
    """What is proposed for her, and when."""

    item: str = Field(max_length=40)
    visit: WishIn


class ReferralIn(BaseModel):
    """Who is asked."""

    to: str = Field(min_length=2, max_length=200)


class FindingAnswerIn(BaseModel):
    """What was done about it."""

    answer: str = Field(min_length=2, max_length=500)


class Enlisted(BaseModel):
    """How many came onto the list."""

    added: int


class WelfareRecords(BaseModel):
    """The last records, newest first."""

    items: list[WelfareVisitOut]
