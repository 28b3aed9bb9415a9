"""From an order at the desk to a button that rings: installer, operator, and a real press after."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from playwright.sync_api import Browser, Page, expect

from devices.simulator import Fleet
from tests.journeys.browser import DESK, PHONE, somebody
from tests.journeys.house import House, until
from tests.journeys.streams import query, start_shift

WIRE = "YL8031527"
SLOW = 20_000  # milliseconds a screen may take


@dataclass
class Installation:
    """A pendant for somebody who has called nobody yet."""

    house: House
    chromium: Browser

    def walk(self) -> None:
        """Ordered, placed, pressed, heard, in service; and the next press is a real one."""
        self._into_stock()
        self._choose()
        self._order()
        operator = somebody(self.chromium, self.house, DESK)
        desk = operator.log_in("sunlei", "desk")
        start_shift(desk)
        installer = somebody(self.chromium, self.house, PHONE)
        phone = installer.log_in(self.login, "phone")
        with self._fleet() as fleet:
            until(lambda: fleet.connected() > 0, "the button has no connection")
            self._place(phone)
            installer.picture("phone-install-test")
            installer.check()
            fleet.press(WIRE)
            expect(phone.get_by_text("响了！请等话务员确认。")).to_be_visible(timeout=SLOW)
            test = until(self._alarms, "the press is no alarm")
            assert [(marked, state) for marked, state in test] == [(True, "ringing")]
            desk.get_by_role("link", name=re.compile(self.name)).first.click()
            expect(desk.get_by_role("heading", name=re.compile("安装测试"))).to_be_visible(timeout=SLOW)
            operator.picture("desk-install-test")
            operator.check()
            desk.get_by_role("button", name=re.compile("^听到了")).click()
            expect(phone.get_by_text("装好了，能响")).to_be_visible(timeout=SLOW)
            installer.picture("phone-install-done")
            installer.check()
            assert self._device() == [("active", self.elder)]
            fleet.press(WIRE)
            until(lambda: (False, "ringing") in self._alarms(), "the next press is no real alarm")
            expect(desk.get_by_text("一键呼叫").first).to_be_visible(timeout=SLOW)
        installer.context.close()
        operator.context.close()

    def _order(self) -> None:
        """The dispatcher orders it on the elder's page."""
        dispatcher = somebody(self.chromium, self.house, DESK)
        page = dispatcher.log_in("hanxue", "desk")
        dispatcher.go(f"/desk/elders/{self.elder}")
        page.get_by_role("tab", name=re.compile("^设备")).click()
        page.get_by_role("button", name="开安装单").click()
        page.get_by_label("型号").select_option("yl-pendant")
        page.get_by_label("位置").fill("颈挂")
        page.get_by_label("最早").fill("00:00")
        page.get_by_label("最晚").fill("23:59")
        page.get_by_label("谁去装").select_option(str(self.installer))
        dispatcher.picture("desk-install-order")
        dispatcher.check()
        page.get_by_role("button", name=re.compile("^下单")).click()
        expect(page.get_by_text("待上门")).to_be_visible(timeout=SLOW)
        dispatcher.picture("desk-elder-devices")
        dispatcher.check()
        dispatcher.context.close()

    def _place(self, page: Page) -> None:
        """The installer goes there, types the number, says where it is worn, and begins the test."""
        page.get_by_role("button", name=re.compile(self.name)).click()
        page.get_by_role("button", name="我到了").click()
        page.get_by_label("设备标签上的号码").fill(WIRE)
        page.get_by_role("button", name="下一步").click()
        page.get_by_role("button", name="颈挂").click()
        page.get_by_role("button", name="装好了").click()
        page.get_by_role("button", name="开始测试").click()
        expect(page.get_by_text("请老人按住按钮")).to_be_visible(timeout=SLOW)

    def _choose(self) -> None:
        """An elder who has called nobody and lives alone in her home, and a caregiver with a login."""
        elders = query(
            self.house,
            "select e.id, e.name from elders e where e.ended_at is null"
            " and not exists (select 1 from alarms a where a.elder_id = e.id)"
            " and (select count(*) from elders o where o.name = e.name) = 1 order by e.id desc limit 1",
        )
        self.elder, self.name = int(elders[0][0]), str(elders[0][1])
        people = query(
            self.house,
            "select u.login, c.id from users u join caregivers c on c.id = u.caregiver_id"
            " where u.ended_at is null and c.ended_at is null order by c.responder desc, c.id limit 1",
        )
        self.login, self.installer = str(people[0][0]), int(people[0][1])

    def _into_stock(self) -> None:
        url = self.house.env["YINLING_DATABASE_OWNER_URL"].replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(url, connect_timeout=3) as connection:
            connection.execute(
                "insert into devices (district_id, division_code, wire_id, model_id, state, link)"
                " select id, lpad(id::text, 6, '0') || '000000', %s, 'yl-pendant', 'in_stock', 'unknown'"
                " from districts order by id limit 1",
                [WIRE],
            )

    def _alarms(self) -> list[tuple[bool, str]]:
        """Of this device: whether each is marked as a test, and its state."""
        rows = query(self.house, "select test_id is not null, state from alarms where wire_id = %s order by id", WIRE)
        return [(bool(marked), str(state)) for marked, state in rows]

    def _device(self) -> list[Any]:
        return query(self.house, "select state, elder_id from devices where wire_id = %s", WIRE)

    def _fleet(self) -> Fleet:
        url = self.house.env["YINLING_GATEWAY_MQTT_URL"]
        parts = urlsplit(url)
        account = (unquote(parts.username or ""), unquote(parts.password or ""))
        return Fleet(url, [WIRE], account, repeat=(2.0, 5.0))
