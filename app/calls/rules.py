"""The life of a call, what a switchboard may say about it, and what that means."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from app.errors import Conflict, Refused, Unreadable


class CallState(StrEnum):
    """Where a call stands."""

    DIALLING = "dialling"  # we asked the switchboard to dial
    OPERATOR = "operator"  # the operator's own telephone rings first
    RINGING = "ringing"
    ANSWERED = "answered"
    HELD = "held"
    ENDED = "ended"


class CallEvent(StrEnum):
    """What the switchboard reports."""

    OPERATOR = "operator"
    RINGING = "ringing"
    ANSWERED = "answered"
    HELD = "held"
    RESUMED = "resumed"
    TRANSFERRED = "transferred"  # another operator has it
    PRESSED = "pressed"  # a key, while a text is said
    VOICEMAIL = "voicemail"  # a machine answered
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"  # the cause says why
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
    WORKER = "worker"  # the caregiver who calls for help herself


class Result(StrEnum):
    """What came of a call."""

    ANSWERED = "answered"
    SAFE = "safe"  # answered: all is well
    HELP = "help"  # answered: help is needed
    HEARD = "heard"  # an automatic call was answered, and no key pressed
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"
    WRONG_NUMBER = "wrong_number"  # somebody else answers there
    NOT_IN_SERVICE = "not_in_service"  # there is no such number
    OFF = "off"  # switched off or out of reach
    ABANDONED = "abandoned"  # hung up before anybody here answered
    OPERATOR_AWAY = "operator_away"  # the operator's own telephone was not picked up
    FAILED = "failed"  # lines or switchboard


class Wish(StrEnum):
    """What the desk asks the switchboard to do."""

    DIAL = "dial"
    ANSWER = "answer"  # put the ringing call through to this operator
    HANG_UP = "hang_up"


class Settled(StrEnum):
    """How a missed call came off the list."""

    CALLED_BACK = "called_back"
    RANG_AGAIN = "rang_again"  # and was answered
    DISMISSED = "dismissed"


REACHED: Final = frozenset({Result.ANSWERED, Result.SAFE, Result.HELP})
BY_HAND: Final = frozenset(
    {*REACHED, Result.VOICEMAIL, Result.NO_ANSWER, Result.BUSY, Result.REFUSED, Result.WRONG_NUMBER,
     Result.NOT_IN_SERVICE, Result.OFF}
)  # fmt: skip
BAD_NUMBER: Final = frozenset({Result.WRONG_NUMBER, Result.NOT_IN_SERVICE})
SAY_SO: Final = (*sorted(REACHED), *sorted(BAD_NUMBER))
"""What tells whether a number is any good; a busy line does not."""
ENDING: Final[Mapping[CallEvent, Result | None]] = {
    CallEvent.BUSY: Result.BUSY, CallEvent.NO_ANSWER: Result.NO_ANSWER, CallEvent.FAILED: Result.FAILED,
    CallEvent.HUNG_UP: None,
}  # fmt: skip
GUESSES: Final = frozenset({Result.NO_ANSWER, Result.ABANDONED})
"""What we make of a call that ended unanswered: an `answered` that was only late corrects it."""
CAUSES: Final[Mapping[int, Result]] = {
    1: Result.NOT_IN_SERVICE, 17: Result.BUSY, 18: Result.NO_ANSWER, 19: Result.NO_ANSWER, 20: Result.OFF,
    21: Result.REFUSED, 22: Result.NOT_IN_SERVICE, 28: Result.NOT_IN_SERVICE, 27: Result.OFF,
}  # fmt: skip
"""Causes of ITU-T Q.850 as switchboards give them; others are our lines' trouble."""

C, E = CallState, CallEvent
MOVES: Final[dict[tuple[CallState, CallEvent], CallState]] = {
    (C.DIALLING, E.OPERATOR): C.OPERATOR,
    **{(state, E.RINGING): C.RINGING for state in (C.DIALLING, C.OPERATOR)},
    **{(state, E.ANSWERED): C.ANSWERED for state in (C.DIALLING, C.OPERATOR, C.RINGING)},
    (C.ANSWERED, E.HELD): C.HELD,
    (C.HELD, E.RESUMED): C.ANSWERED,
    **{(state, event): C.ENDED for state in CallState for event in ENDING},
    **{(state, E.TRANSFERRED): C.RINGING for state in (C.ANSWERED, C.HELD)},
}
"""What has no line changes nothing: switchboards repeat themselves and tell things out of order."""
MAY_SEND: Final = frozenset("0123456789*#")
UNTAKEN: Final = timedelta(seconds=30)  # a call asked for that no switchboard took up has failed
LEASE: Final = timedelta(seconds=10)  # taken up and not heard of: offered again
SILENT: Final = timedelta(minutes=3)  # rings and is never heard of again: the switchboard has lost it
LONGEST: Final = timedelta(hours=4)


@dataclass(frozen=True)
class Said:
    """One report of a switchboard: `call_id` is its own number, `ours` that of a call we asked it to dial."""

    call_id: str
    event: CallEvent
    key: str
    direction: Direction = Direction.INBOUND
    phone: str | None = None
    operator: str | None = None
    ours: int | None = None
    url: str | None = None
    result: Result | None = None
    cause: int | None = None
    digits: str | None = None
    seconds: int | None = None

    def result_of(self) -> Result | None:
        """The result it names, by word, by cause or by the event itself."""
        return self.result or CAUSES.get(self.cause or 0) or ENDING.get(self.event)


class HooksClosed(Refused):
    """The token or signature is missing, wrong or too old."""


class CannotNow(Conflict):
    """The call is not in a state that allows this."""


class NotMissed(Conflict):
    """The call is not on the list of missed calls."""


class NotYours(Refused):
    """This call is somebody else's."""


class NotHerNumber(Conflict):
    """The call was not answered, or not on the elder's own number."""


class CannotSay(Unreadable):
    """An automatic call needs a text and keys a telephone has."""


def possible(state: CallState, direction: Direction, result: Result | None) -> list[str]:
    """What an operator may do with a call: the buttons a screen shows."""
    if state is CallState.ENDED:
        return ["result"] if direction is Direction.OUTBOUND or result is not Result.ABANDONED else ["call_back"]
    answer = ["answer"] if direction is Direction.INBOUND and state is CallState.RINGING else []
    return [*answer, "hang_up", "link", "result"]


def after(state: CallState, event: CallEvent) -> CallState:
    """The state that follows; the same one where the report says nothing new."""
    return MOVES.get((state, event), state)
