"""What the desk shows of programmes: versions, what changed between them, runs over months, and why for an elder."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.access.rules import Role
from app.funding.programs import InForce
from app.funding.tables import Enrolment, MonthRun, Program, ProgramVersion
from app.funding.terms import Difference, EligibilityRule, ProgramKind, Terms, TermsEvent, TermsState, Verdict
from app.people.rules import AbilityLevel

WRITERS = frozenset({Role.SUPERVISOR, Role.ADMIN})
APPROVERS = frozenset({Role.SUPERVISOR})
Month = Annotated[str, StringConstraints(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=60)]


def first_of(month: str) -> date:
    """The first day of YYYY-MM."""
    return date.fromisoformat(f"{month}-01")


class ProgramIn(BaseModel):
    """A new programme; it pays nothing before a version is approved."""

    code: str = Field(pattern=r"^[a-z0-9_]{2,40}$")
    kind: ProgramKind
    name_zh: Name
    name_en: Name


class ProgramVersionIn(BaseModel):
    """What it shall say from a month on, and the document that rests on."""

    terms: Terms
    starts: Month
    ends: Month | None = None
    note: str = Field(min_length=2, max_length=300)


class DifferenceOut(BaseModel):
    """A field the version changes."""

    field: str
    before: Any
    after: Any


class ProgramVersionOut(BaseModel):
    """A version, what it changes against the approved one before it, and the buttons for this caller."""

    id: int
    n: int
    state: TermsState
    starts: date
    ends: date | None
    terms: Terms
    note: str
    drafted_by: str
    drafted_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    in_force: bool
    changes: list[DifferenceOut]
    possible: list[TermsEvent]

    @classmethod
    def of(cls, row: ProgramVersion, before: ProgramVersion | None, *, in_force: bool, role: Role, by: str) -> Self:
        """As this caller may see it: whoever drafted it does not approve it."""
        terms = Terms(**row.terms)
        changes = Difference.between(Terms(**before.terms), terms) if before else []
        possible = []
        if row.state is TermsState.DRAFT:
            possible = [TermsEvent.APPROVE] if role in APPROVERS and row.drafted_by != by else []
            possible += [TermsEvent.DROP] if role in WRITERS else []
        return cls(
            id=row.id, n=row.n, state=row.state, starts=row.starts, ends=row.ends, terms=terms, note=row.note,
            drafted_by=row.drafted_by, drafted_at=row.drafted_at, approved_by=row.approved_by,
            approved_at=row.approved_at, in_force=in_force,
            changes=[DifferenceOut(**vars(one)) for one in changes], possible=possible,
        )  # fmt: skip


class ProgramOut(BaseModel):
    """A programme with all its versions, the newest first, and what it has granted and paid in a month."""

    id: int
    code: str
    kind: ProgramKind
    name_zh: str
    name_en: str
    may_draft: bool
    elders: int
    granted_cents: int
    spent_cents: int
    versions: list[ProgramVersionOut]

    @classmethod
    def of(
        cls, row: Program, versions: list[ProgramVersion], now_id: int | None, sums: tuple[int, int, int], role: Role,
        by: str,
    ) -> Self:  # fmt: skip
        """Each version beside the approved one before it."""
        told = []
        for version in versions:
            older = [v for v in versions if v.n < version.n and v.state is TermsState.APPROVED]
            told.append(
                ProgramVersionOut.of(
                    version, older[0] if older else None, in_force=version.id == now_id, role=role, by=by
                )
            )
        return cls(
            id=row.id, code=row.code, kind=row.kind, name_zh=row.name_zh, name_en=row.name_en,
            may_draft=role in WRITERS, elders=sums[0], granted_cents=sums[1], spent_cents=sums[2], versions=told,
        )  # fmt: skip


class Programs(BaseModel):
    """All programmes of the district, in the order in which they pay this month."""

    month: date
    items: list[ProgramOut]


class DropIn(BaseModel):
    """Why."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class MonthRunIn(BaseModel):
    """The month to run over."""

    month: Month


class MonthRunOut(BaseModel):
    """A run over a month: how far, and what it has done."""

    id: int
    month: date
    by: str
    started_at: datetime
    ended_at: datetime | None
    elders: int
    done: int
    granted: int
    granted_cents: int
    adjusted: int
    adjusted_cents: int
    expired: int
    expired_cents: int
    work_seconds: float

    @classmethod
    def of(cls, row: MonthRun) -> Self:
        """As the page shows it."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class MonthRuns(BaseModel):
    """The last runs, the newest first."""

    items: list[MonthRunOut]


class FindingOut(BaseModel):
    """One rule, what it wants, what was found."""

    rule: EligibilityRule
    holds: bool
    wanted: Any
    found: Any


class VerdictOut(BaseModel):
    """One programme: what it gives the elder in the month and why, or why not."""

    program: str
    kind: ProgramKind
    name_zh: str
    name_en: str
    version: int
    eligible: bool
    cents: int
    cash_cents: int
    share_percent: int
    line_cap_cents: int | None
    days: int
    of_days: int
    pro_rata: bool
    findings: list[FindingOut]

    @classmethod
    def of(cls, one: InForce, verdict: Verdict) -> Self:
        """As a screen shows it."""
        return cls(
            program=one.code, kind=one.kind, name_zh=one.name_zh, name_en=one.name_en, version=one.n,
            eligible=verdict.eligible, cents=verdict.cents, cash_cents=verdict.cash_cents,
            share_percent=one.terms.share_percent, line_cap_cents=verdict.line_cap_cents, days=verdict.days,
            of_days=verdict.of_days, pro_rata=one.terms.pro_rata,
            findings=[FindingOut(**vars(finding)) for finding in verdict.findings],
        )  # fmt: skip


class EnrolIn(BaseModel):
    """Onto a programme's list: from when, by which decision, at which level, who applied."""

    program_id: int
    starts: date = Field(ge=date(2000, 1, 1), le=date(2090, 1, 1))
    ends: date | None = Field(None, ge=date(2000, 1, 1), le=date(2090, 1, 1))
    level: str | None = Field(None, pattern=r"^[1-5]$")
    decision: str = Field(min_length=1, max_length=100)
    agent_name: str | None = Field(None, max_length=60)
    agent_relation: str | None = Field(None, max_length=30)


class StrikeIn(DropIn):
    """The last day on the list, and why."""

    last_day: date = Field(ge=date(2000, 1, 1), le=date(2090, 1, 1))


class EnrolmentOut(BaseModel):
    """A line of a list."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    program_id: int
    name_zh: str = ""
    name_en: str = ""
    starts: date
    ends: date | None
    level: str | None
    decision: str
    by: str
    at: datetime

    @classmethod
    def of(cls, row: Enrolment, program: Program) -> Self:
        """As the desk sees it."""
        names = {"name_zh": program.name_zh, "name_en": program.name_en}
        return cls.model_validate(row).model_copy(update=names)


class ListedElder(BaseModel):
    """Somebody on a programme's list."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    elder_id: int
    elder_name: str
    elder_level: AbilityLevel
    starts: date
    ends: date | None
    level: str | None
    decision: str
    by: str


class ProgramList(BaseModel):
    """Who is on a programme's list, the latest first."""

    items: list[ListedElder]


class Eligibility(BaseModel):
    """Every programme of a month for an elder, and the lists she stands on."""

    month: date
    verdicts: list[VerdictOut]
    lists: list[EnrolmentOut]
