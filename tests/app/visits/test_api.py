"""The review queue over HTTP: who sees what, and what each may do."""

from collections.abc import Callable

from app.access.rules import Role
from app.db import transaction
from app.orders.rules import VisitState
from tests.app.visits.test_door import a_held, a_published, send, whole
from tests.cast import a_provider
from tests.clients import Client, ok

BrowserOf = Callable[..., Client]


def a_held_visit() -> tuple[int, int, int]:
    with transaction() as session:
        visit, mine = a_held(session)
        return visit.id, mine.id, mine.provider_id


def test_the_queue_says_why_and_offers_what_may_be_done(client: BrowserOf) -> None:
    visit_id, _, _ = a_held_visit()
    (row,) = ok(client(Role.DISPATCHER).get("/api/visits?state=held"))["items"]
    assert (row["id"], row["reasons"], row["caregivers"]) == (visit_id, ["too_short"], ["刘洁"])
    assert set(row["possible"]) == {"verify", "reject", "correct"}
    assert row["elder_name"] == "林桂芬"
    assert row["held_since"]


def test_what_was_reported_stands_beside_what_was_corrected(client: BrowserOf) -> None:
    visit_id, attendance_id, _ = a_held_visit()
    desk = client(Role.DISPATCHER)
    wish = {
        "attendance_id": attendance_id, "field": "started_at", "value": "2026-11-20T02:00:00Z", "cause": "forgot",
        "resolution": "elder_confirmed",
    }  # fmt: skip
    assert desk.post(f"/api/visits/{visit_id}/correct", json=wish | {"cause": "because"}).status_code == 422
    backwards = desk.post(f"/api/visits/{visit_id}/correct", json=wish | {"field": "finished_at"})
    assert (backwards.status_code, backwards.json()["detail"]) == (409, "Nobody finishes before starting.")
    (attendance,) = ok(desk.post(f"/api/visits/{visit_id}/correct", json=wish))["attendances"]
    assert [event["kind"] for event in attendance["events"]] == ["depart", "arrive", "start", "task", "finish"]
    assert {event["outcome"] for event in attendance["events"]} == {"accepted"}
    assert attendance["events"][2]["at"] == "2026-11-23T02:00:00Z", "what was reported stays"
    assert attendance["started_at"] == "2026-11-20T02:00:00Z"
    assert [(c["field"], c["cause"]) for c in attendance["corrections"]] == [("started_at", "forgot")]


def test_a_person_verifies_with_a_reason_and_it_is_on_record(client: BrowserOf) -> None:
    visit_id, _, _ = a_held_visit()
    desk = client(Role.DISPATCHER, name="王调度")
    assert desk.post(f"/api/visits/{visit_id}/verify", json={"reason": ""}).status_code == 422
    whole_visit = ok(desk.post(f"/api/visits/{visit_id}/verify", json={"reason": "电话核实"}))
    assert (whole_visit["state"], whole_visit["possible"]) == ("verified", ["reject"])
    (flaw,) = whole_visit["flaws"]
    assert (flaw["flaw"], flaw["resolution"]) == ("too_short", "verified: 电话核实")
    assert "王调度" in whole_visit["history"][-1]["by"]
    assert desk.post(f"/api/visits/{visit_id}/verify", json={"reason": "once more"}).status_code == 409


def test_an_operator_may_look_but_not_verify(client: BrowserOf) -> None:
    visit_id, _, _ = a_held_visit()
    desk = client(Role.OPERATOR)
    assert ok(desk.get(f"/api/visits/{visit_id}"))["possible"] == []
    assert desk.post(f"/api/visits/{visit_id}/verify", json={"reason": "looks fine"}).status_code == 403


def test_supervisors_and_managers_see_no_full_name_no_door_and_no_point(client: BrowserOf) -> None:
    visit_id, _, provider_id = a_held_visit()
    for browser in (client(Role.SUPERVISOR), client(Role.MANAGER, provider_id=provider_id)):
        answer = browser.get(f"/api/visits/{visit_id}")
        shown = ok(answer)
        assert (shown["elder_name"], shown["address"], shown["place"]) == ("林*芬", "河运小区", None)
        assert "302" not in shown["address"]
        assert all(event["place"] is None for event in shown["attendances"][0]["events"])


def test_another_providers_manager_finds_nothing(client: BrowserOf) -> None:
    visit_id, _, _ = a_held_visit()
    with transaction() as session:
        other = a_provider(session, name="另一家")
    assert client(Role.MANAGER, provider_id=other.id).get(f"/api/visits/{visit_id}").status_code == 404


def test_the_desk_writes_off_what_was_missed_with_a_reason_from_the_list(client: BrowserOf) -> None:
    with transaction() as session:
        visit, _ = a_published(session)
    desk = client(Role.OPERATOR)
    assert desk.post(f"/api/visits/{visit.id}/fail", json={"reason": "rain"}).status_code == 422
    gone = ok(desk.post(f"/api/visits/{visit.id}/fail", json={"reason": "missed"}))
    assert (gone["state"], gone["reason"]) == ("not_delivered", "missed")


def test_a_verified_visit_is_not_in_the_queue(client: BrowserOf) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        send(session, mine.caregiver_id, *whole(mine))
        assert visit.state is VisitState.VERIFIED
    assert ok(client(Role.DISPATCHER).get("/api/visits?state=held"))["items"] == []
