"""Up the tree: by itself while nobody claims, beside the calls when help must not wait, by the operator's key."""

from concurrent.futures import ThreadPoolExecutor
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.alarms import actions, climbing, climbing_acts, queries
from app.alarms.climbing_rules import MOVES, HelpIsNotSkipped, RungEvent, RungState, TreeAtItsEnd, after
from app.alarms.climbing_tables import RungAttempt
from app.alarms.rules import CallBackMissing, NotYours, Rings, State, TimerKind, Verdict
from app.alarms.tables import Alarm, AlarmTimer
from app.calls.rules import Result, Target
from app.calls.tables import Call
from app.db import transaction
from app.errors import IllegalMove
from app.escalation import actions as escalation
from app.escalation.rules import Hours, Tree
from app.planning.rules import AttendanceState
from tests.app.alarms.climb_story import AMBULANCE, RESPONDER, House, K, at, run, tick
from tests.app.alarms.story import an_operator, hear, press, the_alarm
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")


def test_unclaimed_it_climbs_by_itself_until_a_responder_takes_it_on_and_stands_at_the_door() -> None:
    house = House()
    run(280)
    assert house.told()[1:] == [
        (45, "ring_lead", None, None), (90, "call_family", 2, 1), (130, "climb", 2, 2), (170, "climb", 3, 1),
        (210, "climb", 3, 2), (250, "dispatch", None, None), (250, "climb", 4, 1),
    ]  # fmt: skip
    assert house.states() == ["waiting", "failed", "failed", "trying", "waiting"]  # she is left for an operator to call
    house.phone(AttendanceState.ACCEPTED)
    run(400, 280)
    assert house.states()[3] == "reached" and house.told()[-1][1] == "rung_reached"
    house.phone(AttendanceState.ARRIVED, arrived_at=at(420))
    with transaction() as session:
        (found,) = queries.arrived(session, now=at(421))
        actions.notice_arrival(session, found, now=at(421))
        assert queries.arrived(session, now=at(422)) == []
    run(3000, 421)
    alarm = the_alarm()
    assert (alarm.state, alarm.arrived_at, house.told()[-1][1]) == (State.RINGING, at(420), "arrive")
    house.do(actions.claim, now=at(3001))
    house.do(actions.call, target=Target.ELDER, result=Result.SAFE, now=at(3010))
    assert house.do(actions.close, Verdict.REAL, now=at(3020), note=None).state is State.CLOSED


def test_by_hand_one_key_goes_up_the_tree_until_the_neighbour_answers_and_it_is_closed_with_a_verdict() -> None:
    house = House()
    house.do(actions.claim, now=at(5))
    for seconds, kind in ((8, K.ELDER), (40, K.FAMILY), (80, K.FAMILY)):
        with transaction() as session:
            turn = climbing.next_rung(session, session.get_one(Alarm, house.alarm_id))
            assert turn is not None and turn.kind is kind
        house.do(climbing_acts.climb, now=at(seconds))
        house.result(Result.NO_ANSWER)
        if seconds == 8:
            with transaction() as session:
                climbing_acts.hear(session, house.alarm_id, now=at(12))
    _, call = house.do(climbing_acts.climb, now=at(120))
    assert call.contact_id == house.neighbour.id
    house.result(Result.SAFE)
    tick(at(125))
    assert house.states() == ["failed", "failed", "reached", "waiting", "waiting"]
    with pytest.raises(TreeAtItsEnd):
        house.do(climbing_acts.climb, now=at(130))
    house.do(actions.close, Verdict.FALSE, now=at(140), note="在邻居家")
    assert house.states() == ["failed", "failed", "reached", "unneeded", "unneeded"]


def test_nobody_reached_leads_to_a_responder_and_not_to_closing() -> None:
    house = House()
    house.do(actions.claim, now=at(5))
    for n in range(5):
        house.do(climbing_acts.climb, now=at(6 + n))
    with pytest.raises(CallBackMissing):
        house.do(actions.close, Verdict.FALSE, now=at(20), note=None)
    alarm, call = house.do(climbing_acts.climb, now=at(21))
    assert call is None and (alarm.state, alarm.caregiver_id) == (State.DISPATCHED, house.nurses[0])
    second, _ = house.do(climbing_acts.climb, now=at(22))
    assert second.caregiver_id == house.nurses[1]
    _, call = house.do(climbing_acts.climb, now=at(23))
    assert (call.target, call.phone) == (Target.AMBULANCE, "120")


