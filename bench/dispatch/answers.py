"""How long a dispatcher waits: candidates for one visit, and a day mended after each kind of event.

    python -m bench.dispatch.answers --seeds 3 --asked 60

A district day of 300 visits and 50 caregivers, planned for 5 seconds. Times are of the wall, in milliseconds; they are
upper bounds on a busy machine, so the seconds of the processor stand beside them.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np

from bench.dispatch import district
from dispatch import (  # fmt: skip
    Cancelled,
    Event,
    Late,
    NoShow,
    Plan,
    Problem,
    Promise,
    Sick,
    Urgent,
    Window,
    candidates,
    faults,
    replan,
    solve,
    warm,
)
from dispatch.board import Board

DAY = (300, 50)
NOON = 720
PROMISED = 4  # times the prize, as the platform has it
Row = tuple[str, list[float], list[float], str]  # what, wall, cpu, more


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench dispatch answers", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--asked", type=int, default=60, help="questions of each kind and seed")
    options = parser.parse_args(arguments)
    warm(lambda step, steps, what: print(f"compiling {step}/{steps}: {what}", flush=True))
    rows: dict[str, Row] = {}
    for seed in range(1, options.seeds + 1):
        problem = district.day(DAY, seed)
        plan = solve(problem, seconds=5, seed=seed, clock=time.process_time)
        day = published(problem, plan)
        for row in (*asked(problem, plan, options.asked, seed), *mended(day, plan, options.asked, seed)):
            _, wall, cpu, more = rows.setdefault(row[0], (row[0], [], [], row[3]))
            wall += row[1]
            cpu += row[2]
            rows[row[0]] = (row[0], wall, cpu, more if row[3] == more else f"{more}; {row[3]}")
    print("\n| asked | times | p50 | p95 | worst | cpu p95 | |\n|---|---|---|---|---|---|---|")
    for what, wall, cpu, more in rows.values():
        figures = [np.percentile(wall, 50), np.percentile(wall, 95), max(wall), np.percentile(cpu, 95)]
        print(f"| {what} | {len(wall)} | {' | '.join(f'{1000 * x:.2f} ms' for x in figures)} | {more} |")
    return 0


def asked(problem: Problem, plan: Plan, times: int, seed: int) -> list[Row]:
    """Who else could serve a visit of the plan, with a board that is kept, and without."""
    luck = random.Random(seed)
    names = [luck.choice(problem.visits).id for _ in range(times)]
    board = Board(problem)
    kept, fresh = [], []
    for name in names:
        board.fill(plan.assignments)  # what is there already stays
        kept.append(_timed(partial(candidates, problem, plan, name, board=board)))
        fresh.append(_timed(partial(candidates, problem, plan, name)))
    return [_row("candidates, board kept", kept, ""), _row("candidates, from the plan", fresh, "")]


def published(problem: Problem, plan: Plan) -> Problem:
    """The day with its plan published: what an elder was promised is worth more than what nobody knows of."""
    at = {a.visit: Promise(a.start, a.caregivers) for a in plan.assignments}
    visits = (replace(v, published=at[v.id], prize=PROMISED * v.prize) if v.id in at else v for v in problem.visits)
    return replace(problem, visits=tuple(visits))


def mended(problem: Problem, plan: Plan, times: int, seed: int) -> list[Row]:
    """One event at noon: a plan at once, and one improved for 0.4 seconds."""
    luck = random.Random(seed)
    first, better, hands, moved = [], [], [], 0
    kinds = cycle((_sick, _late, _cancelled, _no_show, _urgent))
    for make, _ in zip(kinds, range(times), strict=False):
        event = make(problem, plan, luck)
        diff, *took = _timed(partial(replan, problem, plan, [event], now=NOON))
        first.append((diff, *took))
        found = _timed(partial(replan, problem, plan, [event], now=NOON, seconds=0.4))
        better.append(found)
        hands.append(len(found[0].handed))
        moved += sum(_wrong(plan, each) for each in (diff, found[0]))
    middle, high = np.percentile(hands, (50, 95))
    told = f"{moved} unsound; change hands: median {middle:.0f}, p95 {high:.0f}, most {max(hands)}"
    return [_row("mended at once", first, ""), _row("mended, improved", better, told)]


def _wrong(plan: Plan, diff: Any) -> int:
    """1 where the judge complains, or what had begun before noon moved."""
    was = {a.visit: a for a in plan.assignments}
    held = {v.id for v in diff.problem.visits if v.frozen}
    stood = all(a == was[a.visit] for a in diff.plan.assignments if a.visit in held and a.visit in was)
    return int(bool(list(faults(diff.problem, diff.plan))) or not stood)


def _sick(problem: Problem, plan: Plan, luck: random.Random) -> Event:
    return Sick(luck.choice([r.caregiver for r in plan.routes]), NOON)


def _late(problem: Problem, plan: Plan, luck: random.Random) -> Event:
    return Late(luck.choice([r.caregiver for r in plan.routes]), NOON + 30)


def _cancelled(problem: Problem, plan: Plan, luck: random.Random) -> Event:
    return Cancelled(luck.choice([a.visit for a in plan.assignments if a.start > NOON]))


def _no_show(problem: Problem, plan: Plan, luck: random.Random) -> Event:
    a = luck.choice([a for a in plan.assignments if a.start > NOON])
    return NoShow(a.visit, a.start + 15)


def _urgent(problem: Problem, plan: Plan, luck: random.Random) -> Event:
    like = luck.choice([v for v in problem.visits if v.caregivers == 1])
    window = Window(NOON + 30, NOON + 120)
    return Urgent(replace(like, id="urgent", windows=(window,), known=frozenset(), prize=10_000))


def _timed(ask: Callable[[], Any]) -> tuple[Any, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    answer = ask()
    return answer, time.perf_counter() - wall, time.process_time() - cpu


def _row(what: str, took: Sequence[tuple[Any, float, float]], more: str) -> Row:
    return what, [t[1] for t in took], [t[2] for t in took], more


if __name__ == "__main__":
    raise SystemExit(main())
