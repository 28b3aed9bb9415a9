"""Hears a broker and forgets nothing: a message is acknowledged only after `receive` has stored it.

The network thread only queues. The main loop drains what waits, hands it to `receive` as one batch, and only when that
returns acknowledges each message to the broker (group commit) and tells the devices. While `receive` raises, nothing is
acknowledged and it is asked again, with growing pauses. A message it refuses alone while others pass goes to
`set_aside`: what cannot be stored as it should must still be kept somewhere, or it would come back for ever.

Acknowledgements leave in the order of arrival, as the standard has it (the embedded broker hangs up otherwise).
"""

import json
import logging
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from threading import Event, Lock
from typing import Any, Final

from devices.mqtt import Address, Client, ConnectFlags, DisconnectFlags, MQTTMessage, Properties, ReasonCode
from devices.signals import Message

log = logging.getLogger(__name__)

A_WEEK: Final = 7 * 24 * 3600
FIRST_PAUSE, LONGEST_PAUSE, LONGEST_REST = 0.2, 3.0, 60.0  # seconds
IDLE: Final = 0.5
SETTLE: Final = 5.0


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


@dataclass(frozen=True, slots=True)
class Health:
    """How the listener is, for `/readyz` and for the desk."""

    connected: bool = False  # and the broker has granted every subscription
    since: datetime | None = None  # of the present state of `connected`
    refused: str | None = None  # why the broker would not have us
    failing_since: datetime | None = None  # `receive` raises: as a rule, the database is down
    error: str | None = None
    waiting: int = 0  # heard and not stored
    stuck: int = 0  # could be neither stored nor set aside while others were stored; still with the broker
    received: int = 0
    stored: int = 0
    dropped: int = 0  # QoS 0 beyond what memory may hold


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


