"""The card for 120: why it may be opened, and what of it goes into how many messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.errors import Conflict

ONE: Final = 70  # characters of a single short message in Chinese
OF_MANY: Final = 67  # of each part of a longer one
MOST: Final = 3


class CardReason(StrEnum):
    """Why somebody opens the card; each is one key."""

    AMBULANCE_CALLED = "ambulance_called"
    HOSPITAL_ASKS = "hospital_asks"
    RESPONDER_ASKS = "responder_asks"
    PREPARING = "preparing"


class SmsTo(StrEnum):
    """Who gets the card as a message."""

    AMBULANCE = "ambulance"
    RESPONDER = "responder"


class NoNumber(Conflict):
    """There is no number to send the card to."""


@dataclass(frozen=True)
class Sms:
    """The card as one message: its text, in how many parts it goes, and the names of what had to be left out."""

    text: str
    parts: int
    cut: list[str]


def parts_of(text: str) -> int:
    """Short messages a text takes: 70 characters alone, 67 in each of several."""
    return 1 if len(text) <= ONE else -(-len(text) // OF_MANY)


def composed(lines: Sequence[tuple[str, str]], *, most: int = MOST) -> Sms:
    """Lines (name, words), the most important first, as many as go into so many parts; the rest is named as cut."""
    text, cut = "", list[str]()
    for name, words in lines:
        longer = f"{text}；{words}" if text else words
        if parts_of(longer) > most:
            cut.append(name)
        else:
            text = longer
    if not text and lines:
        text = lines[0][1][: OF_MANY * most]
    return Sms(text, parts_of(text), cut)
