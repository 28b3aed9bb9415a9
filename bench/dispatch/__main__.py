"""Measures the dispatcher on published days: every result is one JSON line, and a run goes on where the last one ended.

    python -m bench.dispatch                                             # 15 minutes of everything
    python -m bench.dispatch --set solomon,district --only R1,S --all    # these tables, however long they take

Without --set the dispatcher's answers are measured too, with --all also how time grows with the day.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from bench.dispatch import answers, growth
from bench.dispatch.sets import SETS, Instance
from dispatch import warm

SAMPLE = 900  # seconds a run without --all may take


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench dispatch", description=__doc__)
    parser.add_argument("--set", dest="names", default="", help="a comma list; every set, and the answers")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seconds", type=float, help="for each solve, on one core; what its table asks for")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--engines", default="", help="a comma list of: ours, ortools, pyvrp, vroom; all that can")
    parser.add_argument("--only", default="", help="a comma list of instances or families")
    parser.add_argument("--all", action="store_true", help="everything, however long it takes")
    parser.add_argument("--solutions", type=Path, default=Path("var/bench/solutions"))
    parser.add_argument("--json", type=Path, default=Path("var/bench/dispatch.jsonl"))
    options = parser.parse_args(arguments)
    asked = options.names.split(",") if options.names else list(SETS)
    if unknown := set(asked) - SETS.keys():
        parser.error(f"no set {', '.join(sorted(unknown))}; there are {', '.join(SETS)}")
    missing = [name for name in asked if SETS[name].folder and not (options.data / SETS[name].folder).exists()]
    for name in missing:
        print(f"skipped: no data for {name} at {options.data / SETS[name].folder}")
    names = [name for name in asked if name not in missing]
    warm(lambda step, steps, what: print(f"compiling {step}/{steps}: {what}", flush=True))
    for name in names:
        SETS[name].warm()
    run(options, names)
    for name in names:
        show(options, name)
    if not options.names:
        answers.main(["--seeds", "3", "--asked", "60"] if options.all else ["--seeds", "1", "--asked", "20"])
        if options.all:
            growth.main([])
    return 2 if missing and os.environ.get("CI") else 0


def run(options: argparse.Namespace, names: Sequence[str]) -> None:
    """Interleaved: one seed of all instances, of each set in turn, by all engines, then the next seed."""
    done = {_key(line) for line in _lines(options.json)}
    begun = time.monotonic()
    each = [[(name, i) for i in _mixed(_wanted(options, name))] for name in names]
    skipped = False
    turns = [turn for turn in chain.from_iterable(zip_longest(*each)) if turn]
    for seed in range(1, options.seeds + 1):
        for name, instance in turns:
            seconds = options.seconds or SETS[name].budget(instance.family)
            engines = (options.engines or SETS[name].engines).split(",")
            waiting = [e for e in engines if (name, instance.name, e, seed, seconds) not in done]
            if not options.all and len(waiting) * seconds > SAMPLE - (time.monotonic() - begun):
                skipped = True
                continue
            for engine in waiting:
                _append(options.json, measure(options, name, instance, engine, seed, seconds))
    if skipped:
        print("the sample is over; --all goes on")


def measure(
    options: argparse.Namespace, name: str, instance: Instance, engine: str, seed: int, seconds: float
) -> dict[str, Any]:
    wall, cpu = time.monotonic(), time.process_time()
    found = instance.run(engine, seconds, seed)
    line: dict[str, Any] = {
        "set": name,
        "family": instance.family,
        "instance": instance.name,
        "engine": engine,
        "seed": seed,
        "seconds": seconds,
        "wall": round(time.monotonic() - wall, 3),
        "cpu": round(time.process_time() - cpu, 3),
        "best_known": instance.best,
        "cost": found.cost,
        "iterations": found.iterations,
    } | dict(found.more)
    if found.failed:
        line["failed"] = found.failed
    if found.solution is not None:
        options.solutions.mkdir(parents=True, exist_ok=True)
        file = options.solutions / f"{name}-{instance.name}-{engine}-{seconds:g}s-{seed}.json"
        file.write_text(json.dumps(found.solution), "utf-8")
    return line


def show(options: argparse.Namespace, name: str) -> None:
    """One row for each family and engine: gaps over all instances and seeds, failures and more vehicles apart."""
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in _lines(options.json):
        if line["set"] == name and line["seconds"] == (options.seconds or SETS[name].budget(line["family"])):
            rows.setdefault((line["family"], line["engine"]), []).append(line)
    print(f"\n{name}")
    heads = "family, engine, solves, failed, mean gap, median, worst, below best, mean cost, more vehicles, wall, cpu"
    print(f"\n| {heads.replace(', ', ' | ')} |\n{'|---' * 12}|")
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
    cost = f"{statistics.mean([x['cost'] for x in lines if x['cost'] is not None] or [0]):,.0f}"
    cells = [family, engine, len(lines), failed, *told, below, cost, more, *times]
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _mixed(instances: list[Instance]) -> list[Instance]:
    """The first of each family, then the second: a sample that ends early still has seen them all."""
    families: dict[str, int] = {}
    place = {}
    for instance in instances:
        place[instance.name] = families[instance.family] = families.get(instance.family, -1) + 1
    return sorted(instances, key=lambda i: place[i.name])


def _wanted(options: argparse.Namespace, name: str) -> list[Instance]:
    instances, only = SETS[name].instances(options.data / SETS[name].folder), set(options.only.split(","))
    return [i for i in instances if not options.only or {i.name, i.family} & only]


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
