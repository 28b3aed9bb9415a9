"""The month's roster over HTTP: draft, look at, move a line, fill a gap, publish."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter

from app.access.api import Planner, allowed
from app.access.queries import Caller
from app.access.rules import DESK, PROVIDER
from app.db import transaction
from app.errors import Refused
from app.jobs import actions as jobs
from app.jobs import queries as job_queries
from app.jobs import queue
from app.planning.board import JobOut
from app.rostering import actions, by_hand, queries
from app.rostering.shapes import AcceptIn, DraftIn, MoveIn, PublishIn, RosterCheck, RosterHead, RosterOut, Rosters

router = APIRouter(prefix="/api", tags=["rostering"])
Viewer = Annotated[Caller, allowed(DESK | PROVIDER)]


def _whole(me: Caller) -> None:
    """A roster is of the whole district: somebody of one street cannot draft or publish it."""
    if not f"{me.district_id:06d}".startswith(me.area):
        raise Refused("A roster is made for the whole district.", area=me.area)


@router.get("/rosters")
def rosters(me: Viewer) -> Rosters:
    """All versions, and the one that is being made."""
    with transaction(me.scope) as session:
        return Rosters.read(session, me.district_id, me.role, now=datetime.now(UTC))


@router.post("/rosters", status_code=202)
def draft(wish: DraftIn, me: Planner) -> JobOut:
    """Have four weeks drafted; watch the job."""
    _whole(me)
    with transaction(me.scope) as session:
        job = actions.ask_draft(
            session, me.district_id, wish.starts, seconds=wish.seconds, seed=wish.seed, by=me.by, now=datetime.now(UTC)
        )
        answer = JobOut.of(job)
    queue.send(job.kind, job.id)
    return answer


@router.get("/rosters/{roster_id}")
def roster(roster_id: int, me: Viewer) -> RosterOut:
    """Who comes when, to whom; a provider sees its own people."""
    with transaction(me.scope) as session:
        return RosterOut.read(session, queries.get(session, roster_id), me.role)


@router.post("/rosters/{roster_id}/stop")
def stop(roster_id: int, me: Planner) -> JobOut:
    """Stop thinking; the best roster found so far is kept, if there is one."""
    _whole(me)
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        job = job_queries.latest(session, actions.JOB, queries.get(session, roster_id).id)
        stopped = jobs.stop(session, job.id, district_id=me.district_id, by=me.by, now=now)
        if stopped.ended_at is not None:
            actions.give_up(session, roster_id, by=me.by, now=now, reason="stopped")
        return JobOut.of(stopped)


@router.post("/rosters/{roster_id}/publish")
def publish(roster_id: int, seen: PublishIn, me: Planner) -> RosterHead:
    """Day plans keep to it from now on."""
    _whole(me)
    with transaction(me.scope) as session:
        made = actions.publish(session, roster_id, seen=seen.version, by=me.by, now=datetime.now(UTC))
        session.flush()
        return RosterHead.of(made, me.role)


@router.post("/rosters/{roster_id}/discard")
def discard(roster_id: int, me: Planner) -> RosterHead:
    """Give up the draft."""
    _whole(me)
    with transaction(me.scope) as session:
        gone = actions.discard(session, roster_id, by=me.by, now=datetime.now(UTC))
        session.flush()
        return RosterHead.of(gone, me.role)


@router.post("/roster-lines/{roster_line_id}/move/check")
def check_move(roster_line_id: int, wish: MoveIn, me: Planner) -> RosterCheck:
    """Name what a move would break, without doing it."""
    with transaction(me.scope) as session, session.begin_nested() as tried:
        line = queries.line(session, roster_line_id)
        _whole(me)
        trial = by_hand.try_move(session, line, wish.wish(), now=datetime.now(UTC))
        tried.rollback()
    return RosterCheck.of(trial)


@router.post("/roster-lines/{roster_line_id}/move")
def move(roster_line_id: int, wish: AcceptIn, me: Planner) -> RosterHead:
    """Put a line where the dispatcher wants it."""
    with transaction(me.scope) as session:
        queries.line(session, roster_line_id)
        _whole(me)
        line = by_hand.move_line(
            session, roster_line_id, wish.wish(), accept=wish.accept, by=me.by, now=datetime.now(UTC)
        )
        session.flush()
        return RosterHead.of(queries.get(session, line.roster_id), me.role)


@router.post("/roster-gaps/{roster_gap_id}/fill/check")
def check_fill(roster_gap_id: int, wish: MoveIn, me: Planner) -> RosterCheck:
    """Name what it would break to send somebody where there is nobody, without doing it."""
    with transaction(me.scope) as session, session.begin_nested() as tried:
        gap = queries.gap(session, roster_gap_id)
        _whole(me)
        trial = by_hand.try_fill(session, gap, wish.wish(), now=datetime.now(UTC))
        tried.rollback()
    return RosterCheck.of(trial)


@router.post("/roster-gaps/{roster_gap_id}/fill")
def fill(roster_gap_id: int, wish: AcceptIn, me: Planner) -> RosterHead:
    """Send somebody where the search found nobody."""
    with transaction(me.scope) as session:
        roster_id = queries.gap(session, roster_gap_id).roster_id
        _whole(me)
        by_hand.fill_gap(session, roster_gap_id, wish.wish(), accept=wish.accept, by=me.by, now=datetime.now(UTC))
        session.flush()
        return RosterHead.of(queries.get(session, roster_id), me.role)
