"""Visits as the API shows them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import history
from app.access import actions as access
from app.access.queries import Caller
from app.access.rules import DESK, PLANNERS, Role
from app.catalogue.rules import half_up
from app.catalogue.tables import ServiceItem
from app.orders import queries as orders
from app.orders.rules import VISIT_ENDED, VisitState, visit_possible
from app.orders.tables import Visit
from app.people.tables import Caregiver, Elder, Home
from app.planning import queries as planning
from app.planning.rules import MOVABLE, AttendanceState
from app.planning.tables import Attendance
from app.vault import mask_name
from app.visits import partial, queries
from app.visits.appeal_rules import AppealState
from app.visits.appeal_tables import Appeal
from app.visits.proof_rules import Grade
from app.visits.proof_shapes import EvidenceOut, bare
from app.visits.queries import VisitRow
from app.visits.rules import DOUBTS, Cause, EventKind, Flaw, Outcome, Resolution, TaskOutcome
from app.visits.tables import Correction, TaskResult, VisitEvent
from app.visits.terms_rules import NothingMissing, PartRule

WORKED = frozenset(set(VisitState) - VISIT_ENDED - MOVABLE)


class TimeIn(BaseModel):
    """One time laid over what was reported: which, why, and what it rests on."""

    field: str = Field(description="started_at or finished_at")
    value: AwareDatetime
    cause: Cause
    resolution: Resolution
    memo: str | None = Field(None, max_length=200)


class FlawOut(BaseModel):
    """Something odd, with the figures of a sentence."""

    model_config = ConfigDict(from_attributes=True)

    flaw: Flaw
    attendance_id: int | None
    facts: dict[str, Any]
    raised_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None


class VisitRowOut(BaseModel):
    """One line of the queue."""

    id: int
    elder_id: int
    elder_name: str
    item: str
    item_zh: str
    item_en: str
    starts_at: datetime
    state: VisitState
    possible: list[str]
    caregivers: list[str]
    reasons: list[str]
    held_since: datetime | None
    flaws: list[FlawOut]
    grade: Grade | None

    @classmethod
    def of(cls, row: VisitRow, role: Role) -> Self:
        """As this role may see it."""
        flaws = [FlawOut.model_validate(flaw) for flaw in row.flaws]
        doubted = any(one.flaw in DOUBTS for one in flaws)
        held = row.state is VisitState.HELD or doubted
        return cls(
            id=row.id, elder_id=row.elder_id, elder_name=row.elder if role in DESK else mask_name(row.elder),
            item=row.item_code, item_zh=row.item_zh, item_en=row.item_en, starts_at=row.starts_at or row.opens,
            state=row.state, possible=buttons(row.state, role, doubted=doubted), caregivers=list(row.caregivers),
            reasons=sorted({flaw.flaw.value for flaw in flaws}) or (row.reason or "").split(",")[:1],
            held_since=min((f.raised_at for f in flaws), default=None) if held else None,
            flaws=flaws, grade=row.grade,
        )  # fmt: skip


class VisitRowsOut(BaseModel):
    """A page of them."""

    items: list[VisitRowOut]
    next: str | None


class PlaceOut(BaseModel):
    """WGS-84, with the radius it is known to."""

    lat: float
    lon: float
    accuracy_m: float | None = None


class RawOut(BaseModel):
    """An event as the phone reported it; `at` by the server's clock, `device_at` by the phone's."""

    id: str
    kind: EventKind
    at: datetime
    device_at: datetime
    received_at: datetime
    skew_seconds: int
    place: PlaceOut | None
    distance_m: float | None
    caregiver: str
    outcome: Outcome
    problem: str | None
    data: dict[str, Any]


class CorrectionOut(BaseModel):
    """A time laid over."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    field: str
    before: datetime | None
    after: datetime
    cause: Cause
    resolution: Resolution
    memo: str | None
    by: str
    at: datetime


class AttendanceWhole(BaseModel):
    """One caregiver at the visit: what counts, what was reported, what was corrected."""

    id: int
    caregiver_id: int
    caregiver: str
    state: AttendanceState
    possible: list[str]
    starts_at: datetime
    ends_at: datetime
    arrived_at: datetime | None
    started_at: datetime | None
    left_at: datetime | None
    minutes: int | None
    reason: str | None
    events: list[RawOut]
    corrections: list[CorrectionOut]


