"""Every route with every role, without a login, without the CSRF token, and with another area's ids."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from app.access.rules import Role
from app.db import transaction
from app.main import create_app
from tests import cast
from tests.cast import COMMUNITY, OTHER_COMMUNITY
from tests.clients import Client

PUBLIC = {"/api/session", "/healthz", "/readyz", "/metrics"}  # logging in, and what the installation's operator asks
BY_TOKEN = {"/api/hooks/calls", "/api/ingest/{device_id}"}  # machines: a bearer token instead of a session
SAMPLE = {"day": "2026-11-23", "job_id": "1"}


@dataclass(frozen=True)
class Door:
    """One method of one route and the roles it lets in (None: it asks for no session)."""

    method: str
    path: str
    roles: frozenset[Role] | None

    def url(self, ids: dict[str, Any] | None = None) -> str:
        """The path with numbers in it."""
        return self.path.format_map(_Ids(SAMPLE | (ids or {})))


class _Ids(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "999999"


def _roles(dependant: Dependant) -> Iterator[frozenset[Role]]:
    if roles := getattr(dependant.call, "roles", None):
        yield roles
    for inner in dependant.dependencies:
        yield from _roles(inner)


@cache
def doors() -> tuple[Door, ...]:
    """All of them."""
    found = []
    for route in create_app().routes:
        if isinstance(route, APIRoute) and (route.path.startswith("/api") or route.path in PUBLIC):
            roles = frozenset.intersection(*sets) if (sets := list(_roles(route.dependant))) else None
            found += [Door(method, route.path, roles) for method in route.methods - {"HEAD"}]
    return tuple(sorted(found, key=lambda door: (door.path, door.method)))


def test_only_the_named_routes_ask_for_no_session() -> None:
    assert {door.path for door in doors() if door.roles is None} <= PUBLIC | BY_TOKEN


@pytest.mark.parametrize("role", list(Role))
def test_a_role_gets_in_where_the_route_names_it_and_nowhere_else(role: Role, client: Callable[..., Client]) -> None:
    browser = client(role)
    for door in doors():
        if door.roles is None or door.path == "/api/live" or door.path == "/api/session":
            continue
        status = browser.request(door.method, door.url()).status_code
        assert (status == 403) == (role not in door.roles), (door, status)


def test_nobody_gets_in_without_a_session(database: Engine) -> None:
    stranger = TestClient(create_app())
    for door in doors():
        if door.path not in PUBLIC:
            status = stranger.request(door.method, door.url()).status_code
            assert status in (401, 403), (door, status)


def test_nothing_changes_without_the_csrf_token(client: Callable[..., Client]) -> None:
    for role in Role:
        browser = client(role)
        del browser.headers["X-CSRF-Token"]
        for door in doors():
            if door.roles and role in door.roles and door.method != "GET":
                assert browser.request(door.method, door.url()).status_code == 403, door


def test_the_ids_of_another_area_are_not_there(client: Callable[..., Client]) -> None:
    with transaction() as session:
        there = cast.ids_of_everything(session, division_code=OTHER_COMMUNITY)
    missing: set[str] = set()
    for role in Role:
        browser = client(role, area=COMMUNITY[:9])
        for door in doors():
            names = {part[1:-1] for part in door.path.split("/") if part.startswith("{")}
            if door.roles and role in door.roles and names - set(SAMPLE) - {"device_id"}:
                missing |= names - set(there) - set(SAMPLE)
                answer = browser.request(door.method, door.url(there), json=cast.BODIES.get(door.path, {}))
                assert answer.status_code in (404, 422), (door, role, answer.text)
    assert not missing, f"cast.ids_of_everything makes none of {missing}"
