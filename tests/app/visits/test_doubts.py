"""A photo sent for two homes or taken elsewhen, a telephone that confirms for many: a person looks first (R7, R9)."""

import hashlib
import random
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.access.rules import Role
from app.db import transaction
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people.tables import Caregiver
from app.planning import queries as planning
from app.settlement import drawing
from app.settlement.tables import StatementLine, StatementWithheld
from app.simulate.photos import repacked, room
from app.vault import digest
from app.visits import actions, photos, prints, proof, queries, review
from app.visits.appeal_tables import VisitTerms
from app.visits.photo_rules import PhotoKind, PhotoType
from app.visits.photo_tables import PhotoPrint
from app.visits.proof_rules import Point, Sort
from app.visits.rules import Flaw
from app.visits.terms_rules import Terms
from tests.app.settlement.story import NOVEMBER, THEN, a_done_visit
from tests.cast import DISTRICT, TEN, an_elder
from tests.clients import Client, ok

ROOM, OTHER_ROOM = room(random.Random(1)), room(random.Random(2))
BrowserOf = Callable[..., Client]


def send(session: Session, visit: Visit, body: bytes, **said: Any) -> int:
    """The photo of whoever was there, taken at the end of the stay unless said; the visit is judged with it."""
    (there,) = planning.had_to_come(session, visit.id)
    values: dict[str, Any] = {"kind": PhotoKind.WORK, "taken_at": TEN + timedelta(minutes=50)} | said
    announced = photos.Announced(
        visit.id, hashlib.sha256(body).hexdigest(), type=PhotoType.JPEG, size=len(body), consent=True, **values
    )
    photo = photos.announce(session, there.caregiver_id, announced, now=TEN + timedelta(hours=4))
    photos.take(session, photo.id, there.caregiver_id, 0, body, now=TEN + timedelta(hours=4))
    actions.settle(session, visit, now=TEN + timedelta(hours=4))
    return photo.id


def doubted(session: Session, visit: Visit) -> list[Flaw]:
    return [
        row.flaw
        for row in queries.open_flaws(session, [visit.id]).get(visit.id, ())
        if row.flaw in (Flaw.REUSED_PHOTO, Flaw.PHOTO_TIME, Flaw.OWN_PHONE, Flaw.SHARED_PHONE)
    ]


@pytest.fixture
def two(database: Engine) -> tuple[Visit, Visit]:
    """Two visits of one provider that have verified themselves."""
    with transaction() as session:
        return a_done_visit(session, an_elder(session)), a_done_visit(session, an_elder(session))


def apart(one: bytes, other: bytes) -> int:
    first, second = prints.look(one).bits, prints.look(other).bits
    assert first is not None and second is not None
    return ((first ^ second) & (2**64 - 1)).bit_count()


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_photo_packed_anew_is_the_same_and_another_room_is_another(seed: int) -> None:
    mine = room(random.Random(seed))
    assert apart(mine, repacked(mine)) <= Terms().photo_bits


def test_of_forty_rooms_hardly_two_look_the_same() -> None:
    rooms = [room(random.Random(seed)) for seed in range(40)]
    near = sum(apart(rooms[i], rooms[j]) <= Terms().photo_bits for i in range(40) for j in range(i))
    assert near <= 3, "of 780 pairs"


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xd8\xff\xe0" + bytes(range(256)), b"\x89PNG\r\n\x1a\n" + bytes(40), ROOM[:900]]
)
def test_what_is_no_photo_has_no_print_and_breaks_nothing(body: bytes) -> None:
    assert prints.look(body).bits is None


def picture(size: tuple[int, int], *, form: str = "JPEG", make: str = "") -> bytes:
    """A photo of so many points, signed by a camera or not."""
    into, exif = BytesIO(), Image.Exif()
    if make:
        exif[prints.MAKE] = make
    Image.open(BytesIO(ROOM)).resize(size).save(into, form, exif=exif)
    return into.getvalue()


def test_a_picture_shaped_like_a_screen_that_no_camera_has_signed_is_one_of_a_screen() -> None:
    assert [prints.look(picture(size)).screen for size in ((1080, 2340), (540, 1170), (2400, 1080), (720, 1440))] == [
        True
    ] * 4
    assert [prints.look(picture(size)).screen for size in ((1200, 1600), (1080, 1920), (3000, 1000))] == [False] * 3
    assert prints.look(picture((1080, 2340), form="PNG")).screen
    assert not prints.look(picture((1080, 2340), make="HUAWEI")).screen


def test_a_picture_of_a_screen_is_shown_beside_the_visit_and_keeps_nobody_from_being_paid(
    two: tuple[Visit, Visit],
) -> None:
    with transaction() as session:
        photo_id = send(session, two[0], picture((1080, 2340)))
        (row,) = queries.open_flaws(session, [two[0].id])[two[0].id]
        assert (row.flaw, row.facts) == (Flaw.SCREEN_PHOTO, {"photo_id": photo_id})
        assert two[0].state is VisitState.VERIFIED and not queries.doubted(session, two[0].id)


