"""Photos from the phone: in pieces, over lines that break, once each, seen by few and forgotten in time."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from app.access.rules import Role
from app.access.tables import AccessLog
from app.db import transaction
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people.tables import Caregiver
from app.planning.rules import AttendanceState
from app.planning.tables import Attendance
from app.vault import seal_bytes, unseal_bytes
from app.visits import photos
from app.visits.appeal_rules import AppealState
from app.visits.appeal_tables import Appeal
from app.visits.photo_rules import LARGEST, LARGEST_PIECE, LEAST_PIECE, MOST, PhotoKind, PhotoType, looks_like
from app.visits.photo_tables import Photo, PhotoPiece
from tests.cast import (
    JPEG,
    OTHER_COMMUNITY,
    STREET,
    TEN,
    a_caregiver,
    a_photo,
    a_provider,
    a_visit,
    an_attendance,
    an_elder,
)
from tests.clients import Client, ok

BrowserOf = Callable[..., Client]


@pytest.fixture
def there(database: Engine) -> tuple[Visit, Caregiver]:
    """A visit and who gives it."""
    with transaction() as session:
        liu = a_caregiver(session, name="刘洁")
        visit = a_visit(session, elder=an_elder(session), state=VisitState.PUBLISHED, provider_id=liu.provider_id)
        an_attendance(session, visit, liu)
        return visit, liu


def phone_of(client: BrowserOf, who: Caregiver) -> Client:
    return client(Role.CAREGIVER, caregiver_id=who.id, provider_id=who.provider_id)


def announced(visit: Visit, body: bytes = JPEG, **given: Any) -> dict[str, Any]:
    return {
        "visit_id": visit.id, "sha256": hashlib.sha256(body).hexdigest(), "kind": "work", "type": "image/jpeg",
        "size": len(body), "taken_at": TEN.isoformat(), "consent": True,
    } | given  # fmt: skip


def put(phone: Client, photo: dict[str, Any], start: int, piece: bytes) -> Any:
    return phone.put(f"/api/phone/photos/{photo['id']}/bytes", params={"start": start}, content=piece)


def test_a_photo_comes_in_pieces_over_a_line_that_breaks(client: BrowserOf, there: tuple[Visit, Caregiver]) -> None:
    visit, liu = there
    phone = phone_of(client, liu)
    photo = ok(phone.post("/api/phone/photos", json=announced(visit)))
    assert (photo["received"], photo["whole"]) == (0, False)
    assert ok(put(phone, photo, 0, JPEG[:LEAST_PIECE]))["received"] == LEAST_PIECE
    assert ok(put(phone, photo, 0, JPEG[:LEAST_PIECE]))["received"] == LEAST_PIECE  # the answer had been lost
    assert ok(put(phone, photo, LEAST_PIECE + 1, JPEG[LEAST_PIECE + 1 :]))["received"] == LEAST_PIECE  # a gap
    again = ok(phone.post("/api/phone/photos", json=announced(visit)))
    assert (again["id"], again["received"]) == (photo["id"], LEAST_PIECE)
    assert ok(put(phone, photo, LEAST_PIECE, JPEG[LEAST_PIECE:]))["whole"]
    desk = client(Role.SHIFT_LEAD)
    (shown,) = ok(desk.get(f"/api/visits/{visit.id}/photos"))["items"]
    assert (shown["kind"], shown["caregiver"], shown["consent"]) == ("work", "刘洁", True)
    answer = desk.get(f"/api/visits/photos/{shown['id']}/bytes")
    assert answer.content == JPEG and answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store" and "sandbox" in answer.headers["content-security-policy"]
    with transaction() as session:
        (look,) = session.query(AccessLog).filter_by(field="photo")
        assert look.elder_id == visit.elder_id


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(order=st.lists(st.integers(0, 3), max_size=12))
def test_in_whatever_order_pieces_come_the_photo_is_whole_once_all_have(
    there: tuple[Visit, Caregiver], order: list[int]
) -> None:
    visit, liu = there
    body = JPEG + bytes(str(order), "ascii")
    starts = [0, LEAST_PIECE, 2 * LEAST_PIECE, 3 * LEAST_PIECE]
    with transaction() as session:
        said = photos.Announced(
            visit.id, hashlib.sha256(body).hexdigest(), PhotoKind.WORK, PhotoType.JPEG, len(body), TEN
        )
        photo = photos.announce(session, liu.id, said, now=TEN)
        for n in [*order, 0, 1, 2, 3]:
            end = len(body) if n == 3 else starts[n] + LEAST_PIECE
            photos.take(session, photo.id, liu.id, starts[n], body[starts[n] : end], now=TEN)
        assert photo.whole_at is not None
        assert photos._bytes(session, photo) == body
        session.delete(photo)


def test_a_damaged_photo_begins_anew(client: BrowserOf, there: tuple[Visit, Caregiver]) -> None:
    visit, liu = there
    phone = phone_of(client, liu)
    photo = ok(phone.post("/api/phone/photos", json=announced(visit)))
    damaged = JPEG[:-1] + b"?"
    assert ok(put(phone, photo, 0, damaged)) == photo
    assert ok(put(phone, photo, 0, JPEG))["whole"]


def test_what_is_no_photo_is_not_taken(client: BrowserOf, there: tuple[Visit, Caregiver]) -> None:
    visit, liu = there
    phone = phone_of(client, liu)
    page = b"<script>alert(1)</script>" + JPEG
    photo = ok(phone.post("/api/phone/photos", json=announced(visit, page)))
    assert put(phone, photo, 0, page).status_code == 422
    assert put(phone, photo, 0, JPEG[:100]).status_code == 422  # crumbs
    assert put(phone, photo, 0, JPEG + bytes(len(page))).status_code == 422  # more than announced
    assert put(phone, photo, 0, bytes(LARGEST_PIECE + 1)).status_code == 413
    for wrong in ({"size": LARGEST + 1}, {"type": "image/svg+xml"}, {"sha256": "A" * 64}, {"kind": "selfie"}):
        assert phone.post("/api/phone/photos", json=announced(visit) | wrong).status_code == 422, wrong
    assert not looks_like(PhotoType.WEBP, JPEG) and looks_like(PhotoType.PNG, b"\x89PNG\r\n\x1a\n")


def test_a_visit_has_so_many_photos(client: BrowserOf, there: tuple[Visit, Caregiver]) -> None:
    visit, liu = there
    phone = phone_of(client, liu)
    for n in range(MOST):
        ok(phone.post("/api/phone/photos", json=announced(visit, sha256=f"{n:064x}")))
    assert phone.post("/api/phone/photos", json=announced(visit)).status_code == 422
    assert phone.post("/api/phone/photos", json=announced(visit, sha256=f"{0:064x}")).status_code == 200


def test_a_photo_is_hers_and_stays_so_when_the_plan_changes(client: BrowserOf, there: tuple[Visit, Caregiver]) -> None:
    visit, liu = there
    with transaction() as session:
        wang = a_caregiver(session, name="王芳")
    stranger, phone = phone_of(client, wang), phone_of(client, liu)
    assert stranger.post("/api/phone/photos", json=announced(visit)).status_code == 404
    photo = ok(phone.post("/api/phone/photos", json=announced(visit)))
    assert put(stranger, photo, 0, JPEG).status_code == 404
    with transaction() as session:
        session.execute(text("update attendances set state = :state"), {"state": AttendanceState.WITHDRAWN})
    assert ok(put(phone, photo, 0, JPEG))["whole"]
    assert ok(phone.post("/api/phone/photos", json=announced(visit, JPEG + b"2")))["received"] == 0


def test_only_the_area_and_the_provider_see_it_and_the_disk_does_not(client: BrowserOf, database: Engine) -> None:
    with transaction() as session:
        elder = an_elder(session, division_code=OTHER_COMMUNITY)
        liu = a_caregiver(session)
        visit = a_visit(session, elder=elder, state=VisitState.PUBLISHED, provider_id=liu.provider_id)
        an_attendance(session, visit, liu)
        photo = a_photo(session, visit, liu)
        other = a_provider(session, name="夕阳红服务中心")
    assert client(Role.OPERATOR, area=STREET[:9]).get(f"/api/visits/photos/{photo.id}/bytes").status_code == 404
    manager = client(Role.MANAGER, provider_id=other.id)
    assert manager.get(f"/api/visits/photos/{photo.id}/bytes").status_code == 404
    assert client(Role.CAREGIVER, caregiver_id=liu.id).get(f"/api/visits/photos/{photo.id}/bytes").status_code == 403
    with database.connect() as connection:
        assert JPEG[:16] not in bytes(connection.execute(text("select body from photo_pieces")).scalar_one())


def test_sealed_bytes_cannot_be_changed(database: Engine) -> None:
    sealed = seal_bytes(JPEG)
    assert unseal_bytes(sealed) == JPEG
    with pytest.raises(ValueError, match="were changed"):
        unseal_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_old_photos_are_forgotten_but_not_while_she_appeals(there: tuple[Visit, Caregiver]) -> None:
    visit, liu = there
    with transaction() as session:
        photo = a_photo(session, visit, liu)
        attendance = session.query(Attendance).filter_by(visit_id=visit.id).one()
        appeal = Appeal(
            district_id=visit.district_id, division_code=visit.division_code, provider_id=liu.provider_id,
            visit_id=visit.id, attendance_id=attendance.id, caregiver_id=liu.id, state=AppealState.OPEN,
            words="我按时到了", raised_at=TEN,
        )  # fmt: skip
        session.add(appeal)
    later = datetime.now(UTC) + timedelta(days=10_000)
    with transaction() as session:
        assert photos.forget(session, days=180, now=photo.announced_at + timedelta(days=179)) == 0
        assert photos.forget(session, days=180, now=later) == 0
    with transaction() as session:
        session.get_one(Appeal, appeal.id).state = AppealState.WITHDRAWN
    with transaction() as session:
        assert photos.forget(session, days=180, now=later) == 1
        assert session.query(Photo).count() == session.query(PhotoPiece).count() == 0
