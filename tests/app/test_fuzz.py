"""Whatever is sent to whichever door, the answer is never «this is our fault»."""

import copy
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from app.access.rules import Role
from app.db import transaction
from tests.app.bodies import body
from tests.app.ids import one_of_everything
from tests.app.test_every_route import Door, application, guarded, somebody
from tests.clients import Client

EXAMPLES = 400
STRANGE: list[Any] = [
    None, True, [], {}, [None], {"a": {}}, "", " ", "\x00", "a\x00b", "é" * 300, "\ud800", "‮", "'; drop table",
    -1, 0, 1, 2**31, 2**53, 2**63 - 1, 2**63, 10**40, 1.5, 1e308, "NaN", "1e999", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "2026-11-23T10:00",
    "2026-02-30", "9999-12-31T00:00:00Z", "0001-01-01T00:00:00Z", 1e20,
]  # fmt: skip
WORDS = [
    "0", "-1", "99999999999999999999", "9223372036854775807", "1.5", "a%00b", "%00", "%ff", "null", "0001-01-01",
    "9999-12-31", "2026-13-01", "1e3", "0x1", "%E2%80%AE", "2147483648", "0001-01-01T00:00:00Z",
]  # fmt: skip


class Spot(NamedTuple):
    """A place in a JSON body."""

    path: tuple[str | int, ...]


def spots(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Spot]:
    """Every place in a body where something strange could stand."""
    yield Spot(path)
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, under in inner:
        yield from spots(under, (*path, key))


def put(value: Any, spot: Spot, strange: Any) -> Any:
    """The body with something strange in one place."""
    if not spot.path:
        return strange
    changed = copy.deepcopy(value)
    holder = changed
    for step in spot.path[:-1]:
        holder = holder[step]
    holder[spot.path[-1]] = strange
    return changed


def questions(door: Door) -> list[str]:
    """The names its query may hold."""
    described = application().openapi()["paths"].get(door.path, {}).get(door.method.lower(), {})
    return [one["name"] for one in described.get("parameters", ()) if one["in"] == "query"]


def test_nothing_that_is_sent_is_our_fault(database: Engine) -> None:
    with transaction() as session:
        ids = one_of_everything(session).ids
    browsers = {role: somebody(role) for role in (Role.SHIFT_LEAD, Role.CAREGIVER, Role.ASSESSOR)}

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def attack(data: st.DataObject) -> None:
        door = data.draw(st.sampled_from([d for d in guarded() if browsers.keys() & (d.roles or set())]))
        browser = next(browser for role, browser in browsers.items() if role in (door.roles or ()))
        answer = _send(data, browser, door, ids)
        assert answer.status_code < 500, (door, answer.request.url, answer.request.content, answer.text)

    attack()


def _send(data: st.DataObject, browser: Client, door: Door, ids: dict[str, int]) -> Any:
    named: dict[str, Any] = dict(ids)
    if "{day}" in door.path:
        named["day"] = data.draw(st.sampled_from(["2026-11-23", *WORDS]))
    if door.names and data.draw(st.integers(0, 4)) == 0:
        named[data.draw(st.sampled_from(sorted(door.names)))] = data.draw(st.sampled_from(WORDS))
    query = {
        name: data.draw(st.sampled_from([*WORDS, "\x00", "true", "held"]) | st.text(max_size=8))
        for name in questions(door)
        if data.draw(st.booleans())
    }
    query = {name: word.encode(errors="replace").decode() for name, word in query.items()}
    given_body = body(door.path, ids) if door.method in ("POST", "PUT") else None
    if given_body is not None:
        for _ in range(data.draw(st.integers(0, 2))):
            spot = data.draw(st.sampled_from(list(spots(given_body))))
            given_body = put(given_body, spot, data.draw(st.sampled_from(STRANGE)))
    content = None if given_body is None else json.dumps(given_body)
    headers = {"Content-Type": "application/json"}
    return browser.request(door.method, door.url(named), params=query, content=content, headers=headers)
