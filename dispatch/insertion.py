"""Where a visit can go and what that costs; greedy insertion, and construction by regret."""

from __future__ import annotations

from dispatch.arrays import Facts, Ints
from dispatch.jit import compiled, inlined
from dispatch.timing import (
    FAR,
    State,
    ahead,
    behind,
    choose,
    closing,
    detour,
    enqueue,
    forward,
    latest,
    opening,
    pull,
    put,
    retime,
    service,
    settle,
    trip,
    untimely,
)

SHORT = 10  # spots of the first of two that are tried with the second


@inlined
def draw(s: State, n: int) -> int:
    """A number below n; the same in compiled and plain code."""
    s.random[0] = s.random[0] * 48271 % 2147483647
    return int(s.random[0] % n)


@inlined
def slot(f: Facts, s: State, j: int, r: int, p: int) -> tuple[int, int]:
    """(earliest, latest) start of j right after p; the earliest is the later one where j does not fit."""
    labels, rests, q = f.sizes[3], f.rest_count[r], s.next[p]
    t1, t2, busy = trip(f, r, p, j), trip(f, r, j, q), service(f, r, p)
    first, last = FAR, -FAR
    for b1 in range(rests + 1):
        x, y = FAR, -FAR
        for b in range(b1 + 1):
            early = s.early[p * labels + b]
            if early < FAR:
                x = min(x, ahead(f, r, early + busy, t1, b, b1))
        if x < FAR:
            x = opening(f, s, j, x)
        if x >= FAR:
            continue
        for b2 in range(b1, rests + 1):
            late = s.late[q * labels + b2]
            if late > -FAR:
                y = max(y, behind(f, r, late, t2, b1, b2))
        if y > -FAR:
            y = closing(f, s, j, y - service(f, r, j))
        if x <= y:
            first, last = min(first, x), max(last, y)
    return first, last


@inlined
def price(f: Facts, s: State, j: int, r: int, p: int) -> int:
    """What j after p adds to the cost, without the cost of soft times; FAR where the day gets too long."""
    c = f.owner[r]
    extra = detour(f, s, j, r, p, s.next[p])
    before = s.work[c] + f.limits[3 * c + 2]
    after = before + extra + service(f, r, j)
    if after > f.limits[3 * c]:
        return FAR
    fair = f.limits[3 * c + 1]
    over = max(0, after - fair) - max(0, before - fair)
    return int(f.weights[0] * extra + f.fee[j * f.sizes[2] + c] + f.weights[3] * over)


@compiled
def soft_price(f: Facts, s: State, j: int, r: int, p: int) -> int:
    """What j after p adds to lateness, overtime and moved starts on this route, found by trying it."""
    before, q = s.soft[r], s.next[p]
    put(f, s, j, r, p)
    if forward(f, s, r, j):
        choose(f, s, r)
        extra = s.soft[r] - before
    else:
        extra = FAR
    lo, hi, dirty = s.lo[j], s.hi[j], s.dirty[r]
    pull(f, s, j)
    s.lo[j], s.hi[j], s.dirty[r] = lo, hi, dirty
    forward(f, s, r, q)
    choose(f, s, r)
    s.soft[r] = before
    return int(extra)


@inlined
def consider(f: Facts, s: State, j: int, r: int, p: int, limit: int) -> None:
    """Keeps the spot after p where it is below the limit and the best of its route so far."""
    if s.random[2]:
        s.random[1] -= 1
        if s.random[1] <= 0:
            s.random[1] = 1 + draw(s, 2 * s.random[2])
            return
    cost = price(f, s, j, r, p)
    limit = min(limit, s.offer[4 * r])
    if cost < limit:
        first, last = slot(f, s, j, r, p)
        if first <= last:
            if f.sizes[6]:
                cost += soft_price(f, s, j, r, p)
            if cost < limit:
                s.offer[4 * r], s.offer[4 * r + 1] = cost, p
                s.offer[4 * r + 2], s.offer[4 * r + 3] = first, last


