"""The outbox: written in the transaction that has something to say, delivered afterwards."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.messages.rules import Channel
from app.vault import Sealed


class OutboxMessage(OfDistrict, Base):
    """One message to one person. `key` names its occasion, so that nothing is said twice."""

    __tablename__ = "outbox_messages"

    division_code: Mapped[str]
    key: Mapped[str]
    channel: Mapped[Channel] = mapped_column(named(Channel))
    to: Mapped[str] = mapped_column(Sealed)
    to_whom: Mapped[str]  # who that is: «daughter of an elder», no number
    text: Mapped[str] = mapped_column(Sealed)
    about: Mapped[str | None]  # a topic: alarms/17
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # none: delivered or given up
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    via: Mapped[str | None]  # gateway, or the demo's mailbox
    error: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("district_id", "key"),
        Index("ix_outbox_messages_due", "due_at", postgresql_where=sql("due_at is not null")),
        Index("ix_outbox_messages_about", "about"),
        {"info": {"area": "division_code"}},
    )