def test_a_fall_sends_the_responder_beside_the_first_call_and_the_calling_goes_on() -> None:
    house = House("fall", at_once={"fall": [K.RESPONDER]})
    house.do(actions.claim, now=at(5))
    house.do(climbing_acts.climb, now=at(8))
    tick(at(9))
    alarm = the_alarm()
    assert (alarm.state, alarm.caregiver_id) == (State.DISPATCHED, house.nurses[0])
    with transaction() as session:
        turn = climbing.next_rung(session, alarm)
        assert turn is not None and turn.kind is K.FAMILY
    tick(at(60))
    assert [event for _, event, *_ in house.told()].count("dispatch") == 1


def test_who_does_not_speak_within_20_seconds_is_sent_help_and_who_speaks_is_not() -> None:
    house = House(silence={"sos": [K.RESPONDER]})
    house.do(actions.claim, now=at(5))
    house.do(climbing_acts.climb, now=at(10))
    assert tick(at(29)) == 0
    assert tick(at(30)) == 1 and the_alarm().caregiver_id == house.nurses[0]


def test_her_voice_keeps_the_help_at_home_and_her_call_for_help_brings_it_at_once() -> None:
    house = House(silence={"sos": [K.RESPONDER]})
    house.do(actions.claim, now=at(5))
    house.do(climbing_acts.climb, now=at(10))
    house.result(Result.HELP)
    tick(at(15))
    assert tick(at(100)) == 0 and the_alarm().caregiver_id is None
    alarm, _ = house.do(climbing_acts.climb, now=at(101))
    assert alarm.caregiver_id == house.nurses[0]


def test_a_promise_nobody_keeps_rings_again_at_whoever_has_it_and_the_climb_goes_on() -> None:
    house = House()
    house.do(actions.claim, now=at(5))
    house.do(actions.call, target=Target.CONTACT, contact_id=house.daughter.id, result=Result.HELP, now=at(60))
    promised = 60 + 15 * 60  # ten minutes away, and five of grace
    assert tick(at(promised - 1)) == 0
    assert tick(at(promised)) == 1
    alarm = the_alarm()
    assert (alarm.state, alarm.rings, alarm.assigned_to) == (State.RINGING, Rings.ASSIGNED, house.me.id)
    assert house.states()[1] == "broken"
    run(promised + 91, promised)
    assert house.told()[-1][1] == "call_family" and house.states()[2] == "trying"


def test_another_operators_claim_does_not_forget_who_promised_to_come() -> None:
    house = House()
    house.do(actions.claim, now=at(5))
    house.do(actions.call, target=Target.CONTACT, contact_id=house.neighbour.id, result=Result.HELP, now=at(60))
    house.do(actions.release, now=at(70))
    with transaction() as session:
        other = an_operator(session, name="钱芳")
    house.do(actions.claim, now=at(75), me=other)
    house.do(actions.call, target=Target.ELDER, result=Result.NO_ANSWER, now=at(80), me=other)
    run(60 + 7 * 60)
    assert (the_alarm().state, the_alarm().assigned_to) == (State.RINGING, other.id)


def test_a_responder_who_declines_is_followed_by_the_next() -> None:
    house = House(rungs=[RESPONDER, AMBULANCE])
    run(100)
    assert the_alarm().caregiver_id == house.nurses[0]
    house.phone(AttendanceState.DECLINED)
    tick(at(101))
    assert the_alarm().caregiver_id == house.nurses[1] and house.states() == ["trying", "waiting"]
    house.phone(AttendanceState.DECLINED)
    tick(at(102))  # nobody is left to ask: 120 at once
    assert house.states() == ["failed", "trying"] and house.told()[-1] == (102, "climb", 2, 1)


def test_an_operator_who_knows_better_skips_a_rung_with_the_reason() -> None:
    house = House()
    house.do(actions.claim, now=at(5))
    house.do(climbing_acts.skip, "住院陪护，电话无人接", now=at(6))
    assert house.states()[:2] == ["skipped", "waiting"] and house.told()[-1][1:3] == ("rung_skipped", 1)


