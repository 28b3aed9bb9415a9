"""Ruin and recreate: take strings of neighbouring visits out, put them back greedily, accept by simulated annealing.

After Christiaens & Vanden Berghe, «Slack induction by string removals» (2020), with visits for two taken out and put
back whole.
"""

from __future__ import annotations

import math

from dispatch.arrays import Facts, Ints
from dispatch.insertion import draw, insert
from dispatch.jit import compiled
from dispatch.timing import State, pull, retime, trip, untimely

REMOVED = 10  # visits taken out on average
LONGEST = 10  # of one route at most


@compiled
def total(f: Facts, s: State) -> int:
    """The whole cost, counted anew."""
    n, routes, cost, worst = f.sizes[0], f.sizes[1], 0, 0
    for r in range(routes):
        c, p = f.owner[r], n + r
        if s.stops[r] == 0:
            continue
        cost += s.soft[r]
        while p < n or p == n + r:
            q = s.next[p]
            cost += f.weights[0] * trip(f, r, p, q)
            if q < n:
                cost += f.fee[q * f.sizes[2] + c]
                if 0 <= f.mate[q] < q:  # a visit for two is late once, and both routes hold it
                    cost -= untimely(f, q, s.start[q])
                if f.weights[5]:
                    worst = max(worst, s.start[q] - f.due[q])
            p = q
        if f.span[4 * r + 3]:
            cost -= f.weights[0] * trip(f, r, n + r, n + routes + r)
    for c in range(f.sizes[2]):
        cost += f.weights[3] * max(0, s.work[c] + f.limits[3 * c + 2] - f.limits[3 * c + 1])
    for v in range(len(f.first)):
        if s.where[f.first[v]] < 0:
            cost += f.prize[v]
    return int(cost + f.weights[5] * worst)


@compiled
def copy(a: State, b: State) -> None:
    """a becomes b. Only what a plan consists of; the scratch stays."""
    for i in range(len(a.next)):
        a.next[i], a.prev[i] = b.next[i], b.prev[i]
    for i in range(len(a.early)):
        a.early[i], a.late[i], a.via[i] = b.early[i], b.late[i], b.via[i]
    for i in range(len(a.where)):
        a.where[i], a.start[i], a.lo[i], a.hi[i] = b.where[i], b.start[i], b.lo[i], b.hi[i]
    for i in range(len(a.work)):
        a.work[i] = b.work[i]
    for i in range(len(a.stops)):
        a.stops[i], a.linked[i], a.soft[i], a.dirty[i] = b.stops[i], b.linked[i], b.soft[i], b.dirty[i]


@compiled
def take_out(f: Facts, s: State, j: int) -> None:
    m = f.mate[j]
    s.taken[j] = s.eased[f.owner[s.where[j]]] = 1
    pull(f, s, j)
    if m >= 0 and s.where[m] >= 0:
        s.taken[m] = s.eased[f.owner[s.where[m]]] = 1
        pull(f, s, m)


@compiled
def take_string(f: Facts, s: State, j: int, length: int) -> None:
    """Takes a string of the route that holds j; half the time it leaves a few in the middle standing."""
    n, r = f.sizes[0], s.where[j]
    keep = 0
    if draw(s, 2) and length > 1:
        while keep < s.stops[r] - length and draw(s, 100) >= 1:
            keep += 1
            if draw(s, 100) < 50:
                break
    back, p = draw(s, length + keep), j
    while back > 0 and s.prev[p] < n:
        p = s.prev[p]
        back -= 1
    skip = 1 + draw(s, length - 1) if keep else length + 1
    for k in range(length + keep):
        q = s.next[p]
        if not (keep and skip <= k < skip + keep):
            take_out(f, s, p)
        if q >= n:
            return
        p = q


@compiled
def ruin(f: Facts, s: State) -> None:
    n, near, placed, used = f.sizes[0], f.sizes[7], 0, 0
    for r in range(f.sizes[1]):
        placed += s.stops[r]
        used += 1 if s.stops[r] else 0
        s.queue[r] = 0
    for j in range(n):
        s.taken[j] = 0
    for c in range(f.sizes[2]):
        s.eased[c] = 0
    if not placed:
        return
    longest = max(1, min(LONGEST, placed // used))
    strings = 1 + draw(s, max(1, 4 * REMOVED // (1 + longest) - 1))
    seed = draw(s, n)
    for k in range(-1, near):
        j = seed if k < 0 else f.near[seed * near + k]
        r = s.where[j]
        if r >= 0 and s.queue[r] == 0:
            s.queue[r] = 1
            take_string(f, s, j, 1 + draw(s, min(longest, s.stops[r])))
            strings -= 1
            if strings == 0:
                break
    retime(f, s)


@compiled
def recreate(f: Facts, s: State) -> None:
    """Puts absent visits back, in one of four orders: by chance, tight windows, few caregivers, dear ones first.

    On a large day one that was absent before is mostly tried where something was taken out: it fitted nowhere else.
    """
    size, visits, order = 0, len(f.first), draw(s, 8)
    everywhere = f.sizes[7] >= f.sizes[0] - 1 or draw(s, 8) == 0
    for v in range(visits):
        if s.where[f.first[v]] < 0:
            s.absent[size] = v
            size += 1
    for i in range(size - 1, 0, -1):
        k = draw(s, i + 1)
        s.absent[i], s.absent[k] = s.absent[k], s.absent[i]
    size = min(size, 8 * REMOVED)
    if order > 2:
        for i in range(size):
            v = s.absent[i]
            j = f.first[v]
            key = -f.prize[v]
            if order < 6:
                width = f.windows[2 * ((j + 1) * f.sizes[4] - 1) + 1] - f.windows[2 * j * f.sizes[4]]
                key = width if f.mate[j] < 0 else width // 4
            elif order == 6:
                key = f.choice[v]
            k = i
            while k and s.absent[visits + k - 1] > key:
                s.absent[k], s.absent[visits + k] = s.absent[k - 1], s.absent[visits + k - 1]
                k -= 1
            s.absent[k], s.absent[visits + k] = v, key
    for i in range(size):
        v = s.absent[i]
        j = f.first[v]
        s.random[4] = 1 if not everywhere and s.taken[j] == 0 and f.link_from[j] == f.link_from[j + 1] else 0
        insert(f, s, v, f.prize[v])
    s.random[4] = 0


@compiled
def search(f: Facts, s: State, now: State, best: State, costs: Ints, rounds: int, hot: float, cold: float) -> None:
    """Rounds of ruin and recreate on s, cooling from hot to cold. costs: [current, best, lowest of this descent]."""
    heat = hot
    cooling = (cold / hot) ** (1.0 / max(1, rounds))
    for _ in range(rounds):
        heat *= cooling
        ruin(f, s)
        recreate(f, s)
        if s.random[3]:  # a matrix without the triangle inequality: taking a stop out can make a route too long
            s.random[3] = 0
            copy(s, now)
            continue
        cost = total(f, s)
        luck = (1 + draw(s, 1 << 30)) / (1 << 30)
        if cost < costs[0] - heat * math.log(luck):
            costs[0], costs[2] = cost, min(costs[2], cost)
            copy(now, s)
            if cost < costs[1]:
                costs[1] = cost
                copy(best, s)
        else:
            copy(s, now)
