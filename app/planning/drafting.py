"""Carrying out a draft: read in one transaction, think in none, store in a second. The thinking is a child process."""

import json
import logging
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import dispatch
from app.db import transaction
from app.jobs import actions as jobs
from app.jobs.rules import JobEvent
from app.jobs.tables import Job
from app.planning import actions, queries
from app.planning.day import question
from app.planning.rules import PlanState
from app.planning.tables import Plan

POLL = 0.2
BEAT = 1.0
GRACE = 180  # seconds beyond the thinking time until the child is killed: starting, constructing, explaining
PATIENCE = 20  # seconds a stopped child has to hand over what it has
WORKER = "planner"
SOLVER = "app.planning.solving"
log = logging.getLogger(__name__)


class Silent(RuntimeError):
    """The solver gave no answer in time, or died."""


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
    deadline = time.monotonic() + seconds + GRACE
    stopped, points, beaten = False, [], time.monotonic()
    with _child({"seconds": seconds, "seed": seed, "problem": json.loads(dispatch.to_json(problem))}) as (child, heard):
        while True:
            for line in _drain(heard):
                if "progress" in line:
                    points.append(line["progress"])
                elif "error" in line:
                    raise Silent(line["error"])
                else:
                    plan = dispatch.from_json(dispatch.Plan, json.dumps(line["plan"]))
                    beat(points)
                    return plan, [actions.Why(**w) for w in line["why"]], stopped
            if child.poll() is not None and heard.empty():
                raise Silent(f"the solver ended with {child.returncode}")
            if stopped and time.monotonic() > deadline:
                return None, [], True
            if time.monotonic() > deadline:
                raise Silent(f"no answer after {seconds + GRACE} seconds")
            if time.monotonic() - beaten >= BEAT:
                wish, points, beaten = beat(points), [], time.monotonic()
                if wish and not stopped:
                    stopped, deadline = True, time.monotonic() + PATIENCE
                    _write(child, "stop")
            time.sleep(POLL)


@contextmanager
def _child(asked: dict[str, Any]) -> Iterator[tuple[subprocess.Popen[str], "queue.Queue[dict[str, Any]]"]]:
    """A solver process that never outlives the block: killed if it is still there."""
    child = subprocess.Popen([sys.executable, "-m", SOLVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    heard: queue.Queue[dict[str, Any]] = queue.Queue()
    reader = threading.Thread(target=_hear, args=(child, heard), daemon=True)
    reader.start()
    try:
        _write(child, json.dumps(asked))
        yield child, heard
    finally:
        child.kill()
        child.wait()
        reader.join()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()


def _write(child: subprocess.Popen[str], line: str) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(line + "\n")
        child.stdin.flush()
    except BrokenPipeError:
        pass  # it has ended; the loop finds out


def _hear(child: subprocess.Popen[str], heard: "queue.Queue[dict[str, Any]]") -> None:
    assert child.stdout is not None
    for line in child.stdout:
        heard.put(json.loads(line))


def _drain(heard: "queue.Queue[dict[str, Any]]") -> Iterator[dict[str, Any]]:
    while not heard.empty():
        yield heard.get()
