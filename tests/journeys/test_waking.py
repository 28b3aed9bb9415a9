"""Her phone sleeps: an alarm rings it through a real service worker, and a timer nobody answered rings at the desk."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.simulate.push_service import PushService, serve
from tests.journeys.browser import DESK, PHONE, Person, somebody
from tests.journeys.house import House, until
from tests.journeys.offline import CACHED, SLOW
from tests.journeys.streams import ask, query, start_shift

pytestmark = pytest.mark.journey

SUBSCRIBES = """made => {
  PushManager.prototype.getSubscription = async () => null
  PushManager.prototype.subscribe = async () => ({toJSON: () => ({...made, expirationTime: null})})
}"""  # a browser's own push service is out of reach here; all that comes after it is real
SHOWN = """navigator.serviceWorker.getRegistration('/phone/').then((one) => one.getNotifications())
  .then((all) => all.map(({data, tag, requireInteraction}) => ({...data, tag, stays: requireInteraction})))"""
TOUCHED = """async () => {
  const [notification] = await registration.getNotifications()
  let doing
  ExtendableEvent.prototype.waitUntil = (promise) => (doing = promise)  // no script may wake a worker by itself
  dispatchEvent(new NotificationEvent('notificationclick', {notification}))
  await doing
}"""


def test_an_alarm_rings_a_phone_that_sleeps_and_the_notice_leads_to_it(house: House, chromium: Browser) -> None:
    login, caregiver = _free(house)
    operator, responder = somebody(chromium, house, DESK), somebody(chromium, house, PHONE)
    phone = responder.log_in(login, "phone")
    phone.wait_for_url("**/phone/#today", timeout=SLOW)
    until(lambda: phone.evaluate(CACHED), "the page is not kept")
    with _push_service() as service:
        made = service.subscribe(phone.evaluate("fetch('/api/phone/push').then((one) => one.json())")["key"])
        responder.go("/phone/#me")
        phone.evaluate(SUBSCRIBES, made)
        phone.get_by_role("button", name="打开休眠响铃").click()
        expect(phone.get_by_text("这部手机休眠时也会响铃。")).to_be_visible(timeout=SLOW)
        desk = operator.log_in("sunlei", "desk")
        start_shift(desk)
        (elder,) = query(
            house,
            "select e.id from elders e where e.ended_at is null and not exists"
            " (select from alarms a where a.elder_id = e.id and a.closed_at is null) order by e.id desc limit 1",
        )[0]
        alarm = _say(desk, "/api/alarms", {"elder_id": elder})["id"]
        _say(desk, f"/api/alarms/{alarm}/send", {"caregiver_id": caregiver})
        said = until(lambda: service.phones[made["endpoint"].rpartition("/")[2]].came, "no ring has come")[0]
    assert said["kind"] == "alarm_caregiver" and said["about"] == f"alarms/{alarm}"
    _deliver(responder, house, said)
    shown = until(lambda: phone.evaluate(SHOWN), "no notice is shown")
    assert shown == [{**said, "tag": f"alarms/{alarm}", "stays": True}]
    (worker,) = responder.context.service_workers
    worker.evaluate(TOUCHED)
    phone.wait_for_url(f"**/phone/#visit/{said['attendance']}", timeout=SLOW)
    assert phone.evaluate(SHOWN) == []
    panel = phone.get_by_role("region", name="紧急出动")
    expect(panel).to_be_visible(timeout=SLOW)
    responder.picture("phone-alarm-rings")
    for state in ("accepted", "on_the_way", "arrived"):
        phone.locator("main.visit .big").first.click()
        _reaches(house, said["attendance"], state)
        expect(phone.locator("main.visit .big").first).to_be_enabled(timeout=SLOW)
    expect(panel.get_by_text("到场情况").first).to_be_visible(timeout=SLOW)
    panel.get_by_role("textbox").fill("坐在椅子上，能说话")
    panel.get_by_role("button", name="已帮助，稳定").click()
    expect(panel.get_by_text("已告诉接警台。")).to_be_visible(timeout=SLOW)

    def heard() -> bool:
        case = ask(desk, f"/api/alarms/{alarm}")
        return case["state"] == "on_site" and any("坐在椅子上" in (step["text"] or "") for step in case["timeline"])

    until(heard, "the desk has not heard that she is there, and what she found")
    responder.picture("phone-alarm-found")
    responder.check()
    _say(desk, f"/api/alarms/{alarm}/close", {"verdict": "real"})
    query(house, "update attendances set state = 'finished' where id = %s returning id", said["attendance"])
    operator.context.close()
    responder.context.close()


def test_a_timer_that_nobody_answers_rings_at_the_desk(house: House, chromium: Browser) -> None:
    login, caregiver = _free(house)
    operator, worker = somebody(chromium, house, DESK), somebody(chromium, house, PHONE)
    desk = operator.log_in("sunlei", "desk")
    start_shift(desk)
    phone = worker.log_in(login, "phone")
    phone.wait_for_url("**/phone/#today", timeout=SLOW)
    worker.go("/phone/#me")
    phone.get_by_role("button", name="15 分钟").click()
    expect(phone.get_by_text(re.compile("后问您是否平安"))).to_be_visible(timeout=SLOW)
    worker.picture("phone-timer")
    _run_out(house, caregiver, "due_at", "running")
    until(lambda: _watch(house, caregiver) == "asked", "her phone does not ask")
    phone.evaluate("dispatchEvent(new Event('online'))")  # it looks at once
    question = phone.get_by_role("dialog", name="您还好吗？")
    expect(question.get_by_role("button", name="我平安，30 分钟后再问")).to_be_visible(timeout=SLOW)
    worker.picture("phone-timer-asks")
    worker.check()
    question.get_by_role("button", name="我平安，30 分钟后再问").click()
    until(lambda: _watch(house, caregiver) == "running", "her word is not heard")
    _run_out(house, caregiver, "due_at", "running")
    until(lambda: _watch(house, caregiver) == "asked", "her phone does not ask again")
    _run_out(house, caregiver, "answer_by", "asked")
    until(lambda: _watch(house, caregiver) == "rang", "the desk does not ring")
    (alarm, name), *_ = query(
        house,
        "select a.id, c.name from alarms a join caregivers c on c.id = a.worker_id where c.id = %s and a.closed_at is"
        " null",
        caregiver,
    )
    row = desk.get_by_role("link").filter(has_text=str(name)).filter(has_text="护理员求助").first
    expect(row).to_be_visible(timeout=SLOW)
    phone.evaluate("dispatchEvent(new Event('online'))")
    expect(phone.get_by_text("正在求助").or_(phone.get_by_text("求助中 · 点这里查看")).first).to_be_visible(
        timeout=SLOW
    )
    row.click()
    operator.picture("desk-timer-rang")
    _say(desk, f"/api/alarms/{alarm}/claim", {})
    _say(desk, f"/api/alarms/{alarm}/call", {"target": "worker", "result": "safe"})
    _say(desk, f"/api/alarms/{alarm}/close", {"verdict": "accidental"})
    phone.evaluate("dispatchEvent(new Event('online'))")
    expect(phone.get_by_text(re.compile("正在求助|求助中"))).to_have_count(0, timeout=SLOW)
    operator.context.close()
    worker.context.close()


def _watch(house: House, caregiver: int) -> str:
    """How her newest timer stands."""
    rows = query(house, "select state from lone_watches where caregiver_id = %s order by id desc limit 1", caregiver)
    return str(rows[0][0])


def _run_out(house: House, caregiver: int, clock: str, state: str) -> None:
    """Its time has come."""
    assert query(
        house,
        f"update lone_watches set {clock} = now() - interval '1 second' where caregiver_id = %s and state = %s"
        " returning id",
        caregiver,
        state,
    )


def _free(house: House) -> tuple[str, int]:
    """Somebody with a login who is at nothing now."""
    rows = query(
        house,
        "select u.login, c.id from users u join caregivers c on c.id = u.caregiver_id where u.ended_at is null and"
        " c.ended_at is null and not exists (select from attendances a where a.caregiver_id = c.id and a.state in"
        " ('accepted', 'on_the_way', 'arrived', 'in_service')) order by c.id desc limit 1",
    )
    assert rows, "everybody is at work"
    return str(rows[0][0]), int(rows[0][1])


@contextmanager
def _push_service() -> Iterator[PushService]:
    service = PushService()
    door = serve(service)
    thread = Thread(target=door.serve_forever)
    thread.start()
    try:
        yield service
    finally:
        door.shutdown()
        thread.join()
        door.server_close()


def _say(page: Page, path: str, body: dict[str, Any]) -> Any:
    """As whoever is logged in here."""
    csrf = ask(page, "/api/session")["csrf"]
    answer = page.request.post(page.url.split("/desk")[0] + path, data=body, headers={"X-CSRF-Token": csrf})
    assert answer.ok, answer.text()
    return answer.json()


def _deliver(person: Person, house: House, said: dict[str, Any]) -> None:
    """What the push service would bring to the worker of this phone, while no page need be open."""
    wire = person.context.new_cdp_session(person.page)
    known: list[str] = []
    wire.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: known.extend(one["registrationId"] for one in event["registrations"]),
    )
    wire.send("ServiceWorker.enable")
    person.page.wait_for_function("true")
    message = {"origin": house.url, "registrationId": known[0], "data": json.dumps(said)}
    wire.send("ServiceWorker.deliverPushMessage", message)
    wire.detach()


def _reaches(house: House, attendance: str, state: str) -> None:
    """Her part of the visit, as the server has it."""
    of_it = "select state from attendances where id = %s"
    until(lambda: query(house, of_it, int(attendance))[0][0] == state, f"she is not {state}")
