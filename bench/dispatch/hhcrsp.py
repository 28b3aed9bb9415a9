"""Reads both forms of the home care benchmark of Mankowska et al. (2014), writes what `evaluate.py` judges."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from dispatch import Caregiver, Link, Plan, Problem, Shift, Visit, Weights, Window

FINE = 1000  # ticks for one unit of the files
NEVER = 10**9
WEIGHTS = Weights(travel=1, lateness=1, worst_lateness=1, overtime=0, overload=0, unfamiliar=0, not_preferred=0)


def read(path: Path) -> Problem:
    return _from_json(path) if path.suffix == ".json" else _from_text(path)


def cost(plan: Plan) -> float:
    """The published objective of a plan, from its own figures."""
    return plan.total / 3 / FINE


def solution(plan: Plan) -> dict[str, Any]:
    """The form that `evaluate.py` judges."""
    return {
        "routes": [
            {"caregiver": route.caregiver, "locations": [_stop(s.visit, s.start) for s in route.stops]}
            for route in plan.routes
        ]
    }


def _stop(visit: str, start: int) -> dict[str, Any]:
    patient, service = visit.split(".")
    return {"patient": patient, "service": service, "arrival_time": start / FINE}


def _problem(
    skills: list[set[str]],
    wants: list[tuple[str, int, float, float, list[tuple[str, float]], tuple[float, float] | None]],
    road: Any,
) -> Problem:
    """wants: patient, place, opens, closes, services with minutes, gap between two."""
    shift = (Shift(0, NEVER),)
    staff = tuple(Caregiver(f"c{k + 1}", shift, frozenset(s), start=0, end=0) for k, s in enumerate(skills))
    visits, links = [], []
    for patient, place, opens, closes, services, gap in wants:
        window = (Window(_ticks(opens), _ticks(closes)),)
        names = [f"{patient}.{service}" for service, _ in services]
        for name, (service, minutes) in zip(names, services, strict=True):
            visits.append(Visit(name, place, window, _ticks(minutes), needs=frozenset({service}), late=NEVER))
        if gap is not None:
            links.append(Link(names[0], names[1], _ticks(gap[0]), _ticks(gap[1]), different=True))
    matrix = np.rint(np.array(road, dtype=float) * FINE).astype(np.int64)
    return Problem(staff, tuple(visits), {"ebike": matrix}, tuple(links), WEIGHTS, tick_seconds=60 / FINE)


def _ticks(value: float) -> int:
    return round(value * FINE)


def _from_text(path: Path) -> Problem:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
    lines = [line.strip() for line in text.splitlines()]

    def rows(key: str, count: int, step: int = 1) -> list[list[float]]:
        at = lines.index(key) + 1
        return [[float(x) for x in lines[at + i * step].split()] for i in range(count)]

    nodes, staff = int(rows("nbNodes", 1)[0][0]), int(rows("nbVehi", 1)[0][0])
    asked, minutes = rows("r", nodes), rows("p", nodes, staff)
    least, most, opens, closes = (rows(key, 1)[0] for key in ("mind", "maxd", "e", "l"))
    wants = []
    for k in range(1, nodes - 1):
        services = [(f"s{s + 1}", minutes[k][s]) for s, wanted in enumerate(asked[k]) if wanted]
        gap = (least[k], most[k]) if len(services) == 2 else None
        wants.append((f"p{k}", k, opens[k], closes[k], services, gap))
    skills = [{f"s{s + 1}" for s, yes in enumerate(row) if yes} for row in rows("a", staff)]
    return _problem(skills, wants, rows("d", nodes))


def _from_json(path: Path) -> Problem:
    day = json.loads(path.read_text("utf-8"))
    wants = []
    for k, patient in enumerate(day["patients"], 1):
        services = [(need["service"], need["duration"]) for need in patient["required_caregivers"]]
        together, gap = patient.get("synchronization"), None
        if together:
            gap = (0.0, 0.0) if together["type"] == "simultaneous" else tuple(together["distance"])
        opens, closes = (round(x) for x in patient["time_window"])
        wants.append((patient["id"], k, opens, closes, services, gap))
    return _problem([set(c["abilities"]) for c in day["caregivers"]], wants, day["distances"])
