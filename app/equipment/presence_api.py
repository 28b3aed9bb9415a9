"""The doors of presence: batteries to replace, one device's past, who was blind and for how long."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app import calendar
from app.access.api import Desk, Reader
from app.db import transaction
from app.equipment import batteries, blindness, upkeep_queries
from app.equipment.batteries import BatteryRow
from app.equipment.blindness import WORST, BlindRow
from app.equipment.discharge import Unknown
from app.equipment.queries import life_of
from app.equipment.rules import DeviceKind, Power
from app.equipment.upkeep_api import FaultEntry, fault_out
from app.people import queries as people

router = APIRouter(prefix="/api", tags=["presence"])
CURVE_DAYS = 180
Month = Annotated[date | None, Query(ge=date(2000, 1, 1), le=date(2200, 1, 1), description="any day of it")]


class BatteryOut(BaseModel):
    """A battery that will be flat soon: which day, between which others, and where it is."""

    device_id: int
    wire_id: str
    model: str
    kind: DeviceKind
    spot: str | None
    elder_id: int | None
    elder_name: str | None
    home_id: int | None
    estate: str | None
    division_code: str
    division: str | None
    battery: float | None
    volts: float | None
    flat_on: date
    earliest: date | None
    latest: date | None

    @classmethod
    def of(cls, row: BatteryRow) -> "BatteryOut":
        """As the screens see it."""
        return cls(**vars(row))


class Batteries(BaseModel):
    """What to take along, community by community, each in the order of a walk."""

    items: list[BatteryOut]
    today: date


@router.get("/batteries")
def to_replace(me: Desk, days: int = Query(7, ge=1, le=60)) -> Batteries:
    """Batteries that will be flat within so many days."""
    today = calendar.day_of(datetime.now(UTC))
    with transaction(me.scope) as session:
        rows = batteries.to_replace(session, until=today + timedelta(days=days))
    return Batteries(items=[BatteryOut.of(row) for row in rows], today=today)


class DayOut(BaseModel):
    """A day of a battery."""

    day: date
    last: float | None
    least: float | None
    volts: float | None


class Life(BaseModel):
    """One device: how it is, its battery's curve and day, what has been wrong with it."""

    device_id: int
    wire_id: str
    power: Power
    battery_days: int | None  # that the maker promises
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
    curve: list[DayOut]
    faults: list[FaultEntry]
    server_time: datetime


@router.get("/devices/{device_id}/life")
def life(device_id: int, me: Desk) -> Life:
    """How a device has been."""
    now = datetime.now(UTC)
    since = calendar.day_of(now) - timedelta(days=CURVE_DAYS)
    with transaction(me.scope) as session:
        found = life_of(session, device_id)
        curve = batteries.curve(session, device_id, since=since)
        faults = upkeep_queries.past_of(session, device_id)
    return Life(
        **vars(found), curve=[DayOut(**vars(row)) for row in curve],
        faults=[fault_out(row, me, now) for row in faults], server_time=now,
    )  # fmt: skip


class BlindOut(BaseModel):
    """An elder's month."""

    elder_id: int
    elder_name: str
    estate: str | None
    division: str | None
    covered_minutes: int
    blind_minutes: int
    share: float
    times: int

    @classmethod
    def of(cls, row: BlindRow) -> "BlindOut":
        """As the screens see it."""
        return cls(
            elder_id=row.elder_id, elder_name=row.elder_name, estate=row.estate, division=row.division,
            covered_minutes=row.covered_seconds // 60, blind_minutes=row.blind_seconds // 60, share=row.share,
            times=row.times,
        )  # fmt: skip


class Blindness(BaseModel):
    """A month of the caller's area: all together, the blindest elders, and the platform's own deafness."""

    month: date
    elders: int
    covered_minutes: int
    blind_minutes: int
    share: float
    deaf_minutes: int
    worst: list[BlindOut]


@router.get("/blindness")
def blind(me: Reader, month: Month = None) -> Blindness:
    """How long elders could not have called for help in a month."""
    now = datetime.now(UTC)
    first = calendar.month_of(now) if month is None else month.replace(day=1)
    with transaction(me.scope) as session:
        rows = blindness.of_month(session, first, now=now)
        deaf = blindness.deaf_times(session, first)
    covered, gone = sum(row.covered_seconds for row in rows), sum(row.blind_seconds for row in rows)
    seconds = sum(((end or now) - since).total_seconds() for since, end, _ in deaf)
    return Blindness(
        month=first, elders=len(rows), covered_minutes=covered // 60, blind_minutes=gone // 60,
        share=gone / covered if covered else 0.0, deaf_minutes=round(seconds / 60),
        worst=[BlindOut.of(row) for row in rows[:WORST] if row.blind_seconds],
    )  # fmt: skip


class Interval(BaseModel):
    """From when to when."""

    since: datetime
    until: datetime


class BlindElder(BaseModel):
    """When an elder was blind in a month."""

    month: date
    blind_minutes: int
    intervals: list[Interval]


@router.get("/blindness/{elder_id}")
def blind_elder(elder_id: int, me: Reader, month: Month = None) -> BlindElder:
    """When nobody would have heard her."""
    now = datetime.now(UTC)
    first = calendar.month_of(now) if month is None else month.replace(day=1)
    with transaction(me.scope) as session:
        people.get(session, elder_id)
        parts = blindness.of_elder(session, elder_id, first, now=now)
    minutes = round(sum((end - since).total_seconds() for since, end in parts) / 60)
    intervals = [Interval(since=since, until=end) for since, end in parts]
    return BlindElder(month=first, blind_minutes=minutes, intervals=intervals)
