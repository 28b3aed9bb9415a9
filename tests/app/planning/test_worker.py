"""The real worker process: takes a job from the real queue; ended in the middle, the job comes again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from app.db import transaction
from app.jobs import actions as jobs
from app.jobs import queue
from app.jobs.rules import JobState
from app.jobs.tables import Job
from app.planning import actions
from tests.app.planning.test_drafting import DAY, a_day
from tests.cast import DISTRICT


@contextmanager
def a_worker() -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "dramatiq", "app.worker", "--processes", "1", "--threads", "1"]
    process = subprocess.Popen(command, env=os.environ.copy(), stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def wait_for(job_id: int, true: Callable[[Job], bool], seconds: float = 60) -> Job:
    until = time.monotonic() + seconds
    while True:
        with transaction() as session:
            job = session.get_one(Job, job_id)
        if true(job):
            return job
        assert time.monotonic() < until, f"waited in vain, the job is {job.state}: {job.error}"
        time.sleep(0.1)


@pytest.fixture
def queued(database: Engine) -> int:
    queue.broker.cache_clear()
    with transaction() as session:
        a_day(session)
        job = actions.ask_draft(session, DISTRICT, DAY, seconds=120, seed=7, by="王调度", now=datetime.now(UTC))
    queue.send(job.kind, job.id)
    return job.id


@pytest.mark.alone
def test_a_job_survives_its_worker_and_stops_when_it_is_told(queued: int) -> None:
    with a_worker() as worker:
        wait_for(queued, lambda job: bool(job.progress))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) in (0, -signal.SIGTERM)
    assert wait_for(queued, lambda _: True).state is JobState.QUEUED
    with a_worker():
        wait_for(queued, lambda job: job.state is JobState.RUNNING and bool(job.progress))
        with transaction() as session:
            jobs.stop(session, queued, district_id=DISTRICT, by="王调度", now=datetime.now(UTC))
        assert wait_for(queued, lambda job: job.ended_at is not None).state is JobState.DONE


@pytest.mark.parametrize("process", ["worker", "clock", "listener"])
def test_every_process_knows_every_table_a_foreign_key_names(process: str) -> None:
    look = (
        f"import app.{process}; from app.db import Base; "
        "[key.column for table in Base.metadata.tables.values() for key in table.foreign_keys]"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", look], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
