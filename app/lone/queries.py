"""Which timers have something to do, for the clock's sweeps and the phone."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.lone.rules import OPEN, WatchState
from app.lone.tables import LoneHabit, LoneWatch
from app.planning.rules import AttendanceState
from app.planning.tables import Attendance

THERE = (AttendanceState.ARRIVED, AttendanceState.IN_SERVICE)


def open_of(session: Session, caregiver_id: int, *, lock: bool = False) -> LoneWatch | None:
    """Her timer, if one runs."""
    mine = select(LoneWatch).where(LoneWatch.caregiver_id == caregiver_id, LoneWatch.state.in_(OPEN))
    return session.scalar(mine.with_for_update() if lock else mine)


def wants_always(session: Session, caregiver_id: int) -> bool:
    """Whether every visit of hers gets one."""
    return session.get(LoneHabit, caregiver_id) is not None


def unwatched(session: Session, *, now: datetime) -> Sequence[int]:
    """Attendances of those who want a timer at every visit, begun and without one."""
    return session.scalars(
        select(Attendance.id)
        .join(LoneHabit, LoneHabit.caregiver_id == Attendance.caregiver_id)
        .where(Attendance.state.in_(THERE))
        .where(~select(LoneWatch.id).where(LoneWatch.attendance_id == Attendance.id).exists())
        .where(
            ~select(LoneWatch.id)
            .where(LoneWatch.caregiver_id == Attendance.caregiver_id, LoneWatch.state.in_(OPEN))
            .exists()
        )
        .order_by(Attendance.id)
    ).all()


def over(session: Session, *, now: datetime) -> Sequence[int]:
    """Timers of visits she has left."""
    return session.scalars(
        select(LoneWatch.id)
        .join(Attendance, Attendance.id == LoneWatch.attendance_id)
        .where(LoneWatch.state.in_(OPEN), Attendance.state.not_in(THERE))
        .order_by(LoneWatch.id)
    ).all()


def due(session: Session, *, now: datetime) -> Sequence[int]:
    """Timers whose time has come."""
    return session.scalars(
        select(LoneWatch.id).where(LoneWatch.state == WatchState.RUNNING, LoneWatch.due_at <= now)
    ).all()


def unanswered(session: Session, *, now: datetime) -> Sequence[int]:
    """Timers whose question was not answered in time."""
    return session.scalars(
        select(LoneWatch.id).where(LoneWatch.state == WatchState.ASKED, LoneWatch.answer_by <= now)
    ).all()
