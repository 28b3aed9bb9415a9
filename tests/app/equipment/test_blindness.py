"""Blind minutes: when nobody could have called for help, whatever the reason."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from app.access.rules import Role
from app.db import transaction
from app.equipment import actions, blindness, faults, moving, presence
from app.equipment.rules import DeviceEvent, DeviceState, Fault
from app.equipment.tables import DeafTime, Device, DeviceFault, Stay
from app.people.tables import Elder, Home
from tests.cast import DISTRICT, a_device, a_home, an_elder
from tests.clients import Client, ok
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")
MONTH = date(2026, 11, 1)
HOUR = timedelta(hours=1)
NOW = MORNING + timedelta(days=2)


def installed(elder: Elder, *, model: str = "yl-pendant", since: datetime = MORNING, worn: bool = True) -> Device:
    """A device hung at a time."""
    with transaction() as session:
        home = session.get_one(Home, elder.home_id)
        device = a_device(session, home=home, model=model, state=DeviceState.IN_STOCK)
        return actions.install(session, device, home=home, elder=elder if worn else None, by="安装", now=since)


def silent(device: Device, first: float, last: float | None, kind: Fault = Fault.SILENT) -> None:
    """Out of reach from one hour after MORNING to another."""
    with transaction() as session:
        lost = MORNING + first * HOUR
        faults.add(session, [faults.New(device, kind, lost + HOUR, lost_at=lost)])
        if last is not None:
            faults.end(session, {device.id: [kind]}, now=MORNING + last * HOUR)


def blind(elder: Elder) -> tuple[float, float]:
    """Hours covered, hours blind."""
    with transaction() as session:
        rows = {row.elder_id: row for row in blindness.of_month(session, MONTH, now=NOW)}
        found = rows[elder.id]
        parts = blindness.of_elder(session, elder.id, MONTH, now=NOW)
    assert sum(((b - a).total_seconds() for a, b in parts), 0.0) == pytest.approx(found.blind_seconds, abs=1)
    return found.covered_seconds / 3600, found.blind_seconds / 3600


def someone() -> Elder:
    with transaction() as session:
        return an_elder(session)


def test_an_elder_is_blind_from_the_last_word_of_her_only_button_to_its_next() -> None:
    lin = someone()
    button = installed(lin)
    silent(button, 3, 8)
    assert blind(lin) == (48, 5)
    silent(button, 7, 10, Fault.OFFLINE)
    assert blind(lin) == (48, 7), "two reasons at once count once"


def test_a_second_device_that_can_call_keeps_her_seen_and_a_smoke_sensor_does_not() -> None:
    lin = someone()
    button, wall = installed(lin), installed(lin, model="yl-wall", worn=False)
    installed(lin, model="yl-smoke", worn=False)
    silent(button, 3, 8)
    assert blind(lin) == (48, 0)
    silent(wall, 7, None)
    assert blind(lin) == (48, 1), "only while both are lost"


def test_what_hangs_in_a_home_is_of_everybody_there() -> None:
    with transaction() as session:
        home = a_home(session)
        lin, wang = an_elder(session, home=home), an_elder(session, home=home)
    silent(installed(lin, model="yl-wall", worn=False), 1, 2)
    assert blind(lin) == blind(wang) == (48, 1)


def test_a_device_counts_for_whoever_had_it_then() -> None:
    lin, wang = someone(), someone()
    button = installed(lin)
    silent(button, 1, 4)
    with transaction() as session:
        device = session.get_one(Device, button.id)
        moving.move(session, device, DeviceEvent.TAKE_BACK, by="安装", now=MORNING + 10 * HOUR, reason="搬家")
        home = session.get_one(Home, wang.home_id)
        actions.install(session, device, home=home, elder=wang, by="安装", now=MORNING + 20 * HOUR)
    silent(button, 30, 32)
    assert (blind(lin), blind(wang)) == ((10, 3), (28, 2))


def test_when_the_platform_is_deaf_everybody_is_blind() -> None:
    lin = someone()
    installed(lin, since=MORNING + HOUR)
    with transaction() as session:
        presence.deaf(session, MORNING, why="listener")
        presence.hears_again(session, now=MORNING + 3 * HOUR)
        assert blindness.deaf_times(session, MONTH) == [(MORNING, MORNING + 3 * HOUR, "listener")]
    assert blind(lin) == (47, 2), "but not before she had a device"


def test_the_desk_and_the_bureau_see_who_was_blind_most(client: Callable[..., Client]) -> None:
    lin, wang = someone(), someone()
    for elder, hours in ((lin, 1), (wang, 3)):
        with transaction() as session:
            session.add(_fault(installed(elder, since=MORNING - 400 * 24 * HOUR), -300 * 24, hours))
    found = ok(client(Role.SUPERVISOR).get("/api/blindness?month=2026-01-15"))
    assert [row["elder_id"] for row in found["worst"]] == [wang.id, lin.id]
    assert (found["elders"], found["blind_minutes"], found["deaf_minutes"]) == (2, 240, 0)
    assert client(Role.CAREGIVER).get("/api/blindness").status_code == 403


spans = st.lists(st.tuples(st.integers(0, 47), st.integers(1, 12)), max_size=5)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=spans, other=spans, deaf=spans)
def test_blind_is_when_both_are_lost_or_the_platform_is_deaf(
    one: list[tuple[int, int]], other: list[tuple[int, int]], deaf: list[tuple[int, int]]
) -> None:
    with transaction() as session:
        for table in (DeviceFault, Stay, DeafTime):
            session.execute(delete(table))
    lin = someone()
    devices = [installed(lin), installed(lin)]
    for device, lost in zip(devices, (one, other), strict=True):
        with transaction() as session:
            session.add_all(_fault(device, start, length) for start, length in lost)
    with transaction() as session:
        session.add_all(
            DeafTime(since=MORNING + a * HOUR, ended_at=MORNING + (a + n) * HOUR, why="listener") for a, n in deaf
        )

    def hours(spans: list[tuple[int, int]]) -> set[int]:
        return {h for start, length in spans for h in range(start, start + length) if h < 48}

    assert blind(lin) == (48, len((hours(one) & hours(other)) | hours(deaf)))


def _fault(device: Device, start: int, length: int) -> DeviceFault:
    since: dict[str, Any] = {"since": MORNING + start * HOUR, "lost_at": MORNING + start * HOUR}
    return DeviceFault(
        district_id=DISTRICT, division_code=device.division_code, device_id=device.id, kind=Fault.SILENT, **since,
        due_at=NOW, ended_at=MORNING + (start + length) * HOUR, state="over",
    )  # fmt: skip
