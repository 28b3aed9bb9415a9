"""Ruin and recreate for rounds: strings of neighbouring drops are taken out and put back one by one.

After Christiaens & Vanden Berghe, «Slack induction by string removals» (2020): strings, sort orders, blinks, and the
sum of absences where riders are to be saved.
"""

from __future__ import annotations

import math

from dispatch.arrays import FAR, Ints
from dispatch.jit import compiled, inlined
from dispatch.rounds_times import Facts, Memory, Tour, go, limit, pull, put, reload, settle, way

REMOVED = 10  # drops taken out on average
LONGEST = 10  # of one trip at most
BLINK = 100  # one offer in so many is overlooked


@compiled
def roll(luck: Ints, n: int) -> int:
    luck[0] = luck[0] * 48271 % 2147483647
    return int(luck[0] % n)


@inlined
def blink(luck: Ints) -> bool:
    luck[1] -= 1
    if luck[1] > 0:
        return False
    luck[1] = 1 + roll(luck, 2 * BLINK)
    return True


@compiled
def hot_enough(w: Facts, s: Tour, h: int, p: int, j: int) -> bool:
    """Whether the trip from h, with j after p, can leave so late that nobody's meal rides too long."""
    n, early, ride, leave, i = w.sizes[0], -FAR, 0, s.free[h], h
    for turn in range(2):
        i, t = h, leave
        q = j if p == h else s.next[h]
        while q < n:
            step = go(w, i, q)
            if turn:
                t = max(w.opens[q], t + step)
                if t > w.closes[q]:
                    return False
            else:
                early, ride = max(w.opens[q], early + step), ride + step
                leave = max(leave, w.ready[q], early - w.rules[1])
                if ride > w.rules[1]:
                    return False
            i = q
            q = j if q == p else s.next[p if q == j else q]
    return bool(t + go(w, i, q) <= limit(w, s, q))


@inlined
def scan(w: Facts, s: Tour, r: int, j: int, not_after: int, offer: Ints) -> int:
    """The cheapest place for drop j with rider r, but one; offer: [after, 1 with a reload before, 2 behind it]."""
    n, riders = w.sizes[0], w.sizes[1]
    end, h, kitchen = n + riders + r, n + r, n
    alone = way(w, kitchen, j) + way(w, j, kitchen)
    best = FAR
    several = w.rules[3] and s.stops[r] > 0 and w.amount[j] <= w.room[r] and go(w, kitchen, j) <= w.rules[1]
    first = w.rules[2] if s.stops[r] == 0 else 0
    while h != end:
        if several and alone < best:
            t = max(w.opens[j], max(s.free[h], w.ready[j]) + go(w, kitchen, j))
            if t <= w.closes[j] and t + go(w, j, kitchen) + w.rules[0] <= s.late[h] and h != not_after:
                best = alone
                offer[0], offer[1] = h, 2
        p, q = h, s.next[h]
        apart = w.ready[j] > s.at[h]
        if s.load[h] + w.amount[j] > w.room[r] or (apart and w.ready[j] > s.late[h]):
            while q < n:
                p, q = q, s.next[q]
        else:
            while True:
                t = s.at[p]
                if apart:
                    t = w.ready[j] if p == h else max(s.free[p], w.ready[j] + s.ride[p])
                t += go(w, p, j)
                if t > w.closes[j]:
                    if s.at[p] > w.closes[j]:
                        while q < n:
                            p, q = q, s.next[q]
                        break
                else:
                    cost = way(w, p, j) + way(w, j, q) - way(w, p, q) + first
                    fits = cost < best and p != not_after and max(t, w.opens[j]) + go(w, j, q) <= limit(w, s, q)
                    if fits and (w.rules[1] >= FAR or hot_enough(w, s, h, p, j)):
                        best = cost
                        offer[0], offer[1] = p, 0
                if q >= n:
                    break
                p, q = q, s.next[q]
        h = q
        if h == end and several and alone < best:
            t = max(w.opens[j], max(s.at[end] + w.rules[0], w.ready[j]) + go(w, kitchen, j))
            if t <= w.closes[j] and t + go(w, j, kitchen) <= s.late[end] and p != not_after:
                best = alone
                offer[0], offer[1] = p, 1
    return int(best)


@inlined
def scan_pair(w: Facts, s: Tour, r: int, j: int, not_after: int, offer: Ints) -> int:
    """The same for a pick-up j and its delivery; offer: [pick-up after, delivery after]."""
    n, m = w.sizes[0], w.mate[j]
    best, p = FAR, n + r
    first = w.rules[2] if s.stops[r] == 0 else 0
    while True:
        q = s.next[p]
        t = s.at[p] + go(w, p, j)
        if s.at[p] > w.closes[j]:
            break
        aboard = 0 if p >= n else s.load[p]
        t = max(t, w.opens[j])
        if t <= w.closes[j] and aboard + w.amount[j] <= w.room[r]:
            base = way(w, p, j) + first
            i, k = j, q
            while True:
                u = max(w.opens[m], t + go(w, i, m))
                if t > w.closes[m]:
                    break
                if u <= w.closes[m] and u + go(w, m, k) <= s.late[k]:
                    cost = base + way(w, i, m) + way(w, m, k) - (way(w, p, q) if i == j else 0)
                    if i != j:
                        cost += way(w, j, q) - way(w, p, q) - way(w, i, k)
                    if cost < best and p != not_after:
                        best = cost
                        offer[0], offer[1] = p, i
                if k >= n:
                    break
                t = max(w.opens[k], t + go(w, i, k))
                if t > s.late[k] or s.load[k] + w.amount[j] > w.room[r]:
                    break
                i, k = k, s.next[k]
        if q >= n:
            break
        p = q
    return int(best)


