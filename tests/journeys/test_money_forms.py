"""Forms of money that show and write down what was meant: rows of a plan, an account, a proof of life."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.browser import DESK, somebody
from tests.journeys.house import House, until
from tests.journeys.streams import query, start_shift
from tests.journeys.test_appeals import supervisor

pytestmark = pytest.mark.journey


def alive(house: House, among: str) -> int:
    """The first of some elders who lives here still."""
    return int(query(house, f"select min(id), count(*) from elders where ended_at is null and id in ({among})")[0][0])


def test_a_line_taken_out_of_a_plan_leaves_the_others_their_days(house: House, chromium: Browser) -> None:
    elder_id = alive(house, "select elder_id from care_plans where state = 'agreed'")
    desk = somebody(chromium, house, DESK)
    page = desk.log_in("zhaomin", "desk")
    start_shift(page)
    desk.go(f"/desk/elders/{elder_id}?tab=plan")
    page.get_by_role("button", name=re.compile("^(修改|继续编辑)$")).click()
    lines = page.get_by_role("list", name="服务", exact=True).locator("> li")
    lines.first.wait_for(timeout=20_000)
    before = lines.count()
    for weekday in ("二", "四"):
        page.get_by_role("button", name="添加服务").click()
        days = lines.last.get_by_role("group", name="星期")
        days.get_by_role("button", name=weekday, exact=True).click()
        days.get_by_role("button", name="一", exact=True).click()
    lines.nth(before).get_by_role("button", name="删除").click()
    expect(lines).to_have_count(before + 1)
    left = lines.last.get_by_role("group", name="星期").locator("button[aria-pressed=true]")
    expect(left).to_have_text(["四"])
    desk.picture("desk-plan-editor")
    desk.check()
    desk.context.close()


def test_a_new_account_hides_the_number_of_the_one_before(house: House, chromium: Browser) -> None:
    elder_id = alive(house, "select elder_id from payees where way = 'bank'")
    desk = supervisor(house, chromium, "liguodong", f"/desk/elders/{elder_id}")
    page = desk.page
    page.get_by_role("tab", name=re.compile("^津贴")).click()
    account = page.locator(".cash section").filter(has_text="收款账户")
    account.get_by_role("button", name="查看完整账号").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=re.compile("^核对账号")).click()
    dialog.locator("button[type=submit]").click()
    number = account.locator("p b")
    expect(number).to_have_text(re.compile(r"^\d{8,}$"), timeout=20_000)
    before = number.inner_text()
    account.get_by_label("户名").fill("周慧")
    account.get_by_label("开户行").fill("河口农商银行")
    account.get_by_label("账号", exact=True).fill("95588000120120123")
    account.get_by_role("button", name="更换账户").click()
    expect(number).to_have_text(re.compile(r"[* ]+0123$"), timeout=20_000)
    assert before not in account.inner_text()
    desk.check()
    desk.context.close()


def test_a_proof_of_life_is_written_down_by_its_button_not_by_looking_at_the_ways(
    house: House, chromium: Browser
) -> None:
    desk = supervisor(house, chromium, "liguodong", "/desk/allowances/proofs")
    page = desk.page
    row = page.get_by_role("row").filter(has=page.get_by_role("combobox")).first
    row.wait_for(timeout=20_000)
    counted = "select count(*) from proofs_of_life"
    before = query(house, counted)[0][0]
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if "/proofs" in request.url else None)
    row.get_by_role("combobox").select_option(label="上门")
    button = row.get_by_role("button", name="登记认证")
    expect(button).to_be_enabled()
    assert "POST" not in sent
    desk.picture("desk-proofs")
    desk.check()
    button.click()
    until(lambda: query(house, counted)[0][0] == before + 1, "the proof was not written down")
    desk.context.close()


def test_a_changed_rule_is_tried_once_and_whoever_asked_is_taken_to_the_answer(house: House, chromium: Browser) -> None:
    def asked() -> int:
        return int(query(house, "select count(*) from what_ifs")[0][0])

    desk = supervisor(house, chromium, "liguodong", "/desk/programs")
    page, before = desk.page, asked()
    page.get_by_role("button", name="起草新版本").click()
    dialog = page.get_by_role("dialog")
    amount = dialog.locator("input[type=number]").nth(2)
    amount.fill("-5")
    dialog.get_by_role("button", name="先试算").click()
    expect(amount).to_be_focused()  # the browser says at the field what is wrong with it
    assert asked() == before
    amount.fill("400")
    dialog.get_by_role("button", name="先试算").dblclick()
    answer = dialog.get_by_text(re.compile(r"^共 \d+ 次服务"))
    expect(answer).to_be_in_viewport(timeout=20_000)
    assert asked() == before + 1
    desk.picture("desk-what-if")
    desk.check()
    desk.context.close()
