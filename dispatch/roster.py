"""The month's roster: recurring care plans get their weekdays, their hour and their caregiver, the same for four weeks.

    roster = solve_roster(RosterProblem(plans, workers), seconds=30)
    list(roster_faults(problem, roster))   # what an independent judge has against it: nothing

Continuity goes first: a week that repeats itself is chosen by CP-SAT (few faces for an elder, then those she knows,
then short ways and fair hours); whoever is absent is replaced by somebody who comes to that elder anyway, where there
is one. Rules that name days (every second Tuesday, the first of the month, no holidays) pose a plan for each weekday,
dated, in one series. OR-Tools is imported when it is needed: it takes a second. In the literature: home care crew
scheduling with patterns.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from dispatch.problem import BadProblem, Matrix, Window

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

SLOT: Final = 15  # minutes between two possible starts
CHOICE: Final = 6  # caregivers considered for one plan
FACE, STRANGER, WAY, UNFAIR = 600, 300, 4, 1  # per further face, per week with a stranger, per minute, per minute
TELL: Final = 0.5  # seconds between two words of progress
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
    days: frozenset[int] | None = None  # of the month: then `times`, `weekdays` and `apart` say nothing
    series: str = ""  # plans of one series begin at one hour; two of them on one day are two caregivers at one door

    @property
    def on(self) -> frozenset[int]:
        """The weekdays that may be chosen; of a dated plan, those that are meant."""
        return self.weekdays if self.days is None else frozenset(day % 7 for day in self.days)


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


T = TypeVar("T")
Slot = tuple[int, int, int, int]  # plan, day, start, worker
Week = dict[int, tuple[int, int, tuple[int, ...]]]  # plan: worker, start, weekdays; worker -1: nobody regularly
Progress = Callable[[float, int, int, int], object]  # seconds, weeks found, best cost, plans with nobody; False ends it


def solve_roster(
    problem: RosterProblem, *, seconds: float = 30.0, seed: int = 0, workers: int = 1, progress: Progress | None = None
) -> Roster:
    """Raises BadProblem where the question contradicts itself. With one worker the same for a seed, given the time.

    Ended early, it answers with the best found so far.
    """
    _refuse(problem)
    week, proven = _regular_week(problem, seconds, seed, workers, progress)
    lines: list[Slot] = []
    open_lines: list[Slot] = []
    for plan, (worker, start, days) in week.items():
        dated = problem.plans[plan].days
        for day in sorted(dated) if dated is not None else (7 * w + d for w in range(problem.weeks) for d in days):
            away = worker < 0 or day in problem.workers[worker].absent
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
    days = plan.on & worker.hours.keys()
    return allowed and (bool(days) if plan.days is None else days == plan.on)


def _weight(problem: RosterProblem, plan: RosterPlan) -> int:
    """Visits a week."""
    return plan.times if plan.days is None else max(1, round(len(plan.days) / problem.weeks))


def _weeks(problem: RosterProblem, plan: RosterPlan, weekday: int) -> frozenset[int]:
    """In which it takes place on that weekday, once the weekday is chosen."""
    return frozenset(w for w in range(problem.weeks) if plan.days is None or 7 * w + weekday in plan.days)


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


def _regular_week(
    problem: RosterProblem, seconds: float, seed: int, workers: int, progress: Progress | None
) -> tuple[Week, bool]:
    from ortools.sat.python import cp_model

    model, costs = cp_model.CpModel(), []
    choices = _choices(problem)
    takes: dict[tuple[int, int], cp_model.IntVar] = {}
    days: dict[tuple[int, int], cp_model.IntVar] = {}
    starts: list[cp_model.IntVar] = []
    hours: dict[str, cp_model.IntVar] = {}
    without: list[cp_model.IntVar] = []
    busy: dict[tuple[int, int], list[tuple[cp_model.IntervalVar, frozenset[int]]]] = defaultdict(list)
    load: dict[int, list[tuple[cp_model.LinearExprT, frozenset[int]]]] = defaultdict(list)
    for p, plan in enumerate(problem.plans):
        slots = [m for w in plan.windows for m in range(-(-w.opens // SLOT) * SLOT, w.closes + 1, SLOT)]
        slots = slots or [w.opens for w in plan.windows]
        possible = cp_model.Domain.from_values(slots)
        name = plan.series or plan.id
        start = hours.setdefault(name, model.new_int_var_from_domain(possible, f"start {name}"))
        model.add_linear_expression_in_domain(start, possible)
        starts.append(start)
        mine = [model.new_bool_var(f"{plan.id} by {problem.workers[w].id}") for w in choices[p]]
        takes |= {(p, w): take for w, take in zip(choices[p], mine, strict=True)}
        nobody = model.new_bool_var(f"{plan.id} by nobody")
        without.append(nobody)
        model.add_exactly_one([*mine, nobody])
        times = _weight(problem, plan)
        costs.append(MISSING * times * nobody)
        on = {d: model.new_bool_var(f"{plan.id} on {d}") for d in sorted(plan.on)}
        days |= {(p, d): chosen for d, chosen in on.items()}
        chosen_days = plan.times if plan.days is None else len(on)
        model.add(sum(on.values()) == chosen_days).only_enforce_if(nobody.negated())
        model.add(sum(on.values()) == 0).only_enforce_if(nobody)
        for d, chosen in on.items():
            for step in range(1, plan.apart if plan.days is None else 1):
                other = on.get((d + step) % 7)
                if other is not None and (d + step) % 7 != d:
                    model.add_bool_or(chosen.negated(), other.negated())
        for w, take in zip(choices[p], mine, strict=True):
            worker = problem.workers[w]
            costs.append((0 if worker.id in plan.known or not plan.known else STRANGER) * times * take)
            costs.append(WAY * times * _distance(problem, plan, worker) * take)
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
                weeks = _weeks(problem, plan, d)
                busy[w, d].append((model.new_optional_fixed_size_interval_var(start, size, comes, ""), weeks))
                load[w].append((size * comes, weeks))
    for together in busy.values():
        for alike in _in_each_week(problem, together):
            model.add_no_overlap(alike)
    costs += _few_faces(model, problem, takes)
    longest = model.new_int_var(0, max((w.most for w in problem.workers), default=0), "longest week")
    for w, parts in load.items():
        for sizes in _in_each_week(problem, parts):
            model.add(sum(sizes) <= problem.workers[w].most)
            model.add(sum(sizes) <= longest)
    model.minimize(sum(costs) + UNFAIR * longest)
    solver = _solver(seconds, seed, workers)
    status = _watched(solver, model, without, MISSING * sum(_weight(problem, p) for p in problem.plans), progress)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return {}, False
    week: Week = {}
    for (p, w), take in takes.items():
        if solver.boolean_value(take):
            on_days = tuple(d for d in range(7) if (p, d) in days and solver.boolean_value(days[p, d]))
            week[p] = (w, solver.value(starts[p]), on_days)
    for p, plan in enumerate(problem.plans):
        if plan.days is not None and p not in week:
            week[p] = (-1, solver.value(starts[p]), ())  # day by day there may be somebody
    return week, status == cp_model.OPTIMAL


def _in_each_week(problem: RosterProblem, parts: Sequence[tuple[T, frozenset[int]]]) -> list[list[T]]:
    """What meets in a week; weeks that are alike once."""
    sets = {tuple(k for k, (_, weeks) in enumerate(parts) if w in weeks) for w in range(problem.weeks)}
    return [[parts[k][0] for k in one] for one in sorted(sets) if one]


def _watched(
    solver: cp_model.CpSolver, model: cp_model.CpModel, without: Sequence[cp_model.IntVar], nothing: int,
    progress: Progress | None,
) -> object:  # fmt: skip
    """Solve, and tell of it now and then; `nothing` is what an empty roster costs."""
    from ortools.sat.python import cp_model

    best, begun, ended = [0, nothing, len(without)], time.monotonic(), threading.Event()

    class Heard(cp_model.CpSolverSolutionCallback):
        def on_solution_callback(self) -> None:
            best[:] = [best[0] + 1, int(self.objective_value), sum(self.boolean_value(n) for n in without)]

    def tell() -> None:
        while not ended.wait(TELL):
            if progress is not None and progress(time.monotonic() - begun, *best) is False:
                solver.stop_search()

    teller = threading.Thread(target=tell, daemon=True)
    if progress is not None:
        teller.start()
    try:
        return solver.solve(model, Heard())
    finally:
        ended.set()
        if progress is not None:
            teller.join()
            progress(time.monotonic() - begun, *best)


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
        if plan.days is not None:
            if not plan.days or not all(0 <= day < 7 * problem.weeks for day in plan.days):
                raise BadProblem("days", visit=plan.id)
            continue
        most = 7 // plan.apart if plan.apart > 1 else 7
        if not 1 <= plan.times <= min(len(plan.weekdays), most):
            raise BadProblem("too_many_times", visit=plan.id, times=plan.times, weekdays=sorted(plan.weekdays))
