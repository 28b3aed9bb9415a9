"""Every route with every role, without a login, without the CSRF token, and with another area's ids."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import Engine, text

from app.access import actions as access
from app.access.api import COOKIE
from app.access.rules import FIELD, Role
from app.db import transaction
from app.main import create_app
from tests.app.bodies import DAY, body
from tests.app.ids import Things, one_of_everything
from tests.cast import DISTRICT, OTHER_COMMUNITY, STREET, a_caregiver, a_user
from tests.clients import Client

PUBLIC = {"/api/session", "/healthz", "/readyz", "/metrics"}  # logging in, and what the installation's operator asks
INGEST = {"/api/ingest/{device_id}", "/api/ingest/from/{way}"}
MACHINES = {"/api/hooks/calls", "/api/hooks/calls/to-dial", "/api/hooks/messages", "/api/wall", "/api/family/money"}
BY_TOKEN = MACHINES | INGEST  # they sign, or bear a token
STREAM = "/api/live"  # never ends by itself
OTHER_DISTRICT = 370521
NAMED = {"day": DAY, "part": "allergies", "device_id": "pendant-1", "way": "traccar", "step": "speak", "kind": "sos"}


@dataclass(frozen=True)
class Door:
    """One method of one route and the roles it lets in (None: it asks for no session)."""

    method: str
    path: str
    roles: frozenset[Role] | None

    def url(self, ids: dict[str, int]) -> str:
        """The path with numbers in it; one the test does not know is a KeyError."""
        return self.path.format_map(NAMED | ids)

    @property
    def names(self) -> set[str]:
        """The numbers its path asks for."""
        named = {"day", "step", "kind"} if self.roles else set(NAMED)  # a machine names its device, a person numbers it
        return {part[1:-1] for part in self.path.split("/") if part.startswith("{")} - named


def _roles(dependant: Dependant) -> Iterator[frozenset[Role]]:
    if roles := getattr(dependant.call, "roles", None):
        yield roles
    for inner in dependant.dependencies:
        yield from _roles(inner)


application = cache(create_app)


@cache
def doors() -> tuple[Door, ...]:
    """All of them, also those of included routers, which are not among `app.routes`."""
    found = []
    for route in iter_route_contexts(application().routes):
        if isinstance(route.original_route, APIRoute) and (str(route.path).startswith("/api") or route.path in PUBLIC):
            roles = frozenset.intersection(*sets) if (sets := list(_roles(route.dependant))) else None
            found += [Door(method, str(route.path), roles) for method in (route.methods or set()) - {"HEAD"}]
    return tuple(sorted(found, key=lambda door: (door.path, door.method)))


def guarded() -> list[Door]:
    """The doors for people."""
    return [door for door in doors() if door.roles and door.path not in (STREAM, "/api/session")]


def somebody(role: Role, **given: Any) -> Client:
    """A browser of this role, without the 0.2 s its password would take; a caregiver's login belongs to one."""
    with transaction() as session:
        if role in FIELD:
            caregiver = a_caregiver(session)
            given |= {"caregiver_id": caregiver.id, "provider_id": caregiver.provider_id}
        user = a_user(session, role, **given)
        token, caller = access.log_in(session, user, address=None, now=datetime.now(UTC))
    headers = {"X-CSRF-Token": caller.csrf}
    return Client(application(), cookies={COOKIE: token}, headers=headers, raise_server_exceptions=False)


def send(browser: Client, door: Door, ids: dict[str, int], given: Any = None) -> Any:
    """The answer of a door to a caller who knows its contract."""
    return browser.request(door.method, door.url(ids), json=given)


@pytest.fixture
def nothing() -> dict[str, int]:
    """Numbers that nothing has."""
    return dict.fromkeys(sorted({name for door in doors() for name in door.names}), 999_999)


def test_all_doors_are_walked() -> None:
    paths = {door.path for door in doors()}
    described = {path for path in application().openapi()["paths"] if path.startswith("/api")}
    assert described <= paths and len(paths) > 50
    for prefix in (
        "alarms",
        "assessments",
        "board",
        "calls",
        "devices",
        "elders",
        "orders",
        "phone",
        "visits",
        "live",
        "ingest",
    ):
        assert any(path.startswith(f"/api/{prefix}") for path in paths), prefix


def test_only_the_named_routes_ask_for_no_session() -> None:
    assert {door.path for door in doors() if door.roles is None} <= PUBLIC | BY_TOKEN


@pytest.mark.parametrize("role", list(Role))
def test_a_role_gets_in_where_the_route_names_it_and_nowhere_else(
    role: Role, database: Engine, nothing: dict[str, int]
) -> None:
    browser = somebody(role)
    for door in guarded():
        status = send(browser, door, nothing).status_code
        assert (status == 403) == (role not in (door.roles or ())), (door, status)
        assert status < 500, (door, status)


