"""How each model does in the field: false alarms, batteries, links, silence, and which devices should go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.calendar import day_of
from app.equipment.rules import DeviceKind

UNTESTED: Final = timedelta(days=35)
FALSE_IN: Final = timedelta(days=7)
TOO_MANY: Final = 3  # false alarms within those days

BY_MODEL = text(
    """
    with owned as (
        select d.model_id, count(*) filter (where d.state = 'active') as active,
            count(*) filter (where d.state = 'active' and (d.tested_at is null or d.tested_at < :untested)) as untested
        from devices d group by d.model_id
    ), used as (
        select d.model_id, sum(extract(epoch from least(coalesce(s.ended_at, :now), :now) - greatest(s.since, :since)))
            / 2592000.0 as months
        from device_stays s join devices d on d.id = s.device_id
        where s.since < :now and coalesce(s.ended_at, :now) > :since group by d.model_id
    ), rung as (
        select d.model_id, count(*) as alarms, count(*) filter (where a.verdict = 'real') as really,
            count(*) filter (where a.verdict in ('false', 'accidental')) as falsely
        from alarms a join devices d on d.id = a.device_id
        where a.raised_at >= :since and a.raised_at < :now group by d.model_id
    ), silent as (
        select d.model_id, sum(extract(epoch from least(coalesce(f.ended_at, :now), :now)
            - greatest(least(coalesce(f.lost_at, f.since), f.since), :since))) / 3600.0 as hours
        from device_faults f join devices d on d.id = f.device_id
        where f.kind = 'silent' and f.since < :now and coalesce(f.ended_at, :now) > :since group by d.model_id
    ), linked as (
        select d.model_id, sum(y.reconnects) as reconnects
        from device_days y join devices d on d.id = y.device_id where y.day >= :first group by d.model_id
    ), lasting as (
        select d.model_id, percentile_cont(0.5) within group (order by
            b.flat_on - coalesce(b.changed_on, cast(d.installed_at as date))) as days
        from battery_forecasts b join devices d on d.id = b.device_id where b.flat_on is not null group by d.model_id
    ), aside as (
        select d.model_id, count(*) as messages
        from inbox_messages i join devices d
            on d.district_id = i.district_id and d.wire_id = any(string_to_array(i.topic, '/'))
        where i.outcome = 'set_aside' and i.received_at >= :since group by d.model_id
    )
    select m.id, m.maker, m.name, m.kind, o.active, o.untested,
        cast(coalesce(u.months, 0) as float8), coalesce(r.alarms, 0),
        coalesce(r.really, 0), coalesce(r.falsely, 0), cast(coalesce(s.hours, 0) as float8), coalesce(l.reconnects, 0),
        cast(t.days as float8),
        m.battery_days, coalesce(x.messages, 0)
    from device_models m join owned o on o.model_id = m.id left join used u on u.model_id = m.id
        left join rung r on r.model_id = m.id left join silent s on s.model_id = m.id
        left join linked l on l.model_id = m.id left join lasting t on t.model_id = m.id
        left join aside x on x.model_id = m.id
    where o.active > 0 or u.months > 0
    order by o.active desc, m.id
    """
)

TO_REPLACE = text(
    """
    select a.device_id, d.wire_id, m.name, m.kind, e.name, d.elder_id, h.estate, count(*), max(a.raised_at)
    from alarms a join devices d on d.id = a.device_id join device_models m on m.id = d.model_id
        left join elders e on e.id = d.elder_id left join homes h on h.id = d.home_id
    where a.raised_at >= :week and a.verdict in ('false', 'accidental') and d.state = 'active'
    group by a.device_id, d.wire_id, m.name, m.kind, e.name, d.elder_id, h.estate
    having count(*) >= :too_many
    order by count(*) desc, a.device_id limit 200
    """
)


@dataclass(frozen=True)
class ModelRow:
    """A model over some days: sums; the rates are the screen's to show."""

    id: str
    maker: str
    name: str
    kind: DeviceKind
    active: int
    untested: int
    device_months: float
    alarms: int
    real: int
    false: int
    silent_hours: float
    reconnects: int
    battery_lasts: float | None  # days, the median of what is used or foretold
    battery_promised: int | None
    set_aside: int


@dataclass(frozen=True)
class ToReplace:
    """A device that cried wolf too often."""

    device_id: int
    wire_id: str
    model: str
    kind: DeviceKind
    elder_name: str | None
    elder_id: int | None
    estate: str | None
    false: int
    last_at: datetime


def by_model(session: Session, *, days: int, now: datetime) -> Sequence[ModelRow]:
    """Each model in use, the most used first."""
    since = now - timedelta(days=days)
    asked = {"now": now, "since": since, "first": day_of(since), "untested": now - UNTESTED}
    return [ModelRow(*list(row)) for row in session.execute(BY_MODEL, asked)]


def to_replace(session: Session, *, now: datetime) -> Sequence[ToReplace]:
    """Devices with three or more false alarms in seven days. Their calls ring all the same."""
    rows = session.execute(TO_REPLACE, {"week": now - FALSE_IN, "too_many": TOO_MANY})
    return [ToReplace(*row) for row in rows]
