"""Whom an alarm was offered to, and what they said."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ColumnElement, ForeignKey, Index, UniqueConstraint, case, func, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from app.alarms.sending_rules import OfferState
from app.db import Base, OfDistrict, named
from app.vault import Sealed


class AlarmOffer(OfDistrict, Base):
    """One caregiver asked to go to one alarm at once.

    To a door she goes on an urgent visit, and her answer comes through its attendance. To a spot without a door there
    is no visit: she answers the offer itself, and where it is stands in the alarm, which its caller's phone moves.
    """

    __tablename__ = "alarm_offers"

    division_code: Mapped[str]
    alarm_id: Mapped[int] = mapped_column(ForeignKey("alarms.id"), index=True)
    visit_id: Mapped[int | None] = mapped_column(BigInteger)  # none: a spot
    attendance_id: Mapped[int | None] = mapped_column(ForeignKey("attendances.id"))
    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"))
    change_id: Mapped[int | None] = mapped_column(ForeignKey("plan_changes.id"))  # what moved for it
    state: Mapped[OfferState] = mapped_column(named(OfferState), default=OfferState.OFFERED)
    offered_at: Mapped[datetime]
    offered_by: Mapped[str]
    answer_by: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    words: Mapped[str | None] = mapped_column(Sealed)  # how to find the spot
    arrived_at: Mapped[datetime | None]  # at the spot, as her phone said

    @hybrid_property
    def key(self) -> str:
        """By what the messages about it are known."""
        return f"offer-{self.attendance_id}" if self.attendance_id else f"spot-{self.id}"

    @key.inplace.expression
    @classmethod
    def _key(cls) -> ColumnElement[str]:
        door = func.concat("offer-", cls.attendance_id)
        return case((cls.attendance_id.is_not(None), door), else_=func.concat("spot-", cls.id))

    __table_args__ = (
        UniqueConstraint("attendance_id"),
        CheckConstraint(
            "(visit_id is null) = (attendance_id is null) and (arrived_at is null or attendance_id is null)",
            name="door_or_spot",
        ),
        Index(
            "ix_alarm_offers_spots",
            "caregiver_id",
            postgresql_where=text("attendance_id is null and state in ('offered', 'accepted')"),
        ),
        Index("ix_alarm_offers_standing", "district_id", postgresql_where=text("state in ('offered', 'accepted')")),
        {"info": {"area": "division_code"}},
    )
