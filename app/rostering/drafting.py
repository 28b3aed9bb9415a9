"""Carrying out a roster: read in one transaction, think in none, store in a second. The thinking is a child process."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

import dispatch
from app.db import transaction
from app.errors import CareError
from app.jobs import actions as jobs
from app.jobs.rules import JobEvent
from app.jobs.tables import Job
from app.planning import thinking
from app.planning.roster_tables import Roster
from app.planning.rules import PlanState
from app.rostering import actions, queries
from app.rostering.month import Month

WORKER = "planner"
SOLVER = "app.rostering.solving"
log = logging.getLogger(__name__)


def carry_out(job_id: int) -> None:
    """Make the roster a job asks for. May be called twice: whoever comes second finds nothing to do.

    An interruption (the worker is told to end) puts the job back into the queue, and is raised again.
    """
    with transaction() as session:
        now = datetime.now(UTC)
        job = jobs.begin(session, job_id, by=WORKER, now=now)
        roster = session.get(Roster, job.subject_id) if job else None
        if job is None:
            return
        if roster is None or roster.state is not PlanState.DRAFTING:
            jobs.move(session, job, JobEvent.FAIL, by=WORKER, now=now, error="the roster was given up")
            return
        month = queries.month(session, roster.district_id, roster.starts, roster.ends, now=now)
        roster_id, seconds, seed = roster.id, roster.seconds, roster.seed
    try:
        answer = _think(job_id, month, seconds, seed)
        if answer is None:
            _end(job_id, roster_id, JobEvent.STOP, "stopped")
            return
        with transaction() as session:
            now = datetime.now(UTC)
            stored = actions.store(session, roster_id, month, *answer, by=WORKER, now=now)
            job = session.get_one(Job, job_id, with_for_update=True)
            jobs.move(session, job, JobEvent.FINISH if stored else JobEvent.FAIL, by=WORKER, now=now)
    except (thinking.Silent, CareError) as error:
        log.error("roster %s failed: %s", job_id, error)
        _end(job_id, roster_id, JobEvent.FAIL, str(error))
    except BaseException:
        _end(job_id, None, JobEvent.REQUEUE, "its worker was ended")
        raise


def _think(job_id: int, month: Month, seconds: int, seed: int) -> tuple[dispatch.Roster, list[dict[str, Any]]] | None:
    """The solver's answer, and for what has nobody why; None when it was stopped with nothing in hand."""
    if not month.needs:
        return dispatch.Roster(()), []
    asked = {"seconds": seconds, "seed": seed, "problem": json.loads(dispatch.to_json(month.problem))}
    line, _ = thinking.ask(SOLVER, asked, seconds=seconds, beat=lambda points: _beat(job_id, points))
    if line is None:
        return None
    return dispatch.from_json(dispatch.Roster, json.dumps(line["roster"])), line["why"]


def _beat(job_id: int, points: list[dict[str, Any]]) -> bool:
    with transaction() as session:
        return jobs.beat(session, job_id, points, now=datetime.now(UTC))


def _end(job_id: int, roster_id: int | None, event: JobEvent, error: str) -> None:
    with transaction() as session:
        now = datetime.now(UTC)
        job = session.get_one(Job, job_id, with_for_update=True)
        jobs.move(session, job, event, by=WORKER, now=now, error=error)
        if roster_id is not None:
            actions.give_up(session, roster_id, by=WORKER, now=now, reason=error)
