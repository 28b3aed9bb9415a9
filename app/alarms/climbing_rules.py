"""The life of a rung in an alarm, and what counts as having reached somebody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.calls.rules import REACHED, Result, Target
from app.errors import Conflict, IllegalMove
from app.escalation.rules import CONTACTS, AlarmKind, Reached, RungKind


class RungState(StrEnum):
    """Where a rung stands."""

    WAITING = "waiting"
    TRYING = "trying"
    REACHED = "reached"
    FAILED = "failed"  # every attempt was in vain
    SKIPPED = "skipped"  # with a reason
    BROKEN = "broken"  # reached, and nobody came in the promised time
    UNNEEDED = "unneeded"  # settled before its turn


class RungEvent(StrEnum):
    """What happens to a rung."""

    TRY = "try"
    REACH = "reach"
    FAIL = "fail"
    SKIP = "skip"
    BREAK = "break"
    END = "end"


S, E = RungState, RungEvent
MOVES: Final[dict[tuple[RungState, RungEvent], RungState]] = {
    (S.WAITING, E.TRY): S.TRYING,
    (S.TRYING, E.TRY): S.TRYING,
    (S.FAILED, E.TRY): S.TRYING,  # once more, by hand
    (S.BROKEN, E.TRY): S.TRYING,
    (S.SKIPPED, E.TRY): S.TRYING,
    (S.UNNEEDED, E.TRY): S.TRYING,
    (S.REACHED, E.TRY): S.TRYING,  # called again, by hand
    (S.TRYING, E.REACH): S.REACHED,
    (S.FAILED, E.REACH): S.REACHED,  # she calls back, or the answer comes late
    (S.UNNEEDED, E.REACH): S.REACHED,
    (S.TRYING, E.FAIL): S.FAILED,
    (S.WAITING, E.SKIP): S.SKIPPED,
    (S.TRYING, E.SKIP): S.SKIPPED,
    (S.REACHED, E.FAIL): S.FAILED,  # the switchboard corrects itself: it was a voice box
    (S.REACHED, E.BREAK): S.BROKEN,
    (S.WAITING, E.END): S.UNNEEDED,
    (S.TRYING, E.END): S.UNNEEDED,
}
OPEN: Final = (S.WAITING, S.TRYING)
USUAL_MINUTES: Final = 30  # where it is not known how far away a contact lives
FAR: Final = 120  # minutes; whoever lives further away does not go herself
CLIMBS: Final = 3  # how often the platform goes up a tree by itself while nobody claims
BY_PLATFORM: Final = "platform"

# What came of an attempt beside the words of a call.
SENT: Final = "sent"
ACCEPTED: Final = "accepted"
DECLINED: Final = "declined"
NOBODY_FREE: Final = "nobody_free"
NO_REPLY: Final = "no_reply"
IN_VAIN: Final = frozenset({Result.REFUSED, Result.WRONG_NUMBER, Result.NOT_IN_SERVICE, DECLINED})
"""Results after which trying the same once more is no use."""

TARGETS: Final[Mapping[RungKind, Target]] = {
    RungKind.DEVICE: Target.DEVICE,
    RungKind.ELDER: Target.ELDER,
    **dict.fromkeys(CONTACTS, Target.CONTACT),
}
BURNING: Final = (AlarmKind.FIRE, AlarmKind.SMOKE, AlarmKind.GAS)


@dataclass(frozen=True)
class Turn:
    """The rung to try next and which attempt that would be; `attempt` counts from 1."""

    n: int
    kind: RungKind
    contact_id: int | None
    attempt: int
    attempts: int
    wait: int  # seconds
    target: Target | None  # whom it calls; none where it sends somebody


class TreeAtItsEnd(Conflict):
    """There is nobody to try next on the tree."""


class ClimbedOn(Conflict):
    """Somebody else stands next on the tree by now."""


class HelpIsNotSkipped(Conflict):
    """The last rung sends help and cannot be skipped."""


def after(state: RungState, event: RungEvent) -> RungState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A rung that is {state} cannot {event}.", state=state) from None


def rescue(kind: AlarmKind) -> Target:
    """Who stands on the rung 120: the fire brigade where it burns or smells of gas."""
    return Target.FIRE if kind in BURNING else Target.AMBULANCE


def target_of(rung: RungKind, kind: AlarmKind) -> Target | None:
    """Whom a rung calls; none where it sends somebody."""
    return rescue(kind) if rung is RungKind.AMBULANCE else TARGETS.get(rung)


def counts(rung: RungKind, reached: Reached, result: str, *, by_hand: bool) -> bool:
    """Whether this result is what the rung calls reached.

    A call the platform made itself may have been answered by a voice box: only a key that was pressed (`safe`, `help`)
    counts, but for 120, where always a person answers. By hand an operator heard who it was.
    """
    if rung is RungKind.RESPONDER:
        return result == ACCEPTED
    if rung is RungKind.AMBULANCE:
        return result in (*REACHED, Result.HEARD)
    if result not in REACHED:
        return False
    return result != Result.ANSWERED or (by_hand and reached is not Reached.CONFIRMED)


def promises(
    rung: RungKind, reached: Reached, result: str, *, minutes_away: int | None, now: datetime
) -> datetime | None:
    """By when somebody who was reached should stand at the door; none where nobody said they would go."""
    goes = (
        rung in CONTACTS
        and (minutes_away or 0) <= FAR
        and result != Result.SAFE
        and (result == Result.HELP or reached is Reached.ARRIVED)
    )
    return now + timedelta(minutes=minutes_away or USUAL_MINUTES) if goes else None
