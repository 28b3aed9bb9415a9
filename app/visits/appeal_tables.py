"""A district's terms of verification, visits paid in part, and caregivers' appeals."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.vault import Sealed
from app.visits.appeal_rules import AppealState
from app.visits.tables import SERVED
from app.visits.terms_rules import PartRule


class VisitTerms(OfDistrict, Base):
    """What a district has set for visits from a day on; the newest version that holds counts."""

    __tablename__ = "visit_terms"

    version: Mapped[int]
    starts: Mapped[date]
    terms: Mapped[dict[str, Any]]  # as `terms_rules.Terms`
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("district_id", "version"),
        {"info": {"district": "district_id", "append_only": True}},
    )


class PartialVisit(OfDistrict, Base):
    """A visit that counts in part: the share, by which rule, and the cents. The last one counts; whole is 1 of 1."""

    __tablename__ = "partial_visits"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    rule: Mapped[PartRule | None] = mapped_column(named(PartRule))
    given: Mapped[int]
    whole: Mapped[int]
    agreed_cents: Mapped[int]
    due_cents: Mapped[int]
    reason: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("given between 1 and whole", name="share"),
        CheckConstraint("due_cents between 0 and agreed_cents", name="cents"),
        {"info": SERVED | {"append_only": True}},
    )


class Appeal(OfDistrict, Base):
    """A caregiver says that a visit of hers counts (申诉): her words, and what was answered."""

    __tablename__ = "appeals"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    attendance_id: Mapped[int] = mapped_column(ForeignKey("attendances.id"))
    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"), index=True)
    state: Mapped[AppealState] = mapped_column(named(AppealState))
    words: Mapped[str] = mapped_column(Sealed)
    against: Mapped[str | None]  # who had decided, as history names them; none while nobody has
    raised_at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(Sealed)
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  two deciders: the second gets a 409
    __table_args__ = (
        Index("uq_appeals_once", "attendance_id", unique=True, postgresql_where=text("state <> 'withdrawn'")),
        Index("ix_appeals_open", "district_id", "raised_at", postgresql_where=text("state = 'open'")),
        CheckConstraint("(state in ('upheld', 'dismissed')) = (decided_by is not null)", name="decided"),
        CheckConstraint("decided_by is null or against is null or decided_by <> against", name="somebody_else"),
        {"info": SERVED},
    )
