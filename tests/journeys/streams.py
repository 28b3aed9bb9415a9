"""The two streams as people walk them: a booked haircut to the last cent, a pressed button to a verdict."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import psycopg
from playwright.sync_api import Browser, Locator, Page, expect

from devices.simulator import Fleet
from tests.journeys.browser import DESK, PHONE, Person, somebody
from tests.journeys.house import House, until

SHANGHAI = ZoneInfo("Asia/Shanghai")
Between = Callable[[str], None]


def nothing(step: str) -> None:
    """An undisturbed journey."""


def ask(page: Page, path: str) -> Any:
    """What the API answers to whoever is logged in here; asked again while a process is being restarted."""

    def answer() -> Any:
        try:
            response = page.request.get(page.url.split("/desk")[0] + path)
        except Exception:
            return None
        return json.loads(response.body()) if response.ok else None

    return until(answer, f"no answer to {path}")


def query(house: House, statement: str, *values: Any) -> list[Any]:
    """Straight from the database, as its owner."""
    url = house.env["YINLING_DATABASE_OWNER_URL"].replace("postgresql+psycopg", "postgresql")

    def rows() -> list[Any] | None:
        try:
            with psycopg.connect(url, connect_timeout=3) as connection:
                return connection.execute(statement, values).fetchall()
        except psycopg.OperationalError:
            return None

    return list(until(lambda: rows() or [], "the database does not answer") if "count" in statement else rows() or [])


def start_shift(page: Page) -> None:
    """Go on duty and hear the test tone; somebody already on duty is not asked."""
    if ask(page, "/api/shift")["on"]:
        return
    page.get_by_role("button", name="上岗并试音").click()
    page.get_by_role("button", name="听到了").click()


def press_until(page: Page, name: str, done: Callable[[], bool], seconds: float = 40) -> None:
    """Press a button, again if a process was just being restarted, until its effect is seen."""

    def pressed() -> bool:
        if done():
            return True
        button = page.get_by_role("button", name=re.compile(name)).first
        if button.is_visible() and button.is_enabled():
            button.click()
            page.wait_for_timeout(1200)
        return done()

    until(pressed, f"pressing {name} had no effect", seconds)


@dataclass
class OrderStream:
    """Somebody needs a haircut tomorrow."""

    house: House
    chromium: Browser
    between: Between = nothing
    hours: tuple[str, str] = ("14:00", "15:30")
    elder: dict[str, Any] = field(default_factory=dict)

    def walk(self) -> None:
        """From the hotline to the ledger."""
        self.tomorrow = (datetime.now(SHANGHAI) + timedelta(days=1)).date()
        self.book()
        self.between("booked")
        self.plan()
        self.between("published")
        self.attend()
        self.between("attended")
        self.settle()

    def book(self) -> None:
        """The operator finds the elder by name and books; the price is told in its parts."""
        operator = somebody(self.chromium, self.house, DESK)
        page = operator.log_in("zhaomin", "desk")
        start_shift(page)
        self.elder = self._somebody_with_allowance(page)
        operator.go("/desk/hotline")
        page.get_by_placeholder("姓名、拼音").fill(self.elder["name"])
        page.get_by_role("main").get_by_text(self.elder["name"]).first.click()  # an alarm of hers stands above
        page.get_by_role("group", name="服务项目").get_by_text("上门理发").click()  # her past ones stand beside it
        page.get_by_text("明天", exact=True).click()
        for label, hour in zip(("最早", "最晚"), self.hours, strict=True):
            page.get_by_label(label).fill(hour)
        expect(page.get_by_text("补贴付")).to_be_visible()
        operator.picture("desk-hotline")
        operator.check()
        self.between("quoted")
        press_until(page, "^预约", lambda: bool(self._visit()), 40)
        operator.context.close()

    def plan(self) -> None:
        """The dispatcher drafts the day, looks at it three ways and publishes."""
        dispatcher = somebody(self.chromium, self.house, DESK)
        page = dispatcher.log_in("hanxue", "desk")
        dispatcher.go(f"/desk/board/{self.tomorrow}")
        press_until(page, "排这一天|重新排", lambda: self._state() == "planned", 90)
        self.between("drafted")
        expect(page.get_by_role("button", name=re.compile("^发布"))).to_be_visible(timeout=20_000)
        dispatcher.picture("desk-board-lanes")
        dispatcher.check()
        page.keyboard.press("t")
        expect(page.get_by_role("columnheader", name="约定时段")).to_be_visible()
        page.keyboard.press("g")
        expect(page.locator("canvas").first).to_be_visible(timeout=20_000)
        page.wait_for_timeout(1500)
        dispatcher.picture("desk-board-map")
        page.keyboard.press("l")
        press_until(page, "^发布", lambda: self._confirm(page) or self._state() == "published", 60)
        dispatcher.context.close()

    def attend(self) -> None:
        """The caregiver does what the phone says, one big button after the other."""
        login, starts, minutes = self._assigned()
        caregiver = somebody(self.chromium, self.house, PHONE)
        caregiver.at(starts - timedelta(minutes=40))
        lat, lon = self._place()
        caregiver.context.set_geolocation({"latitude": lat, "longitude": lon, "accuracy": 12})
        page = caregiver.log_in(login, "phone")
        page.get_by_text(self.elder["name"]).first.wait_for(timeout=20_000)
        caregiver.picture("phone-today")
        caregiver.check()
        self._open(page)
        for name, state, at in (
            ("^接单$", "accepted", starts - timedelta(minutes=35)),
            ("^出发$", "on_the_way", starts - timedelta(minutes=20)),
            ("^我到了$", "arrived", starts - timedelta(minutes=2)),
            ("^开始服务$", "in_service", starts),
        ):
            caregiver.at(at)
            self.between(state)
            self._step(page, name, state)
        caregiver.picture("phone-service")
        caregiver.check()
        caregiver.at(starts + timedelta(minutes=minutes + 1))
        page.reload()
        self._open(page)
        self._step(page, "^完成$", "finished")
        caregiver.picture("phone-finished")
        caregiver.context.close()

    def settle(self) -> None:
        """It verified itself; the elder's month shows the cents and the visit behind them."""
        until(lambda: self._state() == "verified", f"the visit is {self._state()}: {self._flaws()}; not verified", 30)
        operator = somebody(self.chromium, self.house, DESK)
        page = operator.log_in("zhaomin", "desk")
        visit = self._visit()
        month = ask(page, f"/api/elders/{self.elder['id']}/month?month={self.tomorrow:%Y-%m}")
        captured = [line for line in month["lines"] if line["visit_id"] == visit[0] and line["kind"] == "capture"]
        assert sum(line["amount_cents"] for line in captured) == 2000, month["lines"][-5:]
        operator.go(f"/desk/elders/{self.elder['id']}")
        page.wait_for_timeout(1500)
        operator.picture("desk-elder")
        operator.check()
        operator.context.close()

    def _step(self, page: Page, name: str, state: str) -> None:
        def reached() -> bool:
            for word in ("都做了，完成", "都做完了"):
                if (sheet := page.get_by_role("button", name=word)).is_visible():
                    sheet.click()
                    page.wait_for_timeout(800)
            if (hand := page.get_by_role("img", name="在这里签名")).is_visible():
                self._sign(page, hand)
            return self._attendance() == state

        press_until(page, name, reached, 60)

    def _sign(self, page: Page, hand: Locator) -> None:
        """She writes her name with a finger."""
        box = hand.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 40, box["y"] + 40)
        page.mouse.down()
        for n in range(1, 12):
            page.mouse.move(box["x"] + 40 + 18 * n, box["y"] + 40 + (n % 3) * 25)
        page.mouse.up()
        page.get_by_role("button", name="签好了，完成").click()

    def _open(self, page: Page) -> None:
        """The visit's own page, where the big button is this visit's."""
        if "#visit" not in page.url:
            page.get_by_text(self.elder["name"]).first.click(timeout=20_000)
        page.get_by_text(self.elder["name"]).first.wait_for(timeout=20_000)

    def _confirm(self, page: Page) -> bool:
        sure = page.get_by_role("dialog").get_by_role("button", name=re.compile("发布"))
        if sure.count() and sure.first.is_visible():
            sure.first.click()
            page.wait_for_timeout(1500)
        return False

    def _somebody_with_allowance(self, page: Page) -> dict[str, Any]:
        """Whom nobody else visits about that hour."""
        month, apart = self.tomorrow.replace(day=1), timedelta(hours=2)
        first, last = (datetime.combine(self.tomorrow, time.fromisoformat(hour), SHANGHAI) for hour in self.hours)
        rows = query(
            self.house,
            "select e.id, e.name from elders e join entitlements t on t.elder_id = e.id and t.month = %s"
            " where e.ended_at is null and not exists (select from life_events l where l.elder_id = e.id)"
            " and t.free_cents >= 2000 and (e.division_code like '370503001%%' or e.division_code like '370503002%%')"
            " and not exists (select from visits v where v.elder_id = e.id"
            " and v.opens < %s and v.closes > %s and v.item_code not like 'RENT%%')"
            " and not exists (select from visits v where v.elder_id = e.id"
            " and v.item_code = 'HAIR' and v.opens > now() and v.opens < now() + interval '4 days')"
            " order by exists(select from visits v where v.elder_id = e.id and v.opens::date - %s between -1 and 1),"
            " t.free_cents desc, e.id limit 1",
            month,
            last + apart,
            first - apart,
            self.tomorrow,
        )
        assert rows, "nobody has allowance left"
        return {"id": rows[0][0], "name": rows[0][1]}

    def _visit(self) -> Any:
        rows = query(
            self.house,
            "select v.id, v.state, v.starts_at, v.minutes from visits v join service_items i on i.id = v.item_id"
            " join orders o on o.id = v.order_id where v.elder_id = %s and i.code = 'HAIR' and v.opens > now()"
            " and v.opens < now() + interval '3 days' and o.state <> 'received' order by v.id desc limit 1",
            self.elder["id"],
        )
        return rows[0] if rows else None

    def _flaws(self) -> Any:
        return query(self.house, "select flaw, facts from visit_flaws where visit_id = %s", self._visit()[0])

    def _state(self) -> str | None:
        visit = self._visit() or query(
            self.house,
            "select id, state from visits where elder_id = %s and item_code = 'HAIR' order by id desc limit 1",
            self.elder["id"],
        )
        return visit[1] if visit and not isinstance(visit, list) else visit[0][1] if visit else None

    def _assigned(self) -> tuple[str, datetime, int]:
        row = query(
            self.house,
            "select u.login, a.starts_at, v.minutes from attendances a join users u on u.caregiver_id = a.caregiver_id"
            " join visits v on v.id = a.visit_id where v.id = %s and a.state = 'assigned'",
            self._visit()[0],
        )[0]
        return row[0], row[1], row[2]

    def _attendance(self) -> str:
        rows = query(
            self.house, "select state from attendances where visit_id = %s order by id desc limit 1", self._visit()[0]
        )
        return str(rows[0][0]) if rows else ""

    def _place(self) -> tuple[float, float]:
        row = query(
            self.house,
            "select d.lat, d.lon from elders e join divisions d on d.code = e.division_code where e.id = %s",
            self.elder["id"],
        )[0]
        return row[0], row[1]


