"""Many devices lost at once are one entry: what they share, who they are, when it is over."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.db import notice
from app.equipment import upkeep_rules as rules
from app.equipment.clocks import due_after, outage_due_after
from app.equipment.rules import Fault
from app.equipment.tables import DeviceFault, Outage
from app.equipment.upkeep_rules import Group, Shared, Upkeep

LOST: Final = (Fault.SILENT, Fault.OFFLINE)

GROUPS = text(
    """
    with lost as (
        select device_id, max(since) as since from device_faults
        where ended_at is null and kind in ('silent', 'offline') and district_id = :district
            and (since > :recent or outage_id is not null)
        group by device_id
    ), longest as (
        select coalesce(max(m.heartbeat_seconds), 0) as seconds
        from lost join devices d on d.id = lost.device_id join device_models m on m.id = d.model_id
    ), counted as (
        select d.id, d.via, m.family, d.division_code, lost.device_id is not null as is_lost,
            lost.device_id is null
            and d.last_seen_at + make_interval(secs => m.heartbeat_seconds * 1.25) >= :now
            and not exists (select 1 from device_faults f where f.device_id = d.id and f.ended_at is null
                            and f.kind in ('silent', 'offline')) as speaks
        from devices d join device_models m on m.id = d.model_id left join lost on lost.device_id = d.id, longest
        where d.district_id = :district and d.state = 'active' and m.heartbeat_seconds <= longest.seconds
    )
    select g.shared, g.key, array_agg(c.id) filter (where c.is_lost), count(*) filter (where c.speaks)
    from counted c, lateral (values ('gateway', c.via), ('protocol', c.family), ('community', c.division_code),
        ('street', left(c.division_code, 9)), ('district', left(c.division_code, 6))) as g (shared, key)
    where g.key is not null
    group by g.shared, g.key
    having count(*) filter (where c.is_lost) >= :fewest
    """
)
"""Speaking are those that were heard as often as they promise. Devices that promise less often than any of the lost
cannot say anything yet."""


def gather(session: Session, *, now: datetime) -> int:
    """Put losses that share a gateway, a protocol or an area under one entry; how many outages are new."""
    made = 0
    for district_id in _districts(session, now=now):
        rows = session.execute(
            GROUPS,
            {
                "district": district_id, "now": now, "recent": now - rules.RECENT,
                "fewest": min(rules.FEWEST.values()),
            },
        ).all()  # fmt: skip
        groups = [Group(district_id, Shared(shared), key, frozenset(lost), n) for shared, key, lost, n in rows]
        for group, members in rules.explained(groups):
            made += _under(session, group, members, now=now)
    return made


def _districts(session: Session, *, now: datetime) -> Sequence[int]:
    """Where enough was lost of late to be worth a look."""
    return session.scalars(
        select(DeviceFault.district_id)
        .where(
            DeviceFault.ended_at.is_(None), DeviceFault.kind.in_(LOST), DeviceFault.since > now - rules.RECENT,
        )
        .group_by(DeviceFault.district_id)
        .having(func.count().filter(DeviceFault.outage_id.is_(None)) >= 1)
        .having(func.count() >= min(rules.FEWEST.values()))
        .order_by(DeviceFault.district_id)
    ).all()  # fmt: skip


def _under(session: Session, group: Group, members: frozenset[int], *, now: datetime) -> bool:
    """One entry for them all; the answer is whether it is new."""
    code = {
        Shared.COMMUNITY: group.key, Shared.STREET: group.key.ljust(12, "0"),
    }.get(group.shared, f"{group.district_id:06d}000000")  # fmt: skip
    theirs = (
        DeviceFault.device_id.in_(members) & DeviceFault.ended_at.is_(None) & DeviceFault.kind.in_(LOST)
        & ((DeviceFault.since > now - rules.RECENT) | DeviceFault.outage_id.is_not(None))
    )  # fmt: skip
    if group.shared is Shared.GATEWAY:  # a gateway stands in one community, as a rule
        first, last = session.execute(
            select(func.min(DeviceFault.division_code), func.max(DeviceFault.division_code)).where(theirs)
        ).one()
        code = first if first == last else code
    since = session.scalar(select(func.min(func.coalesce(DeviceFault.lost_at, DeviceFault.since))).where(theirs)) or now
    row = {
        "district_id": group.district_id, "division_code": code, "shared": group.shared, "key": group.key,
        "since": since, "members": len(members), "state": Upkeep.WAITING, "due_at": now + outage_due_after(),
    }  # fmt: skip
    made = insert(Outage).values(row).on_conflict_do_nothing().returning(Outage.id)
    new = session.scalar(made)
    outage_id = new or session.scalar(
        select(Outage.id).where(
            Outage.district_id == group.district_id, Outage.shared == group.shared, Outage.key == group.key,
            Outage.ended_at.is_(None),
        )
    )  # fmt: skip
    session.execute(
        update(DeviceFault).where(theirs, DeviceFault.outage_id.is_distinct_from(outage_id)).values(outage_id=outage_id)
    )
    session.execute(
        update(Outage).where(Outage.id == outage_id).values(members=func.greatest(Outage.members, len(members)))
    )
    notice(session, group.district_id, "devices/0")
    return new is not None


def settle(session: Session, *, now: datetime) -> None:
    """An outage is over when hardly a member is missing; the missing ones get entries of their own."""
    missing: dict[int, int] = defaultdict(int)
    rows = session.execute(
        select(DeviceFault.outage_id, func.count(func.distinct(DeviceFault.device_id)))
        .where(DeviceFault.outage_id.is_not(None), DeviceFault.ended_at.is_(None))
        .group_by(DeviceFault.outage_id)
    )
    missing.update({outage_id: count for outage_id, count in rows if outage_id})
    for outage in session.query(Outage).filter(Outage.ended_at.is_(None)).order_by(Outage.id).with_for_update():
        if missing[outage.id] <= rules.BACK * outage.members:
            outage.ended_at, outage.state = now, Upkeep.OVER
            session.execute(
                update(DeviceFault)
                .where(DeviceFault.outage_id == outage.id, DeviceFault.ended_at.is_(None))
                .values(outage_id=None, due_at=now + due_after(Fault.SILENT))
            )
            notice(session, outage.district_id, "devices/0")
