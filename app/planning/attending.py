"""Who attends a visit: giving it, moving it, taking it away. The only place that changes an attendance."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from app.calendar import day_of
from app.config import settings
from app.db import notice
from app.errors import NotFound
from app.history import record
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.rules import VisitEvent, VisitState
from app.orders.tables import Visit
from app.people.tables import Caregiver, Home
from app.places.rules import Place, travel_seconds
from app.planning import queries
from app.planning.day import Line
from app.planning.rules import BEGUN, AttendanceEvent, AttendanceState, CannotOverride, attendance_after
from app.planning.tables import Attendance, Pin, Plan, PlanLine

OVERLAP = "ex_attendances_overlap"


def move(
    session: Session, attendance: Attendance, event: AttendanceEvent, *, by: str, now: datetime,
    reason: str | None = None, happened_at: datetime | None = None,
) -> Attendance:  # fmt: skip
    """The only place that changes an attendance's state; times of the door are kept as they happened."""
    before, attendance.state = attendance.state, attendance_after(attendance.state, event)
    attendance.reason = reason or attendance.reason
    at = happened_at or now
    if event is AttendanceEvent.ARRIVE:
        attendance.arrived_at = at
    elif event is AttendanceEvent.START:
        attendance.started_at = at
    elif event in (AttendanceEvent.FINISH, AttendanceEvent.NOT_DELIVERED):
        attendance.finished_at = at
    record(
        session,
        attendance,
        event,
        before,
        attendance.state,
        by=by,
        now=now,
        reason=reason,
        visit_id=attendance.visit_id,
    )
    tell(session, attendance)
    return attendance


def tell(session: Session, attendance: Attendance) -> None:
    """Have the board and the caregiver's phone ask again."""
    notice(session, attendance.district_id, f"visits/{attendance.visit_id}")
    notice(session, attendance.district_id, f"caregivers/{attendance.caregiver_id}")


def give(session: Session, visit: Visit, lines: Sequence[Line], *, plan_id: int | None, by: str, now: datetime) -> None:
    """Make the attendances of a visit say what the lines say; a caregiver who stays keeps how far they are."""
    wanted = {line.caregiver_id: line for line in lines}
    for attendance in queries.attendances(session, visit.id, active=True):
        line = wanted.pop(attendance.caregiver_id, None)
        if line is None:
            move(session, attendance, AttendanceEvent.WITHDRAW, by=by, now=now, reason="replanned")
        else:
            _retime(session, attendance, line, plan_id=plan_id, by=by, now=now)
    providers = dict(session.execute(select(Caregiver.id, Caregiver.provider_id).where(Caregiver.id.in_(wanted))).all())
    for line in wanted.values():
        attendance = Attendance(
            district_id=visit.district_id, division_code=visit.division_code, visit_id=visit.id, plan_id=plan_id,
            provider_id=providers[line.caregiver_id], caregiver_id=line.caregiver_id, rank=line.rank,
            state=AttendanceState.ASSIGNED, starts_at=line.starts_at, ends_at=line.ends_at, urgent=False,
        )  # fmt: skip
        session.add(attendance)
        record(session, attendance, "assign", None, attendance.state, by=by, now=now, visit_id=visit.id)
        tell(session, attendance)


def _retime(
    session: Session, attendance: Attendance, line: Line, *, plan_id: int | None, by: str, now: datetime
) -> None:
    attendance.plan_id, attendance.rank = plan_id, line.rank
    if (attendance.starts_at, attendance.ends_at) == (line.starts_at, line.ends_at):
        return
    before = attendance.starts_at
    attendance.starts_at, attendance.ends_at = line.starts_at, line.ends_at
    state = attendance.state
    record(
        session, attendance, "retime", state, state, by=by, now=now, visit_id=attendance.visit_id,
        was=before.isoformat(), starts_at=line.starts_at.isoformat(),
    )  # fmt: skip
    tell(session, attendance)


def all_at_once(session: Session) -> None:
    """Let several attendances trade places: overlaps are judged at `settle`, not line by line."""
    session.execute(text(f"set constraints {OVERLAP} deferred"))


def settle(session: Session) -> None:
    """Judge overlaps now; raises CannotOverride, and the transaction is lost."""
    try:
        session.flush()
        session.execute(text(f"set constraints {OVERLAP} immediate"))
    except IntegrityError as error:
        if OVERLAP not in str(error.orig):
            raise
        raise CannotOverride("Somebody would be at two visits at once.", rules=["overlap"]) from None


def free(session: Session, visit: Visit, *, by: str, now: datetime, reason: str) -> None:
    """Take a visit out of every plan: drafts, pins and caregivers' days. Says nothing about the visit's own state."""
    for attendance in queries.attendances(session, visit.id, active=True):
        move(session, attendance, AttendanceEvent.WITHDRAW, by=by, now=now, reason=reason)
    if plan := queries.draft_with(session, visit.id):
        write_lines(session, plan, visit, ())
    unpin(session, visit.id, now=now)


def unpin(session: Session, visit_id: int, *, now: datetime) -> None:
    """What was settled by hand no longer binds later drafts."""
    for pin in session.scalars(select(Pin).where(Pin.visit_id == visit_id, Pin.ended_at.is_(None))):
        pin.ended_at = now
    session.flush()


