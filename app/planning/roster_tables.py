"""The month's roster: who comes to whom at what hour, for four weeks; day plans keep to it where they can."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.planning.rules import PlanState
from app.planning.tables import AREA, SERVED


class Roster(OfDistrict, Base):
    """One version of the roster (月度排班) of a district, from a Monday on; it lives as a day's plan does."""

    __tablename__ = "rosters"

    starts: Mapped[date]
    ends: Mapped[date]
    n: Mapped[int]  # versions of a district's four weeks, from 1
    state: Mapped[PlanState] = mapped_column(named(PlanState))
    seed: Mapped[int]
    seconds: Mapped[int]  # thinking time asked for
    proven: Mapped[bool] = mapped_column(default=False)  # no better regular week exists for these costs
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    published_by: Mapped[str | None]
    touched_at: Mapped[datetime | None]  # when a hand last changed a line
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 (two dispatchers publish: the second gets a 409)
    __table_args__ = (
        UniqueConstraint("district_id", "starts", "n"),
        CheckConstraint("extract(isodow from starts) = 1 and ends > starts", name="weeks"),
        CheckConstraint("state <> 'published' or published_at is not null", name="published"),
        *(
            Index(f"uq_rosters_{s}", "district_id", "starts", unique=True, postgresql_where=text(f"state = '{s}'"))
            for s in (PlanState.DRAFTING, PlanState.DRAFT, PlanState.PUBLISHED)
        ),
        {"info": {"district": "district_id"}},
    )


class RosterLine(OfDistrict, Base):
    """One caregiver at one visit of the month. `key` and `rule_day` name the day of the care plan."""

    __tablename__ = "roster_lines"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    roster_id: Mapped[int] = mapped_column(ForeignKey("rosters.id", ondelete="cascade"))
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("service_items.id"))
    key: Mapped[str]
    rule_day: Mapped[date]
    day: Mapped[date]
    rank: Mapped[int]  # 1 leads, 2 helps
    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    regular: Mapped[bool]  # False: stands in for somebody who is away
    known: Mapped[bool]  # to the elder, when the roster was made
    waived: Mapped[list[str]] = mapped_column(default=list)  # names of rules of `dispatch.roster_check`
    moved_by: Mapped[str | None]  # whose hand put it here

    __table_args__ = (
        UniqueConstraint("roster_id", "elder_id", "key", "rule_day", "rank"),
        CheckConstraint("starts_at < ends_at", name="forward"),
        Index("ix_roster_lines_day", "roster_id", "day"),
        SERVED,
    )


class RosterGap(OfDistrict, Base):
    """A visit of the month, or a half of it, that nobody is rostered for: caregiver → rule that stands against her."""

    __tablename__ = "roster_gaps"

    division_code: Mapped[str]
    roster_id: Mapped[int] = mapped_column(ForeignKey("rosters.id", ondelete="cascade"))
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("service_items.id"))
    key: Mapped[str]
    rule_day: Mapped[date]
    day: Mapped[date]
    rank: Mapped[int]
    blocking: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__ = (UniqueConstraint("roster_id", "elder_id", "key", "rule_day", "rank"), AREA)
