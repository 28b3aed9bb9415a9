"""The listener process: hears the broker, stores, then acknowledges.

Events of devices that number them are heard by every listener, each with a session of its own; upkeep among them has a
queue and a thread of its own, so that it never delays a call for help. What has no numbers (bridges) and what can wait
(telemetry, links) is heard by the elected one alone, in sessions that the next one takes over with everything that
waits in them.
"""

import signal
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import structlog

from app import vault
from app.alarms import inbox, pulse
from app.config import settings
from app.db import transaction
from app.election import Election
from app.logs import configure
from app.monitoring import watching
from app.tables import metadata
from devices import codecs
from devices.listener import Ack, Listener, Receive
from devices.mqtt import Address
from devices.signals import Message

assert metadata.tables  # a foreign key finds its table only where every table is known
log = structlog.get_logger()
EVENTS: Final = ("care/v1/+/event",)
CALM: Final = ("care/v1/+/telemetry", "care/v1/+/status")
LOOK: Final = 0.5  # seconds between two looks at what has come
TURN: Final = 1.0  # seconds between two looks at the office
STARTED: Final = datetime.now(UTC)


def main(name: str = "1") -> None:
    """Listen until asked to stop; what is being stored is finished and acknowledged first."""
    configure(f"listener-{name}")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    run(name, stopping)


def run(name: str, stopping: threading.Event) -> None:
    """One listener and its candidacy for the elected sessions."""
    address = Address.of(settings().mqtt_url.get_secret_value())
    events = _listen(address, f"listener-{name}", EVENTS, inbox.receive)
    rules = threading.Thread(target=_look, args=[stopping], daemon=True)
    rules.start()
    election = Election("listener")
    elected: list[_Running] = []
    while not stopping.wait(TURN):
        if election.held() != bool(elected):
            elected = _step_down(elected) if elected else _take_office(address)
        _beat(name, [events, *elected], elected=bool(elected))
    _step_down([events, *elected])
    rules.join(10)
    election.resign()


def _look(stopping: threading.Event) -> None:
    """Let rules look at readings as soon as they are committed, whoever took them in."""
    while not stopping.wait(LOOK):
        try:
            watching.work()
        except Exception as error:  # the database is down, or a rule is ours to mend: the readings wait
            log.warning("rules wait", error=type(error).__name__)


def _take_office(address: Address) -> list["_Running"]:
    bridges = tuple(topic.strip() for topic in settings().mqtt_bridges.split(",") if topic.strip())
    calm = _listen(address, "telemetry", CALM, inbox.receive_telemetry)
    return [calm, _listen(address, "bridges", bridges, _receive_of_bridges)] if bridges else [calm]


def _receive_of_bridges(batch: Sequence[Message]) -> Sequence[Ack]:
    """A bridge under a topic of its own choosing is a Zigbee2MQTT with another base topic."""
    zigbee = {"family": "zigbee2mqtt"}
    return inbox.receive([m if codecs.family_of(m) else replace(m, meta=zigbee) for m in batch])


class _Running:
    """A listener in a thread of its own."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.thread = threading.Thread(target=listener.run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.listener.stop()
        self.thread.join(10)


def _listen(address: Address, name: str, topics: tuple[str, ...], receive: Receive) -> _Running:
    can_wait = inbox.can_wait if topics is EVENTS else None
    listener = Listener(
        address, client_id=session_name(name), name=f"yinling-{name}", topics=topics, receive=receive,
        set_aside=inbox.put_aside, can_wait=can_wait,
    )  # fmt: skip
    return _Running(listener)


def session_name(name: str) -> str:
    """The name of a session with the broker: one that no device can guess, for who takes it takes what waits in it."""
    return f"yinling-{name}-{vault.digest('session', name)[:16]}"


def _step_down(running: list[_Running]) -> list[_Running]:
    for one in running:
        one.stop()
    return []


def _beat(name: str, running: list[_Running], *, elected: bool) -> None:
    """Tell the desk how it is. While the database is down nobody can be told, and nobody needs to be."""
    healths = [one.listener.health() for one in running]
    first = healths[0]
    well = all(h.connected and h.failing_since is None and not h.stuck for h in healths)
    try:
        with transaction() as session:
            pulse.beat(
                session, f"listener-{name}", well=well, now=datetime.now(UTC), elected=elected,
                connected=all(h.connected for h in healths), refused=first.refused, error=first.error,
                since=STARTED.isoformat(), waiting=sum(h.waiting for h in healths), stuck=sum(h.stuck for h in healths),
                stored=sum(h.stored for h in healths), dropped=sum(h.dropped for h in healths),
            )  # fmt: skip
    except Exception as error:
        log.warning("no pulse", error=type(error).__name__)
