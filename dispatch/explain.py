"""Why a visit is left out, and the cheapest change that would let it in, each one tried before it is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from dispatch import sentences
from dispatch.arrays import FAR
from dispatch.board import Board, fresh_state
from dispatch.candidates import candidates
from dispatch.check import faults
from dispatch.events import Reason, Relaxation
from dispatch.layout import plan_of
from dispatch.plan import Plan
from dispatch.problem import Caregiver, Problem, Visit, Window

STEPS = (10, 20, 30, 60, 120)  # minutes


def explain(problem: Problem, plan: Plan, visits: Iterable[str] | None = None) -> list[Reason]:
    """Reasons for the named visits; without names, for all that are unserved."""
    wanted = [u.visit for u in plan.unserved] if visits is None else list(visits)
    if not wanted:
        return []
    full, empty = Board(problem), Board(problem)
    full.fill(plan.assignments)
    served = {a.visit for a in plan.assignments}
    return [
        _served(problem, plan, v, full) if v in served else _unserved(problem, plan, problem.visit(v), full, empty)
        for v in wanted
    ]


def forbids(visit: Visit, caregiver: Caregiver) -> str:
    """The first rule by which this caregiver may not go at all, or nothing."""
    pins, needs = visit.pinned_caregivers, visit.needs
    if visit.caregivers == 2 and visit.helper_needs is not None and visit.helper_needs <= caregiver.skills:
        needs = visit.helper_needs
    broken = {
        "skills": not needs <= caregiver.skills,
        "sex": bool(visit.sex) and visit.sex != caregiver.sex,
        "allowed": visit.allowed is not None and caregiver.id not in visit.allowed,
        "banned": caregiver.id in visit.banned,
    }
    rule = next((rule for rule, yes in broken.items() if yes and rule not in visit.waived), "")
    full = len(pins) == visit.caregivers and caregiver.id not in pins
    return rule or ("pin" if full else "")


def _unserved(problem: Problem, plan: Plan, visit: Visit, full: Board, empty: Board) -> Reason:
    blocking = {c.id: forbids(visit, c) or _in_time(visit, c, full, empty) for c in problem.caregivers}
    alone = empty.insert(empty.index[visit.id], FAR >> 1)
    if alone:
        empty.remove(empty.index[visit.id])
    remedy, words = None, None
    for way in _relaxations(problem, visit, blocking):
        remedy = _tried(way, plan, visit)
        if remedy is not None:
            words = way.sentence("、".join(remedy.assignment.caregivers))
            break
    sentence = sentences.unserved(blocking, words, impossible=not alone)
    return Reason(visit.id, False, not alone, blocking, remedy, sentence)


def _in_time(visit: Visit, caregiver: Caregiver, full: Board, empty: Board) -> str:
    """What keeps a caregiver who may go from going: their own hours, or what they do already."""
    if not _fits(empty, visit, caregiver):
        return "shift"
    if not _fits(full, visit, caregiver):
        owner = full.f.owner[full.routes_of[caregiver.id][0]]
        left = full.f.limits[3 * owner] - full.s.work[owner] - full.f.limits[3 * owner + 2]
        return "max_work" if left < visit.service_by.get(caregiver.id, visit.service) else "busy"
    return "partner" if visit.caregivers == 2 else "cost"


def _fits(board: Board, visit: Visit, caregiver: Caregiver) -> bool:
    first = board.f.first[board.index[visit.id]]
    for node in range(first, first + visit.caregivers):
        board.kernel.bind(board.f, board.s, node)
        for r in board.routes_of.get(caregiver.id, ()):
            board.kernel.scan_route(board.f, board.s, node, r, -1, FAR)
            if board.s.offer[4 * r] < FAR:
                return True
    return False


@dataclass(frozen=True)
class _Way:
    """A change of the problem, what it is called, and its sentence once we know who would come."""

    problem: Problem
    kind: str
    facts: dict[str, Any]
    sentence: Callable[[str], tuple[str, str]]


def _relaxations(problem: Problem, visit: Visit, blocking: dict[str, str]) -> Iterator[_Way]:
    """From what costs least to what costs most."""
    minute = max(1, round(60 / problem.tick_seconds))
    late = {c for c, rule in blocking.items() if rule in ("busy", "shift", "partner")}
    for step in STEPS if late else ():
        ticks = step * minute
        windows = tuple(Window(w.opens - ticks, w.closes + ticks) for w in visit.windows)
        wider = _with(problem, replace(visit, windows=_merged(windows)))
        yield _Way(wider, "window", {"ticks": ticks}, partial(sentences.window, step))
        if step <= 60:
            staff = tuple(replace(c, overtime=c.overtime + ticks) if c.id in late else c for c in problem.caregivers)
            longer = replace(problem, caregivers=staff)
            yield _Way(longer, "overtime", {"ticks": ticks}, partial(sentences.overtime, step))
    for rule in ("skills", "sex", "allowed"):
        if rule in blocking.values():
            waived = _with(problem, replace(visit, waived=visit.waived | {rule}))
            yield _Way(waived, "waive", {"rule": rule}, partial(sentences.waive, rule))
    able = [c for c in problem.caregivers if blocking[c.id] in ("busy", "max_work", "partner", "cost", "shift")]
    for model in able[:3]:
        extra = tuple(replace(model, id=f"{model.id}+{k + 1}") for k in range(visit.caregivers))
        more = _with(problem, replace(visit, allowed=None, pinned_caregivers=()))
        more = replace(more, caregivers=(*problem.caregivers, *extra))
        yield _Way(more, "person", {"like": model.id}, partial(sentences.person, model.id))


def _with(problem: Problem, visit: Visit) -> Problem:
    return replace(problem, visits=tuple(visit if v.id == visit.id else v for v in problem.visits))


def _merged(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """Widened windows may meet."""
    merged = [windows[0]]
    for window in windows[1:]:
        if window.opens <= merged[-1].closes:
            merged[-1] = Window(merged[-1].opens, window.closes)
        else:
            merged.append(window)
    return tuple(merged)


def _tried(way: _Way, plan: Plan, visit: Visit) -> Relaxation | None:
    """The visit really goes into this plan of the changed problem, and the judge has nothing new against it."""
    problem = way.problem
    board = Board(problem)
    if board.fill(plan.assignments) or not board.insert(board.index[visit.id], FAR >> 1):
        return None
    answer = plan_of(problem, board.assignments())
    found = answer.assignment(visit.id)
    if found is None or any(fault.rule != "once" for fault in faults(problem, answer)):
        return None
    return Relaxation(way.kind, way.facts, found)


def _served(problem: Problem, plan: Plan, visit_id: str, board: Board) -> Reason:
    visit, mine = problem.visit(visit_id), plan.assignment(visit_id)
    crew = mine.caregivers if mine else ()
    settled = "frozen" if visit.frozen else "pin" if visit.pinned_caregivers else ""
    facts: dict[str, Any] = {
        "settled": settled, "crew": list(crew), "known": [c for c in crew if c in visit.known],
        "preferred": [c for c in crew if c in visit.preferred],
    }  # fmt: skip
    if not settled:
        facts |= _instead(problem, plan, visit, set(crew), board)
    blocking = {c.id: rule for c in problem.caregivers if (rule := forbids(visit, c))}
    minutes = problem.tick_seconds / 60
    return Reason(visit_id, True, False, blocking, None, sentences.served(facts, minutes), facts)


def _instead(problem: Problem, plan: Plan, visit: Visit, crew: set[str], board: Board) -> dict[str, Any]:
    """The way these go, and the best other choice; the board is left as it was found."""
    before = fresh_state(board)
    board.kernel.copy(before, board.s)
    ways = candidates(problem, plan, visit.id, board=board)
    board.kernel.copy(board.s, before)
    own = next((way for way in ways if set(way.caregivers) == crew), None)
    facts: dict[str, Any] = {"way": own.travel} if own else {}
    other = next((way for way in ways if set(way.caregivers) != crew), None)
    if other is not None:
        strangers = [c for c in other.caregivers if visit.known and c not in visit.known]
        facts |= {"other": list(other.caregivers), "strangers": strangers}
        facts |= {"added": other.added - own.added, "farther": other.travel - own.travel} if own else {}
    return facts
