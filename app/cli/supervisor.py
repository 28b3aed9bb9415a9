"""Keeps processes alive: starts them, knows when they are ready, starts the dead again, and leaves no orphan.

The kernel ends the children when the supervisor itself is killed (see `parts.spawn`); a lock on the folder keeps two
supervisors apart. Ready-made ones end everything when one child ends, or leave orphans after kill -9.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from app.cli.parts import Part, PartFailed, bury, end, spawn, tail

BEAT = 0.1
FIRST_PAUSE, LONGEST_PAUSE, CALM = 0.2, 10.0, 30.0  # seconds; after CALM seconds alive a crash counts as the first
LOG_LIMIT = 20_000_000

Say = Callable[[str, str], None]  # part, what happened


class Stopped(Exception):
    """Somebody asked us to stop."""


@dataclass
class Child:
    """A part and its present process."""

    part: Part
    log: Path
    process: subprocess.Popen[bytes]
    began: float
    ready: bool = False
    crashes: int = 0
    retry_at: float | None = None


class Supervisor:
    """One for each var folder; use as a context, which ends everything that was started."""

    def __init__(self, var: Path, say: Say) -> None:
        self.var, self.say = var, say
        self.children: list[Child] = []
        self.asked = 0

    def __enter__(self) -> "Supervisor":
        self.logs = self.var / "log"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.lock = (self.var / "lock").open("a+")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.lock.seek(0)
            holder = self.lock.read().strip()
            raise PartFailed(
                f"Yinling already runs on {self.var} (process {holder}): stop it there with Ctrl-C, or `kill {holder}`."
            ) from None
        self.lock.truncate(0)
        self.lock.write(str(os.getpid()))
        self.lock.flush()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self.children):
            self.say(child.part.name, "stopping")
            end(child.part, child.process, hurry=lambda: self.asked > 1)
        self.lock.close()

    def up(self, *parts: Part) -> None:
        """Start these together; returns when all are ready."""
        fresh = [self._start(part) for part in parts]
        self.children += fresh
        while not all(child.ready for child in fresh):
            self.beat()
            for child in fresh:
                if child.crashes > 3 or (not child.ready and time.monotonic() - child.began > child.part.patience):
                    raise PartFailed(f"{child.part.name} does not start. The end of {child.log}: {tail(child.log)}")

    def run(self, command: Sequence[str], env: dict[str, str]) -> int:
        """Let a command finish in this terminal, while the children are kept alive."""
        with subprocess.Popen(command, env=env) as process:
            try:
                while process.poll() is None:
                    self.beat()
            except Stopped:
                process.terminate()
                raise
        return process.returncode

    def watch(self, also: Callable[[], None] = lambda: None) -> None:
        """Until somebody asks us to stop."""
        with contextlib.suppress(Stopped):
            while True:
                self.beat()
                also()

    def beat(self) -> None:
        """Look at every child once, then rest a little."""
        if self.asked:
            raise Stopped
        for child in self.children:
            self._look_at(child)
        time.sleep(BEAT)

    def _start(self, part: Part) -> Child:
        log = self.logs / f"{part.name}.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.rename(log.with_suffix(".log.1"))
        return Child(part, log, spawn(part, log), time.monotonic())

    def _look_at(self, child: Child) -> None:
        now = time.monotonic()
        if child.retry_at is not None:
            if now >= child.retry_at:
                child.process, child.began, child.retry_at = spawn(child.part, child.log), now, None
        elif (code := child.process.poll()) is not None:
            bury(child.process)
            child.crashes = 1 if child.ready and now - child.began > CALM else child.crashes + 1
            pause = min(FIRST_PAUSE * 2 ** (child.crashes - 1), LONGEST_PAUSE)
            child.retry_at, child.ready = now + pause, False
            self.say(child.part.name, f"ended ({_cause(code)}); again in {pause:.1f} s")
        elif not child.ready and child.part.ready():
            child.ready = True
            self.say(child.part.name, f"ready after {now - child.began:.1f} s")

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked += 1


def _cause(code: int) -> str:
    return f"code {code}" if code >= 0 else signal.Signals(-code).name
