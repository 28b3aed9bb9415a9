"""Both streams in a real browser against the real processes, calm and with every process killed on the way."""

import pytest
from playwright.sync_api import Browser

from tests.journeys.house import House, until
from tests.journeys.streams import AlarmStream, OrderStream, query

pytestmark = pytest.mark.journey

ORDER_STORM = {
    "quoted": "web", "booked": "postgres", "drafted": "worker", "published": "valkey", "on_the_way": "clock",
    "in_service": "web",
}  # fmt: skip
ALARM_STORM = {
    "pressed": "listener-1", "claimed": "broker", "contacted": "web", "dispatched": "postgres", "on site": "listener-2",
}  # fmt: skip


class Killer:
    """Kills the process that a plan names for a step, and waits until the house answers again."""

    def __init__(self, house: House, plan: dict[str, str]) -> None:
        self.house, self.plan = house, plan

    def __call__(self, step: str) -> None:
        """At this step."""
        if part := self.plan.get(step):
            self.house.kill(part)
            until(self.house.ready, f"after killing {part} the house does not answer", 60)


def test_a_booked_haircut_travels_from_the_hotline_to_the_ledger(house: House, chromium: Browser) -> None:
    OrderStream(house, chromium).walk()


def test_a_pressed_button_travels_from_the_broker_to_a_verdict(house: House, chromium: Browser) -> None:
    AlarmStream(house, chromium).walk()


def test_the_order_stream_goes_on_whoever_is_killed(house: House, chromium: Browser) -> None:
    morning = ("09:00", "10:30")  # apart from the other haircut: nobody can have been at two doors at once
    OrderStream(house, chromium, Killer(house, ORDER_STORM), morning).walk()


def test_the_alarm_stream_goes_on_whoever_is_killed(house: House, chromium: Browser) -> None:
    stream = AlarmStream(house, chromium, Killer(house, ALARM_STORM))
    stream.walk()
    presses = query(house, "select a.count, count(s.id) from alarms a left join signals s on s.wire_id = a.wire_id"
                    " and s.kind = 'sos' where a.id = %s group by a.id", stream.alarm)  # fmt: skip
    assert presses == [(1, 1)], "one press is one signal and one alarm, however often it was delivered"
