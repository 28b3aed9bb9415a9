"""Standing orders of meals and what came of each of their days."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.care_plans.rules import OnHolidays
from app.db import Base, OfDistrict, named
from app.meals.rules import Meal, MealWay
from app.meals.standing_rules import DrawState, StandingState, WhyNone
from app.meals.tables import ELDERS
from app.orders.rules import Payer
from app.vault import Sealed, SealedJson


class StandingMeal(OfDistrict, Base):
    """The same meal again and again (固定订餐), until further notice or a last day."""

    __tablename__ = "standing_meals"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    canteen_id: Mapped[int] = mapped_column(ForeignKey("canteens.id"))
    meal: Mapped[Meal] = mapped_column(named(Meal))
    rule: Mapped[str]  # RFC 5545
    starts: Mapped[date]  # DTSTART
    ends: Mapped[
        date | None
    ]  # the last day; none: until further notice; before its start: it was ended before it began
    holidays: Mapped[OnHolidays] = mapped_column(named(OnHolidays))  # keep or skip: a canteen's day is not moved
    skipped: Mapped[list[str]] = mapped_column(default=list)  # EXDATE
    way: Mapped[MealWay] = mapped_column(named(MealWay))
    prefers: Mapped[str | None]  # a dish of this name, where it is on the menu and suits her
    payer: Mapped[Payer] = mapped_column(named(Payer))
    most_self_pay_cents: Mapped[int]  # of one meal
    agent: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)  # who ordered for her
    note: Mapped[str | None] = mapped_column(Sealed)
    state: Mapped[StandingState] = mapped_column(named(StandingState))
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]  # when the clock last looked

    __table_args__ = (
        CheckConstraint("most_self_pay_cents >= 0", name="not_negative"),
        CheckConstraint("holidays in ('keep', 'skip')", name="not_moved"),
        Index(
            "uq_standing_meals_active", "elder_id", "canteen_id", "meal", unique=True,
            postgresql_where=text("state = 'active'"),
        ),
        Index("ix_standing_meals_due", "checked_at", postgresql_where=text("state = 'active'")),
        ELDERS,
    )  # fmt: skip


class StandingDraw(OfDistrict, Base):
    """A day of a standing order: the meal that was ordered for it, or why there is none. One row a day, ever."""

    __tablename__ = "standing_draws"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    standing_id: Mapped[int] = mapped_column(ForeignKey("standing_meals.id"))
    day: Mapped[date]
    state: Mapped[DrawState] = mapped_column(named(DrawState))
    why: Mapped[WhyNone | None] = mapped_column(named(WhyNone))
    short_cents: Mapped[int | None]  # beyond what she agreed to pay for one meal
    cut_off: Mapped[datetime]
    portion_id: Mapped[int | None] = mapped_column(ForeignKey("portions.id"))
    at: Mapped[datetime]
    told_at: Mapped[datetime | None]  # when she, or who is called first for her, was sent word
    settled_by: Mapped[str | None]
    settled_note: Mapped[str | None] = mapped_column(Sealed)

    __table_args__ = (
        UniqueConstraint("standing_id", "day"),
        CheckConstraint("state <> 'ordered' or portion_id is not null", name="ordered"),
        CheckConstraint("(state = 'ordered') = (why is null)", name="explained"),
        CheckConstraint("(state = 'settled') = (settled_by is not null)", name="settled"),
        Index("ix_standing_draws_day", "district_id", "day"),
        Index("ix_standing_draws_failed", "district_id", "day", postgresql_where=text("state = 'failed'")),
        ELDERS,
    )
