"""A device was heard: its presence, in one statement for a whole batch, and what its word changes on the lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.calendar import day_of
from app.equipment import faults
from app.equipment.queries import Known
from app.equipment.rules import Fault, Link, is_low


@dataclass(frozen=True)
class Heard:
    """A device was heard: when, and what it or the broker said of itself. None is not a word about it."""

    device: Known
    at: datetime
    battery: float | None = None  # per cent
    link: Link | None = None
    faults: tuple[Fault, ...] = ()
    whole: bool = False  # it says that nobody has opened or removed it
    spoke: bool = True  # itself; a last will is the broker's word
    volts: float | None = None
    worn: bool | None = None
    charging: bool | None = None
    via: str | None = None  # the gateway or bridge


HEAR = text(
    """
    with said as (
        select * from jsonb_to_recordset(:said) as s(
            id bigint, seen timestamptz, battery float8, volts float8, link text,
            link_at timestamptz, worn boolean, worn_at timestamptz, charging boolean, charging_at timestamptz, via text)
    ), free as (
        select id from devices where id in (select id from said) order by id for no key update skip locked
    )
    update devices d set
        last_seen_at = coalesce(s.seen, d.last_seen_at),
        look_at = case when d.state = 'active' and d.look_at is null and s.seen is not null
            then s.seen + make_interval(secs => m.silence_seconds) else d.look_at end,
        battery = coalesce(s.battery, d.battery),
        volts = coalesce(s.volts, d.volts),
        link = coalesce(s.link, d.link),
        link_since = case when s.link <> d.link then s.link_at else d.link_since end,
        worn = coalesce(s.worn, d.worn),
        worn_since = case when s.worn is distinct from d.worn and s.worn is not null
            then s.worn_at else d.worn_since end,
        charging = coalesce(s.charging, d.charging),
        charging_since = case when s.charging is distinct from d.charging and s.charging is not null
            then s.charging_at else d.charging_since end,
        via = coalesce(s.via, d.via)
    from free, said s, device_models m
    where d.id = free.id and s.id = free.id and m.id = d.model_id
    """
).bindparams(bindparam("said", type_=JSONB))
"""Rows that another listener is writing this instant are left to it. `look_at` is an index's column, so it is not
moved with every word (that would cost a new entry in every index of the table): the clock looks when it is due, and
moves it by what was heard since."""

DAYS = text(
    """
    insert into device_days as d (district_id, device_id, day, division_code, battery_least, battery_last,
                                  volts_least, volts_last, reconnects)
    select district_id, device_id, day, division_code, battery_least, battery_last, volts_least, volts_last, reconnects
    from jsonb_to_recordset(:days) as s(district_id int, device_id bigint, day date, division_code text,
        battery_least float8, battery_last float8, volts_least float8, volts_last float8, reconnects int)
    order by district_id, device_id, day
    on conflict (district_id, device_id, day) do update set
        battery_least = least(d.battery_least, excluded.battery_least),
        battery_last = coalesce(excluded.battery_last, d.battery_last),
        volts_least = least(d.volts_least, excluded.volts_least),
        volts_last = coalesce(excluded.volts_last, d.volts_last),
        reconnects = d.reconnects + excluded.reconnects
    """
).bindparams(bindparam("days", type_=JSONB))


def hear(session: Session, heard: Sequence[Heard], *, now: datetime) -> None:
    """Presence of all devices of a batch, their day's battery, and what this changes on the technical list."""
    said: dict[int, dict[str, Any]] = {}
    links: dict[int, Link] = {}
    for item in heard:
        values = said.setdefault(item.device.id, {"id": item.device.id})
        at = item.at.isoformat()
        if link := _link(item):
            links[item.device.id] = link
            values |= {"link": link, "link_at": at}
        if item.spoke:
            values["seen"] = at
        for name in ("battery", "volts", "via"):
            if (value := getattr(item, name)) is not None:
                values[name] = value
        for name in ("worn", "charging"):
            if (value := getattr(item, name)) is not None:
                values |= {name: value, f"{name}_at": at}
    told = [values for values in said.values() if len(values) > 1]
    if told:
        session.execute(HEAR, {"said": told})
    if days := _days(heard, links):
        session.execute(DAYS, {"days": days})
    _faults(session, heard, links, now=now)


def _link(item: Heard) -> Link | None:
    """What the broker says of the link, or that a device speaks whose link was lost before."""
    if item.link:
        return item.link
    lost = item.device.link is Link.OFFLINE and (item.device.link_since is None or item.device.link_since < item.at)
    return Link.ONLINE if item.spoke and lost else None


def _days(heard: Sequence[Heard], links: dict[int, Link]) -> list[dict[str, Any]]:
    """The lines of `device_days` that are news: a level that differs from the last, the first of a day, a new link."""
    rows: dict[tuple[int, Any], dict[str, Any]] = {}
    for item in heard:
        device, day = item.device, day_of(item.at)
        levels = {"battery": (item.battery, device.battery), "volts": (item.volts, device.volts)}
        fresh = device.last_seen_at is None or day_of(device.last_seen_at) != day
        news = {name: value for name, (value, old) in levels.items() if value is not None and (fresh or value != old)}
        back = links.get(device.id) is Link.ONLINE and device.link is Link.OFFLINE and _link(item) is Link.ONLINE
        if not news and not back:
            continue
        row = rows.setdefault(
            (device.id, day),
            {
                "district_id": device.district_id, "device_id": device.id, "day": day.isoformat(),
                "division_code": device.division_code, "reconnects": 0,
            },
        )  # fmt: skip
        row["reconnects"] = max(row["reconnects"], int(back))
        for name, value in news.items():
            row[f"{name}_last"] = value
            row[f"{name}_least"] = min(value, row.get(f"{name}_least", value))
    return list(rows.values())


def _faults(session: Session, heard: Sequence[Heard], links: dict[int, Link], *, now: datetime) -> None:
    """What a batch takes off the technical list and adds to it."""
    over: dict[int, set[Fault]] = {}
    new: dict[tuple[int, Fault], faults.New] = {}
    for item in heard:
        ends, device = over.setdefault(item.device.id, set()), item.device
        if item.spoke:
            ends.add(Fault.SILENT)
        if item.battery is not None and not is_low(item.battery):
            ends.add(Fault.LOW_BATTERY)
        if item.worn:
            ends.add(Fault.NOT_WORN)
        if item.whole:
            ends.add(Fault.TAMPER)
        for fault in sorted({*item.faults, *([Fault.LOW_BATTERY] if is_low(item.battery) else [])}):
            new.setdefault((device.id, fault), faults.New(device, fault, item.at, item.battery))
    for item in heard:
        link = links.get(item.device.id)
        if link is Link.ONLINE:
            over[item.device.id].add(Fault.OFFLINE)
        elif link is Link.OFFLINE and item.link is Link.OFFLINE:
            found = faults.New(item.device, Fault.OFFLINE, item.at, item.device.battery, lost_at=item.at)
            new.setdefault((item.device.id, Fault.OFFLINE), found)
    faults.end(session, {number: kinds for number, kinds in over.items() if kinds}, now=now)
    faults.add(session, [one for (number, fault), one in new.items()])
