"""One question, one answer: checks the problem, picks an engine, watches the clock, and lays the plan out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from dispatch import anneal
from dispatch.board import Board, fresh_state
from dispatch.descent import Descent
from dispatch.impossible import refuse
from dispatch.jit import warmed
from dispatch.layout import plan_of
from dispatch.plan import Plan, Unserved
from dispatch.problem import Problem

Progress = Callable[[float, int, int, int], object]  # seconds, iterations, best cost, unserved; False cancels
Clock = Callable[[], float]
ENGINES = ("auto", "insertion", "search", "anneal", "ortools")
CHUNK = 0.1  # seconds between two looks at the clock
BLINK = 100  # one offer in so many is overlooked
HOTTEST = 5.0  # usual ways; a search that begins so hot serves more visits in the end, if it has the time to cool
PATIENCE = 100  # rounds for each visit and usual way of heat


def solve(
    problem: Problem,
    *,
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 0,
    start: Plan | None = None,
    progress: Progress | None = None,
    engine: str = "auto",
    clock: Clock = time.monotonic,
) -> Plan:
    """A plan for the day; the same for the same seed and iterations. Without either budget: regret insertion alone.

    `auto` is the compiled search where `warm` has run before on this machine, and the same search in plain Python
    (a hundredth of the rounds) where it has not: nobody waits for a compiler. `anneal` is for days where lateness is
    the objective. `clock` says what a second is: a benchmark on a busy machine counts those of the processor.
    """
    refuse(problem)
    if engine not in ENGINES:
        raise ValueError(f"no engine {engine!r}: one of {', '.join(ENGINES)}")
    if engine == "anneal":
        budget = 10.0 if seconds is None and iterations is None else seconds
        found, rounds = anneal.solve(
            problem, seconds=budget, iterations=iterations, seed=seed, progress=progress, clock=clock
        )
        return plan_of(problem, found, engine="anneal", iterations=rounds)
    fast = warmed() or engine == "search"
    board = Board(problem, seed=seed, fast=fast)
    if start is not None:
        board.fill(start.assignments)
    board.construct()
    if engine == "ortools":
        from dispatch import second_opinion

        board = second_opinion.solve(problem, seconds=seconds or 10.0, start=board, progress=progress)
        return answer(board, engine="ortools")
    rounds = 0
    if engine != "insertion" and (seconds or iterations) and board.day.visits and board.day.shifts:
        hottest = HOTTEST if start is None else 1.0
        rounds = improve(board, seconds=seconds, iterations=iterations, progress=progress, clock=clock, hottest=hottest)
    return answer(board, engine="search" if rounds else "insertion", iterations=rounds)


def answer(board: Board, *, engine: str, iterations: int = 0) -> Plan:
    """The plan on the board; what nobody could ever serve is told apart from what was given up for others."""
    board.freshen()
    problem = board.day.problem
    plan = plan_of(problem, board.assignments(), engine=engine, iterations=iterations)
    if not plan.unserved:
        return plan
    empty = Board(problem, fast=board.fast)
    unserved = []
    for missing in plan.unserved:
        visit = empty.index[missing.visit]
        alone = empty.insert(visit, 1 << 49)
        if alone:
            empty.remove(visit)
        unserved.append(Unserved(missing.visit, "sacrificed" if alone else "impossible"))
    return replace(plan, unserved=tuple(unserved))


def improve(
    board: Board,
    *,
    seconds: float | None,
    iterations: int | None,
    progress: Progress | None,
    clock: Clock = time.monotonic,
    hottest: float = 1.0,
) -> int:
    """Ruin and recreate until the budget is spent or `progress` says False; leaves the best plan on the board.

    At first a detour of up to `hottest` usual ways is accepted, where the budget lasts; one betters the plan there is,
    and never lets go of it: a search that is stuck begins anew only where it began with nothing.
    """
    begun, done, chunk, expected = clock(), 0, 8 if board.fast else 1, iterations or 0
    way = usual_way(board)
    f, kernel = board.f, board.kernel
    now, best = fresh_state(board), fresh_state(board)
    kernel.copy(now, board.s)
    kernel.copy(best, board.s)
    board.s.random[1:3] = board.like([BLINK, BLINK])
    costs: Any = board.like([board.cost()] * 3)
    descent = Descent(int(costs[2]))
    while True:
        spent = clock() - begun
        share = max(spent / seconds if seconds else 0.0, done / iterations if iterations else 0.0)
        if progress is not None and progress(spent, done, int(costs[1]), board.unserved(best)) is False:
            break
        if share >= 1:
            break
        rounds = 64 if seconds is None and iterations else chunk
        rounds = min(rounds, iterations - done) if iterations else rounds
        hot = way * max(1.0, min(hottest, expected / (PATIENCE * max(1, len(board.day.visits)))))
        if descent.stuck(int(costs[2]), share) and hottest > 1:
            blank = fresh_state(board)
            kernel.copy(board.s, blank)
            kernel.copy(now, blank)
            costs[0] = costs[2] = board.cost()
            descent = Descent(int(costs[2]), share, share)
        heat = hot * (way / 100 / hot) ** descent.cooled(share)
        kernel.search(f, board.s, now, best, costs, rounds, heat, heat)
        done += rounds
        since = clock() - begun
        pace = (since - spent) / rounds
        if seconds and not iterations and since:
            expected = int(seconds * done / since)
        chunk = max(1, min(2 * chunk, int(CHUNK / pace) if pace else chunk))
    kernel.copy(board.s, best)
    board.s.random[1:3] = board.like([0, 0])
    return done


def usual_way(board: Board) -> float:
    """What the way to the fifth nearest visit costs on average: the measure of the search's heat."""
    f = board.day.facts
    nodes, near, places = int(f.sizes[0]), int(f.sizes[7]), int(f.sizes[5])
    if near == 0:
        return 1.0
    place = f.place[:nodes]
    fifth = f.near.reshape(nodes, near)[:, min(4, near - 1)]
    return max(1.0, float(np.mean(f.travel[place * places + place[fifth]])) * float(f.weights[0]))
