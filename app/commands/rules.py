"""The life of a command, what one must say, and who may give it."""

import re
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

from app.access.rules import DESK, HOTLINE, Role
from app.equipment.rules import Command, DeviceState
from app.errors import Conflict, IllegalMove, Refused, Unreadable

WAITS: Final = timedelta(minutes=10)  # for the device to connect
ANSWERS: Final = timedelta(minutes=2)  # once it has left
SHORTEST_INTERVAL, LONGEST_INTERVAL = 30, 86_400  # seconds
MOST_NUMBERS: Final = 3
LONGEST_TEXT: Final = 60  # characters: what a watch shows
SHORTEST_REASON: Final = 4
NUMBER: Final = re.compile(r"\+?\d{3,20}")


class CommandState(StrEnum):
    """Where a command stands."""

    QUEUED = "queued"  # until the device is connected
    SENT = "sent"
    ANSWERED = "answered"
    EXPIRED = "expired"  # never left, or never answered
    FAILED = "failed"
    CANCELLED = "cancelled"


class CommandEvent(StrEnum):
    """What happens to a command."""

    SEND = "send"
    RETURN = "return"  # the line was gone before it left
    ANSWER = "answer"
    EXPIRE = "expire"
    FAIL = "fail"
    CANCEL = "cancel"


S, E = CommandState, CommandEvent
MOVES: Final[dict[tuple[CommandState, CommandEvent], CommandState]] = {
    (S.QUEUED, E.SEND): S.SENT,
    (S.QUEUED, E.EXPIRE): S.EXPIRED,
    (S.QUEUED, E.CANCEL): S.CANCELLED,
    (S.SENT, E.RETURN): S.QUEUED,
    (S.SENT, E.ANSWER): S.ANSWERED,
    (S.SENT, E.EXPIRE): S.EXPIRED,
    (S.SENT, E.FAIL): S.FAILED,
    (S.EXPIRED, E.ANSWER): S.ANSWERED,  # late, and an answer all the same
}

OPENS_A_MICROPHONE: Final = frozenset({Command.CALL_BACK, Command.LISTEN})
"""Somebody is heard in her own home: the hotline's alone, and never without a reason."""


class CommandMoveRefused(IllegalMove):
    """The command cannot do that now."""


class NotItsCommand(Conflict):
    """This device cannot do that."""


class AlreadyWaiting(Conflict):
    """The same command already waits for this device."""


class NotYourCommand(Refused):
    """Your role may not give this command."""


class CommandUnreadable(Unreadable):
    """The command says too little, or what no device takes."""


def after(state: CommandState, event: CommandEvent) -> CommandState:
    """The state that follows; raises CommandMoveRefused where the table has no line."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise CommandMoveRefused(f"A command that is {state} cannot {event}.", state=state) from None


def possible(state: CommandState) -> list[CommandEvent]:
    """The buttons a screen may show."""
    return [event for (source, event) in MOVES if source == state and event is E.CANCEL]


def may_give(role: Role, command: Command) -> bool:
    """Whether this role may give it."""
    return role in (HOTLINE if command in OPENS_A_MICROPHONE else DESK)


def offered(role: Role, commands: Sequence[str], state: DeviceState) -> list[Command]:
    """What this role may tell a device of such a model."""
    known = [Command(word) for word in commands]
    return [command for command in known if may_give(role, command)] if state is DeviceState.ACTIVE else []


def check(command: Command, *, numbers: Sequence[str], seconds: int, words: str, reason: str) -> None:
    """Whether it says what it must, and nothing that could be read as another command; raises CommandUnreadable."""
    if any(not NUMBER.fullmatch(number) for number in numbers):
        raise CommandUnreadable("A telephone number has 3 to 20 digits, and may begin with a plus.")
    match command:
        case Command.CALL_BACK | Command.LISTEN if len(numbers) != 1:
            raise CommandUnreadable("Say which number it is to ring up.")
        case Command.SOS_NUMBERS if not 1 <= len(numbers) <= MOST_NUMBERS:
            raise CommandUnreadable(f"Give one to {MOST_NUMBERS} numbers.")
        case Command.SET_INTERVAL if not SHORTEST_INTERVAL <= seconds <= LONGEST_INTERVAL:
            raise CommandUnreadable(f"An interval has {SHORTEST_INTERVAL} to {LONGEST_INTERVAL} seconds.")
        case Command.TEXT if not (words.isprintable() and 0 < len(words.strip()) <= LONGEST_TEXT):
            raise CommandUnreadable(f"Give it one line of at most {LONGEST_TEXT} characters.")
    if command in OPENS_A_MICROPHONE and len(reason.strip()) < SHORTEST_REASON:
        raise CommandUnreadable("This opens a microphone in somebody's home: say why.")
