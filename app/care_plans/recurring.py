"""Recurrence rules of RFC 5545, as far as home help needs them, on plain local days."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, Final

from dateutil.rrule import DAILY, FR, MO, MONTHLY, SA, SU, TH, TU, WE, WEEKLY, rrule, weekday

from app.errors import Unreadable

FREQUENCIES: Final = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY}
WEEKDAYS: Final = {"MO": MO, "TU": TU, "WE": WE, "TH": TH, "FR": FR, "SA": SA, "SU": SU}
LONGEST: Final = 200
_DAY: Final = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")


class BadRule(Unreadable):
    """This is not a rule a care plan can follow."""


def read(rule: str, starts: date) -> rrule:
    """The rule as dateutil's; midnights stand for days, so that no clock change can shift one. Raises BadRule."""
    given: dict[str, str] = {}
    for part in rule.split(";") if 0 < len(rule) <= LONGEST else [""]:
        name, _, value = part.partition("=")
        if not value or name in given:
            raise BadRule(f"Write a rule as FREQ=WEEKLY;BYDAY=MO,TH, not {rule[:LONGEST]!r}.")
        given[name] = value
    frequency = given.pop("FREQ", "")
    if frequency not in FREQUENCIES:
        raise BadRule("FREQ is DAILY, WEEKLY or MONTHLY.")
    if "COUNT" in given and "UNTIL" in given:
        raise BadRule("A rule ends after COUNT visits or at UNTIL, not both.")
    options: dict[str, Any] = {}
    for name, value in given.items():
        try:
            options |= _READERS[name](value, frequency)
        except KeyError:
            raise BadRule(f"{name} is not understood here.") from None
        except ValueError as wrong:
            raise BadRule(f"{name}: {wrong}") from None
    return rrule(FREQUENCIES[frequency], dtstart=datetime.combine(starts, time()), **options)


def days(rule: str, starts: date, first: date, last: date) -> Iterator[date]:
    """The days of a rule between two days, both included; none lies before its start."""
    if last < first:
        return
    read_rule = read(rule, starts)
    for found in read_rule.between(_midnight(first), _midnight(last), inc=True):
        yield found.date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _number(least: int, most: int, value: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,3}", value) or not least <= int(value) <= most:
        raise ValueError(f"a number from {least} to {most}")
    return int(value)


def _interval(value: str, frequency: str) -> dict[str, Any]:
    return {"interval": _number(1, 99, value)}


def _count(value: str, frequency: str) -> dict[str, Any]:
    return {"count": _number(1, 999, value)}


def _until(value: str, frequency: str) -> dict[str, Any]:
    if not re.fullmatch(r"\d{8}", value):
        raise ValueError("a day as 20261231")
    return {"until": datetime.strptime(value, "%Y%m%d")}  # noqa: DTZ007  a plain day


def _by_day(value: str, frequency: str) -> dict[str, Any]:
    found: list[weekday] = []
    for part in value.split(","):
        match = _DAY.fullmatch(part)
        if match is None or (match[1] and frequency != "MONTHLY"):
            raise ValueError("days as MO,TH; of a month also 2MO or -1FR")
        found.append(WEEKDAYS[match[2]](int(match[1])) if match[1] else WEEKDAYS[match[2]])
    return {"byweekday": found}


def _by_month_day(value: str, frequency: str) -> dict[str, Any]:
    if frequency != "MONTHLY":
        raise ValueError("only with FREQ=MONTHLY")
    numbers = [_number(-31, 31, part) for part in value.split(",")]
    if 0 in numbers:
        raise ValueError("days count from 1, or from the end from -1")
    return {"bymonthday": numbers}


def _week_start(value: str, frequency: str) -> dict[str, Any]:
    if value not in WEEKDAYS:
        raise ValueError("a day as MO")
    return {"wkst": WEEKDAYS[value]}


_READERS: Final = {
    "INTERVAL": _interval, "COUNT": _count, "UNTIL": _until, "BYDAY": _by_day, "BYMONTHDAY": _by_month_day,
    "WKST": _week_start,
}  # fmt: skip
