"""`make bench-alarms`, or `python -m bench.alarms --rows 2 3 9 10`: the rows of docs/benchmarks.md, one by one.

Starts its own PostgreSQL (which syncs to the disk), Valkey, Mosquitto, listeners, clock and web process in a folder of
its own and ends them. Each row takes at most about three minutes. `--print` shows what was measured last.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench.alarms import beside, figures, rates, to_browser
from bench.alarms.stage import say, stage

ROWS: Final[dict[int, Callable[..., None]]] = {
    2: to_browser.row_2, 3: to_browser.row_3, 9: rates.row_9, 10: beside.row_10,
}  # fmt: skip
SMALL: Final[dict[int, dict[str, Any]]] = {
    2: {"rates": (20,), "seconds": 7}, 3: {"elders": 15, "within": 1.5},
    9: {"alarms": 60, "measurements": 60, "rounds": 1}, 10: {"calm": 5, "storm": 40, "rate": 20.0},
}  # fmt: skip
"""Sizes that say nothing, to see that it still runs."""


def main() -> None:
    """Measure the rows asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", choices=sorted(ROWS), default=sorted(ROWS))
    parser.add_argument("--devices", type=int, default=30_000, help="registered in the city")
    parser.add_argument("--print", action="store_true", dest="only_print", help="the tables of what was measured last")
    parser.add_argument("--small", action="store_true", help="sizes that say nothing: whether it still runs")
    given = parser.parse_args()
    if given.only_print:
        figures.again()
        return
    with tempfile.TemporaryDirectory(prefix="yinling-bench-") as folder:
        say(f"a city of {given.devices:,} devices")
        with stage(Path(folder), devices=given.devices) as city:
            for row in given.rows:
                ROWS[row](city, **(SMALL[row] if given.small else {}))


if __name__ == "__main__":
    main()
