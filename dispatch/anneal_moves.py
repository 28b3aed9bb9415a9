"""The moves of the annealing: one random change of a rota, noted in its log."""

from __future__ import annotations

from dispatch.anneal_rota import LOGGED, Rota, Staffing, roll, shift
from dispatch.jit import compiled

NEAR_SHARE = 70  # per cent


@compiled
def spot(s: Staffing, r: Rota, j: int) -> int:
    """Behind whom j might go: a good predecessor, or whoever of an able route would be just before it."""
    n, routes, near = s.sizes[0], s.sizes[1], s.sizes[2]
    if roll(r, 100) < NEAR_SHARE:
        return int(s.before[j * near + roll(r, near)])
    v = s.crew[j * routes + roll(r, s.crew_size[j])]
    p, then = n + v, r.start[j]
    while r.next[p] < n and r.start[r.next[p]] < then:
        p = r.next[p]
    swerve = roll(r, 4)
    if swerve == 0 and p < n:
        p = r.prev[p]
    elif swerve == 1 and r.next[p] < n:
        p = r.next[p]
    return int(p)


@compiled
def propose(s: Staffing, r: Rota) -> bool:
    """One random move, noted in the log; False where nobody may do it that way."""
    n, routes, near = s.sizes[0], s.sizes[1], s.sizes[2]
    r.numbers[LOGGED] = 0
    j, kind = roll(r, n), roll(r, 100)
    p = spot(s, r, j)
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
                return bool(r.numbers[LOGGED] > 0)
            after = r.next[j]
            if r.prev[j] != a:
                shift(s, r, j, a, True)
            a, j = j, after
        return bool(r.numbers[LOGGED] > 0)
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
