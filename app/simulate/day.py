"""A day in the district: caregivers travel, check in and out by the phone's API; devices beat and press by the broker.

Its clock runs `speed` times as fast. In a demo the web process takes the simulated moment of a phone's report from the
header `X-Simulated-At`, so that sixty minutes of service are sixty minutes; anywhere else that header means nothing.
"""

import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import httpx2
import structlog

from app import calendar
from app.config import settings
from app.places.rules import Place

log = structlog.get_logger()
BEGINS: Final = timedelta(hours=7, minutes=50)
ENDS: Final = timedelta(hours=18)
ASK_AGAIN: Final = 20.0  # real seconds between two looks at the plan
TOO_HIGH: Final = 0.05  # of the pressures
FINE: Final = {"water": ("water", 37.0, 40.0), "glucose": ("glucose", 4.8, 9.5)}
NOBODY_HOME, SHORT, NO_FIX = 0.02, 0.015, 0.02


@dataclass
class Clock:
    """Simulated time of one local day; it starts at ten to eight, or now when the day is the real one and under way."""

    day: date
    speed: float
    _began: float = field(default_factory=time.monotonic)
    _offset: timedelta = BEGINS

    @classmethod
    def of(cls, day: date, speed: float, *, now: datetime) -> "Clock":
        """At speed 1 the real day is followed where it stands."""
        since = now - calendar.day_bounds(day)[0]
        follow = speed == 1 and BEGINS < since < ENDS
        return cls(day, speed, _offset=since if follow else BEGINS)

    def now(self) -> datetime:
        """The simulated moment, UTC."""
        passed = timedelta(seconds=(time.monotonic() - self._began) * self.speed)
        return calendar.day_bounds(self.day)[0] + self._offset + passed

    @property
    def over(self) -> bool:
        """The working day has ended."""
        return self.now() - calendar.day_bounds(self.day)[0] > ENDS

    def sleep_until(self, at: datetime, stop: threading.Event) -> bool:
        """Wait; False when the simulation is to stop."""
        left = (at - self.now()).total_seconds() / self.speed
        return not stop.wait(max(0.0, left))


class Phone:
    """One caregiver's phone: logged in, reporting through the API a real one uses."""

    def __init__(self, url: str, login: str, password: str, now: Callable[[], datetime]) -> None:
        self.login, self._now = login, now
        self._http = httpx2.Client(base_url=url, timeout=20)
        self._seq = int(time.time() * 1000)
        answer = self._http.post("/api/session", json={"login": login, "password": password})
        answer.raise_for_status()
        self._http.headers["X-CSRF-Token"] = answer.json()["csrf"]

    def days(self) -> list[dict[str, Any]]:
        """Today's and tomorrow's visits as the phone shows them."""
        return list(self._get("/api/phone/days")["days"])

    def report(self, attendance_id: int, kind: str, place: Place | None = None, /, **data: Any) -> str:
        """Send one event; the answer is what became of it."""
        self._seq += 1
        now = self._now()
        where = {"lat": place.lat, "lon": place.lon, "accuracy_m": place.accuracy_m} if place else None
        event_id = str(uuid.uuid4())
        event = {
            "id": event_id, "kind": kind, "attendance_id": attendance_id, "seq": self._seq,
            "at": now.isoformat(), "offset_ms": 0, "place": where, "data": data,
        }  # fmt: skip
        headers = {"Idempotency-Key": event_id, "X-Simulated-At": now.isoformat()}
        answer = self._http.post("/api/phone/events", json={"events": [event]}, headers=headers)
        answer.raise_for_status()
        return str(answer.json()["results"][0]["outcome"])

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def _get(self, path: str) -> dict[str, Any]:
        answer = self._http.get(path, headers={"X-Simulated-At": self._now().isoformat()})
        answer.raise_for_status()
        return dict(answer.json())


