"""Reading the outbox."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.messages.tables import OutboxMessage


def due(session: Session, *, now: datetime, limit: int = 50) -> Sequence[int]:
    """Messages whose time has come, oldest first."""
    return session.scalars(
        select(OutboxMessage.id).where(OutboxMessage.due_at <= now).order_by(OutboxMessage.due_at).limit(limit)
    ).all()


def latest(session: Session, *, before: int | None = None, limit: int = 50) -> Sequence[OutboxMessage]:
    """The newest messages, or those before a known one."""
    statement = select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(limit)
    return session.scalars(statement.where(OutboxMessage.id < before) if before else statement).all()
