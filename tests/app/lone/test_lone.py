"""A caregiver alone in a home: she holds a button, or does not answer her timer, and the desk rings for her."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from app.access.rules import Role
from app.alarms import actions, climbing, hers, log, on_test, proving, queries, sending, steps, timers
from app.alarms.hers import NoCallOpen, Why
from app.alarms.rules import AlarmKind, CallBackMissing, State, TimerKind, Verdict
from app.alarms.sending_rules import NobodyLeft
from app.alarms.tables import Alarm, AlarmTimer
from app.calls.rules import Result
from app.db import transaction
from app.lone import actions as lone
from app.lone import queries as watches
from app.lone.rules import MOVES, WatchEvent, WatchMoveRefused, WatchState, after
from app.lone.tables import LoneWatch
from app.messages.tables import OutboxMessage
from app.orders.tables import Visit
from app.people.tables import Caregiver
from app.planning.rules import AttendanceState
from app.planning.tables import Attendance
from tests.app.alarms.story import an_operator
from tests.app.test_every_route import somebody
from tests.cast import a_caregiver, a_contact, a_device, a_visit, an_attendance, an_elder, an_item
from tests.clients import Client
from tests.conftest import MORNING

HERE = {"lat": 37.8899, "lon": 118.5263, "accuracy_m": 12.0, "source": "phone"}


def at(minutes: float) -> datetime:
    return MORNING + timedelta(minutes=minutes)


def in_a_home(session: Session) -> tuple[Caregiver, Attendance]:
    """Liu has been washing Lin since half past eight; it takes an hour."""
    elder = an_elder(session)
    a_contact(session, elder)
    liu = a_caregiver(session)
    visit = a_visit(session, elder=elder, state="published")
    attendance = an_attendance(
        session, visit, liu, starts_at=MORNING, ends_at=at(60), state=AttendanceState.IN_SERVICE, started_at=MORNING
    )
    return liu, attendance


def sweep(due: Callable[..., Any], act: Callable[..., Any], now: datetime) -> int:
    """As the clock does."""
    with transaction() as session:
        ids = due(session, now=now)
    for number in ids:
        with transaction() as session:
            act(session, number, now=now)
    return len(ids)


def test_she_rings_the_desk_as_an_elder_does_and_a_second_press_is_the_same_call(database: Engine) -> None:
    with transaction() as session:
        liu, _ = in_a_home(session)
        alarm = hers.call(session, liu, Why.BUTTON, by=liu.name, now=at(10), place=HERE)
        again = hers.call(session, liu, Why.BUTTON, by=liu.name, now=at(11))
        assert (again.id, again.count, again.subject) == (alarm.id, 2, f"worker:{liu.id}")
        assert (alarm.kind, alarm.state, alarm.priority) == (AlarmKind.WORKER, State.RINGING, 0)
        assert alarm.elder_id is None and alarm.home_id is not None
        kinds = set(session.scalars(select(AlarmTimer.kind).where(AlarmTimer.alarm_id == alarm.id)))
        assert kinds == {TimerKind.RING_LEAD, TimerKind.CALL_FAMILY}
        (row,) = queries.queue(session)
        assert (row.worker, row.elder_name) == ("刘洁", None)
    with transaction() as session:
        assert session.scalar(text("select subject from alarms")) == f"worker:{liu.id}"
        assert not list(proving.verify(session))


def test_the_family_of_the_home_is_not_called_for_her(database: Engine) -> None:
    with transaction() as session:
        liu, _ = in_a_home(session)
        alarm = hers.call(session, liu, Why.BUTTON, by=liu.name, now=at(10))
        assert climbing.people_of(session, alarm) == []
        for timer in session.scalars(select(AlarmTimer.id).order_by(AlarmTimer.due_at)).all():
            assert timers.fire(session, timer, now=at(12))
        assert session.scalars(select(OutboxMessage)).all() == []


def test_her_call_is_never_a_test_of_somebodys_button(database: Engine) -> None:
    with transaction() as session:
        liu, attendance = in_a_home(session)
        wang = a_caregiver(session, name="王芳")
        me = an_operator(session)
        home = session.get_one(Visit, attendance.visit_id).home_id
        button = a_device(session)
        session.flush()
        for home_id, device_id in ((home, None), (None, button.id)):
            on_test.begin(
                session, home_id=home_id, device_id=device_id, installer_id=None, minutes=60, reason="装机", me=me,
                now=at(0),
            )  # fmt: skip
        session.flush()
        inside = hers.call(session, liu, Why.BUTTON, by=liu.name, now=at(10))
        outside = hers.call(session, wang, Why.BUTTON, by=wang.name, now=at(10))
        assert (inside.home_id, outside.home_id) == (home, None)
        assert on_test.window_of(session, inside) is None and on_test.window_of(session, outside) is None
        assert on_test.of([inside, outside], on_test.standing(session, now=at(11))) == {}


def test_its_pattern_calls_her_then_the_police_and_a_colleague(database: Engine) -> None:
    with transaction() as session:
        liu, _ = in_a_home(session)
        an_item(session, "URGENT", needs=[], cents=0)
        wang = a_caregiver(session, name="王芳")
        me = an_operator(session, on_duty_since=MORNING)
        alarm = hers.call(session, liu, Why.BUTTON, by=liu.name, now=at(1), place=HERE)
        actions.claim(session, alarm.id, me=me, now=at(1.2))
        session.flush()
        script = steps.script_of(session, alarm, now=at(1.3))
        assert script is not None and script.next is not None and script.next.step.key == "call_worker"
        steps.do(session, alarm.id, "call_worker", steps.Wish(result=Result.NO_ANSWER), me=me, now=at(1.4))
        steps.do(session, alarm.id, "send", steps.Wish(caregiver_id=wang.id), me=me, now=at(2))
        assert [name for _, name in sending.offers_of(session, alarm.id)] == ["王芳"]
        session.flush()
        late = steps.script_of(session, alarm, now=at(4))
        assert late is not None and late.next is not None and late.next.step.key == "police"
        with pytest.raises(CallBackMissing):
            actions.close(session, alarm.id, Verdict.REAL, me=me, now=at(5), note=None)
        steps.do(session, alarm.id, "call_worker", steps.Wish(result=Result.SAFE), me=me, now=at(5))
        steps.do(session, alarm.id, "close", steps.Wish(verdict=Verdict.REAL), me=me, now=at(6))
        assert alarm.state is State.CLOSED


def test_she_herself_is_never_sent_to_her_own_call(database: Engine) -> None:
    with transaction() as session:
        liu, _ = in_a_home(session)
        an_item(session, "URGENT", needs=[], cents=0)
        alarm = hers.call(session, liu, Why.BUTTON, by=liu.name, now=at(1))
        with pytest.raises(NobodyLeft):
            sending.send_nearest(session, alarm, by="test", now=at(2))


def test_her_place_is_taken_while_her_call_is_open_and_at_no_other_time(database: Engine) -> None:
    with transaction() as session:
        liu, _ = in_a_home(session)
        with pytest.raises(NoCallOpen):
            hers.is_at(session, liu, HERE, now=at(1))
        alarm = hers.call(session, liu, Why.BUTTON, by=liu.name, now=at(2))
        assert alarm.place is not None and alarm.place["source"] == "home"
        hers.is_at(session, liu, HERE, now=at(3))
        hers.says(session, liu, hers.SosWord.CANNOT_TALK, now=at(3))
        assert alarm.place == HERE
        assert [line.event for line in log.of(session, alarm)] == ["raise", "placed", "she_says"]


def test_a_timer_asks_her_and_without_an_answer_it_rings(database: Engine) -> None:
    with transaction() as session:
        liu, _ = in_a_home(session)
        lone.always(session, liu.id, on=True, now=MORNING)
    assert sweep(watches.unwatched, lone.begin, at(1)) == 1
    assert sweep(watches.unwatched, lone.begin, at(2)) == 0
    assert sweep(watches.due, lone.ask, at(75)) == 0
    assert sweep(watches.due, lone.ask, at(77)) == 1
    with transaction() as session:
        (told,) = session.scalars(select(OutboxMessage.kind)).all()
        assert told == "worker_check"
    assert sweep(watches.unanswered, lone.ring, at(79)) == 0
    assert sweep(watches.unanswered, lone.ring, at(80.1)) == 1
    assert sweep(watches.unanswered, lone.ring, at(81)) == 0
    with transaction() as session:
        alarm = session.scalars(select(Alarm)).one()
        assert (alarm.kind, alarm.worker_id) == (AlarmKind.WORKER, liu.id)
        assert session.scalars(select(LoneWatch.state)).all() == [WatchState.RANG]


def test_saying_that_all_is_well_lets_it_run_on_and_leaving_ends_it(database: Engine) -> None:
    with transaction() as session:
        liu, attendance = in_a_home(session)
        lone.start(session, liu.id, minutes=10, now=MORNING, attendance_id=attendance.id)
    assert sweep(watches.due, lone.ask, at(11)) == 1
    with transaction() as session:
        lone.well(session, liu.id, minutes=20, now=at(12))
    assert sweep(watches.unanswered, lone.ring, at(20)) == 0
    with transaction() as session:
        session.get_one(Attendance, attendance.id).state = AttendanceState.FINISHED
    assert sweep(watches.over, lone.leave, at(25)) == 1
    assert sweep(watches.due, lone.ask, at(90)) == 0
    with transaction() as session:
        assert session.scalars(select(LoneWatch.state)).all() == [WatchState.ENDED]


def test_a_timer_moves_by_its_table_alone() -> None:
    for state in WatchState:
        for event in WatchEvent:
            if (state, event) in MOVES:
                assert after(state, event) is MOVES[state, event]
            else:
                with pytest.raises(WatchMoveRefused):
                    after(state, event)


def test_the_phones_doors(client: Callable[..., Client]) -> None:
    liu = somebody(Role.CAREGIVER)
    assert liu.get("/api/phone/safety").json()["call"] is None
    press = {"at": MORNING.isoformat(), "place": {"lat": 37.9, "lon": 118.5, "accuracy_m": 8.0}}
    for _ in range(2):  # sent again: nobody knew whether the first had come through
        answer = liu.post("/api/phone/sos", json=press, headers={"idempotency-key": "a-press"})
        assert answer.status_code == 200, answer.text
    call = answer.json()["call"]
    operator = client(Role.OPERATOR)
    (row,) = operator.get("/api/alarms").json()["items"]
    assert (row["kind"], row["worker_name"], row["count"]) == ("worker", "刘洁", 1)
    case = operator.get(f"/api/alarms/{call['alarm_id']}").json()
    assert case["worker"]["phone"].startswith("1") and case["residents"] == [] and case["contacts"] == []
    operator.post(f"/api/alarms/{call['alarm_id']}/claim")
    assert liu.get("/api/phone/safety").json()["call"]["has_it"]
    assert liu.post("/api/phone/sos/word", json={"word": "police"}).status_code == 200
    assert somebody(Role.CAREGIVER, name="别人").post("/api/phone/sos/word", json={"word": "safe"}).status_code == 409
    timer = liu.post("/api/phone/timer", json={"minutes": 30}).json()["timer"]
    assert timer["state"] == "running"
    assert liu.delete("/api/phone/timer").json()["timer"] is None
    assert liu.post("/api/phone/timer/well", json={"minutes": 30}).status_code == 409
    assert operator.post("/api/alarms", json={"elder_id": 1, "kind": "worker"}).status_code == 422
