"""The list of calls about unspent allowances: what to propose, booked with one key."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import select

from app import calendar
from app.access.api import Hotline
from app.care_plans import reminding
from app.care_plans.reminder_rules import WAITING, ReminderState
from app.care_plans.tables import SpendReminder
from app.catalogue.rules import AidCategory
from app.db import transaction
from app.people.rules import AbilityLevel
from app.people.tables import Elder

router = APIRouter(prefix="/api/reminders", tags=["reminders"])
LONGEST = 200


class Proposal(BaseModel):
    """A visit like those she had, which her allowance pays."""

    item: str
    zh: str
    en: str
    aid: AidCategory
    opens: datetime
    closes: datetime
    minutes: int
    allowance_cents: int
    self_pay_cents: int


class ReminderOut(BaseModel):
    """Somebody to call: what is free, and what to propose."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    elder_id: int
    elder_name: str = ""
    level: AbilityLevel = AbilityLevel.INTACT
    month: date
    on_day: int
    state: ReminderState
    free_cents: int
    proposals: list[Proposal]
    made_at: datetime


class Reminders(BaseModel):
    """Calls to make, the largest sums first, those nobody answered last; how many are done this month."""

    items: list[ReminderOut]
    done: int


class BookIn(BaseModel):
    """Which proposals she wants, by their place."""

    picks: list[Annotated[int, Field(ge=0, le=20)]] = Field(min_length=1, max_length=10)


class Because(BaseModel):
    """Why."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


@router.get("")
def reminders(me: Hotline) -> Reminders:
    """Who should be called this month."""
    month = calendar.month_of(datetime.now(UTC))
    with transaction(me.scope) as session:
        rows = session.execute(
            select(SpendReminder, Elder.name, Elder.level)
            .join(Elder, Elder.id == SpendReminder.elder_id)
            .where(SpendReminder.month == month)
            .order_by(SpendReminder.state == ReminderState.UNREACHED, SpendReminder.free_cents.desc(), SpendReminder.id)
        ).all()
    waiting = [
        ReminderOut.model_validate(row).model_copy(update={"elder_name": name, "level": level})
        for row, name, level in rows
        if row.state in WAITING
    ]
    done = sum(row.state in (ReminderState.BOOKED, ReminderState.DECLINED) for row, _, _ in rows)
    return Reminders(items=waiting[:LONGEST], done=done)


@router.post("/{reminder_id}/book")
def book(reminder_id: int, wish: BookIn, me: Hotline) -> Reminders:
    """Order what she wants of it; 409 when the money is no longer there."""
    with transaction(me.scope) as session:
        reminding.book(session, reminder_id, wish.picks, by=me.by, now=datetime.now(UTC))
    return reminders(me)


@router.post("/{reminder_id}/decline")
def decline(reminder_id: int, why: Because, me: Hotline) -> Reminders:
    """She does not want any."""
    with transaction(me.scope) as session:
        reminding.decline(session, reminder_id, by=me.by, now=datetime.now(UTC), reason=why.reason)
    return reminders(me)


@router.post("/{reminder_id}/miss")
def miss(reminder_id: int, me: Hotline) -> Reminders:
    """Nobody answered."""
    with transaction(me.scope) as session:
        reminding.miss(session, reminder_id, by=me.by, now=datetime.now(UTC))
    return reminders(me)
