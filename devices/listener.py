"""Hears a broker and forgets nothing: a message is acknowledged only after `receive` has stored it.

The network thread only queues. A loop (`devices.storing`) hands what waits to `receive` as one batch, and only when
that returns is each message acknowledged to the broker (group commit) and the devices told. While `receive` raises,
nothing is acknowledged and it is asked again, with growing pauses. What `can_wait` has a queue, a batch and a thread of
its own, so that it never holds up what cannot.

Acknowledgements leave in the order of arrival, as the standard has it (the embedded broker hangs up otherwise).
"""

import logging
import signal
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from typing import Any, Final

from devices.mqtt import Address, Client, ConnectFlags, DisconnectFlags, MQTTMessage, Properties, ReasonCode
from devices.signals import Message
from devices.storing import Ack, Arrival, Receive, SetAside, Storing

__all__ = ["Ack", "Health", "Listener", "Receive", "SetAside", "stop_on_signals"]

log = logging.getLogger(__name__)

A_WEEK: Final = 7 * 24 * 3600
SETTLE: Final = 5.0


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


class Listener:
    """One client of the broker, with its own session and queue. Alarms and telemetry each have theirs."""

    def __init__(
        self,
        address: Address,
        *,
        client_id: str,
        name: str = "",
        topics: Sequence[str],
        receive: Receive,
        set_aside: SetAside | None = None,
        can_wait: Callable[[Message], bool] | None = None,
        batch: int = 500,
        session_seconds: int = A_WEEK,
        window: int = 1000,
        most_waiting: int = 20_000,
        heard: Callable[[Health], None] | None = None,
    ) -> None:
        self._address, self._topics, self._window = address, list(topics), window
        self._can_wait, self._most_waiting, self._heard = can_wait, most_waiting, heard
        self._name = name or client_id  # in logs and with messages; the id itself may be a secret
        self._stopping, self._answered = Event(), Event()
        self._first, self._second = (
            Storing(
                lane, receive, set_aside, batch=batch, done=self._done, changed=self._changed, stopping=self._stopping
            )
            for lane in (self._name, f"{self._name} (can wait)")
        )
        self._unacked: deque[Arrival] = deque()  # of this connection, as they came
        self._lock = Lock()  # over the connection, every packet sent and the health
        self._live = False
        self._health = Health(since=datetime.now(UTC))
        self._client = address.client(client_id, session_seconds=session_seconds, window=window, manual_ack=True)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def run(self) -> None:
        """Listens until `stop`; what is not yet stored then stays with the broker."""
        second = Thread(target=self._second.run, name=f"{self._name} (can wait)")
        if self._can_wait:
            second.start()
        try:
            while not self._stopping.is_set():
                self._client.loop_start()  # also revives a network thread that died
                self._first.turn()
        finally:
            self._stopping.set()
            if self._can_wait:
                second.join()
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
        lanes = (self._first, self._second)
        failing = min(
            (lane for lane in lanes if lane.failing_since), key=lambda lane: str(lane.failing_since), default=None
        )
        return replace(
            known,
            failing_since=failing.failing_since if failing else None,
            error=failing.error if failing else None,
            waiting=sum(lane.waiting for lane in lanes),
            stuck=sum(lane.stuck for lane in lanes),
        )

    # What the loops say

    def _done(self, chunk: Sequence[Arrival], acks: Sequence[Ack]) -> None:
        """To the broker first, then to the devices; a device that hears nothing repeats its event."""
        with self._lock:
            for arrival in chunk:
                arrival.safe = True
            self._acknowledge()
            if self._live:
                for ack in acks:
                    self._client.publish(ack.topic, ack.payload)
            self._health = replace(self._health, stored=self._health.stored + len(chunk))
        self._changed()

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
        self._changed()

    def _changed(self) -> None:
        if self._heard:
            self._heard(self.health())

    # The network thread: queues, and never raises, for that would end it

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            log.error("%s: the broker refused us: %s", self._name, reason)
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
            log.error("%s: may not hear %s: %s", self._name, self._topics, refused)
        self._note(connected=refused is None, since=datetime.now(UTC), refused=refused)

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        with self._lock:
            was, self._live = self._live, False
        if was:
            log.warning("%s: lost the broker: %s", self._name, reason)
            self._note(connected=False, since=datetime.now(UTC))

    def _on_message(self, _client: Client, _data: Any, arrived: MQTTMessage) -> None:
        try:
            message = Message(
                topic=arrived.topic,
                payload=bytes(arrived.payload),
                qos=arrived.qos,
                retained=bool(arrived.retain),
                received_at=datetime.now(UTC),
                source=self._name,
            )
            arrival = Arrival(message, arrived.mid)
            lane = self._second if self._can_wait and self._can_wait(message) else self._first
            keep = arrived.qos > 0 or lane.waiting < self._most_waiting
            with self._lock:
                if arrived.qos:
                    self._unacked.append(arrival)
                counted = self._health
                self._health = replace(
                    counted, received=counted.received + 1, dropped=counted.dropped + (0 if keep else 1)
                )
            if keep:
                lane.put(arrival)
        except Exception:
            log.exception("%s: a message could not be taken", self._name)


def stop_on_signals(*listeners: Listener) -> None:
    """SIGTERM and SIGINT end the loops; what is being stored is finished and acknowledged first."""

    def stop(_number: int, _frame: Any) -> None:
        for listener in listeners:
            listener.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
