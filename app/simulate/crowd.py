"""Which registered devices a simulated crowd may speak for, and as what."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select

from app.db import transaction
from app.equipment.rules import DeviceState
from app.equipment.tables import Device, DeviceModel

SORTS: Final = {  # (family, kind): the sort's name in devices.crowd.rates
    ("care_v1", "help_button"): "help button",
    ("care_v1", "fall_sensor"): "fall radar",
    ("care_v1", "motion_sensor"): "motion sensor",
    ("gps_watch_3g", "watch"): "3G watch",
    ("gt06_tracker", "watch"): "GT06 pendant",
    ("gt06_tracker", "help_button"): "GT06 pendant",
    ("jt808_terminal", "watch"): "JT/T 808 locator",
    ("lorawan_milesight", "smoke_sensor"): "smoke detector",
    ("lorawan_milesight", "leak_sensor"): "leak detector",
}


def registered() -> Sequence[tuple[str, str]]:
    """Names on the wire and sorts of all installed devices that the crowd knows how to be."""
    with transaction() as session:
        rows = session.execute(
            select(Device.wire_id, DeviceModel.family, DeviceModel.kind)
            .join(DeviceModel, DeviceModel.id == Device.model_id)
            .where(Device.state == DeviceState.ACTIVE)
            .order_by(Device.id)
        ).all()
    return [(wire_id, SORTS[family, kind]) for wire_id, family, kind in rows if (family, kind) in SORTS]
