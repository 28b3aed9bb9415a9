"""The dispatcher's board of one day: lanes of caregivers, visits with who comes, what is wrong and why, the plan."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

import dispatch
from app.access.rules import PLANNERS, Role
from app.jobs.rules import OPEN, JobEvent, JobState
from app.jobs.rules import possible as job_possible
from app.jobs.tables import Job
from app.orders.rules import VisitState, visit_possible
from app.places.rules import Mode, Place
from app.planning import queries
from app.planning.actions import DRAFT, accepted
from app.planning.day import Day, DayVisit, Going, caregiver_of, plan_of, question
from app.planning.rules import MOVABLE, AttendanceEvent, AttendanceState, PlanState, attendance_possible, plan_possible
from app.planning.tables import Plan
from app.vault import mask_name


class PointOut(BaseModel):
    """WGS-84."""

    lat: float
    lon: float

    @classmethod
    def near(cls, place: Place) -> "PointOut":
        """To a thousandth of a degree: a map of the whole day shows the estate, not the door."""
        return cls(lat=round(place.lat, 3), lon=round(place.lon, 3))


class SpanOut(BaseModel):
    """A stretch of time."""

    starts_at: datetime
    ends_at: datetime


class FaultOut(BaseModel):
    """A broken rule; `accepted` when somebody took it on themselves. `facts` are seconds of the local day."""

    rule: str
    visit_id: int | None
    caregiver_id: int | None
    facts: dict[str, Any]
    accepted: bool

    @classmethod
    def of(cls, fault: dispatch.Fault, *, accepted: bool = False) -> "FaultOut":
        """As the board shows it."""
        return cls(
            rule=fault.rule, visit_id=int(fault.visit) if fault.visit else None, facts=dict(fault.facts),
            caregiver_id=caregiver_of(fault.caregiver) if fault.caregiver else None, accepted=accepted,
        )  # fmt: skip


class AttendanceOut(BaseModel):
    """A caregiver at a visit; `id` is null for a draft's line, which nobody has been told of."""

    id: int | None
    caregiver_id: int
    caregiver: str
    rank: int
    state: AttendanceState
    possible: list[AttendanceEvent]
    starts_at: datetime
    ends_at: datetime
    urgent: bool


class ReasonOut(BaseModel):
    """Why nobody comes: the first rule in each caregiver's way, the cheapest way out, and both in words."""

    kind: str
    zh: str
    en: str
    blocking: dict[str, Any]
    remedy: dict[str, Any]


class BoardVisit(BaseModel):
    """One visit of the day. `attendances` were promised; `proposed` is the draft's wish where a draft is open."""

    id: int
    elder_id: int
    elder: str
    estate: str
    place: PointOut
    item_code: str
    item_zh: str
    item_en: str
    aid: str
    minutes: int
    caregivers_needed: int
    needs: list[str]
    sex: str
    opens: datetime
    closes: datetime
    starts_at: datetime | None
    priority: int
    state: VisitState
    possible: list[str]
    attendances: list[AttendanceOut]
    proposed: list[AttendanceOut] | None
    pinned: bool
    faults: list[FaultOut]
    reason: ReasonOut | None


class Lane(BaseModel):
    """One caregiver's day."""

    id: int
    name: str
    sex: str
    provider_id: int
    mode: Mode
    skills: list[str]
    responder: bool
    base: PointOut
    shifts: list[SpanOut]
    absent: str | None
    minutes_left: int
    faults: list[FaultOut]


class PlanOut(BaseModel):
    """A version of the day's plan."""

    id: int
    version: int
    revision: int
    state: PlanState
    possible: list[str]
    engine: str
    seed: int
    iterations: int
    cost: dict[str, int]
    created_at: datetime
    published_at: datetime | None

    @classmethod
    def of(cls, plan: Plan, role: Role) -> "PlanOut":
        """As its row, with the buttons of this role."""
        possible = [*map(str, plan_possible(plan.state)), *(["discard"] if plan.state is PlanState.DRAFT else [])]
        return cls(
            id=plan.id, version=plan.version, revision=plan.revision, state=plan.state, engine=plan.engine,
            possible=possible if role in PLANNERS else [], seed=plan.seed, iterations=plan.iterations,
            cost=plan.cost, created_at=plan.created_at, published_at=plan.published_at,
        )  # fmt: skip


class JobOut(BaseModel):
    """Slow work, watched: `progress` are points {seconds, cost, unserved}."""

    id: int
    kind: str
    subject_id: int
    state: JobState
    possible: list[JobEvent]
    progress: list[dict[str, Any]]
    error: str | None
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> "JobOut":
        """As its row."""
        return cls(
            id=job.id, kind=job.kind, subject_id=job.subject_id, state=job.state, possible=job_possible(job.state),
            progress=job.progress, error=job.error, created_at=job.created_at, ended_at=job.ended_at,
        )  # fmt: skip


