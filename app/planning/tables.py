"""Plans, their lines and reasons, the moves made by hand, and who attends which visit."""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, column, func, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.planning.rules import ACTIVE, AttendanceState, PlanState

AREA: Final = {"info": {"area": "division_code"}}
SERVED: Final = {"info": {"area": "division_code", "provider": "provider_id"}}
_ACTIVE: Final = ", ".join(f"'{state}'" for state in sorted(ACTIVE))


class Plan(OfDistrict, Base):
    """One version of the plan of one district and one local day."""

    __tablename__ = "plans"

    day: Mapped[date]
    version: Mapped[int]
    state: Mapped[PlanState] = mapped_column(named(PlanState))
    seed: Mapped[int]
    seconds: Mapped[int]  # thinking time asked for
    engine: Mapped[str] = mapped_column(default="")
    iterations: Mapped[int] = mapped_column(default=0)
    cost: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict)  # by name, as `dispatch.Plan.cost`
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column()  # grows with every change of the plan or of its lines

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 (two dispatchers publish: the second gets a 409)
    __table_args__ = (
        UniqueConstraint("district_id", "day", "version"),
        *(
            Index(
                f"uq_plans_one_{state}", "district_id", "day", unique=True, postgresql_where=text(f"state = '{state}'")
            )
            for state in (PlanState.DRAFTING, PlanState.DRAFT, PlanState.PUBLISHED)
        ),
    )


class PlanLine(OfDistrict, Base):
    """One caregiver at one visit, as a plan has it; after publishing, what was promised."""

    __tablename__ = "plan_lines"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id", ondelete="cascade"), index=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"))
    rank: Mapped[int]  # 1 leads, 2 helps
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("plan_id", "visit_id", "rank"),
        CheckConstraint("starts_at < ends_at", name="forward"),
        ExcludeConstraint(
            (column("plan_id"), "="),
            (column("caregiver_id"), "="),
            (func.tstzrange(column("starts_at"), column("ends_at")), "&&"),
            name="ex_plan_lines_overlap",
        ),
        SERVED,
    )


class PlanReason(OfDistrict, Base):
    """Why a visit is not in a plan, or why these caregivers: the data, and both sentences."""

    __tablename__ = "plan_reasons"

    division_code: Mapped[str]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id", ondelete="cascade"), index=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"))
    kind: Mapped[str]  # impossible, sacrificed, changed_meanwhile, too_late; served
    blocking: Mapped[dict[str, Any]] = mapped_column(default=dict)  # caregiver id → rule
    remedy: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sentence: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)  # zh-CN, en
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")  # of a served visit

    __table_args__ = (UniqueConstraint("plan_id", "visit_id"), AREA)


class Pin(OfDistrict, Base):
    """A move made by hand: later drafts keep it, and the rules it breaks are on record with whoever broke them."""

    __tablename__ = "pins"

    division_code: Mapped[str]
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"))
    caregiver_ids: Mapped[list[int]] = mapped_column(JSONB)
    starts_at: Mapped[datetime]
    waived: Mapped[list[str]]  # names of rules of `dispatch.check`
    by: Mapped[str]
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_pins_one_open", "visit_id", unique=True, postgresql_where=text("ended_at is null")),
        AREA,
    )


class Attendance(OfDistrict, Base):
    """One caregiver at one visit of a published plan (到访记录). Times of the door are what the phone reported."""

    __tablename__ = "attendances"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"), index=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"))
    plan_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("plans.id"))
    rank: Mapped[int] = mapped_column(default=1)
    state: Mapped[AttendanceState] = mapped_column(named(AttendanceState), default=AttendanceState.ASSIGNED)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    urgent: Mapped[bool] = mapped_column(default=False)  # an alarm's response: goes at once, whatever was planned
    arrived_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    reason: Mapped[str | None]  # of declining, withdrawing, turning back
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="forward"),
        Index("ix_attendances_day_of", "caregiver_id", "starts_at"),
        Index("ix_attendances_starts", "district_id", "starts_at"),
        Index(
            "uq_attendances_active",
            "visit_id",
            "caregiver_id",
            unique=True,
            postgresql_where=text(f"state in ({_ACTIVE})"),
        ),
        # `urgent` beside: nobody attends two visits at once, nor two alarms; an alarm may interrupt a visit, on record.
        ExcludeConstraint(
            (column("caregiver_id"), "="),
            (column("urgent"), "="),
            (func.tstzrange(column("starts_at"), column("ends_at")), "&&"),
            where=text(f"state in ({_ACTIVE})"),
            deferrable=True,  # two caregivers may trade places in one transaction
            name="ex_attendances_overlap",
        ),
        SERVED,
    )
