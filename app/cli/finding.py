"""What one of the doctor's checks says."""

from dataclasses import dataclass
from enum import IntEnum


class State(IntEnum):
    """How bad it is; the greater the worse."""

    WELL = 0
    MIND = 1  # works, and somebody should know
    ILL = 2


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report."""

    part: str
    state: State
    says: str
    remedy: str = ""


def well(part: str, says: str) -> Finding:
    """As it should be."""
    return Finding(part, State.WELL, says)


def mind(part: str, says: str, remedy: str) -> Finding:
    """It works, but."""
    return Finding(part, State.MIND, says, remedy)


def ill(part: str, says: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(part, State.ILL, says, remedy)
