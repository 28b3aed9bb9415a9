"""Taking what phones report, judging finished visits, and what a person may do about the record."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import calendar
from app.config import settings
from app.db import notice
from app.funding.rules import GraceOver
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.rules import VISIT_ENDED, VisitEvent, VisitState
from app.orders.tables import Visit
from app.people.tables import Caregiver, Home
from app.places.rules import Place, metres
from app.planning import attending
from app.planning import queries as planning
from app.planning.rules import ATTENDANCE_MOVES, BEGUN, AttendanceEvent, AttendanceState
from app.planning.tables import Attendance
from app.visits import doubts, proof, proof_queries, queries, spoken, stays
from app.visits.rules import (
    HOLDING,
    SAID,
    STEPS,
    EventKind,
    Finding,
    Flaw,
    NotDelivered,
    Outcome,
    TaskOutcome,
    happened,
    judge,
)
from app.visits.tables import EventOutcome, TaskResult, VisitFlaw
from app.visits.tables import VisitEvent as RawEvent

PLATFORM = "platform"


@dataclass(frozen=True)
class Reported:
    """One event as a phone sends it."""

    id: uuid.UUID
    kind: EventKind
    attendance_id: int
    seq: int
    at: datetime
    offset_ms: int | None = None
    place: Place | None = None
    data: dict[str, Any] = field(default_factory=dict)
    device: uuid.UUID | None = None
    clock_off_ms: int | None = None


@dataclass(frozen=True)
class Told:
    """What became of an event; `problem` is a code the phone has words for."""

    id: uuid.UUID
    outcome: Outcome
    problem: str | None = None


def receive(
    session: Session, caregiver_id: int, batch: Sequence[Reported], *, sent_at: datetime | None, by: str, now: datetime
) -> list[Told]:
    """Keep every event, each once, and apply what can be applied, in whatever order it comes.

    What clashes with the plan is kept and asks for attention; an event that came too early is applied when those
    before it arrive. Nothing a phone reports is ever refused.
    """
    caregiver = session.get_one(Caregiver, caregiver_id)
    known = queries.outcomes(session, caregiver.district_id, [r.id for r in batch])
    attendances = _lock(session, caregiver_id, {r.attendance_id for r in batch if r.id not in known})
    told: dict[uuid.UUID, Told] = {}
    for reported in sorted(batch, key=lambda r: r.seq):
        if reported.id in told:
            continue
        attendance = attendances.get(reported.attendance_id)
        raw = _keep(session, caregiver, attendance, reported, sent_at=sent_at, now=now)
        if raw is None:
            told[reported.id] = _again(session, caregiver.district_id, reported.id)
            continue
        problem = _apply(session, raw, attendance, by=by, now=now)
        outcome = Outcome.ATTENTION if problem else Outcome.ACCEPTED
        session.add(
            EventOutcome(
                district_id=raw.district_id, event_id=raw.event_id, attendance_id=raw.attendance_id, outcome=outcome,
                problem=problem, at=now,
            )
        )  # fmt: skip
        session.flush()
        if problem:
            notice(session, raw.district_id, f"set_aside/{raw.id}")
        told[reported.id] = Told(reported.id, outcome, problem)
        if attendance is not None and not problem:
            told |= _catch_up(session, attendance, by=by, now=now, batch={r.id for r in batch})
    for visit_id in sorted({a.visit_id for a in attendances.values()}):
        settle(session, order_queries.visit(session, visit_id), now=now)
    return [told[r.id] for r in batch]


def _lock(session: Session, caregiver_id: int, ids: set[int]) -> dict[int, Attendance]:
    """The caregiver's own among these; their visits are locked in one order, so that partners never block."""
    rows = session.execute(
        select(Attendance.id, Attendance.visit_id)
        .where(Attendance.id.in_(ids), Attendance.caregiver_id == caregiver_id)
        .order_by(Attendance.visit_id, Attendance.id)
    ).all()  # numbers only: a row read before its lock would be stale behind it
    for visit_id in dict.fromkeys(row.visit_id for row in rows):
        order_queries.visit(session, visit_id, lock=True)
    return {row.id: planning.attendance(session, row.id, lock=True) for row in rows}


