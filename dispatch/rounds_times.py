"""A rider's day as the search of rounds sees it: trips of one kitchen, one after another, and when everything happens.

Drop j < n; rider r begins at node n + r and ends at n + K + r; between two of her trips stands a reload, a node from
n + 2 K on. A trip's head is the node it leaves the kitchen from. `at` of a head is when the trip leaves.
"""

from __future__ import annotations

from typing import NamedTuple

from dispatch.arrays import FAR, Ints
from dispatch.jit import compiled, inlined


class Facts(NamedTuple):
    """What no search changes. Place P - 1 is the kitchen, drop j is at place j."""

    sizes: Ints  # drops, riders, reloads, places, neighbours
    rules: Ints  # reload ticks, longest ride, cost of one more rider, several trips?, riders alike?
    way: Ints  # [place, place]: cost
    time: Ints  # [place, place]: ticks
    place: Ints  # [node]
    service: Ints  # [drop]
    opens: Ints
    closes: Ints
    amount: Ints
    ready: Ints  # [drop]: not out of the kitchen before
    mate: Ints  # [drop]: the other end of a pick-up and delivery, or -1
    first: Ints  # [drop]: 1 if it goes before its mate
    prize: Ints  # [drop]: what leaving it out costs; of a pair at its pick-up
    room: Ints  # [rider]
    start: Ints  # [rider]
    end: Ints
    near: Ints  # [drop, k]


class Tour(NamedTuple):
    """One plan under search."""

    next: Ints
    prev: Ints
    rider: Ints  # [node]: -1 for what is not on the way
    head: Ints  # [drop]: where its trip leaves from
    at: Ints  # start of service; of a head, when the trip leaves; of an end, the return
    free: Ints  # earliest start if the trip could leave at any time; of a head, when it can be loaded at the earliest
    ride: Ints  # ticks on the way since the kitchen, without waiting
    late: Ints  # latest start that lets the rest of her day happen
    load: Ints  # of a head, what the trip carries; of a drop in a pair, what is aboard after it
    cost: Ints  # [rider]
    stops: Ints  # [rider]
    open: Ints  # [rider]: 0 where she stays at home
    version: Ints  # [rider]: differs whenever her day does; the last one counts


class Memory(NamedTuple):
    """What was found out about rider's days that have not changed since; [drop, rider] each."""

    version: Ints
    cost: Ints
    after: Ints
    how: Ints


@compiled
def go(w: Facts, i: int, j: int) -> int:
    """Service at i and the time from there to j."""
    t = w.time[w.place[i] * w.sizes[3] + w.place[j]]
    return int(t + w.service[i] if i < w.sizes[0] else t)


@compiled
def way(w: Facts, i: int, j: int) -> int:
    return int(w.way[w.place[i] * w.sizes[3] + w.place[j]])


@compiled
def limit(w: Facts, s: Tour, q: int) -> int:
    """The latest arrival at q; at the kitchen the time to load is still to come."""
    return int(s.late[q] - (w.rules[0] if q >= w.sizes[0] + 2 * w.sizes[1] else 0))


@inlined
def settle(w: Facts, s: Tour, r: int) -> None:
    """All times of one rider's day, forward as early as may be, then backward."""
    n, riders = w.sizes[0], w.sizes[1]
    h, end, cost, stops, back = n + r, n + riders + r, 0, 0, w.start[r]
    while h != end:
        leave, load, i, early, ride = back, 0, h, -FAR, 0
        j = s.next[h]
        while j < n:
            step = go(w, i, j)
            early, ride = max(w.opens[j], early + step), ride + step
            load += w.amount[j]
            leave = max(leave, w.ready[j], early - w.rules[1])
            s.rider[j], s.head[j], s.free[j], s.ride[j], s.load[j] = r, h, early, ride, load
            stops += 1
            i, j = j, s.next[j]
        s.free[h], s.at[h], s.load[h] = back, leave, load
        i, j = h, s.next[h]
        while j < n:
            s.at[j] = max(w.opens[j], s.at[i] + go(w, i, j))
            cost += way(w, i, j)
            i, j = j, s.next[j]
        cost += way(w, i, j)
        s.rider[j] = r
        back = s.at[i] + go(w, i, j) + w.rules[0]
        h = j
    s.at[end] = s.free[end] = back - w.rules[0]
    s.late[end] = w.end[r]
    i, j = s.prev[end], end
    while True:
        s.late[i] = limit(w, s, j) - go(w, i, j)
        if i < n:
            s.late[i] = min(s.late[i], w.closes[i])
        elif i < n + riders:
            break
        i, j = s.prev[i], i
    s.version[r] = s.version[riders] = s.version[riders] + 1
    s.cost[r], s.stops[r] = cost + (w.rules[2] if stops else 0), stops


@inlined
def put(w: Facts, s: Tour, j: int, p: int) -> None:
    """Node j goes after p; who calls settles the rider's day."""
    q = s.next[p]
    s.next[p], s.prev[j], s.next[j], s.prev[q] = j, p, q, j
    s.rider[j] = s.rider[p]


@inlined
def pull(w: Facts, s: Tour, j: int) -> None:
    """Takes drop j out; a trip that is left with nothing is no trip."""
    n, riders = w.sizes[0], w.sizes[1]
    p, q = s.prev[j], s.next[j]
    s.next[p], s.prev[q], s.rider[j] = q, p, -1
    if p >= n and q >= n:
        gone = p if p >= n + 2 * riders else q
        if gone >= n + 2 * riders:
            p, q = s.prev[gone], s.next[gone]
            s.next[p], s.prev[q], s.rider[gone] = q, p, -1
            while q < n:
                s.head[q] = p if p >= n else s.head[p]
                q = s.next[q]


@inlined
def reload(w: Facts, s: Tour) -> int:
    """A reload that nobody uses; there is one for each drop."""
    first = w.sizes[0] + 2 * w.sizes[1]
    for k in range(first, first + w.sizes[2]):
        if s.rider[k] < 0:
            return int(k)
    return -1
