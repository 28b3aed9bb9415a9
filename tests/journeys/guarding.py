"""An operator's window under watch: what really sounds, which notices the system was given, what the bars say."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Page, expect

from devices.simulator import Fleet
from tests.journeys.browser import DESK, Person, somebody
from tests.journeys.house import House, until
from tests.journeys.streams import query, start_shift

SLOW = 25_000  # milliseconds a screen may take
URGENT, LOST = 2.2, 3.0  # seconds a round of these rings lasts
SPY = """
window.spied = {contexts: [], looping: new Set(), notices: []}
window.AudioContext = new Proxy(AudioContext, {construct(real, given) {
  const made = new real(...given)
  spied.contexts.push(made)
  return made
}})
const create = BaseAudioContext.prototype.createBufferSource
BaseAudioContext.prototype.createBufferSource = function () {
  const node = create.call(this)
  const [start, stop] = [node.start.bind(node), node.stop.bind(node)]
  node.start = (...given) => (node.loop && spied.looping.add(node), start(...given))
  node.stop = (...given) => (spied.looping.delete(node), stop(...given))
  return node
}
window.Notification = new Proxy(Notification, {construct(real, given) {
  spied.notices.push(given[1].tag)
  return new real(...given)
}})
"""
RINGS = """() => [...spied.looping].filter(({context}) => context.state === 'running')
  .filter(({buffer}) => buffer.getChannelData(0).some((sample) => sample > 0.1))
  .map(({buffer}) => Math.round(buffer.duration * 10) / 10)"""


@dataclass
class Window:
    """One window of the desk."""

    page: Page

    def rings(self) -> list[float]:
        """How long a round lasts of each sound that repeats here now and can be heard."""
        return list(self.page.evaluate(RINGS))

    def notices(self) -> list[str]:
        """What the system was asked to show."""
        return list(self.page.evaluate("spied.notices"))

    def suspend(self) -> None:
        """The browser takes the sound away, as it does with a page nobody has touched."""
        self.page.evaluate("spied.contexts.at(-1).suspend()")

    def bar(self, trouble: str) -> Any:
        """The loud bar for it."""
        return self.page.locator(f".bar.{trouble}")


@dataclass
class Button:
    """The pendant of somebody who has called nobody yet and can be called back."""

    house: House
    wire_id: str
    name: str

    @classmethod
    def of(cls, house: House) -> "Button":
        """Anybody's."""
        rows = query(
            house,
            "select d.wire_id, e.name from devices d join elders e on e.id = d.elder_id where d.state = 'active'"
            " and d.model_id = 'yl-pendant' and e.phone_hash is not null and not exists"
            " (select 1 from alarms a where a.elder_id = d.elder_id) order by d.id desc limit 1",
        )
        return cls(house, *map(str, rows[0]))

    def press(self) -> None:
        """Until the platform has it."""
        url = self.house.env["YINLING_GATEWAY_MQTT_URL"]
        parts = urlsplit(url)
        account = (unquote(parts.username or ""), unquote(parts.password or ""))
        with Fleet(url, [self.wire_id], account, repeat=(2.0, 5.0)) as fleet:
            until(lambda: fleet.connected() > 0, "the button has no connection")
            fleet.press(self.wire_id)
            until(lambda: not fleet.unacked(), "the platform did not acknowledge the press", 60)

    def state(self) -> str:
        """Of its alarm."""
        rows = query(
            self.house,
            "select state, count(*) from alarms where wire_id = %s group by id order by id desc",
            self.wire_id,
        )
        return str(rows[0][0])


@contextmanager
def on_duty(chromium: Browser, house: House) -> Iterator[tuple[Person, Window]]:
    """An operator who has started the shift and heard the test tone."""
    person = somebody(chromium, house, DESK)
    person.context.add_init_script(SPY)
    page = person.log_in("sunlei", "desk")
    start_shift(page)
    desk = Window(page)
    if not page.evaluate("spied.contexts.length"):  # on duty already: nobody has heard this window yet
        page.keyboard.press("ArrowDown")
        desk.bar("unheard").get_by_role("button").click()
        page.get_by_role("button", name="上岗并试音").click()
        page.get_by_role("button", name="听到了").click()
    expect(page.locator(".bar")).to_have_count(0, timeout=SLOW)
    yield person, desk
    person.context.close()


def to_the_verdict(page: Page, button: Button) -> None:
    """By keys alone, as the screen names them: claim, call her, she is safe, close."""
    page.get_by_role("heading", name=re.compile(button.name)).first.wait_for()
    page.locator(".step.now").get_by_role("button", name=re.compile("^接警")).wait_for()
    page.keyboard.press("Space")
    until(lambda: button.state() == "claimed", "the space bar did not claim")
    page.locator(".step.now").get_by_text("老人").wait_for()
    page.keyboard.press("Space")
    page.get_by_role("group", name="通话结果").wait_for()
    page.keyboard.press("y")
    until(lambda: button.state() == "contacting", "what was heard is not written down")
    expect(page.get_by_role("group", name="通话结果")).to_have_count(0, timeout=SLOW)
    page.keyboard.press("x")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    until(lambda: button.state() == "closed", "Enter did not close it")
