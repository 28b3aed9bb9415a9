"""How long an elder was blind: no device that can call for help was within reach, or the platform itself was deaf.

Intervals are the database's (`tstzmultirange`): what was covered, less what was in reach, plus what nobody heard.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from app import calendar

WORST: Final = 50

INTERVALS = """
    with period as (
        select tstzrange(:first, least(cast(:past as timestamptz), cast(:now as timestamptz))) as span
    ), stays as (
        select coalesce(s.elder_id, e.id) as elder_id, s.device_id, tstzrange(s.since, s.ended_at) * p.span as stay
        from device_stays s
        join devices d on d.id = s.device_id
        join device_models m on m.id = d.model_id
        left join elders e on s.elder_id is null and e.home_id = s.home_id and e.ended_at is null
        cross join period p
        where m.says ?| array['sos', 'fall'] and tstzrange(s.since, s.ended_at) && p.span
            and (cast(:elder as bigint) is null or coalesce(s.elder_id, e.id) = cast(:elder as bigint))
    ), lost as (
        select f.device_id, range_agg(tstzrange(least(coalesce(f.lost_at, f.since), f.since), f.ended_at)) as gone
        from device_faults f cross join period p
        where f.kind in ('silent', 'offline') and f.device_id in (select device_id from stays)
            and tstzrange(least(coalesce(f.lost_at, f.since), f.since), f.ended_at) && p.span
        group by f.device_id
    ), deaf as (
        select coalesce(range_agg(tstzrange(t.since, t.ended_at) * p.span), '{}') as heard_nobody
        from deaf_times t cross join period p where tstzrange(t.since, t.ended_at) && p.span
    ), reached as (
        select s.elder_id, s.device_id, range_agg(s.stay) as covered,
            range_agg(s.stay) - coalesce(range_agg(l.gone), '{}') as reach
        from stays s left join lost l on l.device_id = s.device_id
        where s.elder_id is not null group by s.elder_id, s.device_id
    ), blind as (
        select r.elder_id, range_agg(r.covered) as covered,
            (range_agg(r.covered) - range_agg(r.reach)) + (range_agg(r.covered) * d.heard_nobody) as blind
        from reached r cross join deaf d group by r.elder_id, d.heard_nobody
    )
"""

SUM = "(select cast(coalesce(sum(extract(epoch from upper(r) - lower(r))), 0) as bigint) from unnest({}) r)"
MONTH = text(
    f"""{INTERVALS}
    select b.elder_id, e.name, h.estate, v.name, e.division_code, {SUM.format("b.covered")}, {SUM.format("b.blind")},
        (select count(*) from unnest(b.blind) r)
    from blind b join elders e on e.id = b.elder_id left join homes h on h.id = e.home_id
        left join divisions v on v.code = e.division_code
    order by 7 desc, 1
    """
)
ONE = text(
    f"""{INTERVALS}
    select lower(r), upper(r) from blind b cross join lateral unnest(b.blind) r order by 1
    """
)
DEAF = text(
    """
    select since, ended_at, why from deaf_times
    where tstzrange(since, ended_at) && tstzrange(:first, :past) order by since
    """
).bindparams(bindparam("first"), bindparam("past"))


@dataclass(frozen=True)
class BlindRow:
    """An elder's month: seconds covered by a device that can call for help, and seconds blind among them."""

    elder_id: int
    elder_name: str
    estate: str | None
    division: str | None
    division_code: str
    covered_seconds: int
    blind_seconds: int
    times: int

    @property
    def share(self) -> float:
        """Blind time of covered time."""
        return self.blind_seconds / self.covered_seconds if self.covered_seconds else 0.0


def of_month(session: Session, month: date, *, now: datetime) -> Sequence[BlindRow]:
    """Every elder who has had a device that can call for help, the blindest first."""
    rows = session.execute(MONTH, _asked(month, now, None))
    return [BlindRow(*list(row)) for row in rows]


def of_elder(session: Session, elder_id: int, month: date, *, now: datetime) -> Sequence[tuple[datetime, datetime]]:
    """When an elder was blind, oldest first."""
    return [(row[0], row[1]) for row in session.execute(ONE, _asked(month, now, elder_id))]


def deaf_times(session: Session, month: date) -> Sequence[tuple[datetime, datetime | None, str]]:
    """When the platform heard nobody, and why: it counts for everybody."""
    first, past = calendar.month_bounds(month)
    return [(row[0], row[1], row[2]) for row in session.execute(DEAF, {"first": first, "past": past})]


def _asked(month: date, now: datetime, elder_id: int | None) -> dict[str, object]:
    first, past = calendar.month_bounds(month)
    return {"first": min(first, now), "past": past, "now": now, "elder": elder_id}