@inlined
def welcome(f: Facts, s: State, j: int, r: int, apart: int) -> bool:
    """Whether the owner of the route may serve j at all, and is not the one who serves its other half."""
    c = f.owner[r]
    if f.fee[j * f.sizes[2] + c] < 0 or c == apart or (s.random[4] and not s.eased[c]):
        return False
    for e in range(f.link_from[j], f.link_from[j + 1]):
        v = f.link_to[e]
        if f.link_apart[e] and s.where[v] >= 0 and f.owner[s.where[v]] == c:
            return False
    return True


@inlined
def along(f: Facts, s: State, j: int, r: int, apart: int, limit: int) -> None:
    """The best spot of one route becomes its offer, if it is below the limit."""
    n, labels = f.sizes[0], f.sizes[3]
    s.offer[4 * r] = FAR
    if welcome(f, s, j, r, apart):
        closes = min(f.windows[2 * ((j + 1) * f.sizes[4] - 1) + 1], s.hi[j])
        p = n + r
        while True:
            soonest = s.early[p * labels]
            if soonest < FAR and soonest + service(f, r, p) > closes:
                break
            consider(f, s, j, r, p, limit)
            p = s.next[p]
            if p >= n:
                break


@compiled
def scan_route(f: Facts, s: State, j: int, r: int, apart: int, limit: int) -> None:
    """The same for who asks about one route only."""
    along(f, s, j, r, apart, limit)