class Board(BaseModel):
    """Everything of one day. `possible` are the day's own buttons; `draft` is null when none is open."""

    day: date
    possible: list[str]
    draft: PlanOut | None
    published: PlanOut | None
    job: JobOut | None
    caregivers: list[Lane]
    visits: list[BoardVisit]

    @property
    def etag(self) -> str:
        """The draft that was seen and its revision, then a hash of all that was shown."""
        seen = f"{self.draft.id}.{self.draft.revision}" if self.draft else "0.0"
        return f'"{seen}.{hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]}"'


def board(session: Session, district_id: int, day: date, role: Role) -> Board:
    """The board as this role may see it."""
    today = queries.day_of(session, district_id, day)
    draft = queries.plan(session, district_id, day, PlanState.DRAFT)
    published = queries.plan(session, district_id, day, PlanState.PUBLISHED)
    proposed = queries.lines(session, draft.id) if draft else None
    shown = draft or published
    reasons = queries.reasons(session, shown.id) if shown else {}
    faults = _faults(today, proposed)
    names = {c.id: c.name for c in today.caregivers}
    return Board(
        day=day, possible=["draft"] if role in PLANNERS else [],
        draft=PlanOut.of(draft, role) if draft else None, published=PlanOut.of(published, role) if published else None,
        job=_job(session, district_id, day), caregivers=[_lane(c, faults) for c in today.caregivers],
        visits=[_visit(v, names, proposed, faults, reasons.get(v.id), role) for v in today.visits],
    )  # fmt: skip


def _job(session: Session, district_id: int, day: date) -> JobOut | None:
    plan = queries.plan(session, district_id, day, PlanState.DRAFTING)
    query = select(Job).where(Job.kind == DRAFT, Job.subject_id == (plan.id if plan else 0), Job.state.in_(OPEN))
    job = session.scalar(query)
    return JobOut.of(job) if job else None


def _faults(day: Day, proposed: Mapping[int, Sequence[Going]] | None) -> list[FaultOut]:
    """What the judge has against what is shown: the draft over the attendances, or these alone."""
    problem = question(day, now=None).problem
    crews: dict[int, Sequence[Going]] = {v.id: v.crew for v in day.visits if v.crew}
    leaving = {str(v.id) for v in day.visits if any(g.state is AttendanceState.FINISHED for g in v.goings)}
    return [
        FaultOut.of(fault, accepted=accepted(day, fault))
        for fault in dispatch.faults(problem, plan_of(problem, day, crews | dict(proposed or {})))
        if not (fault.rule == "crew" and fault.visit in leaving)  # one of two has finished before the other
    ]


def _lane(caregiver: Any, faults: Sequence[FaultOut]) -> Lane:
    c = caregiver
    return Lane(
        id=c.id, name=c.name, sex=c.sex, provider_id=c.provider_id, mode=c.mode, skills=sorted(c.skills),
        responder=c.responder, base=PointOut.near(c.base), absent=c.absent,
        shifts=[SpanOut(starts_at=a, ends_at=b) for a, b in c.shifts], minutes_left=c.minutes_left,
        faults=[f for f in faults if f.visit_id is None and f.caregiver_id == c.id],
    )  # fmt: skip


def _visit(
    visit: DayVisit,
    names: Mapping[int, str],
    proposed: Mapping[int, Sequence[Going]] | None,
    faults: Sequence[FaultOut],
    reason: queries.ReasonRow | None,
    role: Role,
) -> BoardVisit:
    v = visit
    lines = None if proposed is None or v.state not in MOVABLE else proposed.get(v.id, ())
    named = role not in (Role.MANAGER, Role.SUPERVISOR)
    possible = [str(event) for event in visit_possible(v.state, role)]
    return BoardVisit(
        id=v.id, elder_id=v.elder_id, elder=v.elder if named else mask_name(v.elder), estate=v.estate,
        place=PointOut.near(v.place), item_code=v.item_code, item_zh=v.item_zh,
        item_en=v.item_en, aid=v.aid, minutes=v.minutes, caregivers_needed=v.caregivers, needs=sorted(v.needs),
        sex=v.sex, opens=v.opens, closes=v.closes, starts_at=v.starts_at, priority=v.priority, state=v.state,
        possible=possible + (["move"] if v.state in MOVABLE and role in PLANNERS else []),
        attendances=[_attendance(g, names) for g in v.goings],
        proposed=None if lines is None else [_attendance(g, names) for g in lines],
        pinned=v.pin is not None, faults=[f for f in faults if f.visit_id == v.id], reason=_reason(reason),
    )  # fmt: skip


def _reason(row: queries.ReasonRow | None) -> ReasonOut | None:
    if row is None:
        return None
    zh, en = row.sentence.get("zh-CN", ""), row.sentence.get("en", "")
    return ReasonOut(kind=row.kind, zh=zh, en=en, blocking=row.blocking, remedy=row.remedy)


def _attendance(going: Going, names: Mapping[int, str]) -> AttendanceOut:
    g = going
    return AttendanceOut(
        id=g.id or None, caregiver_id=g.caregiver_id, caregiver=names.get(g.caregiver_id, ""), rank=g.rank,
        state=g.state, possible=attendance_possible(g.state) if g.id else [], starts_at=g.starts_at, ends_at=g.ends_at,
        urgent=g.urgent,
    )  # fmt: skip
