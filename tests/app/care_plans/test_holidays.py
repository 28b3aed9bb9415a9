"""A new installation knows the year's public holidays before it makes its first order."""

from datetime import UTC, datetime

from sqlalchemy import Engine, select

from app import calendar, clock
from app.care_plans.rules import DayKind
from app.care_plans.tables import CalendarDay
from app.db import transaction


def test_the_clock_brings_the_holidays_and_keeps_what_somebody_changed(database: Engine) -> None:
    clock.plan_ahead()
    year = calendar.day_of(datetime.now(UTC)).year
    with transaction() as session:
        days = list(session.scalars(select(CalendarDay).order_by(CalendarDay.day)))
        assert {day.day.year for day in days} >= {year, year + 1}
        assert (days[0].day.month, days[0].day.day, days[0].kind) == (1, 1, DayKind.HOLIDAY)
        session.delete(days[0])
    clock.plan_ahead()
    with transaction() as session:
        assert len(list(session.scalars(select(CalendarDay)))) == len(days) - 1
