"""What the alarm desk asks: the queue, one case with everything about it, how the parts are, what was set aside."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, any_, exists, func, literal, select
from sqlalchemy.orm import Session, aliased

from app import calendar
from app.access.tables import AccessLog, User
from app.alarms import duty
from app.alarms.rules import AWAITING, OPEN, Outcome, State
from app.alarms.sending_tables import AlarmOffer
from app.alarms.tables import Alarm, InboxMessage, Pulse, SignalRow
from app.catalogue.tables import ServiceItem
from app.equipment.installing_rules import TestKind
from app.equipment.installing_tables import DeviceTest
from app.equipment.rules import DeviceKind
from app.equipment.tables import Device, DeviceModel
from app.errors import NotFound
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people.tables import Caregiver, Elder, Home
from app.places.tables import Division
from app.planning.rules import ACTIVE, AttendanceState
from app.planning.tables import Attendance

ANSWERED_WITHIN = 60  # seconds
STALE = timedelta(seconds=10)  # a process that says nothing this long is down


@dataclass(frozen=True)
class QueueRow:
    """One line of the queue."""

    alarm: Alarm
    elder_name: str | None
    born: Any
    level: str | None
    tags: list[str] | None
    estate: str | None
    community: str | None
    claimed_by: str | None
    responder: str | None
    device_kind: DeviceKind | None
    asked_to_press: bool  # the monthly test call of this device is announced
    worker: str | None  # the caregiver whose own call it is


def queue(session: Session, ids: Collection[int] | None = None) -> Sequence[QueueRow]:
    """All open alarms, or those of these numbers that are open: gravest first, then oldest."""
    return _rows(session, Alarm.state.in_(OPEN) if ids is None else Alarm.state.in_(OPEN) & Alarm.id.in_(ids))


def versions(session: Session) -> Mapping[int, int]:
    """Every open alarm and how long its log is: whatever happens to an alarm adds a line."""
    rows = session.execute(select(Alarm.id, Alarm.log_length).where(Alarm.state.in_(OPEN)))
    return {number: version for number, version in rows}  # noqa: C416  # a Row is no pair to the type checker


def row(session: Session, alarm_id: int) -> QueueRow:
    """One alarm, open or closed; raises NotFound."""
    found = _rows(session, Alarm.id == alarm_id)
    if not found:
        raise NotFound("There is no such alarm.")
    return found[0]


def linked(session: Session, alarm: Alarm) -> Sequence[QueueRow]:
    """Other alarms of the same elder that are open or began within a day of this one."""
    if alarm.elder_id is None:
        return []
    day = timedelta(days=1)
    near = Alarm.raised_at.between(alarm.raised_at - day, alarm.raised_at + day)
    return _rows(session, (Alarm.elder_id == alarm.elder_id) & (Alarm.id != alarm.id) & (Alarm.state.in_(OPEN) | near))


def _rows(session: Session, where: ColumnElement[bool]) -> Sequence[QueueRow]:
    asked = exists().where(
        DeviceTest.device_id == Alarm.device_id, DeviceTest.kind == TestKind.MONTHLY, DeviceTest.ended_at.is_(None)
    )
    worker = aliased(Caregiver)
    rows = session.execute(
        select(
            Alarm, Elder.name, Elder.born, Elder.level, Elder.categories, Home.estate, Division.name, User.name,
            Caregiver.name, DeviceModel.kind, asked, worker.name,
        )
        .outerjoin(Elder, Elder.id == Alarm.elder_id)
        .outerjoin(Home, Home.id == Alarm.home_id)
        .outerjoin(Division, Division.code == Alarm.division_code)
        .outerjoin(User, User.id == Alarm.claimed_by)
        .outerjoin(Caregiver, Caregiver.id == Alarm.caregiver_id)
        .outerjoin(worker, worker.id == Alarm.worker_id)
        .outerjoin(Device, Device.id == Alarm.device_id)
        .outerjoin(DeviceModel, DeviceModel.id == Device.model_id)
        .where(where)
        .order_by(Alarm.priority, Alarm.raised_at, Alarm.id)
    )  # fmt: skip
    return [QueueRow(*list(found)) for found in rows]


@dataclass(frozen=True)
class DutyCounts:
    """How the desk is doing today."""

    on_duty: int
    ringing: int
    open: int
    answered: int
    answered_in_60: int
    slowest_seconds: int


def duty_counts(session: Session, district_id: int, *, now: datetime) -> DutyCounts:
    """Who is there, what waits, and how fast today's alarms were answered. One still ringing after 60 s was not.

    Installers' tests are none of it.
    """
    first, _ = calendar.day_bounds(calendar.day_of(now))
    waited = func.extract("epoch", func.coalesce(Alarm.answered_at, now) - Alarm.raised_at)
    today = (Alarm.raised_at >= first) & (Alarm.answered_at.is_not(None) | (waited > ANSWERED_WITHIN))
    counts = session.execute(
        select(
            func.count().filter(Alarm.state == State.RINGING),
            func.count().filter(Alarm.state.in_(OPEN)),
            func.count().filter(today),
            func.count().filter(today & Alarm.answered_at.is_not(None) & (waited <= ANSWERED_WITHIN)),
            func.coalesce(func.max(waited).filter(today), 0),
        )
        .select_from(Alarm)
        .where(Alarm.district_id == district_id, Alarm.test_id.is_(None))
        .where(Alarm.state.in_(OPEN) | (Alarm.raised_at >= first))
    ).one()
    ringing, opened, answered, in_time, slowest = counts
    return DutyCounts(duty.count(session, district_id, now=now), ringing, opened, answered, in_time, int(slowest))


@dataclass(frozen=True)
class PartHealth:
    """How one part is, as the desk must know it."""

    name: str
    well: bool
    at: datetime | None
    facts: dict[str, Any]


def health(session: Session, *, now: datetime) -> Sequence[PartHealth]:
    """Every process that has ever said how it is, and the broker as the listeners see it. Silence is not health."""
    pulses = session.scalars(select(Pulse).order_by(Pulse.name)).all()
    parts = [PartHealth(p.name, p.well and p.at > now - STALE, p.at, dict(p.facts)) for p in pulses]
    listeners = [p for p in pulses if p.name.startswith("listener")]
    reached = [p for p in listeners if p.at > now - STALE and p.facts.get("connected")]
    if listeners:
        parts.append(PartHealth("broker", bool(reached), max(p.at for p in listeners), {}))
    return parts


def set_aside(
    session: Session, district_id: int, *, before: int | None = None, limit: int = 50
) -> Sequence[InboxMessage]:
    """Messages nobody could read or store, newest first."""
    statement = (
        select(InboxMessage)
        .where(InboxMessage.district_id == district_id, InboxMessage.outcome == Outcome.SET_ASIDE)
        .order_by(InboxMessage.id.desc())
        .limit(limit)
    )
    return session.scalars(statement.where(InboxMessage.id < before) if before else statement).all()


def set_aside_of(session: Session, district_id: int, wire_id: str, *, since: datetime) -> Sequence[InboxMessage]:
    """What a device said of late and nobody could read or place, newest first: by its topic."""
    return session.scalars(
        select(InboxMessage)
        .where(InboxMessage.district_id == district_id, InboxMessage.outcome == Outcome.SET_ASIDE)
        .where(InboxMessage.received_at >= since, any_(func.string_to_array(InboxMessage.topic, "/")) == wire_id)
        .order_by(InboxMessage.id.desc())
        .limit(3)
    ).all()


def real_calls(session: Session, device_id: int, *, since: datetime) -> Sequence[int]:
    """Alarms of a device since then that are no test."""
    return session.scalars(
        select(Alarm.id).where(Alarm.device_id == device_id, Alarm.test_id.is_(None), Alarm.raised_at >= since)
    ).all()


def set_aside_since(session: Session, district_id: int, since: datetime) -> int:
    """How many messages were set aside of late."""
    statement = select(func.count(InboxMessage.id)).where(
        InboxMessage.district_id == district_id, InboxMessage.outcome == Outcome.SET_ASIDE,
        InboxMessage.stored_at >= since,
    )  # fmt: skip
    return session.scalar(statement) or 0


@dataclass(frozen=True)
class WordRow:
    """A message of a device, and what it was read as; the payload only where nobody could read it."""

    at: datetime
    topic: str
    transport: str
    outcome: Outcome
    kind: str | None
    device_at: datetime | None
    clock_off: int | None
    battery: float | None
    reason: str | None
    payload: str | None


def words_of(session: Session, device_id: int, wire_id: str, district_id: int, *, limit: int = 40) -> Sequence[WordRow]:
    """The latest messages of a device that were kept: read or set aside, newest first."""
    said = session.execute(
        select(
            SignalRow.received_at, InboxMessage.topic, InboxMessage.transport, InboxMessage.outcome, SignalRow.kind,
            SignalRow.device_at, SignalRow.clock_off, SignalRow.battery, InboxMessage.reason,
        )
        .join(
            InboxMessage,
            (InboxMessage.district_id == SignalRow.district_id) & (InboxMessage.id == SignalRow.message_id),
        )
        .where(SignalRow.district_id == district_id, SignalRow.device_id == device_id)
        .order_by(SignalRow.id.desc())
        .limit(limit)
    )  # fmt: skip
    aside = session.execute(
        select(InboxMessage.received_at, InboxMessage.topic, InboxMessage.transport, InboxMessage.reason,
               InboxMessage.payload)
        .where(
            InboxMessage.district_id == district_id, InboxMessage.outcome == Outcome.SET_ASIDE,
            literal(wire_id) == any_(func.string_to_array(InboxMessage.topic, "/")),
        )
        .order_by(InboxMessage.id.desc())
        .limit(limit)
    )  # fmt: skip
    found = [WordRow(*row, None) for row in said]
    for at, topic, transport, reason, payload in aside:
        found.append(WordRow(at, topic, transport, Outcome.SET_ASIDE, None, None, None, None, reason, payload))
    return sorted(found, key=lambda row: row.at, reverse=True)[:limit]


@dataclass(frozen=True)
class VisitRow:
    """A visit to the elder, who goes or went, and when."""

    id: int
    item: str
    state: VisitState
    starts_at: datetime
    ends_at: datetime
    arrived_at: datetime | None
    finished_at: datetime | None
    caregiver: str
    attendance: AttendanceState


@dataclass(frozen=True)
class Care:
    """Who is in the home now, who comes next, who left last."""

    now: Sequence[VisitRow]
    next: VisitRow | None
    last: VisitRow | None


def care(session: Session, elder_id: int, *, now: datetime) -> Care:
    """The care around a moment: three days back, a week ahead."""
    here = [AttendanceState.ARRIVED, AttendanceState.IN_SERVICE]
    rows = session.execute(
        select(
            Visit.id, ServiceItem.name_zh, Visit.state, Attendance.starts_at, Attendance.ends_at,
            func.coalesce(Attendance.arrived_at, Attendance.started_at), Attendance.finished_at, Caregiver.name,
            Attendance.state,
        )
        .join(Attendance, Attendance.visit_id == Visit.id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .join(Caregiver, Caregiver.id == Attendance.caregiver_id)
        .where(Visit.elder_id == elder_id, Attendance.state.in_([*ACTIVE, AttendanceState.FINISHED]))
        .where(Attendance.starts_at.between(now - timedelta(days=3), now + timedelta(days=7)))
        .order_by(Attendance.starts_at, Attendance.id)
    )  # fmt: skip
    visits = [VisitRow(*found) for found in rows]
    coming = [v for v in visits if v.attendance in ACTIVE and v.attendance not in here]
    gone = [v for v in visits if v.attendance is AttendanceState.FINISHED]
    return Care(
        [v for v in visits if v.attendance in here],
        coming[0] if coming else None,
        max(gone, key=lambda v: v.finished_at or v.ends_at) if gone else None,
    )


def device_of(session: Session, device_id: int) -> tuple[Device, DeviceModel]:
    """The device an alarm came from, and its model."""
    device, model = session.execute(
        select(Device, DeviceModel).join(DeviceModel, DeviceModel.id == Device.model_id).where(Device.id == device_id)
    ).one()
    return device, model


def operators(session: Session, district_id: int, *, now: datetime) -> Sequence[tuple[int, str]]:
    """Who is on duty, to hand a case over to."""
    present = duty.on_duty(session, now=now, district_id=district_id)
    return [(number, name) for number, name in session.execute(
        select(User.id, User.name).where(User.id.in_(present)).order_by(User.name))]  # fmt: skip


def names(session: Session, user_ids: Collection[int]) -> Mapping[int, str]:
    """Their names."""
    if not user_ids:
        return {}
    return {user.id: user.name for user in session.scalars(select(User).where(User.id.in_(user_ids)))}


def was_opened(session: Session, alarm: Alarm, user_id: int) -> bool:
    """Whether it is on record that somebody saw this case in the clear since they claimed it."""
    seen = select(AccessLog.id).where(
        AccessLog.district_id == alarm.district_id, AccessLog.user_id == user_id, AccessLog.field == "case",
        AccessLog.reason == f"alarm {alarm.id}", AccessLog.at >= alarm.claimed_at,
        AccessLog.elder_id.is_not_distinct_from(alarm.elder_id),
    )  # fmt: skip
    return session.scalar(seen.limit(1)) is not None


HERE = (AttendanceState.ARRIVED, AttendanceState.IN_SERVICE, AttendanceState.FINISHED)


def arrived(session: Session, *, now: datetime) -> Sequence[int]:
    """Alarms whose responder is at the door and which do not know it yet."""
    there = select(Attendance.id).where(Attendance.visit_id == Alarm.visit_id, Attendance.state.in_(HERE))
    spot = select(AlarmOffer.id).where(AlarmOffer.alarm_id == Alarm.id, AlarmOffer.arrived_at.is_not(None))
    unaware = (Alarm.state == State.DISPATCHED) | Alarm.arrived_at.is_(None)
    return session.scalars(
        select(Alarm.id).where(Alarm.state.in_(AWAITING), unaware, there.exists() | spot.exists())
    ).all()


def at_the_door(session: Session, alarm: Alarm) -> tuple[str, datetime | None] | None:
    """Who came first to an alarm's visit, else to its spot, and when by the server's clock."""
    at = func.coalesce(Attendance.arrived_at, Attendance.started_at)
    found = session.execute(
        select(Caregiver.name, at)
        .join(Caregiver, Caregiver.id == Attendance.caregiver_id)
        .where(Attendance.visit_id == alarm.visit_id, Attendance.state.in_(HERE))
        .order_by(at.nulls_last())
        .limit(1)
    ).first()
    if found:
        return found[0], found[1]
    there = session.execute(
        select(Caregiver.name, AlarmOffer.arrived_at)
        .join(Caregiver, Caregiver.id == AlarmOffer.caregiver_id)
        .where(AlarmOffer.alarm_id == alarm.id, AlarmOffer.arrived_at.is_not(None))
        .order_by(AlarmOffer.arrived_at)
        .limit(1)
    ).first()
    return (there[0], there[1]) if there else None
