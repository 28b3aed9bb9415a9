"""A lunch wave: rounds drafted, changed by hand and published at the desk, ridden without signal, seen at the desk."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from app import calendar
from tests.journeys.browser import DESK, PHONE, somebody
from tests.journeys.house import House, until
from tests.journeys.streams import query

pytestmark = pytest.mark.journey
TO_BRING = (
    "select m.id, f.name from menus m join canteens c on c.id = m.canteen_id"
    " join facilities f on f.id = c.facility_id join portions p on p.menu_id = m.id"
    " join visits v on v.id = p.visit_id where m.day = %s and p.way = 'delivery' and v.state = 'waiting'"
    " group by 1, 2 order by count(*) desc, 1 limit 1"
)


def test_a_lunch_is_planned_moved_published_and_brought_without_signal(house: House, chromium: Browser) -> None:
    tomorrow = calendar.day_of(datetime.now(UTC)) + timedelta(days=1)
    morning = calendar.day_bounds(tomorrow)[0] + timedelta(hours=9, minutes=40)  # orders closed the evening before
    ((menu, place),) = query(house, TO_BRING, tomorrow)

    def rows(statement: str, *values: Any) -> list[Any]:
        return query(house, statement, *values)

    # the dispatcher has the rounds drafted, and gives one door to the second rider
    desk = somebody(chromium, house, DESK)
    desk.at(morning)
    page = desk.log_in("hanxue", "desk")
    desk.go("/desk/meals")
    page.locator(".which select").select_option(label=place)
    page.get_by_role("button", name="后一天").click()
    page.get_by_role("button", name="送餐路线").click()
    page.get_by_text("生成路线").or_(page.get_by_text("重新生成")).first.click(timeout=20_000)
    expect(page.locator(".tag", has_text="草稿")).to_be_visible(timeout=60_000)
    expect(page.locator(".trip").first).to_be_visible()
    desk.picture("desk-lunch-draft")
    desk.check()
    before = page.locator(".trip").count()
    page.get_by_role("button", name="改派").first.click()
    dialog = page.get_by_role("dialog")
    free = dialog.locator("option", has_text="另跑一趟").last.get_attribute("value")
    dialog.locator("select").first.select_option(value=free)
    expect(dialog.locator(".verdict")).to_contain_text("骑", timeout=20_000)
    desk.picture("desk-lunch-move")
    desk.check()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden(timeout=20_000)
    expect(page.locator(".trip")).to_have_count(before + 1)
    page.keyboard.press("p")
    page.get_by_role("dialog").get_by_role("button", name="发布").click()
    expect(page.locator(".tag", has_text="已发布")).to_be_visible(timeout=20_000)

    # a rider loads up, and at the first door there is no signal
    login, trip = rows(
        "select u.login, t.id from meal_trips t join meal_rounds r on r.id = t.rounds_id"
        " join users u on u.caregiver_id = t.caregiver_id where r.menu_id = %s and r.state = 'published'"
        " order by t.leaves_at, t.id limit 1",
        menu,
    )[0]
    rider = somebody(chromium, house, PHONE)
    rider.at(morning + timedelta(minutes=25))
    phone = rider.log_in(login, "phone")
    phone.locator("a[href='#rides']").click(timeout=40_000)
    rider.check()
    phone.get_by_role("button", name="出发").click(timeout=20_000)
    until(lambda: bool(rows("select 1 from meal_trips where id = %s and left_at is not null", trip)), "she left", 60)
    rider.context.set_offline(True)
    phone.get_by_role("button", name="送到了").click(timeout=20_000)
    phone.get_by_role("dialog").get_by_role("button", name="本人").click()
    expect(phone.get_by_text("已有结果").first).to_be_visible()
    rider.picture("phone-lunch-door")
    rider.check()
    phone.reload()
    phone.locator("a[href='#rides']").or_(phone.locator(".rides")).first.wait_for(timeout=20_000)
    handed = "select count(*) from ride_records where what = 'hand_over' and trip_id = %s and problem is null"
    assert rows(handed, trip) == [(0,)], "there was no signal"
    rider.context.set_offline(False)
    until(lambda: rows(handed, trip) == [(1,)], "what she told did not arrive", 60)
    rider.context.close()

    # the desk sees it: the meal is paid, the trip is on the way and stays as it went
    paid = (
        "select count(*) from portions p join visits v on v.id = p.visit_id"
        " where p.menu_id = %s and v.state = 'verified'"
    )
    until(lambda: rows(paid, menu)[0][0] >= 1, "the meal did not count")
    page.locator(".trip.out").first.click(timeout=20_000)
    expect(page.get_by_text("在路上", exact=True).first).to_be_visible()
    desk.picture("desk-lunch-out")
    desk.check()
    desk.context.close()