def test_a_photo_sent_for_a_second_home_is_held_against_the_second(two: tuple[Visit, Visit]) -> None:
    first, second = two
    with transaction() as session:
        before = send(session, first, ROOM)
        after = send(session, second, repacked(ROOM))
        assert doubted(session, first) == [] and doubted(session, second) == [Flaw.REUSED_PHOTO]
        (row,) = queries.open_flaws(session, [second.id])[second.id]
        assert row.facts["photo_id"] == after and row.facts["other_photo_id"] == before
        assert row.facts["visit_id"] == first.id and row.facts["bits"] <= row.facts["limit"] == 6


def test_another_room_the_same_visit_and_a_form_are_no_matter(two: tuple[Visit, Visit]) -> None:
    first, second = two
    with transaction() as session:
        send(session, first, ROOM)
        send(session, first, repacked(ROOM))
        send(session, second, OTHER_ROOM)
        send(session, second, repacked(ROOM), kind=PhotoKind.SIGNATURE)
        assert doubted(session, first) == doubted(session, second) == []
        assert len(session.scalars(select(PhotoPrint)).all()) == 3


def test_a_district_sets_how_near_and_how_far_back(two: tuple[Visit, Visit]) -> None:
    first, second = two
    other = repacked(ROOM)
    bits = apart(ROOM, other)
    with transaction() as session:
        session.add(
            VisitTerms(
                district_id=DISTRICT, version=1, starts=TEN.date() - timedelta(days=9), by="test", at=TEN,
                terms={"photo_bits": max(bits - 1, 0)},
            )
        )  # fmt: skip
        send(session, first, ROOM)
        send(session, second, other)
        assert doubted(session, second) == ([] if bits else [Flaw.REUSED_PHOTO])


@pytest.mark.parametrize(("minutes", "off"), [(-61, True), (-59, False), (30, False), (119, False), (121, True)])
def test_a_photo_of_another_hour_is_shown(two: tuple[Visit, Visit], minutes: int, *, off: bool) -> None:
    with transaction() as session:
        send(session, two[0], ROOM, taken_at=TEN + timedelta(minutes=minutes))  # the stay is ten to eleven
        assert doubted(session, two[0]) == [Flaw.PHOTO_TIME] * off


def test_a_doubted_visit_is_paid_to_nobody_before_a_person_has_looked(
    client: BrowserOf, two: tuple[Visit, Visit]
) -> None:
    first, second = two
    with transaction() as session:
        send(session, first, ROOM)
        send(session, second, repacked(ROOM))
        statement = drawing.draw(session, first.provider_id or 0, NOVEMBER, by="test", now=THEN)
        assert session.scalars(select(StatementLine.visit_id)).all() == [first.id]
        (left,) = session.scalars(select(StatementWithheld)).all()
        assert (left.visit_id, left.reason) == (second.id, "doubted")
        assert statement.payable_cents == 10_000
    desk = client(Role.SHIFT_LEAD)
    (row,) = ok(desk.get("/api/visits?state=held"))["items"]
    assert (row["id"], row["state"]) == (second.id, "verified") and {"verify", "reject"} <= set(row["possible"])
    found = ok(desk.post(f"/api/visits/{second.id}/verify", json={"reason": "同一间养老公寓，两位老人同住"}))
    assert found["state"] == "verified" and "verify" not in found["possible"]
    assert any(step["kind"] == "clear" for step in found["history"])
    assert ok(desk.get("/api/visits?state=held"))["items"] == []
    with transaction() as session:
        assert drawing.draw(session, first.provider_id or 0, NOVEMBER, by="test", now=THEN).payable_cents == 20_000
        actions.settle(session, session.get_one(Visit, second.id), now=THEN)
        assert doubted(session, second) == [], "what a person has settled stays settled"


def test_a_doubted_visit_that_a_person_rejects_goes_back_to_the_elder(two: tuple[Visit, Visit]) -> None:
    first, second = two
    with transaction() as session:
        send(session, first, ROOM)
        send(session, second, repacked(ROOM))
        review.reject(session, second.id, by="zhaomin", now=THEN, reason="照片是另一家的")
        assert session.get_one(Visit, second.id).state is VisitState.NOT_DELIVERED
        assert drawing.draw(session, first.provider_id or 0, NOVEMBER, by="test", now=THEN).payable_cents == 10_000


def confirm(session: Session, visit: Visit, number: str, source: int) -> None:
    (there,) = planning.had_to_come(session, visit.id)
    proof.prove(
        session, there, Sort.CALL, Point.START, source_id=source, happened_at=TEN + timedelta(minutes=source),
        by="test", now=TEN, phone_hash=digest("phone", number),
    )  # fmt: skip


def test_the_caregivers_own_telephone_confirms_nothing_without_a_person(two: tuple[Visit, Visit]) -> None:
    visit = two[0]
    with transaction() as session:
        (there,) = planning.had_to_come(session, visit.id)
        session.get_one(Caregiver, there.caregiver_id).phone = "13905460001"
        confirm(session, visit, "13905460001", 1)
        actions.settle(session, visit, now=THEN)
        assert doubted(session, visit) == [Flaw.OWN_PHONE]


def test_one_telephone_may_confirm_for_a_couple_and_not_for_a_street(database: Engine) -> None:
    with transaction() as session:
        visits = [a_done_visit(session, an_elder(session)) for _ in range(3)]
        for number, visit in enumerate(visits, 1):
            confirm(session, visit, "05468000001", number)
            actions.settle(session, visit, now=THEN)
        assert [doubted(session, visit) for visit in visits] == [[], [], [Flaw.SHARED_PHONE]]
