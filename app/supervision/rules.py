"""Clues (线索) a month leaves: what is odd about it when its records are looked at together; their lives.

A clue is a question, never a verdict: a person decides, with words, and what she takes is proposed and not taken.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from app.catalogue.rules import half_up
from app.errors import IllegalMove


class ClueKind(StrEnum):
    """What is odd about a month."""

    BURST_OF_ELDER = "burst_of_elder"  # R10: an elder's visits crowd at the month's end
    BURST_OF_PROVIDER = "burst_of_provider"  # R10
    TOO_FEW_VISITS = "too_few_visits"  # fewer than the contract promises each of its elders
    EXACT_MINUTES = "exact_minutes"  # R5: again and again cut off exactly at the least minutes
    REPEATED_PLACE = "repeated_place"  # R6: the very same fix day after day: a real one never is
    UNTESTED_PAIR = "untested_pair"  # R11: a weight for whom to call back, and nothing to decide


class ClueState(StrEnum):
    """How far somebody has got with it."""

    OPEN = "open"
    UPHELD = "upheld"  # it is so; what was proposed is deducted
    EXCUSED = "excused"  # there is a reason


class ClueEvent(StrEnum):
    """What the bureau decides."""

    UPHOLD = "uphold"
    EXCUSE = "excuse"


MOVES: Final[dict[tuple[ClueState, ClueEvent], ClueState]] = {
    (ClueState.OPEN, ClueEvent.UPHOLD): ClueState.UPHELD,
    (ClueState.OPEN, ClueEvent.EXCUSE): ClueState.EXCUSED,
}


def after(kind: ClueKind, state: ClueState, event: ClueEvent) -> ClueState:
    """The state that follows; raises IllegalMove where the table has no line, and for what is only a weight."""
    if event not in possible(kind, state):
        raise IllegalMove(f"A clue that is {state} cannot {event}.", state=state, event=event)
    return MOVES[state, event]


def possible(kind: ClueKind, state: ClueState) -> list[ClueEvent]:
    """The events a clue accepts: the buttons a screen may show."""
    return [event for source, event in MOVES if source is state and kind is not ClueKind.UNTESTED_PAIR]


def taken_for(said: Mapping[str, Any], missing: int, paid_cents: int) -> int:
    """What a contract takes where visits are missing: cents for each, or a percentage of what her month cost."""
    if "cents" in said:
        return missing * int(said["cents"])
    return half_up(paid_cents * int(said.get("percent", 0)), 100)
