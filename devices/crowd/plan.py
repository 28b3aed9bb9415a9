"""Who is in the crowd, and what each says when: worked out from one seed, with a named substream for each question."""

import itertools
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from devices.crowd import rates
from devices.crowd.rates import MONTH, Profile, Sort, Way
from devices.signals import Kind

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Person:
    """A device in the crowd, by its place in it and the name it gives on the wire."""

    number: int
    wire_id: str
    sort: Sort


@dataclass(frozen=True, slots=True)
class Happening:
    """One event: when in the run, of whom, and what is wrong with it."""

    at: float
    person: Person
    kind: Kind
    number: int
    copies: int = 1
    held: float = 0.0  # seconds it is kept back, so that a later one overtakes it
    clock: float = 0.0  # seconds by which the device's clock is wrong
    late: float = 0.0  # seconds since it happened


def people(count: int, *, seed: int, known: Iterable[tuple[str, str]] = ()) -> list[Person]:
    """So many devices, by the shares of the fleet. `known` are names and sorts of registered ones: they come first."""
    dice, found = Random(f"{seed}/people"), []
    names: defaultdict[str, deque[str]] = defaultdict(deque)
    for name, sort_name in known:
        names[sort_name].append(name)
    for number, sort in enumerate(dice.choices(rates.SORTS, [sort.share for sort in rates.SORTS], k=count)):
        waiting = names[sort.name]
        found.append(Person(number, waiting.popleft() if waiting else invented(sort.way, number), sort))
    return found


def invented(way: Way, number: int) -> str:
    """A name that says that it is a simulation, where the protocol has room for letters."""
    match way:
        case Way.WATCH:
            return f"90{number:08d}"
        case Way.GT06:
            return f"8690000{number:08d}"
        case Way.JT808:
            return f"0169{number:08d}"
        case Way.LORAWAN:
            return f"00feed{number:010x}"
    return f"sim-{number:06d}"


def happenings(crowd: Sequence[Person], profile: Profile, seconds: float, *, seed: int) -> Iterator[Happening]:
    """All events of a run in the order of time; the rates are the field's, `speed` times as fast."""
    numbers = itertools.count(1)
    trouble = Random(f"{seed}/trouble")
    for at, person, kind in sorted(
        _times(crowd, profile, seconds, seed), key=lambda found: (found[0], found[1].number)
    ):
        yield Happening(
            at,
            person,
            kind,
            next(numbers),
            copies=2 if trouble.random() < rates.DUPLICATED else 1,
            held=trouble.uniform(1, 10) if trouble.random() < rates.OUT_OF_ORDER else 0.0,
            clock=trouble.choice((-1, 1)) * trouble.uniform(301, 10 * 365 * 86_400)
            if trouble.random() < rates.CLOCK_WRONG
            else 0.0,
            late=trouble.uniform(1, 12) * HOUR if trouble.random() < rates.HOURS_LATE else 0.0,
        )


def _times(
    crowd: Sequence[Person], profile: Profile, seconds: float, seed: int
) -> Iterator[tuple[float, Person, Kind]]:
    """Each kind is a stream of its own, thinned by the hour of the day."""
    for kind in sorted({kind for person in crowd for kind in person.sort.monthly}):
        able = [person for person in crowd if kind in person.sort.monthly]
        weights = list(itertools.accumulate(person.sort.monthly[kind] for person in able))
        hours = rates.curve(kind)
        usual, most = sum(hours) / 24, max(hours)
        dice = Random(f"{seed}/events/{kind}")
        rate = weights[-1] / MONTH * profile.speed * most / usual
        at = dice.expovariate(rate) if rate else seconds
        while at < seconds:
            if dice.random() * most < hours[hour_of(profile, at / seconds)]:
                yield at, dice.choices(able, cum_weights=weights)[0], kind
            at += dice.expovariate(rate)
    if profile.storm:
        dice = Random(f"{seed}/storm")
        able = [person for person in crowd if Kind.SOS in person.sort.monthly]
        for person in dice.sample(able, min(profile.storm, len(able))):
            yield seconds / 3 + dice.uniform(0, min(rates.STORM_SECONDS, seconds / 3)), person, Kind.SOS


def hour_of(profile: Profile, share: float) -> int:
    """The local hour after this share of the run."""
    start, end = profile.hours
    return int(start + (end - start) * share) % 24


def first_beats(crowd: Sequence[Person], *, seed: int) -> list[float]:
    """When each beats first: spread over its period, as in life."""
    dice = Random(f"{seed}/beats")
    return [dice.uniform(0, person.sort.beat) for person in crowd]


def returns(count: int, seconds: float, *, seed: int) -> list[float]:
    """How long after a cut each connection comes back, within so many seconds."""
    dice = Random(f"{seed}/returns")
    return [dice.uniform(0, seconds) for _ in range(count)]
