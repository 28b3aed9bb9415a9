"""One house and one browser for all journeys of a run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys.browser import browser
from tests.journeys.house import ROOT, House, running


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A demo with a small district; the pages must be built (`make test` does)."""
    assert (ROOT / "web" / "dist" / "desk" / "index.html").is_file(), "build the pages first: `make test`"
    with running(Path(tmp_path_factory.mktemp("house")), elders=40) as started:
        yield started


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real browser."""
    with browser() as opened:
        yield opened
