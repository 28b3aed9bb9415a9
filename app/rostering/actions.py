"""Having a roster drafted, keeping it, publishing it."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

import dispatch
from app import calendar
from app.db import notice
from app.history import record
from app.jobs import actions as jobs
from app.jobs.tables import Job
from app.planning.day import caregiver_of
from app.planning.roster_tables import Roster, RosterGap, RosterLine
from app.planning.rules import PlanEvent, PlanState, RulesBroken, plan_after
from app.rostering import queries
from app.rostering.month import Month, Need
from app.rostering.rules import NotThisRoster, RosterChanged, RosterUnderWay, last_day

JOB = "roster"  # the worker's actor


def move(
    session: Session, roster: Roster, event: PlanEvent, *, by: str, now: datetime, reason: str | None = None
) -> Roster:
    """The only place that changes a roster's state."""
    before, roster.state = roster.state, plan_after(roster.state, event)
    session.flush()  # one published roster of these weeks: the old one goes before the new one comes
    record(session, roster, event, before, roster.state, by=by, now=now, reason=reason, starts=str(roster.starts))
    notice(session, roster.district_id, "rosters")
    return roster


def ask_draft(
    session: Session, district_id: int, starts: date, *, seconds: int, by: str, now: datetime, seed: int | None = None
) -> Job:
    """Ask for a roster of four weeks; a worker makes it. One at a time: raises RosterUnderWay."""
    ends = last_day(starts, today=calendar.day_of(now))
    queries.lock_weeks(session, district_id)
    if queries.in_state(session, district_id, starts, PlanState.DRAFTING):
        raise RosterUnderWay("A roster of these weeks is being made; wait for it or stop it.")
    roster = Roster(
        district_id=district_id, starts=starts, ends=ends, n=queries.next_number(session, district_id, starts),
        state=PlanState.DRAFTING, seed=secrets.randbelow(2**31) if seed is None else seed, seconds=seconds,
        created_at=now,
    )  # fmt: skip
    session.add(roster)
    record(session, roster, "begin", None, roster.state, by=by, now=now, starts=str(starts))
    notice(session, district_id, "rosters")
    return jobs.ask(session, JOB, roster.id, district_id=district_id, by=by, now=now)


def give_up(session: Session, roster_id: int, *, by: str, now: datetime, reason: str) -> None:
    """The search ended without a roster."""
    roster = session.get(Roster, roster_id, with_for_update=True)
    if roster is not None and roster.state is PlanState.DRAFTING:
        move(session, roster, PlanEvent.SUPERSEDE, by=by, now=now, reason=reason)


def store(
    session: Session, roster_id: int, month: Month, answer: dispatch.Roster, why: Sequence[Mapping[str, Any]], *,
    by: str, now: datetime,
) -> Roster | None:  # fmt: skip
    """Keep an answer the judge has nothing against as the draft; None when the roster was given up meanwhile."""
    roster = session.get(Roster, roster_id, with_for_update=True)
    if roster is None or roster.state is not PlanState.DRAFTING:
        return None
    if faults := [str(fault) for fault in dispatch.roster_faults(month.problem, answer)]:
        raise RulesBroken(f"The solver's roster breaks {len(faults)} rules.", rules=faults[:5])
    if old := queries.in_state(session, roster.district_id, roster.starts, PlanState.DRAFT, lock=True):
        move(session, old, PlanEvent.SUPERSEDE, by=by, now=now, reason="redrafted")
    for told in answer.lines:
        need, rank = month.need[told.plan, told.day]
        who = caregiver_of(told.worker)
        starts_at, ends_at = month.times(need, told.start)
        session.add(
            RosterLine(
                **_of(roster, need), provider_id=month.provider[who], rank=rank, caregiver_id=who, starts_at=starts_at,
                ends_at=ends_at, regular=told.regular, known=who in need.known,
            )
        )  # fmt: skip
    blocking = {(w["plan"], w["day"]): {str(caregiver_of(c)): rule for c, rule in w["blocking"].items()} for w in why}
    for (plan, day), (need, rank) in month.need.items():
        if (plan, day) in blocking:
            said = {c: _named(rule, int(c), need) for c, rule in blocking[plan, day].items()}
            session.add(RosterGap(**_of(roster, need), rank=rank, blocking=said))
    roster.proven = answer.proven
    return move(session, roster, PlanEvent.STORE, by=by, now=now)


def _of(roster: Roster, need: Need) -> dict[str, Any]:
    return {
        "district_id": roster.district_id, "division_code": need.division_code, "roster_id": roster.id,
        "elder_id": need.elder_id, "item_id": need.item_id, "key": need.key, "rule_day": need.rule_day, "day": need.day,
    }  # fmt: skip


def _named(rule: str, caregiver_id: int, need: Need) -> str:
    """The problem bans whom the elder refuses and whose provider has no contract here alike; people tell them apart."""
    return "allowed" if rule == "banned" and caregiver_id not in need.banned else rule


def publish(session: Session, roster_id: int, *, seen: int, by: str, now: datetime) -> Roster:
    """Day plans keep to it from now on. Raises RulesBroken where a line no longer holds and nobody put up with it."""
    roster = queries.get(session, roster_id, lock=True)
    queries.lock_weeks(session, roster.district_id)
    if roster.version != seen:
        raise RosterChanged("Somebody has changed this roster; look at it again.", version=roster.version)
    plan_after(roster.state, PlanEvent.PUBLISH)
    lines = queries.lines(session, roster.id)
    month = queries.month(session, roster.district_id, roster.starts, roster.ends, now=now)
    if broken := _unaccepted(month, lines):
        raise RulesBroken(
            f"{len(broken)} lines no longer hold; draft again or move them by hand.",
            faults=[{"rule": fault.rule, "caregiver": month.name.get(_who(fault), "")} for fault in broken][:20],
        )
    if old := queries.in_state(session, roster.district_id, roster.starts, PlanState.PUBLISHED, lock=True):
        move(session, old, PlanEvent.SUPERSEDE, by=by, now=now, reason=f"version {roster.n} published")
    roster.published_at, roster.published_by = now, by
    return move(session, roster, PlanEvent.PUBLISH, by=by, now=now)


def _unaccepted(month: Month, lines: Sequence[RosterLine]) -> list[dispatch.Fault]:
    """Faults of single lines and of whoever is at two places; what is not meant any more is no fault of the roster."""
    mine = {"skills", "banned", "sex", "absent", "shift", "overlap", "max_work", "window"}
    waived = {rule for line in lines for rule in line.waived}
    return [fault for fault in month.faults(lines).values() if fault.rule in mine - waived]


def _who(fault: dispatch.Fault) -> int:
    return caregiver_of(fault.caregiver) if fault.caregiver else 0


def discard(session: Session, roster_id: int, *, by: str, now: datetime) -> Roster:
    """Give up a draft."""
    roster = queries.get(session, roster_id, lock=True)
    if roster.state is not PlanState.DRAFT:
        raise NotThisRoster("Only a draft is given up.", state=roster.state)
    return move(session, roster, PlanEvent.SUPERSEDE, by=by, now=now, reason="discarded")
