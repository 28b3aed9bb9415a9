"""A stay told by telephone: it begins and ends where her own phone cannot say so; what that says later counts more."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.orders import actions as orders
from app.orders.rules import VisitEvent, VisitState
from app.orders.tables import Visit
from app.planning import attending
from app.planning.rules import ATTENDANCE_MOVES, AttendanceEvent
from app.planning.tables import Attendance
from app.visits.proof_rules import Point, Sort
from app.visits.proof_tables import VisitPresence
from app.visits.rules import EventKind
from app.visits.tables import VisitEvent as RawEvent

MOVES = {Point.START: AttendanceEvent.START, Point.FINISH: AttendanceEvent.FINISH}
OPEN = frozenset({VisitState.PUBLISHED, VisitState.UNDER_WAY, VisitState.HELD})  # nothing is paid yet


def say(
    session: Session, attendance: Attendance, visit: Visit, point: Point, *, at: datetime, by: str, now: datetime
) -> None:
    """She has come, or leaves; nothing where her own phone has said so already, or said nothing of her coming."""
    event = MOVES[point]
    if visit.state not in OPEN or (attendance.state, event) not in ATTENDANCE_MOVES:
        return
    if event is AttendanceEvent.START and attendance.arrived_at is None:
        attendance.arrived_at = at
    attending.move(session, attendance, event, by=by, now=now, happened_at=at)
    if event is AttendanceEvent.START and visit.state is VisitState.PUBLISHED:
        orders.move_visit(session, visit, VisitEvent.BEGIN, by=by, now=now)


def better(session: Session, raw: RawEvent, attendance: Attendance, visit: Visit) -> None:
    """Her phone comes with its own time of what was known by a call: her own counts while nothing is paid."""
    point = {EventKind.START: Point.START, EventKind.FINISH: Point.FINISH}.get(raw.kind)
    if point is None or visit.state not in OPEN:
        return
    known = attendance.started_at if point is Point.START else attendance.finished_at
    called = select(VisitPresence.id).where(
        VisitPresence.attendance_id == attendance.id, VisitPresence.sort == Sort.CALL, VisitPresence.point == point,
        VisitPresence.happened_at == known,
    )  # fmt: skip
    if session.scalar(called.limit(1)) is None:
        return
    if point is Point.START:
        attendance.started_at = raw.happened_at
    else:
        attendance.finished_at = raw.happened_at
    attending.tell(session, attendance)
