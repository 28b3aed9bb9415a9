"""A part is a process the supervisor keeps alive: how it is started, when it is ready, how it is stopped."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
PR_SET_PDEATHSIG = 1


class PartFailed(Exception):
    """A part cannot be started; the text is one sentence with a way out."""


@dataclass(frozen=True)
class Account:
    """The operating system account a part runs as when we are root."""

    name: str
    uid: int
    gid: int


def nothing() -> None:
    """No preparation."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One line of the process table."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool]  # asks the part itself, with our own password: an open port proves nothing
    before: Callable[[], None] = nothing  # runs before every start, also after a crash
    env: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    stop: signal.Signals = signal.SIGTERM
    dies_with: signal.Signals = signal.SIGKILL  # what the kernel sends when the supervisor is gone
    patience: float = 60  # seconds until it must be ready
    grace: float = 10  # seconds between the request to stop and SIGKILL
    cwd: str = "/"


def spawn(part: Part, log: Path) -> subprocess.Popen[bytes]:
    """Start in a process group of its own, output to a file. Only from the main thread: the kernel watches it."""
    parent = os.getpid()

    def die_with_parent() -> None:
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, int(part.dies_with))
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGKILL)

    part.before()
    with log.open("ab") as output:
        return subprocess.Popen(
            list(part.command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=part.cwd,
            env={**os.environ, **part.env},
            start_new_session=True,
            preexec_fn=die_with_parent,
            user=part.account.uid if part.account else None,
            group=part.account.gid if part.account else None,
            extra_groups=[] if part.account else None,
        )


def end(part: Part, process: subprocess.Popen[bytes], *, hurry: Callable[[], bool] = lambda: False) -> None:
    """Ask it to stop, wait unless there is a hurry, then leave nothing of its group behind."""
    if process.poll() is None:
        process.send_signal(part.stop)
        deadline = time.monotonic() + part.grace
        while process.poll() is None and time.monotonic() < deadline and not hurry():
            time.sleep(0.02)
    bury(process)


def bury(process: subprocess.Popen[bytes]) -> None:
    """Kill whatever is left of its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Running:
    """A part started alone, without a supervisor: for tests and for one-off commands."""

    def __init__(self, part: Part, folder: Path) -> None:
        self.part = part
        self.log = folder / f"{part.name}.log"
        self.start()

    def start(self) -> None:
        """Returns when it is ready; also after `kill` or `stop`, on the same port and folder."""
        self.process = spawn(self.part, self.log)
        deadline = time.monotonic() + self.part.patience
        while not self.part.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise PartFailed(f"{self.part.name} did not start; the end of {self.log} says why: {tail(self.log)}")
            time.sleep(0.02)

    def kill(self) -> None:
        """As a crash would: SIGKILL, to the whole group."""
        bury(self.process)

    def stop(self) -> None:
        """Stop cleanly."""
        end(self.part, self.process)


def tail(log: Path, lines: int = 4) -> str:
    """The last lines of a log, as one line."""
    with contextlib.suppress(OSError):
        return " | ".join(log.read_text(errors="replace").split("\n")[-lines - 1 :]).strip(" |")
    return ""


def free_port(preferred: int = 0, host: str = "127.0.0.1") -> int:
    """The preferred port or one of the twenty after it; 0, or all of them busy, means any."""
    for port in (*range(preferred, preferred + 20), 0) if preferred else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((host, port))
                return int(probe.getsockname()[1])
    raise PartFailed(f"no free port on {host}")
