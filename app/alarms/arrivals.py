"""A message that has arrived: what it says, and by what it is known when it comes again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.alarms.reading import with_model
from app.alarms.rules import NEVER_SO_LATE, SAME_PRESS, payload_hash, rings_as, same_press
from app.alarms.tables import InboxMessage, SignalRow
from devices import codecs
from devices.signals import BadPayload, Message, Signal


@dataclass
class Arrival:
    """A message, what it says, and whose device sent it."""

    message: Message
    at: datetime
    hash: str
    signals: Sequence[Signal] = ()
    unreadable: str | None = None
    refused: bool = False  # by the database or a rule, alone: what remains is to keep the bytes

    @property
    def event_id(self) -> str | None:
        """The device's own number of what it says."""
        return self.signals[0].event_id if self.signals else None

    @property
    def wire_id(self) -> str | None:
        """The device that speaks, by what is said or else by the topic."""
        if self.signals:
            return self.signals[0].device
        levels = self.message.topic.split("/")
        return levels[2] if levels[:2] == ["care", "v1"] and len(levels) == 4 else self.message.meta.get("device")

    @property
    def numbered(self) -> bool:
        """Whether its device says it again under the same number; else it is itself only, wherever it is met again."""
        return bool(self.event_id) and not self.message.retained

    @property
    def key(self) -> str:
        """What makes a message the same one: device and event id, else the moment, source and topic."""
        if self.numbered:
            return f"{self.wire_id}:{self.event_id}"
        topic = payload_hash(self.message.topic.encode())  # as long as it likes
        return f"{self.message.source}@{self.at.isoformat()}#{topic}#{self.hash}"

    @property
    def may_ring(self) -> bool:
        """Whether it is a call for help, or may be one as far as anybody can tell before the register is asked."""
        return self.unreadable is not None or any(
            rings_as(signal.kind, history=signal.history, of_button=True) is not None for signal in self.signals
        )


def read(session: Session, messages: Sequence[Message], *, now: datetime) -> list[Arrival]:
    """What messages say; what nobody can read says why."""
    return [_read(message, now) for message in with_model(session, messages)]


def unread(message: Message, reason: str, *, now: datetime) -> Arrival:
    """A message that only a fault of ours keeps from being read."""
    return Arrival(message, message.received_at or now, payload_hash(message.payload), (), reason)


def _read(message: Message, now: datetime) -> Arrival:
    at = message.received_at or now
    arrival = Arrival(message, at, payload_hash(message.payload), unreadable=message.meta.get("refused"))
    if arrival.unreadable:
        return arrival
    try:
        arrival.signals = codecs.decode(message, message.meta.get("family"))
        if number := message.meta.get("event_id"):
            arrival.signals = [replace(signal, event_id=signal.event_id or number) for signal in arrival.signals]
    except BadPayload as bad:
        arrival.unreadable = bad.reason
    return arrival


@dataclass(frozen=True, slots=True)
class Kept:
    """When a message was stored, and its payload's hash."""

    at: datetime
    hash: str


def kept(session: Session, arrivals: Sequence[Arrival]) -> dict[str, Kept]:
    """The keys of a batch that were stored before; also those with the tail of a number that came back."""
    keys = {arrival.key for arrival in arrivals}
    keys |= {_with_tail(arrival) for arrival in arrivals if arrival.numbered}
    rows = session.execute(
        select(InboxMessage.source_key, InboxMessage.stored_at, InboxMessage.payload_hash).where(
            InboxMessage.source_key.in_(keys)
        )
    )
    return {key: Kept(at, hashed) for key, at, hashed in rows}


def new_key(arrival: Arrival, known: Mapping[str, Kept], *, now: datetime) -> str | None:
    """The key to store it under; None where it is stored. A number that a restarted counter gives again gets a tail."""
    if not arrival.numbered:
        return None if arrival.key in known else arrival.key
    within = arrival.message.meta.get("same_within", NEVER_SO_LATE)
    for key in (arrival.key, _with_tail(arrival), f"{arrival.key}#{now.isoformat()}"):
        before = known.get(key)
        if before is None:
            return key
        if same_press(before.at, before.hash, now=now, payload=arrival.hash, within=within):
            return None
    return None


def _with_tail(arrival: Arrival) -> str:
    return f"{arrival.key}#{arrival.hash[:16]}"


Copies = dict[tuple[str | None, str | None], list[datetime]]
"""When a device that numbers nothing said each thing, by its name and what makes two sayings the same."""


def copies(session: Session, arrivals: Sequence[Arrival]) -> Copies:
    """What was said of late without a number and is said again here; the callers judge by the time."""
    repeats = {signal.repeat for arrival in arrivals for signal in arrival.signals if not signal.event_id}
    if not repeats:
        return {}
    times = [arrival.at for arrival in arrivals]
    rows = session.execute(
        select(SignalRow.wire_id, SignalRow.repeat, SignalRow.received_at).where(
            SignalRow.repeat.in_(repeats),
            SignalRow.received_at.between(min(times) - SAME_PRESS, max(times) + SAME_PRESS),
        )
    )
    said: Copies = {}
    for wire_id, repeat, at in rows:
        said.setdefault((wire_id, repeat), []).append(at)
    return said
