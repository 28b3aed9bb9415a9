"""Runs rows of the proof and prints a table; ends with 1 where one does not hold.

nice -n 15 python -m tests.torture --rows 1 4 5 6 7 8 --events 100000 --elders 20000
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.torture import presses
from tests.torture.figures import Row, print_table, say


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--elders", type=int, default=20_000)
    parser.add_argument(
        "--minutes", type=float, default=24 * 60, help="of row 1: what is not pressed by then is left out"
    )
    parser.add_argument("--rate", type=float, default=100, help="of row 1: new presses a second")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    rows: list[Row] = []
    for number in given.rows:
        say(f"row {number} begins")
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            rows.append(run(number, given, Path(folder)))
        say(f"row {number} {'holds' if rows[-1].holds else 'DOES NOT HOLD'}")
    print_table(rows, conditions=f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end")
    sys.exit(0 if all(row.holds for row in rows) else 1)


def run(number: int, given: argparse.Namespace, folder: Path) -> Row:
    match number:
        case 1:
            return presses.run(
                folder, events=given.events, elders=given.elders, seed=given.seed, pause=(5.0, 20.0),
                seconds=60 * given.minutes, rate=given.rate,
            )  # fmt: skip
    raise SystemExit(f"there is no row {number} here: 1 4 5 6 7 8")


if __name__ == "__main__":
    main()
