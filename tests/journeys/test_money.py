"""Money as people meet it: a death told in mid-month stops what must stop."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.browser import DESK, somebody
from tests.journeys.house import House
from tests.journeys.streams import query, start_shift

pytestmark = pytest.mark.journey


def somebody_served(house: House) -> tuple[int, str]:
    """An elder with booked visits ahead and an allowance of this month."""
    row = query(
        house,
        "select e.id, e.name, count(*) from elders e join visits v on v.elder_id = e.id"
        " where e.ended_at is null and v.opens > now() + interval '1 day' and v.allowance_cents > 0"
        " and v.state in ('waiting', 'planned', 'published')"
        " and not exists (select from alarms a where a.elder_id = e.id)"
        " and not exists (select from devices d where d.elder_id = e.id and d.state = 'active')"
        " group by e.id, e.name order by 3 desc, e.id limit 1",
    )[0]
    return row[0], row[1]


def stands(house: House, elder_id: int) -> tuple[Any, ...]:
    """Her visits ahead, cents reserved for them, and cents granted for next month."""
    found: tuple[Any, ...] = query(
        house,
        "select count(*), coalesce(sum(v.allowance_cents), 0)::int, (select coalesce(sum(granted_cents), 0)::int"
        "   from entitlements t where t.elder_id = %s and t.month > (now() at time zone 'Asia/Shanghai')::date)"
        " from visits v where v.elder_id = %s and v.opens > now() + interval '1 day'"
        " and v.state in ('waiting', 'planned', 'published')",
        elder_id,
        elder_id,
    )[0]
    return found


def test_a_death_in_mid_month_stops_what_must_stop_and_her_money_says_so(house: House, chromium: Browser) -> None:
    elder_id, name = somebody_served(house)
    before = stands(house, elder_id)
    assert all(before), before
    operator = somebody(chromium, house, DESK)
    page = operator.log_in("zhaomin", "desk")
    start_shift(page)
    operator.go(f"/desk/elders/{elder_id}")
    page.get_by_role("button", name="变动登记").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="去世").click()
    dialog.get_by_role("combobox").select_option("family")
    dialog.get_by_role("button", name="会有什么影响").click()
    expect(dialog.get_by_text(re.compile(r"取消 \d+ 次服务"))).to_be_visible(timeout=20_000)
    assert stands(house, elder_id) == before, "looking changes nothing"
    operator.picture("desk-life-event")
    operator.check()
    dialog.get_by_role("button", name="登记", exact=True).click()
    expect(dialog.get_by_role("article").filter(has_text="去世")).to_be_visible(timeout=20_000)
    assert stands(house, elder_id) == (0, 0, 0), "nobody is sent to her door, and next month's money is taken back"
    operator.go(f"/desk/elders/{elder_id}/money")
    expect(page.get_by_text(name).first).to_be_visible(timeout=20_000)
    operator.picture("desk-money-death")
    operator.check()
    operator.context.close()
