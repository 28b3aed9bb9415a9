"""The day as the dispatcher is asked it: who could go, where to, when, and what each wish is worth.

All times and durations are whole ticks; the problem says how many seconds a tick has. All costs are whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.int64]


class BadProblem(ValueError):
    """The problem is impossible or contradicts itself; `fault` names how, `facts` says where."""

    def __init__(self, fault: str, **facts: Any) -> None:
        super().__init__(f"{fault}: " + ", ".join(f"{key}={value!r}" for key, value in facts.items()))
        self.fault = fault
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Break:
    """A rest of `ticks` that lies inside [opens, closes]; it may interrupt travel, never a service."""

    opens: int
    closes: int
    ticks: int


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch of work: from the caregiver's start place and back to the end place. A split day has several."""

    start: int
    end: int
    breaks: tuple[Break, ...] = ()


@dataclass(frozen=True, slots=True)
class Caregiver:
    """Skills are those valid on this day: who asks has already dropped the expired ones."""

    id: str
    shifts: tuple[Shift, ...]
    skills: frozenset[str] = frozenset()
    sex: str = ""
    start: int | None = None  # index of a place; None: the way there is nobody's business
    end: int | None = None
    mode: str = "ebike"
    max_work: int | None = None  # service and travel ticks this day at most
    fair_work: int | None = None  # above this the `overload` cost begins
    overtime: int = 0  # ticks the last return may be later than the end of a shift


@dataclass(frozen=True, slots=True)
class Window:
    """The visit starts between `opens` and `closes`, both included."""

    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Promise:
    """What the published plan told the elder and the caregivers."""

    start: int
    caregivers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment at one place. With two caregivers both start at the same tick, and both come or nobody does."""

    id: str
    place: int
    windows: tuple[Window, ...]
    service: int
    service_by: Mapping[str, int] = field(default_factory=dict)  # where a caregiver needs more or less
    needs: frozenset[str] = frozenset()
    helper_needs: frozenset[str] | None = None  # of the second caregiver; None: the same as the first
    caregivers: int = 1
    sex: str = ""  # "" : either
    allowed: frozenset[str] | None = None  # None: everybody
    banned: frozenset[str] = frozenset()
    preferred: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    prize: int = 36_000  # what leaving it unserved costs
    late: int = 0  # ticks it may start after its last window closes, at the `lateness` cost
    pinned_caregivers: tuple[str, ...] = ()
    pinned_start: int | None = None
    frozen: bool = False  # under way or done: pinned whole, and rules other than time no longer judge it
    waived: frozenset[str] = frozenset()  # names of rules a human overruled for this visit
    published: Promise | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """start(second) - start(first) lies in [least, most] when both are served."""

    first: str
    second: str
    least: int = 0
    most: int = 0
    different: bool = False  # not the same caregiver


@dataclass(frozen=True, slots=True)
class Weights:
    """The price of each wish. Per tick, or per caregiver sent where the comment says so."""

    travel: int = 1
    lateness: int = 4
    worst_lateness: int = 0
    overtime: int = 3
    overload: int = 1
    unfamiliar: int = 600  # per caregiver sent who does not know the elder, where somebody does
    not_preferred: int = 600  # per caregiver sent who is not among the preferred
    changed: int = 1800  # per published caregiver who is replaced
    moved: int = 1  # per tick a visit starts away from its published start


@dataclass(frozen=True, eq=False)
class Problem:
    """Everything a plan depends on; nothing else is read."""

    caregivers: tuple[Caregiver, ...]
    visits: tuple[Visit, ...]
    travel: Mapping[str, Matrix]  # per mode: from place, to place
    links: tuple[Link, ...] = ()
    weights: Weights = Weights()
    tick_seconds: float = 1.0
    now: int | None = None  # nobody sets out before it; None: the day has not begun

    def visit(self, visit_id: str) -> Visit:
        return self.visit_of[visit_id]

    def caregiver(self, caregiver_id: str) -> Caregiver:
        return self.caregiver_of[caregiver_id]

    @property
    def visit_of(self) -> dict[str, Visit]:
        return _index(self, "_visits", self.visits)

    @property
    def caregiver_of(self) -> dict[str, Caregiver]:
        return _index(self, "_caregivers", self.caregivers)

    def ticks(self, mode: str, origin: int | None, target: int | None) -> int:
        """Travel time; nowhere is next door to everywhere."""
        return 0 if origin is None or target is None else int(self.travel[mode][origin, target])


def _index(problem: Problem, name: str, things: tuple[Any, ...]) -> dict[str, Any]:
    """Made once for each problem: frozen means that it stays true."""
    found: dict[str, Any] | None = problem.__dict__.get(name)
    if found is None:
        found = problem.__dict__[name] = {thing.id: thing for thing in things}
    return found


def service_of(visit: Visit, caregiver_id: str) -> int:
    return visit.service_by.get(caregiver_id, visit.service)
