"""What is asked of the past: the clocks, by whatever they are told apart; exceptions; load; what is open.

Reads the alarms themselves: percentiles of days do not add up to those of a year, every caller sees an area of her
own, and a verdict may come late. A year of a city of 20,000 elders, 237,000 alarms, takes half a second of one core.
Only server times are read. Installers' tests are none of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import calendar
from app.config import settings
from app.performance.rules import EXCEPTION, OURS, By, Clock, Steps, targets_of, thresholds
from app.performance.tables import FigureTargets

PARTS: Final = (0.5, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Period:
    """From a first moment to one that is not in it any more; both are beginnings of local days."""

    district_id: int
    first: datetime
    past: datetime
    now: datetime

    @property
    def asked(self) -> dict[str, Any]:
        """As parameters."""
        return {
            "district": self.district_id, "first": self.first, "past": self.past, "now": self.now,
            "zone": str(settings().zone),
        }  # fmt: skip


@dataclass(frozen=True)
class Spread:
    """One clock: how often it ran, its percentiles in seconds, and how many were within so many seconds."""

    count: int
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    within: dict[int, int]


@dataclass(frozen=True)
class ClockRow:
    """A group of alarms."""

    key: str
    name: str
    alarms: int
    unanswered: int
    false: int
    judged: int  # with a verdict that is no test
    clocks: dict[Clock, Spread]


# Worked out once for each alarm, in floats: `extract` would make decimals, which are slow to make and to sort.
BASE: Final = """
    with told as materialized (
        select a.id, a.kind, a.division_code, a.device_id, a.answered_by, a.answered_at, a.raised_at, a.verdict,
            case when a.raised_at >= a.received_at then date_part('epoch', a.raised_at - a.received_at) end as receipt,
            case when a.answered_at >= a.raised_at then date_part('epoch', a.answered_at - a.raised_at)
                when a.answered_at is null and a.raised_at < :now - interval '3 minutes'
                    then date_part('epoch', :now - a.raised_at) end as human,
            case when a.decided_at >= a.answered_at
                then date_part('epoch', a.decided_at - a.answered_at) end as decision,
            case when a.dispatched_at is not null and a.arrived_at >= a.decided_at
                then date_part('epoch', a.arrived_at - a.decided_at) end as arrival
        from alarms a
        where a.district_id = :district and a.raised_at >= :first and a.raised_at < :past and a.test_id is null
    )
"""
GROUPS: Final[Mapping[By, tuple[str, str]]] = {
    By.DAY: ("cast(cast(raised_at at time zone :zone as date) as text)", ""),
    By.KIND: ("told.kind", ""),
    By.MODEL: ("m.id", "join devices d on d.id = told.device_id join device_models m on m.id = d.model_id"),
    By.COMMUNITY: ("told.division_code", ""),
    By.OPERATOR: ("cast(told.answered_by as text)", ""),
    By.SHIFT: ("cast(cast(extract(hour from raised_at at time zone :zone) as integer) / 8 as text)", ""),
}
NAMES: Final[Mapping[By, str]] = {
    By.MODEL: "select id, name from device_models where id = any(:keys)",
    By.COMMUNITY: "select code, name from divisions where code = any(:keys)",
    By.OPERATOR: "select cast(id as text), name from users where cast(id as text) = any(:keys)",
}


def clocks(
    session: Session, period: Period, *, by: By | None = None, targets: Mapping[Clock, Steps] = OURS
) -> Sequence[ClockRow]:
    """Each group's clocks; all alarms as one group where none is named. Who still waits, waits until now."""
    counted = thresholds(targets)
    columns = []
    for clock, seconds in counted.items():
        columns.append(f"count({clock}), percentile_cont(array[0.5,0.9,0.95,0.99]) within group (order by {clock})")
        columns += [f"count(*) filter (where {clock} <= {int(one)})" for one in seconds]
    key, joined = GROUPS[by] if by else ("''", "")
    statement = text(
        f"{BASE} select {key}, count(*), count(*) filter (where answered_at is null), "
        "count(*) filter (where verdict in ('false', 'accidental')), "
        f"count(*) filter (where verdict is not null and verdict <> 'test'), {', '.join(columns)} "
        f"from told {joined} group by 1 order by 1"
    )
    rows = [row for row in session.execute(statement, period.asked) if row[0] is not None]
    names = _names(session, by, [row[0] for row in rows])
    return [_row(list(row), names, counted) for row in rows]


def _row(row: list[Any], names: Mapping[str, str], counted: Mapping[Clock, list[int]]) -> ClockRow:
    key, alarms, unanswered, false, judged, *rest = row
    spreads = {}
    for clock, seconds in counted.items():
        count, parts, *within = rest[: 2 + len(seconds)]
        rest = rest[2 + len(seconds) :]
        p50, p90, p95, p99 = (round(float(part), 3) for part in parts) if parts else (None,) * 4
        spreads[clock] = Spread(count, p50, p90, p95, p99, dict(zip(seconds, within, strict=True)))
    return ClockRow(key, names.get(key, key), alarms, unanswered, false, judged, spreads)


