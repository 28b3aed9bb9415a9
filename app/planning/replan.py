"""A running day and what happened in it, posed to `dispatch.replan`; its answer read as what becomes of each visit."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import dispatch
from app.orders.rules import VisitState
from app.places.rules import Place
from app.planning.day import (
    PLANNABLE,
    Day,
    DayVisit,
    Going,
    Question,
    caregiver_of,
    interrupted,
    named,
    plan_of,
    question,
)
from app.planning.replan_rules import STILL_COMES, Changed, Happened, Shift, Slot, WhatHappened
from app.planning.rules import BEGUN, AttendanceState
from app.planning.solving import MANY

LEAD: Final = 120  # seconds between a proposal and its being known: nobody sets out before
EXPLAINED: Final = 8  # visits nobody serves any more that are told why; each costs some tenths of a second
TOO_LATE: Final = {"zh-CN": "上门时段已过，今天无法再安排。", "en": "Its window has passed; it cannot be served today."}
NO_VISIT: Final = 0  # stands for the visit of an alarm nobody has been sent to yet
AT_THE_DOOR: Final = frozenset({AttendanceState.ARRIVED, AttendanceState.IN_SERVICE})


@dataclass(frozen=True)
class Posed:
    """The day as the library is asked it: everything at `now`, in ticks."""

    day: Day
    question: Question
    before: dispatch.Plan
    events: tuple[dispatch.Event, ...]
    now: int
    wanted: frozenset[int] = frozenset()  # waiting visits that are to be served too


@dataclass(frozen=True)
class Thought:
    """What a re-planning would do, what it costs by name, and how long it took."""

    changes: tuple[Changed, ...]
    cost_before: Mapping[str, int]
    cost_after: Mapping[str, int]
    milliseconds: int


def with_responder(
    day: Day, caregiver_id: int, place: Place, division_code: str, *, now: datetime, until: datetime
) -> Day:
    """The day with somebody at an alarm from now until then, as it will be once she is sent."""
    minutes = max(1, round((until - now).total_seconds() / 60))
    going = Going(0, caregiver_id, 1, AttendanceState.ASSIGNED, now, until, urgent=True)
    visit = DayVisit(
        id=NO_VISIT, elder_id=0, elder="", division_code=division_code, state=VisitState.PUBLISHED, item_code="",
        item_zh="", item_en="", aid="", minutes=minutes, caregivers=1, needs=frozenset(), sex="", opens=now,
        closes=until, starts_at=now, priority=0, place=place, estate="", goings=(going,),
    )  # fmt: skip
    return replace(day, visits=(*day.visits, visit))


def pose(day: Day, happened: Sequence[Happened], *, now: datetime) -> Posed:
    """The visits that are promised or asked for, with everything loosened that its caregiver cannot keep.

    Visits that only wait for a plan are left to a draft, unless an event names them.
    """
    gone = {h.caregiver_id for h in happened if h.cause in (WhatHappened.SICK, WhatHappened.LATE)}
    loosen = {v.id for v in day.visits if _loose(v, gone, cut=v.id in interrupted(day)) or _absent(day, v)}
    still = replace(day, freeze_minutes=0)
    asked = question(still, now=now, loosen=loosen, late=int(STILL_COMES.total_seconds()))
    wanted = frozenset(h.visit_id for h in happened if h.cause is WhatHappened.URGENT and h.visit_id is not None)
    visits = tuple(v for v in asked.problem.visits if day.visit[int(v.id)].crew or int(v.id) in wanted)
    problem = replace(asked.problem, visits=visits)
    cut = interrupted(day)
    standing = {
        v.id: v.crew for v in day.visits if len(v.crew) == v.caregivers and v.id not in cut and not _absent(day, v)
    }
    before = plan_of(problem, day, standing)
    tick = day.tick(now)
    events = tuple(e for h in happened if (e := _event(day, problem, h, tick)) is not None)
    return Posed(day, replace(asked, problem=problem), before, events, tick, wanted)


def _loose(visit: DayVisit, gone: set[int | None], *, cut: bool) -> bool:
    """Not begun at the door, and somebody of its crew is sick, late or at an alarm."""
    if visit.state not in PLANNABLE or any(g.state in AT_THE_DOOR or g.urgent for g in visit.crew):
        return False
    return cut or any(g.caregiver_id in gone for g in visit.crew)


def _absent(day: Day, visit: DayVisit) -> bool:
    """Promised by somebody who is not here today, and nobody insisted."""
    away = [day.caregiver.get(g.caregiver_id) for g in visit.crew if g.state not in BEGUN]
    return visit.pin is None and visit.state in PLANNABLE and any(c is None or c.absent for c in away)


def _event(day: Day, problem: dispatch.Problem, said: Happened, now: int) -> dispatch.Event | None:
    at = max(now, day.tick(said.at)) if said.at else now
    visit, caregiver = str(said.visit_id), named(said.caregiver_id or 0)
    if said.cause in (WhatHappened.SICK, WhatHappened.LATE) and caregiver not in problem.caregiver_of:
        return None
    if said.cause in (WhatHappened.CANCELLED, WhatHappened.NO_SHOW) and visit not in problem.visit_of:
        return None
    match said.cause:
        case WhatHappened.SICK:
            return dispatch.Sick(caregiver, at)
        case WhatHappened.LATE:
            return dispatch.Late(caregiver, at, _overdue(day, said.caregiver_id, now))
        case WhatHappened.CANCELLED:
            return dispatch.Cancelled(visit)
        case WhatHappened.NO_SHOW:
            return dispatch.NoShow(visit, at)
    return None  # an urgent visit and an alarm's are in the problem


def _overdue(day: Day, caregiver_id: int | None, now: int) -> str | None:
    """The first visit somebody has not begun though its time has come."""
    theirs = [
        (g.starts_at, v.id) for v in day.visits if v.state in PLANNABLE for g in v.crew
        if g.caregiver_id == caregiver_id and g.state not in BEGUN and day.tick(g.starts_at) <= now
    ]  # fmt: skip
    return str(min(theirs)[1]) if theirs else None


def think(posed: Posed, *, seed: int, iterations: int, freeze_minutes: int) -> Thought:
    """Ask the library, without a database; raises `dispatch.BadProblem` where the day contradicts itself."""
    begun = time.monotonic()
    problem, day = posed.question.problem, posed.day
    answer = dispatch.replan(
        problem, posed.before, posed.events, now=posed.now + LEAD, freeze=freeze_minutes * 60, seed=seed,
        iterations=iterations or None,
    )  # fmt: skip
    changes = list(_changes(day, posed, answer))
    lost = {c.visit_id for c in changes if c.shift is Shift.LOST}
    told = {v: {"kind": "sacrificed", "sentence": MANY} for v in lost}
    told |= {v: {"kind": "too_late", "sentence": TOO_LATE} for v in lost.intersection(posed.question.too_late)}
    told |= _why(answer, [v for v in lost if str(v) in answer.problem.visit_of])
    changes = [replace(c, why=told[c.visit_id]) if c.visit_id in lost else c for c in changes]
    before = dispatch.plan_of(problem, posed.before.assignments)
    milliseconds = round((time.monotonic() - begun) * 1000)
    return Thought(tuple(changes), dict(before.cost), dict(answer.plan.cost), milliseconds)


def _changes(day: Day, posed: Posed, answer: dispatch.Diff) -> Iterable[Changed]:
    after = {int(a.visit): a for a in answer.plan.assignments}
    over = {e.visit for e in posed.events if isinstance(e, dispatch.Cancelled | dispatch.NoShow)}
    cut = interrupted(day)
    for visit in day.visits:
        was, given = slot_of(visit), after.get(visit.id)
        will = _slot(day, visit, given) if given else None
        if visit.id == NO_VISIT or visit.state not in PLANNABLE:
            continue
        if str(visit.id) in over:
            yield Changed(visit.id, Shift.ENDED, was, None)
        elif was and visit.id in cut and any(g.state in AT_THE_DOOR for g in visit.crew):
            yield Changed(visit.id, Shift.LEFT, was, None)
        elif will and not was:
            yield Changed(visit.id, Shift.PLACED, None, will, _after_window(visit, will))
        elif was and will and set(was.caregiver_ids) != set(will.caregiver_ids):
            yield Changed(visit.id, Shift.HANDED, was, will, _after_window(visit, will))
        elif was and will and was.starts_at != will.starts_at:
            yield Changed(visit.id, Shift.MOVED, was, will, _after_window(visit, will))
        elif was and not will and (visit.id in posed.question.too_late or str(visit.id) in answer.problem.visit_of):
            yield Changed(visit.id, Shift.LOST, was, None)
        elif visit.id in posed.wanted and not will:
            yield Changed(visit.id, Shift.LOST, None, None)


def slot_of(visit: DayVisit) -> Slot | None:
    """Who comes when, as the day stands."""
    crew = visit.crew
    return Slot(tuple(g.caregiver_id for g in crew), crew[0].starts_at, crew[0].ends_at) if crew else None


def _slot(day: Day, visit: DayVisit, given: dispatch.Assignment) -> Slot:
    starts_at = day.time(given.start)
    return Slot(tuple(map(caregiver_of, given.caregivers)), starts_at, starts_at + timedelta(minutes=visit.minutes))


def _after_window(visit: DayVisit, will: Slot) -> int:
    return max(0, -(-int((will.starts_at - visit.closes).total_seconds()) // 60))


def _why(answer: dispatch.Diff, visit_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The first rule in each caregiver's way, and one sentence; the dearest visits first."""
    dearest = sorted(visit_ids, key=lambda v: -answer.problem.visit(str(v)).prize)[:EXPLAINED]
    kinds = {int(u.visit): u.reason for u in answer.plan.unserved}
    return {
        int(reason.visit): {
            "kind": kinds.get(int(reason.visit), "sacrificed"),
            "blocking": {str(caregiver_of(c)): rule for c, rule in reason.blocking.items()},
            "remedy": json.loads(json.dumps({"kind": reason.remedy.kind, "facts": dict(reason.remedy.facts)}))
            if reason.remedy else {},
            "sentence": dict(reason.sentence),
        }
        for reason in dispatch.explain(answer.problem, answer.plan, map(str, dearest))
    }  # fmt: skip
