"""Measures the dispatcher on published days: every result is one JSON line, and a run goes on where the last one ended.

    python -m bench.dispatch --set hhcrsp-mankowska --data ../shared/data --seconds 10 --seeds 5 \
        --solutions var/bench/solutions --json var/bench/dispatch.jsonl
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.dispatch.sets import SETS, Instance
from dispatch import warm

SAMPLE = 900  # seconds a run without --all may take


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench dispatch", description=__doc__)
    parser.add_argument("--set", dest="name", choices=sorted(SETS), default="hhcrsp-mankowska")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seconds", type=float, default=10.0, help="for each solve, on one core")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--engines", default="", help="a comma list of: ours, ortools, pyvrp, vroom; all that can")
    parser.add_argument("--only", default="", help="a comma list of instances or families")
    parser.add_argument("--all", action="store_true", help="everything, however long it takes")
    parser.add_argument("--solutions", type=Path, default=Path("var/bench/solutions"))
    parser.add_argument("--json", type=Path, default=Path("var/bench/dispatch.jsonl"))
    options = parser.parse_args(arguments)
    folder = options.data / SETS[options.name].folder
    if SETS[options.name].folder and not folder.exists():
        print(f"skipped: no data at {folder}")
        return 2 if os.environ.get("CI") else 0
    options.engines = options.engines or SETS[options.name].engines
    warm(lambda step, steps, what: print(f"compiling {step}/{steps}: {what}", flush=True))
    SETS[options.name].warm()
    run(options, folder)
    show(options)
    return 0


def run(options: argparse.Namespace, folder: Path) -> None:
    """Interleaved: one seed of all instances by all engines, then the next seed."""
    done = {_key(line) for line in _lines(options.json)}
    begun = time.monotonic()
    instances = [i for i in SETS[options.name].instances(folder) if _wanted(i, options.only)]
    for seed in range(1, options.seeds + 1):
        for instance in _mixed(instances):
            for engine in options.engines.split(","):
                key = (options.name, instance.name, engine, seed, options.seconds)
                if key in done:
                    continue
                if not options.all and time.monotonic() - begun + options.seconds > SAMPLE:
                    print("the sample is over; --all goes on")
                    return
                _append(options.json, measure(options, instance, engine, seed))


def measure(options: argparse.Namespace, instance: Instance, engine: str, seed: int) -> dict[str, Any]:
    wall, cpu = time.monotonic(), time.process_time()
    found = instance.run(engine, options.seconds, seed)
    line: dict[str, Any] = {
        "set": options.name,
        "family": instance.family,
        "instance": instance.name,
        "engine": engine,
        "seed": seed,
        "seconds": options.seconds,
        "wall": round(time.monotonic() - wall, 3),
        "cpu": round(time.process_time() - cpu, 3),
        "best_known": instance.best,
        "cost": found.cost,
        "iterations": found.iterations,
    } | dict(found.more)
    if found.failed:
        line["failed"] = found.failed
    if found.solution is not None:
        name = f"{options.name}-{instance.name}-{engine}-{options.seconds:g}s-{seed}.json"
        options.solutions.mkdir(parents=True, exist_ok=True)
        (options.solutions / name).write_text(json.dumps(found.solution), "utf-8")
    return line


def show(options: argparse.Namespace) -> None:
    """One row for each family and engine: gaps over all instances and seeds, failures and more vehicles apart."""
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in _lines(options.json):
        if line["set"] == options.name and line["seconds"] == options.seconds:
            rows.setdefault((line["family"], line["engine"]), []).append(line)
    heads = "family, engine, solves, failed, mean gap, median, worst, below best, more vehicles, mean wall, mean cpu"
    print(f"\n| {heads.replace(', ', ' | ')} |\n{'|---' * 11}|")
    for (family, engine), lines in sorted(rows.items()):
        print(_row(family, engine, lines))


def _row(family: str, engine: str, lines: list[dict[str, Any]]) -> str:
    more = sum(x.get("vehicles", 0) > 0 for x in lines)
    level = [x for x in lines if x["cost"] is not None and x["best_known"] and x.get("vehicles", 0) == 0]
    gaps = [100 * (x["cost"] / x["best_known"] - 1) for x in level]
    figures = (statistics.mean, statistics.median, max)
    told = [f"{figure(gaps):+.2f} %" for figure in figures] if gaps else ["–"] * 3
    below = len({x["instance"] for x in level if x["cost"] < x["best_known"] - 0.005})
    times = [f"{statistics.mean(x[key] for x in lines):.1f} s" for key in ("wall", "cpu")]
    failed = sum(x["cost"] is None for x in lines)
    cells = [family, engine, len(lines), failed, *told, below, more, *times]
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _mixed(instances: list[Instance]) -> list[Instance]:
    """The first of each family, then the second: a sample that ends early still has seen them all."""
    families: dict[str, int] = {}
    place = {}
    for instance in instances:
        place[instance.name] = families[instance.family] = families.get(instance.family, -1) + 1
    return sorted(instances, key=lambda i: place[i.name])


def _wanted(instance: Instance, only: str) -> bool:
    return not only or bool({instance.name, instance.family} & set(only.split(",")))


def _key(line: dict[str, Any]) -> tuple[Any, ...]:
    return line["set"], line["instance"], line["engine"], line["seed"], line["seconds"]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        for line in path.read_text("utf-8").splitlines():
            yield json.loads(line)


def _append(path: Path, line: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    gap = f"{100 * (line['cost'] / line['best_known'] - 1):+.2f} %" if line["cost"] and line["best_known"] else ""
    print(line["instance"], line["engine"], line["seed"], line["cost"] or line["failed"], gap, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
