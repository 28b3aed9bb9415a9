"""What can happen to a day that runs, the life of a proposed change, and who must hear of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from app.errors import Conflict, IllegalMove, Unreadable


class WhatHappened(StrEnum):
    """What happened."""

    SICK = "sick"  # a caregiver stops at `at`
    LATE = "late"  # a caregiver cannot be anywhere before `at`
    CANCELLED = "cancelled"  # a visit is off
    URGENT = "urgent"  # a waiting visit must still be served today
    NO_SHOW = "no_show"  # nobody opened; the caregivers leave at `at`
    ALARM = "alarm"  # a caregiver is sent to an alarm and is free again at `at`


OF_CAREGIVER: Final = frozenset({WhatHappened.SICK, WhatHappened.LATE, WhatHappened.ALARM})
AFTER_NOW: Final = frozenset({WhatHappened.LATE, WhatHappened.ALARM})


class ChangeState(StrEnum):
    """Where a proposed change stands."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    STALE = "stale"  # the plan became another one meanwhile
    EXPIRED = "expired"  # nobody decided in time


class ChangeEvent(StrEnum):
    """What happens to a proposed change."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    OVERTAKE = "overtake"
    EXPIRE = "expire"


S, E = ChangeState, ChangeEvent
CHANGE_MOVES: Final[dict[tuple[ChangeState, ChangeEvent], ChangeState]] = {
    (S.PROPOSED, E.ACCEPT): S.ACCEPTED,
    (S.PROPOSED, E.REFUSE): S.REFUSED,
    (S.PROPOSED, E.OVERTAKE): S.STALE,
    (S.PROPOSED, E.EXPIRE): S.EXPIRED,
}
BY_HAND: Final = (E.ACCEPT, E.REFUSE)


class Shift(StrEnum):
    """What a change does to one visit."""

    MOVED = "moved"  # another time, the same people
    HANDED = "handed"  # other people
    PLACED = "placed"  # served after all
    LOST = "lost"  # nobody comes any more; it waits again
    LEFT = "left"  # an alarm calls its caregiver away from the door
    ENDED = "ended"  # cancelled, or nobody opened


class ChangeMoveRefused(IllegalMove):
    """The change cannot do that now."""


class ChangeStale(Conflict):
    """The day has changed since this was proposed; propose again."""


class NothingSaid(Unreadable):
    """It is not clear what happened to whom."""


@dataclass(frozen=True)
class Happened:
    """One event. `at` is since when, until when, or when they leave, by its cause."""

    cause: WhatHappened
    caregiver_id: int | None = None
    visit_id: int | None = None
    at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        said = {"cause": self.cause.value, "caregiver_id": self.caregiver_id, "visit_id": self.visit_id}
        return said | {"at": self.at.isoformat() if self.at else None}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """From the stored form."""
        at = datetime.fromisoformat(data["at"]) if data["at"] else None
        return cls(WhatHappened(data["cause"]), data["caregiver_id"], data["visit_id"], at)

    def check(self, *, now: datetime) -> None:
        """Raises NothingSaid where a caregiver, a visit or a time is missing."""
        of_caregiver = self.cause in OF_CAREGIVER
        if (self.caregiver_id if of_caregiver else self.visit_id) is None:
            raise NothingSaid("Name the caregiver." if of_caregiver else "Name the visit.", cause=self.cause)
        if self.cause in AFTER_NOW and (self.at is None or self.at <= now):
            raise NothingSaid("Say until when; it must lie ahead.", cause=self.cause)


@dataclass(frozen=True)
class Slot:
    """Who is at a visit from when to when; the lead first."""

    caregiver_ids: tuple[int, ...]
    starts_at: datetime
    ends_at: datetime

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "caregiver_ids": list(self.caregiver_ids), "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
        }  # fmt: skip

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """From the stored form."""
        starts_at, ends_at = (datetime.fromisoformat(data[name]) for name in ("starts_at", "ends_at"))
        return cls(tuple(data["caregiver_ids"]), starts_at, ends_at)


@dataclass(frozen=True)
class Changed:
    """What becomes of one visit. `why` is the rule in the way where nobody comes, as `dispatch.explain` says it."""

    visit_id: int
    shift: Shift
    was: Slot | None
    will: Slot | None
    after_window: int = 0  # minutes the new start lies behind the window the elder was offered
    why: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "visit_id": self.visit_id, "shift": self.shift.value, "was": self.was.as_json() if self.was else None,
            "will": self.will.as_json() if self.will else None, "after_window": self.after_window, "why": self.why,
        }  # fmt: skip

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """From the stored form."""
        was, will = (Slot.of(data[name]) if data[name] else None for name in ("was", "will"))
        return cls(data["visit_id"], Shift(data["shift"]), was, will, data["after_window"], data["why"])

    @property
    def minutes(self) -> int:
        """By how much the start moves."""
        return int((self.will.starts_at - self.was.starts_at).total_seconds() / 60) if self.was and self.will else 0

    @property
    def heard_at_home(self) -> bool:
        """Whether elder and family must hear of it: somebody else comes, nobody comes, or at quite another time."""
        if self.shift in (Shift.HANDED, Shift.LOST, Shift.LEFT, Shift.PLACED):
            return True
        return self.shift is Shift.MOVED and abs(self.minutes) >= WORTH_A_WORD

    @property
    def caregiver_ids(self) -> frozenset[int]:
        """Whose day changes."""
        was, will = (frozenset(slot.caregiver_ids) if slot else frozenset() for slot in (self.was, self.will))
        return was | will


WORTH_A_WORD: Final = 10  # minutes; the elder was told a time and nobody is punctual to the minute
STILL_COMES: Final = timedelta(hours=3)  # after its window a promised visit comes so late rather than not at all


def change_after(state: ChangeState, event: ChangeEvent) -> ChangeState:
    """The state that follows; raises ChangeMoveRefused where the table has no line."""
    try:
        return CHANGE_MOVES[state, event]
    except KeyError:
        raise ChangeMoveRefused(f"A change that is {state} cannot {event}.", state=state) from None


def change_possible(state: ChangeState) -> list[ChangeEvent]:
    """The buttons a dispatcher may see."""
    return [event for event in BY_HAND if (state, event) in CHANGE_MOVES]
