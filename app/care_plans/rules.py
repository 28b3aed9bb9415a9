"""The lives of a plan and of each of its days; which days a line means, after holidays, exceptions and pauses."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from app.errors import Conflict, IllegalMove

NEAR: Final = 15  # days within which a working day is found beside any holiday


class PlanState(StrEnum):
    """服务计划, one version of it."""

    DRAFT = "draft"
    AGREED = "agreed"  # signed by the elder or whoever acts for her: it makes orders
    REPLACED = "replaced"  # by a later version
    ENDED = "ended"
    DISCARDED = "discarded"


class PlanEvent(StrEnum):
    """What can happen to a version."""

    AGREE = "agree"
    REPLACE = "replace"
    END = "end"
    DISCARD = "discard"


PLAN_MOVES: Final[dict[tuple[PlanState, PlanEvent], PlanState]] = {
    (PlanState.DRAFT, PlanEvent.AGREE): PlanState.AGREED,
    (PlanState.DRAFT, PlanEvent.DISCARD): PlanState.DISCARDED,
    (PlanState.AGREED, PlanEvent.REPLACE): PlanState.REPLACED,
    (PlanState.AGREED, PlanEvent.END): PlanState.ENDED,
}


class DayState(StrEnum):
    """One day of one line: what came of it."""

    DUE = "due"  # to be ordered
    ORDERED = "ordered"
    UNSERVED = "unserved"  # could not be ordered, and why; tried again each night
    LEFT_OUT = "left_out"  # by the plan itself: a pause, a holiday, an exception
    WITHDRAWN = "withdrawn"  # ordered once; a pause or a new version took it back
    PAST = "past"  # its day went by without an order


class DayEvent(StrEnum):
    """What can happen to a day."""

    ORDER = "order"
    FAIL = "fail"
    LEAVE_OUT = "leave_out"
    WITHDRAW = "withdraw"
    PASS = "pass"


D, DE = DayState, DayEvent
_OPEN: Final = (D.DUE, D.UNSERVED, D.LEFT_OUT, D.WITHDRAWN, D.PAST)
DAY_MOVES: Final[dict[tuple[DayState, DayEvent], DayState]] = {
    **{(state, DE.ORDER): D.ORDERED for state in _OPEN},
    **{(state, DE.FAIL): D.UNSERVED for state in _OPEN},
    **{(state, DE.LEAVE_OUT): D.LEFT_OUT for state in _OPEN},
    (D.ORDERED, DE.WITHDRAW): D.WITHDRAWN,
    **{(state, DE.WITHDRAW): D.WITHDRAWN for state in _OPEN},
    (D.DUE, DE.PASS): D.PAST,
    (D.UNSERVED, DE.PASS): D.PAST,
}


class WhyNot(StrEnum):
    """WhyNot a day has no order."""

    NO_MONEY = "no_money"  # the elder would pay more of her own than she agreed to
    NO_PRICE = "no_price"
    OUTSIDE_HOURS = "outside_hours"
    ITEM_ENDED = "item_ended"
    NOT_SERVED = "not_served"  # she is no longer served
    CLASH = "clash"  # booked by hand at that time already
    TOO_LATE = "too_late"  # its window had passed when the plan was agreed
    TOO_FAR = "too_far"  # beyond the month whose allowance exists
    PAUSED = "paused"
    HOLIDAY = "holiday"
    EXCEPTION = "exception"
    NOT_PLANNED = "not_planned"  # the version in force does not mean this day


class OnHolidays(StrEnum):
    """What a line does when its day is a public holiday."""

    KEEP = "keep"
    SKIP = "skip"
    BEFORE = "before"  # the working day before
    AFTER = "after"  # the working day after


class PauseReason(StrEnum):
    """WhyNot an elder is not to be visited."""

    HOSPITAL = "hospital"
    TRAVEL = "travel"
    FAMILY = "family"  # is with her children, or they with her
    OTHER = "other"


class DayKind(StrEnum):
    """A day that is not what its weekday says."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"  # a weekend worked in exchange (调休上班)


class DraftChanged(Conflict):
    """Somebody has changed this plan meanwhile."""


class PauseOverlaps(Conflict):
    """There is a pause on those days already."""


class NothingPlanned(Conflict):
    """A plan needs at least one line."""


@dataclass(frozen=True)
class Meant:
    """A day a rule names, and the day it is served on; with a reason it is not served."""

    rule_day: date
    day: date
    why: WhyNot | None = None


@dataclass(frozen=True)
class Days:
    """What the calendar and the elder say about days."""

    special: Mapping[date, DayKind]
    pauses: Collection[tuple[date, date | None]]

    def paused(self, day: date) -> bool:
        """Whether nobody is to come."""
        return any(first <= day and (last is None or day <= last) for first, last in self.pauses)

    def holiday(self, day: date) -> bool:
        """Whether it is a public holiday."""
        return self.special.get(day) is DayKind.HOLIDAY

    def working(self, day: date) -> bool:
        """Whether offices work: Monday to Friday but for holidays, and weekends worked in exchange."""
        kind = self.special.get(day)
        return kind is DayKind.WORKDAY or (kind is None and day.weekday() < 5)


def meant(
    rule_days: Iterable[date], days: Days, *, holidays: OnHolidays, skipped: Collection[date] = (),
    moved: Mapping[date, date] | None = None,
) -> list[Meant]:  # fmt: skip
    """What becomes of each day of a rule: moved by hand, skipped, kept or moved for a holiday, paused.

    A hand's move holds also on a holiday. Two days of a line that would fall on one are one: the second is skipped.
    """
    found: list[Meant] = []
    taken: set[date] = set()
    for rule_day in sorted(rule_days):
        day, why = rule_day, None
        if moved and rule_day in moved:
            day = moved[rule_day]
        elif rule_day in skipped:
            why = WhyNot.EXCEPTION
        elif holidays is not OnHolidays.KEEP and days.holiday(rule_day):
            day, why = _beside(rule_day, days, holidays)
        if why is None and days.paused(day):
            why = WhyNot.PAUSED
        if why is None and day in taken:
            why = WhyNot.EXCEPTION
        if why is None:
            taken.add(day)
        found.append(Meant(rule_day, day, why))
    return found


def _beside(day: date, days: Days, holidays: OnHolidays) -> tuple[date, WhyNot | None]:
    if holidays is OnHolidays.SKIP:
        return day, WhyNot.HOLIDAY
    step = timedelta(days=1 if holidays is OnHolidays.AFTER else -1)
    for n in range(1, NEAR + 1):
        if days.working(day + n * step):
            return day + n * step, None
    return day, WhyNot.HOLIDAY


def plan_after(state: PlanState, event: PlanEvent) -> PlanState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return PLAN_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A plan that is {state} cannot {event}.", state=state, event=event) from None


def day_after(state: DayState, event: DayEvent) -> DayState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return DAY_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A planned day that is {state} cannot {event}.", state=state, event=event) from None
