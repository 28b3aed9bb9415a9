"""What is stored of devices: models, the register, what is wrong with one, and what they measure."""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Growing, OfDistrict, named
from app.equipment.discharge import Unknown
from app.equipment.rules import DeviceKind, DeviceState, Fault, Link, Power, Transport
from app.equipment.upkeep_rules import Remedy, Shared, Upkeep
from app.vault import Sealed, SealedJson

FORGOTTEN_IN_TIME: Final = [
    """create or replace function app_forgets_in_time() returns trigger language plpgsql as $$
         begin
           if tg_op = 'DELETE' and old.at < now() - interval '7 days' then return old; end if;
           raise exception using errcode = 'restrict_violation',
               message = tg_table_name || ' are never changed, and kept for a week at least';
         end $$""",
    "create trigger readings_never_change before update or delete on readings "
    "for each row execute function app_forgets_in_time()",
    "create trigger readings_never_empties before truncate on readings "
    "for each statement execute function app_never_changes()",
]
"""Health data is not kept for ever; what is fresh cannot be made away with."""


class DeviceModel(Base):
    """A model of some maker: what it can say, which codec reads it, how often it promises to be heard.

    Models are the installation's, not a district's. What an administrator has changed is named in `edited`, and no new
    release changes it again.
    """

    __tablename__ = "device_models"

    id: Mapped[str] = mapped_column(primary_key=True)
    maker: Mapped[str]
    name: Mapped[str]
    kind: Mapped[DeviceKind] = mapped_column(named(DeviceKind))
    transport: Mapped[Transport] = mapped_column(named(Transport))
    family: Mapped[str]
    decoder: Mapped[str | None]  # the name its codec knows it by
    says: Mapped[list[str]] = mapped_column(JSONB)
    heartbeat_seconds: Mapped[int]
    silence_seconds: Mapped[int]
    power: Mapped[Power] = mapped_column(named(Power))
    battery_days: Mapped[int | None]
    worn: Mapped[bool] = mapped_column(default=False)
    voice: Mapped[bool] = mapped_column(default=False)
    commands: Mapped[list[str]] = mapped_column(JSONB, default=list)
    shipped: Mapped[bool] = mapped_column(default=False)  # came with a release; else somebody here added it
    edited: Mapped[list[str]] = mapped_column(JSONB, default=list)  # names of the fields that are ours now

    __table_args__ = (
        CheckConstraint("heartbeat_seconds > 0", name="heartbeat"),
        CheckConstraint("silence_seconds >= heartbeat_seconds", name="silence"),
        CheckConstraint("battery_days > 0", name="battery_days"),
    )


class DeviceModelEdit(OfDistrict, Base):
    """What somebody changed in a model, when, and from which district."""

    __tablename__ = "device_model_edits"

    model_id: Mapped[str] = mapped_column(ForeignKey("device_models.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]

    __table_args__ = ({"info": {"append_only": True}},)


class Device(OfDistrict, Base):
    """One device. Worn ones know their elder; the others know their home and where in it they hang."""

    __tablename__ = "devices"

    division_code: Mapped[str] = mapped_column(index=True)
    wire_id: Mapped[str] = mapped_column(unique=True)  # as it names itself: the level of its topic
    model_id: Mapped[str] = mapped_column(ForeignKey("device_models.id"))
    home_id: Mapped[int | None] = mapped_column(ForeignKey("homes.id"), index=True)
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id"), index=True)
    spot: Mapped[str | None]  # bedside, bathroom, round the neck
    state: Mapped[DeviceState] = mapped_column(named(DeviceState), default=DeviceState.IN_STOCK)
    battery: Mapped[float | None]
    link: Mapped[Link] = mapped_column(named(Link), default=Link.UNKNOWN)
    link_since: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    installed_at: Mapped[datetime | None]
    tested_at: Mapped[datetime | None]  # an operator last heard it: a test that passed, a call that was answered
    look_at: Mapped[datetime | None]  # when the clock looks whether it was heard again; none: not watched, or listed
    volts: Mapped[float | None]
    worn: Mapped[bool | None]
    worn_since: Mapped[datetime | None]
    charging: Mapped[bool | None]
    charging_since: Mapped[datetime | None]
    via: Mapped[str | None]  # the gateway or bridge it was last heard through
    serial: Mapped[str | None]  # on the maker's plate
    maker_number: Mapped[str | None]  # the maker's order or article number
    sim: Mapped[str | None] = mapped_column(Sealed)  # ICCID or number of its card
    sim_hash: Mapped[str | None] = mapped_column(unique=True)
    imsi: Mapped[str | None] = mapped_column(Sealed)
    purchased_on: Mapped[date | None]
    owner: Mapped[str | None]  # who paid for it: the bureau, a provider, the family
    lot: Mapped[str | None] = mapped_column(index=True)  # the delivery it came with

    __table_args__ = (
        CheckConstraint(
            "state not in ('installing', 'active') or home_id is not null or elder_id is not null", name="somewhere"
        ),
        Index("ix_devices_look_at", "look_at", postgresql_where=text("look_at is not null")),
        Index("ix_devices_not_worn", "worn_since", postgresql_where=text("worn = false")),
        {"info": {"area": "division_code"}},
    )


class Stay(OfDistrict, Base):
    """Whose a device was, and in which home it hung, from when to when: whom its silence left without help."""

    __tablename__ = "device_stays"

    division_code: Mapped[str]
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"))
    home_id: Mapped[int | None] = mapped_column(ForeignKey("homes.id"), index=True)
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id"), index=True)
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_device_stays_open", "device_id", unique=True, postgresql_where=text("ended_at is null")),
        CheckConstraint("ended_at >= since", name="forward"),
        {"info": {"area": "division_code"}},
    )


class Handled:
    """Columns of an entry of the technical list: its own clock, who has it, why it waits, what was done."""

    state: Mapped[Upkeep] = mapped_column(named(Upkeep), default=Upkeep.WAITING, sort_order=10)
    due_at: Mapped[datetime] = mapped_column(sort_order=10)
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"), sort_order=10)
    claimed_at: Mapped[datetime | None] = mapped_column(sort_order=10)
    shelved_until: Mapped[datetime | None] = mapped_column(sort_order=10)
    shelve_reason: Mapped[str | None] = mapped_column(Sealed, sort_order=10)
    done_with: Mapped[Remedy | None] = mapped_column(named(Remedy), sort_order=10)
    done_note: Mapped[str | None] = mapped_column(Sealed, sort_order=10)
    done_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"), sort_order=10)
    done_at: Mapped[datetime | None] = mapped_column(sort_order=10)


def _handled() -> list[CheckConstraint]:
    """What an entry may not be, whoever writes it."""
    return [
        CheckConstraint("(state = 'claimed') <= (claimed_by is not null)", name="claimed_by_somebody"),
        CheckConstraint(
            "(state = 'shelved') <= (shelved_until is not null and shelve_reason is not null)", name="shelved_why"
        ),
        CheckConstraint("(state = 'done') <= (done_at is not null and done_with is not null)", name="done_with_what"),
        CheckConstraint("(state = 'over') = (ended_at is not null)", name="over"),
    ]


class Outage(Handled, OfDistrict, Base):
    """Many devices lost at once and what they share: one entry of the technical list instead of hundreds."""

    __tablename__ = "outages"

    division_code: Mapped[str]
    shared: Mapped[Shared] = mapped_column(named(Shared))
    key: Mapped[str]  # the gateway, the code of the area, the protocol
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    members: Mapped[int]  # the most there were

    __table_args__ = (
        Index(
            "uq_outages_open", "district_id", "shared", "key", unique=True, postgresql_where=text("ended_at is null")
        ),
        *_handled(),
        {"info": {"area": "division_code"}},
    )


class DeviceFault(Handled, OfDistrict, Base):
    """Something wrong with a device, from when to when: the technical list, and how long the platform was blind."""

    __tablename__ = "device_faults"

    division_code: Mapped[str]
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), index=True)
    kind: Mapped[Fault] = mapped_column(named(Fault))
    since: Mapped[datetime]
    lost_at: Mapped[datetime | None]  # since when it was out of reach: silence begins with the last word heard
    battery: Mapped[float | None]  # per cent, as last known when it began
    ended_at: Mapped[datetime | None]
    outage_id: Mapped[int | None] = mapped_column(ForeignKey("outages.id"), index=True)

    __table_args__ = (
        Index("uq_device_faults_open", "device_id", "kind", unique=True, postgresql_where=text("ended_at is null")),
        *_handled(),
        {"info": {"area": "division_code"}},
    )


