"""Money from the bedside to the statement, and over a month's end: every cent is followed."""

import re
from datetime import date, datetime, time, timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.books import Paid, month_of, moves, turn_to, yuan
from tests.journeys.browser import DESK, PHONE, Person, somebody
from tests.journeys.house import House, until
from tests.journeys.streams import SHANGHAI, query, start_shift
from tests.journeys.test_appeals import by_program, judged, state_of, supervisor
from tests.journeys.test_assessments import assess

pytestmark = pytest.mark.journey


def enlist(house: House, chromium: Browser, elder_id: int) -> None:
    """Onto the voucher's list, with the approval's number; what she gets and why is told at once."""
    person = supervisor(house, chromium, "liguodong", f"/desk/elders/{elder_id}")
    page = person.page
    page.get_by_text("为什么是这些补贴").click()
    expect(page.get_by_text(re.compile("养老服务消费补贴：不享受")).first).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="列入名单").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("补贴项目").select_option(label="养老服务消费补贴")
    dialog.get_by_label("批准文号").fill("民政通 2026-00077")
    person.picture("desk-enrol")
    person.check()
    dialog.get_by_role("button", name="列入名单").click()
    expect(page.get_by_text(re.compile("民政通 2026-00077"))).to_be_visible(timeout=20_000)
    person.picture("desk-eligible")
    person.check()
    person.context.close()


def settled(house: House, chromium: Browser, visit_id: int, month: date) -> None:
    """The statement goes to the provider and through two supervisors to its lock; the visit stands in it."""
    provider_id, manager, name, order_id, entitlements = query(
        house,
        "select v.provider_id, (select login from users u where u.provider_id = v.provider_id and u.role = 'manager'"
        " limit 1), e.name, v.order_id, (select array_agg(l.entitlement_id) from ledger_entries l"
        "  where l.visit_id = v.id and l.kind = 'capture' and l.entitlement_id is not null)"
        " from visits v join elders e on e.id = v.elder_id where v.id = %s",
        visit_id,
    )[0]
    number = int(house.clockwork("draw", provider_id, month))
    assert query(house, "select allowance_cents, payers from statement_lines where statement_id = %s and visit_id = %s",
                 number, visit_id) == [(2000, {"voucher": 800, "district_purchase": 1200})]  # fmt: skip
    path = f"/desk/settlement/{number}"
    first = supervisor(house, chromium, "liguodong", path)
    first.page.get_by_role("tab", name=re.compile("^抽查")).click()

    def asked() -> int:
        open_ones = "select count(*) from statement_samples where statement_id = %s and state = 'open'"
        return int(query(house, open_ones, number)[0][0])

    true = first.page.get_by_role("button", name="属实", exact=True)
    for left in range(asked(), 0, -1):
        expect(true).to_have_count(left, timeout=20_000)
        true.first.click()
    until(lambda: not asked(), "what they said was not written down")
    second, provider = supervisor(house, chromium, "wujun", path), supervisor(house, chromium, manager, path)
    moves(first, number, "发给服务商", "issued")
    moves(provider, number, "确认", "agreed")
    moves(first, number, "初审通过", "checked")
    first.page.reload()
    first.page.get_by_role("tab", name="经过").wait_for(timeout=20_000)
    expect(first.page.get_by_role("button", name=re.compile("^复审通过"))).to_have_count(0)  # another one's turn
    moves(second, number, "复审通过", "approved")
    moves(second, number, "锁定", "locked")
    second.page.get_by_role("tab", name=re.compile("^明细")).click()
    second.page.get_by_label("项目").select_option(label="上门理发")
    masked = re.compile(rf"{name[0]}.*{name[-1]}")  # she reads no whole names here
    second.page.get_by_role("row").filter(has_text=masked).get_by_role("button", name="来龙去脉").click()
    way = second.page.get_by_role("complementary", name="这笔钱的来龙去脉")
    for step in (f"工单 {visit_id}", f"订单 {order_id}", *(f"额度 {one}" for one in entitlements)):
        expect(way.get_by_text(re.compile(f"{step}$")).first).to_be_visible(timeout=20_000)
    second.picture("desk-statement-locked")
    second.check()
    for person in (first, second, provider):
        person.context.close()


def family_reads(house: House, chromium: Browser, elder_id: int) -> Person:
    """The desk makes a link for her daughter, who opens it on her phone."""
    desk = somebody(chromium, house, DESK)
    page = desk.log_in("zhaomin", "desk")
    start_shift(page)
    desk.go(f"/desk/elders/{elder_id}")
    page.get_by_role("button", name="给家属看").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="生成链接").click()
    link = dialog.locator("input[readonly]").input_value(timeout=20_000)
    desk.context.close()
    family = somebody(chromium, house, PHONE)
    family.page.goto(link)
    return family


