"""«Do next» up the tree: one key after the other from the ring to somebody at the door, whatever goes wrong."""

from datetime import timedelta
from typing import Any

import pytest

from app.alarms import actions, log, proving, steps
from app.alarms.patterns import Do
from app.alarms.progress import Standing, Status
from app.alarms.rules import State, TimerKind, Verdict
from app.alarms.steps import Wish
from app.alarms.tables import Alarm
from app.calls.rules import Result, Target
from app.db import transaction
from app.planning.rules import AttendanceState
from tests.app.alarms.climb_story import House, K, at, run, tick
from tests.app.alarms.story import the_alarm
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")
D, R = Do, Result


class Desk(House):
    """The house, and an operator who presses one key."""

    def next(self, now: float) -> Standing:
        with transaction() as session:
            script = steps.script_of(session, session.get_one(Alarm, self.alarm_id), now=at(now))
        assert script is not None and script.next is not None
        return script.next

    def shown(self, now: float) -> tuple[Any, ...]:
        """What the screen frames: the step, why, and where on the tree."""
        one = self.next(now)
        if one.status is Status.DOING:
            return one.step.do, "doing"
        return (one.step.do, one.why, *((one.turn.kind, one.turn.attempt) if one.turn else ()))

    def key(self, now: float, **said: Any) -> None:
        self.do(steps.do, self.next(now).step.key, Wish(**said), now=at(now))

    def heard(self, now: float, result: Result) -> None:
        """The key that calls, then the one for what was heard."""
        self.key(now)
        self.key(now + 1, result=result)


def test_from_the_ring_up_the_tree_until_the_neighbour_answers_and_the_verdict() -> None:
    desk = Desk()
    told = []
    for now, result in ((5, None), (7, R.NO_ANSWER), (12, R.NO_ANSWER), (17, R.BUSY), (22, R.NO_ANSWER), (27, R.SAFE)):
        told.append(desk.shown(now))
        if result is None:
            desk.key(now)
        else:
            desk.heard(now, result)
    assert told == [
        (D.CLAIM, "in_order"), (D.CALL_ELDER, "in_order"), (D.CLIMB, "in_order", K.FAMILY, 1),
        (D.CLIMB, "in_order", K.FAMILY, 2), (D.CLIMB, "in_order", K.NEIGHBOUR, 1),
        (D.CLIMB, "in_order", K.NEIGHBOUR, 2),
    ]  # fmt: skip
    assert desk.states() == ["failed", "failed", "reached", "waiting", "waiting"]
    assert desk.shown(30) == (D.CLOSE, "in_order")
    desk.key(31, verdict=Verdict.FALSE)
    assert the_alarm().state is State.CLOSED and desk.states()[3:] == ["unneeded", "unneeded"]
    with transaction() as session:
        assert not list(proving.verify(session))


def test_a_minute_without_an_answer_sends_help_before_the_next_rung_and_a_call_is_on_until_it_is_heard_of() -> None:
    desk = Desk()
    desk.key(5)
    desk.heard(8, R.NO_ANSWER)
    desk.key(20)
    assert desk.shown(30) == (D.CLIMB, "doing")
    desk.key(31)  # once more on the same key: the call goes on
    with transaction() as session:
        lines = [x.event for x in log.of(session, the_alarm())]
    assert lines.count("call") == 2
    assert desk.shown(67) == (D.CLIMB, "doing")
    assert desk.shown(68) == (D.SEND, "no_answer")
    desk.key(69)
    assert (the_alarm().state, the_alarm().caregiver_id) == (State.DISPATCHED, desk.nurses[0])
    desk.key(70, result=R.HELP)
    assert desk.shown(71) == (D.ARRIVE, "sent"), "the daughter has been reached, and knows"


def test_everybody_in_vain_then_responders_who_decline_then_120_and_at_last_somebody_at_the_door() -> None:
    desk = Desk(free=2)
    desk.key(5)
    for n in range(5):  # the elder, her daughter twice, the neighbour twice
        desk.heard(8 + 3 * n, R.NO_ANSWER)
    assert desk.shown(30) == (D.CLIMB, "in_order", K.RESPONDER, 1)
    desk.key(30)
    assert the_alarm().caregiver_id == desk.nurses[0]
    assert desk.shown(31)[0] is D.INFORM, "while her phone rings the family is told"
    for nurse, now in ((0, 35), (1, 40)):
        assert the_alarm().caregiver_id == desk.nurses[nurse]
        desk.phone(AttendanceState.DECLINED)
        tick(at(now))
    assert (the_alarm().state, desk.shown(41)) == (State.RINGING, (D.CLAIM, "in_order"))
    desk.key(42)
    assert desk.shown(43) == (D.AMBULANCE, "doing"), "the platform called 120 while nobody had the alarm"
    desk.heard(44, R.ANSWERED)
    assert desk.states()[-1] == "reached"
    assert desk.shown(50)[0] is D.INFORM
    desk.heard(51, R.HELP)
    desk.key(60, who="120")
    desk.key(61, note="送医")
    assert the_alarm().state is State.ON_SITE
    assert desk.shown(62)[0] is D.CALL_BACK


def test_nobody_free_is_said_and_brings_120_forward_and_after_two_minutes_one_looks_again() -> None:
    desk = Desk(free=0)
    desk.key(5)
    desk.heard(8, R.NO_ANSWER)
    assert desk.shown(70) == (D.SEND, "no_answer")
    desk.key(70)
    assert desk.told()[-1][1] == "nobody_free" and desk.shown(71) == (D.AMBULANCE, "nobody_free")
    desk.heard(72, R.BUSY)
    assert desk.shown(74) == (D.AMBULANCE, "nobody_free")
    desk.heard(75, R.ANSWERED)
    assert desk.shown(80)[0] is D.INFORM
    assert desk.shown(190) == (D.SEND, "no_answer")


