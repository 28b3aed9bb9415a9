"""The life of a swap, and what minutes come to in cents."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.errors import Conflict, IllegalMove
from app.orders.rules import VisitState


class SwapState(StrEnum):
    """Where a swap stands."""

    ASKED = "asked"  # of a colleague
    AGREED = "agreed"  # by her; a rule stands against it, so the dispatcher decides
    DONE = "done"  # the visit is the colleague's
    REFUSED = "refused"  # by the colleague or the dispatcher
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"  # the visit began, or moved


class SwapEvent(StrEnum):
    """What happens to a swap."""

    AGREE = "agree"
    CONFIRM = "confirm"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"


S, E = SwapState, SwapEvent
MOVES: Final[dict[tuple[SwapState, SwapEvent], SwapState]] = {
    (S.ASKED, E.AGREE): S.AGREED,
    (S.AGREED, E.CONFIRM): S.DONE,
    (S.ASKED, E.REFUSE): S.REFUSED,
    (S.AGREED, E.REFUSE): S.REFUSED,
    (S.ASKED, E.WITHDRAW): S.WITHDRAWN,
    (S.AGREED, E.WITHDRAW): S.WITHDRAWN,
    (S.ASKED, E.LAPSE): S.LAPSED,
    (S.AGREED, E.LAPSE): S.LAPSED,
}
OPEN: Final = frozenset({S.ASKED, S.AGREED})


class SwapMoveRefused(IllegalMove):
    """The swap cannot do that now."""


DRAFT: Final = "draft"  # no rule: a draft of that day is open, and what is moved in it nobody is told yet


class DraftOpen(Conflict):
    """A draft of that day is open."""


class NotToSwap(Conflict):
    """This visit cannot be given to her."""


def after(state: SwapState, event: SwapEvent) -> SwapState:
    """The state that follows; raises SwapMoveRefused where the table has no line."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise SwapMoveRefused(f"A swap that is {state} cannot {event}.", state=state) from None


class Standing(StrEnum):
    """How a visit counts in her month."""

    SURE = "sure"  # verified
    PROTECTED = "protected"  # doubted, and counted until it is decided
    LOST = "lost"  # rejected, and no appeal is open
    COMING = "coming"  # done, not verified yet


PAID: Final = frozenset({Standing.SURE, Standing.PROTECTED, Standing.COMING})


def standing(state: VisitState, *, appealed: bool) -> Standing | None:
    """How it counts; None for what was never done. While an appeal is open nothing is taken away."""
    match state:
        case VisitState.VERIFIED:
            return Standing.SURE
        case VisitState.HELD:
            return Standing.PROTECTED
        case VisitState.DONE:
            return Standing.COMING
        case VisitState.NOT_DELIVERED:
            return Standing.PROTECTED if appealed else Standing.LOST
    return None


@dataclass(frozen=True)
class Share:
    """The part of a visit that counts."""

    given: int = 1
    whole: int = 1


def pay(minutes: int, cents_per_hour: int, share: Share) -> int:
    """Whole cents, half up once at the end."""
    numerator, denominator = minutes * cents_per_hour * share.given, 60 * share.whole
    return (2 * numerator + denominator) // (2 * denominator)
