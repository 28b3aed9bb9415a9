"""Reading the technical list: what is wrong, since when, whose it is, when it is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, null, select
from sqlalchemy.orm import Session, aliased

from app.access.tables import User
from app.equipment.rules import DeviceKind, DeviceState, Fault
from app.equipment.tables import Device, DeviceFault, DeviceModel, Outage
from app.equipment.upkeep_rules import Remedy, Shared, Upkeep, UpkeepEvent
from app.history import History
from app.people.tables import Elder, Home
from app.places.tables import Division

PAGE = 100
Claimer, Doer = aliased(User), aliased(User)


@dataclass(frozen=True)
class Handling:
    """How far somebody is with an entry."""

    id: int
    state: Upkeep
    since: datetime
    due_at: datetime
    claimed_by: int | None
    claimed_name: str | None
    claimed_at: datetime | None
    shelved_until: datetime | None
    shelve_reason: str | None
    done_with: Remedy | None
    done_note: str | None
    done_name: str | None
    done_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class FaultRow(Handling):
    """What is wrong with one device."""

    kind: Fault
    lost_at: datetime | None
    outage_id: int | None
    device_id: int
    wire_id: str
    model: str
    device_kind: DeviceKind
    spot: str | None
    elder_id: int | None
    elder_name: str | None
    estate: str | None
    division: str | None
    division_code: str
    battery: float | None
    last_seen_at: datetime | None


@dataclass(frozen=True)
class OutageRow(Handling):
    """Many devices lost at once."""

    shared: Shared
    key: str
    division_code: str
    division: str | None
    members: int
    missing: int


def _handling(table: Any) -> list[Any]:
    return [
        table.id, table.state, table.since, table.due_at, table.claimed_by, Claimer.name, table.claimed_at,
        table.shelved_until, table.shelve_reason, table.done_with, table.done_note, Doer.name, table.done_at,
        table.ended_at,
    ]  # fmt: skip


def _faults() -> Select[Any]:
    return (
        select(
            *_handling(DeviceFault), DeviceFault.kind, DeviceFault.lost_at, DeviceFault.outage_id, Device.id,
            Device.wire_id, DeviceModel.name, DeviceModel.kind, Device.spot, Device.elder_id, Elder.name, Home.estate,
            Division.name, DeviceFault.division_code, Device.battery, Device.last_seen_at,
        )
        .join(Device, Device.id == DeviceFault.device_id)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .outerjoin(Elder, Elder.id == Device.elder_id)
        .outerjoin(Home, Home.id == Device.home_id)
        .outerjoin(Division, Division.code == DeviceFault.division_code)
        .outerjoin(Claimer, Claimer.id == DeviceFault.claimed_by)
        .outerjoin(Doer, Doer.id == DeviceFault.done_by)
    )  # fmt: skip


def _ranked(table: Any, *, me: int) -> list[ColumnElement[Any]]:
    """What is mine, then what waits by due time, then what is in others' hands, done or aside."""
    rank = case(
        ((table.state == Upkeep.CLAIMED) & (table.claimed_by == me), 0),
        (table.state == Upkeep.WAITING, 1),
        (table.state == Upkeep.CLAIMED, 2),
        (table.state == Upkeep.DONE, 3),
        else_=4,
    )
    return [rank, table.due_at, table.id]


def waiting(
    session: Session,
    *,
    me: int,
    kind: Fault | None = None,
    state: Upkeep | None = None,
    area: str | None = None,
    offset: int = 0,
) -> Sequence[FaultRow]:
    """Open entries, one page, in the order in which they should be seen to; in an area also what an outage explains."""
    statement = _faults().where(DeviceFault.ended_at.is_(None))
    if area:
        statement = statement.where(DeviceFault.division_code.startswith(area, autoescape=True))
    else:
        statement = statement.where(DeviceFault.outage_id.is_(None))
    if kind:
        statement = statement.where(DeviceFault.kind == kind)
    if state:
        statement = statement.where(DeviceFault.state == state)
    rows = session.execute(statement.order_by(*_ranked(DeviceFault, me=me)).offset(offset).limit(PAGE))
    return [FaultRow(*row) for row in rows]


@dataclass(frozen=True)
class ShelvedRow:
    """An entry put aside: what, why, until when and by whom."""

    kind: Fault | Shared
    what: str  # the device as the wire knows it, or what an outage's devices share
    elder_name: str | None
    estate: str | None
    reason: str | None
    until: datetime | None
    by: str | None


def shelved(session: Session) -> Sequence[ShelvedRow]:
    """Everything that is put aside now, the earliest end first."""
    faults = (
        select(
            DeviceFault.kind, Device.wire_id, Elder.name, Home.estate, DeviceFault.shelve_reason,
            DeviceFault.shelved_until, _put_aside_by(DeviceFault),
        )
        .join(Device, Device.id == DeviceFault.device_id)
        .outerjoin(Elder, Elder.id == Device.elder_id)
        .outerjoin(Home, Home.id == Device.home_id)
        .where(DeviceFault.state == Upkeep.SHELVED)
    )  # fmt: skip
    many = select(
        Outage.shared, Outage.key, null(), null(), Outage.shelve_reason, Outage.shelved_until, _put_aside_by(Outage)
    ).where(Outage.state == Upkeep.SHELVED)
    rows = [ShelvedRow(*row) for statement in (faults, many) for row in session.execute(statement)]
    return sorted(rows, key=lambda row: (row.until is None, row.until))


