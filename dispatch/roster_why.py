"""Why a line of the roster has nobody: for each caregiver the rule that stands against her, tried out one by one."""

from __future__ import annotations

from collections.abc import Iterable

from dispatch.roster import SLOT, Line, Roster, RosterPlan, RosterProblem, Worker

TIME = "time"  # nothing stands against her: the search had not come to it


def nobody(problem: RosterProblem, roster: Roster, plan: RosterPlan, day: int) -> dict[str, str]:
    """Rule by caregiver: skills, banned, sex, absent, shift, max_work, busy; `time` of whoever could be put there."""
    sizes = {p.id: p.minutes + problem.way for p in problem.plans}
    series = {p.id for p in problem.plans if plan.series and p.series == plan.series}
    hour = {line.start for line in roster.lines if line.plan in series}
    starts = sorted(hour) or [m for w in plan.windows for m in range(w.opens, w.closes + 1, SLOT)]
    return {w.id: _rule(problem, roster.lines, sizes, plan, w, day, starts) for w in problem.workers}


def _rule(
    problem: RosterProblem, lines: Iterable[Line], sizes: dict[str, int], plan: RosterPlan, worker: Worker, day: int,
    starts: list[int],
) -> str:  # fmt: skip
    if not plan.needs <= worker.skills:
        return "skills"
    if worker.id in plan.banned:
        return "banned"
    if plan.sex not in ("", worker.sex):
        return "sex"
    if day in worker.absent:
        return "absent"
    shifts = worker.hours.get(day % 7, ())
    inside = [m for m in starts if any(a <= m and m + plan.minutes <= b for a, b in shifts)]
    if not inside:
        return "shift"
    mine = [line for line in lines if line.worker == worker.id and line.day // 7 == day // 7]
    size = plan.minutes + problem.way
    if sum(sizes[line.plan] for line in mine) + size > worker.most:
        return "max_work"
    taken = [(line.start, line.start + sizes[line.plan]) for line in mine if line.day == day]
    free = any(all(m + size <= a or b <= m for a, b in taken) for m in inside)
    return TIME if free else "busy"
