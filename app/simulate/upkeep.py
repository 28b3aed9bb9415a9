"""What the devices have been through: batteries, lost links, a dead gateway, a watch in a drawer.

Written in bulk by the database itself, so that a district of any size takes no longer to build for it.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from app.calendar import day_of
from app.equipment.clocks import due_after, outage_due_after
from app.equipment.rules import LOW_BATTERY, DeviceKind, DeviceState, Fault
from app.equipment.tables import DeafTime, Device, DeviceFault, DeviceModel, Outage
from app.equipment.upkeep_rules import Remedy, Shared, Upkeep

DAYS: Final = 75  # of battery history
GATEWAY: Final = "gw-7c21"
BEHIND_IT: Final = 14


@dataclass(frozen=True)
class Installed:
    """A device in a home."""

    id: int
    division_code: str
    last_seen_at: datetime
    battery: float | None
    kind: DeviceKind
    silence_seconds: int
    elder_id: int | None
    home_id: int | None
    installed_at: datetime


Row = dict[str, object]

STAYS = text(
    """
    insert into device_stays (district_id, division_code, device_id, home_id, elder_id, since)
    select district_id, division_code, id, home_id, elder_id, installed_at from devices where district_id = :district
    """
)

CURVES = text(
    """
    with cells as (
        select d.id, d.district_id, d.division_code, d.installed_at, m.power,
            coalesce(m.battery_days, 365) * (0.75 + 0.5 * (abs(hashtext(d.wire_id)) % 1000) / 1000.0) as life,
            (abs(hashtext(d.wire_id || '/age')) % 1000) / 1000.0 as age
        from devices d join device_models m on m.id = d.model_id
        where d.district_id = :district and m.power <> 'mains'
    ), levels as (
        select c.*, cast(day as date) as day, (abs(hashtext(c.id || '/' || day)) % 1000) / 1000.0 as chance,
            cast(:today as date) - cast(day as date) as back
        from cells c, generate_series(cast(:today as date) - cast(:days as integer), cast(:today as date), '1 day') day
        where day >= cast(c.installed_at as date)
    )
    insert into device_days (district_id, device_id, day, division_code, battery_least, battery_last, reconnects)
    select district_id, id, day, division_code, least_, last_, case when chance > 0.985 then 3 when chance > 0.93 then 1
        else 0 end
    from (
        select *, greatest(4, round(cast(last_ as numeric) - 1)) as least_ from (
            select *, round(cast(greatest(5, least(100, case power
                when 'rechargeable' then 97 - 21 * (abs(back + cast(age * 3 as integer)) % 3) + 4 * chance
                else 100 - 95 * ((age * life - back) / life - floor((age * life - back) / life)) - 2 * chance
                end)) as numeric)) as last_
            from levels
        ) one
    ) two
    where chance > 0.04
    """
)
"""A cell lives as long as its model promises, give or take a quarter, and began its life some time ago; where that was
within these days, the curve shows the change of battery."""

LAST_LEVEL = text(
    """
    update devices d set battery = y.battery_last
    from (select distinct on (device_id) device_id, battery_last from device_days where district_id = :district
          order by device_id, day desc) y
    where y.device_id = d.id
    """
)


def past(session: Session, rng: random.Random, district_id: int, *, now: datetime) -> None:
    """The last weeks of every device that is installed."""
    asked = {"district": district_id, "today": day_of(now), "days": DAYS}
    session.execute(STAYS, asked)
    session.execute(CURVES, asked)
    session.execute(LAST_LEVEL, asked)
    found: Sequence[Any] = session.execute(
        select(Device.id, Device.division_code, Device.last_seen_at, Device.battery, DeviceModel.kind,
               DeviceModel.silence_seconds, Device.elder_id, Device.home_id, Device.installed_at)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(Device.district_id == district_id, Device.state == DeviceState.ACTIVE)
        .order_by(Device.id)
    ).all()  # fmt: skip
    rows = [Installed(*row) for row in found]
    session.execute(
        text(
            "update devices d set look_at = d.last_seen_at + make_interval(secs => m.silence_seconds) "
            "from device_models m where m.id = d.model_id and d.district_id = :district"
        ),
        asked,
    )
    faults: list[Row] = []
    lost: list[int] = []
    for row in rows:
        base = {"district_id": district_id, "division_code": row.division_code, "device_id": row.id}
        limit = timedelta(seconds=row.silence_seconds)
        if row.last_seen_at + limit < now:
            lost.append(row.id)
            faults.append(_open(base, Fault.SILENT, row.last_seen_at + limit, row.last_seen_at, row.battery))
        if row.battery is not None and row.battery <= LOW_BATTERY:
            faults.append(_open(base, Fault.LOW_BATTERY, now - timedelta(days=rng.uniform(0.1, 9)), None, row.battery))
        for kind, rate, hours in ((Fault.SILENT, 0.22, 9.0), (Fault.OFFLINE, 0.5, 0.6)):
            if rng.random() < rate:
                since = now - timedelta(days=rng.uniform(1.5, 28))
                ended = since + timedelta(hours=min(30.0, rng.expovariate(1 / hours)))
                faults.append(_over(base, kind, since, since - limit if kind is Fault.SILENT else since, ended, rng))
    behind = _dead_gateway(session, district_id, [row for row in rows if row.id not in set(lost)], now=now)
    faults += behind
    lost += [int(str(fault["device_id"])) for fault in behind]
    faults += _in_a_drawer(session, district_id, rows, set(lost), now=now)
    session.execute(update(Device).where(Device.id.in_(lost)).values(look_at=None))
    blank = {"ended_at": None, "outage_id": None, "done_with": None, "done_at": None, "battery": None}
    session.execute(insert(DeviceFault), [blank | fault for fault in faults])
    deaf = now - timedelta(days=9, hours=5)
    session.add(DeafTime(since=deaf, ended_at=deaf + timedelta(minutes=12), why="platform"))


def _open(base: Row, kind: Fault, since: datetime, lost_at: datetime | None, battery: float | None) -> Row:
    found = {"kind": kind, "since": since, "lost_at": lost_at, "battery": battery, "state": Upkeep.WAITING}
    return base | found | {"due_at": since + due_after(kind)}


def _over(base: Row, kind: Fault, since: datetime, lost_at: datetime, ended: datetime, rng: random.Random) -> Row:
    helped = rng.choice((Remedy.RESTARTED, Remedy.CHARGED, Remedy.EXPLAINED)) if rng.random() < 0.3 else None
    return base | {
        "kind": kind, "since": since, "lost_at": lost_at, "ended_at": ended, "state": Upkeep.OVER,
        "due_at": since + due_after(kind), "done_with": helped, "done_at": ended if helped else None,
    }  # fmt: skip


def _dead_gateway(session: Session, district_id: int, rows: Sequence[Installed], *, now: datetime) -> list[Row]:
    """The sensors of one community hang on one bridge, and it has lost its power."""
    sensors: dict[str, list[int]] = {}
    for row in rows:
        if row.kind not in (DeviceKind.HELP_BUTTON, DeviceKind.WATCH):
            sensors.setdefault(row.division_code, []).append(row.id)
    if not sensors:
        return []
    code, ids = max(sensors.items(), key=lambda item: (len(item[1]), item[0]))
    ids, died = ids[:BEHIND_IT], now - timedelta(hours=3, minutes=20)
    outage = Outage(
        district_id=district_id, division_code=code, shared=Shared.GATEWAY, key=GATEWAY, since=died, members=len(ids),
        state=Upkeep.WAITING, due_at=died + timedelta(minutes=4) + outage_due_after(),
    )  # fmt: skip
    session.add(outage)
    session.flush()
    session.execute(update(Device).where(Device.id.in_(ids)).values(via=GATEWAY, last_seen_at=died, link="offline"))
    base = {"district_id": district_id, "division_code": code, "outage_id": outage.id}
    return [_open(base | {"device_id": one}, Fault.OFFLINE, died, died, None) for one in ids]


def _in_a_drawer(
    session: Session, district_id: int, rows: Sequence[Installed], lost: set[int], *, now: datetime
) -> list[Row]:
    """One watch was taken off last night and lies somewhere."""
    watch = next((row for row in rows if row.kind is DeviceKind.WATCH and row.id not in lost), None)
    if watch is None:
        return []
    off = now - timedelta(hours=11, minutes=7)
    session.execute(update(Device).where(Device.id == watch.id).values(worn=False, worn_since=off))
    base = {"district_id": district_id, "division_code": watch.division_code, "device_id": watch.id}
    return [_open(base, Fault.NOT_WORN, off + timedelta(hours=4), off, watch.battery)]
