"""Calls: the switchboard's reports in any order, who is calling, click to call."""

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from httpx2 import Request, Response
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.rules import Role
from app.alarms import heard_calls
from app.calls import actions, outcomes
from app.calls.exchange import Exchange, Manners
from app.calls.rules import CallEvent, CallState, Direction, Result, Said, Target, after
from app.clock import sweep
from app.db import transaction
from tests.app.alarms.story import hear, press, the_alarm
from tests.app.calls.story import calls, exchange, say, the_call
from tests.cast import DISTRICT, a_contact, a_device, an_elder
from tests.clients import Client, ok
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database", "token")


def told(*events: CallEvent, call_id: str = "c1", cause: int | None = None) -> None:
    for event in events:
        said = Said(call_id, event, f"{call_id}:{event}", cause=cause)
        recorded = event is CallEvent.RECORDING
        said = replace(said, url="https://recorder.invalid/1") if recorded else replace(said, phone="1390")
        with transaction() as session:
            actions.report(session, said, district_id=DISTRICT, now=MORNING)


def test_a_caller_is_known_by_the_number_also_when_a_daughter_calls_for_her_mother(
    client: Callable[..., Client],
) -> None:
    with transaction() as session:
        mother = an_elder(session, phone="13800005521")
        a_contact(session, mother, phone="13900008870")
    line = exchange()
    line.call_in("13800005521", "op1")
    line.call_in("+86 139-0000-8870")
    line.run_out()
    found = ok(client(Role.OPERATOR).get(f"/api/calls?elder_id={mother.id}"))["items"]
    assert [(c["contact_name"], c["phone"]) for c in found] == [("周慧", "139****8870"), (None, "138****5521")]
    assert {c["state"] for c in found} == {"ended"} and all(c["recorded"] for c in found)
    assert "recorder.invalid" not in str(found), "the link is nobody's who has not asked for it"


def test_reports_told_twice_or_at_once_make_one_call() -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(told, [CallEvent.HUNG_UP, CallEvent.ANSWERED, CallEvent.RINGING] * 4))
    call = the_call()
    assert (call.state, call.direction, call.result) == (CallState.ENDED, Direction.INBOUND, Result.ANSWERED)


def test_in_whatever_order_its_reports_come_a_call_ends_up_the_same() -> None:
    ends = set()
    told_of = (CallEvent.RINGING, CallEvent.ANSWERED, CallEvent.HUNG_UP, CallEvent.RECORDING)
    for n, order in enumerate(permutations(told_of)):
        told(*order, call_id=f"c{n}")
        call = calls()[-1]
        ends.add((call.state, call.result, call.phone, call.recording, call.answered_at is None))
    assert ends == {(CallState.ENDED, Result.ANSWERED, "1390", "https://recorder.invalid/1", False)}


@settings(max_examples=200)
@given(st.lists(st.sampled_from(list(CallEvent)), max_size=12))
def test_no_string_of_reports_leaves_the_states_and_what_has_ended_stays_so(events: list[CallEvent]) -> None:
    state = CallState.RINGING
    for event in events:
        before, state = state, after(state, event)
        assert before is not CallState.ENDED or state is CallState.ENDED


@pytest.mark.parametrize(
    ("cause", "result"),
    [(1, "not_in_service"), (17, "busy"), (19, "no_answer"), (20, "off"), (21, "refused"), (38, "failed")],
)  # fmt: skip
def test_the_cause_of_a_failed_call_is_put_in_our_words(cause: int, result: str) -> None:
    told(CallEvent.RINGING, CallEvent.FAILED, cause=cause)
    assert the_call().result == result


def test_a_call_nobody_announced_is_kept_and_shown_as_strange(client: Callable[..., Client]) -> None:
    say("held", "pbx-7")
    assert say("answered", "pbx-8", ours=999_999, phone="13800005521")["strange"]
    items = ok(client(Role.OPERATOR).get("/api/calls"))["items"]
    assert [(c["strange"], c["phone"], c["direction"]) for c in items] == [
        (True, "138****5521", "outbound"),
        (False, None, "inbound"),
    ]
    (one,) = ok(client(Role.OPERATOR).get("/api/calls?strange=true"))["items"]
    assert one["strange"]


