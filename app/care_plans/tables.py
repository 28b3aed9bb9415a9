"""Care plans with their lines, the days they mean, pauses, public holidays."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.care_plans.reminder_rules import ReminderState
from app.care_plans.rules import DayKind, DayState, OnHolidays, PauseReason, PlanState, WhyNot
from app.db import Base, OfDistrict, named
from app.orders.rules import Payer
from app.vault import SealedJson

AREA = {"info": {"area": "division_code"}}


class CarePlan(OfDistrict, Base):
    """One version of what an elder is to get (服务计划), and who agreed to it."""

    __tablename__ = "care_plans"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    n: Mapped[int]  # versions of an elder's plan, from 1
    state: Mapped[PlanState] = mapped_column(named(PlanState, "planstate"))
    starts: Mapped[date]
    most_self_pay_cents: Mapped[int]  # a month, of her own money
    signed: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)  # who, how: name, relation, phone, present
    signed_at: Mapped[datetime | None]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    checked_on: Mapped[date | None]  # the day its orders were last made
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    __table_args__ = (
        UniqueConstraint("elder_id", "n"),
        CheckConstraint("most_self_pay_cents >= 0", name="self_pay"),
        CheckConstraint("state not in ('agreed', 'replaced') or signed_at is not null", name="signed"),
        Index("uq_care_plans_draft", "elder_id", unique=True, postgresql_where=text("state = 'draft'")),
        Index("uq_care_plans_agreed", "elder_id", unique=True, postgresql_where=text("state = 'agreed'")),
        Index("ix_care_plans_due", "checked_on", postgresql_where=text("state = 'agreed'")),
        AREA,
    )


class CarePlanLine(OfDistrict, Base):
    """One item, again and again. `key` stays the same from version to version."""

    __tablename__ = "care_plan_lines"

    division_code: Mapped[str]
    plan_id: Mapped[int] = mapped_column(ForeignKey("care_plans.id"), index=True)
    key: Mapped[str]
    item_id: Mapped[int] = mapped_column(ForeignKey("service_items.id"))
    rule: Mapped[str]  # RFC 5545
    starts: Mapped[date]  # DTSTART
    opens: Mapped[time]  # local
    closes: Mapped[time]
    minutes: Mapped[int | None]
    holidays: Mapped[OnHolidays] = mapped_column(named(OnHolidays))
    payer: Mapped[Payer] = mapped_column(named(Payer))
    skipped: Mapped[list[str]] = mapped_column(default=list)  # EXDATE
    moved: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)  # day of the rule: day it is served on

    __table_args__ = (
        UniqueConstraint("plan_id", "key"),
        CheckConstraint("opens <= closes", name="window"),
        CheckConstraint("minutes between 10 and 1440", name="minutes"),
        AREA,
    )


class CarePlanDay(OfDistrict, Base):
    """A day a line means: its order, or why there is none. One row for each line and day of its rule, ever."""

    __tablename__ = "care_plan_days"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("care_plans.id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("care_plan_lines.id"))
    key: Mapped[str]
    rule_day: Mapped[date]
    day: Mapped[date]
    state: Mapped[DayState] = mapped_column(named(DayState))
    why: Mapped[WhyNot | None] = mapped_column(named(WhyNot))
    short_cents: Mapped[int | None]  # of her own money, beyond what she agreed to pay in the month
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))

    __table_args__ = (
        UniqueConstraint("elder_id", "key", "rule_day"),
        CheckConstraint("state <> 'ordered' or order_id is not null", name="ordered"),
        CheckConstraint("(state in ('unserved', 'left_out')) = (why is not null)", name="explained"),
        Index("ix_care_plan_days_day", "district_id", "day"),
        Index("ix_care_plan_days_unserved", "district_id", "day", postgresql_where=text("state = 'unserved'")),
        Index("ix_care_plan_days_order", "order_id"),
        AREA,
    )


class CarePlanPause(OfDistrict, Base):
    """Days on which nobody is to come, whatever the plan says; without a last day until further notice."""

    __tablename__ = "care_plan_pauses"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), index=True)
    first: Mapped[date]
    last: Mapped[date | None]
    reason: Mapped[PauseReason] = mapped_column(named(PauseReason))
    made_by: Mapped[str]
    made_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("last is null or last >= first", name="forward"), AREA)


class SpendReminder(OfDistrict, Base):
    """An allowance that will expire: a call to make, with visits to propose."""

    __tablename__ = "spend_reminders"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    month: Mapped[date]
    on_day: Mapped[int]  # of the month: 10, 20, 25
    state: Mapped[ReminderState] = mapped_column(named(ReminderState))
    free_cents: Mapped[int]
    proposals: Mapped[list[Any]] = mapped_column(JSONB, default=list)  # item, opens, closes, minutes, cents
    made_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("elder_id", "month", "on_day"),
        CheckConstraint("free_cents > 0", name="free"),
        Index("ix_spend_reminders_month", "district_id", "month"),
        AREA,
    )


class CalendarDay(OfDistrict, Base):
    """A public holiday, or a weekend worked in exchange, as the State Council gave notice of it."""

    __tablename__ = "calendar_days"

    day: Mapped[date]
    kind: Mapped[DayKind] = mapped_column(named(DayKind))
    name: Mapped[str]

    __table_args__ = (UniqueConstraint("district_id", "day"), {"info": {"district": "district_id"}})
