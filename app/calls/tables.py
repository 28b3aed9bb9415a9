"""Calls, the switchboard's own words about them, and numbers somebody told us the owner of."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.calls.rules import CallState, Direction, Result, Settled, Target, Wish
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
    caregiver_id: Mapped[int | None] = mapped_column(ForeignKey("caregivers.id"))
    alarm_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    began_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    spoke_seconds: Mapped[int | None]
    result: Mapped[Result | None] = mapped_column(named(Result))
    note: Mapped[str | None] = mapped_column(Sealed)
    recording: Mapped[str | None]  # a link into the recorder
    strange: Mapped[bool] = mapped_column(default=False)  # reported as one we had asked for, and we had not

    # an automatic call: the text it says, the keys it waits for, the one that was pressed
    ref: Mapped[str | None]  # whoever asked for it knows it by this name; asked twice it is one call
    say: Mapped[str | None] = mapped_column(Sealed)
    gather: Mapped[str | None]
    pressed: Mapped[str | None]

    wish: Mapped[Wish | None] = mapped_column(named(Wish))  # what the desk asks the switchboard to do with it
    offered_at: Mapped[datetime | None]  # the switchboard was last told so
    heard_at: Mapped[datetime | None]  # the alarm has been told what came of it

    # a missed call until somebody has settled it
    settled: Mapped[Settled | None] = mapped_column(named(Settled))
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    settled_reason: Mapped[str | None]
    returns_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"))  # the missed call this one returns

    __table_args__ = (
        UniqueConstraint("district_id", "call_id"),
        UniqueConstraint("district_id", "ref"),
        Index("ix_calls_open", "district_id", "state", postgresql_where=text("state <> 'ended'")),
        Index("ix_calls_wished", "district_id", "id", postgresql_where=text("wish is not null")),
        Index("ix_calls_missed", "district_id", "ended_at",
              postgresql_where=text("result = 'abandoned' and settled is null")),
        Index("ix_calls_unheard", "id", postgresql_where=text("alarm_id is not null and heard_at is null")),
        {"info": {"area": "division_code"}},
    )  # fmt: skip

    @property
    def automatic(self) -> bool:
        """It says a text; no operator speaks."""
        return self.say is not None


class CallReport(Growing, Base):
    """What the switchboard said, as it said it; the same report is kept once."""

    __tablename__ = "call_reports"

    key: Mapped[str]
    at: Mapped[datetime]
    said: Mapped[dict[str, Any]] = mapped_column(SealedJson)

    __table_args__ = (UniqueConstraint("district_id", "key"), {"info": {"append_only": True}})


class NumberLink(OfDistrict, Base):
    """A number an operator learned belongs to somebody of an elder: the neighbour who calls for her."""

    __tablename__ = "number_links"

    division_code: Mapped[str]
    phone_hash: Mapped[str] = mapped_column(index=True)
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), index=True)
    who: Mapped[str] = mapped_column(Sealed)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("district_id", "phone_hash", "elder_id"), {"info": {"area": "division_code"}})
