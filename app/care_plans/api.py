"""Care plans over HTTP: look, preview, draft, agree, pause; what could not be ordered; public holidays."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from app import calendar
from app.access.api import Hotline, Reader, allowed
from app.access.queries import Caller
from app.access.rules import HOTLINE, KEEPERS, READERS, Role
from app.care_plans import actions, previewing, queries
from app.care_plans.shapes import (
    AgreeIn,
    Because,
    CarePlans,
    Day,
    DraftIn,
    PauseIn,
    PlanIn,
    PreviewOut,
    ResumeIn,
    SpecialDay,
    SpecialDayIn,
    SpecialDays,
    UnservedDay,
    UnservedDays,
    terms_of,
)
from app.db import transaction
from app.errors import NotFound
from app.people import queries as people
from app.vault import mask_name

of_elder = APIRouter(prefix="/api/elders/{elder_id}/care-plan", tags=["care plans"])
router = APIRouter(prefix="/api/care-plans", tags=["care plans"])
Keeper = Annotated[Caller, allowed(KEEPERS)]
Looker = Annotated[Caller, allowed(READERS | KEEPERS)]
BEHIND, AHEAD = timedelta(days=7), timedelta(weeks=previewing.WEEKS)


@of_elder.get("")
def care_plans(elder_id: int, me: Reader, first: Day | None = None) -> CarePlans:
    """The plan in force, the draft, pauses, every version, and what came of the days from `first` (last week) on."""
    today = calendar.day_of(datetime.now(UTC))
    first = first or today - BEHIND
    with transaction(me.scope) as session:
        people.get(session, elder_id)
        return CarePlans.of(session, elder_id, me, today=today, first=first, last=first + BEHIND + AHEAD)


@of_elder.post("/preview")
def preview(elder_id: int, plan: PlanIn, me: Hotline) -> PreviewOut:
    """Eight weeks of a plan before it is saved, with the money of each month."""
    with transaction(me.scope) as session:
        elder = people.get(session, elder_id)
        lines = actions.lines(session, elder, terms_of(plan.lines))
        found = previewing.preview(
            session, elder, lines, starts=plan.starts, most_self_pay_cents=plan.most_self_pay_cents,
            now=datetime.now(UTC),
        )  # fmt: skip
    return PreviewOut.of(found)


@of_elder.put("/draft")
def draft(elder_id: int, plan: DraftIn, me: Hotline) -> CarePlans:
    """Keep the draft; nothing is ordered."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.draft(
            session, elder_id, terms_of(plan.lines), starts=plan.starts, most_self_pay_cents=plan.most_self_pay_cents,
            seen=plan.version, by=me.by, now=now,
        )  # fmt: skip
        return _shown(session, elder_id, me, now)


@of_elder.delete("/draft")
def discard(elder_id: int, me: Hotline) -> CarePlans:
    """Give the draft up."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.discard(session, elder_id, by=me.by, now=now)
        return _shown(session, elder_id, me, now)


@of_elder.post("/agree")
def agree(elder_id: int, signed: AgreeIn, me: Hotline) -> CarePlans:
    """The elder, or whoever acts for her, signs the draft; its orders are made."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        said = signed.model_dump(mode="json", exclude={"version"})
        actions.agree(session, elder_id, said, seen=signed.version, by=me.by, now=now)
        return _shown(session, elder_id, me, now)


@of_elder.post("/end")
def end(elder_id: int, why: Because, me: Hotline) -> CarePlans:
    """The plan is over; its orders to come are taken back."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.end(session, elder_id, by=me.by, now=now, reason=why.reason)
        return _shown(session, elder_id, me, now)


@of_elder.post("/pauses", status_code=201)
def pause(elder_id: int, wish: PauseIn, me: Hotline) -> CarePlans:
    """In hospital, away: nobody comes on these days."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.pause(session, elder_id, wish.first, wish.last, wish.reason, by=me.by, now=now)
        return _shown(session, elder_id, me, now)


@of_elder.post("/pauses/{pause_id}/resume")
def resume(elder_id: int, pause_id: int, wish: ResumeIn, me: Hotline) -> CarePlans:
    """She is back: what the plan means after the pause is ordered again."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.resume(session, elder_id, pause_id, wish.last, by=me.by, now=now)
        return _shown(session, elder_id, me, now)


@router.get("/unserved")
def unserved(me: Reader) -> UnservedDays:
    """Days to come that could not be ordered, and why."""
    with transaction(me.scope) as session:
        rows = queries.unserved(session, today=calendar.day_of(datetime.now(UTC)))
    clear = me.role in HOTLINE | {Role.DISPATCHER}
    items = [UnservedDay.model_validate(row) for row in rows]
    return UnservedDays(
        items=items if clear else [row.model_copy(update={"elder_name": mask_name(row.elder_name)}) for row in items]
    )


@router.get("/special-days")
def special_days(me: Looker, year: Annotated[int | None, Query(ge=2000, le=2099)] = None) -> SpecialDays:
    """Public holidays and weekends worked, of a year (this one)."""
    year = year or calendar.day_of(datetime.now(UTC)).year
    with transaction(me.scope) as session:
        rows = queries.special_days(session, me.district_id, date(year, 1, 1), date(year, 12, 31))
    return SpecialDays(items=[SpecialDay.model_validate(row) for row in rows])


@router.put("/special-days/{day}")
def set_special_day(day: Day, wish: SpecialDayIn, me: Keeper) -> SpecialDays:
    """As the State Council gives notice; plans follow within the night."""
    if not f"{me.district_id:06d}".startswith(me.area):
        raise NotFound("The calendar belongs to the whole district; your area is a part of it.")
    with transaction(me.scope) as session:
        actions.set_day(session, me.district_id, day, wish.kind, wish.name, by=me.by, now=datetime.now(UTC))
        session.flush()
        rows = queries.special_days(session, me.district_id, date(day.year, 1, 1), date(day.year, 12, 31))
    return SpecialDays(items=[SpecialDay.model_validate(row) for row in rows])


def _shown(session: Session, elder_id: int, me: Caller, now: datetime) -> CarePlans:
    session.flush()
    today = calendar.day_of(now)
    return CarePlans.of(session, elder_id, me, today=today, first=today - BEHIND, last=today + AHEAD)
