"""A caregiver's phone that can lose its network, its browser and its login, before a visit that is hers at any hour."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from tests.journeys.browser import PHONE, QUIET, executable
from tests.journeys.house import House, until
from tests.journeys.streams import query

SLOW = 30_000  # milliseconds a screen may take
CACHED = "caches.match('/phone/').then(kept => Boolean(kept) && Boolean(navigator.serviceWorker.controller))"


@dataclass
class Promise:
    """A visit a caregiver has before her, and the moment ten minutes before it: in a demo the phone may bring it."""

    attendance: int
    login: str
    at: datetime
    before: str
    since: int

    @classmethod
    def find(cls, house: House, item: str = "", *, colleagues: bool = False) -> "Promise":
        """The first nobody has begun, of somebody with a login; of this item, if there is one.

        With `colleagues` of the provider that has most of them: only they may go instead.
        """
        rows = query(
            house,
            "select a.id, u.login, a.starts_at, a.state, (select coalesce(max(id), 0) from visit_events)"
            " from attendances a join users u on u.caregiver_id = a.caregiver_id"
            " join visits v on v.id = a.visit_id"
            " where a.state in ('assigned', 'accepted') and v.state = 'published' and u.ended_at is null"
            " order by %s * (select sum(1) from shifts s join caregivers c"
            " on c.id = s.caregiver_id where c.provider_id = a.provider_id) desc, v.item_code = %s desc, a.id limit 1",
            int(colleagues),
            item,
        )
        assert rows, "nobody has a visit before her"
        return cls(
            int(rows[0][0]), str(rows[0][1]), rows[0][2] - timedelta(minutes=10), str(rows[0][3]), int(rows[0][4])
        )

    def state(self, house: House) -> str:
        """Of her part of the visit, as the server has it."""
        return str(query(house, "select state from attendances where id = %s", self.attendance)[0][0])

    def heard(self, house: House) -> list[str]:
        """The kinds of events the server has kept, each once."""
        rows = query(
            house,
            "select kind from visit_events where attendance_id = %s and id > %s order by device, seq",
            self.attendance,
            self.since,
        )
        return [str(kind) for (kind,) in rows]

    def give_back(self, house: House) -> None:
        """As it was, for the next journey: nobody had begun it."""
        query(
            house,
            "with flaws as (delete from visit_flaws where attendance_id = %s), begun as (update visits set state ="
            " 'published' where id = (select visit_id from attendances where id = %s) and state = 'under_way')"
            " update attendances set state = %s, arrived_at = null, started_at = null where id = %s"
            " and state <> 'finished' returning id",
            self.attendance,
            self.attendance,
            self.before,
            self.attendance,
        )


@dataclass
class Phone:
    """One browser profile, which outlives its browser."""

    house: House
    chromium: Browser
    profile: Path
    promise: Promise
    context: BrowserContext
    page: Page
    wire: CDPSession | None = None
    film: Path | None = None

    @classmethod
    @contextmanager
    def of(
        cls, house: House, chromium: Browser, profile: Path, promise: Promise, *, film: Path | None = None
    ) -> Iterator["Phone"]:
        """Logged in, its page and her day kept; its camera sees the film."""
        phone = cls(house, chromium, profile, promise, *_opened(chromium, profile, promise, film), film=film)
        try:
            phone.page.goto(f"{house.url}/phone/")
            phone.log_in()
            until(lambda: phone.page.evaluate(CACHED), "the page is not kept")
            yield phone
        finally:
            phone.context.close()
            promise.give_back(house)

    def log_in(self) -> None:
        """Through the form."""
        self.page.locator("input[name=username]").fill(self.promise.login)
        self.page.locator("input[type=password]").fill(self.house.password)
        self.page.locator("form .big").click()
        self.page.wait_for_url("**/phone/#today", timeout=SLOW)
        self.open_visit()

    def open_visit(self) -> None:
        """The visit on the whole screen."""
        self.page.goto(f"{self.house.url}/phone/#visit/{self.promise.attendance}")
        expect(self.page.locator("main.visit")).to_be_visible(timeout=SLOW)

    def press(self, *, times: int = 1) -> None:
        """The big button, as often as said; each press changes its words."""
        for _ in range(times):
            big = self.page.locator("main.visit .big").first
            words = big.inner_text()
            big.click()
            expect(self.page.locator("main.visit .big").first).not_to_have_text(words, timeout=SLOW)
            expect(self.page.locator("main.visit .big").first).to_be_enabled(timeout=SLOW)  # it rests after a tap

    def cut(self, off: bool = True) -> None:
        """No network at all, or again some."""
        self.context.set_offline(off)

    def reboot(self, *, room: int | None = None) -> None:
        """The browser's process ends and another begins, without network, with what the disk holds and its room, bytes.

        A browser asks for the room it has when it starts, and then believes it for minutes.
        """
        self.context.close()
        self.context, self.page = _opened(self.chromium, self.profile, self.promise, self.film)
        if room is not None:
            self.wire = self.context.new_cdp_session(self.page)  # the limit lives as long as this
            self.wire.send("Storage.overrideQuotaForOrigin", {"origin": self.house.url, "quotaSize": room})
        self.cut()
        self.open_visit()

    def leave_early(self) -> tuple[int, int]:
        """What could be done is done, the rest said; she leaves at half time. The visit's number and its minutes."""
        page, promise = self.page, self.promise
        visit, minutes = query(
            self.house,
            "select v.id, v.minutes from visits v join attendances a on a.visit_id = v.id where a.id = %s",
            promise.attendance,
        )[0]
        for task in page.locator(".task").all():
            if task.locator('.outcome[aria-pressed="true"]').count():
                continue
            if task.locator(".outcome").first.is_enabled():
                task.locator(".outcome").first.click()
            else:
                task.locator(".outcome").last.click()
                page.get_by_role("dialog").get_by_role("button", name="身体不适合").click()
            expect(task.locator('.outcome[aria-pressed="true"]')).to_have_count(1, timeout=SLOW)
        self.all_sent()
        later = promise.at + timedelta(minutes=minutes // 2, seconds=30)
        self.context.set_extra_http_headers({"X-Simulated-At": later.isoformat()})
        page.reload()
        self.open_visit()
        page.locator("main.visit .big").first.click()
        page.get_by_role("button", name="不签").click()
        page.get_by_role("button", name="老人不愿意签").click()
        page.get_by_role("button", name="老人要求早点结束").click()
        self.all_sent()
        until(lambda: promise.state(self.house) == "finished", "the visit is not over")
        promise.before = "finished"  # and stays so
        return int(visit), int(minutes)

    def outbox(self) -> list[tuple[str, str]]:
        """Standing and number of what the disk holds, in order."""
        rows = self.page.evaluate(
            """() => new Promise((done) => {
              const asked = indexedDB.open('yinling-phone')
              asked.onsuccess = () => {
                const all = asked.result.transaction('events').objectStore('events').index('seq').getAll()
                all.onsuccess = () => (asked.result.close(), done(all.result.map((row) => [row.standing, row.seq])))
              }
            })"""
        )
        return [(str(standing), str(seq)) for standing, seq in rows]

    def all_sent(self) -> None:
        """Nothing is left to send."""
        until(
            lambda: self.outbox() and all(s in ("accepted", "attention") for s, _ in self.outbox()), "records are left"
        )


def _opened(
    chromium: Browser, profile: Path, promise: Promise, film: Path | None = None
) -> tuple[BrowserContext, Page]:
    eyes = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"] if film else []
    context = chromium.browser_type.launch_persistent_context(
        profile, executable_path=executable(), args=[*QUIET, *eyes], headless=True, viewport=PHONE,  # type: ignore[arg-type]
        locale="zh-CN", timezone_id="Asia/Shanghai", is_mobile=True, has_touch=True, reduced_motion="reduce",
        extra_http_headers={"X-Simulated-At": promise.at.isoformat()},
    )  # fmt: skip
    return context, context.pages[0] if context.pages else context.new_page()
