"""Row 8: one device tries to be another, on a real Mosquitto: every topic, every way in. None may pass.

What counts is what arrives: Mosquitto grants a wildcard subscription and then delivers nothing that the rights forbid.
"""

import itertools
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.cli.parts import Part, Running, free_port
from app.cli.parts.broker import answers
from devices import broker
from devices.accounts import dynsec
from devices.broker import BRIDGES, CHANNELS, Account, Role
from devices.mqtt import Address, Client, MQTTMessage
from tests.torture.figures import Row

ANNA, BELA, PLATFORM, GATEWAY, ADMIN = (
    Account("anna", "a-secret"), Account("bela", "b-secret"), Account("platform", "p-secret", Role.PLATFORM),
    Account("gateway", "g-secret", Role.GATEWAY), Account("admin", "x-secret"),
)  # fmt: skip
WORDS: Final = (*CHANNELS, "ack", "cmd")
OWN: Final = {f"care/v1/anna/{word}" for word in CHANNELS}
HEARD: Final = {"care/v1/anna/ack", "care/v1/anna/cmd"}
PATIENCE: Final = 20.0


def topics() -> list[str]:
    """Every topic that means something here, of both devices and of nobody, and some that only look like one."""
    named = [f"care/v1/{name}/{word}" for name in ("anna", "bela", "nobody", "anna ", "ANNA") for word in WORDS]
    bridged = [topic.replace("#", "x").replace("+", "bela") for topic in BRIDGES]
    odd = [
        "care/v1/anna", "care/v1/anna/event/x", "care/v1//event", "/care/v1/bela/event", "care/v2/bela/event",
        "care/v1/anna/../bela/event", "x", "$SYS/broker/version", dynsec.CONTROL,
    ]  # fmt: skip
    return [*named, *bridged, *odd]


FILTERS: Final = (
    "#", "+/#", "care/#", "care/v1/#", "care/v1/+/ack", "care/v1/+/cmd", "care/v1/+/event", "care/+/bela/+",
    "+/+/bela/+", "care/v1/bela/#", "$share/thieves/care/v1/+/event", "$share/thieves/care/v1/bela/ack", "$SYS/#",
    "$CONTROL/#", *BRIDGES,
)  # fmt: skip


