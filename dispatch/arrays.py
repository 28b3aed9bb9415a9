"""The problem as the search reads it, in flat arrays.

A node is one caregiver at one visit, a route one shift as worked. A visit for two has two nodes that start
together. What is frozen is not searched: a route begins where it ends. Node n + r is where route r starts,
n + R + r where it ends; place P is «nowhere».
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatch.plan import Assignment
from dispatch.problem import Link, Problem, Visit, service_of

Ints = NDArray[np.int64]
FAR = 1 << 50  # beyond any time
DEAR = 1 << 36  # added to the prize of what is pinned: it is left out only if it cannot be done
NEAR = 100  # neighbours kept on large days


class Facts(NamedTuple):
    """What no search changes."""

    sizes: Ints  # nodes, routes, caregivers, labels (breaks + 1), windows, places, soft times?, neighbours
    weights: Ints  # travel, lateness, overtime, overload, moved, worst lateness
    travel: Ints  # [mode, place, place]
    place: Ints  # [node or end of route]
    service: Ints  # [node, caregiver]
    fee: Ints  # [node, caregiver]: what sending this one costs; -1: may not
    windows: Ints  # [node, k, (opens, closes)]
    due: Ints  # [node]: lateness counts from here
    promise: Ints  # [node]: published start, or -1
    mate: Ints  # [node]: the other half of a visit for two, or -1
    prize: Ints  # [visit]
    first: Ints  # [visit]: its first node
    choice: Ints  # [visit]: how many may serve it
    owner: Ints  # [route]: caregiver
    mode: Ints  # [route]
    span: Ints  # [route, (start, end, end with overtime, 1 if already on the road)]
    rests: Ints  # [route, k, (opens, closes, ticks)]
    rest_count: Ints  # [route]
    limits: Ints  # [caregiver, (max work, fair work, work already done)]
    link_from: Ints  # [node + 1]: offsets into the links
    link_to: Ints
    link_out: Ints  # start(to) >= start(node) + out
    link_in: Ints  # start(node) >= start(to) + in
    link_apart: Ints  # 1: never the same caregiver
    near: Ints  # [node, k]: other nodes, nearest first


class Day(NamedTuple):
    """Facts, and the names that lead back to the problem."""

    problem: Problem
    facts: Facts
    visits: list[Visit]  # those to be searched
    roles: list[tuple[int, int]]  # [node]: index of the visit, 0 first caregiver or 1 helper
    shifts: list[tuple[int, int]]  # [route]: caregiver, shift
    frozen: list[Assignment]


def day_of(problem: Problem) -> Day:
    """Expects a problem that `impossible.refuse` let pass."""
    frozen = [
        Assignment(v.id, v.pinned_start, v.pinned_caregivers)
        for v in problem.visits
        if v.frozen and v.pinned_start is not None
    ]
    visits = [v for v in problem.visits if not v.frozen]
    roles = [(i, role) for i, visit in enumerate(visits) for role in range(visit.caregivers)]
    shifts = [(c, k) for c, caregiver in enumerate(problem.caregivers) for k in range(len(caregiver.shifts))]
    return Day(problem, _facts(problem, visits, roles, shifts, frozen), visits, roles, shifts, frozen)


def _facts(
    problem: Problem,
    visits: list[Visit],
    roles: list[tuple[int, int]],
    shifts: list[tuple[int, int]],
    frozen: list[Assignment],
) -> Facts:
    caregivers, w = problem.caregivers, problem.weights
    modes, travel, places = _travel(problem)
    fee = _fees(problem, visits, roles)
    spans, rests, origins, done = _spans(problem, shifts, frozen)
    labels = 1 + max((len(r) for r in rests), default=0)
    windows = _windows(problem, visits, roles, frozen)
    nowhere = places - 1
    ends = [nowhere if caregivers[c].end is None else caregivers[c].end for c, _ in shifts]
    place = np.array([*(visits[i].place for i, _ in roles), *origins, *ends], dtype=np.int64)
    promise = [-1 if (p := visits[i].published) is None else p.start for i, _ in roles]
    first = [k for k, (_, role) in enumerate(roles) if role == 0]
    soft = any(v.late for v in visits) or any(c.overtime for c in caregivers) or max(promise, default=-1) >= 0
    service = np.array([[visits[i].service] * len(caregivers) for i, _ in roles], dtype=np.int64)
    index = {c.id: k for k, c in enumerate(caregivers)}
    for node, (i, _) in enumerate(roles):
        for name in visits[i].service_by:
            if name in index:
                service[node, index[name]] = visits[i].service_by[name]
    near = _near(travel, place[: len(roles)], places)
    sizes = [len(roles), len(shifts), len(caregivers), labels, windows.shape[1], places, soft, near.shape[1]]
    costs = [
        w.travel,
        w.lateness,
        w.overtime,
        w.overload,
        w.moved,
        w.worst_lateness,
    ]
    return Facts(
        _ints(sizes),
        _ints(costs),
        travel,
        place,
        service.ravel(),
        fee.ravel(),
        windows.ravel(),
        _ints([visits[i].windows[-1].closes for i, _ in roles]),
        _ints(promise),
        _ints([k + 1 - 2 * role if visits[i].caregivers == 2 else -1 for k, (i, role) in enumerate(roles)]),
        _ints([v.prize + (DEAR if v.pinned_caregivers or v.pinned_start is not None else 0) for v in visits]),
        _ints(first),
        (fee[first] >= 0).sum(axis=1).astype(np.int64) if first else _ints([]),
        _ints([c for c, _ in shifts]),
        _ints([modes[caregivers[c].mode] for c, _ in shifts]),
        _ints(spans),
        _padded(rests, labels - 1),
        _ints([len(r) for r in rests]),
        _ints(
            [
                [FAR if c.max_work is None else c.max_work, FAR if c.fair_work is None else c.fair_work, done[k]]
                for k, c in enumerate(caregivers)
            ]
        ),
        *_links(problem, visits, roles),
        near.ravel(),
    )


def _ints(values: object) -> Ints:
    return np.array(values, dtype=np.int64).ravel()


def _padded(rests: list[list[tuple[int, int, int]]], wide: int) -> Ints:
    return _ints([[*r, *[(0, 0, 0)] * (wide - len(r))] for r in rests])


def _travel(problem: Problem) -> tuple[dict[str, int], Ints, int]:
    """All matrices in one, each with «nowhere» added."""
    modes = sorted({c.mode for c in problem.caregivers})
    places = 1 + max(len(problem.travel[mode]) for mode in modes)
    travel = np.zeros((len(modes), places, places), dtype=np.int64)
    for k, mode in enumerate(modes):
        matrix = problem.travel[mode]
        travel[k, : len(matrix), : len(matrix)] = matrix
    return {mode: k for k, mode in enumerate(modes)}, travel.ravel(), places


def _fees(problem: Problem, visits: list[Visit], roles: list[tuple[int, int]]) -> Ints:
    """By whole rows: half a million pairs are common."""
    names = [c.id for c in problem.caregivers]
    index = {name: k for k, name in enumerate(names)}
    weights, everybody = problem.weights, np.ones(len(names), dtype=bool)
    skilled: dict[frozenset[str], NDArray[np.bool_]] = {}
    sexes = {sex: np.array([c.sex == sex for c in problem.caregivers]) for sex in {v.sex for v in visits}}

    def those(wanted: frozenset[str] | tuple[str, ...]) -> NDArray[np.bool_]:
        row = np.zeros(len(names), dtype=bool)
        row[[index[name] for name in wanted if name in index]] = True
        return row

    fees = np.zeros((len(roles), len(names)), dtype=np.int64)
    for node, (i, role) in enumerate(roles):
        visit = visits[i]
        needs = visit.helper_needs if role and visit.helper_needs is not None else visit.needs
        if needs not in skilled:
            skilled[needs] = np.array([needs <= c.skills for c in problem.caregivers])
        able = everybody.copy()
        if "skills" not in visit.waived:
            able &= skilled[needs]
        if visit.sex and "sex" not in visit.waived:
            able &= sexes[visit.sex]
        if visit.allowed is not None and "allowed" not in visit.waived:
            able &= those(visit.allowed)
        if visit.banned and "banned" not in visit.waived:
            able &= ~those(visit.banned)
        pins = visit.pinned_caregivers
        if len(pins) == visit.caregivers:
            able &= those(pins)
        elif pins and role == 0:  # one of two is pinned: the first, unless only the helper's part is open to them
            able &= those(pins) if (able & those(pins)).any() else everybody
        elif pins and not (fees[node - 1] >= 0)[[index[p] for p in pins]].any():
            able &= those(pins)
        if visit.known:
            fees[node] += np.where(those(visit.known), 0, weights.unfamiliar)
        if visit.preferred:
            fees[node] += np.where(those(visit.preferred), 0, weights.not_preferred)
        if visit.published is not None:
            fees[node] += np.where(those(visit.published.caregivers), 0, weights.changed)
        fees[node, ~able] = -1
    return fees


def _windows(problem: Problem, visits: list[Visit], roles: list[tuple[int, int]], frozen: list[Assignment]) -> Ints:
    """Pins, allowed lateness and links to what is frozen are windows too."""
    fixed = {a.visit: a.start for a in frozen}
    bounds: dict[str, tuple[int, int]] = {}
    for link in problem.links:
        for here, there, least, most in (
            (link.second, link.first, link.least, link.most),
            (link.first, link.second, -link.most, -link.least),
        ):
            if there in fixed:
                lo, hi = bounds.get(here, (-FAR, FAR))
                bounds[here] = max(lo, fixed[there] + least), min(hi, fixed[there] + most)
    lists = []
    for visit in visits:
        spans = [(w.opens, w.closes) for w in visit.windows]
        spans[-1] = (spans[-1][0], spans[-1][1] + visit.late)
        if visit.pinned_start is not None:
            spans = [(visit.pinned_start, visit.pinned_start)]
        lo, hi = bounds.get(visit.id, (-FAR, FAR))
        lists.append([(max(lo, a), min(hi, b)) for a, b in spans if max(lo, a) <= min(hi, b)])
    wide = max(1, max((len(spans) for spans in lists), default=1))
    table = np.full((len(roles), wide, 2), FAR, dtype=np.int64)
    for node, (i, _) in enumerate(roles):
        for k, span in enumerate(lists[i]):
            table[node, k] = span
    return table


Spans = tuple[list[tuple[int, int, int, int]], list[list[tuple[int, int, int]]], list[int], list[int]]


def _spans(problem: Problem, shifts: list[tuple[int, int]], frozen: list[Assignment]) -> Spans:
    """Per route its times, the breaks still to plan and where it begins; per caregiver the work already done."""
    nowhere = max(len(m) for m in problem.travel.values())
    held: dict[str, list[tuple[int, int, int]]] = {}  # (start, end, place)
    for a in sorted(frozen, key=lambda a: a.start):
        visit = problem.visit(a.visit)
        for name in a.caregivers:
            held.setdefault(name, []).append((a.start, a.start + service_of(visit, name), visit.place))
    spans, rests, origins = [], [], []
    done = [0] * len(problem.caregivers)
    for c, k in shifts:
        caregiver = problem.caregivers[c]
        shift, after = caregiver.shifts[k], caregiver.shifts[k + 1 :]
        limit = min(shift.end + caregiver.overtime, max(shift.end, after[0].start) if after else FAR)
        mine = held.get(caregiver.id, [])
        here = [h for h in mine if (k == 0 or h[0] >= shift.start) and not (after and h[0] >= after[0].start)]
        over = any(h[0] >= after[0].start for h in mine) if after else False
        begin, place = shift.start, caregiver.start
        due = [(b.opens, b.closes, b.ticks) for b in shift.breaks]
        for start, end, where in here:
            travel = problem.ticks(caregiver.mode, place, where)
            done[c] += travel + end - start
            while due and _rested(due[0], begin, start, travel):
                due.pop(0)
            begin, place = max(begin, end), where
        if problem.now is not None:
            while due and max(begin, due[0][0]) < problem.now and max(begin, due[0][0]) + due[0][2] <= due[0][1]:
                begin = max(begin, due[0][0]) + due[0][2]  # who was free when a break opened has begun it
                due.pop(0)
            begin = max(begin, problem.now)
        if here:
            due = [b for b in due if max(b[0], begin) + b[2] <= b[1]]
            done[c] += problem.ticks(caregiver.mode, place, caregiver.end)
        spans.append((begin, shift.end, -FAR if over else limit, int(bool(here))))
        rests.append(due)
        origins.append(nowhere if place is None else place)
    return spans, rests, origins, done


def _rested(rest: tuple[int, int, int], free: int, until: int, travel: int) -> bool:
    begin = max(free, rest[0])
    return begin + rest[2] <= min(rest[1], until) and until - free - rest[2] >= travel


def _links(problem: Problem, visits: list[Visit], roles: list[tuple[int, int]]) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    nodes: dict[str, list[int]] = {}
    for node, (i, _) in enumerate(roles):
        nodes.setdefault(visits[i].id, []).append(node)
    edges: list[list[tuple[int, int, int, int]]] = [[] for _ in roles]

    def tie(first: int, second: int, link: Link) -> None:
        edges[first].append((second, link.least, -link.most, link.different))
        edges[second].append((first, -link.most, link.least, link.different))

    for visit in visits:
        if visit.caregivers == 2:
            tie(nodes[visit.id][0], nodes[visit.id][1], Link(visit.id, visit.id, different=True))
    for link in problem.links:
        for first in nodes.get(link.first, ()):
            for second in nodes.get(link.second, ()):
                tie(first, second, link)
    flat = np.array([e for each in edges for e in each], dtype=np.int64).reshape(-1, 4)
    offsets = np.cumsum([0, *(len(each) for each in edges)])
    return _ints(offsets), *(np.ascontiguousarray(flat[:, k]) for k in range(4))  # type: ignore[return-value]


def _near(travel: Ints, place: Ints, places: int) -> Ints:
    """Other nodes by travel of the first mode; all of them on small days."""
    n = len(place)
    keep = n - 1 if n <= 4 * NEAR else NEAR
    if keep < 1:
        return np.zeros((n, 0), dtype=np.int64)
    road = travel[: places * places].reshape(places, places)
    near = np.empty((n, keep), dtype=np.int64)
    for node in range(n):
        far = road[place[node], place] + road[place, place[node]]
        far[node] = FAR
        pick = np.argpartition(far, keep - 1)[:keep]
        near[node] = pick[np.lexsort((pick, far[pick]))]
    return near
