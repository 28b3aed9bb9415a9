"""A start for plain OR-Tools on days with pairs: visit by visit in the order of time, both of a pair or nobody.

Its own first solution strategies put in one node after the other; one half of a pair alone breaks «both or neither», so
they end with the empty plan. This start shares no code with our search and looks at nothing but the next visit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dispatch import Break, Caregiver, Problem, Shift, Visit


@dataclass
class _Hand:
    """A shift as far as it is filled: where she is, from when she is free, which breaks she still has to take."""

    place: int
    free: int
    end: int
    home: int
    person: str
    breaks: list[Break]
    nodes: list[int] = field(default_factory=list)


def routes(
    problem: Problem, nodes: Sequence[Visit], shifts: Sequence[tuple[Caregiver, Shift]], able: Sequence[Sequence[int]]
) -> list[list[int]]:
    """Nodes of each shift in order; a visit for two has two nodes side by side. Linked visits wait for the search."""
    road = problem.travel["ebike"]
    hands = [_Hand(c.start or 0, s.start, s.end, c.end or 0, c.id, list(s.breaks)) for c, s in shifts]
    linked = {name for link in problem.links for name in (link.first, link.second)}
    firsts = [k for k, v in enumerate(nodes) if (k == 0 or nodes[k - 1].id != v.id) and v.id not in linked]
    for k in sorted(firsts, key=lambda k: (nodes[k].windows[0].opens, -nodes[k].caregivers, k)):
        visit = nodes[k]
        ways: list[tuple[int, int, int]] = []  # role, ready, shift
        for role in range(visit.caregivers):
            for h in able[k + role]:
                ready = _ready(hands[h], visit, int(road[hands[h].place, visit.place]))
                if ready is not None:
                    ways.append((role, max(ready, visit.windows[0].opens), h))
        crew = _crew(problem, visit, ways, hands)
        if crew is None:
            continue
        start = max(ready for _, ready, _ in crew)
        if any(start + visit.service + int(road[visit.place, hands[h].home]) > _until(hands[h]) for _, _, h in crew):
            continue
        for role, _, h in crew:
            hand = hands[h]
            _rest(hand, start, int(road[hand.place, visit.place]))
            hand.place, hand.free = visit.place, start + visit.service
            hand.nodes.append(k + role)
    return [hand.nodes for hand in hands]


def _ready(hand: _Hand, visit: Visit, way: int) -> int | None:
    """When she could be there, after a break that could not be taken later; None: too late."""
    at = hand.free + way
    for rest in hand.breaks:
        if max(at, visit.windows[0].opens) + visit.service + rest.ticks > rest.closes:
            at = max(at, max(hand.free, rest.opens) + rest.ticks + way)
    return at if at <= visit.windows[0].closes else None


def _rest(hand: _Hand, start: int, way: int) -> None:
    """Breaks that are over before this visit starts are taken."""
    kept = []
    for rest in hand.breaks:
        ends = max(hand.free, rest.opens) + rest.ticks
        if ends + way <= start and ends <= rest.closes:
            hand.free = ends
        else:
            kept.append(rest)
    hand.breaks = kept


def _until(hand: _Hand) -> int:
    """When she must be home: breaks not taken yet keep their time."""
    return hand.end - sum(rest.ticks for rest in hand.breaks)


def _crew(
    problem: Problem, visit: Visit, ways: list[tuple[int, int, int]], hands: Sequence[_Hand]
) -> list[tuple[int, int, int]] | None:
    """For each role who is nearest, somebody she knows first; two different people."""
    road, crew = problem.travel["ebike"], list[tuple[int, int, int]]()
    for role in range(visit.caregivers):
        taken = {hands[h].person for _, _, h in crew}
        mine = [way for way in ways if way[0] == role and hands[way[2]].person not in taken]
        if not mine:
            return None

        def dear(way: tuple[int, int, int]) -> tuple[int, int]:
            hand = hands[way[2]]
            stranger = problem.weights.unfamiliar * (bool(visit.known) and hand.person not in visit.known)
            return stranger + problem.weights.travel * int(road[hand.place, visit.place]), way[1]

        crew.append(min(mine, key=dear))
    return crew
