"""The listener against real brokers: what was acknowledged is stored, whoever is killed in between."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from devices.listener import Ack, Listener
from devices.signals import Message
from tests.devices.conftest import ROOT, Broker, until

EVENTS = ["care/v1/+/event"]
NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


class Store:
    """Stands where the database stands: it may be down, and it may choke on one message."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.down = False
        self.poison: str | None = None
        self.tries = 0

    def receive(self, batch: Sequence[Message]) -> list[Ack]:
        self.tries += 1
        ids = [str(json.loads(message.payload)["id"]) for message in batch]
        if self.down or self.poison in ids:
            raise ConnectionError("the database is away")
        self.batches.append(ids)
        return [Ack(message.topic.split("/")[2], event_id, NOON) for message, event_id in zip(batch, ids, strict=True)]

    @property
    def ids(self) -> list[str]:
        return [event_id for batch in self.batches for event_id in batch]


@contextmanager
def listening(broker: Broker, store: Store, **settings: Any) -> Iterator[Listener]:
    listener = Listener(
        broker.address("platform"), client_id="listener-1", topics=EVENTS, receive=store.receive, **settings
    )
    thread = threading.Thread(target=listener.run)
    thread.start()
    try:
        yield listener
    finally:
        listener.stop()
        thread.join(10)
        assert not thread.is_alive()


@contextmanager
def device(broker: Broker, name: str = "anna") -> Iterator[Any]:
    client = broker.address(name).client(f"device-{name}")
    client.loop_start()
    until(client.is_connected)
    yield client
    client.disconnect()
    client.loop_stop()


def press(client: Any, numbers: Sequence[int | str], *, of: str = "anna") -> None:
    """Presses, and waits until the broker has taken each."""
    payloads = [json.dumps({"id": str(number), "kind": "sos"}) for number in numbers]
    for info in [client.publish(f"care/v1/{of}/event", payload, qos=1) for payload in payloads]:
        info.wait_for_publish(20)


def test_a_message_is_stored_once_and_the_device_is_told(any_broker: Broker) -> None:
    store = Store()
    told: list[dict[str, str]] = []
    with listening(any_broker, store) as listener, device(any_broker) as anna:
        until(lambda: listener.health().connected)
        heard = threading.Event()
        anna.on_subscribe = lambda *_: heard.set()
        anna.on_message = lambda _client, _data, message: told.append(json.loads(message.payload))
        anna.subscribe("care/v1/anna/ack", 1)
        assert heard.wait(10)
        press(anna, [7])
        until(lambda: told)
    assert store.ids == ["7"]
    assert told == [{"id": "7", "stored_at": NOON.isoformat()}]


def test_what_waits_is_stored_together(any_broker: Broker) -> None:
    store = Store()
    store.down = True
    with listening(any_broker, store) as listener, device(any_broker) as anna:
        until(lambda: listener.health().connected)
        press(anna, range(300))
        until(lambda: listener.health().waiting >= 100)  # the embedded broker's window
        store.down = False
        until(lambda: len(store.ids) == 300)
        until(lambda: listener.health().waiting == 0)
    assert Counter(store.ids) == Counter(str(number) for number in range(300))


def test_while_nothing_can_be_stored_nothing_is_acknowledged_and_health_says_since_when(any_broker: Broker) -> None:
    store = Store()
    store.down = True
    with device(any_broker) as anna:
        with listening(any_broker, store) as listener:
            until(lambda: listener.health().connected)
            press(anna, range(5))
            until(lambda: listener.health().failing_since)
            assert "the database is away" in str(listener.health().error)
        store.down = False
        with listening(any_broker, store) as again:  # the same client id: the broker brings them again
            until(lambda: len(set(store.ids)) == 5)
            until(lambda: again.health().failing_since is None)
    assert set(store.ids) == {"0", "1", "2", "3", "4"}


