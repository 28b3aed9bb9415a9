"""Reading the register of devices."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Interval, cast, func, select
from sqlalchemy.orm import Session

from app.equipment.discharge import Unknown
from app.equipment.rules import DeviceKind, DeviceState, Fault, Link, Power
from app.equipment.tables import BatteryForecast, Device, DeviceFault, DeviceModel
from app.errors import NotFound
from app.people.tables import Elder, Home

SILENT_AT = Device.last_seen_at + cast(func.make_interval(0, 0, 0, 0, 0, 0, DeviceModel.silence_seconds), Interval)
"""As `rules.silent_at`, for the database."""


@dataclass(frozen=True)
class Known:
    """What the inbox must know of a device: whose it is and what it is for."""

    id: int
    wire_id: str
    district_id: int
    division_code: str
    home_id: int | None
    elder_id: int | None
    kind: DeviceKind
    model_id: str
    link: Link
    link_since: datetime | None
    battery: float | None
    volts: float | None
    last_seen_at: datetime | None


def known(session: Session, wire_ids: Collection[str]) -> Mapping[str, Known]:
    """Devices of the register by the names they give themselves."""
    rows = session.execute(
        select(
            Device.id, Device.wire_id, Device.district_id, Device.division_code, Device.home_id, Device.elder_id,
            DeviceModel.kind, Device.model_id, Device.link, Device.link_since, Device.battery, Device.volts,
            Device.last_seen_at,
        )
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(Device.wire_id.in_(wire_ids))
    )  # fmt: skip
    return {row[1]: Known(*list(row)) for row in rows}


def decoders(session: Session, wire_ids: Collection[str]) -> Mapping[str, str]:
    """The names by which their codecs know the models of these devices, where a model has one."""
    rows = session.execute(
        select(Device.wire_id, DeviceModel.decoder)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(Device.wire_id.in_(wire_ids), DeviceModel.decoder.is_not(None))
    )
    return {wire_id: decoder for wire_id, decoder in rows if decoder}


def last_seen(session: Session, wire_ids: Collection[str]) -> Mapping[str, datetime]:
    """When these installed devices were last heard."""
    rows = session.execute(
        select(Device.wire_id, Device.last_seen_at).where(
            Device.wire_id.in_(wire_ids), Device.state == DeviceState.ACTIVE, Device.last_seen_at.is_not(None)
        )
    )
    return {wire_id: at for wire_id, at in rows if at}


def concentrators(session: Session) -> frozenset[str]:
    """Devices that may speak for others on their own connection."""
    rows = session.scalars(
        select(Device.wire_id)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(DeviceModel.kind == DeviceKind.GATEWAY, Device.state == DeviceState.ACTIVE)
    )
    return frozenset(rows)


@dataclass(frozen=True)
class DeviceRow:
    """A device as the register shows it."""

    id: int
    wire_id: str
    model: str
    kind: DeviceKind
    voice: bool
    state: DeviceState
    spot: str | None
    elder_id: int | None
    elder_name: str | None
    home_id: int | None
    estate: str | None
    division_code: str
    battery: float | None
    link: Link
    link_since: datetime | None
    last_seen_at: datetime | None
    silent_at: datetime | None
    tested_at: datetime | None
    installed_at: datetime | None
    faults: list[Fault]

    def silent(self, now: datetime) -> bool:
        """Whether an active device has missed two heartbeats."""
        return self.state is DeviceState.ACTIVE and (self.silent_at is None or self.silent_at < now)


def register(
    session: Session,
    *,
    home_id: int | None = None,
    elder_id: int | None = None,
    state: DeviceState | None = None,
    faulty: bool = False,
    after: int = 0,
    limit: int = 100,
) -> Sequence[DeviceRow]:
    """Devices in the order of their numbers, of one home or elder, in one state, or with something wrong."""
    faults = (
        select(func.array_agg(DeviceFault.kind))
        .where(DeviceFault.device_id == Device.id, DeviceFault.ended_at.is_(None))
        .scalar_subquery()
    )
    statement = (
        select(
            Device.id, Device.wire_id, DeviceModel.name, DeviceModel.kind, DeviceModel.voice, Device.state, Device.spot,
            Device.elder_id, Elder.name, Device.home_id, Home.estate, Device.division_code, Device.battery, Device.link,
            Device.link_since, Device.last_seen_at, SILENT_AT, Device.tested_at, Device.installed_at, faults,
        )
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .outerjoin(Elder, Elder.id == Device.elder_id)
        .outerjoin(Home, Home.id == Device.home_id)
        .where(Device.id > after)
        .order_by(Device.id)
        .limit(limit)
    )  # fmt: skip
    if home_id:
        statement = statement.where(Device.home_id == home_id)
    if elder_id:
        statement = statement.where(Device.elder_id == elder_id)
    if state:
        statement = statement.where(Device.state == state)
    if faulty:
        statement = statement.where(faults.is_not(None))
    rows: list[list[Any]] = [[*row] for row in session.execute(statement)]
    return [DeviceRow(*[*row[:-1], [Fault(kind) for kind in row[-1] or ()]]) for row in rows]


@dataclass(frozen=True)
class LifeRow:
    """How one device is, what its model promises, and when its battery will be flat."""

    device_id: int
    wire_id: str
    power: Power
    battery_days: int | None
    battery: float | None
    volts: float | None
    worn: bool | None
    worn_since: datetime | None
    charging: bool | None
    charging_since: datetime | None
    via: str | None
    silence_seconds: int
    flat_on: date | None
    earliest: date | None
    latest: date | None
    changed_on: date | None
    unknown: Unknown | None


def life_of(session: Session, device_id: int) -> LifeRow:
    """One device; raises NotFound."""
    row = session.execute(
        select(
            Device.id, Device.wire_id, DeviceModel.power, DeviceModel.battery_days, Device.battery, Device.volts,
            Device.worn, Device.worn_since, Device.charging, Device.charging_since, Device.via,
            DeviceModel.silence_seconds, BatteryForecast.flat_on, BatteryForecast.earliest, BatteryForecast.latest,
            BatteryForecast.changed_on, BatteryForecast.unknown,
        )
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .outerjoin(BatteryForecast, BatteryForecast.device_id == Device.id)
        .where(Device.id == device_id)
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotFound("There is no such device.")
    return LifeRow(*list(row))
