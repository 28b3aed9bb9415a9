"""What an alarm does by itself: on time, once, also after a restart; late it says so."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.alarms import actions, log, proving, timers
from app.alarms.rules import LASTING, Rings, State, TimerKind
from app.alarms.tables import Alarm, AlarmTimer
from app.calls.rules import Result, Target
from app.db import transaction
from app.messages.tables import OutboxMessage
from tests.app.alarms.story import an_operator, hear, press, the_alarm
from tests.cast import a_contact, a_device, an_elder
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")


CLIMB = (TimerKind.CALL_FAMILY, TimerKind.RUNG, *LASTING)  # what they do is counted in test_climbing
RINGS = ("ring_all", "ring_lead", "ring")


def at(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def tick(now: datetime) -> int:
    """One turn of the clock, as `app.clock` makes it: each timer in a transaction of its own."""
    with transaction() as session:
        ids = timers.due(session, now=now)
    fired = 0
    for timer_id in ids:
        with transaction() as session:
            fired += timers.fire(session, timer_id, now=now)
    return fired


def ringing() -> int:
    with transaction() as session:
        elder = an_elder(session)
        a_contact(session, elder, phone="13900008870")
        device = a_device(session, elder=elder)
    hear(press(device.wire_id), now=MORNING)
    return the_alarm().id


def events() -> list[str]:
    with transaction() as session:
        return [line.event for line in log.of(session, session.get_one(Alarm, the_alarm().id))]


def test_an_unclaimed_alarm_rings_the_lead_after_45_seconds_and_calls_the_family_after_90() -> None:
    ringing()
    assert tick(at(44)) == 0
    assert tick(at(45)) == 1 and the_alarm().rings is Rings.LEAD
    assert tick(at(89)) == 0
    assert tick(at(90)) == 1 and tick(at(91)) == 0
    with transaction() as session:
        (message,) = session.scalars(select(OutboxMessage)).all()
        assert message.to == "13900008870" and "林桂芬" in message.text
        assert message.to_whom == "周慧（女儿）"
    assert events() == ["raise", "ring_lead", "call_family"]


def test_a_claim_stops_the_ringing_and_an_idle_claim_rings_again_after_30_seconds() -> None:
    number = ringing()
    with transaction() as session:
        me = an_operator(session)
        actions.claim(session, number, me=me, now=at(10))
    with transaction() as session:
        assert timers.rings_again_at(session, the_alarm()) == at(40)
    assert tick(at(39)) == 0
    assert tick(at(40)) == 1
    assert (the_alarm().state, the_alarm().round, the_alarm().rung_at) == (State.RINGING, 2, at(40))
    assert tick(at(85)) == 1 and the_alarm().rings is Rings.LEAD


def test_a_call_in_time_keeps_the_claim_and_where_she_does_not_speak_help_is_looked_for() -> None:
    number = ringing()
    with transaction() as session:
        me = an_operator(session)
        actions.claim(session, number, me=me, now=at(10))
        actions.call(session, number, target=Target.ELDER, result=Result.NO_ANSWER, me=me, now=at(30))
        assert timers.rings_again_at(session, session.get_one(Alarm, number)) is None
    assert tick(at(10_000)) == 1 and the_alarm().state is State.CONTACTING
    assert events() == ["raise", "claim", "call", "nobody_free"]


def test_a_suspended_alarm_rings_at_its_end_first_at_whoever_suspended_it() -> None:
    number = ringing()
    with transaction() as session:
        me = an_operator(session)
        actions.claim(session, number, me=me, now=at(10))
        actions.suspend(session, number, 24, "误触，稍后回访", me=me, now=at(20))
    assert tick(at(20 + 24 * 60 - 1)) == 0
    assert tick(at(20 + 24 * 60)) == 1
    assert (the_alarm().state, the_alarm().rings, the_alarm().assigned_to) == (State.RINGING, Rings.ASSIGNED, me.id)
    assert tick(at(20 + 24 * 60 + 20)) == 1 and the_alarm().rings is Rings.ALL


def test_what_was_late_says_so() -> None:
    number = ringing()
    assert tick(at(150)) == 2
    with transaction() as session:
        late = {line.event: line.facts.get("late_seconds") for line in log.of(session, session.get_one(Alarm, number))}
    assert late == {"raise": None, "ring_lead": 105, "call_family": 60}


def test_clocks_that_fire_at_once_fire_once() -> None:
    ringing()
    with ThreadPoolExecutor(8) as pool:
        fired = sum(pool.map(lambda _: tick(at(100)), range(8)))
    assert fired == 2
    assert events() == ["raise", "ring_lead", "call_family"]


def test_thirty_days_with_restarts_and_an_outage_skip_nothing_and_repeat_nothing() -> None:
    """A clock that ticks each second where something is due, dies at random for up to a minute, and once for longer."""
    chance = random.Random(7)
    with transaction() as session:
        devices = [a_device(session).wire_id for _ in range(6)]
        me = an_operator(session)
    now, down_until, outage = MORNING, MORNING, {1200, 1201, 1202}
    for step in range(30 * 5):  # five presses a day, some answered, some forgotten
        hear(press(chance.choice(devices), f"e{step}"), now=now)
        if chance.random() < 0.5:
            with transaction() as session:
                found = session.scalar(select(Alarm.id).where(Alarm.state == State.RINGING).order_by(Alarm.id).limit(1))
                if found:
                    actions.claim(session, found, me=me, now=now + timedelta(seconds=chance.randint(1, 60)))
        for _ in range(6):
            with transaction() as session:
                due = session.scalar(
                    select(func.min(AlarmTimer.due_at)).where(
                        AlarmTimer.fired_at.is_(None), AlarmTimer.dropped_at.is_(None)
                    )
                )
            if due is None:
                break
            if chance.random() < 0.1 or step in outage:
                down_until = due + timedelta(seconds=60)
            tick(max(due, down_until))
            tick(max(due, down_until))  # a thawed leader fires once more
        now += timedelta(hours=4.8)
    with transaction() as session:
        rows = session.scalars(select(AlarmTimer)).all()
        lines = Counter(
            (alarm.id, line.event, line.at)
            for alarm in session.scalars(select(Alarm))
            for line in log.of(session, alarm)
            if line.by == timers.PLATFORM and line.event in RINGS
        )
        assert not list(proving.verify(session))
    fired = [row for row in rows if row.fired_at]
    assert len(fired) > 120 and all(row.fired_at or row.dropped_at for row in rows)
    assert all(row.late_seconds is not None and row.late_seconds <= 60 for row in fired)
    ringing_timers = [row for row in fired if row.kind not in CLIMB]
    assert max(lines.values()) == 1 and sum(lines.values()) == len(ringing_timers)
    assert {row.kind for row in fired} >= {TimerKind.RING_LEAD, TimerKind.CALL_FAMILY, TimerKind.IDLE_CLAIM}
