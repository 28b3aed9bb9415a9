"""The life of a call, and what a switchboard may say about it."""

from enum import StrEnum
from typing import Final

from app.errors import Refused


class CallState(StrEnum):
    """Where a call stands."""

    DIALLING = "dialling"  # we asked the switchboard to dial
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class CallEvent(StrEnum):
    """What the switchboard reports."""

    RINGING = "ringing"
    ANSWERED = "answered"
    HUNG_UP = "hung_up"
    RECORDING = "recording"


class Direction(StrEnum):
    """Who called."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Target(StrEnum):
    """Whom we called."""

    ELDER = "elder"
    DEVICE = "device"  # through its loudspeaker
    CONTACT = "contact"
    CAREGIVER = "caregiver"
    AMBULANCE = "ambulance"  # 120
    FIRE = "fire"  # 119
    POLICE = "police"  # 110
    OTHER = "other"


class Result(StrEnum):
    """What came of a call."""

    ANSWERED = "answered"
    SAFE = "safe"  # answered: all is well
    HELP = "help"  # answered: help is needed
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"
    WRONG_NUMBER = "wrong_number"
    OFF = "off"  # switched off or out of reach


REACHED: Final = frozenset({Result.ANSWERED, Result.SAFE, Result.HELP})

C, E = CallState, CallEvent
MOVES: Final[dict[tuple[CallState, CallEvent], CallState]] = {
    (C.DIALLING, E.RINGING): C.RINGING,
    (C.DIALLING, E.ANSWERED): C.ANSWERED,
    (C.DIALLING, E.HUNG_UP): C.ENDED,
    (C.RINGING, E.ANSWERED): C.ANSWERED,
    (C.RINGING, E.HUNG_UP): C.ENDED,
    (C.ANSWERED, E.HUNG_UP): C.ENDED,
    **{(state, E.RECORDING): state for state in CallState},
}
"""What has no line changes nothing: switchboards repeat themselves and tell things out of order."""


class HooksClosed(Refused):
    """The token is missing or wrong."""


def after(state: CallState, event: CallEvent) -> CallState:
    """The state that follows; the same one where the report says nothing new."""
    return MOVES.get((state, event), state)