class DeafTime(Base):
    """When nobody listened: the platform's own deafness, counted for everybody and held against no device."""

    __tablename__ = "deaf_times"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    why: Mapped[str]  # listener, platform

    __table_args__ = (
        Index("uq_deaf_times_open", text("(ended_at is null)"), unique=True, postgresql_where=text("ended_at is null")),
        CheckConstraint("ended_at >= since", name="forward"),
    )


class DeviceDay(Base):
    """One device on one local day, down-sampled: what its battery was, how often its link came back."""

    __tablename__ = "device_days"

    district_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    device_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    division_code: Mapped[str]
    battery_least: Mapped[float | None]
    battery_last: Mapped[float | None]
    volts_least: Mapped[float | None]
    volts_last: Mapped[float | None]
    reconnects: Mapped[int] = mapped_column(default=0)

    __table_args__ = ({"info": {"area": "division_code"}},)


class BatteryForecast(Base):
    """The day a battery will be flat, as far as its past tells."""

    __tablename__ = "battery_forecasts"

    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), primary_key=True)
    district_id: Mapped[int] = mapped_column(index=True)
    division_code: Mapped[str]
    made_on: Mapped[date]
    changed_on: Mapped[date | None]  # the last change of battery that its curve shows
    flat_on: Mapped[date | None] = mapped_column(index=True)
    earliest: Mapped[date | None]
    latest: Mapped[date | None]
    unknown: Mapped[Unknown | None] = mapped_column(named(Unknown))  # why there is no day

    __table_args__ = ({"info": {"area": "division_code"}},)


class Reading(Growing, Base):
    """What a device measured: vitals, activity, surroundings; whose it was then. The server's time decides."""

    __tablename__ = "readings"

    division_code: Mapped[str]
    device_id: Mapped[int] = mapped_column(BigInteger)
    elder_id: Mapped[int | None] = mapped_column(BigInteger)
    home_id: Mapped[int | None] = mapped_column(BigInteger)
    device_kind: Mapped[str | None]
    kind: Mapped[str]
    at: Mapped[datetime]
    device_at: Mapped[datetime | None]  # by the device's own clock
    history: Mapped[bool] = mapped_column(default=False)  # out of the device's memory: no rule looks at it
    measured: Mapped[dict[str, Any]] = mapped_column(SealedJson)

    __table_args__ = (
        Index("ix_readings_device", "district_id", "device_id", "id"),
        Index("ix_readings_home", "district_id", "home_id", "at"),
        Index("ix_readings_at", "at", postgresql_using="brin"),
        {"info": {"area": "division_code", "ddl": FORGOTTEN_IN_TIME}},
    )


class FreshReadings(OfDistrict, Base):
    """Readings of one transaction that no rule has looked at yet."""

    __tablename__ = "fresh_readings"

    reading_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
