"""Looking at plans over HTTP: why these caregivers, two versions side by side, plan against the day, hours to offer."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.access.api import Desk, Hotline, Lead, Planner
from app.db import transaction
from app.planning import actual as actuals
from app.planning import comparing, marks
from app.planning import slots as offers
from app.planning import why as reasons
from app.planning.actual import ActualOut
from app.planning.comparing import Compared, Versions
from app.planning.slots import Slots
from app.planning.why import WhyOut

router = APIRouter(prefix="/api", tags=["plan_views"])
Id = Annotated[int, Query(ge=1, le=2**53)]


class SlotsIn(BaseModel):
    """What is wished for on which day; minutes are the item's own unless given."""

    item: str = Field(max_length=40)
    day: date
    minutes: int | None = Field(None, ge=10, le=1440)


class MarkIn(BaseModel):
    """Minutes after the promise up to which somebody is on time, from a day on; `note` is the source."""

    minutes: int = Field(ge=1, le=120)
    starts: date
    note: str = Field(min_length=2, max_length=200)


class MarkOut(MarkIn):
    """And who set it."""

    id: int
    by: str
    at: datetime


class Marks(BaseModel):
    """All versions, the newest first; `usual` holds before the first."""

    usual: int
    items: list[MarkOut]


def _marks(session: Session, district_id: int) -> Marks:
    rows = marks.marks(session, district_id)
    return Marks(usual=marks.USUAL, items=[MarkOut.model_validate(row, from_attributes=True) for row in rows])


@router.get("/on-time-marks")
def on_time_marks(me: Planner) -> Marks:
    """What this district calls on time."""
    with transaction(me.scope) as session:
        return _marks(session, me.district_id)


@router.post("/on-time-marks", status_code=201)
def set_on_time_mark(said: MarkIn, me: Lead) -> Marks:
    """Days to come are judged by another mark; days that are over keep theirs."""
    with transaction(me.scope) as session:
        marks.set_mark(session, me.district_id, **said.model_dump(), by=me.by, now=datetime.now(UTC))
        return _marks(session, me.district_id)


@router.get("/visits/{visit_id}/why")
def why(visit_id: int, me: Desk) -> WhyOut:
    """Why these caregivers come to this visit, and what the next best would mean."""
    with transaction(me.scope) as session:
        return reasons.why(session, visit_id)


@router.get("/board/{day}/versions")
def versions(day: date, me: Planner) -> Versions:
    """The versions of a day's plan, newest first."""
    with transaction(me.scope) as session:
        return Versions(items=comparing.versions(session, me.district_id, day))


@router.get("/board/{day}/compare")
def compare(day: date, me: Planner, before: Id | None = None, after: Id | None = None) -> Compared:
    """Two versions of a day's plan side by side: those named, or the newest against the published one."""
    with transaction(me.scope) as session:
        return comparing.compare(session, me.district_id, day, before, after)


@router.get("/board/{day}/actual")
def actual(day: date, me: Planner, against: Id | None = None) -> ActualOut:
    """What was promised for a day, against what really happened."""
    with transaction(me.scope) as session:
        return actuals.actual(session, me.district_id, day, against)


@router.post("/elders/{elder_id}/slots")
def slots(elder_id: int, wish: SlotsIn, me: Hotline) -> Slots:
    """Hours of a day that can be offered to an elder on the telephone, cheapest for the plan first."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        return offers.slots(session, elder_id, wish.item, wish.day, minutes=wish.minutes, now=now)
