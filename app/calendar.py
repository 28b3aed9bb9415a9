"""The local calendar: the only place that knows the district's days and months. Everything else is aware UTC."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from app.config import settings


def local(at: datetime) -> datetime:
    """The same moment on the district's clocks."""
    return at.astimezone(settings().zone)


def day_of(at: datetime) -> date:
    """The local day a moment falls in."""
    return local(at).date()


def at(day: date, clock: time) -> datetime:
    """A local wall-clock time of a local day, in UTC."""
    return datetime.combine(day, clock, settings().zone).astimezone(UTC)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """First moment of a local day and of the next one, in UTC."""
    return at(day, time()), at(day + timedelta(days=1), time())


def month_of(at: datetime) -> date:
    """The local month a moment falls in, as its first day."""
    return day_of(at).replace(day=1)


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def last_day(month: date) -> date:
    """The last day of the month that begins then."""
    return next_month(month) - timedelta(days=1)


def last_month(month: date) -> date:
    """The first day of the month before."""
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def month_bounds(month: date) -> tuple[datetime, datetime]:
    """First moment of a local month and of the next one, in UTC."""
    return at(month.replace(day=1), time()), at(next_month(month), time())


def days(first: date, last: date) -> Iterator[date]:
    """Every day from first to last, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def age_on(birth: date, day: date) -> int:
    """Full years on a day; the age that counts is the one on the day of service."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
