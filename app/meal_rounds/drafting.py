"""Carrying out a draft of rounds: read in one transaction, think in none, store in one. A child process thinks."""

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
from app.meal_rounds import actions, queries
from app.meal_rounds.tables import MealRounds
from app.meal_rounds.wave import Question
from app.planning import thinking
from app.planning.rules import PlanState

WORKER = "planner"
SOLVER = "app.meal_rounds.solving"
log = logging.getLogger(__name__)


def carry_out(job_id: int) -> None:
    """Make the rounds a job asks for. May be called twice: whoever comes second finds nothing to do.

    An interruption (the worker is told to end) puts the job back into the queue, and is raised again.
    """
    with transaction() as session:
        now = datetime.now(UTC)
        job = jobs.begin(session, job_id, by=WORKER, now=now)
        rounds = session.get(MealRounds, job.subject_id) if job else None
        if job is None:
            return
        if rounds is None or rounds.state is not PlanState.DRAFTING:
            jobs.move(session, job, JobEvent.FAIL, by=WORKER, now=now, error="the rounds were given up")
            return
        asked = queries.question(session, actions.menu_of(session, rounds), now=rounds.created_at)
        rounds_id, seconds, seed = rounds.id, rounds.seconds, rounds.seed
    try:
        answer = _think(job_id, asked, seconds, seed)
        if answer is None:
            _end(job_id, rounds_id, JobEvent.STOP, "stopped")
            return
        with transaction() as session:
            now = datetime.now(UTC)
            stored = actions.store(session, rounds_id, asked, *answer, by=WORKER, now=now)
            job = session.get_one(Job, job_id, with_for_update=True)
            jobs.move(session, job, JobEvent.FINISH if stored else JobEvent.FAIL, by=WORKER, now=now)
    except (thinking.Silent, CareError) as error:
        log.error("rounds %s failed: %s", job_id, error)
        _end(job_id, rounds_id, JobEvent.FAIL, str(error))
    except BaseException:
        _end(job_id, None, JobEvent.REQUEUE, "its worker was ended")
        raise


def _think(
    job_id: int, asked: Question, seconds: int, seed: int
) -> tuple[dispatch.Rounds, list[dict[str, Any]]] | None:  # fmt: skip
    """The solver's answer, and why doors are left out; None when it was stopped with nothing in hand."""
    if not asked.wave.deliveries:
        return dispatch.Rounds((), cost={"way": 0}), []
    question = {"seconds": seconds, "seed": seed, "wave": json.loads(dispatch.to_json(asked.wave))}
    line, _ = thinking.ask(SOLVER, question, seconds=seconds, beat=lambda points: _beat(job_id, points))
    if line is None:
        return None
    return dispatch.from_json(dispatch.Rounds, json.dumps(line["rounds"])), line["why"]


def _beat(job_id: int, points: list[dict[str, Any]]) -> bool:
    with transaction() as session:
        return jobs.beat(session, job_id, points, now=datetime.now(UTC))


def _end(job_id: int, rounds_id: int | None, event: JobEvent, error: str) -> None:
    with transaction() as session:
        now = datetime.now(UTC)
        job = session.get_one(Job, job_id, with_for_update=True)
        jobs.move(session, job, event, by=WORKER, now=now, error=error)
        if rounds_id is not None:
            actions.give_up(session, rounds_id, by=WORKER, now=now, reason=error)
