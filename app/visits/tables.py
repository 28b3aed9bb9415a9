"""What phones reported, untouched; beside it what became of it, task results, corrections and flaws."""

import uuid
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Growing, OfDistrict, named
from app.vault import SealedJson
from app.visits.rules import Cause, EventKind, Flaw, Outcome, Resolution, TaskOutcome

SERVED: Final = {"area": "division_code", "provider": "provider_id"}


class VisitEvent(Growing, Base):
    """One event as a phone reported it. `happened_at` is by the server's clock, `device_at` what the phone said."""

    __tablename__ = "visit_events"

    division_code: Mapped[str]
    provider_id: Mapped[int]
    event_id: Mapped[uuid.UUID]  # made by the phone
    kind: Mapped[EventKind] = mapped_column(named(EventKind))
    caregiver_id: Mapped[int] = mapped_column(BigInteger)  # whose login sent it
    attendance_id: Mapped[int] = mapped_column(BigInteger)
    visit_id: Mapped[int] = mapped_column(BigInteger)
    device: Mapped[uuid.UUID | None]  # the phone that counts `seq`; one person may have two
    seq: Mapped[int] = mapped_column(BigInteger)
    device_at: Mapped[datetime]
    offset_ms: Mapped[int | None] = mapped_column(BigInteger)
    received_at: Mapped[datetime]
    happened_at: Mapped[datetime]
    place: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)
    accuracy_m: Mapped[float | None]
    distance_m: Mapped[float | None]  # from the home, so that the sealed place need not be opened to judge
    data: Mapped[dict[str, Any]] = mapped_column(SealedJson, default=dict)

    __table_args__ = (
        UniqueConstraint("district_id", "event_id"),
        Index("ix_visit_events_visit", "district_id", "visit_id", "id"),
        Index("ix_visit_events_attendance", "district_id", "attendance_id", "seq"),
        {"info": SERVED | {"append_only": True}},
    )


class EventOutcome(Base):
    """What became of a raw event. `attention` may become `accepted` when an earlier event arrives late."""

    __tablename__ = "event_outcomes"

    district_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    attendance_id: Mapped[int] = mapped_column(BigInteger)
    outcome: Mapped[Outcome] = mapped_column(named(Outcome))
    problem: Mapped[str | None]
    at: Mapped[datetime]
    answered_at: Mapped[datetime | None]  # by the desk, of what stays set aside
    answered_by: Mapped[str | None]
    answer: Mapped[str | None]

    __table_args__ = (
        Index(
            "ix_event_outcomes_attention",
            "district_id",
            "attendance_id",
            postgresql_where=text("outcome = 'attention'"),
        ),
    )


class TaskResult(OfDistrict, Base):
    """How one task of a visit went, by the last report of it."""

    __tablename__ = "task_results"

    division_code: Mapped[str]
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    attendance_id: Mapped[int] = mapped_column(ForeignKey("attendances.id"))
    task: Mapped[str]
    outcome: Mapped[TaskOutcome] = mapped_column(named(TaskOutcome))
    reason: Mapped[str | None]
    device: Mapped[uuid.UUID | None]
    seq: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("attendance_id", "task"), {"info": {"area": "division_code"}})


class Correction(Growing, Base):
    """One value laid over what was reported: who, when, why and what it rests on. The last one counts."""

    __tablename__ = "corrections"

    division_code: Mapped[str]
    provider_id: Mapped[int]
    visit_id: Mapped[int] = mapped_column(BigInteger)
    attendance_id: Mapped[int] = mapped_column(BigInteger)
    field: Mapped[str]  # started_at, finished_at
    before: Mapped[datetime | None]
    after: Mapped[datetime]
    cause: Mapped[Cause] = mapped_column(named(Cause))
    resolution: Mapped[Resolution] = mapped_column(named(Resolution))
    memo: Mapped[str | None]
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        Index("ix_corrections_visit", "district_id", "visit_id", "id"),
        {"info": SERVED | {"append_only": True}},
    )


class VisitFlaw(OfDistrict, Base):
    """What is odd about a visit, until it resolves itself or somebody accepts it."""

    __tablename__ = "visit_flaws"

    division_code: Mapped[str]
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    attendance_id: Mapped[int | None] = mapped_column(ForeignKey("attendances.id"))
    flaw: Mapped[Flaw] = mapped_column(named(Flaw))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    raised_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    resolution: Mapped[str | None]

    __table_args__ = (
        Index("ix_visit_flaws_open", "district_id", "flaw", postgresql_where=text("resolved_at is null")),
        Index(
            "uq_visit_flaws_not_started", "visit_id", unique=True,
            postgresql_where=text("resolved_at is null and flaw = 'not_started'"),
        ),
        {"info": {"area": "division_code"}},
    )  # fmt: skip
