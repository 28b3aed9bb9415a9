"""Simulated annealing where lateness is the objective: everybody is served, and cost is travel, lateness and the worst.

For days without breaks, shifts or fees whose caregivers differ only in what they may do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from dispatch.anneal_moves import propose
from dispatch.anneal_rota import (
    LATE,
    LOGGED,
    PAST,
    PATIENCE,
    RANDOM,
    TRAVEL,
    WORST,
    Rota,
    Staffing,
    between,
    cost,
    follow,
    roll,
    settle,
    take_back,
)
from dispatch.arrays import FAR, Ints, day_of
from dispatch.jit import compiled
from dispatch.plan import Assignment
from dispatch.problem import BadProblem, Problem

Progress = Callable[[float, int, int, int], object]
NEIGHBOURS = 24
HOT, COLD = 10.0, 0.03  # of a usual way


@compiled
def anneal(s: Staffing, r: Rota, best: Ints, costs: Ints, rounds: int, hot: float, cold: float) -> None:
    """costs: [current, best]; `best` keeps the successors of the best rota."""
    heat = hot
    cooling = (cold / hot) ** (1.0 / max(1, rounds))
    for _ in range(rounds):
        heat *= cooling
        late, worst = r.numbers[LATE], r.numbers[WORST]
        if propose(s, r):
            luck = (1 + roll(r, 1 << 30)) / (1 << 30)
            limit = int(costs[0] - heat * math.log(luck))
            room = limit - s.weights[0] * r.numbers[TRAVEL]
            if room >= 0 and follow(s, r, room) and cost(s, r) <= limit:
                costs[0] = cost(s, r)
                r.numbers[LOGGED], r.numbers[PAST] = 0, 0
                if costs[0] < costs[1]:
                    costs[1] = costs[0]
                    for i in range(len(best)):
                        best[i] = r.next[i]
                continue
        take_back(s, r, late, worst)


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
    able = fee[:, f.owner] >= 0
    fit = fit + np.where(able.astype(int) @ able.T > 0, 0, FAR)
    crew = np.argsort(~able, axis=1, kind="stable")
    keep = min(NEIGHBOURS, n - 1)
    before = np.argsort(fit, axis=0, kind="stable")[:keep].T
    due = np.where((f.mate >= 0) & (f.mate < np.arange(n)), FAR, due)  # a visit for two is late once
    numbers = np.array([n, routes, keep], dtype=np.int64)
    weights = f.weights[[0, 1, 5]]
    arrays = (road, busy, opens, due, able, crew, able.sum(axis=1), mate, gap, before)
    return Staffing(numbers, weights, *(np.ascontiguousarray(a).astype(np.int64).ravel() for a in arrays))


def first(s: Staffing, seed: int) -> Rota:
    """Everybody in the order of opening, behind whoever is there first."""
    n, routes = int(s.sizes[0]), int(s.sizes[1])
    heads = np.arange(n, n + routes)
    sizes = (n + routes, n + routes, n, n, n, n, n, 6 * (PATIENCE * n + 1), 4 * n + 8, 6)
    rota = Rota(*(np.zeros(size, dtype=np.int64) for size in sizes))
    rota.where[:] = -1
    rota.next[heads], rota.prev[heads] = heads, heads
    rota.numbers[RANDOM] = seed * 7919 % 2147483646 + 1
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
    rota.numbers[TRAVEL] = _length(s, rota)
    settle(s, rota)
    return rota


def _length(s: Staffing, r: Rota) -> int:
    n = int(s.sizes[0])
    return sum(between(s, i, int(j)) for i, j in enumerate(r.next) if i < n or j < n)


def solve(
    problem: Problem,
    *,
    seconds: float | None,
    iterations: int | None,
    seed: int,
    progress: Progress | None,
    clock: Callable[[], float],
) -> tuple[list[Assignment], int]:
    """The best of several runs, each cooling once: many on small days, where one run can end in the wrong valley."""
    s = staffing(problem)
    n = int(s.sizes[0])
    runs = _runs(n)
    begun, done, top, best_cost = clock(), 0, np.zeros(0, dtype=np.int64), FAR
    for run in range(runs):
        rota = first(s, seed * 1009 + run)
        best, costs = rota.next.copy(), np.zeros(2, dtype=np.int64)
        costs[:] = cost(s, rota)
        rounds, chunk = 0, 1000
        while True:
            spent = clock() - begun
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
            pace = (clock() - begun - spent) / chunk
            chunk = 4000 if iterations else max(1000, min(2 * chunk, int(0.02 / pace)))
        if costs[1] < best_cost:
            best_cost, top = int(costs[1]), best
    return _read(problem, s, top), done


def _runs(n: int) -> int:
    return 12 if n < 50 else 8 if n < 120 else 4 if n < 200 else 1


def _heat(s: Staffing, share: float) -> float:
    """From ten usual ways, since lateness lies deep, down to a thirtieth of one."""
    n, near = int(s.sizes[0]), int(s.sizes[2])
    fourth = s.before.reshape(n, near)[:, min(3, near - 1)]
    way = float(np.mean(s.travel.reshape(n + 1, n + 1)[fourth, np.arange(n)])) * float(s.weights[0])
    return float(max(1.0, way) * HOT * (COLD / HOT) ** share)


def _read(problem: Problem, s: Staffing, ring: Ints) -> list[Assignment]:
    n, routes = int(s.sizes[0]), int(s.sizes[1])
    rota = first(s, 0)
    rota.next[:] = ring
    rota.prev[ring] = np.arange(n + routes)
    for v in range(routes):
        j = ring[n + v]
        while j < n:
            rota.where[j], j = v, ring[j]
    settle(s, rota)
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
