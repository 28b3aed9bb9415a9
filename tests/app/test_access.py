"""Logging in, and what a session may do."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from app.access import actions, api
from app.access.rules import FREE_TRIES, Locked, Role, WeakPassword, check_strength
from app.db import Scope, transaction
from app.history import record
from app.people.tables import Elder
from tests.cast import COMMUNITY, OTHER_COMMUNITY, PASSWORD, a_user, an_elder
from tests.clients import Client, ok
from tests.conftest import MORNING


def test_somebody_who_logs_in_is_known_by_role_and_area(client: Callable[..., Client]) -> None:
    me = ok(client(Role.OPERATOR, name="赵敏").get("/api/session"))
    assert (me["name"], me["role"], me["area"]) == ("赵敏", "operator", "370503")


def test_a_post_without_the_csrf_token_is_refused(client: Callable[..., Client]) -> None:
    browser = client(Role.OPERATOR)
    del browser.headers["X-CSRF-Token"]
    assert browser.delete("/api/session").status_code == 403


def test_after_logging_out_the_cookie_is_worth_nothing(client: Callable[..., Client]) -> None:
    browser = client(Role.OPERATOR)
    cookie = browser.cookies["yinling_session"]
    assert browser.delete("/api/session").status_code == 204
    browser.cookies.set("yinling_session", cookie)
    assert ok(browser.get("/api/session")) is None


def test_the_sixth_wrong_password_locks_the_login_for_a_while(client: Callable[..., Client]) -> None:
    browser = client(Role.OPERATOR, login="zhaomin")
    for _ in range(FREE_TRIES):
        assert browser.post("/api/session", json={"login": "zhaomin", "password": "wrong"}).status_code == 403
    answer = browser.post("/api/session", json={"login": "zhaomin", "password": PASSWORD})
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 800


def test_an_address_is_shut_for_wrong_logins_and_never_for_right_ones(
    client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "PER_ADDRESS", 5)
    browser = client(Role.OPERATOR, login="zhaomin")
    right = {"login": "zhaomin", "password": PASSWORD}
    for n in range(api.PER_ADDRESS):
        ok(browser.post("/api/session", json=right))
        assert browser.post("/api/session", json={"login": f"guess{n}", "password": "wrong"}).status_code == 403
    assert browser.post("/api/session", json=right).headers["retry-after"] == "300"


def test_a_lock_ends_by_itself(database: Engine) -> None:
    with transaction() as session:
        user = a_user(session)
        for _ in range(FREE_TRIES):
            actions.fail(session, user, now=MORNING)
        with pytest.raises(Locked):
            actions.check_lock(user.failures, user.failed_at, now=MORNING + timedelta(minutes=14))
        actions.check_lock(user.failures, user.failed_at, now=MORNING + timedelta(minutes=16))


@pytest.mark.parametrize("password", ["short1", "allletters", "zhaomin12345"])
def test_an_easy_password_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_strength("zhaomin", password)


def test_row_level_security_hides_other_areas_even_from_a_query_that_asks_for_everything(database: Engine) -> None:
    with transaction() as session:
        near, far = an_elder(session, division_code=COMMUNITY), an_elder(session, division_code=OTHER_COMMUNITY)
    with transaction(Scope(370503, "370503001")) as session:
        assert {elder.id for elder in session.query(Elder)} == {near.id}
    with transaction(Scope(370503, "370503")) as session:
        assert {elder.id for elder in session.query(Elder)} == {near.id, far.id}


def test_history_cannot_be_changed_by_anybody(database: Engine) -> None:
    with transaction() as session:
        record(session, an_elder(session), "move", "here", "there", by="赵敏", now=MORNING)
    for statement in ("update history set by = 'x'", "delete from history", "truncate history"):
        with pytest.raises(DatabaseError, match="keeps what was written"), database.begin() as connection:
            connection.execute(text(statement))


def test_sensitive_fields_are_ciphertext_in_the_database(database: Engine) -> None:
    with transaction() as session:
        elder = an_elder(session, phone="13800001234")
        number = elder.id_number
    with database.connect() as connection:
        row = connection.execute(text("select elders::text || homes::text from elders join homes on true")).scalar_one()
    assert number not in row and "13800001234" not in row and "青霉素" not in row and "2单元" not in row
