"""What happened to elders and from when: never changed, only taken back with a reason."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.people.life_rules import LifeKind, LifeSource
from app.vault import Sealed


class LifeEvent(OfDistrict, Base):
    """A death, a move, a stay in hospital or institution (变动登记), with who told and who wrote it down."""

    __tablename__ = "life_events"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    kind: Mapped[LifeKind] = mapped_column(named(LifeKind))
    starts: Mapped[date]
    ends: Mapped[date | None]
    source: Mapped[LifeSource] = mapped_column(named(LifeSource))
    note: Mapped[str | None] = mapped_column(Sealed)
    told_by: Mapped[str]
    told_at: Mapped[datetime]
    undone_by: Mapped[str | None]
    undone_at: Mapped[datetime | None]
    undone_reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("ends is null or (ends >= starts and kind in ('hospital', 'institution'))", name="days"),
        CheckConstraint(
            "num_nulls(undone_by, undone_at, undone_reason) in (0, 3)", name="undone"
        ),
        Index("ix_life_events_elder", "elder_id", "starts"),
        Index(
            "uq_life_events_ending", "elder_id", "kind", unique=True,
            postgresql_where=text("kind in ('death', 'moved_away') and undone_at is null"),
        ),
        {"info": {"area": "division_code"}},
    )  # fmt: skip
