"""The door of the elders' screens: find, glance, visits, month, and one field in the clear with a reason."""

import base64
import json
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from app import calendar
from app.access.api import Desk, Reader, allowed
from app.access.queries import Caller
from app.access.rules import READERS, Role
from app.db import transaction
from app.desk import elder_care
from app.desk.elder_shapes import Elder, ElderRow, Elders, Month, Unmasked, UnmaskIn, Visits
from app.errors import Unreadable
from app.people import queries as people
from app.people.rules import AbilityLevel

router = APIRouter(prefix="/api/elders", tags=["elders"])
PAGE = 30
Finder = Annotated[Caller, allowed(READERS | {Role.ASSESSOR})]  # an assessor must find whom to assess


@router.get("")
def elders(
    me: Finder,
    q: Annotated[str, Query(max_length=60, description="name, pinyin, initials, phone, ID or last four, place")] = "",
    level: AbilityLevel | None = None,
    division: Annotated[str, Query(pattern=r"^\d{0,12}$", description="code or its beginning")] = "",
    cursor: str | None = None,
) -> Elders:
    """Find elders the way callers say who they are; several words narrow it down."""
    today = calendar.day_of(datetime.now(UTC))
    with transaction(me.scope) as session:
        rows = people.search(session, q, level=level, division=division, after=_after(cursor), limit=PAGE)
    more = _cursor(rows[-1]) if len(rows) == PAGE else None
    return Elders(items=[ElderRow.of(row, me.role, today=today) for row in rows], next=more)


@router.get("/{elder_id}")
def elder(elder_id: int, me: Reader) -> Elder:
    """Who this is at a glance: health, home, contacts in order, care team, allowance, devices, who is there."""
    with transaction(me.scope) as session:
        return elder_care.glance(session, elder_id, me, now=datetime.now(UTC))


@router.get("/{elder_id}/visits")
def visits(elder_id: int, me: Reader, cursor: datetime | None = None) -> Visits:
    """Past and coming visits, latest first."""
    with transaction(me.scope) as session:
        found = elder_care.visits(session, elder_id, me, before=cursor, limit=PAGE)
    return Visits(items=found, next=found[-1].opens.isoformat() if len(found) == PAGE else None)


@router.get("/{elder_id}/month")
def month(
    elder_id: int,
    me: Reader,
    month: Annotated[
        str | None, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="YYYY-MM; now if absent")
    ] = None,
) -> Month:
    """Every cent of a month: granted, reserved, captured, released, expired, with the visit behind it."""
    first = date.fromisoformat(f"{month}-01") if month else calendar.month_of(datetime.now(UTC))
    with transaction(me.scope) as session:
        return elder_care.month_of(session, elder_id, first)


@router.post("/{elder_id}/unmask")
def unmask(elder_id: int, wish: UnmaskIn, me: Desk) -> Unmasked:
    """Show one masked field. Who, what, when, from where and why are kept."""
    with transaction(me.scope) as session:
        return Unmasked(value=elder_care.unmask(session, elder_id, wish, me, now=datetime.now(UTC)))


def _cursor(row: people.ElderRow) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.spelled, row.id]).encode()).decode()


def _after(cursor: str | None) -> tuple[str, int] | None:
    if cursor is None:
        return None
    try:
        spelled, number = json.loads(base64.urlsafe_b64decode(cursor))
        return str(spelled), int(number)
    except (ValueError, TypeError):
        raise Unreadable("This cursor is not one of ours.") from None
