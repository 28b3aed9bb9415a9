"""How a message goes out, and how long delivery is tried again."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

LEASE: Final = timedelta(seconds=60)  # a sender that died is taken to have failed after this
TRIES: Final = 12
LONGEST_WAIT: Final = timedelta(hours=1)


class Channel(StrEnum):
    """How somebody is told."""

    SMS = "sms"
    VOICE = "voice"  # a spoken text by telephone


def next_try(attempts: int, *, now: datetime) -> datetime | None:
    """When to try again after so many failures: 10 s, 20 s, 40 s … an hour; None once it is given up."""
    if attempts >= TRIES:
        return None
    return now + min(timedelta(seconds=10 * 2 ** (attempts - 1)), LONGEST_WAIT)
