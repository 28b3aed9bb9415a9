"""The life of an alarm at the desk: claimed once, called, sent, closed with a verdict; every line on record."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.access.rules import Role
from app.access.tables import AccessLog
from app.alarms import actions, duty, log, proving, queries, sending
from app.alarms.rules import MOVES, OPEN, CallBackMissing, Event, NotYours, State, Verdict, after, possible
from app.alarms.tables import Alarm
from app.calls.rules import Result, Target
from app.db import Scope, transaction
from app.errors import IllegalMove, NotFound
from app.orders.rules import Payer, VisitState
from app.orders.tables import Order, Visit
from app.people.rules import Skill
from app.planning.rules import AttendanceState
from app.planning.tables import Attendance
from tests.app.alarms.story import an_operator, hear, press, the_alarm
from tests.cast import OTHER_COMMUNITY, a_caregiver, a_contact, a_device, a_visit, an_elder, an_item
from tests.conftest import MORNING

database = pytest.mark.usefixtures("database")


def at(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def ringing(**given: Any) -> int:
    """An elder has pressed her pendant."""
    with transaction() as session:
        device = a_device(session, **given)
    hear(press(device.wire_id), now=MORNING)
    return the_alarm().id


def operator(name: str = "赵敏", **given: Any) -> Caller:
    with transaction() as session:
        return an_operator(session, name=name, **given)


def do(act: Any, *args: Any, me: Caller, now: datetime, **kwargs: Any) -> Any:
    with transaction(me.scope) as session:
        return act(session, *args, me=me, now=now, **kwargs)


@database
def test_from_the_press_to_the_verdict_every_step_is_on_record() -> None:
    with transaction() as session:
        elder = an_elder(session)
        daughter = a_contact(session, elder)
        nurse = a_caregiver(session, skills=(Skill.FIRST_AID,), responder=True)
        an_item(session, "URGENT", needs=[Skill.FIRST_AID], cents=0)
        device = a_device(session, elder=elder)
    hear(press(device.wire_id, battery=81), now=MORNING)
    number, me = the_alarm().id, operator()
    do(actions.claim, number, me=me, now=at(6))
    do(actions.call, number, target=Target.DEVICE, result=Result.NO_ANSWER, me=me, now=at(30))
    do(actions.call, number, target=Target.CONTACT, contact_id=daughter.id, result=Result.HELP, me=me, now=at(60))
    sent = do(actions.dispatch, number, nurse.id, me=me, now=at(70))
    with transaction() as session:
        visit = session.get_one(Visit, sent.visit_id)
        order = session.get_one(Order, visit.order_id)
        attendance = session.scalars(select(Attendance).where(Attendance.visit_id == visit.id)).one()
        assert (order.payer, order.price_cents, visit.state) == (Payer.NONE, 0, VisitState.PUBLISHED)
        assert (attendance.caregiver_id, attendance.urgent) == (nurse.id, True)
        assert queries.arrived(session, now=at(590)) == []
        attendance.state, attendance.arrived_at = AttendanceState.ARRIVED, at(600)
    for _ in range(2):
        with transaction() as session:
            for found in queries.arrived(session, now=at(601)):
                actions.notice_arrival(session, found, now=at(601))
    do(actions.follow_up, number, me=me, now=at(1200))
    closed = do(actions.close, number, Verdict.REAL, me=me, now=at(3000), note="送医")
    assert (closed.state, closed.verdict) == (State.CLOSED, Verdict.REAL)
    assert (closed.answered_at, closed.arrived_at) == (at(6), at(600))
    with transaction() as session:
        lines = log.of(session, session.get_one(Alarm, number))
        assert not list(proving.verify(session))
    told = [(line.event, line.after) for line in lines]
    assert told == [
        ("raise", "ringing"), ("claim", "claimed"), ("call", "contacting"), ("call", "contacting"),
        ("dispatch", "dispatched"), ("arrive", "on_site"), ("follow_up", "follow_up"), ("close", "closed"),
    ]  # fmt: skip
    assert lines[-1].facts == {"verdict": "real", "text": "送医"} and lines[4].facts["caregiver"] == nurse.name


@database
def test_of_a_hundred_who_claim_at_once_one_has_it_and_the_others_hear_who() -> None:
    number = ringing()
    callers = [operator(f"操作员{n}") for n in range(100)]

    def claim(me: Caller) -> str:
        try:
            do(actions.claim, number, me=me, now=at(5))
        except NotYours as told:
            return str(told.facts["claimed_by"])
        return "mine"

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(claim, callers))
    winner = callers[answers.index("mine")]
    assert answers.count("mine") == 1 and answers.count(winner.name) == 99


@database
def test_an_alarm_is_closed_only_after_somebody_was_reached_since_it_last_rang() -> None:
    number, me = ringing(), operator()
    do(actions.claim, number, me=me, now=at(5))
    do(actions.call, number, target=Target.ELDER, result=Result.NO_ANSWER, me=me, now=at(20))
    with pytest.raises(CallBackMissing):
        do(actions.close, number, Verdict.FALSE, me=me, now=at(30), note=None)
    do(actions.call, number, target=Target.ELDER, result=Result.SAFE, me=me, now=at(40))
    do(actions.release, number, me=me, now=at(50))
    do(actions.claim, number, me=me, now=at(55))
    do(actions.call, number, target=Target.AMBULANCE, result=Result.ANSWERED, me=me, now=at(60))
    with pytest.raises(CallBackMissing):
        do(actions.close, number, Verdict.FALSE, me=me, now=at(65), note=None)
    do(actions.call, number, target=Target.ELDER, result=Result.SAFE, me=me, now=at(70))
    assert do(actions.close, number, Verdict.ACCIDENTAL, me=me, now=at(80), note=None).verdict is Verdict.ACCIDENTAL


def settle(number: int, me: Caller, seconds: float) -> None:
    do(actions.claim, number, me=me, now=at(seconds))
    do(actions.call, number, target=Target.ELDER, result=Result.SAFE, me=me, now=at(seconds + 1))
    do(actions.follow_up, number, me=me, now=at(seconds + 2))


@database
def test_a_press_during_follow_up_rings_again_first_at_the_operator_who_knows_it() -> None:
    with transaction() as session:
        device = a_device(session)
        me = an_operator(session, on_duty_since=MORNING)
    hear(press(device.wire_id, "e1"), now=MORNING)
    settle(the_alarm().id, me, 5)
    hear(press(device.wire_id, "e2"), now=at(20))
    alarm = the_alarm()
    assert (alarm.state, alarm.count, alarm.rings, alarm.assigned_to) == (State.RINGING, 2, "assigned", me.id)


@database
@pytest.mark.parametrize(("minutes", "reopened"), [(29, True), (31, False)])
def test_a_press_within_half_an_hour_of_closing_reopens_and_later_is_a_new_alarm(minutes: int, reopened: bool) -> None:
    with transaction() as session:
        device = a_device(session)
    me = operator()
    hear(press(device.wire_id, "e1"), now=MORNING)
    number = the_alarm().id
    settle(number, me, 5)
    do(actions.close, number, Verdict.FALSE, me=me, now=at(10), note=None)
    hear(press(device.wire_id, "e2"), now=at(10 + minutes * 60))
    with transaction() as session:
        found = queries.queue(session)
    assert [(row.alarm.id == number, row.alarm.count) for row in found] == [(reopened, 2 if reopened else 1)]


@database
def test_a_press_while_somebody_attends_is_heard_and_takes_it_from_nobody() -> None:
    with transaction() as session:
        device = a_device(session)
    me = operator()
    hear(press(device.wire_id, "e1"), now=MORNING)
    do(actions.claim, the_alarm().id, me=me, now=at(5))
    do(actions.suspend, the_alarm().id, 10, "误触", me=me, now=at(6))
    hear(press(device.wire_id, "e2"), now=at(20))
    alarm = the_alarm()
    assert (alarm.state, alarm.claimed_by, alarm.count, alarm.suspended_until) == (State.CLAIMED, me.id, 2, None)
    assert alarm.priority == 0


@database
def test_only_whoever_has_an_alarm_acts_on_it_and_a_lead_may_hand_it_over() -> None:
    number, me, other, lead = ringing(), operator(), operator("钱芳"), operator("孙班长", role=Role.SHIFT_LEAD)
    do(actions.claim, number, me=me, now=at(5))
    with pytest.raises(NotYours, match="赵敏"):
        do(actions.call, number, target=Target.ELDER, me=other, now=at(6))
    do(actions.note, number, "隔壁也来电", me=other, now=at(7))
    do(actions.hand_over, number, other.id, me=lead, now=at(8))
    do(actions.call, number, target=Target.ELDER, me=other, now=at(9))
    assert the_alarm().claimed_by == other.id


@database
def test_what_an_operator_leaves_unfinished_at_the_end_of_a_turn_rings_again() -> None:
    number = ringing()
    with transaction() as session:
        me = an_operator(session, on_duty_since=MORNING)
    do(actions.claim, number, me=me, now=at(5))
    assert do(duty.end, me=me, now=at(9)) == 1
    assert (the_alarm().state, the_alarm().claimed_by) == (State.RINGING, None)


@database
def test_an_alarm_outside_the_area_is_not_found() -> None:
    with transaction() as session:
        far = an_elder(session, division_code=OTHER_COMMUNITY)
    number = ringing(elder=far)
    me = operator(area="370503001")
    with pytest.raises(NotFound):
        do(actions.claim, number, me=me, now=at(5))
    with transaction(Scope(370503, "370503001")) as session:
        assert queries.queue(session) == []


@database
def test_a_false_alarm_spares_the_caregiver_the_way() -> None:
    with transaction() as session:
        elder = an_elder(session)
        caregiver = a_caregiver(session)
        an_item(session, "URGENT", needs=[], cents=0)
        meal = a_visit(session)
    number, me = ringing(elder=elder), operator()
    do(actions.claim, number, me=me, now=at(5))
    alarm = do(actions.dispatch, number, caregiver.id, me=me, now=at(10))
    do(actions.call, number, target=Target.ELDER, result=Result.SAFE, me=me, now=at(20))
    do(actions.close, number, Verdict.ACCIDENTAL, me=me, now=at(30), note=None)
    with transaction() as session:
        assert session.get_one(Visit, alarm.visit_id).state is VisitState.CANCELLED
        assert session.get_one(Visit, meal.id).state is VisitState.WAITING


@database
def test_a_caregiver_on_the_way_to_one_alarm_is_not_sent_to_another() -> None:
    with transaction() as session:
        caregiver = a_caregiver(session)
        an_item(session, "URGENT", needs=[], cents=0)
        one, two = a_device(session), a_device(session)
    hear(press(one.wire_id), press(two.wire_id), now=MORNING)
    me = operator()
    with transaction() as session:
        first, second = (row.alarm.id for row in queries.queue(session))
    for number in (first, second):
        do(actions.claim, number, me=me, now=at(5))
    do(actions.dispatch, first, caregiver.id, me=me, now=at(6))
    with pytest.raises(sending.OnAnotherAlarm):
        do(actions.dispatch, second, caregiver.id, me=me, now=at(7))


@database
def test_the_elder_of_a_strange_device_can_be_named() -> None:
    with transaction() as session:
        elder = an_elder(session)
    hear(press("stranger"), now=MORNING)
    me = operator()
    do(actions.claim, the_alarm().id, me=me, now=at(5))
    with pytest.raises(sending.NobodyNamed):
        do(actions.dispatch, the_alarm().id, 1, me=me, now=at(6))
    do(actions.name_elder, the_alarm().id, elder.id, me=me, now=at(7))
    assert the_alarm().subject == f"elder:{elder.id}"
    with transaction() as session:
        assert not list(proving.verify(session))


@database
def test_a_changed_a_cut_and_an_added_line_are_found(parts: Engine) -> None:
    number, me = ringing(), operator()
    do(actions.claim, number, me=me, now=at(5))
    do(actions.note, number, "n", me=me, now=at(6))
    for tamper in (
        "update alarm_events set by = 'somebody else' where n = 2",
        "update alarm_events set at = at + interval '1 second' where n = 1",
        "delete from alarm_events where n = 3",
        "delete from alarm_events where n = 2",
        "update alarms set log_length = 2",
    ):
        with parts.connect() as owner, owner.begin() as change:
            owner.execute(text("set local session_replication_role = replica"))
            owner.execute(text(tamper))
            assert list(proving.verify(Session(owner))), tamper
            change.rollback()
    with transaction() as session:
        assert not list(proving.verify(session))


@database
def test_erasing_a_persons_key_erases_the_person_and_not_the_proof() -> None:
    number, me = ringing(), operator()
    do(actions.claim, number, me=me, now=at(5))
    do(actions.note, number, "摔倒在浴室", me=me, now=at(6))
    with transaction() as session:
        log.erase(session, the_alarm().subject)
    with transaction() as session:
        lines = log.of(session, session.get_one(Alarm, number))
        assert [line.event for line in lines] == ["raise", "claim", "note"] and not any(line.facts for line in lines)
        assert not list(proving.verify(session))


@database
def test_opening_a_claimed_case_is_written_down_once_for_each_claim(client: Any) -> None:
    number = ringing()
    browser = client(Role.OPERATOR)
    shut = browser.get(f"/api/alarms/{number}").json()
    assert not shut["in_clear"] and "302" not in shut["home"]["address"] and not shut["elder"]["health"]["conditions"]
    case = browser.post(f"/api/alarms/{number}/claim").json()
    assert case["in_clear"] and "302" in case["home"]["address"] and case["elder"]["health"]["allergies"] == ["青霉素"]
    assert "****" in case["elder"]["phone"] and case["possible"][0] == "release"
    browser.get(f"/api/alarms/{number}")
    with transaction() as session:
        (seen,) = session.scalars(select(AccessLog)).all()
    assert (seen.field, seen.reason) == ("case", f"alarm {number}")


# -- the table of moves ------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(list(Event)), max_size=30))
def test_whatever_happens_an_open_alarm_can_ring_again_and_closed_is_left_only_by_a_press(events: list[Event]) -> None:
    state = State.RINGING
    for event in events:
        try:
            following = after(state, event)
        except IllegalMove:
            continue
        assert state is not State.CLOSED or event is Event.PRESS
        state = following
        assert state is State.CLOSED or after(state, Event.RING) is State.RINGING


def test_every_state_can_be_reached_and_every_button_works() -> None:
    assert {State.RINGING} | set(MOVES.values()) == set(State)
    for state in State:
        for mine in (True, False):
            for event in possible(state, Role.SHIFT_LEAD, mine=mine):
                after(state, event)
    assert all((state, Event.PRESS) in MOVES for state in State) and State.CLOSED not in OPEN
