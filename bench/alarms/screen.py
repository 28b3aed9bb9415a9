"""An operator before the real alarm desk in Chromium, and what her page notes down of itself.

`seen` is the moment after the frame in which a row of the queue was first painted; `keys` the time from a key's press
until another row was marked and painted; `long` the tasks that held the page up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page

from bench.alarms import city
from bench.alarms.stage import Stage
from tests.journeys.browser import DESK, browser, somebody
from tests.journeys.house import House
from tests.journeys.streams import start_shift

WATCH: Final = Path(__file__).with_name("screen.js")


class Desk:
    """The alarm desk on a screen of 1440 by 900."""

    def __init__(self, opened: Browser, stage: Stage) -> None:
        house = House(stage.url, stage.folder, None)  # type: ignore[arg-type]  # its processes are the stage's
        person = somebody(opened, house, DESK)
        person.context.add_init_script(path=WATCH)
        self.page: Page = person.log_in(city.OPERATOR, "desk")
        start_shift(self.page)
        person.go("/desk/alarms")
        self.page.wait_for_function("() => document.querySelector('.queue')")

    def begin(self) -> None:
        """Forget what was noted."""
        self.page.evaluate("() => Object.assign(noted, { seen: {}, keys: [], long: [] })")

    def seen(self) -> dict[int, float]:
        """When each alarm was first painted, Unix seconds."""
        return {int(key): value / 1000 for key, value in self.page.evaluate("() => noted.seen").items()}

    def noted(self, what: str) -> list[float]:
        """`keys` or `long`, in seconds."""
        return [value / 1000 for value in self.page.evaluate(f"() => noted.{what}")]

    def order(self) -> list[int]:
        """The rows as they stand, from the top."""
        found: list[int] = self.page.evaluate("() => noted.rows()")
        return found

    def rest(self, seconds: float) -> None:
        """Let time pass without holding up the page."""
        self.page.wait_for_timeout(1000 * seconds)

    def until(self, count: int, seconds: float, *, keys: bool = False) -> None:
        """Until so many alarms were painted, or the time is over; somebody moves through the queue meanwhile."""
        for _ in range(int(seconds / 0.5)):
            if self.page.evaluate("() => Object.keys(noted.seen).length") >= count:
                return
            if keys:
                self.page.keyboard.press("ArrowDown")
            self.rest(0.5)

    def facts(self) -> dict[str, Any]:
        """How usable it was."""
        keys, long = self.noted("keys"), self.noted("long")
        return {
            "keys": len(keys), "key to repaint, worst, ms": round(1000 * max(keys, default=0)),
            "tasks > 200 ms": sum(task > 0.2 for task in long), "longest task, ms": round(1000 * max(long, default=0)),
        }  # fmt: skip


@contextmanager
def operator(stage: Stage) -> Iterator[Desk]:
    """Somebody on shift at the alarm desk."""
    with browser() as opened:
        yield Desk(opened, stage)
