"""An elder is assessed at the desk, countersigned at the bedside on a phone, and has the level that was found."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app.assessments.scale import MOST
from tests.journeys.browser import DESK, PHONE, somebody
from tests.journeys.house import House

pytestmark = pytest.mark.journey
ANSWERS = {item: min(most, 2) for item, most in MOST.items()}


def known(page: Page, elder_id: str) -> Any:
    """What is on record of the elder."""
    return page.evaluate("id => fetch(`/api/assessments/elders/${id}`).then(answer => answer.json())", elder_id)


def assess(house: House, chromium: Browser, elder_id: int | None = None) -> None:
    """Two assessors find 重度失能 with an elder, or whoever comes first in the list."""
    first, second = somebody(chromium, house, DESK), somebody(chromium, house, PHONE)
    page = first.log_in("zhangping", "desk")
    if elder_id is None:
        page.locator("a.one").first.click()
        page.wait_for_url("**/elder/*")
    else:
        first.go(f"/desk/assessments/elder/{elder_id}")
    number = page.url.rsplit("/", 1)[1]
    page.get_by_role("button", name="开始评估").click()
    page.wait_for_url("**/form/*")
    page.get_by_role("combobox", name="评估地点").select_option("home")
    page.get_by_role("combobox", name="信息提供者").select_option("family")
    page.get_by_role("checkbox", name="确诊失智").check()
    first.check()
    page.locator("h2").first.click()  # out of the fields: the digits are for the items now
    for score in ANSWERS.values():
        page.keyboard.press(str(score))
    page.locator(".levels").wait_for()
    assert page.locator(".points b").inner_text() == str(sum(ANSWERS.values())) == "50"
    assert page.locator(".levels .final b").inner_text() == "重度失能", "moderate by points, one worse by dementia"
    page.keyboard.press("Enter")
    page.locator(".side .do .main").wait_for(state="detached")

    phone = second.log_in("chenjing", "desk")
    phone.goto(page.url)
    phone.get_by_role("button", name="核对并会签").wait_for()
    second.check()
    phone.locator(".dock button").click()
    phone.locator(".dock").get_by_role("button", name="发布结果").click()
    phone.locator(".hd .tag", has_text="有效").wait_for()
    found = known(phone, number)
    assert found["elder"]["level"] == "severe"
    assert (found["items"][0]["state"], found["items"][0]["score"]) == ("published", 50)
    page.get_by_role("button", name="打印结果").wait_for()  # the first one sees it without asking
    first.check()
    second.check()
    first.context.close()
    second.context.close()


def test_two_assessors_find_a_level_together(house: House, chromium: Browser) -> None:
    assess(house, chromium)
