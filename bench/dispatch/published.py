"""Reads the published sets of rounds: Solomon, Li & Lim, and meal waves with release times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dispatch import Delivery, Rider, Rounds, Wave, Window
from dispatch.problem import Matrix

FINE = 10**6  # Li & Lim count in double precision: millionths of a unit, rounded down
TENTH = 10


def _distances(points: NDArray[np.float64], scale: int) -> Matrix:
    """Euclidean, rounded down to whole ticks of 1/scale. The tiny addition is for roots that are whole."""
    apart = points[:, None] - points[None]
    distances: Matrix = np.floor(np.sqrt((apart**2).sum(-1)) * scale + 1e-7).astype(np.int64)
    return distances


def _numbers(path: Path) -> list[list[float]]:
    """All lines that consist of numbers."""
    lines = (line.split() for line in path.read_text("utf-8").splitlines())
    return [[float(x) for x in line] for line in lines if line and all(_number(x) for x in line)]


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def solomon(path: Path) -> Wave:
    """Distances cut to one decimal; only the way counts."""
    lines = _numbers(path)
    riders, room = next(line for line in lines if len(line) == 2)
    depot, *rest = [line for line in lines if len(line) == 7]
    doors = tuple(
        Delivery(f"{int(i)}", k + 1, Window(int(TENTH * opens), int(TENTH * closes)), int(TENTH * service), int(amount))
        for k, (i, _, _, amount, opens, closes, service) in enumerate(rest)
    )
    staff = tuple(Rider(f"r{k}", int(TENTH * depot[4]), int(TENTH * depot[5]), int(room)) for k in range(int(riders)))
    travel = _distances(np.array([line[1:3] for line in (depot, *rest)]), TENTH)
    return Wave(doors, staff, travel, several=False)


def lilim(path: Path) -> Wave:
    """Fewest vehicles first, then the way in double precision."""
    lines = _numbers(path)
    riders, room = (int(x) for x in lines[0][:2])
    depot, *rest = lines[1:]
    doors = tuple(
        Delivery(
            f"{int(line[0])}", int(line[0]), Window(int(FINE * line[4]), int(FINE * line[5])), int(FINE * line[6]),
            int(line[3]), brings=f"{int(line[7])}" if line[7] else None, prize=10**12,
        )
        for line in rest
    )  # fmt: skip
    staff = tuple(Rider(f"r{k}", int(FINE * depot[4]), int(FINE * depot[5]), room) for k in range(riders))
    travel = _distances(np.array([line[1:3] for line in lines[1:]]), FINE)
    return Wave(doors, staff, travel, several=False, fewest=True)


def meals(path: Path) -> Wave:
    """Several trips, each not before its latest meal is ready; the way in tenths."""
    text = path.read_text("utf-8").splitlines()
    head = dict(line.split(":", 1) for line in text if ":" in line)
    facts = {key.strip(): value.strip() for key, value in head.items()}
    sections: dict[str, dict[int, list[int]]] = {}
    name = ""
    for line in text:
        words = line.split()
        if words and words[0].endswith("_SECTION"):
            name = words[0]
            sections[name] = {}
        elif name and words and all(_number(x) for x in words):
            sections[name][int(words[0])] = [int(float(x)) for x in words[1:]]
    nodes = sorted(sections["NODE_COORD_SECTION"])
    points = np.array([sections["NODE_COORD_SECTION"][i] for i in nodes], dtype=float)
    service = TENTH * int(float(facts["SERVICE_TIME"]))
    window, ready = sections["TIME_WINDOW_SECTION"], sections["RELEASE_TIME_SECTION"]
    doors = tuple(
        Delivery(
            f"{i}", k, Window(TENTH * window[i][0], TENTH * window[i][1]), service, sections["DEMAND_SECTION"][i][0],
            ready=TENTH * ready[i][0],
        )
        for k, i in enumerate(nodes) if i != 1
    )  # fmt: skip
    opens, closes = (TENTH * x for x in window[1])
    staff = tuple(
        Rider(f"r{k}", opens, closes, int(float(facts["CAPACITY"]))) for k in range(int(float(facts["VEHICLES"])))
    )
    return Wave(doors, staff, _distances(points, TENTH))


def in_double(wave: Wave, rounds: Rounds, path: Path) -> tuple[int, float, str]:
    """Vehicles, length and complaint of Li & Lim rounds, driven again in double precision."""
    lines = _numbers(path)
    nodes = {f"{int(line[0])}": line for line in lines[1:]}
    depot, length = nodes["0"], 0.0
    for trip in rounds.trips:
        here, now = depot, depot[4]
        for name, _ in trip.stops:
            there = nodes[name]
            way = float(np.hypot(here[1] - there[1], here[2] - there[2]))
            length, now = length + way, max(there[4], now + way)
            if now > there[5] + 1e-3:
                return 0, 0.0, f"late at {name}"
            here, now = there, now + there[6]
        way = float(np.hypot(here[1] - depot[1], here[2] - depot[2]))
        length, now = length + way, now + way
        if now > depot[5] + 1e-3:
            return 0, 0.0, "late home"
    return len(rounds.trips), length, ""
