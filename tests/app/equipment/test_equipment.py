"""The register of devices: silence, faults, credentials, and what a desk sees of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.rules import Role
from app.db import transaction
from app.equipment import actions, models, moving, queries
from app.equipment.rules import DEVICE_MOVES, DeviceEvent, DeviceState, Fault, after
from app.errors import IllegalMove
from app.people.tables import Home
from tests.app.alarms.story import hear, press
from tests.cast import DISTRICT, TEN, a_device, a_home, an_elder
from tests.clients import Client, ok
from tests.conftest import MORNING

database = pytest.mark.usefixtures("database")


@database
def test_a_new_battery_takes_a_device_off_the_technical_list() -> None:
    with transaction() as session:
        device = a_device(session)
    for n, (battery, faults) in enumerate(((9, [Fault.LOW_BATTERY]), (9, [Fault.LOW_BATTERY]), (98, []))):
        hear(press(device.wire_id, f"e{n}", kind="heartbeat", battery=battery), now=MORNING)
        with transaction() as session:
            assert queries.register(session)[0].faults == faults


@database
def test_a_device_goes_from_stock_into_a_home_and_back() -> None:
    with transaction() as session:
        models.load(session)
        device = actions.take_in(session, district_id=DISTRICT, wire_id="p1", model_id="yl-pendant", by="安装", now=TEN)
        elder = an_elder(session)
        home = session.get_one(Home, elder.home_id)
        actions.install(session, device, home=home, elder=elder, spot="颈挂", by="安装", now=TEN)
        assert (device.state, device.division_code) == (DeviceState.ACTIVE, home.division_code)
        moving.move(session, device, DeviceEvent.TAKE_BACK, by="安装", now=TEN, reason="搬家")
        assert (device.state, device.elder_id) == (DeviceState.IN_STOCK, None)
        actions.move(session, device, DeviceEvent.RETIRE, by="安装", now=TEN)
        with pytest.raises(IllegalMove):
            actions.move(session, device, DeviceEvent.INSTALL, by="安装", now=TEN)


@database
def test_the_desk_sees_the_devices_of_its_area_and_which_are_silent(client: Callable[..., Client]) -> None:
    with transaction() as session:
        home = a_home(session)
        heard = a_device(session, home=home, model="yl-smoke", last_seen_at=datetime.now(UTC))
        lost = a_device(session, home=home, model="yl-motion", last_seen_at=datetime.now(UTC) - timedelta(days=2))
    found = ok(client(Role.OPERATOR).get(f"/api/devices?home={home.id}"))["items"]
    assert [(d["id"], d["silent"]) for d in found] == [(heard.id, False), (lost.id, True)]
    assert ok(client(Role.OPERATOR, area="370503002").get("/api/devices"))["items"] == []
    assert client(Role.CAREGIVER).get("/api/devices").status_code == 403


@given(st.lists(st.sampled_from(list(DeviceEvent)), max_size=20))
def test_a_retired_device_stays_retired(events: list[DeviceEvent]) -> None:
    state = DeviceState.IN_STOCK
    for event in events:
        if (state, event) in DEVICE_MOVES:
            assert state is not DeviceState.RETIRED
            state = after(state, event)