@inlined
def look(w: Facts, s: Tour, r: int, j: int, not_after: int, offer: Ints) -> int:
    if w.mate[j] < 0:
        return int(scan(w, s, r, j, not_after, offer))
    return int(scan_pair(w, s, r, j, not_after, offer))


@inlined
def insert(w: Facts, s: Tour, memory: Memory, j: int, most: int, offer: Ints, luck: Ints) -> bool:
    """Drop j, or the pair it picks up, at its cheapest place below `most`. Days that did not change are remembered."""
    riders, best, after, how, empty = w.sizes[1], most, -1, 0, 0
    for r in range(riders):
        if s.open[r] == 0:
            continue
        if s.stops[r] == 0:
            if empty and w.rules[4]:
                continue
            empty = 1
        k, skip = j * riders + r, -1
        while True:
            if memory.version[k] != s.version[r] or skip >= 0:
                cost = look(w, s, r, j, skip, offer)
                if skip >= 0:
                    if cost < best:
                        best, after, how = cost, offer[0], offer[1]
                    break
                memory.version[k], memory.cost[k] = s.version[r], cost
                memory.after[k], memory.how[k] = offer[0], offer[1]
            if memory.cost[k] >= best:
                break
            if not blink(luck):
                best, after, how = memory.cost[k], memory.after[k], memory.how[k]
                break
            skip = memory.after[k]
    if after < 0:
        return False
    r = s.rider[after]
    if w.mate[j] >= 0:
        put(w, s, j, after)
        put(w, s, w.mate[j], how)
    elif how == 0:
        put(w, s, j, after)
    elif how == 1:
        k = reload(w, s)
        put(w, s, k, after)
        put(w, s, j, k)
    else:
        put(w, s, j, after)
        put(w, s, reload(w, s), j)
    settle(w, s, r)
    return True


@inlined
def take_string(w: Facts, s: Tour, j: int, length: int, trip: int, dirty: Ints, luck: Ints) -> None:
    """Takes a string of j's trip; half the time it leaves a few in the middle standing."""
    n, keep = w.sizes[0], 0
    if length > 1 and roll(luck, 2):
        while keep < trip - length and roll(luck, 100) >= 1:
            keep += 1
            if roll(luck, 100) < 50:
                break
    back, p = roll(luck, length + keep), j
    while back > 0 and s.prev[p] < n:
        p = s.prev[p]
        back -= 1
    skip = 1 + roll(luck, length - 1) if keep else length + 1
    for k in range(length + keep):
        q, m = s.next[p], w.mate[p]
        if not (keep and skip <= k < skip + keep):
            if q == m:
                q = s.next[q]
            dirty[s.rider[p]] = 1
            if m >= 0:
                dirty[s.rider[m]] = 1
                pull(w, s, m)
            pull(w, s, p)
        if q >= n:
            return
        p = q


