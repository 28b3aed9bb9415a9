"""What would happen if: ways to serve a visit are tried one by one on the board, which is left as it was found."""

from __future__ import annotations

from dispatch.arrays import FAR, Facts, Ints
from dispatch.insertion import bind, scan_route
from dispatch.jit import compiled
from dispatch.ruin import total
from dispatch.timing import State, choose, detour, enqueue, pull, put, retime, settle


@compiled
def offers(f: Facts, s: State, j: int, apart: int, opens: int, closes: int) -> None:
    """The best spot of node j on every route, to start between opens and closes."""
    bind(f, s, j)
    s.lo[j], s.hi[j] = max(s.lo[j], opens), min(s.hi[j], closes)
    for r in range(f.sizes[1]):
        scan_route(f, s, j, r, apart, FAR)


@compiled
def starts(f: Facts, s: State, found: Ints, row: int) -> None:
    """The earliest schedule of all that is on the board; FAR for what is not."""
    n = f.sizes[0]
    for r in range(f.sizes[1]):
        if s.stops[r]:
            choose(f, s, r)
    for j in range(n):
        found[row * n + j] = s.start[j] if s.where[j] >= 0 else FAR


@compiled
def probe(f: Facts, s: State, v: int, ways: Ints, crew: int, most: int, told: Ints, found: Ints) -> int:
    """Tries ways until `most` have worked. ways: [route, after] for each caregiver; told: [way, cost, detour].

    Row 0 of `found` gets the starts as they are, row k those of the k-th way that worked.
    """
    j, worked = f.first[v], 0
    starts(f, s, found, 0)
    for w in range(len(ways) // (2 * crew)):
        if worked == most:
            break
        size = 0
        for role in range(crew):
            bind(f, s, j + role)
        for role in range(crew):
            k = 2 * (w * crew + role)
            put(f, s, j + role, ways[k], ways[k + 1])
            size = enqueue(s, size, ways[k])
        if settle(f, s, size):
            extra = 0
            for role in range(crew):
                k = 2 * (w * crew + role)
                extra += detour(f, s, j + role, ways[k], ways[k + 1], s.next[j + role])
            starts(f, s, found, worked + 1)
            told[3 * worked], told[3 * worked + 1], told[3 * worked + 2] = w, total(f, s), extra
            worked += 1
        for role in range(crew):
            pull(f, s, j + role)
        retime(f, s)
    return int(worked)
