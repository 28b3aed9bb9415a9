"""The sets of days: where they lie, how they are read, solved and judged."""

from __future__ import annotations

import csv
import importlib.util
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.dispatch import hhcrsp
from dispatch import Caregiver, Plan, Problem, Shift, Visit, Weights, Window, solve

Judge = Callable[[Problem, Plan], tuple[float, str]]  # cost, complaint


@dataclass(frozen=True)
class Instance:
    """One day to solve; `best` is the best known cost where one is known."""

    name: str
    family: str
    best: float | None
    read: Callable[[], Problem]
    solve: Callable[[Problem, str, float, int], Plan | None]
    judge: Judge
    solution: Callable[[Plan], Any]


@dataclass(frozen=True)
class Set:
    """`folder` below --data; `warm` compiles what `dispatch.warm` does not."""

    folder: str
    instances: Callable[[Path], Iterator[Instance]]
    warm: Callable[[], object]


def _mankowska(folder: Path) -> Iterator[Instance]:
    evaluate = _module(folder / "evaluate.py")
    with (folder / "bks.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            path: Path = evaluate.find(folder / "instances" / f"{row['instance']}.txt")

            def judge(problem: Problem, plan: Plan, path: Path = path) -> tuple[float, str]:
                cost, *_, bad = evaluate.cost(evaluate.read_txt(path), hhcrsp.solution(plan))
                return cost, str(bad[:3]) if bad else ""

            best = float(row["value"])
            yield Instance(row["code"], row["code"][0], best, _reader(path), _annealed, judge, hhcrsp.solution)


def _json(folder: Path) -> Iterator[Instance]:
    best = {"HHCRSP_10_3_11_0.4_R_C": 106.667, "HHCRSP_25_5_21_1.6_R_RC": 197.667}
    for path in sorted(folder.glob("*.json")):
        known = best.get(path.stem)
        yield Instance(path.stem, "json", known, _reader(path), _annealed, _own_cost, hhcrsp.solution)


def _reader(path: Path) -> Callable[[], Problem]:
    return lambda: hhcrsp.read(path)


def _annealed(problem: Problem, engine: str, seconds: float, seed: int) -> Plan | None:
    if engine == "ours":
        return solve(problem, seconds=seconds, seed=seed, engine="anneal", clock=time.process_time)
    from bench.dispatch import plain_ortools

    return plain_ortools.hhcrsp(problem, seconds)


def _own_cost(_: Problem, plan: Plan) -> tuple[float, str]:
    return hhcrsp.cost(plan), "unserved" if plan.unserved else ""


def _warm_annealing() -> None:
    window = (Window(0, 9),)
    visits = tuple(Visit(f"p{k}.s", k, window, 1, late=99) for k in range(3))
    weights = Weights(overload=0, worst_lateness=1)
    road = {"ebike": np.ones((3, 3), dtype=np.int64)}
    staff = tuple(Caregiver(name, (Shift(0, 99),), start=0, end=0) for name in "ab")
    solve(Problem(staff, visits, road, weights=weights), iterations=100, engine="anneal")


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SETS = {
    "hhcrsp-mankowska": Set("hhcrsp-mankowska", _mankowska, _warm_annealing),
    "hhcrsp-json": Set("hhcrsp-json", _json, _warm_annealing),
}