@compiled
def ruin(w: Facts, s: Tour, dirty: Ints, hit: Ints, luck: Ints) -> None:
    n, riders, near, placed, trips = w.sizes[0], w.sizes[1], w.sizes[4], 0, 0
    for r in range(riders):
        placed += s.stops[r]
        trips += 1 if s.stops[r] else 0
        dirty[r] = 0
    for k in range(n + 2 * riders, len(s.next)):
        trips += 1 if s.rider[k] >= 0 else 0
    for k in range(len(hit)):
        hit[k] = 0
    if not placed:
        return
    longest = max(1, min(LONGEST, placed // trips))
    strings = (10 + roll(luck, max(1, 10 * (4 * REMOVED - 1 - longest) // (1 + longest)))) // 10
    seed = roll(luck, n)
    for k in range(-1, near):
        j = seed if k < 0 else w.near[seed * near + k]
        if s.rider[j] < 0:
            continue
        h = s.head[j]
        if hit[h]:
            continue
        hit[h] = 1
        trip, i = 0, s.next[h]
        while i < n:
            trip += 1
            i = s.next[i]
        take_string(w, s, j, 1 + roll(luck, min(longest, trip)), trip, dirty, luck)
        strings -= 1
        if strings == 0:
            break
    for r in range(riders):
        if dirty[r]:
            settle(w, s, r)


@compiled
def recreate(w: Facts, s: Tour, memory: Memory, absent: Ints, offer: Ints, luck: Ints) -> None:
    """Puts back what is absent, ordered by lot: chance, amount, near, far, narrow, opens early, closes late."""
    n, size, order = w.sizes[0], 0, roll(luck, 17)
    for j in range(n):
        if s.rider[j] < 0 and (w.mate[j] < 0 or w.first[j]):
            absent[size] = j
            size += 1
    for i in range(size - 1, 0, -1):
        k = roll(luck, i + 1)
        absent[i], absent[k] = absent[k], absent[i]
    if order >= 4:
        for i in range(size):
            j = absent[i]
            key = w.opens[j]
            if order < 8:
                key = -w.amount[j]
            elif order < 11:
                key = way(w, n, j) if order == 8 else -way(w, n, j)
            elif order < 13:
                key = w.closes[j] - w.opens[j]
            elif order >= 15:
                key = -w.closes[j]
            k = i
            while k and absent[n + k - 1] > key:
                absent[k], absent[n + k] = absent[k - 1], absent[n + k - 1]
                k -= 1
            absent[k], absent[n + k] = j, key
    for i in range(size):
        insert(w, s, memory, absent[i], w.prize[absent[i]], offer, luck)


@compiled
def total(w: Facts, s: Tour) -> int:
    cost = 0
    for r in range(w.sizes[1]):
        cost += s.cost[r] if s.stops[r] else 0
    for j in range(w.sizes[0]):
        if s.rider[j] < 0 and (w.mate[j] < 0 or w.first[j]):
            cost += w.prize[j]
    return int(cost)


@compiled
def copy(a: Tour, b: Tour) -> None:
    """a becomes b."""
    for i in range(len(a.next)):
        a.next[i], a.prev[i], a.rider[i], a.head[i] = b.next[i], b.prev[i], b.rider[i], b.head[i]
        a.at[i], a.free[i], a.ride[i], a.late[i], a.load[i] = b.at[i], b.free[i], b.ride[i], b.late[i], b.load[i]
    for r in range(len(a.cost)):
        a.cost[r], a.stops[r], a.open[r], a.version[r] = b.cost[r], b.stops[r], b.open[r], b.version[r]


@compiled
def search(
    w: Facts, s: Tour, now: Tour, best: Tour, memory: Memory, absent: Ints, dirty: Ints, hit: Ints, offer: Ints,
    luck: Ints, costs: Ints, rounds: int, heat: float,
) -> None:  # fmt: skip
    """Rounds of ruin and recreate at one heat. costs: [current, best, lowest of this descent]."""
    for _ in range(rounds):
        ruin(w, s, dirty, hit, luck)
        recreate(w, s, memory, absent, offer, luck)
        cost = total(w, s)
        chance = (1 + roll(luck, 1 << 30)) / (1 << 30)
        if cost < costs[0] - heat * math.log(chance):
            costs[0], costs[2] = cost, min(costs[2], cost)
            copy(now, s)
            if cost < costs[1]:
                costs[1] = cost
                copy(best, s)
        else:
            copy(s, now)


@compiled
def missed(w: Facts, s: Tour, absences: Ints) -> int:
    """How often what is absent now has been absent before; 0 where nothing is."""
    found = 0
    for j in range(w.sizes[0]):
        if s.rider[j] < 0:
            found += 1 + absences[j]
    return int(found)


@compiled
def close(w: Facts, s: Tour, absences: Ints) -> bool:
    """Sends home the rider whose drops were the easiest to place so far; False where one rider is left."""
    n, chosen, least, working = w.sizes[0], -1, FAR, 0
    for r in range(w.sizes[1]):
        if s.stops[r] == 0:
            s.open[r] = 0
            continue
        working += 1
        missing, j = 0, s.next[n + r]
        while s.next[j] >= 0:
            missing += absences[j] if j < n else 0
            j = s.next[j]
        if missing < least:
            chosen, least = r, missing
    if working < 2:
        return False
    s.open[chosen] = 0
    for j in range(n):
        if s.rider[j] == chosen:
            pull(w, s, j)
    settle(w, s, chosen)
    return True


@compiled
def spare(
    w: Facts, s: Tour, now: Tour, best: Tour, memory: Memory, absent: Ints, dirty: Ints, hit: Ints, offer: Ints,
    luck: Ints, costs: Ints, absences: Ints, rounds: int, heat: float,
) -> bool:  # fmt: skip
    """The same to need fewer riders: a tour that misses only what was seldom missed is better. False: no use."""
    if missed(w, best, absences):
        return False
    for _ in range(rounds):
        if missed(w, s, absences) == 0:
            copy(best, s)
            costs[0] = costs[1] = total(w, s)
            if not close(w, s, absences):
                copy(now, best)
                return False
            copy(now, s)
        ruin(w, s, dirty, hit, luck)
        recreate(w, s, memory, absent, offer, luck)
        new, old = missed(w, s, absences), missed(w, now, absences)
        for j in range(w.sizes[0]):
            absences[j] += 1 if s.rider[j] < 0 else 0
        chance = (1 + roll(luck, 1 << 30)) / (1 << 30)
        if new < old or (new == old and total(w, s) < total(w, now) - heat * math.log(chance)):
            copy(now, s)
        elif new:
            copy(s, now)
    return True
