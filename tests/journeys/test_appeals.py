"""Appeals as caregivers make them: paid once it is known when she left, made whole where part was paid."""

import re
from datetime import datetime

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.browser import DESK, PHONE, Person, somebody
from tests.journeys.house import House, until
from tests.journeys.streams import SHANGHAI, query

pytestmark = pytest.mark.journey


def by_program(house: House, visit_id: int, kind: str) -> dict[str, int]:
    """Cents of a visit by programme; her own under none."""
    rows = query(
        house,
        "select coalesce(p.code, ''), sum(l.cents)::int from ledger_entries l left join programs p"
        " on p.id = l.program_id where l.visit_id = %s and l.kind = %s group by 1",
        visit_id,
        kind,
    )
    return dict(rows)


def supervisor(house: House, chromium: Browser, login: str, path: str) -> Person:
    person = somebody(chromium, house, DESK)
    person.log_in(login, "desk")
    person.go(path)
    return person


def judged(house: House, chromium: Browser, visit_id: int, button: str, why: str) -> Person:
    """The dispatcher looks at a held visit and decides."""
    desk = supervisor(house, chromium, "hanxue", f"/desk/review/{visit_id}")
    desk.page.get_by_role("button", name=re.compile(f"^{button}")).first.click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill(why)
    desk.check()
    dialog.get_by_role("button", name=re.compile("Enter")).click()
    until(lambda: state_of(house, visit_id) == "verified", f"the visit is {state_of(house, visit_id)}")
    return desk


def state_of(house: House, visit_id: int) -> str:
    return str(query(house, "select state from visits where id = %s", visit_id)[0][0])


def doubted(house: House, flaw: str, ended: str) -> tuple[str, int, datetime, int]:
    """A held visit nobody has spoken up for: its caregiver's login, its number, planned end and price in cents."""
    found: tuple[str, int, datetime, int] = query(
        house,
        "select u.login, v.id, a.ends_at, v.price_cents from visits v"
        " join visit_flaws f on f.visit_id = v.id and f.flaw = %s and f.attendance_id is not null"
        f" join attendances a on a.id = f.attendance_id and a.started_at is not null and a.finished_at is {ended}"
        " join users u on u.caregiver_id = a.caregiver_id"
        " where v.state = 'held' and v.price_cents > 0 and v.opens < now() - interval '3 hours'"
        " and not exists (select from appeals x where x.visit_id = v.id) order by v.id desc limit 1",
        flaw,
    )[0]
    return found


def appeal(house: House, chromium: Browser, login: str, visit_id: int, words: str) -> tuple[Person, int]:
    """She says on her phone what really happened."""
    caregiver = somebody(chromium, house, PHONE)
    page = caregiver.log_in(login, "phone")
    page.get_by_text("已同步").first.wait_for(timeout=20_000)
    page.get_by_role("link", name="我的", exact=True).click()
    page.get_by_role("link", name="我的异常和申诉").click()
    page.get_by_role("heading", name="我的异常").wait_for(timeout=20_000)
    began = query(
        house,
        "select a.started_at from attendances a join users u on u.caregiver_id = a.caregiver_id"
        " where a.visit_id = %s and u.login = %s",
        visit_id,
        login,
    )[0][0].astimezone(SHANGHAI)
    about = page.get_by_role("article").filter(has_text=re.compile(f"{began.month}月{began.day}日.*{began:%H:%M}"))
    about.get_by_role("button", name=re.compile("^我要申诉")).click()
    page.get_by_label("说说当时的情况").fill(words)
    caregiver.picture("phone-appeal")
    caregiver.check()
    page.get_by_role("button", name="提交申诉").click()
    raised = "select id from appeals where visit_id = %s"
    return caregiver, int(until(lambda: query(house, raised, visit_id), "no appeal was raised")[0][0])


def test_a_caregiver_appeals_and_is_paid_once_it_is_known_when_she_left(house: House, chromium: Browser) -> None:
    login, visit_id, left, cents = doubted(house, "no_check_out", "null")
    caregiver, number = appeal(house, chromium, login, visit_id, "服务做完了，手机没电，没能签退")
    desk = supervisor(house, chromium, "liguodong", f"/desk/appeals/{number}")
    desk.page.get_by_role("button", name=re.compile("^申诉成立")).click()
    dialog = desk.page.get_by_role("dialog")
    expect(dialog.get_by_text("手机上没有完整的签到签退")).to_be_visible(timeout=20_000)
    dialog.get_by_label("改为").fill(f"{left.astimezone(SHANGHAI):%H:%M}")
    dialog.get_by_role("button", name="家属证实").click()
    desk.picture("desk-uphold")
    desk.check()
    dialog.get_by_role("button", name=re.compile("^申诉成立")).click()
    until(lambda: state_of(house, visit_id) == "verified", "the visit does not count")
    assert sum(by_program(house, visit_id, "capture").values()) == cents
    desk.context.close()
    caregiver.page.reload()
    expect(caregiver.page.get_by_text("家属证实").first).to_be_visible(timeout=20_000)
    caregiver.context.close()


def test_what_was_paid_in_part_is_made_whole_when_her_appeal_is_upheld(house: House, chromium: Browser) -> None:
    login, visit_id, _, cents = doubted(house, "too_short", "not null")
    judged(house, chromium, visit_id, "按比例认定", "时间不够").context.close()
    part = sum(by_program(house, visit_id, "capture").values())
    assert 0 < part < cents
    caregiver, number = appeal(house, chromium, login, visit_id, "老人要我早点走，事情都做完了")
    desk = supervisor(house, chromium, "liguodong", f"/desk/appeals/{number}")
    desk.page.get_by_role("button", name=re.compile("^申诉成立")).click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("家属证实提前结束是老人的意思")
    desk.check()
    dialog.get_by_role("button", name=re.compile("Enter")).click()
    until(lambda: sum(by_program(house, visit_id, "capture").values()) == cents, "the rest was not paid")
    desk.context.close()
    caregiver.context.close()
