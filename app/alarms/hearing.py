"""From a signal to the one open alarm it belongs to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.alarms import duty, log, timers
from app.alarms.rules import OPEN, PRIORITY, TEST_PRIORITY, AlarmKind, Event, Rings, State, after, subject_of
from app.alarms.tables import Alarm
from app.config import settings
from app.equipment import testing
from app.equipment.installing_rules import Armed
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

    @property
    def subject(self) -> str:
        """As the table computes it."""
        return subject_of(elder_id=self.elder_id, home_id=self.home_id, wire_id=self.wire_id)


def whose(
    session: Session,
    *,
    district_id: int,
    division_code: str,
    elder_id: int | None,
    home_id: int | None,
    device_id: int | None,
    wire_id: str | None,
) -> Whose:
    """The elder is known when the device is worn or its home has one elder."""
    if elder_id is None and home_id is not None:
        living = session.scalars(
            select(Elder.id).where(Elder.home_id == home_id, Elder.ended_at.is_(None)).limit(2)
        ).all()  # fmt: skip
        elder_id = living[0] if len(living) == 1 else None
    if elder_id is not None and home_id is None:
        row = session.execute(
            select(Elder.home_id, Home.division_code).join(Home, Home.id == Elder.home_id).where(Elder.id == elder_id)
        ).one()
        home_id, division_code = row[0], row[1]
    return Whose(district_id, division_code, elder_id, home_id, device_id, wire_id)


@dataclass(frozen=True)
class Press:
    """What is told with a call for help."""

    received_at: datetime
    device_at: datetime | None = None
    clock_off: int | None = None
    battery: float | None = None
    place: dict[str, Any] | None = None
    said: dict[str, Any] | None = None


def call_for_help(session: Session, kind: AlarmKind, who: Whose, press: Press, *, by: str, now: datetime) -> Alarm:
    """Join the open alarm of this subject and kind, reopen the one just closed, or raise a new one."""
    if alarm := _just_closed(session, kind, who, now=now):
        alarm.count += 1
        _ring_again(session, alarm, press, by=by, now=now)
        return alarm
    alarm, new = _upsert(session, kind, who, press, now=now)
    if new:
        alarm.linked_id = _first_open(session, alarm)
        timers.start_ringing(session, alarm, now=now)
        log.append(session, alarm, "raise", None, alarm.state, by=by, now=now, **_facts(alarm, press))
    else:
        _press(session, alarm, press, by=by, now=now)
    return alarm


def ring(
    session: Session, kind: AlarmKind, who: Whose, press: Press, *, test: Armed | None, by: str, now: datetime
) -> Alarm:
    """A press rings: marked where it is the one an installer's test still awaits, else as the call for help it is."""
    pressed_at = None if press.clock_off is not None else press.device_at
    awaited = test and testing.rung(session, test.id, pressed_at=pressed_at, received_at=press.received_at, now=now)
    if not awaited:
        return call_for_help(session, kind, who, press, by=by, now=now)
    alarm = _ring_marked(session, kind, who, press, awaited.id, by=by, now=now)
    awaited.alarm_id = alarm.id
    return alarm


def _ring_marked(
    session: Session, kind: AlarmKind, who: Whose, press: Press, test_id: int, *, by: str, now: datetime
) -> Alarm:
    """The awaited press of an installer's test: a marked alarm that joins no other and is joined by none."""
    alarm = Alarm(**_row(kind, who, press, now=now) | {"test_id": test_id, "priority": TEST_PRIORITY})
    session.add(alarm)
    session.flush()
    timers.start_ringing(session, alarm, now=now)
    log.append(session, alarm, "raise", None, alarm.state, by=by, now=now, test=test_id, **_facts(alarm, press))
    return alarm


