"""Visits drawn by lot are asked about on the telephone, and none is paid that the elder denies."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from app.access.rules import Role
from app.db import transaction
from app.people.tables import Provider
from app.settlement import actions
from app.settlement.rules import Event, NotReady, SampleState
from tests.app.settlement.story import THEN, a_contract, a_month, drawn, somebody
from tests.clients import Client, ok


def sampled() -> tuple[int, int]:
    """A statement of one visit, which was drawn."""
    provider_id, (visit_id,) = a_month(1)
    with transaction() as session:
        a_contract(session, session.get_one(Provider, provider_id), sampling_percent=100)
    return drawn(provider_id).id, visit_id


def test_the_hotline_sees_whom_to_call_and_the_bureau_a_masked_name(
    database: Engine, client: Callable[..., Client]
) -> None:
    statement_id, visit_id = sampled()
    desk, bureau = client(Role.OPERATOR), client(Role.SUPERVISOR)
    (row,) = ok(desk.get("/api/settlement/call-backs"))
    assert (row["visit_id"], row["elder"], row["state"], row["caregivers"]) == (visit_id, "林桂芬", "open", ["刘洁"])
    assert "****" in row["phone"]
    assert ok(bureau.get("/api/settlement/call-backs"))[0]["elder"] == "林*芬"
    path = f"/api/settlement/statements/{statement_id}/samples/{visit_id}"
    assert desk.post(path, json={"state": "unreached"}).status_code == 204
    assert ok(desk.get("/api/settlement/call-backs"))[0]["state"] == "unreached", "she is tried again"
    assert desk.post(path, json={"state": "confirmed", "note": "来过"}).status_code == 204
    assert ok(desk.get("/api/settlement/call-backs")) == []
    (told,) = ok(bureau.get(f"/api/settlement/statements/{statement_id}"))["samples"]
    assert (told["state"], told["note"], told["elder"]) == ("confirmed", "来过", "林*芬")
    assert client(Role.MANAGER).get("/api/settlement/call-backs").status_code == 403


def test_what_the_elder_denies_is_not_paid_until_somebody_has_looked(database: Engine) -> None:
    statement_id, visit_id = sampled()
    with transaction() as session:
        one = somebody(session)
        denied, confirmed = SampleState.DENIED, SampleState.CONFIRMED
        actions.call_back(session, statement_id, visit_id, state=denied, note="没有人来", by=one.by, now=THEN)
        actions.move(session, statement_id, Event.ISSUE, me=one, now=THEN)
        with pytest.raises(NotReady, match="denies") as found:
            actions.move(session, statement_id, Event.CHECK, me=one, now=THEN + timedelta(days=9))
        assert found.value.facts["visits"] == [visit_id]
        actions.call_back(session, statement_id, visit_id, state=confirmed, note="想起来了", by=one.by, now=THEN)
        actions.move(session, statement_id, Event.CHECK, me=one, now=THEN + timedelta(days=9))
