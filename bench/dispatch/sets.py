"""The sets of days: where they lie, how they are read, solved by whom, and judged."""

from __future__ import annotations

import csv
import importlib.util
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.dispatch import district, district_peers, hhcrsp, published, rounds_peers
from dispatch import (  # fmt: skip
    Caregiver,
    Delivery,
    Plan,
    Problem,
    Rider,
    Rounds,
    Shift,
    Visit,
    Wave,
    Weights,
    Window,
    deliver,
    faults,
    solve,
    solve_large,
    wrong,
)

LARGE = 200  # caregivers from whom on ours cuts the day; the table's budget is then of the wall, still on one core


@dataclass(frozen=True)
class Found:
    """What an engine made of a day, judged: `cost` is None where it failed, and `failed` says why."""

    cost: float | None
    failed: str = ""
    iterations: int = 0
    solution: Any = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Instance:
    """One day to solve; `best` is the best known cost where one is known. `run` takes engine, seconds and seed."""

    name: str
    family: str
    best: float | None
    run: Callable[[str, float, int], Found]


@dataclass(frozen=True)
class Set:
    """`folder` below --data; `warm` compiles what `dispatch.warm` does not."""

    folder: str
    engines: str
    instances: Callable[[Path], Iterator[Instance]]
    warm: Callable[[], object]
    seconds: float | Mapping[str, float]  # what the table gives each solve, or each solve of a family

    def budget(self, family: str) -> float:
        return self.seconds if isinstance(self.seconds, int | float) else self.seconds[family]


# -- days where lateness is the objective --------------------------------------------------------------------


def _mankowska(folder: Path) -> Iterator[Instance]:
    evaluate = _module(folder / "evaluate.py")
    for row in _known(folder):
        path: Path = evaluate.find(folder / "instances" / f"{row['instance']}.txt")

        def judged(told: Any, path: Path = path) -> tuple[float, str]:
            cost, *_, bad = evaluate.cost(evaluate.read_txt(path), told)
            return cost, str(bad[:3]) if bad else ""

        yield Instance(row["code"], row["code"][0], float(row["value"]), _annealed(path, judged))


def _json(folder: Path) -> Iterator[Instance]:
    best = {"HHCRSP_10_3_11_0.4_R_C": 106.667, "HHCRSP_25_5_21_1.6_R_RC": 197.667}
    for path in sorted(folder.glob("*.json")):
        yield Instance(path.stem, "json", best.get(path.stem), _annealed(path, None))


def _annealed(path: Path, judged: Callable[[Any], tuple[float, str]] | None) -> Callable[[str, float, int], Found]:
    def run(engine: str, seconds: float, seed: int) -> Found:
        problem = hhcrsp.read(path)
        if engine == "ours":
            plan = solve(problem, seconds=seconds, seed=seed, engine="anneal", clock=time.process_time)
        else:
            from bench.dispatch import plain_ortools

            found = plain_ortools.hhcrsp(problem, seconds)
            if found is None:
                return Found(None, "no plan")
            plan = found
        told = hhcrsp.solution(plan)
        cost, complaint = judged(told) if judged else (hhcrsp.cost(plan), "")
        failed = complaint or ", ".join(sorted({f.rule for f in faults(problem, plan)}))
        failed = failed or ("unserved" if plan.unserved else "")
        return Found(None if failed else cost, failed, plan.iterations, told)

    return run


def _warm_annealing() -> None:
    window = (Window(0, 9),)
    visits = tuple(Visit(f"p{k}.s", k, window, 1, late=99) for k in range(3))
    weights = Weights(overload=0, worst_lateness=1)
    road = {"ebike": np.ones((3, 3), dtype=np.int64)}
    staff = tuple(Caregiver(name, (Shift(0, 99),), start=0, end=0) for name in "ab")
    solve(Problem(staff, visits, road, weights=weights), iterations=100, engine="anneal")


# -- rounds --------------------------------------------------------------------------------------------------


def _solomon(folder: Path) -> Iterator[Instance]:
    for row in _known(folder):
        path = folder / "instances" / f"{row['instance']}.txt"
        family = row["instance"].rstrip("0123456789") + row["instance"][-3]
        yield Instance(row["instance"], family, float(row["value_distance_dimacs"]), _rounds(path, published.solomon))


def _meals(folder: Path) -> Iterator[Instance]:
    for row in _known(folder):
        path = folder / "instances" / f"{row['instance']}.vrp"
        best = float(row["value"]) / published.TENTH
        yield Instance(row["instance"], row["customers"], best, _rounds(path, published.meals))


