"""The answer: who is where when, what was left out and why, and what it all costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Assignment:
    """One served visit. Of two caregivers the first is the one who meets `needs`, the second `helper_needs`."""

    visit: str
    start: int
    caregivers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """One caregiver at one visit: leaves for it, is there, starts, ends."""

    visit: str
    arrival: int
    start: int
    end: int
    travel: int  # ticks on the way to it


@dataclass(frozen=True, slots=True)
class Rest:
    """A break as taken; `after` counts the stops of the route before it."""

    start: int
    end: int
    after: int


@dataclass(frozen=True, slots=True)
class Route:
    """One worked shift of one caregiver, in order."""

    caregiver: str
    shift: int
    leaves: int
    returns: int
    stops: tuple[Stop, ...]
    rests: tuple[Rest, ...] = ()
    travel: int = 0


@dataclass(frozen=True, slots=True)
class Unserved:
    """`reason`: `impossible` (nobody could ever serve it) or `sacrificed` (others were worth more)."""

    visit: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Assignments are the plan; routes are what follows from them, spelled out for the lanes and the phone."""

    assignments: tuple[Assignment, ...]
    routes: tuple[Route, ...] = ()
    unserved: tuple[Unserved, ...] = ()
    cost: Mapping[str, int] = field(default_factory=dict)  # by name, see `Weights`; `unserved` is the sum of prizes
    engine: str = ""
    iterations: int = 0

    @property
    def total(self) -> int:
        return sum(self.cost.values())

    def assignment(self, visit_id: str) -> Assignment | None:
        return next((a for a in self.assignments if a.visit == visit_id), None)

    def route_of(self, caregiver_id: str) -> tuple[Route, ...]:
        return tuple(r for r in self.routes if r.caregiver == caregiver_id)
