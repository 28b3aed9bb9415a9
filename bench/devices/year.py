"""What a year of watches costs to keep: bytes and processor time of readings, sums and forgetting.

    python -m bench.devices.year --watches 20 --days 365 --every 10

Runs on an empty embedded PostgreSQL of its own. Day by day the readings are stored as the listener does, summed, and
what is older than the retention is forgotten; the last two days are summed quarter by quarter, as the clock does.
Processor time is of this process and of PostgreSQL with all its children; rules are not run (`bench.devices.vitals`).
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import Engine, insert, text

from app.cli.parts import postgres, valkey
from app.config import settings
from app.db import transaction
from app.equipment.tables import Reading
from app.monitoring import vitals
from bench.devices.vitals import row_of
from tests.cast import DISTRICT, a_device, an_elder
from tests.conftest import _schema

QUARTERS_OF_A_DAY = 96
LAST = 2  # days that are summed quarter by quarter


class Meter:
    """Processor seconds of this process and of the database by the name of the work."""

    def __init__(self, owner: Engine) -> None:
        with owner.connect() as connection:
            backend = connection.execute(text("select pg_backend_pid()")).scalar_one()
        self.postmaster = psutil.Process(backend).parent()
        self.spent: dict[str, list[float]] = {}

    @contextmanager
    def work(self, name: str) -> Iterator[None]:
        """What is done within belongs to this name."""
        here, there = time.process_time(), self._database()
        yield
        ours = self.spent.setdefault(name, [0.0, 0.0])
        ours[0] += time.process_time() - here
        ours[1] += self._database() - there

    def _database(self) -> float:
        """Of the server and its children, those that are gone included."""
        assert self.postmaster
        own = self.postmaster.cpu_times()
        total = own.user + own.system + own.children_user + own.children_system
        for child in self.postmaster.children():
            try:
                used = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += used.user + used.system
        return float(total)


def measure(owner: Engine, watches: int, days: int, every: int) -> None:
    """So many watches measure every so many minutes of so many days that end now."""
    rng, end = random.Random(7), vitals.floor(datetime.now(UTC)) - timedelta(minutes=15)
    begin = end - timedelta(days=days)
    with owner.begin() as connection:
        connection.execute(text("insert into districts (id, name) values (:id, '河口区')"), {"id": DISTRICT})
    with transaction() as session:
        worn = []
        for _ in range(watches):
            elder = an_elder(session)
            device = a_device(session, elder=elder, model="yl-watch")
            worn.append((device.id, elder.id, elder.home_id, elder.division_code))
    meter, count = Meter(owner), 0
    for day in range(days):
        since = begin + timedelta(days=day)
        rows = [
            row_of(rng, *watch, since + timedelta(minutes=minute)) for minute in range(0, 1440, every) for watch in worn
        ]
        with meter.work("store"), transaction() as session:
            session.execute(insert(Reading), rows)
        count += len(rows)
        if day == days - LAST:
            _sizes(owner)
        _sum(meter, since, last=day >= days - LAST)
        with meter.work("forget"):
            vitals.forget(now=since + timedelta(days=1), days=settings().readings_days)
    print(f"{watches} watches, {days} days, {count} readings")
    for name, (ours, database) in meter.spent.items():
        among = {"sum, by quarters": LAST, "sum, a day at once": days - LAST}.get(name, days) * watches
        print(f"{name}: {1000 * ours / among:.2f} + {1000 * database / among:.2f} ms a watch and day, us + database")


def _sum(meter: Meter, since: datetime, *, last: bool) -> None:
    if not last:
        with meter.work("sum, a day at once"):
            vitals.sum_all(now=since + timedelta(days=1) + vitals.LATE)
        return
    with meter.work("sum, by quarters"):
        for quarter in range(1, QUARTERS_OF_A_DAY + 1):
            vitals.sum_all(now=since + quarter * vitals.QUARTER + vitals.LATE)


def _sizes(owner: Engine) -> None:
    """Before the quarters: so many updates of a row within a minute, not a day, leave what no vacuum had time for."""
    with owner.connect() as connection:
        for table in ("readings", "vital_days"):
            size, rows = connection.execute(
                text(f"select pg_total_relation_size('{table}'), (select count(*) from {table})")
            ).one()
            print(f"{table}: {rows} rows, {size / 1e6:.1f} MB, {size / max(rows, 1):.0f} bytes each, indexes and all")


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--watches", type=int, default=20)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--every", type=int, default=10, help="minutes between two measurements")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        database, notices = postgres.start(Path(folder) / "pg"), valkey.start(Path(folder) / "valkey")
        stack.callback(database.stop)
        stack.callback(notices.stop)
        measure(next(_schema(database, notices, Path(folder), stack)), asked.watches, asked.days, asked.every)


if __name__ == "__main__":
    main()
