"""The six aids, what a visit of an item needs, when it may start and what it costs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from app.errors import Conflict, Unreadable

URGENT_CODE: Final = "URGENT"  # the item of an alarm's response: price zero, payer none
EAT_IN_CODE: Final = "MEAL_IN"  # a canteen's meal eaten there; the menu says its price
DELIVERY_CODE: Final = "MEAL_OUT"  # a canteen's meal brought to the door


class AidCategory(StrEnum):
    """The six aids (六助)."""

    MEAL = "meal"
    CLEANING = "cleaning"
    BATHING = "bathing"
    MEDICAL = "medical"
    URGENT = "urgent"
    MOBILITY = "mobility"


class Head(StrEnum):
    """The seven heads of GB/T 43153-2023 for services at home; each item has one, and one of the six aids."""

    LIVING = "living"  # 生活照料
    BASIC_CARE = "basic_care"  # 基础照护
    HEALTH = "health"  # 健康管理
    VISITING = "visiting"  # 探访关爱
    COMFORT = "comfort"  # 精神慰藉
    AGENCY = "agency"  # 委托代办
    HOME_ADAPTATION = "home_adaptation"  # 居家适老化改造


class Given(StrEnum):
    """How an item is given: who plans it, and on which page it is booked."""

    HOME = "home"  # at home, by a caregiver whose day is planned
    MEAL = "meal"  # from a canteen's kitchen
    RENTAL = "rental"  # an aid that is lent, by the month


class Approval(StrEnum):
    """Who must agree to an order of an item before it is planned."""

    NONE = "none"
    SHIFT_LEAD = "shift_lead"
    SUPERVISOR = "supervisor"


def strictest(wanted: Iterable[Approval]) -> Approval:
    """The approval that satisfies all of them."""
    return max(wanted, key=list(Approval).index, default=Approval.NONE)


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


class FeeUnit(StrEnum):
    """What a late cancellation costs is measured in."""

    PERCENT = "percent"  # of the visit's price
    MINUTES = "minutes"  # of the item's time, at the visit's price


class FeePayer(StrEnum):
    """Who is asked for the fee of a late cancellation. Never an allowance: it pays verified visits only."""

    ELDER = "elder"
    NOBODY = "nobody"  # counted, not asked for


class BadPrice(Conflict):
    """A price cannot hold on those days."""


class BadItem(Unreadable):
    """The item does not fit together."""


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


@dataclass(frozen=True)
class Holding:
    """The days of a price in an area that is on record: an end of None is for ever."""

    id: int
    area: str
    starts: date
    ends: date | None


def room_for(held: Iterable[Holding], area: str, starts: date, ends: date | None, *, today: date) -> int | None:
    """The price that must end the day before a new one begins, if any; raises BadPrice.

    A price begins today at the earliest: what was charged stays as it was. One that follows may not be run over.
    """
    if starts < today:
        raise BadPrice(f"A new price begins on {today} at the earliest; the past is not changed.", today=str(today))
    if ends is not None and ends < starts:
        raise BadPrice("A price must end after it begins.")
    same = [one for one in held if one.area == area]
    for one in same:
        if one.starts >= starts and (ends is None or one.starts <= ends):
            raise BadPrice(f"From {one.starts} another price holds; end the new one before.", starts=str(one.starts))
    return next((one.id for one in same if one.starts < starts and (one.ends is None or one.ends >= starts)), None)


@dataclass(frozen=True)
class CancellationTerm:
    """Until how many hours before its window a visit is cancelled freely, and what it costs after."""

    free_hours: int
    fee_unit: FeeUnit
    fee: int
    payer: FeePayer
    on_change: bool = False  # a late change costs the same


FREE_OF_CHARGE: Final = CancellationTerm(0, FeeUnit.PERCENT, 0, FeePayer.NOBODY)


def late_fee(term: CancellationTerm, *, opens: datetime, now: datetime, price_cents: int, minutes: int) -> int:
    """Cents for cancelling now a visit whose window opens then; never more than the visit would have cost."""
    if now <= opens - timedelta(hours=term.free_hours):
        return 0
    part = half_up(price_cents * term.fee, 100 if term.fee_unit is FeeUnit.PERCENT else minutes)
    return min(part, price_cents)


def check_item(minutes: Mapping[str, int], caregivers: Mapping[str, int], windows: Iterable[tuple[time, time]]) -> None:
    """That an item can be given as it says; raises BadItem."""
    if "default" not in minutes or "default" not in caregivers:
        raise BadItem("Say the minutes and the caregivers of whoever has no line of their own (`default`).")
    if any(not 5 <= value <= 1440 for value in minutes.values()):
        raise BadItem("A visit takes 5 to 1440 minutes.")
    if any(value not in (1, 2) for value in caregivers.values()):
        raise BadItem("One caregiver comes, or two.")
    last = time.min
    for opens, closes in sorted(windows):
        if closes < opens or opens < last:
            raise BadItem("Windows open before they close, and do not overlap.")
        last = closes
