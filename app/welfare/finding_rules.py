"""What a welfare visit found and somebody must see to: kinds, and a life that only a person ends."""

from enum import StrEnum
from typing import Final

from app.errors import IllegalMove


class FindingKind(StrEnum):
    """What it is about: a topic of the form, what she wishes, or a visit that did not come about."""

    HEALTH = "health"
    MOOD = "mood"
    FOOD = "food"
    HOME = "home"
    EQUIPMENT = "equipment"
    FAMILY = "family"
    WISH = "wish"
    NO_ANSWER = "no_answer"  # so many tries, and nobody answered
    REFUSED = "refused"
    AWAY = "away"
    CLASH = "clash"  # a record that does not fit the list: kept, and looked at


class FindingState(StrEnum):
    """Where it stands."""

    OPEN = "open"
    TAKEN = "taken"  # somebody at the desk has it
    ORDERED = "ordered"  # an order was written down for it
    REFERRED = "referred"  # somebody else was asked
    CLOSED = "closed"


class FindingEvent(StrEnum):
    """What is done about it."""

    TAKE = "take"
    ORDER = "order"
    REFER = "refer"
    CLOSE = "close"


S, E = FindingState, FindingEvent
MOVES: Final[dict[tuple[FindingState, FindingEvent], FindingState]] = {
    (S.OPEN, E.TAKE): S.TAKEN,
    (S.OPEN, E.ORDER): S.ORDERED,
    (S.OPEN, E.REFER): S.REFERRED,
    (S.TAKEN, E.ORDER): S.ORDERED,
    (S.TAKEN, E.REFER): S.REFERRED,
    (S.TAKEN, E.CLOSE): S.CLOSED,
    (S.ORDERED, E.REFER): S.REFERRED,
    (S.ORDERED, E.CLOSE): S.CLOSED,
    (S.REFERRED, E.ORDER): S.ORDERED,
    (S.REFERRED, E.REFER): S.REFERRED,
    (S.REFERRED, E.CLOSE): S.CLOSED,
}


class FindingMoveRefused(IllegalMove):
    """The finding cannot do that now."""


def after(state: FindingState, event: FindingEvent) -> FindingState:
    """The state that follows; raises FindingMoveRefused."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise FindingMoveRefused(f"A finding that is {state} cannot {event}.", state=state) from None


def possible(state: FindingState) -> list[FindingEvent]:
    """What may be done about one in this state."""
    return [event for source, event in MOVES if source is state]
