"""Proposing a change of a running day, accepting or refusing it. `move` alone changes a proposal's state."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

import dispatch
from app.config import settings
from app.db import notice
from app.history import record
from app.orders import actions as orders
from app.orders.rules import VISIT_ENDED, VisitEvent
from app.orders.tables import Visit
from app.people.tables import Absence, Caregiver
from app.planning import actions, attending, queries, replan, replan_queries, replan_telling
from app.planning.day import Day, DayVisit, Going, Line, plan_of
from app.planning.replan_rules import (
    Changed,
    ChangeEvent,
    ChangeMoveRefused,
    ChangeStale,
    ChangeState,
    Happened,
    NothingSaid,
    Shift,
    WhatHappened,
    change_after,
)
from app.planning.replan_tables import PlanChange
from app.planning.rules import MOVABLE, AttendanceEvent, AttendanceState, PlanState
from app.planning.tables import Pin, Plan, PlanReason

WHY_SICK = "sick"
PLATFORM = "platform"
REPLANNED = "replanned"


@dataclass(frozen=True)
class Asked:
    """What a proposal is computed on, read in one transaction, so that no thinking is done in it."""

    district_id: int
    day: date
    plan: tuple[int | None, int, int]  # number, version, revision
    happened: tuple[Happened, ...]
    posed: replan.Posed
    alarm_id: int | None = None


def move(
    session: Session, change: PlanChange, event: ChangeEvent, *, by: str, now: datetime, overtaken_by: int | None = None
) -> PlanChange:
    """The only place that changes a proposal's state."""
    before, change.state = change.state, change_after(change.state, event)
    change.decided_at, change.decided_by = now, by
    record(session, change, event, before, change.state, by=by, now=now, day=str(change.day), overtaken_by=overtaken_by)
    notice(session, change.district_id, f"board/{change.day}")
    return change


def ask(
    session: Session, district_id: int, day: date, happened: Sequence[Happened], *, now: datetime,
    alarm_id: int | None = None, responder: replan_queries.Responder | None = None,
) -> Asked:  # fmt: skip
    """Read the day; raises NothingSaid, or NotFound for somebody or something that is not of this day.

    `responder` is somebody who would be sent to an alarm: where to, and until when she is away.
    """
    today = queries.day_of(session, district_id, day)
    for said in happened:
        said.check(now=now)
        if said.caregiver_id is not None and said.caregiver_id not in today.caregiver:
            raise NothingSaid("There is no such caregiver here.", caregiver_id=said.caregiver_id)
        if said.visit_id is not None and said.visit_id not in today.visit:
            raise NothingSaid("There is no such visit on this day.", visit_id=said.visit_id)
    if responder is not None:
        today = replan.with_responder(
            today, responder.caregiver_id, responder.place, responder.division_code, now=now, until=responder.until
        )
    plan = queries.plan(session, district_id, day, PlanState.PUBLISHED)
    seen = (plan.id, plan.version, plan.revision) if plan else (None, 0, 0)
    return Asked(district_id, day, seen, tuple(happened), replan.pose(today, happened, now=now), alarm_id)


def think(asked: Asked, *, seed: int | None = None, iterations: int = 0) -> tuple[replan.Thought, int, int]:
    """What the library answers, the seed and the rounds it was given; touches no database."""
    seed = secrets.randbelow(2**31) if seed is None else seed
    freeze = settings().replan_freeze_minutes
    return replan.think(asked.posed, seed=seed, iterations=iterations, freeze_minutes=freeze), seed, iterations


def keep(
    session: Session, asked: Asked, answer: tuple[replan.Thought, int, int], *, by: str, now: datetime
) -> PlanChange:
    """Store a proposal; nothing moves yet."""
    thought, seed, iterations = answer
    plan_id, version, revision = asked.plan
    change = PlanChange(
        district_id=asked.district_id, day=asked.day, plan_id=plan_id, plan_version=version, plan_revision=revision,
        alarm_id=asked.alarm_id, state=ChangeState.PROPOSED, events=[h.as_json() for h in asked.happened],
        changes=[c.as_json() for c in thought.changes], cost_before=dict(thought.cost_before),
        cost_after=dict(thought.cost_after), seed=seed, iterations=iterations, milliseconds=thought.milliseconds,
        proposed_at=now, proposed_by=by, expires_at=now + timedelta(minutes=settings().replan_minutes),
    )  # fmt: skip
    session.add(change)
    record(session, change, "propose", None, change.state, by=by, now=now, day=str(asked.day))
    notice(session, change.district_id, f"board/{change.day}")
    return change


def of_the_board(session: Session, change_id: int) -> None:
    """Raises ChangeMoveRefused for a change that goes with an alarm: it happens when somebody is sent."""
    if replan_queries.about(session, change_id)[2] is not None:
        raise ChangeMoveRefused("It happens when the responder is sent, at the alarm desk.")


