"""How time and memory grow with the day: from 112 visits to 5,400, until a plan of equal quality is there.

    python -m bench.dispatch.growth

Days of one generator with the same visits for each caregiver; as many of each size as make some 1,200 visits, because
on a small day one visit more or less is much. Equal quality is at most a tenth dearer, all days of a size together,
than what the search makes of them with the same time for each visit (which gives L its 300 seconds). A search cools
over the time it is given, so the days are solved anew with half as much time again until they are there. From 201
caregivers on a day is cut as the platform cuts it. One core; each size in a process of its own, whose largest memory
is told, with its worker's.
"""

from __future__ import annotations

import argparse
import math
import resource
from collections.abc import Sequence

from bench.dispatch import district
from bench.dispatch.apart import apart
from bench.dispatch.sets import searched
from dispatch import faults, solve, warm

SIZES = ((112, 18), (250, 40), (560, 90), (1150, 185), (2500, 403), (5400, 870))  # visits, caregivers
VISITS = 1200
EACH = 300 / 5400  # seconds for each visit
DEARER = 1.1
LEAST, STEP = 0.1, 1.5  # the first time given, in seconds, and by what it grows


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench dispatch growth", description=__doc__)
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="how many, from the smallest")
    options = parser.parse_args(arguments)
    warm(lambda step, steps, what: print(f"compiling {step}/{steps}: {what}", flush=True))
    print("| visits | days | first plan | searched | seconds to equal quality | exponent | memory |")
    print("|---|---|---|---|---|---|---|")
    at_first = 0.0
    for size in SIZES[: options.sizes]:
        days = max(1, VISITS // size[0])
        first, best, seconds, most = apart(reach, size, days, patience=7200)
        at_first = at_first or seconds
        exponent = math.log(seconds / at_first) / math.log(size[0] / SIZES[0][0]) if size != SIZES[0] else 0
        costs = f"{first / days:,.0f} | {best / days:,.0f}"
        print(f"| {size[0]:,} | {days} | {costs} | {seconds:.2f} | {exponent:.2f} | {most:.0f} MB |", flush=True)
    return 0


def reach(size: tuple[int, int], days: int) -> tuple[int, int, float, float]:
    """Costs of the first plans and of the searched ones, seconds that make them as good, most memory (MB)."""
    whole = EACH * size[0]
    first, best = _planned(size, days, None), _planned(size, days, whole)
    seconds = LEAST
    while seconds < whole and _planned(size, days, seconds) > DEARER * best:
        seconds = min(whole, seconds * STEP)
    most = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return first, best, seconds, most / 1024


def _planned(size: tuple[int, int], days: int, seconds: float | None) -> int:
    """What all the days cost; without seconds by insertion alone."""
    cost = 0
    for day in range(1, days + 1):
        problem = district.day(size, day)
        plan = searched(problem, seconds) if seconds else solve(problem)
        if list(faults(problem, plan)):
            raise SystemExit("an unsound plan")
        cost += plan.total
    return cost


if __name__ == "__main__":
    raise SystemExit(main())