def test_an_outage_ends_by_itself_and_the_last_message_does_not_wait_for_another(any_broker: Broker) -> None:
    store = Store()
    store.down = True
    with listening(any_broker, store) as listener, device(any_broker) as anna:
        until(lambda: listener.health().connected)
        press(anna, [1])
        until(lambda: store.tries >= 4)
        store.down = False
        until(lambda: store.ids == ["1"], seconds=5)
        until(lambda: listener.health().failing_since is None and listener.health().stuck == 0)


def test_one_message_that_cannot_be_stored_is_set_aside_and_holds_up_no_other(any_broker: Broker) -> None:
    store = Store()
    store.poison = "3"
    aside: list[bytes] = []

    def set_aside(message: Message, error: Exception) -> None:
        assert "away" in str(error)
        aside.append(message.payload)

    with listening(any_broker, store, set_aside=set_aside) as listener, device(any_broker) as anna:
        until(lambda: listener.health().connected)
        press(anna, range(20))
        until(lambda: len(store.ids) == 19)
        press(anna, range(20, 40))
        until(lambda: len(store.ids) == 39)
        until(lambda: aside)
        until(lambda: listener.health().waiting == 0)
        assert listener.health().failing_since is None
    assert [json.loads(payload)["id"] for payload in aside] == ["3"]
    with listening(any_broker, store) as listener:
        until(lambda: listener.health().connected)
        assert listener.health().received == 0, "it was not acknowledged"


def test_a_message_that_finds_no_place_at_all_stays_with_the_broker_and_shuts_nobody_out(mosquitto: Broker) -> None:
    store = Store()
    store.poison = "3"
    with listening(mosquitto, store, window=20) as listener, device(mosquitto) as anna:
        until(lambda: listener.health().connected)
        press(anna, range(100))
        until(lambda: len(store.ids) == 99)
        until(lambda: listener.health().stuck == 1)
        store.poison = None
        until(lambda: "3" in store.ids)
        until(lambda: listener.health().waiting == 0)


def test_what_can_wait_never_holds_up_what_cannot(any_broker: Broker) -> None:
    store, gate = Store(), threading.Event()

    def receive(batch: Sequence[Message]) -> list[Ack]:
        if any(b"late" in message.payload for message in batch):
            assert gate.wait(20)
        return store.receive(batch)

    listener = Listener(
        any_broker.address("platform"), client_id="l1", topics=EVENTS, receive=receive,
        can_wait=lambda message: b"late" in message.payload,
    )  # fmt: skip
    thread = threading.Thread(target=listener.run)
    thread.start()
    try:
        until(lambda: listener.health().connected)
        with device(any_broker) as anna:
            press(anna, [f"late-{n}" for n in range(50)])
            press(anna, range(5))
            until(lambda: len(store.ids) == 5)
            assert listener.health().waiting <= 50 and not any("late" in number for number in store.ids)
            gate.set()
            until(lambda: len(store.ids) == 55)
    finally:
        gate.set()
        listener.stop()
        thread.join(20)
    assert not thread.is_alive()


def test_what_nobody_will_repeat_fills_no_memory(mosquitto: Broker) -> None:
    store = Store()
    store.down = True
    with listening(mosquitto, store, most_waiting=50) as listener, device(mosquitto) as anna:
        until(lambda: listener.health().connected)
        for number in range(300):
            anna.publish("care/v1/anna/event", json.dumps({"id": f"t{number}"}), qos=0)
        press(anna, [1])
        until(lambda: listener.health().dropped)
        store.down = False
        until(lambda: "1" in store.ids)
        until(lambda: listener.health().waiting == 0)
        health = listener.health()
    assert health.received == 301 == health.stored + health.dropped


def test_a_retained_message_says_that_it_is_one(any_broker: Broker) -> None:
    seen: list[Message] = []
    store = Store()

    def receive(batch: Sequence[Message]) -> list[Ack]:
        seen.extend(batch)
        return store.receive(batch)

    with device(any_broker) as anna:
        anna.publish("care/v1/anna/event", b'{"id": "old", "kind": "sos"}', qos=1, retain=True).wait_for_publish(10)
        listener = Listener(any_broker.address("platform"), client_id="late", topics=EVENTS, receive=receive)
        thread = threading.Thread(target=listener.run)
        thread.start()
        until(lambda: seen)
        listener.stop()
        thread.join(10)
    assert [message.retained for message in seen] == [True]
    assert seen[0].source == "late"
    assert seen[0].received_at is not None


