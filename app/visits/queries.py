"""Reading what happened at the door: the record a visit is judged by, the queue of held ones, one visit whole."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from app.catalogue.tables import ServiceItem
from app.orders import queries as orders
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people.tables import Caregiver, Elder, Home
from app.places.rules import Place
from app.planning import queries as planning
from app.planning.rules import BEGUN, AttendanceState
from app.planning.tables import Attendance
from app.visits import proof_queries
from app.visits.proof_rules import Grade
from app.visits.rules import DOUBTS, LATE, OVERDUE, EventKind, Fix, Flaw, Outcome, Record
from app.visits.tables import Correction, EventOutcome, TaskResult, VisitEvent, VisitFlaw

PAGE = 50


def outcomes(session: Session, district_id: int, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, EventOutcome]:
    """What became of events already known."""
    rows = session.scalars(
        select(EventOutcome).where(EventOutcome.district_id == district_id, EventOutcome.event_id.in_(ids))
    )
    return {row.event_id: row for row in rows}


def unapplied(session: Session, attendance: Attendance) -> Sequence[tuple[VisitEvent, EventOutcome]]:
    """Events of an attendance that could not be applied when they came, in the phone's order."""
    rows = session.execute(
        select(VisitEvent, EventOutcome)
        .join(
            EventOutcome,
            (EventOutcome.district_id == VisitEvent.district_id) & (EventOutcome.event_id == VisitEvent.event_id),
        )
        .where(
            VisitEvent.district_id == attendance.district_id,
            VisitEvent.attendance_id == attendance.id,
            EventOutcome.outcome == Outcome.ATTENTION,
        )
        .order_by(VisitEvent.seq, VisitEvent.id)
    )
    return [(event, outcome) for event, outcome in rows]


def events(session: Session, district_id: int, visit_id: int) -> Sequence[VisitEvent]:
    """What phones reported of a visit, as it happened."""
    query = select(VisitEvent).where(VisitEvent.district_id == district_id, VisitEvent.visit_id == visit_id)
    return session.scalars(query.order_by(VisitEvent.happened_at, VisitEvent.id)).all()


def corrections(session: Session, district_id: int, visit_id: int) -> Sequence[Correction]:
    """What was laid over it, oldest first."""
    query = select(Correction).where(Correction.district_id == district_id, Correction.visit_id == visit_id)
    return session.scalars(query.order_by(Correction.id)).all()


def effective(attendance: Attendance, laid_over: Sequence[Correction]) -> dict[str, datetime | None]:
    """Start and finish of an attendance with its corrections laid over; the last one counts."""
    times = {"started_at": attendance.started_at, "finished_at": attendance.finished_at}
    return times | {c.field: c.after for c in laid_over if c.attendance_id == attendance.id}


def records(session: Session, visit: Visit) -> list[Record]:
    """How the visit stands, for everyone who had to come."""
    home = session.get(Home, visit.home_id)
    home_accuracy = Place.of(home.place).accuracy_m if home else 0.0
    said, laid_over = events(session, visit.district_id, visit.id), corrections(session, visit.district_id, visit.id)
    there = planning.had_to_come(session, visit.id)
    near = timedelta(minutes=proof_queries.evidence_rules(session, visit)[1].near_minutes)
    times = {a.id: effective(a, laid_over) for a in there}
    proven = [(one.attendance_id, one.point.value) for one in proof_queries.presence(session, visit, said, times, near)]
    return [_record(a, said, laid_over, home_accuracy, proven) for a in there]


def _record(
    attendance: Attendance, said: Sequence[VisitEvent], laid_over: Sequence[Correction], home_accuracy: float,
    proven: Sequence[tuple[int | None, str]],
) -> Record:  # fmt: skip
    mine = [e for e in said if e.attendance_id == attendance.id and e.caregiver_id == attendance.caregiver_id]
    times = effective(attendance, laid_over)
    ends = {kind: [e for e in mine if e.kind is kind] for kind in (EventKind.START, EventKind.FINISH)}
    skews = [e.device_at - e.happened_at for es in ends.values() for e in es]
    return Record(
        attendance.id, times["started_at"], times["finished_at"],
        _fix(ends[EventKind.START][:1], home_accuracy), _fix(ends[EventKind.FINISH][-1:], home_accuracy),
        max(skews, key=abs, default=timedelta()), frozenset(end for whose, end in proven if whose == attendance.id),
        frozenset(kind.value for kind, es in ends.items() if any(e.data.get("mocked") is True for e in es)),
    )  # fmt: skip


def _fix(events: Sequence[VisitEvent], home_accuracy: float) -> Fix | None:
    for event in events:
        if event.distance_m is not None:
            return Fix(event.distance_m, event.accuracy_m or 0.0, home_accuracy)
    return None


def tasks_missing(session: Session, visit: Visit) -> list[str]:
    """Codes of the item's tasks nobody said anything about."""
    told = set(session.scalars(select(TaskResult.task).where(TaskResult.visit_id == visit.id)))
    return [task["code"] for task in orders.tasks_of(session, visit) if task["code"] not in told]


def task_results(session: Session, visit_ids: Sequence[int]) -> dict[int, list[TaskResult]]:
    """Task results by visit, in order."""
    found: dict[int, list[TaskResult]] = defaultdict(list)
    for row in session.scalars(select(TaskResult).where(TaskResult.visit_id.in_(visit_ids)).order_by(TaskResult.seq)):
        found[row.visit_id].append(row)
    return found


