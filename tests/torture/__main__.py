"""Runs rows of the proof and prints a table; ends with 1 where one does not hold.

nice -n 15 python -m tests.torture --rows 1 4 5 6 7 8 --events 100000 --elders 20000
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from unittest import mock

from app import vault
from bench.alarms.stage import stage
from tests.torture import month, presses, races, rights, skew
from tests.torture.figures import Row, print_table, say


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 4, 5, 6, 7, 8])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--elders", type=int, default=20_000)
    parser.add_argument(
        "--minutes", type=float, default=24 * 60, help="of row 1: what is not pressed by then is left out"
    )
    parser.add_argument("--rounds", type=int, default=1000, help="of row 4; a tenth of them of row 5, a fifth of row 7")
    parser.add_argument("--days", type=int, default=30, help="of row 6")
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
        case 8:
            with mock.patch.dict(os.environ, YINLING_KEYS=vault.new_keyring()):  # for the names of listeners' sessions
                return rights.run(folder)
    with stage(folder, devices=100, ours=()):
        match number:
            case 4:
                return races.presses_at_once(given.rounds, tell=lambda done: progress(number, done, given.rounds))
            case 5:
                return races.claims_at_once(
                    given.rounds // 10, tell=lambda done: progress(number, done, given.rounds // 10)
                )
            case 6:
                return month.run(days=given.days, seed=given.seed)
            case 7:
                return skew.run(given.rounds // 5, seed=given.seed)
    raise SystemExit(f"there is no row {number} here: 1 4 5 6 7 8")


def progress(number: int, done: int, of: int) -> None:
    if done % max(of // 10, 1) == 0:
        say(f"row {number}: {done} of {of} rounds")


if __name__ == "__main__":
    main()
