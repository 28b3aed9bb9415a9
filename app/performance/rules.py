"""The four clocks of a call for help, what others promise of them, what a district promises itself, what a flood is.

All of it in server times: from the moment a listener, gateway or door of ours had the message in hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from app.errors import Unreadable


class Clock(StrEnum):
    """What is timed."""

    RECEIPT = "receipt"  # first heard → in the queue
    HUMAN = "human"  # in the queue → an operator has it
    DECISION = "decision"  # an operator has it → somebody is sent, or it is settled
    ARRIVAL = "arrival"  # decided → a human is with the elder


class By(StrEnum):
    """What figures are told apart by."""

    DAY = "day"
    KIND = "kind"
    MODEL = "model"
    COMMUNITY = "community"
    OPERATOR = "operator"
    SHIFT = "shift"


@dataclass(frozen=True)
class Promise:
    """So large a share within so many seconds."""

    who: str
    clock: Clock
    within: int
    share: float
    source: str


PROMISES: Final = (
    Promise("TSA", Clock.HUMAN, 60, 0.975, "TSA / TEC Quality, as in the Camden Careline manual"),
    Promise("TSA", Clock.HUMAN, 180, 0.99, "TSA / TEC Quality, as in the Camden Careline manual"),
    Promise("NENA", Clock.HUMAN, 15, 0.90, "NENA-STA-020 (911)"),
    Promise("NENA", Clock.HUMAN, 20, 0.95, "NENA-STA-020 (911)"),
    Promise("NFPA", Clock.HUMAN, 10, 0.90, "NFPA 1225 (2022), NFPA blog 2023-01-23"),
    Promise("NFPA", Clock.DECISION, 60, 0.90, "NFPA 1225 (2022), NFPA blog 2023-01-23: processed"),
    Promise("120", Clock.HUMAN, 10, 0.95, "national goal for 2025, by a news summary and not the ministry's text"),
    Promise("邻安康", Clock.ARRIVAL, 900, 1.0, "Xiamen Daily 2024-03-20: help on site in 15 minutes"),
)
"""What others promise. Answers by a machine count for none of them, and here neither."""

Steps = tuple[tuple[int, float], ...]  # (seconds, share)
OURS: Final[Mapping[Clock, Steps]] = {
    Clock.RECEIPT: ((1, 0.99), (5, 1.0)),
    Clock.HUMAN: ((10, 0.95), (60, 0.985), (180, 0.999)),
    Clock.DECISION: ((180, 0.90),),
    Clock.ARRIVAL: ((900, 0.90),),
}
"""The targets of a district that has set none of its own: version 0."""

EXCEPTION: Final = 180  # seconds: whoever waited longer is told of one by one
FLOOD: Final = 10  # alarms of one operator in ten minutes, and more: nobody can do that well
BEARABLE: Final = 1  # alarms of one operator in ten minutes, on average (Bransby and Jenkinson 1998)
BUCKET: Final = 600  # seconds


def targets_of(said: Mapping[str, Any]) -> dict[Clock, Steps]:
    """Targets as they were sent or stored; raises Unreadable where they make no sense."""
    found: dict[Clock, Steps] = {}
    for name, steps in said.items():
        if name not in set(Clock) or not steps or len(steps) > 5:
            raise Unreadable("A target is for one of the four clocks, in one to five steps.")
        pairs = tuple((int(seconds), float(share)) for seconds, share in steps)
        rising = all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(pairs))
        if not rising or any(not 0 < seconds <= 86_400 or not 0 < share <= 1 for seconds, share in pairs):
            raise Unreadable("Seconds and shares rise from step to step; a share is above 0 and at most 1.")
        found[Clock(name)] = pairs
    return {**OURS, **found}


def thresholds(targets: Mapping[Clock, Steps]) -> dict[Clock, list[int]]:
    """The seconds that are counted for each clock: everybody's promises, and ours."""
    return {
        clock: sorted({p.within for p in PROMISES if p.clock is clock} | {seconds for seconds, _ in targets[clock]})
        for clock in Clock
    }


def headline(steps: Steps) -> tuple[int, float]:
    """The one step a wall has room for: the middle one, of two the farther."""
    return steps[len(steps) // 2]


def is_flood(alarms: int, operators: int) -> bool:
    """Whether ten minutes held more than those on duty could do well; with nobody there one would do it all."""
    return alarms > FLOOD * max(1, operators)


def share(part: int, whole: int) -> float | None:
    """None where there is nothing to divide by."""
    return part / whole if whole else None
