"""Asking for a job, its signs of life, and its end."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.db import notice
from app.history import record
from app.jobs import queries, queue
from app.jobs.rules import OPEN, SILENT, JobEvent, JobState, after
from app.jobs.tables import Job

POINTS = 200  # progress points kept


def ask(session: Session, kind: str, subject_id: int, *, district_id: int, by: str, now: datetime) -> Job:
    """Write down a job; send its id with `queue.send` once this is committed."""
    job = Job(
        district_id=district_id, kind=kind, subject_id=subject_id, state=JobState.QUEUED, stop=False, by=by,
        created_at=now, beat_at=now, progress=[],
    )  # fmt: skip
    session.add(job)
    record(session, job, "ask", None, job.state, by=by, now=now, kind=kind, subject_id=subject_id)
    return job


def move(session: Session, job: Job, event: JobEvent, *, by: str, now: datetime, error: str | None = None) -> Job:
    """The only place that changes a job's state."""
    before, job.state = job.state, after(job.state, event)
    job.beat_at, job.error = now, error
    job.ended_at = None if job.state in OPEN else now
    record(session, job, event, before, job.state, by=by, now=now, reason=error)
    return job


def begin(session: Session, job_id: int, *, by: str, now: datetime) -> Job | None:
    """Take the job, unless it has ended or somebody alive is at it: the same message may come twice."""
    job = session.get(Job, job_id, with_for_update=True)
    if job is None or job.state not in OPEN:
        return None
    if job.state is JobState.RUNNING:
        if now - job.beat_at < SILENT:
            return None
        move(session, job, JobEvent.REQUEUE, by=by, now=now, error="its worker went away")
    job.progress = []
    return move(session, job, JobEvent.BEGIN, by=by, now=now)


def beat(session: Session, job_id: int, points: list[dict[str, Any]], *, now: datetime) -> bool:
    """A sign of life with new progress; answers whether the job shall stop."""
    job = session.get(Job, job_id, with_for_update=True)
    if job is None or job.state is not JobState.RUNNING:
        return True
    job.beat_at = now
    if points:
        job.progress = [*job.progress, *points][-POINTS:]
        notice(session, job.district_id, f"jobs/{job.id}")
    return job.stop


def stop(session: Session, job_id: int, *, district_id: int, by: str, now: datetime) -> Job:
    """Ask a job to stop; one that has not begun stops here."""
    job = queries.get(session, job_id, district_id)
    after(job.state, JobEvent.STOP)
    job.stop = True
    if job.state is JobState.QUEUED:
        return move(session, job, JobEvent.STOP, by=by, now=now)
    notice(session, job.district_id, f"jobs/{job.id}")
    return job


def again(session: Session, job_id: int, *, now: datetime) -> None:
    """Send a stuck job once more; whoever takes it finds out whether it is still wanted. For the clock's sweep."""
    job = session.get(Job, job_id, with_for_update=True)
    if job is not None and job.state in OPEN and now - job.beat_at >= SILENT:
        if job.state is JobState.QUEUED:
            job.beat_at = now  # the next sweep waits again; a running one must stay silent to be taken over
        queue.send(job.kind, job.id)
