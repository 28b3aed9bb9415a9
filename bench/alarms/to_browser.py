"""Rows 2 and 3: from a press to a row painted on the operator's screen, in a busy city and in a storm."""

from collections.abc import Sequence
from typing import Any

import psycopg

from bench.alarms import figures, traffic
from bench.alarms.screen import Desk, operator
from bench.alarms.stage import Stage, say
from bench.alarms.traffic import Press

RATE = 5.0  # presses a second beneath telemetry


def row_2(stage: Stage, *, rates: Sequence[int] = (500, 2000), seconds: int = 45) -> None:
    """Presses, five a second, beneath telemetry of the whole city."""
    under, lines = figures.conditions(), []
    for rate in rates:
        stage.forget_alarms()
        with operator(stage) as desk:
            say(f"row 2: {rate} telemetry messages a second for {seconds} s")
            lines.append(_beneath(stage, desk, rate, seconds))
    title = f"press to the operator's browser, {stage.devices:,} devices registered, {RATE:.0f} presses/s"
    figures.keep(2, title, lines, under)


def _beneath(stage: Stage, desk: Desk, rate: int, seconds: int) -> dict[str, Any]:
    url, count = stage.env["YINLING_GATEWAY_MQTT_URL"], int(RATE * (seconds - 5))
    before, stored = stage.spent(), _telemetry(stage)
    noise = traffic.started(
        "telemetry", url, name="noise", rate=rate, count=rate * seconds, devices=stage.devices
    )  # fmt: skip
    desk.rest(3)
    desk.begin()
    presses = _pressed(stage, desk, count, RATE, mixed=False)
    noise.wait(60)
    kept = _telemetry(stage) - stored
    cpu = {name: spent - before[name] for name, spent in stage.spent().items()}
    return {
        "telemetry/s": rate, "readings kept": f"{kept}/{rate * seconds // traffic.VITALS}",
        **_seen(stage, desk, presses), **desk.facts(), "CPU s": _short(cpu),
    }  # fmt: skip


def row_3(stage: Stage, *, elders: int = 1000, within: float = 10.0) -> None:
    """A thousand elders press within ten seconds; somebody walks through the queue meanwhile."""
    under = figures.conditions()
    stage.forget_alarms()
    with operator(stage) as desk:
        say(f"row 3: {elders} presses within {within:.0f} s")
        desk.begin()
        before = stage.spent()
        presses = _pressed(stage, desk, elders, elders / within, mixed=True, keys=True)
        seen = _seen(stage, desk, presses)
        cpu = {name: spent - before[name] for name, spent in stage.spent().items()}
        desk.rest(2)
        right = desk.order() == _gravest_first(stage)
        desk.page.screenshot(path=figures.KEPT.with_name("storm.png"))
        shown, facts = desk.seen(), desk.facts()
    over = max(shown.values(), default=0) - min(press.at for press in presses)
    line = {
        "elders": elders, "first press to last row, s": round(over, 1),
        "after the last press, s": round(max(shown.values(), default=0) - max(p.at for p in presses), 1),
        "gravest and oldest first": right, **seen, **facts, "CPU s": _short(cpu),
    }  # fmt: skip
    figures.keep(3, f"{elders} elders press within {within:.0f} s", [line], under)


def _pressed(stage: Stage, desk: Desk, count: int, rate: float, *, mixed: bool, keys: bool = False) -> Sequence[Press]:
    """The presses, once their rows were painted or a minute later."""
    out = stage.folder / "presses.jsonl"
    pressing = traffic.started(
        "press", stage.env["YINLING_GATEWAY_MQTT_URL"], name="help", first=1, count=count, rate=rate, mixed=int(mixed),
        out=out,
    )  # fmt: skip
    desk.until(count, count / rate + 60, keys=keys)
    assert pressing.wait(90) == 0, "the presses failed"
    return traffic.read(out)


def _seen(stage: Stage, desk: Desk, presses: Sequence[Press]) -> dict[str, Any]:
    """Seconds from press to paint, and to the device's hearing that it is stored."""
    with psycopg.connect(stage.owner) as connection:
        alarms: dict[str, int] = dict(connection.execute("select wire_id, id from alarms"))
    seen = desk.seen()
    painted = [seen[alarms[p.wire_id]] - p.at for p in presses if alarms.get(p.wire_id, 0) in seen]
    stored = figures.spread([p.stored - p.at for p in presses if p.stored is not None])
    return {
        "presses": len(presses),
        "painted": len(painted),
        **figures.spread(painted),
        "answered to the device p50/p99, ms": f"{stored['p50, ms']}/{stored['p99, ms']}",
    }


def _gravest_first(stage: Stage) -> list[int]:
    """As it should stand: by priority, then by the time it was first heard."""
    with psycopg.connect(stage.owner) as connection:
        return [row[0] for row in connection.execute("select id from alarms order by priority, raised_at, id")]


def _telemetry(stage: Stage) -> int:
    with psycopg.connect(stage.owner) as connection:
        found = connection.execute("select count(*) from readings").fetchone()
    return int(found[0]) if found else 0


def _short(cpu: dict[str, float]) -> str:
    return ", ".join(f"{name} {spent:.1f}" for name, spent in cpu.items() if spent >= 0.1)
