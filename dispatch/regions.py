"""Days too large for one search: cut into groups of neighbouring routes, searched side by side, cut anew, and again.

After Taillard & Voss, «POPMUSIC» (2002): a plan of the whole day is made by insertion; then each round deals the
caregivers into groups by where their routes lie, every group's part of the day is searched in a process of its own,
starting from the plan it has, and the seams of one round lie inside the groups of the next.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Iterable, Mapping, Sequence, Set
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing.synchronize import Event

import numpy as np

from dispatch.impossible import refuse
from dispatch.layout import plan_of
from dispatch.plan import Assignment, Plan
from dispatch.problem import Link, Problem, Visit
from dispatch.solve import Progress, solve

GROUP = 60  # caregivers searched together
ROUNDS = 3
PINNED = frozenset({"skills", "sex", "allowed", "banned"})  # rules that a pin into another group need not meet again


@dataclass(frozen=True)
class Part:
    """A group's share of the day: its own problem, what it starts from, and the ids it must give back as they are."""

    problem: Problem
    start: tuple[Assignment, ...]
    shared: frozenset[str]  # visits for two whose other caregiver is in another group


def solve_large(
    problem: Problem,
    *,
    seconds: float,
    seed: int = 0,
    progress: Progress | None = None,
    workers: int | None = None,
    group: int = GROUP,
) -> Plan:
    """A plan for a day of thousands of visits. Not deterministic: what the processes reach depends on their pace.

    `progress` gets (seconds, groups done, cost, unserved) after each group; False ends the search with what there is.
    """
    refuse(problem)
    begun = time.monotonic()
    plan = solve(problem, seed=seed, engine="insertion")
    luck, done = random.Random(seed), 0
    count = workers or os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(count, context, _begin, (stop,)) as pool:
        for turn in range(ROUNDS):
            groups = deal(problem, plan, group, luck)
            share = (seconds - (time.monotonic() - begun)) / (ROUNDS - turn) / -(-len(groups) // count)
            if share <= 0 or stop.is_set():
                break
            parts = [part_of(problem, plan, dealt) for dealt in groups]
            waiting = {pool.submit(_search, part, share, luck.randrange(2**31)): part for part in parts}
            for future in as_completed(waiting):
                plan = merged(problem, plan, waiting[future], future.result())
                done += 1
                spent = time.monotonic() - begun
                if progress is not None and progress(spent, done, plan.total, len(plan.unserved)) is False:
                    stop.set()
    return replace(plan, engine="regions", iterations=done)


@dataclass(frozen=True)
class Dealt:
    """A group of caregivers, and what nobody serves that is offered to them."""

    caregivers: frozenset[str]
    unserved: frozenset[str]


def deal(problem: Problem, plan: Plan, group: int, luck: random.Random) -> list[Dealt]:
    """Everybody in one group of at most `group`, with those whose routes are near; so is what nobody serves."""
    road, names = problem.travel[problem.caregivers[0].mode], [c.id for c in problem.caregivers]
    stops: dict[str, list[int]] = {}
    for a in plan.assignments:
        for name in a.caregivers:
            stops.setdefault(name, []).append(problem.visit(a.visit).place)
    middle = [stops[c.id][len(stops[c.id]) // 2] if c.id in stops else c.start for c in problem.caregivers]
    at = np.array([luck.randrange(len(road)) if place is None else place for place in middle])
    count = -(-len(names) // group)
    of, left, here = np.zeros(len(names), dtype=int), np.arange(len(names)), int(at[luck.randrange(len(names))])
    for k in range(count):
        far = int(left[np.argmax(road[here, at[left]])])  # from the edge inwards: nobody is left between groups
        near = np.argsort(road[at[far], at[left]], kind="stable")
        size = -(-len(left) // (count - k))
        of[left[near[:size]]] = k
        here, left = int(at[far]), left[near[size:]]
    offered: list[set[str]] = [set() for _ in range(count)]
    for missing in _linked(problem, [u.visit for u in plan.unserved]):  # together: two groups know not of each other
        near = np.argsort(road[problem.visit(missing[0]).place, at], kind="stable")
        offered[of[near[luck.randrange(min(5, len(near)))]]].update(missing)
    return [Dealt(frozenset(names[i] for i in np.flatnonzero(of == k)), frozenset(offered[k])) for k in range(count)]


def _linked(problem: Problem, names: Sequence[str]) -> list[list[str]]:
    """The visits, those that links join in one list."""
    of = {name: [name] for name in names}
    for link in problem.links:
        if link.first in of and link.second in of and of[link.first] is not of[link.second]:
            of[link.first] += of[link.second]
            of |= dict.fromkeys(of[link.second], of[link.first])
    return list({id(one): one for one in of.values()}.values())


def part_of(problem: Problem, plan: Plan, dealt: Dealt) -> Part:
    """The day of these caregivers, with what they serve now and what is offered to them."""
    inside = dealt.caregivers
    now = {a.visit: a for a in plan.assignments}
    visits: list[Visit] = []
    start: list[Assignment] = []
    shared: set[str] = set()
    for visit in problem.visits:
        a = now.get(visit.id)
        if a is None:
            if visit.id in dealt.unserved:
                visits.append(visit)
            continue
        mine = tuple(name for name in a.caregivers if name in inside)
        if not mine:
            continue
        if len(mine) < len(a.caregivers):
            shared.add(visit.id)
            visits.append(
                replace(visit, caregivers=1, helper_needs=None, pinned_caregivers=mine, pinned_start=a.start,
                        waived=visit.waived | PINNED)
            )  # fmt: skip
        else:
            visits.append(visit)
        start.append(replace(a, caregivers=mine))
    here = {v.id for v in visits}
    links: list[Link] = []
    held: set[str] = set()
    for link in problem.links:
        if link.first in here and link.second in here:
            links.append(link)
        elif link.first in here and link.second in now:
            held.add(link.first)
        elif link.second in here and link.first in now:
            held.add(link.second)
    visits = [
        replace(v, pinned_start=now[v.id].start) if v.id in held and v.id in now and v.pinned_start is None else v
        for v in visits
        if v.id not in held or v.id in now
    ]
    here = {v.id for v in visits}  # of a chain the middle may have gone: what it was linked to is on its own
    links = [link for link in links if link.first in here and link.second in here]
    return Part(_smaller(problem, inside, visits, links), tuple(start), frozenset(shared))


def _smaller(problem: Problem, names: Set[str], visits: Sequence[Visit], links: Iterable[Link]) -> Problem:
    """The problem of these caregivers and visits, with only the places it needs."""
    people = [c for c in problem.caregivers if c.id in names]
    used = sorted({v.place for v in visits} | {p for c in people for p in (c.start, c.end) if p is not None})
    index = {place: k for k, place in enumerate(used)}
    grid = np.ix_(used, used)
    travel = {mode: np.ascontiguousarray(problem.travel[mode][grid]) for mode in {c.mode for c in people}}
    return replace(
        problem,
        caregivers=tuple(
            replace(c, start=None if c.start is None else index[c.start], end=None if c.end is None else index[c.end])
            for c in people
        ),
        visits=tuple(replace(v, place=index[v.place]) for v in visits),
        travel=travel,
        links=tuple(links),
    )


_stop: Event | None = None  # in a worker: set when the plan is wanted as it is


def _begin(stop: Event) -> None:
    global _stop
    _stop = stop


def _search(part: Part, seconds: float, seed: int) -> tuple[Assignment, ...]:
    """In a worker."""

    def go_on(*_: float) -> bool:
        return _stop is None or not _stop.is_set()

    return solve(part.problem, seconds=seconds, seed=seed, start=Plan(part.start), progress=go_on).assignments


def merged(problem: Problem, plan: Plan, part: Part, found: Sequence[Assignment]) -> Plan:
    """The day with the part's answer in it, unless the answer lost what another group holds, or is dearer."""
    new: Mapping[str, Assignment] = {a.visit: a for a in found}
    old = {a.visit: a for a in part.start}
    if any(name not in new or new[name] != old[name] for name in part.shared):
        return plan
    mine = {v.id for v in part.problem.visits} - part.shared
    kept = [a for a in plan.assignments if a.visit not in mine]
    offered = plan_of(problem, [*kept, *(a for a in found if a.visit in mine)])
    return offered if offered.total <= plan.total else plan
