"""The judge of delivery rounds. It shares no code with the search: wave and rounds in, named faults out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from dispatch.check import Fault
from dispatch.rounds import Delivery, Rounds, Trip, Wave


def wrong(wave: Wave, rounds: Rounds) -> Iterator[Fault]:
    """Everything that is wrong with the rounds; nothing when they may go out."""
    doors = {d.id: d for d in wave.deliveries}
    told = Counter(name for trip in rounds.trips for name, _ in trip.stops) + Counter(rounds.undelivered)
    for name in {*doors, *told}:
        if told[name] != 1 or name not in doors:
            yield Fault("once", visit=name, facts={"times": told[name]})
    known = [t for t in rounds.trips if all(name in doors for name, _ in t.stops)]
    for trip in known:
        yield from _out_and_back(wave, doors, trip)
        yield from _aboard(wave, doors, trip)
        yield from _pairs(doors, trip)
    yield from _days(wave, known)
    ways = wave.travel if wave.cost is None else wave.cost
    way = 0
    for trip in known:
        places = [wave.kitchen] + [doors[name].place for name, _ in trip.stops] + [wave.kitchen]
        way += sum(int(ways[pair]) for pair in pairwise(places))
    if way != rounds.cost.get("way"):
        yield Fault("cost", facts={"told": rounds.cost.get("way"), "found": way})


def _out_and_back(wave: Wave, doors: dict[str, Delivery], trip: Trip) -> Iterator[Fault]:
    here, free = wave.kitchen, trip.leaves
    for name, start in trip.stops:
        door = doors[name]
        if start < free + int(wave.travel[here, door.place]):
            yield Fault("travel", visit=name, caregiver=trip.rider)
        if not door.window.opens <= start <= door.window.closes:
            yield Fault("window", visit=name, caregiver=trip.rider, facts={"start": start})
        if trip.leaves < door.ready:
            yield Fault("ready", visit=name, caregiver=trip.rider, facts={"leaves": trip.leaves, "ready": door.ready})
        if wave.longest_ride is not None and start - trip.leaves > wave.longest_ride:
            yield Fault("ride", visit=name, caregiver=trip.rider, facts={"ride": start - trip.leaves})
        here, free = door.place, start + door.service
    if trip.returns != free + int(wave.travel[here, wave.kitchen]):
        yield Fault("returns", caregiver=trip.rider)


def _aboard(wave: Wave, doors: dict[str, Delivery], trip: Trip) -> Iterator[Fault]:
    """What is delivered from the kitchen is aboard from the start; what is picked up on the way, from there on."""
    room = next(r.room for r in wave.riders if r.id == trip.rider)
    paired = {d.brings for d in doors.values() if d.brings} | {d.id for d in doors.values() if d.brings}
    aboard = sum(doors[name].amount for name, _ in trip.stops if name not in paired)
    most = aboard
    for name, _ in trip.stops:
        if name in paired:
            aboard += doors[name].amount
            most = max(most, aboard)
    if most > room:
        yield Fault("room", caregiver=trip.rider, facts={"aboard": most, "room": room})


def _pairs(doors: dict[str, Delivery], trip: Trip) -> Iterator[Fault]:
    order = {name: k for k, (name, _) in enumerate(trip.stops)}
    picked = {d.brings for d in doors.values() if d.brings}
    for name in order:
        source = doors[name].brings
        if source is not None and order.get(source, len(order)) > order[name]:
            yield Fault("pair", visit=name, caregiver=trip.rider)
        if name in picked and not any(doors[other].brings == name for other in order):
            yield Fault("pair", visit=name, caregiver=trip.rider)


def _days(wave: Wave, trips: list[Trip]) -> Iterator[Fault]:
    riders = {r.id: r for r in wave.riders}
    for name in {t.rider for t in trips}:
        if name not in riders:
            yield Fault("unknown", caregiver=name)
            continue
        day = sorted((t for t in trips if t.rider == name), key=lambda t: t.leaves)
        if len(day) > 1 and not wave.several:
            yield Fault("trips", caregiver=name, facts={"trips": len(day)})
        if day[0].leaves < riders[name].start or day[-1].returns > riders[name].end:
            yield Fault("shift", caregiver=name)
        for one, two in pairwise(day):
            if two.leaves < one.returns + wave.reload:
                yield Fault("reload", caregiver=name, facts={"back": one.returns, "leaves": two.leaves})
