"""Calls: the switchboard's webhooks, who is calling, click to call."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.access.rules import Role
from app.calls import actions
from app.calls.exchange import Exchange
from app.calls.rules import CallEvent, CallState, Direction, Result
from app.calls.tables import Call
from app.db import transaction
from app.main import create_app
from tests.app.alarms.story import hear, press, the_alarm
from tests.cast import DISTRICT, a_contact, a_device, an_elder
from tests.clients import Client, ok
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")


def exchange(token: str, *, answers: float = 1.0) -> Exchange:
    return Exchange(
        Client(create_app()), token, chance=random.Random(7), sleep=lambda _: None, answers=answers
    )  # fmt: skip


def test_without_the_token_the_webhook_is_closed(client: Callable[..., Client], token: str) -> None:
    body = {"event": "ringing", "call_id": "1", "phone": "1"}
    browser = Client(create_app())
    assert browser.post("/api/hooks/calls", json=body).status_code == 403
    assert browser.post("/api/hooks/calls", json=body, headers={"Authorization": "Bearer no"}).status_code == 403


def test_a_caller_is_known_by_the_number_also_when_a_daughter_calls_for_her_mother(
    client: Callable[..., Client], token: str
) -> None:
    with transaction() as session:
        mother = an_elder(session, phone="13800005521")
        a_contact(session, mother, phone="13900008870")
    exchange(token).call_in("13800005521", "op1")
    exchange(token).call_in("+86 139-0000-8870")
    calls = ok(client(Role.OPERATOR).get(f"/api/calls?elder_id={mother.id}"))["items"]
    assert [(c["contact_name"], c["phone"]) for c in calls] == [("周慧", "+86****8870"), (None, "138****5521")]
    assert {c["state"] for c in calls} == {"ended"} and all(c["recording"] for c in calls)


def test_reports_told_twice_or_out_of_order_make_one_call() -> None:
    def tell(event: CallEvent) -> None:
        with transaction() as session:
            actions.report(session, district_id=DISTRICT, call_id="c1", event=event, phone="1390", now=MORNING)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(tell, [CallEvent.HUNG_UP, CallEvent.ANSWERED, CallEvent.RINGING] * 4))
    with transaction() as session:
        (call,) = session.scalars(select(Call)).all()
    assert (call.state, call.direction) == (CallState.ENDED, Direction.INBOUND)
    assert call.answered_at and call.result in (Result.ANSWERED, Result.NO_ANSWER)


def test_click_to_call_is_dialled_by_the_exchange_and_its_answer_lets_the_alarm_be_closed(
    client: Callable[..., Client], token: str
) -> None:
    with transaction() as session:
        device = a_device(session)
    hear(press(device.wire_id), now=datetime.now(UTC))
    number, browser = the_alarm().id, client(Role.OPERATOR)
    ok(browser.post(f"/api/alarms/{number}/claim"))
    ok(browser.post(f"/api/alarms/{number}/call", json={"target": "elder"}))
    refused = browser.post(f"/api/alarms/{number}/close", json={"verdict": "false"})
    assert refused.status_code == 409 and "reached" in refused.json()["detail"]
    assert exchange(token).take_up() == 1 and exchange(token).take_up() == 0
    case = ok(browser.get(f"/api/alarms/{number}"))
    assert case["timeline"][0]["facts"]["result"] == "answered"
    closed = ok(browser.post(f"/api/alarms/{number}/close", json={"verdict": "accidental", "note": "误触"}))
    assert (closed["state"], closed["possible"]) == ("closed", [])
