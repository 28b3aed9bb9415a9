"""From how many minutes after the promise a visit counts as late: a district's own mark, version after version."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from app.db import Base, OfDistrict


class OnTimeMark(OfDistrict, Base):
    """Who comes within so many minutes is on time, from a day on; the newest that holds counts."""

    __tablename__ = "on_time_marks"

    starts: Mapped[date]
    minutes: Mapped[int]
    note: Mapped[str]  # where the figure comes from
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("minutes between 1 and 120", name="minutes"),
        Index("ix_on_time_marks_starts", "district_id", "starts"),
        {"info": {"district": "district_id", "append_only": True}},
    )
