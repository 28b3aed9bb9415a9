"""Labels of devices: a QR code that opens the installer's phone at this device. It carries no secret."""

from dataclasses import dataclass
from urllib.parse import quote

import segno


@dataclass(frozen=True)
class Code:
    """A QR code as one SVG path on a grid of so many modules, its quiet zone included."""

    url: str
    size: int
    path: str


def code(public_url: str, wire_id: str) -> Code:
    """The code of a device. A fifth of it may be dirty or torn (level Q)."""
    url = f"{public_url.rstrip('/')}/phone/?device={quote(wire_id, safe='')}"
    made = segno.make_qr(url, error="q", boost_error=False)
    rows = [bytes(row) for row in made.matrix_iter(border=4)]
    path = "".join(
        f"M{start} {y}h{end - start}v1h-{end - start}z" for y, row in enumerate(rows) for start, end in _runs(row)
    )
    return Code(url, len(rows), path)


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Where dark modules stand side by side."""
    runs: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and runs and runs[-1][1] == x:
            runs[-1] = (runs[-1][0], x + 1)
        elif dark:
            runs.append((x, x + 1))
    return runs
