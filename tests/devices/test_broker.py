"""Rights on a real Mosquitto: a device speaks only as itself and hears only what is meant for it."""

import threading
from pathlib import Path
from typing import Any

import pytest

from devices import broker, embedded_broker
from devices.broker import Account, Role
from tests.devices.conftest import ROOT, Broker, until


class Client:
    """A client that remembers what it hears and what it was refused."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.heard: list[str] = []
        self.answers: dict[int, bool] = {}
        self.client = broker.address(name).client(f"test-{name}")
        self.client.on_message = lambda _client, _data, message: self.heard.append(message.topic)
        self.client.on_publish = lambda _client, _data, mid, reason, _properties: self._note(mid, reason)
        self.client.on_subscribe = lambda _client, _data, mid, reasons, _properties: self._note(mid, reasons[0])
        self.client.reconnect_delay_set(0, 1)  # some releases of Mosquitto cut the line over each refused message
        self.client.loop_start()
        until(self.client.is_connected)

    def _note(self, mid: int, reason: Any) -> None:
        self.answers[mid] = not reason.is_failure

    def may_publish(self, *topics: str) -> list[str]:
        """Those of the topics that the broker takes from it."""
        sent = {topic: self.client.publish(topic, b"{}", qos=1).mid for topic in topics}
        until(lambda: self.answers.keys() >= {*sent.values()})
        return [topic for topic, mid in sent.items() if self.answers[mid]]

    def may_subscribe(self, topic: str) -> bool:
        mid = self.client.subscribe(topic, 1)[1]
        assert mid is not None
        until(lambda: mid in self.answers)
        return self.answers[mid]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def clients(mosquitto: Broker) -> Any:
    known = {name: Client(mosquitto, name) for name in ("anna", "bela", "platform", "gateway")}
    yield known
    for client in known.values():
        client.close()


CHANNELS = ("event", "telemetry", "status")


def test_a_device_publishes_only_as_itself(clients: dict[str, Client]) -> None:
    anna = clients["anna"]
    own = [f"care/v1/anna/{channel}" for channel in CHANNELS]
    assert anna.may_publish(*own) == own
    forbidden = [f"care/v1/bela/{channel}" for channel in (*CHANNELS, "ack", "cmd")]
    forbidden += ["care/v1/anna/ack", "care/v1/anna/cmd", "zigbee2mqtt/anna", "application/1/device/anna/event/up", "x"]
    assert anna.may_publish(*forbidden) == []


def test_a_device_hears_nothing_of_another(clients: dict[str, Client]) -> None:
    """Mosquitto grants a wildcard subscription and then delivers nothing that the rights forbid; so listen, and see."""
    anna, bela, platform = clients["anna"], clients["bela"], clients["platform"]
    for topic in ("#", "care/v1/#", "care/v1/+/ack", "care/v1/bela/ack", "care/v1/bela/event", "care/v1/anna/ack"):
        anna.may_subscribe(topic)
    assert bela.may_publish("care/v1/bela/event")
    assert platform.may_publish("care/v1/bela/ack")
    assert platform.may_publish("care/v1/anna/ack")
    until(lambda: anna.heard)
    threading.Event().wait(0.5)
    assert set(anna.heard) == {"care/v1/anna/ack"}


def test_a_gateway_speaks_for_many_and_answers_for_none(clients: dict[str, Client]) -> None:
    gateway = clients["gateway"]
    assert gateway.may_publish("care/v1/anna/event")
    assert gateway.may_publish("zigbee2mqtt/bed")
    assert not gateway.may_publish("care/v1/anna/ack")
    assert not clients["platform"].may_publish("care/v1/anna/event"), "the platform presses no buttons"


def test_nobody_comes_in_without_a_password(mosquitto: Broker) -> None:
    address = mosquitto.address("anna")
    refused: list[str] = []
    for name, password in ((None, None), ("anna", "wrong"), ("bela", "a-secret")):
        client = type(address)(address.host, address.port, name, password).client("x")
        client.on_connect = lambda _client, _data, _flags, reason, _properties: refused.append(str(reason))
        client.loop_start()
        until(lambda: refused)
        client.loop_stop()
        assert refused.pop() == "Not authorized"
        refused.clear()


def test_the_files_of_a_broker_are_for_its_owner_only(tmp_path: Path) -> None:
    broker.write(tmp_path, port=1, accounts=[Account("anna", "a-secret")])
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir() if path.is_file()} == {0}
    assert "a-secret" not in (tmp_path / "passwords").read_text()


@pytest.mark.parametrize("name", ["", "a/b", "#", "+", "a b", "a\ntopic readwrite #", "x" * 65])
def test_a_name_that_could_widen_the_rights_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no account name"):
        broker.rights([Account(name, "x", Role.GATEWAY)])


def test_the_configuration_for_a_server_is_as_safe_as_our_own() -> None:
    written = {line for line in (ROOT / "deploy/mosquitto.conf").read_text().splitlines() if not line.startswith("#")}
    assert set(broker.SAFE.splitlines()) <= written


def test_the_embedded_broker_says_its_limits_and_listens_only_here() -> None:
    written = embedded_broker.configuration(port=1883, accounts={'a"b': "c"})
    assert 'listen = "127.0.0.1:1883"' in written
    assert '"a\\"b" = "c"' in written
    assert "memory only" in embedded_broker.LIMITS
