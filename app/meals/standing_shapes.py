"""The JSON shapes of standing orders of meals and their days."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, StringConstraints

from app.access.queries import Caller
from app.access.rules import Role
from app.care_plans.recurring import LONGEST
from app.care_plans.rules import OnHolidays
from app.meals.menu_shapes import Cents, Day, Note, Number, Reason, Word
from app.meals.rules import Meal, MealWay
from app.meals.standing import Day as Meant
from app.meals.standing import StandingWish
from app.meals.standing_queries import DrawRow, StandingRow
from app.meals.standing_rules import (
    DrawState,
    StandingEvent,
    StandingState,
    WhyNone,
    standing_possible,
)
from app.meals.standing_tables import StandingDraw
from app.orders.rules import Payer
from app.orders.shapes import Agent
from app.vault import mask_name


class StandingIn(BaseModel):
    """What she wants again and again; `most_self_pay_cents` of one meal, `rule` after RFC 5545."""

    rule: Annotated[str, StringConstraints(min_length=6, max_length=LONGEST)]
    starts: Day
    ends: Day | None = None
    holidays: Literal[OnHolidays.KEEP, OnHolidays.SKIP] = OnHolidays.SKIP
    way: MealWay
    prefers: Word | None = None
    payer: Payer = Payer.ENTITLEMENT
    most_self_pay_cents: Cents
    agent: Agent | None = None
    note: Note | None = None

    def value(self) -> StandingWish:
        """As the use case takes it."""
        said = {name: getattr(self, name) for name in StandingIn.model_fields if name != "agent"}
        return StandingWish(**said, agent=self.agent.model_dump() if self.agent else None)


class NewStandingIn(StandingIn):
    """For whom, where, and which meal of the day."""

    elder_id: Number
    canteen_id: Number
    meal: Meal


class SkipIn(BaseModel):
    """A day without her meal; `without` false takes that back."""

    day: Day
    without: bool = True


class EndIn(BaseModel):
    """Her last day, and why."""

    last: Day
    reason: Reason


class SettleDrawIn(BaseModel):
    """What was arranged with her instead."""

    note: Reason


class StandingDay(BaseModel):
    """A day to come as it stands now: meant, ordered, or without a meal and why."""

    day: date
    cut_off: datetime
    state: DrawState | None
    why: WhyNone | None


class StandingOut(BaseModel):
    """A standing order; the bureau sees neither names nor notes. `days` only where one is looked at."""

    id: int
    elder_id: int
    elder_name: str
    estate: str
    canteen_id: int
    canteen: str
    meal: Meal
    rule: str
    starts: date
    ends: date | None
    holidays: OnHolidays
    skipped: list[date]
    way: MealWay
    prefers: str | None
    payer: Payer
    most_self_pay_cents: int
    agent: Agent | None
    note: str | None
    state: StandingState
    possible: list[StandingEvent]
    made_by: str
    made_at: datetime
    days: list[StandingDay]

    @classmethod
    def of(cls, row: StandingRow, me: Caller, days: Sequence[Meant] = (), drawn: Sequence[StandingDraw] = ()) -> Self:
        """As this caller may see it."""
        s, outside, known = row.standing, me.role is Role.SUPERVISOR, {one.day: one for one in drawn}
        same = {
            name: getattr(s, name)
            for name in ("id", "elder_id", "canteen_id", "meal", "rule", "starts", "ends", "holidays", "way", "prefers",
                         "payer", "most_self_pay_cents", "state", "made_by", "made_at")
        }  # fmt: skip
        return cls(
            **same, elder_name=mask_name(row.elder.name) if outside else row.elder.name, estate=row.home.estate,
            canteen=row.canteen, skipped=[date.fromisoformat(day) for day in s.skipped],
            agent=None if outside or s.agent is None else Agent(**s.agent), note=None if outside else s.note,
            possible=[] if outside else standing_possible(s.state),
            days=[
                StandingDay(
                    day=one.day, cut_off=one.cut_off, state=known[one.day].state if one.day in known else None,
                    why=known[one.day].why if one.day in known else one.why,
                )
                for one in days
            ],
        )  # fmt: skip


class StandingMeals(BaseModel):
    """At most 500 by name, and how many hold in all."""

    items: list[StandingOut]
    total: int


class DrawOut(BaseModel):
    """A day of a standing order without a meal: why, and whether she knows."""

    id: int
    standing_id: int
    elder_id: int
    elder_name: str
    canteen: str
    day: date
    meal: Meal
    state: DrawState
    why: WhyNone | None
    short_cents: int | None
    cut_off: datetime
    told_at: datetime | None
    settled_by: str | None
    settled_note: str | None
    can_settle: bool

    @classmethod
    def of(cls, row: DrawRow, me: Caller) -> Self:
        """As this caller may see it."""
        one, outside = row.draw, me.role is Role.SUPERVISOR
        return cls(
            id=one.id, standing_id=one.standing_id, elder_id=one.elder_id, canteen=row.canteen, day=one.day,
            elder_name=mask_name(row.elder.name) if outside else row.elder.name, meal=row.standing.meal,
            state=one.state, why=one.why, short_cents=one.short_cents, cut_off=one.cut_off, told_at=one.told_at,
            settled_by=one.settled_by, settled_note=None if outside else one.settled_note,
            can_settle=not outside and one.state is DrawState.FAILED,
        )  # fmt: skip


class Draws(BaseModel):
    """What somebody must look at first, then what was left out."""

    items: list[DrawOut]
