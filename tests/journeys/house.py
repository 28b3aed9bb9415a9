"""The whole platform as a newcomer starts it, in a folder of its own, and a hand that can kill any of its processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]
PARTS = {
    "postgres": ("postgres", "-D"), "valkey": ("valkey-server", "redis-server"), "broker": ("mosquitto",),
    "web": ("app.cli web",), "listener-1": ("listener --name 1",), "listener-2": ("listener --name 2",),
    "worker": ("dramatiq",), "clock": ("app.cli clock",), "gateway-1": ("gateway --name 1",),
}  # fmt: skip


@dataclass
class House:
    """A running demo."""

    url: str
    var: Path
    process: subprocess.Popen[bytes]

    @property
    def env(self) -> dict[str, str]:
        """The settings its processes run with."""
        return dict(json.loads((self.var / "demo.json").read_text()))

    @property
    def password(self) -> str:
        """Of every login."""
        return str(next(iter(json.loads((self.var / "logins.json").read_text()).values()))["password"])

    def pid(self, part: str) -> int | None:
        """The process of a part at this moment."""
        for child in psutil.Process(self.process.pid).children():
            try:
                line = " ".join(child.cmdline())
            except psutil.Error:
                continue
            if any(mark in line for mark in PARTS[part][:1]) or part == "valkey" and "redis-server" in line:
                return child.pid
        return None

    def kill(self, part: str) -> None:
        """SIGKILL, as a crash or the kernel would."""
        pid = self.pid(part)
        assert pid is not None, f"{part} does not run"
        os.kill(pid, signal.SIGKILL)
        until(lambda: self.pid(part) not in (None, pid), f"{part} was not restarted")

    def clockwork(self, *said: object) -> str:
        """What the worker or the clock will do, done now: `tests.journeys.clockwork`. Answers what it printed."""
        command = [sys.executable, "-m", "tests.journeys.clockwork", *map(str, said)]
        env = _no_settings() | self.env
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip().splitlines()[-1]

    def ready(self) -> bool:
        """The web process answers and finds its database."""
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def until(holds: Callable[[], Any], otherwise: str, seconds: float = 30) -> Any:
    """Wait until something holds; its value. Fails saying what did not come."""
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, f"{otherwise} within {seconds:.0f} s"
        time.sleep(0.1)
    return value


@contextmanager
def running(var: Path, *, elders: int) -> Iterator[House]:
    """`yinling demo` on a free port; ended as Ctrl-C would."""
    port = _free_port()
    env = _no_settings() | {"YINLING_VAR_DIR": str(var), "YINLING_WEB_PORT": str(port), "COLUMNS": "200"}
    env |= {"YINLING_PUSH_HOSTS": "127.0.0.1"}  # a push service of the journeys' own
    env |= {"YINLING_REPLAN_MINUTES": "1440"}  # a journey's morning may be hours before the clock, which ends proposals
    env |= {"YINLING_ALARM_ANSWER_SECONDS": "300"}  # a slow machine logs in no faster than whoever is sent must answer
    command = [sys.executable, "-m", "app.cli", "demo", "--elders", str(elders), "--speed", "0"]
    var.mkdir(parents=True, exist_ok=True)
    with (var / "demo.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        house = House(f"http://127.0.0.1:{port}", var, process)

        def said() -> str:
            return (var / "demo.log").read_text()

        until(lambda: process.poll() is not None or "is up." in said(), "the demo did not start", 300)
        assert process.poll() is None, said()[-3000:]
        yield house
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _no_settings() -> dict[str, str]:
    """The environment without what other tests set for themselves, their keys above all."""
    return {key: value for key, value in os.environ.items() if not key.startswith("YINLING_")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
