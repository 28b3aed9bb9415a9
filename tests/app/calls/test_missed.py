"""Missed calls and calling back, and who may listen to what was spoken."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access.rules import Role
from app.access.tables import AccessLog, User
from app.calls import actions, outcomes
from app.calls.exchange import Manners
from app.calls.rules import SILENT
from app.calls.tables import Call
from app.config import settings
from app.db import transaction
from tests.app.calls.story import calls, exchange, say, the_call
from tests.cast import an_elder
from tests.clients import Client, ok

pytestmark = pytest.mark.usefixtures("database", "token")
WHY = {"reason": "家属投诉复核"}


def rings_out(call_id: str, phone: str | None = "13800005521") -> None:
    """Somebody calls the hotline, and nobody picks up."""
    who = {"phone": phone} if phone else {}
    say("ringing", call_id, direction="inbound", **who)
    say("hung_up", call_id)


def missed(desk: Client) -> list[dict[str, Any]]:
    return list(ok(desk.get("/api/calls/missed"))["items"])


def test_a_number_that_was_missed_stands_there_once_with_a_clock(client: Callable[..., Client]) -> None:
    with transaction() as session:
        an_elder(session, phone="13800005521")
    for call_id, phone in (("a", "13800005521"), ("b", "13911112222"), ("c", "+86 138 0000 5521"), ("d", None)):
        rings_out(call_id, phone)
    rows, kept = missed(client(Role.OPERATOR)), calls()
    assert [(row["call"]["id"], row["times"]) for row in rows] == [(kept[2].id, 2), (kept[1].id, 1), (kept[3].id, 1)]
    first = kept[0].ended_at
    assert first and rows[0]["due_at"] == (first + timedelta(minutes=settings().call_back_minutes)).isoformat().replace(
        "+00:00", "Z"
    )


@pytest.mark.parametrize(("answers", "left"), [(Manners.always(), 0), (Manners(answer=0, busy=1), 1)])
def test_a_missed_call_is_off_the_list_when_somebody_was_spoken_to(
    answers: Manners, left: int, client: Callable[..., Client]
) -> None:
    with transaction() as session:
        elder = an_elder(session, phone="13800005521")
    rings_out("a")
    rings_out("b")
    desk, line = client(Role.OPERATOR), exchange(answers)
    back = ok(desk.post("/api/calls", json={"missed_id": missed(desk)[0]["call"]["id"]}))
    assert (back["elder_id"], back["target"]) == (elder.id, "elder")
    assert line.take_up() == 1
    line.run_out()
    rows = missed(desk)
    assert len(rows) == left
    if left:
        assert (rows[0]["tries"], rows[0]["last_try"]) == (1, "busy")
    else:
        assert {call.settled for call in calls()[:2]} == {"called_back"}


def test_a_caller_of_whom_the_switchboard_says_no_more_was_missed(client: Callable[..., Client]) -> None:
    say("ringing", "a", direction="inbound", phone="13800005521")
    with transaction() as session:
        later = the_call().began_at + SILENT + timedelta(seconds=1)
        assert list(outcomes.lost(session, now=later)) == [the_call().id]
        actions.give_up(session, the_call().id, now=later)
    assert [row["times"] for row in missed(client(Role.OPERATOR))] == [1]


def test_who_rings_again_and_is_answered_is_not_called_back(client: Callable[..., Client]) -> None:
    rings_out("a")
    say("ringing", "b", direction="inbound", phone="13800005521")
    desk = client(Role.OPERATOR)
    assert len(missed(desk)) == 1
    say("answered", "b")
    assert missed(desk) == [] and calls()[0].settled == "rang_again"


def test_a_missed_call_is_dismissed_once_and_with_a_reason(client: Callable[..., Client]) -> None:
    rings_out("a")
    desk, number = client(Role.OPERATOR), the_call().id
    assert desk.post(f"/api/calls/{number}/dismiss", json={"reason": " "}).status_code == 422
    ok(desk.post(f"/api/calls/{number}/dismiss", json={"reason": "广告推销"}))
    assert desk.post(f"/api/calls/{number}/dismiss", json={"reason": "广告推销"}).status_code == 409
    assert missed(desk) == [] and the_call().settled_reason == "广告推销"


def test_a_caller_without_a_number_cannot_be_called_back(client: Callable[..., Client]) -> None:
    rings_out("a", None)
    assert client(Role.OPERATOR).post("/api/calls", json={"missed_id": the_call().id}).status_code == 404


def test_a_recording_is_heard_by_whoever_spoke_and_a_shift_lead_and_each_time_is_on_record(
    client: Callable[..., Client],
) -> None:
    spoke, other, lead = client(Role.OPERATOR, name="赵敏"), client(Role.OPERATOR), client(Role.SHIFT_LEAD)
    with transaction() as session:
        elder = an_elder(session, phone="13800005521")
        login = session.scalars(select(User.login).order_by(User.id)).first()
    say("ringing", direction="inbound", phone="13800005521")
    say("answered", operator=login)
    say("hung_up")
    number = the_call().id
    assert spoke.post(f"/api/calls/{number}/recording", json=WHY).status_code == 404, "there is none yet"
    say("recording", url="https://recorder.invalid/pbx-1.ogg")
    assert other.post(f"/api/calls/{number}/recording", json=WHY).status_code == 403
    assert lead.post(f"/api/calls/{number}/recording", json={"reason": ""}).status_code == 422
    for listener in (spoke, lead):
        assert ok(listener.post(f"/api/calls/{number}/recording", json=WHY))["url"].endswith("pbx-1.ogg")
    with transaction() as session:
        seen = session.scalars(select(AccessLog).where(AccessLog.field == "recording").order_by(AccessLog.id)).all()
        kept = session.get_one(Call, number)
    assert [(one.elder_id, one.reason, one.facts) for one in seen] == [
        (elder.id, WHY["reason"], {"call_id": number})
    ] * 2
    assert seen[0].user_id == kept.user_id != seen[1].user_id