@dataclass
class Ear:
    """A client that remembers what it heard."""

    address: Address
    name: str
    will: str | None = None
    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client: Client = self.address.client(self.name)
        if self.will:
            self.client.will_set(self.will, b"stolen", qos=1)
        self.client.on_message = self._hear
        self.answered: set[int] = set()
        self.client.on_subscribe = lambda _client, _data, mid, _reasons, _properties: self.answered.add(mid)
        self.client.reconnect_delay_set(0, 1)
        self.client.loop_start()
        _until(self.client.is_connected, f"{self.name} is connected")

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append(message.topic)

    def subscribe(self, topic: str) -> None:
        mid = self.client.subscribe(topic, 1)[1]
        _until(lambda: mid in self.answered, f"the broker answers {self.name} about {topic}")

    def say(self, topic: str, payload: bytes = b"stolen") -> None:
        """Waits until the broker has answered, whatever it answers; a publication may cost the connection."""
        _until(self.client.is_connected, f"{self.name} is connected")
        info = self.client.publish(topic, payload, qos=1)
        _until(lambda: info.is_published() or not self.client.is_connected(), f"the broker answers {self.name}")

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def _until(claim: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not claim():
        assert time.monotonic() < deadline, f"it never came true that {what}"
        time.sleep(0.01)


@contextmanager
def brokers(folder: Path, *, plugin: bool) -> Iterator[Address]:
    """A Mosquitto that knows two devices, by its files or by its dynamic security plugin."""
    port = free_port()
    if plugin:
        dynsec.write(folder, port=port, accounts=[PLATFORM, GATEWAY], admin=ADMIN)
        known = [(one.name, broker.hashed(one.password)) for one in (ANNA, BELA)]
        file = folder / "accounts-of-devices.json"
        broker.secret_file(file, dynsec.document([PLATFORM, GATEWAY], known, ADMIN))
    else:
        broker.write(folder, port=port, accounts=[ANNA, BELA, PLATFORM, GATEWAY])
    url = f"mqtt://{PLATFORM.name}:{PLATFORM.password}@127.0.0.1:{port}"
    running = Running(Part(name="broker", command=broker.command(folder), ready=lambda: answers(url)), folder)
    try:
        yield Address.of(url)
    finally:
        running.stop()


def run(folder: Path) -> Row:
    """Both ways of keeping rights; a fault for each topic that passed."""
    row = Row(8, "device A as B on a real Mosquitto, all topics, rights by file and by plugin")
    ways = (False, True) if dynsec.plugin() else (False,)
    for plugin in ways:
        way = "plugin" if plugin else "files"
        with brokers(folder / way, plugin=plugin) as address:
            for fault in itertools.chain(_speaks(address), _hears(address), _wills(address), _takes_over(address)):
                row.faults.append(f"{way}: {fault}")
    row.counted |= {"ways": len(ways), "topics said": len(topics()), "filters": len(FILTERS)}
    return row


def _as(address: Address, account: Account) -> Address:
    return address.of_account(account.name, account.password)


def _speaks(address: Address) -> Iterator[str]:
    """What Anna says under each topic, and the platform hears."""
    platform = Ear(address, "ear")
    platform.subscribe("#")
    anna = Ear(_as(address, ANNA), "anna")
    for topic in topics():
        if topic not in OWN:
            anna.say(topic)
    _until(anna.client.is_connected, "anna is connected again")
    for topic in sorted(OWN):
        anna.say(topic)
    _until(lambda: set(platform.heard) >= OWN, "the platform hears what anna may say")
    anna.close()
    platform.close()
    yield from (f"said under {topic}" for topic in sorted({*platform.heard} - OWN))


def _hears(address: Address) -> Iterator[str]:
    """What Anna hears of what everybody else says, whatever she subscribes to."""
    anna = Ear(_as(address, ANNA), "anna")
    for wish in (*FILTERS, *topics()):
        _until(anna.client.is_connected, "anna is connected")
        anna.subscribe(wish)
    platform, gateway, bela = Ear(address, "p"), Ear(_as(address, GATEWAY), "g"), Ear(_as(address, BELA), "bela")
    for channel in CHANNELS:
        bela.say(f"care/v1/bela/{channel}")
    for topic in BRIDGES:
        gateway.say(topic.replace("#", "x").replace("+", "bela"))
    for name, word in itertools.product(("bela", "nobody", "anna"), ("ack", "cmd")):
        platform.say(f"care/v1/{name}/{word}")
    _until(lambda: set(anna.heard) >= HEARD, "anna hears what is meant for her")
    for ear in (anna, platform, gateway, bela):
        ear.close()
    yield from (f"heard {topic}" for topic in sorted({*anna.heard} - HEARD))


def _wills(address: Address) -> Iterator[str]:
    """Anna leaves a last will in Bela's name, and falls off the net."""
    platform = Ear(address, "ear")
    platform.subscribe("care/v1/#")
    for will in ("care/v1/bela/status", "care/v1/anna/ack", "care/v1/anna/status"):
        thief = _as(address, ANNA).client("anna")
        thief.will_set(will, b"stolen", qos=1)
        thief.loop_start()
        deadline = time.monotonic() + 3
        while not thief.is_connected() and time.monotonic() < deadline:
            time.sleep(0.01)  # a broker may refuse her the connection for such a will
        thief.loop_stop()
        if sock := thief.socket():
            sock.close()  # no good-bye: the broker speaks the will
    _until(lambda: "care/v1/anna/status" in platform.heard, "the platform hears of anna's own end")
    platform.close()
    yield from (f"willed {topic}" for topic in sorted({*platform.heard} - {"care/v1/anna/status"}))


def _takes_over(address: Address) -> Iterator[str]:
    """Anna connects under the name of a listener's session: what waits in it must be there afterwards."""
    from app.listener import session_name

    name = session_name("listener-1")
    listener = address.client(name, session_seconds=600)
    granted = threading.Event()
    listener.on_subscribe = lambda *_: granted.set()
    listener.loop_start()
    _until(listener.is_connected, "the listener is connected")
    listener.subscribe("care/v1/+/event", 1)
    assert granted.wait(PATIENCE)
    listener.disconnect()
    listener.loop_stop()
    bela, word = Ear(_as(address, BELA), "bela"), json.dumps({"id": secrets.token_hex(4), "kind": "sos"}).encode()
    bela.say("care/v1/bela/event", word)
    for guess in ("yinling-listener-1", "yinling-telemetry", "listener-1", "platform"):
        Ear(_as(address, ANNA), guess).close()
    heard: list[bytes] = []
    again = address.client(name, session_seconds=600)
    again.on_message = lambda _client, _data, message: heard.append(bytes(message.payload))
    again.loop_start()
    deadline = time.monotonic() + 5
    while word not in heard and time.monotonic() < deadline:
        time.sleep(0.01)
    bela.close()
    again.disconnect()
    again.loop_stop()
    if word not in heard:
        yield "took a listener's session over, and what waited in it is gone"
