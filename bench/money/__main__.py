"""What the runs over a month cost, at three sizes of a city.

    python -m bench.money --sizes S M L --months 3

Each size on an empty embedded PostgreSQL of its own (`fsync` on). Per month: the turn (grants, next month's in advance,
expiry of what is over), the same again with nothing to do, filling the month with visits; at the end the proof of the
ledger. Seconds of the wall and of both processors' time, and the most memory this process had.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text

from app import calendar
from app.cli.parts import postgres, valkey
from app.db import transaction
from app.orders import queries as orders
from bench.devices.year import Meter
from bench.money import city
from tests.conftest import _schema

FIRST: Final = date(2026, 1, 1)


class Clock:
    """Seconds of the wall beside the processor's, by the name of the work; of a repeated one the last."""

    def __init__(self, meter: Meter) -> None:
        self.meter, self.wall, self.last = meter, dict[str, float](), dict[str, tuple[float, float]]()

    @contextmanager
    def work(self, name: str) -> Iterator[None]:
        """What is done within belongs to this name."""
        self.meter.spent.pop(name, None)
        began = time.monotonic()
        with self.meter.work(name):
            yield
        self.wall[name] = time.monotonic() - began


def measure(owner: Engine, size: str, months: int) -> None:
    """Print one row for each kind of work."""
    clock, month, visits = Clock(Meter(owner)), FIRST, 0
    with clock.work("build"):
        city.build(city.SIZES[size])
    for _ in range(months):
        with clock.work("month turn"):
            city.turn(month)
        with clock.work("turn again"):
            city.turn(month)
        with clock.work("fill"):
            visits = city.fill(owner, month)
        month = calendar.next_month(month)
    with clock.work("month turn"):
        city.turn(month)
    with clock.work("ledger verify"), transaction() as session:
        faults = orders.verify_ledger(session)
    with owner.connect() as connection:
        entries = connection.scalar(text("select count(*) from ledger_entries"))
        expired = connection.scalar(text("select count(*) from ledger_entries where kind = 'expire'"))
        granted = connection.scalar(
            text("select count(*) from ledger_entries where kind = 'grant' and month = :m"),
            {"m": calendar.next_month(month)},
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{size}: {city.SIZES[size].elders} elders, {months} months, {visits} visits in the last, "
          f"{entries} entries; the last turn granted {granted} of the next month, {expired} expired in all; "
          f"faults {len(faults)}; peak {peak:.0f} MB")  # fmt: skip
    for name, wall in clock.wall.items():
        ours, database = clock.meter.spent[name]
        print(f"  {name:15} {wall:8.2f} s wall  {ours:7.2f} s here  {database:7.2f} s PostgreSQL")
    if faults:
        raise SystemExit("\n".join(faults[:10]))


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", nargs="+", choices=sorted(city.SIZES), default=["S", "M", "L"])
    parser.add_argument("--months", type=int, default=2)
    asked = parser.parse_args()
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            database, notices = postgres.start(Path(folder) / "pg"), valkey.start(Path(folder) / "valkey")
            stack.callback(database.stop)
            stack.callback(notices.stop)
            for owner in _schema(database, notices, Path(folder), stack):
                measure(owner, size, asked.months)


if __name__ == "__main__":
    main()
