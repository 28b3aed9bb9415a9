"""Her side of a day: a bath that is stopped, her own call for help, a sick call, a phone whose clock is wrong."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.browser import DESK, PHONE, PICTURES, Person, somebody
from tests.journeys.house import House, until
from tests.journeys.offline import SLOW, Phone, Promise
from tests.journeys.streams import press_until, query, start_shift

pytestmark = pytest.mark.journey


def test_a_bath_is_stopped_by_the_blood_pressure_and_the_desk_is_told(
    house: House, chromium: Browser, tmp_path: Path
) -> None:
    promise = _bath(house)
    before = _incidents(house, promise)
    with Phone.of(house, chromium, tmp_path / "phone", promise) as phone:
        page = phone.page
        phone.press(times=4)
        page.get_by_role("button", name="测量并填写").first.click()
        for number, value in enumerate(("185", "105")):
            page.locator("dialog input[type=number]").nth(number).fill(value)
        page.get_by_role("button", name="记下").click()
        expect(page.get_by_role("alert").filter(has_text="现在不能洗")).to_be_visible(timeout=SLOW)
        guarded = page.locator(".task").last.locator(".outcome")
        expect(guarded.first).to_be_disabled()
        expect(guarded.last).to_be_enabled()
        phone.all_sent()
        until(lambda: _incidents(house, promise) == before + 1, "the desk was not told")
        guarded.last.click()
        page.get_by_role("dialog").get_by_role("button", name="身体不适合").click()
        expect(guarded.last).to_have_attribute("aria-pressed", "true", timeout=SLOW)
        phone.all_sent()
        desk = somebody(chromium, house, DESK)
        shown = desk.log_in("hanxue", "desk")
        desk.go("/desk/review/incidents")
        first = shown.get_by_role("button", name=re.compile("测量超限，已停")).first
        first.click()
        shown.locator("header").get_by_role("button", name=re.compile("我来处理")).click()
        until(lambda: "taken" in _states(house, promise), "nobody has it")
        desk.picture("desk-incidents")
        desk.check()
        shown.get_by_role("button", name=re.compile("^办结")).click()
        shown.get_by_role("dialog").get_by_role("button", name=re.compile("已告知家属")).click()
        shown.get_by_role("dialog").get_by_role("button", name=re.compile("办结")).last.click()
        until(lambda: _states(house, promise) == ["closed"], "it was not closed")
        desk.context.close()
        visit, minutes = phone.leave_early()
        _pay_in_part(house, chromium, phone, visit)
        percent = f"× {100 * (minutes // 2) // minutes}%"
        page.goto(f"{house.url}/phone/#earnings")
        mine = page.locator("li").filter(has_text="上门助浴").filter(has_text=percent)
        expect(mine).to_be_visible(timeout=SLOW)
        expect(mine.get_by_text("已核实")).to_be_visible()
        page.screenshot(path=PICTURES / "phone-paid-in-part.png")


def test_her_call_for_help_brings_a_colleague_to_the_spot(house: House, chromium: Browser) -> None:
    """She stands in a street, at no elder's door: the desk sends somebody to where her phone is."""
    login = _outside(house)
    operator, worker, colleague = (somebody(chromium, house, size) for size in (DESK, PHONE, PHONE))
    worker.context.set_geolocation({"latitude": 37.89, "longitude": 118.53, "accuracy": 25})
    desk = operator.log_in("sunlei", "desk")
    start_shift(desk)
    phone = worker.log_in(login, "phone")
    phone.wait_for_url("**/phone/#today", timeout=SLOW)
    worker.go("/phone/#me")
    phone.get_by_role("button", name=re.compile("我需要帮助")).focus()
    phone.keyboard.press("Enter")
    phone.get_by_role("button", name="马上呼叫").click()
    expect(phone.get_by_text(re.compile("已响铃"))).to_be_visible(timeout=SLOW)
    alarm = int(query(house, "select max(id), count(*) from alarms where kind = 'worker'")[0][0])

    def state() -> str:
        return str(query(house, "select state, count(*) from alarms where id = %s group by 1", alarm)[0][0])

    operator.go(f"/desk/alarms/{alarm}")
    press_until(desk, "^接警", lambda: state() != "ringing")
    expect(phone.get_by_text(re.compile("正在处理"))).to_be_visible(timeout=SLOW)
    located = "select place is not null, count(*) from alarms where id = %s group by 1"
    until(lambda: query(house, located, alarm)[0][0], "her place did not come")
    _send(desk, state, operator, "河堤路桥下，北侧")
    expect(phone.get_by_text(re.compile("正在赶来"))).to_be_visible(timeout=SLOW)
    offer = query(house, "select id, caregiver_id, visit_id from alarm_offers where alarm_id = %s", alarm)[-1]
    assert offer[2] is None
    page = colleague.log_in(_login(house, offer[1]), "phone")
    page.wait_for_url("**/phone/#today", timeout=SLOW)  # where a login leads, once her day is there
    page.get_by_role("link", name=re.compile("同事求助")).click(timeout=SLOW)
    expect(page.get_by_text("河堤路桥下，北侧")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="我马上去").click()
    page.get_by_role("button", name="导航").click(timeout=SLOW)
    expect(page.get_by_role("link", name=re.compile("高德"))).to_have_attribute("href", re.compile("118.53.*37.89"))
    page.keyboard.press("Escape")
    colleague.picture("phone-spot")
    colleague.check()
    page.get_by_role("button", name="我到了").click()
    expect(page.get_by_text(re.compile("已报到场"))).to_be_visible(timeout=SLOW)
    until(lambda: state() == "on_site", "the case does not know that she is there")
    page.get_by_role("button", name="已帮助，稳定").click()
    expect(desk.get_by_text(re.compile("已帮助，同事稳定")).first).to_be_visible(timeout=SLOW)
    operator.picture("desk-spot")
    press_until(desk, "^转回访", lambda: state() == "follow_up")
    _close(desk, state)
    expect(phone.get_by_text(re.compile("正在求助"))).to_have_count(0, timeout=SLOW)
    expect(page.get_by_text(re.compile("已经结束"))).to_be_visible(timeout=SLOW)
    for person in (operator, worker, colleague):
        person.context.close()


