"""The life of a handover sheet."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from app.errors import Conflict, IllegalMove


class SheetState(StrEnum):
    """Where a sheet stands."""

    WRITTEN = "written"  # and signed by whoever leaves
    SIGNED = "signed"  # by whoever takes over too
    WITHDRAWN = "withdrawn"
    UNTAKEN = "untaken"  # its writer left without a second signature, and the cases rang


class SheetEvent(StrEnum):
    """What happens to a sheet."""

    SIGN = "sign"
    WITHDRAW = "withdraw"
    LEAVE = "leave"


S, E = SheetState, SheetEvent
MOVES: Final[Mapping[tuple[SheetState, SheetEvent], SheetState]] = {
    (S.WRITTEN, E.SIGN): S.SIGNED,
    (S.WRITTEN, E.WITHDRAW): S.WITHDRAWN,
    (S.WRITTEN, E.LEAVE): S.UNTAKEN,
}


class OpenCases(Conflict):
    """There are open cases; hand them over, or say why you leave without."""


class NotYourSheet(Conflict):
    """That sheet is not for you."""


def after(state: SheetState, event: SheetEvent) -> SheetState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A sheet that is {state} cannot {event}.", state=state) from None
