"""What a year of money costs, at three sizes of a city.

    python -m bench.money --sizes S M L --months 12

Each size on an empty embedded PostgreSQL of its own (`fsync` on). Month by month: the turn (grants, next month's in
advance, expiry of what is over), the same again with nothing to do, a month of visits filled in by SQL, and when it is
over the statements of every provider, their issue, and a batch of an allowance; Ctrl-C ends the months early. At the
end the proof of the ledger, and files of as many rows as the city has elders. For each: seconds of the wall and of both
processors' time, and the most memory this process and the database (its processes' own) had during it.
"""

import argparse
import math
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Final

import psutil
from sqlalchemy import Engine, text

from app import calendar
from app.cli.parts import postgres, valkey
from app.db import transaction
from app.orders import queries as orders
from bench.devices.year import Meter
from bench.money import city, files, runs
from tests.conftest import _schema

FIRST: Final = date(2026, 1, 1)
MB: Final = 1024  # of kB, as /proc tells


@dataclass(frozen=True)
class Spent:
    """One piece of work: what it went through, seconds, and MB at the most."""

    name: str
    rows: int
    wall: float
    here: float
    database: float
    memory: float
    database_memory: float


class Clock:
    """Measures pieces of work and keeps what each has cost."""

    def __init__(self, owner: Engine) -> None:
        self.meter, self.spent = Meter(owner), list[Spent]()

    @contextmanager
    def __call__(self, name: str, rows: int = 0) -> Iterator[None]:
        """What is done within belongs to this name."""
        Path("/proc/self/clear_refs").write_text("5")  # forgets the most memory so far
        self.meter.spent.pop(name, None)
        over, most = threading.Event(), [0.0]
        watch = threading.Thread(target=self._watch, args=(over, most))
        watch.start()
        began = time.monotonic()
        try:
            with self.meter.work(name):
                yield
        finally:
            wall = time.monotonic() - began
            over.set()
            watch.join()
        here, database = self.meter.spent[name]
        self.spent.append(Spent(name, rows, wall, here, database, _status("self", "VmHWM"), most[0]))
        print(f"    {name:18} {wall:8.2f} s wall  {here:7.2f} s here  {database:7.2f} s PostgreSQL  "
              f"{self.spent[-1].memory:5.0f} MB here  {most[0]:5.0f} MB PostgreSQL", flush=True)  # fmt: skip

    def _watch(self, over: threading.Event, most: list[float]) -> None:
        assert self.meter.postmaster
        while not over.wait(0.5):
            own = sum(_status(str(child.pid), "RssAnon") for child in self.meter.postmaster.children())
            most[0] = max(most[0], own)

    def of(self, name: str) -> list[Spent]:
        """Every time this was done, in order."""
        return [one for one in self.spent if one.name == name]


def _status(process: str, line: str) -> float:
    """MB, by a line of /proc/…/status; none where the process is gone."""
    try:
        said = Path(f"/proc/{process}/status").read_text()
    except (OSError, psutil.Error):
        return 0.0
    return next((int(one.split()[1]) / MB for one in said.splitlines() if one.startswith(f"{line}:")), 0.0)


def measure(owner: Engine, size: str, months: int) -> Clock:
    """Print one line for each piece of work as it is done."""
    clock, month, visits = Clock(owner), FIRST, 0
    elders = city.SIZES[size].elders
    print(f"\n{size}: {elders} elders", flush=True)
    with clock("build"):
        city.build(city.SIZES[size])
        runs.equip()
    enough = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: enough.set())
    while month < FIRST.replace(year=FIRST.year + months // 12, month=1 + months % 12) and not enough.is_set():
        print(f"  {month:%Y-%m}", flush=True)
        with clock("month turn", elders):
            city.turn(month)
        with clock("turn again", elders):
            city.turn(month)
        with clock("fill"):
            visits = city.fill(owner, month)
        with clock("statements", visits):
            runs.settle(month)
        with clock("issue"):
            runs.issue(month)
        with clock("allowance batch", elders):
            lines = runs.pay(month)
        month = calendar.next_month(month)
    with clock("month turn", elders):
        city.turn(month)
    with clock("ledger verify"), transaction() as session:
        faults = orders.verify_ledger(session)
    with owner.connect() as connection:
        counted = {
            table: connection.scalar(text(f"select count(*) from {table}"))
            for table in ("visits", "ledger_entries", "statement_lines", "settled_entries", "payout_lines")
        }
        counted["expired"] = connection.scalar(text("select count(*) from ledger_entries where kind = 'expire'"))
        size_of = connection.scalar(text("select pg_database_size(current_database())")) or 0
    print(f"  {visits} visits in the last month, {lines} lines in the last batch; {counted}; "
          f"faults {len(faults)}; database {size_of / 2**30:.1f} GB", flush=True)  # fmt: skip
    files.take_in(clock, elders)
    if faults:
        raise SystemExit("\n".join(faults[:10]))
    return clock


def tell(clocks: dict[str, Clock]) -> None:
    """Of each piece of work the first and the last time and the sum; and how it grew from size to size."""
    for size, clock in clocks.items():
        print(f"\n{size}: PostgreSQL + here, s: first, last, all; most MB here and there")
        for name in dict.fromkeys(one.name for one in clock.spent):
            each = clock.of(name)
            spent = [one.database + one.here for one in each]
            most = max(one.memory for one in each), max(one.database_memory for one in each)
            print(f"  {name:18} {spent[0]:8.2f} {spent[-1]:8.2f} {sum(spent):9.2f}  {most[0]:5.0f} {most[1]:5.0f}")
    sizes = list(clocks)
    for small, large in pairwise(sizes):
        ratio = city.SIZES[large].elders / city.SIZES[small].elders
        print(f"\n{small} to {large}, {ratio:.1f} times the elders: exponent of processor time of the last time")
        for name in dict.fromkeys(one.name for one in clocks[large].spent):
            one, other = clocks[small].of(name)[-1], clocks[large].of(name)[-1]
            grown = (other.here + other.database) / max(one.here + one.database, 0.01)
            print(f"  {name:18} {math.log(grown) / math.log(ratio):5.2f}")


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", nargs="+", choices=sorted(city.SIZES), default=["S", "M", "L"])
    parser.add_argument("--months", type=int, default=2)
    asked = parser.parse_args()
    clocks: dict[str, Clock] = {}
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            database, notices = postgres.start(Path(folder) / "pg"), valkey.start(Path(folder) / "valkey")
            stack.callback(database.stop)
            stack.callback(notices.stop)
            for owner in _schema(database, notices, Path(folder), stack):
                clocks[size] = measure(owner, size, asked.months)
    tell(clocks)


if __name__ == "__main__":
    main()
