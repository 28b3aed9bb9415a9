"""What is stored of trees: each elder's, and the district's templates; each version beside the old one."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.escalation.rules import Living
from app.people.rules import AbilityLevel
from app.vault import Sealed


class TreeVersion(OfDistrict, Base):
    """An elder's tree from when to when, whose hand, and when somebody last found it still right."""

    __tablename__ = "escalation_trees"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), index=True)
    n: Mapped[int]
    tree: Mapped[dict[str, Any]]  # rules.Tree
    note: Mapped[str | None] = mapped_column(Sealed)  # why it was changed
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    reviewed_at: Mapped[datetime]
    reviewed_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("elder_id", "n"),
        Index("uq_escalation_trees_current", "elder_id", unique=True, postgresql_where=text("ended_at is null")),
        {"info": {"area": "division_code"}},
    )


class TreeTemplate(OfDistrict, Base):
    """The district's own default for one ability level and living situation."""

    __tablename__ = "escalation_templates"

    level: Mapped[AbilityLevel] = mapped_column(named(AbilityLevel))
    living: Mapped[Living] = mapped_column(named(Living))
    n: Mapped[int]
    template: Mapped[dict[str, Any]]  # defaults.Template
    note: Mapped[str | None]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("district_id", "level", "living", "n"),
        Index(
            "uq_escalation_templates_current", "district_id", "level", "living", unique=True,
            postgresql_where=text("ended_at is null"),
        ),
        {"info": {"district": "district_id"}},
    )  # fmt: skip
