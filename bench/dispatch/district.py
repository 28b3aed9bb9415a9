"""Days of a district like ours, made from a seed: communities, caregivers, home visits, pairs, breaks, familiar faces.

Sizes are those of the measurements: S 112 visits, M 780, L 5,400. A tick is a minute. Distances are of an e-bike at
15 km/h with detours by a third; places lie in communities of about 60 elders, two kilometres apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from dispatch import Break, Caregiver, Link, Problem, Shift, Visit, Weights, Window

SIZES: Final = {"S": (112, 18), "M": (780, 126), "L": (5400, 870)}  # visits, caregivers
WEIGHTS: Final = Weights(travel=1, lateness=4, overtime=3, overload=1, unfamiliar=10, not_preferred=10, changed=30)


@dataclass(frozen=True)
class Item:
    """A kind of visit: how often, how long, when it may begin, who may, how many."""

    share: int
    minutes: tuple[int, ...]
    windows: tuple[tuple[int, int], ...]
    wide: tuple[int, ...]
    needs: str = ""
    prize: int = 600


ITEMS: Final = (
    Item(34, (60, 90), ((480, 1020),), (120, 180, 240)),  # cleaning
    Item(14, (20, 30), ((660, 720),), (30, 45)),  # a meal at home
    Item(12, (30, 45), ((480, 660), (840, 1020)), (60, 120), "nurse", 1200),
    Item(10, (60, 75), ((540, 660), (840, 1020)), (90, 120), "bath", 1200),  # by two
    Item(16, (45, 60, 120), ((480, 1020),), (60, 120)),  # an errand, an escort
    Item(14, (30, 40), ((480, 600), (960, 1080)), (45, 60), "care", 900),  # getting up, going to bed
)


def day(size: str | tuple[int, int], seed: int, *, plain: bool = False) -> Problem:
    """One day by size or (visits, caregivers); `plain`: no pairs, links, breaks, known faces or fair hours."""
    visits, caregivers = SIZES[size] if isinstance(size, str) else size
    rng = np.random.default_rng([seed, visits])
    communities = max(2, visits // 60)
    side = int(np.ceil(np.sqrt(communities)))
    centres = np.array([(k % side * 2000, k // side * 2000) for k in range(communities)], dtype=float)
    centres += rng.uniform(-500, 500, centres.shape)
    homes = centres[rng.integers(0, communities, visits)] + rng.normal(0, 350, (visits, 2))
    of_staff = centres[np.arange(caregivers) % communities] + rng.normal(0, 900, (caregivers, 2))
    points = np.vstack([homes, of_staff])
    apart = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1)) if len(points) < 2000 else _apart(points)
    road = np.ceil(apart * 1.33 / 250).astype(np.int64) + 1
    np.fill_diagonal(road, 0)
    staff = [_caregiver(k, visits + k, rng, plain) for k in range(caregivers)]
    near = np.argsort(road[:visits, visits:], axis=1, kind="stable")
    asked, links = [], []
    for k in range(visits):
        visit = _visit(k, rng, plain)
        able = [int(c) for c in near[k, : 4 * 12] if visit.needs <= staff[c].skills]
        familiar = frozenset(staff[c].id for c in able[: 12 : max(1, int(rng.integers(1, 5)))][:3])
        asked.append(visit if plain else replace(visit, known=familiar))
        if not plain and k and rng.random() < 0.03 and asked[-2].caregivers == visit.caregivers == 1:
            links.append(Link(asked[-2].id, visit.id, 0, 600))
    return Problem(tuple(staff), tuple(asked), {"ebike": road}, tuple(links), WEIGHTS, tick_seconds=60)


def _apart(points: np.ndarray) -> np.ndarray:
    """Row by row: the differences of all pairs at once would take gigabytes."""
    return np.stack([np.sqrt(((points - point) ** 2).sum(-1)) for point in points])


def _caregiver(k: int, place: int, rng: np.random.Generator, plain: bool) -> Caregiver:
    lunch = () if plain else (Break(660, 810, 30),)
    kind = rng.random()
    if kind < 0.7:
        shifts: tuple[Shift, ...] = (Shift(480, 1020, lunch),)
    elif kind < 0.85 or plain:
        shifts = (Shift(420, 780, ()),)
    else:
        shifts = (Shift(420, 660), Shift(900, 1140))
    skills = {"care"} if rng.random() < 0.8 else set()
    skills |= {"bath"} if rng.random() < 0.45 else set()
    skills |= {"nurse"} if rng.random() < 0.3 else set()
    return Caregiver(f"c{k}", shifts, frozenset(skills), start=place, end=place, fair_work=None if plain else 450)


def _visit(k: int, rng: np.random.Generator, plain: bool) -> Visit:
    item = ITEMS[int(rng.choice(len(ITEMS), p=np.array([i.share for i in ITEMS]) / 100))]
    opens, closes = item.windows[int(rng.integers(len(item.windows)))]
    wide = int(rng.choice(item.wide))
    begin = int(rng.integers(opens, max(opens + 1, closes - wide + 1)))
    needs = frozenset({item.needs} - {""})
    two = item.needs == "bath" and not plain
    return Visit(
        f"v{k}", k, (Window(begin, begin + wide),), int(rng.choice(item.minutes)), needs=needs,
        caregivers=2 if two else 1, helper_needs=frozenset() if two else None, prize=item.prize,
    )  # fmt: skip
