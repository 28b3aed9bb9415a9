"""«Do next» at the desk: one key per step, from the ring to the verdict, each on record; two hands do it once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access.rules import Role
from app.alarms import actions, log, proving, publishing, steps, timers
from app.alarms.default_patterns import DEFAULTS
from app.alarms.patterns import Pattern
from app.alarms.rules import AlarmKind, Rings, State
from app.alarms.steps import StepOver, Wish
from app.alarms.tables import Alarm, AlarmTimer
from app.calls.rules import Result
from app.calls.tables import Call
from app.db import transaction
from app.people.rules import Skill
from tests.app.alarms.story import an_operator, hear, press, the_alarm
from tests.cast import a_caregiver, a_contact, a_device, an_elder, an_item
from tests.clients import Client, ok
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")
Browser = Callable[..., Client]


def pressed(**given: Any) -> int:
    """An elder with a daughter and a nurse nearby presses; answers the alarm's number."""
    with transaction() as session:
        elder = an_elder(session, **given)
        a_contact(session, elder)
        a_caregiver(session, skills=(Skill.FIRST_AID,), responder=True)
        an_item(session, "URGENT", needs=[Skill.FIRST_AID], cents=0)
        device = a_device(session, elder=elder, model="yl-watch")
    hear(press(device.wire_id), now=datetime.now(UTC))
    return the_alarm().id


def keys(case: dict[str, Any], status: str) -> list[str]:
    return [step["key"] for step in case["steps"] if step["status"] == status]


def test_one_key_after_the_other_from_the_ring_to_the_verdict(client: Browser) -> None:
    number, browser = pressed(), client(Role.OPERATOR)
    path = f"/api/alarms/{number}"

    def do_next(**said: Any) -> dict[str, Any]:
        case = ok(browser.get(path))
        return dict(ok(browser.post(f"{path}/steps/{case['next_step']['key']}", json=said)))

    assert ok(browser.get(path))["pattern"] == {"of": "platform", "n": 0, "since": None}
    case = do_next()
    assert (case["state"], case["next_step"]["key"], case["next_step"]["why"]) == ("claimed", "speak", "in_order")
    case = do_next()
    assert (keys(case, "doing"), case["next_step"]["needs"]) == (["speak"], "result")
    case = do_next(result="answered")
    assert case["next_step"]["key"] == "ask" and keys(case, "done") == ["claim", "speak"]
    assert browser.post(f"{path}/steps/ask", json={}).json()["needs"] == "answer"
    for question, answer in (("hear", "yes"), ("hurt", "no")):
        case = do_next(question=question, answer=answer)
    late = browser.post(f"{path}/steps/ask", json={"question": "hear", "answer": "no"})
    assert late.status_code == 409
    case = do_next(question="stand", answer="no")
    assert (case["next_step"]["key"], case["next_step"]["why"], case["next_step"]["urgent"]) == ("send", "help", True)
    assert case["next_step"]["then"] == "inform"
    case = do_next()
    assert case["state"] == "dispatched" and case["next_step"]["key"] == "inform"
    do_next(result="answered")
    do_next(who="女儿")
    do_next(note="搀扶起身，无外伤")
    case = do_next()
    assert (case["state"], case["next_step"]) == ("follow_up", None) and case["call_back_at"]
    ok(browser.post(f"{path}/steps/close", json={"verdict": "real"}))
    with transaction() as session:
        told = [line.event for line in log.of(session, the_alarm())]
        assert not list(proving.verify(session))
    assert told == [
        "raise", "claim", "call", "rung_reached", "step", "step", "step", "step", "dispatch", "call", "arrive", "note",
        "follow_up", "close",
    ]  # fmt: skip


