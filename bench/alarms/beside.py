"""Row 10: the same presses through ours, Node-RED and Home Assistant: how fast on a screen, what is lost when it hurts.

Everybody hears the same broker and writes to the same PostgreSQL server, each alone. Lost is what the broker has
acknowledged to the device and what no table holds a while after everything runs again.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg
from playwright.sync_api import Browser, Page

from app.cli.parts import Running
from bench.alarms import figures, traffic
from bench.alarms.peers import homeassistant, nodered
from bench.alarms.screen import Desk
from bench.alarms.stage import Stage, say
from tests.journeys.browser import browser

PATIENCE: Final = 45.0
OUTAGE: Final = 5.0


class Contender(Protocol):
    """Whoever hears the presses."""

    name: str
    how: str
    processes: list[Running]

    def stored(self) -> set[str]: ...


class Peer(Contender, Protocol):
    """One of the others, with a page of its own in the browser."""

    page: str

    def arguments(self) -> list[str]: ...


class Ours:
    """Both listeners; what is stored is what the inbox holds."""

    name, how = "Yinling", "QoS 1, kept session; acknowledged by hand after the commit, and to the device"

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.processes = [stage.parts["listener-1"], stage.parts["listener-2"]]

    def stored(self) -> set[str]:
        with psycopg.connect(self.stage.owner) as connection:
            return {row[0].partition(":")[2] for row in connection.execute("select source_key from inbox_messages")}


def row_10(stage: Stage, *, calm: int = 100, storm: int = 400, rate: float = 100.0) -> None:
    """Each in turn: calm, killed in the middle of a storm, the database away for some seconds."""
    under, lines = figures.conditions(), []
    stage.forget_alarms()
    with browser() as opened:
        ours = Ours(stage)
        desk = Desk(opened, stage)
        lines.append(_measured(stage, ours, lambda: _painted(stage, desk, calm), storm, rate))
        desk.page.close()
        stage.down("web", "clock", "listener-1", "listener-2")
        for others in (nodered, homeassistant):
            if not others.installed():
                say(f"{others.NAME} could not be installed: npm or pip reach no registry, or Python is too new for it")
                continue
            lines.append(_beside(stage, others.begun(stage), opened, calm, storm, rate))
    stage.up("web", "clock", "listener-1", "listener-2")
    figures.keep(10, f"beside others: {calm} presses in calm, {storm} in each storm", lines, under)


def _beside(stage: Stage, peer: Peer, opened: Browser, calm: int, storm: int, rate: float) -> dict[str, Any]:
    """One of the others, alone; ended whatever happens."""
    page = opened.new_page()
    try:
        page.evaluate(peer.page, peer.arguments())
        return _measured(stage, peer, lambda: _heard(stage, page, calm, peer), storm, rate)
    finally:
        page.close()
        peer.processes[0].stop()


def _measured(
    stage: Stage, one: Contender, latencies: Callable[[], list[float]], storm: int, rate: float
) -> dict[str, Any]:
    say(f"row 10: {one.name}")
    spread = figures.spread(latencies())
    killed = _storm(stage, one, storm, rate, "killed", lambda: _kill(one))
    away = _storm(stage, one, storm, rate, "away", lambda: _without_database(stage))
    return {
        "": one.name, "to the screen p50, ms": spread["p50, ms"], "p99, ms": spread["p99, ms"],
        "lost, killed (-9) in a storm": f"{killed} of {storm}",
        f"lost, database {OUTAGE:.0f} s away": f"{away} of {storm}",
        "acknowledges": one.how,
    }  # fmt: skip


def _presses(stage: Stage, count: int, rate: float, name: str) -> list[traffic.Press]:
    out = stage.folder / f"{name}.jsonl"
    url = stage.env["YINLING_GATEWAY_MQTT_URL"]
    begun = _begun(stage, name)
    assert traffic.started("press", url, name=name, count=count, rate=rate, out=out, wait=0, begun=begun).wait(120) == 0
    return list(traffic.read(out))


def _begun(stage: Stage, name: str) -> Path:
    return stage.folder / f"{name}.begun"


def _painted(stage: Stage, desk: Desk, count: int) -> list[float]:
    """Ours is measured to the painted row of the desk."""
    desk.begin()
    with _meanwhile(lambda: _presses(stage, count, 10.0, "calm-ours")) as result:
        desk.until(count, count / 10 + 30)
    with psycopg.connect(stage.owner) as connection:
        alarms: dict[str, int] = dict(connection.execute("select wire_id, id from alarms"))
    seen = desk.seen()
    return [seen[alarms[p.wire_id]] - p.at for p in result[0] if alarms.get(p.wire_id, 0) in seen]


def _heard(stage: Stage, page: Page, count: int, peer: Peer) -> list[float]:
    """The others are measured to the message in the page's websocket."""
    name = f"calm-{_short(peer)}"
    with _meanwhile(lambda: _presses(stage, count, 10.0, name)) as result:
        page.wait_for_timeout(1000 * (count / 10 + 5))
    seen: dict[str, float] = page.evaluate("() => noted.seen")
    at = {f"{name}-{n}": press.at for n, press in enumerate(result[0])}
    return [seen[event] / 1000 - at[event] for event in at if event in seen]


@contextmanager
def _meanwhile(work: Callable[[], list[traffic.Press]]) -> Iterator[list[list[traffic.Press]]]:
    """The work goes on in a thread; its result is the list's only item after the block."""
    result: list[list[traffic.Press]] = []
    thread = threading.Thread(target=lambda: result.append(work()))
    thread.start()
    try:
        yield result
    finally:
        thread.join()


def _storm(stage: Stage, one: Contender, count: int, rate: float, what: str, trouble: Callable[[], None]) -> int:
    """How many were published and are nowhere once everything has run again for a while."""
    name = f"{what}-{_short(one)}"
    with _meanwhile(lambda: _presses(stage, count, rate, name)):
        while not _begun(stage, name).exists():  # a process of its own, which needs its time
            time.sleep(0.01)
        time.sleep(count / rate / 2)
        trouble()
    wanted = {f"{name}-{n}" for n in range(count)}
    deadline, missing, last = time.monotonic() + PATIENCE, len(wanted), -1
    quiet = time.monotonic()
    while missing and time.monotonic() < deadline and time.monotonic() - quiet < 15:
        missing = len(wanted - one.stored())
        if missing != last:
            quiet, last = time.monotonic(), missing
        time.sleep(0.5)
    return missing


def _short(one: Contender) -> str:
    return one.name.partition(" ")[0].lower()


def _kill(one: Contender) -> None:
    """SIGKILL, and started again at once, as a supervisor would."""
    for process in one.processes:
        process.kill()
    for process in one.processes:
        process.start()


def _without_database(stage: Stage) -> None:
    """It is stopped at once, as a crash would, and comes back."""
    stage.parts["postgres"].kill()
    time.sleep(OUTAGE)
    stage.parts["postgres"].start()
