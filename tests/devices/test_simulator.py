"""Simulated devices against real brokers: they insist, and they go away loudly."""

import json
import threading
from collections.abc import Sequence

from devices.codecs import decode
from devices.listener import Ack, Listener
from devices.signals import Kind, Message
from devices.simulator import Fleet
from tests.devices.conftest import ACCOUNTS, Broker, until
from tests.devices.test_listener import Store, listening

GATEWAY = ("gateway", "g-secret")
PASSWORDS = {account.name: account.password for account in ACCOUNTS}


def url(broker: Broker) -> str:
    return f"mqtt://127.0.0.1:{broker.port}?protocol={broker.protocol}"


def test_six_hundred_devices_press_over_a_few_connections_and_all_are_acknowledged(any_broker: Broker) -> None:
    devices = [f"pendant-{number}" for number in range(600)]
    store = Store()
    with listening(any_broker, store) as listener, Fleet(url(any_broker), devices, GATEWAY) as fleet:
        until(lambda: listener.health().connected and fleet.connected() == 600)
        pressed = {fleet.press(device) for device in devices}
        assert fleet.wait(20)
        fleet.beat()
    assert set(store.ids) == pressed
    assert fleet.counts().acked == fleet.counts().events == fleet.counts().beats == 600
    assert max(fleet.latencies()) < 10


def test_a_device_repeats_its_event_until_it_is_stored(any_broker: Broker) -> None:
    store = Store()
    with Fleet(url(any_broker), ["anna"], PASSWORDS, repeat=(0.2, 0.5)) as fleet:
        until(lambda: fleet.connected() == 1)
        event_id = fleet.fall("anna", battery=0)
        until(lambda: fleet.counts().sent >= 3)
        assert fleet.unacked() == {event_id}
        with listening(any_broker, store):
            assert fleet.wait(20)
    assert set(store.ids) == {event_id}
    assert fleet.counts().events == 1


def test_the_same_press_again_is_acknowledged_again(any_broker: Broker) -> None:
    store = Store()
    with listening(any_broker, store) as listener, Fleet(url(any_broker), ["anna"], PASSWORDS) as fleet:
        until(lambda: listener.health().connected and fleet.connected() == 1)
        for _ in range(2):
            assert fleet.press("anna", event_id="the same") == "the same"
            assert fleet.wait(20)
    assert store.ids == ["the same", "the same"]


def test_what_devices_say_and_how_they_go_is_read_by_the_codec(mosquitto: Broker) -> None:
    heard: list[Message] = []

    def receive(batch: Sequence[Message]) -> list[Ack]:
        heard.extend(batch)
        return []

    topics = ["care/v1/+/event", "care/v1/+/status", "care/v1/+/telemetry"]
    listener = Listener(mosquitto.address("platform"), client_id="all", topics=topics, receive=receive)
    thread = threading.Thread(target=listener.run)
    thread.start()
    until(lambda: listener.health().connected)
    with Fleet(url(mosquitto), ["anna", "bela"], PASSWORDS) as fleet:
        until(lambda: fleet.connected() == 2)
        fleet.beat(["anna"])
        fleet.low_battery("anna")
        until(lambda: len(heard) >= 4)
        fleet.vanish("bela")
        until(lambda: any(json.loads(message.payload).get("status") == "offline" for message in heard))
    until(lambda: len(heard) >= 6)
    listener.stop()
    thread.join(10)
    said = [(signal.device, signal.kind, signal.readings.get("status")) for m in heard for signal in decode(m)]
    assert ("anna", Kind.HEARTBEAT, None) in said
    assert ("anna", Kind.LOW_BATTERY, None) in said
    assert [status for device, _, status in said if device == "bela"] == ["online", "offline"], "by the last will"
    assert ("anna", Kind.STATUS, "offline") in said, "said goodbye"