class TaskOut(BaseModel):
    """A task of the item and how it went."""

    code: str
    zh: str
    en: str
    outcome: TaskOutcome | None
    reason: str | None


class StepOut(BaseModel):
    """One line of the visit's history."""

    at: datetime
    kind: str
    by: str | None
    text: str | None
    facts: dict[str, Any]


class PartOut(BaseModel):
    """The share a visit counts with, or would if it were verified in part now."""

    given: int
    of: int
    rule: PartRule | None
    cents: int
    settled: bool  # it counts so; else it would


class VisitWhole(BaseModel):
    """Everything about one visit; names and places only for the desk."""

    id: int
    order_id: int
    elder_id: int
    elder_name: str
    item: str
    item_zh: str
    item_en: str
    opens: datetime
    closes: datetime
    starts_at: datetime
    state: VisitState
    possible: list[str]
    reason: str | None
    evidence: EvidenceOut
    caregivers: list[str]
    reasons: list[str]
    held_since: datetime | None
    address: str
    place: PlaceOut | None
    planned_minutes: int
    least_minutes: int
    price_cents: int
    allowance_cents: int
    self_pay_cents: int
    part: PartOut | None
    appeal_id: int | None  # an open one
    attendances: list[AttendanceWhole]
    tasks: list[TaskOut]
    flaws: list[FlawOut]
    history: list[StepOut]

    @classmethod
    def read(cls, session: Session, visit: Visit, me: Caller) -> Self:
        """As this caller may see it; that the desk saw the door is on record."""
        session.flush()
        item, elder = session.get_one(ServiceItem, visit.item_id), session.get_one(Elder, visit.elder_id)
        home, full = session.get_one(Home, visit.home_id), me.role in DESK
        if full:
            access.note_look(
                session, me, elder_id=elder.id, field="address", reason=f"visit {visit.id}", now=datetime.now(UTC)
            )
        evidence = EvidenceOut.read(session, visit, full=full)
        if evidence.readings:
            access.note_look(
                session, me, elder_id=elder.id, field="readings", reason=f"visit {visit.id}", now=datetime.now(UTC)
            )
        attendances = _attendances(session, visit, full=full)
        open_flaws = queries.open_flaws(session, [visit.id]).get(visit.id, [])
        there = [a for a in attendances if a.state not in (AttendanceState.DECLINED, AttendanceState.WITHDRAWN)]
        lines = history.of(session, visit.district_id, "visits", visit.id)
        return cls(
            id=visit.id, order_id=visit.order_id, elder_id=elder.id, item=item.code, item_zh=item.name_zh,
            elder_name=elder.name if full else mask_name(elder.name), item_en=item.name_en, opens=visit.opens,
            closes=visit.closes, starts_at=visit.starts_at or visit.opens, state=visit.state,
            possible=_buttons(session, visit, me.role), reason=visit.reason, evidence=evidence,
            caregivers=[a.caregiver for a in there],
            reasons=sorted({flaw.flaw.value for flaw in open_flaws}),
            held_since=next((x.at for x in reversed(lines) if x.after == VisitState.HELD), None),
            address=f"{home.estate}{home.address}" if full else home.estate,
            place=PlaceOut(**{k: home.place[k] for k in ("lat", "lon", "accuracy_m")}) if full else None,
            planned_minutes=visit.minutes, least_minutes=visit.least_minutes, price_cents=visit.price_cents,
            allowance_cents=visit.allowance_cents, self_pay_cents=visit.self_pay_cents, attendances=attendances,
            part=_part(session, visit), appeal_id=_open_appeal(session, visit),
            tasks=tasks(orders.tasks_of(session, visit), queries.task_results(session, [visit.id]).get(visit.id, [])),
            flaws=[FlawOut.model_validate(f) for f in queries.all_flaws(session, visit.id)],
            history=[StepOut(at=x.at, kind=x.event, by=x.by, text=x.reason, facts=x.facts) for x in lines],
        )  # fmt: skip


