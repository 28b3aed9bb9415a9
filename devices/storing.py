"""Has what arrived stored, in batches: again and again while nothing can be, by halves where one message cannot be.

A message that is refused alone while others pass goes to `set_aside`: what cannot be stored as it should must still be
kept somewhere, or it would come back for ever. What finds no place at all is tried again at growing intervals.
"""

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from threading import Event
from typing import Final

from devices.signals import Message

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE, LONGEST_REST = 0.2, 3.0, 60.0  # seconds
IDLE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Ack:
    """What a device is told: its event is stored."""

    device: str
    event_id: str
    stored_at: datetime

    @property
    def topic(self) -> str:
        return f"care/v1/{self.device}/ack"

    @property
    def payload(self) -> bytes:
        return json.dumps({"id": self.event_id, "stored_at": self.stored_at.isoformat()}).encode()


Receive = Callable[[Sequence[Message]], Sequence[Ack]]
"""Returning means every message is safe, raising means the broker must keep them all. Every message may come twice."""

SetAside = Callable[[Message, Exception], None]
"""Keeps a message that `receive` refuses whenever it is alone. Returning means that it is safe."""


@dataclass(slots=True)
class Arrival:
    """A message, and the number it is acknowledged by, which means nothing on another connection."""

    message: Message
    mid: int
    refused_after: int | None = None  # how many batches had passed when it was refused alone
    safe: bool = False


@dataclass(slots=True)
class Stuck:
    """A message that found no place at all, and when it is tried again."""

    arrival: Arrival
    due: float
    rest: float = LONGEST_PAUSE


class Storing:
    """A queue and the loop that empties it. `done` hears what is safe and what to tell; `changed`, that health has."""

    def __init__(
        self,
        name: str,
        receive: Receive,
        set_aside: SetAside | None,
        *,
        batch: int,
        done: Callable[[Sequence[Arrival], Sequence[Ack]], None],
        changed: Callable[[], None],
        stopping: Event,
    ) -> None:
        self._name, self._receive, self._set_aside = name, receive, set_aside
        self._batch, self._tell_done, self._changed, self._stopping = batch, done, changed, stopping
        self._queue: SimpleQueue[Arrival] = SimpleQueue()
        self._pending: deque[Arrival] = deque()
        self._stuck: list[Stuck] = []
        self._pause = FIRST_PAUSE
        self._size = batch  # of the next one: halved where one is refused, doubled where one passes
        self._passed = 0
        self.failing_since: datetime | None = None
        self.error: str | None = None

    def put(self, arrival: Arrival) -> None:
        """From any thread; never waits."""
        self._queue.put(arrival)

    @property
    def waiting(self) -> int:
        """Arrived and not stored."""
        return self._queue.qsize() + len(self._pending) + len(self._stuck)

    @property
    def stuck(self) -> int:
        """Could be neither stored nor set aside while others were stored."""
        return len(self._stuck)

    def run(self) -> None:
        """Turns until it is to stop."""
        while not self._stopping.is_set():
            self.turn()

    def turn(self) -> None:
        """Wait a little for something, store what is there, and try again what is stuck; never raises."""
        try:
            self._turn()
        except Exception:
            log.exception("%s: what was stored could not be told", self._name)

    def _turn(self) -> None:
        self._drain()
        if self._pending:
            self._try([self._pending.popleft() for _ in range(min(self._size, len(self._pending)))])
        now = time.monotonic()
        if due := next((stuck for stuck in self._stuck if stuck.due <= now), None):
            self._try_again(due)

    def _drain(self) -> None:
        with suppress(Empty):
            if not self._pending:
                self._pending.append(self._queue.get(timeout=IDLE))
            while len(self._pending) < self._batch:
                self._pending.append(self._queue.get_nowait())

    def _try(self, chunk: list[Arrival]) -> None:
        try:
            acks = self._receive([arrival.message for arrival in chunk])
        except Exception as error:
            self._failed(chunk, error)
        else:
            self._recovered()
            self._tell_done(chunk, acks)

    def _failed(self, chunk: list[Arrival], error: Exception) -> None:
        """All of it again, half as many at once: either nothing can be stored now, or one message is what cannot."""
        log.error("%s: %d messages not stored", self._name, len(chunk), exc_info=error)
        if len(chunk) > 1:
            self._pending.extendleft(reversed(chunk))
            self._size = len(chunk) // 2
            self._note(error)
            return
        if chunk[0].refused_after in (None, self._passed):
            chunk[0].refused_after = self._passed
            self._pending.append(chunk[0])
        else:  # others have passed since it was last refused: it is this one
            self._put_aside(Stuck(chunk[0], due=0.0), error)
            return
        self._note(error)
        self._stopping.wait(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _note(self, error: Exception) -> None:
        self.failing_since = self.failing_since or datetime.now(UTC)
        self.error = f"{type(error).__name__}: {error}"[:300]
        self._changed()

    def _recovered(self) -> None:
        self._passed += 1
        self._size = min(self._size * 2, self._batch)
        self._pause = FIRST_PAUSE
        if self.failing_since is not None:
            self.failing_since = self.error = None
            self._changed()

    def _put_aside(self, stuck: Stuck, error: Exception) -> None:
        try:
            if self._set_aside is None:
                raise error
            self._set_aside(stuck.arrival.message, error)
        except Exception:
            log.exception("%s: a message can be neither stored nor set aside", self._name)
            stuck.due = time.monotonic() + stuck.rest
            stuck.rest = min(stuck.rest * 2, LONGEST_REST)
            self._stuck.append(stuck)
        else:
            self._tell_done([stuck.arrival], [])
        self._recovered()

    def _try_again(self, stuck: Stuck) -> None:
        self._stuck.remove(stuck)
        try:
            acks = self._receive([stuck.arrival.message])
        except Exception as error:
            self._put_aside(stuck, error)
        else:
            self._tell_done([stuck.arrival], acks)
