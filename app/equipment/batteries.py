"""Batteries: their curves down-sampled to a point a day, the day each will be flat, and whom to visit this week."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.calendar import day_of
from app.equipment.discharge import Forecast, Point, Unknown, forecast
from app.equipment.rules import DeviceKind, DeviceState, Power
from app.equipment.tables import BatteryForecast, Device, DeviceDay, DeviceModel
from app.people.tables import Elder, Home
from app.places.rules import Place, metres
from app.places.tables import Division

AT_ONCE: Final = 400
BACK: Final = timedelta(days=150)


@dataclass(frozen=True)
class DayRow:
    """A day of a battery: the last and the least level in per cent, or volts."""

    day: date
    last: float | None
    least: float | None
    volts: float | None


def curve(session: Session, device_id: int, *, since: date) -> Sequence[DayRow]:
    """A battery's days, oldest first."""
    rows = session.execute(
        select(DeviceDay.day, DeviceDay.battery_last, DeviceDay.battery_least, DeviceDay.volts_last)
        .where(DeviceDay.device_id == device_id, DeviceDay.day >= since)
        .order_by(DeviceDay.day)
    )
    return [DayRow(*row) for row in rows]


def foretell(session: Session, *, now: datetime) -> int:
    """Forecasts of the batteries that have a new day since the last one; some of them, and how many. For the clock."""
    today = day_of(now)
    newest = (
        select(DeviceDay.district_id, DeviceDay.device_id, func.max(DeviceDay.day).label("day"))
        .where(DeviceDay.day > today - timedelta(days=2))
        .group_by(DeviceDay.district_id, DeviceDay.device_id)
        .subquery()
    )
    due = session.execute(
        select(Device.id, Device.district_id, Device.division_code, DeviceModel.power)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .join(newest, (newest.c.device_id == Device.id) & (newest.c.district_id == Device.district_id))
        .outerjoin(BatteryForecast, BatteryForecast.device_id == Device.id)
        .where(Device.state == DeviceState.ACTIVE, DeviceModel.power != Power.MAINS)
        .where(BatteryForecast.made_on.is_(None) | (BatteryForecast.made_on < newest.c.day))
        .order_by(Device.id)
        .limit(AT_ONCE)
    ).all()
    points = _points(session, [row[0] for row in due], since=today - BACK)
    rows = [
        {
            "device_id": device_id, "district_id": district_id, "division_code": code, "made_on": today,
            **_of(points[device_id], power),
        }
        for device_id, district_id, code, power in due
    ]  # fmt: skip
    if rows:
        made = insert(BatteryForecast).values(rows)
        fresh = {name: made.excluded[name] for name in rows[0] if name != "device_id"}
        session.execute(made.on_conflict_do_update(index_elements=["device_id"], set_=fresh))
    return len(rows)


def _points(session: Session, device_ids: Sequence[int], *, since: date) -> dict[int, list[DayRow]]:
    found: dict[int, list[DayRow]] = defaultdict(list)
    rows = session.execute(
        select(
            DeviceDay.device_id, DeviceDay.day, DeviceDay.battery_last, DeviceDay.battery_least, DeviceDay.volts_last
        )
        .where(DeviceDay.device_id.in_(device_ids), DeviceDay.day >= since)
        .order_by(DeviceDay.device_id, DeviceDay.day)
    )
    for device_id, day, last, least, volts in rows:
        found[device_id].append(DayRow(day, last, least, volts))
    return found


def _of(days: Sequence[DayRow], power: Power) -> dict[str, object]:
    if power is Power.RECHARGEABLE:
        told = Forecast(unknown=Unknown.CHARGED)
    elif levels := [Point(one.day, one.last) for one in days if one.last is not None]:
        told = forecast(levels)
    else:
        told = forecast([Point(one.day, one.volts) for one in days if one.volts is not None], volts=True)
    return {
        "changed_on": told.changed_on, "flat_on": told.flat_on, "earliest": told.earliest, "latest": told.latest,
        "unknown": told.unknown,
    }  # fmt: skip


@dataclass(frozen=True)
class BatteryRow:
    """A battery that will be flat soon, and where it is."""

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


def to_replace(session: Session, *, until: date, limit: int = 500) -> Sequence[BatteryRow]:
    """Batteries that may be flat by a day, community by community, each in the order of a walk through its homes."""
    rows = session.execute(
        select(
            Device.id, Device.wire_id, DeviceModel.name, DeviceModel.kind, Device.spot, Device.elder_id, Elder.name,
            Device.home_id, Home.estate, Device.division_code, Division.name, Device.battery, Device.volts,
            BatteryForecast.flat_on, BatteryForecast.earliest, BatteryForecast.latest, Home.place,
        )
        .join(BatteryForecast, BatteryForecast.device_id == Device.id)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .outerjoin(Elder, Elder.id == Device.elder_id)
        .outerjoin(Home, Home.id == Device.home_id)
        .outerjoin(Division, Division.code == Device.division_code)
        .where(Device.state == DeviceState.ACTIVE, BatteryForecast.flat_on <= until)
        .order_by(Device.division_code, BatteryForecast.flat_on, Device.id)
        .limit(limit)
    ).all()  # fmt: skip
    found: list[BatteryRow] = []
    stops = [(BatteryRow(*fields), Place.of(place) if place else None) for *fields, place in rows]
    for _, of_community in groupby(stops, key=lambda stop: stop[0].division_code):
        found += _walk(list(of_community))
    return found


def _walk(stops: list[tuple[BatteryRow, Place | None]]) -> list[BatteryRow]:
    """From the most pressing one always to the nearest that is left; those without a place at the end."""
    left, found = stops[1:], stops[:1]
    while left:
        here = found[-1][1]
        near = min(left, key=lambda stop: metres(here, stop[1]) if here and stop[1] else float("inf"))
        left.remove(near)
        found.append(near)
    return [row for row, _ in found]
