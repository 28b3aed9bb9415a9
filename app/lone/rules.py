"""The life of a timer that watches over somebody alone in a home."""

from enum import StrEnum
from typing import Final

from app.errors import Conflict, IllegalMove

SHORTEST, LONGEST = 5, 240  # minutes she may ask for


class WatchState(StrEnum):
    """Where it stands."""

    RUNNING = "running"
    ASKED = "asked"  # her phone asks whether all is well
    RANG = "rang"  # she did not say so in time: the desk rings
    ENDED = "ended"  # she is out, or ended it


class WatchEvent(StrEnum):
    """What happens to it."""

    WELL = "well"  # she says so; it runs on
    ASK = "ask"
    RING = "ring"
    END = "end"


S, E = WatchState, WatchEvent
MOVES: Final[dict[tuple[WatchState, WatchEvent], WatchState]] = {
    (S.RUNNING, E.WELL): S.RUNNING,
    (S.ASKED, E.WELL): S.RUNNING,
    (S.RUNNING, E.ASK): S.ASKED,
    (S.ASKED, E.RING): S.RANG,
    (S.RUNNING, E.END): S.ENDED,
    (S.ASKED, E.END): S.ENDED,
}
OPEN: Final = frozenset({S.RUNNING, S.ASKED})


class WatchMoveRefused(IllegalMove):
    """The timer cannot do that now."""


class NoTimer(Conflict):
    """No timer runs."""


def after(state: WatchState, event: WatchEvent) -> WatchState:
    """The state that follows; raises WatchMoveRefused where the table has no line."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise WatchMoveRefused(f"A timer that is {state} cannot {event}.", state=state) from None
