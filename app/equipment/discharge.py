"""When a battery will be flat, from one level a day: a robust trend since it was last changed, or a plain "unknown".

The slope is Theil and Sen's, the median of the slopes of all pairs: a bad day, a cold night or a wrong reading does not
bend it. Cells fall faster towards their end, so the slope of the last weeks is taken where it is surely steeper.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from math import ceil, sqrt
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

WINDOW: Final = 60  # days that are looked at
LATELY: Final = 14  # days in which a fall may have become steeper
FEWEST: Final = 8  # points
SHORTEST: Final = 10  # days from the first to the last
FARTHEST: Final = 730  # days: beyond it a forecast is a guess
FLAT: Final = 5.0  # per cent: most devices say nothing below it
CHANGED: Final = 15.0  # per cent that a level rises when the battery is changed
CHANGED_VOLTS: Final = 0.06  # of the voltage
COARSE: Final = 6  # steps in the window: so few, and only the days between two levels tell something
CELLS: Final = ((3.75, 3.45), (3.3, 3.1), (2.5, 2.45), (1.3, 1.05))
"""A fresh cell's least voltage and the voltage at which it is empty: Li-ion, Li-SOCl2, Li-MnO2, alkaline; per cell."""

Floats = NDArray[np.float64]


class Unknown(StrEnum):
    """Why there is no day."""

    TOO_FEW = "too_few"  # days since it was changed
    NOT_FALLING = "not_falling"
    FAR = "far"  # more than two years
    CHARGED = "charged"  # it is charged, not changed


@dataclass(frozen=True)
class Point:
    """The last level of a day: per cent, or volts where a device says nothing else."""

    day: date
    level: float


@dataclass(frozen=True)
class Forecast:
    """The day it will be flat, between two others; or why that is not known."""

    flat_on: date | None = None
    earliest: date | None = None
    latest: date | None = None
    changed_on: date | None = None
    unknown: Unknown | None = None


def forecast(points: Sequence[Point], *, volts: bool = False) -> Forecast:
    """From points in the order of their days, at most one a day. Volts where `volts`, else per cent."""
    own, changed_on = since_change(points, volts=volts)
    if not own:
        return Forecast(unknown=Unknown.TOO_FEW)
    last = own[-1].day
    floor = _empty_at(max(point.level for point in own)) if volts else FLAT
    own = [point for point in own if (last - point.day).days <= WINDOW]
    days = np.array([(point.day - last).days for point in own], dtype=np.float64)
    levels = np.array([point.level for point in own], dtype=np.float64)
    if len(own) < FEWEST or (last - own[0].day).days < SHORTEST:
        return Forecast(changed_on=changed_on, unknown=Unknown.TOO_FEW)
    slope, gentle, steep = _trend(*_edges(days, levels))
    bend, late = 0.0, days >= -LATELY
    if late.sum() >= FEWEST and (~late).sum() >= FEWEST:
        now_slope, now_gentle, now_steep = _trend(days[late], levels[late])
        before = _trend(days[~late], levels[~late])
        if now_gentle < before[2]:  # surely steeper than before, and likely to become steeper still
            bend = (now_slope - before[0]) / float(days[late].mean() - days[~late].mean())
            slope, gentle, steep = now_slope, now_gentle, now_steep
    if slope >= 0:
        return Forecast(changed_on=changed_on, unknown=Unknown.NOT_FALLING)
    residues = levels[-LATELY:] - slope * days[-LATELY:]
    level = float(np.median(residues)) - floor
    doubt = float(np.median(np.abs(residues - np.median(residues))))  # of today's level
    left = _days(level, slope, bend / 2)
    if left > FARTHEST:
        return Forecast(changed_on=changed_on, unknown=Unknown.FAR)
    earliest = min(left, _days(level - doubt, steep, bend))
    latest = max(left, _days(level + doubt, gentle, 0.0) if gentle < 0 else FARTHEST)
    return Forecast(
        last + timedelta(days=left), last + timedelta(days=earliest), last + timedelta(days=min(latest, FARTHEST)),
        changed_on,
    )  # fmt: skip


def since_change(points: Sequence[Point], *, volts: bool = False) -> tuple[list[Point], date | None]:
    """The points since the battery was last changed, and the day of that. One wrong reading is no change."""
    start = 0
    for n in range(1, len(points)):
        before = median(one.level for one in points[max(start, n - 3) : n])
        step = CHANGED_VOLTS * before if volts else CHANGED
        if points[n].level - before >= step and all(one.level - before >= step * 0.7 for one in points[n : n + 3]):
            start = n
    return list(points[start:]), points[start].day if start else None


def _empty_at(fresh: float) -> float:
    """The voltage at which a battery is empty that once had so much; several cells in a row are counted."""
    for cells in (1, 2, 3, 4):
        each = fresh / cells
        if each <= 4.3 and (cells == 1 or each >= 1.3):
            return cells * next((empty for full, empty in CELLS if each >= full), each * 0.85)
    return fresh * 0.85


def _edges(days: Floats, levels: Floats) -> tuple[Floats, Floats]:
    """Coarse levels (100, 75, 50 …) as the days on which they changed, half-way between the two."""
    moved = np.flatnonzero(np.diff(levels) != 0)
    if not 3 <= len(moved) <= COARSE:
        return days, levels
    return (days[moved] + days[moved + 1]) / 2, (levels[moved] + levels[moved + 1]) / 2


def _trend(days: Floats, levels: Floats) -> tuple[float, float, float]:
    """The median slope, and its bounds with ninety per cent (Sen 1968): the gentle one and the steep one."""
    first, second = np.triu_indices(len(days), 1)
    slopes = np.sort((levels[second] - levels[first]) / (days[second] - days[first]))
    n = len(days)
    spread = 1.645 * sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(0, int((len(slopes) - spread) / 2))
    high = min(len(slopes) - 1, ceil((len(slopes) + spread) / 2))
    return float(np.median(slopes)), float(slopes[high]), float(slopes[low])


def _days(above: float, slope: float, bend: float) -> int:
    """Until a level that falls by `slope` a day, and each day by `bend` more, is down by `above`."""
    if above <= 0:
        return 0
    # above + slope t + bend t²/2 = 0
    found = above / -slope if bend >= 0 else (slope + sqrt(slope * slope - 2 * bend * above)) / -bend
    return round(min(10.0 * FARTHEST, found))
