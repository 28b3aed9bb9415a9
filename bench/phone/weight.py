"""Bytes of the phone's first load as they travel: gzipped, by what the built page names."""

import gzip
import re
from pathlib import Path
from typing import Final

LIMIT: Final = 150_000  # bytes, without photos
PARTS: Final = re.compile(r"[\"\s](/(?:assets|phone)/[^\"\s]+\.(?:js|css|svg|webmanifest))")


def first_load(dist: Path) -> dict[str, int]:
    """Gzipped bytes by path: the page and all it names, also what it loads later; raises FileNotFoundError."""
    page = (dist / "phone" / "index.html").read_bytes()
    paths = sorted(set(PARTS.findall(page.decode())))
    return {"/phone/": _gzipped(page)} | {path: _gzipped((dist / path[1:]).read_bytes()) for path in paths}


def _gzipped(body: bytes) -> int:
    return len(gzip.compress(body, 6))
