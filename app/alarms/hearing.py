"""From calls for help to the open alarms they belong to: of many at once, in as many statements as of one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.alarms import duty, log, timers
from app.alarms.rules import PRIORITY, TEST_PRIORITY, AlarmKind, Event, Rings, State, after, subject_of
from app.alarms.tables import Alarm
from app.config import settings
from app.db import add_rows, numbered
from app.equipment import testing
from app.equipment.installing_rules import Armed
from app.equipment.queries import Known
from app.people.tables import Elder, Home


@dataclass(frozen=True)
class Whose:
    """Whose call for help it is, as far as is known."""

    district_id: int
    division_code: str
    elder_id: int | None = None
    home_id: int | None = None
    device_id: int | None = None
    wire_id: str | None = None
    worker_id: int | None = None  # her own call; the home is where she was

    @property
    def subject(self) -> str:
        """As the table computes it."""
        return subject_of(elder_id=self.elder_id, home_id=self.home_id, wire_id=self.wire_id, worker_id=self.worker_id)


def owners(session: Session, devices: Iterable[Known]) -> Mapping[int, Whose]:
    """Whose these devices are, by device: the elder is known when it is worn or its home has one elder."""
    known = list(devices)
    worn = {device.elder_id for device in known if device.elder_id and not device.home_id}
    hung = {device.home_id for device in known if device.home_id and not device.elder_id}
    alone: dict[int | None, int | None] = {}
    if hung:
        living = select(Elder.home_id, func.min(Elder.id)).where(Elder.home_id.in_(hung), Elder.ended_at.is_(None))
        rows = session.execute(living.group_by(Elder.home_id).having(func.count() == 1))
        alone = {row[0]: row[1] for row in rows}
    homes: dict[int | None, tuple[int, str]] = {}
    if worn:
        lives = select(Elder.id, Home.id, Home.division_code).join(Home, Home.id == Elder.home_id)
        homes = {elder: (home, code) for elder, home, code in session.execute(lives.where(Elder.id.in_(worn)))}
    found = {}
    for device in known:
        home_id, code = homes.get(device.elder_id, (device.home_id, device.division_code))
        elder_id = device.elder_id or alone.get(device.home_id)
        found[device.id] = Whose(device.district_id, code, elder_id, home_id, device.id, device.wire_id)
    return found


@dataclass(frozen=True)
class Press:
    """What is told with a call for help."""

    received_at: datetime
    device_at: datetime | None = None
    clock_off: int | None = None
    battery: float | None = None
    place: dict[str, Any] | None = None
    said: dict[str, Any] | None = None
    number_again: bool = False  # the device's counter has restarted


@dataclass(frozen=True)
class Call:
    """One call for help: what kind, whose, by whom it is told."""

    kind: AlarmKind
    who: Whose
    press: Press
    by: str

    @property
    def case(self) -> tuple[str, AlarmKind]:
        """What has one open alarm at most."""
        return self.who.subject, self.kind


def call_for_help(session: Session, kind: AlarmKind, who: Whose, press: Press, *, by: str, now: datetime) -> Alarm:
    """Join the open alarm of this subject and kind, reopen the one just closed, or raise a new one."""
    session.flush()
    (number,) = calls_for_help(session, [Call(kind, who, press, by)], now=now)
    return session.get_one(Alarm, number)


def calls_for_help(session: Session, calls: Sequence[Call], *, now: datetime) -> Sequence[int]:
    """As many calls, in their order; answers the alarm of each.

    An alarm that is not found is added, and the unique index decides whether it is new: it knows of writers that this
    transaction cannot see. What it refuses was raised by one of them, and is looked for again.
    """
    alarm_of: dict[tuple[str, AlarmKind], int] = {}
    waiting = list(calls)
    while waiting:
        found = _found(session, {call.who.subject for call in waiting}, now=now)
        joined = [call for call in waiting if call.case in found]
        _join(session, [(found[call.case], call) for call in joined], now=now)
        alarm_of |= {call.case: found[call.case].id for call in joined}
        alarm_of |= _raise(session, [call for call in waiting if call.case not in found], found, now=now)
        waiting = [call for call in waiting if call.case not in alarm_of]
    return [alarm_of[call.case] for call in calls]


def _found(session: Session, subjects: set[str], *, now: datetime) -> dict[tuple[str, AlarmKind], Alarm]:
    """The alarms of these subjects that are open, or else were closed within the last half hour; locked."""
    since = now - timedelta(minutes=settings().alarm_reopen_minutes)
    rows = session.scalars(
        select(Alarm)
        .where(Alarm.subject.in_(subjects), Alarm.test_id.is_(None))
        .where((Alarm.state != State.CLOSED) | (Alarm.closed_at >= since))
        .order_by(Alarm.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    latest = sorted(rows, key=lambda alarm: (alarm.closed_at or now + timedelta(days=1), alarm.id))
    return {(alarm.subject, alarm.kind): alarm for alarm in latest}


def _join(session: Session, joined: Sequence[tuple[Alarm, Call]], *, now: datetime) -> None:
    """Again: whoever has it hears of it; what was settled, or just closed, rings again."""
    entries: list[log.Entry] = []
    for alarm, call in joined:
        _again(alarm, call.press)
        if alarm.state in (State.FOLLOW_UP, State.CLOSED):
            _write(session, entries, now=now)
            knows = alarm.claimed_by if duty.is_on(session, alarm.claimed_by, now=now) else None
            timers.ring(session, alarm, Event.PRESS, by=call.by, now=now, to=knows, **_facts(alarm, call.press))
        elif alarm.deferred_until:
            _write(session, entries, now=now)
            timers.ring(session, alarm, Event.PRESS, by=call.by, now=now, **_facts(alarm, call.press))
        else:
            before, alarm.state = alarm.state, after(alarm.state, Event.PRESS)
            alarm.suspended_until = alarm.suspend_reason = None
            entries.append(_entry(alarm, call, Event.PRESS, before))
    _write(session, entries, now=now)


def _again(alarm: Alarm, press: Press) -> None:
    """A repeat makes it one step graver, and tells where she is now."""
    alarm.count += 1
    alarm.priority = min(alarm.priority, max(PRIORITY[alarm.kind] - 1, 0))
    if press.place:
        alarm.place = press.place


def _entry(alarm: Alarm, call: Call, event: Event | str, before: State | None) -> log.Entry:
    facts = _facts(alarm, call.press)
    return log.entry(alarm, event, before, alarm.state, by=call.by, facts=facts, subject=call.who.subject)


def _write(session: Session, entries: list[log.Entry], *, now: datetime) -> None:
    session.flush()
    log.append_all(session, entries, now=now)
    entries.clear()


def _raise(
    session: Session, calls: Sequence[Call], found: Mapping[tuple[str, AlarmKind], Alarm], *, now: datetime
) -> dict[tuple[str, AlarmKind], int]:
    """New alarms, linked to the first open one of the same elder; answers those that the index let in."""
    first: dict[str, int] = {}
    for (subject, _), alarm in sorted(found.items(), key=lambda item: item[1].id):
        if alarm.elder_id and alarm.state is not State.CLOSED:
            first.setdefault(subject, alarm.id)
    cases = dict.fromkeys(call.case for call in calls)
    numbers = dict(zip(cases, numbered(session, Alarm, len(cases)), strict=True))
    new: dict[tuple[str, AlarmKind], Alarm] = {}
    knows = duty.who_knows(session, {call.who.elder_id for call in calls if call.who.elder_id}, now=now)
    entries = []
    for call in calls:
        if alarm_again := new.get(call.case):
            _again(alarm_again, call.press)
            entries.append(_entry(alarm_again, call, Event.PRESS, State.RINGING))
            continue
        number = numbers[call.case]
        alarm = new[call.case] = Alarm(id=number, **_row(call.kind, call.who, call.press, now=now))
        alarm.linked_id = first.get(call.who.subject)
        if call.who.elder_id:
            first.setdefault(call.who.subject, number)
            if knowing := knows.get(call.who.elder_id):
                alarm.assigned_to, alarm.rings = knowing, Rings.ASSIGNED
        entries.append(_entry(alarm, call, "raise", None))
    lines = log.chained(session, entries, now=now)
    rows = [{name: getattr(alarm, name) for name in COLUMNS} for alarm in new.values()]
    taken = set(add_rows(session, Alarm, rows, on_conflict=UNLESS_OPEN, returning="id"))
    timers.start_first_ringing(session, [alarm for alarm in new.values() if alarm.id in taken], now=now)
    log.keep(session, [line for line in lines if line.alarm_id in taken])
    return {case: alarm.id for case, alarm in new.items() if alarm.id in taken}


UNLESS_OPEN: Final = "(subject, kind) where state <> 'closed' and test_id is null do nothing"


def ring_marked(session: Session, call: Call, armed: Armed, *, now: datetime) -> bool:
    """The press an installer's test still awaits: a marked alarm that joins no other and is joined by none.

    False where it is awaited no more, and is the call for help it says it is.
    """
    press = call.press
    pressed_at = None if press.clock_off is not None else press.device_at
    test = testing.rung(session, armed.id, pressed_at=pressed_at, received_at=press.received_at, now=now)
    if test is None:
        return False
    alarm = Alarm(**_row(call.kind, call.who, press, now=now) | {"test_id": test.id, "priority": TEST_PRIORITY})
    session.add(alarm)
    session.flush()
    timers.start_ringing(session, alarm, now=now)
    facts = _facts(alarm, press)
    log.append(session, alarm, "raise", None, alarm.state, by=call.by, now=now, test=test.id, **facts)
    test.alarm_id = alarm.id
    return True


def _row(kind: AlarmKind, who: Whose, press: Press, *, now: datetime) -> dict[str, Any]:
    """A new alarm."""
    return {
        "district_id": who.district_id, "division_code": who.division_code, "elder_id": who.elder_id,
        "home_id": who.home_id, "device_id": who.device_id, "wire_id": who.wire_id, "worker_id": who.worker_id,
        "kind": kind, "state": State.RINGING, "priority": PRIORITY[kind], "count": 1, "received_at": press.received_at,
        "raised_at": now, "rung_at": now, "round": 1,
        "rings": Rings.ALL, "device_at": press.device_at, "clock_off": press.clock_off, "place": press.place,
        "log_length": 0, "log_head": "",
    }  # fmt: skip


COLUMNS: Final = (
    "id", "district_id", "division_code", "elder_id", "home_id", "device_id", "wire_id", "worker_id", "kind", "state",
    "priority", "count", "received_at", "raised_at", "rung_at", "round", "rings", "assigned_to", "device_at",
    "clock_off", "place", "linked_id", "log_length", "log_head",
)  # fmt: skip


def _facts(alarm: Alarm, press: Press) -> dict[str, Any]:
    known = {
        "count": alarm.count, "device": alarm.wire_id, "device_at": press.device_at, "clock_off": press.clock_off,
        "battery": press.battery, "place": press.place, "said": press.said or None,
        "number_again": press.number_again or None,
    }  # fmt: skip
    return {name: value for name, value in known.items() if value is not None}
