"""Coordinates with their datum and accuracy, distances, and the shift between WGS-84 and the Chinese datums."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

EARTH_M: Final = 6_371_008.8
DETOUR: Final = 1.324  # network over straight line, mean of 25 Chinese cities, doi 10.1080/19475683.2021.1966503
SHORT_M: Final = 400  # below this, blocks and gates add about a fixed way


class Datum(StrEnum):
    """What a latitude and longitude are measured against."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"


class Level(StrEnum):
    """The level of a division in the 12-digit code."""

    DISTRICT = "district"  # 6 digits, then zeros
    STREET = "street"  # 9 digits, then zeros: street or town
    COMMUNITY = "community"
    VILLAGE = "village"


class Tier(StrEnum):
    """Tier of the service network (三级服务网)."""

    STREET_CENTER = "street_center"
    COMMUNITY_CENTER = "community_center"
    DAY_CARE_CENTER = "day_care_center"
    CANTEEN = "canteen"
    STATION = "station"
    RURAL_HAPPINESS_HOME = "rural_happiness_home"


class Mode(StrEnum):
    """How a caregiver travels."""

    WALK = "walk"
    EBIKE = "ebike"
    CAR = "car"


METRES_PER_SECOND: Final = {Mode.WALK: 1.2, Mode.EBIKE: 3.9, Mode.CAR: 7.0}  # 4.3, 14, 25 km/h door to door


@dataclass(frozen=True)
class Place:
    """A point in WGS-84 with the radius (metres, 95 %) it is known to and where it comes from."""

    lat: float
    lon: float
    accuracy_m: float = 30.0
    source: str = "survey"

    def as_json(self) -> dict[str, Any]:
        """The stored form; the datum is always written down."""
        return {
            "lat": self.lat, "lon": self.lon, "datum": Datum.WGS84.value, "accuracy_m": self.accuracy_m,
            "source": self.source,
        }  # fmt: skip

    @classmethod
    def of(cls, data: dict[str, Any]) -> "Place":
        """From the stored form or a device's words; GCJ-02 is converted here, at the edge."""
        lat, lon = float(data["lat"]), float(data["lon"])
        if data.get("datum", Datum.WGS84) == Datum.GCJ02:
            lat, lon = from_gcj02(lat, lon)
        return cls(lat, lon, float(data.get("accuracy_m") or 30.0), str(data.get("source") or "unknown"))


def metres(one: Place, other: Place) -> float:
    """Great-circle distance (haversine)."""
    p1, p2 = math.radians(one.lat), math.radians(other.lat)
    dp, dl = p2 - p1, math.radians(other.lon - one.lon)
    h = math.sin(dp / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(dl / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(h))


def travel_seconds(one: Place, other: Place, mode: Mode, *, door_minutes: int) -> int:
    """Seconds from door to door: straight line x detour at the mode's speed, and the time at the door."""
    line = metres(one, other)
    if line < 1:
        return 0
    way = line * DETOUR + SHORT_M * 0.25 * math.exp(-line / SHORT_M)
    return round(way / METRES_PER_SECOND[mode]) + door_minutes * 60


def prefix_of(code: str) -> str:
    """The significant digits of a 12-digit division code: what the codes of all divisions below it begin with."""
    if code.endswith("000000"):
        return code[:6]
    return code[:9] if code.endswith("000") else code


def _shift(lat: float, lon: float) -> tuple[float, float]:
    """The published approximation of the GCJ-02 offset (as in eviltransform), degrees."""
    x, y = lon - 105.0, lat - 35.0
    common = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    d_lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + common
    d_lat += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    d_lat += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    d_lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + common
    d_lon += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    d_lon += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    a, ee, phi = 6378245.0, 0.00669342162296594323, math.radians(lat)
    magic = 1 - ee * math.sin(phi) ** 2
    d_lat = math.degrees(d_lat * magic * math.sqrt(magic) / (a * (1 - ee)))
    d_lon = math.degrees(d_lon * math.sqrt(magic) / (a * math.cos(phi)))
    return d_lat, d_lon


def to_gcj02(lat: float, lon: float) -> tuple[float, float]:
    """WGS-84 to GCJ-02 (AMap, Tencent); good inside China only."""
    d_lat, d_lon = _shift(lat, lon)
    return lat + d_lat, lon + d_lon


def from_gcj02(lat: float, lon: float) -> tuple[float, float]:
    """GCJ-02 to WGS-84 by fixed-point iteration, to a few centimetres."""
    wlat, wlon = lat, lon
    for _ in range(4):
        glat, glon = to_gcj02(wlat, wlon)
        wlat, wlon = wlat + lat - glat, wlon + lon - glon
    return wlat, wlon
