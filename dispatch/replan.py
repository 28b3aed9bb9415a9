"""The day after something happened: what is under way stays, the rest gives way as little as it must; a diff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dispatch.board import Board
from dispatch.events import Cancelled, Diff, Event, Handed, Late, Moved, NoShow, Sick, Urgent
from dispatch.impossible import refuse
from dispatch.layout import plan_of
from dispatch.plan import Assignment, Plan, Route
from dispatch.problem import Caregiver, Problem, Promise, Shift, Visit, Window, service_of
from dispatch.solve import Progress, answer, improve


def replan(
    problem: Problem,
    plan: Plan,
    events: Sequence[Event],
    *,
    now: int,
    freeze: int = 0,
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Diff:
    """Without a budget the answer is at once: everybody keeps what they can, the rest goes where it is cheapest.

    What somebody is at or on the way to at `now`, or within `freeze` ticks, does not move, unless they cannot come.
    """
    after = happened(problem, plan, events, now=now, freeze=freeze)
    refuse(after)
    board = Board(after, seed=seed)
    board.fill(plan.assignments)
    board.construct()
    rounds = improve(board, seconds=seconds, iterations=iterations, progress=progress) if seconds or iterations else 0
    return difference(after, plan, answer(board, engine="replan", iterations=rounds))


def happened(problem: Problem, plan: Plan, events: Sequence[Event], *, now: int, freeze: int) -> Problem:
    """The problem as it stands after the events, at `now`."""
    planned = {a.visit: a for a in plan.assignments}
    known = [a for a in plan.assignments if a.visit in problem.visit_of]
    routes = plan.routes or plan_of(problem, known).routes
    leaves: dict[str, int] = {}  # when the first of the crew sets out for it
    for route in routes:
        for k, stop in enumerate(route.stops):
            leaves[stop.visit] = min(_leaves(route, k), leaves.get(stop.visit, stop.start))
    caregivers = {c.id: c for c in problem.caregivers}
    visits = {v.id: v for v in problem.visits}
    gone: dict[str, int] = {}
    loose: dict[str, int] = {}  # the late, and from when on their visits have not begun
    for event in events:
        if isinstance(event, Sick):
            gone[event.caregiver] = event.since
            caregivers[event.caregiver] = _until(caregivers[event.caregiver], event.since)
        elif isinstance(event, Late):
            waiting = planned.get(event.visit or "")
            loose[event.caregiver] = waiting.start if waiting else now
        elif isinstance(event, Cancelled):
            visits.pop(event.visit, None)
        elif isinstance(event, Urgent):
            visits[event.visit.id] = event.visit
        elif event.visit in planned and planned[event.visit].start < event.until:
            visits[event.visit] = _nobody_home(visits[event.visit], planned[event.visit], event)
        else:
            visits.pop(event.visit, None)
    for name, visit in visits.items():
        a = planned.get(name)
        if a is not None and not visit.frozen:
            begun = leaves.get(name, a.start) < now + freeze
            visits[name] = _held(visit, a, begun=begun, gone=gone, loose=loose)
    for event in events:
        if isinstance(event, Late):
            _delay(caregivers, visits, event)
    links = tuple(link for link in problem.links if {link.first, link.second} <= visits.keys())
    later = now if problem.now is None else max(now, problem.now)
    return replace(
        problem, caregivers=tuple(caregivers.values()), visits=tuple(visits.values()), links=links, now=later
    )


def _leaves(route: Route, k: int) -> int:
    """When one must set out for stop k at the latest, with the rests on the way as planned."""
    travel, until = route.stops[k].travel, route.stops[k].start
    for rest in reversed([r for r in route.rests if r.after == k]):
        if travel <= until - rest.end:
            break
        travel, until = travel - (until - rest.end), rest.start
    return until - travel


def _until(caregiver: Caregiver, since: int) -> Caregiver:
    shifts = []
    for shift in caregiver.shifts:
        if shift.start < since:
            end = min(shift.end, since)
            rests = tuple(b for b in shift.breaks if max(b.opens, shift.start) + b.ticks <= min(b.closes, end))
            shifts.append(Shift(shift.start, end, rests if end == shift.end else rests[:0]))
    return replace(caregiver, shifts=tuple(shifts), overtime=0)


def _nobody_home(visit: Visit, a: Assignment, event: NoShow) -> Visit:
    return replace(
        visit,
        frozen=True,
        pinned_start=a.start,
        pinned_caregivers=a.caregivers,
        service=event.until - a.start,
        service_by={},
    )


def _held(visit: Visit, a: Assignment, *, begun: bool, gone: dict[str, int], loose: dict[str, int]) -> Visit:
    """Frozen where somebody is there or on the way; else promised, and never earlier while it keeps its crew."""
    lost = any(c in gone and a.start >= gone[c] for c in a.caregivers)
    awaited = any(a.start >= loose[c] for c in a.caregivers if c in loose)
    if begun and not awaited and not lost:
        return replace(visit, frozen=True, pinned_start=a.start, pinned_caregivers=a.caregivers)
    promise = visit.published or Promise(a.start, a.caregivers)
    pins = tuple(c for c in visit.pinned_caregivers if c not in gone)
    if lost or awaited:
        return replace(visit, published=promise, pinned_caregivers=pins)
    windows = tuple(
        Window(max(w.opens, min(a.start, w.closes)), w.closes) for w in visit.windows if w.closes >= a.start
    )
    return replace(visit, published=promise, windows=windows or visit.windows[-1:], pinned_caregivers=pins)


def _delay(caregivers: dict[str, Caregiver], visits: dict[str, Visit], event: Late) -> None:
    """The visit under way takes longer; without one, the shift begins later."""
    name = event.caregiver
    begun = [v for v in visits.values() if v.frozen and name in v.pinned_caregivers and v.pinned_start is not None]
    if begun:
        last = max(begun, key=lambda v: v.pinned_start or 0)
        ticks = max(service_of(last, name), event.until - (last.pinned_start or 0))
        visits[last.id] = replace(last, service_by={**last.service_by, name: ticks})
        return
    shifts = []
    for shift in caregivers[name].shifts:
        if shift.end > event.until:
            start = max(shift.start, event.until)
            fits = tuple(b for b in shift.breaks if max(b.opens, start) + b.ticks <= min(b.closes, shift.end))
            shifts.append(Shift(start, shift.end, fits))
    caregivers[name] = replace(caregivers[name], shifts=tuple(shifts))


def difference(problem: Problem, before: Plan, after: Plan) -> Diff:
    """What the second plan changes, visit by visit, and who must hear of it."""
    was = {a.visit: a for a in before.assignments}
    will = {a.visit: a for a in after.assignments}
    moved, handed = [], []
    for name in sorted(was.keys() | will.keys()):
        old, new = was.get(name), will.get(name)
        crews = (old.caregivers if old else (), new.caregivers if new else ())
        if set(crews[0]) != set(crews[1]):
            handed.append(Handed(name, crews[0], crews[1], new.start if new else None))
        elif old and new and old.start != new.start:
            moved.append(Moved(name, old.start, new.start))
    people = {c for h in handed for c in (*h.before, *h.after)} | {c for m in moved for c in will[m.visit].caregivers}
    told = {h.visit for h in handed} | {m.visit for m in moved}
    return Diff(
        problem,
        after,
        tuple(moved),
        tuple(handed),
        tuple(sorted(people)),
        tuple(sorted(told)),
        before.total,
        after.total,
    )
