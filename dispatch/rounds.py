"""Delivery rounds: meals from one kitchen in as many trips as it takes, hot and in time; pick-ups with deliveries too.

    rounds = deliver(Wave(deliveries, riders, travel, longest_ride=40), seconds=5, seed=1)
    list(wrong(wave, rounds))   # what an independent judge has against it: nothing

In the literature: multi-trip vehicle routing with time windows and release times, and pick-up and delivery.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from dispatch import rounds_search, rounds_times
from dispatch.arrays import FAR, Ints
from dispatch.descent import Descent
from dispatch.jit import plain, warmed
from dispatch.problem import BadProblem, Matrix, Window
from dispatch.rounds_times import Facts, Memory, Tour

Progress = Callable[[float, int, int, int], object]  # seconds, iterations, best cost, undelivered; False cancels
CHUNK = 0.1  # seconds between two looks at the clock
HOT, COLD = 4.0, 0.01  # of a usual way; cooler, some clustered days keep one trip too many
SPARING = 0.25  # of the time goes into needing fewer riders, where that is asked for
SHORT = 100  # nearest drops that a ruin looks at
DEAR = 1 << 40

_USED = (
    rounds_times.settle, rounds_times.pull, rounds_search.recreate, rounds_search.copy, rounds_search.total,
    rounds_search.search, rounds_search.spare,
)  # fmt: skip
_FAST = SimpleNamespace(**{f.__name__: f for f in _USED})
_modules: dict[str, dict[str, Any]] = {}
_SLOW = SimpleNamespace(**{f.__name__: plain(f, _modules) for f in _USED})


@dataclass(frozen=True, slots=True)
class Delivery:
    """One door. `brings` makes it the second half of a pair: what it brings was picked up at that other delivery."""

    id: str
    place: int
    window: Window
    service: int  # ticks at the door
    amount: int = 1  # portions; of a pick-up what it takes aboard, of its delivery the same below zero
    ready: int = 0  # not out of the kitchen before
    brings: str | None = None
    prize: int = 1_000_000  # what leaving it undelivered costs


@dataclass(frozen=True, slots=True)
class Rider:
    """She is back at the kitchen when her shift ends."""

    id: str
    start: int
    end: int
    room: int  # portions of one trip


@dataclass(frozen=True, eq=False)
class Wave:
    """Everything the rounds depend on. All times are whole ticks."""

    deliveries: tuple[Delivery, ...]
    riders: tuple[Rider, ...]
    travel: Matrix  # ticks from place to place
    kitchen: int = 0
    cost: Matrix | None = None  # what a way costs; None: its ticks
    reload: int = 0  # ticks at the kitchen between two trips
    longest_ride: int | None = None  # ticks a meal may be on the way
    several: bool = True  # trips for each rider
    rider_cost: int = 0  # of one more rider
    fewest: bool = False  # riders before anything else


@dataclass(frozen=True, slots=True)
class Trip:
    """Out of the kitchen, from door to door, and back; stops are (delivery, start)."""

    rider: str
    leaves: int
    stops: tuple[tuple[str, int], ...]
    returns: int


@dataclass(frozen=True, slots=True)
class Rounds:
    """Trips by rider and time. `cost` by name: way, riders, undelivered."""

    trips: tuple[Trip, ...]
    undelivered: tuple[str, ...] = ()
    cost: Mapping[str, int] = field(default_factory=dict)
    iterations: int = 0

    @property
    def total(self) -> int:
        return sum(self.cost.values())


def deliver(
    wave: Wave,
    *,
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
    fast: bool | None = None,
) -> Rounds:
    """Rounds for the wave; the same for the same seed and iterations. Without either budget: cheapest insertion alone.

    Raises BadProblem where the question contradicts itself. Compiled where `warm` has run, else the same in plain
    Python.
    """
    refuse(wave)
    search = _Search(wave, seed, warmed() if fast is None else fast)
    done = 0
    if (seconds or iterations) and wave.deliveries and wave.riders:
        if wave.fewest:
            share = SPARING
            done = search.run(
                search.spare, seconds and share * seconds, iterations and int(share * iterations), progress, clock
            )
            seconds, iterations = seconds and (1 - share) * seconds, iterations and iterations - done
            search.begin_again()
        done += search.run(search.improve, seconds, iterations, progress, clock)
    return search.rounds(done)


class _Search:
    """The state of one search, and its two ways on: with fewer riders, and with shorter ways."""

    def __init__(self, wave: Wave, seed: int, fast: bool) -> None:
        self.wave, self.fast, self.kernel = wave, fast, _FAST if fast else _SLOW
        facts = _facts(wave)
        n, riders = len(wave.deliveries), len(wave.riders)
        self.f = self._like(facts)
        self.s, self.now, self.best = (self._like(_tour(facts)) for _ in range(3))
        for r in range(riders):
            self.kernel.settle(self.f, self.s, r)
        self.memory = self._like(Memory(*(np.full(n * riders, -1, dtype=np.int64) for _ in range(4))))
        self.offer, self.absent, self.dirty = self._full(2, 0), self._full(2 * n, 0), self._full(riders, 0)
        self.hit, self.absences = self._full(len(facts.place), 0), self._full(n, 0)
        self.luck = self._list([seed * 7919 % 2147483646 + 1, rounds_search.BLINK])
        self.kernel.recreate(self.f, self.s, self.memory, self.absent, self.offer, self.luck)
        cost = self.kernel.total(self.f, self.s)
        self.costs, self.descent = self._list([cost, cost, cost]), Descent(cost)
        self.kernel.copy(self.now, self.s)
        self.kernel.copy(self.best, self.s)
        usual = _usual_way(facts)
        self.hot, self.cold = HOT * usual, COLD * usual

    def _list(self, values: list[int]) -> Any:
        return np.array(values, dtype=np.int64) if self.fast else values

    def _full(self, count: int, value: int) -> Any:
        return self._list([value] * count)

    def _like(self, arrays: Any) -> Any:
        return arrays if self.fast else type(arrays)(*(a.tolist() for a in arrays))

    def run(
        self,
        step: Callable[[int, float], bool],
        seconds: float | None,
        iterations: int | None,
        progress: Progress | None,
        clock: Callable[[], float],
    ) -> int:
        """Chunks of iterations until the budget is spent, `progress` says False, or the step has nothing left to do."""
        begun, done, chunk = clock(), 0, 8 if self.fast else 1
        while True:
            spent = clock() - begun
            share = max(spent / seconds if seconds else 0.0, done / iterations if iterations else 0.0)
            missing = sum(int(self.best.rider[j]) < 0 for j in range(len(self.wave.deliveries)))
            if progress is not None and progress(spent, done, int(self.costs[1]), missing) is False:
                return done
            if share >= 1:
                return done
            rounds = 64 if seconds is None else chunk
            rounds = min(rounds, iterations - done) if iterations else rounds
            if not step(rounds, share):
                return done
            done += rounds
            pace = (clock() - begun - spent) / rounds
            chunk = max(1, min(2 * chunk, int(CHUNK / pace) if pace else chunk))

    def begin_again(self) -> None:
        """From the best, with nobody who was spared."""
        for r in range(len(self.wave.riders)):
            self.best.open[r] = int(self.best.stops[r] > 0)
        self.kernel.copy(self.s, self.best)
        self.kernel.copy(self.now, self.best)
        cost = self.kernel.total(self.f, self.best)
        self.costs[0] = self.costs[1] = self.costs[2] = cost
        self.descent = Descent(cost)

    def _afresh(self, share: float) -> None:
        """Another descent from an empty tour: what holds this one is larger than any ruin."""
        for j in range(len(self.wave.deliveries)):
            if self.s.rider[j] >= 0:
                self.kernel.pull(self.f, self.s, j)
        for r in range(len(self.wave.riders)):
            self.kernel.settle(self.f, self.s, r)
        self.kernel.recreate(self.f, self.s, self.memory, self.absent, self.offer, self.luck)
        self.kernel.copy(self.now, self.s)
        self.costs[0] = self.costs[2] = self.kernel.total(self.f, self.s)
        self.descent = Descent(int(self.costs[2]), share, share)

    def improve(self, rounds: int, share: float) -> bool:
        if self.descent.stuck(int(self.costs[2]), share):
            self._afresh(share)
        heat = self.hot * (self.cold / self.hot) ** self.descent.cooled(share)
        self.kernel.search(
            self.f, self.s, self.now, self.best, self.memory, self.absent, self.dirty, self.hit, self.offer, self.luck,
            self.costs, rounds, heat,
        )  # fmt: skip
        return True

    def spare(self, rounds: int, share: float) -> bool:
        """False when one rider is left, or not everything can be delivered as it is."""
        heat = self.hot * (self.cold / self.hot) ** share
        return bool(
            self.kernel.spare(
                self.f, self.s, self.now, self.best, self.memory, self.absent, self.dirty, self.hit, self.offer,
                self.luck, self.costs, self.absences, rounds, heat,
            )
        )  # fmt: skip

    def rounds(self, iterations: int) -> Rounds:
        """The best tour in words. A trip leaves no sooner than its first stop needs."""
        best, wave = self.best, self.wave
        n, riders = len(wave.deliveries), len(wave.riders)
        trips = []
        for r, rider in enumerate(wave.riders):
            head = n + r
            while head != n + riders + r:
                stops, j = [], int(best.next[head])
                while j < n:
                    stops.append((wave.deliveries[j].id, int(best.at[j])))
                    j = int(best.next[j])
                if stops:
                    first, last = (_by_id(wave)[stops[k][0]] for k in (0, -1))
                    leaves = stops[0][1] - int(wave.travel[wave.kitchen, first.place])
                    returns = stops[-1][1] + last.service + int(wave.travel[last.place, wave.kitchen])
                    trips.append(Trip(rider.id, leaves, tuple(stops), returns))
                head = j
        missing = tuple(d.id for j, d in enumerate(wave.deliveries) if best.rider[j] < 0)
        return Rounds(tuple(trips), missing, cost_of(wave, trips, missing), iterations)


def cost_of(wave: Wave, trips: list[Trip], undelivered: tuple[str, ...]) -> dict[str, int]:
    """Each cost by name."""
    ways = wave.travel if wave.cost is None else wave.cost
    by = _by_id(wave)
    way = 0
    for trip in trips:
        places = [wave.kitchen, *(by[name].place for name, _ in trip.stops), wave.kitchen]
        way += sum(int(ways[a, b]) for a, b in pairwise(places))
    lost = sum(by[name].prize for name in undelivered if by[name].brings is None)
    return {"way": way, "riders": wave.rider_cost * len({t.rider for t in trips}), "undelivered": lost}


def _by_id(wave: Wave) -> dict[str, Delivery]:
    return {d.id: d for d in wave.deliveries}


def refuse(wave: Wave) -> None:
    """Raises BadProblem for the first fault."""
    by = _by_id(wave)
    if len(by) < len(wave.deliveries) or len({r.id for r in wave.riders}) < len(wave.riders):
        raise BadProblem("id_twice", ids=[d.id for d in wave.deliveries if by[d.id] is not d][:3])
    if not wave.riders:
        raise BadProblem("no_riders")
    for name, matrix in (("travel", wave.travel), ("cost", wave.cost)):
        if matrix is None:
            continue
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise BadProblem("matrix_not_square", mode=name, shape=list(matrix.shape))
        wrong = ~np.isfinite(matrix)
        if not wrong.any():
            wrong = (matrix < 0) | (matrix != np.floor(matrix)) | (matrix > DEAR)
        if wrong.any():
            row, column = (int(i) for i in np.argwhere(wrong)[0])
            raise BadProblem("matrix_value", mode=name, origin=row, target=column, value=str(matrix[row, column]))
    most = max(r.room for r in wave.riders)
    pairs: set[str] = set()
    for d in wave.deliveries:
        if not 0 <= d.place < len(wave.travel):
            raise BadProblem("place_unknown", visit=d.id, place=d.place)
        if d.window.opens > d.window.closes or d.service < 0 or d.prize < 0:
            raise BadProblem("delivery", visit=d.id)
        if abs(d.amount) > most:
            raise BadProblem("too_much", visit=d.id, amount=d.amount, room=most)
        if d.brings is not None:
            other = by.get(d.brings)
            if other is None or other is d or other.brings is not None or d.brings in pairs:
                raise BadProblem("pair", visit=d.id, brings=d.brings)
            if other.amount + d.amount != 0 or other.amount < 0:
                raise BadProblem("pair_amounts", visit=d.id, brings=d.brings)
            pairs.add(d.brings)
    if pairs and (2 * len(pairs) < len(by) or wave.several or wave.longest_ride is not None):
        raise BadProblem("pairs_only")


def _facts(wave: Wave) -> Facts:
    deliveries, riders = wave.deliveries, wave.riders
    n = len(deliveries)
    index = {d.id: j for j, d in enumerate(deliveries)}
    mate = np.full(n, -1, dtype=np.int64)
    for j, d in enumerate(deliveries):
        if d.brings is not None:
            mate[j], mate[index[d.brings]] = index[d.brings], j
    places = np.array([*(d.place for d in deliveries), wave.kitchen])
    travel = wave.travel[np.ix_(places, places)].astype(np.int64)
    way = travel if wave.cost is None else wave.cost[np.ix_(places, places)].astype(np.int64)
    near = np.argsort(way[:n, :n] + way[:n, :n].T, axis=1, kind="stable")[:, 1 : SHORT + 1] if n else way[:0, :0]
    alike = len({(r.start, r.end, r.room) for r in riders}) == 1
    reloads = n if wave.several else 0
    ride = FAR if wave.longest_ride is None else wave.longest_ride

    def ints(values: Any) -> Ints:
        return np.array(values, dtype=np.int64)

    return Facts(
        ints([n, len(riders), reloads, n + 1, near.shape[1]]),
        ints([wave.reload, ride, wave.rider_cost, wave.several, alike]),
        np.ascontiguousarray(way).ravel(),
        np.ascontiguousarray(travel).ravel(),
        ints([*range(n), *[n] * (2 * len(riders) + reloads)]),
        ints([d.service for d in deliveries]),
        ints([d.window.opens for d in deliveries]),
        ints([d.window.closes for d in deliveries]),
        ints([d.amount for d in deliveries]),
        ints([d.ready for d in deliveries]),
        mate,
        ints([d.brings is None and mate[j] >= 0 for j, d in enumerate(deliveries)]),
        ints([d.prize for d in deliveries]),
        ints([r.room for r in riders]),
        ints([r.start for r in riders]),
        ints([r.end for r in riders]),
        np.ascontiguousarray(near).ravel().astype(np.int64),
    )


def _usual_way(f: Facts) -> float:
    """What it costs to go to a near drop: the median way to the fifth nearest, or to all there are."""
    n = int(f.sizes[0])
    if n < 2:
        return 1.0
    near = f.near.reshape(n, -1)
    fifth = near[:, min(4, near.shape[1] - 1)]
    return max(1.0, float(np.median(f.way[np.arange(n) * (n + 1) + fifth])))


def _tour(f: Facts) -> Tour:
    n, riders, size = int(f.sizes[0]), int(f.sizes[1]), len(f.place)

    def full(count: int, value: int) -> Ints:
        return np.full(count, value, dtype=np.int64)

    tour = Tour(
        full(size, -1), full(size, -1), full(size, -1), full(size, 0), full(size, 0), full(size, 0), full(size, 0),
        full(size, 0), full(size, 0), full(riders, 0), full(riders, 0), full(riders, 1), full(riders + 1, 0),
    )  # fmt: skip
    starts, ends = np.arange(n, n + riders), np.arange(n + riders, n + 2 * riders)
    tour.next[starts], tour.prev[ends] = ends, starts
    tour.rider[starts] = tour.rider[ends] = np.arange(riders)
    return tour
