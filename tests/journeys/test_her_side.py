"""Her side of a day: a bath that is stopped, her own call for help, a sick call, a phone whose clock is wrong."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.browser import DESK, PHONE, somebody
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


def test_her_call_for_help_rings_at_the_desk_until_somebody_is_sent(house: House, chromium: Browser) -> None:
    login, attendance = _at_a_door(house)
    operator, worker = somebody(chromium, house, DESK), somebody(chromium, house, PHONE)
    worker.context.set_geolocation({"latitude": 37.95, "longitude": 118.83, "accuracy": 25})
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
    _send(desk, state)
    expect(phone.get_by_text(re.compile("正在赶来"))).to_be_visible(timeout=SLOW)
    worker.picture("phone-sos-coming")
    worker.check()
    press_until(desk, "^已到场", lambda: state() in ("on_site", "follow_up"))
    press_until(desk, "^转回访", lambda: state() == "follow_up")
    _close(desk, state)
    expect(phone.get_by_text(re.compile("正在求助"))).to_have_count(0, timeout=SLOW)
    query(house, "update attendances set state = 'finished' where id = %s returning id", attendance)
    operator.context.close()
    worker.context.close()


def test_ill_in_two_taps_and_the_plan_goes_on_without_her(house: House, chromium: Browser) -> None:
    promise = Promise.find(house)
    first = promise.at
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
    rows = query(
        house,
        "select u.login, a.id from attendances a join users u on u.caregiver_id = a.caregiver_id join attendances old"
        " on old.visit_id = a.visit_id where old.id = %s and a.state = 'assigned' and u.ended_at is null",
        promise.attendance,
    )
    if rows:  # somebody else goes: her phone shows it, and why
        other = somebody(chromium, house, PHONE)
        other.at(first)
        page = other.log_in(str(rows[0][0]), "phone")
        page.wait_for_url("**/phone/#today", timeout=SLOW)
        other.go(f"/phone/#visit/{rows[0][1]}")
        expect(page.locator("main.visit")).to_be_visible(timeout=SLOW)
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


def _incidents(house: House, promise: Promise) -> int:
    return len(_states(house, promise))


def _states(house: House, promise: Promise) -> list[str]:
    rows = query(house, "select state from visit_incidents where attendance_id = %s", promise.attendance)
    return [str(state) for (state,) in rows]


def _at_a_door(house: House) -> tuple[str, int]:
    """Somebody who stands in a home now, and has nothing else around this hour."""
    rows = query(
        house,
        "update attendances set state = 'in_service', starts_at = now() - interval '5 minutes', started_at = now(),"
        " arrived_at = now(), ends_at = now() + interval '20 minutes' where id = (select a.id from attendances a"
        " join users u on u.caregiver_id = a.caregiver_id where a.state = 'assigned' and u.ended_at is null and not"
        " exists (select from attendances o where o.caregiver_id = a.caregiver_id and o.id <> a.id and o.starts_at <"
        " now() + interval '2 hours' and o.ends_at > now() - interval '2 hours') order by a.id desc limit 1)"
        " returning id, caregiver_id",
    )
    assert rows, "nobody is free"
    login = query(house, "select login from users where caregiver_id = %s", rows[0][1])[0][0]
    return str(login), int(rows[0][0])


def _send(desk: Page, state: Callable[[], str]) -> None:
    def called() -> bool:
        heard = desk.get_by_role("button", name=re.compile("^需要帮助|^已接通")).first
        if heard.is_visible():
            heard.click()
            desk.wait_for_timeout(800)
        return state() == "contacting"

    def sent() -> bool:
        sure = desk.get_by_role("dialog").get_by_role("button", name=re.compile("^派"))
        if sure.count() and sure.first.is_visible() and sure.first.is_enabled():
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
