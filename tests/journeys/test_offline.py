"""Nothing she did is lost: no network, reload, reboot, full disk, ended login, changed plan, two phones, a photo."""

import hashlib
import random
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, Route, expect

from tests.journeys.browser import DESK, somebody
from tests.journeys.house import House, until
from tests.journeys.offline import SLOW, Phone, Promise
from tests.journeys.streams import query

pytestmark = pytest.mark.journey


def test_a_visit_begun_without_network_outlives_reload_and_reboot(
    house: House, chromium: Browser, tmp_path: Path
) -> None:
    promise = Promise.find(house)
    with Phone.of(house, chromium, tmp_path / "phone", promise) as phone:
        phone.cut()
        phone.press(times=2)
        assert [standing for standing, _ in phone.outbox()].count("accepted") == 0
        phone.page.reload()
        expect(phone.page.locator("main.visit")).to_be_visible(timeout=SLOW)
        phone.press()
        phone.reboot()
        kept = phone.outbox()
        assert len(kept) == 3 and [number for _, number in kept] == ["1", "2", "3"]
        assert promise.heard(house) == []
        phone.cut(off=False)
        phone.all_sent()
        assert len(promise.heard(house)) == 3
        assert promise.state(house) in ("arrived", "in_service")


def test_an_ended_login_keeps_her_day_and_her_records_and_sends_them_after_the_next(
    house: House, chromium: Browser, tmp_path: Path
) -> None:
    promise = Promise.find(house)
    with Phone.of(house, chromium, tmp_path / "phone", promise) as phone:
        phone.cut()
        phone.press()
        _end_logins(house, promise)
        phone.cut(off=False)
        phone.press()
        until(
            lambda: [standing in ("saved", "sent") for standing, _ in phone.outbox()] == [True] * 2, "a record is gone"
        )
        expect(phone.page.locator("main.visit")).to_be_visible()
        phone.cut()
        phone.page.reload()
        expect(phone.page.locator("main.visit")).to_be_visible(timeout=SLOW)
        assert promise.heard(house) == []
        phone.cut(off=False)
        phone.page.goto(f"{house.url}/phone/#login")
        phone.log_in()
        phone.all_sent()
        assert len(promise.heard(house)) == 2


def test_a_photo_taken_without_network_outlives_a_reboot_and_goes_on_where_it_broke_off(
    house: House, chromium: Browser, tmp_path: Path
) -> None:
    promise = Promise.find(house)
    picture = tmp_path / "kitchen.jpg"
    never_seen = Image.effect_noise((1600, 1200), random.uniform(50, 80))
    never_seen.convert("RGB").save(picture, quality=90)  # too rich for one piece
    starts: list[int] = []

    def breaks(route: Route) -> None:
        starts.append(int(parse_qs(urlsplit(route.request.url).query)["start"][0]))
        route.abort() if len(starts) == 2 else route.continue_()

    with Phone.of(house, chromium, tmp_path / "phone", promise) as phone:
        phone.cut()
        phone.press(times=4)
        page = phone.page
        page.get_by_role("button", name="拍照").click()
        page.get_by_role("button", name="老人同意").first.click()
        page.locator("dialog input[type=file]").set_input_files(picture)
        expect(page.get_by_text("照片已存好").first).to_be_visible(timeout=SLOW)
        phone.reboot()
        visit = query(house, "select visit_id from attendances where id = %s", promise.attendance)[0][0]
        last = query(house, "select coalesce(max(id), 0) from photos")[0][0]
        phone.context.route("**/api/phone/photos/*/bytes*", breaks)
        phone.cut(off=False)
        kept = "select id, received, size, sha256 from photos where visit_id = %s and id > %s and whole_at is not null"

        def arrived() -> list[Any]:
            phone.page.wait_for_timeout(200)  # the route's answers come while the page is waited for
            return query(house, kept, visit, last)

        number, received, size, sha256 = until(arrived, "the photo did not arrive", 60)[0]
        assert starts[1] == starts[2] == 131_072 < received == size, f"from where the server had it: {starts}"
        phone.all_sent()
        desk = somebody(chromium, house, DESK)
        desk.at(promise.at)
        shown = desk.log_in("hanxue", "desk")
        desk.go(f"/desk/review/{visit}")
        shown.get_by_role("region", name="照片").get_by_role("button").first.click()
        expect(shown.get_by_role("dialog").get_by_role("img")).to_be_visible(timeout=SLOW)
        body = shown.request.get(f"{house.url}/api/visits/photos/{number}/bytes").body()
        assert hashlib.sha256(body).hexdigest() == sha256
        desk.picture("desk-photo")
        desk.context.close()


def test_a_plan_changed_while_she_was_away_is_the_desks_to_settle_and_no_error_of_hers(
    house: House, chromium: Browser, tmp_path: Path
) -> None:
    promise = Promise.find(house)
    with Phone.of(house, chromium, tmp_path / "phone", promise) as phone:
        phone.cut()
        phone.press()
        query(house, "update attendances set state = 'withdrawn' where id = %s returning id", promise.attendance)
        phone.cut(off=False)
        phone.all_sent()
        assert phone.outbox()[-1][0] == "attention"
        flaws = query(
            house,
            "select flaw from visit_flaws where attendance_id = %s and resolved_at is null",
            promise.attendance,
        )
        assert [str(flaw) for (flaw,) in flaws] == ["plan_clash"]


def test_two_phones_of_one_person_and_a_full_disk_lose_nothing(house: House, chromium: Browser, tmp_path: Path) -> None:
    promise = Promise.find(house)
    with (
        Phone.of(house, chromium, tmp_path / "one", promise) as one,
        Phone.of(house, chromium, tmp_path / "other", promise) as other,
    ):
        other.cut()
        one.reboot(room=1)
        one.press()
        expect(one.page.get_by_role("alert").first).to_be_visible(timeout=SLOW)
        other.press(times=2)
        one.cut(off=False)
        until(lambda: len(promise.heard(house)) == 1, "what the full phone held was not sent")
        other.cut(off=False)
        other.all_sent()
        assert len(promise.heard(house)) == 3
        expect(one.page.get_by_role("alert")).to_have_count(0, timeout=SLOW)


def _end_logins(house: House, promise: Promise) -> None:
    query(
        house,
        "delete from logins where user_id = (select id from users where login = %s) returning user_id",
        promise.login,
    )
