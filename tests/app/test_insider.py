"""What somebody with a login tries with numbers that are not theirs to use."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, text
from starlette.requests import Request

from app import live_api
from app.access import actions as access
from app.access.api import COOKIE
from app.access.rules import FREE_TRIES, Role
from app.access.tables import AccessLog
from app.calls.tables import Call
from app.db import Scope, transaction
from app.live import Hub, Notice
from app.orders.rules import VisitState
from app.people.tables import Caregiver
from app.places.rules import Place
from tests.app.bodies import body
from tests.app.ids import Things, one_of_everything
from tests.app.test_every_route import OTHER_DISTRICT, application, somebody
from tests.cast import (
    DISTRICT,
    OTHER_COMMUNITY,
    PASSWORD,
    STREET,
    TEN,
    a_caregiver,
    a_contact,
    a_home,
    a_user,
    a_visit,
    an_attendance,
    an_elder,
)
from tests.clients import Client, ok, post_signed


@pytest.fixture
def here(database: Engine) -> Things:
    """One of everything in this district, and another district beside it."""
    with database.begin() as connection:
        connection.execute(text("insert into districts (id, name) values (:id, '垦利区')"), {"id": OTHER_DISTRICT})
    with transaction() as session:
        return one_of_everything(session)


@pytest.fixture
def stranger_id(here: Things) -> int:
    """A caregiver of the other district."""
    with transaction() as session:
        caregiver = a_caregiver(session)
        session.execute(
            text("update caregivers set district_id = :d where id = :id"), {"d": OTHER_DISTRICT, "id": caregiver.id}
        )
    return caregiver.id


def test_a_caregiver_is_known_in_her_district_and_nowhere_else(here: Things, stranger_id: int) -> None:
    for area in (str(DISTRICT), STREET[:9], STREET):
        with transaction(Scope(DISTRICT, area)) as session:
            assert {c.id for c in session.query(Caregiver)} == {here.ids["caregiver_id"]}
    with transaction(Scope(OTHER_DISTRICT, str(OTHER_DISTRICT))) as session:
        assert {c.id for c in session.query(Caregiver)} == {stranger_id}


def test_nobody_is_sent_to_an_alarm_from_another_district(here: Things, stranger_id: int) -> None:
    browser, alarm = somebody(Role.OPERATOR), f"/api/alarms/{here.ids['alarm_id']}"
    ok(browser.post(f"{alarm}/claim"))
    assert browser.post(f"{alarm}/dispatch", json={"caregiver_id": stranger_id}).status_code == 404


def test_a_visit_is_not_moved_to_a_caregiver_of_another_district(here: Things, stranger_id: int) -> None:
    wish = {"caregiver_ids": [stranger_id], "starts_at": TEN.isoformat(), "accept": []}
    answer = somebody(Role.DISPATCHER).post(f"/api/visits/{here.ids['visit_id']}/move", json=wish)
    assert answer.status_code in (404, 409, 422), answer.text


def test_a_street_cannot_double_book_a_caregiver_who_is_busy_in_another(here: Things) -> None:
    tomorrow = TEN + timedelta(days=1)
    with transaction() as session:
        caregiver = session.get_one(Caregiver, here.ids["caregiver_id"])
        mine = a_visit(session, elder=an_elder(session), opens=tomorrow)
        far = a_visit(
            session, elder=an_elder(session, division_code=OTHER_COMMUNITY), state=VisitState.PUBLISHED, opens=tomorrow,
            provider_id=caregiver.provider_id,
        )  # fmt: skip
        an_attendance(session, far, caregiver)
    wish = {"caregiver_ids": [caregiver.id], "starts_at": tomorrow.isoformat(), "accept": []}
    browser = somebody(Role.DISPATCHER, area=STREET[:9])
    answer = browser.post(f"/api/visits/{mine.id}/move", json=wish)
    assert answer.status_code < 500, answer.text
    with transaction() as session:
        busy = session.scalar(
            text("select count(*) from attendances where caregiver_id = :id and starts_at::date = :day"),
            {"id": caregiver.id, "day": tomorrow.date()},
        )
    assert busy == 1


def test_a_call_about_an_alarm_reaches_only_people_of_its_home(here: Things) -> None:
    with transaction() as session:
        home = a_home(session)
        ours, _ = an_elder(session, home=home), an_elder(session, home=home)
        near = a_contact(session, ours)
        session.execute(
            text("update alarms set elder_id = null, home_id = :home where id = :id"),
            {"home": home.id, "id": here.ids["alarm_id"]},
        )
    browser, alarm = somebody(Role.OPERATOR), f"/api/alarms/{here.ids['alarm_id']}"
    ok(browser.post(f"{alarm}/claim"))
    wish = {"target": "contact", "contact_id": here.ids["contact_id"]}
    assert browser.post(f"{alarm}/call", json=wish).status_code == 404
    assert browser.post(f"{alarm}/call", json=wish | {"contact_id": near.id}).status_code == 200


def test_a_correction_stays_with_its_visit(here: Things) -> None:
    with transaction() as session:
        other = an_attendance(session, a_visit(session, state=VisitState.PUBLISHED), a_caregiver(session))
    wish = body("/api/visits/{visit_id}/correct", here.ids) | {"attendance_id": other.id}
    answer = somebody(Role.DISPATCHER).post(f"/api/visits/{here.ids['visit_id']}/correct", json=wish)
    assert answer.status_code == 404, answer.text


def test_a_caller_is_looked_for_in_the_district_that_was_called(here: Things, token: str) -> None:
    report = {"event": "ringing", "call_id": "pbx-9", "district": OTHER_DISTRICT, "phone": here.secrets[0]}
    browser = Client(application(), raise_server_exceptions=False)
    assert ok(post_signed(browser, "/api/hooks/calls", report))["elder_id"] is None
    with transaction() as session:
        call = session.query(Call).filter_by(call_id="pbx-9").one()
    assert call.division_code.startswith(str(OTHER_DISTRICT))


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "\\\\evil\\share"])
def test_a_recording_is_a_link_into_the_web(here: Things, token: str, link: str) -> None:
    report = {"event": "recording", "call_id": "pbx-9", "district": DISTRICT, "url": link}
    browser = Client(application(), raise_server_exceptions=False)
    assert post_signed(browser, "/api/hooks/calls", report).status_code == 422


def test_guesses_made_at_once_are_counted_one_by_one(database: Engine) -> None:
    with transaction() as session:
        a_user(session, login="zhaomin")

    def guess(n: int) -> int:
        said = {"login": "zhaomin", "password": PASSWORD if n == 11 else f"wrong {n}"}
        return int(Client(application()).post("/api/session", json=said).status_code)

    with ThreadPoolExecutor(6) as crowd:
        told = list(crowd.map(guess, range(12)))
    assert told.count(403) == FREE_TRIES and told.count(429) == 12 - FREE_TRIES, told


@pytest.mark.parametrize("said", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "yesterday", "2026-11-23"])
def test_a_strange_moment_is_refused(here: Things, said: str) -> None:
    phone = somebody(Role.CAREGIVER)
    assert phone.get("/api/phone/days", headers={"X-Simulated-At": said}).status_code == 422


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-29"])
def test_a_strange_day_is_no_fault_of_ours(here: Things, day: str) -> None:
    assert somebody(Role.DISPATCHER).get(f"/api/board/{day}").status_code in (200, 422)


@pytest.mark.parametrize("last", ["abc", "1-2-3", "-", "9" * 40, "9" * 5000 + "-1", "$", "0-0)"])
def test_a_strange_last_event_id_begins_with_a_reset(database: Engine, last: str) -> None:
    async def first() -> tuple[str, ...]:
        hub = Hub()
        try:
            async for notice in hub.subscribe(DISTRICT, last):
                return notice.topics
        finally:
            await hub.close()
        return ("ended",)

    assert asyncio.run(asyncio.wait_for(first(), 5)) == ()


def test_a_manager_of_no_provider_sees_nothing(here: Things) -> None:
    manager = somebody(Role.MANAGER)
    assert manager.get(f"/api/visits/{here.ids['visit_id']}").status_code == 404
    assert ok(manager.get("/api/board/2026-11-23"))["visits"] == []


def test_whoever_sees_a_door_is_on_record_once(here: Things) -> None:
    browser, path = somebody(Role.DISPATCHER), f"/api/visits/{here.ids['visit_id']}"
    for _ in range(3):
        assert "12号楼" in ok(browser.get(path))["address"]
    with transaction() as session:
        seen = [(row.field, row.elder_id, row.reason) for row in session.query(AccessLog)]
    assert seen == [("address", here.ids["elder_id"], f"visit {here.ids['visit_id']}")]


def test_the_board_shows_the_estate_and_not_the_door(here: Things) -> None:
    exact = Place(37.886123, 118.525456)
    with transaction() as session:
        elder = an_elder(session, home=a_home(session, place=exact))
        visit = a_visit(session, elder=elder)
    board = ok(somebody(Role.DISPATCHER).get("/api/board/2026-11-23"))
    assert {v["id"]: v["place"] for v in board["visits"]}[visit.id] == {"lat": 37.886, "lon": 118.525}


def test_blanks_are_no_reason_to_unmask(here: Things) -> None:
    wish = {"field": "phone", "reason": "   "}
    answer = somebody(Role.OPERATOR).post(f"/api/elders/{here.ids['elder_id']}/unmask", json=wish)
    assert answer.status_code == 422


def test_the_live_stream_ends_with_its_session(here: Things, monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy:
        """A district where something always happens."""

        connected = True

        async def subscribe(self, district_id: int, after: str | None) -> AsyncIterator[Notice]:
            for n in range(3):
                yield Notice(f"{n}-0", ("alarms/1",))

    async def told() -> int:
        answer = await live_api.stream(request, me)
        return len([event async for event in answer.body_iterator])

    monkeypatch.setattr(live_api, "ASK_AGAIN_SECONDS", 0)
    with transaction() as session:
        token, me = access.log_in(session, a_user(session), address=None, now=datetime.now(UTC))
    web = SimpleNamespace(state=SimpleNamespace(hub=Busy()))
    request = Request({"type": "http", "app": web, "headers": [(b"cookie", f"{COOKIE}={token}".encode())]})
    assert asyncio.run(told()) == 4  # hello, and three notices
    with transaction() as session:
        access.log_out(session, token)
    assert asyncio.run(told()) == 1


def test_an_operator_ends_an_alarm_only_when_it_is_hers(here: Things) -> None:
    one, other = somebody(Role.OPERATOR), somebody(Role.OPERATOR)
    alarm = f"/api/alarms/{here.ids['alarm_id']}"
    ok(one.post(f"{alarm}/claim"))
    for act in ("arrive", "close", "dispatch", "call", "follow-up", "suspend", "hand-over", "release"):
        given = body(f"/api/alarms/{{alarm_id}}/{act}", here.ids)
        assert other.post(f"{alarm}/{act}", json=given).status_code in (403, 409), act
