"""Drafting a day, storing what the solver found, publishing it; cancelling what was planned."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

import dispatch
from app import calendar
from app.db import notice
from app.history import record
from app.jobs import actions as jobs
from app.jobs.tables import Job
from app.orders import actions as orders
from app.orders import fees
from app.orders import queries as order_queries
from app.orders.rules import VisitEvent, VisitState
from app.orders.tables import Order, Visit
from app.planning import attending, queries
from app.planning.day import Day, Going, Line, Question, caregiver_of, lines_of, named, plan_of, question
from app.planning.rules import (
    BEGUN,
    MOVABLE,
    SERVED,
    AttendanceState,
    DraftUnderWay,
    PlanChanged,
    PlanEvent,
    PlanMoveRefused,
    PlanState,
    RulesBroken,
    plan_after,
)
from app.planning.tables import Plan, PlanReason

DRAFT = "draft"  # the worker's actor


def move(session: Session, plan: Plan, event: PlanEvent, *, by: str, now: datetime, reason: str | None = None) -> Plan:
    """The only place that changes a plan's state."""
    before, plan.state = plan.state, plan_after(plan.state, event)
    session.flush()  # one published plan of a day: the old one goes before the new one comes
    record(session, plan, event, before, plan.state, by=by, now=now, reason=reason, day=str(plan.day))
    notice(session, plan.district_id, f"board/{plan.day}")
    return plan


def new_plan(
    session: Session, district_id: int, day: date, state: PlanState, *, seconds: int, by: str, now: datetime,
    seed: int | None = None, engine: str = "",
) -> Plan:  # fmt: skip
    """The next version of a day's plan."""
    plan = Plan(
        district_id=district_id, day=day, version=queries.next_version(session, district_id, day), state=state,
        seed=secrets.randbelow(2**31) if seed is None else seed, seconds=seconds, engine=engine, created_at=now,
        cost={}, iterations=0,
    )  # fmt: skip
    session.add(plan)
    record(session, plan, "begin", None, state, by=by, now=now, day=str(day))
    notice(session, district_id, f"board/{day}")
    return plan


def ask_draft(
    session: Session, district_id: int, day: date, *, seconds: int, by: str, now: datetime, seed: int | None = None
) -> Job:
    """Ask for a draft of the day; a worker makes it. One at a time: raises DraftUnderWay."""
    queries.lock_day(session, district_id, day)
    if queries.plan(session, district_id, day, PlanState.DRAFTING):
        raise DraftUnderWay("A draft of this day is being made; wait for it or stop it.")
    plan = new_plan(session, district_id, day, PlanState.DRAFTING, seconds=seconds, seed=seed, by=by, now=now)
    return jobs.ask(session, DRAFT, plan.id, district_id=district_id, by=by, now=now)


def give_up(session: Session, plan_id: int, *, by: str, now: datetime, reason: str) -> None:
    """The solve ended without a plan."""
    plan = session.get(Plan, plan_id, with_for_update=True)
    if plan is not None and plan.state is PlanState.DRAFTING:
        move(session, plan, PlanEvent.SUPERSEDE, by=by, now=now, reason=reason)


@dataclass(frozen=True)
class Why:
    """Why a visit is not in the plan, or why these caregivers, as `dispatch.explain` says it."""

    visit_id: int
    kind: str
    blocking: Mapping[str, str]
    remedy: Mapping[str, Any]
    sentence: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)


CHANGED = {"zh-CN": "排程期间情况有变，请重新排程。", "en": "Things changed while the plan was made; draft again."}
TOO_LATE = {"zh-CN": "上门时段已过或即将结束，无法再安排。", "en": "Its window has passed or is about to end."}