@compiled
def scan(f: Facts, s: State, j: int, apart: int, limit: int, narrow: bool) -> None:
    """Offers of all routes; on large days only beside near neighbours and at the start of each route.

    A narrow scan looks only for what beats the offers before it.
    """
    n, routes = f.sizes[0], f.sizes[1]
    near = f.sizes[7]
    if near >= n - 1 or f.link_from[j] < f.link_from[j + 1]:
        for r in range(routes):
            along(f, s, j, r, apart, limit)
            if narrow:
                limit = min(limit, s.offer[4 * r])
        return
    for r in range(routes):
        s.offer[4 * r] = FAR
        s.queue[r] = 1 if welcome(f, s, j, r, apart) else 0
    for k in range(routes + 2 * near):
        if k < routes:
            r, p = k, n + k
        else:
            p = f.near[j * near + (k - routes) // 2]
            r = s.where[p]
            if (k - routes) % 2:
                p = s.prev[p]
        if r >= 0 and s.queue[r]:
            consider(f, s, j, r, p, limit)
            if narrow and k >= routes:
                limit = min(limit, s.offer[4 * r])


@compiled
def best_offer(f: Facts, s: State) -> int:
    best, cost = -1, FAR
    for r in range(f.sizes[1]):
        if s.offer[4 * r] < cost:
            best, cost = r, s.offer[4 * r]
    return best


@compiled
def bind(f: Facts, s: State, j: int) -> None:
    """Bounds of a node not yet placed, from those it is linked to."""
    lo, hi = -FAR, FAR
    for e in range(f.link_from[j], f.link_from[j + 1]):
        v = f.link_to[e]
        if s.where[v] >= 0:
            lo = max(lo, s.start[v] + f.link_in[e])
            hi = min(hi, latest(f, s, v) - f.link_out[e])
    s.lo[j], s.hi[j] = lo, hi


@compiled
def insert_one(f: Facts, s: State, j: int, limit: int) -> bool:
    bind(f, s, j)
    scan(f, s, j, -1, limit, True)
    for _ in range(4):
        r = best_offer(f, s)
        if r < 0:
            break
        put(f, s, j, r, s.offer[4 * r + 1])
        if settle(f, s, enqueue(s, 0, r)):
            return True
        pull(f, s, j)
        retime(f, s)
        bind(f, s, j)
        s.offer[4 * r] = FAR
    s.lo[j], s.hi[j] = -FAR, FAR
    return False


@compiled
def insert_two(f: Facts, s: State, j: int, m: int, limit: int) -> bool:
    """Both caregivers of a visit at the same minute: for the best spots of one, the best of the other in its time."""
    bind(f, s, j)
    scan(f, s, j, -1, limit, False)
    s.random[4] = 0  # one of the two is enough
    size = 0
    while size < SHORT:
        r = best_offer(f, s)
        if r < 0:
            break
        for k in range(4):
            s.short[6 * size + k] = s.offer[4 * r + k]
        s.short[6 * size] -= untimely(f, j, s.short[6 * size + 2])  # the second's offer holds it, for when both can
        s.short[6 * size + 4] = r
        s.offer[4 * r] = FAR
        size += 1
    for _ in range(3):
        best, r2, p2 = -1, -1, -1
        cost = limit
        for k in range(size):
            if s.short[6 * k] >= cost:
                continue
            bind(f, s, m)
            s.lo[m], s.hi[m] = max(s.lo[m], s.short[6 * k + 2]), min(s.hi[m], s.short[6 * k + 3])
            scan(f, s, m, f.owner[s.short[6 * k + 4]], cost - s.short[6 * k], True)
            r = best_offer(f, s)
            if r >= 0:
                cost = s.short[6 * k] + s.offer[4 * r]
                best, r2, p2 = k, r, s.offer[4 * r + 1]
        if best < 0:
            break
        bind(f, s, j)
        bind(f, s, m)
        put(f, s, j, s.short[6 * best + 4], s.short[6 * best + 1])
        put(f, s, m, r2, p2)
        if settle(f, s, enqueue(s, enqueue(s, 0, r2), s.short[6 * best + 4])):
            return True
        pull(f, s, j)
        pull(f, s, m)
        retime(f, s)
        s.short[6 * best] = FAR
    s.lo[j], s.hi[j], s.lo[m], s.hi[m] = -FAR, FAR, -FAR, FAR
    return False


@compiled
def insert(f: Facts, s: State, v: int, limit: int) -> bool:
    """Serves visit v in the cheapest way below the limit."""
    j = f.first[v]
    m = f.mate[j]
    return insert_one(f, s, j, limit) if m < 0 else insert_two(f, s, j, m, limit)


@compiled
def construct(f: Facts, s: State, visits: Ints, table: Ints) -> None:
    """Inserts the listed visits: those for two and linked ones in their order, then by regret over routes.

    `table` holds for each listed visit the cost on every route, then best, second and where the best is.
    """
    routes = f.sizes[1]
    wide, size = routes + 3, 0
    for i in range(len(visits)):
        v = visits[i]
        j = f.first[v]
        if f.link_from[j] < f.link_from[j + 1]:
            insert(f, s, v, f.prize[v])
        else:
            visits[size] = v
            size += 1
    for i in range(size):
        scan(f, s, f.first[visits[i]], -1, FAR, False)
        for r in range(routes):
            table[i * wide + r] = s.offer[4 * r]
        rank(table, i * wide, routes)
    while size:
        pick, most = 0, -1
        for i in range(size):
            k = i * wide + routes
            regret = min(table[k + 1], f.prize[visits[i]]) - min(table[k], f.prize[visits[i]])
            if regret > most:
                pick, most = i, regret
        v = visits[pick]
        j = f.first[v]
        served = insert(f, s, v, f.prize[v])
        size -= 1
        visits[pick] = visits[size]
        for k in range(wide):
            table[pick * wide + k] = table[size * wide + k]
        if served:
            r = s.where[j]
            for i in range(size):
                scan_route(f, s, f.first[visits[i]], r, -1, FAR)
                table[i * wide + r] = s.offer[4 * r]
                k = i * wide + routes
                if table[k + 2] == r or s.offer[4 * r] < table[k + 1]:
                    rank(table, i * wide, routes)


@compiled
def rank(table: Ints, row: int, routes: int) -> None:
    best, second, where = FAR, FAR, -1
    for r in range(routes):
        cost = table[row + r]
        if cost < best:
            best, second, where = cost, best, r
        elif cost < second:
            second = cost
    table[row + routes], table[row + routes + 1], table[row + routes + 2] = best, second, where