class Listener:
    """One client of the broker, with its own session and queue. Alarms and telemetry each have theirs."""

    def __init__(
        self,
        address: Address,
        *,
        client_id: str,
        topics: Sequence[str],
        receive: Receive,
        set_aside: SetAside | None = None,
        batch: int = 500,
        session_seconds: int = A_WEEK,
        window: int = 1000,
        most_waiting: int = 20_000,
        heard: Callable[[Health], None] | None = None,
    ) -> None:
        self._address, self._topics, self._receive = address, list(topics), receive
        self._set_aside, self._window = set_aside, window
        self._batch, self._most_waiting, self._heard = batch, most_waiting, heard
        self._client_id = client_id
        self._stopping, self._answered = Event(), Event()
        self._queue: SimpleQueue[Arrival] = SimpleQueue()
        self._pending: deque[Arrival] = deque()
        self._stuck: list[Stuck] = []
        self._pause = FIRST_PAUSE
        self._singly = 0  # so many of those pending go one by one: one among them may be what cannot be stored
        self._passed = 0
        self._unacked: deque[Arrival] = deque()  # of this connection, as they came
        self._lock = Lock()  # over the connection, every packet sent and the health
        self._live = False
        self._health = Health(since=datetime.now(UTC))
        self._client = address.client(client_id, session_seconds=session_seconds, window=window, manual_ack=True)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    # The main loop

    def run(self) -> None:
        """Listens until `stop`; what is not yet stored then stays with the broker."""
        try:
            while not self._stopping.is_set():
                self._client.loop_start()  # also revives a network thread that died
                self._turn()
        finally:
            self._settle()
            self._client.disconnect()
            self._client.loop_stop()
            self._note(connected=False, since=datetime.now(UTC))

    def _settle(self) -> None:
        """One round trip: then the broker has read every acknowledgement, which a closing line might else swallow."""
        with self._lock:
            live = self._live
        if live:
            self._answered.clear()
            self._address.subscribe(self._client, self._topics)
            self._answered.wait(SETTLE)

    def stop(self) -> None:
        """May be called from a signal handler or another thread."""
        self._stopping.set()

    def health(self) -> Health:
        with self._lock:
            known = self._health
        return replace(
            known, waiting=self._queue.qsize() + len(self._pending) + len(self._stuck), stuck=len(self._stuck)
        )

    def _turn(self) -> None:
        self._drain()
        if self._pending:
            size = 1 if self._singly else self._batch
            self._singly = max(self._singly - 1, 0)
            self._try([self._pending.popleft() for _ in range(min(size, len(self._pending)))])
        now = time.monotonic()
        if due := next((stuck for stuck in self._stuck if stuck.due <= now), None):
            self._try_again(due)

    def _drain(self) -> None:
        """Waits for a first message where there is none, then takes what else is there."""
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
            self._done(chunk, acks)

    def _failed(self, chunk: list[Arrival], error: Exception) -> None:
        """All of it again, one by one: either nothing can be stored now, or one message is what cannot."""
        log.error("%s: %d messages not stored", self._client_id, len(chunk), exc_info=error)
        if len(chunk) > 1:
            self._pending.extendleft(reversed(chunk))
            self._singly = len(chunk)
        elif chunk[0].refused_after in (None, self._passed):
            chunk[0].refused_after = self._passed
            self._pending.append(chunk[0])
        else:  # others have passed since it was last refused: it is this one
            self._put_aside(Stuck(chunk[0], due=0.0), error)
            return
        with self._lock:
            since = self._health.failing_since or datetime.now(UTC)
        self._note(failing_since=since, error=f"{type(error).__name__}: {error}"[:300])
        self._stopping.wait(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _recovered(self) -> None:
        self._passed += 1
        self._pause = FIRST_PAUSE
        with self._lock:
            failing = self._health.failing_since is not None
        if failing:
            self._note(failing_since=None, error=None)

    def _put_aside(self, stuck: Stuck, error: Exception) -> None:
        try:
            if self._set_aside is None:
                raise error
            self._set_aside(stuck.arrival.message, error)
        except Exception:
            log.exception("%s: a message can be neither stored nor set aside", self._client_id)
            stuck.due = time.monotonic() + stuck.rest
            stuck.rest = min(stuck.rest * 2, LONGEST_REST)
            self._stuck.append(stuck)
        else:
            self._done([stuck.arrival], [])
        self._recovered()

    def _try_again(self, stuck: Stuck) -> None:
        self._stuck.remove(stuck)
        try:
            acks = self._receive([stuck.arrival.message])
        except Exception as error:
            self._put_aside(stuck, error)
        else:
            self._done([stuck.arrival], acks)

    def _done(self, chunk: list[Arrival], acks: Sequence[Ack]) -> None:
        """To the broker first, then to the devices; a device that hears nothing repeats its event."""
        with self._lock:
            for arrival in chunk:
                arrival.safe = True
            self._acknowledge()
            if self._live:
                for ack in acks:
                    self._client.publish(ack.topic, ack.payload)
            self._health = replace(self._health, stored=self._health.stored + len(chunk))
        if self._heard:
            self._heard(self.health())

    def _acknowledge(self) -> None:
        """In order, and only on the connection the message came by; the lock is held.

        A message that found no place would in time shut the window for everybody: then the order is given up.
        """
        if not self._live:
            return
        while self._unacked and self._unacked[0].safe:
            self._client.ack(self._unacked.popleft().mid, 1)
        if len(self._unacked) > self._window // 2:
            waiting = deque(arrival for arrival in self._unacked if not arrival.safe)
            for arrival in self._unacked:
                if arrival.safe:
                    self._client.ack(arrival.mid, 1)
            self._unacked = waiting

    def _note(self, **changes: Any) -> None:
        with self._lock:
            self._health = replace(self._health, **changes)
        if self._heard:
            self._heard(self.health())

    # The network thread: queues, and never raises, for that would end it

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            log.error("%s: the broker refused us: %s", self._client_id, reason)
            return self._note(refused=str(reason))
        with self._lock:
            self._unacked.clear()
            self._live = True
        self._address.subscribe(client, self._topics)
        return None

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        self._answered.set()
        refused = next((str(reason) for reason in reasons if reason.is_failure), None)
        if refused:
            log.error("%s: may not hear %s: %s", self._client_id, self._topics, refused)
        self._note(connected=refused is None, since=datetime.now(UTC), refused=refused)

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        with self._lock:
            was, self._live = self._live, False
        if was:
            log.warning("%s: lost the broker: %s", self._client_id, reason)
            self._note(connected=False, since=datetime.now(UTC))

    def _on_message(self, _client: Client, _data: Any, arrived: MQTTMessage) -> None:
        try:
            message = Message(
                topic=arrived.topic,
                payload=bytes(arrived.payload),
                qos=arrived.qos,
                retained=bool(arrived.retain),
                received_at=datetime.now(UTC),
                source=self._client_id,
            )
            arrival = Arrival(message, arrived.mid)
            keep = arrived.qos > 0 or self._queue.qsize() < self._most_waiting
            with self._lock:
                if arrived.qos:
                    self._unacked.append(arrival)
                counted = self._health
                self._health = replace(
                    counted, received=counted.received + 1, dropped=counted.dropped + (0 if keep else 1)
                )
            if keep:
                self._queue.put(arrival)
        except Exception:
            log.exception("%s: a message could not be taken", self._client_id)


def stop_on_signals(*listeners: Listener) -> None:
    """SIGTERM and SIGINT end the loops; what is being stored is finished and acknowledged first."""

    def stop(_number: int, _frame: Any) -> None:
        for listener in listeners:
            listener.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
