"""What must never be missed at the desk: no connection, no sound, a ring one window makes until somebody claims."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.guarding import LOST, SLOW, URGENT, Button, Window, on_duty, to_the_verdict
from tests.journeys.house import House, until
from tests.journeys.streams import query

pytestmark = pytest.mark.journey


def test_a_desk_that_is_cut_off_says_so_loudly_and_comes_back_with_what_it_missed(
    house: House, chromium: Browser
) -> None:
    button = Button.of(house)
    with on_duty(chromium, house) as (person, desk):
        desk.page.evaluate("window.never_loaded_anew = true")
        person.context.set_offline(True)
        expect(desk.bar("lost")).to_be_visible(timeout=SLOW)
        expect(desk.page).to_have_title(re.compile("^⚠"))
        until(lambda: desk.rings() == [LOST], "no alarm sounds")
        assert "yinling-lost" in desk.notices()
        person.picture("desk-cut-off")
        button.press()
        person.context.set_offline(False)
        expect(desk.bar("lost")).to_have_count(0, timeout=SLOW)
        expect(desk.page.locator("a.row", has_text=button.name)).to_be_visible(timeout=SLOW)
        until(lambda: desk.rings() == [URGENT], "what was missed does not ring")
        assert desk.page.evaluate("window.never_loaded_anew"), "somebody had to load the page"
        desk.page.locator("a.row", has_text=button.name).click()
        to_the_verdict(desk.page, button)
        assert not person.complaints


def test_a_sound_the_browser_took_away_is_a_loud_bar_until_a_key_or_a_click(house: House, chromium: Browser) -> None:
    with on_duty(chromium, house) as (person, desk):
        desk.suspend()
        expect(desk.bar("locked")).to_be_visible(timeout=SLOW)
        until(lambda: "yinling-locked" in desk.notices(), "the system was not told")
        person.picture("desk-without-sound")
        person.check()
        desk.page.keyboard.press("ArrowDown")
        expect(desk.bar("locked")).to_have_count(0, timeout=SLOW)
        desk.suspend()
        desk.bar("locked").get_by_role("button").click()
        expect(desk.bar("locked")).to_have_count(0, timeout=SLOW)


def test_of_two_windows_one_rings_and_the_other_goes_on_when_it_is_closed(house: House, chromium: Browser) -> None:
    button = Button.of(house)
    with on_duty(chromium, house) as (person, first):
        second = Window(person.context.new_page())
        second.page.goto(f"{house.url}/desk/alarms")
        second.page.get_by_role("heading", name="接警", exact=True).wait_for(state="attached")
        second.page.keyboard.press("ArrowDown")
        button.press()
        for window in (first, second):
            expect(window.page.locator("a.row", has_text=button.name)).to_be_visible(timeout=SLOW)
        until(lambda: first.rings() + second.rings() == [URGENT], "two windows do not ring as one")
        ringing, quiet = (first, second) if first.rings() else (second, first)
        ringing.page.close()
        until(lambda: quiet.rings() == [URGENT], "the ring ended with its window")
        quiet.page.locator("a.row", has_text=button.name).click()
        to_the_verdict(quiet.page, button)
        still = query(house, "select count(*) from alarms where state = 'ringing'") != [(0,)]
        until(lambda: still or quiet.rings() == [], "it rings although somebody has it")
