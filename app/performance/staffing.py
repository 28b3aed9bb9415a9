"""How many must sit at the desk: a queue is simulated until the promises hold, with a formula beside it.

The formula is Erlang A (Palm 1957; Garnett, Mandelbaum and Reiman 2002, "Designing a call center with impatient
customers"): M/M/c with patience 1/θ, of which Erlang C is θ = 0. An alarm has no patience to lose, a caller may.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

PROMISED: Final = ((10.0, 0.95), (60.0, 0.985), (180.0, 0.999))  # seconds, share: alarms.md, target 7
ARRIVALS: Final = 40_000  # of one simulation: 0.1 % of them are 40
MOST: Final = 400
HANDLING: Final = (240.0, 0.9)  # mean seconds and spread (deviation / mean) until a district has 200 of its own


@dataclass(frozen=True)
class Waits:
    """Shares answered within the promised seconds, and how busy the operators are."""

    within: tuple[float, ...]
    busy: float

    def keep(self, promised: Sequence[tuple[float, float]] = PROMISED) -> bool:
        """Whether every promise holds."""
        return all(share >= wanted for share, (_, wanted) in zip(self.within, promised, strict=True))


@dataclass(frozen=True)
class Staffing:
    """An hour of the day: what comes, how many should be there, what they then promise."""

    rate: float  # an hour
    operators: int
    waits: Waits
    formula: tuple[float, ...]  # by Erlang with the same mean, whose spread is 1


@lru_cache(maxsize=512)
def needed(rate: float, mean: float = HANDLING[0], spread: float = HANDLING[1]) -> Staffing:
    """The fewest operators with whom the promises hold in the simulation, for so many alarms an hour."""
    operators = max(1, int(rate / 3600 * mean))
    while operators < MOST:
        if rate / 3600 * mean < operators and (waits := simulated(rate, mean, spread, operators)).keep():
            formula = tuple(1 - waiting_longer(rate / 3600, 1 / mean, operators, seconds) for seconds, _ in PROMISED)
            return Staffing(rate, operators, waits, formula)
        operators += 1
    raise ValueError(f"{rate} alarms an hour are more than {MOST} operators can answer")


def simulated(rate: float, mean: float, spread: float, operators: int, *, seed: int = 7) -> Waits:
    """Poisson arrivals, lognormal handling, first come first served; the first tenth is warming up."""
    rng = np.random.default_rng([seed, operators, round(rate * 100)])
    arrivals = np.cumsum(rng.exponential(3600 / rate, ARRIVALS))
    handling = lognormal(rng, mean, spread, ARRIVALS)
    free = [0.0] * operators
    waits = np.empty(ARRIVALS)
    for n, (at, lasts) in enumerate(zip(arrivals.tolist(), handling.tolist(), strict=True)):
        begins = max(at, free[0])
        heapq.heapreplace(free, begins + lasts)
        waits[n] = begins - at
    counted = waits[ARRIVALS // 10 :]
    within = tuple(float((counted <= seconds).mean()) for seconds, _ in PROMISED)
    return Waits(within, float(handling.sum() / operators / arrivals[-1]))


def lognormal(
    rng: np.random.Generator, mean: float, spread: float, count: int
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Times with this mean, and this deviation as a part of it; exponential ones where that part is 1."""
    if spread == 1:
        return rng.exponential(mean, count)
    variance = float(np.log1p(spread**2))
    return rng.lognormal(np.log(mean) - variance / 2, variance**0.5, count)


def waiting_longer(arrive: float, serve: float, operators: int, seconds: float, *, leave: float = 0.0) -> float:
    """The share that would wait longer than that: rates a second of arriving, of serving, of losing patience.

    The stationary chain of those present, then the departures that somebody who finds them all busy must wait for.
    """
    if leave == 0 and arrive >= serve * operators:
        return 1.0
    present = [1.0]
    while True:
        n = len(present)
        departing = min(n, operators) * serve + max(0, n - operators) * leave
        present.append(present[-1] * arrive / departing)
        if n > operators and present[-1] < 1e-14 * sum(present):
            break
    stationary = np.array(present) / sum(present)
    left = stationary[operators:]  # left[r]: r + 1 departures before the next is served
    rates = operators * serve + leave * np.arange(len(left))
    fastest = float(rates.max())
    term, total, mass = left.copy(), np.zeros_like(left), float(np.exp(-fastest * seconds))
    step, n = rates / fastest, 0
    while True:
        total += mass * term
        n += 1
        if n > fastest * seconds + 12 * (fastest * seconds) ** 0.5 + 30:
            break
        moved = term * step
        term = term - moved
        term[:-1] += moved[1:]
        mass *= fastest * seconds / n
    return float(total.sum())
