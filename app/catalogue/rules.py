"""The six aids, what a visit of an item needs, when it may start and what it costs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Final

from app.errors import Conflict

URGENT_CODE: Final = "URGENT"  # the item of an alarm's response: price zero, payer none


class AidCategory(StrEnum):
    """The six aids (六助)."""

    MEAL = "meal"
    CLEANING = "cleaning"
    BATHING = "bathing"
    MEDICAL = "medical"
    URGENT = "urgent"
    MOBILITY = "mobility"


class PriceUnit(StrEnum):
    """What a price is for."""

    VISIT = "visit"
    HOUR = "hour"


class Evidence(StrEnum):
    """What proves a task."""

    NONE = "none"
    PHOTO = "photo"
    READING = "reading"  # a measured value: blood pressure …
    RECEIPT = "receipt"


class NoPrice(Conflict):
    """There is no price for this item, place and day."""


class OutsideHours(Conflict):
    """This item is not given at that time."""


@dataclass(frozen=True)
class PriceLine:
    """A price and where and when it holds; `area` is a prefix of division codes, "" everywhere."""

    unit: PriceUnit
    cents: int
    area: str
    starts: date
    ends: date | None


def half_up(numerator: int, denominator: int) -> int:
    """numerator/denominator of non-negative cents, rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def price_on(lines: Iterable[PriceLine], division_code: str, day: date) -> PriceLine:
    """The price of the smallest area around the place that holds on the day, the newest if several; raises NoPrice."""
    holding = [
        line
        for line in lines
        if division_code.startswith(line.area) and line.starts <= day and (line.ends is None or day <= line.ends)
    ]
    if not holding:
        raise NoPrice(f"No price is in force on {day}.", day=str(day))
    return max(holding, key=lambda line: (len(line.area), line.starts))


def cost(line: PriceLine, minutes: int) -> int:
    """Cents for one visit of so many planned minutes, however many caregivers come."""
    return line.cents if line.unit is PriceUnit.VISIT else half_up(line.cents * minutes, 60)


def by_level(values: Mapping[str, int], level: str) -> int:
    """The value for a level of ability, else the one under `default`."""
    return values.get(level, values["default"])


def may_start(windows: Iterable[tuple[time, time]], opens: time, closes: time) -> bool:
    """Whether one of the item's local windows holds the whole wish; an item without windows is given at any hour."""
    held = list(windows)
    return not held or any(first <= opens and closes <= last for first, last in held)
