"""What can happen to a plan while the day runs, and the answers to what-if questions, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dispatch.plan import Assignment, Plan
from dispatch.problem import Problem, Visit


@dataclass(frozen=True, slots=True)
class Sick:
    """The caregiver stops at tick `since`; what is under way then is finished by others' hands, not by this plan."""

    caregiver: str
    since: int = 0


@dataclass(frozen=True, slots=True)
class Late:
    """The caregiver cannot be anywhere before tick `until` (traffic, a visit that takes longer).

    `visit` is the first one they have not begun though its time has come.
    """

    caregiver: str
    until: int
    visit: str | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The visit is off."""

    visit: str


@dataclass(frozen=True, slots=True)
class Urgent:
    """A new visit; the problem's matrices already hold its place. An alarm response is one with a high prize."""

    visit: Visit


@dataclass(frozen=True, slots=True)
class NoShow:
    """Nobody opened the door: the caregivers leave at tick `until`, and the visit is not made up today."""

    visit: str
    until: int


Event = Sick | Late | Cancelled | Urgent | NoShow


@dataclass(frozen=True, slots=True)
class Moved:
    """A visit that starts at another tick than before, with the same caregivers."""

    visit: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Handed:
    """A visit whose caregivers change; empty `before`: newly planned, empty `after`: no longer served."""

    visit: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    start: int | None


@dataclass(frozen=True, slots=True)
class Diff:
    """What a re-planning changes, to accept or refuse as one thing; `problem` is the day as the events left it."""

    problem: Problem
    plan: Plan
    moved: tuple[Moved, ...]
    handed: tuple[Handed, ...]
    tell_caregivers: tuple[str, ...]
    tell_visits: tuple[str, ...]
    cost_before: int
    cost_after: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to serve a visit: who, when, what it adds to the plan's cost, and whom it delays (visit, ticks)."""

    caregivers: tuple[str, ...]
    start: int
    latest: int  # any start from `start` to here works, if nothing else changes
    added: int
    travel: int
    delays: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A change that was really tried and lets the visit in.

    `kind` is window (ticks wider on both sides), overtime (ticks), waive (a rule, for one caregiver) or person (one
    more like this caregiver).
    """

    kind: str
    facts: Mapping[str, Any]
    assignment: Assignment


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a visit is unserved: the first rule that blocks each caregiver, the cheapest way out, and both in words.

    For a served visit `facts` say why these caregivers: `settled` (pin, frozen), `crew`, `known`, `preferred` (those
    of the crew who are), `way` (ticks of detour), and of the best other choice `other`, `added` (cost), `farther`
    (ticks), `strangers` (those of it whom the elder does not know).
    """

    visit: str
    served: bool
    impossible: bool
    blocking: Mapping[str, str]  # caregiver → rule
    remedy: Relaxation | None
    sentence: Mapping[str, str]  # "zh-CN" and "en"
    facts: Mapping[str, Any] = field(default_factory=dict)
