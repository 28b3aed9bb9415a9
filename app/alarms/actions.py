"""What an operator does with an alarm: claim, call, send, close. `move` alone changes a state, and writes it down."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.access.rules import HOTLINE, Role
from app.access.tables import User
from app.alarms import climbing, heard_calls, hearing, log, queries, sending, spots, timers
from app.alarms.rules import (
    ANYBODY,
    AWAITING,
    DECIDES,
    LEADS,
    OPEN,
    AlarmKind,
    CallBackMissing,
    Event,
    NotYours,
    OfATest,
    State,
    TimerKind,
    Verdict,
    VoiceMissing,
    after,
    fits,
)
from app.alarms.tables import Alarm
from app.calls import actions as calls
from app.calls.rules import REACHED, Result, Target
from app.calls.tables import Call
from app.config import settings
from app.equipment import testing
from app.errors import Conflict, NotFound
from app.orders.rules import CANCELLABLE
from app.orders.tables import Visit
from app.people.tables import Caregiver, Contact, Elder, Home
from app.planning import actions as planning


def get(session: Session, alarm_id: int) -> Alarm:
    """The alarm, locked; raises NotFound."""
    alarm = session.get(Alarm, alarm_id, with_for_update=True, populate_existing=True)
    if alarm is None:
        raise NotFound("There is no such alarm.")
    return alarm


def move(session: Session, alarm: Alarm, event: Event, *, by: str, now: datetime, **facts: object) -> Alarm:
    """The only place where an act changes an alarm's state."""
    before, alarm.state = alarm.state, after(alarm.state, event)
    if event in DECIDES:
        alarm.decided_at = alarm.decided_at or now
    log.append(session, alarm, event, before, alarm.state, by=by, now=now, **facts)
    return alarm


def mine(session: Session, alarm_id: int, event: Event, me: Caller) -> Alarm:
    """The alarm, locked, if this caller may do that with it; raises NotYours naming who has it."""
    alarm = get(session, alarm_id)
    after(alarm.state, event)
    if not fits(event, test=alarm.test_id is not None):
        raise OfATest("It is marked as an installer's test: confirm it, or say that it is none." if alarm.test_id
                      else "It is no installer's test.")  # fmt: skip
    if alarm.claimed_by in (None, me.id) or event in ANYBODY:
        return alarm
    if event in LEADS and me.role is Role.SHIFT_LEAD:
        return alarm
    raise NotYours(f"{_name(session, alarm)} has this alarm.", claimed_by=_name(session, alarm))


def raise_by_hand(session: Session, elder_id: int, kind: AlarmKind, *, me: Caller, now: datetime, note: str) -> Alarm:
    """Somebody asks for help over the telephone, or an operator sees the need; claimed at once by who opened it."""
    elder = session.get(Elder, elder_id)
    if elder is None:
        raise NotFound("There is no such elder.")
    who = hearing.Whose(elder.district_id, elder.division_code, elder.id, elder.home_id)
    press = hearing.Press(now, said={"note": note} if note else None)
    return claim(session, hearing.call_for_help(session, kind, who, press, by=me.by, now=now).id, me=me, now=now)


def claim(session: Session, alarm_id: int, *, me: Caller, now: datetime) -> Alarm:
    """Take it; of many at once one has it and the others hear who. Taken twice by one person it is taken once."""
    alarm = get(session, alarm_id)
    if alarm.claimed_by == me.id:
        return alarm
    if alarm.claimed_by is not None and alarm.state in OPEN:
        name = _name(session, alarm)
        raise NotYours(f"{name} has already claimed it.", claimed_by=name, claimed_at=_iso(alarm.claimed_at))
    before, alarm.state = alarm.state, after(alarm.state, Event.CLAIM)
    alarm.claimed_by, alarm.claimed_at, alarm.suspended_until = me.id, now, None
    timers.settle(alarm)
    alarm.answered_at, alarm.answered_by = alarm.answered_at or now, alarm.answered_by or me.id
    session.flush()
    timers.claimed(session, alarm, now=now)
    seconds = int((now - alarm.rung_at).total_seconds())
    log.append(session, alarm, Event.CLAIM, before, alarm.state, by=me.by, now=now, seconds=seconds)
    return alarm


