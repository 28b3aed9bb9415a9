"""A community worker's round in a house without signal; the desk makes an order of what she found."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.browser import DESK, PHONE, somebody
from tests.journeys.house import House, until
from tests.journeys.streams import query

pytestmark = pytest.mark.journey
FOUND = "煤气管老化，有味道"


def test_what_is_found_without_signal_becomes_an_order_at_the_desk(house: House, chromium: Browser) -> None:
    began = datetime.now(UTC) - timedelta(minutes=1)

    def rows(statement: str, *values: Any) -> list[Any]:
        return query(house, statement, *values)

    # two of those who are due go into today's round; then the signal goes
    worker = somebody(chromium, house, PHONE)
    page = worker.log_in("xf01", "phone")
    page.locator("a[href='#rounds']").click(timeout=40_000)
    due = page.locator(".rounds input[type=checkbox]:not(:disabled)")
    due.first.wait_for()
    due.nth(1).check()
    due.nth(0).check()
    worker.check()
    page.locator(".bar .big").click()
    page.locator(".rounds a.row").nth(1).wait_for(timeout=20_000)
    doors = [page.locator(".rounds a.row").nth(n).get_attribute("href") for n in range(2)]
    worker.context.set_offline(True)

    # one is at home, and something is wrong there; at the other door nobody answers
    page.evaluate("to => (location.hash = to)", doors[0])
    page.locator(".record .big").first.click()
    page.get_by_role("button", name="都好").click()
    page.locator("fieldset").nth(3).locator(".urgent").click()
    page.locator("textarea").nth(0).fill(FOUND)
    worker.picture("phone-welfare")
    worker.check()
    page.locator("form .big").click()
    page.locator(".rounds").wait_for()
    page.evaluate("to => (location.hash = to)", doors[1])
    page.locator(".record .tall").click()
    page.locator(".rounds").wait_for()
    told = "select outcome from welfare_visits where device is not null and received_at >= %s order by 1"
    assert rows(told, began) == [], "there was no signal"
    worker.context.set_offline(False)
    until(lambda: len(rows(told, began)) == 2, "both records did not arrive", 60)
    assert {outcome for (outcome,) in rows(told, began)} == {"seen", "no_answer"}
    worker.context.close()

    # the desk takes what was found and makes an order of it
    desk = somebody(chromium, house, DESK)
    page = desk.log_in("hanxue", "desk")
    desk.go("/desk/welfare")
    finding = page.locator("li.one", has_text=FOUND)
    finding.get_by_role("button", name="我来办").click(timeout=20_000)
    finding.get_by_role("button", name="转订单").click(timeout=20_000)
    dialog = page.get_by_role("dialog")
    dialog.locator("select").select_option(index=0)
    desk.picture("desk-welfare-order")
    desk.check()
    dialog.get_by_role("button", name="转订单").click()
    expect(dialog).to_be_hidden(timeout=20_000)
    ordered = (
        "select o.state from welfare_findings f join orders o on o.id = f.order_id"
        " where f.state = 'ordered' and f.found_at >= %s"
    )
    until(lambda: rows(ordered, began) == [("received",)], "no order was made of the finding")
    desk.picture("desk-welfare")
    desk.check()
    desk.context.close()

    # a lead sees who goes where, and looks at an elder's tier
    lead = somebody(chromium, house, DESK)
    page = lead.log_in("liguodong", "desk")
    lead.go("/desk/welfare")
    page.get_by_role("button", name="谁去哪里").click(timeout=20_000)
    expect(page.get_by_role("dialog").get_by_text("不再巡访").first).to_be_visible(timeout=20_000)
    lead.picture("desk-welfare-visitors")
    lead.check()
    page.keyboard.press("Escape")
    page.locator("td .btn.quiet").first.click()
    expect(page.get_by_role("dialog").get_by_text("结对", exact=True)).to_be_visible(timeout=20_000)
    lead.picture("desk-welfare-tier")
    lead.check()
    lead.context.close()
