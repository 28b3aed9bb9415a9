"""The clock's look at who should have been heard: one statement on an index, however many devices there are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, select, text, update
from sqlalchemy.orm import Session

from app.db import transaction
from app.equipment import faults, outages, overdue, upkeep
from app.equipment.clocks import due_after
from app.equipment.rules import NOT_WORN_AFTER, DeviceState, Fault
from app.equipment.tables import DeafTime, Device, DeviceFault, Outage
from app.equipment.upkeep_rules import CONFIRMS_WITHIN, Upkeep, UpkeepEvent

AT_ONCE: Final = 2000  # devices of one transaction: a flood must not hold the rows for long

LOOK = text(
    f"""
    with due as (
        select d.id, d.last_seen_at, d.battery, d.district_id, d.division_code, d.state,
            d.last_seen_at + make_interval(secs => m.silence_seconds) + coalesce((
                select sum(least(coalesce(t.ended_at, :now), :now) - greatest(t.since, d.last_seen_at))
                from deaf_times t where coalesce(t.ended_at, :now) > d.last_seen_at), interval '0') as silent_at
        from devices d join device_models m on m.id = d.model_id
        where d.look_at is not null and d.look_at <= :now
        order by d.look_at limit {AT_ONCE} for no key update of d skip locked
    ), moved as (
        update devices d set look_at = case when due.state = 'active' and due.silent_at > :now then due.silent_at end
        from due where d.id = due.id
    ), listed as (
        insert into device_faults (district_id, division_code, device_id, kind, since, lost_at, battery, state, due_at)
        select district_id, division_code, id, 'silent', :now, last_seen_at, battery, 'waiting', :due_at
        from due where state = 'active' and silent_at <= :now
        on conflict do nothing
        returning district_id, device_id
    )
    select (select count(*) from due), l.district_id, l.device_id from (select 1) one left join listed l on true
    """
)
"""A device is looked at when its promise is up, not with every heartbeat. Heard since: it is looked at again when that
word's promise is up. Time in which the platform itself was deaf is not held against it."""


def look(session: Session, *, now: datetime) -> tuple[int, list[tuple[int, int]]]:
    """How many were looked at, and the (district, device) of those that are silent now."""
    rows = session.execute(LOOK, {"now": now, "due_at": now + due_after(Fault.SILENT)}).all()
    silent = [(district, device) for _, district, device in rows if device is not None]
    faults.tell(session, silent)
    return rows[0][0], silent


def watch(now: datetime) -> int:
    """Everything that is due, a few thousand at a time, and what the losses share; how many are newly silent."""
    found = 0
    while True:
        with transaction() as session:
            if is_deaf(session):
                return found  # nobody is silent while nobody listens
            looked, silent = look(session, now=now)
        found += len(silent)
        if looked < AT_ONCE:
            break
    if found:
        with transaction() as session:
            outages.gather(session, now=now)
    return found


def tidy(now: datetime) -> None:
    """Once a minute: what is not worn or not tried out, whose shelf is over, what was not confirmed, what is back."""
    with transaction() as session:
        take_off(session, now=now)
        overdue.gather(session, now=now)
        wake(session, now=now)
        outages.gather(session, now=now)
        outages.settle(session, now=now)


def is_deaf(session: Session) -> bool:
    """Whether the platform hears nobody at the moment."""
    return bool(session.query(DeafTime).filter(DeafTime.ended_at.is_(None)).count())


def take_off(session: Session, *, now: datetime) -> None:
    """Worn things that were taken off for too long go on the technical list; one that charges has longer."""
    rows: Sequence[Device] = (
        session.query(Device)
        .filter(
            Device.worn.is_(False), Device.worn_since < now - NOT_WORN_AFTER, Device.state == DeviceState.ACTIVE,
            Device.charging.is_not(True) | (Device.charging_since < now - 2 * NOT_WORN_AFTER),
        )
        .filter(
            ~session.query(DeviceFault)
            .filter(
                DeviceFault.device_id == Device.id, DeviceFault.kind == Fault.NOT_WORN, DeviceFault.ended_at.is_(None)
            )
            .exists()
        )
        .order_by(Device.id)
        .limit(AT_ONCE)
        .all()
    )  # fmt: skip
    faults.add(session, [faults.New(one, Fault.NOT_WORN, now, one.battery, one.worn_since) for one in rows])


def wake(session: Session, *, now: datetime) -> None:
    """A shelf's time is over; or what somebody said was done, no device has confirmed: it waits again."""
    entries: list[upkeep.Entry] = [
        *session.scalars(select(DeviceFault).where(_stale(DeviceFault, now)).order_by(DeviceFault.id)),
        *session.scalars(select(Outage).where(_stale(Outage, now)).order_by(Outage.id)),
    ]
    for entry in entries:
        event = UpkeepEvent.RELAPSE if entry.state is Upkeep.DONE else UpkeepEvent.RESUME
        upkeep.move(session, entry, event, by="platform", now=now)


def _stale(table: type[DeviceFault] | type[Outage], now: datetime) -> ColumnElement[bool]:
    unconfirmed = (table.state == Upkeep.DONE) & (table.done_at < now - CONFIRMS_WITHIN)
    return unconfirmed | ((table.state == Upkeep.SHELVED) & (table.shelved_until <= now))


def silence_of(session: Session, model_id: str, *, now: datetime) -> None:
    """A model's promise was changed: its devices are looked at afresh."""
    session.execute(update(Device).where(Device.model_id == model_id, Device.look_at.is_not(None)).values(look_at=now))


def deaf(session: Session, since: datetime, *, why: str) -> None:
    """The platform hears nobody, since then."""
    if not is_deaf(session):
        session.add(DeafTime(since=since, why=why))
        session.flush()


def hears_again(session: Session, *, now: datetime) -> timedelta | None:
    """It does again; for how long it did not."""
    found = session.query(DeafTime).filter(DeafTime.ended_at.is_(None)).with_for_update().one_or_none()
    if found is None:
        return None
    found.ended_at = max(now, found.since)
    return found.ended_at - found.since
