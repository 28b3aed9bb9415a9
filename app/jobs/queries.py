"""Reading jobs."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.jobs.rules import OPEN, SILENT
from app.jobs.tables import Job


def get(session: Session, job_id: int, district_id: int | None = None) -> Job:
    """The job, of this district where one is named; raises NotFound."""
    job = session.get(Job, job_id)
    if job is None or district_id not in (None, job.district_id):
        raise NotFound("There is no such job.")
    return job


def latest(session: Session, kind: str, subject_id: int) -> Job:
    """The newest job of a kind about one row; raises NotFound."""
    query = select(Job).where(Job.kind == kind, Job.subject_id == subject_id).order_by(Job.id.desc()).limit(1)
    found = session.scalar(query)
    if found is None:
        raise NotFound("There is no such job.")
    return found


def stuck(session: Session, *, now: datetime) -> Sequence[int]:
    """Open jobs that have given no sign of life: their message or their worker was lost. For the clock's sweep."""
    return session.scalars(select(Job.id).where(Job.state.in_(OPEN), Job.beat_at < now - SILENT).order_by(Job.id)).all()
