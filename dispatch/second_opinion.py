"""OR-Tools routing as an engine that can be asked for by name: always in a fresh process, never longer than its limit.

It starts from a plan and keeps the times of linked visits as they are in it; soft times and the price of strangers on
large days are not in its model. Its routes go back on our board, which times them and puts in what was left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from dispatch.arrays import FAR
from dispatch.board import Board
from dispatch.plan import Assignment, Plan
from dispatch.problem import Problem
from dispatch.wire import from_json, to_json

GRACE = 2.0  # seconds to start and to stop, before it is killed
MATRICES = 2_000_000  # numbers up to which each caregiver gets a matrix of their own


def solve(
    problem: Problem,
    *,
    seconds: float,
    start: Board,
    progress: Callable[[float, int, int, int], object] | None = None,
) -> Board:
    """The board with a plan at least as good as the one on it; the same board if OR-Tools has nothing better."""
    begun, cost = time.monotonic(), start.cost()
    with tempfile.TemporaryDirectory() as folder:
        question, reply = Path(folder, "question"), Path(folder, "reply")
        lines = [to_json(problem), to_json(Plan(tuple(start.assignments()))), str(seconds), str(reply)]
        question.write_text("\n".join(lines), "utf-8")
        command = [sys.executable, "-m", "dispatch.second_opinion", str(question)]
        root = str(Path(__file__).parents[1])
        child = subprocess.Popen(command, cwd=root, env={**os.environ, "PYTHONPATH": root}, stderr=subprocess.DEVNULL)
        try:
            while child.poll() is None:
                spent = time.monotonic() - begun
                stop = progress is not None and progress(spent, 0, cost, start.unserved(start.s)) is False
                if stop or spent > seconds + GRACE:
                    break
                time.sleep(0.05)
        finally:
            child.kill()
            child.wait()
        routes = json.loads(reply.read_text("utf-8")) if reply.exists() else None
    if routes is None:
        return start
    other = Board(problem, fast=start.fast)
    other.fill(Assignment(visit, at, tuple(names)) for visit, at, names in routes)
    other.construct()
    return other if other.cost() < cost else start


def answer_in_child(question: Path) -> None:
    text, plan, seconds, reply = question.read_text("utf-8").split("\n")
    problem = from_json(Problem, text)
    found = _routed(problem, from_json(Plan, plan), float(seconds))
    if found is not None:
        part = Path(reply + ".part")
        part.write_text(json.dumps(found), "utf-8")
        part.rename(reply)


def _routed(problem: Problem, plan: Plan, seconds: float) -> list[tuple[str, int, list[str]]] | None:
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    begun = time.monotonic()
    board = Board(problem, fast=False)
    board.fill(plan.assignments)
    board.starts()
    f, s = board.f, board.s
    nodes, routes = f.sizes[0], f.sizes[1]
    linked = [f.link_from[j] < f.link_from[j + 1] for j in range(nodes)]
    kept = [j for j in range(nodes) if s.where[j] >= 0 or not linked[j]]
    used = [r for r in range(routes) if f.span[4 * r] <= f.span[4 * r + 2]]
    if not kept or not used:
        return None
    n, m = len(kept), len(used)
    starts, ends = list(range(n, n + m)), list(range(n + m, n + 2 * m))
    manager = pywrapcp.RoutingIndexManager(n + 2 * m, m, starts, ends)
    routing = pywrapcp.RoutingModel(manager)
    real = [*kept, *(nodes + r for r in used), *(nodes + routes + r for r in used)]
    _costs(board, routing, real, used)
    clock = _clock(board, routing, real, used)
    solver = routing.solver()
    for k, j in enumerate(kept):
        index = manager.NodeToIndex(k)
        may = [v for v, r in enumerate(used) if f.fee[j * f.sizes[2] + f.owner[r]] >= 0]
        routing.VehicleVar(index).SetValues([-1, *may])
        if linked[j]:
            clock.CumulVar(index).SetValue(int(s.start[j]))
            continue
        spans = [(f.windows[2 * i], f.windows[2 * i + 1]) for i in range(j * f.sizes[4], (j + 1) * f.sizes[4])]
        spans = [(a, b) for a, b in spans if a < FAR]
        if not spans:
            routing.VehicleVar(index).SetValue(-1)
        else:
            clock.CumulVar(index).SetRange(spans[0][0], spans[-1][1])
        for (_, closed), (opens, _) in pairwise(spans):
            if closed + 1 <= opens - 1:
                clock.CumulVar(index).RemoveInterval(closed + 1, opens - 1)
        routing.AddDisjunction([index], int(f.prize[_visit(board, j)]))
    for v, r in enumerate(used):
        clock.CumulVar(routing.Start(v)).SetRange(int(f.span[4 * r]), int(f.span[4 * r + 2]))
        clock.CumulVar(routing.End(v)).SetRange(int(f.span[4 * r]), int(f.span[4 * r + 2]))
        rests = [
            f.rests[3 * i : 3 * i + 3] for i in range(r * (f.sizes[3] - 1), r * (f.sizes[3] - 1) + f.rest_count[r])
        ]
        if rests:
            intervals = [
                solver.FixedDurationIntervalVar(int(a), int(b - ticks), int(ticks), False, f"rest{v}")
                for a, b, ticks in rests
            ]
            visits = [int(f.service[j * f.sizes[2] + f.owner[r]]) for j in kept] + [0] * (2 * m)
            clock.SetBreakIntervalsOfVehicle(intervals, v, visits)
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    strategy = routing_enums_pb2.FirstSolutionStrategy
    parameters.first_solution_strategy = strategy.LOCAL_CHEAPEST_INSERTION
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    left = max(0.1, seconds - (time.monotonic() - begun) - 0.3)
    parameters.time_limit.FromMilliseconds(int(1000 * left))
    routing.CloseModelWithParameters(parameters)  # else the start is read under default parameters
    order = {j: k for k, j in enumerate(kept)}
    given = [[order[j] for j in _stops(board, r)] for r in used]
    first = routing.ReadAssignmentFromRoutes(given, True)
    found = routing.SolveFromAssignmentWithParameters(first, parameters) if first else None
    found = found or routing.SolveWithParameters(parameters)
    return None if found is None else _read(board, manager, routing, clock, found, kept, used)


def _visit(board: Board, node: int) -> int:
    return board.day.roles[node][0]


def _stops(board: Board, r: int) -> list[int]:
    nodes, found = board.f.sizes[0], []
    j = board.s.next[nodes + r]
    while j < nodes:
        found.append(j)
        j = board.s.next[j]
    return found


def _costs(board: Board, routing: Any, real: list[int], used: list[int]) -> None:
    """Travel by mode; with what each caregiver costs where the day is small enough for a matrix each."""
    f, made = board.f, dict[tuple[int, int], int]()
    personal = len(real) ** 2 * f.sizes[2] <= MATRICES
    for v, r in enumerate(used):
        owner = f.owner[r] if personal else -1
        if (f.mode[r], owner) not in made:
            fees = [max(0, f.fee[j * f.sizes[2] + owner]) if owner >= 0 and j < f.sizes[0] else 0 for j in real]
            rows = _travel(board, f.mode[r], real)
            matrix = [[f.weights[0] * t + fee for t, fee in zip(row, fees, strict=True)] for row in rows]
            made[f.mode[r], owner] = routing.RegisterTransitMatrix(matrix)
        routing.SetArcCostEvaluatorOfVehicle(made[f.mode[r], owner], v)


def _clock(board: Board, routing: Any, real: list[int], used: list[int]) -> Any:
    """The time dimension; caregivers with the same pace share a matrix."""
    f, made, evaluators = board.f, dict[tuple[int, ...], int](), []
    for r in used:
        service = [f.service[j * f.sizes[2] + f.owner[r]] if j < f.sizes[0] else 0 for j in real]
        key = (f.mode[r], *service)
        if key not in made:
            rows = _travel(board, f.mode[r], real)
            made[key] = routing.RegisterTransitMatrix(
                [[t + busy for t in row] for row, busy in zip(rows, service, strict=True)]
            )
        evaluators.append(made[key])
    horizon = int(max(f.span[4 * r + 2] for r in used))
    routing.AddDimensionWithVehicleTransits(evaluators, horizon, horizon, False, "time")
    return routing.GetDimensionOrDie("time")


def _travel(board: Board, mode: int, real: list[int]) -> list[list[int]]:
    f = board.f
    base = mode * f.sizes[5] * f.sizes[5]
    places = [f.place[j] for j in real]
    return [[f.travel[base + i * f.sizes[5] + k] for k in places] for i in places]


def _read(
    board: Board, manager: Any, routing: Any, clock: Any, found: Any, kept: list[int], used: list[int]
) -> list[tuple[str, int, list[str]]]:
    crews: dict[int, dict[int, str]] = {}
    starts: dict[int, int] = {}
    for v, r in enumerate(used):
        index = found.Value(routing.NextVar(routing.Start(v)))
        while not routing.IsEnd(index):
            visit, role = board.day.roles[kept[manager.IndexToNode(index)]]
            crews.setdefault(visit, {})[role] = board.day.problem.caregivers[board.f.owner[r]].id
            starts[visit] = found.Min(clock.CumulVar(index))
            index = found.Value(routing.NextVar(index))
    return [
        (board.day.visits[visit].id, starts[visit], [crew[role] for role in sorted(crew)])
        for visit, crew in crews.items()
    ]


if __name__ == "__main__":
    answer_in_child(Path(sys.argv[1]))