def test_from_the_assessment_to_the_locked_statement_and_her_daughters_phone(house: House, chromium: Browser) -> None:
    name = "阎兰英"
    elder_id = int(house.clockwork("newcomer", name))
    assess(house, chromium, elder_id)
    enlist(house, chromium, elder_id)
    stream = Paid(house, chromium, hours=("15:40", "17:00"), who=(elder_id, name))
    stream.book()
    stream.plan()
    before = month_of(house, elder_id, stream.month)
    granted, free, reserved, captured, _ = before["district_purchase"]
    assert before["voucher"] == (50000, 50000 - 800, 800, 0, 0), "two fifths of the price, as the voucher pays"
    assert (reserved, free) == (1200, granted - captured - 1200), "the rest is the district's"

    stream.attend()
    until(lambda: state_of(house, stream.number) == "verified", "the visit does not count")
    visit_id = stream.number
    assert by_program(house, visit_id, "capture") == {"voucher": 800, "district_purchase": 1200}
    after = month_of(house, elder_id, stream.month)
    assert after["voucher"] == (50000, 50000 - 800, 0, 800, 0)
    assert after["district_purchase"] == (granted, free, 0, captured + 1200, 0)
    settled(house, chromium, visit_id, stream.month)

    family = family_reads(house, chromium, elder_id)
    turn_to(family.page, stream.month)
    haircut = family.page.get_by_role("listitem").filter(has_text="上门理发")
    expect(haircut.get_by_text("¥20.00").first).to_be_visible(timeout=20_000)
    left = family.page.locator(".left b")
    expect(left).to_have_text(yuan(sum(one[1] for one in after.values())))
    family.picture("family-month")
    family.check()
    family.context.close()


def test_a_visit_over_the_months_end_is_paid_from_the_month_it_began_in(house: House, chromium: Browser) -> None:
    name = "汤秀兰"
    elder_id = int(house.clockwork("newcomer", name))
    soon = (datetime.now(SHANGHAI) + timedelta(days=1)).date()
    house.clockwork("grant", elder_id, soon.replace(day=1))
    stream = Paid(house, chromium, hours=("10:40", "13:30"), who=(elder_id, name))
    stream.book()
    stream.plan()
    stream.attend(minutes=5)
    visit_id = stream.number
    until(lambda: state_of(house, visit_id) == "held", "a haircut of five minutes was not looked at")
    month, after = stream.month, (stream.month + timedelta(days=32)).replace(day=1)
    granted, free, reserved, captured, _ = month_of(house, elder_id, month)["district_purchase"]
    assert reserved >= 2000
    midnight = datetime.combine(after, time(), SHANGHAI)
    query(
        house,
        "update visits set opens = %s, closes = %s, starts_at = %s where id = %s returning id",
        midnight - timedelta(hours=1), midnight - timedelta(minutes=10), midnight - timedelta(minutes=15), visit_id,
    )  # fmt: skip
    house.clockwork("turn", elder_id, month)
    turned = month_of(house, elder_id, month)["district_purchase"]
    assert turned == (granted, 0, reserved, captured, free), "what was promised to the visit waits for it"
    new = month_of(house, elder_id, after)
    free_ahead = sum(one[1] for one in new.values())
    assert new["district_purchase"][0] == granted, "and the next month is there, whole"

    desk = judged(house, chromium, visit_id, "核实有效", "电话核实，服务已做完")
    assert by_program(house, visit_id, "capture") == {"district_purchase": 2000}
    spent = month_of(house, elder_id, month)["district_purchase"]
    assert spent == (granted, 0, reserved - 2000, captured + 2000, free)
    assert month_of(house, elder_id, after) == new, "nothing was taken from it"
    page = desk.go(f"/desk/elders/{elder_id}/money")
    turn_to(page, month)
    expect(page.get_by_text("跨月的服务算在开始的月份").first).to_be_visible(timeout=20_000)
    expect(page.get_by_text(re.compile("月底没用完，作废")).first).to_be_visible()
    desk.picture("desk-money-month-end")
    desk.check()
    turn_to(page, after)
    expect(page.locator(".left b")).to_have_text(yuan(free_ahead), timeout=20_000)
    desk.picture("desk-money-new-month")
    desk.check()
    desk.context.close()
