"""Reading the outbox."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.messages.rules import MessageState
from app.messages.tables import MessageAttempt, OutboxMessage


def due(session: Session, *, now: datetime, urgent_only: bool = False, limit: int = 50) -> Sequence[int]:
    """Messages whose time has come, urgent ones first, then the oldest."""
    statement = select(OutboxMessage.id).where(OutboxMessage.due_at <= now)
    if urgent_only:
        statement = statement.where(OutboxMessage.urgent)
    return session.scalars(statement.order_by(OutboxMessage.urgent.desc(), OutboxMessage.due_at).limit(limit)).all()


def latest(
    session: Session,
    *,
    before: int | None = None,
    elder_id: int | None = None,
    about: str | None = None,
    state: MessageState | None = None,
    limit: int = 50,
) -> Sequence[OutboxMessage]:
    """The newest messages, or those before a known one; of an elder, a topic or a state where asked."""
    statement = select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(limit)
    if before:
        statement = statement.where(OutboxMessage.id < before)
    if elder_id:
        statement = statement.where(OutboxMessage.elder_id == elder_id)
    if about:
        statement = statement.where(OutboxMessage.about == about)
    if state:
        statement = statement.where(OutboxMessage.state == state)
    return session.scalars(statement).all()


def get(session: Session, message_id: int) -> OutboxMessage:
    """The message; raises NotFound also when it is of another area."""
    message = session.get(OutboxMessage, message_id)
    if message is None:
        raise NotFound("There is no such message, or it is outside your area.")
    return message


def attempts(session: Session, message_id: int) -> Sequence[MessageAttempt]:
    """Every try of a message, the first one first."""
    tries = select(MessageAttempt).where(MessageAttempt.message_id == message_id)
    return session.scalars(tries.order_by(MessageAttempt.n)).all()


def open_attempt(session: Session, message_id: int) -> MessageAttempt | None:
    """The try that has begun and not ended."""
    return session.scalar(
        select(MessageAttempt)
        .where(MessageAttempt.message_id == message_id, MessageAttempt.ended_at.is_(None))
        .order_by(MessageAttempt.n.desc())
        .limit(1)
    )