def test_the_last_who_could_go_is_not_skipped() -> None:
    house = House(rungs=[RESPONDER])
    house.do(actions.claim, now=at(5))
    with pytest.raises(HelpIsNotSkipped):
        house.do(climbing_acts.skip, "不需要", now=at(6))


def test_out_of_hours_gone_or_off_duty_a_rung_is_passed_with_the_reason() -> None:
    house = House(free=0)
    with transaction() as session:
        rungs = [House.rung(house.daughter.id, hours=Hours(opens=time(20), closes=time(8))),
                 House.rung(house.neighbour.id, kind=K.NEIGHBOUR), RESPONDER, AMBULANCE]  # fmt: skip
        escalation.save(session, house.elder.id, Tree(rungs=rungs), based_on=1, by="王琳", now=MORNING)
        session.delete(session.merge(house.neighbour))
    run(91)
    with transaction() as session:
        rows = climbing.rungs_of(session, session.get_one(Alarm, house.alarm_id))
        assert [row.reason for row in rows] == ["out_of_hours", "contact_gone", "nobody_free", None]
        (call,) = session.scalars(select(Call)).all()
        assert (call.target, call.phone) == (Target.AMBULANCE, "120")


def test_a_tree_in_vain_begins_anew_three_times_and_rings_at_the_lead_throughout() -> None:
    house = House(free=0, rungs=[RESPONDER, AMBULANCE])
    run(6000)
    events = [event for _, event, *_ in house.told()]
    assert events.count("tree_exhausted") == 3 and events.count("climb") == 2 * 3
    assert (the_alarm().rings, the_alarm().state) == (Rings.LEAD, State.RINGING)


def test_a_press_after_it_was_settled_begins_a_new_climb_and_an_idle_claim_goes_on_with_the_old() -> None:
    house = House()
    run(100)
    house.do(actions.claim, now=at(110))
    run(111 + 30 + 90, 110)  # the claim was idle: it rings again, and after 90 s the family's second attempt follows
    assert [x[1:] for x in house.told()[-3:]] == [
        ("ring", None, None), ("ring_lead", None, None), ("call_family", 2, 2),
    ]  # fmt: skip
    with transaction() as session:
        rows = climbing.rungs_of(session, session.get_one(Alarm, house.alarm_id))
        assert (rows[0].climb, rows[1].tried) == (1, 2)
    house.do(actions.claim, now=at(300))
    house.do(actions.call, target=Target.ELDER, result=Result.SAFE, now=at(310))
    house.do(actions.follow_up, now=at(320))
    hear(press(house.device, "e2"), now=at(330))
    run(330 + 91, 330)
    with transaction() as session:
        assert climbing.rungs_of(session, session.get_one(Alarm, house.alarm_id))[0].climb == 2


def test_clocks_and_operators_at_once_make_each_attempt_once() -> None:
    house = House()
    run(120)

    def act(n: int) -> str:
        try:
            if n % 2:
                tick(at(131))
                return "ticked"
            house.do(actions.claim, now=at(131), me=others[n // 2])
            return "claimed"
        except NotYours:
            return "late"

    with transaction() as session:
        others = [an_operator(session, name=f"操作员{n}") for n in range(4)]
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(act, range(8)))
    assert said.count("claimed") == 1
    with transaction() as session:
        tries = session.execute(select(RungAttempt.rung_id, RungAttempt.n)).all()
        assert len(tries) == len(set(tries)) in (1, 2)
        waiting = session.scalars(
            select(AlarmTimer.kind).where(AlarmTimer.fired_at.is_(None), AlarmTimer.dropped_at.is_(None))
        ).all()
    assert waiting == [TimerKind.IDLE_CLAIM]  # whoever has it climbs by hand; the platform does not


@given(state=st.sampled_from(list(RungState)), events=st.lists(st.sampled_from(list(RungEvent)), max_size=8))
def test_a_rung_moves_by_the_table_or_not_at_all(state: RungState, events: list[RungEvent]) -> None:
    for event in events:
        if (state, event) in MOVES:
            state = after(state, event)
        else:
            with pytest.raises(IllegalMove):
                after(state, event)
