"""Calls, and the switchboard's own words about them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.calls.rules import CallState, Direction, Result, Target
from app.db import Base, Growing, OfDistrict, named
from app.vault import Sealed, SealedJson


class Call(OfDistrict, Base):
    """One call in or out. The number is sealed; its hash finds who it belongs to."""

    __tablename__ = "calls"

    division_code: Mapped[str]
    call_id: Mapped[str | None]  # the switchboard's own; a call we asked for gets one when it is dialled
    direction: Mapped[Direction] = mapped_column(named(Direction))
    state: Mapped[CallState] = mapped_column(named(CallState))
    target: Mapped[Target | None] = mapped_column(named(Target))
    phone: Mapped[str | None] = mapped_column(Sealed)
    phone_hash: Mapped[str | None] = mapped_column(index=True)
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    alarm_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    began_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    result: Mapped[Result | None] = mapped_column(named(Result))
    recording: Mapped[str | None]  # a link into the recorder

    __table_args__ = (
        UniqueConstraint("district_id", "call_id"),
        Index("ix_calls_open", "district_id", "state", postgresql_where=text("state <> 'ended'")),
        {"info": {"area": "division_code"}},
    )


class CallReport(Growing, Base):
    """What the switchboard said, as it said it; the same report is kept once."""

    __tablename__ = "call_reports"

    key: Mapped[str]
    at: Mapped[datetime]
    said: Mapped[dict[str, Any]] = mapped_column(SealedJson)

    __table_args__ = (UniqueConstraint("district_id", "key"), {"info": {"append_only": True}})