def open_flaws(session: Session, visit_ids: Sequence[int]) -> dict[int, list[VisitFlaw]]:
    """What is odd about visits and not settled, by visit."""
    query = select(VisitFlaw).where(VisitFlaw.visit_id.in_(visit_ids), VisitFlaw.resolved_at.is_(None))
    found: dict[int, list[VisitFlaw]] = defaultdict(list)
    for row in session.scalars(query.order_by(VisitFlaw.id)):
        found[row.visit_id].append(row)
    return found


def not_started(session: Session, *, now: datetime) -> Sequence[int]:
    """Published visits half an hour past their start, nobody at the door, not yet flagged. For the clock's sweep."""
    flagged = exists().where(
        VisitFlaw.visit_id == Visit.id, VisitFlaw.flaw == Flaw.NOT_STARTED, VisitFlaw.resolved_at.is_(None)
    )
    at_the_door = exists().where(
        Attendance.visit_id == Visit.id, Attendance.state.in_((AttendanceState.ARRIVED, AttendanceState.IN_SERVICE))
    )
    query = select(Visit.id).where(Visit.state == VisitState.PUBLISHED, Visit.starts_at < now - LATE)
    return session.scalars(query.where(~flagged, ~at_the_door).order_by(Visit.id)).all()


def overdue(session: Session, *, now: datetime) -> Sequence[int]:
    """Visits whose record should long be whole: maybe a phone without signal. For the clock's sweep."""
    ends_at = Visit.starts_at + func.make_interval(0, 0, 0, 0, 0, Visit.minutes)
    query = select(Visit.id).where(
        Visit.state.in_((VisitState.PUBLISHED, VisitState.UNDER_WAY)), ends_at < now - OVERDUE
    )
    return session.scalars(query.order_by(Visit.id)).all()


def all_flaws(session: Session, visit_id: int) -> Sequence[VisitFlaw]:
    """Everything that was ever odd about a visit."""
    return session.scalars(select(VisitFlaw).where(VisitFlaw.visit_id == visit_id).order_by(VisitFlaw.id)).all()


@dataclass(frozen=True)
class VisitRow:
    """One line of a list of visits."""

    id: int
    elder_id: int
    elder: str
    item_code: str
    item_zh: str
    item_en: str
    state: VisitState
    opens: datetime
    starts_at: datetime | None
    reason: str | None
    caregivers: tuple[str, ...]
    flaws: tuple[VisitFlaw, ...]
    grade: Grade | None


DOUBTED: Final = exists().where(
    VisitFlaw.visit_id == Visit.id, VisitFlaw.flaw.in_(DOUBTS), VisitFlaw.resolved_at.is_(None)
)


def doubted(session: Session, visit_id: int) -> bool:
    """Whether something speaks against a visit that no person has settled."""
    return bool(session.scalar(select(Visit.id).where(Visit.id == visit_id, DOUBTED)))


def visits(session: Session, *, state: VisitState, after_id: int | None = None, limit: int = PAGE) -> list[VisitRow]:
    """Visits in a state, oldest first: whoever waits longest is looked at first.

    With those that are held come those that have verified themselves and are doubted since.
    """
    held = or_(Visit.state == state, and_(Visit.state == VisitState.VERIFIED, DOUBTED))
    query = (
        select(
            Visit.id, Visit.elder_id, Elder.name, Visit.item_code, ServiceItem.name_zh, ServiceItem.name_en,
            Visit.state, Visit.opens, Visit.starts_at, Visit.reason,
        )
        .join(Elder, Elder.id == Visit.elder_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .where(held if state is VisitState.HELD else Visit.state == state)
        .order_by(Visit.id)
        .limit(limit)
    )  # fmt: skip
    rows = session.execute(query.where(Visit.id > after_id) if after_id else query).all()
    ids = [row.id for row in rows]
    names, flaws, grades = _names(session, ids), open_flaws(session, ids), proof_queries.grades_of(session, ids)
    return [
        VisitRow(
            r.id, r.elder_id, r.name, r.item_code, r.name_zh, r.name_en, r.state, r.opens, r.starts_at, r.reason,
            tuple(names.get(r.id, ())), tuple(flaws.get(r.id, ())),
            grades[r.id].grade if r.id in grades else None,
        )
        for r in rows
    ]  # fmt: skip


def _names(session: Session, visit_ids: Sequence[int]) -> Mapping[int, list[str]]:
    rows = session.execute(
        select(Attendance.visit_id, Caregiver.name)
        .join(Caregiver, Caregiver.id == Attendance.caregiver_id)
        .where(
            Attendance.visit_id.in_(visit_ids),
            Attendance.state.not_in((AttendanceState.DECLINED, AttendanceState.WITHDRAWN)),
        )
        .order_by(Attendance.rank)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for visit_id, name in rows:
        found[visit_id].append(name)
    return found


def in_home_now(session: Session, elder_id: int) -> Sequence[Any]:
    """Who is at an elder's home or on the way there: caregiver's name, state, since when."""
    return session.execute(
        select(Caregiver.id, Caregiver.name, Attendance.state, Attendance.arrived_at, Attendance.starts_at)
        .join(Attendance, Attendance.caregiver_id == Caregiver.id)
        .join(Visit, Visit.id == Attendance.visit_id)
        .where(Visit.elder_id == elder_id, Attendance.state.in_(BEGUN))
        .order_by(Attendance.starts_at)
    ).all()
