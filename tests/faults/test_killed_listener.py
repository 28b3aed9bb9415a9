"""A real broker, two real listener processes, no database for a while: what the broker took is stored once."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text

from app.alarms.tables import Alarm, Pulse, SignalRow
from app.cli.parts import broker
from app.db import transaction
from devices.broker import executable
from devices.mqtt import Address, Client, MQTTMessage
from tests.cast import a_device

pytestmark = [pytest.mark.alone, pytest.mark.skipif(not executable(), reason="mosquitto is not here")]
ROOT = Path(__file__).resolve().parents[2]
ELDERS = 12


class ListenerProcess:
    """`yinling listener`, which a test may kill and start again."""

    def __init__(self, name: str, log: Path) -> None:
        self._name, self._log = name, log
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-c", f"from app.listener import main; main({self._name!r})"]
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(20)


class Devices:
    """Pendants that repeat an event until they hear that it is stored."""

    def __init__(self, url: str) -> None:
        self.stored: set[str] = set()
        self.client: Client = Address.of(url).client("devices")
        self.client.on_connect = lambda client, *_: client.subscribe("care/v1/+/ack", 1)
        self.client.on_message = self._hear
        self.client.loop_start()
        until(self.client.is_connected, "devices are connected")

    def press(self, device: str, event_id: str) -> None:
        body = json.dumps({"id": event_id, "kind": "sos"})
        self.client.publish(f"care/v1/{device}/event", body, qos=1).wait_for_publish(20)

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.stored.add(json.loads(message.payload)["id"])


def until(true: Callable[[], object], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.fixture
def stage(database: Engine, tmp_path: Path) -> Iterator[tuple[list[ListenerProcess], Devices, list[str]]]:
    """Broker, two listeners, devices; the platform knows a dozen pendants."""
    with ExitStack() as stack:
        server = broker.start(tmp_path / "broker")
        stack.callback(server.stop)
        os.environ["YINLING_MQTT_URL"] = server.url
        stack.callback(os.environ.pop, "YINLING_MQTT_URL")
        with transaction() as session:
            pendants = [a_device(session).wire_id for _ in range(ELDERS)]
        listeners = [ListenerProcess(name, tmp_path / f"listener-{name}.log") for name in ("1", "2")]
        for one in listeners:
            stack.callback(one.kill)
        devices = Devices(server.gateway_url)
        stack.callback(devices.client.loop_stop)
        stack.callback(devices.client.disconnect)
        until(lambda: listening() == 2, "both listeners are connected")
        yield listeners, devices, pendants


def listening() -> int:
    with transaction() as session:
        lately = Pulse.at > datetime.now(UTC) - timedelta(seconds=2)
        return session.scalar(select(func.count(Pulse.id)).where(Pulse.well, lately)) or 0


def counted() -> tuple[int, dict[str | None, int]]:
    with transaction() as session:
        signals = session.scalar(select(func.count(SignalRow.id))) or 0
        rows = [(wire_id, count) for wire_id, count in session.execute(select(Alarm.wire_id, Alarm.count))]
    assert len({wire_id for wire_id, _ in rows}) == len(rows), "one open alarm for each elder"
    return signals, dict(rows)


def test_while_the_database_is_out_of_reach_nothing_is_acknowledged_and_then_everything_is_stored(
    stage: tuple[list[ListenerProcess], Devices, list[str]], parts: Engine
) -> None:
    _listeners, devices, pendants = stage
    with parts.connect().execution_options(isolation_level="AUTOCOMMIT") as owner:
        owner.execute(text("alter role yinling_app nologin"))
        owner.execute(text("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'yinling_app'"))
        try:
            for n, device in enumerate(pendants):
                devices.press(device, f"dark-{n}")
            time.sleep(2)
            assert not devices.stored
        finally:
            owner.execute(text("alter role yinling_app login"))
    until(lambda: len(devices.stored) == ELDERS, "everything is delivered when the database is back")
    assert counted() == (ELDERS, dict.fromkeys(pendants, 1))
