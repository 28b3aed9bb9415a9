"""A crowd against a real broker and a real gateway: answered only by whoever has stored it, and back after a cut."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from devices import codecs
from devices.crowd.crowd import Crowd, Targets
from devices.crowd.plan import people
from devices.crowd.rates import PROFILES, Profile, Way
from devices.gateway.lane import Lane
from devices.gateway.protocols import WIRES
from devices.gateway.server import Ears, Gateway
from devices.listener import Ack, Listener
from devices.signals import CALLS_FOR_HELP, Kind, Message
from tests.devices.conftest import Broker, until

pytestmark = pytest.mark.alone
TOPICS = ["care/v1/+/event", "care/v1/+/status", "application/#"]


class Platform:
    """What is stored, by kind; only what is stored is answered."""

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()
        self.wills: set[str] = set()

    def receive(self, batch: Sequence[Message]) -> list[Ack]:
        acks = []
        for message in batch:
            for signal in codecs.decode(message, message.meta.get("family")):
                self.heard[signal.kind] += 1
                if signal.readings.get("status") == "offline":
                    self.wills.add(str(signal.device))
                if signal.device and signal.event_id and message.topic.startswith("care/v1/"):
                    acks.append(Ack(signal.device, signal.event_id, datetime.now(UTC)))
        return acks


def _urgent(message: Message) -> Message | None:
    signals = codecs.decode(message, message.meta["family"])
    return message if any(found.kind in CALLS_FOR_HELP for found in signals) else None


@contextmanager
def standing(broker: Broker, platform: Platform) -> Iterator[Targets]:
    """The listener and the gateway of a platform that keeps everything in memory."""
    listener = Listener(broker.address("platform"), client_id="all", topics=TOPICS, receive=platform.receive)
    hearing = threading.Thread(target=listener.run)
    hearing.start()
    started, places, stops = threading.Event(), [], []

    async def serve() -> None:
        stop = asyncio.Event()
        stops.append((asyncio.get_running_loop(), stop))
        lanes = [Lane(name, platform.receive, lambda _message, _error: None) for name in ("help", "calm")]
        gateway = Gateway("crowd", lanes[0], lanes[1], Ears(urgent=_urgent))
        for way in (Way.WATCH, Way.GT06, Way.JT808):
            places.append((way, "127.0.0.1", await gateway.listen(WIRES[way], "127.0.0.1", 0)))
        started.set()
        await stop.wait()
        await gateway.close()

    gate = threading.Thread(target=lambda: asyncio.run(serve()))
    gate.start()
    try:
        assert started.wait(20)
        until(lambda: listener.health().connected)
        yield Targets(f"mqtt://gateway:g-secret@127.0.0.1:{broker.port}", tuple(places))
    finally:
        listener.stop()
        loop, stop = stops[0]
        loop.call_soon_threadsafe(stop.set)
        gate.join(20)
        hearing.join(20)


def test_everybody_speaks_is_answered_and_nothing_is_lost(mosquitto: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROFILES, "busy", Profile("three weeks in five seconds", 400_000, (0, 24), storm=40))
    platform = Platform()
    with standing(mosquitto, platform) as targets:
        crowd = Crowd(people(200, seed=7), targets, "busy", seed=7)
        crowd.run(5, grace=20)
    for way, score in crowd.scores.items():
        assert score.connections > 0, way
        assert score.acknowledged == score.events and score.lost == 0, way
        assert score.sent >= score.events
    total = sum(score.events for score in crowd.scores.values())
    assert total > 50
    told = sum(count for kind, count in platform.heard.items() if kind not in (Kind.HEARTBEAT, Kind.STATUS))
    assert told >= total, "what is answered is stored"


def test_a_flood_cuts_everybody_publishes_last_wills_and_all_come_back(mosquitto: Broker) -> None:
    platform = Platform()
    with standing(mosquitto, platform) as targets:
        crowd = Crowd(people(60, seed=3), targets, "reconnect-flood", seed=3, own=10)
        crowd.run(6, grace=20)
        alone = [person.wire_id for person in crowd.people if person.sort.way is Way.CARE][:10]
        until(lambda: set(alone) <= platform.wills)
    assert all(score.returned == score.connections > 0 for score in crowd.scores.values() if score.devices)


def test_what_is_said_while_the_net_is_away_is_repeated_until_it_is_answered(
    mosquitto: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROFILES, "cut off", Profile("pressed while cut off", 4_000_000, (0, 24), flood=True))
    platform = Platform()
    with standing(mosquitto, platform) as targets:
        crowd = Crowd(people(80, seed=5), targets, "cut off", seed=5, repeat=(0.5, 2.0))
        crowd.run(6, grace=20)
    assert sum(score.repeated for score in crowd.scores.values()) > 0
    assert max(score.percentile(1) or 0 for score in crowd.scores.values()) > 0.5, "it waited for the net"
    assert sum(score.lost for score in crowd.scores.values()) == 0
