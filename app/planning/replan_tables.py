"""Proposed changes of a running day, kept with what they were computed on and what became of them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.planning.replan_rules import ChangeState


class PlanChange(OfDistrict, Base):
    """What a re-planning would do to the day, to be accepted or refused as one thing. Holds numbers and no names."""

    __tablename__ = "plan_changes"

    day: Mapped[date]
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plans.id"))  # none: no plan was published
    plan_version: Mapped[int]
    plan_revision: Mapped[int]
    alarm_id: Mapped[int | None] = mapped_column(BigInteger)  # the alarm a responder would be sent to
    state: Mapped[ChangeState] = mapped_column(named(ChangeState), default=ChangeState.PROPOSED)
    events: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)  # replan_rules.Happened
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)  # replan_rules.Changed
    cost_before: Mapped[dict[str, int]] = mapped_column(JSONB)  # of what lies ahead, by name, as `dispatch.Plan.cost`
    cost_after: Mapped[dict[str, int]] = mapped_column(JSONB)
    seed: Mapped[int]
    iterations: Mapped[int]
    milliseconds: Mapped[int]
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str]
    expires_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    reason: Mapped[str | None]  # of refusing
    revision: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 (two dispatchers decide: the second gets a 409)
    __table_args__ = (
        CheckConstraint("(state = 'proposed') = (decided_at is null)", name="decided"),
        CheckConstraint("state <> 'refused' or reason is not null", name="refused_for_a_reason"),
        Index("ix_plan_changes_day", "district_id", "day", "id"),
        Index("ix_plan_changes_due", "expires_at", postgresql_where=text("state = 'proposed'")),
        {"info": {"district": "district_id"}},
    )
