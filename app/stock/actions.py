"""Registering one device by hand."""

from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.equipment import actions as equipment
from app.equipment.tables import Device, DeviceModel
from app.errors import Conflict, NotFound, Unreadable
from app.imports.rules import BadCell
from app.stock.columns import column
from app.stock.importing import spelled
from app.vault import digest


class BadNumber(Unreadable):
    """That is no number of such a device."""


def register(
    session: Session,
    *,
    district_id: int,
    wire_id: str,
    model_id: str,
    by: str,
    now: datetime,
    sim: str | None = None,
    imsi: str | None = None,
    serial: str | None = None,
    maker_number: str | None = None,
    purchased_on: date | None = None,
    owner: str | None = None,
    lot: str | None = None,
) -> Device:
    """A new device in stock, its number spelled as it will name itself; raises Conflict where somebody has it."""
    model = session.get(DeviceModel, model_id)
    if model is None:
        raise NotFound("There is no such model.")
    try:
        wire_id = spelled(column("wire_id").read(wire_id), model.transport)
        sim = column("sim").read(sim) if sim else None
    except BadCell as bad:
        raise BadNumber(f"It may hold {bad.facts.get('allowed', 'fewer characters')} only.") from None
    sim_hash = digest("sim", sim) if sim else None
    same = or_(Device.wire_id == wire_id, Device.sim_hash == sim_hash) if sim_hash else Device.wire_id == wire_id
    if holder := session.scalar(select(Device).where(same).limit(1)):
        raise Conflict(f"{holder.wire_id} has this number already.", device=holder.id)
    device = equipment.take_in(session, district_id=district_id, wire_id=wire_id, model_id=model_id, by=by, now=now)
    device.sim, device.sim_hash, device.imsi, device.serial = sim, sim_hash, imsi, serial
    device.maker_number, device.purchased_on, device.owner, device.lot = maker_number, purchased_on, owner, lot
    return device
