"""When everything can happen: earliest and latest starts along routes, through breaks, and across linked visits.

`early[node, b]` is the earliest start of a stop with b breaks of its shift taken before it, `late[node, b]` the latest
that lets the rest of the route happen. Linked visits bound each other through `lo` and `hi`, so either can be delayed.
An insertion between two stops is then judged without walking the route.
"""

from __future__ import annotations

from typing import NamedTuple

from dispatch.arrays import Facts, Ints
from dispatch.jit import compiled, inlined

FAR = 1 << 50


class State(NamedTuple):
    """One plan under search. Node n + r is the start of route r, n + R + r its end."""

    next: Ints
    prev: Ints
    where: Ints  # [node]: route, or -1
    early: Ints  # [node, label]
    late: Ints
    via: Ints  # [node, label]: the label before, on the earliest way here
    start: Ints  # [node]: start of the stop in the schedule chosen; kept for routes with links or soft times
    lo: Ints  # [node]: bounds that links impose
    hi: Ints
    work: Ints  # [caregiver]
    stops: Ints  # [route]
    linked: Ints  # [route]: stops with links
    soft: Ints  # [route]: cost of lateness, overtime and moved starts; a visit for two is in both
    dirty: Ints  # [route]
    queue: Ints
    queued: Ints  # [route]
    offer: Ints  # [route, (cost, after, earliest, latest)]: where the node last asked for would go
    short: Ints  # the shortlist of offers for the first of two
    absent: Ints  # [visit]: those without a caregiver, and two keys to sort them by
    taken: Ints  # [node]: 1 if it was taken out in this round
    eased: Ints  # [caregiver]: 1 if something was taken out of her day in this round
    random: Ints  # [state, offers until the next blink, offers between blinks (0: none), 1: broken, 1: only the eased]


@inlined
def trip(f: Facts, r: int, i: int, j: int) -> int:
    places = f.sizes[5]
    return int(f.travel[(f.mode[r] * places + f.place[i]) * places + f.place[j]])


@inlined
def service(f: Facts, r: int, j: int) -> int:
    if j >= f.sizes[0]:
        return 0
    return int(f.service[j * f.sizes[2] + f.owner[r]])


@inlined
def ahead(f: Facts, r: int, x: int, t: int, b: int, b2: int) -> int:
    """Free at x, t of travel, breaks b to b2 on the way: when one is there."""
    for k in range(b, b2):
        i = (r * (f.sizes[3] - 1) + k) * 3
        opens = f.rests[i]
        if opens > x:
            t -= min(t, opens - x)
            x = opens
        x += f.rests[i + 2]
        if x > f.rests[i + 1]:
            return FAR
    return x + t


@inlined
def behind(f: Facts, r: int, y: int, t: int, b: int, b2: int) -> int:
    """There by y, t of travel, breaks b to b2 on the way: when one must be free at the latest."""
    for k in range(b2 - 1, b - 1, -1):
        i = (r * (f.sizes[3] - 1) + k) * 3
        closes = f.rests[i + 1]
        if closes < y:
            t -= min(t, y - closes)
            y = closes
        y -= f.rests[i + 2]
        if y < f.rests[i]:
            return -FAR
    return y - t


@inlined
def opening(f: Facts, s: State, j: int, x: int) -> int:
    """The first start of j at or after x."""
    x = max(x, s.lo[j])
    for k in range(j * f.sizes[4], (j + 1) * f.sizes[4]):
        if x <= f.windows[2 * k + 1]:
            x = max(x, f.windows[2 * k])
            return x if x <= s.hi[j] else FAR
    return FAR


@inlined
def closing(f: Facts, s: State, j: int, y: int) -> int:
    """The last start of j at or before y."""
    y = min(y, s.hi[j])
    for k in range((j + 1) * f.sizes[4] - 1, j * f.sizes[4] - 1, -1):
        if y >= f.windows[2 * k]:
            y = min(y, f.windows[2 * k + 1])
            return y if y >= s.lo[j] else -FAR
    return -FAR


@compiled
def forward(f: Facts, s: State, r: int, j: int) -> bool:
    """Earliest starts from j to the end of route r; whether the route can be driven."""
    n, labels = f.sizes[0], f.sizes[3]
    rests, end = f.rest_count[r], n + f.sizes[1] + r
    while True:
        i = s.prev[j]
        t, busy = trip(f, r, i, j), service(f, r, i)
        for b2 in range(rests + 1):
            best, via = FAR, 0
            for b in range(b2 + 1):
                x = s.early[i * labels + b]
                if x < FAR:
                    x = ahead(f, r, x + busy, t, b, b2)
                    if x < FAR and j < n:
                        x = opening(f, s, j, x)
                    if x < best:
                        best, via = x, b
            s.early[j * labels + b2], s.via[j * labels + b2] = best, via
        if j == end:
            return bool(s.early[end * labels + rests] <= f.span[4 * r + 2])
        j = s.next[j]


@compiled
def backward(f: Facts, s: State, r: int, j: int) -> None:
    """Latest starts from j back to the first stop of route r."""
    n, labels = f.sizes[0], f.sizes[3]
    rests = f.rest_count[r]
    while j < n:
        q = s.next[j]
        t, busy = trip(f, r, j, q), service(f, r, j)
        for b in range(rests + 1):
            best = -FAR
            for b2 in range(b, rests + 1):
                y = s.late[q * labels + b2]
                if y > -FAR:
                    best = max(best, behind(f, r, y, t, b, b2))
            if best > -FAR:
                best = closing(f, s, j, best - busy)
            s.late[j * labels + b] = best
        j = s.prev[j]


