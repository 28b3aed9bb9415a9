"""What a row of the proof found: what must hold, what was counted, under which conditions."""

import sys
import time
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass
class Row:
    """A line of the table; `faults` are what must not be, in words, and empty where the promise holds."""

    number: int
    what: str
    faults: list[str] = field(default_factory=list)
    counted: dict[str, object] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether nothing was found that must not be."""
        return not self.faults

    def must(self, holds: bool, fault: str) -> None:
        """Note a fault where a claim does not hold."""
        if not holds:
            self.faults.append(fault)


def say(what: str) -> None:
    """Progress, beside the table."""
    print(f"- {time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def print_table(rows: list[Row], *, conditions: str) -> None:
    """All rows, one beneath the other."""
    drawn = Table("row", "what", "holds", "counted", caption=conditions, show_lines=True)
    for row in rows:
        counted = ", ".join(f"{name}: {value}" for name, value in row.counted.items())
        drawn.add_row(str(row.number), row.what, "yes" if row.holds else "\n".join(row.faults[:5]), counted)
    Console(highlight=False, markup=False).print(drawn)