class Worker(threading.Thread):
    """A caregiver who does what her phone says."""

    def __init__(self, rng: random.Random, phone: Phone, clock: Clock, stop: threading.Event) -> None:
        super().__init__(name=phone.login, daemon=True)
        self._rng, self._phone, self._clock, self._halt = rng, phone, clock, stop
        self.done = 0

    def run(self) -> None:
        """Visit after visit until the day is over."""
        while not self._halt.is_set() and not self._clock.over:
            try:
                visit = self._next()
                if visit is None:
                    self._halt.wait(min(ASK_AGAIN, max(2.0, 1200 / self._clock.speed)))
                else:
                    self._attend(visit)
            except (httpx2.HTTPError, KeyError) as error:  # the platform is restarting: a phone tries again
                log.warning("phone", login=self._phone.login, error=type(error).__name__)
                self._halt.wait(3)

    def _next(self) -> dict[str, Any] | None:
        today = str(self._clock.day)
        visits = [v for d in self._phone.days() if d["day"] == today for v in d["visits"]]
        waiting = [v for v in visits if v["state"] in ("assigned", "accepted", "on_the_way", "arrived", "in_service")]
        return min(waiting, key=lambda v: str(v["starts_at"]), default=None)

    def _attend(self, visit: dict[str, Any]) -> None:
        rng, number = self._rng, int(visit["attendance_id"])
        starts = datetime.fromisoformat(visit["starts_at"])
        way = timedelta(minutes=visit["travel_minutes"] or 10)
        state, door = visit["state"], self._door(visit)
        if state == "assigned":
            self._phone.report(number, "accept")
        if state in ("assigned", "accepted"):
            if not self._clock.sleep_until(starts - way + timedelta(seconds=rng.gauss(-120, 120)), self._halt):
                return
            self._phone.report(number, "depart")
        if state in ("assigned", "accepted", "on_the_way"):
            if not self._clock.sleep_until(starts + timedelta(seconds=rng.triangular(-240, 600, -30)), self._halt):
                return
            self._phone.report(number, "arrive", door)
            if rng.random() < NOBODY_HOME:
                self._phone.report(number, "not_delivered", door, reason="no_one_home")
                return
        begun = self._clock.now()
        if state != "in_service":
            self._phone.report(number, "start", door)
        minutes = visit["minutes"] * (0.6 if rng.random() < SHORT else rng.uniform(0.96, 1.08))
        for index, task in enumerate(visit.get("tasks", ())):
            at = begun + timedelta(minutes=minutes * (index + 1) / (len(visit["tasks"]) + 1))
            if not self._clock.sleep_until(at, self._halt):
                return
            outcome, _why = ("done", None) if rng.random() < 0.985 else ("refused", "不愿意")
            if outcome == "done":
                self._measure(visit, task)
            self._phone.report(
                number, "task", task=task["code"], outcome=outcome, reason=None if outcome == "done" else "不愿意"
            )
        if self._clock.sleep_until(begun + timedelta(minutes=minutes), self._halt):
            self._sign(number)
            self._phone.report(number, "finish", door)
            self.done += 1

    def _measure(self, visit: dict[str, Any], task: dict[str, Any]) -> None:
        """The number a task asks for; now and then a pressure is too high and is taken again after a rest."""
        kind, rng, number = task.get("reading"), self._rng, int(visit["attendance_id"])
        if kind == "blood_pressure":
            if rng.random() < TOO_HIGH:
                self._phone.report(number, "reading", kind=kind, task=task["code"], values=_pressure(172))
                if not self._clock.sleep_until(self._clock.now() + timedelta(minutes=15), self._halt):
                    return
            self._phone.report(number, "reading", kind=kind, task=task["code"], values=_pressure(rng.randint(118, 154)))
        elif kind in FINE:
            name, low, high = FINE[kind]
            values = {name: round(rng.uniform(low, high), 1)}
            self._phone.report(number, "reading", kind=kind, task=task["code"], values=values)

    def _sign(self, number: int) -> None:
        """Most sign, some have somebody sign, some cannot."""
        rng, lot = self._rng, self._rng.random()
        if lot < 0.1:
            self._phone.report(number, "signature", how="refused", reason="cannot_write")
            return
        who: dict[str, Any] = {} if lot < 0.85 else {"who": "家属", "relation": "child"}
        strokes = [[[40 + 20 * n + rng.randint(-4, 4), 75 + rng.randint(-30, 30)] for n in range(11)] for _ in range(2)]
        self._phone.report(number, "signature", None, how="proxy" if who else "signed", strokes=strokes, **who)

    def _door(self, visit: dict[str, Any]) -> Place | None:
        place = visit.get("place")
        if not place or self._rng.random() < NO_FIX:
            return None
        jitter = 0.00012
        return Place(
            place["lat"] + self._rng.gauss(0, jitter), place["lon"] + self._rng.gauss(0, jitter),
            round(self._rng.uniform(6, 35), 1), "gps",
        )  # fmt: skip


def _pressure(systolic: int) -> dict[str, int]:
    return {"systolic": systolic, "diastolic": round(systolic * 0.56)}


def run(
    *, url: str, password: str, logins: list[str], speed: float, seed: int, stop: threading.Event,
    day: date | None = None, tell: Callable[[datetime, int], None] = lambda at, done: None,
) -> int:  # fmt: skip
    """Let one day pass; returns how many visits were finished. The plan of the day must be published."""
    now = datetime.now(UTC)
    clock = Clock.of(day or calendar.day_of(now), speed, now=now)
    workers = []
    for login in logins:
        phone = Phone(url, login, password, clock.now)
        workers.append(Worker(random.Random(f"{seed}/day/{login}"), phone, clock, stop))
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers) and not stop.wait(1):
        tell(clock.now(), sum(worker.done for worker in workers))
    return sum(worker.done for worker in workers)


def address() -> str:
    """Where the web process of this installation answers."""
    return f"http://127.0.0.1:{settings().web_port}"
