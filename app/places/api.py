"""The map of the district that needs no tiles, and its divisions."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app.access.api import Anyone
from app.db import transaction
from app.places import queries
from app.places.queries import DivisionRow
from app.places.rules import Level

router = APIRouter(prefix="/api", tags=["places"])


class DivisionOut(BaseModel):
    """A division for filters and forms."""

    code: str
    name: str
    level: Level
    parent_code: str | None


class FeatureCollection(BaseModel):
    """GeoJSON (RFC 7946)."""

    type: str = "FeatureCollection"
    features: list[dict[str, Any]]


@router.get("/divisions")
def divisions(me: Anyone) -> list[DivisionOut]:
    """The divisions the caller may see."""
    with transaction(me.scope) as session:
        rows = queries.divisions(session, me.district_id, me.area)
    return [DivisionOut(code=r.code, name=r.name, level=r.level, parent_code=r.parent_code) for r in rows]


@router.get("/map")
def the_map(me: Anyone, response: Response) -> FeatureCollection:
    """Streets, water, names of divisions and the service network as one GeoJSON; changes about never."""
    with transaction(me.scope) as session:
        lines = queries.lines(session, me.district_id)
        areas = queries.divisions(session, me.district_id, f"{me.district_id}")
        points = queries.facilities(session, me.district_id, f"{me.district_id}")
    features = [_feature("LineString", line, kind=kind, name=name) for kind, name, line in lines]
    features += [_point(area) for area in areas if area.level is not Level.DISTRICT]
    features += [
        _feature("Point", [f.place.lon, f.place.lat], kind="facility", tier=f.tier, name=f.name) for f in points
    ]
    response.headers["Cache-Control"] = "private, max-age=3600"
    return FeatureCollection(features=features)


def _point(area: DivisionRow) -> dict[str, Any]:
    return _feature("Point", [area.place.lon, area.place.lat], kind=area.level.value, name=area.name, code=area.code)


def _feature(shape: str, coordinates: list[Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": shape, "coordinates": coordinates}, "properties": properties}