def _rounds(path: Path, read: Callable[[Path], Wave]) -> Callable[[str, float, int], Found]:
    def run(engine: str, seconds: float, seed: int) -> Found:
        wave = read(path)
        rounds = _by(engine, wave, seconds, seed)
        if rounds is None:
            return Found(None, "no plan")
        failed = ", ".join(sorted({f.rule for f in wrong(wave, rounds)})) or "undelivered" * bool(rounds.undelivered)
        cost = None if failed else rounds.cost["way"] / published.TENTH
        return Found(cost, failed, rounds.iterations, _routes(rounds))

    return run


def _lilim(folder: Path) -> Iterator[Instance]:
    for row in _known(folder):
        path = folder / "instances" / f"{row['instance']}.txt"
        if path.exists():
            yield Instance(row["instance"], row["customers"], float(row["value"]), _pairs(path, int(row["vehicles"])))


def _pairs(path: Path, vehicles: int) -> Callable[[str, float, int], Found]:
    def run(engine: str, seconds: float, seed: int) -> Found:
        wave = published.lilim(path)
        rounds = _by(engine, wave, seconds, seed)
        if rounds is None:
            return Found(None, "no plan")
        used, length, failed = published.in_double(wave, rounds, path)
        failed = failed or ", ".join(sorted({f.rule for f in wrong(wave, rounds)}))
        failed = failed or "undelivered" * bool(rounds.undelivered)
        more = {"vehicles": used - vehicles}
        return Found(None if failed else length, failed, rounds.iterations, _routes(rounds), more)

    return run


def _by(engine: str, wave: Wave, seconds: float, seed: int) -> Rounds | None:
    if engine == "ours":
        return deliver(wave, seconds=seconds, seed=seed, clock=time.process_time)
    return rounds_peers.ENGINES[engine](wave, seconds, seed)


def _routes(rounds: Rounds) -> Any:
    return [{"rider": t.rider, "leaves": t.leaves, "stops": list(t.stops), "returns": t.returns} for t in rounds.trips]


def _warm_rounds() -> None:
    doors = tuple(Delivery(f"{k}", k, Window(0, 99), 1) for k in range(1, 4))
    road = np.ones((4, 4), dtype=np.int64)
    deliver(Wave(doors, (Rider("r", 0, 99, 2),), road), iterations=10)


# -- days of a district --------------------------------------------------------------------------------------


def _district(plain: bool) -> Callable[[Path], Iterator[Instance]]:
    def instances(_: Path) -> Iterator[Instance]:
        for size in district.SIZES:
            for seed in (1, 2, 3):
                yield Instance(f"{size}{seed}", size, None, _planned(size, seed, plain))

    return instances


def _planned(size: str, day: int, plain: bool) -> Callable[[str, float, int], Found]:
    def run(engine: str, seconds: float, seed: int) -> Found:
        problem = district.day(size, day, plain=plain)
        found: Plan | None
        if engine == "ortools-warm":
            found = solve(problem, seconds=seconds, seed=seed, engine="ortools")
        elif engine != "ours":
            found = district_peers.ENGINES[engine](problem, seconds, seed)
        else:
            found = searched(problem, seconds, seed)
        if found is None:
            return Found(None, "no plan")
        failed = ", ".join(sorted({f.rule for f in faults(problem, found)}))
        more = {"unserved": len(found.unserved), "travel": found.cost["travel"]}
        return Found(None if failed else found.total, failed, found.iterations, None, more)

    return run


def searched(problem: Problem, seconds: float, seed: int = 0) -> Plan:
    """A district day by ours, on one core."""
    if len(problem.caregivers) > LARGE:
        return solve_large(problem, seconds=seconds, seed=seed, workers=1)
    return solve(problem, seconds=seconds, seed=seed, clock=time.process_time)


def _known(folder: Path) -> Iterator[dict[str, str]]:
    with (folder / "bks.csv").open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BUDGETS = {"S": 30, "M": 60, "L": 300}
PEERS = "ours,ortools-parallel,ortools-local,ortools-greedy,ortools-warm"
SETS = {
    "hhcrsp-mankowska": Set("hhcrsp-mankowska", "ours,ortools", _mankowska, _warm_annealing, 10),
    "hhcrsp-json": Set("hhcrsp-json", "ours,ortools", _json, _warm_annealing, 10),
    "solomon": Set("vrptw-solomon", "ours,pyvrp,vroom,ortools", _solomon, _warm_rounds, 10),
    "lilim": Set("pdptw-lilim", "ours,ortools", _lilim, _warm_rounds, 30),
    "district": Set("", PEERS, _district(False), lambda: None, BUDGETS),
    "district-plain": Set("", "ours,pyvrp,vroom,ortools-parallel", _district(True), lambda: None, BUDGETS),
    "meals": Set("meals-mtvrptwr", "ours,pyvrp", _meals, _warm_rounds, 60),
}