def test_a_held_and_transferred_call_goes_on_and_counts_what_was_spoken() -> None:
    for n, event in enumerate(("ringing", "answered", "held", "resumed", "transferred")):
        say(event, event_id=str(n))
    assert the_call().state is CallState.RINGING
    say("answered", event_id="second seat")
    assert the_call().state is CallState.ANSWERED
    say("hung_up", seconds=74)
    assert (the_call().state, the_call().spoke_seconds) == (CallState.ENDED, 74)


def test_click_to_call_is_dialled_by_the_exchange_and_its_answer_lets_the_alarm_be_closed(
    client: Callable[..., Client],
) -> None:
    with transaction() as session:
        device = a_device(session)
    hear(press(device.wire_id), now=datetime.now(UTC))
    number, browser = the_alarm().id, client(Role.OPERATOR)
    ok(browser.post(f"/api/alarms/{number}/claim"))
    ok(browser.post(f"/api/alarms/{number}/call", json={"target": "elder"}))
    refused = browser.post(f"/api/alarms/{number}/close", json={"verdict": "false"})
    assert refused.status_code == 409 and "reached" in refused.json()["detail"]
    line = exchange()
    assert (line.take_up(), line.take_up()) == (1, 0)
    line.run_out()
    sweep(outcomes.unheard, heard_calls.hear)
    sweep(outcomes.unheard, heard_calls.hear)
    case = ok(browser.get(f"/api/alarms/{number}"))
    ended = [step["facts"] for step in case["timeline"] if step["kind"] == "call_ended"]
    assert [(one["result"], one["seconds"] > 0) for one in ended] == [("answered", True)]
    closed = ok(browser.post(f"/api/alarms/{number}/close", json={"verdict": "accidental", "note": "误触"}))
    assert (closed["state"], closed["possible"]) == ("closed", [])


def test_two_exchanges_never_dial_the_same_wish(client: Callable[..., Client]) -> None:
    with transaction() as session:
        elder = an_elder(session)
    ok(client(Role.OPERATOR).post("/api/calls", json={"elder_id": elder.id}))
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda line: line.take_up(), [exchange(seed=n) for n in range(4)]))
    assert sorted(taken) == [0, 0, 0, 1]


def test_the_desk_takes_a_ringing_call_and_the_second_who_wants_it_is_told(client: Callable[..., Client]) -> None:
    line = exchange(Manners(answer=0))
    line.call_in("13800005521")
    line.advance(5)
    one, other = client(Role.OPERATOR), client(Role.OPERATOR)
    number = the_call().id
    assert "answer" in ok(one.get("/api/calls?open=true"))["items"][0]["possible"]
    ok(one.post(f"/api/calls/{number}/answer"))
    assert other.post(f"/api/calls/{number}/answer").status_code == 409
    assert line.take_up() == 1
    line.advance(0.1)
    (spoken,) = ok(one.get("/api/calls?open=true"))["items"]
    assert (spoken["state"], spoken["mine"]) == ("answered", True)
    ok(one.post(f"/api/calls/{number}/hang-up"))
    line.take_up()
    line.run_out()
    assert the_call().state is CallState.ENDED and the_call().result is Result.ANSWERED


def test_a_wish_no_exchange_takes_up_has_failed_and_the_alarm_is_told() -> None:
    with transaction() as session:
        elder = an_elder(session)
        asked = actions.dial(
            session, district_id=DISTRICT, division_code=elder.division_code, target=Target.ELDER, phone=elder.phone,
            user_id=None, elder_id=elder.id, now=datetime.now(UTC) - timedelta(minutes=1),
        )  # fmt: skip
    sweep(outcomes.lost, actions.give_up)
    assert (the_call().id, the_call().result) == (asked.id, Result.FAILED)


class Deaf:
    """A platform that only listens."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def post(self, url: str, *, content: bytes, headers: dict[str, str]) -> Any:
        self.heard.append(content)
        return Response(200, json=[], request=Request("POST", url))


def test_a_day_of_calls_is_the_same_again_from_its_seed() -> None:
    def day() -> list[bytes]:
        web = Deaf()
        line = Exchange(web, "x", chance=random.Random(3), prefix="sim", hour=lambda: MORNING)
        for n in range(150):
            line.call_in(f"138{n:08}")
            line.advance(30)
        line.run_out()
        return web.heard

    first = day()
    assert day() == first
    assert {json.loads(one)["event"] for one in first} >= {"ringing", "answered", "held", "hung_up", "recording"}
