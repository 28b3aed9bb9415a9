"""The supervisor with real processes: the dead come back, a stop is clean, and no orphan outlives it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.alone

STAGE = """
import sys, signal
from pathlib import Path
from app.cli.parts import Part
from app.cli.supervisor import Supervisor

var = Path(sys.argv[1])

def part(name, code, **more):
    return Part(name=name, command=[sys.executable, "-c", code], ready=lambda: (var / name).exists(), **more)

SLEEPER = "import pathlib, time; pathlib.Path({!r}).touch(); time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
PARENT = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); " + SLEEPER

with Supervisor(var, lambda name, what: print(name, what, flush=True)) as supervisor:
    supervisor.up(part("first", SLEEPER.format(str(var / "first"))))
    supervisor.up(
        part("deaf", DEAF.format(str(var / "deaf")), grace=0.5),
        part("parent", PARENT.format(str(var / "parent"))),
    )
    print("all up", flush=True)
    supervisor.watch()
print("all down", flush=True)
"""


class Show:
    """A supervisor in a process of its own, and what it said."""

    def __init__(self, var: Path) -> None:
        self.said = var / "said"
        with self.said.open("w") as out:
            command = [sys.executable, "-c", STAGE, str(var)]
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)

    def heard(self, words: str, seconds: float = 15) -> str:
        """Waits until it has said so."""
        eventually(lambda: words in self.said.read_text() or self.process.poll() is not None, seconds)
        assert words in self.said.read_text(), self.said.read_text()
        return self.said.read_text()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


def eventually(claim: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Show]:
    show = Show(tmp_path)
    show.heard("all up")
    yield show
    if show.process.poll() is None:
        show.process.send_signal(signal.SIGINT)
        show.process.wait(15)


def test_parts_start_in_order_and_stop_in_reverse(show: Show) -> None:
    show.process.send_signal(signal.SIGINT)
    assert show.process.wait(15) == 0
    said = show.said.read_text()
    assert said.index("first ready") < said.index("deaf ready")
    assert said.index("parent stopping") < said.index("deaf stopping") < said.index("first stopping")
    assert "all down" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_child_survives_a_stop(show: Show, number: signal.Signals) -> None:
    children = show.children()
    assert len(children) == 4
    show.process.send_signal(number)
    assert show.process.wait(15) == 0
    assert gone(children)


def test_a_killed_child_comes_back(show: Show, tmp_path: Path) -> None:
    victim = next(p for p in show.children() if "first" in " ".join(p.cmdline()))
    (tmp_path / "first").unlink()
    victim.kill()
    show.heard("first ended (SIGKILL)")
    eventually((tmp_path / "first").exists)
    others = {p.pid for p in show.children()}
    assert victim.pid not in others
    assert len(others) == 4


def test_what_a_dead_child_left_running_is_ended_before_it_comes_back(show: Show) -> None:
    parent = next(p for p in show.children() if p.cmdline()[-1].startswith("import subprocess"))
    grandchildren = parent.children()
    assert grandchildren
    parent.kill()
    show.heard("parent ended (SIGKILL)")
    eventually(lambda: gone(grandchildren))


def test_no_orphan_outlives_a_killed_supervisor(show: Show) -> None:
    direct = psutil.Process(show.process.pid).children()
    show.process.kill()
    show.process.wait()
    eventually(lambda: gone(direct), 5)


def test_a_second_supervisor_is_told_who_holds_the_folder(show: Show, tmp_path: Path) -> None:
    command = [sys.executable, "-c", STAGE, str(tmp_path)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert second.returncode != 0
    assert f"already runs on {tmp_path} (process {show.process.pid})" in second.stderr
    assert show.process.poll() is None


def test_a_part_that_never_starts_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from app.cli.parts import Part, PartFailed
from app.cli.supervisor import Supervisor
part = Part(name="broken", command=["/bin/sh", "-c", "echo no such luck; exit 3"], ready=lambda: False)
try:
    with Supervisor(Path(sys.argv[1]), lambda *_: None) as supervisor:
        supervisor.up(part)
except PartFailed as failed:
    print(failed)
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, env={**os.environ})
    assert told.stdout.startswith("broken does not start. The end of")
    assert "no such luck" in told.stdout
