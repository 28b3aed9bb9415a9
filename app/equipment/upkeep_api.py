"""The door of the technical list: its own clocks, who has what, what many devices share. None of it rings."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.orm import Session

from app.access.api import Desk, Reader
from app.access.queries import Caller
from app.db import transaction
from app.equipment import upkeep, upkeep_queries
from app.equipment.rules import DeviceKind, Fault
from app.equipment.upkeep_queries import Handling
from app.equipment.upkeep_rules import Remedy, Shared, Upkeep, UpkeepEvent, possible
from app.errors import NotFound

router = APIRouter(prefix="/api/upkeep", tags=["upkeep"])


class HandlingOut(BaseModel):
    """How far somebody is with an entry, and what the caller may do with it."""

    id: int
    state: Upkeep
    since: datetime
    due_at: datetime
    overdue: bool
    claimed_name: str | None
    claimed_by_me: bool
    claimed_at: datetime | None
    shelved_until: datetime | None
    shelve_reason: str | None
    done_with: Remedy | None
    done_note: str | None
    done_name: str | None
    done_at: datetime | None
    ended_at: datetime | None
    possible: list[UpkeepEvent]


class FaultEntry(HandlingOut):
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


class OutageEntry(HandlingOut):
    """Many devices lost at once: what they share, how many there were and how many are missing still."""

    shared: Shared
    key: str
    division_code: str
    division: str | None
    members: int
    missing: int


def _fields(row: Handling, me: Caller, now: datetime) -> dict[str, Any]:
    mine = row.claimed_by == me.id
    late = row.state in (Upkeep.WAITING, Upkeep.CLAIMED) and row.due_at < now
    return vars(row) | {"claimed_by_me": mine, "overdue": late, "possible": possible(row.state, mine=mine)}


def fault_out(row: upkeep_queries.FaultRow, me: Caller, now: datetime) -> FaultEntry:
    """As the screens see it; an outage's member is handled with it."""
    fields = _fields(row, me, now)
    return FaultEntry(**(fields | {"possible": []} if row.outage_id else fields))


def outage_out(row: upkeep_queries.OutageRow, me: Caller, now: datetime) -> OutageEntry:
    """As the screens see it."""
    return OutageEntry(**_fields(row, me, now))


class UpkeepList(BaseModel):
    """The technical list: outages first, then a page of single devices."""

    outages: list[OutageEntry]
    items: list[FaultEntry]
    next: int | None
    open: int
    waiting: int
    overdue: int
    mine: int
    by_kind: dict[Fault, int]
    server_time: datetime


@router.get("")
def technical_list(
    me: Desk,
    kind: Fault | None = None,
    state: Upkeep | None = None,
    area: Annotated[str | None, Query(pattern=r"^\d{6,12}$")] = None,
    cursor: int = 0,
) -> UpkeepList:
    """What is wrong, mine first, then by the time it is due."""
    now, after = datetime.now(UTC), min(max(cursor, 0), 1_000_000)
    with transaction(me.scope) as session:
        rows = upkeep_queries.waiting(session, me=me.id, kind=kind, state=state, area=area, offset=after)
        outages = upkeep_queries.outages(session, me=me.id)
        counts = upkeep_queries.counts(session, me=me.id, now=now)
    return UpkeepList(
        outages=[outage_out(row, me, now) for row in outages], items=[fault_out(row, me, now) for row in rows],
        next=after + len(rows) if len(rows) == upkeep_queries.PAGE else None, server_time=now, **vars(counts),
    )  # fmt: skip


class AreaOut(BaseModel):
    """A community on the map of silence."""

    division_code: str
    division: str
    lat: float
    lon: float
    devices: int
    lost: int
    not_worn: int
    other: int
    outage: bool


class SilenceMap(BaseModel):
    """Where devices are out of reach, by community."""

    items: list[AreaOut]


@router.get("/areas")
def areas(me: Reader) -> SilenceMap:
    """The map of silence."""
    with transaction(me.scope) as session:
        rows = upkeep_queries.by_area(session)
    return SilenceMap(items=[AreaOut(**vars(row)) for row in rows])


class Members(BaseModel):
    """Devices of an outage that are missing."""

    outage: OutageEntry
    items: list[FaultEntry]
    next: int | None


@router.get("/outages/{outage_id}")
def members(outage_id: int, me: Desk, cursor: int = 0) -> Members:
    """Who was lost together."""
    now, after = datetime.now(UTC), min(max(cursor, 0), 1_000_000)
    with transaction(me.scope) as session:
        outage = _outage(upkeep_queries.outages(session, me=me.id, outage_id=outage_id))
        rows = upkeep_queries.members(session, outage_id, offset=after)
    return Members(
        outage=outage_out(outage, me, now), items=[fault_out(row, me, now) for row in rows],
        next=after + len(rows) if len(rows) == upkeep_queries.PAGE else None,
    )  # fmt: skip


def _outage(rows: Any) -> upkeep_queries.OutageRow:
    if not rows:
        raise NotFound("There is no such outage.")
    found: upkeep_queries.OutageRow = rows[0]
    return found


class Claim(BaseModel):
    """I look after it."""

    event: Literal["claim"]


class Release(BaseModel):
    """Somebody else should."""

    event: Literal["release"]


class Shelve(BaseModel):
    """Aside until a time, for a reason."""

    event: Literal["shelve"]
    until: AwareDatetime
    reason: str = Field(min_length=2, max_length=300)


class Resume(BaseModel):
    """Off the shelf before its time."""

    event: Literal["resume"]


class Finish(BaseModel):
    """What it was done with; the device's own word ends it."""

    event: Literal["finish"]
    remedy: Remedy
    note: str | None = Field(None, max_length=500)


Act = Annotated[Claim | Release | Shelve | Resume | Finish, Field(discriminator="event")]


class Handled(BaseModel):
    """How an entry stands now."""

    id: int
    state: Upkeep
    possible: list[UpkeepEvent]


@router.post("/faults/{fault_id}")
def handle_fault(fault_id: int, act: Act, me: Desk) -> Handled:
    """Do something with an entry of one device."""
    with transaction(me.scope) as session:
        return _do(session, upkeep.fault(session, fault_id), act, me, now=datetime.now(UTC))


@router.post("/outages/{outage_id}")
def handle_outage(outage_id: int, act: Act, me: Desk) -> Handled:
    """Do something with an outage, and so with all its devices."""
    with transaction(me.scope) as session:
        return _do(session, upkeep.outage(session, outage_id), act, me, now=datetime.now(UTC))


def _do(session: Session, entry: upkeep.Entry, act: Act, me: Caller, *, now: datetime) -> Handled:
    match act:
        case Claim():
            upkeep.claim(session, entry, user_id=me.id, by=me.name, now=now)
        case Release():
            upkeep.release(session, entry, user_id=me.id, by=me.name, now=now)
        case Shelve():
            upkeep.shelve(session, entry, until=act.until, reason=act.reason, by=me.name, now=now)
        case Resume():
            upkeep.resume(session, entry, by=me.name, now=now)
        case Finish():
            upkeep.finish(session, entry, remedy=act.remedy, note=act.note, user_id=me.id, by=me.name, now=now)
    return Handled(id=entry.id, state=entry.state, possible=possible(entry.state, mine=entry.claimed_by == me.id))
