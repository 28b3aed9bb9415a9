"""What a rule sees and what it remembers: samples, its state, firings, pauses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from app.equipment.measures import Metric

KEPT_CAUSE: Final = 12  # readings that are told with a firing


class Word(StrEnum):
    """What is no measurement and yet seen: of the calls about an alarm."""

    ALARM = "alarm"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Sample:
    """One value at one moment of the server's clock. History records and implausible values never become one."""

    at: datetime
    metric: Metric | Word
    value: float
    device_id: int = 0
    reading_id: int = 0
    lat: float | None = None
    lon: float | None = None

    def told(self) -> dict[str, Any]:
        """As the cause of an alarm."""
        place = {"lat": self.lat, "lon": self.lon} if self.lat is not None else {}
        return {
            "metric": self.metric.value, "value": self.value, "at": self.at.isoformat(), "reading": self.reading_id,
            **place,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """What a rule remembers of one subject; an idle one remembers nothing and is not stored."""

    since: datetime | None = None  # what it counts from: out of band, out of bed, outside, the last sign of anybody
    fired: datetime | None = None  # in this stretch
    last: datetime | None = None
    count: int = 0
    cause: tuple[dict[str, Any], ...] = ()
    seen: Mapping[str, float] = field(default_factory=dict)  # last value by metric and device, to tell a change

    @property
    def idle(self) -> bool:
        """Whether there is nothing to remember."""
        return self.since is None and not self.fired and not self.count and not self.seen

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        return {
            "since": _iso(self.since), "fired": _iso(self.fired), "last": _iso(self.last), "count": self.count,
            "cause": list(self.cause), "seen": dict(self.seen),
        }  # fmt: skip

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "State":
        """From the stored form."""
        since, fired, last = (_moment(stored[name]) for name in ("since", "fired", "last"))
        return cls(since, fired, last, stored["count"], tuple(stored["cause"]), stored["seen"])


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule says that something is wrong, at the moment it became true by its own clock."""

    at: datetime
    since: datetime | None
    cause: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is to be expected: away, in hospital, a caregiver there, every sensor silent. Open without an end."""

    start: datetime
    end: datetime | None = None


def with_cause(cause: tuple[dict[str, Any], ...], sample: Sample) -> tuple[dict[str, Any], ...]:
    """The readings that tell the story: the first ones and the last."""
    kept = cause if len(cause) < KEPT_CAUSE else (*cause[: KEPT_CAUSE // 2], *cause[KEPT_CAUSE // 2 + 1 :])
    return (*kept, sample.told())


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None