def _names(session: Session, by: By | None, keys: Sequence[str]) -> dict[str, str]:
    if by is None or by not in NAMES or not keys:
        return {}
    return {row[0]: row[1] for row in session.execute(text(NAMES[by]), {"keys": list(keys)})}


@dataclass(frozen=True)
class Late:
    """Somebody waited too long: who, how long, and what happened meanwhile."""

    alarm_id: int
    kind: str
    raised_at: datetime
    answered_at: datetime | None
    waited: float
    elder_name: str | None
    community: str | None
    operator: str | None
    verdict: str | None
    events: list[str]


EXCEPTIONS: Final = text(
    """
    select a.id, a.kind, a.raised_at, a.answered_at,
        cast(extract(epoch from coalesce(a.answered_at, :now) - a.raised_at) as float8), e.name, v.name, u.name,
        a.verdict,
        array(select l.event from alarm_events l where l.district_id = a.district_id and l.alarm_id = a.id
            and (a.answered_at is null or l.at <= a.answered_at) order by l.n limit 60)
    from alarms a left join elders e on e.id = a.elder_id left join divisions v on v.code = a.division_code
        left join users u on u.id = a.answered_by
    where a.district_id = :district and a.raised_at >= :first and a.raised_at < :past and a.test_id is null
        and coalesce(a.answered_at, :now) - a.raised_at > make_interval(secs => :over)
    order by a.raised_at desc limit 500
    """
)


def exceptions(session: Session, period: Period) -> Sequence[Late]:
    """Each call that waited more than three minutes for a human, the latest first."""
    rows = session.execute(EXCEPTIONS, {**period.asked, "over": EXCEPTION})
    return [Late(*list(row)) for row in rows]


@dataclass(frozen=True)
class Given:
    """What came to nothing: callers who hung up, claims that became no call, calls that ring unanswered."""

    hotline_calls: int
    hung_up: int
    idle_claims: int
    ringing: int


ABANDONED: Final = text(
    """
    with inbound as (
        select state, answered_at from calls
        where district_id = :district and direction = 'inbound' and began_at >= :first and began_at < :past
    )
    select
        (select count(*) from inbound),
        (select count(*) from inbound where state = 'ended' and answered_at is null),
        (select count(*) from alarm_timers t join alarms a on a.id = t.alarm_id where t.kind = 'idle_claim'
            and a.district_id = :district and a.raised_at >= :first and a.raised_at < :past and t.fired_at is not null),
        (select count(*) from alarms where state = 'ringing' and test_id is null)
    """
)


def abandoned(session: Session, period: Period) -> Given:
    """How often somebody was left alone."""
    return Given(*session.execute(ABANDONED, period.asked).one())


OPEN: Final = text(
    """
    select count(*) filter (where age < interval '1 minute'),
        count(*) filter (where age >= interval '1 minute' and age < interval '5 minutes'),
        count(*) filter (where age >= interval '5 minutes' and age < interval '30 minutes'),
        count(*) filter (where age >= interval '30 minutes' and age < interval '2 hours'),
        count(*) filter (where age >= interval '2 hours')
    from (select :now - raised_at as age from alarms where state <> 'closed' and test_id is null) open
    """
)


def open_by_age(session: Session, *, now: datetime) -> Sequence[int]:
    """Open alarms: under 1, 5, 30 minutes, 2 hours, and older."""
    return list(session.execute(OPEN, {"now": now}).one())


UNTESTED: Final = text(
    "select count(*), count(*) filter (where tested_at is null or tested_at < :before) "
    "from devices where state = 'active'"
)


def untested(session: Session, *, before: datetime) -> tuple[int, int]:
    """Devices in service, and how many of them nobody has heard since then."""
    row = session.execute(UNTESTED, {"before": before}).one()
    return row[0], row[1]


def targets(session: Session, district_id: int, *, at: datetime) -> tuple[int, dict[Clock, Steps]]:
    """The targets that held at a moment, with their version; 0 are those everybody begins with."""
    found = session.scalars(
        select(FigureTargets)
        .where(FigureTargets.district_id == district_id, FigureTargets.at <= at)
        .order_by(FigureTargets.version.desc())
        .limit(1)
    ).first()
    return (found.version, targets_of(found.targets)) if found else (0, dict(OURS))


def period_of(district_id: int, first: date, last: date, *, now: datetime) -> Period:
    """Local days, both included."""
    return Period(district_id, calendar.day_bounds(first)[0], calendar.day_bounds(last)[1], now)