def _keep(
    session: Session, caregiver: Caregiver, attendance: Attendance | None, reported: Reported, *,
    sent_at: datetime | None, now: datetime,
) -> RawEvent | None:  # fmt: skip
    """Store the event as it came; None when it is there already, also when a twin of this request is storing it now."""
    distance = None
    if attendance is not None and reported.place is not None:
        home = session.get_one(Home, order_queries.visit(session, attendance.visit_id).home_id)
        distance = round(metres(reported.place, Place.of(home.place)), 1)
    owner: Attendance | Caregiver = attendance or caregiver
    row_id = session.scalar(
        insert(RawEvent)
        .values(
            district_id=caregiver.district_id, division_code=owner.division_code, provider_id=owner.provider_id,
            event_id=reported.id, kind=reported.kind, caregiver_id=caregiver.id, attendance_id=reported.attendance_id,
            visit_id=attendance.visit_id if attendance else 0, device=reported.device, seq=reported.seq,
            device_at=reported.at,
            offset_ms=reported.offset_ms, received_at=now,
            happened_at=happened(
                reported.at, received_at=now, offset_ms=reported.offset_ms, sent_at=sent_at,
                clock_off_ms=reported.clock_off_ms,
            ),
            place=reported.place.as_json() if reported.place else None,
            accuracy_m=reported.place.accuracy_m if reported.place else None, distance_m=distance, data=reported.data,
        )
        .on_conflict_do_nothing(index_elements=["district_id", "event_id"])
        .returning(RawEvent.id)
    )  # fmt: skip
    return None if row_id is None else session.get_one(RawEvent, (caregiver.district_id, row_id))


def _again(session: Session, district_id: int, event_id: uuid.UUID) -> Told:
    """The answer to an event that is known."""
    kept = queries.outcomes(session, district_id, [event_id])[event_id]
    outcome = Outcome.ATTENTION if kept.outcome is Outcome.ATTENTION else Outcome.REPEATED
    return Told(event_id, outcome, kept.problem)


def _catch_up(
    session: Session, attendance: Attendance, *, by: str, now: datetime, batch: set[uuid.UUID]
) -> dict[uuid.UUID, Told]:
    """Events that came too early may fit now."""
    told, again = {}, True
    while again:
        again = False
        for raw, outcome in queries.unapplied(session, attendance):
            if _apply(session, raw, attendance, by=by, now=now) is None:
                outcome.outcome, outcome.problem, outcome.at = Outcome.ACCEPTED, None, now
                session.flush()
                if raw.event_id in batch:
                    told[raw.event_id] = Told(raw.event_id, Outcome.ACCEPTED)
                again = True
    return told


def replay(session: Session, attendance: Attendance, *, by: str, now: datetime) -> None:
    """Let what was kept have its effect, for the visit is hers again."""
    _catch_up(session, attendance, by=by, now=now, batch=set())


def _apply(session: Session, raw: RawEvent, attendance: Attendance | None, *, by: str, now: datetime) -> str | None:
    """Let the event have its effect; else the code of what is in the way."""
    if attendance is None:
        return "not_yours"
    if raw.kind is EventKind.NOTE:
        notice(session, raw.district_id, f"visits/{raw.visit_id}")
        return None
    if attendance.state in (AttendanceState.WITHDRAWN, AttendanceState.DECLINED):
        if raw.kind is EventKind.INCIDENT:  # told of a home she no longer had to go to: it happened all the same
            proof.take(session, raw, attendance, order_queries.visit(session, attendance.visit_id), now=now)
        _flag(session, attendance, Flaw.PLAN_CLASH, now=now, event=raw.kind.value)
        return "plan_changed"
    if raw.kind in SAID:
        return proof.take(session, raw, attendance, order_queries.visit(session, attendance.visit_id), now=now)
    if raw.kind is EventKind.TASK:
        return _task(session, raw, attendance, now=now)
    event = AttendanceEvent(raw.kind.value)
    if (attendance.state, event) not in ATTENDANCE_MOVES:
        spoken.better(session, raw, attendance, order_queries.visit(session, attendance.visit_id))
        return _behind(attendance, raw)
    if event is AttendanceEvent.DECLINE:
        attending.decline(session, attendance, by=by, now=now, reason=str(raw.data.get("reason") or "unsaid"))
        return None
    visit = order_queries.visit(session, attendance.visit_id)
    if event is AttendanceEvent.NOT_DELIVERED:
        return _turned_back(session, raw, attendance, visit, by=by, now=now)
    attending.move(session, attendance, event, by=by, now=now, happened_at=raw.happened_at)
    if event is AttendanceEvent.START and visit.state is VisitState.PUBLISHED:
        orders.move_visit(session, visit, VisitEvent.BEGIN, by=by, now=now)
    return None


