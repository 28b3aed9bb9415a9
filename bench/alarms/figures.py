"""Figures: percentiles, the conditions they were measured under, JSON lines under var/, and tables of them."""

import json
import math
import os
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

KEPT: Final = Path(os.environ.get("BENCH_FIGURES", "var/bench/alarms.jsonl"))


def spread(seconds: Sequence[float]) -> dict[str, int]:
    """Milliseconds: p50, p99 (nearest rank) and the worst; -1 of nothing."""
    ranked = sorted(seconds)

    def at(share: float) -> int:
        return round(1000 * ranked[max(math.ceil(share * len(ranked)) - 1, 0)]) if ranked else -1

    return {"p50, ms": at(0.50), "p99, ms": at(0.99), "max, ms": at(1.0)}


def conditions() -> dict[str, Any]:
    """Where and when: cores, load, commit."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1), "commit": commit.stdout.strip(),
    }  # fmt: skip


def keep(row: int, title: str, lines: Sequence[Mapping[str, Any]], under: Mapping[str, Any]) -> None:
    """Add a row's figures to the file, and print them."""
    found = {"row": row, "title": title, **under, "lines": list(lines)}
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    with KEPT.open("a") as file:
        file.write(json.dumps(found, ensure_ascii=False) + "\n")
    show(found)


def show(found: Mapping[str, Any]) -> None:
    """One row's table."""
    under = ", ".join(f"{key} {found[key]}" for key in ("at", "cores", "load", "commit") if key in found)
    names = list(dict.fromkeys(name for line in found["lines"] for name in line))
    head, *rest = names
    table = Table(head, *(str(line.get(head, "")) for line in found["lines"]), caption=under)
    table.title = f"Row {found['row']}: {found['title']}"
    for name in rest:
        table.add_row(name, *(str(line.get(name, "")) for line in found["lines"]))
    Console(width=140).print(table)


def again() -> None:
    """Print what was measured last, a table for each row and title."""
    lines = [json.loads(line) for line in KEPT.read_text().splitlines()] if KEPT.exists() else []
    for found in {(one["row"], one["title"]): one for one in lines}.values():
        show(found)
