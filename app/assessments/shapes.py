"""Assessments as the screens see them."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app import calendar, history
from app.access.queries import Caller
from app.access.rules import Role
from app.assessments import queries, scale
from app.assessments.actions import conditions, hands
from app.assessments.queries import AssessmentRow, DueRow
from app.assessments.rules import (
    OPEN,
    AssessmentEvent,
    AssessmentKind,
    AssessmentState,
    RiskEvent,
    Source,
    Venue,
    fitting,
    possible,
)
from app.assessments.scale import ChangeReason, Domain
from app.assessments.sent import TermIn
from app.assessments.tables import Assessment
from app.people import queries as people
from app.people.rules import AbilityLevel, Sex
from app.vault import mask_name

Word = Annotated[str, Field(max_length=40)]


class TermsOut(BaseModel):
    """Every version of the terms, latest first, and what holds without any."""

    items: list[TermIn]
    otherwise: int


class ItemOut(BaseModel):
    """One item of the form and the most it scores."""

    item: str
    domain: Domain
    most: int


class FormOut(BaseModel):
    """The form itself: items in their order, the bands of the levels, who assesses."""

    standard: str
    items: list[ItemOut]
    bands: list["Band"]
    assessors: list["Somebody"]


class Band(BaseModel):
    """The fewest points of a level."""

    level: AbilityLevel
    least: int


class Somebody(BaseModel):
    """A person with a login."""

    id: int
    name: str


class Signature(Somebody):
    """Somebody whose name belongs under the form."""

    signed_at: datetime | None


class SoFar(BaseModel):
    """What the answers say; levels once none is missing."""

    score: int
    domains: dict[Domain, int]
    missing: list[str]
    initial_level: AbilityLevel | None
    final_level: AbilityLevel | None
    reasons: list[ChangeReason]

    @classmethod
    def of(cls, assessment: Assessment) -> Self:
        """Worked out by the scale, for drafts too."""
        items, condition = assessment.answers.get("items", {}), conditions(assessment)
        missing = [item for item in scale.MOST if item not in items]
        initial = None if missing else scale.level_of(sum(items.values()))
        return cls(
            score=sum(items.values()), domains=scale.domain_scores(items), missing=missing, initial_level=initial,
            final_level=scale.changed(initial, condition) if initial else None, reasons=list(condition.reasons()),
        )  # fmt: skip


class Answers(BaseModel):
    """What was answered, and by whom."""

    items: dict[str, int] = {}
    coma: bool = False
    dementia: bool = False
    other_mental_disorder: bool = False
    risk_events: dict[RiskEvent, int] = {}
    source: Source | None = None
    source_name: str = ""
    note: str = ""


class Before(BaseModel):
    """The result this one is compared with."""

    id: int
    assessed_on: date
    items: dict[str, int]
    score: int
    final_level: AbilityLevel
    reasons: list[ChangeReason]


class Who(BaseModel):
    """Whom it is about."""

    id: int
    name: str
    sex: Sex
    age: int
    level: AbilityLevel
    division: str
    address: str


class Line(BaseModel):
    """A line of its history."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    by: str
    event: str
    reason: str | None


class AssessmentOut(BaseModel):
    """One assessment, whole. `may_write` says whether this caller may change it now."""

    id: int
    version: int
    elder: Who
    standard: str
    kind: AssessmentKind
    state: AssessmentState
    assessed_on: date
    venue: Venue | None
    first: Signature
    second: Signature | None
    answers: Answers
    so_far: SoFar | None  # none: a result of another scale
    level: AbilityLevel | None
    level_given: str | None
    assessed_by: str | None
    note: str | None
    due_on: date | None
    published_at: datetime | None
    before: Before | None
    possible: list[AssessmentEvent]
    may_write: bool
    history: list[Line]

    @classmethod
    def read(cls, session: Session, a: Assessment, me: Caller, *, now: datetime) -> Self:
        """For whoever asks."""
        session.flush()
        known, mine = queries.names(session, [a.first_assessor_id, a.second_assessor_id]), hands(a)
        second = a.second_assessor_id
        return cls(
            id=a.id, version=a.version, elder=_who(session, a.elder_id, now=now), standard=a.standard, kind=a.kind,
            state=a.state, assessed_on=a.assessed_on, venue=a.venue,
            first=Signature(id=a.first_assessor_id, name=known[a.first_assessor_id], signed_at=a.first_signed_at),
            second=Signature(id=second, name=known[second], signed_at=a.second_signed_at) if second else None,
            answers=Answers.model_validate(a.answers), so_far=None if a.level_given else SoFar.of(a),
            level=a.final_level, level_given=a.level_given, assessed_by=a.assessed_by, note=a.note, due_on=a.due_on,
            published_at=a.published_at, before=_before(queries.before(session, a)),
            possible=possible(a.state, me.role, me.id, mine),
            may_write=a.state is AssessmentState.DRAFT and mine.theirs(me.id),
            history=[
                Line.model_validate(line) for line in history.of(session, a.district_id, a.__tablename__, a.id)
            ],
        )  # fmt: skip


