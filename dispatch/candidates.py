"""Who could serve a visit, when, and what that does to everybody else: each answer tried on the board."""

from __future__ import annotations

from dispatch.arrays import FAR
from dispatch.board import Board
from dispatch.events import Candidate
from dispatch.plan import Plan
from dispatch.problem import Problem

Spot = tuple[int, int, int, int, int]  # cost, route, after, earliest, latest


def candidates(
    problem: Problem, plan: Plan, visit: str, *, most: int = 10, board: Board | None = None
) -> list[Candidate]:
    """The cheapest ways to serve the visit in this plan, cheapest first; a visit already served is moved.

    Who asks often hands over the board: it is left as it was found, without the visit.
    """
    if board is None:
        board = Board(problem)
        board.fill(a for a in plan.assignments if a.visit != visit)
    index = board.index[visit]
    if board.s.where[board.f.first[index]] >= 0:
        board.remove(index)
    ways = _pairs(board, index, most) if board.day.visits[index].caregivers == 2 else _singles(board, index)
    before, starts = board.cost(), board.starts()
    found = []
    for way in ways:
        candidate = _tried(board, index, way, before, starts)
        if candidate is not None:
            found.append(candidate)
        if len(found) == most:
            break
    return sorted(found, key=lambda c: (c.added, c.start, c.caregivers))


def _offers(board: Board, node: int, apart: int) -> list[Spot]:
    """The best spot on every route, cheapest first."""
    f, s = board.f, board.s
    for r in range(f.sizes[1]):
        board.kernel.scan_route(f, s, node, r, apart, FAR)
    spots = [
        (int(s.offer[4 * r]), r, int(s.offer[4 * r + 1]), int(s.offer[4 * r + 2]), int(s.offer[4 * r + 3]))
        for r in range(f.sizes[1])
        if s.offer[4 * r] < FAR
    ]
    return sorted(spots)


def _singles(board: Board, index: int) -> list[list[Spot]]:
    node = board.f.first[index]
    board.kernel.bind(board.f, board.s, node)
    return [[spot] for spot in _offers(board, node, -1)]


def _pairs(board: Board, index: int, most: int) -> list[list[Spot]]:
    f, s, kernel = board.f, board.s, board.kernel
    node = f.first[index]
    kernel.bind(f, s, node)
    ways = []
    for one in _offers(board, node, -1)[: 2 * most]:
        kernel.bind(f, s, node + 1)
        s.lo[node + 1], s.hi[node + 1] = max(s.lo[node + 1], one[3]), min(s.hi[node + 1], one[4])
        ways += [[one, two] for two in _offers(board, node + 1, f.owner[one[1]])[:3]]
    # the offers of both hold what the start costs
    return sorted(ways, key=lambda way: way[0][0] + way[1][0] - kernel.untimely(f, node, way[0][3]))


def _tried(board: Board, index: int, way: list[Spot], before: int, starts: dict[str, int]) -> Candidate | None:
    f, s, kernel = board.f, board.s, board.kernel
    node, size = f.first[index], 0
    visit = board.day.visits[index]
    for role in range(len(way)):
        kernel.bind(f, s, node + role)
    for role, (_, route, after, _, _) in enumerate(way):
        kernel.put(f, s, node + role, route, after)
        size = kernel.enqueue(s, size, route)
    found = None
    if kernel.settle(f, s, size):
        now = board.starts()
        start = now[visit.id]
        delays = tuple((v, now[v] - t) for v, t in starts.items() if now[v] != t)
        names = tuple(board.day.problem.caregivers[f.owner[spot[1]]].id for spot in way)
        detour = sum(kernel.detour(f, s, node + i, spot[1], spot[2], s.next[node + i]) for i, spot in enumerate(way))
        latest = max(start, min(spot[4] for spot in way))
        found = Candidate(names, start, latest, board.cost() - before + int(f.prize[index]), int(detour), delays)
    board.remove(index)
    return found
