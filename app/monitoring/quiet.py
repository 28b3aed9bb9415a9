"""What suspends a rule: everybody away, a caregiver there, every sensor of movement silent, or the platform deaf."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.equipment.rules import DeviceKind, DeviceState, Fault
from app.equipment.tables import DeafTime, Device, DeviceFault, DeviceModel
from app.monitoring.memory import Pause
from app.monitoring.tables import MonitoringPause
from app.orders.tables import Visit
from app.people.tables import Elder
from app.planning.tables import Attendance

K = DeviceKind
SEE_MOVEMENT: Final = (K.MOTION_SENSOR, K.DOOR_SENSOR, K.BED_SENSOR, K.WATCH, K.FALL_SENSOR)
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
FOR_EVER: Final = datetime(9000, 1, 1, tzinfo=UTC)


def pauses(
    session: Session, elder_ids: Sequence[int], home_id: int, *, since: datetime, today: bool = True
) -> list[Pause]:
    """When nobody need be heard of. What is only said of today (`Elder.away`) says nothing of the month before."""
    away = in_all([_away(session, elder_id, since, today=today) for elder_id in elder_ids])
    found = [*away, *_company(session, elder_ids, since), *_blind(session, home_id, since), *_deaf(session, since)]
    return sorted(found, key=lambda pause: pause.start)


def in_all(each: Sequence[Sequence[Pause]]) -> list[Pause]:
    """When all of them pause at once."""
    if not each:
        return []
    common = list(each[0])
    for other in each[1:]:
        common = [
            Pause(max(a.start, b.start), _end(a, b))
            for a in common
            for b in other
            if max(a.start, b.start) < min(a.end or FOR_EVER, b.end or FOR_EVER)
        ]
    return common


def merged(found: Iterable[Pause]) -> list[Pause]:
    """Pauses that touch, as one."""
    whole: list[Pause] = []
    for pause in sorted(found, key=lambda pause: pause.start):
        if whole and (whole[-1].end is None or whole[-1].end >= pause.start):
            last = whole.pop()
            pause = Pause(last.start, max(last.end, pause.end) if last.end and pause.end else None)
        whole.append(pause)
    return whole


def _end(a: Pause, b: Pause) -> datetime | None:
    return min(a.end or FOR_EVER, b.end or FOR_EVER) if a.end or b.end else None


def _away(session: Session, elder_id: int, since: datetime, *, today: bool) -> list[Pause]:
    rows = session.execute(
        select(MonitoringPause.starts_at, MonitoringPause.ends_at).where(
            MonitoringPause.elder_id == elder_id,
            or_(MonitoringPause.ends_at.is_(None), MonitoringPause.ends_at > since),
        )
    )
    found = [Pause(start, end) for start, end in rows]
    if today and session.scalar(select(Elder.away).where(Elder.id == elder_id)):
        return [Pause(LONG_AGO)]
    return merged(found)


def _company(session: Session, elder_ids: Sequence[int], since: datetime) -> list[Pause]:
    """From the door to the end of the visit, as the caregiver's phone reported it."""
    came = func.coalesce(Attendance.arrived_at, Attendance.started_at)
    rows = session.execute(
        select(came, Attendance.finished_at, Attendance.ends_at)
        .join(Visit, Visit.id == Attendance.visit_id)
        .where(Visit.elder_id.in_(elder_ids), came.is_not(None), Attendance.ends_at > since - timedelta(days=1))
    )
    forgotten = timedelta(hours=2)  # somebody who never reports the end has left by then
    return [Pause(start, end or planned + forgotten) for start, end, planned in rows if start < (end or planned)]


def _blind(session: Session, home_id: int, since: datetime) -> list[Pause]:
    """All that could have seen her was silent: that is a fault of devices, and on the technical list."""
    devices = session.scalars(
        select(Device.id)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(Device.home_id == home_id, DeviceModel.kind.in_(SEE_MOVEMENT))
    ).all()
    faults = defaultdict[int, list[Pause]](list)
    rows = session.execute(
        select(
            DeviceFault.device_id, func.coalesce(DeviceFault.lost_at, DeviceFault.since), DeviceFault.ended_at
        ).where(
            DeviceFault.device_id.in_(devices), DeviceFault.kind.in_([Fault.SILENT, Fault.OFFLINE]),
            or_(DeviceFault.ended_at.is_(None), DeviceFault.ended_at > since),
        )
    )  # fmt: skip
    for device_id, start, end in rows:
        faults[device_id].append(Pause(start, end))
    return in_all([merged(faults[device_id]) for device_id in devices])


def _deaf(session: Session, since: datetime) -> list[Pause]:
    """While the platform itself listened to nobody."""
    rows = session.execute(
        select(DeafTime.since, DeafTime.ended_at).where(or_(DeafTime.ended_at.is_(None), DeafTime.ended_at > since))
    )
    return [Pause(start, end) for start, end in rows]


def homes_with_movement(session: Session, district_id: int) -> dict[int, str]:
    """Homes where something would notice that somebody moves, and where they lie."""
    rows = session.execute(
        select(Device.home_id, func.min(Device.division_code))
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(
            Device.district_id == district_id, Device.home_id.is_not(None), Device.state == DeviceState.ACTIVE,
            DeviceModel.kind.in_(SEE_MOVEMENT),
        )
        .group_by(Device.home_id)
    )  # fmt: skip
    return {home_id: code for home_id, code in rows if home_id is not None}