def withdraw(session: Session, visit_id: int, *, by: str, now: datetime, reason: str) -> Visit:
    """Out of the plan: the caregivers are free, the visit waits again."""
    visit = order_queries.visit(session, visit_id, lock=True)
    orders.move_visit(session, visit, VisitEvent.WITHDRAW, by=by, now=now, reason=reason)
    free(session, visit, by=by, now=now, reason=reason)
    return visit


def decline(session: Session, attendance: Attendance, *, by: str, now: datetime, reason: str) -> None:
    """A caregiver cannot come. Alone: the visit waits again; of two, it keeps its time and lacks one."""
    visit = order_queries.visit(session, attendance.visit_id, lock=True)
    move(session, attendance, AttendanceEvent.DECLINE, by=by, now=now, reason=reason)
    unpin(session, visit.id, now=now)
    if not queries.attendances(session, visit.id, active=True) and visit.state is VisitState.PUBLISHED:
        orders.move_visit(session, visit, VisitEvent.WITHDRAW, by=by, now=now, reason="declined")
    notice(session, visit.district_id, f"board/{day_of(visit.opens)}")


@dataclass(frozen=True)
class Affected:
    """A visit that an alarm's response cuts into, and by how many minutes it starts late at least."""

    visit_id: int
    attendance_id: int
    starts_at: datetime
    late_minutes: int
    under_way: bool


@dataclass(frozen=True)
class Urgent:
    """A responder on the way, and whom that keeps waiting."""

    attendance: Attendance
    travel_minutes: int
    affected: tuple[Affected, ...]


def insert_urgent(
    session: Session, visit: Visit, caregiver_id: int, *, by: str, now: datetime, origin: Place | None = None
) -> Urgent:
    """An alarm's response enters the published plan at once: the responder leaves everything and goes.

    `origin` is where they are, where it is known; else their base. Visits they cannot attend as planned stay theirs,
    are marked on the board and on record, and may be moved by the next draft however near they are.
    """
    caregiver = session.get(Caregiver, caregiver_id)
    home = session.get(Home, visit.home_id)
    if caregiver is None or home is None:
        raise NotFound("There is no such caregiver.")
    way = travel_seconds(
        origin or Place.of(caregiver.base), Place.of(home.place), caregiver.mode, door_minutes=settings().door_minutes
    )
    ends_at = now + timedelta(seconds=way, minutes=visit.minutes)
    attendance = Attendance(
        district_id=visit.district_id, division_code=visit.division_code, visit_id=visit.id, plan_id=None,
        provider_id=caregiver.provider_id, caregiver_id=caregiver_id, rank=1, state=AttendanceState.ASSIGNED,
        starts_at=now, ends_at=ends_at, urgent=True,
    )  # fmt: skip
    session.add(attendance)
    settle(session)
    record(session, attendance, "assign", None, attendance.state, by=by, now=now, visit_id=visit.id, urgent=True)
    if visit.state is VisitState.WAITING:
        visit.starts_at, visit.provider_id = now, caregiver.provider_id
        orders.move_visit(session, visit, VisitEvent.PLAN, by=by, now=now)
        orders.move_visit(session, visit, VisitEvent.PUBLISH, by=by, now=now)
    tell(session, attendance)
    affected = leave(session, caregiver_id, until=ends_at, by=by, now=now)
    notice(session, visit.district_id, f"board/{day_of(visit.opens)}")
    return Urgent(attendance, -(-way // 60), affected)


def leave(session: Session, caregiver_id: int, *, until: datetime, by: str, now: datetime) -> tuple[Affected, ...]:
    """She goes to an alarm now: her visits until then stay hers, and it is on record that they wait."""
    return tuple(
        _cut_into(session, other, until, by=by, now=now)
        for other in queries.overlapping(session, caregiver_id, now, until)
    )


def _cut_into(session: Session, other: Attendance, until: datetime, *, by: str, now: datetime) -> Affected:
    late = max(0, -(-int((until - other.starts_at).total_seconds()) // 60))
    begun = other.state in BEGUN
    record(
        session, other, "interrupt", other.state, other.state, by=by, now=now, reason="alarm", visit_id=other.visit_id,
        rule="overlap", late_minutes=late,
    )  # fmt: skip
    tell(session, other)
    return Affected(other.visit_id, other.id, other.starts_at, late, begun)


def write_lines(session: Session, plan: Plan, visit: Visit, lines: Iterable[Line]) -> None:
    """Make a draft's lines of one visit say this."""
    flag_modified(plan, "cost")  # its revision grows: whoever looked before must look again
    for old in session.scalars(select(PlanLine).where(PlanLine.plan_id == plan.id, PlanLine.visit_id == visit.id)):
        session.delete(old)
    session.flush()
    wanted = list(lines)
    ids = [line.caregiver_id for line in wanted]
    providers = dict(session.execute(select(Caregiver.id, Caregiver.provider_id).where(Caregiver.id.in_(ids))).all())
    session.add_all(
        PlanLine(
            district_id=visit.district_id, division_code=visit.division_code, provider_id=providers[line.caregiver_id],
            plan_id=plan.id, visit_id=visit.id, caregiver_id=line.caregiver_id, rank=line.rank,
            starts_at=line.starts_at, ends_at=line.ends_at,
        )
        for line in wanted
    )  # fmt: skip
    session.flush()
