"""Clues of a month, each once; open ones follow the records, decided ones stay."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.supervision.rules import ClueKind, ClueState
from app.vault import Sealed


class Clue(OfDistrict, Base):
    """Something odd about a month of a provider, of one of its elders, or of a caregiver and an elder."""

    __tablename__ = "clues"

    division_code: Mapped[str]  # the elder's; the district's own where it is about a provider
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    kind: Mapped[ClueKind] = mapped_column(named(ClueKind))
    state: Mapped[ClueState] = mapped_column(named(ClueState))
    month: Mapped[date]
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id"))
    caregiver_id: Mapped[int | None] = mapped_column(ForeignKey("caregivers.id"))
    facts: Mapped[dict[str, Any]]
    cents: Mapped[int] = mapped_column(default=0)  # proposed to be deducted
    raised_at: Mapped[datetime]
    words: Mapped[str | None] = mapped_column(Sealed)
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  two deciders: the second gets a 409
    __table_args__ = (
        UniqueConstraint(
            "district_id", "month", "kind", "provider_id", "elder_id", "caregiver_id", name="uq_clues_once",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("cents >= 0", name="cents"),
        CheckConstraint("extract(day from month) = 1", name="first_day"),
        CheckConstraint("(state = 'open') = (decided_by is null)", name="decided"),
        Index("ix_clues_month", "district_id", "month", "kind"),
        {"info": {"area": "division_code", "provider": "provider_id"}},
    )  # fmt: skip
