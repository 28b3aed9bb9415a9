"""Somebody is sent to an alarm and says yes, no or nothing; then the next one is."""

from enum import StrEnum
from typing import Final

from app.errors import Conflict, IllegalMove
from app.planning.rules import BEGUN, AttendanceState


class OfferState(StrEnum):
    """What somebody who was sent has said."""

    OFFERED = "offered"  # her phone rings
    ACCEPTED = "accepted"
    DECLINED = "declined"
    UNANSWERED = "unanswered"  # in time
    WITHDRAWN = "withdrawn"  # not needed any more


class OfferEvent(StrEnum):
    """What happens to an offer."""

    ACCEPT = "accept"
    DECLINE = "decline"
    PASS = "pass"  # nothing was heard in time
    WITHDRAW = "withdraw"


S, E = OfferState, OfferEvent
OFFER_MOVES: Final[dict[tuple[OfferState, OfferEvent], OfferState]] = {
    (S.OFFERED, E.ACCEPT): S.ACCEPTED,
    (S.OFFERED, E.DECLINE): S.DECLINED,
    (S.ACCEPTED, E.DECLINE): S.DECLINED,  # she cannot come after all
    (S.OFFERED, E.PASS): S.UNANSWERED,
    (S.OFFERED, E.WITHDRAW): S.WITHDRAWN,
    (S.ACCEPTED, E.WITHDRAW): S.WITHDRAWN,
}
NOBODY_LEFT: Final = "nobody_left"  # in the log: everybody who could be sent was asked
STANDING: Final = frozenset({S.OFFERED, S.ACCEPTED})
SAID_YES: Final = frozenset({AttendanceState.ACCEPTED, *BEGUN, AttendanceState.FINISHED})


class OfferMoveRefused(IllegalMove):
    """The offer cannot do that now."""


class NobodyLeft(Conflict):
    """There is nobody left who could be sent."""


def offer_after(state: OfferState, event: OfferEvent) -> OfferState:
    """The state that follows; raises OfferMoveRefused where the table has no line."""
    try:
        return OFFER_MOVES[state, event]
    except KeyError:
        raise OfferMoveRefused(f"An offer that is {state} cannot {event}.", state=state) from None


def said(state: AttendanceState) -> OfferEvent | None:
    """What her phone has said since, read from how far she is."""
    if state in SAID_YES:
        return E.ACCEPT
    if state is AttendanceState.DECLINED:
        return E.DECLINE
    return E.WITHDRAW if state is AttendanceState.WITHDRAWN else None
