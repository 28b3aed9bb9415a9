"""A question «what if this programme said that» and its answer."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict


class WhatIf(OfDistrict, Base):
    """The terms tried, the month they were tried on, and what came out (what_if.rules.Outcome as JSON)."""

    __tablename__ = "what_ifs"

    area: Mapped[str]  # prefix of division codes: what lies below was counted
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"))
    month: Mapped[date]
    terms: Mapped[dict[str, Any]]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id"))
    outcome: Mapped[dict[str, Any] | None]

    __table_args__ = (
        CheckConstraint("extract(day from month) = 1", name="first_day"),
        {"info": {"area": "area"}},
    )
