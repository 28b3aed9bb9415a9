"""The mark of being on time: what a district set, from which day on, and what holds on a day."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.errors import Conflict
from app.history import record
from app.planning.mark_tables import OnTimeMark

USUAL: Final = 15  # minutes: the yardstick of published home-care figures, where a district has set none


class MarkInThePast(Conflict):
    """Days that are over keep the mark they were judged by."""


def mark(session: Session, district_id: int, day: date) -> int:
    """Minutes after the promise up to which somebody is on time on a day."""
    newest = (
        select(OnTimeMark.minutes)
        .where(OnTimeMark.district_id == district_id, OnTimeMark.starts <= day)
        .order_by(OnTimeMark.starts.desc(), OnTimeMark.id.desc())
        .limit(1)
    )
    return session.scalar(newest) or USUAL


def marks(session: Session, district_id: int) -> Sequence[OnTimeMark]:
    """All versions, the newest first."""
    query = select(OnTimeMark).where(OnTimeMark.district_id == district_id)
    return session.scalars(query.order_by(OnTimeMark.starts.desc(), OnTimeMark.id.desc())).all()


def set_mark(
    session: Session, district_id: int, *, minutes: int, starts: date, note: str, by: str, now: datetime
) -> OnTimeMark:
    """A new mark from today or later; raises MarkInThePast."""
    if starts < calendar.day_of(now):
        raise MarkInThePast("Choose today or a later day.", starts=str(starts))
    row = OnTimeMark(district_id=district_id, minutes=minutes, starts=starts, note=note, by=by, at=now)
    session.add(row)
    record(session, row, "set", None, None, by=by, now=now, minutes=minutes, starts=str(starts))
    return row
