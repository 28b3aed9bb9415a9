"""How soon the phone can be used, on lines as caregivers have them.

    python -m bench.phone --runs 5

A demo of its own and the system's Chromium. Each run is a new profile: the login page on a cold cache, then, logged in
and without any change of the line, the day from the kept page. Times are from the navigation until the big button or
the day can be pressed, by the browser's own clock; lines and processor are slowed by the browser (CDP).
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page

from bench.phone.weight import LIMIT, first_load
from tests.journeys.browser import PHONE, browser
from tests.journeys.house import ROOT, House, running
from tests.journeys.streams import query

FAST: Final = {"latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
SLOW: Final = {"latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8}
LINES: Final[dict[str, tuple[dict[str, float], int, float]]] = {
    "fast 3G (1.6 Mbit/s, 150 ms)": (FAST, 1, 3.0),
    "slow 3G (400 kbit/s, 400 ms), processor 4 times slower": (SLOW, 4, 10.0),
}
KEPT: Final = "caches.match('/phone/').then(kept => Boolean(kept) && Boolean(navigator.serviceWorker.controller))"
AT_ONCE: Final = 1.0  # seconds; what people take for «at once»


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="bench.phone", description="how soon the caregiver's phone can be used")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--url", help="of a demo that runs already, with --var")
    parser.add_argument("--var", type=Path)
    given = parser.parse_args()
    weight = first_load(ROOT / "web" / "dist")
    for path, size in weight.items():
        print(f"{size:>8,}  {path}")
    print(f"{sum(weight.values()):>8,}  first load, gzipped; limit {LIMIT:,}\n")
    if given.url:
        _lines(given.url, given.var, given.runs)
    else:
        with tempfile.TemporaryDirectory() as folder, running(Path(folder), elders=40) as house:
            _lines(house.url, house.var, given.runs)


def _lines(url: str, var: Path, runs: int) -> None:
    house = House(url, var, None)  # type: ignore[arg-type]
    rows = query(
        house, "select login from users where caregiver_id is not null and ended_at is null order by id limit 1"
    )
    login = str(rows[0][0])
    print(f"{'line':<56}{'first median':>13}{'worst':>7}{'limit':>7}{'kept median':>13}{'worst':>7}{'limit':>7}")
    with browser() as opened:
        for name, (line, slower, limit) in LINES.items():
            took = [_run(opened, house, login, line, slower) for _ in range(runs)]
            first, kept = [one[0] for one in took], [one[1] for one in took]
            print(
                f"{name:<56}{statistics.median(first):>12.2f}s{max(first):>6.2f}s{limit:>6.0f}s"
                f"{statistics.median(kept):>12.2f}s{max(kept):>6.2f}s{AT_ONCE:>6.0f}s"
            )


def _run(opened: Browser, house: House, login: str, line: dict[str, float], slower: int) -> tuple[float, float]:
    context = opened.new_context(viewport=PHONE, locale="zh-CN", is_mobile=True, has_touch=True)  # type: ignore[arg-type]
    page = context.new_page()
    try:
        _slow(context, page, line, slower)
        first = _until(page, f"{house.url}/phone/", "form .big")
        page.locator("input[name=username]").fill(login)
        page.locator("input[type=password]").fill(house.password)
        page.locator("form .big").click()
        page.wait_for_url("**/phone/#today", timeout=120_000)
        page.wait_for_function(KEPT, timeout=120_000)
        kept = _until(page, f"{house.url}/phone/?again=1#today", "main h1 .date")
        return first, kept
    finally:
        context.close()


def _slow(context: BrowserContext, page: Page, line: dict[str, float], slower: int) -> None:
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    conditions: dict[str, Any] = {"offline": False, **line}
    wire.send("Network.emulateNetworkConditions", conditions)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": slower})


def _until(page: Page, url: str, shown: str) -> float:
    """Seconds from the navigation until that is there, by the page's clock."""
    page.goto(url, wait_until="commit", timeout=120_000)
    page.locator(shown).first.wait_for(timeout=120_000)
    return float(page.evaluate("performance.now()")) / 1000


if __name__ == "__main__":
    main()
