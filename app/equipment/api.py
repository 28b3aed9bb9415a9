"""The door of the device register and its technical list."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel

from app.access.api import Desk
from app.db import transaction
from app.equipment import queries
from app.equipment.queries import DeviceRow
from app.equipment.rules import DeviceEvent, DeviceKind, DeviceState, Fault, Link, possible

router = APIRouter(prefix="/api/devices", tags=["devices"])
PAGE = 100


class DeviceOut(BaseModel):
    """A device, how it is, and since when it has been silent."""

    id: int
    wire_id: str
    model: str
    kind: DeviceKind
    voice: bool
    state: DeviceState
    spot: str | None
    elder_id: int | None
    elder_name: str | None
    home_id: int | None
    estate: str | None
    division_code: str
    battery: float | None
    link: Link
    link_since: datetime | None
    last_seen_at: datetime | None
    tested_at: datetime | None
    installed_at: datetime | None
    faults: list[Fault]
    silent: bool
    silent_at: datetime | None
    possible: list[DeviceEvent]

    @classmethod
    def of(cls, row: DeviceRow, now: datetime) -> "DeviceOut":
        """As the screens see it."""
        fields = {name: getattr(row, name) for name in cls.model_fields if name not in ("silent", "possible")}
        return cls(silent=row.silent(now), possible=possible(row.state), **fields)


class Devices(BaseModel):
    """A page of devices."""

    items: list[DeviceOut]
    next: int | None
    server_time: datetime


@router.get("")
def devices(
    me: Desk,
    home: int | None = None,
    elder: int | None = None,
    state: DeviceState | None = None,
    faulty: bool = False,
    cursor: int = 0,
) -> Devices:
    """The register, of one home or elder, or what is wrong (`faulty`): the technical list."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        rows = queries.register(
            session, home_id=home, elder_id=elder, state=state, faulty=faulty, after=cursor, limit=PAGE
        )
    return Devices(
        items=[DeviceOut.of(row, now) for row in rows], next=rows[-1].id if len(rows) == PAGE else None, server_time=now
    )
