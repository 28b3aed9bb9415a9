"""A dispatcher's day: draft, stop, drag with the mouse, publish, mend for somebody ill; her stand-in's phone."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.browser import DESK, PHONE, somebody
from tests.journeys.house import House, until
from tests.journeys.streams import SHANGHAI, query

pytestmark = pytest.mark.journey


def drag(page: Page, bar: Locator, lane: Locator) -> None:
    """With a real mouse: press on the bar, over to the lane at the same hour, let go."""
    bar.scroll_into_view_if_needed()
    here, there = bar.bounding_box(), lane.bounding_box()
    assert here is not None
    assert there is not None
    x = here["x"] + min(10, here["width"] / 2)
    page.mouse.move(x, here["y"] + here["height"] / 2)
    page.mouse.down()
    page.mouse.move(x + 4, there["y"] + there["height"] / 2, steps=8)
    page.mouse.up()


def test_a_day_is_drafted_moved_by_hand_published_and_mended_when_somebody_falls_ill(
    house: House, chromium: Browser
) -> None:
    dispatcher = somebody(chromium, house, DESK)
    page = dispatcher.log_in("hanxue", "desk")

    def rows(statement: str, *values: Any) -> list[Any]:
        return query(house, statement, *values)

    # the fullest of the days after tomorrow: on a Sunday few work
    day = rows(
        "select (opens at time zone 'Asia/Shanghai')::date from visits where given = 'home' and state = 'waiting'"
        " and (opens at time zone 'Asia/Shanghai')::date between %s and %s group by 1"
        " order by count(*) desc, 1 limit 1",
        *((datetime.now(SHANGHAI) + timedelta(days=n)).date() for n in (2, 6)),
    )[0][0]
    dispatcher.go(f"/desk/board/{day}")

    def plan(state: str) -> int | None:
        found = rows("select id from plans where day = %s and state = %s", day, state)
        return int(found[0][0]) if found else None

    # drafted; the curve is drawn, and who has seen enough stops it
    page.get_by_role("button", name=re.compile("^(排这一天|重新排)")).click()
    expect(page.get_by_text(re.compile("秒 · 未排"))).to_be_visible(timeout=30_000)
    dispatcher.picture("desk-board-drafting")
    page.get_by_role("button", name=re.compile("^停止")).click()
    until(lambda: plan("draft"), "stopping early left no draft", 40)
    expect(page.get_by_role("button", name=re.compile("^发布"))).to_be_visible(timeout=20_000)

    # moved with the mouse to somebody else's lane; what it breaks is named, accepted and remembered as a pin
    visit, who, other = rows(
        "select l.visit_id, l.caregiver_id, o.caregiver_id from plan_lines l join visits v on v.id = l.visit_id"
        " join plan_lines o on o.plan_id = l.plan_id and o.caregiver_id <> l.caregiver_id"
        " where l.plan_id = %s and v.caregivers_needed = 1 and not exists (select from plan_lines x"
        " where x.plan_id = l.plan_id and x.caregiver_id = o.caregiver_id"
        " and x.starts_at < l.ends_at + interval '30 minutes' and x.ends_at > l.starts_at - interval '30 minutes')"
        " order by abs(o.caregiver_id - l.caregiver_id), l.id, o.id limit 1",
        plan("draft"),
    )[0]  # she is free at that time: nobody can be sent to two doors, not even by hand
    bar = page.locator(f'[data-bar="{visit}-{who}"]')
    bar.click()
    expect(page.get_by_text("为何是她们")).to_be_visible(timeout=20_000)
    dispatcher.picture("desk-board-why")
    dispatcher.check()
    drag(page, bar, page.locator(f'[data-lane="{other}"]'))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name=re.compile("^(移动|违反 .* 条，仍然移动)"))).to_be_enabled(timeout=20_000)
    dispatcher.picture("desk-board-move")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden(timeout=20_000)
    pinned = rows("select caregiver_ids, by from pins where visit_id = %s and ended_at is null", visit)
    assert [(ids, "hanxue" in by) for ids, by in pinned] == [([other], True)]

    # published
    page.keyboard.press("p")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^发布")).click()
    until(lambda: plan("published"), "the draft was not published")
    expect(page.get_by_role("button", name=re.compile("^重排当天"))).to_be_visible(timeout=20_000)

    # whoever has most to do falls ill; the difference is looked at and accepted
    sick = rows(
        "select caregiver_id from attendances a join visits v on v.id = a.visit_id where a.state = 'assigned'"
        " and (a.starts_at at time zone 'Asia/Shanghai')::date = %s group by 1 order by count(*) desc, 1 limit 1",
        day,
    )[0][0]
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.get_by_role("dialog").locator("select").select_option(str(sick))
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^1 ")).click()
    expect(page.get_by_role("button", name=re.compile("^接受"))).to_be_visible(timeout=30_000)
    dispatcher.picture("desk-board-replan")
    page.keyboard.press("Enter")
    left = (
        "select count(*) from attendances where caregiver_id = %s and state = 'assigned'"
        " and (starts_at at time zone 'Asia/Shanghai')::date = %s"
    )
    until(lambda: rows(left, sick, day)[0][0] == 0, "whoever is ill still has visits")

    # another draft beside what is published, and the day against what was promised first
    page.keyboard.press("d")
    thinking = "select id from jobs where state = 'running' and jsonb_array_length(progress) > 0"
    until(lambda: rows(thinking), "the second draft was not begun", 40)
    page.get_by_role("button", name=re.compile("^停止")).click(timeout=20_000)
    until(lambda: plan("draft"), "the second draft was not made", 40)
    dispatcher.go(f"/desk/board/{day}/compare")
    expect(page.get_by_text("有变化的服务")).to_be_visible(timeout=20_000)
    dispatcher.picture("desk-compare")
    dispatcher.check()
    dispatcher.go(f"/desk/board/{day}/actual")
    expect(page.get_by_text("每一单")).to_be_visible(timeout=20_000)
    dispatcher.picture("desk-actual")
    dispatcher.check()
    dispatcher.context.close()

    # whoever took over finds it on her phone; where nobody could, somebody finds what was published
    login, elder, starts = rows(
        "select u.login, e.name, a.starts_at from attendances a join users u on u.caregiver_id = a.caregiver_id"
        " join visits v on v.id = a.visit_id join elders e on e.id = v.elder_id"
        " where a.state = 'assigned' and (a.starts_at at time zone 'Asia/Shanghai')::date = %s and a.caregiver_id <> %s"
        " order by exists (select from attendances w where w.visit_id = a.visit_id and w.caregiver_id = %s"
        " and w.state = 'withdrawn') desc, a.id desc limit 1",
        day, sick, sick,
    )[0]  # fmt: skip
    caregiver = somebody(chromium, house, PHONE)
    caregiver.at(starts - timedelta(minutes=40))
    phone = caregiver.log_in(login, "phone")
    phone.get_by_text(elder).first.wait_for(timeout=20_000)
    caregiver.context.close()
