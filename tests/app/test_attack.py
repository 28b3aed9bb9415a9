"""A hostile insider and a hostile network: what they send, and that it gets them nothing."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError, ProgrammingError
from sqlalchemy.orm import Session

from app.access.api import COOKIE
from app.access.rules import FREE_TRIES, Role
from app.access.tables import AccessLog
from app.config import settings
from app.db import Base, Scope, engine, scope_of, transaction
from app.idempotency import KeptAnswer
from app.logs import _without_data
from app.people.tables import Caregiver, Elder
from tests.app.bodies import body
from tests.app.ids import Things, one_of_everything
from tests.app.test_every_route import application, doors, somebody
from tests.cast import OTHER_COMMUNITY, PASSWORD, STREET, TEN, a_caregiver, a_provider, a_user, an_elder
from tests.clients import Client, ok


def stranger() -> Client:
    """Somebody on the network."""
    return Client(application(), raise_server_exceptions=False)


@pytest.fixture
def here(database: Engine) -> Things:
    """One of everything."""
    with transaction() as session:
        return one_of_everything(session)


# -- the database --------------------------------------------------------------------------------------------------


def test_a_session_without_a_scope_sees_no_fenced_row(here: Things) -> None:
    fenced = [t.name for t in Base.metadata.sorted_tables if "area" in t.info or "provider" in t.info]
    assert len(fenced) > 15
    with Session(engine()) as session:
        seen = {name for name in fenced if session.scalar(text(f"select count(*) from {name}"))}
    assert seen == set()


def test_a_scope_with_an_empty_area_is_not_the_platform(here: Things) -> None:
    with transaction(Scope(370503, "")) as session:
        assert session.query(Elder).count() == 0 and session.query(Caregiver).count() == 0
        assert not scope_of(session).everything


def test_a_login_without_an_area_sees_its_district_only(here: Things) -> None:
    assert somebody(Role.OPERATOR, area="").get(f"/api/elders/{here.ids['elder_id']}").status_code == 200


def test_a_scope_ends_with_its_transaction(here: Things) -> None:
    with transaction() as session:
        assert session.query(Elder).count()
        with session.connection().engine.connect() as other:
            assert other.execute(text("select count(*) from elders")).scalar_one() == 0
    with Session(engine()) as session:
        assert session.query(Elder).count() == 0


@pytest.mark.parametrize(
    "statement",
    [
        "alter table elders disable row level security",
        "alter table elders no force row level security",
        "drop policy elders_area on elders",
        "alter table history disable trigger all",
        "drop trigger history_never_changes on history",
        "set session_replication_role = replica",
        "update alarm_events set by = 'x'",
        "delete from ledger_entries",
        "truncate visit_events",
        "create or replace function app_sees(code text) returns boolean language sql as $$ select true $$",
        "create table loot (id int)",
        "select rolpassword from pg_authid",
        "set role yinling_owner",
        "copy (select 1) to program 'id'",
        "select pg_read_file('/etc/passwd')",
        "alter role yinling_app bypassrls",
    ],
)
def test_the_application_cannot_take_its_own_fence_down(here: Things, statement: str) -> None:
    with transaction() as session, pytest.raises(DatabaseError):
        session.connection().exec_driver_sql(statement)


def test_the_application_role_is_nobody_special(database: Engine) -> None:
    with engine().connect() as connection:
        rights = connection.execute(
            text("select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication from pg_roles "
                 "where rolname = current_user")
        ).scalar_one()  # fmt: skip
        owned = connection.execute(
            text("select count(*) from pg_class where relowner = (select oid from pg_roles where rolname=current_user)")
        ).scalar_one()
    assert (rights, owned) == (False, 0)


def test_a_row_cannot_be_moved_or_written_out_of_the_area(here: Things) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), transaction(Scope(370503, STREET[:9])) as session:
        session.execute(text("update elders set division_code = :there"), {"there": OTHER_COMMUNITY[:9] + "001"})


# -- logging in ----------------------------------------------------------------------------------------------------


def _try(browser: Client, login: str, password: str = "wrong password 1") -> Any:
    return browser.post("/api/session", json={"login": login, "password": password})


def test_an_unknown_login_answers_and_locks_like_a_known_one(database: Engine) -> None:
    with transaction() as session:
        a_user(session, login="zhaomin")
    browser, answers = stranger(), {}
    for login in ("zhaomin", "nobody-here"):
        tries = [_try(browser, login) for _ in range(FREE_TRIES + 1)]
        answers[login] = [(a.status_code, a.json()["title"], a.json()["detail"]) for a in tries]
        assert 880 < int(tries[-1].headers["retry-after"]) <= 901
    assert answers["zhaomin"] == answers["nobody-here"]
    assert answers["zhaomin"][-1][0] == 429


def test_a_session_is_new_at_each_login_and_ends_for_good(database: Engine) -> None:
    with transaction() as session:
        a_user(session, login="zhaomin")
    browser = stranger()
    browser.cookies.set(COOKIE, "planted")
    answer = _try(browser, "zhaomin", PASSWORD)
    flags = answer.headers["set-cookie"].lower()
    assert "httponly" in flags and "samesite=strict" in flags and "planted" not in flags
    token, csrf = answer.cookies[COOKIE], answer.json()["csrf"]
    fresh = Client(application(), cookies={COOKIE: token}, headers={"X-CSRF-Token": csrf})
    assert fresh.delete("/api/session").status_code == 204
    assert Client(application(), cookies={COOKIE: token}).get("/api/shift").status_code == 401


def test_a_user_who_left_is_out_at_once(database: Engine) -> None:
    browser = somebody(Role.OPERATOR)
    with transaction() as session:
        session.execute(text("update users set ended_at = now()"))
    assert browser.get("/api/shift").status_code == 401


def test_the_cookie_of_https_is_secure(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINLING_PUBLIC_URL", "https://yinling.example")
    settings.cache_clear()
    try:
        with transaction() as session:
            a_user(session, login="zhaomin")
        assert "; Secure" in _try(stranger(), "zhaomin", PASSWORD).headers["set-cookie"]
    finally:
        monkeypatch.undo()
        settings.cache_clear()


# -- the insider ---------------------------------------------------------------------------------------------------


def test_a_caregiver_moves_only_her_own_attendances(here: Things) -> None:
    thief = somebody(Role.CAREGIVER)
    told = ok(thief.post("/api/phone/events", json=body("/api/phone/events", here.ids)))
    assert told["results"][0] | {"id": ""} == {"id": "", "outcome": "attention", "problem": "not_yours"}
    with transaction() as session:
        state = session.scalar(text("select state from attendances where id = :id"), {"id": here.ids["attendance_id"]})
    assert state == "assigned"
    assert not [secret for secret in here.secrets if secret in thief.get("/api/phone/days").text]


def test_another_providers_manager_sees_neither_visit_nor_caregiver(here: Things) -> None:
    with transaction() as session:
        other = a_provider(session, name="别家")
        a_caregiver(session, provider=other)
    manager = somebody(Role.MANAGER, provider_id=other.id)
    assert manager.get(f"/api/visits/{here.ids['visit_id']}").status_code == 404
    board = ok(manager.get("/api/board/2026-11-23"))
    assert here.ids["caregiver_id"] not in [lane["id"] for lane in board.get("caregivers", board.get("lanes", []))]
    assert here.ids["visit_id"] not in [visit["id"] for visit in board["visits"]]


def test_the_key_of_somebody_else_brings_nothing(here: Things) -> None:
    order, key = body("/api/orders", here.ids), {"Idempotency-Key": "one"}
    first, second = somebody(Role.OPERATOR), somebody(Role.OPERATOR)
    one = ok(first.post("/api/orders", json=order, headers=key))
    assert ok(first.post("/api/orders", json=order, headers=key))["id"] == one["id"]
    assert ok(second.post("/api/orders", json=order, headers=key))["id"] != one["id"]
    assert first.post("/api/orders", json=order | {"note": "other"}, headers=key).status_code == 422
    assert first.post("/api/orders", json=order, headers={"Idempotency-Key": "k" * 5000}).status_code == 422


def test_a_kept_answer_does_not_keep_names_in_the_clear(here: Things, database: Engine) -> None:
    order = body("/api/orders", here.ids) | {"agent": {"name": "司徒代办", "relation": "son", "phone": "13911112222"}}
    ok(somebody(Role.OPERATOR).post("/api/orders", json=order, headers={"Idempotency-Key": "one"}))
    with transaction() as session:
        kept = json.dumps([row.answer for row in session.query(KeptAnswer)], ensure_ascii=False)
    assert "sealed" in kept
    assert not [word for word in (*here.secrets, "司徒代办", "13911112222") if word in kept]


def test_the_time_of_the_demo_is_of_no_use_elsewhere(here: Things, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINLING_DEMO", "false")
    settings.cache_clear()
    try:
        with transaction() as session:
            session.execute(text("update users set caregiver_id = null"))
            caregiver = session.get_one(Caregiver, here.ids["caregiver_id"])
        phone = _phone_of(caregiver)
        days = ok(phone.get("/api/phone/days", headers={"X-Simulated-At": TEN.isoformat()}))
        assert abs(datetime.fromisoformat(days["server_time"]) - datetime.now(UTC)) < timedelta(minutes=1)
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def _phone_of(caregiver: Caregiver) -> Client:
    with transaction() as session:
        a_user(
            session, Role.CAREGIVER, login="liujie", caregiver_id=caregiver.id, provider_id=caregiver.provider_id
        )  # fmt: skip
    browser = stranger()
    browser.headers["X-CSRF-Token"] = ok(_try(browser, "liujie", PASSWORD))["csrf"]
    return browser


def test_every_unmasked_field_and_every_opened_case_leaves_a_row(here: Things) -> None:
    browser = somebody(Role.OPERATOR)
    for field in ("phone", "id_number", "address", "access_note", "place"):
        wish: dict[str, Any] = {"field": field, "reason": "call back"}
        ok(browser.post(f"/api/elders/{here.ids['elder_id']}/unmask", json=wish))
    wish = {"field": "contact_phone", "target_id": here.ids["contact_id"], "reason": "call back"}
    ok(browser.post(f"/api/elders/{here.ids['elder_id']}/unmask", json=wish))
    alarm = f"/api/alarms/{here.ids['alarm_id']}"
    assert ok(browser.get(alarm))["in_clear"] is False
    assert ok(browser.post(f"{alarm}/claim"))["in_clear"] is True
    with transaction() as session:
        fields = sorted(row.field for row in session.query(AccessLog))
    assert fields == ["access_note", "address", "case", "contact_phone", "id_number", "phone", "place"]


def test_a_field_of_another_elder_cannot_be_had_through_this_one(here: Things) -> None:
    with transaction() as session:
        other = an_elder(session)
    browser = somebody(Role.OPERATOR)
    wishes: tuple[dict[str, Any], ...] = (
        {"field": "contact_phone", "target_id": here.ids["contact_id"], "reason": "curious"},
        {"field": "contact_phone", "reason": "curious"}, {"field": "team_phone", "reason": "curious"},
    )  # fmt: skip
    for wish in wishes:
        assert browser.post(f"/api/elders/{other.id}/unmask", json=wish).status_code == 404, wish


def test_a_supervisor_reads_no_name_number_or_door(here: Things) -> None:
    browser = somebody(Role.SUPERVISOR)
    read = 0
    for door in doors():
        if door.method == "GET" and door.roles and Role.SUPERVISOR in door.roles and door.path != "/api/live":
            published = {"state": "published"} if door.path == "/api/visits" else {}
            answer = browser.get(door.url(here.ids), params=published)
            assert answer.status_code == 200, (door, answer.text)
            assert not [word for word in (*here.secrets, "12号楼", "2580", "青霉素") if word in answer.text], door
            read += 1
    assert read > 6


def test_telephones_and_numbers_are_masked_wherever_they_are_listed(here: Things) -> None:
    phone, number, _, _, contact = here.secrets
    for role in Role:
        browser = somebody(role)
        for door in doors():
            if door.method == "GET" and door.roles and role in door.roles and door.path != "/api/live":
                said = browser.get(door.url(here.ids)).text
                assert not [word for word in (phone, number, contact) if word in said], (role, door)


# -- the network ---------------------------------------------------------------------------------------------------


def test_answers_are_not_stored_and_carry_their_headers(here: Things) -> None:
    answer = somebody(Role.OPERATOR).get(f"/api/elders/{here.ids['elder_id']}")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    ["../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "%00", "a" * 5000, "%ff%fe",
     "....//....//etc/passwd", "\\..\\..\\etc\\passwd"],
)  # fmt: skip
@pytest.mark.parametrize("entry", ["desk", "assets"])
def test_the_pages_give_no_other_file(entry: str, path: str, database: Engine) -> None:
    answer = stranger().get(f"/{entry}/{path}")
    assert answer.status_code in (200, 404, 503) and "root:" not in answer.text, answer.text


def test_nobody_is_sent_elsewhere(database: Engine) -> None:
    for path in ("/", "//evil.example/desk", "/%2f%2fevil.example", "/desk", "/api/elders/"):
        answer = stranger().get(path, follow_redirects=False)
        assert "evil" not in answer.headers.get("location", ""), path


@pytest.mark.parametrize("said", [b"", b"Bearer ", b"Bearer no", b"open sesame", b"Bearer open sesam", b"Bearer \xff"])
def test_machines_without_the_token_stay_outside(said: bytes, database: Engine, token: str) -> None:
    report = {"event": "ringing", "call_id": "1", "phone": "13800000000"}
    doors = "/api/ingest/p1", "/api/ingest/from/scaip", "/api/hooks/calls"
    for send in (("POST", "/api/hooks/calls/to-dial"), *(("POST", door) for door in doors)):
        answer = stranger().request(*send, json=report, headers=[(b"Authorization", said)])
        assert answer.status_code == 403, (send, answer.text)


def test_without_a_token_in_the_settings_the_doors_of_machines_are_closed(database: Engine) -> None:
    for said in ("Bearer ", "Bearer"):
        answer = stranger().post("/api/hooks/calls", json={}, headers={"Authorization": said})
        assert answer.status_code == 403


BODIES = {
    "not json": b"{", "bad utf-8": b'{"login": "\xff\xfe", "password": "x"}', "deep": b"[" * 100_000,
    "half a character": b'{"login": "\\ud800", "password": "\\udfff"}', "a number": b"1", "nothing": b"",
    "nul": b'{"login": "a\\u0000b", "password": "a\\u0000"}', "nan": b'{"login": NaN, "password": Infinity}',
    "huge number": b'{"login": ' + b"9" * 10_000 + b"}", "half a name": b'{"\\ud800": 1}',
}  # fmt: skip


@pytest.mark.parametrize("kind", BODIES)
def test_no_body_is_too_strange_to_be_refused(kind: str, here: Things) -> None:
    browser = somebody(Role.OPERATOR)
    for path in ("/api/session", "/api/orders", f"/api/elders/{here.ids['elder_id']}/unmask"):
        answer = browser.post(path, content=BODIES[kind], headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 403, 422), (path, answer.status_code, answer.text)


def test_a_form_of_another_site_logs_nobody_in(database: Engine) -> None:
    with transaction() as session:
        a_user(session, login="zhaomin")
    said = json.dumps({"login": "zhaomin", "password": PASSWORD}).encode()
    assert stranger().post("/api/session", content=said, headers={"Content-Type": "text/plain"}).status_code == 422


def test_a_body_has_an_end(database: Engine) -> None:
    answer = stranger().post("/api/session", content=b'{"login": "' + b"a" * 20_000_000 + b'"}')
    assert answer.status_code == 413


# -- what is left behind -------------------------------------------------------------------------------------------


def test_the_log_of_a_day_names_nobody(here: Things, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    browser = somebody(Role.OPERATOR)
    browser.get("/api/elders", params={"q": here.secrets[2]})
    browser.get("/api/elders", params={"q": here.secrets[0]})
    for door in doors():
        if door.roles and Role.OPERATOR in door.roles and door.path not in ("/api/live", "/api/session"):
            browser.request(door.method, door.url(here.ids), json=body(door.path, here.ids))
    lines = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpx"))
    assert "/api/elders/{elder_id}" in lines
    assert not [word for word in (*here.secrets, "12号楼", "青霉素", "周慧") if word in lines]


def test_the_log_of_a_bug_does_not_quote_the_row(database: Engine) -> None:
    somebody(Role.OPERATOR, name="欧阳秘书")
    with transaction() as session, pytest.raises(DatabaseError) as caught:
        session.execute(text("update users set login = null"))
    assert "欧阳秘书" in str(caught.value)
    told = _without_data((caught.type, caught.value, caught.tb))
    assert "欧阳秘书" not in told and "test_attack.py" in told and "IntegrityError" in told