class RowOut(BaseModel):
    """One line of a list; `waits_for_me` where this caller's signature is missing."""

    id: int
    elder_id: int
    elder_name: str
    community: str
    standard: str
    kind: AssessmentKind
    state: AssessmentState
    assessed_on: date
    initial_level: AbilityLevel | None
    final_level: AbilityLevel | None
    due_on: date | None
    first_assessor: str
    second_assessor: str | None
    waits_for_me: bool

    @classmethod
    def of(cls, row: AssessmentRow, me: Caller) -> Self:
        """As this caller may see it."""
        fields = {name: getattr(row, name) for name in cls.model_fields if name not in ("elder_name", "waits_for_me")}
        unsigned = {row.first_assessor_id: row.first_signed_at, row.second_assessor_id: row.second_signed_at}
        waits = row.state is AssessmentState.DRAFT and me.id in unsigned and unsigned[me.id] is None
        return cls(elder_name=_name(row.elder_name, me), waits_for_me=waits, **fields)


class RowsOut(BaseModel):
    """A page, newest first."""

    items: list[RowOut]
    next: str | None


class DueOut(BaseModel):
    """An elder who is to be assessed."""

    elder_id: int
    elder_name: str
    age: int
    community: str
    estate: str
    level: AbilityLevel
    assessed_on: date | None
    due_on: date | None
    overdue_days: int | None
    asked: AssessmentKind | None
    asked_at: datetime | None
    open_id: int | None

    @classmethod
    def of(cls, row: DueRow, me: Caller, *, today: date) -> Self:
        """As this caller may see it."""
        late = max(0, (today - row.due_on).days) if row.due_on else None
        fields = {n: getattr(row, n) for n in cls.model_fields if n not in ("elder_name", "age", "overdue_days")}
        age = calendar.age_on(row.born, today)
        return cls(elder_name=_name(row.elder_name, me), age=age, overdue_days=late, **fields)


class DuesOut(BaseModel):
    """Who is due, most pressing first, and how many are assessed."""

    items: list[DueOut]
    served: int
    valid: int
    overdue: int
    asked: int


class PastOut(BaseModel):
    """One result of an elder's history."""

    id: int
    standard: str
    kind: AssessmentKind
    state: AssessmentState
    assessed_on: date
    score: int | None
    initial_level: AbilityLevel | None
    final_level: AbilityLevel | None
    reasons: list[ChangeReason]
    level_given: str | None
    assessed_by: str | None
    note: str | None
    counts: bool
    due_on: date | None


class ElderOut(BaseModel):
    """An elder's assessments, latest first; `may_start` are the kinds that fit what went before."""

    elder: Who
    items: list[PastOut]
    asked: "AskedOut | None"
    open_id: int | None
    may_start: list[AssessmentKind]

    @classmethod
    def read(cls, session: Session, elder_id: int, *, now: datetime) -> Self:
        """Everything on record."""
        who, found = _who(session, elder_id, now=now), queries.of_elder(session, elder_id)
        asked = queries.request_of(session, elder_id)
        stood = any(one.state in queries.ENDED for one in found)
        return cls(
            elder=who, items=[_past(one) for one in found], asked=AskedOut.model_validate(asked) if asked else None,
            open_id=next((one.id for one in found if one.state in OPEN), None),
            may_start=fitting(assessed_before=stood),
        )  # fmt: skip


class AskedOut(BaseModel):
    """Somebody wants this elder assessed again."""

    model_config = ConfigDict(from_attributes=True)

    kind: AssessmentKind
    reason: str
    asked_at: datetime
    asked_by: str


def _past(one: Assessment) -> PastOut:
    result = one.result or {}
    return PastOut(
        id=one.id, standard=one.standard, kind=one.kind, state=one.state, assessed_on=one.assessed_on,
        score=result.get("score"), reasons=result.get("reasons", []), initial_level=one.initial_level,
        final_level=one.final_level, level_given=one.level_given, assessed_by=one.assessed_by, note=one.note,
        counts=one.counts, due_on=one.due_on,
    )  # fmt: skip


def _before(one: Assessment | None) -> Before | None:
    if one is None or one.result is None or one.final_level is None:
        return None
    return Before(
        id=one.id, assessed_on=one.assessed_on, items=one.answers["items"], score=one.result["score"],
        final_level=one.final_level, reasons=one.result["reasons"],
    )  # fmt: skip


def _who(session: Session, elder_id: int, *, now: datetime) -> Who:
    elder = people.get(session, elder_id)
    home, division = people.home_of(session, elder)
    return Who(
        id=elder.id, name=elder.name, sex=elder.sex, age=calendar.age_on(elder.born, calendar.day_of(now)),
        level=elder.level, division=division.name, address=home.estate,
    )  # fmt: skip


def _name(name: str, me: Caller) -> str:
    """A supervisor works with figures and not with people."""
    return mask_name(name) if me.role is Role.SUPERVISOR else name
