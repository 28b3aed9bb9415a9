"""The parameters of each kind of rule: typed, bounded, and all a rule knows of its elder. Fences are kept in WGS-84."""

import math
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app import calendar
from app.places.rules import Datum, Place, from_gcj02, metres

Clock = Annotated[time, Field(description="local wall-clock time, HH:MM")]
Minutes = Annotated[int, Field(ge=0, le=24 * 60)]
DEGREE_M: Final = 111_195.08  # metres of a degree of latitude


class Params(BaseModel):
    """What every kind shares: nothing but strictness."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Band(Params):
    """Outside [low, high] for so long; over again only once it is back inside by `hysteresis`."""

    low: float | None = Field(None, ge=-100, le=1000)
    high: float | None = Field(None, ge=-100, le=1000)
    minutes: Minutes = 5
    hysteresis: float = Field(0, ge=0, le=100)

    @model_validator(mode="after")
    def _has_a_side(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("a band needs a lower or an upper limit")
        if self.low is not None and self.high is not None and self.low + 2 * self.hysteresis >= self.high:
            raise ValueError("the lower limit must lie below the upper one by more than twice the hysteresis")
        return self


class BloodPressure(Params):
    """So many measurements in a row outside either band, none further from the next than `within_hours`."""

    systolic: Band
    diastolic: Band
    times: int = Field(2, ge=1, le=10)
    within_hours: int = Field(24, ge=1, le=24 * 7)


class Window(Params):
    """Hours of the local day, from `opens` to `closes`; over midnight where it closes before it opens."""

    opens: Clock
    closes: Clock

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.opens == self.closes or self.opens.tzinfo or self.closes.tzinfo:
            raise ValueError("a window opens and closes at two different local times")
        return self

    def length(self) -> timedelta:
        """On a day of 24 hours."""
        day = date(2000, 1, 1)
        span = datetime.combine(day, self.closes) - datetime.combine(day, self.opens)
        return span if span > timedelta(0) else span + timedelta(days=1)

    def around(self, at: datetime) -> tuple[datetime, datetime]:
        """The window a moment lies in, else the next one."""
        day = calendar.day_of(at) - timedelta(days=1)
        while True:
            opens, closes = calendar.at(day, self.opens), calendar.at(day, self.closes)
            if closes <= opens:
                closes = calendar.at(day + timedelta(days=1), self.closes)
            if at < closes:
                return opens, closes
            day += timedelta(days=1)


class NoMovement(Window):
    """No sign of anybody for so many hours within the window."""

    hours: float = Field(4, ge=0.5, le=24)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if timedelta(hours=self.hours) > self.length():
            raise ValueError("the window is shorter than the hours to wait")
        return self


class NotUp(Window):
    """No sign of anybody from `opens` until `closes`, the time she is always up by."""


class Lasting(Window):
    """Out of bed, or the door open, for so long within the window."""

    minutes: Minutes = 30

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if timedelta(minutes=self.minutes) > self.length():
            raise ValueError("the window is shorter than the minutes to wait")
        return self


Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class Circle(Params):
    """Everything within so many metres of a point."""

    shape: Literal["circle"] = "circle"
    lat: Latitude
    lon: Longitude
    radius_m: float = Field(ge=20, le=50_000)

    def outside_m(self, at: Place) -> float:
        """How far beyond the edge; negative inside."""
        return metres(at, Place(self.lat, self.lon)) - self.radius_m

    def moved(self) -> Self:
        """The same in WGS-84, from GCJ-02."""
        lat, lon = from_gcj02(self.lat, self.lon)
        return self.model_copy(update={"lat": lat, "lon": lon})


class Polygon(Params):
    """Everything inside a ring of points; the last one joins the first."""

    shape: Literal["polygon"] = "polygon"
    points: list[tuple[Latitude, Longitude]] = Field(min_length=3, max_length=200)

    def outside_m(self, at: Place) -> float:
        """How far beyond the edge; negative inside. On a plane around the point, good for tens of kilometres."""
        east = DEGREE_M * math.cos(math.radians(at.lat))
        ring = [((lon - at.lon) * east, (lat - at.lat) * DEGREE_M) for lat, lon in self.points]
        inside, nearest = False, math.inf
        for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
            if (y1 > 0) != (y2 > 0) and x1 + (x2 - x1) * -y1 / (y2 - y1) > 0:
                inside = not inside
            along = (x2 - x1) ** 2 + (y2 - y1) ** 2
            share = max(0.0, min(1.0, -(x1 * (x2 - x1) + y1 * (y2 - y1)) / along)) if along else 0.0
            nearest = min(nearest, math.hypot(x1 + share * (x2 - x1), y1 + share * (y2 - y1)))
        return -nearest if inside else nearest

    def moved(self) -> Self:
        """The same in WGS-84, from GCJ-02."""
        return self.model_copy(update={"points": [from_gcj02(lat, lon) for lat, lon in self.points]})


class Fence(Params):
    """Outside all areas for so long. What was drawn on a Chinese map (GCJ-02) is moved to WGS-84 as it is read."""

    areas: list[Annotated[Circle | Polygon, Field(discriminator="shape")]] = Field(min_length=1, max_length=20)
    minutes: Minutes = 5
    margin_m: float = Field(30, ge=0, le=1000)
    datum: Datum = Datum.WGS84

    @model_validator(mode="before")
    @classmethod
    def _one_datum(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("datum") == Datum.GCJ02:
            read = cls.model_validate({**given, "datum": Datum.WGS84})
            return {**given, "datum": Datum.WGS84, "areas": [area.moved() for area in read.areas]}
        return given

    def outside_m(self, at: Place) -> float:
        """How far beyond the edge of the nearest area; negative inside one."""
        return min(area.outside_m(at) for area in self.areas)


class NoAnswer(Params):
    """A smoke, gas or fire alarm, and nobody has spoken to anybody there."""

    minutes: Annotated[int, Field(ge=1, le=60)] = 3
    calls: Annotated[int, Field(ge=1, le=10, description="so many unanswered calls are enough at once")] = 2
