"""A real Chromium with somebody in front of it: what it complains of is kept, what it shows is photographed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.journeys.house import ROOT, House

DESK: Final = {"width": 1440, "height": 900}
PHONE: Final = {"width": 390, "height": 844}
QUIET: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
PICTURES: Final = ROOT / "var" / "journeys"
AXE: Final = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
EXPECTED: Final = ("net::ERR_", "Failed to fetch", "/api/live")  # what a page says while its server is being killed


@dataclass
class Person:
    """Somebody at a screen."""

    page: Page
    context: BrowserContext
    house: House
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open a page of the platform."""
        self.page.goto(self.house.url + path)
        return self.page

    def log_in(self, login: str, entry: str) -> Page:
        """Through the login form."""
        page = self.go(f"/{entry}/")
        page.locator("input").first.fill(login)
        page.locator("input[type=password]").fill(self.house.password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "login" not in url)
        return page

    def at(self, moment: datetime) -> None:
        """In a demo the simulated clock travels in a header."""
        self.context.set_extra_http_headers({"X-Simulated-At": moment.isoformat()})

    def picture(self, name: str) -> Path:
        """A screenshot under var/, to be looked at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")
        return PICTURES / f"{name}.png"

    def check(self) -> None:
        """Nothing was complained of, and axe finds no fault with the page at its full height (WCAG 2.2 AA).

        What lies half beneath the bar at the bottom is whole after a scroll; axe would take it for a small target.
        """
        shown = self.page.viewport_size
        assert shown is not None
        whole = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": shown["width"], "height": max(whole, shown["height"])})
        self.page.evaluate(AXE.read_text())
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        found: dict[str, Any] = self.page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", tags
        )
        self.page.set_viewport_size(shown)
        faults = [
            f"{v['id']} ({v['impact']}): {node['target']} {node['html'][:160]}"
            for v in found["violations"]
            for node in v["nodes"][:3]
        ]
        assert not faults, "\n".join(faults)
        assert not self.complaints, "\n".join(self.complaints)


def executable() -> str:
    """The system's Chromium."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is missing: `make test` installs it where it can, else install the package `chromium`."
    return path


@contextmanager
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable(), args=list(QUIET))
        yield opened
        opened.close()


def somebody(opened: Browser, house: House, size: dict[str, int]) -> Person:
    """A new person with cookies of their own."""
    phone = size is PHONE
    context = opened.new_context(
        viewport=size, locale="zh-CN", timezone_id="Asia/Shanghai", is_mobile=phone, has_touch=phone,  # type: ignore[arg-type]
        permissions=["geolocation", "notifications"], reduced_motion="reduce",
    )  # fmt: skip
    person = Person(context.new_page(), context, house)

    def hear(text: str) -> None:
        if not any(mark in text for mark in EXPECTED):
            person.complaints.append(text)

    person.page.on("console", lambda m: hear(f"{m.type}: {m.text} {m.location}") if m.type == "error" else None)
    person.page.on("pageerror", lambda error: hear(f"error: {error}"))
    return person
