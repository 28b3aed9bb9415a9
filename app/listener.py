"""The listener process: hears the broker, stores, then acknowledges.

Events of devices that number them are heard by every listener, each with a session of its own. What has no numbers
(bridges) and what can wait (telemetry, links) is heard by the elected one alone, in sessions that the next one takes
over with everything that waits in them.
"""

import signal
import threading
from datetime import UTC, datetime
from typing import Final

import structlog

from app.alarms import inbox, pulse
from app.config import settings
from app.db import transaction
from app.election import Election
from app.logs import configure
from devices.listener import Listener, Receive
from devices.mqtt import Address

log = structlog.get_logger()
EVENTS: Final = ("care/v1/+/event",)
ELECTED: Final = {
    "yinling-bridges": (("zigbee2mqtt/#",), inbox.receive),
    "yinling-telemetry": (("care/v1/+/telemetry", "care/v1/+/status"), inbox.receive_telemetry),
}
TURN: Final = 1.0  # seconds between two looks at the office


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
    events = _listen(address, f"yinling-listener-{name}", EVENTS, inbox.receive)
    election = Election("listener")
    elected: list[_Running] = []
    while not stopping.wait(TURN):
        if election.held() != bool(elected):
            elected = _step_down(elected) if elected else [
                _listen(address, client_id, topics, receive) for client_id, (topics, receive) in ELECTED.items()
            ]  # fmt: skip
        _beat(name, [events, *elected], elected=bool(elected))
    _step_down([events, *elected])
    election.resign()


class _Running:
    """A listener in a thread of its own."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.thread = threading.Thread(target=listener.run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.listener.stop()
        self.thread.join(10)


def _listen(address: Address, client_id: str, topics: tuple[str, ...], receive: Receive) -> _Running:
    return _Running(Listener(address, client_id=client_id, topics=topics, receive=receive))


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
                waiting=sum(h.waiting for h in healths), stuck=sum(h.stuck for h in healths),
                stored=sum(h.stored for h in healths), dropped=sum(h.dropped for h in healths),
            )  # fmt: skip
    except Exception as error:
        log.warning("no pulse", error=type(error).__name__)
