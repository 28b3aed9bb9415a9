"""Row 9: how many calls for help and measurements a second become durable, beside a bare subscriber and bare inserts.

Everybody in one run, in turns: the same broker, the same publishers, the same database and tables. The bare subscriber
is paho with QoS 1 that only counts; the bare inserts are the very rows our listener wrote, taken away and written again
by `executemany` (psycopg's pipeline), one commit for each 500 messages. Whoever has no turn is not running.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from app.listener import session_name
from bench.alarms import figures, traffic
from bench.alarms.stage import OF_ALARMS, Stage, say
from devices.mqtt import Address, Client

BATCH: Final = 500
PATIENCE: Final = 40.0
ROUNDS: Final = 2


@dataclass
class Contender:
    """Messages a second in each round, and CPU milliseconds of whoever takes them in."""

    rates: list[float] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)


def row_9(stage: Stage, *, alarms: int = 2000, measurements: int = 4000, rounds: int = ROUNDS) -> None:
    """Rounds of every contender, one after another."""
    under, found = figures.conditions(), {}
    stage.down("web", "clock", "listener-1", "listener-2")
    try:
        for what, count, tables in (("event", alarms, OF_ALARMS), ("telemetry", measurements, OF_TELEMETRY)):
            mine = found[what] = {name: Contender() for name in ("bare subscriber", "ours", "bare inserts")}
            for turn in range(rounds):
                say(f"row 9: {what}, round {turn + 1}")
                _forget_sessions(stage)
                _bare(stage, what, count, mine["bare subscriber"], turn)
                stage.forget_alarms()
                stage.up("listener-1")
                _in_office(stage)
                with psycopg.connect(stage.owner, autocommit=True) as connection:
                    _empty(connection, tables)
                    _ours(stage, connection, what, count, mine["ours"], turn)
                    stage.down("listener-1")
                    rows = _taken(connection, tables)
                    _insert(connection, rows, count, mine["bare inserts"])
    finally:
        stage.up("web", "clock", "listener-1", "listener-2")
    lines = [_line(name, found["event"][name], found["telemetry"][name], found) for name in found["event"]]
    figures.keep(9, f"durable messages a second, {alarms} alarms, {measurements} measurements a round", lines, under)


OF_TELEMETRY: Final = frozenset({"readings"})


def _line(name: str, alarms: Contender, measured: Contender, found: dict[str, dict[str, Contender]]) -> dict[str, Any]:
    def share(what: str) -> str:
        others = [one.rate for key, one in found[what].items() if key != "ours"]
        return f"{found[what][name].rate / min(others):.2f}"

    return {
        "": name, "alarms/s": round(alarms.rate), "of the lower bare one": share("event"),
        "CPU ms an alarm": round(1000 * statistics.median(alarms.spent), 2), "measurements/s": round(measured.rate),
        "of the lower bare one ": share("telemetry"),
        "CPU ms a measurement": round(1000 * statistics.median(measured.spent), 2),
    }  # fmt: skip


def _say_it(stage: Stage, what: str, count: int, turn: int) -> Callable[[], object]:
    """Publish from a process of its own; answers how to wait for it."""
    url, name = stage.env["YINLING_GATEWAY_MQTT_URL"], f"{what}-{turn}-{time.monotonic_ns()}"
    if what == "event":
        return traffic.started("press", url, name=name, first=1, count=count, wait=0).wait
    return traffic.started(
        "telemetry", url, name=name, devices=stage.devices, count=count, qos=1, vitals=1
    ).wait  # fmt: skip


def _bare(stage: Stage, what: str, count: int, into: Contender, turn: int) -> None:
    """paho alone: QoS 1, acknowledged by itself, and forgotten."""
    address = Address.of(stage.env["YINLING_MQTT_URL"])
    client, times, ready, done = address.client("bench-bare"), [], Event(), Event()

    def on_message(*_: object) -> None:
        times.append(time.perf_counter())
        if len(times) >= count:
            done.set()

    def on_connect(client: Client, *_: object) -> None:
        address.subscribe(client, [f"care/v1/+/{what}"])

    client.on_connect = on_connect
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = on_message
    client.loop_start()
    ready.wait(10)
    begun = time.process_time()
    wait = _say_it(stage, what, count, turn)
    done.wait(PATIENCE)
    into.spent.append((time.process_time() - begun) / len(times))
    into.rates.append(len(times) / (times[-1] - times[0]))
    wait()
    client.disconnect()
    client.loop_stop()


def _ours(stage: Stage, connection: Any, what: str, count: int, into: Contender, turn: int) -> None:
    """A listener process; counted is what has been committed."""
    table = "inbox_messages" if what == "event" else "readings"
    before = stage.spent()["listener-1"]
    wait = _say_it(stage, what, count, turn)
    seen, begun = 0, 0.0
    deadline = time.monotonic() + PATIENCE
    while seen < count and time.monotonic() < deadline:
        (seen,) = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()
        if seen and not begun:
            begun, first = time.perf_counter(), seen
        time.sleep(0.02)
    assert seen == count, f"{seen} of {count} stored within {PATIENCE:.0f} s"
    into.rates.append((seen - first) / (time.perf_counter() - begun))
    into.spent.append((stage.spent()["listener-1"] - before) / count)
    wait()


def _forget_sessions(stage: Stage) -> None:
    """What a listener that is not running would find waiting: the broker would write it down at each message."""
    address = Address.of(stage.env["YINLING_MQTT_URL"])
    for name in ("listener-1", "listener-2", "telemetry", "bridges"):
        client = address.client(session_name(name))
        client.reconnect()
        while not client.is_connected():
            client.loop(0.1)
        client.disconnect()
        client.loop(0.1)


def _in_office(stage: Stage) -> None:
    """Until the listener hears telemetry as well."""
    asked = (
        "select 1 from pulses where name = 'listener-1' and well and facts @> '{\"elected\": true}'"
        " and at > now() - interval '2 seconds'"
    )
    with psycopg.connect(stage.owner, autocommit=True) as connection:
        deadline = time.monotonic() + PATIENCE
        while not connection.execute(asked).fetchone():
            assert time.monotonic() < deadline, "the listener was not elected"
            time.sleep(0.1)


Rows = dict[str, tuple[list[str], list[tuple[Any, ...]]]]


def _taken(connection: Any, tables: frozenset[str]) -> Rows:
    """The rows as our listener wrote them, parents first; the tables are empty afterwards."""
    taken: Rows = {}
    for name in [one for one in ORDER if one in tables]:
        cursor = connection.execute(sql.SQL("select * from {} order by id").format(sql.Identifier(name)))
        columns = [column.name for column in cursor.description]
        kept = [at for at, column in enumerate(columns) if (name, column) != ("alarms", "subject")]  # it is computed
        rows = [tuple(_plain(row[at]) for at in kept) for row in cursor]
        taken[name] = ([columns[at] for at in kept], rows)
    _empty(connection, tables)
    return taken


ORDER: Final = ("inbox_messages", "signals", "alarms", "alarm_timers", "alarm_events", "readings")


def _plain(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict | list) else value


def _empty(connection: Any, tables: frozenset[str]) -> None:
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        for name in tables:
            connection.execute(sql.SQL("delete from {}").format(sql.Identifier(name)))


def _insert(connection: Any, taken: Rows, count: int, into: Contender) -> None:
    """All of it again, a commit for each batch of messages."""
    statements = {
        name: sql.SQL("insert into {} ({}) overriding system value values ({})").format(
            sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
        )
        for name, (columns, rows) in taken.items() if rows
    }  # fmt: skip
    connection.execute("select set_config('app.area', '*', false)")
    parts = _parts(taken, max(-(-count // BATCH), 1))
    begun, spent = time.perf_counter(), time.process_time()
    for part in parts:
        with connection.transaction(), connection.cursor() as cursor:
            for name, statement in statements.items():
                cursor.executemany(statement, part[name])
    into.rates.append(count / (time.perf_counter() - begun))
    into.spent.append((time.process_time() - spent) / count)


def _parts(taken: Rows, batches: int) -> list[dict[str, list[tuple[Any, ...]]]]:
    """The rows of each batch; what belongs to an alarm stands in the alarm's."""
    parts: list[dict[str, list[tuple[Any, ...]]]] = [{name: [] for name in taken} for _ in range(batches)]
    batch_of: dict[Any, int] = {}
    for name in sorted(taken, key=lambda name: name != "alarms"):
        columns, rows = taken[name]
        for at, row in enumerate(rows):
            batch = at * batches // len(rows)
            if name == "alarms":
                batch_of[row[columns.index("id")]] = batch
            elif "alarm_id" in columns:
                batch = batch_of.get(row[columns.index("alarm_id")], batch)
            parts[batch][name].append(row)
    return parts
