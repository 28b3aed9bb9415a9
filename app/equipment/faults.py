"""The technical list as the platform writes it: what is wrong comes on, what is right again goes off."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.db import notice
from app.equipment.clocks import due_after
from app.equipment.queries import Known
from app.equipment.rules import Fault
from app.equipment.tables import Device, DeviceFault
from app.equipment.upkeep_rules import Upkeep, UpkeepEvent
from app.history import History

MANY = 50  # more changes than this are told to the screens as one


@dataclass(frozen=True)
class New:
    """What is wrong with a device, since when."""

    device: Known | Device
    kind: Fault
    since: datetime
    battery: float | None = None
    lost_at: datetime | None = None

    @property
    def row(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "district_id": self.device.district_id, "division_code": self.device.division_code,
            "device_id": self.device.id, "kind": self.kind, "since": self.since, "lost_at": self.lost_at,
            "battery": self.battery, "state": Upkeep.WAITING, "due_at": self.since + due_after(self.kind),
        }  # fmt: skip


def add(session: Session, found: Sequence[New]) -> None:
    """Onto the technical list, unless it is there."""
    if found:
        made = insert(DeviceFault).values([one.row for one in found]).on_conflict_do_nothing()
        rows = session.execute(made.returning(DeviceFault.district_id, DeviceFault.device_id)).all()
        tell(session, [(district, device) for district, device in rows])


def end(session: Session, over: Mapping[int, Collection[Fault]], *, now: datetime) -> None:
    """Off the technical list: for each device the kinds that are no longer so."""
    if not over:
        return
    listed = session.execute(
        select(DeviceFault.id, DeviceFault.device_id, DeviceFault.kind)
        .where(DeviceFault.device_id.in_(list(over)), DeviceFault.ended_at.is_(None))
        .order_by(DeviceFault.id)
    ).all()
    ids = [number for number, device_id, kind in listed if kind in over[device_id]]
    if ids:
        close(session, ids, now=now)


def close(session: Session, fault_ids: Sequence[int], *, now: datetime) -> None:
    """These entries are over; the history has it where somebody had them in hand. The entry itself tells the rest."""
    in_hand = session.execute(
        select(DeviceFault.district_id, DeviceFault.id, DeviceFault.state)
        .where(DeviceFault.id.in_(fault_ids), DeviceFault.ended_at.is_(None), DeviceFault.state != Upkeep.WAITING)
        .order_by(DeviceFault.id)
    ).all()
    rows = session.execute(
        update(DeviceFault)
        .where(DeviceFault.id.in_(fault_ids), DeviceFault.ended_at.is_(None))
        .values(ended_at=now, state=Upkeep.OVER)
        .returning(DeviceFault.district_id, DeviceFault.device_id)
    ).all()
    session.add_all(
        History(
            district_id=district_id, at=now, by="platform", subject="device_faults", subject_id=number,
            event=UpkeepEvent.END, before=state, after=Upkeep.OVER, reason=None, facts={},
        )
        for district_id, number, state in in_hand
    )  # fmt: skip
    tell(session, [(district, device) for district, device in rows])


def tell(session: Session, changed: Sequence[tuple[int, int]]) -> None:
    """Have the screens told: of each device, or of a flood once."""
    if len(changed) > MANY:
        for district_id in {district for district, _ in changed}:
            notice(session, district_id, "devices/0")
        return
    for district_id, device_id in changed:
        notice(session, district_id, f"devices/{device_id}")
