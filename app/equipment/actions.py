"""Registering devices, hearing from them, and keeping the technical list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.db import notice
from app.equipment import queries
from app.equipment.rules import DeviceEvent, Fault, Link, after, is_low, silent_at
from app.equipment.tables import Device, DeviceFault, DeviceModel, FreshReadings, Reading
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
) -> Device:
    """Hang it in a home, or round an elder's neck."""
    device.home_id, device.elder_id, device.spot = home.id, elder.id if elder else None, spot
    device.division_code, device.installed_at, device.last_seen_at = home.division_code, now, now
    return move(session, device, DeviceEvent.INSTALL, by=by, now=now)


def take_back(session: Session, device: Device, *, by: str, now: datetime, reason: str) -> Device:
    """Out of its home; what was wrong with it there is over."""
    _end(session, [device.id], list(Fault), now=now)
    move(session, device, DeviceEvent.TAKE_BACK, by=by, now=now, reason=reason)
    device.home_id = device.elder_id = device.spot = None
    device.division_code = f"{device.district_id:06d}000000"
    return device


def move(
    session: Session, device: Device, event: DeviceEvent, *, by: str, now: datetime, reason: str | None = None
) -> Device:
    """The only place that changes a device's state."""
    before, device.state = device.state, after(device.state, event)
    record(session, device, event, before, device.state, by=by, now=now, reason=reason)
    return device


@dataclass(frozen=True)
class Heard:
    """A device was heard: when, and what it or the broker said of itself."""

    device: queries.Known
    at: datetime
    battery: float | None = None
    link: Link | None = None
    faults: tuple[Fault, ...] = ()
    tested: bool = False
    spoke: bool = True  # itself; a last will is the broker's word


def hear(session: Session, heard: Sequence[Heard], *, now: datetime) -> None:
    """Presence of all devices of a batch. Rows that another listener is writing this instant are left to it."""
    latest: dict[int, dict[str, Any]] = {}
    said: dict[int, Heard] = {}
    for item in heard:
        values = latest.setdefault(item.device.id, {})
        if item.spoke:
            values["last_seen_at"] = item.at
        if item.battery is not None:
            values["battery"] = item.battery
        if item.tested:
            values["tested_at"] = item.at
        if item.link:
            said[item.device.id] = item
    links = {number: item.link for number, item in said.items() if item.link and item.link is not item.device.link}
    for number, link in links.items():
        latest[number] |= {"link": link, "link_since": said[number].at}
    free = session.scalars(
        select(Device.id)
        .where(Device.id.in_([number for number, values in latest.items() if values]))
        .order_by(Device.id)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for number in free:
        alike.setdefault(tuple(latest[number]), []).append({"id": number, **latest[number]})
    for rows in alike.values():
        session.execute(update(Device), rows)
    _faults(session, heard, links, now=now)


def _faults(session: Session, heard: Sequence[Heard], links: dict[int, Link], *, now: datetime) -> None:
    """What a batch adds to the technical list and takes off it."""
    spoke = sorted({item.device.id for item in heard if item.spoke})
    _end(session, spoke, [Fault.SILENT], now=now)
    full = {item.device.id for item in heard if item.battery is not None and not is_low(item.battery)}
    _end(session, sorted(full), [Fault.LOW_BATTERY], now=now)
    _end(session, sorted(n for n, link in links.items() if link is Link.ONLINE), [Fault.OFFLINE], now=now)
    for item in heard:
        faults = set(item.faults) | ({Fault.LOW_BATTERY} if is_low(item.battery) else set())
        if links.get(item.device.id) is Link.OFFLINE:
            faults.add(Fault.OFFLINE)
        for fault in sorted(faults):
            add_fault(session, item.device, fault, now=item.at)


def add_fault(session: Session, device: queries.Known | Device, fault: Fault, *, now: datetime) -> None:
    """Onto the technical list, unless it is there."""
    row = {
        "district_id": device.district_id, "division_code": device.division_code, "device_id": device.id,
        "kind": fault, "since": now,
    }  # fmt: skip
    if session.scalar(insert(DeviceFault).values(row).on_conflict_do_nothing().returning(DeviceFault.id)):
        notice(session, device.district_id, f"devices/{device.id}")


def _end(session: Session, device_ids: Sequence[int], faults: Sequence[Fault], *, now: datetime) -> None:
    if device_ids:
        ended = session.execute(
            update(DeviceFault)
            .where(
                DeviceFault.device_id.in_(device_ids), DeviceFault.kind.in_(faults), DeviceFault.ended_at.is_(None)
            )
            .values(ended_at=now)
            .returning(DeviceFault.district_id, DeviceFault.device_id)
        )  # fmt: skip
        for district_id, device_id in ended:
            notice(session, district_id, f"devices/{device_id}")


def mark_silent(session: Session, device_id: int, *, now: datetime) -> None:
    """Two heartbeats missed: onto the technical list, never into the emergency ring."""
    device = session.get_one(Device, device_id)
    heartbeat = session.get_one(DeviceModel, device.model_id).heartbeat_seconds
    if device.last_seen_at and silent_at(device.last_seen_at, heartbeat) < now:
        add_fault(session, device, Fault.SILENT, now=now)


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