def _part(session: Session, visit: Visit) -> PartOut | None:
    if (row := partial.last_of(session, visit.id)) is not None:
        return PartOut(given=row.given, of=row.whole, rule=row.rule, cents=row.due_cents, settled=True)
    if visit.state is not VisitState.HELD:
        return None
    try:
        rule, given, of = partial.share(session, visit)
    except NothingMissing:
        return None
    return PartOut(given=given, of=of, rule=rule, cents=half_up(visit.price_cents * given, of), settled=False)


def _open_appeal(session: Session, visit: Visit) -> int | None:
    return session.scalar(
        select(Appeal.id).where(Appeal.visit_id == visit.id, Appeal.state == AppealState.OPEN).limit(1)
    )


def _buttons(session: Session, visit: Visit, role: Role) -> list[str]:
    """As `buttons`; while an appeal is open, it is decided there. What was given in part may count in part."""
    doubted = queries.doubted(session, visit.id)
    possible = buttons(visit.state, role, doubted=doubted)
    if _open_appeal(session, visit):
        return [one for one in possible if one not in ("verify", "reject")]
    return possible + ["verify_part"] * ("verify" in possible and _part(session, visit) is not None)


def buttons(state: VisitState, role: Role, *, doubted: bool = False) -> list[str]:
    """What this role may do about the visit now; one that counts and is doubted may be found to count after all."""
    possible = [str(event) for event in visit_possible(state, role)]
    if doubted and state is VisitState.VERIFIED and "reject" in possible:
        possible.append("verify")
    if role in PLANNERS:
        possible += ["move"] * (state in MOVABLE) + ["correct"] * (state in WORKED)
    return possible


def tasks(agreed: Sequence[Any], results: Sequence[TaskResult]) -> list[TaskOut]:
    """The item's tasks in order, with the last that was said of each."""
    said = {row.task: row for row in results}
    return [
        TaskOut(
            code=task["code"], zh=task["zh"], en=task["en"],
            outcome=said[task["code"]].outcome if task["code"] in said else None,
            reason=said[task["code"]].reason if task["code"] in said else None,
        )
        for task in agreed
    ]  # fmt: skip


def _attendances(session: Session, visit: Visit, *, full: bool) -> list[AttendanceWhole]:
    said, laid_over = (
        queries.events(session, visit.district_id, visit.id), queries.corrections(session, visit.district_id, visit.id)
    )  # fmt: skip
    outcomes = queries.outcomes(session, visit.district_id, [event.event_id for event in said])
    made = []
    for attendance in planning.attendances(session, visit.id):
        name = session.get_one(Caregiver, attendance.caregiver_id).name
        mine = [e for e in said if e.attendance_id == attendance.id]
        raw = [_raw(e, name, outcomes[e.event_id].outcome, outcomes[e.event_id].problem, full=full) for e in mine]
        made.append(_attendance(attendance, name, raw, laid_over))
    return made


def _attendance(a: Attendance, name: str, raw: list[RawOut], laid_over: Sequence[Correction]) -> AttendanceWhole:
    times = queries.effective(a, laid_over)
    start, finish = times["started_at"], times["finished_at"]
    return AttendanceWhole(
        id=a.id, caregiver_id=a.caregiver_id, caregiver=name, state=a.state, possible=[], starts_at=a.starts_at,
        ends_at=a.ends_at, arrived_at=a.arrived_at, started_at=start, left_at=finish, reason=a.reason, events=raw,
        minutes=int((finish - start).total_seconds() // 60) if start and finish else None,
        corrections=[CorrectionOut.model_validate(c) for c in laid_over if c.attendance_id == a.id],
    )  # fmt: skip


def _raw(e: VisitEvent, name: str, outcome: Outcome, problem: str | None, *, full: bool) -> RawOut:
    place = PlaceOut(**{k: e.place[k] for k in ("lat", "lon", "accuracy_m")}) if e.place and full else None
    return RawOut(
        id=str(e.event_id), kind=e.kind, at=e.happened_at, device_at=e.device_at, received_at=e.received_at,
        skew_seconds=round((e.device_at - e.happened_at).total_seconds()), place=place, distance_m=e.distance_m,
        caregiver=name, outcome=outcome, problem=problem, data=bare(e.kind, e.data),
    )  # fmt: skip
