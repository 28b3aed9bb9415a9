"""What an operator says of a marked activation test: shown, heard, or no test at all."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.alarms import actions, timers
from app.alarms.rules import OPEN, PRIORITY, Event, OfATest, State, Verdict, VoiceMissing
from app.alarms.tables import Alarm
from app.calls import actions as calls
from app.calls.rules import Result, Target
from app.db import notice
from app.equipment import installing, testing
from app.equipment.installing_rules import Failure, TestEvent
from app.equipment.installing_tables import DeviceTest
from app.equipment.tables import Device, DeviceModel
from app.errors import Conflict


def shown(session: Session, alarm_id: int, *, now: datetime) -> Alarm:
    """An operator's screen shows the test: the first time counts."""
    alarm = actions.get(session, alarm_id)
    if alarm.test_id is None:
        raise OfATest("It is no installer's test.")
    test = session.get_one(DeviceTest, alarm.test_id, with_for_update=True)
    if test.shown_at is None:
        test.shown_at = now
        notice(session, test.district_id, f"device_tests/{test.id}")
    return alarm


def confirm(session: Session, alarm_id: int, *, voice: bool | None, me: Caller, now: datetime) -> Alarm:
    """The test was heard at the desk; through a device that speaks somebody must have been spoken to.

    Without an answer through its loudspeaker the test has failed, and the alarm is over all the same. A test that was
    answered too late stays failed.
    """
    alarm = actions.mine(session, alarm_id, Event.CONFIRM, me)
    test = installing.locked(session, alarm.test_id or 0)
    speaks = _speaks(session, test.device_id)
    if speaks and voice is None:
        raise VoiceMissing("Speak to them through the device and say whether you were answered.")
    if speaks:
        _note_call(session, alarm, Result.ANSWERED if voice else Result.NO_ANSWER, me=me, now=now)
    timers.drop(session, alarm, now=now)
    if alarm.state is State.RINGING:
        alarm.claimed_by, alarm.claimed_at = me.id, now
    alarm.answered_at, alarm.answered_by = alarm.answered_at or now, alarm.answered_by or me.id
    alarm.closed_at, alarm.suspended_until = now, None
    alarm.verdict = Verdict.TECHNICAL if speaks and not voice else Verdict.TEST
    facts = {"seconds": int((now - alarm.raised_at).total_seconds()), "verdict": alarm.verdict}
    actions.move(session, alarm, Event.CONFIRM, by=me.by, now=now, **facts)
    if test.ended_at is None and alarm.verdict is Verdict.TEST:
        testing.confirm(session, test, by=me.by, now=now, voice=voice if speaks else None)
        installing.proved(session, test, by=me.by, now=now)
    elif test.ended_at is None:
        test.voice = False
        testing.move(session, test, TestEvent.FAIL, by=me.by, now=now, failure=Failure.NO_VOICE)
    return alarm


def unmark(session: Session, alarm_id: int, *, me: Caller, now: datetime) -> Alarm:
    """It is no test: from now on an alarm as any other, with all that happens by itself."""
    alarm = actions.mine(session, alarm_id, Event.UNMARK, me)
    other = session.scalar(
        select(Alarm.id).where(
            Alarm.subject == alarm.subject, Alarm.kind == alarm.kind, Alarm.state.in_(OPEN), Alarm.test_id.is_(None)
        )
    )
    if other:
        raise Conflict("A real alarm of this kind is open beside it; go on there.", alarm_id=other)
    test = installing.locked(session, alarm.test_id or 0)
    alarm.test_id, alarm.priority = None, PRIORITY[alarm.kind]
    session.flush()
    if test.ended_at is None:
        testing.move(session, test, TestEvent.FAIL, by=me.by, now=now, failure=Failure.NO_TEST)
    if alarm.state is State.RINGING:
        timers.ring(session, alarm, Event.UNMARK, by=me.by, now=now)
        return alarm
    return actions.move(session, alarm, Event.UNMARK, by=me.by, now=now)


def _speaks(session: Session, device_id: int) -> bool:
    found = select(DeviceModel.voice).join(Device, Device.model_id == DeviceModel.id).where(Device.id == device_id)
    return bool(session.scalar(found))


def _note_call(session: Session, alarm: Alarm, result: Result, *, me: Caller, now: datetime) -> None:
    """That somebody was spoken to through the device, among the calls of the alarm."""
    calls.dial(
        session, district_id=alarm.district_id, division_code=alarm.division_code, target=Target.DEVICE, phone=None,
        user_id=me.id, elder_id=alarm.elder_id, alarm_id=alarm.id, result=result, now=now,
    )  # fmt: skip
