"""Setting a timer, saying that all is well, being asked, and ringing at the desk when nobody says so."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.access.tables import User
from app.alarms import hers
from app.config import settings
from app.errors import NotFound
from app.lone import queries
from app.lone.rules import NoTimer, WatchEvent, WatchState, after
from app.lone.tables import LoneHabit, LoneWatch
from app.messages import actions as messages
from app.messages import phones
from app.messages.rules import Channel, Kind
from app.people.tables import Caregiver
from app.planning.tables import Attendance

CLOCK = "clock"


def start(
    session: Session, caregiver_id: int, *, minutes: int, now: datetime, attendance_id: int | None = None
) -> LoneWatch:
    """So many minutes from now she is asked; a timer that runs begins anew."""
    caregiver = session.get_one(Caregiver, caregiver_id)
    if attendance_id is not None:
        attendance = session.get(Attendance, attendance_id)
        if attendance is None or attendance.caregiver_id != caregiver_id:
            raise NotFound("There is no such visit of yours.")
    running = queries.open_of(session, caregiver_id, lock=True)
    if running is not None:
        _move(running, WatchEvent.END, now=now)
        session.flush()
    watch = LoneWatch(
        district_id=caregiver.district_id, caregiver_id=caregiver_id, attendance_id=attendance_id, began_at=now,
        due_at=now + timedelta(minutes=minutes),
    )  # fmt: skip
    session.add(watch)
    session.flush()
    return watch


def well(session: Session, caregiver_id: int, *, minutes: int, now: datetime) -> LoneWatch:
    """She says that all is well; she is asked again so many minutes later. Raises NoTimer."""
    watch = _mine(session, caregiver_id)
    _move(watch, WatchEvent.WELL, now=now)
    watch.due_at, watch.asked_at, watch.answer_by = now + timedelta(minutes=minutes), None, None
    return watch


def end(session: Session, caregiver_id: int, *, now: datetime) -> None:
    """She is out; ended twice it is ended once."""
    watch = queries.open_of(session, caregiver_id, lock=True)
    if watch is not None:
        _move(watch, WatchEvent.END, now=now)


def always(session: Session, caregiver_id: int, *, on: bool, now: datetime) -> None:
    """A timer at every visit from now on, or no longer."""
    if not on:
        session.execute(delete(LoneHabit).where(LoneHabit.caregiver_id == caregiver_id))
        return
    district_id = session.get_one(Caregiver, caregiver_id).district_id
    row = {"caregiver_id": caregiver_id, "district_id": district_id, "since": now}
    session.execute(insert(LoneHabit).values(row).on_conflict_do_nothing())


# -- by itself -----------------------------------------------------------------------------------------------


def begin(session: Session, attendance_id: int, *, now: datetime) -> None:
    """She is in a home and wants a timer at every visit: it runs to the planned end and some minutes more."""
    attendance = session.get_one(Attendance, attendance_id)
    if attendance.state not in queries.THERE or queries.open_of(session, attendance.caregiver_id) is not None:
        return
    stays = max(attendance.ends_at - now, attendance.ends_at - attendance.starts_at)
    minutes = int(stays.total_seconds() // 60) + settings().lone_grace_minutes
    start(session, attendance.caregiver_id, minutes=minutes, now=now, attendance_id=attendance_id)


def leave(session: Session, watch_id: int, *, now: datetime) -> None:
    """Her visit is over."""
    watch = _locked(session, watch_id, WatchState.RUNNING, WatchState.ASKED)
    if watch is not None:
        _move(watch, WatchEvent.END, now=now)


def ask(session: Session, watch_id: int, *, now: datetime) -> None:
    """Her phone asks whether all is well; one that cannot be rung asleep gets a message."""
    watch = _locked(session, watch_id, WatchState.RUNNING)
    if watch is None or watch.due_at > now:
        return
    _move(watch, WatchEvent.ASK, now=now)
    watch.asked_at, watch.answer_by = now, now + timedelta(seconds=settings().lone_answer_seconds)
    caregiver = session.get_one(Caregiver, watch.caregiver_id)
    user_id = session.scalar(select(User.id).where(User.caregiver_id == caregiver.id, User.ended_at.is_(None)))
    key, about = f"lone-{watch.id}-{int(now.timestamp())}", f"lone/{watch.id}"
    rung = phones.ring(
        session, user_id, Kind.WORKER_CHECK, district_id=caregiver.district_id,
        division_code=caregiver.division_code, key=key, about=about, to_whom=caregiver.name, now=now,
        until=watch.answer_by.isoformat(),
    )  # fmt: skip
    if not rung:
        values = {"what": "您这次独自上门", "seconds": str(settings().lone_answer_seconds)}
        messages.say(
            session, kind=Kind.WORKER_CHECK, values=values,
            district_id=caregiver.district_id, division_code=caregiver.division_code, key=key, channel=Channel.SMS,
            to=caregiver.phone, to_whom=f"{caregiver.name}（护理员）", about=about, now=now,
        )  # fmt: skip


def ring(session: Session, watch_id: int, *, now: datetime) -> None:
    """She did not answer: the desk rings as it does for an elder."""
    watch = _locked(session, watch_id, WatchState.ASKED)
    if watch is None or watch.answer_by is None or watch.answer_by > now:
        return
    _move(watch, WatchEvent.RING, now=now)
    caregiver = session.get_one(Caregiver, watch.caregiver_id)
    watch.alarm_id = hers.call(session, caregiver, hers.Why.TIMER, by=CLOCK, now=now).id


def _mine(session: Session, caregiver_id: int) -> LoneWatch:
    watch = queries.open_of(session, caregiver_id, lock=True)
    if watch is None:
        raise NoTimer("No timer runs.")
    return watch


def _locked(session: Session, watch_id: int, *states: WatchState) -> LoneWatch | None:
    watch = session.get(LoneWatch, watch_id, with_for_update=True, populate_existing=True)
    return watch if watch is not None and watch.state in states else None


def _move(watch: LoneWatch, event: WatchEvent, *, now: datetime) -> None:
    watch.state = after(watch.state, event)
    if watch.state not in (WatchState.RUNNING, WatchState.ASKED):
        watch.ended_at = now
