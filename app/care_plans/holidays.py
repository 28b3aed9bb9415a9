"""Public holidays of mainland China and the weekends worked in exchange, as rows a district may change."""

from collections.abc import Iterator
from datetime import date, datetime

import holidays
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.tables import District
from app.care_plans import queries
from app.care_plans.rules import DayKind
from app.care_plans.tables import CalendarDay


def of_year(year: int) -> Iterator[tuple[date, DayKind, str]]:
    """What the State Council has given notice of, as far as this release knows; before it, the days by law alone."""
    found = holidays.country_holidays("CN", years=year, language="zh_CN")
    yield from ((day, DayKind.HOLIDAY, name) for day, name in sorted(found.items()) if day.year == year)
    worked = getattr(found, "weekend_workdays", ())
    yield from ((day, DayKind.WORKDAY, "调休上班") for day in sorted(worked) if day.year == year)


def load(session: Session, *, now: datetime) -> None:
    """This year and the next for districts that have no day of them yet: what somebody has entered stays."""
    this_year = calendar.day_of(now).year
    for district_id in session.scalars(select(District.id)).all():
        for year in (this_year, this_year + 1):
            if not queries.special_days(session, district_id, date(year, 1, 1), date(year, 12, 31)):
                session.add_all(
                    CalendarDay(district_id=district_id, day=day, kind=kind, name=name)
                    for day, kind, name in of_year(year)
                )
