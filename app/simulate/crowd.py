"""Which registered devices a simulated crowd may speak for, and as what."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select

from app.db import transaction
from app.equipment.rules import DeviceState
from app.equipment.tables import Device

SORTS: Final = {  # by model: the sort's name in devices.crowd.rates
    "yl-pendant": "help button",
    "yl-wall": "help button",
    "yl-radar": "fall radar",
    "yl-motion": "motion sensor",
    "watch-3g": "3G watch",
    "gt06-tracker": "GT06 pendant",
    "jt808-terminal": "JT/T 808 locator",
    "milesight-ws303": "leak detector",
}


def registered() -> Sequence[tuple[str, str]]:
    """Names on the wire and sorts of all installed devices that the crowd knows how to be."""
    with transaction() as session:
        rows = session.execute(
            select(Device.wire_id, Device.model_id)
            .where(Device.state == DeviceState.ACTIVE, Device.model_id.in_(SORTS))
            .order_by(Device.id)
        ).all()
    return [(wire_id, SORTS[model]) for wire_id, model in rows]
