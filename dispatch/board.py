"""A plan on the board: the search's state of one day, empty or filled from a plan, and read back as assignments."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import numpy as np

from dispatch import insertion, probing, ruin, timing
from dispatch.arrays import FAR, Day, Facts, Ints, day_of
from dispatch.jit import plain, warmed
from dispatch.plan import Assignment
from dispatch.problem import Problem, Visit
from dispatch.timing import State

USED = (
    timing.put, timing.pull, timing.settle, timing.retime, timing.choose, timing.enqueue, timing.detour,
    timing.untimely,
    insertion.insert, insertion.bind, insertion.scan, insertion.scan_route, insertion.construct, insertion.slot,
    ruin.total, ruin.copy, ruin.search, probing.offers, probing.starts, probing.probe,
)  # fmt: skip
FAST = SimpleNamespace(**{f.__name__: f for f in USED})
_modules: dict[str, dict[str, Any]] = {}
SLOW = SimpleNamespace(**{f.__name__: plain(f, _modules) for f in USED})


def _state(f: Facts, seed: int) -> State:
    nodes, routes, caregivers, labels = (int(x) for x in f.sizes[:4])
    size = nodes + 2 * routes
    starts, ends = np.arange(nodes, nodes + routes), np.arange(nodes + routes, size)

    def full(count: int, value: int) -> Ints:
        return np.full(count, value, dtype=np.int64)

    state = State(
        full(size, -1), full(size, -1), full(nodes, -1), full(size * labels, FAR), full(size * labels, -FAR),
        full(size * labels, 0), full(nodes, 0), full(nodes, -FAR), full(nodes, FAR), full(caregivers, 0),
        full(routes, 0), full(routes, 0), full(routes, 0), full(routes, 0), full(2 * routes, 0), full(routes, 0),
        full(4 * routes, 0), full(6 * insertion.SHORT, 0), full(2 * len(f.first), 0),
        full(nodes, 0), full(caregivers, 0), np.array([seed * 7919 % 2147483646 + 1, 0, 0, 0, 0], dtype=np.int64),
    )  # fmt: skip
    state.next[starts], state.prev[ends] = ends, starts
    state.early[starts * labels] = f.span[0::4]
    state.late[ends * labels + f.rest_count] = f.span[2::4]
    for _ in range(20):
        state.random[0] = state.random[0] * 48271 % 2147483647
    return state


class Board:
    """The day with a plan on it. Compiled where that is ready, else plain Python on lists."""

    def __init__(self, problem: Problem, *, seed: int = 0, fast: bool | None = None) -> None:
        self.day: Day = day_of(problem)
        self.fast = warmed() if fast is None else fast
        self.kernel = FAST if self.fast else SLOW
        f, s = self.day.facts, _state(self.day.facts, seed)
        self.f: Facts = f if self.fast else Facts(*(a.tolist() for a in f))
        self.s: State = s if self.fast else State(*(a.tolist() for a in s))
        self.index = {visit.id: k for k, visit in enumerate(self.day.visits)}
        self.routes_of: dict[str, list[int]] = {}
        for r, (c, _) in enumerate(self.day.shifts):
            self.routes_of.setdefault(problem.caregivers[c].id, []).append(r)

    def like(self, values: list[int]) -> Any:
        """As the kernel wants its numbers."""
        return np.array(values, dtype=np.int64) if self.fast else values

    def unserved(self, state: State) -> int:
        return sum(1 for node in self.f.first if state.where[node] < 0)

    def absent(self) -> list[int]:
        return [v for v in range(len(self.day.visits)) if self.s.where[self.f.first[v]] < 0]

    def cost(self) -> int:
        return int(self.kernel.total(self.f, self.s))

    def insert(self, visit: int, limit: int | None = None) -> bool:
        return bool(self.kernel.insert(self.f, self.s, visit, self.f.prize[visit] if limit is None else limit))

    def construct(self) -> None:
        """Regret insertion of all that is absent, tight windows first where order matters."""
        key = [int(self.day.facts.windows[2 * self.f.first[v] * self.f.sizes[4]]) for v in range(len(self.index))]
        todo = sorted(self.absent(), key=lambda v: (-self.f.prize[v] // 10_000_000_000, key[v]))
        table = [0] * ((self.f.sizes[1] + 3) * len(todo))
        self.kernel.construct(self.f, self.s, self.like(todo), self.like(table))
        for visit in self.absent():
            self.insert(visit)

    def remove(self, visit: int) -> None:
        first = self.f.first[visit]
        for node in range(first, first + self.day.visits[visit].caregivers):
            if self.s.where[node] >= 0:
                self.kernel.pull(self.f, self.s, node)
        self.kernel.retime(self.f, self.s)

    def fill(self, assignments: Iterable[Assignment]) -> list[str]:
        """Puts the assignments on the board in their order; returns the visits that no longer fit as they stand."""
        left = []
        for a in sorted(assignments, key=lambda a: a.start):
            visit = self.index.get(a.visit)
            if visit is not None and not self._place(visit, a):
                left.append(a.visit)
        self.freshen()
        return left

    def freshen(self) -> None:
        """All times from nothing, unless dearer: where breaks lie depends on the order in which the stops came."""
        before, cost = fresh_state(self), self.cost()
        self.kernel.copy(before, self.s)
        if not self._anew(range(self.f.sizes[1])) or self.cost() > cost:
            self.kernel.copy(self.s, before)

    def _place(self, visit: int, a: Assignment) -> bool:
        f, s, k = self.f, self.s, self.kernel
        nodes = [f.first[visit] + role for role in range(self.day.visits[visit].caregivers)]
        if len(a.caregivers) != len(nodes) or s.where[nodes[0]] >= 0:
            return False
        spots = []
        for node, name in zip(nodes, a.caregivers, strict=True):
            route = self._route_at(name, a.start)
            if route is None or f.fee[node * f.sizes[2] + f.owner[route]] < 0:
                return False
            spots.append(route)
        for node in nodes:
            k.bind(f, s, node)
        size = 0
        for node, route in zip(nodes, spots, strict=True):
            k.put(f, s, node, route, s.prev[f.sizes[0] + f.sizes[1] + route])
            size = k.enqueue(s, size, route)
        if (k.settle(f, s, size) or self._anew(spots)) and not self._overworked(spots):
            return True
        self.remove(visit)
        return False

    def _anew(self, routes: Iterable[int]) -> bool:
        """All times once more from nothing: where a break lay best may be different with one more stop."""
        for r in routes:
            self.s.dirty[r] = 1
        well = bool(self.kernel.retime(self.f, self.s))
        self.s.random[3] = 0
        return well

    def _overworked(self, routes: list[int]) -> bool:
        f, s = self.f, self.s
        owners = [f.owner[r] for r in routes]
        return any(s.work[c] + f.limits[3 * c + 2] > f.limits[3 * c] for c in owners)

    def _route_at(self, caregiver: str, start: int) -> int | None:
        routes = self.routes_of.get(caregiver, [])
        shifts = self.day.problem.caregiver(caregiver).shifts if routes else ()
        begun = [r for r, shift in zip(routes, shifts, strict=True) if shift.start <= start]
        return begun[-1] if begun else None

    def visit_at(self, node: int) -> Visit:
        return self.day.visits[self.day.roles[node][0]]

    def offers(self, node: int, apart: int, opens: int, closes: int) -> list[int]:
        """[route, (cost, after, earliest, latest)] of the best spots of a node; FAR where there is none."""
        self.kernel.offers(self.f, self.s, node, apart, opens, closes)
        return list(self.s.offer.tolist() if self.fast else self.s.offer)

    def probe(
        self, visit: int, ways: list[list[tuple[int, int]]], most: int
    ) -> tuple[list[tuple[int, int, int]], list[list[int]]]:
        """Tries ways to serve a visit: (way, cost, detour) of the first `most` that work, and all starts by node.

        The first row of starts is without the visit, then come those of each way told.
        """
        nodes, crew = len(self.day.roles), self.day.visits[visit].caregivers
        flat = [number for way in ways for spot in way for number in spot]
        told, found = self.like([0] * (3 * most)), self.like([0] * (nodes * (most + 1)))
        worked = self.kernel.probe(self.f, self.s, visit, self.like(flat), crew, most, told, found)
        told, found = (list(x.tolist() if self.fast else x) for x in (told, found))
        triples = [(told[3 * k], told[3 * k + 1], told[3 * k + 2]) for k in range(worked)]
        return triples, [found[k * nodes : (k + 1) * nodes] for k in range(worked + 1)]

    def starts(self) -> dict[str, int]:
        """When each visit on the board starts, in the earliest schedule."""
        found = self.like([0] * len(self.day.roles))
        self.kernel.starts(self.f, self.s, found, 0)
        told = found.tolist() if self.fast else found
        firsts = self.f.first.tolist() if self.fast else self.f.first
        return {v.id: told[node] for v, node in zip(self.day.visits, firsts, strict=True) if told[node] < FAR}

    def assignments(self) -> list[Assignment]:
        """The earliest schedule of what is on the board, and what is frozen."""
        f, s, starts = self.f, self.s, self.starts()
        found = list(self.day.frozen)
        for v, visit in enumerate(self.day.visits):
            first = f.first[v]
            nodes = range(first, first + visit.caregivers)
            if s.where[first] >= 0:
                names = [self.day.problem.caregivers[f.owner[s.where[node]]].id for node in nodes]
                found.append(Assignment(visit.id, starts[visit.id], tuple(names)))
        return found


def fresh_state(board: Board) -> State:
    state = _state(board.day.facts, 0)
    return state if board.fast else State(*(a.tolist() for a in state))
