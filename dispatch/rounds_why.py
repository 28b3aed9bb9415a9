"""Why a meal is not delivered, what would help, and what becomes of rounds that a hand has put into another order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from typing import Any, Final

from dispatch.problem import Window
from dispatch.rounds import Delivery, Rider, Rounds, Trip, Wave, cost_of, deliver

LADDER: Final = (
    ("till", 5), ("till", 10), ("ride", 5), ("ride", 10), ("till", 20), ("ride", 20), ("till", 30), ("ride", 30),
    ("rider", 1),
)  # fmt: skip
"""What may be eased, the cheapest first: minutes later at these doors, minutes longer on the way, one more rider."""


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """Why a delivery is in no round. `why`: too_much, too_far, closed, shift (alone impossible) or crowded.

    `remedy` is the first step of the ladder with which a search really did deliver it, and how far: (kind, how much).
    """

    delivery: str
    why: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    remedy: tuple[str, int] | None = None


def not_delivered(
    wave: Wave, rounds: Rounds, *, minute: int = 60, seconds: float | None = None, iterations: int | None = None,
    seed: int = 0, go_on: Callable[[], bool] = lambda: True,
) -> Iterator[NotDelivered]:  # fmt: skip
    """Each undelivered door with its reason; the budget is that of one search, and there are as many as steps.

    `minute` is in ticks; when `go_on` says False, no more remedies are looked for.
    """
    doors = {d.id: d for d in wave.deliveries}
    missing = {name: alone(wave, doors[name]) for name in rounds.undelivered}
    remedies: dict[str, tuple[str, int]] = {}
    for kind, much in LADDER:
        open_ = [name for name in missing if name not in remedies]
        if not open_ or not go_on():
            break
        eased = _eased(wave, open_, kind, much * minute)
        if eased is None:
            continue
        answer = deliver(eased, seconds=seconds, iterations=iterations, seed=seed)
        if set(answer.undelivered) < set(rounds.undelivered):  # nobody else goes without for it
            remedies |= {name: (kind, much) for name in open_ if name not in answer.undelivered}
    for name, (why, facts) in missing.items():
        yield NotDelivered(name, why, facts, remedies.get(name))


def alone(wave: Wave, door: Delivery) -> tuple[str, dict[str, Any]]:
    """What would stand against a trip to this door and no other; `crowded` where nothing does."""
    out, home = int(wave.travel[wave.kitchen, door.place]), int(wave.travel[door.place, wave.kitchen])
    if wave.longest_ride is not None and out > wave.longest_ride:
        return "too_far", {"ride": out, "longest": wave.longest_ride}
    fits = [r for r in wave.riders if r.room >= door.amount]
    if not fits:
        return "too_much", {"amount": door.amount, "room": max((r.room for r in wave.riders), default=0)}
    soonest = {r.id: max(r.start, door.ready) + out for r in fits}
    in_time = [r for r in fits if soonest[r.id] <= door.window.closes]
    if not in_time:
        return "closed", {"soonest": min(soonest.values()), "closes": door.window.closes}
    if all(max(soonest[r.id], door.window.opens) + door.service + home > r.end for r in in_time):
        return "shift", {"end": max(r.end for r in in_time)}
    return "crowded", {}


def _eased(wave: Wave, names: Iterable[str], kind: str, ticks: int) -> Wave | None:
    """The wave with one rule eased; None where there is no such rule."""
    late = frozenset(names)
    if kind == "ride":
        return None if wave.longest_ride is None else replace(wave, longest_ride=wave.longest_ride + ticks)
    if kind == "rider":
        if not wave.riders:
            return None
        like = max(wave.riders, key=lambda r: (r.end - r.start, r.room))
        return replace(wave, riders=(*wave.riders, Rider("", like.start, like.end, like.room)))
    return replace(
        wave,
        deliveries=tuple(
            replace(d, window=Window(d.window.opens, d.window.closes + ticks)) if d.id in late else d
            for d in wave.deliveries
        ),
    )


def in_order(wave: Wave, order: Sequence[tuple[str, Sequence[str]]]) -> Rounds:
    """Rounds whose order is settled: (rider, deliveries) for each trip, a rider's trips one after the other.

    Everybody leaves as early as she can; what that breaks, `wrong` names. What is in no trip is undelivered.
    """
    doors, riders = {d.id: d for d in wave.deliveries}, {r.id: r for r in wave.riders}
    trips = []
    by_rider = sorted((one for one in order if one[1]), key=lambda one: one[0])  # stable: her trips keep their order
    for name, hers in groupby(by_rider, key=lambda one: one[0]):
        free = riders[name].start
        for _, names in hers:
            trips.append(_ridden(wave, name, [doors[one] for one in names], free))
            free = trips[-1].returns + wave.reload
    told = {name for trip in trips for name, _ in trip.stops}
    missing = tuple(name for name in doors if name not in told)
    return Rounds(tuple(trips), missing, cost_of(wave, trips, missing))


def _ridden(wave: Wave, rider: str, stops: Sequence[Delivery], free: int) -> Trip:
    """One trip; she waits in the kitchen rather than at the first door."""
    places = [wave.kitchen, *(d.place for d in stops)]
    ways = [int(wave.travel[a, b]) for a, b in pairwise(places)]
    leaves = max(free, *(d.ready for d in stops), stops[0].window.opens - ways[0])
    now, starts = leaves, []
    for door, way in zip(stops, ways, strict=True):
        now = max(now + way, door.window.opens)
        starts.append((door.id, now))
        now += door.service
    return Trip(rider, leaves, tuple(starts), now + int(wave.travel[places[-1], wave.kitchen]))
