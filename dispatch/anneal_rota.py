"""The rota of the annealing: routes as rings, and the times that follow from them, changed where a move changes them.

A node's `ready` follows from its predecessor alone; its start from its own `ready` and that of its mate, so that the
first of two waits when the second cannot follow in time, and starts are the earliest that routes and links allow.
"""

from __future__ import annotations

from typing import NamedTuple

from dispatch.arrays import FAR, Ints
from dispatch.jit import compiled

RANDOM, TRAVEL, LOGGED, PAST, LATE, WORST = 0, 1, 2, 3, 4, 5  # of Rota.numbers
PATIENCE = 2  # changes for each node; links that contradict the order would go round for ever


class Staffing(NamedTuple):
    """What no move changes. Node n is the depot; n + v the head and the tail of route v."""

    sizes: Ints  # nodes, routes, neighbours
    weights: Ints  # travel, lateness, worst lateness
    travel: Ints  # [node or depot, node or depot]
    service: Ints
    opens: Ints
    due: Ints
    able: Ints  # [node, route]
    crew: Ints  # [node, k]: the routes that are able
    crew_size: Ints  # [node]
    mate: Ints  # [node]: the other end of its link, or -1
    gap: Ints  # [node, (least, most)]: start(mate) - start(node)
    before: Ints  # [node, k]: good predecessors


class Rota(NamedTuple):
    """Routes as rings around their heads, and the scratch of one evaluation."""

    next: Ints
    prev: Ints
    where: Ints
    start: Ints  # [node]
    ready: Ints  # [node]: earliest start for its own route, whatever its mate does
    queue: Ints  # nodes whose times may change, a ring
    queued: Ints  # [node]: 1 if in the queue
    past: Ints  # (node, its ready, its start) before each change, to take it back
    log: Ints  # (node, former predecessor) of the moves to take back
    numbers: Ints  # random state, travel, length of log, length of past, lateness, worst lateness


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
def late(s: Staffing, j: int, start: int) -> int:
    return max(0, start - int(s.due[j]))


@compiled
def enqueue(s: Staffing, r: Rota, j: int, size: int, first: int) -> int:
    """The size of the queue with j in it."""
    if j >= s.sizes[0] or r.queued[j]:
        return size
    n = s.sizes[0]
    r.queued[j] = 1
    r.queue[(first + size) % n] = j
    return size + 1


@compiled
def start_at(s: Staffing, r: Rota, j: int, start: int) -> None:
    """The start of j changes, and with it what lateness costs; the worst is exact, or too high until `worst` counts."""
    before, now = late(s, j, r.start[j]), late(s, j, start)
    r.start[j] = start
    r.numbers[LATE] += now - before
    r.numbers[WORST] = max(r.numbers[WORST], now)


@compiled
def follow(s: Staffing, r: Rota, limit: int) -> bool:
    """Times after the moves of the log; False where links contradict the order, or one lateness is above the limit."""
    n, size, first, worst = s.sizes[0], 0, 0, r.numbers[WORST]
    r.numbers[PAST] = 0
    for k in range(0, r.numbers[LOGGED], 2):
        j = r.log[k]
        size = enqueue(s, r, j, size, first)
        size = enqueue(s, r, r.next[j], size, first)
        size = enqueue(s, r, r.next[r.log[k + 1]], size, first)
    fine, lower, patience = True, False, PATIENCE * n
    while size > 0:
        j = r.queue[first]
        first, size = (first + 1) % n, size - 1
        r.queued[j] = 0
        if not fine:
            continue
        i = r.prev[j]
        free = 0 if i >= n else r.start[i] + s.service[i]
        ready = max(free + between(s, i, j), s.opens[j])
        if ready == r.ready[j]:
            continue
        m = s.mate[j]
        patience -= 1
        k = r.numbers[PAST]
        if patience < 0 or k + 6 > len(r.past):
            fine = False
            continue
        r.past[k], r.past[k + 1], r.past[k + 2] = j, r.ready[j], r.start[j]
        k += 3
        r.ready[j] = ready
        start, before = ready, r.start[j]
        if m >= 0:
            start = max(start, r.ready[m] - s.gap[2 * j + 1])
            follows = max(r.ready[m], ready + s.gap[2 * j])
            if follows != r.start[m]:
                r.past[k], r.past[k + 1], r.past[k + 2] = m, r.ready[m], r.start[m]
                k += 3
                lower = lower or late(s, m, r.start[m]) == worst and follows < r.start[m]
                start_at(s, r, m, follows)
                size = enqueue(s, r, r.next[m], size, first)
                fine = late(s, m, follows) * s.weights[1] <= limit
        r.numbers[PAST] = k
        if start != before:
            lower = lower or late(s, j, before) == worst and start < before
            start_at(s, r, j, start)
            size = enqueue(s, r, r.next[j], size, first)
            fine = fine and late(s, j, start) * s.weights[1] <= limit
    if fine and (lower or r.numbers[WORST] > worst):
        count_worst(s, r)
    return fine


@compiled
def count_worst(s: Staffing, r: Rota) -> None:
    worst = 0
    for j in range(s.sizes[0]):
        worst = max(worst, late(s, j, r.start[j]))
    r.numbers[WORST] = worst


@compiled
def take_back(s: Staffing, r: Rota, lateness: int, worst: int) -> None:
    """As it was before the moves of the log."""
    k = r.numbers[PAST] - 3
    while k >= 0:
        j = r.past[k]
        r.ready[j], r.start[j] = r.past[k + 1], r.past[k + 2]
        k -= 3
    r.numbers[PAST] = 0
    r.numbers[LATE], r.numbers[WORST] = lateness, worst
    k = r.numbers[LOGGED] - 2
    while k >= 0:
        shift(s, r, r.log[k], r.log[k + 1], False)
        k -= 2
    r.numbers[LOGGED] = 0


@compiled
def cost(s: Staffing, r: Rota) -> int:
    return int(s.weights[0] * r.numbers[TRAVEL] + s.weights[1] * r.numbers[LATE] + s.weights[2] * r.numbers[WORST])


@compiled
def settle(s: Staffing, r: Rota) -> bool:
    """All times anew, sweep after sweep; False where links contradict the order."""
    n, routes = s.sizes[0], s.sizes[1]
    r.numbers[LATE], r.numbers[WORST] = 0, 0
    for j in range(n):
        r.ready[j], r.start[j] = -FAR, -FAR
    for _ in range(n + 2):
        changed = False
        for v in range(routes):
            free, j = 0, r.next[n + v]
            while j < n:
                ready = max(free + between(s, r.prev[j], j), s.opens[j])
                m = s.mate[j]
                start = ready if m < 0 else max(ready, r.ready[m] - s.gap[2 * j + 1])
                changed = changed or ready != r.ready[j] or start != r.start[j]
                r.ready[j] = ready
                start_at(s, r, j, start)
                free, j = start + s.service[j], r.next[j]
        if not changed:
            count_worst(s, r)
            return True
    return False
