"""Standing orders of meals (固定订餐): their lives, the lives of their days, and why a day of theirs has no meal."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.care_plans.rules import WhyNot
from app.errors import Conflict, IllegalMove, Unreadable
from app.meals.rules import Diet, allergens, unsuited

LAST_CALL: Final = timedelta(hours=4)  # before the cut-off: what has no meal now will hardly get one


class StandingState(StrEnum):
    """固定订餐."""

    ACTIVE = "active"
    ENDED = "ended"


class StandingEvent(StrEnum):
    """What can happen to a standing order."""

    CHANGE = "change"
    SKIP = "skip"  # a day without, or that day after all
    END = "end"


class DrawState(StrEnum):
    """What came of a day of a standing order."""

    ORDERED = "ordered"
    LEFT_OUT = "left_out"  # as she, the calendar or her life wants it
    FAILED = "failed"  # somebody must look
    SETTLED = "settled"  # somebody has


class DrawEvent(StrEnum):
    """What can happen to a day of a standing order."""

    ORDER = "order"
    LEAVE_OUT = "leave_out"
    FAIL = "fail"
    SETTLE = "settle"


class WhyNone(StrEnum):
    """Why a day has no meal."""

    PAUSED = "paused"
    AWAY = "away"  # in hospital, in an institution
    HOLIDAY = "holiday"
    EXCEPTION = "exception"  # this day without
    HAS_ONE = "has_one"  # ordered by hand
    GIVEN_UP = "given_up"  # cancelled by hand
    NO_MENU = "no_menu"
    CLOSED = "closed"  # the kitchen withdrew it
    NOTHING_SUITS = "nothing_suits"  # her diet, her allergies
    FULL = "full"
    NOT_BROUGHT = "not_brought"  # this canteen does not deliver that meal
    NO_MONEY = "no_money"  # she would pay more herself than she agreed to
    TOO_LATE = "too_late"  # the cut-off passed before anybody could order
    REFUSED = "refused"


S, E = DrawState, DrawEvent
LEFT_OUT: Final = frozenset(
    {WhyNone.PAUSED, WhyNone.AWAY, WhyNone.HOLIDAY, WhyNone.EXCEPTION, WhyNone.HAS_ONE, WhyNone.GIVEN_UP}
)
BY_HAND: Final = frozenset({WhyNone.HAS_ONE, WhyNone.GIVEN_UP})
"""Somebody decided about this very meal: the clock leaves it alone."""
CALENDAR: Final = {
    WhyNot.PAUSED: WhyNone.PAUSED, WhyNot.HOLIDAY: WhyNone.HOLIDAY, WhyNot.EXCEPTION: WhyNone.EXCEPTION,
}  # fmt: skip
STANDING_MOVES: Final[dict[tuple[StandingState, StandingEvent], StandingState]] = {
    (StandingState.ACTIVE, StandingEvent.CHANGE): StandingState.ACTIVE,
    (StandingState.ACTIVE, StandingEvent.SKIP): StandingState.ACTIVE,
    (StandingState.ACTIVE, StandingEvent.END): StandingState.ENDED,
}
DRAW_MOVES: Final[dict[tuple[DrawState | None, DrawEvent], DrawState]] = {
    (None, E.ORDER): S.ORDERED,
    (None, E.LEAVE_OUT): S.LEFT_OUT,
    (None, E.FAIL): S.FAILED,
    (S.LEFT_OUT, E.ORDER): S.ORDERED,
    (S.LEFT_OUT, E.LEAVE_OUT): S.LEFT_OUT,
    (S.LEFT_OUT, E.FAIL): S.FAILED,
    (S.FAILED, E.ORDER): S.ORDERED,
    (S.FAILED, E.LEAVE_OUT): S.LEFT_OUT,
    (S.FAILED, E.FAIL): S.FAILED,
    (S.FAILED, E.SETTLE): S.SETTLED,
    (S.ORDERED, E.LEAVE_OUT): S.LEFT_OUT,
    (S.ORDERED, E.FAIL): S.FAILED,
}


class StandsAlready(Conflict):
    """She has a standing order for this meal already."""


class BadStanding(Unreadable):
    """This standing order cannot be right."""


@dataclass(frozen=True)
class Plate:
    """A dish a standing order could take: what it costs without its way, whom it suits, whether some are left."""

    dish_id: int
    name: str
    contents: str
    suits: Sequence[str]
    left: bool


def standing_after(state: StandingState, event: StandingEvent) -> StandingState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return STANDING_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A standing order that is {state} cannot {event}.", state=state) from None


def standing_possible(state: StandingState) -> list[StandingEvent]:
    """The buttons a screen may show."""
    return [event for (source, event) in STANDING_MOVES if source is state]


def draw_after(state: DrawState | None, event: DrawEvent) -> DrawState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return DRAW_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A day that is {state} cannot {event}.", state=state) from None


def suitable(
    plates: Sequence[Plate], prefers: str | None, diets: Sequence[Diet], allergies: Collection[str]
) -> list[Plate] | WhyNone:
    """What she may be given, what she likes first; or why nothing can be. Nobody asks her: doubtful is unsuited."""
    if not plates:
        return WhyNone.NO_MENU
    fit = [
        plate for plate in plates
        if not unsuited(diets, plate.suits) and not allergens(allergies, plate.name, plate.contents)
    ]  # fmt: skip
    if not fit:
        return WhyNone.NOTHING_SUITS
    left = [plate for plate in fit if plate.left]
    return sorted(left, key=lambda plate: plate.name != prefers) or WhyNone.FULL


def worth_telling(why: WhyNone, before: WhyNone | None, *, cut_off: datetime, now: datetime) -> bool:
    """Whether she is told now that there is no meal: once for a stay, not of what she decided herself, and of a menu
    that is missing only when it is nearly too late for one."""
    if why is WhyNone.AWAY:
        return before is not WhyNone.AWAY
    if why in LEFT_OUT:
        return False
    return why is not WhyNone.NO_MENU or now >= cut_off - LAST_CALL
