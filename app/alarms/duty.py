"""Who is at the desk: turns that begin and end, and a screen that is heard from in between."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.alarms import timers
from app.alarms.rules import ATTENDED, Event
from app.alarms.tables import Alarm, Duty
from app.db import notice

HEARD = timedelta(seconds=60)  # a screen that says nothing this long is nobody on duty
OFTEN = timedelta(seconds=15)


def current(session: Session, user_id: int) -> Duty | None:
    """The turn somebody is in."""
    return session.scalar(select(Duty).where(Duty.user_id == user_id, Duty.ended_at.is_(None)))


def start(session: Session, me: Caller, *, now: datetime) -> Duty:
    """Begin a turn; begun twice it is the same one."""
    row = {"district_id": me.district_id, "user_id": me.id, "started_at": now, "seen_at": now}
    session.execute(insert(Duty).values(row).on_conflict_do_nothing())
    found = session.scalars(select(Duty).where(Duty.user_id == me.id, Duty.ended_at.is_(None))).one()
    found.seen_at = now
    notice(session, me.district_id, "shift")
    return found


def end(session: Session, me: Caller, *, now: datetime) -> int:
    """End the turn; what was left unfinished rings again. Answers how many that were."""
    if found := current(session, me.id):
        found.ended_at = now
    left = session.scalars(
        select(Alarm).where(Alarm.claimed_by == me.id, Alarm.state.in_(ATTENDED)).order_by(Alarm.id).with_for_update()
    ).all()
    for alarm in left:
        timers.ring(session, alarm, Event.RELEASE, by=me.by, now=now, reason="end_of_shift")
    notice(session, me.district_id, "shift")
    return len(left)


def seen(session: Session, user_id: int, *, now: datetime) -> None:
    """A screen asked for the queue."""
    found = current(session, user_id)
    if found and found.seen_at < now - OFTEN:
        found.seen_at = now


def is_on(session: Session, user_id: int | None, *, now: datetime) -> bool:
    """Whether somebody is on duty and at the screen."""
    return user_id is not None and user_id in on_duty(session, now=now)


def on_duty(session: Session, *, now: datetime, district_id: int | None = None) -> Sequence[int]:
    """Everybody on duty and at the screen."""
    statement = select(Duty.user_id).where(Duty.ended_at.is_(None), Duty.seen_at >= now - HEARD)
    return session.scalars(statement.where(Duty.district_id == district_id) if district_id else statement).all()


def count(session: Session, district_id: int, *, now: datetime) -> int:
    """How many are on duty and at the screen."""
    statement = select(func.count(Duty.id)).where(
        Duty.district_id == district_id, Duty.ended_at.is_(None), Duty.seen_at >= now - HEARD
    )
    return session.scalar(statement) or 0
