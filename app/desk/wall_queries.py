"""What the room sees of the alarms: how many, how long, who has them. No name, no door, no health leaves here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, select
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
from app.performance import queries as performance
from app.performance.rules import Clock, headline
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
    """One of the four clocks today: how many, how many in time, the middle and the slow end in seconds, its target."""

    clock: Clock
    n: int
    in_time: int
    median: float | None
    p95: float | None
    limit: int  # seconds
    target: float  # share that must be within them


def clocks(session: Session, district_id: int, *, now: datetime) -> Sequence[ClockRow]:
    """Today's calls for help as the page of figures counts them, against the district's own targets."""
    today = calendar.day_of(now)
    _, targets = performance.targets(session, district_id, at=now)
    period = performance.period_of(district_id, today, today, now=now)
    counted = performance.clocks(session, period, targets=targets)
    spreads = counted[0].clocks if counted else {}
    rows = []
    for clock in Clock:
        limit, target = headline(targets[clock])
        spread = spreads.get(clock)
        told = (spread.count, spread.within[limit], spread.p50, spread.p95) if spread else (0, 0, None, None)
        rows.append(ClockRow(clock, *told, limit=limit, target=target))
    return rows


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
