"""Simulated annealing where lateness is the objective: everybody is served, and cost is travel, lateness and the worst.

For days without breaks, shifts or fees whose caregivers differ only in what they may do. Starts are the earliest that
routes and links allow; the first of two is delayed when the second cannot follow in time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dispatch.arrays import FAR, Ints, day_of
from dispatch.jit import compiled
from dispatch.plan import Assignment
from dispatch.problem import BadProblem, Problem

Progress = Callable[[float, int, int, int], object]
NEIGHBOURS = 24
HOT, COLD = 10.0, 0.01  # of a usual way


class Staffing(NamedTuple):
    """What no move changes. Node n is the depot; n + v the head and the tail of route v."""

    sizes: Ints  # nodes, routes, neighbours
    weights: Ints  # travel, lateness, worst lateness
    travel: Ints  # [node or depot, node or depot]
    service: Ints
    opens: Ints
    due: Ints
    able: Ints  # [node, route]
    mate: Ints  # [node]: the other end of its link, or -1
    gap: Ints  # [node, (least, most)]: start(mate) - start(node)
    before: Ints  # [node, k]: good predecessors


class Rota(NamedTuple):
    """Routes as rings around their heads, and the scratch of one evaluation."""

    next: Ints
    prev: Ints
    where: Ints
    start: Ints  # [node]: start, or -1 while not known
    arrival: Ints  # [node]: earliest start of one end of a link, or -1
    at: Ints  # [route]: the node it has come to
    free: Ints  # [route]
    stack: Ints
    log: Ints  # (node, former predecessor) of the moves to take back
    numbers: Ints  # random state, travel, length of log


@compiled
def roll(r: Rota, n: int) -> int:
    r.numbers[0] = r.numbers[0] * 48271 % 2147483647
    return int(r.numbers[0] % n)


@compiled
def between(s: Staffing, i: int, j: int) -> int:
    n = s.sizes[0]
    return int(s.travel[min(i, n) * (n + 1) + min(j, n)])


@compiled
def shift(s: Staffing, r: Rota, j: int, p: int, note: bool) -> None:
    """Takes j out and puts it after p; the travel follows."""
    a, b = r.prev[j], r.next[j]
    if note:
        k = r.numbers[2]
        r.log[k], r.log[k + 1] = j, a
        r.numbers[2] = k + 2
    r.numbers[1] -= between(s, a, j) + between(s, j, b) - between(s, a, b)
    r.next[a], r.prev[b] = b, a
    q = r.next[p]
    r.next[p], r.prev[j], r.next[j], r.prev[q] = j, p, q, j
    r.numbers[1] += between(s, p, j) + between(s, j, q) - between(s, p, q)
    r.where[j] = p - s.sizes[0] if p >= s.sizes[0] else r.where[p]


@compiled
def lateness(s: Staffing, r: Rota, limit: int) -> int:
    """What the times of these routes cost; FAR where links contradict the order, or above the limit."""
    n, routes = s.sizes[0], s.sizes[1]
    late, worst, done, size = 0, 0, 0, routes
    for j in range(n):
        r.arrival[j] = -1
    for v in range(routes):
        r.at[v], r.free[v], r.stack[v] = r.next[n + v], 0, v
    while True:
        if size == 0:  # all wait for somebody: let a first one go, in the hope that the second follows in time
            held = -1
            for v in range(routes):
                j = r.at[v]
                waits = j < n and s.gap[2 * j] >= 0 and s.gap[2 * j + 1] > 0
                if waits and (held < 0 or r.arrival[j] < r.arrival[held]):
                    held = j
            if held < 0:
                return FAR
            v = r.where[held]
            r.start[held] = r.arrival[held]
            extra = max(0, r.start[held] - s.due[held])
            late, worst, done = late + extra, max(worst, extra), done + 1
            r.free[v], r.at[v] = r.start[held] + s.service[held], r.next[held]
            r.stack[0], size = v, 1
        size -= 1
        v = r.stack[size]
        j = r.at[v]
        while j < n:
            x = max(r.free[v] + between(s, r.prev[j], j), s.opens[j])
            m = s.mate[j]
            if m >= 0:
                if r.arrival[m] < 0:
                    r.arrival[j] = x
                    break
                other = r.where[m]
                if r.at[other] == m:  # waits there
                    x = max(x, r.arrival[m] + s.gap[2 * m])
                    y = max(r.arrival[m], x - s.gap[2 * m + 1])
                    r.start[m] = y
                    extra = max(0, y - s.due[m])
                    late, worst, done = late + extra, max(worst, extra), done + 1
                    r.free[other], r.at[other] = y + s.service[m], r.next[m]
                    r.stack[size] = other
                    size += 1
                else:
                    x = max(x, r.start[m] + s.gap[2 * m])
                    if x - r.start[m] > s.gap[2 * m + 1]:
                        return FAR
                r.arrival[j] = x
            r.start[j] = x
            extra = max(0, x - s.due[j])
            late, worst, done = late + extra, max(worst, extra), done + 1
            r.free[v], j = x + s.service[j], r.next[j]
            r.at[v] = j
        cost = s.weights[1] * late + s.weights[2] * worst
        if cost > limit:
            return FAR
        if done == n:
            return int(cost)


@compiled
def propose(s: Staffing, r: Rota) -> bool:
    """One random move, noted in the log; False where nobody may do it that way."""
    n, routes, near = s.sizes[0], s.sizes[1], s.sizes[2]
    r.numbers[2] = 0
    j, kind = roll(r, n), roll(r, 100)
    p = n + roll(r, routes) if roll(r, 10) == 0 else s.before[j * near + roll(r, near)]
    v = p - n if p >= n else r.where[p]
    if kind < 45:  # one node behind a good predecessor
        if p == j or r.prev[j] == p or not able(s, r, j, v):
            return False
        shift(s, r, j, p, True)
        return True
    q = r.next[p]
    if kind < 70:  # the node changes places with whoever stands there
        if q >= n or q == j or r.next[j] == q or r.next[q] == j:
            return False
        if not able(s, r, j, v) or not able(s, r, q, r.where[j]):
            return False
        if s.mate[j] >= 0 and s.mate[q] >= 0 and s.mate[j] == q:
            return False
        back = r.prev[j]
        shift(s, r, j, p, True)
        shift(s, r, q, back, True)
        return True
    if kind < 85:  # the rest of the route changes with the rest of the other
        u = r.where[j]
        if u == v:
            return False
        i, a = r.prev[j], p
        j, b = r.next[i], r.next[p]
        while j < n:
            after = r.next[j]
            if s.able[j * routes + v] == 0:
                return False
            shift(s, r, j, a, True)
            a, j = j, after
        a = i
        while b < n:
            after = r.next[b]
            if s.able[b * routes + u] == 0:
                return False
            shift(s, r, b, a, True)
            a, b = b, after
        return apart(s, r, u) and apart(s, r, v)
    if kind < 93:  # two or three in a row
        if p == j:
            return False
        a = p
        for _ in range(2 + roll(r, 2)):
            if j >= n or j == p or not able(s, r, j, v):
                return bool(r.numbers[2] > 0)
            after = r.next[j]
            if r.prev[j] != a:
                shift(s, r, j, a, True)
            a, j = j, after
        return bool(r.numbers[2] > 0)
    m = s.mate[j]  # both ends of a link
    if m < 0 or p in (j, m):
        return False
    o = s.before[m * near + roll(r, near)]
    u = r.where[o]
    if o in (j, m) or u == v or s.able[j * routes + v] == 0 or s.able[m * routes + u] == 0:
        return False
    if r.prev[j] != p:
        shift(s, r, j, p, True)
    if r.prev[m] != o:
        shift(s, r, m, o, True)
    return bool(r.where[j] != r.where[m])


@compiled
def able(s: Staffing, r: Rota, j: int, v: int) -> bool:
    """May serve it, and does not serve its mate."""
    m = s.mate[j]
    return bool(s.able[j * s.sizes[1] + v]) and (m < 0 or r.where[m] != v)


@compiled
def apart(s: Staffing, r: Rota, v: int) -> bool:
    n = s.sizes[0]
    j = r.next[n + v]
    while j < n:
        if s.mate[j] >= 0 and r.where[s.mate[j]] == v:
            return False
        j = r.next[j]
    return True


@compiled
def take_back(s: Staffing, r: Rota) -> None:
    k = r.numbers[2] - 2
    while k >= 0:
        shift(s, r, r.log[k], r.log[k + 1], False)
        k -= 2


@compiled
def anneal(s: Staffing, r: Rota, best: Ints, costs: Ints, rounds: int, hot: float, cold: float) -> None:
    """costs: [current, best]; `best` keeps the predecessors of the best rota."""
    heat = hot
    cooling = (cold / hot) ** (1.0 / max(1, rounds))
    for _ in range(rounds):
        heat *= cooling
        if propose(s, r):
            luck = (1 + roll(r, 1 << 30)) / (1 << 30)
            limit = int(costs[0] - heat * math.log(luck)) - s.weights[0] * r.numbers[1]
            cost = lateness(s, r, limit) if limit >= 0 else FAR
            if cost <= limit:
                costs[0] = cost + s.weights[0] * r.numbers[1]
                if costs[0] < costs[1]:
                    costs[1] = costs[0]
                    for i in range(len(best)):
                        best[i] = r.next[i]
                continue
        take_back(s, r)
        r.numbers[2] = 0


def staffing(problem: Problem) -> Staffing:
    """Raises BadProblem("not_for_anneal") where the day is of another kind."""
    f = day_of(problem).facts
    n, routes, wide = int(f.sizes[0]), int(f.sizes[1]), int(f.sizes[4])
    spans, ends = f.span.reshape(-1, 4), f.place[n:].reshape(2, routes)
    service, fee = f.service.reshape(n, -1), f.fee.reshape(n, -1)
    degree = np.diff(f.link_from)
    reasons = {
        "breaks": bool(f.rest_count.any()),
        "several shifts": routes != f.sizes[2],
        "windows": wide != 1,
        "caregivers differ": len(set(f.mode)) > 1 or (ends != ends[0, 0]).any() or (service != service[:, :1]).any(),
        "costs": bool((fee > 0).any()) or f.weights[3] != 0 and bool((f.limits.reshape(-1, 3)[:, 1] < FAR).any()),
        "limits": bool((f.limits.reshape(-1, 3)[:, 0] < FAR).any()) or bool((spans[:, 0] != 0).any()),
        "links": bool((degree > 1).any()) or not bool(f.link_apart.all()),
        "promises": bool((f.promise >= 0).any()),
    }
    for why, so in reasons.items():
        if so:
            raise BadProblem("not_for_anneal", why=why)
    places = int(f.sizes[5])
    place = np.append(f.place[:n], ends[0, 0])
    road = f.travel.reshape(-1, places, places)[f.mode[0]][np.ix_(place, place)]
    opens, due = f.windows.reshape(n, 2)[:, 0], f.due
    busy = service[:, 0]
    mate, gap = np.full(n, -1), np.zeros((n, 2), dtype=np.int64)
    for j in np.flatnonzero(degree):
        e = f.link_from[j]
        mate[j], gap[j] = f.link_to[e], (f.link_out[e], -f.link_in[e])
    ready = opens[:, None] + busy[:, None] + road[:n, :n]  # of i, then j
    wait = np.maximum(0, opens[None, :] - (due[:, None] + busy[:, None] + road[:n, :n]))
    fit = road[:n, :n] + 0.2 * wait + np.maximum(0, ready - due[None, :])
    np.fill_diagonal(fit, np.inf)
    keep = min(NEIGHBOURS, n - 1)
    before = np.argsort(fit, axis=0, kind="stable")[:keep].T
    due = np.where((f.mate >= 0) & (f.mate < np.arange(n)), FAR, due)  # a visit for two is late once
    numbers = np.array([n, routes, keep], dtype=np.int64)
    weights = f.weights[[0, 1, 5]]
    arrays = (road, busy, opens, due, fee[:, f.owner] >= 0, mate, gap, before)
    return Staffing(numbers, weights, *(np.ascontiguousarray(a).astype(np.int64).ravel() for a in arrays))


def _first(s: Staffing, seed: int) -> Rota:
    """Everybody in the order of opening, behind whoever is there first."""
    n, routes = int(s.sizes[0]), int(s.sizes[1])
    heads = np.arange(n, n + routes)
    sizes = (n + routes, n + routes, n, n, n, routes, routes, 2 * routes, 4 * n + 8, 3)
    rota = Rota(*(np.zeros(size, dtype=np.int64) for size in sizes))
    rota.where[:] = -1
    rota.next[heads], rota.prev[heads] = heads, heads
    rota.numbers[0] = seed * 7919 % 2147483646 + 1
    free, last = [0] * routes, [n] * routes
    road, fits = s.travel.reshape(n + 1, n + 1), s.able.reshape(n, routes)
    mates = [int(m) if m >= 0 else j for j, m in enumerate(s.mate)]
    opens = [min(int(s.opens[j]), int(s.opens[m])) for j, m in enumerate(mates)]
    for j in sorted(range(n), key=lambda j: (opens[j], min(j, mates[j]), s.gap[2 * j] < 0, j)):
        choice = [v for v in range(routes) if fits[j, v] and v != rota.where[mates[j]]]
        if not choice:
            raise BadProblem("not_for_anneal", why="a visit that nobody can serve")
        there = {v: max(free[v] + int(road[last[v], j]), int(s.opens[j])) for v in choice}
        v = min(choice, key=lambda v: (there[v], road[last[v], j]))
        free[v] = there[v] + int(s.service[j])
        tail = rota.prev[n + v]
        rota.next[tail], rota.prev[j], rota.next[j], rota.prev[n + v] = j, tail, n + v, j
        rota.where[j], last[v] = v, j
    rota.numbers[1] = _length(s, rota)
    return rota


def _length(s: Staffing, r: Rota) -> int:
    n = int(s.sizes[0])
    return sum(between(s, i, int(j)) for i, j in enumerate(r.next) if i < n or j < n)


def solve(
    problem: Problem, *, seconds: float | None, iterations: int | None, seed: int, progress: Progress | None
) -> tuple[list[Assignment], int]:
    """The best of several runs, each cooling once: many on small days, where one run can end in the wrong valley."""
    s = staffing(problem)
    n = int(s.sizes[0])
    runs = 12 if n < 50 else 8 if n < 120 else 4 if n < 200 else 1
    begun, done, top, best_cost = time.monotonic(), 0, np.zeros(0, dtype=np.int64), FAR
    for run in range(runs):
        rota = _first(s, seed * 1009 + run)
        best, costs = rota.next.copy(), np.zeros(2, dtype=np.int64)
        costs[:] = lateness(s, rota, FAR) + s.weights[0] * rota.numbers[1]
        rounds, chunk = 0, 1000
        while True:
            spent = time.monotonic() - begun
            if progress is not None and progress(spent, done, min(best_cost, int(costs[1])), 0) is False:
                seconds = spent
            by_time = spent / seconds * runs - run if seconds is not None else 0.0
            share = max(by_time, rounds * runs / iterations if iterations else 0.0)
            if share >= 1:
                break
            chunk = min(chunk, max(1, iterations // runs - rounds)) if iterations else chunk
            heat = _heat(s, share)
            anneal(s, rota, best, costs, chunk, heat, heat)
            rounds, done = rounds + chunk, done + chunk
            pace = (time.monotonic() - begun - spent) / chunk
            chunk = 4000 if iterations else max(1000, min(2 * chunk, int(0.02 / pace)))
        if costs[1] < best_cost:
            best_cost, top = int(costs[1]), best
    return _read(problem, s, top), done


def _heat(s: Staffing, share: float) -> float:
    """From ten usual ways, since lateness lies deep, down to a hundredth of one."""
    n, near = int(s.sizes[0]), int(s.sizes[2])
    fourth = s.before.reshape(n, near)[:, min(3, near - 1)]
    way = float(np.mean(s.travel.reshape(n + 1, n + 1)[fourth, np.arange(n)])) * float(s.weights[0])
    return float(max(1.0, way) * HOT * (COLD / HOT) ** share)


def _read(problem: Problem, s: Staffing, ring: Ints) -> list[Assignment]:
    n, routes = int(s.sizes[0]), int(s.sizes[1])
    rota = _first(s, 0)
    rota.next[:] = ring
    rota.prev[ring] = np.arange(n + routes)
    for v in range(routes):
        j = ring[n + v]
        while j < n:
            rota.where[j], j = v, ring[j]
    lateness(s, rota, FAR)
    found: dict[int, list[int]] = {}
    roles = [(i, role) for i, visit in enumerate(problem.visits) for role in range(visit.caregivers)]
    for node, (i, _) in enumerate(roles):
        found.setdefault(i, []).append(node)
    return [
        Assignment(
            problem.visits[i].id,
            int(rota.start[nodes[0]]),
            tuple(problem.caregivers[rota.where[node]].id for node in nodes),
        )
        for i, nodes in found.items()
    ]
