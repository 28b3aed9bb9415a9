"""What comes next in an alarm, from nothing but what is known of it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.alarms.climbing_rules import Turn, target_of
from app.alarms.default_patterns import DEFAULTS
from app.alarms.patterns import CALL_BACK, KINDS, Do, Pattern, Step, When
from app.alarms.progress import Facts, Mark, Standing, Status, Tried, next_of, question_of, standings
from app.alarms.publishing import NoPattern, read
from app.alarms.rules import AlarmKind, State
from app.calls.rules import Result, Target
from app.escalation.rules import RungKind
from tests.conftest import MORNING

K, R, T = AlarmKind, Result, Target


def known(**given: object) -> Facts:
    """An alarm that was claimed at once, of an elder with a speaking pendant, a telephone and two contacts."""
    facts = Facts(
        State.CLAIMED, MORNING, claimed=(MORNING, "赵敏"), speaks=True, has_phone=True, contacts=(1, 2)
    )  # fmt: skip
    return replace(facts, **given)  # type: ignore[arg-type]


def tried(target: Target, result: Result | None, *, after: int = 10, contact: int | None = None) -> Tried:
    return Tried(after, target, contact, result, MORNING + timedelta(seconds=after), "赵敏")


def coming(kind: str, facts: Facts, *, after: int) -> Standing:
    one = next_of(standings(DEFAULTS[kind], facts, now=MORNING + timedelta(seconds=after)))
    assert one is not None
    return one


def test_the_first_thing_is_to_take_it_then_to_speak_through_the_device() -> None:
    assert coming(K.SOS, known(state=State.RINGING, claimed=None), after=1).step.do is Do.CLAIM
    assert coming(K.SOS, known(), after=5).step.do is Do.SPEAK
    assert coming(K.SOS, known(speaks=False), after=5).step.do is Do.CALL_ELDER
    assert coming(K.SOS, known(speaks=False, has_phone=False), after=5).step.do is Do.SEND


@pytest.mark.parametrize("kind", [K.FALL, K.SMOKE, K.GAS, K.FIRE])
def test_twenty_seconds_of_silence_send_help_beside_the_calling(kind: AlarmKind) -> None:
    silent = known(state=State.CONTACTING, calls=[tried(T.DEVICE, None, after=10)])
    assert coming(kind, silent, after=29).step.do is Do.SPEAK
    steps = {one.step.do: one for one in standings(DEFAULTS[kind], silent, now=MORNING + timedelta(seconds=29))}
    assert steps[Do.SEND].due_at == MORNING + timedelta(seconds=30) or steps[Do.SEND].status is Status.OPEN
    pressing = coming(kind, silent, after=30)
    assert pressing.urgent and pressing.why == When.NO_ANSWER
    assert pressing.step.do is (Do.SEND if kind is K.FALL else Do.FIRE)
    steps = {one.step.do: one for one in standings(DEFAULTS[kind], silent, now=MORNING + timedelta(seconds=30))}
    assert steps[Do.SPEAK].status is Status.DOING and steps[Do.SEND].urgent


def test_once_she_answers_she_is_asked_and_the_answers_lead_on() -> None:
    spoken = known(state=State.CONTACTING, calls=[tried(T.DEVICE, R.ANSWERED)])
    asking = coming(K.FALL, spoken, after=60)
    assert asking.step.do is Do.ASK and asking.question and asking.question.key == "hear"
    spoken = replace(spoken, answers={"ask": [("hear", "yes"), ("hurt", "yes")]})
    asking = coming(K.FALL, spoken, after=70)
    assert asking.question and asking.question.key == "breathe"
    moment = MORNING + timedelta(seconds=80)
    out = replace(
        spoken, answers={"ask": [("hear", "yes"), ("hurt", "yes"), ("breathe", "no")]}, asked={"ask": (moment, "赵敏")},
        outcome=("ambulance", moment),
    )  # fmt: skip
    assert coming(K.FALL, out, after=81).step.do is Do.AMBULANCE
    out = replace(out, outcome=("safe", moment))
    assert coming(K.FALL, out, after=81).step.do is Do.CLOSE


def test_her_script_is_for_her_and_whoever_promised_to_come_is_awaited() -> None:
    neighbour = [tried(T.DEVICE, R.NO_ANSWER), tried(T.CONTACT, R.ANSWERED, after=20, contact=1)]
    facts = known(state=State.CONTACTING, calls=neighbour, climbing=True, climbed=(MORNING, "赵敏"))
    assert coming(K.SOS, facts, after=30).step.do is Do.CLOSE
    promised = replace(facts, there_by=MORNING + timedelta(minutes=10))
    assert coming(K.SOS, promised, after=30).step.do is Do.ARRIVE
    there = replace(promised, state=State.ON_SITE, arrived=(MORNING, "赵敏"))
    assert coming(K.SOS, there, after=30).step.do is Do.ASK
    without = Pattern(steps=[step for step in DEFAULTS[K.SOS].steps if step.do is not Do.ARRIVE])
    one = next_of(standings(without, promised, now=MORNING + timedelta(seconds=30)))
    assert one and one.step.do is Do.CLOSE
    she = replace(promised, calls=[*neighbour, tried(T.ELDER, R.ANSWERED, after=25)])
    assert coming(K.SOS, she, after=30).step.do is Do.ASK


def test_the_step_under_way_names_whom_it_rings() -> None:
    ringing = known(calls=[tried(T.DEVICE, R.HELP), tried(T.CONTACT, None, after=20, contact=1)])
    steps = {one.step.do: one for one in standings(DEFAULTS[K.SOS], ringing, now=MORNING + timedelta(seconds=30))}
    assert (steps[Do.INFORM].status, steps[Do.INFORM].contact_id) == (Status.DOING, 1)


def test_an_alarm_is_not_offered_to_be_closed_while_nobody_was_reached_or_help_is_owed() -> None:
    nobody = known(state=State.CONTACTING, calls=[tried(T.DEVICE, R.NO_ANSWER), tried(T.ELDER, R.BUSY, after=20)])
    (close,) = (
        s for s in standings(DEFAULTS[K.SOS], nobody, now=MORNING + timedelta(hours=1)) if s.step.do is Do.CLOSE
    )
    assert close.status is Status.WAITING
    hurt = replace(nobody, calls=[tried(T.DEVICE, R.HELP)])
    assert coming(K.SOS, hurt, after=30).step.do is Do.SEND
    sent = replace(hurt, state=State.DISPATCHED, sent=(MORNING, "赵敏"))
    assert coming(K.SOS, sent, after=40).step.do is Do.INFORM
    told = replace(sent, calls=[*hurt.calls, tried(T.CONTACT, R.ANSWERED, after=50, contact=1)])
    assert coming(K.SOS, told, after=60).step.do is Do.ARRIVE
    there = replace(told, state=State.ON_SITE, arrived=(MORNING, "陈磊"))
    assert coming(K.SOS, there, after=600).step.do is Do.NOTE
    noted = replace(there, noted=(MORNING, "赵敏"))
    assert coming(K.SOS, noted, after=700).step.do is Do.CALL_BACK
    owed = replace(
        noted, state=State.FOLLOW_UP, promised=(MORNING, "赵敏"), call_back_at=MORNING + timedelta(minutes=30)
    )  # fmt: skip
    assert next_of(standings(DEFAULTS[K.SOS], owed, now=MORNING + timedelta(minutes=20))) is None


def test_a_step_left_out_is_over() -> None:
    left = known(marks={"speak": Mark(Status.SKIPPED, MORNING, "赵敏", "扬声器坏了")})
    assert coming(K.SOS, left, after=5).step.do is Do.CALL_ELDER


def turn(kind: RungKind = RungKind.FAMILY, contact: int | None = 1, attempt: int = 1) -> Turn:
    return Turn(3, kind, contact, attempt, 2, 40, target_of(kind, K.SOS))


UNHEARD = known(
    state=State.CONTACTING, climbing=True, turn=turn(),
    calls=[tried(T.DEVICE, R.NO_ANSWER), tried(T.ELDER, R.NO_ANSWER, after=20)],
)  # fmt: skip


def test_whoever_does_not_answer_is_followed_by_her_tree_and_after_a_minute_help_goes_first() -> None:
    one = coming(K.SOS, UNHEARD, after=30)
    assert (one.step.do, one.contact_id, one.turn) == (Do.CLIMB, 1, turn())
    on_the_line = replace(UNHEARD, calls=[*UNHEARD.calls, tried(T.CONTACT, None, after=40, contact=1)])
    assert coming(K.SOS, on_the_line, after=45).status is Status.DOING
    assert coming(K.SOS, on_the_line, after=70).step.do is Do.SEND
    once_more = replace(UNHEARD, turn=turn(RungKind.ELDER, None, 2), climbs=frozenset({50}))
    calling = replace(once_more, calls=[*UNHEARD.calls, tried(T.ELDER, None, after=50)])
    one = coming(K.SOS, calling, after=51)
    assert (one.step.do, one.status, one.call_id) == (Do.CLIMB, Status.DOING, 50)


def test_while_a_responders_phone_rings_the_climb_waits_and_the_family_is_told() -> None:
    moment = MORNING + timedelta(seconds=100)
    sent = replace(UNHEARD, state=State.DISPATCHED, sent=(MORNING, "赵敏"), turn=turn(RungKind.RESPONDER, None),
                   answer_by=moment)  # fmt: skip
    (climb,) = (s for s in standings(DEFAULTS[K.SOS], sent, now=MORNING) if s.step.do is Do.CLIMB)
    assert (climb.status, climb.why, climb.due_at) == (Status.WAITING, "answer_awaited", moment)
    assert coming(K.SOS, sent, after=90).step.do is Do.INFORM
    over = replace(sent, turn=turn(RungKind.AMBULANCE, None), answer_by=None)
    assert coming(K.SOS, over, after=200).step.do is Do.CLIMB
    assert coming(K.SOS, replace(over, climbed=(moment, "赵敏")), after=200).step.do is Do.INFORM


def test_where_nobody_is_free_the_rescue_service_goes_first_and_after_a_while_one_looks_again() -> None:
    nobody = replace(UNHEARD, nobody_free=MORNING, brought={Do.AMBULANCE: (MORNING, "nobody_free")})
    one = coming(K.SOS, nobody, after=100)
    assert (one.step.do, one.urgent, one.why) == (Do.AMBULANCE, True, "nobody_free")
    heard = replace(nobody, calls=[*nobody.calls, tried(T.AMBULANCE, R.HEARD, after=100)])
    assert coming(K.SOS, heard, after=110).step.do is Do.CLIMB
    assert coming(K.SOS, heard, after=121).step.do is Do.SEND
    told = replace(heard, calls=[*heard.calls, tried(T.CONTACT, R.ANSWERED, after=111, contact=1)])
    assert coming(K.SOS, replace(told, climbed=(MORNING, "x")), after=119).step.do is Do.ARRIVE
    assert coming(CALL_BACK, nobody, after=1).step.do is not Do.AMBULANCE, "a call-back knows none: it sends at once"


def test_danger_that_does_not_wait_and_silence_bring_119_and_120_forward() -> None:
    smoke = replace(UNHEARD, brought={Do.FIRE: (MORNING + timedelta(seconds=10), "at_once")})
    one = coming(K.SMOKE, smoke, after=10)
    assert (one.step.do, one.why, one.urgent) == (Do.FIRE, "at_once", True)
    quiet = replace(UNHEARD, brought={Do.AMBULANCE: (MORNING + timedelta(seconds=40), "silence")})
    assert coming(K.SOS, quiet, after=39).step.do is Do.CLIMB
    assert coming(K.SOS, quiet, after=40).step.do is Do.AMBULANCE
    (waits,) = (s for s in standings(DEFAULTS[K.SOS], quiet, now=MORNING) if s.step.do is Do.AMBULANCE)
    assert waits.due_at == MORNING + timedelta(seconds=40)


RESULTS = st.sampled_from([None, *Result])
CALLS = st.lists(
    st.builds(
        Tried, st.integers(1, 99), st.sampled_from([T.DEVICE, T.ELDER, T.CONTACT, T.AMBULANCE]),
        st.sampled_from([1, 2]), RESULTS, st.integers(0, 600).map(lambda s: MORNING + timedelta(seconds=s)),
        st.just("赵敏"),
    ),
    max_size=6,
)  # fmt: skip
MAYBE = st.sampled_from([None, (MORNING, "赵敏")])


@pytest.mark.parametrize("kind", KINDS)
@given(
    calls=CALLS, sent=MAYBE, arrived=MAYBE, noted=MAYBE, state=st.sampled_from([State.CLAIMED, State.CONTACTING]),
    speaks=st.booleans(), phone=st.booleans(), people=st.sampled_from([(), (1,), (1, 2)]), after=st.integers(0, 900),
    tree=st.sampled_from([None, turn(), turn(RungKind.RESPONDER, None), turn(RungKind.AMBULANCE, None)]),
    nobody=st.booleans(), there_by=st.sampled_from([None, MORNING]),
)  # fmt: skip
def test_whoever_has_an_alarm_always_has_something_to_do_next(
    kind: str, calls: list[Tried], sent: object, arrived: object, noted: object, state: State, speaks: bool,
    phone: bool, people: tuple[int, ...], after: int, tree: Turn | None, nobody: bool, there_by: datetime | None,
) -> None:  # fmt: skip
    facts = known(
        calls=calls, sent=sent, arrived=arrived, noted=noted, speaks=speaks, has_phone=phone, contacts=people,
        state=State.ON_SITE if arrived else State.DISPATCHED if sent else state, climbing=tree is not None, turn=tree,
        answer_by=MORNING if sent else None, there_by=there_by,
    )  # fmt: skip
    if nobody and not sent and not arrived:
        rescue = Do.FIRE if kind in (K.SMOKE, K.GAS, K.FIRE) else Do.AMBULANCE
        facts = replace(facts, nobody_free=MORNING, brought={rescue: (MORNING, "nobody_free")})
    steps = standings(DEFAULTS[kind], facts, now=MORNING + timedelta(seconds=after))
    one = next_of(steps)
    assert one is not None and one.status in (Status.OPEN, Status.DOING)
    if not facts.reached:
        assert all(s.status is not Status.OPEN for s in steps if s.step.do is Do.CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_the_platforms_own_patterns_are_patterns_and_every_script_comes_out(kind: str) -> None:
    pattern = read(DEFAULTS[kind].model_dump(mode="json"))
    assert pattern == DEFAULTS[kind]
    for step in pattern.steps:
        if step.do is Do.ASK:
            for pick in (0, -1):
                said: list[tuple[str, str]] = []
                while question := question_of(step, known(answers={step.key: said})):
                    said.append((question.key, question.answers[pick].key))
                    assert len(said) <= len(step.questions)
        assert all(step.words.values()) and "en" in {**step.words, "en": ""}


def broken(**change: object) -> dict[str, object]:
    steps = DEFAULTS[K.SOS].model_dump(mode="json")["steps"]
    return {"steps": steps} | change


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (broken(steps=DEFAULTS[K.SOS].model_dump(mode="json")["steps"][1:]), "begins with claim"),
        (broken(steps=[s for s in DEFAULTS[K.SOS].model_dump(mode="json")["steps"] if s["do"] != "send"]), "sends"),
        (broken(colour="red"), "Extra"),
        ({"steps": [{"key": "claim", "do": "claim"}, {"key": "x", "do": "check"}]}, "say what is to be done"),
        ({"steps": [{"key": "a", "do": "ask"}]}, "a script has questions"),
        ({"steps": [{"key": "a", "do": "note", "ends": "sent"}]}, "does not end by"),
    ],
)
def test_what_nobody_could_follow_is_no_pattern(data: dict[str, object], said: str) -> None:
    with pytest.raises(NoPattern, match=said):
        read(data)


def test_a_script_that_leads_back_is_refused() -> None:
    yes = {"key": "yes", "words": {"zh-CN": "是"}, "leads": "a"}
    no = {"key": "no", "words": {"zh-CN": "否"}, "means": "help"}
    asked = {"key": "ask", "do": "ask", "questions": [{"key": "a", "words": {"zh-CN": "好吗？"}, "answers": [yes, no]}]}
    with pytest.raises(ValueError, match="later question"):
        Step.model_validate(asked)
    assert Pattern.model_validate(DEFAULTS[K.SOS].model_dump()) == DEFAULTS[K.SOS]
