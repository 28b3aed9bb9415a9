"""A case rebuilt from its log alone is the case."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.alarms import actions, cases, inbox, log, proving, timers
from app.alarms.rules import Event, State, Verdict
from app.alarms.tables import Alarm, AlarmTimer
from app.calls.rules import Result, Target
from app.calls.tables import Call
from app.db import Scope, engine, transaction
from app.errors import CareError
from app.people.rules import Skill
from tests.app.alarms.story import an_operator, hear, press, the_alarm
from tests.cast import a_caregiver, a_contact, a_device, an_elder, an_item
from tests.conftest import MORNING

STEPS = (
    "press", "claim", "other claims", "release", "call", "reach", "contact", "dispatch", "arrive", "follow_up",
    "close", "suspend", "hand_over", "note", "wait", "wait long", "ring",
)  # fmt: skip


def as_rebuilt(session: Session, alarm: Alarm) -> cases.Case:
    """The case of the log, compared with the rows."""
    case = cases.rebuilt(log.of(session, alarm))
    assert case.row == log.row_of(alarm)
    assert (case.state, case.verdict, case.head) == (alarm.state, alarm.verdict, alarm.log_head)
    assert (case.presses, case.rounds) == (alarm.count, alarm.round)
    clocks = ("received_at", "raised_at", "answered_at", "decided_at", "arrived_at", "closed_at")
    assert [getattr(case.clocks, name) for name in clocks] == [getattr(alarm, name) for name in clocks]
    held = [claim for claim in case.claims if claim.until is None]
    assert bool(held) == (alarm.claimed_by is not None and alarm.state is not State.CLOSED)
    calls = session.execute(
        select(Call.id, Call.target, Call.result).where(Call.alarm_id == alarm.id).order_by(Call.id)
    ).all()
    assert [(one.call_id, one.target, one.result) for one in case.calls] == [(c.id, c.target, c.result) for c in calls]
    return case


def walk(
    session: Session,
    alarm_id: int,
    wire_id: str,
    steps: list[str],
    me: Caller,
    other: Caller,
    carer: int,
    daughter: int,
) -> None:
    """Do as told; what is not possible then is left out."""
    now = MORNING

    def call(target: Target, result: Result, **more: Any) -> Callable[[datetime], Any]:
        return lambda now: actions.call(session, alarm_id, target=target, result=result, me=me, now=now, **more)

    doing: dict[str, Callable[[datetime], Any]] = {
        "press": lambda now: hear_in(session, wire_id, f"{now}", now),
        "claim": lambda now: actions.claim(session, alarm_id, me=me, now=now),
        "other claims": lambda now: actions.claim(session, alarm_id, me=other, now=now),
        "release": lambda now: actions.release(session, alarm_id, me=me, now=now, reason="换班"),
        "call": call(Target.ELDER, Result.NO_ANSWER),
        "reach": call(Target.ELDER, Result.SAFE),
        "contact": call(Target.CONTACT, Result.HELP, contact_id=daughter, note="马上到"),
        "dispatch": lambda now: actions.dispatch(session, alarm_id, carer, me=me, now=now),
        "arrive": lambda now: actions.arrive(session, alarm_id, me=me, now=now, who="女儿"),
        "follow_up": lambda now: actions.follow_up(session, alarm_id, me=me, now=now),
        "close": lambda now: actions.close(session, alarm_id, Verdict.FALSE, me=me, now=now, note="误按"),
        "suspend": lambda now: actions.suspend(session, alarm_id, 5, "老人在洗澡", me=me, now=now),
        "hand_over": lambda now: actions.hand_over(session, alarm_id, other.id, me=me, now=now),
        "note": lambda now: actions.note(session, alarm_id, "门口有人", me=me, now=now),
        "ring": lambda now: actions.ring(session, alarm_id, me=me, now=now, reason="家属要求"),
        "wait": lambda now: None,
        "wait long": lambda now: None,
    }
    for step in steps:
        now += timedelta(seconds={"wait": 31, "wait long": 400}.get(step, 4))
        for timer_id in timers.due(session, now=now):
            timers.fire(session, timer_id, now=now)
        try:
            with session.begin_nested():
                doing[step](now)
        except CareError:
            continue


def hear_in(session: Session, wire_id: str, number: str, now: datetime) -> None:
    """Another press, in the same transaction."""
    inbox.take(session, [press(wire_id, number, battery=40)], now=now)


@pytest.mark.usefixtures("database")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(STEPS), max_size=22))
@example(["claim", "dispatch", "dispatch"])
def test_after_any_events_the_case_is_rebuilt_from_its_log_alone(steps: list[str]) -> None:
    with Session(engine(), expire_on_commit=False, info={"scope": Scope.PLATFORM}) as session:
        elder = an_elder(session)
        daughter = a_contact(session, elder)
        carer = a_caregiver(session, skills=(Skill.FIRST_AID,), responder=True)
        an_item(session, "URGENT", needs=[Skill.FIRST_AID], cents=0)
        device = a_device(session, elder=elder)
        me, other = an_operator(session), an_operator(session, name="孙磊")
        hear_in(session, device.wire_id, "first", MORNING)
        first = session.scalars(select(Alarm.id)).one()
        walk(session, first, device.wire_id, steps, me, other, carer.id, daughter.id)
        for alarm in session.scalars(select(Alarm).execution_options(populate_existing=True)):
            as_rebuilt(session, alarm)
        assert not list(proving.verify(session))
        session.rollback()


def the_case() -> cases.Case:
    with transaction() as session:
        return as_rebuilt(session, session.scalars(select(Alarm)).one())


@pytest.fixture
def ringing(database: Engine) -> tuple[int, Caller]:
    """An alarm of an elder with a daughter, and somebody to answer it."""
    with transaction() as session:
        elder = an_elder(session)
        a_contact(session, elder, name="李娜")
        device, me = a_device(session, elder=elder), an_operator(session)
    hear(press(device.wire_id), now=MORNING)
    return the_alarm().id, me


def test_the_case_tells_who_had_it_who_was_told_and_how_it_ended(ringing: tuple[int, Caller]) -> None:
    number, me = ringing
    with transaction() as session:
        for timer in session.scalars(select(AlarmTimer.id).order_by(AlarmTimer.due_at)).all():
            timers.fire(session, timer, now=MORNING + timedelta(seconds=91))
        actions.claim(session, number, me=me, now=MORNING + timedelta(seconds=95))
        actions.call(
            session, number, target=Target.ELDER, result=Result.SAFE, me=me, now=MORNING + timedelta(seconds=110)
        )
        actions.close(
            session, number, Verdict.ACCIDENTAL, me=me, now=MORNING + timedelta(seconds=200), note="擦桌子碰到"
        )
    case = the_case()
    assert [(told.who, told.how) for told in case.told] == [("李娜", "call_family")]
    assert [(claim.by, claim.ended) for claim in case.claims] == [(me.by, "close")]
    assert case.verdicts == [
        {"at": MORNING + timedelta(seconds=200), "by": me.by, "verdict": "accidental", "text": "擦桌子碰到"}
    ]
    assert case.clocks.seconds == {"receipt": 0, "human": 95, "decision": 105, "arrival": None, "open": 200}


def test_events_nobody_has_told_the_fold_about_are_kept_and_their_calls_understood(ringing: tuple[int, Caller]) -> None:
    number, _ = ringing
    with transaction() as session:
        alarm = actions.get(session, number)
        facts = {"call_id": 77, "target": "contact", "told": ["王姐"], "rung": 2}
        log.append(session, alarm, "climb", alarm.state, alarm.state, by="platform", now=MORNING, **facts)
        log.append(
            session,
            alarm,
            "call_ended",
            alarm.state,
            alarm.state,
            by="platform",
            now=MORNING,
            call_id=77,
            result="no_answer",
        )
    with transaction() as session:
        case = cases.rebuilt(log.of(session, session.get_one(Alarm, number)))
    assert [line.event for line in case.steps] == ["raise", "climb", "call_ended"] and case.steps[1].facts == facts
    assert [(one.call_id, one.result) for one in case.calls] == [(77, "no_answer")]
    assert [told.who for told in case.told] == ["王姐"] and case.state == "ringing"


def test_a_line_that_lost_its_key_leaves_the_events(ringing: tuple[int, Caller]) -> None:
    with transaction() as session:
        log.erase(session, the_alarm().subject)
    with transaction() as session:
        case = cases.rebuilt(log.of(session, the_alarm()))
    assert not case.readable and case.row == {} and (case.state, case.clocks.raised_at) == ("ringing", MORNING)
    assert Event.CLAIM not in [line.event for line in case.steps] and case.head == the_alarm().log_head


def test_no_line_is_written_without_the_row(ringing: tuple[int, Caller]) -> None:
    number, me = ringing
    with transaction() as session:
        actions.claim(session, number, me=me, now=MORNING)
    with transaction() as session:
        assert all(line.row for line in log.of(session, the_alarm()))
        assert session.scalar(select(func.count()).select_from(Alarm)) == 1
