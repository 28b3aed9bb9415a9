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

    A frozen visit has none: it stands where it is.
    Who asks often hands over the board: it is left as it was found, without the visit.
    """
    if problem.visit(visit).frozen:
        return []
    if board is None:
        board = Board(problem)
        board.fill(a for a in plan.assignments if a.visit != visit)
    index = board.index[visit]
    if board.s.where[board.f.first[index]] >= 0:
        board.remove(index)
    ways = _pairs(board, index, most) if board.day.visits[index].caregivers == 2 else _singles(board, index)
    before, prize = board.cost(), int(board.f.prize[index])
    told, found = board.probe(index, [[(r, p) for _, r, p, _, _ in way] for way in ways], most)
    first, answers = board.f.first[index], []
    for (w, cost, detour), starts in zip(told, found[1:], strict=True):
        names = tuple(problem.caregivers[board.f.owner[spot[1]]].id for spot in ways[w])
        start = starts[first]
        latest = max(start, min(spot[4] for spot in ways[w]))
        late = {board.visit_at(k).id: starts[k] - t for k, t in enumerate(found[0]) if t < FAR and starts[k] != t}
        answers.append(Candidate(names, start, latest, cost - before + prize, detour, tuple(late.items())))
    return sorted(answers, key=lambda c: (c.added, c.start, c.caregivers))


def _offers(board: Board, node: int, apart: int, opens: int = -FAR, closes: int = FAR) -> list[Spot]:
    """The best spot on every route, cheapest first."""
    offer = board.offers(node, apart, opens, closes)
    spots: list[Spot] = []
    for r in range(len(offer) // 4):
        cost, after, earliest, latest = offer[4 * r : 4 * r + 4]
        if cost < FAR:
            spots.append((cost, r, after, earliest, latest))
    return sorted(spots)


def _singles(board: Board, index: int) -> list[list[Spot]]:
    return [[spot] for spot in _offers(board, board.f.first[index], -1)]


def _pairs(board: Board, index: int, most: int) -> list[list[Spot]]:
    f, node = board.f, board.f.first[index]
    ways = []
    for one in _offers(board, node, -1)[: 2 * most]:
        ways += [[one, two] for two in _offers(board, node + 1, f.owner[one[1]], one[3], one[4])[:3]]
    # the offers of both hold what the start costs
    return sorted(ways, key=lambda way: way[0][0] + way[1][0] - board.kernel.untimely(f, node, way[0][3]))