def test_a_tree_that_ends_in_vain_begins_anew_and_one_with_nobody_free_passes_the_rung() -> None:
    desk = Desk(free=0)
    desk.do(actions.claim, now=at(5))
    for n in range(5):
        desk.do(actions.call, target=Target.ELDER if n == 0 else Target.CONTACT, result=R.NO_ANSWER, now=at(6 + n),
                contact_id=None if n == 0 else (desk.daughter.id, desk.neighbour.id)[n // 3])  # fmt: skip
    assert desk.shown(20) == (D.CLIMB, "in_order", K.RESPONDER, 1)
    desk.key(20)
    assert desk.states()[3] == "skipped" and desk.shown(21) == (D.AMBULANCE, "nobody_free")
    for n in range(2):
        desk.do(actions.call, target=Target.AMBULANCE, result=R.BUSY, now=at(22 + n))
    assert desk.states()[4] == "failed"
    desk.do(steps.skip, "ambulance", "线路忙", now=at(30))
    assert desk.shown(31) == (D.CLIMB, "in_order", K.ELDER, 1)
    desk.key(32)
    assert desk.states() == ["trying", "waiting", "waiting", "waiting", "waiting"]


@pytest.mark.parametrize(
    ("kind", "said", "first", "after", "why"),
    [
        ("smoke", {"at_once": {"smoke": [K.AMBULANCE]}}, D.FIRE, 0, "at_once"),
        ("gas", {"at_once": {"gas": [K.RESPONDER, K.AMBULANCE]}}, D.FIRE, 0, "at_once"),
        ("fall", {"silence": {"fall": [K.AMBULANCE]}}, D.AMBULANCE, 20, "silence"),
        ("smoke", {}, D.FIRE, 20, "no_answer"),
        ("fall", {}, D.SEND, 20, "no_answer"),
        ("sos", {}, D.SEND, 60, "no_answer"),
    ],
)
def test_what_leaves_no_time_is_the_next_key_while_her_telephone_still_rings(
    kind: str, said: dict[str, Any], first: Do, after: int, why: str
) -> None:
    desk = Desk(kind, **said)
    desk.key(5)
    desk.key(10)
    if after:
        assert desk.shown(9 + after) == (D.CALL_ELDER, "doing")
    assert desk.shown(10 + after) == (first, why)


def test_her_own_word_that_all_is_well_takes_119_back_and_no_breath_brings_120() -> None:
    desk = Desk("smoke", at_once={"smoke": [K.AMBULANCE]})
    desk.key(5)
    desk.key(10)
    desk.do(steps.do, "call_elder", Wish(result=R.ANSWERED), now=at(15))
    assert desk.shown(16) == (D.FIRE, "at_once"), "she speaks, and nobody knows yet what burns"
    for question, answer in (("see", "no"), ("smell", "no"), ("cooking", "yes")):
        desk.do(steps.do, "ask", Wish(question=question, answer=answer), now=at(20))
    assert desk.shown(21)[0] is D.CLOSE


@pytest.mark.parametrize("answers", [[("hear", "no")], [("hear", "yes"), ("hurt", "yes"), ("breathe", "no")]])
def test_no_breath_or_no_answer_to_the_first_question_brings_120(answers: list[tuple[str, str]]) -> None:
    desk = Desk("fall")
    desk.key(5)
    desk.key(10)
    desk.key(15, result=R.ANSWERED)
    for question, answer in answers:
        desk.key(16, question=question, answer=answer)
    assert desk.shown(20) == (D.AMBULANCE, "ambulance")
    desk.heard(21, R.ANSWERED)
    assert desk.shown(25) == (D.SEND, "ambulance")


def test_an_operator_names_whom_she_knows_better_and_the_platform_goes_on_when_she_leaves() -> None:
    desk = Desk()
    desk.key(5)
    desk.heard(8, R.NO_ANSWER)
    desk.do(steps.do, "climb", Wish(contact_id=desk.neighbour.id, result=R.NO_ANSWER), now=at(12))
    assert desk.shown(13) == (D.CLIMB, "in_order", K.FAMILY, 1)
    desk.do(actions.release, now=at(20), reason="换班")
    told = desk.told()
    for now in range(20, 115):
        tick(at(now))
    fresh = [(seconds, event, rung) for seconds, event, rung, _ in desk.told()[len(told) :]]
    assert (110, TimerKind.CALL_FAMILY.value, 3) in fresh, "ninety seconds after it rang anew, where she had begun"
    with transaction() as session:
        alarm = session.get_one(Alarm, desk.alarm_id)
        script = steps.script_of(session, alarm, now=MORNING + timedelta(seconds=116))
    assert script and script.next and script.next.step.do is D.CLAIM


def test_whoever_claims_while_help_is_on_its_way_can_say_that_it_is_there_and_end_it() -> None:
    desk = Desk()
    run(280)  # nobody claims, her people do not answer, a caregiver is sent
    desk.phone(AttendanceState.ACCEPTED)
    run(400, 280)
    desk.key(402)
    desk.do(actions.arrive, now=at(405))
    assert the_alarm().state is State.ON_SITE
    assert desk.shown(406)[0] is D.ASK
    assert desk.do(actions.close, Verdict.REAL, now=at(410), note=None).state is State.CLOSED


def test_whoever_claims_after_her_daughter_told_the_automatic_call_that_all_is_well_may_close() -> None:
    desk = Desk()
    run(91)
    desk.result(R.SAFE)
    tick(at(95))
    desk.key(96)
    assert desk.shown(97)[0] is D.CLOSE
    desk.key(98, verdict=Verdict.FALSE)
    assert the_alarm().state is State.CLOSED
