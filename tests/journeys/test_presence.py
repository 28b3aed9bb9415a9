"""Proof of presence where her phone has no signal, no fix or no life: the tag at the door, the elder's telephone."""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from app.calls.exchange import Exchange
from tests.journeys.browser import DESK, PICTURES, somebody
from tests.journeys.filming import seen_by_a_camera, shoot
from tests.journeys.house import House, until
from tests.journeys.offline import SLOW, Phone, Promise
from tests.journeys.streams import query, start_shift

pytestmark = pytest.mark.journey

READER = (
    "caches.open('yinling-phone-later').then((one) => one.keys()).then((all) => all.some(({url}) => /qr-/.test(url)))"
)


def test_a_dead_phone_is_replaced_by_the_elders_telephone_at_both_ends(
    house: House, chromium: Browser, tmp_path: Path
) -> None:
    promise, visit, elder = _about_now(house)
    operator = somebody(chromium, house, DESK)
    desk = operator.log_in("sunlei", "desk")
    start_shift(desk)
    hers = house.clockwork("telephone", elder)
    with Phone.of(house, chromium, tmp_path / "phone", promise) as phone, _exchange(house) as line:
        phone.cut()
        operator.go("/desk/hotline")
        for point, state in (("已到家", "in_service"), ("要离开", "finished")):
            line.call_in(hers, operator="sunlei", answered=True)
            line.advance(15)
            panel = desk.get_by_role("region", name=re.compile("电话签到"))
            panel.get_by_role("button", name=point).first.click(timeout=SLOW)
            until(lambda state=state: promise.state(house) == state, f"she is not {state}")  # type: ignore[misc]
            expect(panel.get_by_text(f"✓ {point}").first).to_be_visible(timeout=SLOW)
            operator.picture(f"desk-check-in-{state}")
            operator.check()
            line.run_out()
            expect(panel).to_have_count(0, timeout=SLOW)
        phone.cut(off=False)
        phone.page.reload()
        grade = phone.page.get_by_role("region", name="证据等级")
        expect(grade.get_by_text("老人家的电话")).to_have_count(2, timeout=SLOW)
        phone.page.screenshot(path=PICTURES / "phone-called-in.png")
        promise.before = "finished"  # and stays so
    operator.at(promise.at + timedelta(hours=2))
    operator.go(f"/desk/review/{visit}")
    expect(desk.get_by_text(re.compile("老人家的电话")).first).to_be_visible(timeout=SLOW)
    operator.picture("desk-called-in")
    operator.check()
    operator.context.close()


def test_the_tag_at_the_door_is_read_by_a_camera_without_network_or_typed_where_it_is_torn(
    house: House, chromium: Browser, tmp_path: Path
) -> None:
    promise = Promise.find(house)
    home, other = query(
        house,
        "select v.home_id, (select max(id) from homes) from visits v where v.id ="
        " (select visit_id from attendances where id = %s)",
        promise.attendance,
    )[0]
    planner = somebody(chromium, house, DESK)
    desk = planner.log_in("hanxue", "desk")

    def sheet(of: int) -> Image.Image:
        answer = desk.request.get(f"{house.url}/api/home-tags/{of}/tag.pdf")
        assert answer.ok, answer.status
        return seen_by_a_camera(answer.body())

    film = tmp_path / "film.y4m"
    shoot(film, [(sheet(int(other)), 25), (sheet(int(home)), 60)])
    planner.context.close()
    with Phone.of(house, chromium, tmp_path / "phone", promise, film=film) as phone:
        page = phone.page
        until(lambda: page.evaluate(READER), "the reader is not kept")
        phone.reboot()
        page = phone.page
        phone.press(times=3)
        page.get_by_role("button", name="到场证明").click()
        page.get_by_role("button", name="扫门内签到码").click()
        expect(page.get_by_role("alert").filter(has_text="打不开相机")).to_be_visible(timeout=SLOW)
        page.screenshot(path=PICTURES / "phone-no-camera.png")
        phone.context.grant_permissions(["camera"], origin=house.url)
        page.get_by_role("button", name="扫门内签到码").click()
        expect(page.get_by_role("alert").filter(has_text="别人家的签到码")).to_be_visible(timeout=SLOW)
        page.screenshot(path=PICTURES / "phone-scans.png")
        expect(page.get_by_text("签到码已记下").first).to_be_visible(timeout=SLOW)
        token, digits = house.clockwork("tag", home).split()
        page.get_by_role("button", name="到场证明").click()
        page.get_by_role("button", name="码破了").click()
        field = page.get_by_role("textbox", name="8 位数字码")
        field.fill(digits[:-1] + str((int(digits[-1]) + 1) % 10))
        expect(page.get_by_role("alert").filter(has_text="数字不对")).to_be_visible()
        field.fill(f"{digits[:4]} {digits[4:]}")
        page.get_by_role("button", name="记下").click()
        until(lambda: len(phone.outbox()) == 5, "the digits are not written down")
        page.goto(f"{house.url}/phone/?tag={token.replace(str(home), str(other), 1)}")  # by the phone's own camera
        expect(page.get_by_text("这是别人家的签到码").first).to_be_visible(timeout=SLOW)
        page.goto(f"{house.url}/phone/?tag={token}")
        expect(page.locator("main.visit")).to_be_visible(timeout=SLOW)
        until(lambda: len(phone.outbox()) == 6, "what the phone's camera opened is not written down")
        assert promise.heard(house) == []
        phone.cut(off=False)
        phone.all_sent()
        assert {standing for standing, _ in phone.outbox()} == {"accepted"}
        assert promise.heard(house).count("tag") == 3


def _about_now(house: House) -> tuple[Promise, int, int]:
    """A visit nobody has begun, planned for now: calls come by the true clock. With its number and the elder's."""
    moved = query(
        house,
        "update attendances a set starts_at = now() - interval '1 minute', ends_at = now() + interval '29 minutes'"
        " where a.id = (select a.id from attendances a join users u on u.caregiver_id = a.caregiver_id"
        "   and u.ended_at is null join visits v on v.id = a.visit_id join elders e on e.id = v.elder_id"
        "   where a.state in ('assigned', 'accepted') and v.state = 'published' and v.caregivers_needed = 1"
        "   and e.phone_hash is not null and not exists (select from elders o where o.phone_hash = e.phone_hash"
        "     and o.id <> e.id) and not exists (select from attendances b where b.caregiver_id = a.caregiver_id"
        "     and b.id <> a.id and b.state not in ('declined', 'withdrawn') and tstzrange(b.starts_at, b.ends_at)"
        "     && tstzrange(now() - interval '1 minute', now() + interval '29 minutes')) order by a.id limit 1)"
        " returning a.id, a.visit_id, a.state, (select login from users u where u.caregiver_id = a.caregiver_id"
        " and u.ended_at is null), (select coalesce(max(id), 0) from visit_events)",
    )
    assert moved, "everybody is busy"
    attendance, visit, state, login, since = moved[0]
    (elder,) = query(
        house,
        "update visits set opens = now() - interval '10 minutes', closes = now() + interval '1 hour',"
        " starts_at = now() - interval '1 minute' where id = %s returning elder_id",
        visit,
    )[0]
    return Promise(int(attendance), str(login), datetime.now(UTC), str(state), int(since)), int(visit), int(elder)


@contextmanager
def _exchange(house: House) -> Iterator[Exchange]:
    with httpx2.Client(base_url=house.url, timeout=10, trust_env=False) as web:
        yield Exchange(web, house.env["YINLING_HOOKS_TOKEN"], chance=random.Random(7))
