"""An alarm between two pairs of hands: offered and taken, deferred, the lead asked in, and who is looking at it too."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.access.rules import HOTLINE, Role
from app.access.tables import User
from app.alarms import actions, duty, timers
from app.alarms.handling_tables import AlarmLook
from app.alarms.rules import DEFERRED_FROM, Event, TimerKind
from app.alarms.tables import Alarm
from app.config import settings
from app.db import notice
from app.errors import Conflict, NotFound

LOOKS: Final = timedelta(seconds=30)  # a screen that shows a case says so every ten


class NotOnDuty(Conflict):
    """Nobody of that name is at the desk."""


class NoOffer(Conflict):
    """It is not offered to you any more."""


class TooGrave(Conflict):
    """A call for help does not wait."""


class SomebodyHasIt(Conflict):
    """Somebody else is at work on this alarm."""


def offer(session: Session, alarm_id: int, to: int, *, me: Caller, now: datetime, sure: bool = False) -> Alarm:
    """To a named colleague, who takes it or not; until then it stays where it is. A lead may take it herself at once.

    Raises SomebodyHasIt where a lead reaches for what somebody is at work on and has not said that she means it.
    """
    alarm = actions.mine(session, alarm_id, Event.HAND_OVER, me)
    warn(session, alarm, me, sure=sure)
    user = session.get(User, to)
    if user is None or user.district_id != alarm.district_id or user.role not in HOTLINE or user.ended_at:
        raise NotFound("There is no such operator.")
    if user.id == me.id:
        return actions.give(session, alarm, user, by=me.by, now=now)
    if not duty.is_on(session, user.id, now=now):
        raise NotOnDuty(f"{user.name} is not at the desk now.")
    alarm.offered_to, alarm.offered_until = user.id, now + timedelta(seconds=settings().alarm_offer_seconds)
    timers.drop(session, alarm, TimerKind.IDLE_CLAIM, now=now)
    timers.schedule(session, alarm, (TimerKind.OFFER, alarm.offered_until))
    return actions.move(session, alarm, Event.OFFER, by=me.by, now=now, to=user.name)


def accept(session: Session, alarm_id: int, *, me: Caller, now: datetime) -> Alarm:
    """Take what was offered; of two who answer at once one does, and after its time nobody."""
    alarm = _offered(session, alarm_id, me)
    return actions.give(session, alarm, session.get_one(User, me.id), by=me.by, now=now)


def decline(session: Session, alarm_id: int, reason: str | None, *, me: Caller, now: datetime) -> Alarm:
    """It stays with whoever offered it."""
    alarm = _offered(session, alarm_id, me)
    alarm.offered_to = alarm.offered_until = None
    timers.drop(session, alarm, TimerKind.OFFER, now=now)
    said = {"reason": reason} if reason else {}
    return actions.move(session, alarm, Event.DECLINE, by=me.by, now=now, **said)


def _offered(session: Session, alarm_id: int, me: Caller) -> Alarm:
    alarm = actions.get(session, alarm_id)
    if alarm.offered_to != me.id:
        raise NoOffer("It is not offered to you any more.")
    return alarm


def warn(session: Session, alarm: Alarm, me: Caller, *, sure: bool) -> None:
    """Before a lead acts on what somebody else has; once said, it is meant. Nobody else may at all."""
    if alarm.claimed_by in (None, me.id) or sure or me.role is not Role.SHIFT_LEAD:
        return
    name = session.scalar(select(User.name).where(User.id == alarm.claimed_by))
    raise SomebodyHasIt(f"{name} has this alarm; say that you mean it.", claimed_by=name, needs="sure")


def defer(session: Session, alarm_id: int, minutes: int, reason: str, *, me: Caller, now: datetime) -> Alarm:
    """Lower in the queue for a while, and quiet; then it rings at everybody. Never what is grave."""
    alarm = actions.mine(session, alarm_id, Event.DEFER, me)
    if alarm.priority < DEFERRED_FROM:
        raise TooGrave("An alarm of this priority is not deferred; claim it.", priority=alarm.priority)
    alarm.deferred_until, alarm.defer_reason = now + timedelta(minutes=minutes), reason
    timers.drop(session, alarm, now=now)
    timers.schedule(session, alarm, (TimerKind.DEFER, alarm.deferred_until))
    return actions.move(session, alarm, Event.DEFER, by=me.by, now=now, minutes=minutes, reason=reason)


def escalate(session: Session, alarm_id: int, reason: str, *, me: Caller, now: datetime) -> Alarm:
    """Ask the lead in: it rings at the leads, and who has it goes on meanwhile."""
    alarm = actions.mine(session, alarm_id, Event.ESCALATE, me)
    alarm.escalated_at, alarm.escalate_reason = now, reason
    leads = leads_of(session, alarm.district_id)
    if not any(duty.is_on(session, lead.id, now=now) for lead in leads):
        duty.call_leads(
            session, alarm.district_id, leads, f"alarm-{alarm.id}-{alarm.round}-escalated", now=now,
            what="请求班长支援",
        )  # fmt: skip
    return actions.move(session, alarm, Event.ESCALATE, by=me.by, now=now, reason=reason)


def leads_of(session: Session, district_id: int) -> Sequence[User]:
    """The shift leads of a district."""
    return session.scalars(
        select(User)
        .where(User.district_id == district_id, User.role == Role.SHIFT_LEAD, User.ended_at.is_(None))
        .order_by(User.id)
    ).all()


def look(session: Session, alarm_id: int, *, me: Caller, now: datetime) -> Sequence[str]:
    """This caller's screen shows the case; answers who else's does. A screen shows one case at a time."""
    alarm = session.get(Alarm, alarm_id)
    if alarm is None:
        raise NotFound("There is no such alarm.")
    before = session.scalar(select(AlarmLook).where(AlarmLook.user_id == me.id))
    new = before is None or before.alarm_id != alarm_id or before.at < now - LOOKS
    made = insert(AlarmLook).values(district_id=alarm.district_id, user_id=me.id, alarm_id=alarm_id, at=now)
    session.execute(
        made.on_conflict_do_update(index_elements=["user_id"], set_={"alarm_id": alarm_id, "at": now})
    )  # fmt: skip
    if new:
        notice(session, alarm.district_id, f"alarms/{alarm_id}")
        if before is not None and before.alarm_id != alarm_id:
            notice(session, alarm.district_id, f"alarms/{before.alarm_id}")
    return looking(session, alarm_id, now=now, but=me.id)


def look_away(session: Session, *, me: Caller) -> None:
    """The screen shows no case any more."""
    gone = session.scalar(delete(AlarmLook).where(AlarmLook.user_id == me.id).returning(AlarmLook.alarm_id))
    if gone:
        notice(session, me.district_id, f"alarms/{gone}")


def looking(session: Session, alarm_id: int, *, now: datetime, but: int) -> Sequence[str]:
    """Whose screens show this case now, but for one."""
    return session.scalars(
        select(User.name)
        .join(AlarmLook, AlarmLook.user_id == User.id)
        .where(AlarmLook.alarm_id == alarm_id, AlarmLook.at >= now - LOOKS, User.id != but)
        .order_by(User.name)
    ).all()
