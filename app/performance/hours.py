"""What each hour of the day brings and how long a call keeps an operator: what staffing is worked out from."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.performance.queries import Period
from app.performance.staffing import HANDLING

ENOUGH: Final = 200  # calls of its own from which a district's handling times are taken
AFTERWARDS: Final = 60  # seconds of writing down after a decision
LONGEST: Final = 3600  # seconds; what took longer waited for something and kept nobody

HOURS: Final = text(
    """
    with hours as (
        select generate_series(cast(:first as timestamptz), cast(:past as timestamptz) - interval '1 hour', '1 hour') h
    ), rang as (
        select date_trunc('hour', raised_at) as h, count(*) as alarms from alarms
        where district_id = :district and raised_at >= :first and raised_at < :past and test_id is null group by 1
    )
    select cast(extract(hour from hours.h at time zone :zone) as integer), avg(coalesce(r.alarms, 0)),
        percentile_disc(0.9) within group (order by coalesce(r.alarms, 0))
    from hours left join rang r on r.h = hours.h group by 1 order by 1
    """
)
MANNED: Final = text(
    """
    select cast(extract(hour from h at time zone :zone) as integer),
        sum(extract(epoch from
            least(coalesce(d.ended_at, d.seen_at), h + interval '1 hour') - greatest(d.started_at, h))) / 3600
    from duties d cross join lateral generate_series(
        date_trunc('hour', greatest(d.started_at, :first)), least(coalesce(d.ended_at, d.seen_at), :past), '1 hour') h
    where d.district_id = :district and d.started_at < :past and coalesce(d.ended_at, d.seen_at) > :first
    group by 1
    """
)
KEPT: Final = text(
    """
    select count(*), avg(s), stddev_samp(s) from (
        select extract(epoch from decided_at - answered_at) + :afterwards as s from alarms
        where district_id = :district and raised_at >= :first and raised_at < :past and test_id is null
            and decided_at >= answered_at and decided_at < answered_at + make_interval(secs => :longest)
    ) one
    """
)


@dataclass(frozen=True)
class Hour:
    """An hour of the day, over the period."""

    hour: int
    alarms: float
    peak: float
    on_duty: float


def hours(session: Session, period: Period) -> list[Hour]:
    """The 24 hours of the local day."""
    days = (period.past - period.first) / timedelta(days=1)
    there = {int(row[0]): float(row[1]) / days for row in session.execute(MANNED, period.asked)}
    rows = session.execute(HOURS, period.asked)
    return [Hour(row[0], float(row[1]), float(row[2]), there.get(row[0], 0.0)) for row in rows]


def handling(session: Session, period: Period) -> tuple[float, float, bool]:
    """Mean seconds, spread, and whether they are the district's own."""
    asked = {**period.asked, "afterwards": AFTERWARDS, "longest": LONGEST}
    count, mean, deviation = session.execute(KEPT, asked).one()
    if count < ENOUGH or not deviation:
        return (*HANDLING, False)
    return float(mean), float(deviation) / float(mean), True
