"""Carrying out a draft: read in one transaction, think in none, store in a second. The thinking is a child process."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import dispatch
from app.db import transaction
from app.jobs import actions as jobs
from app.jobs.rules import JobEvent
from app.jobs.tables import Job
from app.planning import actions, queries, thinking
from app.planning.day import question
from app.planning.rules import PlanState
from app.planning.tables import Plan
from app.planning.thinking import Silent

WORKER = "planner"
SOLVER = "app.planning.solving"
log = logging.getLogger(__name__)


def carry_out(job_id: int) -> None:
    """Make the draft a job asks for. May be called twice: whoever comes second finds nothing to do.

    An interruption (the worker is told to end) puts the job back into the queue, and is raised again.
    """
    with transaction() as session:
        asked_at = datetime.now(UTC)
        job = jobs.begin(session, job_id, by=WORKER, now=asked_at)
        plan = session.get(Plan, job.subject_id) if job else None
        if job is None:
            return
        if plan is None or plan.state is not PlanState.DRAFTING:
            jobs.move(session, job, JobEvent.FAIL, by=WORKER, now=asked_at, error="the plan was given up")
            return
        asked = question(queries.day_of(session, plan.district_id, plan.day), now=asked_at)
        plan_id, seconds, seed = plan.id, plan.seconds, plan.seed
    try:
        answer, why, stopped = think(asked.problem, seconds, seed, beat=lambda points: _beat(job_id, points))
    except (Silent, dispatch.BadProblem) as error:
        log.error("draft %s failed: %s", job_id, error)
        _end(job_id, plan_id, JobEvent.FAIL, str(error))
        return
    except BaseException:
        _end(job_id, None, JobEvent.REQUEUE, "its worker was ended")
        raise
    if answer is None:
        _end(job_id, plan_id, JobEvent.STOP, "stopped" if stopped else None)
        return
    with transaction() as session:
        now = datetime.now(UTC)
        stored = actions.store(session, plan_id, answer, why, asked_at=asked_at, by=WORKER, now=now)
        job = session.get_one(Job, job_id, with_for_update=True)
        jobs.move(session, job, JobEvent.FINISH if stored else JobEvent.FAIL, by=WORKER, now=now)


def _beat(job_id: int, points: list[dict[str, Any]]) -> bool:
    with transaction() as session:
        return jobs.beat(session, job_id, points, now=datetime.now(UTC))


def _end(job_id: int, plan_id: int | None, event: JobEvent, error: str | None) -> None:
    with transaction() as session:
        now = datetime.now(UTC)
        job = session.get_one(Job, job_id, with_for_update=True)
        jobs.move(session, job, event, by=WORKER, now=now, error=error)
        if plan_id is not None:
            actions.give_up(session, plan_id, by=WORKER, now=now, reason=error or event)


Answer = tuple[dispatch.Plan | None, list[actions.Why], bool]


def think(
    problem: dispatch.Problem, seconds: int, seed: int, *, beat: Callable[[list[dict[str, Any]]], bool]
) -> Answer:
    """Ask the child; `beat` hears of progress every second or so and answers whether to stop. Raises Silent."""
    if not problem.visits or not problem.caregivers:
        unserved = tuple(dispatch.Unserved(v.id, "impossible") for v in problem.visits)
        return dispatch.Plan((), unserved=unserved, engine="none"), [], False
    asked = {"seconds": seconds, "seed": seed, "problem": json.loads(dispatch.to_json(problem))}
    line, stopped = thinking.ask(SOLVER, asked, seconds=seconds, beat=beat)
    if line is None:
        return None, [], True
    plan = dispatch.from_json(dispatch.Plan, json.dumps(line["plan"]))
    return plan, [actions.Why(**w) for w in line["why"]], stopped
