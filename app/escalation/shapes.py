"""What the screens are told of a tree, and what they send."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.access.rules import PLANNERS
from app.escalation import defaults, queries
from app.escalation.rules import (
    COUNTS,
    AlarmKind,
    Living,
    Moment,
    Reached,
    RungKind,
    Tree,
    faults,
    goes_after,
    kind_of,
    minutes,
)
from app.escalation.tables import TreeTemplate, TreeVersion
from app.people.rules import AbilityLevel, Relation
from app.vault import mask_phone


class TreeContact(BaseModel):
    """Somebody a rung may call."""

    id: int
    name: str
    relation: Relation
    stands: RungKind
    phone: str  # masked
    has_key: bool
    minutes_away: int | None


class HintOut(BaseModel):
    """Why somebody should look at this tree again."""

    code: str
    rung: int | None
    contact_id: int | None
    at: datetime | None
    seconds: int | None


class FaultOut(BaseModel):
    """Why a tree cannot be kept."""

    code: str
    text: str
    rung: int | None


class MomentOut(BaseModel):
    """What happens from when to when, seconds after the press."""

    at: int
    until: int
    what: str
    rung: int | None
    attempt: int | None
    beside: bool
    left: bool


class CourseOut(BaseModel):
    """What happens when nobody claims and nobody answers."""

    kind: AlarmKind
    moments: list[MomentOut]
    goes_after: int | None  # seconds until somebody is sent, or 120 is called

    @classmethod
    def of(cls, tree: Tree, kind: AlarmKind, *, starts: int, all_at: int, lead_at: int) -> "CourseOut":
        """Of one kind of alarm."""
        told: list[Moment] = minutes(tree, kind, starts=starts, all_at=all_at, lead_at=lead_at)
        return cls(kind=kind, moments=[MomentOut(**vars(moment)) for moment in told], goes_after=goes_after(told))


class VersionOut(BaseModel):
    """One version of an elder's tree."""

    n: int
    made_at: datetime
    made_by: str
    reviewed_at: datetime
    reviewed_by: str
    ended_at: datetime | None
    note: str | None
    rungs: int

    @classmethod
    def of(cls, version: TreeVersion) -> "VersionOut":
        """As the history shows it."""
        return cls(
            n=version.n, made_at=version.made_at, made_by=version.made_by, reviewed_at=version.reviewed_at,
            reviewed_by=version.reviewed_by, ended_at=version.ended_at, note=version.note,
            rungs=len(version.tree["rungs"]),
        )  # fmt: skip


class TreeOut(BaseModel):
    """An elder's tree as it holds now, with everything its editor needs."""

    n: int | None  # none: the default holds
    tree: Tree
    default: Tree
    living: Living
    level: AbilityLevel
    template_n: int | None  # none: built in
    differences: list[dict[str, Any]]
    hints: list[HintOut]
    faults: list[FaultOut]
    contacts: list[TreeContact]
    counts: dict[RungKind, list[Reached]]  # what may count as reached on each kind of rung
    versions: list[VersionOut]
    speaks: bool
    phone: bool
    may_change: bool

    @classmethod
    def of(cls, session: Session, found: queries.Held, me: Caller, *, starts: int, now: datetime) -> "TreeOut":
        """As this caller sees it."""
        return cls(
            n=found.version.n if found.version else None, tree=found.tree, default=found.default, living=found.living,
            level=found.elder.level, template_n=found.template_n,
            differences=queries.differences(found.tree, found.default),
            hints=[HintOut(**vars(hint)) for hint in queries.hints(session, found, starts=starts, now=now)],
            faults=[FaultOut(**vars(fault)) for fault in faults(found.tree, found.known)],
            contacts=[
                TreeContact(
                    id=contact.id, name=contact.name, relation=contact.relation, stands=kind_of(contact.relation),
                    phone=mask_phone(contact.phone), has_key=contact.has_key, minutes_away=contact.minutes_away,
                )
                for contact in found.contacts
            ],
            counts={kind: list(reached) for kind, reached in COUNTS.items()},
            versions=[VersionOut.of(version) for version in queries.versions(session, found.elder.id)],
            speaks=found.known.speaks, phone=found.known.phone, may_change=me.role in PLANNERS,
        )  # fmt: skip


class TreeIn(BaseModel):
    """An edited tree, and the version it began from."""

    tree: Tree
    based_on: int | None = None
    note: str | None = Field(None, max_length=500)


class BasedOn(BaseModel):
    """The version somebody looked at."""

    n: int | None = None


class PreviewIn(BaseModel):
    """A tree that is being edited."""

    tree: Tree
    kind: AlarmKind = AlarmKind.SOS


class PreviewOut(BaseModel):
    """What is wrong with it, what it does otherwise than the default, and what it would do."""

    faults: list[FaultOut]
    differences: list[dict[str, Any]]
    course: CourseOut


class TemplateOut(BaseModel):
    """The default for one ability level and living situation; `n` is none for the built-in one."""

    level: AbilityLevel
    living: Living
    n: int | None
    template: defaults.Template
    made_at: datetime | None
    made_by: str | None
    note: str | None


class Templates(BaseModel):
    """One for each ability level and living situation, and every version the district had."""

    items: list[TemplateOut]
    history: list[TemplateOut]
    counts: dict[RungKind, list[Reached]]  # what may count as reached on each kind of rung
    may_change: bool

    @classmethod
    def of(cls, session: Session, district_id: int, *, may_change: bool) -> "Templates":
        """Of a district."""
        rows = queries.templates(session, district_id)
        own = {(row.level, row.living): row for row in rows if row.ended_at is None}
        return cls(
            items=[
                template_out(own[level, living]) if (level, living) in own
                else TemplateOut(level=level, living=living, n=None, template=template, made_at=None, made_by=None,
                                 note=None)
                for level, both in defaults.BUILT_IN.items() for living, template in both.items()
            ],
            history=[template_out(row) for row in rows],
            counts={kind: list(reached) for kind, reached in COUNTS.items()}, may_change=may_change,
        )  # fmt: skip


def template_out(row: TreeTemplate) -> TemplateOut:
    """A stored template."""
    return TemplateOut(
        level=row.level, living=row.living, n=row.n, template=defaults.Template.model_validate(row.template),
        made_at=row.made_at, made_by=row.made_by, note=row.note,
    )  # fmt: skip


class TemplateIn(BaseModel):
    """A default of the district's own."""

    level: AbilityLevel
    living: Living
    template: defaults.Template
    note: str | None = Field(None, max_length=500)
