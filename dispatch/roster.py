"""The month's roster: recurring care plans get their weekdays, their hour and their caregiver, the same for four weeks.

    roster = solve_roster(RosterProblem(plans, workers), seconds=30)
    list(roster_faults(problem, roster))   # what an independent judge has against it: nothing

Continuity goes first: a week that repeats itself is chosen by CP-SAT (few faces for an elder, then those she knows,
then short ways and fair hours); whoever is absent is replaced by somebody who comes to that elder anyway, where there
is one. OR-Tools is imported when it is needed: it takes a second. In the literature: home care crew scheduling with
patterns.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dispatch.problem import BadProblem, Matrix, Window

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

SLOT: Final = 15  # minutes between two possible starts
CHOICE: Final = 6  # caregivers considered for one plan
FACE, STRANGER, WAY, UNFAIR = 600, 300, 4, 1  # per further face, per week with a stranger, per minute, per minute
MISSING: Final = 20_000  # per week in which a plan has nobody; above everything else that one plan can cost


@dataclass(frozen=True, slots=True)
class RosterPlan:
    """So many visits a week, at one hour on all its days. Minutes count from midnight, weekdays from Monday = 0."""

    id: str
    elder: str
    times: int
    minutes: int
    windows: tuple[Window, ...]  # the start lies in one of them
    weekdays: frozenset[int] = frozenset(range(7))
    apart: int = 1  # days from one visit to the next at the least, across the turn of the week too
    place: int = 0
    needs: frozenset[str] = frozenset()
    sex: str = ""
    banned: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Worker:
    """A caregiver with her regular week, and the days (0 is the first) on which she is away."""

    id: str
    hours: Mapping[int, tuple[tuple[int, int], ...]]  # weekday: (start, end)
    skills: frozenset[str] = frozenset()
    sex: str = ""
    place: int | None = None
    most: int = 40 * 60  # minutes of service and ways a week
    absent: frozenset[int] = frozenset()


@dataclass(frozen=True, eq=False)
class RosterProblem:
    """The first day is a Monday. `way` is how long getting to the next door takes as a rule."""

    plans: tuple[RosterPlan, ...]
    workers: tuple[Worker, ...]
    travel: Matrix | None = None  # minutes from place to place; None: all are near
    weeks: int = 4
    way: int = 10


@dataclass(frozen=True, slots=True)
class Line:
    """One visit of the month. `regular` is False where somebody stands in."""

    plan: str
    day: int
    start: int
    worker: str
    regular: bool = True


@dataclass(frozen=True, slots=True)
class Roster:
    """Lines by day and hour; what has nobody as (plan, day), with day -1 where a plan has no place at all."""

    lines: tuple[Line, ...]
    missing: tuple[tuple[str, int], ...] = ()
    faces: Mapping[str, int] = field(default_factory=dict)  # elder: different caregivers in the month
    proven: bool = False  # no better week exists for these costs


Slot = tuple[int, int, int, int]  # plan, day, start, worker
Week = dict[int, tuple[int, int, tuple[int, ...]]]  # plan: worker, start, weekdays


def solve_roster(problem: RosterProblem, *, seconds: float = 30.0, seed: int = 0, workers: int = 1) -> Roster:
    """Raises BadProblem where the question contradicts itself. With one worker the same for a seed, given the time."""
    _refuse(problem)
    week, proven = _regular_week(problem, seconds, seed, workers)
    lines: list[Slot] = []
    open_lines: list[Slot] = []
    for plan, (worker, start, days) in week.items():
        for day in (7 * w + d for w in range(problem.weeks) for d in days):
            away = day in problem.workers[worker].absent
            (open_lines if away else lines).append((plan, day, start, worker))
    stand_ins = _stand_ins(problem, lines, open_lines, seconds / 4, seed, workers)
    told = [Line(problem.plans[p].id, day, start, problem.workers[w].id) for p, day, start, w in lines]
    told += [Line(problem.plans[p].id, day, start, problem.workers[w].id, False) for p, day, start, w in stand_ins]
    held = {(line.plan, line.day) for line in told}
    missing = [(p.id, -1) for k, p in enumerate(problem.plans) if k not in week]
    missing += [(problem.plans[p].id, day) for p, day, *_ in open_lines if (problem.plans[p].id, day) not in held]
    of = {p.id: p.elder for p in problem.plans}
    faces: dict[str, set[str]] = defaultdict(set)
    for line in told:
        faces[of[line.plan]].add(line.worker)
    told.sort(key=lambda line: (line.day, line.start, line.worker))
    return Roster(tuple(told), tuple(sorted(missing)), {elder: len(who) for elder, who in faces.items()}, proven)


def _able(plan: RosterPlan, worker: Worker) -> bool:
    allowed = plan.needs <= worker.skills and worker.id not in plan.banned and plan.sex in ("", worker.sex)
    return allowed and bool(plan.weekdays & worker.hours.keys())


def _distance(problem: RosterProblem, plan: RosterPlan, worker: Worker) -> int:
    near = problem.travel is None or worker.place is None
    return 0 if near or problem.travel is None else int(problem.travel[worker.place, plan.place])


def _choices(problem: RosterProblem) -> list[list[int]]:
    """For each plan the workers considered: all who know the elder, then the nearest."""
    found = []
    for plan in problem.plans:
        able = [w for w, worker in enumerate(problem.workers) if _able(plan, worker)]
        able.sort(key=lambda w: (problem.workers[w].id not in plan.known, _distance(problem, plan, problem.workers[w])))
        known = sum(problem.workers[w].id in plan.known for w in able)
        found.append(able[: max(CHOICE, known)])
    return found


def _regular_week(problem: RosterProblem, seconds: float, seed: int, workers: int) -> tuple[Week, bool]:
    from ortools.sat.python import cp_model

    model, costs = cp_model.CpModel(), []
    choices = _choices(problem)
    takes: dict[tuple[int, int], cp_model.IntVar] = {}
    days: dict[tuple[int, int], cp_model.IntVar] = {}
    starts: list[cp_model.IntVar] = []
    busy: dict[tuple[int, int], list[cp_model.IntervalVar]] = defaultdict(list)
    load: dict[int, list[tuple[cp_model.IntVar, int]]] = defaultdict(list)
    for p, plan in enumerate(problem.plans):
        slots = [m for w in plan.windows for m in range(-(-w.opens // SLOT) * SLOT, w.closes + 1, SLOT)]
        slots = slots or [w.opens for w in plan.windows]
        start = model.new_int_var_from_domain(cp_model.Domain.from_values(slots), f"start {plan.id}")
        starts.append(start)
        mine = [model.new_bool_var(f"{plan.id} by {problem.workers[w].id}") for w in choices[p]]
        takes |= {(p, w): take for w, take in zip(choices[p], mine, strict=True)}
        nobody = model.new_bool_var(f"{plan.id} by nobody")
        model.add_exactly_one([*mine, nobody])
        costs.append(MISSING * plan.times * nobody)
        on = {d: model.new_bool_var(f"{plan.id} on {d}") for d in sorted(plan.weekdays)}
        days |= {(p, d): chosen for d, chosen in on.items()}
        model.add(sum(on.values()) == plan.times).only_enforce_if(nobody.negated())
        model.add(sum(on.values()) == 0).only_enforce_if(nobody)
        for d, chosen in on.items():
            for step in range(1, plan.apart):
                other = on.get((d + step) % 7)
                if other is not None and (d + step) % 7 != d:
                    model.add_bool_or(chosen.negated(), other.negated())
        for w, take in zip(choices[p], mine, strict=True):
            worker = problem.workers[w]
            costs.append((0 if worker.id in plan.known or not plan.known else STRANGER) * plan.times * take)
            costs.append(WAY * plan.times * _distance(problem, plan, worker) * take)
            for d, chosen in on.items():
                spans = [(a, b) for a, b in worker.hours.get(d, ()) if b - a >= plan.minutes]
                if not spans:
                    model.add_bool_or(take.negated(), chosen.negated())
                    continue
                comes = model.new_bool_var("")
                model.add_bool_and(take, chosen).only_enforce_if(comes)
                model.add_bool_or(take.negated(), chosen.negated(), comes)
                allowed = cp_model.Domain.from_intervals([[a, b - plan.minutes] for a, b in spans])
                model.add_linear_expression_in_domain(start, allowed).only_enforce_if(comes)
                size = plan.minutes + problem.way
                busy[w, d].append(model.new_optional_fixed_size_interval_var(start, size, comes, ""))
                load[w].append((comes, size))
    for together in busy.values():
        model.add_no_overlap(together)
    costs += _few_faces(model, problem, takes)
    longest = model.new_int_var(0, max((w.most for w in problem.workers), default=0), "longest week")
    for w, parts in load.items():
        total = sum(size * comes for comes, size in parts)
        model.add(total <= problem.workers[w].most)
        model.add(total <= longest)
    model.minimize(sum(costs) + UNFAIR * longest)
    solver = _solver(seconds, seed, workers)
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return {}, False
    week: Week = {}
    for (p, w), take in takes.items():
        if solver.boolean_value(take):
            on_days = tuple(d for d in range(7) if (p, d) in days and solver.boolean_value(days[p, d]))
            week[p] = (w, solver.value(starts[p]), on_days)
    return week, status == cp_model.OPTIMAL


def _few_faces(
    model: cp_model.CpModel, problem: RosterProblem, takes: Mapping[tuple[int, int], cp_model.IntVar]
) -> list[cp_model.LinearExpr]:
    """An elder with several plans: each caregiver who takes any of them is a face."""
    by: dict[tuple[str, int], list[cp_model.IntVar]] = defaultdict(list)
    several = Counter(plan.elder for plan in problem.plans)
    for (p, w), take in takes.items():
        if several[problem.plans[p].elder] > 1:
            by[problem.plans[p].elder, w].append(take)
    costs = []
    for plans in by.values():
        face = model.new_bool_var("")
        for take in plans:
            model.add_implication(take, face)
        costs.append(FACE * face)
    return costs


def _stand_ins(
    problem: RosterProblem, lines: Sequence[Slot], open_lines: Sequence[Slot], seconds: float, seed: int, workers: int
) -> list[Slot]:
    """Somebody for each line whose caregiver is absent, at its hour: as few further faces as can be."""
    from ortools.sat.python import cp_model

    taken: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)  # worker, day: (start, end)
    faces: dict[str, set[int]] = defaultdict(set)
    weekly: dict[tuple[int, int], int] = defaultdict(int)
    for p, day, start, w in lines:
        plan = problem.plans[p]
        taken[w, day].append((start, start + plan.minutes + problem.way))
        weekly[w, day // 7] += plan.minutes + problem.way
        faces[plan.elder].add(w)
    model, costs = cp_model.CpModel(), []
    used: dict[tuple[str, int], cp_model.IntVar] = {}
    busy: dict[tuple[int, int], list[cp_model.IntervalVar]] = defaultdict(list)
    load: dict[tuple[int, int], list[cp_model.LinearExpr]] = defaultdict(list)
    chosen: list[tuple[Slot, cp_model.IntVar]] = []
    for p, day, start, _ in open_lines:
        plan, options = problem.plans[p], []
        size = plan.minutes + problem.way
        for w, worker in enumerate(problem.workers):
            free = all(start >= end or start + size <= begin for begin, end in taken[w, day])
            fits = any(a <= start and start + plan.minutes <= b for a, b in worker.hours.get(day % 7, ()))
            if not (_able(plan, worker) and free and fits) or day in worker.absent:
                continue
            take = model.new_bool_var("")
            options.append(take)
            chosen.append(((p, day, start, w), take))
            busy[w, day].append(model.new_optional_fixed_size_interval_var(start, size, take, ""))
            load[w, day // 7].append(size * take)
            if w not in faces[plan.elder]:
                face = used.setdefault((plan.elder, w), model.new_bool_var(""))
                model.add_implication(take, face)
            costs.append((0 if worker.id in plan.known or not plan.known else STRANGER) * take)
            costs.append(WAY * _distance(problem, plan, worker) * take)
        nobody = model.new_bool_var("")
        model.add_exactly_one([*options, nobody])
        costs.append(MISSING * nobody)
    for together in busy.values():
        model.add_no_overlap(together)
    for (w, week), parts in load.items():
        model.add(sum(parts) + weekly[w, week] <= problem.workers[w].most)
    model.minimize(sum(costs) + FACE * sum(used.values()))
    solver = _solver(seconds, seed, workers)
    if not chosen or solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return []
    return [slot for slot, take in chosen if solver.boolean_value(take)]


def _solver(seconds: float, seed: int, workers: int) -> cp_model.CpSolver:
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.random_seed = seed
    solver.parameters.num_workers = workers
    return solver


def _refuse(problem: RosterProblem) -> None:
    """Raises BadProblem for the first fault."""
    for kind, things in (("plan", problem.plans), ("worker", problem.workers)):
        ids = [thing.id for thing in things]
        if len(set(ids)) < len(ids):
            raise BadProblem("id_twice", kind=kind)
    for plan in problem.plans:
        if not plan.windows or any(w.opens > w.closes for w in plan.windows) or plan.minutes <= 0:
            raise BadProblem("plan", visit=plan.id)
        most = 7 // plan.apart if plan.apart > 1 else 7
        if not 1 <= plan.times <= min(len(plan.weekdays), most):
            raise BadProblem("too_many_times", visit=plan.id, times=plan.times, weekdays=sorted(plan.weekdays))
