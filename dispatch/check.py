"""The judge of every plan. It shares no code with any engine: problem and plan in, named faults out.

It trusts the assignments alone (who starts what when); what a plan says besides (routes, rests, unserved) must agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from dispatch.plan import Assignment, Plan, Route
from dispatch.problem import Break, Caregiver, Problem, Visit


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken hard rule: the rule's name, where, and the facts a sentence needs."""

    rule: str
    visit: str | None = None
    caregiver: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Going:
    """One caregiver at one visit, as the judge sees it."""

    visit: Visit
    start: int
    end: int


def faults(problem: Problem, plan: Plan) -> Iterator[Fault]:
    """Everything that is wrong with the plan; nothing when it may be published."""
    unknown = list(names_are_known(problem, plan))
    yield from unknown
    if not unknown:
        for rule in RULES:
            yield from rule(problem, plan)


def names_are_known(problem: Problem, plan: Plan) -> Iterator[Fault]:
    for assignment in plan.assignments:
        if assignment.visit not in problem.visit_of:
            yield Fault("unknown", visit=assignment.visit)
        for caregiver in assignment.caregivers:
            if caregiver not in problem.caregiver_of:
                yield Fault("unknown", visit=assignment.visit, caregiver=caregiver)


def every_visit_is_answered_once(problem: Problem, plan: Plan) -> Iterator[Fault]:
    served = Counter(a.visit for a in plan.assignments)
    unserved = Counter(u.visit for u in plan.unserved)
    for visit in problem.visits:
        if served[visit.id] + unserved[visit.id] != 1:
            yield Fault("once", visit=visit.id, facts={"served": served[visit.id], "unserved": unserved[visit.id]})
    for visit_id in unserved:
        if visit_id not in problem.visit_of:
            yield Fault("unknown", visit=visit_id)
        elif problem.visit(visit_id).frozen:
            yield Fault("frozen", visit=visit_id)


def enough_different_people_come(problem: Problem, plan: Plan) -> Iterator[Fault]:
    for a in plan.assignments:
        wanted = problem.visit(a.visit).caregivers
        if len(a.caregivers) != wanted or len(set(a.caregivers)) != wanted:
            yield Fault("crew", visit=a.visit, facts={"wanted": wanted, "sent": list(a.caregivers)})


def visits_start_inside_a_window(problem: Problem, plan: Plan) -> Iterator[Fault]:
    for a, visit in _judged(problem, plan, "window"):
        last = max(w.closes for w in visit.windows)
        inside = any(w.opens <= a.start <= w.closes for w in visit.windows)
        if not inside and not last < a.start <= last + visit.late:
            windows = [[w.opens, w.closes] for w in visit.windows]
            yield Fault("window", visit=visit.id, facts={"start": a.start, "windows": windows})


def only_the_skilled_are_sent(problem: Problem, plan: Plan) -> Iterator[Fault]:
    for a, visit in _judged(problem, plan, "skills"):
        for place, caregiver in enumerate(a.caregivers):
            helper = place == 1 and visit.helper_needs is not None
            needs = visit.helper_needs if helper else visit.needs
            missing = sorted((needs or frozenset()) - problem.caregiver(caregiver).skills)
            if missing:
                yield Fault("skills", visit=visit.id, caregiver=caregiver, facts={"missing": missing})


def the_sex_asked_for_is_sent(problem: Problem, plan: Plan) -> Iterator[Fault]:
    for a, visit in _judged(problem, plan, "sex"):
        for caregiver in a.caregivers:
            if visit.sex and problem.caregiver(caregiver).sex != visit.sex:
                yield Fault("sex", visit=visit.id, caregiver=caregiver, facts={"wanted": visit.sex})


def nobody_outside_the_allowed_is_sent(problem: Problem, plan: Plan) -> Iterator[Fault]:
    for a, visit in _judged(problem, plan, "allowed"):
        for caregiver in a.caregivers:
            if visit.allowed is not None and caregiver not in visit.allowed:
                yield Fault("allowed", visit=visit.id, caregiver=caregiver)


def nobody_banned_is_sent(problem: Problem, plan: Plan) -> Iterator[Fault]:
    for a, visit in _judged(problem, plan, "banned"):
        for caregiver in a.caregivers:
            if caregiver in visit.banned:
                yield Fault("banned", visit=visit.id, caregiver=caregiver)


def pins_hold(problem: Problem, plan: Plan) -> Iterator[Fault]:
    for a in plan.assignments:
        visit = problem.visit(a.visit)
        rule = "frozen" if visit.frozen else "pin"
        for caregiver in visit.pinned_caregivers:
            if caregiver not in a.caregivers:
                yield Fault(rule, visit=visit.id, caregiver=caregiver, facts={"sent": list(a.caregivers)})
        if visit.pinned_start not in (None, a.start):
            yield Fault(rule, visit=visit.id, facts={"start": a.start, "pinned": visit.pinned_start})


