"""From a battery's days to the day it will be flat, and to the list of those to take along."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.calendar import day_of
from app.db import transaction
from app.equipment import batteries
from app.equipment.discharge import Unknown
from app.equipment.rules import DeviceState
from app.equipment.tables import BatteryForecast, Device, DeviceDay
from app.places.rules import Place
from tests.app.alarms.story import hear, press
from tests.cast import CENTRE, COMMUNITY, DISTRICT, OTHER_COMMUNITY, a_device, a_division, a_home, an_elder
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")
TODAY = day_of(MORNING)


def days_of(device: Device, levels: list[float], *, volts: bool = False, until: date = TODAY) -> None:
    """A level a day, the last one on `until`."""
    name = "volts_last" if volts else "battery_last"
    with transaction() as session:
        session.add_all(
            DeviceDay(
                district_id=DISTRICT, device_id=device.id, day=until - timedelta(days=back),
                division_code=device.division_code, **{name: level},
            )
            for back, level in enumerate(reversed(levels))
        )  # fmt: skip


def foretold(now: datetime = MORNING) -> int:
    with transaction() as session:
        return batteries.foretell(session, now=now)


def of(device: Device) -> BatteryForecast | None:
    with transaction() as session:
        return session.get(BatteryForecast, device.id)


def a_pendant(**given: Any) -> Device:
    with transaction() as session:
        return a_device(session, **given)


def test_each_battery_has_its_day_or_a_reason_and_nobody_else_is_asked() -> None:
    falling, cell, charged, young = a_pendant(), a_pendant(), a_pendant(model="yl-watch"), a_pendant()
    retired, unheard = a_pendant(state=DeviceState.RETIRED), a_pendant()
    days_of(falling, [100.0 - day for day in range(61)])  # 40 % today, a per cent a day
    days_of(cell, [3.0 - 0.55 * day / 100 for day in range(81)], volts=True)  # empty at 2.45 V, in twenty days
    days_of(charged, [100.0 - day for day in range(61)])
    days_of(young, [100.0, 99.0, 98.0])
    days_of(retired, [100.0 - day for day in range(61)])
    days_of(unheard, [100.0 - day for day in range(41)], until=TODAY - timedelta(days=9))
    assert foretold() == 4
    for device, left in ((falling, 35), (cell, 20)):
        told = of(device)
        assert told and told.flat_on and told.earliest and told.latest
        assert abs((told.flat_on - TODAY).days - left) <= 3 and told.earliest <= told.flat_on <= told.latest
        assert (told.district_id, told.division_code, told.made_on) == (DISTRICT, device.division_code, TODAY)
    reasons = {device.id: told.unknown for device in (charged, young) if (told := of(device))}
    assert reasons == {charged.id: Unknown.CHARGED, young.id: Unknown.TOO_FEW}
    assert (of(retired), of(unheard)) == (None, None)


def test_a_battery_is_foretold_once_a_day_and_a_changed_one_afresh() -> None:
    device = a_pendant(battery=40, last_seen_at=MORNING - timedelta(days=1))
    days_of(device, [100.0 - day for day in range(60)], until=TODAY - timedelta(days=1))
    assert (foretold(), foretold()) == (1, 0), "it has no newer day"
    before = of(device)
    tomorrow = MORNING + timedelta(days=1)
    hear(press(device.wire_id, "new", kind="heartbeat", battery=100), now=tomorrow)
    assert foretold(tomorrow) == 1
    told = of(device)
    assert before and before.flat_on and told and told.made_on == TODAY + timedelta(days=1)
    hear(press(device.wire_id, "h", kind="heartbeat", battery=99), now=tomorrow + timedelta(hours=2))
    assert foretold(tomorrow + timedelta(hours=3)) == 0
    days_of(device, [100.0] * 14, until=TODAY + timedelta(days=15))
    assert foretold(MORNING + timedelta(days=15)) == 1
    told = of(device)
    assert told and told.changed_on == TODAY + timedelta(days=1) and told.flat_on is None


def flat(device: Device, on: date) -> None:
    with transaction() as session:
        session.add(
            BatteryForecast(
                device_id=device.id,
                district_id=DISTRICT,
                division_code=device.division_code,
                made_on=TODAY,
                flat_on=on,
            )
        )


def test_the_list_is_a_walk_from_the_most_pressing_one_community_after_the_other() -> None:
    def at(north: float) -> dict[str, Any]:
        return {"place": Place(CENTRE.lat + north, CENTRE.lon)}

    with transaction() as session:
        a_division(session, OTHER_COMMUNITY, "湖滨社区")
        elder = an_elder(session, home=a_home(session, estate="河运小区", **at(0.010)))
        first = a_device(session, elder=elder, battery=8)
        far = a_device(session, home=a_home(session, **at(0.030)), model="yl-wall")
        near = a_device(session, home=a_home(session, **at(0.012)), model="yl-wall")
        there = a_device(session, home=a_home(session, division_code=OTHER_COMMUNITY), model="yl-wall")
        later = a_device(session, home=a_home(session), model="yl-wall")
        gone = a_device(session, home=a_home(session), model="yl-wall", state=DeviceState.RETIRED)
    in_a_week = TODAY + timedelta(days=7)
    days = {first: 1, far: 2, near: 5, there: 7, later: 8, gone: 1}
    for device, n in days.items():
        flat(device, TODAY + timedelta(days=n))
    with transaction() as session:
        rows = batteries.to_replace(session, until=in_a_week)
    walk = [first.id, near.id, far.id]
    assert [row.device_id for row in rows] == ([*walk, there.id] if COMMUNITY < OTHER_COMMUNITY else [there.id, *walk])
    (row,) = (row for row in rows if row.device_id == first.id)
    assert (row.elder_id, row.elder_name, row.estate, row.division, row.battery, row.flat_on) == (
        elder.id, "林桂芬", "河运小区", "河运社区", 8, TODAY + timedelta(days=1),
    )  # fmt: skip