def _behind(attendance: Attendance, raw: RawEvent) -> str | None:
    """A step that others have overtaken is accepted and changes nothing but a time nobody knew yet."""
    step, reached = STEPS.get(raw.kind.value, 0), STEPS[attendance.state.value]
    if not step:
        return "not_possible"
    if step > reached:
        return "out_of_order"
    if raw.kind is EventKind.ARRIVE and attendance.arrived_at is None:
        attendance.arrived_at = raw.happened_at
    return None


def _task(session: Session, raw: RawEvent, attendance: Attendance, *, now: datetime) -> str | None:
    code, outcome = raw.data.get("task"), raw.data.get("outcome")
    if not isinstance(code, str) or outcome not in set(TaskOutcome):
        return "unreadable"
    values = {
        "outcome": TaskOutcome(outcome), "reason": raw.data.get("reason"), "device": raw.device, "seq": raw.seq,
        "at": raw.happened_at,
    }  # fmt: skip
    statement = insert(TaskResult).values(
        district_id=raw.district_id, division_code=attendance.division_code, visit_id=attendance.visit_id,
        attendance_id=attendance.id, task=code, **values,
    )  # fmt: skip
    same = TaskResult.device.is_not_distinct_from(raw.device)  # two phones of one person count apart
    later = (same & (TaskResult.seq < raw.seq)) | (~same & (TaskResult.at < raw.happened_at))
    session.execute(statement.on_conflict_do_update(index_elements=["attendance_id", "task"], set_=values, where=later))
    attending.tell(session, attendance)
    return None


def _turned_back(
    session: Session, raw: RawEvent, attendance: Attendance, visit: Visit, *, by: str, now: datetime
) -> str | None:
    """No one home, refused …: the visit ends, the money is released, a partner need not come."""
    given = raw.data.get("reason")
    reason = NotDelivered(given) if given in set(NotDelivered) else NotDelivered.OTHER
    if visit.state in (VisitState.HELD, *VISIT_ENDED):
        return "already_ended"
    attending.move(
        session, attendance, AttendanceEvent.NOT_DELIVERED, by=by, now=now, reason=reason, happened_at=raw.happened_at
    )
    orders.move_visit(session, visit, VisitEvent.FAIL, by=by, now=now, reason=reason)
    attending.free(session, visit, by=by, now=now, reason=reason)
    return None


def settle(session: Session, visit: Visit, *, now: datetime) -> None:
    """A visit whose people have all finished is judged: it verifies itself, or is held with its reasons."""
    there = planning.had_to_come(session, visit.id)
    if any(a.state in BEGUN | {AttendanceState.FINISHED} for a in there):
        resolve(session, visit, {Flaw.NOT_STARTED}, by=PLATFORM, now=now, resolution="came")
    if visit.state is VisitState.VERIFIED and not queries.tasks_missing(session, visit):
        resolve(session, visit, {Flaw.TASKS_MISSING}, by=PLATFORM, now=now, resolution="record completed")
    if visit.state in (VisitState.DONE, VisitState.UNDER_WAY, VisitState.HELD):
        finished = bool(there) and all(a.state is AttendanceState.FINISHED for a in there)
        if finished and len(there) >= visit.caregivers_needed:
            _judge(session, visit, now=now)
    elif visit.state is VisitState.VERIFIED:
        proof.grade(session, visit, now=now)  # a late phone adds its proofs; what was paid stays paid
        _doubt(session, visit, now=now)


def _judge(session: Session, visit: Visit, *, now: datetime) -> None:
    held = rejudge(session, visit, now=now)
    if visit.state is VisitState.UNDER_WAY:
        orders.move_visit(session, visit, VisitEvent.FINISH, by=PLATFORM, now=now)
    if held:
        hold(session, visit, held, now=now)
    elif not queries.corrections(session, visit.district_id, visit.id):  # what a person mended, a person verifies
        _verify_itself(session, visit, now=now)


def rejudge(session: Session, visit: Visit, *, now: datetime) -> list[str]:
    """Show every flaw of the record as it stands; the answer is what holds the visit."""
    findings = [
        *judge(
            queries.records(session, visit), least_minutes=visit.least_minutes, geofence_m=settings().geofence_m,
            caregivers=visit.caregivers_needed, tasks_missing=queries.tasks_missing(session, visit),
        ),
        *stays.cross_findings(session, visit),
        *proof_queries.stops_ignored(session, visit, queries.events(session, visit.district_id, visit.id)),
        *doubtful(session, visit),
    ]  # fmt: skip
    found = proof.grade(session, visit, now=now)
    if not found.payable and not any(one.flaw in HOLDING for one in findings):  # else it is held and looked at anyway
        findings.append(Finding(Flaw.WEAK_PROOF, None, {"grade": found.grade, "least": found.least}))
    show(session, visit, findings, now=now)
    return sorted({f.flaw.value for f in findings if f.flaw in HOLDING})