def test_a_step_left_out_needs_a_reason_and_taking_and_closing_cannot_be_left_out(client: Browser) -> None:
    number, browser = pressed(), client(Role.OPERATOR)
    path = f"/api/alarms/{number}/steps"
    assert browser.post(f"{path}/speak/skip", json={"reason": "没接警"}).status_code == 409
    ok(browser.post(f"{path}/claim"))
    assert browser.post(f"{path}/speak/skip", json={"reason": ""}).status_code == 422
    assert browser.post(f"{path}/close/skip", json={"reason": "忙"}).json()["why"] == "must"
    case = ok(browser.post(f"{path}/speak/skip", json={"reason": "扬声器坏了"}))
    (speak,) = [step for step in case["steps"] if step["key"] == "speak"]
    assert (speak["status"], speak["reason"]) == ("skipped", "扬声器坏了") and speak["by"].startswith("赵敏")
    assert case["next_step"]["key"] == "call_elder"
    assert browser.post(f"{path}/speak").status_code == 409
    other = client(Role.OPERATOR, name="李敏")
    assert other.post(f"{path}/call_elder").json()["claimed_by"] == "赵敏"
    assert other.post(f"{path}/dance").status_code == 404


def test_two_keys_at_once_do_a_step_once() -> None:
    number = pressed()
    with transaction() as session:
        me = an_operator(session)
        actions.claim(session, number, me=me, now=datetime.now(UTC))

    def speak(_: int) -> str:
        try:
            with transaction(me.scope) as session:
                steps.do(session, number, "speak", Wish(result=Result.NO_ANSWER), me=me, now=datetime.now(UTC))
        except StepOver:
            return "over"
        return "done"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(speak, range(8)))
    with transaction() as session:
        assert len(session.scalars(select(Call)).all()) == 1
    assert sorted(answers) == ["done"] + ["over"] * 7


def test_a_call_back_rings_at_whoever_owes_it_and_has_a_script_of_its_own() -> None:
    number = pressed()
    with transaction() as session:
        me = an_operator(session, on_duty_since=MORNING)
        now = datetime.now(UTC)
        actions.claim(session, number, me=me, now=now)
        steps.do(session, number, "speak", Wish(result=Result.HELP), me=me, now=now)
        steps.do(session, number, "arrive", Wish(who="邻居"), me=me, now=now)
        steps.do(session, number, "call_back", Wish(minutes=20), me=me, now=now)
    later = now + timedelta(minutes=20)
    with transaction() as session:
        assert timers.due(session, now=later - timedelta(seconds=1)) == []
        (due,) = timers.due(session, now=later)
        assert timers.fire(session, due, now=later)
    with transaction() as session:
        alarm = session.get_one(Alarm, number)
        assert (alarm.state, alarm.rings, alarm.assigned_to) == (State.RINGING, Rings.ASSIGNED, me.id)
        assert alarm.priority == 3 and alarm.call_back_at is None
        script = steps.script_of(session, alarm, now=later)
        assert script and [one.step.key for one in script.steps][:2] == ["claim", "call_elder"]
        family = select(AlarmTimer.id).where(AlarmTimer.round == alarm.round, AlarmTimer.kind == "call_family")
        assert session.scalars(family).all() == []


def test_an_elders_own_pattern_goes_before_the_districts_from_its_date_on() -> None:
    number = pressed()
    own = [step for step in DEFAULTS[AlarmKind.SOS].steps if step.key != "call_elder"]
    with transaction() as session:
        lead = an_operator(session, role=Role.SHIFT_LEAD)
        alarm, now = session.get_one(Alarm, number), datetime.now(UTC)

        def held(at: datetime) -> tuple[str, int]:
            found = publishing.in_force(session, alarm.district_id, alarm.elder_id, AlarmKind.SOS, at=at)
            return found.of, found.n

        def publish(pattern: Pattern | None, elder_id: int | None, after: int, since: datetime) -> None:
            publishing.publish(
                session, AlarmKind.SOS, pattern, elder_id=elder_id, after=after, effective_from=since, note="试行",
                me=lead, now=now,
            )  # fmt: skip

        tomorrow = now + timedelta(days=1)
        publish(DEFAULTS[AlarmKind.SOS], None, 0, now)
        publish(Pattern(steps=own), alarm.elder_id, 0, tomorrow)
        assert [held(now - timedelta(seconds=1)), held(now), held(tomorrow)] == [
            ("platform", 0), ("district", 1), ("elder", 1),
        ]  # fmt: skip
        with pytest.raises(publishing.ChangedMeanwhile):
            publish(None, alarm.elder_id, 0, tomorrow)
        publish(None, alarm.elder_id, 1, tomorrow)
        assert held(tomorrow) == ("district", 1)
