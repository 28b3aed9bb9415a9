"""How much of an elder a caregiver's phone may show, and when."""

from datetime import datetime, timedelta
from typing import Final

BEFORE: Final = timedelta(hours=12)
AFTER: Final = timedelta(hours=2)


def may_see(starts_at: datetime, ends_at: datetime, *, now: datetime) -> bool:
    """Door, telephone and health are shown from 12 hours before a visit to 2 hours after it, and at no other time."""
    return starts_at - BEFORE <= now <= ends_at + AFTER
