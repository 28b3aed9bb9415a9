"""What a line of the queue says of how an alarm is handled: deferred, offered, escalated, tried out, called back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.access.queries import Caller
from app.alarms.handling_tables import OnTestWindow
from app.alarms.tables import Alarm


class WindowBrief(BaseModel):
    """A time in which a home or a device is tried out."""

    id: int
    until: datetime
    reason: str
    by: str

    @classmethod
    def of(cls, window: OnTestWindow | None) -> "WindowBrief | None":
        """As a line of the queue shows it."""
        if window is None:
            return None
        return cls(id=window.id, until=window.ends_at, reason=window.reason, by=window.made_by)


class Handled(BaseModel):
    """The part of a row that is about its handling."""

    call_back_at: datetime | None
    deferred_until: datetime | None  # lower in the queue, and quiet
    defer_reason: str | None
    offered_to: str | None  # a colleague, who has not answered yet
    offered_to_me: bool
    offered_until: datetime | None
    escalated_at: datetime | None  # the lead was asked in
    escalate_reason: str | None
    test_window: WindowBrief | None  # its home or device is being tried out


def handled(alarm: Alarm, me: Caller, window: OnTestWindow | None, names: Mapping[int, str]) -> dict[str, Any]:
    """These fields, as this caller sees them."""
    return {
        "call_back_at": alarm.call_back_at, "deferred_until": alarm.deferred_until,
        "defer_reason": alarm.defer_reason, "offered_to": names.get(alarm.offered_to or 0),
        "offered_to_me": alarm.offered_to == me.id, "offered_until": alarm.offered_until,
        "escalated_at": alarm.escalated_at, "escalate_reason": alarm.escalate_reason,
        "test_window": WindowBrief.of(window),
    }  # fmt: skip