def _row(kind: AlarmKind, who: Whose, press: Press, *, now: datetime) -> dict[str, Any]:
    """A new alarm."""
    return {
        "district_id": who.district_id, "division_code": who.division_code, "elder_id": who.elder_id,
        "home_id": who.home_id, "device_id": who.device_id, "wire_id": who.wire_id, "kind": kind,
        "state": State.RINGING, "priority": PRIORITY[kind], "count": 1, "received_at": press.received_at,
        "raised_at": now, "rung_at": now, "round": 1,
        "rings": Rings.ALL, "device_at": press.device_at, "clock_off": press.clock_off, "place": press.place,
        "log_length": 0, "log_head": "",
    }  # fmt: skip


def _upsert(session: Session, kind: AlarmKind, who: Whose, press: Press, *, now: datetime) -> tuple[Alarm, bool]:
    """One statement decides whether it is new: the unique index knows of writers this transaction cannot see."""
    made = insert(Alarm).values(_row(kind, who, press, now=now))
    joined: Any = made.on_conflict_do_update(
        index_elements=["subject", "kind"],
        index_where=text(
            "state <> 'closed' and test_id is null"
        ),  # a literal: a prepared parameter matches no partial index
        set_={
            "count": Alarm.count + 1,
            "priority": func.least(Alarm.priority, func.greatest(PRIORITY[kind] - 1, 0)),
            "place": func.coalesce(made.excluded.place, Alarm.place),
        },
    ).returning(Alarm, literal_column("xmax = 0"))
    alarm, new = session.execute(joined, execution_options={"populate_existing": True}).one()
    return alarm, bool(new)


def _just_closed(session: Session, kind: AlarmKind, who: Whose, *, now: datetime) -> Alarm | None:
    """The alarm that was closed within the last half hour, if none is open."""
    since = now - timedelta(minutes=settings().alarm_reopen_minutes)
    found = session.scalars(
        select(Alarm)
        .where(Alarm.subject == who.subject, Alarm.kind == kind, Alarm.test_id.is_(None))
        .where((Alarm.state != State.CLOSED) | (Alarm.closed_at >= since))
        .order_by(Alarm.closed_at.desc().nulls_first(), Alarm.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    return found if found and found.state is State.CLOSED else None


def _press(session: Session, alarm: Alarm, press: Press, *, by: str, now: datetime) -> None:
    """Again: whoever has it hears of it; what was settled rings again."""
    if alarm.state is State.FOLLOW_UP:
        _ring_again(session, alarm, press, by=by, now=now)
        return
    before, alarm.state = alarm.state, after(alarm.state, Event.PRESS)
    alarm.suspended_until = alarm.suspend_reason = None
    log.append(session, alarm, Event.PRESS, before, alarm.state, by=by, now=now, **_facts(alarm, press))


def _ring_again(session: Session, alarm: Alarm, press: Press, *, by: str, now: datetime) -> None:
    knows = alarm.claimed_by if duty.is_on(session, alarm.claimed_by, now=now) else None
    alarm.priority = max(min(alarm.priority, PRIORITY[alarm.kind] - 1), 0)
    timers.ring(session, alarm, Event.PRESS, by=by, now=now, to=knows, **_facts(alarm, press))


def _first_open(session: Session, alarm: Alarm) -> int | None:
    """The open alarm of the same elder that this one, of a different kind, is linked to."""
    if alarm.elder_id is None:
        return None
    return session.scalar(
        select(Alarm.id)
        .where(Alarm.elder_id == alarm.elder_id, Alarm.id != alarm.id, Alarm.state.in_(OPEN), Alarm.test_id.is_(None))
        .order_by(Alarm.id)
        .limit(1)
    )


def _facts(alarm: Alarm, press: Press) -> dict[str, Any]:
    known = {
        "count": alarm.count, "device": alarm.wire_id, "device_at": press.device_at, "clock_off": press.clock_off,
        "battery": press.battery, "place": press.place, "said": press.said or None,
    }  # fmt: skip
    return {name: value for name, value in known.items() if value is not None}