def refuse(session: Session, change_id: int, *, by: str, now: datetime, reason: str) -> PlanChange:
    """The day stays as it is."""
    change = replan_queries.get(session, change_id, lock=True)
    change.reason = reason
    return move(session, change, ChangeEvent.REFUSE, by=by, now=now)


def expire(session: Session, change_id: int, *, now: datetime) -> None:
    """Nobody decided; for the clock."""
    change = replan_queries.get(session, change_id, lock=True)
    if change.state is ChangeState.PROPOSED and change.expires_at <= now:
        move(session, change, ChangeEvent.EXPIRE, by=PLATFORM, now=now)


def accept(session: Session, change_id: int, *, by: str, now: datetime) -> PlanChange:
    """Let it happen, if the day is still the one it was computed on; else raises ChangeStale, and nothing has moved.

    Whoever must hear of it is written to; visits nobody serves any more wait again, with the reason.
    """
    district_id, day, _ = replan_queries.about(session, change_id)
    queries.lock_day(session, district_id, day)
    visits = {v.id: v for v in queries.visits_of_day(session, district_id, day, lock=True)}
    change = replan_queries.get(session, change_id, lock=True)
    change_after(change.state, ChangeEvent.ACCEPT)
    plan = queries.plan(session, change.district_id, change.day, PlanState.PUBLISHED, lock=True)
    changes, happened = replan_queries.changes_of(change), replan_queries.events_of(change)
    _check(session, change, plan, changes, happened, now=now)
    move(session, change, ChangeEvent.ACCEPT, by=by, now=now)
    _facts(session, change, visits, happened, by=by, now=now)
    _carry_out(session, change, visits, changes, by=by, now=now)
    if plan is not None:
        flag_modified(plan, "cost")  # its revision grows: whoever looked before must look again
    for other in replan_queries.open_of_day(session, change.district_id, change.day):
        move(session, other, ChangeEvent.OVERTAKE, by=PLATFORM, now=now, overtaken_by=change.id)
    replan_telling.tell(session, change, changes, visits, happened, now=now)
    return change


def _check(
    session: Session, change: PlanChange, plan: Plan | None, changes: Sequence[Changed], happened: Sequence[Happened],
    *, now: datetime,
) -> None:  # fmt: skip
    """Raises ChangeStale where the plan is another one, a visit is no longer as it was, or a rule would break."""
    if change.expires_at <= now:
        raise ChangeStale("This was proposed too long ago; propose again.")
    if ((plan.id, plan.revision) if plan else (None, 0)) != (change.plan_id, change.plan_revision):
        raise ChangeStale("The plan was changed meanwhile; propose again.")
    day = queries.day_of(session, change.district_id, change.day)
    away = {h.caregiver_id for h in happened if h.cause in (WhatHappened.SICK, WhatHappened.ALARM)}
    for changed in changes:
        visit = day.visit.get(changed.visit_id)
        if visit is None or not _as_it_was(visit, changed, away):
            raise ChangeStale("A visit is no longer as it was; propose again.", visit_id=changed.visit_id)
    if broken := _broken(day, changes, happened, now=now):
        raise ChangeStale("It would break a rule by now; propose again.", rules=sorted(broken))


def _as_it_was(visit: DayVisit, changed: Changed, away: set[int | None]) -> bool:
    if changed.shift is Shift.LEFT:
        return True
    begun = any(g.state in replan.AT_THE_DOOR for g in visit.crew)
    leaving = any(g.state is AttendanceState.ON_THE_WAY and g.caregiver_id not in away for g in visit.crew)
    if changed.shift is Shift.ENDED:
        return visit.state not in VISIT_ENDED
    return visit.state in MOVABLE and not begun and not leaving and replan.slot_of(visit) == changed.was


def _broken(day: Day, changes: Sequence[Changed], happened: Sequence[Happened], *, now: datetime) -> set[str]:
    """Rules the judge finds broken in the visits that change, and not before."""
    posed = replan.pose(day, happened, now=now)
    problem = replace(posed.question.problem, now=posed.now - replan.LEAD)
    standing: dict[int, Sequence[Going]] = {v.id: v.crew for v in day.visits if v.crew}
    gone = {c.visit_id for c in changes if c.will is None}
    crews = {v: crew for v, crew in standing.items() if v not in gone} | {
        c.visit_id: [
            Going(0, person, rank, AttendanceState.ASSIGNED, c.will.starts_at, c.will.ends_at)
            for rank, person in enumerate(c.will.caregiver_ids, 1)
        ]
        for c in changes if c.will
    }  # fmt: skip
    mine = {str(c.visit_id) for c in changes if c.will}
    if lacking := mine - problem.visit_of.keys():
        return {"window"} if lacking else set()
    before = {(f.rule, f.visit, f.caregiver) for f in dispatch.faults(problem, plan_of(problem, day, standing))}
    after = dispatch.faults(problem, plan_of(problem, day, crews))
    return {f.rule for f in after if f.visit in mine and (f.rule, f.visit, f.caregiver) not in before}