def test_where_her_phone_finds_no_place_she_names_a_door(house: House, chromium: Browser) -> None:
    promise = Promise.find(house)
    worker, operator = somebody(chromium, house, PHONE), somebody(chromium, house, DESK)
    worker.at(promise.at)
    phone = worker.log_in(promise.login, "phone")
    phone.wait_for_url("**/phone/#today", timeout=SLOW)
    worker.go("/phone/#me")
    phone.get_by_role("button", name=re.compile("我需要帮助")).focus()
    phone.keyboard.press("Enter")
    phone.get_by_role("button", name="马上呼叫").click()
    doors = phone.get_by_role("group", name=re.compile("您在哪家附近"))
    doors.get_by_role("button").first.click(timeout=SLOW)
    expect(doors.get_by_text("已告诉接警台您在这附近。")).to_be_visible(timeout=SLOW)
    worker.picture("phone-near")
    worker.check()
    alarm = query(house, "select id from alarms where kind = 'worker' order by id desc limit 1")[0][0]
    desk = operator.log_in("sunlei", "desk")
    start_shift(desk)
    operator.go(f"/desk/alarms/{alarm}")
    press_until(
        desk, "^接警", lambda: bool(query(house, "select id from alarms where id = %s and claimed_by > 0", alarm))
    )
    expect(desk.get_by_text(re.compile("±150 m")).first).to_be_visible(timeout=SLOW)
    operator.picture("desk-near")
    query(
        house,
        "update alarms set state = 'closed', closed_at = now(), verdict = 'real' where id = %s returning id",
        alarm,
    )
    operator.context.close()
    worker.context.close()