def store(
    session: Session,
    plan_id: int,
    answer: dispatch.Plan,
    why: Sequence[Why],
    *,
    asked_at: datetime,
    by: str,
    now: datetime,
) -> Plan | None:
    """Keep a solver's answer as the draft, as far as it still holds: the day may have changed while it thought.

    What `dispatch.check` finds fault with is left out and said so. None when the plan was given up meanwhile.
    """
    plan = session.get(Plan, plan_id, with_for_update=True)
    if plan is None or plan.state is not PlanState.DRAFTING:
        return None
    queries.lock_day(session, plan.district_id, plan.day)
    visits = queries.visits_of_day(session, plan.district_id, plan.day, lock=True)
    day = queries.day_of(session, plan.district_id, plan.day)
    asked = question(day, now=asked_at)
    lines, dropped = sound(day, asked, answer)
    if old := queries.plan(session, plan.district_id, plan.day, PlanState.DRAFT, lock=True):
        move(session, old, PlanEvent.SUPERSEDE, by=by, now=now, reason="redrafted")
    plan.engine, plan.iterations, plan.cost = answer.engine, answer.iterations, dict(answer.cost)
    move(session, plan, PlanEvent.STORE, by=by, now=now)
    _write(session, plan, visits, lines, by=by, now=now)
    told = {w.visit_id: w for w in why}
    told |= {v: Why(v, "changed_meanwhile", {}, {}, CHANGED) for v in dropped}
    told |= {v: Why(v, "too_late", {}, {}, TOO_LATE) for v in asked.too_late}
    served = {line.visit_id for line in lines}
    session.add_all(
        PlanReason(
            district_id=plan.district_id, division_code=day.visit[w.visit_id].division_code, plan_id=plan.id,
            visit_id=w.visit_id, kind=w.kind, blocking={str(caregiver_of(c)): rule for c, rule in w.blocking.items()},
            remedy=dict(w.remedy), sentence={lang: with_names(day, said) for lang, said in w.sentence.items()},
            facts=numbered(w.facts),
        )
        for w in told.values() if w.visit_id in day.visit and (w.visit_id in served) == (w.kind == SERVED)
    )  # fmt: skip
    return plan


