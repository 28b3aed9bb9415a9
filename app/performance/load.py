"""How much came at once: alarms in ten minutes beside who was on duty, floods, and the week as a map."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import calendar
from app.performance.queries import Period
from app.performance.rules import BUCKET, is_flood

BUCKETS: Final = text(
    """
    with rang as (
        select date_bin('10 minutes', raised_at, timestamptz '2000-01-01 00:00+00') as bucket, count(*) as alarms
        from alarms
        where district_id = :district and raised_at >= :first and raised_at < :past and test_id is null group by 1
    ), turns as (
        select user_id, greatest(started_at, :first) as since,
            least(coalesce(ended_at, seen_at), :past) as until
        from duties where district_id = :district and started_at < :past and coalesce(ended_at, seen_at) > :first
    ), manned as (
        select bucket, count(distinct user_id) as operators
        from turns cross join lateral generate_series(
            date_bin('10 minutes', since, timestamptz '2000-01-01 00:00+00'), until - interval '1 microsecond',
            interval '10 minutes') bucket
        group by 1
    )
    select r.bucket, r.alarms, coalesce(m.operators, 0) from rang r left join manned m on m.bucket = r.bucket
    order by 1
    """
)
MANNED: Final = text(
    """
    select coalesce(sum(extract(epoch from
        least(coalesce(ended_at, seen_at), :past) - greatest(started_at, :first))), 0)
    from duties where district_id = :district and started_at < :past and coalesce(ended_at, seen_at) > :first
    """
)


@dataclass(frozen=True)
class Bucket:
    """Ten minutes in which something rang."""

    at: datetime
    alarms: int
    operators: int

    @property
    def flood(self) -> bool:
        """More than those on duty could do well."""
        return is_flood(self.alarms, self.operators)


@dataclass(frozen=True)
class Load:
    """The buckets of a period, and what an operator had on average in ten minutes of duty."""

    buckets: Sequence[Bucket]
    average: float | None

    @property
    def floods(self) -> list[Bucket]:
        """The worst, latest first."""
        return [bucket for bucket in reversed(self.buckets) if bucket.flood]


def load(session: Session, period: Period) -> Load:
    """What came at once, and upon how many."""
    buckets = [Bucket(*row) for row in session.execute(BUCKETS, period.asked)]
    seconds = float(session.execute(MANNED, period.asked).scalar_one())
    answered = sum(bucket.alarms for bucket in buckets if bucket.operators)
    return Load(buckets, answered * BUCKET / seconds if seconds else None)


def week(buckets: Sequence[Bucket], period: Period) -> list[list[float]]:
    """Monday to Sunday by 144 ten minutes of the local day: alarms on an average such day of the period."""
    days = [0] * 7
    day, last = calendar.day_of(period.first), calendar.day_of(min(period.past, period.now) - timedelta(microseconds=1))
    while day <= last:
        days[day.weekday()] += 1
        day += timedelta(days=1)
    found = [[0.0] * 144 for _ in range(7)]
    for bucket in buckets:
        local = calendar.local(bucket.at)
        found[local.weekday()][local.hour * 6 + local.minute // 10] += bucket.alarms
    return [[value / max(1, days[n]) for value in row] for n, row in enumerate(found)]
