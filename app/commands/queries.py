"""Reading commands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.commands.rules import CommandState
from app.commands.tables import DeviceCommand
from app.equipment.rules import DeviceState, Link
from app.equipment.tables import Device, DeviceModel
from app.errors import NotFound

SHOWN = 20


@dataclass(frozen=True)
class Told:
    """A device as far as commands go."""

    id: int
    district_id: int
    division_code: str
    commands: Sequence[str]
    state: DeviceState
    link: Link


def device(session: Session, device_id: int) -> Told:
    """Raises NotFound, also outside the caller's area."""
    row = session.execute(
        select(
            Device.id, Device.district_id, Device.division_code, DeviceModel.commands, Device.state, Device.link
        )
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(Device.id == device_id)
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotFound("There is no such device, or it is outside your area.")
    return Told(*row)


def get(session: Session, command_id: int) -> DeviceCommand:
    """One command, locked; raises NotFound, also outside the caller's area."""
    found = session.get(DeviceCommand, command_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such command, or it is outside your area.")
    return found


def of_device(session: Session, device_id: int) -> Sequence[DeviceCommand]:
    """The last ones, newest first."""
    statement = select(DeviceCommand).where(DeviceCommand.device_id == device_id)
    return session.scalars(statement.order_by(DeviceCommand.id.desc()).limit(SHOWN)).all()


def waiting(session: Session, *, now: datetime) -> Sequence[tuple[int, str]]:
    """Commands that wait for their device to connect, oldest first, with the device's own name."""
    rows = session.execute(
        select(DeviceCommand.id, Device.wire_id)
        .join(Device, Device.id == DeviceCommand.device_id)
        .where(DeviceCommand.state == CommandState.QUEUED, DeviceCommand.due_at > now)
        .order_by(DeviceCommand.id)
    )
    return [(row[0], row[1]) for row in rows]


def overdue(session: Session, *, now: datetime) -> Sequence[int]:
    """Open ones whose time is over."""
    open_ones = DeviceCommand.state.in_((CommandState.QUEUED, CommandState.SENT))
    return session.scalars(select(DeviceCommand.id).where(open_ones, DeviceCommand.due_at <= now).limit(500)).all()
