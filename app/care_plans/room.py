"""Whether somebody with the skills has time: a half day's working minutes against what is booked in it."""

from collections.abc import Collection
from datetime import datetime, time
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.orders.quotes import Wish
from app.orders.rules import VISIT_ENDED
from app.orders.tables import Visit
from app.people.tables import Absence, Caregiver, Certificate, Shift

NOON: Final = time(12, 30)
WAY_MINUTES: Final = 15  # from door to door
FULL_PERCENT: Final = 85  # of the working minutes: the rest is for what goes wrong


def there_is(
    session: Session, district_id: int, wish: Wish, needs: Collection[str], minutes: int, *, now: datetime
) -> bool:
    """Room for so many caregiver-minutes in the half day a wish opens in; every skill must have it."""
    opens = calendar.local(wish.opens)
    morning = opens.time() < NOON
    return all(
        _booked(session, district_id, opens, need, morning=morning) + minutes + WAY_MINUTES
        <= _supply(session, district_id, opens, need, morning=morning) * FULL_PERCENT // 100
        for need in needs
    )


def _supply(session: Session, district_id: int, at: datetime, skill: str, *, morning: bool) -> int:
    """Working minutes of everybody with a skill."""
    day = at.date()
    away = select(Absence.id).where(Absence.caregiver_id == Caregiver.id, Absence.first <= day, Absence.last >= day)
    rows = session.execute(
        select(Shift.starts, Shift.ends)
        .join(Caregiver, Caregiver.id == Shift.caregiver_id)
        .join(Certificate, Certificate.caregiver_id == Caregiver.id)
        .where(Caregiver.district_id == district_id, Caregiver.ended_at.is_(None), Shift.weekday == at.weekday())
        .where(Certificate.skill == skill, Certificate.expires.is_(None) | (Certificate.expires >= day), ~away.exists())
    )
    return sum(
        _minutes(starts, min(ends, NOON)) if morning else _minutes(max(starts, NOON), ends) for starts, ends in rows
    )


def _booked(session: Session, district_id: int, at: datetime, skill: str, *, morning: bool) -> int:
    """Caregiver-minutes with their ways of the visits that need a skill."""
    first, last = calendar.day_bounds(at.date())
    noon = calendar.at(at.date(), NOON)
    rows = session.execute(
        select(Visit.minutes, Visit.caregivers_needed).where(
            Visit.district_id == district_id,
            Visit.state.not_in(VISIT_ENDED),
            Visit.needs.contains([skill]),
            Visit.opens >= (first if morning else noon),
            Visit.opens < (noon if morning else last),
        )
    )
    return sum((minutes + WAY_MINUTES) * caregivers for minutes, caregivers in rows)


def _minutes(starts: time, ends: time) -> int:
    return max(0, (ends.hour - starts.hour) * 60 + ends.minute - starts.minute)
