"""A month's roster by hand: drafted, a regular moved for good, somebody sent where there was nobody, published."""

import json
import re

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.journeys.browser import DESK, somebody
from tests.journeys.house import House, until
from tests.journeys.streams import query

pytestmark = pytest.mark.journey
WISHES = "update elders set wishes = %s::jsonb where id = %s returning id"


def test_four_weeks_are_drafted_changed_by_hand_and_published(house: House, chromium: Browser) -> None:
    # an elder who says of everybody that she does not want them: nobody can be rostered for her
    elder, name, wishes = query(
        house,
        "select e.id, e.name, e.wishes from elders e join care_plans p on p.elder_id = e.id and p.state = 'agreed'"
        " join care_plan_lines l on l.plan_id = p.id join service_items i on i.id = l.item_id and i.given = 'home'"
        " where e.ended_at is null and l.rule like 'FREQ=WEEKLY%%'"
        " group by e.id having count(*) = 1 order by e.id limit 1",
    )[0]
    everybody = [row[0] for row in query(house, "select id from caregivers order by id")]
    query(house, WISHES, json.dumps({**wishes, "banned": everybody}), elder)

    dispatcher = somebody(chromium, house, DESK)
    page = dispatcher.log_in("hanxue", "desk")
    dispatcher.go("/desk/roster")
    expect(page.get_by_text("次服务", exact=True)).to_be_visible(timeout=20_000)
    page.keyboard.press("d")
    thinking = "select id from jobs where kind = 'roster' and state = 'running' and jsonb_array_length(progress) > 0"
    until(lambda: query(house, thinking), "no roster was begun", 60)
    dispatcher.picture("desk-roster-drafting")
    page.get_by_role("button", name=re.compile("^停止")).click(timeout=20_000)
    drafts = "select id from rosters where state = 'draft'"
    (roster,) = until(lambda: query(house, drafts), "no roster was made", 90)[0]
    expect(page.get_by_role("button", name=re.compile("^发布"))).to_be_visible(timeout=20_000)
    dispatcher.picture("desk-roster-weeks")
    dispatcher.check()

    # somebody else comes every week from now on; each broken rule is read before it is accepted
    page.locator("table.weeks button.chip").first.click()
    dialog = page.get_by_role("dialog")
    submit = dialog.locator("button.main")
    _choose_one_who_may(dialog, submit)
    dispatcher.picture("desk-roster-move")
    dispatcher.check()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden(timeout=20_000)
    moved = "select distinct caregiver_id from roster_lines where roster_id = %s and moved_by like '%%hanxue%%'"
    until(lambda: query(house, moved, roster), "nothing was moved")

    # her daughter talked to her: one of those whom she refused may come
    page.keyboard.press("n")
    first = page.get_by_role("button", name=re.compile(f"^给{name}派人")).first
    expect(first).to_be_visible(timeout=20_000)
    dispatcher.picture("desk-roster-gaps")
    dispatcher.check()
    first.click()
    expect(dialog.get_by_text("选一位护理员，就能看到会违反什么。")).to_be_visible()
    _choose_one_who_may(dialog, submit)
    dispatcher.picture("desk-roster-fill")
    dispatcher.check()
    submit.click()
    expect(dialog).to_be_hidden(timeout=20_000)
    filled = "select waived, moved_by from roster_lines where roster_id = %s and elder_id = %s"
    ((waived, by),) = until(lambda: query(house, filled, roster, elder), "nobody was sent")
    assert "banned" in waived
    assert "hanxue" in by

    page.keyboard.press("p")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^发布")).click()
    published = "select id from rosters where state = 'published' and id = %s"
    until(lambda: query(house, published, roster), "the roster was not published")
    dispatcher.context.close()
    query(house, WISHES, json.dumps(wishes), elder)


def _choose_one_who_may(dialog: Locator, submit: Locator) -> None:
    """Down the list with the keyboard, until somebody is neither away nor elsewhere then."""
    people = dialog.locator("select")
    for who in [
        option.get_attribute("value") for option in people.locator("option:not([disabled]):not(:checked)").all()
    ]:
        with dialog.page.expect_response(re.compile(r"/(move|fill)/check$")):
            people.select_option(who)
        expect(dialog.locator(".body").get_by_role("status")).not_to_contain_text("正在核对…", timeout=20_000)
        if submit.is_enabled():
            return
    pytest.fail("nobody may come")
