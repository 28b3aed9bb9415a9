"""She says that the elder is worse, where her phone has no signal: it must not look as if somebody had heard."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.browser import PICTURES
from tests.journeys.house import House, until
from tests.journeys.offline import SLOW, Phone, Promise
from tests.journeys.streams import query

pytestmark = pytest.mark.journey


def test_an_alarm_that_did_not_get_out_says_so_and_whom_to_call_and_rings_once_it_did(
    house: House, chromium: Browser, tmp_path: Path
) -> None:
    promise = Promise.find(house)
    ringing = (
        "select g.id from alarms g join visits v on v.elder_id = g.elder_id join attendances a on a.visit_id = v.id"
        " where a.id = %s and g.kind = 'sos' and g.state = 'ringing'"
    )
    with Phone.of(house, chromium, tmp_path / "phone", promise) as phone:
        phone.cut()
        phone.press(times=3)
        page = phone.page
        page.get_by_role("button", name="不舒服/异常").click()
        page.get_by_role("dialog").get_by_role("button", name="胸痛").click()
        alert = page.get_by_role("alert")
        unheard = alert.filter(has_text="报警还没有送到")
        expect(unheard).to_be_visible(timeout=SLOW)
        expect(unheard.get_by_role("link", name=re.compile("120"))).to_have_attribute("href", "tel:120")
        page.screenshot(path=PICTURES / "phone-worse-unheard.png")
        page.reload()
        expect(unheard).to_be_visible(timeout=SLOW)
        assert not query(house, ringing, promise.attendance)
        phone.cut(off=False)
        phone.all_sent()
        expect(alert.filter(has_text="已报警")).to_be_visible(timeout=SLOW)
        until(lambda: query(house, ringing, promise.attendance), "nobody is rung")
        page.screenshot(path=PICTURES / "phone-worse-rings.png")
