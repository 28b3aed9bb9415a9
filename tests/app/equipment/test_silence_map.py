"""The map of silence: each device counted once, in its community, by the worst that is wrong with it."""

import pytest

from app.db import Scope, transaction
from app.equipment import upkeep_queries
from app.equipment.rules import DeviceState, Fault
from app.equipment.tables import Device, DeviceFault, Outage
from app.equipment.upkeep_rules import Shared, Upkeep
from tests.cast import CENTRE, COMMUNITY, DISTRICT, OTHER_COMMUNITY, a_device, a_division, a_home
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")


def wrong(device: Device, *kinds: Fault, over: bool = False, outage: int | None = None) -> None:
    with transaction() as session:
        session.add_all(
            DeviceFault(
                district_id=DISTRICT, division_code=device.division_code, device_id=device.id, kind=kind,
                since=MORNING, due_at=MORNING, outage_id=outage,
                **({"state": Upkeep.OVER, "ended_at": MORNING} if over else {}),
            )
            for kind in kinds
        )  # fmt: skip


def test_each_community_counts_its_devices_by_the_worst_of_each() -> None:
    with transaction() as session:
        a_division(session, OTHER_COMMUNITY, "湖滨社区")
        here, there = a_home(session), a_home(session, division_code=OTHER_COMMUNITY)
        silent, off, low, well, back = (a_device(session, home=here, model="yl-wall") for _ in range(5))
        retired = a_device(session, home=here, model="yl-wall", state=DeviceState.RETIRED)
        lost = [a_device(session, home=there, model="yl-wall") for _ in range(2)]
        outage = Outage(
            district_id=DISTRICT, division_code=OTHER_COMMUNITY, shared=Shared.COMMUNITY, key=OTHER_COMMUNITY,
            since=MORNING, members=2, due_at=MORNING,
        )  # fmt: skip
        session.add(outage)
    wrong(silent, Fault.SILENT, Fault.OFFLINE, Fault.NOT_WORN, Fault.LOW_BATTERY)
    wrong(off, Fault.NOT_WORN, Fault.LOW_BATTERY)
    wrong(low, Fault.LOW_BATTERY, Fault.TAMPER)
    wrong(back, Fault.SILENT, over=True)
    wrong(retired, Fault.SILENT)
    for device in lost:
        wrong(device, Fault.OFFLINE, outage=outage.id)
    with transaction() as session:
        rows = upkeep_queries.by_area(session)
    assert [(r.division_code, r.division, r.devices, r.lost, r.not_worn, r.other, r.outage) for r in rows] == [
        (OTHER_COMMUNITY, "湖滨社区", 2, 2, 0, 0, True),
        (COMMUNITY, "河运社区", 5, 1, 1, 1, False),
    ], "most lost first; a device with four things wrong is one device, and what is over or retired is nobody's"
    assert (rows[0].lat, rows[0].lon) == (CENTRE.lat, CENTRE.lon), "the place of the community, not of a door"
    assert well.id
    with transaction(Scope(area=COMMUNITY)) as session:
        assert [row.division_code for row in upkeep_queries.by_area(session)] == [COMMUNITY]
