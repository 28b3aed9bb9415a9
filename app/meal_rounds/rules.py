"""What may be done to rounds, why a door is in none, and what a rider tells on the way."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from app.access.rules import PLANNERS, PROVIDER, Role
from app.errors import Conflict, Unreadable
from app.meals.rules import NotTaken
from app.planning.rules import CannotOverride, PlanState, RulesBroken


class Left(StrEnum):
    """Why a door is in no trip; the last five are `dispatch.NotDelivered.why`."""

    NO_RIDER = "no_rider"  # nobody rides that day
    REDIRECTED = "redirected"  # to a door whose place nobody knows: taken by hand
    TOO_MUCH = "too_much"  # more portions than any rider has room for
    TOO_FAR = "too_far"  # for hot food, even alone
    CLOSED = "closed"  # nobody can be there in time, even alone
    SHIFT = "shift"  # nobody would be back in her hours
    CROWDED = "crowded"  # alone it would go, not with all the others
    TAKEN_OUT = "taken_out"  # by hand


class Ride(StrEnum):
    """What a rider tells."""

    PICK_UP = "pick_up"  # she leaves the kitchen with the meals of a trip
    HAND_OVER = "hand_over"
    MISS = "miss"
    BACK = "back"  # at the kitchen again


class Clash(StrEnum):
    """Why what a rider told does not count by itself; the desk sees it."""

    NOT_YOURS = "not_yours"  # no trip of hers
    OTHERWISE = "otherwise"  # cancelled, or somebody has said something else of this meal
    UNREADABLE = "unreadable"  # who took it or why not is missing
    WRONG_DAY = "wrong_day"


NEVER: Final = frozenset({"travel", "once", "unknown", "returns"})  # no hand can promise it
MISSED: Final = (NotTaken.NOT_HOME, NotTaken.NO_ANSWER, NotTaken.REFUSED, NotTaken.UNWELL)  # what a rider can say
KEEPERS: Final[frozenset[Role]] = PLANNERS | PROVIDER  # say who rides
POSSIBLE: Final[dict[PlanState, tuple[str, ...]]] = {
    PlanState.DRAFTING: ("stop",),
    PlanState.DRAFT: ("move", "publish", "discard"),
    PlanState.PUBLISHED: ("move",),
    PlanState.SUPERSEDED: (),
}


class RoundsUnderWay(Conflict):
    """The rounds of this meal are being made."""


class OrdersStillOpen(Conflict):
    """This meal can still be ordered; rounds are made after the cut-off."""


class NothingToBring(Conflict):
    """Nobody has ordered this meal to the door, or all of them have it."""


class RoundsChanged(Conflict):
    """Somebody has changed these rounds meanwhile, or a rider has left."""


class NotTheseRounds(Conflict):
    """Only a draft or the rounds in force are changed by hand, and no trip that has left."""


class RidesAlready(Conflict):
    """She rides at these hours already."""


class NotTheirs(Unreadable):
    """A rider works for the provider that runs the canteen."""


def check_accepted(broken: Iterable[str], accepted: Iterable[str]) -> None:
    """Raises CannotOverride or RulesBroken where a broken rule is not named, or may not be."""
    rules = set(broken)
    if never := sorted(rules & NEVER):
        raise CannotOverride(f"Not even by hand: {', '.join(never)}.", rules=never)
    if missing := sorted(rules - set(accepted)):
        raise RulesBroken(f"Name the rules you accept breaking: {', '.join(missing)}.", rules=missing)
