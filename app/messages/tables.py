"""The outbox: written in the transaction that has something to say, delivered afterwards, each try on record."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.messages.rules import Channel, Kind, MessageState, Trouble
from app.vault import Sealed


class OutboxMessage(OfDistrict, Base):
    """One message to one person. `key` names its occasion, so that nothing is said twice."""

    __tablename__ = "outbox_messages"

    division_code: Mapped[str]
    key: Mapped[str]
    kind: Mapped[Kind] = mapped_column(named(Kind, "messagekind"))
    urgent: Mapped[bool]  # overtakes what is not, and knows no quiet hours
    state: Mapped[MessageState] = mapped_column(named(MessageState))
    channel: Mapped[Channel] = mapped_column(named(Channel))
    to: Mapped[str] = mapped_column(Sealed)
    to_whom: Mapped[str]  # who that is: «daughter of an elder», no number
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id"), index=True)
    text: Mapped[str] = mapped_column(Sealed)
    about: Mapped[str | None]  # a topic: alarms/17
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # none: delivered or given up
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    via: Mapped[str | None]  # gateway, or the demo's mailbox
    error: Mapped[str | None]
    resend_of: Mapped[int | None] = mapped_column(ForeignKey("outbox_messages.id"))

    __table_args__ = (
        UniqueConstraint("district_id", "key"),
        Index("ix_outbox_messages_due", "urgent", "due_at", postgresql_where=sql("due_at is not null")),
        Index("ix_outbox_messages_about", "about"),
        {"info": {"area": "division_code"}},
    )


class MessageAttempt(OfDistrict, Base):
    """One try to hand a message to the gateway, and the gateway's receipt as a line of its own."""

    __tablename__ = "message_attempts"

    message_id: Mapped[int] = mapped_column(ForeignKey("outbox_messages.id"), index=True)
    n: Mapped[int]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    state: Mapped[MessageState] = mapped_column(named(MessageState, "attemptstate"))
    trouble: Mapped[Trouble | None] = mapped_column(named(Trouble))
    detail: Mapped[str | None]  # the gateway's own words, without number or name

    __table_args__ = (UniqueConstraint("message_id", "n"),)


class MessageTemplate(OfDistrict, Base):
    """A district's own words for a kind of message; the newest of each counts, the ones before stay on record."""

    __tablename__ = "message_templates"

    kind: Mapped[Kind] = mapped_column(named(Kind, "templatekind"))
    channel: Mapped[Channel] = mapped_column(named(Channel, "templatechannel"))
    language: Mapped[str]
    text: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        Index("ix_message_templates_of", "district_id", "kind", "channel", "language", "id"),
        {"info": {"append_only": True, "district": "district_id"}},
    )
