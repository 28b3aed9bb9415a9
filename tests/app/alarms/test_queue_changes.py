"""A desk asks for what it does not know yet, and is told all of it and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from app.access.rules import Role
from app.alarms import hearing
from app.alarms.rules import AlarmKind
from app.db import transaction
from tests.cast import DISTRICT, OTHER_COMMUNITY, an_elder
from tests.clients import Client, ok


def _ring(elders: int, **given: Any) -> list[int]:
    now = datetime.now(UTC)
    with transaction() as session:
        found = []
        for _ in range(elders):
            elder = an_elder(session, **given)
            who = hearing.Whose(DISTRICT, elder.division_code, elder_id=elder.id, home_id=elder.home_id)
            found.append(hearing.call_for_help(session, AlarmKind.SOS, who, hearing.Press(now), by="t", now=now).id)
    return found


def _ask(desk: Client, known: dict[str, int]) -> dict[str, Any]:
    told: dict[str, Any] = ok(desk.post("/api/alarms/changes", json={"versions": known}))
    return told


def _after(told: dict[str, Any], known: dict[str, int]) -> dict[str, int]:
    """What a screen knows once it was told."""
    left = {key: version for key, version in known.items() if int(key) not in told["gone"]}
    return left | {str(row["id"]): row["version"] for row in told["items"]}


def test_a_screen_is_told_what_is_new_what_changed_and_what_is_gone_and_nothing_twice(
    database: Engine, client: Callable[..., Client]
) -> None:
    desk = client(Role.OPERATOR)
    first, second = _ring(2)
    told = _ask(desk, {})
    assert [row["id"] for row in told["items"]] == [first, second]
    assert told["items"] == desk.get("/api/alarms").json()["items"]
    known = _after(told, {})
    assert (_ask(desk, known)["items"], _ask(desk, known)["gone"]) == ([], [])

    (third,) = _ring(1)
    ok(desk.post(f"/api/alarms/{second}/claim"))
    told = _ask(desk, known)
    assert {row["id"]: row["state"] for row in told["items"]} == {second: "claimed", third: "ringing"}
    known = _after(told, known)

    ok(desk.post(f"/api/alarms/{second}/call", json={"target": "elder", "result": "safe"}))
    ok(desk.post(f"/api/alarms/{second}/close", json={"verdict": "accidental"}))
    told = _ask(desk, known)
    assert (told["items"], told["gone"]) == ([], [second])
    assert set(_after(told, known)) == {str(first), str(third)}


def test_whoever_sees_one_community_is_told_of_no_other(database: Engine, client: Callable[..., Client]) -> None:
    (here,) = _ring(1)
    (elsewhere,) = _ring(1, division_code=OTHER_COMMUNITY)
    desk = client(Role.OPERATOR, area=OTHER_COMMUNITY)
    told = _ask(desk, {str(here): 99})
    assert [row["id"] for row in told["items"]] == [elsewhere]
    assert told["gone"] == [here]
