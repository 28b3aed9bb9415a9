"""Test overdue: help buttons nobody has heard for too long go on the technical list, and off it when one was."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.config import settings
from app.equipment import faults
from app.equipment.installing_rules import PRESSED_BY_HER
from app.equipment.rules import DeviceState, Fault
from app.equipment.tables import Device, DeviceFault, DeviceModel

AT_ONCE: Final = 1000


def gather(session: Session, *, now: datetime) -> None:
    """Who is untested for longer than the district allows, since the test or else the installation. For the clock."""
    heard = func.coalesce(Device.tested_at, Device.installed_at)
    limit = now - timedelta(days=settings().test_overdue_days)
    listed = select(DeviceFault.id).where(
        DeviceFault.device_id == Device.id, DeviceFault.kind == Fault.UNTESTED, DeviceFault.ended_at.is_(None)
    )
    found: Sequence[Device] = session.scalars(
        select(Device)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(Device.state == DeviceState.ACTIVE, DeviceModel.kind.in_(PRESSED_BY_HER), heard < limit)
        .where(~listed.exists())
        .order_by(heard, Device.id)
        .limit(AT_ONCE)
    ).all()
    faults.add(session, [faults.New(one, Fault.UNTESTED, now, one.battery) for one in found])
    heard_again = session.scalars(
        select(DeviceFault.id)
        .join(Device, Device.id == DeviceFault.device_id)
        .where(DeviceFault.kind == Fault.UNTESTED, DeviceFault.ended_at.is_(None), Device.tested_at >= limit)
        .order_by(DeviceFault.id)
    ).all()
    if heard_again:
        faults.close(session, heard_again, now=now)
