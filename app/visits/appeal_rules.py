"""The life of a caregiver's appeal, and how long she may make one."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.errors import Conflict, IllegalMove, Refused


class AppealState(StrEnum):
    """Where an appeal stands."""

    OPEN = "open"
    UPHELD = "upheld"  # she was right: the visit counts whole
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"


class AppealEvent(StrEnum):
    """What happens to an appeal."""

    UPHOLD = "uphold"
    DISMISS = "dismiss"
    WITHDRAW = "withdraw"


S, E = AppealState, AppealEvent
MOVES: Final[dict[tuple[AppealState, AppealEvent], AppealState]] = {
    (S.OPEN, E.UPHOLD): S.UPHELD,
    (S.OPEN, E.DISMISS): S.DISMISSED,
    (S.OPEN, E.WITHDRAW): S.WITHDRAWN,
}


class CannotAppeal(Conflict):
    """There is nothing to appeal against, or no longer."""


class SamePerson(Refused):
    """Whoever decided against a visit does not decide the appeal."""


def after(state: AppealState, event: AppealEvent) -> AppealState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"An appeal that is {state} cannot {event}.", state=state) from None


def possible(state: AppealState, *, decides: bool) -> list[AppealEvent]:
    """What the desk (`decides`) or the caregiver herself may do now."""
    return [event for source, event in MOVES if source is state and (event is not E.WITHDRAW) is decides]


def until(happened: datetime, days: int) -> datetime:
    """The last moment for an appeal."""
    return happened + timedelta(days=days)
