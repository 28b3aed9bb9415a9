"""What a device can be told to do, in words that all protocols share."""

from dataclasses import dataclass
from enum import StrEnum


class Do(StrEnum):
    """What a device is told."""

    FIND = "find"  # ring or beep, so that it is found
    CALL_BACK = "call_back"  # ring up this number, as an ordinary telephone call
    LISTEN = "listen"  # ring up this number silently: the microphone opens and nobody at the device is asked
    SET_INTERVAL = "set_interval"  # say where it is every so many seconds
    SOS_NUMBERS = "sos_numbers"  # whom its button rings up
    LOCATE = "locate"  # say where it is, once, now
    SET_TIME = "set_time"  # take our time
    RESTART = "restart"
    TEXT = "text"  # show or speak these words


@dataclass(frozen=True, slots=True)
class Order:
    """One thing to do."""

    id: int
    do: Do
    numbers: tuple[str, ...] = ()  # telephone numbers
    seconds: int = 0
    words: str = ""
