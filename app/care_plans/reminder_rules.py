"""An allowance that will expire unspent: when its elder is reminded, and what can become of a reminder."""

from collections.abc import Collection
from datetime import date
from enum import StrEnum
from typing import Final

from app.errors import IllegalMove


class ReminderState(StrEnum):
    """Where a reminder stands."""

    OPEN = "open"
    UNREACHED = "unreached"  # nobody answered; it stays on the list
    BOOKED = "booked"
    DECLINED = "declined"
    LAPSED = "lapsed"  # a later one took its place, or the month is over


class ReminderEvent(StrEnum):
    """What can happen to a reminder."""

    BOOK = "book"
    DECLINE = "decline"
    MISS = "miss"
    LAPSE = "lapse"


S, E = ReminderState, ReminderEvent
REMINDER_MOVES: Final[dict[tuple[ReminderState, ReminderEvent], ReminderState]] = {
    (source, event): target
    for source in (S.OPEN, S.UNREACHED)
    for event, target in ((E.BOOK, S.BOOKED), (E.DECLINE, S.DECLINED), (E.MISS, S.UNREACHED), (E.LAPSE, S.LAPSED))
}
WAITING: Final = (S.OPEN, S.UNREACHED)


def reminder_after(state: ReminderState, event: ReminderEvent) -> ReminderState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return REMINDER_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A reminder that is {state} cannot {event}.", state=state, event=event) from None


def turn(today: date, days: Collection[int]) -> int | None:
    """The day of the month whose reminders are due: the last that has come. A late job makes up for it."""
    return max((day for day in days if day <= today.day), default=None)
