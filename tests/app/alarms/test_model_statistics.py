"""How each model does in the field, by a small story whose sums can be done by hand."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.alarms import model_statistics
from app.alarms.model_statistics import ModelRow
from app.alarms.rules import AlarmKind, State, Verdict
from app.alarms.tables import Alarm
from app.db import transaction
from app.equipment.rules import DeviceState, Fault
from app.equipment.tables import BatteryForecast, Device, DeviceDay, DeviceFault, Stay
from app.equipment.upkeep_rules import Upkeep
from devices.signals import Message
from tests.app.alarms.story import hear
from tests.cast import COMMUNITY, DISTRICT, a_device, a_user
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")


def ago(days: float) -> datetime:
    return MORNING - timedelta(days=days)


def a_pendant(**given: Any) -> Device:
    with transaction() as session:
        return a_device(session, **given)


def rung(device: Device, *days: float, verdict: Verdict = Verdict.FALSE) -> None:
    with transaction() as session:
        operator = a_user(session).id
        session.add_all(
            Alarm(
                district_id=DISTRICT, division_code=COMMUNITY, elder_id=device.elder_id, device_id=device.id,
                kind=AlarmKind.SOS, state=State.CLOSED, priority=1, raised_at=ago(day), rung_at=ago(day),
                verdict=verdict, claimed_by=operator, closed_at=ago(day),
            )
            for day in days
        )  # fmt: skip


def kept(*rows: Any) -> None:
    with transaction() as session:
        session.add_all(rows)


def stay(device: Device, since: float, until: float | None = None) -> Stay:
    return Stay(
        district_id=DISTRICT, division_code=COMMUNITY, device_id=device.id, elder_id=device.elder_id, since=ago(since),
        ended_at=None if until is None else ago(until),
    )  # fmt: skip


def silence(device: Device, lost: float, ended: float | None) -> DeviceFault:
    return DeviceFault(
        district_id=DISTRICT, division_code=COMMUNITY, device_id=device.id, kind=Fault.SILENT, since=ago(lost - 0.1),
        lost_at=ago(lost), due_at=MORNING, ended_at=None if ended is None else ago(ended),
        state=Upkeep.WAITING if ended is None else Upkeep.OVER,
    )  # fmt: skip


def by_model(days: int = 30) -> dict[str, ModelRow]:
    with transaction() as session:
        return {row.id: row for row in model_statistics.by_model(session, days=days, now=MORNING)}


def test_a_model_is_the_sum_of_its_devices_within_the_days_that_are_asked_for() -> None:
    one, two = a_pendant(tested_at=ago(3)), a_pendant(tested_at=ago(36))
    gone = a_pendant(state=DeviceState.RETIRED)
    a_pendant(model="yl-watch")
    a_pendant(model="yl-wall", state=DeviceState.RETIRED)
    kept(stay(one, 300), stay(two, 15), stay(gone, 45, 24))  # 30, 15 and 6 days of the last thirty
    kept(silence(one, 31, 29), silence(two, 0.5, None), silence(gone, 80, 70))  # 24 and 12 hours
    rung(one, 1, 2, verdict=Verdict.REAL)
    rung(two, 3, verdict=Verdict.ACCIDENTAL)
    rung(two, 4, 40)
    rung(two, 5, verdict=Verdict.TEST)
    for day, times in ((1, 2), (2, 3), (40, 90)):
        kept(
            DeviceDay(
                district_id=DISTRICT, device_id=one.id, day=ago(day).date(), division_code=COMMUNITY, reconnects=times
            )
        )
    for device, begun, lasts in (
        (one, date(2026, 8, 1), 100),
        (two, date(2026, 9, 1), 200),
        (gone, date(2026, 1, 1), 300),
    ):
        kept(
            BatteryForecast(
                device_id=device.id,
                district_id=DISTRICT,
                division_code=COMMUNITY,
                made_on=MORNING.date(),
                changed_on=begun,
                flat_on=begun + timedelta(days=lasts),
            )
        )
    hear(Message(f"care/v1/{one.wire_id}/event", b"\xff", qos=1, received_at=ago(1)), now=ago(1))
    hear(Message("care/v1/nobody/event", b"\xff", qos=1, received_at=ago(1)), now=ago(1))

    found = by_model()
    assert set(found) == {"yl-pendant", "yl-watch"}, "a model that nobody has used for a month is no news"
    row = found["yl-pendant"]
    assert (row.active, row.untested) == (2, 1)
    assert row.device_months == pytest.approx((30 + 15 + 6) / 30)
    assert (row.alarms, row.real, row.false, row.reconnects) == (6, 2, 2, 5)
    assert row.silent_hours == pytest.approx(24 + 12)
    assert (row.battery_lasts, row.set_aside) == (200, 1)
    watch = found["yl-watch"]
    assert (watch.active, watch.untested, watch.alarms, watch.device_months) == (1, 1, 0, 0)
    assert watch.battery_lasts is None
    assert by_model(7)["yl-pendant"].device_months == pytest.approx(14 / 30)


def test_three_false_alarms_in_a_week_put_a_device_on_the_list_and_real_ones_do_not() -> None:
    wolf, honest, old, gone = a_pendant(), a_pendant(), a_pendant(), a_pendant(state=DeviceState.RETIRED)
    rung(wolf, 0.5, 2)
    rung(wolf, 6.9, verdict=Verdict.ACCIDENTAL)
    rung(honest, 1, 2)
    rung(honest, 3, 4, verdict=Verdict.REAL)
    rung(old, 1, 2, 7.1)
    rung(gone, 1, 2, 3)
    with transaction() as session:
        (row,) = model_statistics.to_replace(session, now=MORNING)
    assert (row.device_id, row.elder_id, row.elder_name, row.estate) == (wolf.id, wolf.elder_id, "林桂芬", "河运小区")
    assert (row.false, row.last_at) == (3, ago(0.5))
