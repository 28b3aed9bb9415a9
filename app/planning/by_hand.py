"""Moving a visit by hand: what it would break, named first; then done, and remembered as a pin."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

import dispatch
from app import calendar
from app.db import notice
from app.history import record
from app.orders import queries as order_queries
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.planning import actions, attending, queries
from app.planning.day import Going, Line, plan_of, question
from app.planning.rules import (
    MOVABLE,
    AttendanceState,
    DraftUnderWay,
    PlanMoveRefused,
    PlanState,
    WrongCrew,
    check_accepted,
)
from app.planning.tables import Pin, Plan, PlanReason


@dataclass(frozen=True)
class Trial:
    """What a move by hand would do: faults it adds, and the crews of the day with it done."""

    faults: tuple[dispatch.Fault, ...]
    lines: tuple[Line, ...]
    draft: Plan | None
    visit: Visit


def try_move(
    session: Session, visit_id: int, *, caregiver_ids: Sequence[int], starts_at: datetime, lock: bool = False
) -> Trial:
    """Judge a move without doing it: the faults there would be that are not there now."""
    visit = order_queries.visit(session, visit_id, lock=lock)
    on = calendar.day_of(visit.opens)
    if visit.state not in MOVABLE:
        raise PlanMoveRefused(f"A visit that is {visit.state} cannot be moved.", state=visit.state)
    if len(set(caregiver_ids)) != visit.caregivers_needed or len(caregiver_ids) != visit.caregivers_needed:
        raise WrongCrew(f"This visit needs {visit.caregivers_needed}.", wanted=visit.caregivers_needed)
    if calendar.day_of(starts_at) != on:
        raise WrongCrew("Another day is another order.")
    draft = queries.plan(session, visit.district_id, on, PlanState.DRAFT, lock=lock)
    day = queries.day_of(session, visit.district_id, on)
    if unknown := [c for c in caregiver_ids if c not in day.caregiver]:
        raise WrongCrew("There is no such caregiver.", caregiver_ids=unknown)
    ends_at = starts_at + timedelta(minutes=visit.minutes)
    lines = tuple(Line(visit_id, c, rank, starts_at, ends_at) for rank, c in enumerate(caregiver_ids, 1))
    before = {v.id: v.crew for v in day.visits if v.crew} | (queries.lines(session, draft.id) if draft else {})
    goings = [Going(0, line.caregiver_id, line.rank, AttendanceState.ASSIGNED, starts_at, ends_at) for line in lines]
    bare = replace(day, visits=tuple(replace(v, pin=None) if v.id == visit_id else v for v in day.visits))
    problem = question(bare, now=None).problem
    known = {_key(f) for f in dispatch.faults(problem, plan_of(problem, bare, before | {visit_id: ()}))}
    after = dispatch.faults(problem, plan_of(problem, bare, before | {visit_id: goings}))
    return Trial(tuple(f for f in after if _key(f) not in known), lines, draft, visit)


def _key(fault: dispatch.Fault) -> tuple[object, ...]:
    return fault.rule, fault.visit, fault.caregiver


def move_by_hand(
    session: Session, visit_id: int, *, caregiver_ids: Sequence[int], starts_at: datetime, accept: Iterable[str],
    by: str, now: datetime,
) -> Visit:  # fmt: skip
    """Put a visit where the dispatcher wants it; each rule this breaks must be accepted by name, and is remembered.

    With a draft open it changes the draft; else the published plan, at once; else it begins a draft.
    """
    district_id, on = queries.day_of_visit(session, visit_id)
    queries.lock_day(session, district_id, on)
    trial = try_move(session, visit_id, caregiver_ids=caregiver_ids, starts_at=starts_at, lock=True)
    visit, plan = trial.visit, trial.draft
    if queries.plan(session, visit.district_id, on, PlanState.DRAFTING):
        raise DraftUnderWay("A draft of this day is being made; wait for it or stop it.")
    waived = check_accepted((f.rule for f in trial.faults), accept)
    attending.unpin(session, visit_id, now=now)
    session.add(
        Pin(
            district_id=visit.district_id, division_code=visit.division_code, visit_id=visit_id, by=by, at=now,
            caregiver_ids=list(caregiver_ids), starts_at=starts_at, waived=sorted(waived),
        )
    )  # fmt: skip
    record(
        session, visit, "move", visit.state, visit.state, by=by, now=now, waived=sorted(waived),
        caregiver_ids=list(caregiver_ids), starts_at=starts_at.isoformat(),
    )  # fmt: skip
    published = queries.plan(session, visit.district_id, on, PlanState.PUBLISHED)
    if plan is None and published is not None:
        actions.put(session, visit, trial.lines, plan_id=published.id, by=by, now=now)
        attending.settle(session)
    else:
        plan = plan or actions.new_plan(
            session, visit.district_id, on, PlanState.DRAFT, seconds=0, engine="hand", by=by, now=now
        )
        attending.write_lines(session, plan, visit, trial.lines)
        session.execute(delete(PlanReason).where(PlanReason.plan_id == plan.id, PlanReason.visit_id == visit_id))
        if visit.state is not VisitState.PUBLISHED:
            actions.planned(session, visit, trial.lines[0], by=by, now=now)
    notice(session, visit.district_id, f"board/{on}")
    return visit
