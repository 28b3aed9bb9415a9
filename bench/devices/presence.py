"""What it costs to know who is silent: the clock at rest, heartbeats, thousands lost at once, and all of them back.

    nice -n 15 python -m bench.devices.presence --devices 1000 10000 30000

Runs the platform's own code on an empty embedded PostgreSQL. CPU seconds are of this process (`process_time`) and of
all processes of PostgreSQL (psutil). The plain way beside it reads every device each second.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psutil
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text

from app.alarms import inbox
from app.cli.parts import postgres, valkey
from app.db import transaction
from app.equipment import models, presence, upkeep_queries
from devices.signals import Message
from tests.cast import DISTRICT, a_home
from tests.conftest import _schema

MODEL: Final = "yl-pendant"
MINUTES, COMMUNITIES, MASS, AT_ONCE = 3, 60, 5000, 10
A_SECOND: Final = 100  # heartbeats

FILL = text(
    """
    insert into devices (district_id, division_code, wire_id, model_id, home_id, state, battery, link)
    select h.district_id, h.division_code, 'pendant-' || n, :model, h.id, 'active', 80, 'unknown'
    from generate_series(cast(:first as int), cast(:last as int)) n
        join (select *, row_number() over (order by id) - 1 as rank from homes) h on h.rank = n % :homes
    """
)
REST = text(
    """
    update devices d set via = null,
        last_seen_at = cast(:now as timestamptz) - random() * make_interval(secs => m.heartbeat_seconds),
        look_at = cast(:now as timestamptz) + random() * make_interval(secs => m.silence_seconds)
    from device_models m where m.id = d.model_id
    """
)
"""Each was heard within its heartbeat, and is looked at some time within its promise, as after some hours of life."""
PLAIN = text(
    """
    select d.id from devices d join device_models m on m.id = d.model_id
    where d.state = 'active' and d.last_seen_at + make_interval(secs => m.silence_seconds) <= :now and not exists (
        select 1 from device_faults f where f.device_id = d.id and f.kind = 'silent' and f.ended_at is null)
    """
)
DUE = text(
    """
    update devices d set via = :via, look_at = :due,
        last_seen_at = cast(:due as timestamptz) - make_interval(secs => m.silence_seconds)
    from device_models m
    where m.id = d.model_id and d.id in (select id from devices order by id offset :skip limit :count)
    """
)


@dataclass
class Cost:
    """Seconds of this process's CPU, of PostgreSQL's, and of the wall."""

    ours: float = 0.0
    database: float = 0.0
    wall: float = 0.0

    def __str__(self) -> str:
        return f"{self.ours:.2f} + {self.database:.2f}"


@dataclass
class Meter:
    """Reads the clocks; `postmaster` is PostgreSQL's first process."""

    postmaster: psutil.Process

    def database(self) -> float:
        """CPU seconds of every process of PostgreSQL, those that have ended included."""
        times = self.postmaster.cpu_times()
        spent = times.user + times.system + times.children_user + times.children_system
        for child in self.postmaster.children():
            try:
                mine = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            spent += mine.user + mine.system
        return spent

    @contextmanager
    def read(self) -> Iterator[Cost]:
        """What the block costs."""
        cost = Cost()
        before, ours, begun = self.database(), time.process_time(), time.perf_counter()
        yield cost
        cost.ours, cost.wall = time.process_time() - ours, time.perf_counter() - begun
        cost.database = self.database() - before


def heartbeat(number: int, at: datetime) -> Message:
    body = {"device": f"pendant-{number}", "kind": "heartbeat", "battery": 80}
    return Message(f"care/v1/pendant-{number}/telemetry", json.dumps(body).encode(), received_at=at, source="calm")


def listed() -> Sequence[upkeep_queries.OutageRow]:
    with transaction() as session:
        return upkeep_queries.outages(session, me=0)


def at_rest(meter: Meter, now: datetime) -> tuple[Cost, Cost, int]:
    """A simulated minute of the clock, the same minute the plain way, and how many devices the clock looked at."""
    end = now + timedelta(minutes=MINUTES)
    with transaction() as session:
        looked = session.execute(text("select count(*) from devices where look_at <= :end"), {"end": end}).scalar_one()
    with meter.read() as clock:
        for second in range(1, 60 * MINUTES + 1):
            assert presence.watch(now + timedelta(seconds=second)) == 0
            if second % 60 == 0:
                presence.tidy(now + timedelta(seconds=second))
    with meter.read() as plain:
        for second in range(1, 60 * MINUTES + 1):
            with transaction() as session:
                assert not session.execute(PLAIN, {"now": now + timedelta(seconds=second)}).all()
    for cost in (clock, plain):
        cost.ours, cost.database = cost.ours / MINUTES, cost.database / MINUTES
    return clock, plain, looked // MINUTES