@dataclass
class AlarmStream:
    """Somebody presses the button round their neck."""

    house: House
    chromium: Browser
    between: Between = nothing

    def walk(self) -> None:
        """From the press to the verdict."""
        operator = somebody(self.chromium, self.house, DESK)
        page = operator.log_in("sunlei", "desk")
        start_shift(page)
        before = self._last()
        with self._fleet() as fleet:
            until(lambda: fleet.connected() > 0, "the button has no connection")
            fleet.press(self.wire_id)
            self.between("pressed")
            until(lambda: not fleet.unacked(), "the platform did not acknowledge the press", 60)
        self.alarm = until(lambda: self._last() if self._last() != before else None, "no alarm was raised")
        expect(page.get_by_text("一键呼叫").first).to_be_visible(timeout=20_000)
        operator.picture("desk-alarm-ringing")
        operator.check()
        operator.go(f"/desk/alarms/{self.alarm}")
        press_until(page, "^接警 ?空格|^接警", lambda: self._state() != "ringing")
        self.between("claimed")
        page.wait_for_timeout(1500)
        operator.picture("desk-alarm-claimed")
        operator.check()
        self._call(page)
        self.between("contacted")
        self._send(page)
        self.between("dispatched")
        press_until(page, "^已到场", lambda: self._state() in ("on_site", "follow_up"))
        press_until(page, "^转回访", lambda: self._state() == "follow_up")
        self.between("on site")
        self._close(page, operator)
        operator.context.close()

    def _call(self, page: Page) -> None:
        """Ring somebody and write down what came of it."""

        def recorded() -> bool:
            result = page.get_by_role("button", name=re.compile("^需要帮助|^已接通")).first
            if result.is_visible():
                result.click()
                page.wait_for_timeout(800)
            return self._state() == "contacting"

        press_until(page, "^拨打|^呼叫设备", recorded, 60)

    def _send(self, page: Page) -> None:
        def sent() -> bool:
            sure = page.get_by_role("dialog").get_by_role("button", name=re.compile("^派"))
            if sure.count() and sure.first.is_visible():
                sure.first.click()
                page.get_by_role("dialog").wait_for(state="hidden")
            return self._state() in ("dispatched", "on_site")

        press_until(page, "^派", sent, 60)

    def _close(self, page: Page, operator: Person) -> None:
        def closed() -> bool:
            dialog = page.get_by_role("dialog")
            if dialog.count() and dialog.first.is_visible():
                dialog.get_by_text("误触").first.click()
                dialog.get_by_role("button", name=re.compile("^结案")).first.click()
                page.wait_for_timeout(1000)
            return self._state() == "closed"

        press_until(page, "^结案", closed, 60)
        operator.picture("desk-alarm-closed")

    def _fleet(self) -> Fleet:
        rows = query(
            self.house,
            "select d.wire_id from devices d where d.state = 'active' and d.model_id = 'yl-pendant' and not exists"
            " (select 1 from alarms a where a.elder_id = d.elder_id) order by d.id limit 1",
        )
        self.wire_id = str(rows[0][0])
        url = self.house.env["YINLING_GATEWAY_MQTT_URL"]
        parts = urlsplit(url)
        account = (unquote(parts.username or ""), unquote(parts.password or ""))
        return Fleet(url, [self.wire_id], account, repeat=(2.0, 5.0))

    def _last(self) -> int:
        return int(query(self.house, "select coalesce(max(id), 0), count(*) from alarms")[0][0])

    def _state(self) -> str:
        return str(query(self.house, "select state, count(*) from alarms where id = %s group by 1", self.alarm)[0][0])