@compiled
def untimely(f: Facts, j: int, x: int) -> int:
    """What lateness and a moved start cost a visit whose node j starts at x."""
    cost = f.weights[1] * max(0, x - f.due[j])
    if f.promise[j] >= 0:
        cost += f.weights[4] * abs(x - f.promise[j])
    return int(cost)


@compiled
def choose(f: Facts, s: State, r: int) -> None:
    """Writes the starts of the earliest schedule with all breaks, and what its times cost."""
    n, labels, b = f.sizes[0], f.sizes[3], f.rest_count[r]
    j = n + f.sizes[1] + r
    cost = f.weights[2] * max(0, s.early[j * labels + b] - f.span[4 * r + 1])
    while True:
        b = s.via[j * labels + b]
        j = s.prev[j]
        if j >= n:
            break
        x = s.early[j * labels + b]
        s.start[j] = x
        cost += untimely(f, j, x)
    s.soft[r] = cost if s.stops[r] else 0


@compiled
def latest(f: Facts, s: State, j: int) -> int:
    """The latest start of a placed node in any schedule that links and windows seem to allow."""
    labels = f.sizes[3]
    best = -FAR
    for k in range(j * labels, j * labels + f.rest_count[s.where[j]] + 1):
        if s.early[k] <= s.late[k]:
            best = max(best, s.late[k])
    return best


@compiled
def enqueue(s: State, size: int, r: int) -> int:
    if s.queued[r] == 0:
        s.queued[r] = 1
        s.queue[size] = r
        return size + 1
    return size


@compiled
def settle(f: Facts, s: State, size: int) -> bool:
    """Carries the change of the queued routes over all links, until starts agree. False: they cannot."""
    n, routes = f.sizes[0], f.sizes[1]
    budget, well, wave = 40 + 6 * routes, True, size
    for k in range(size):
        s.queue[routes + k] = s.queue[k]
    while size and well:
        size -= 1
        r = s.queue[size]
        s.queued[r] = 0
        budget -= 1
        well = forward(f, s, r, s.next[n + r]) and budget > 0
        if well and (s.linked[r] or f.sizes[6]):
            choose(f, s, r)
        if well and s.linked[r]:
            j = s.next[n + r]
            while j < n:
                for e in range(f.link_from[j], f.link_from[j + 1]):
                    v = f.link_to[e]
                    if s.where[v] >= 0 and s.lo[v] < s.start[j] + f.link_out[e]:
                        s.lo[v] = s.start[j] + f.link_out[e]
                        size = enqueue(s, size, s.where[v])
                j = s.next[j]
    for k in range(size):
        s.queued[s.queue[k]] = 0
    if well:
        for k in range(wave):
            s.queue[k] = s.queue[routes + k]
            s.queued[s.queue[k]] = 1
        tighten(f, s, wave)
    return well


@compiled
def tighten(f: Facts, s: State, size: int) -> None:
    """Latest starts of the queued routes, carried over all links. They only sharpen later questions."""
    n, routes = f.sizes[0], f.sizes[1]
    budget = 40 + 6 * routes
    while size:
        size -= 1
        r = s.queue[size]
        s.queued[r] = 0
        budget -= 1
        if budget > 0:
            backward(f, s, r, s.prev[n + routes + r])
        j = s.next[n + r]
        while s.linked[r] and j < n and budget > 0:
            for e in range(f.link_from[j], f.link_from[j + 1]):
                v, bound = f.link_to[e], latest(f, s, j) - f.link_in[e]
                if s.where[v] >= 0 and -FAR < bound < s.hi[v] and bound >= s.start[v]:
                    s.hi[v] = bound
                    size = enqueue(s, size, s.where[v])
            j = s.next[j]


@compiled
def retime(f: Facts, s: State) -> bool:
    """All starts anew after stops were taken out: what links had imposed is forgotten and found again."""
    n, routes = f.sizes[0], f.sizes[1]
    size = 0
    for r in range(routes):
        if s.linked[r] and f.link_from[n]:
            j = s.next[n + r]
            while j < n:
                if f.link_from[j] < f.link_from[j + 1]:
                    s.lo[j], s.hi[j] = -FAR, FAR
                j = s.next[j]
        if s.linked[r] or s.dirty[r]:
            s.dirty[r] = 0
            s.queued[r] = 1
            s.queue[size] = r
            size += 1
    well = settle(f, s, size)
    if not well:
        s.random[3] = 1
    return well


@compiled
def put(f: Facts, s: State, j: int, r: int, p: int) -> None:
    q = s.next[p]
    s.next[p], s.prev[j], s.next[j], s.prev[q] = j, p, q, j
    s.where[j] = r
    _account(f, s, j, r, 1)


@compiled
def pull(f: Facts, s: State, j: int) -> None:
    p, q, r = s.prev[j], s.next[j], s.where[j]
    _account(f, s, j, r, -1)
    s.next[p], s.prev[q] = q, p
    s.where[j] = -1
    s.lo[j], s.hi[j] = -FAR, FAR
    s.dirty[r] = 1


@inlined
def detour(f: Facts, s: State, j: int, r: int, p: int, q: int) -> int:
    """Extra travel for j between p and q; an unused shift does not travel at all."""
    extra = trip(f, r, p, j) + trip(f, r, j, q)
    if s.stops[r] or f.span[4 * r + 3]:
        extra -= trip(f, r, p, q)
    return extra


@compiled
def _account(f: Facts, s: State, j: int, r: int, sign: int) -> None:
    if sign < 0:
        s.stops[r] -= 1
    s.work[f.owner[r]] += sign * (detour(f, s, j, r, s.prev[j], s.next[j]) + service(f, r, j))
    if sign > 0:
        s.stops[r] += 1
    if f.link_from[j] < f.link_from[j + 1]:
        s.linked[r] += sign
