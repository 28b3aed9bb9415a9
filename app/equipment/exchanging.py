"""The exchange of a device that calls for nothing: one entry of the technical list, asked for by a person."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.tables import User
from app.equipment import faults
from app.equipment.rules import DeviceState, Fault
from app.equipment.tables import Device, DeviceFault
from app.equipment.upkeep_rules import Upkeep
from app.errors import Conflict, NotFound
from app.history import History, record


class AlreadyAsked(Conflict):
    """This device is on the technical list for exchange already."""


class NotInUse(Conflict):
    """Only a device in use is exchanged."""


@dataclass(frozen=True)
class Task:
    """An exchange that was asked for: by whom, when, until when, and who looks after it."""

    id: int
    device_id: int
    state: Upkeep
    since: datetime
    due_at: datetime
    asked_by: str
    claimed_name: str | None


def ask(session: Session, device_id: int, *, by: str, now: datetime) -> Task:
    """Have it exchanged. Its calls ring until then, and afterwards. Raises NotFound, NotInUse, AlreadyAsked."""
    device = session.get(Device, device_id, with_for_update=True)
    if device is None:
        raise NotFound("There is no such device.")
    if device.state is not DeviceState.ACTIVE:
        raise NotInUse(f"This device is {device.state}.", state=device.state)
    if open_of(session, [device_id]):
        raise AlreadyAsked("Somebody was faster.", device_id=device_id)
    faults.add(session, [faults.New(device, Fault.FALSE_ALARMS, now, device.battery)])
    entry = session.scalars(
        select(DeviceFault).where(
            DeviceFault.device_id == device_id, DeviceFault.kind == Fault.FALSE_ALARMS, DeviceFault.ended_at.is_(None)
        )
    ).one()
    record(session, entry, "ask", None, entry.state, by=by, now=now)
    return open_of(session, [device_id])[device_id]


def open_of(session: Session, device_ids: Collection[int]) -> Mapping[int, Task]:
    """The exchanges asked for and not yet done, by device."""
    session.flush()
    asked = (
        select(History.by)
        .where(
            History.district_id == DeviceFault.district_id, History.subject == DeviceFault.__tablename__,
            History.subject_id == DeviceFault.id, History.event == "ask",
        )
        .correlate(DeviceFault)
        .limit(1)
        .scalar_subquery()
    )  # fmt: skip
    rows = session.execute(
        select(
            DeviceFault.id, DeviceFault.device_id, DeviceFault.state, DeviceFault.since, DeviceFault.due_at, asked,
            User.name,
        )
        .outerjoin(User, User.id == DeviceFault.claimed_by)
        .where(
            DeviceFault.device_id.in_(device_ids), DeviceFault.kind == Fault.FALSE_ALARMS,
            DeviceFault.ended_at.is_(None),
        )
    )  # fmt: skip
    return {row[1]: Task(*row) for row in rows}
