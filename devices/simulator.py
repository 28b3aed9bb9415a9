"""Simulated devices on a real broker: they speak care/v1, repeat every event until it is acknowledged, and beat.

Six hundred need no six hundred connections: through the account of a gateway many devices share a few. With accounts of
their own each has a connection of its own, and a last will.
"""

import heapq
import itertools
import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Condition, Thread
from typing import Any, Final, Self

from devices.mqtt import Address, Client, MQTTMessage
from devices.signals import Kind

REPEAT: Final = (5.0, 60.0)  # seconds until the first repeat; the pause doubles up to the second
SHARED: Final = 50  # devices on one connection of a gateway


@dataclass(slots=True)
class Unacked:
    """An event that its device goes on repeating."""

    device: str
    payload: bytes
    first: float
    pause: float


@dataclass(frozen=True, slots=True)
class Counts:
    """What the fleet has done so far."""

    events: int = 0  # distinct ones
    sent: int = 0  # with the repeats
    acked: int = 0
    beats: int = 0


class Fleet:
    """Devices of one broker. `credentials` are passwords by device id, or one (name, password) of a gateway for all."""

    def __init__(
        self,
        url: str,
        devices: Iterable[str],
        credentials: Mapping[str, str] | tuple[str, str],
        *,
        repeat: tuple[float, float] = REPEAT,
        name: str = "fleet",
    ) -> None:
        self._address, self._repeat = Address.of(url), repeat
        self._devices = list(devices)
        self._unacked: dict[str, Unacked] = {}
        self._due: list[tuple[float, str]] = []
        self._latency: list[float] = []
        self._counts = {"events": 0, "sent": 0, "acked": 0, "beats": 0}
        self._numbers = itertools.count(1)
        self._change = Condition()
        self._stopping = False
        self._clients: dict[str, Client] = {}
        self._shared = isinstance(credentials, tuple)
        if isinstance(credentials, tuple):
            for number, start in enumerate(range(0, len(self._devices), SHARED)):
                self._connect(f"{name}-{number}", self._devices[start : start + SHARED], credentials)
        else:
            for device in self._devices:
                self._connect(f"{name}-{device}", [device], (device, credentials[device]))
        self._repeater = Thread(target=self._repeat_until_acked, name=f"{name}-repeater", daemon=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        for client in {id(client): client for client in self._clients.values()}.values():
            client.loop_start()
        self._repeater.start()
        return self

    def stop(self) -> None:
        """Leaves politely: a device of its own account says that it is offline."""
        with self._change:
            self._stopping = True
            self._change.notify_all()
        self._repeater.join()
        for device, client in self._clients.items():
            if not self._shared:
                client.publish(f"care/v1/{device}/status", _status("offline"), qos=1)
        for client in {id(client): client for client in self._clients.values()}.values():
            client.disconnect()
            client.loop_stop()

    def vanish(self, device: str) -> None:
        """Falls off the net: the broker publishes the last will when it notices."""
        if self._shared:
            raise ValueError("a device behind a gateway has no connection of its own to lose")
        client = self._clients.pop(device)
        client.loop_stop()
        if link := client.socket():
            link.close()

    def press(self, device: str, kind: Kind = Kind.SOS, event_id: str | None = None, **fields: Any) -> str:
        """Says it and repeats it until it is acknowledged; answers the event's id."""
        event_id = event_id or uuid.uuid4().hex
        event = {
            "id": event_id,
            "kind": kind,
            "at": datetime.now(UTC).isoformat(),
            "seq": next(self._numbers),
            **fields,
        }
        now = time.monotonic()
        with self._change:
            unacked = Unacked(device, json.dumps(event).encode(), now, self._repeat[0])
            self._unacked[event_id] = unacked
            heapq.heappush(self._due, (now + unacked.pause, event_id))
            self._counts["events"] += 1
            self._change.notify_all()
        self._send(unacked)
        return event_id

    def fall(self, device: str, **fields: Any) -> str:
        return self.press(device, Kind.FALL, **fields)

    def low_battery(self, device: str, battery: int = 8) -> str:
        return self.press(device, Kind.LOW_BATTERY, battery=battery)

    def beat(self, devices: Iterable[str] | None = None, **fields: Any) -> None:
        """A heartbeat of these, or of all: telemetry, which nobody acknowledges and nobody repeats."""
        for device in self._clients if devices is None else devices:
            beat = {"kind": Kind.HEARTBEAT, "at": datetime.now(UTC).isoformat(), **fields}
            self._clients[device].publish(f"care/v1/{device}/telemetry", json.dumps(beat), qos=0)
            with self._change:
                self._counts["beats"] += 1

    def unacked(self) -> set[str]:
        """The ids that are still being repeated."""
        with self._change:
            return set(self._unacked)

    def counts(self) -> Counts:
        with self._change:
            return Counts(**self._counts)

    def latencies(self) -> list[float]:
        """Seconds from press to acknowledgement, of every event acknowledged so far."""
        with self._change:
            return list(self._latency)

    def wait(self, seconds: float) -> bool:
        """Whether every event was acknowledged within the time."""
        with self._change:
            return self._change.wait_for(lambda: not self._unacked, seconds)

    def connected(self) -> int:
        """How many devices have a connection."""
        return sum(client.is_connected() for client in self._clients.values())

    def _connect(self, client_id: str, devices: list[str], account: tuple[str, str]) -> None:
        address = self._address.of_account(*account)
        client = address.client(client_id)
        if not self._shared:
            client.will_set(f"care/v1/{devices[0]}/status", _status("offline"), qos=1)

        def on_connect(client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            if not reason.is_failure:
                address.subscribe(client, [f"care/v1/{device}/ack" for device in devices])
                if not self._shared:
                    client.publish(f"care/v1/{devices[0]}/status", _status("online"), qos=1)

        client.on_connect = on_connect
        client.on_message = self._on_ack
        self._clients |= dict.fromkeys(devices, client)

    def _send(self, unacked: Unacked) -> None:
        client = self._clients.get(unacked.device)
        if client is None or not client.is_connected():
            return  # the repeat will do it
        client.publish(f"care/v1/{unacked.device}/event", unacked.payload, qos=1)
        with self._change:
            self._counts["sent"] += 1

    def _on_ack(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        event_id = json.loads(message.payload).get("id")
        with self._change:
            if unacked := self._unacked.pop(event_id, None):
                self._latency.append(time.monotonic() - unacked.first)
                self._counts["acked"] += 1
                self._change.notify_all()

    def _repeat_until_acked(self) -> None:
        while True:
            with self._change:
                now = time.monotonic()
                self._change.wait(max(self._due[0][0] - now, 0.0) if self._due else None)
                if self._stopping:
                    return
                late = []
                while self._due and self._due[0][0] <= time.monotonic():
                    event_id = heapq.heappop(self._due)[1]
                    if unacked := self._unacked.get(event_id):
                        unacked.pause = min(unacked.pause * 2, self._repeat[1])
                        heapq.heappush(self._due, (time.monotonic() + unacked.pause, event_id))
                        late.append(unacked)
            for unacked in late:
                self._send(unacked)


def _status(status: str) -> bytes:
    return json.dumps({"status": status}).encode()
