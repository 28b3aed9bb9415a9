"""Nothing she did is lost: no network, reload, reboot, full disk, an ended login, a changed plan, two phones."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

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
        _end_logins(house, promise)
        phone.press()
        until(lambda: phone.outbox() and phone.outbox()[-1][0] in ("saved", "sent"), "the record is gone")
        expect(phone.page.locator("main.visit")).to_be_visible()
        phone.page.goto(f"{house.url}/phone/#login")
        phone.log_in()
        phone.all_sent()
        assert len(promise.heard(house)) == 1


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
