"""What the law and the provider set from a day on, and visits given to a colleague."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.workers.rules import SwapState


class LabourLimit(OfDistrict, Base):
    """Hours the law allows, as this district applies it from a day on; the newest that holds counts."""

    __tablename__ = "labour_limits"

    starts: Mapped[date]
    day_minutes: Mapped[int]
    week_minutes: Mapped[int]
    overtime_day_minutes: Mapped[int]  # beyond the day's, at most
    overtime_month_minutes: Mapped[int]  # beyond the week's, summed over a month
    source: Mapped[str]  # the rule it comes from
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("day_minutes between 60 and 1440 and week_minutes between 60 and 10080", name="limits"),
        CheckConstraint("overtime_day_minutes >= 0 and overtime_month_minutes >= 0", name="overtime"),
        Index("ix_labour_limits_starts", "district_id", "starts"),
        {"info": {"district": "district_id", "append_only": True}},
    )


class PayRate(OfDistrict, Base):
    """What a provider pays its caregivers for an hour of a service, from a day on; without an aid, of any."""

    __tablename__ = "pay_rates"

    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    aid: Mapped[str | None]
    starts: Mapped[date]
    cents_per_hour: Mapped[int]
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("cents_per_hour > 0", name="cents"),
        Index("ix_pay_rates_of", "provider_id", "starts"),
        {"info": {"district": "district_id", "provider": "provider_id", "append_only": True}},
    )


class Swap(OfDistrict, Base):
    """One visit one caregiver asks a colleague to take (换班)."""

    __tablename__ = "swaps"

    division_code: Mapped[str]
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    attendance_id: Mapped[int] = mapped_column(ForeignKey("attendances.id"))
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    from_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"), index=True)
    to_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"), index=True)
    state: Mapped[SwapState] = mapped_column(named(SwapState), default=SwapState.ASKED)
    starts_at: Mapped[datetime]
    words: Mapped[str]
    against: Mapped[list[str]] = mapped_column(JSONB, default=list)  # rules it would break, for the dispatcher
    asked_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("attendance_id", "to_id", "asked_at"),
        Index("uq_swaps_open", "attendance_id", unique=True, postgresql_where=text("state in ('asked', 'agreed')")),
        {"info": {"area": "division_code", "provider": "provider_id"}},
    )