def release(session: Session, alarm_id: int, *, me: Caller, now: datetime, reason: str | None = None) -> Alarm:
    """Put it back: it rings at everybody."""
    alarm = mine(session, alarm_id, Event.RELEASE, me)
    timers.ring(session, alarm, Event.RELEASE, by=me.by, now=now, **_said(reason=reason))
    return alarm


def ring(session: Session, alarm_id: int, *, me: Caller, now: datetime, reason: str | None = None) -> Alarm:
    """Ring it again by hand."""
    alarm = mine(session, alarm_id, Event.RING, me)
    timers.ring(session, alarm, Event.RING, by=me.by, now=now, **_said(reason=reason))
    return alarm


def call(
    session: Session,
    alarm_id: int,
    *,
    target: Target,
    me: Caller,
    now: datetime,
    contact_id: int | None = None,
    caregiver_id: int | None = None,
    result: Result | None = None,
    note: str | None = None,
    climbs: bool = False,
) -> tuple[Alarm, Call]:
    """Call somebody about it. With a result it is written down; without one the switchboard is asked to dial.

    `climbs`: it is the tree's next attempt, whoever stands there.
    """
    alarm = mine(session, alarm_id, Event.CALL, me)
    phone, contact = _number(session, alarm, target, contact_id, caregiver_id)
    made = calls.dial(
        session, district_id=alarm.district_id, division_code=alarm.division_code, target=target, phone=phone,
        user_id=me.id, elder_id=alarm.elder_id, contact_id=contact.id if contact else None, alarm_id=alarm.id,
        result=result, now=now,
    )  # fmt: skip
    alarm.contacted_at = alarm.contacted_at or now
    if result in REACHED and target in heard_calls.SPOKEN_TO:
        alarm.reached_at = now
    timers.drop(session, alarm, TimerKind.IDLE_CLAIM, now=now)
    rung = climbing.called(
        session, alarm, target, made.contact_id, made.id, by=me.by, now=now, result=result
    )  # fmt: skip
    facts = _said(
        target=target,
        contact_id=made.contact_id,
        name=contact and contact.name,
        result=result,
        call_id=made.id,
        text=note,
        climbs=climbs or None,
        **rung,
    )
    return move(session, alarm, Event.CALL, by=me.by, now=now, **facts), made


def dispatch(
    session: Session, alarm_id: int, caregiver_id: int, *, me: Caller, now: datetime, words: str | None = None
) -> Alarm:
    """Send somebody at once, to the door or to the spot; `words` say how to find the spot."""
    alarm = mine(session, alarm_id, Event.DISPATCH, me)
    sending.send(session, alarm, caregiver_id, by=me.by, now=now, words=words)
    climbing.sent(session, alarm, caregiver_id, alarm.visit_id, by=me.by, now=now)
    return alarm


def arrive(session: Session, alarm_id: int, *, me: Caller, now: datetime, who: str | None = None) -> Alarm:
    """A human is with the elder, by the operator's word."""
    alarm = mine(session, alarm_id, Event.ARRIVE, me)
    _with_her(session, alarm, by=me.by, now=now)
    return move(session, alarm, Event.ARRIVE, by=me.by, now=now, **_said(who=who))


def notice_arrival(session: Session, alarm_id: int, *, now: datetime) -> None:
    """The responder's own phone says she is at the door: for the clock's sweep, a second later, whoever is on line."""
    alarm = get(session, alarm_id)
    if alarm.state not in AWAITING or not (found := queries.at_the_door(session, alarm)):
        return
    name, at = found
    if alarm.state is not State.DISPATCHED and alarm.arrived_at:
        return
    alarm.arrived_at = at or now
    _with_her(session, alarm, by=name, now=now)
    if alarm.state in (State.RINGING, State.CLAIMED):  # sent by the platform: the operator is still to come
        log.append(session, alarm, Event.ARRIVE, alarm.state, alarm.state, by=name, now=now, visit_id=alarm.visit_id)
        return
    move(session, alarm, Event.ARRIVE, by=name, now=now, visit_id=alarm.visit_id)