def test_nobody_gets_in_without_a_session(database: Engine, nothing: dict[str, int]) -> None:
    stranger = Client(application())
    for door in doors():
        if door.path not in PUBLIC:
            status = send(stranger, door, nothing).status_code
            assert status == (403 if door.path in BY_TOKEN else 401), (door, status)


def test_nothing_changes_without_the_csrf_token(database: Engine, nothing: dict[str, int]) -> None:
    for role in Role:
        browser = somebody(role)
        for wrong in (b"", b"no", b"\xff"):
            assert browser.delete("/api/session", headers=[(b"X-CSRF-Token", wrong)]).status_code == 403, wrong
        browser.headers.pop("X-CSRF-Token")
        for door in guarded():
            if role in (door.roles or ()) and door.method != "GET":
                assert send(browser, door, nothing).status_code == 403, door


@pytest.fixture
def elsewhere(database: Engine) -> Things:
    """One of everything in another street, and another district beside this one."""
    with database.begin() as connection:
        connection.execute(text("insert into districts (id, name) values (:id, '垦利区')"), {"id": OTHER_DISTRICT})
    with transaction() as session:
        one_of_everything(session)
        return one_of_everything(session, division_code=OTHER_COMMUNITY, name="夏侯远方")


REPLAN = "/api/replans/{change_id}"
VERSION = "/api/programs/versions/{program_version_id}"
PROGRAMS = {
    "/api/programs/{program_id}/enrolments",
    "/api/programs/{program_id}/versions",
    f"{VERSION}/approve",
    f"{VERSION}/drop",
}
SHARED = {"/api/jobs/{job_id}", "/api/jobs/{job_id}/stop", REPLAN, f"{REPLAN}/accept", f"{REPLAN}/refuse"} | PROGRAMS
SHARED |= {"/api/welfare/visitors/{caregiver_id}"}
"""A day is planned and a programme is made for the whole district, where caregivers work; its streets may watch."""
WHOLE = (
    "/api/allowances/rules/",
    "/api/allowances/batches/",
    "/api/canteens/",
    "/api/meals/menus/",
    "/api/meals/canteens/",
    "/api/meals/riders/",
    "/api/meals/rounds/",
    "/api/aids/",
    "/api/rosters/",
)
"""So are rules and batches of allowances, and rosters; and a canteen cooks for whoever comes."""


@pytest.mark.parametrize("district", [DISTRICT, OTHER_DISTRICT])
def test_the_things_of_another_area_are_not_there(district: int, elsewhere: Things) -> None:
    area = STREET[:9] if district == DISTRICT else str(district)
    for role in Role:
        browser = somebody(role, area=area, district_id=district)
        for door in guarded():
            if (
                role not in (door.roles or ())
                or not door.names
                or (district == DISTRICT and (door.path in SHARED or door.path.startswith(WHOLE)))
            ):
                continue
            answer = send(browser, door, elsewhere.ids, body(door.path, elsewhere.ids))
            assert answer.status_code == 404, (door, role, answer.text)


def test_a_street_cannot_stop_the_work_of_the_district(elsewhere: Things) -> None:
    browser = somebody(Role.DISPATCHER, area=STREET[:9])
    assert browser.post(f"/api/jobs/{elsewhere.ids['job_id']}/stop").status_code == 403


def test_no_list_tells_of_another_street(elsewhere: Things) -> None:
    for role in Role:
        browser = somebody(role, area=STREET[:9])
        for door in guarded():
            if door.method == "GET" and not door.names and role in (door.roles or ()):
                _holds_nothing_of(elsewhere, door, send(browser, door, elsewhere.ids))


def _holds_nothing_of(elsewhere: Things, door: Door, answer: Any) -> None:
    assert answer.status_code == 200, (door, answer.text)
    if answer.headers["content-type"] != "application/json":
        return  # a file to fill in
    rows = list(_rows(answer.json()))
    for name in ("elder_id", "visit_id", "order_id", "alarm_id", "attendance_id", "home_id"):
        assert elsewhere.ids[name] not in [row.get(name) for row in rows], (door, name)
    assert not [secret for secret in elsewhere.secrets if secret in answer.text], door


def _rows(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in an answer."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from _rows(inner)


@pytest.mark.parametrize(
    "path",
    [
        "/api/orders",
        "/api/orders/quote",
        "/api/alarms",
        "/api/installations",
        "/api/meals/quote",
        "/api/meals/portions",
        "/api/rental/rentals",
    ],
)
def test_what_a_body_names_must_be_in_the_area(path: str, elsewhere: Things) -> None:
    answer = somebody(Role.OPERATOR, area=STREET[:9]).post(path, json=body(path, elsewhere.ids))
    assert answer.status_code == 404, answer.text
