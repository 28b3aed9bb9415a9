"""Registering devices, hanging them in homes and taking them back, and keeping what they measure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from app.equipment import queries
from app.equipment.rules import DeviceEvent, after, silent_at
from app.equipment.tables import Device, DeviceModel, FreshReadings, Reading, Stay
from app.history import record
from app.people.tables import Elder, Home
from devices.signals import Signal


def take_in(session: Session, *, district_id: int, wire_id: str, model_id: str, by: str, now: datetime) -> Device:
    """A new device, in stock."""
    device = Device(
        district_id=district_id, division_code=f"{district_id:06d}000000", wire_id=wire_id, model_id=model_id
    )  # fmt: skip
    session.add(device)
    record(session, device, "take_in", None, device.state, by=by, now=now)
    return device


def install(
    session: Session,
    device: Device,
    *,
    home: Home,
    by: str,
    now: datetime,
    elder: Elder | None = None,
    spot: str | None = None,
    event: DeviceEvent = DeviceEvent.INSTALL,
) -> Device:
    """Hang it in a home, or round an elder's neck; with PLACE it must still be heard at the desk."""
    device.home_id, device.elder_id, device.spot = home.id, elder.id if elder else None, spot
    device.division_code, device.installed_at, device.last_seen_at = home.division_code, now, now
    device.look_at = silent_at(now, session.get_one(DeviceModel, device.model_id).silence_seconds)
    _end_stay(session, device, now=now)
    session.add(
        Stay(
            district_id=device.district_id, division_code=device.division_code, device_id=device.id,
            home_id=device.home_id, elder_id=device.elder_id, since=now,
        )
    )  # fmt: skip
    return move(session, device, event, by=by, now=now)


def leave(session: Session, device: Device, *, area: str, now: datetime) -> None:
    """It is nobody's any more and lies in the stock of an area; what it was and did there stays with its stay."""
    _end_stay(session, device, now=now)
    device.look_at = device.worn = device.worn_since = device.charging = device.charging_since = None
    device.home_id = device.elder_id = device.spot = device.installed_at = device.tested_at = None
    device.division_code = area.ljust(12, "0")
    session.flush()


def _end_stay(session: Session, device: Device, *, now: datetime) -> None:
    session.execute(
        update(Stay)
        .where(Stay.device_id == device.id, Stay.ended_at.is_(None))
        .values(ended_at=func.greatest(now, Stay.since))
    )


def move(
    session: Session,
    device: Device,
    event: DeviceEvent,
    *,
    by: str,
    now: datetime,
    reason: str | None = None,
    **facts: object,
) -> Device:
    """The only place that changes a device's state."""
    before, device.state = device.state, after(device.state, event)
    record(session, device, event, before, device.state, by=by, now=now, reason=reason, **facts)
    return device


def measured(session: Session, device: queries.Known, signal: Signal, said: dict[str, Any], *, at: datetime) -> Reading:
    """Keep a reading, with whose it is now."""
    reading = Reading(
        district_id=device.district_id, division_code=device.division_code, device_id=device.id,
        elder_id=device.elder_id, home_id=device.home_id, device_kind=device.kind, kind=signal.kind, at=at,
        device_at=signal.at, history=signal.history, measured=said,
    )  # fmt: skip
    session.add(reading)
    return reading


def leave_for_rules(session: Session, readings: Sequence[Reading]) -> None:
    """Have the rules look at what this transaction keeps, in order and once; what a savepoint undid is left out."""
    fresh: dict[int, list[int]] = {}
    for reading in readings:
        if reading in session and not reading.history:
            fresh.setdefault(reading.district_id, []).append(reading.id)
    session.add_all(FreshReadings(district_id=district, reading_ids=ids) for district, ids in fresh.items())