def _with_her(session: Session, alarm: Alarm, *, by: str, now: datetime) -> None:
    alarm.arrived_at, alarm.reached_at = alarm.arrived_at or now, now
    climbing.arrived(session, alarm, by=by, now=now)


def follow_up(session: Session, alarm_id: int, *, me: Caller, now: datetime, minutes: int | None = None) -> Alarm:
    """Settled for now; whoever has it owes a call-back, and it rings at them when its time has come."""
    alarm = mine(session, alarm_id, Event.FOLLOW_UP, me)
    alarm.call_back_at = now + timedelta(minutes=minutes or settings().alarm_call_back_minutes)
    timers.drop(session, alarm, TimerKind.IDLE_CLAIM, TimerKind.RESUME, now=now)
    alarm.suspended_until = alarm.suspend_reason = None
    timers.schedule(session, alarm, (TimerKind.CALL_BACK, alarm.call_back_at))
    climbing.end(session, alarm, by=me.by, now=now)
    return move(session, alarm, Event.FOLLOW_UP, by=me.by, now=now, call_back_at=alarm.call_back_at)


def close(session: Session, alarm_id: int, verdict: Verdict, *, me: Caller, now: datetime, note: str | None) -> Alarm:
    """End it, with what it turned out to be; only once somebody was spoken to or stood at the door."""
    alarm = mine(session, alarm_id, Event.CLOSE, me)
    if not _reached(session, alarm):
        raise CallBackMissing("Nobody has been reached in this alarm; call back or send somebody before closing.")
    if verdict is Verdict.TEST and not spoken_to(session, alarm):
        raise VoiceMissing("An alarm becomes a test only once somebody's voice has said so; call back first.")
    timers.drop(session, alarm, now=now)
    climbing.end(session, alarm, by=me.by, now=now)
    _spare_the_way(session, alarm, me=me, now=now)
    alarm.verdict, alarm.closed_at = verdict, now
    alarm.suspended_until = alarm.suspend_reason = alarm.call_back_at = None
    timers.settle(alarm)
    move(session, alarm, Event.CLOSE, by=me.by, now=now, **_said(verdict=verdict, text=note))
    if alarm.device_id and alarm.kind is AlarmKind.SOS and verdict is not Verdict.TECHNICAL:
        testing.came_through(session, alarm.device_id, alarm.id, at=alarm.raised_at, by=me.by, now=now)
    return alarm


def _spare_the_way(session: Session, alarm: Alarm, *, me: Caller, now: datetime) -> None:
    """Nobody need go any more, where nobody has arrived."""
    visit = session.get(Visit, alarm.visit_id) if alarm.visit_id else None
    if visit and visit.state in CANCELLABLE:
        planning.cancel(session, visit.id, by=me.by, now=now, reason=f"alarm {alarm.id} closed")
    spots.spare(session, alarm, now=now)


def suspend(session: Session, alarm_id: int, minutes: int, reason: str, *, me: Caller, now: datetime) -> Alarm:
    """Wait, for a reason and a time; then it rings at whoever suspended it."""
    alarm = mine(session, alarm_id, Event.SUSPEND, me)
    alarm.suspended_until, alarm.suspend_reason = now + timedelta(minutes=minutes), reason
    timers.drop(session, alarm, TimerKind.IDLE_CLAIM, now=now)
    timers.schedule(session, alarm, (TimerKind.RESUME, alarm.suspended_until))
    return move(session, alarm, Event.SUSPEND, by=me.by, now=now, minutes=minutes, reason=reason)


def hand_over(session: Session, alarm_id: int, to: int, *, me: Caller, now: datetime) -> Alarm:
    """To a colleague of the hotline, who has it from now on."""
    alarm = mine(session, alarm_id, Event.HAND_OVER, me)
    user = session.get(User, to)
    if user is None or user.district_id != alarm.district_id or user.role not in HOTLINE or user.ended_at:
        raise NotFound("There is no such operator.")
    return give(session, alarm, user, by=me.by, now=now)


