"""Timers over caregivers who are alone in a home, and who wants one at every visit."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.lone.rules import WatchState


class LoneWatch(OfDistrict, Base):
    """One timer of one caregiver. With an attendance it ends by itself when that visit is over."""

    __tablename__ = "lone_watches"

    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"))
    attendance_id: Mapped[int | None] = mapped_column(ForeignKey("attendances.id"), index=True)
    state: Mapped[WatchState] = mapped_column(named(WatchState), default=WatchState.RUNNING)
    began_at: Mapped[datetime]
    due_at: Mapped[datetime]  # she is asked then
    asked_at: Mapped[datetime | None]
    answer_by: Mapped[datetime | None]
    alarm_id: Mapped[int | None] = mapped_column(ForeignKey("alarms.id"))
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_lone_watches_open", "caregiver_id", unique=True, postgresql_where=text("state in ('running', 'asked')")
        ),
        {"info": {"district": "district_id"}},
    )


class LoneHabit(Base):
    """A caregiver who wants the timer at every visit, until she says otherwise."""

    __tablename__ = "lone_habits"

    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"), primary_key=True)
    district_id: Mapped[int] = mapped_column(ForeignKey("districts.id"))
    since: Mapped[datetime]

    __table_args__ = ({"info": {"district": "district_id"}},)