def _facts(
    session: Session, change: PlanChange, visits: Mapping[int, Visit], happened: Sequence[Happened], *, by: str,
    now: datetime,
) -> None:  # fmt: skip
    """What happened is written where it belongs: an absence, a cancelled visit, a door nobody opened."""
    for said in happened:
        visit = visits.get(said.visit_id or 0)
        if said.cause is WhatHappened.SICK and said.caregiver_id is not None:
            _absent(session, change, said.caregiver_id, by=by, now=now)
        elif said.cause is WhatHappened.CANCELLED and visit is not None and visit.state not in VISIT_ENDED:
            actions.cancel(session, visit.id, by=by, now=now, reason=f"replan {change.id}")
        elif said.cause is WhatHappened.NO_SHOW and visit is not None and visit.state not in VISIT_ENDED:
            for attendance in queries.attendances(session, visit.id, active=True):
                attending.move(session, attendance, AttendanceEvent.NOT_DELIVERED, by=by, now=now, reason="no_one_home")
            orders.move_visit(session, visit, VisitEvent.FAIL, by=by, now=now, reason="no_one_home")
            attending.free(session, visit, by=by, now=now, reason="no_one_home")


def _absent(session: Session, change: PlanChange, caregiver_id: int, *, by: str, now: datetime) -> None:
    known = select(Absence.id).where(
        Absence.caregiver_id == caregiver_id, Absence.first <= change.day, Absence.last >= change.day
    )
    if session.scalar(known.limit(1)) is None:
        session.add(
            Absence(
                district_id=change.district_id, caregiver_id=caregiver_id, first=change.day, last=change.day,
                reason=WHY_SICK,
            )
        )  # fmt: skip
        caregiver = session.get_one(Caregiver, caregiver_id)
        record(session, caregiver, "absent", None, None, by=by, now=now, reason=WHY_SICK, day=str(change.day))


def _carry_out(
    session: Session, change: PlanChange, visits: Mapping[int, Visit], changes: Sequence[Changed], *, by: str,
    now: datetime,
) -> None:  # fmt: skip
    attending.all_at_once(session)
    for changed in changes:
        visit = visits[changed.visit_id]
        if changed.shift is Shift.LEFT or changed.shift is Shift.ENDED:
            continue
        if changed.shift is Shift.LOST and changed.was is None:
            continue
        attending.unpin(session, visit.id, now=now)
        for attendance in queries.attendances(session, visit.id, active=True):
            if attendance.state is AttendanceState.ON_THE_WAY:  # called away: whoever comes sets out anew
                attending.move(session, attendance, AttendanceEvent.WITHDRAW, by=by, now=now, reason=REPLANNED)
        if changed.will is None:
            orders.move_visit(session, visit, VisitEvent.WITHDRAW, by=by, now=now, reason=REPLANNED)
            attending.give(session, visit, (), plan_id=change.plan_id, by=by, now=now)
            _explain(session, change, visit, changed)
            continue
        will = changed.will
        crew = [Line(visit.id, c, rank, will.starts_at, will.ends_at) for rank, c in enumerate(will.caregiver_ids, 1)]
        actions.put(session, visit, crew, plan_id=change.plan_id, by=by, now=now)
        if changed.after_window:
            session.add(
                Pin(
                    district_id=visit.district_id, division_code=visit.division_code, visit_id=visit.id,
                    caregiver_ids=list(will.caregiver_ids), starts_at=will.starts_at, waived=["window"], by=by, at=now,
                )
            )  # fmt: skip
    attending.settle(session)


def _explain(session: Session, change: PlanChange, visit: Visit, changed: Changed) -> None:
    """Why nobody comes, where the board shows it."""
    if change.plan_id is None or changed.why is None:
        return
    session.execute(delete(PlanReason).where(PlanReason.plan_id == change.plan_id, PlanReason.visit_id == visit.id))
    names = replan_queries.names(session, change.district_id)
    session.add(
        PlanReason(
            district_id=visit.district_id, division_code=visit.division_code, plan_id=change.plan_id,
            visit_id=visit.id, kind=changed.why["kind"], blocking=changed.why.get("blocking", {}),
            remedy=changed.why.get("remedy", {}), sentence=replan_queries.said(changed.why["sentence"], names),
        )
    )  # fmt: skip