CHILD = """
import json, sys, time
from devices.listener import Ack, Listener, stop_on_signals
from devices.mqtt import Address
from pathlib import Path

host, port, protocol, password, file, slow = sys.argv[1:]
def receive(batch):
    with Path(file).open("a") as out:
        for message in batch:
            out.write(json.loads(message.payload)["id"] + "\\n")
    time.sleep(float(slow))
    return []
listener = Listener(
    Address(host, int(port), "platform", password, protocol), client_id="child",
    topics=["care/v1/+/event"], receive=receive, batch=20,
)
stop_on_signals(listener)
listener.run()
"""


def child(broker: Broker, file: Path, *, slow: float = 0.05) -> subprocess.Popen[bytes]:
    to = broker.address("platform")
    arguments = [to.host, str(to.port), to.protocol, str(to.password), str(file), str(slow)]
    return subprocess.Popen([sys.executable, "-c", CHILD, *arguments], cwd=ROOT, env={**os.environ, "PYTHONPATH": "."})


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_listener_ended_in_the_middle_loses_nothing(any_broker: Broker, tmp_path: Path, how: signal.Signals) -> None:
    file = tmp_path / "stored"
    file.touch()
    process = child(any_broker, file)
    with device(any_broker) as anna:
        until(lambda: _subscribed(anna, file))
        press(anna, range(200))
        until(lambda: len(file.read_text().split()) > 60)
        process.send_signal(how)
        code = process.wait(20)
        press(anna, range(200, 250))
        process = child(any_broker, file, slow=0)
        until(lambda: set(file.read_text().split()) >= {str(number) for number in range(250)})
        process.terminate()
        assert process.wait(20) == 0
    stored = [event_id for event_id in file.read_text().split() if event_id != "hello"]
    if how == signal.SIGTERM:
        assert code == 0
        assert len(stored) == len(set(stored)), "stopped cleanly, and yet something came twice"


def _subscribed(client: Any, file: Path) -> bool:
    client.publish("care/v1/anna/event", b'{"id": "hello", "kind": "test_report"}', qos=1).wait_for_publish(10)
    return "hello" in file.read_text()


def test_a_killed_broker_loses_nothing_it_has_acknowledged(mosquitto: Broker) -> None:
    store = Store()
    store.down = True
    with listening(mosquitto, store) as listener:
        until(lambda: listener.health().connected)
        with device(mosquitto) as anna:
            press(anna, range(100))
        until(_saved(mosquitto))
        mosquitto.kill()
        until(lambda: not listener.health().connected)
        mosquitto.start()
        until(lambda: listener.health().connected)
        store.down = False
        until(lambda: set(store.ids) == {str(number) for number in range(100)})
        until(lambda: listener.health().waiting == 0)
        with device(mosquitto) as anna:
            press(anna, [100])
            until(lambda: "100" in store.ids)


def _saved(broker: Broker) -> Any:
    """The broker writes within a second of a change: `autosave_interval 1`."""
    import time

    ready = time.monotonic() + 1.5
    return lambda: time.monotonic() > ready


def test_a_listener_finds_a_broker_that_starts_after_it(mosquitto: Broker) -> None:
    mosquitto.kill()
    store = Store()
    with listening(mosquitto, store) as listener:
        until(lambda: not listener.health().connected)
        mosquitto.start()
        until(lambda: listener.health().connected)


def test_a_wrong_password_is_said_in_the_health(mosquitto: Broker) -> None:
    address = mosquitto.address("platform")
    wrong = type(address)(address.host, address.port, "platform", "wrong")
    listener = Listener(wrong, client_id="x", topics=EVENTS, receive=Store().receive)
    thread = threading.Thread(target=listener.run)
    thread.start()
    until(lambda: listener.health().refused)
    listener.stop()
    thread.join(10)
    assert not listener.health().connected
