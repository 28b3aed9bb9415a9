"""Who is at the desk: turns that begin and end, and a screen that is heard from in between."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from app.access.queries import Caller
from app.access.tables import Login, User
from app.alarms import timers
from app.alarms.rules import ATTENDED, Event, State
from app.alarms.tables import Alarm, Duty
from app.config import settings
from app.db import notice
from app.messages import actions as messages
from app.messages.rules import Channel, Kind

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


def end(session: Session, me: Caller, *, now: datetime, reason: str | None = None) -> int:
    """End the turn; what was left unfinished rings again. Answers how many that were."""
    close(session, me, now=now)
    left = held(session, me.id)
    for alarm in left:
        timers.ring(session, alarm, Event.RELEASE, by=me.by, now=now, reason="end_of_shift", why=reason)
    return len(left)


def close(session: Session, me: Caller, *, now: datetime) -> None:
    """The turn is over; what becomes of the cases is settled elsewhere."""
    if found := current(session, me.id):
        found.ended_at = now
    notice(session, me.district_id, "shift")


def held(session: Session, user_id: int, *states: State) -> Sequence[Alarm]:
    """Alarms an operator has, in these states or being attended to; locked."""
    return session.scalars(
        select(Alarm)
        .where(Alarm.claimed_by == user_id, Alarm.state.in_(states or ATTENDED))
        .order_by(Alarm.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def silent(session: Session, *, now: datetime) -> Sequence[int]:
    """Alarms somebody attends to whose screen has said nothing for long, whether a turn was begun or not."""
    since = now - timedelta(seconds=settings().alarm_silent_after)
    turn = select(func.max(Duty.seen_at)).where(Duty.user_id == Alarm.claimed_by).scalar_subquery()
    browser = select(func.max(Login.seen_at)).where(Login.user_id == Alarm.claimed_by).scalar_subquery()
    return session.scalars(
        select(Alarm.id)
        .where(Alarm.state.in_(ATTENDED), Alarm.claimed_at < since)
        .where(func.greatest(turn, browser) < since)
        .order_by(Alarm.id)
    ).all()


def ring_unheard(session: Session, alarm_id: int, *, now: datetime) -> None:
    """What a silent screen holds rings again at everybody; unless it was heard from meanwhile."""
    alarm = session.get(Alarm, alarm_id, with_for_update=True, populate_existing=True)
    if alarm is None or alarm_id not in silent(session, now=now):
        return
    timers.ring(session, alarm, Event.RING, by=timers.PLATFORM, now=now, reason="operator_silent")


KNOWN: Final = timedelta(hours=24)  # so long an operator who had an elder's alarm is rung at first


def who_knows(session: Session, elder_ids: Collection[int], *, now: datetime) -> Mapping[int, int]:
    """For each elder the operator who had her last alarm, if at the desk and not at work on another."""
    if not elder_ids:
        return {}
    other = aliased(Alarm)
    busy = select(other.id).where(
        other.claimed_by == Alarm.claimed_by, other.state.in_((State.CLAIMED, State.CONTACTING))
    )
    present = select(Duty.user_id).where(Duty.ended_at.is_(None), Duty.seen_at >= now - HEARD)
    rows = session.execute(
        select(Alarm.elder_id, Alarm.claimed_by)
        .where(Alarm.elder_id.in_(elder_ids), Alarm.raised_at >= now - KNOWN, Alarm.test_id.is_(None))
        .where(Alarm.claimed_by.in_(present), ~busy.exists())
        .order_by(Alarm.id)
    )
    return {elder_id: user_id for elder_id, user_id in rows if elder_id and user_id}


def call_leads(
    session: Session, district_id: int, leads: Collection[User], key: str, *, what: str, now: datetime
) -> list[str]:
    """By voice and by SMS; answers who has a number and is told."""
    reached = [lead for lead in leads if lead.phone]
    for lead in reached:
        for channel in (Channel.VOICE, Channel.SMS):
            messages.say(
                session, kind=Kind.DESK_LEAD, values={"what": what}, district_id=district_id,
                division_code=f"{district_id:06d}000000", key=f"{key}-{lead.id}-{channel}", channel=channel,
                to=lead.phone or "", to_whom=f"{lead.name}（班长）", now=now, about="shift",
            )  # fmt: skip
    return [lead.name for lead in reached]


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
