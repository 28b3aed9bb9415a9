"""What a broker does with a listener's messages, tried over the wire under names of the doctor's own.

A session is left, more is published than Mosquitto's defaults keep, and the session is taken up again: first without
acknowledging anything (how much is sent at once), then acknowledging all of it (how much was kept).
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from devices.mqtt import Address, Client, ConnectFlags, MQTTMessage

PATIENCE: Final = 5.0  # seconds for one answer
QUIET: Final = 1.0  # seconds without a message: no more comes
MANY: Final = 1100  # messages; Mosquitto keeps 1,000 of them unless it is told otherwise
WINDOW: Final = 1000
A_WEEK: Final = 7 * 24 * 3600  # seconds; what the listeners ask for
AT_LEAST_ONCE: Final = 1


@dataclass
class Behaviour:
    """What was seen of a broker."""

    session_kept: bool = False
    granted: int = -1  # the quality of service of a subscription that asked for 1
    kept: int = 0  # of MANY
    at_once: int = 0  # sent before anything was acknowledged
    downgraded: int = 0  # messages that were published at QoS 1 and came at QoS 0
    session_seconds: int | None = None  # for how long it will keep a session, where it says so
    strangers: bool = False  # it lets clients in without a name


@dataclass
class _Seat:
    """A client with a session, and what happened to it."""

    client: Client
    present: bool = False
    properties: Any = None
    granted: list[int] = field(default_factory=list)
    heard: list[MQTTMessage] = field(default_factory=list)
    last: float = field(default_factory=time.monotonic)


def behaviour(address: Address) -> Behaviour:
    """Try it out; raises OSError where there is no connection."""
    name, seen = f"doctor-{secrets.token_hex(6)}", Behaviour()
    topic = f"care/v1/{name}/ack"
    first = _seat(address, name, A_WEEK)
    seen.session_seconds = getattr(first.properties, "SessionExpiryInterval", None)
    address.subscribe(first.client, [topic])
    _turn(first.client, lambda: bool(first.granted))
    seen.granted = first.granted[0] if first.granted else -1
    _leave(first.client)
    _speak(address, f"{name}-speaker", topic)
    second = _seat(address, name, A_WEEK)
    seen.session_kept = second.present
    _hear(second)
    seen.at_once = len(second.heard)
    _hear(second, acknowledging=True)
    seen.kept = len({bytes(message.payload) for message in second.heard})
    seen.downgraded = sum(message.qos < AT_LEAST_ONCE for message in second.heard)
    _leave(second.client)
    _leave(_seat(address, name, 0).client)  # with a clean start the broker forgets the session
    seen.strangers = _lets_in(Address(address.host, address.port, None, None, address.protocol, address.tls))
    return seen


def _seat(address: Address, name: str, seconds: int) -> _Seat:
    seat = _Seat(address.client(name, session_seconds=seconds, window=WINDOW, manual_ack=True))

    def on_connect(_client: Client, _data: Any, flags: ConnectFlags, _reason: Any, properties: Any) -> None:
        seat.present, seat.properties = flags.session_present, properties

    def on_message(_client: Client, _data: Any, message: MQTTMessage) -> None:
        seat.heard.append(message)
        seat.last = time.monotonic()

    seat.client.on_connect, seat.client.on_message = on_connect, on_message
    seat.client.on_subscribe = lambda _client, _data, _mid, reasons, _properties: seat.granted.append(reasons[0].value)
    connect(seat.client)
    return seat


def _speak(address: Address, name: str, topic: str) -> None:
    speaker = address.client(name, window=WINDOW)
    connect(speaker)
    sent = [speaker.publish(topic, n.to_bytes(4), qos=AT_LEAST_ONCE) for n in range(MANY)]
    _turn(speaker, lambda: all(one.is_published() for one in sent[-1:]), 4 * PATIENCE)
    _leave(speaker)


def _hear(seat: _Seat, *, acknowledging: bool = False) -> None:
    """Until nothing more comes."""
    answered, seat.last = 0, time.monotonic()
    while time.monotonic() - seat.last < QUIET:
        if seat.client.loop(0.05):
            return
        if acknowledging:
            for message in seat.heard[answered:]:
                seat.client.ack(message.mid, message.qos)
            answered = len(seat.heard)


def _lets_in(address: Address) -> bool:
    try:
        stranger = address.client(f"doctor-{secrets.token_hex(6)}")
        connect(stranger)
    except OSError:
        return False
    _leave(stranger)
    return True


def connect(client: Client) -> None:
    """Returns when it is connected; raises OSError."""
    client.reconnect()
    _turn(client, client.is_connected)
    if not client.is_connected():
        raise ConnectionRefusedError("it does not accept this name and password")


def _turn(client: Client, done: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        if client.loop(0.05):
            return


def _leave(client: Client) -> None:
    client.disconnect()
    client.loop(0.1)
