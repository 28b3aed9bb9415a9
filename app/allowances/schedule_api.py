"""The day of the month on which the clock drafts each allowance's batch, over HTTP."""

from datetime import UTC, date, datetime
from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from app import calendar
from app.access.api import Bureau, Now
from app.access.queries import Caller
from app.allowances import scheduling
from app.allowances.rules import AllowanceKind, check_whole_district
from app.allowances.scheduling import Turn
from app.db import transaction

router = APIRouter(prefix="/api/allowances/schedule", tags=["allowances"])


class PayoutDayIn(BaseModel):
    """From a month on; without a day the batch is drafted by hand only."""

    kind: AllowanceKind
    starts: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
    day: int | None = Field(ge=1, le=28)
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class PayoutDayOut(PayoutDayIn):
    """A version on record."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    by: str
    at: datetime


class PayoutTurn(BaseModel):
    """What the clock drafts next; `late` where its day has passed, `behind` the batch that must be issued before."""

    kind: AllowanceKind
    month: date
    due: date
    late: bool
    behind: date | None

    @classmethod
    def of(cls, turn: Turn, today: date) -> Self:
        """As the page shows it."""
        return cls(kind=turn.kind, month=turn.month, due=turn.due, late=turn.due < today, behind=turn.behind)


class PayoutSchedules(BaseModel):
    """Versions, what holds last first for each allowance, and what comes next of each."""

    versions: list[PayoutDayOut]
    next: list[PayoutTurn]


@router.get("")
def schedule(me: Bureau) -> PayoutSchedules:
    """The days, and what waits."""
    with transaction(me.scope) as session:
        return _all(session, me, now=datetime.now(UTC))


@router.post("", status_code=201)
def settle_day(wish: PayoutDayIn, me: Bureau, now: Now) -> PayoutSchedules:
    """A new day from a month on."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        scheduling.settle_day(
            session, me.district_id, wish.kind, wish.starts, wish.day, note=wish.note, by=me.by, now=now
        )
        return _all(session, me, now=now)


def _all(session: Session, me: Caller, *, now: datetime) -> PayoutSchedules:
    session.flush()
    today = calendar.day_of(now)
    turns = [scheduling.next_turn(session, me.district_id, kind, today=today) for kind in AllowanceKind]
    return PayoutSchedules(
        versions=[PayoutDayOut.model_validate(row) for row in scheduling.versions(session, me.district_id)],
        next=[PayoutTurn.of(turn, today) for turn in turns if turn is not None],
    )
