"""The phone's door over HTTP: what it may see and when, and that nothing sent is lost."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from app import calendar
from app.access.rules import Role
from app.db import transaction
from app.idempotency import KeptAnswer
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people.tables import Caregiver
from app.phone.rules import may_see
from app.planning.tables import Attendance
from tests.cast import TEN, a_caregiver, a_contact, a_visit, an_attendance, an_elder
from tests.clients import Client, ok

BrowserOf = Callable[..., Client]


def phone_of(client: BrowserOf, caregiver: Caregiver) -> Client:
    return client(Role.CAREGIVER, caregiver_id=caregiver.id, provider_id=caregiver.provider_id, name=caregiver.name)


def soon(minutes: int = 10) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=minutes)


def a_promised(at: datetime, *, names: tuple[str, ...] = ("刘洁",)) -> tuple[Visit, list[Attendance], list[Caregiver]]:
    with transaction() as session:
        elder = an_elder(session, name="林桂芬")
        a_contact(session, elder)
        crew = [a_caregiver(session, name=name) for name in names]
        visit = a_visit(session, elder=elder, state=VisitState.PUBLISHED, opens=at, caregivers_needed=len(names))
        return visit, [an_attendance(session, visit, c, rank=i) for i, c in enumerate(crew, 1)], crew


def event(kind: str, attendance: Attendance, seq: int, *, at: datetime | None = None, **given: Any) -> dict[str, Any]:
    at = at or datetime.now(UTC)
    place = {"lat": 37.886, "lon": 118.525, "accuracy_m": 15}
    return {
        "id": str(uuid.uuid4()), "kind": kind, "attendance_id": attendance.id, "seq": seq, "at": at.isoformat(),
        "offset_ms": 0, "place": place,
    } | given  # fmt: skip


def first_visit(days: dict[str, Any]) -> dict[str, Any]:
    return next(visit for day in days["days"] for visit in day["visits"])


def test_a_visit_soon_shows_the_door_and_the_telephone(client: BrowserOf) -> None:
    _, (mine,), (liu,) = a_promised(soon())
    days = ok(phone_of(client, liu).get("/api/phone/days"))
    visit = first_visit(days)
    assert visit["attendance_id"] == mine.id
    assert visit["elder"]["name"] == "林桂芬"
    assert visit["address"].endswith("12号楼2单元302")
    assert visit["access_note"] == "门禁 2580"
    assert visit["contact"]["name"] == "周慧"
    assert visit["allergies"] == ["青霉素"]
    assert visit["possible"][0] == "accept"
    assert visit["tasks"] == [
        {
            "code": "pressure",
            "zh": "测血压",
            "en": "Blood pressure",
            "evidence": "reading",
            "reading": "blood_pressure",
            "outcome": None,
            "reason": None,
        }
    ]
    assert days["hours"]["week_limit_minutes"] == 44 * 60


def test_a_visit_tomorrow_night_shows_the_estate_and_no_name(client: BrowserOf) -> None:
    tomorrow = calendar.day_bounds(calendar.day_of(datetime.now(UTC)))[1] + timedelta(hours=23)
    _, _, (liu,) = a_promised(tomorrow)
    answer = phone_of(client, liu).get("/api/phone/days")
    visit = first_visit(ok(answer))
    assert (visit["shown"], visit["elder"]["name"], visit["estate"]) == (False, "林*芬", "河运小区")
    for secret in ("2单元302", "2580", "青霉素", "周慧", "林桂芬"):
        assert secret not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_the_hours_in_which_a_door_is_shown_end() -> None:
    ends = TEN + timedelta(hours=1)
    assert may_see(TEN, ends, now=TEN - timedelta(hours=12))
    assert not may_see(TEN, ends, now=TEN - timedelta(hours=12, seconds=1))
    assert may_see(TEN, ends, now=ends + timedelta(hours=2))
    assert not may_see(TEN, ends, now=ends + timedelta(hours=2, seconds=1))


def test_a_batch_is_applied_once_and_the_same_key_gets_the_same_answer(client: BrowserOf) -> None:
    _, (mine,), (liu,) = a_promised(soon())
    phone = phone_of(client, liu)
    batch = {"events": [event("depart", mine, 1), event("arrive", mine, 2), event("start", mine, 3)]}
    first = ok(phone.post("/api/phone/events", json=batch, headers={"Idempotency-Key": "k1"}))
    assert [r["outcome"] for r in first["results"]] == ["accepted"] * 3
    visit = first_visit(first["days"])
    assert (visit["state"], visit["visit_state"]) == ("in_service", "under_way")
    assert visit["possible"] == ["finish", "not_delivered", "task", "note"]
    assert set(visit["times"]) == {"arrive", "start"}
    for sent in batch["events"]:
        sent["offset_ms"] = 5000  # a repeat is sent later, and is the same request all the same
    again = ok(phone.post("/api/phone/events", json=batch, headers={"Idempotency-Key": "k1"}))
    assert again["results"] == first["results"]
    other = ok(phone.post("/api/phone/events", json=batch, headers={"Idempotency-Key": "k2"}))
    assert [r["outcome"] for r in other["results"]] == ["repeated"] * 3


def test_no_name_is_kept_with_the_answers(client: BrowserOf) -> None:
    _, (mine,), (liu,) = a_promised(soon())
    phone = phone_of(client, liu)
    ok(phone.post("/api/phone/events", json={"events": [event("depart", mine, 1)]}, headers={"Idempotency-Key": "k"}))
    with transaction() as session:
        (kept,) = session.query(KeptAnswer)
        assert "林桂芬" not in str(kept.answer)


def test_partners_see_how_far_the_other_is(client: BrowserOf) -> None:
    _, (one, _), (liu, wang) = a_promised(soon(), names=("刘洁", "王芳"))
    ok(phone_of(client, liu).post("/api/phone/events", json={"events": [event("depart", one, 1)]}))
    (partner,) = first_visit(ok(phone_of(client, wang).get("/api/phone/days")))["partners"]
    assert (partner["name"], partner["state"]) == ("刘洁", "on_the_way")


def test_somebody_elses_visit_is_not_shown_and_not_moved(client: BrowserOf) -> None:
    _, (mine,), _ = a_promised(soon())
    with transaction() as session:
        wang = a_caregiver(session, name="王芳")
    phone = phone_of(client, wang)
    answer = ok(phone.post("/api/phone/events", json={"events": [event("start", mine, 1)]}))
    assert answer["results"][0]["problem"] == "not_yours"
    assert [day["visits"] for day in answer["days"]["days"]] == [[], []]
    with transaction() as session:
        assert session.get_one(Attendance, mine.id).state.value == "assigned"


def test_the_desk_has_no_phone(client: BrowserOf) -> None:
    assert client(Role.DISPATCHER).get("/api/phone/days").status_code == 403


def test_an_event_that_cannot_be_read_is_refused_as_a_whole_with_its_place(client: BrowserOf) -> None:
    _, (mine,), (liu,) = a_promised(soon())
    bad = event("depart", mine, 1) | {"at": "yesterday"}
    answer = phone_of(client, liu).post("/api/phone/events", json={"events": [bad]})
    assert answer.status_code == 422
    assert "events.0.at" in answer.json()["detail"]


def test_places_reported_are_ciphertext_in_the_database(client: BrowserOf, database: Engine) -> None:
    _, (mine,), (liu,) = a_promised(soon())
    note = event("note", mine, 1, data={"text": "她女儿来了"})
    ok(phone_of(client, liu).post("/api/phone/events", json={"events": [note]}))
    with database.connect() as connection:
        row = connection.execute(text("select place || data from visit_events")).scalar_one()
    assert "118.525" not in row
    assert "她女儿" not in row
