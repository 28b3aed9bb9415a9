"""What is stored of an alarm's way up the tree: its rungs as they were when it began, and every attempt."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.alarms.climbing_rules import RungState
from app.db import Base, OfDistrict, named
from app.escalation.rules import Reached, RungKind
from app.vault import Sealed


class AlarmRung(OfDistrict, Base):
    """One rung of one climb of one alarm."""

    __tablename__ = "alarm_rungs"

    division_code: Mapped[str]
    alarm_id: Mapped[int] = mapped_column(ForeignKey("alarms.id"))
    climb: Mapped[int]
    n: Mapped[int]  # from 1
    kind: Mapped[RungKind] = mapped_column(named(RungKind))
    contact_id: Mapped[int | None] = mapped_column(BigInteger)
    attempts: Mapped[int]
    wait: Mapped[int]  # seconds
    reached: Mapped[Reached] = mapped_column(named(Reached))
    hours: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    state: Mapped[RungState] = mapped_column(named(RungState), default=RungState.WAITING)
    beside: Mapped[bool] = mapped_column(default=False)  # sent beside the calls
    tried: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    result: Mapped[str | None]  # of the last attempt that had one
    reason: Mapped[str | None] = mapped_column(Sealed)
    promised_at: Mapped[datetime | None]  # when somebody should stand at the door

    __table_args__ = (
        UniqueConstraint("alarm_id", "climb", "n"),
        CheckConstraint("tried >= 0", name="tried"),
        CheckConstraint("state <> 'reached' or ended_at is not null", name="reached_at_a_time"),
        {"info": {"area": "division_code"}},
    )


class RungAttempt(OfDistrict, Base):
    """One attempt to reach somebody, and what came of it."""

    __tablename__ = "alarm_rung_attempts"

    division_code: Mapped[str]
    alarm_id: Mapped[int] = mapped_column(ForeignKey("alarms.id"), index=True)
    rung_id: Mapped[int] = mapped_column(ForeignKey("alarm_rungs.id"))
    n: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[str]
    call_id: Mapped[int | None] = mapped_column(BigInteger)
    caregiver_id: Mapped[int | None] = mapped_column(BigInteger)
    visit_id: Mapped[int | None] = mapped_column(BigInteger)
    result: Mapped[str | None]
    heard: Mapped[str | None]  # the switchboard's last word that was taken in
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("rung_id", "n"),
        Index("ix_alarm_rung_attempts_call", "call_id", postgresql_where=text("call_id is not null")),
        {"info": {"area": "division_code"}},
    )
