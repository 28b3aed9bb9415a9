"""The life of an entry of the technical list, when it is due, and when many losses are one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.equipment.rules import Fault
from app.errors import IllegalMove, Unreadable


class Upkeep(StrEnum):
    """Where an entry stands. None of them rings."""

    WAITING = "waiting"
    CLAIMED = "claimed"  # somebody looks after it
    SHELVED = "shelved"  # until a time, for a reason
    DONE = "done"  # by somebody's word; the device's own is awaited
    OVER = "over"


class UpkeepEvent(StrEnum):
    """What happens to an entry."""

    CLAIM = "claim"
    RELEASE = "release"
    SHELVE = "shelve"
    RESUME = "resume"  # by hand, or because the shelf's time is over
    FINISH = "finish"
    RELAPSE = "relapse"  # said to be done, and the device does not confirm it
    END = "end"  # it works again, or nobody needs to hear so


class Remedy(StrEnum):
    """What an entry was done with."""

    NEW_BATTERY = "new_battery"
    CHARGED = "charged"
    RESTARTED = "restarted"
    REPAIRED = "repaired"
    SWAPPED = "swapped"
    EXPLAINED = "explained"  # to the elder or the family, by telephone
    NO_FAULT = "no_fault"
    OTHER = "other"


U, E = Upkeep, UpkeepEvent
MOVES: Final[dict[tuple[Upkeep, UpkeepEvent], Upkeep]] = {
    (U.WAITING, E.CLAIM): U.CLAIMED,
    (U.SHELVED, E.CLAIM): U.CLAIMED,
    (U.DONE, E.CLAIM): U.CLAIMED,
    (U.CLAIMED, E.RELEASE): U.WAITING,
    (U.WAITING, E.SHELVE): U.SHELVED,
    (U.CLAIMED, E.SHELVE): U.SHELVED,
    (U.SHELVED, E.RESUME): U.WAITING,
    (U.CLAIMED, E.FINISH): U.DONE,
    (U.DONE, E.RELAPSE): U.WAITING,
    **{(state, E.END): U.OVER for state in (U.WAITING, U.CLAIMED, U.SHELVED, U.DONE)},
}
BY_HAND: Final = (E.CLAIM, E.RELEASE, E.SHELVE, E.RESUME, E.FINISH)
OWN: Final = frozenset({E.RELEASE, E.FINISH})  # only whoever has claimed it

SHELVES_AT_MOST: Final = timedelta(days=30)
CONFIRMS_WITHIN: Final = timedelta(hours=12)  # a mains device is silent for eight without anything being wrong
ENDS_BY_WORD: Final = frozenset({Fault.TAMPER, Fault.FALSE_ALARMS})  # of whoever looked: few devices say it themselves


def after(state: Upkeep, event: UpkeepEvent) -> Upkeep:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"An entry that is {state} cannot {event}.", state=state) from None


def possible(state: Upkeep, *, mine: bool) -> list[UpkeepEvent]:
    """What a caller of the desk may do with it: the buttons."""
    return [event for event in BY_HAND if (state, event) in MOVES and (mine or event not in OWN)]


def check_shelf(until: datetime, *, now: datetime) -> None:
    """A shelf ends, within thirty days; raises Unreadable."""
    if not now < until <= now + SHELVES_AT_MOST:
        raise Unreadable("Put it aside until a time within the next thirty days.")


# -- many lost at once ---------------------------------------------------------------------------------------


class Shared(StrEnum):
    """What the lost devices have in common; of two that explain the same, the earlier in this list."""

    GATEWAY = "gateway"
    PROTOCOL = "protocol"  # the gateway process or the carrier of all devices that speak it
    COMMUNITY = "community"
    STREET = "street"
    DISTRICT = "district"


FEWEST: Final[Mapping[Shared, int]] = {
    Shared.GATEWAY: 5, Shared.PROTOCOL: 20, Shared.COMMUNITY: 10, Shared.STREET: 20, Shared.DISTRICT: 30,
}  # fmt: skip
"""Fewer are so many entries of their own."""
SHARE: Final = 0.8  # of the devices that should have been heard
RECENT: Final = timedelta(hours=6)  # what has been lost for longer explains no new loss
BACK: Final = 0.2  # an outage is over when so few of its members are missing; they get entries of their own


@dataclass(frozen=True)
class Group:
    """Devices that share something: how many were lost of late, how many are heard as they should."""

    district_id: int
    shared: Shared
    key: str
    lost: frozenset[int]
    speaking: int

    @property
    def explains(self) -> bool:
        """Whether so many of them are lost that they are lost together."""
        enough = len(self.lost) >= FEWEST[self.shared]
        return enough and len(self.lost) >= SHARE * (len(self.lost) + self.speaking)


def explained(groups: Iterable[Group]) -> list[tuple[Group, frozenset[int]]]:
    """The fewest groups that explain the losses, each with the devices it explains; the rest stay single entries."""
    left = [group for group in groups if group.explains]
    taken: set[int] = set()
    found: list[tuple[Group, frozenset[int]]] = []
    rank = list(Shared).index
    while left:
        best = max(left, key=lambda group: (len(group.lost - taken), -rank(group.shared)))
        fresh = best.lost - taken
        if len(fresh) < FEWEST[best.shared]:
            return found
        found.append((best, frozenset(fresh)))
        taken |= fresh
        left.remove(best)
    return found
