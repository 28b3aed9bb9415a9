"""What happened to everything with a life: one append-only line for each change of state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Index, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Base, Growing, notice


class HasLife(Protocol):
    """A row that history can speak of."""

    id: Any
    district_id: Any
    __tablename__: Any


class History(Growing, Base):
    """Who did what to which row, and when by the server's clock."""

    __tablename__ = "history"

    at: Mapped[datetime]
    by: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[int]
    event: Mapped[str]
    before: Mapped[str | None]
    after: Mapped[str | None]
    reason: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        Index("ix_history_subject", "district_id", "subject", "subject_id", "id"),
        {"info": {"append_only": True}},
    )


@dataclass(frozen=True)
class Line:
    """One line as a screen shows it."""

    at: datetime
    by: str
    event: str
    before: str | None
    after: str | None
    reason: str | None
    facts: dict[str, Any]


def record(
    session: Session,
    row: HasLife,
    event: str,
    before: str | None,
    after: str | None,
    *,
    by: str,
    now: datetime,
    reason: str | None = None,
    **facts: Any,
) -> None:
    """Write the line and have the screens told. Facts must not carry personal data."""
    session.flush()  # the row needs its number
    session.add(
        History(
            district_id=row.district_id,
            at=now,
            by=by,
            subject=row.__tablename__,
            subject_id=row.id,
            event=str(event),
            before=before,
            after=after,
            reason=reason,
            facts=facts,
        )
    )
    notice(session, row.district_id, f"{row.__tablename__}/{row.id}")


def record_many(
    session: Session, subject: str, lines: Sequence[dict[str, Any]], *, district_id: int, by: str, now: datetime
) -> None:
    """Lines of many rows of one table at once, each with `subject_id`, `event`, `before`, `after`, `facts`."""
    same = {"district_id": district_id, "at": now, "by": by, "subject": subject, "reason": None}
    if lines:
        session.execute(insert(History), [{**same, **line} for line in lines])


def of(session: Session, district_id: int, subject: str, subject_id: int) -> Sequence[Line]:
    """The life of one row, oldest first."""
    rows = session.execute(
        select(History.at, History.by, History.event, History.before, History.after, History.reason, History.facts)
        .where(History.district_id == district_id, History.subject == subject, History.subject_id == subject_id)
        .order_by(History.id)
    )
    return [Line(*row) for row in rows]