def test_ill_in_two_taps_and_the_plan_goes_on_without_her(house: House, chromium: Browser) -> None:
    promise = Promise.find(house, "CLEAN", colleagues=True)
    hers = (
        "select a.visit_id from attendances a join attendances one on one.id = %s and one.caregiver_id = a.caregiver_id"
        " and a.state in ('assigned', 'accepted') and a.starts_at::date = one.starts_at::date"
    )
    query(  # others can go, too, on any day and in any small district
        house,
        "update visits v set needs = '[]', same_sex = false, closes = v.opens + interval '7 hours'"
        f" where v.id in ({hers}) returning v.id",
        promise.attendance,
    )
    ((begins,),) = query(
        house, f"select min(starts_at) from attendances where visit_id in ({hers})", promise.attendance
    )
    first = begins - timedelta(minutes=10)  # before all of that day: what is behind her stays hers
    ill, dispatcher = somebody(chromium, house, PHONE), somebody(chromium, house, DESK)
    ill.at(first)
    phone = ill.log_in(promise.login, "phone")
    phone.wait_for_url("**/phone/#today", timeout=SLOW)
    ill.go("/phone/#week")
    phone.get_by_role("button", name="我病了，请假").click()
    phone.get_by_role("button", name="1 天").click()
    expect(phone.get_by_text(re.compile("已请假，调度正在重排"))).to_be_visible(timeout=SLOW)
    ill.picture("phone-sick")
    change = until(lambda: _change(house), "no change of the plan is proposed")
    day = str(change[1])
    dispatcher.at(first)
    desk = dispatcher.log_in("hanxue", "desk")
    dispatcher.go(f"/desk/board/{day}")
    desk.get_by_role("button", name=re.compile("请病假，看怎么重排")).first.click()
    dispatcher.picture("desk-replan-ill")
    press_until(desk, "^接受", lambda: _state_of_change(house, change[0]) == "accepted", 40)
    assert promise.state(house) == "withdrawn"
    phone.reload()
    off = phone.locator(".day").filter(has_text="请假").first
    expect(off).to_be_visible(timeout=SLOW)
    expect(off.get_by_text("待接单")).to_have_count(0, timeout=SLOW)
    stand_in = (
        "select u.login, a.id from attendances a join users u on u.caregiver_id = a.caregiver_id and u.ended_at is null"
        " join attendances was on was.visit_id = a.visit_id and was.caregiver_id <> a.caregiver_id"
        " where was.state = 'withdrawn' and a.state = 'assigned' and was.caregiver_id ="
        " (select caregiver_id from attendances where id = %s) order by a.id desc"
    )
    login, attendance = until(lambda: query(house, stand_in, promise.attendance), "nobody goes instead")[0]
    other = somebody(chromium, house, PHONE)
    other.at(first)
    page = other.log_in(str(login), "phone")
    page.wait_for_url("**/phone/#today", timeout=SLOW)
    other.go(f"/phone/#visit/{attendance}")
    expect(page.locator("main.visit")).to_be_visible(timeout=SLOW)
    other.picture("phone-stand-in")
    other.context.close()
    ill.context.close()
    dispatcher.context.close()


def test_a_phone_set_wrong_by_hours_is_believed_at_the_right_time(
    house: House, chromium: Browser, tmp_path: Path
) -> None:
    promise = Promise.find(house)
    with Phone.of(house, chromium, tmp_path / "phone", promise) as phone:
        phone.page.add_init_script(
            "{const off = 5 * 3600e3, now = Date.now.bind(Date), Real = Date;"
            "Date = class extends Real { constructor(...given) { given.length ? super(...given) : super(now() + off) }"
            " static now() { return now() + off } } }"
        )
        phone.page.reload()
        expect(phone.page.locator("main.visit")).to_be_visible(timeout=SLOW)
        phone.cut()
        phone.press(times=2)
        phone.cut(off=False)
        phone.all_sent()
        rows = query(
            house,
            "select happened_at, device_at, received_at from visit_events where attendance_id = %s and id > %s",
            promise.attendance,
            promise.since,
        )
        assert len(rows) == 2
        for happened, device, received in rows:
            assert abs(device - datetime.now(device.tzinfo) - timedelta(hours=5)) < timedelta(minutes=5)
            assert received - timedelta(minutes=3) < happened <= received


