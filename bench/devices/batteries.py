"""How well the day of an empty battery is foretold: simulated cells, ours against a line through the last two points.

    python -m bench.devices.batteries [--cells 300]

Each cell is followed to the day it is flat (5 %); the forecast is asked 14 days before. The error is in days.
"""

import argparse
import random
import statistics
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from app.equipment.discharge import FLAT, Point, forecast

START = date(2026, 1, 1)
AHEAD = 14
Curve = Callable[[random.Random], list[float]]


def falling(rng: random.Random) -> list[float]:
    """A coin cell whose maker reports a straight line, with noise."""
    life, noise = rng.uniform(90, 400), rng.uniform(0.5, 2)
    return [max(0.0, min(100.0, 100 - 95 * day / life + rng.gauss(0, noise))) for day in range(int(life) + 1)]


def knee(rng: random.Random) -> list[float]:
    """A lithium cell: it stays high for long and then falls fast."""
    life, noise = rng.uniform(120, 400), rng.uniform(0.5, 1.5)
    return [
        max(0.0, min(100.0, 100 - 40 * (day / life) - 55 * (day / life) ** 6 + rng.gauss(0, noise)))
        for day in range(int(life) + 1)
    ]


def cold(rng: random.Random) -> list[float]:
    """A straight line with cold nights and a wrong reading now and then."""
    life = rng.uniform(90, 300)
    return [
        max(0.0, min(100.0, 100 - 95 * day / life - (6 if rng.random() < 0.15 else 0) + rng.gauss(0, 1.5)))
        if rng.random() > 0.02
        else rng.choice((0.0, 100.0))
        for day in range(int(life) + 1)
    ]


def coarse(rng: random.Random) -> list[float]:
    """A device that knows tenths only."""
    return [float(round(level / 10) * 10) for level in falling(rng)]


def changed(rng: random.Random) -> list[float]:
    """The battery was changed on the way."""
    return [*falling(rng)[: rng.randint(30, 80)], *falling(rng)]


KINDS: dict[str, Curve] = {"line": falling, "knee": knee, "cold nights": cold, "tenths": coarse, "changed": changed}


def two_points(points: Sequence[Point]) -> date | None:
    """A line through the last two points that differ."""
    last = points[-1]
    before = next((one for one in reversed(points) if one.level != last.level), None)
    if before is None or before.level < last.level:
        return None
    slope = (last.level - before.level) / (last.day - before.day).days
    return last.day + timedelta(days=min(730, round((last.level - FLAT) / -slope)))


def main() -> None:
    """Print a line for each kind of cell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=300)
    cells = parser.parse_args().cells
    print(f"{'cell':12} {'known':>6} {'error':>6} {'p90':>6} {'inside':>7} | {'two points: known':>17} {'error':>6}")
    for name, curve in KINDS.items():
        rng = random.Random(f"7/{name}")
        ours, theirs, inside = [], [], 0
        for _ in range(cells):
            levels = curve(rng)
            flat = START + timedelta(days=len(levels) - 1)
            points = [
                Point(START + timedelta(days=day), level)
                for day, level in enumerate(levels[:-AHEAD])
                if rng.random() > 0.1  # it was not heard on some days
            ]
            found = forecast(points)
            if found.flat_on and found.earliest and found.latest:
                ours.append(abs((found.flat_on - flat).days))
                inside += found.earliest <= flat <= found.latest
            if plain := two_points(points):
                theirs.append(abs((plain - flat).days))
        p90 = sorted(ours)[int(len(ours) * 0.9)]
        print(
            f"{name:12} {len(ours) / cells:6.0%} {statistics.mean(ours):6.1f} {p90:6} {inside / len(ours):7.0%} | "
            f"{len(theirs) / cells:17.0%} {statistics.mean(theirs):6.1f}"
        )


if __name__ == "__main__":
    main()
