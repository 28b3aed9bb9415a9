"""What the room sees of the alarms: how many, how long, who has them. No name, no door, no health leaves here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Float, and_, case, cast, func, select
from sqlalchemy.orm import Session

from app import calendar
from app.access.rules import Role
from app.access.tables import User
from app.alarms import duty
from app.alarms.rules import ATTENDED, OPEN, AlarmKind, State
from app.alarms.tables import Alarm, Duty
from app.calls.rules import CallState, Direction
from app.calls.tables import Call
from app.equipment.rules import Fault
from app.equipment.tables import DeviceFault, Outage
from app.people.tables import Caregiver, Elder
from app.places.tables import Division

SHOWN: Final = 10  # lines a person reads from five metres; the rest is a number
TWO_SIGNS: Final = ("欧阳", "司马", "上官", "诸葛", "夏侯", "东方", "皇甫", "尉迟", "公孙", "慕容", "司徒", "令狐")


def surname(name: str | None) -> str | None:
    """All the room needs to tell two calls apart; the rest of the name stays on the desk of whoever has the case."""
    if not name:
        return None
    if name[0].isascii():
        return name.split()[-1][:1] + "."
    return name[:2] if name.startswith(TWO_SIGNS) else name[:1]


@dataclass(frozen=True)
class WallRow:
    """One line of the board."""

    id: int
    kind: AlarmKind
    state: State
    priority: int
    count: int
    raised_at: datetime
    rung_at: datetime
    test: bool
    name: str | None  # whole here, cut at the door
    place: str | None
    claimed_by: str | None
    responder: str | None
    eta_at: datetime | None


def waits(now: datetime) -> ColumnElement[bool]:
    """Put aside until a time that has not come, or only a call-back is owed."""
    aside = func.coalesce(Alarm.suspended_until > now, False)
    return (Alarm.state != State.RINGING) & ((Alarm.state == State.FOLLOW_UP) | aside)


def alarms(session: Session, *, now: datetime) -> Sequence[WallRow]:
    """What rings and what is being handled, gravest first, then oldest; as many lines as the screen has."""
    rows = session.execute(
        select(
            Alarm.id, Alarm.kind, Alarm.state, Alarm.priority, Alarm.count, Alarm.raised_at, Alarm.rung_at,
            Alarm.test_id.is_not(None), Elder.name, Division.name, User.name, Caregiver.name, Alarm.eta_at,
        )
        .outerjoin(Elder, Elder.id == Alarm.elder_id)
        .outerjoin(Division, Division.code == Alarm.division_code)
        .outerjoin(User, User.id == Alarm.claimed_by)
        .outerjoin(Caregiver, Caregiver.id == Alarm.caregiver_id)
        .where(Alarm.state.in_(OPEN), ~waits(now))
        .order_by(Alarm.state != State.RINGING, Alarm.priority, Alarm.raised_at, Alarm.id)
        .limit(SHOWN)
    )  # fmt: skip
    return [WallRow(*list(row)) for row in rows]


@dataclass(frozen=True)
class Counts:
    """Numbers of this moment."""

    ringing: int
    gravest: int  # of those, priority 1 and above
    handled: int
    waiting: int  # suspended, or a call-back is owed
    longest_since: datetime | None  # the oldest that rings


def counts(session: Session, *, now: datetime) -> Counts:
    """How many stand where; marked tests are not counted."""
    rings = Alarm.state == State.RINGING
    row = session.execute(
        select(
            func.count().filter(rings),
            func.count().filter(rings & (Alarm.priority <= 1)),
            func.count().filter(Alarm.state.in_(ATTENDED), ~waits(now)),
            func.count().filter(waits(now)),
            func.min(Alarm.rung_at).filter(rings),
        ).where(Alarm.state.in_(OPEN), Alarm.test_id.is_(None))
    ).one()
    return Counts(*row)


@dataclass(frozen=True)
class OnDuty:
    """Somebody at the desk and how much they have in hand."""

    name: str
    role: Role
    since: datetime
    cases: int


def on_duty(session: Session, district_id: int, *, now: datetime) -> Sequence[OnDuty]:
    """Everybody whose screen is heard from, the longest there first."""
    hers = (
        select(func.count(Alarm.id))
        .where(Alarm.claimed_by == Duty.user_id, Alarm.state.in_(ATTENDED), ~waits(now))
        .scalar_subquery()
    )
    rows = session.execute(
        select(User.name, User.role, Duty.started_at, hers)
        .join(User, User.id == Duty.user_id)
        .where(Duty.district_id == district_id, Duty.ended_at.is_(None), Duty.seen_at >= now - duty.HEARD)
        .order_by(Duty.started_at)
    )
    return [OnDuty(*row) for row in rows]


@dataclass(frozen=True)
class ClockRow:
    """One of the four clocks today: how many, how many in time, the middle and the slow end in seconds."""

    n: int
    in_time: int
    median: float | None
    p95: float | None


RECEIPT, HUMAN, DECISION, ARRIVAL = 5, 60, 180, 15 * 60
"""Seconds: what the platform promises itself; TSA's answering time; TSA's longest wait; help on site in Xiamen."""


def clocks(session: Session, *, now: datetime) -> dict[str, ClockRow]:
    """Press to receipt, to a human, to a decision, to arrival: of today's calls for help.

    What is still waiting counts with its age once that is over the limit, so that nothing looks good by being ignored.
    """
    first, _ = calendar.day_bounds(calendar.day_of(now))
    decided = func.least(Alarm.dispatched_at, Alarm.reached_at, Alarm.closed_at)
    spans = {
        "receipt": (Alarm.device_at, Alarm.raised_at, RECEIPT, Alarm.clock_off.is_(None)),
        "human": (Alarm.raised_at, Alarm.answered_at, HUMAN, None),
        "decision": (Alarm.answered_at, decided, DECISION, None),
        "arrival": (
            Alarm.dispatched_at,
            Alarm.arrived_at,
            ARRIVAL,
            Alarm.closed_at.is_(None) | Alarm.arrived_at.is_not(None),
        ),
    }
    columns: list[ColumnElement[Any]] = []
    for begins, ends, limit, counted in spans.values():
        took = cast(func.greatest(func.extract("epoch", func.coalesce(ends, now) - begins), 0), Float)
        known = and_(begins.is_not(None), ends.is_not(None) | (took > limit))
        known = known if counted is None else known & counted
        seconds = case((known, took))
        columns += [
            func.count(seconds), func.count().filter(seconds <= limit),
            func.percentile_cont(0.5).within_group(seconds), func.percentile_cont(0.95).within_group(seconds),
        ]  # fmt: skip
    row = session.execute(select(*columns).where(Alarm.raised_at >= first, Alarm.test_id.is_(None))).one()
    return {name: ClockRow(*list(row)[4 * i : 4 * i + 4]) for i, name in enumerate(spans)}


@dataclass(frozen=True)
class Around:
    """What else the room should know."""

    devices_blind: int
    outages: int
    calls_waiting: int


def around(session: Session) -> Around:
    """Devices nobody hears, losses that are one thing, callers nobody has answered."""
    blind = select(func.count(DeviceFault.device_id.distinct())).where(
        DeviceFault.ended_at.is_(None), DeviceFault.kind.in_([Fault.SILENT, Fault.OFFLINE])
    )
    lost = select(func.count(Outage.id)).where(Outage.ended_at.is_(None))
    calling = select(func.count(Call.id)).where(
        Call.direction == Direction.INBOUND, Call.state == CallState.RINGING
    )  # fmt: skip
    return Around(*(session.scalar(asked) or 0 for asked in (blind, lost, calling)))
