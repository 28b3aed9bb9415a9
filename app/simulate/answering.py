"""Five weeks of calls for help behind: who was on duty, who answered, who was sent, what it turned out to be.

Each alarm has its log, line by line, as the desk would have written it; written in bulk, as an import would. There is
an evening on which the power failed and everything rang at once, a night in which nothing did, and one on which the
only operator was away from the screen for some minutes.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app import calendar, vault
from app.access.rules import HOTLINE
from app.access.tables import User
from app.alarms import log, proving
from app.alarms.rules import PRIORITY, AlarmKind, Event, Rings, State, Verdict, subject_of
from app.alarms.tables import Alarm, AlarmEvent, Duty, PersonKey
from app.calls.rules import CallState, Direction, Result, Target
from app.calls.tables import Call
from app.db import transaction
from app.equipment.rules import DeviceKind, DeviceState
from app.equipment.tables import Device, DeviceModel
from app.people.tables import Caregiver, Contact

DAYS: Final = 35
A_DEVICE: Final = 1.05  # alarms of an installed device in these days, on average
CALLING: Final = 0.45  # of the devices: the others have never rung
FLOOD_BACK, QUIET_BACK, AWAY_BACK = 12, 5, 20  # days
FLOOD_AT: Final = time(19, 40)
AWAY: Final = time(3, 10)
FLOOD_FROM: Final = 200  # devices: a smaller district floods nobody
HOURS: Final = (3, 2, 2, 2, 3, 6, 11, 13, 11, 9, 8, 8, 7, 6, 6, 7, 8, 9, 11, 12, 10, 7, 5, 4)
ON_DUTY: Final = (2, 3, 3)  # night, morning, evening
KINDS: Final = {
    DeviceKind.FALL_SENSOR: AlarmKind.FALL, DeviceKind.MOTION_SENSOR: AlarmKind.INACTIVITY,
    DeviceKind.SMOKE_SENSOR: AlarmKind.SMOKE, DeviceKind.GAS_SENSOR: AlarmKind.GAS,
    DeviceKind.WATER_SENSOR: AlarmKind.WATER_LEAK, DeviceKind.DOOR_SENSOR: AlarmKind.DOOR,
}  # fmt: skip
ALONE: Final = (DeviceKind.HELP_BUTTON, DeviceKind.WATCH, DeviceKind.TRACKER, DeviceKind.ALARM_UNIT)
WEIGHT: Final = {DeviceKind.HELP_BUTTON: 5, DeviceKind.WATCH: 4, DeviceKind.FALL_SENSOR: 3}
VERDICTS: Final = {
    Verdict.ACCIDENTAL: 36, Verdict.FALSE: 20, Verdict.TEST: 16, Verdict.LIFE_HELP: 14, Verdict.REAL: 11,
    Verdict.TECHNICAL: 3,
}  # fmt: skip
NOTES: Final = {
    Verdict.ACCIDENTAL: ("擦桌子时碰到", "孙子玩耍按下", "翻身压到按钮", "换衣服时误按", "想试试还响不响"),
    Verdict.FALSE: ("老人在床上休息，无跌倒", "刚弯腰捡东西", "做饭油烟", "人在隔壁串门"),
    Verdict.TEST: ("每月试按", "家属试机", "换电池后试按"),
    Verdict.LIFE_HELP: ("要人帮忙换煤气罐", "钥匙锁在屋里", "想约明天助浴", "请帮忙买药"),
    Verdict.REAL: (
        "卫生间滑倒，已送医",
        "头晕站不起来，家属陪同就诊",
        "胸闷，120已接走",
        "夜间起身跌倒，护理员扶起无大碍",
    ),
    Verdict.TECHNICAL: ("设备故障，已报修",),
}
WAYS: Final = {  # whom the operator calls, and what comes of it
    Verdict.REAL: (Result.HELP, Result.HELP, Result.NO_ANSWER), Verdict.LIFE_HELP: (Result.HELP, Result.ANSWERED),
    Verdict.TEST: (Result.SAFE,), Verdict.ACCIDENTAL: (Result.SAFE, Result.SAFE, Result.NO_ANSWER),
    Verdict.FALSE: (Result.SAFE, Result.NO_ANSWER), Verdict.TECHNICAL: (Result.SAFE,),
}  # fmt: skip


@dataclass(frozen=True)
class Caller:
    """A device that calls now and then."""

    id: int
    division_code: str
    wire_id: str
    kind: DeviceKind
    elder_id: int | None
    home_id: int | None
    installed_at: datetime


@dataclass(frozen=True)
class Press:
    """When a device called, how long until somebody answered, and what it was."""

    at: datetime
    of: Caller
    kind: AlarmKind
    wait: float  # seconds
    verdict: Verdict


@dataclass(frozen=True)
class Hands:
    """Who works here."""

    operators: Sequence[User]
    caregivers: Sequence[Caregiver]
    contacts: dict[int, Contact]  # the first of each elder
    keys: dict[str, str]


@dataclass
class Written:
    """Rows to be."""

    alarms: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    calls: list[dict[str, Any]]


def past(rng: random.Random, district_id: int, *, now: datetime) -> int:
    """Everything up to the end of yesterday; answers how many alarms that were."""
    days = [calendar.day_of(now) - timedelta(days=back) for back in range(DAYS, 0, -1)]
    with transaction() as session:
        everybody = _devices(session, district_id)
        calling = rng.sample(everybody, round(len(everybody) * CALLING))
        presses = [one for day in days for one in _day(rng, calling, len(everybody), day, days[-1])]
        presses += _wolf(rng, calling, days[-1])
        presses = _apart(sorted(presses, key=lambda one: one.at), before=now - timedelta(hours=2))
        hands = _hands(session, district_id, presses)
        turns = _duties(rng, district_id, hands, days)
        made = _stories(session, rng, district_id, presses, hands, turns)
        session.execute(insert(Duty), turns)
        for table, rows in (
            (Alarm, made.alarms),
            (AlarmEvent, made.lines),
            (Call, made.calls),
        ):
            if rows:
                session.execute(insert(table), rows)
        session.info.pop("notices", None)
    proving.anchor_all(now=now)
    return len(presses)


def _devices(session: Session, district_id: int) -> list[Caller]:
    rows: Any = session.execute(
        select(Device.id, Device.division_code, Device.wire_id, DeviceModel.kind, Device.elder_id, Device.home_id,
               Device.installed_at)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(Device.district_id == district_id, Device.state == DeviceState.ACTIVE, Device.installed_at.is_not(None))
        .where(DeviceModel.kind.in_([*ALONE, *KINDS]))
        .order_by(Device.id)
    )  # fmt: skip
    return [Caller(*row) for row in rows]


# -- what rang ---------------------------------------------------------------------------------------------------


def _day(rng: random.Random, calling: Sequence[Caller], devices: int, day: date, last: date) -> list[Press]:
    """The calls of one local day."""
    back = (last - day).days
    number = max(0, round(rng.gauss(1, 0.22) * devices * A_DEVICE / DAYS))
    found = []
    for _ in range(number):
        hour = rng.choices(range(24), HOURS)[0]
        if back == QUIET_BACK and hour < 6:
            continue
        at = calendar.at(day, time(hour)) + timedelta(seconds=rng.uniform(0, 3600))
        slow = 1.5 if hour < 6 else 1.0
        found.append(_press(rng, at, _any(rng, calling, at), slow * math.exp(rng.gauss(1.65, 0.62))))
    if back == FLOOD_BACK and devices >= FLOOD_FROM:
        found += _flood(rng, calling, calendar.at(day, FLOOD_AT))
    if back == AWAY_BACK and devices >= FLOOD_FROM:
        away = calendar.at(day, AWAY)
        for minutes, waited in ((0, 372), (2.2, 241)):
            at = away + timedelta(minutes=minutes)
            found.append(_press(rng, at, _any(rng, calling, at), waited))
    return found


def _flood(rng: random.Random, calling: Sequence[Caller], at: datetime) -> list[Press]:
    """The power fails in the old town: what hangs on it rings, and so do people in the dark."""
    found, waited = [], 4.0
    for second in sorted(rng.uniform(0, 560) for _ in range(62)):
        moment = at + timedelta(seconds=second)
        caller = _any(rng, calling, moment)
        waited = max(3.0, waited + rng.uniform(-9, 17))
        verdict = (
            Verdict.REAL if rng.random() < 0.05 else rng.choice((Verdict.FALSE, Verdict.ACCIDENTAL, Verdict.FALSE))
        )
        found.append(Press(moment, caller, KINDS.get(caller.kind, AlarmKind.SOS), waited, verdict))
    return found


def _wolf(rng: random.Random, calling: Sequence[Caller], last: date) -> list[Press]:
    """One button cries wolf: four times within a week."""
    button = next((one for one in calling if one.kind is DeviceKind.HELP_BUTTON), None)
    if button is None:
        return []
    moments = [calendar.at(last - timedelta(days=back), time(9 + 3 * back % 12, 17)) for back in (0, 1, 3, 4)]
    return [Press(at, button, AlarmKind.SOS, rng.uniform(3, 9), Verdict.FALSE) for at in moments]


def _any(rng: random.Random, calling: Sequence[Caller], at: datetime) -> Caller:
    there = [one for one in calling if one.installed_at < at] or list(calling)
    return rng.choices(there, [WEIGHT.get(one.kind, 1) for one in there])[0]


def _press(rng: random.Random, at: datetime, caller: Caller, wait: float) -> Press:
    kind = KINDS.get(caller.kind, AlarmKind.SOS)
    verdict = rng.choices(list(VERDICTS), list(VERDICTS.values()))[0]
    if kind is not AlarmKind.SOS and verdict in (Verdict.LIFE_HELP, Verdict.ACCIDENTAL):
        verdict = Verdict.FALSE
    return Press(at, caller, kind, max(1.2, wait), verdict)


def _apart(presses: Sequence[Press], *, before: datetime) -> list[Press]:
    """One at a time of each elder: a second press would have joined the first."""
    busy: dict[tuple[int | None, int | None], datetime] = {}
    kept = []
    for one in presses:
        who = (one.of.elder_id, one.of.home_id)
        if one.at < before and busy.get(who, one.at) <= one.at:
            kept.append(one)
            busy[who] = one.at + timedelta(hours=2)
    return kept


# -- who was there -----------------------------------------------------------------------------------------------


def _hands(session: Session, district_id: int, presses: Sequence[Press]) -> Hands:
    hotline = select(User).where(User.district_id == district_id, User.role.in_(HOTLINE)).order_by(User.id)
    caregivers = select(Caregiver).where(Caregiver.district_id == district_id).order_by(Caregiver.id).limit(40)
    elders = {one.of.elder_id for one in presses if one.of.elder_id}
    first = select(Contact).where(Contact.elder_id.in_(elders)).order_by(Contact.elder_id, Contact.rank.desc())
    subjects = sorted({_subject(one.of) for one in presses})
    if subjects:
        fresh = [{"subject": subject, "wrapped": vault.new_key()} for subject in subjects]
        session.execute(upsert(PersonKey).on_conflict_do_nothing(), fresh)
    keys = session.scalars(select(PersonKey).where(PersonKey.subject.in_(subjects)))
    return Hands(
        session.scalars(hotline).all(), session.scalars(caregivers).all(),
        {contact.elder_id: contact for contact in session.scalars(first)}, {key.subject: key.wrapped for key in keys},
    )  # fmt: skip


def _subject(caller: Caller) -> str:
    return subject_of(elder_id=caller.elder_id, home_id=caller.home_id, wire_id=caller.wire_id)


def _duties(rng: random.Random, district_id: int, hands: Hands, days: Sequence[date]) -> list[dict[str, Any]]:
    """Three turns a day, people in turn; the lead has mornings."""
    found = []
    for n, day in enumerate(days):
        midnight = calendar.at(day, time())
        back = len(days) - 1 - n
        for shift, wanted in enumerate(ON_DUTY):
            number = 1 if shift == 0 and back == AWAY_BACK else min(wanted, len(hands.operators))
            for seat in range(number):
                user = hands.operators[(n + shift * 2 + seat) % len(hands.operators)]
                since = midnight + timedelta(hours=8 * shift, minutes=rng.uniform(-6, 2))
                until = midnight + timedelta(hours=8 * (shift + 1), minutes=rng.uniform(1, 8))
                found.append(
                    {"district_id": district_id, "user_id": user.id, "started_at": since, "seen_at": until,
                     "ended_at": until}
                )  # fmt: skip
    return found


# -- how each went -----------------------------------------------------------------------------------------------


def _stories(
    session: Session, rng: random.Random, district_id: int, presses: Sequence[Press], hands: Hands,
    turns: Sequence[dict[str, Any]],
) -> Written:  # fmt: skip
    made = Written([], [], [])
    numbers, calls = iter(_numbers(session, "alarms", len(presses))), iter(_numbers(session, "calls", 3 * len(presses)))
    people = {user.id: user for user in hands.operators}
    for press in presses:
        there = [people[turn["user_id"]] for turn in turns if turn["started_at"] <= press.at < turn["ended_at"]]
        story = Story(rng, hands, made, calls, district_id, press, rng.choice(there or list(hands.operators)))
        story.tell(next(numbers))
    return made


def _numbers(session: Session, table: str, count: int) -> list[int]:
    asked = text(f"select nextval(pg_get_serial_sequence('{table}', 'id')) from generate_series(1, :count)")
    return list(session.scalars(asked, {"count": count}))


class Story:
    """One alarm from the press to the verdict."""

    def __init__(
        self, rng: random.Random, hands: Hands, made: Written, calls: Any, district_id: int, press: Press, user: User
    ) -> None:
        self.rng, self.hands, self.made, self.calls, self.press, self.user = rng, hands, made, calls, press, user
        self.district_id, self.by = district_id, f"{user.name} ({user.login})"
        self.at = press.at
        self.alarm = Alarm(
            district_id=district_id, division_code=press.of.division_code, elder_id=press.of.elder_id,
            home_id=press.of.home_id, device_id=press.of.id, wire_id=press.of.wire_id, kind=press.kind,
            state=State.RINGING, priority=PRIORITY[press.kind], count=1, raised_at=press.at, rung_at=press.at, round=1,
            received_at=press.at - timedelta(seconds=rng.uniform(0.01, 0.3)), rings=Rings.ALL, log_length=0,
            log_head="", anchored=0,
        )  # fmt: skip
        self.key = hands.keys[_subject(press.of)]

    def tell(self, number: int) -> None:
        """All of it."""
        alarm, press, rng = self.alarm, self.press, self.rng
        alarm.id, alarm.subject = number, _subject(press.of)
        self._line("raise", State.RINGING, f"device {press.of.wire_id}", count=1, device=press.of.wire_id)
        self._ring()
        alarm.claimed_by = alarm.answered_by = self.user.id
        alarm.claimed_at = alarm.answered_at = self._later(press.wait)
        self._line(Event.CLAIM, State.CLAIMED, seconds=int(press.wait))
        self._later(rng.uniform(5, 22))
        result = rng.choice(WAYS[press.verdict])
        self._call(Target.DEVICE if press.of.kind is DeviceKind.HELP_BUTTON else Target.ELDER, result)
        contact = self.hands.contacts.get(press.of.elder_id or 0)
        unreached = result is Result.NO_ANSWER
        if contact and (unreached or rng.random() < 0.2):
            self._later(rng.uniform(20, 60))
            self._call(Target.CONTACT, Result.HELP if unreached else Result.ANSWERED, contact)
        sends = press.verdict is Verdict.REAL or (unreached and not contact) or rng.random() < 0.07
        if press.verdict is Verdict.LIFE_HELP or sends:
            self._send()
        self._later(rng.uniform(30, 220))
        if press.verdict is Verdict.REAL and rng.random() < 0.7:
            alarm.decided_at = alarm.decided_at or self.at
            self._line(Event.FOLLOW_UP, State.FOLLOW_UP)
            self._later(rng.uniform(900, 2700))
        alarm.decided_at = alarm.decided_at or self.at
        alarm.verdict, alarm.closed_at = press.verdict, self.at
        self._line(Event.CLOSE, State.CLOSED, verdict=press.verdict.value, text=rng.choice(NOTES[press.verdict]))
        names = [column.name for column in Alarm.__table__.columns if column.name != "subject"]
        self.made.alarms.append({name: getattr(alarm, name) for name in names})

    def _ring(self) -> None:
        """What it did by itself until somebody came."""
        waited = self.press.wait
        if waited > 45:
            self._later(45)
            self.alarm.rings = Rings.LEAD
            self._line("ring_lead", State.RINGING, "platform")
        contact = self.hands.contacts.get(self.press.of.elder_id or 0)
        if waited > 90:
            self._later(90)
            self._line("call_family", State.RINGING, "platform", told=[contact.name] if contact else [])

    def _send(self) -> None:
        self._later(self.rng.uniform(8, 45))
        caregiver = self.rng.choice(self.hands.caregivers)
        minutes = round(min(28.0, max(3.0, math.exp(self.rng.gauss(2.15, 0.4)))))
        alarm = self.alarm
        alarm.caregiver_id, alarm.dispatched_at, alarm.decided_at = caregiver.id, self.at, self.at
        alarm.eta_at = self.at + timedelta(minutes=minutes)
        self._line(
            Event.DISPATCH, State.DISPATCHED, caregiver=caregiver.name, caregiver_id=caregiver.id, minutes=minutes
        )
        alarm.arrived_at = alarm.reached_at = self._later(minutes * 60 * self.rng.uniform(0.7, 1.25), after=self.at)
        self._line(Event.ARRIVE, State.ON_SITE, caregiver.name)

    def _call(self, target: Target, result: Result, contact: Contact | None = None) -> None:
        number = next(self.calls)
        alarm, reached = self.alarm, result is not Result.NO_ANSWER
        alarm.contacted_at = alarm.contacted_at or self.at
        if reached:
            alarm.reached_at = self.at
        lasts = timedelta(seconds=self.rng.uniform(25, 140) if reached else 30)
        self.made.calls.append({
            "id": number, "district_id": self.district_id, "division_code": alarm.division_code, "call_id": None,
            "direction": Direction.OUTBOUND, "state": CallState.ENDED, "target": target, "phone": None,
            "phone_hash": None, "elder_id": alarm.elder_id, "contact_id": contact.id if contact else None,
            "alarm_id": alarm.id, "user_id": self.user.id, "began_at": self.at,
            "answered_at": self.at + timedelta(seconds=6) if reached else None, "ended_at": self.at + lasts,
            "result": result, "recording": None,
        })  # fmt: skip
        told: dict[str, Any] = {"contact_id": contact.id, "name": contact.name} if contact else {}
        self._line(Event.CALL, State.CONTACTING, target=target.value, result=result.value, call_id=number, **told)

    def _later(self, seconds: float, *, after: datetime | None = None) -> datetime:
        """So long after the last thing; what it did by itself is timed from the press."""
        since = after or (self.press.at if self.alarm.state is State.RINGING else self.at)
        self.at = since + timedelta(seconds=seconds)
        return self.at

    def _line(self, event: str, state: State, by: str | None = None, **facts: Any) -> None:
        before = None if event == "raise" else self.alarm.state
        self.alarm.state = state
        entry = log.entry(self.alarm, event, before, state, by=by or self.by, facts=facts)
        line = log.next_line(entry, self.key, now=self.at)
        self.made.lines.append({
            column.name: getattr(line, column.name) for column in AlarmEvent.__table__.columns if column.name != "id"
        })  # fmt: skip
