"""Steps of the journeys of money: what is not their point is done as the phones and the desk do it, through the API."""

import re
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import httpx2
from playwright.sync_api import Page, expect

from app.places.rules import Place
from app.simulate.day import Phone
from tests.journeys.browser import Person
from tests.journeys.house import House, until
from tests.journeys.streams import SHANGHAI, OrderStream, press_until, query


@dataclass
class Paid(OrderStream):
    """A haircut of an elder chosen beforehand, booked in the browser; planned and given through the API."""

    who: tuple[int, str] = (0, "")
    phones_time: datetime = field(default_factory=lambda: datetime.now(SHANGHAI))

    def book(self) -> None:
        """The day is the booked one's: tomorrow may have become today meanwhile."""
        self.tomorrow = (datetime.now(SHANGHAI) + timedelta(days=1)).date()
        super().book()
        opens = query(self.house, "select opens from visits where id = %s", self.number)[0][0]
        self.tomorrow = opens.astimezone(SHANGHAI).date()

    def plan(self) -> None:
        """Drafted in a moment and published."""
        with httpx2.Client(base_url=self.house.url, timeout=30) as desk:
            said = desk.post("/api/session", json={"login": "hanxue", "password": self.house.password})
            desk.headers["X-CSRF-Token"] = said.json()["csrf"]
            day = f"/api/board/{self.tomorrow}"
            desk.post(f"{day}/draft", json={"seconds": 1}).raise_for_status()
            until(lambda: self._state() == "planned", "the day was not drafted", 90)
            board = desk.get(day)
            desk.post(f"{day}/publish", headers={"If-Match": board.headers["ETag"]}).raise_for_status()

    def attend(self, minutes: int | None = None) -> None:
        """She comes, does everything and goes; earlier than planned where minutes are given."""
        login, starts, planned = self._assigned()
        self.phones_time = starts - timedelta(minutes=40)
        with closing(Phone(self.house.url, login, self.house.password, lambda: self.phones_time)) as phone:
            self._give(phone, starts, minutes or planned)

    def _give(self, phone: Phone, starts: datetime, minutes: int) -> None:
        visit = next(v for d in phone.days() for v in d["visits"] if v["visit_id"] == self.number)
        place, number = Place(*self._place(), 12.0, "gps"), int(visit["attendance_id"])
        strokes = [[[40 + 20 * n, 75 + n % 3 * 20] for n in range(11)] for _ in range(2)]
        done = [
            ("task", None, {"task": one["code"], "outcome": "done", "reason": None}) for one in visit.get("tasks", ())
        ]
        steps: list[tuple[str, Place | None, dict[str, Any]]] = [
            ("accept", None, {}), ("depart", None, {}), ("arrive", place, {}), ("start", place, {}), *done,
            ("signature", None, {"how": "signed", "strokes": strokes}), ("finish", place, {}),
        ]  # fmt: skip
        at = {"depart": -20, "arrive": -2, "start": 0, "task": 1, "signature": minutes, "finish": minutes}
        for kind, where, data in steps:
            self.phones_time = starts + timedelta(minutes=at.get(kind, -35))
            assert phone.report(number, kind, where, **data) == "accepted", kind

    def _somebody_with_allowance(self, page: Page) -> dict[str, Any]:
        return {"id": self.who[0], "name": self.who[1]}

    @property
    def number(self) -> int:
        """Of the visit."""
        return int(self._visit()[0])

    @property
    def month(self) -> date:
        """Of the service."""
        return self.tomorrow.replace(day=1)


def month_of(house: House, elder_id: int, month: date) -> dict[str, tuple[int, ...]]:
    """Cents granted, free, reserved, captured and expired, by programme."""
    rows = query(
        house,
        "select p.code, granted_cents, free_cents, reserved_cents, captured_cents, expired_cents from entitlements t"
        " join programs p on p.id = t.program_id where t.elder_id = %s and t.month = %s",
        elder_id,
        month,
    )
    return {row[0]: row[1:] for row in rows}


def yuan(cents: int) -> str:
    """As the screens write it."""
    return f"¥{cents / 100:,.2f}"


def turn_to(page: Page, month: date) -> None:
    """Leaf through an elder's money to a month."""
    heading = page.get_by_text(re.compile(r"^\d{4} 年 \d{1,2} 月$"))
    heading.wait_for(timeout=20_000)
    year, number = map(int, re.findall(r"\d+", heading.inner_text()))
    ahead = 12 * (month.year - year) + month.month - number
    for _ in range(abs(ahead)):
        before = heading.inner_text()
        page.get_by_role("button", name=re.compile("下个月" if ahead > 0 else "上个月")).click()
        expect(page.get_by_text(before, exact=True)).to_have_count(0, timeout=20_000)
        heading.wait_for(timeout=20_000)
    assert heading.inner_text() == f"{month.year} 年 {month.month} 月"


def moves(person: Person, statement: int, button: str, state: str) -> None:
    """A press on a statement's button, until it stands where it should."""
    person.page.reload()

    def stands() -> bool:
        found = query(person.house, "select state from statements where id = %s", statement)
        return bool(found[0][0] == state)

    press_until(person.page, f"^{button}", stands)