def nobody_works_outside_a_shift(problem: Problem, plan: Plan) -> Iterator[Fault]:
    for caregiver, index, goings in _worked(problem, plan):
        if index is None:
            for going in goings:
                if not going.visit.frozen:
                    yield Fault("shift", visit=going.visit.id, caregiver=caregiver.id, facts={"start": going.start})
            continue
        shift, first, last = caregiver.shifts[index], goings[0], goings[-1]
        leave = first.start - problem.ticks(caregiver.mode, caregiver.start, first.visit.place)
        if leave < shift.start and not first.visit.frozen:
            facts = {"leaves": leave, "begins": shift.start}
            yield Fault("shift", visit=first.visit.id, caregiver=caregiver.id, facts=facts)
        if problem.now is not None and leave < problem.now and not first.visit.frozen:
            yield Fault("past", visit=first.visit.id, caregiver=caregiver.id, facts={"leaves": leave})
        back = last.end + problem.ticks(caregiver.mode, last.visit.place, caregiver.end)
        if back > _closing(caregiver, index) and not last.visit.frozen:
            facts = {"returns": back, "ends": shift.end, "overtime": caregiver.overtime}
            yield Fault("shift", visit=last.visit.id, caregiver=caregiver.id, facts=facts)


def nobody_is_in_two_places(problem: Problem, plan: Plan) -> Iterator[Fault]:
    """Between two visits there is time to travel."""
    for caregiver, _, goings in _worked(problem, plan):
        for before, after in pairwise(goings):
            travel = problem.ticks(caregiver.mode, before.visit.place, after.visit.place)
            if problem.now is not None and after.start - travel < problem.now and not after.visit.frozen:
                yield Fault("past", visit=after.visit.id, caregiver=caregiver.id, facts={"start": after.start})
            if before.end + travel > after.start and not (before.visit.frozen and after.visit.frozen):
                facts = {"after": before.visit.id, "free": before.end, "travel": travel, "start": after.start}
                rule = "overlap" if before.end > after.start else "travel"
                yield Fault(rule, visit=after.visit.id, caregiver=caregiver.id, facts=facts)


def breaks_can_be_taken(problem: Problem, plan: Plan) -> Iterator[Fault]:
    """Each break of a worked shift fits between two visits, beside the travel. Frozen visits may have eaten it."""
    for caregiver, index, goings in _worked(problem, plan):
        if index is None or all(going.visit.frozen for going in goings):
            continue
        past = max((g.end for g in goings if g.visit.frozen), default=None)
        rests = [b for b in caregiver.shifts[index].breaks if past is None or b.closes - b.ticks >= past]
        gaps = _gaps(problem, caregiver, index, goings)
        if not _taken(rests, gaps, maybe=past):
            facts = {"shift": index, "breaks": [[b.opens, b.closes, b.ticks] for b in rests]}
            yield Fault("break", caregiver=caregiver.id, facts=facts)


def nobody_works_too_long(problem: Problem, plan: Plan) -> Iterator[Fault]:
    work: dict[str, int] = {}
    for caregiver, _, goings in _worked(problem, plan):
        if any(not g.visit.frozen for g in goings):
            work[caregiver.id] = work.get(caregiver.id, 0)
    for caregiver, _, goings in _worked(problem, plan):
        if caregiver.id in work:
            places = [caregiver.start, *(g.visit.place for g in goings), caregiver.end]
            travel = sum(problem.ticks(caregiver.mode, a, b) for a, b in pairwise(places))
            work[caregiver.id] += travel + sum(g.end - g.start for g in goings)
    for caregiver_id, ticks in work.items():
        limit = problem.caregiver(caregiver_id).max_work
        if limit is not None and ticks > limit:
            yield Fault("max_work", caregiver=caregiver_id, facts={"work": ticks, "limit": limit})


def links_hold(problem: Problem, plan: Plan) -> Iterator[Fault]:
    served = {a.visit: a for a in plan.assignments}
    for link in problem.links:
        first, second = served.get(link.first), served.get(link.second)
        if first is None or second is None or (_frozen(problem, first) and _frozen(problem, second)):
            continue
        gap = second.start - first.start
        if not link.least <= gap <= link.most:
            facts = {"first": link.first, "gap": gap, "least": link.least, "most": link.most}
            yield Fault("link", visit=link.second, facts=facts)
        if link.different and set(first.caregivers) & set(second.caregivers):
            yield Fault("link_different", visit=link.second, facts={"first": link.first})


