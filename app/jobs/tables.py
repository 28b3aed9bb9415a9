"""Jobs: the queue carries only their ids."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.jobs.rules import JobState


class Job(OfDistrict, Base):
    """One piece of slow work; `kind` is the worker's actor, `subject_id` the row it works on."""

    __tablename__ = "jobs"

    kind: Mapped[str]
    subject_id: Mapped[int]
    state: Mapped[JobState] = mapped_column(named(JobState), default=JobState.QUEUED)
    stop: Mapped[bool] = mapped_column(default=False)  # asked to stop; a solve that has a plan keeps it
    progress: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    error: Mapped[str | None]
    by: Mapped[str]
    created_at: Mapped[datetime]
    beat_at: Mapped[datetime]  # last sign of life
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    __table_args__ = (Index("ix_jobs_open", "beat_at", postgresql_where=text("state in ('queued', 'running')")),)