def numbered(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of a served visit with caregivers' ids in them, instead of their names in the problem."""
    return {key: [caregiver_of(c) for c in value] if isinstance(value, list) else value for key, value in facts.items()}


def with_names(day: Day, sentence: str) -> str:
    """The library says c17; people say Liu Jie."""

    def name(found: re.Match[str]) -> str:
        caregiver = day.caregiver.get(caregiver_of(found[0]))
        return caregiver.name if caregiver else found[0]

    return re.sub(r"c\d+", name, sentence)


def sound(day: Day, asked: Question, answer: dispatch.Plan) -> tuple[list[Line], set[int]]:
    """The answer's lines that the judge has nothing against on the day as it is now, and the visits left out."""
    known = {int(v.id) for v in asked.problem.visits}
    kept = {v: crew for v, crew in _crews(day, answer).items() if v in known and v not in asked.fixed}
    standing = {v: day.visit[v].crew for v in asked.fixed}
    dropped = {int(a.visit) for a in answer.assignments} - set(kept) - set(standing)
    while faults := _against(asked.problem, plan_of(asked.problem, day, {**standing, **kept}), set(kept)):
        dropped |= faults
        for visit_id in faults:
            del kept[visit_id]
    return [_line(v, g) for v, crew in kept.items() for g in crew], dropped


def _crews(day: Day, answer: dispatch.Plan) -> dict[int, list[Going]]:
    known = replace(answer, assignments=tuple(a for a in answer.assignments if int(a.visit) in day.visit))
    crews: dict[int, list[Going]] = {}
    for line in lines_of(day, known):
        going = Going(0, line.caregiver_id, line.rank, AttendanceState.ASSIGNED, line.starts_at, line.ends_at)
        crews.setdefault(line.visit_id, []).append(going)
    return crews


def _line(visit_id: int, going: Going) -> Line:
    return Line(visit_id, going.caregiver_id, going.rank, going.starts_at, going.ends_at)


def _against(problem: dispatch.Problem, plan: dispatch.Plan, mine: set[int]) -> set[int]:
    """Visits to leave out because of a fault; a fault of a caregiver's whole day costs that day its last visit."""
    found = set()
    for fault in dispatch.faults(problem, plan):
        if fault.visit is not None:
            found.add(int(fault.visit))
        else:
            theirs = [a for a in plan.assignments if fault.caregiver in a.caregivers and int(a.visit) in mine]
            found |= {int(a.visit) for a in sorted(theirs, key=lambda a: a.start)[-1:]}
    return found & mine


def _write(
    session: Session, plan: Plan, visits: Sequence[Visit], lines: Sequence[Line], *, by: str, now: datetime
) -> None:
    """Store a draft's lines; waiting visits become planned, planned ones that fell out wait again."""
    crews: dict[int, list[Line]] = {}
    for line in lines:
        crews.setdefault(line.visit_id, []).append(line)
    for visit in visits:
        crew = crews.get(visit.id, [])
        attending.write_lines(session, plan, visit, crew)
        if crew and visit.state in (VisitState.WAITING, VisitState.PLANNED):
            planned(session, visit, crew[0], by=by, now=now)
        elif visit.state is VisitState.PLANNED:
            orders.move_visit(session, visit, VisitEvent.WITHDRAW, by=by, now=now, reason="redrafted")


def planned(session: Session, visit: Visit, lead: Line, *, by: str, now: datetime) -> None:
    """A visit has a time and a provider in a draft."""
    visit.starts_at, visit.provider_id = lead.starts_at, queries.provider_of(session, lead.caregiver_id)
    if visit.state is VisitState.WAITING:
        orders.move_visit(session, visit, VisitEvent.PLAN, by=by, now=now)


def discard(session: Session, district_id: int, day: date, *, by: str, now: datetime) -> Plan:
    """Give up the draft of a day; what it planned waits again."""
    queries.lock_day(session, district_id, day)
    visits = queries.visits_of_day(session, district_id, day, lock=True)
    plan = queries.plan(session, district_id, day, PlanState.DRAFT, lock=True)
    if plan is None:
        raise PlanMoveRefused("There is no draft of this day.")
    move(session, plan, PlanEvent.SUPERSEDE, by=by, now=now, reason="discarded")
    for visit in visits:
        if visit.state is VisitState.PLANNED:
            orders.move_visit(session, visit, VisitEvent.WITHDRAW, by=by, now=now, reason="discarded")
    return plan


def publish(session: Session, district_id: int, day: date, *, seen: tuple[int, int], by: str, now: datetime) -> Plan:
    """Tell elders and caregivers. `seen` is the plan and revision the dispatcher looked at: raises PlanChanged."""
    queries.lock_day(session, district_id, day)
    visits = queries.visits_of_day(session, district_id, day, lock=True)  # visits before plans, as the phones do
    plan = queries.plan(session, district_id, day, PlanState.DRAFT, lock=True)
    if plan is None or (plan.id, plan.revision) != seen:
        raise PlanChanged("Somebody has changed or published this plan; look again.")
    crews = queries.lines(session, plan.id)
    today = queries.day_of(session, district_id, day)
    skipped = {v.id for v in today.visits if any(g.state in BEGUN for g in v.crew)}
    refuse_faults(today, {v: crew for v, crew in crews.items() if v not in skipped}, now=now)
    if old := queries.plan(session, district_id, day, PlanState.PUBLISHED, lock=True):
        move(session, old, PlanEvent.SUPERSEDE, by=by, now=now, reason=f"version {plan.version} published")
    plan.published_at = now
    move(session, plan, PlanEvent.PUBLISH, by=by, now=now)
    attending.all_at_once(session)
    fixed = question(today, now=now).fixed | skipped
    for visit in visits:
        crew = [_line(visit.id, g) for g in crews.get(visit.id, ())]
        if crew and visit.state in MOVABLE and visit.id not in skipped:
            put(session, visit, crew, plan_id=plan.id, by=by, now=now)
        elif not crew and visit.state is VisitState.PUBLISHED and visit.id not in fixed:
            orders.move_visit(session, visit, VisitEvent.WITHDRAW, by=by, now=now, reason="replanned")
            attending.give(session, visit, (), plan_id=plan.id, by=by, now=now)
    attending.settle(session)
    return plan


def put(session: Session, visit: Visit, crew: Sequence[Line], *, plan_id: int | None, by: str, now: datetime) -> None:
    """A visit is promised to its elder and to these caregivers."""
    before = visit.starts_at
    if visit.state is not VisitState.PUBLISHED:
        planned(session, visit, crew[0], by=by, now=now)
        orders.move_visit(session, visit, VisitEvent.PUBLISH, by=by, now=now)
    elif before != crew[0].starts_at:
        visit.starts_at = crew[0].starts_at
        facts = {"was": before.isoformat() if before else None, "starts_at": crew[0].starts_at.isoformat()}
        record(session, visit, "retime", visit.state, visit.state, by=by, now=now, **facts)
    visit.provider_id = queries.provider_of(session, crew[0].caregiver_id)
    attending.give(session, visit, crew, plan_id=plan_id, by=by, now=now)


def refuse_faults(day: Day, crews: Mapping[int, Sequence[Going]], *, now: datetime) -> None:
    """Raises RulesBroken when the judge finds a rule broken that nobody accepted."""
    asked = question(day, now=None, keep=question(day, now=now).fixed)
    standing = {v.id: v.crew for v in day.visits if v.crew}
    broken = [
        f for f in dispatch.faults(asked.problem, plan_of(asked.problem, day, {**standing, **crews}))
        if not accepted(day, f) and f.visit is not None and int(f.visit) in crews
    ]  # fmt: skip
    if broken:
        facts = [
            {
                "rule": f.rule,
                "visit_id": int(f.visit or 0),
                "caregiver_id": caregiver_of(f.caregiver) if f.caregiver else None,
            }
            for f in broken
        ]
        raise RulesBroken(f"{len(broken)} rules are broken; draft again or accept them by hand.", faults=facts)


def accepted(day: Day, fault: dispatch.Fault) -> bool:
    """Whether somebody took this fault on themselves when they moved the visit by hand."""
    visit = day.visit.get(int(fault.visit)) if fault.visit else None
    theirs = (
        [visit] if visit else [v for v in day.visits if any(named(g.caregiver_id) == fault.caregiver for g in v.crew)]
    )
    return any(v.pin is not None and fault.rule in v.pin.waived for v in theirs)


def cancel(
    session: Session, visit_id: int, *, by: str, now: datetime, reason: str, free_of_charge: bool = False,
    told_cents: int | None = None,
) -> Visit:  # fmt: skip
    """The visit will not take place: free the caregivers, then let the order give the money back. Late, it costs.

    `told_cents` is the fee that was told; raises FeeChanged where it is more by now.
    """
    visit = order_queries.visit(session, visit_id, lock=True)
    if not free_of_charge:
        fees.charge(session, [visit], by=by, now=now, told_cents=told_cents)
    orders.move_visit(session, visit, VisitEvent.CANCEL, by=by, now=now, reason=reason)
    attending.free(session, visit, by=by, now=now, reason=reason)
    notice(session, visit.district_id, f"board/{calendar.day_of(visit.opens)}")
    return visit


def cancel_order(
    session: Session, order_id: int, *, by: str, now: datetime, reason: str, free_of_charge: bool = False,
    told_cents: int | None = None,
) -> Order:  # fmt: skip
    """The whole order is off: free everybody who was to come, then cancel it and release its money. Late, it costs.

    `told_cents` is the fee that was told; raises FeeChanged where it is more by now.
    """
    order_queries.get(session, order_id, lock=True)
    if not free_of_charge:
        fees.charge(session, order_queries.visits_of(session, order_id), by=by, now=now, told_cents=told_cents)
    order = orders.cancel(session, order_id, by=by, now=now, reason=reason)
    for visit in order_queries.visits_of(session, order_id):
        attending.free(session, visit, by=by, now=now, reason=reason)
        notice(session, visit.district_id, f"board/{calendar.day_of(visit.opens)}")
    return order
