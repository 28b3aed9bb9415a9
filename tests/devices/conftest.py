"""Real brokers on free ports, killed and started again at will, and a patient way to wait for something to be true."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices import broker
from devices.broker import Account, Role
from devices.mqtt import Address

ROOT = Path(__file__).parents[2]
ACCOUNTS = [
    Account("platform", "p-secret", Role.PLATFORM),
    Account("gateway", "g-secret", Role.GATEWAY),
    Account("anna", "a-secret"),
    Account("bela", "b-secret"),
]


def until(claim: Callable[[], object], seconds: float = 20) -> None:
    """Waits until the claim is true, and says so when it never is."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Broker:
    """A broker process that a test may kill."""

    def __init__(self, command: list[str], port: int, protocol: str, *, keeps: bool) -> None:
        self.command, self.port, self.protocol, self.keeps = command, port, protocol, keeps
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: answers(self.port))

    def kill(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def address(self, name: str) -> Address:
        password = next(account.password for account in ACCOUNTS if account.name == name)
        return Address.of(f"mqtt://{name}:{password}@127.0.0.1:{self.port}?protocol={self.protocol}")


def mosquitto_broker(folder: Path) -> Broker:
    if broker.executable() is None:
        assert "CI" not in os.environ, "mosquitto is missing"
        pytest.skip("mosquitto is not installed")
    port = free_port()
    broker.write(folder, port=port, accounts=ACCOUNTS)
    return Broker(broker.command(folder), port, "5", keeps=True)


def embedded_broker(folder: Path) -> Broker:
    port = free_port()
    users = folder / "users.json"
    users.write_text(json.dumps({account.name: account.password for account in ACCOUNTS}))
    command = [sys.executable, "-m", "devices.embedded_broker", "--port", str(port), "--users", str(users)]
    return Broker(command, port, "3.1.1", keeps=False)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Broker]:
    running = mosquitto_broker(tmp_path)
    running.start()
    yield running
    running.kill()


@pytest.fixture(params=[mosquitto_broker, embedded_broker], ids=["mosquitto", "embedded"])
def any_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    running: Broker = request.param(tmp_path)
    running.start()
    yield running
    running.kill()