def to_flag(seconds: int = 10, each: int = 5) -> float:
    """The worst time from the moment a device is due to its commit on the list, with a look each second of the wall."""
    begun = datetime.now(UTC) + timedelta(seconds=1)
    dues = [begun + timedelta(seconds=n / each) for n in range(seconds * each)]
    with transaction() as session:
        for n, due in enumerate(dues):
            session.execute(DUE, {"via": None, "due": due, "skip": n, "count": 1})
    seen, worst = 0, 0.0
    while seen < len(dues):
        time.sleep(1 - time.time() % 1)
        found = presence.watch(datetime.now(UTC))
        done = datetime.now(UTC)
        worst = max([worst, *((done - due).total_seconds() for due in dues[seen : seen + found])])
        seen += found
    return worst


def hear(meter: Meter, numbers: Sequence[int], at_once: int) -> Cost:
    now = datetime.now(UTC)
    batches = [[heartbeat(n, now) for n in numbers[i : i + at_once]] for i in range(0, len(numbers), at_once)]
    with meter.read() as cost:
        for batch in batches:
            inbox.receive_telemetry(batch)
    return cost


def measure(owner: Engine, meter: Meter, count: int, already: int) -> list[str]:
    """A column of the table."""
    with transaction() as session:
        session.execute(FILL, {"first": already, "last": count - 1, "model": MODEL, "homes": COMMUNITIES})
        session.execute(REST, {"now": datetime.now(UTC)})
    with owner.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("vacuum analyze devices"))
    clock, plain, looked = at_rest(meter, datetime.now(UTC))
    worst = to_flag()
    hear(meter, range(count), 500)
    beats = hear(meter, [n % count for n in range(60 * A_SECOND)], AT_ONCE)
    lost = min(MASS, count // 2)
    with transaction() as session:
        session.execute(DUE, {"via": "gw-1", "due": datetime.now(UTC), "skip": 0, "count": lost})
    with meter.read() as mass:
        presence.watch(datetime.now(UTC))
        (entry,) = listed()
    assert (entry.members, entry.missing) == (lost, lost)
    back = hear(meter, range(lost), 500)
    presence.tidy(datetime.now(UTC))
    assert not listed()
    return [
        str(clock), str(looked), str(plain),
        f"{(plain.ours + plain.database) / (clock.ours + clock.database):.1f}", f"{worst:.1f} s",
        str(beats), f"{lost} in {mass.wall:.1f} s ({mass})", f"{back.wall:.1f} s ({back})",
    ]  # fmt: skip


LINES: Final = (
    "a minute at rest", "devices looked at in it", "the plain way", "plain / ours", "due to listed, worst of 50",
    f"a minute of {A_SECOND} heartbeats/s", "lost at once, until one entry", "all of them back",
)  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--devices", type=int, nargs="+", default=[1000, 10_000, 30_000])
    sizes: list[int] = sorted(parser.parse_args().devices)
    columns, load = [], os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        database, notices = postgres.start(Path(folder) / "pg"), valkey.start(Path(folder) / "valkey")
        stack.callback(database.stop)
        stack.callback(notices.stop)
        owner = next(_schema(database, notices, Path(folder), stack))
        with owner.begin() as connection:
            connection.execute(text("insert into districts (id, name) values (:id, '河口区')"), {"id": DISTRICT})
        with transaction() as session:
            models.load(session)
            for n in range(COMMUNITIES):
                a_home(session, division_code=f"{DISTRICT}001{n + 1:03d}")
        postmaster = psutil.Process(int((database.data / "postmaster.pid").read_text().split()[0]))
        for already, count in zip([0, *sizes], sizes, strict=False):
            columns.append(measure(owner, Meter(postmaster), count, already))
    title = f"CPU seconds, ours + PostgreSQL's; {os.cpu_count()} cores, load {load:.1f} to {os.getloadavg()[0]:.1f}"
    table = Table("", *(f"{count:,}" for count in sizes), title=title)
    for line, *values in zip(LINES, *columns, strict=True):
        table.add_row(line, *values)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
