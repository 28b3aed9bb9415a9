"""From assignments to a whole plan: who drives where, when breaks are taken, and what it costs by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from dispatch.plan import Assignment, Plan, Rest, Route, Stop, Unserved
from dispatch.problem import Break, Caregiver, Problem, service_of


def plan_of(problem: Problem, assignments: Iterable[Assignment], *, engine: str = "hand", iterations: int = 0) -> Plan:
    """Spells out routes, rests, the unserved and the cost. It lays out whatever it is given: `faults` judges."""
    given = tuple(sorted(assignments, key=lambda a: (a.start, a.visit)))
    routes = tuple(_routes(problem, given))
    served = {a.visit for a in given}
    missing = [v for v in problem.visits if v.id not in served]
    unserved = tuple(Unserved(v.id, "sacrificed") for v in missing)
    return Plan(given, routes, unserved, cost_of(problem, given, routes), engine, iterations)


def cost_of(problem: Problem, assignments: Sequence[Assignment], routes: Sequence[Route]) -> dict[str, int]:
    """Each cost by the name of its weight."""
    w = problem.weights
    cost = dict.fromkeys(("unserved", *w.__dataclass_fields__), 0)
    served = {a.visit for a in assignments}
    cost["unserved"] = sum(v.prize for v in problem.visits if v.id not in served)
    latest = 0
    for a in assignments:
        visit = problem.visit(a.visit)
        late = max(0, a.start - visit.windows[-1].closes) if visit.windows and not visit.frozen else 0
        latest = max(latest, late)
        cost["lateness"] += w.lateness * late
        strangers = [c for c in a.caregivers if c not in visit.known]
        cost["unfamiliar"] += w.unfamiliar * len(strangers) if visit.known else 0
        second_choice = [c for c in a.caregivers if c not in visit.preferred]
        cost["not_preferred"] += w.not_preferred * len(second_choice) if visit.preferred else 0
        if visit.published is not None:
            new = [c for c in a.caregivers if c not in visit.published.caregivers]
            cost["changed"] += w.changed * len(new)
            cost["moved"] += w.moved * abs(a.start - visit.published.start)
    cost["worst_lateness"] = w.worst_lateness * latest
    work: dict[str, int] = {}
    for route in routes:
        caregiver = problem.caregiver(route.caregiver)
        cost["travel"] += w.travel * route.travel
        frozen_home = problem.visit(route.stops[-1].visit).frozen
        over = 0 if frozen_home else max(0, route.returns - caregiver.shifts[route.shift].end)
        cost["overtime"] += w.overtime * over
        spent = route.travel + sum(s.end - s.start for s in route.stops)
        work[caregiver.id] = work.get(caregiver.id, 0) + spent
    for caregiver_id, ticks in work.items():
        fair = problem.caregiver(caregiver_id).fair_work
        if fair is not None:
            cost["overload"] += w.overload * max(0, ticks - fair)
    return cost


def _routes(problem: Problem, assignments: Sequence[Assignment]) -> Iterable[Route]:
    by: dict[tuple[str, int], list[Assignment]] = {}
    for a in assignments:
        for name in a.caregivers:
            caregiver = problem.caregiver(name)
            begun = [k for k, shift in enumerate(caregiver.shifts) if shift.start <= a.start]
            by.setdefault((name, begun[-1] if begun else 0), []).append(a)
    order = {c.id: k for k, c in enumerate(problem.caregivers)}
    for name, k in sorted(by, key=lambda key: (order[key[0]], key[1])):
        if k < len(problem.caregiver(name).shifts):
            yield _route(problem, problem.caregiver(name), k, by[name, k])


def _route(problem: Problem, caregiver: Caregiver, k: int, mine: list[Assignment]) -> Route:
    shift = caregiver.shifts[k]
    places = [caregiver.start, *(problem.visit(a.visit).place for a in mine), caregiver.end]
    travel = [problem.ticks(caregiver.mode, i, j) for i, j in pairwise(places)]
    ends = [a.start + service_of(problem.visit(a.visit), caregiver.id) for a in mine]
    free = [shift.start, *ends]
    until = [*(a.start for a in mine), max(shift.end + caregiver.overtime, ends[-1] + travel[-1])]
    rests = _rests(list(shift.breaks), list(zip(free, until, travel, strict=True)), 0)
    stops = []
    for i, a in enumerate(mine):
        paused = sum(r.end - r.start for r in rests if r.after == i)
        arrival = a.start if i == 0 else min(a.start, free[i] + travel[i] + paused)
        stops.append(Stop(a.visit, arrival, a.start, ends[i], travel[i]))
    at_end = [r for r in rests if r.after == len(mine)]
    returns = ends[-1] + travel[-1]
    for rest in at_end:  # a rest on the way home lengthens it, a rest at home does not
        returns = returns if rest.start >= returns else returns + rest.end - rest.start
    before = [r for r in rests if r.after == 0 and r.end + travel[0] > mine[0].start]  # on the way out
    leaves = mine[0].start - travel[0] - sum(r.end - r.start for r in before)
    return Route(caregiver.id, k, leaves, returns, tuple(stops), tuple(rests), sum(travel))


def _rests(breaks: list[Break], gaps: list[tuple[int, int, int]], at: int) -> list[Rest]:
    """The first way to lay all breaks into the gaps in their order; as many as go where not all do."""
    if not breaks:
        return []
    rest, best = breaks[0], list[Rest]()
    for i in range(at, len(gaps)):
        free, until, travel = gaps[i]
        begin = max(free, rest.opens)
        end = begin + rest.ticks
        if end > rest.closes or end > until or until - free - rest.ticks < travel:
            continue
        onward = max(0, travel - (begin - free))
        rests = [Rest(begin, end, i), *_rests(breaks[1:], [*gaps[:i], (end, until, onward), *gaps[i + 1 :]], i)]
        if len(rests) == len(breaks):
            return rests
        best = max(best, rests, key=len)
    return best