def routes_say_the_same(problem: Problem, plan: Plan) -> Iterator[Fault]:
    """Where a plan spells out routes, they are exactly the assignments, and rests lie where they may."""
    if not plan.routes:
        return
    told = sorted((r.caregiver, s.visit, s.start, s.end) for r in plan.routes for s in r.stops)
    meant = []
    for a in plan.assignments:
        visit = problem.visit(a.visit)
        meant += [(c, a.visit, a.start, a.start + visit.service_by.get(c, visit.service)) for c in a.caregivers]
    if told != sorted(meant):
        odd = sorted(set(told) ^ set(meant))
        yield Fault("route", visit=odd[0][1] if odd else None, caregiver=odd[0][0] if odd else None)
    for route in plan.routes:
        yield from _rests_are_true(problem, route)


def _rests_are_true(problem: Problem, route: Route) -> Iterator[Fault]:
    caregiver = problem.caregiver_of.get(route.caregiver)
    if caregiver is None or not 0 <= route.shift < len(caregiver.shifts):
        yield Fault("route", caregiver=route.caregiver)
        return
    breaks = caregiver.shifts[route.shift].breaks
    for rest in route.rests:
        fits = any(b.opens <= rest.start and rest.end <= b.closes and rest.end - rest.start == b.ticks for b in breaks)
        clash = any(s.start < rest.end and rest.start < s.end for s in route.stops)
        if not fits or clash:
            yield Fault("break", caregiver=route.caregiver, facts={"start": rest.start, "end": rest.end})


def _judged(problem: Problem, plan: Plan, rule: str) -> Iterator[tuple[Assignment, Visit]]:
    """Assignments the rule applies to: not what is frozen, not what a human overruled."""
    for assignment in plan.assignments:
        visit = problem.visit(assignment.visit)
        if not visit.frozen and rule not in visit.waived:
            yield assignment, visit


def _frozen(problem: Problem, assignment: Assignment) -> bool:
    return problem.visit(assignment.visit).frozen


def _closing(caregiver: Caregiver, index: int) -> int:
    """Overtime ends where the next shift begins."""
    closing = caregiver.shifts[index].end + caregiver.overtime
    if index + 1 < len(caregiver.shifts):
        closing = min(closing, max(caregiver.shifts[index].end, caregiver.shifts[index + 1].start))
    return closing


def _worked(problem: Problem, plan: Plan) -> Iterator[tuple[Caregiver, int | None, list[Going]]]:
    """Each caregiver's visits by start, shift by shift; the index is None before the first shift."""
    of: dict[str, list[Going]] = {}
    for a in plan.assignments:
        visit = problem.visit(a.visit)
        for c in a.caregivers:
            of.setdefault(c, []).append(Going(visit, a.start, a.start + visit.service_by.get(c, visit.service)))
    for caregiver_id, goings in of.items():
        caregiver = problem.caregiver(caregiver_id)
        shifts: dict[int | None, list[Going]] = {}
        for going in sorted(goings, key=lambda g: (g.start, g.end)):
            begun = [i for i, shift in enumerate(caregiver.shifts) if shift.start <= going.start]
            shifts.setdefault(begun[-1] if begun else None, []).append(going)
        for index, those in shifts.items():
            yield caregiver, index, those


def _gaps(problem: Problem, caregiver: Caregiver, index: int, goings: list[Going]) -> list[tuple[int, int, int]]:
    """(from, until, travel) before, between and after the visits."""
    shift, mode = caregiver.shifts[index], caregiver.mode
    first, last = goings[0], goings[-1]
    gaps = [(shift.start, first.start, problem.ticks(mode, caregiver.start, first.visit.place))]
    for before, after in pairwise(goings):
        gaps.append((before.end, after.start, problem.ticks(mode, before.visit.place, after.visit.place)))
    home = problem.ticks(mode, last.visit.place, caregiver.end)
    gaps.append((last.end, max(_closing(caregiver, index), last.end), home))
    return gaps


def _taken(rests: list[Break], gaps: list[tuple[int, int, int]], *, maybe: int | None) -> bool:
    """Whether the rests can be laid into the gaps in their order. `maybe`: rests that began before it may be past."""
    if not rests:
        return True
    rest, later = rests[0], rests[1:]
    if maybe is not None and rest.opens < maybe and _taken(later, gaps, maybe=maybe):
        return True
    for i, (free, until, travel) in enumerate(gaps):
        begin = max(free, rest.opens)
        end = begin + rest.ticks
        if end <= rest.closes and end <= until and (until - free) - rest.ticks >= travel:
            onward = max(0, travel - (begin - free))  # travel that the time before the rest did not hold
            if _taken(later, [(end, until, onward), *gaps[i + 1 :]], maybe=maybe):
                return True
    return False


RULES = (
    every_visit_is_answered_once,
    enough_different_people_come,
    visits_start_inside_a_window,
    only_the_skilled_are_sent,
    the_sex_asked_for_is_sent,
    nobody_outside_the_allowed_is_sent,
    nobody_banned_is_sent,
    pins_hold,
    nobody_works_outside_a_shift,
    nobody_is_in_two_places,
    breaks_can_be_taken,
    nobody_works_too_long,
    links_hold,
    routes_say_the_same,
)