def give(session: Session, alarm: Alarm, user: User, *, by: str, now: datetime, **facts: object) -> Alarm:
    """Somebody else has it from now on."""
    alarm.claimed_by, alarm.claimed_at = user.id, now
    timers.settle(alarm)
    timers.drop(session, alarm, TimerKind.OFFER, now=now)
    if alarm.state is State.CLAIMED:
        timers.schedule(session, alarm, (TimerKind.IDLE_CLAIM, timers.idle_at(now)))
    return move(session, alarm, Event.HAND_OVER, by=by, now=now, to=user.name, **facts)


def note(session: Session, alarm_id: int, text: str, *, me: Caller, now: datetime) -> Alarm:
    """A line for the log."""
    return move(session, mine(session, alarm_id, Event.NOTE, me), Event.NOTE, by=me.by, now=now, text=text)


def name_elder(session: Session, alarm_id: int, elder_id: int, *, me: Caller, now: datetime) -> Alarm:
    """Whose alarm it is, found out by somebody: a home of two, or a device nobody registered."""
    alarm = mine(session, alarm_id, Event.NOTE, me)
    elder = session.get(Elder, elder_id)
    if elder is None or elder.district_id != alarm.district_id:
        raise NotFound("There is no such elder.")
    if alarm.elder_id is not None or alarm.worker_id is not None:
        raise Conflict("It is known whose alarm this is.")
    other = session.scalar(
        select(Alarm.id).where(
            Alarm.elder_id == elder_id, Alarm.kind == alarm.kind, Alarm.state.in_(OPEN), Alarm.test_id.is_(None)
        )
    )
    if other:
        raise Conflict("The elder has an open alarm of this kind.", alarm_id=other)
    alarm.elder_id, alarm.home_id = elder.id, elder.home_id
    alarm.division_code = session.get_one(Home, elder.home_id).division_code
    session.flush()
    return move(session, alarm, Event.NOTE, by=me.by, now=now, elder_id=elder.id, elder=elder.name)


def _reached(session: Session, alarm: Alarm) -> bool:
    return bool(alarm.reached_at and alarm.reached_at >= alarm.rung_at) or spoken_to(session, alarm)


def spoken_to(session: Session, alarm: Alarm) -> bool:
    """Whether somebody's voice was heard since it last rang: hers, through the device, or of her people."""
    spoken = exists().where(
        Call.alarm_id == alarm.id, Call.result.in_(REACHED), Call.answered_at >= alarm.rung_at,
        Call.target.in_(heard_calls.SPOKEN_TO),
    )  # fmt: skip
    return bool(session.scalar(select(spoken)))


def _number(
    session: Session, alarm: Alarm, target: Target, contact_id: int | None, caregiver_id: int | None = None
) -> tuple[str | None, Contact | None]:
    """The number to dial and the contact it belongs to."""
    match target:
        case Target.CONTACT:
            contact = session.get(Contact, contact_id) if contact_id else None
            elder = session.get(Elder, contact.elder_id) if contact else None
            if contact is None or elder is None or elder.id != (alarm.elder_id or elder.id):
                raise NotFound("There is no such contact.")
            if alarm.elder_id is None and elder.home_id != alarm.home_id:
                raise NotFound("There is no such contact.")
            return contact.phone, contact
        case Target.ELDER:
            elder = session.get(Elder, alarm.elder_id) if alarm.elder_id else None
            return elder.phone if elder else None, None
        case Target.CAREGIVER | Target.WORKER:
            sent = caregiver_id or alarm.caregiver_id  # whoever is in the home, or was sent
            number = alarm.worker_id if target is Target.WORKER else sent
            caregiver = session.get(Caregiver, number) if number else None
            return caregiver.phone if caregiver else None, None
        case Target.AMBULANCE | Target.FIRE | Target.POLICE:
            return {Target.AMBULANCE: "120", Target.FIRE: "119", Target.POLICE: "110"}[target], None
    return None, None


def _name(session: Session, alarm: Alarm) -> str:
    return session.scalar(select(User.name).where(User.id == alarm.claimed_by)) or "?"


def _said(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
