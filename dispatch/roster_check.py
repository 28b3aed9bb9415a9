"""The judge of rosters. It shares no code with what makes them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from dispatch.check import Fault
from dispatch.roster import Line, Roster, RosterPlan, RosterProblem, Worker


def roster_faults(problem: RosterProblem, roster: Roster) -> Iterator[Fault]:
    """Everything that is wrong with the roster; nothing when it may be published."""
    plans = {p.id: p for p in problem.plans}
    workers = {w.id: w for w in problem.workers}
    for line in roster.lines:
        if line.plan not in plans or line.worker not in workers or not 0 <= line.day < 7 * problem.weeks:
            yield Fault("unknown", visit=line.plan, caregiver=line.worker)
            return
        yield from _one(plans[line.plan], workers[line.worker], line)
    for plan in problem.plans:
        yield from _week_by_week(problem, plan, roster)
    yield from _one_hour(plans, roster)
    by: dict[str, list[Line]] = defaultdict(list)
    for line in roster.lines:
        by[line.worker].append(line)
    for name, lines in by.items():
        yield from _one_after_another(problem, plans, workers[name], lines)


def _one(plan: RosterPlan, worker: Worker, line: Line) -> Iterator[Fault]:
    if not plan.needs <= worker.skills:
        yield Fault("skills", visit=plan.id, caregiver=worker.id)
    if worker.id in plan.banned:
        yield Fault("banned", visit=plan.id, caregiver=worker.id)
    if plan.sex and worker.sex != plan.sex:
        yield Fault("sex", visit=plan.id, caregiver=worker.id)
    if line.day in worker.absent:
        yield Fault("absent", visit=plan.id, caregiver=worker.id, facts={"day": line.day})
    meant = line.day % 7 in plan.weekdays if plan.days is None else line.day in plan.days
    if not meant or not any(w.opens <= line.start <= w.closes for w in plan.windows):
        yield Fault("window", visit=plan.id, caregiver=worker.id, facts={"day": line.day, "start": line.start})
    end = line.start + plan.minutes
    if not any(a <= line.start and end <= b for a, b in worker.hours.get(line.day % 7, ())):
        yield Fault("shift", visit=plan.id, caregiver=worker.id, facts={"day": line.day, "start": line.start})


def _week_by_week(problem: RosterProblem, plan: RosterPlan, roster: Roster) -> Iterator[Fault]:
    days = sorted([line.day for line in roster.lines if line.plan == plan.id])
    days = sorted(days + [day for name, day in roster.missing if name == plan.id and day >= 0])
    if (plan.id, -1) in roster.missing:
        if days:
            yield Fault("once", visit=plan.id)
        return
    if plan.days is not None:
        if days != sorted(plan.days):
            yield Fault("times", visit=plan.id, facts={"days": days})
        return
    weeks = Counter(day // 7 for day in days)
    if any(weeks[w] != plan.times for w in range(problem.weeks)) or len(set(days)) < len(days):
        yield Fault("times", visit=plan.id, facts={"weeks": dict(weeks)})
    if any(two - one < plan.apart for one, two in pairwise(days)):
        yield Fault("apart", visit=plan.id)


def _one_hour(plans: dict[str, RosterPlan], roster: Roster) -> Iterator[Fault]:
    hours: dict[str, set[int]] = defaultdict(set)
    for line in roster.lines:
        hours[plans[line.plan].series or line.plan].add(line.start)
    for name, starts in hours.items():
        if len(starts) > 1:
            yield Fault("hour", visit=name, facts={"starts": sorted(starts)})


def _one_after_another(
    problem: RosterProblem, plans: dict[str, RosterPlan], worker: Worker, lines: list[Line]
) -> Iterator[Fault]:
    weekly: Counter[int] = Counter()
    lines = sorted(lines, key=lambda line: (line.day, line.start))
    for line in lines:
        weekly[line.day // 7] += plans[line.plan].minutes + problem.way
    for one, two in pairwise(lines):
        if one.day == two.day and two.start < one.start + plans[one.plan].minutes + problem.way:
            yield Fault("overlap", visit=two.plan, caregiver=worker.id, facts={"day": two.day})
    for week, minutes in weekly.items():
        if minutes > worker.most:
            yield Fault("max_work", caregiver=worker.id, facts={"week": week, "minutes": minutes})