def _bath(house: House) -> Promise:
    """The first visit somebody has before her, made a bath: not every small district has one on every day."""
    promise = Promise.find(house)
    made = query(
        house,
        "update visits v set item_id = i.id, item_code = i.code, aid = i.aid, tasks = null from service_items i"
        " where i.code = 'BATH' and v.id = (select visit_id from attendances where id = %s) returning v.id",
        promise.attendance,
    )
    assert made, "there is no bath in the catalogue"
    return promise


def _pay_in_part(house: House, chromium: Browser, phone: Phone, visit: int) -> None:
    """The dispatcher finds it held and pays what was given."""
    state = "select state from visits where id = %s"
    until(lambda: query(house, state, visit)[0][0] == "held", "nobody has to look at it")
    desk = somebody(chromium, house, DESK)
    desk.at(phone.promise.at + timedelta(hours=2))
    shown = desk.log_in("hanxue", "desk")
    desk.go(f"/desk/review/{visit}")
    shown.get_by_role("button", name=re.compile("^按比例认定")).first.click()
    dialog = shown.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("血压超限，没有洗成")
    dialog.get_by_role("button", name=re.compile("Enter")).click()
    until(lambda: query(house, state, visit)[0][0] == "verified", "it is not paid")
    desk.picture("desk-paid-in-part")
    desk.check()
    desk.context.close()


def _incidents(house: House, promise: Promise) -> int:
    return len(_states(house, promise))


def _states(house: House, promise: Promise) -> list[str]:
    rows = query(house, "select state from visit_incidents where attendance_id = %s", promise.attendance)
    return [str(state) for (state,) in rows]


def _outside(house: House) -> str:
    """Somebody who is in no home now, and on the way to none."""
    rows = query(
        house,
        "select u.login from users u where u.caregiver_id is not null and u.ended_at is null and u.role = 'caregiver'"
        " and not exists (select from attendances a where a.caregiver_id = u.caregiver_id"
        " and a.state in ('on_the_way', 'arrived', 'in_service')) order by u.id desc limit 1",
    )
    assert rows, "everybody is in a home"
    return str(rows[0][0])


def _login(house: House, caregiver: int) -> str:
    return str(query(house, "select login from users where caregiver_id = %s and ended_at is null", caregiver)[0][0])


def _send(desk: Page, state: Callable[[], str], operator: Person, words: str) -> None:
    def called() -> bool:
        heard = desk.get_by_role("button", name=re.compile("^需要帮助|^已接通")).first
        if heard.is_visible():
            heard.click()
            desk.wait_for_timeout(800)
        return state() == "contacting"

    def sent() -> bool:
        sure = desk.get_by_role("dialog").get_by_role("button", name=re.compile("^派"))
        if sure.count() and sure.first.is_visible() and sure.first.is_enabled():
            desk.get_by_role("dialog").get_by_role("textbox").fill(words)
            operator.picture("desk-send-spot")
            sure.first.click()
            desk.get_by_role("dialog").wait_for(state="hidden")
        return state() in ("dispatched", "on_site")

    press_until(desk, "^拨打", called, 40)
    press_until(desk, "^派", sent, 40)


def _close(desk: Page, state: Callable[[], str]) -> None:
    def closed() -> bool:
        dialog = desk.get_by_role("dialog")
        if dialog.count() and dialog.first.is_visible():
            dialog.get_by_text("误触").first.click()
            dialog.get_by_role("button", name=re.compile("^结案")).first.click()
            desk.wait_for_timeout(1000)
        return state() == "closed"

    press_until(desk, "^结案", closed, 40)


def _change(house: House) -> Any:
    rows = query(house, "select id, day from plan_changes where state = 'proposed' order by id desc limit 1")
    return rows[0] if rows else None


def _state_of_change(house: House, change: int) -> str:
    return str(query(house, "select state, count(*) from plan_changes where id = %s group by 1", change)[0][0])
