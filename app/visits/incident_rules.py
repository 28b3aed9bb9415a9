"""What went wrong at a visit and somebody must look at: kinds, and a life of three states."""

from enum import StrEnum
from typing import Final

from app.errors import Conflict


class IncidentKind(StrEnum):
    """What happened."""

    STOPPED = "stopped"  # a reading beyond its limit: what it guards was not to be begun
    FALL = "fall"
    INJURY = "injury"
    SKIN = "skin"  # a wound, a pressure sore
    DAMAGE = "damage"  # something broke
    ABUSE = "abuse"  # a sign of it, or of neglect
    UNSAFE = "unsafe"  # for her or for the caregiver: dog, gas, wiring
    OTHER = "other"


class IncidentState(StrEnum):
    """Where it stands."""

    OPEN = "open"
    TAKEN = "taken"  # somebody at the desk has it
    CLOSED = "closed"


class IncidentEvent(StrEnum):
    """What is done about it."""

    TAKE = "take"
    CLOSE = "close"


MOVES: Final[dict[tuple[IncidentState, IncidentEvent], IncidentState]] = {
    (IncidentState.OPEN, IncidentEvent.TAKE): IncidentState.TAKEN,
    (IncidentState.OPEN, IncidentEvent.CLOSE): IncidentState.CLOSED,
    (IncidentState.TAKEN, IncidentEvent.CLOSE): IncidentState.CLOSED,
}


class IllegalStep(Conflict):
    """The incident cannot do that now."""


def after(state: IncidentState, event: IncidentEvent) -> IncidentState:
    """The state that follows; raises IllegalStep."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalStep(f"An incident that is {state} cannot {event}.", state=state) from None


def possible(state: IncidentState) -> list[IncidentEvent]:
    """What may be done about one in this state."""
    return [event for source, event in MOVES if source is state]