def _put_aside_by(table: type[DeviceFault] | type[Outage]) -> ColumnElement[str]:
    return (
        select(History.by)
        .where(
            History.district_id == table.district_id, History.subject == table.__tablename__,
            History.subject_id == table.id, History.event == UpkeepEvent.SHELVE,
        )
        .correlate(table)
        .order_by(History.id.desc())
        .limit(1)
        .scalar_subquery()
    )  # fmt: skip


def members(session: Session, outage_id: int, *, offset: int = 0) -> Sequence[FaultRow]:
    """The devices of an outage that are still missing."""
    rows = session.execute(
        _faults()
        .where(DeviceFault.outage_id == outage_id, DeviceFault.ended_at.is_(None))
        .order_by(DeviceFault.division_code, Device.id)
        .offset(offset)
        .limit(PAGE)
    )
    return [FaultRow(*row) for row in rows]


def past_of(session: Session, device_id: int, *, limit: int = 50) -> Sequence[FaultRow]:
    """What has been wrong with a device, newest first, over or not."""
    rows = session.execute(
        _faults()
        .where(DeviceFault.device_id == device_id)
        .order_by(DeviceFault.since.desc(), DeviceFault.id)
        .limit(limit)
    )
    return [FaultRow(*row) for row in rows]


def outages(session: Session, *, me: int, outage_id: int | None = None) -> Sequence[OutageRow]:
    """Open outages, or a certain one."""
    missing = (
        select(func.count(func.distinct(DeviceFault.device_id)))
        .where(DeviceFault.outage_id == Outage.id, DeviceFault.ended_at.is_(None))
        .correlate(Outage)
        .scalar_subquery()
    )
    statement = (
        select(
            *_handling(Outage), Outage.shared, Outage.key, Outage.division_code, Division.name, Outage.members, missing
        )
        .outerjoin(Division, Division.code == Outage.division_code)
        .outerjoin(Claimer, Claimer.id == Outage.claimed_by)
        .outerjoin(Doer, Doer.id == Outage.done_by)
        .order_by(*_ranked(Outage, me=me))
    )
    wanted = Outage.id == outage_id if outage_id else Outage.ended_at.is_(None)
    return [OutageRow(*list(row)) for row in session.execute(statement.where(wanted))]


@dataclass(frozen=True)
class AreaRow:
    """A community: where it is, how many devices it has, how many of them are out of reach or not worn."""

    division_code: str
    division: str
    lat: float
    lon: float
    devices: int
    lost: int
    not_worn: int
    other: int
    outage: bool


def by_area(session: Session) -> Sequence[AreaRow]:
    """Every community with devices, for the map of silence; no home is shown, let alone a door."""
    lost = DeviceFault.kind.in_([Fault.SILENT, Fault.OFFLINE])
    wrong = (
        select(
            DeviceFault.device_id,
            func.bool_or(lost).label("lost"),
            func.bool_or(DeviceFault.kind == Fault.NOT_WORN).label("not_worn"),
            func.bool_or(DeviceFault.outage_id.is_not(None)).label("outage"),
        )
        .where(DeviceFault.ended_at.is_(None))
        .group_by(DeviceFault.device_id)
        .subquery()
    )
    gone, off = func.coalesce(wrong.c.lost, False), func.coalesce(wrong.c.not_worn, False)
    rows = session.execute(
        select(
            Division.code, Division.name, Division.lat, Division.lon, func.count(), func.count().filter(gone),
            func.count().filter(off & ~gone), func.count().filter(wrong.c.device_id.is_not(None) & ~gone & ~off),
            func.coalesce(func.bool_or(wrong.c.outage), False),
        )
        .select_from(Device)
        .join(Division, Division.code == Device.division_code)
        .outerjoin(wrong, wrong.c.device_id == Device.id)
        .where(Device.state == DeviceState.ACTIVE)
        .group_by(Division.code, Division.name, Division.lat, Division.lon)
        .order_by(func.count().filter(gone).desc(), Division.code)
    )  # fmt: skip
    return [AreaRow(*list(row)) for row in rows]


@dataclass(frozen=True)
class Counts:
    """How long the list is, without what an outage explains."""

    open: int
    waiting: int
    overdue: int
    mine: int
    by_kind: dict[Fault, int]


def counts(session: Session, *, me: int, now: datetime) -> Counts:
    """For the heads of the list."""
    waits = DeviceFault.state == Upkeep.WAITING
    rows = session.execute(
        select(
            DeviceFault.kind,
            func.count(),
            func.count().filter(waits),
            func.count().filter(DeviceFault.state.in_([Upkeep.WAITING, Upkeep.CLAIMED]) & (DeviceFault.due_at < now)),
            func.count().filter((DeviceFault.claimed_by == me) & (DeviceFault.state == Upkeep.CLAIMED)),
        )
        .where(DeviceFault.ended_at.is_(None), DeviceFault.outage_id.is_(None))
        .group_by(DeviceFault.kind)
    ).all()
    every, unclaimed, overdue, mine = (sum(int(row[n]) for row in rows) for n in range(1, 5))
    return Counts(every, unclaimed, overdue, mine, {row[0]: row[1] for row in rows})
