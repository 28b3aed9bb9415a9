"""Whom an alarm was offered to, and what they said."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.alarms.sending_rules import OfferState
from app.db import Base, OfDistrict, named


class AlarmOffer(OfDistrict, Base):
    """One caregiver asked to go to one alarm at once. Her answer comes from her phone, through the attendance."""

    __tablename__ = "alarm_offers"

    division_code: Mapped[str]
    alarm_id: Mapped[int] = mapped_column(ForeignKey("alarms.id"), index=True)
    visit_id: Mapped[int] = mapped_column(BigInteger)
    attendance_id: Mapped[int] = mapped_column(ForeignKey("attendances.id"))
    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"))
    change_id: Mapped[int | None] = mapped_column(ForeignKey("plan_changes.id"))  # what moved for it
    state: Mapped[OfferState] = mapped_column(named(OfferState), default=OfferState.OFFERED)
    offered_at: Mapped[datetime]
    offered_by: Mapped[str]
    answer_by: Mapped[datetime]
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("attendance_id"),
        Index("ix_alarm_offers_standing", "district_id", postgresql_where=text("state in ('offered', 'accepted')")),
        {"info": {"area": "division_code"}},
    )
