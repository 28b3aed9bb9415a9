"""What is stored of commands. The numbers and words in one are personal, and so sealed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.commands.rules import CommandState
from app.db import Base, OfDistrict, named
from app.equipment.rules import Command
from app.vault import Sealed, SealedJson


class DeviceCommand(OfDistrict, Base):
    """One thing a device was told to do."""

    __tablename__ = "device_commands"

    division_code: Mapped[str]
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), index=True)
    kind: Mapped[Command] = mapped_column(named(Command))
    state: Mapped[CommandState] = mapped_column(named(CommandState), default=CommandState.QUEUED)
    said: Mapped[dict[str, Any]] = mapped_column(SealedJson)  # numbers, seconds, words
    reason: Mapped[str | None] = mapped_column(Sealed)
    by: Mapped[str]
    queued_at: Mapped[datetime]
    due_at: Mapped[datetime]  # unsent or unanswered then, it expires
    sent_at: Mapped[datetime | None]
    sent_by: Mapped[str | None]  # the gateway
    ended_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Sealed)  # the device's own words

    __table_args__ = (
        Index(
            "uq_device_commands_waiting", "device_id", "kind", unique=True, postgresql_where=text("state = 'queued'")
        ),
        Index("ix_device_commands_open", "due_at", postgresql_where=text("state in ('queued', 'sent')")),
        {"info": {"area": "division_code"}},
    )  # fmt: skip
