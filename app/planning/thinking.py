"""A solver in a process of its own: asked on a line, heard as it goes, stopped on a wish, killed when silent."""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

POLL = 0.2
BEAT = 1.0
GRACE = 180  # seconds beyond the thinking time until the child is killed: starting, constructing, explaining
PATIENCE = 20  # seconds a stopped child has to hand over what it has

Beat = Callable[[list[dict[str, Any]]], bool]


class Silent(RuntimeError):
    """The solver gave no answer in time, or died."""


def ask(module: str, asked: dict[str, Any], *, seconds: int, beat: Beat) -> tuple[dict[str, Any] | None, bool]:
    """The last line of the child and whether it was stopped; None when a stopped one handed over nothing.

    `beat` hears of progress every second or so and answers whether to stop. Raises Silent.
    """
    deadline = time.monotonic() + seconds + GRACE
    stopped, points, beaten = False, [], time.monotonic()
    with _child(module, asked) as (child, heard):
        while True:
            for line in _drain(heard):
                if "progress" in line:
                    points.append(line["progress"])
                elif "error" in line:
                    raise Silent(line["error"])
                else:
                    beat(points)
                    return line, stopped
            if child.poll() is not None and heard.empty():
                raise Silent(f"the solver ended with {child.returncode}")
            if stopped and time.monotonic() > deadline:
                return None, True
            if time.monotonic() > deadline:
                raise Silent(f"no answer after {seconds + GRACE} seconds")
            if time.monotonic() - beaten >= BEAT:
                wish, points, beaten = beat(points), [], time.monotonic()
                if wish and not stopped:
                    stopped, deadline = True, time.monotonic() + PATIENCE
                    _write(child, "stop")
            time.sleep(POLL)


@contextmanager
def _child(module: str, asked: dict[str, Any]) -> Iterator[tuple[subprocess.Popen[str], "queue.Queue[dict[str, Any]]"]]:
    """A solver process that never outlives the block: killed if it is still there."""
    child = subprocess.Popen([sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    heard: queue.Queue[dict[str, Any]] = queue.Queue()
    reader = threading.Thread(target=_hear, args=(child, heard), daemon=True)
    reader.start()
    try:
        _write(child, json.dumps(asked))
        yield child, heard
    finally:
        child.kill()
        child.wait()
        reader.join()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()


def _write(child: subprocess.Popen[str], line: str) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(line + "\n")
        child.stdin.flush()
    except BrokenPipeError:
        pass  # it has ended; the loop finds out


def _hear(child: subprocess.Popen[str], heard: "queue.Queue[dict[str, Any]]") -> None:
    assert child.stdout is not None
    for line in child.stdout:
        heard.put(json.loads(line))


def _drain(heard: "queue.Queue[dict[str, Any]]") -> Iterator[dict[str, Any]]:
    while not heard.empty():
        yield heard.get()