def doubtful(session: Session, visit: Visit) -> list[Finding]:
    """What its photos and the telephones that confirmed it say against it, by the terms of its day."""
    terms = stays.terms_on(session, visit.district_id, calendar.day_of(visit.starts_at or visit.opens))
    found = doubts.of_photos(session, visit, queries.records(session, visit), terms)
    return [*found, *doubts.of_telephones(session, visit, terms)]


def _doubt(session: Session, visit: Visit, *, now: datetime) -> None:
    """A photo that came after the visit counted may still speak against it; what a person has settled stays settled."""
    known = {(row.flaw, row.attendance_id, row.facts.get("photo_id")) for row in queries.all_flaws(session, visit.id)}
    new = [f for f in doubtful(session, visit) if (f.flaw, f.attendance_id, f.facts.get("photo_id")) not in known]
    if new:
        show(session, visit, [*standing(queries.open_flaws(session, [visit.id]).get(visit.id, ())), *new], now=now)


def standing(rows: Sequence[VisitFlaw]) -> list[Finding]:
    """Open flaws as findings, to be shown on."""
    return [Finding(row.flaw, row.attendance_id, row.facts) for row in rows]


def hold(session: Session, visit: Visit, reasons: Sequence[str], *, now: datetime) -> None:
    """Into the desk's queue."""
    if visit.state is not VisitState.HELD:
        orders.move_visit(session, visit, VisitEvent.HOLD, by=PLATFORM, now=now, reason=",".join(reasons))


def _verify_itself(session: Session, visit: Visit, *, now: datetime) -> None:
    try:
        with session.begin_nested():
            orders.move_visit(session, visit, VisitEvent.VERIFY, by=PLATFORM, now=now)
    except GraceOver:
        session.refresh(visit)
        show(session, visit, [Finding(Flaw.MONTH_SETTLED)], now=now)
        hold(session, visit, [Flaw.MONTH_SETTLED], now=now)


def show(session: Session, visit: Visit, findings: Sequence[Finding], *, now: datetime) -> None:
    """Make the open flaws say what was found: new ones are raised, vanished ones resolve themselves."""
    keep = {Flaw.PLAN_CLASH}
    found = {(f.flaw, f.attendance_id, f.facts.get("end")): f for f in findings}
    for row in queries.open_flaws(session, [visit.id]).get(visit.id, ()):
        if found.pop((row.flaw, row.attendance_id, row.facts.get("end")), None) is None and row.flaw not in keep:
            row.resolved_at, row.resolved_by, row.resolution = now, PLATFORM, "record completed"
    session.add_all(
        VisitFlaw(
            district_id=visit.district_id, division_code=visit.division_code, visit_id=visit.id, flaw=f.flaw,
            attendance_id=f.attendance_id, facts=f.facts, raised_at=now,
        )
        for f in found.values()
    )  # fmt: skip
    session.flush()
    notice(session, visit.district_id, f"visits/{visit.id}")


def _flag(session: Session, attendance: Attendance, flaw: Flaw, *, now: datetime, **facts: Any) -> None:
    rows = queries.open_flaws(session, [attendance.visit_id]).get(attendance.visit_id, ())
    if any((row.flaw, row.attendance_id) == (flaw, attendance.id) for row in rows):
        return
    session.add(
        VisitFlaw(
            district_id=attendance.district_id, division_code=attendance.division_code, visit_id=attendance.visit_id,
            attendance_id=attendance.id, flaw=flaw, facts=facts, raised_at=now,
        )
    )  # fmt: skip
    session.flush()
    notice(session, attendance.district_id, f"visits/{attendance.visit_id}")


def resolve(
    session: Session, visit: Visit, flaws: set[Flaw] | None, *, by: str, now: datetime, resolution: str
) -> None:
    """Settle open flaws, all of them where none are named."""
    for row in queries.open_flaws(session, [visit.id]).get(visit.id, ()):
        if flaws is None or row.flaw in flaws:
            row.resolved_at, row.resolved_by, row.resolution = now, by, resolution
    session.flush()
