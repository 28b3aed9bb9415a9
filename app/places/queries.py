"""Reading divisions and the lines of the plain map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.places.rules import Level, Place, Tier
from app.places.tables import Division, Facility, MapLine


@dataclass(frozen=True)
class DivisionRow:
    """One node of the tree."""

    code: str
    name: str
    level: Level
    parent_code: str | None
    place: Place


@dataclass(frozen=True)
class FacilityRow:
    """One point of the service network."""

    id: int
    name: str
    tier: Tier
    division_code: str
    place: Place


def divisions(session: Session, district_id: int, area: str) -> Sequence[DivisionRow]:
    """The divisions of a district inside an area (code prefix), in the order of their codes."""
    rows = session.execute(
        select(Division.code, Division.name, Division.level, Division.parent_code, Division.lat, Division.lon)
        .where(Division.district_id == district_id, func.starts_with(Division.code, area), Division.valid_to.is_(None))
        .order_by(Division.code)
    )
    return [DivisionRow(code, name, level, parent, Place(lat, lon)) for code, name, level, parent, lat, lon in rows]


def facilities(session: Session, district_id: int, area: str) -> Sequence[FacilityRow]:
    """The service network inside an area."""
    rows = session.execute(
        select(Facility.id, Facility.name, Facility.tier, Facility.division_code, Facility.lat, Facility.lon)
        .where(Facility.district_id == district_id, func.starts_with(Facility.division_code, area))
        .order_by(Facility.id)
    )
    return [FacilityRow(number, name, tier, code, Place(lat, lon)) for number, name, tier, code, lat, lon in rows]


def lines(session: Session, district_id: int) -> Sequence[tuple[str, str | None, list[Any]]]:
    """Kind, name and points (lon, lat) of every line of the map."""
    rows = session.execute(
        select(MapLine.kind, MapLine.name, MapLine.points)
        .where(MapLine.district_id == district_id)
        .order_by(MapLine.id)
    )
    return [(kind, name, points) for kind, name, points in rows]
