"""Vitals kept: each measure's local day as one sealed row of quarters, hours and the whole; single readings forgotten.

    sums   {"quarters": [[n, n, least, mean, most] …], "hours": […], "day": [n, least, mean, most]}
           the first of five is the number of the quarter (0 to 99) or hour (0 to 24) of the local day

A quarter is summed once it is over and from all its readings, so that a second run writes the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import calendar
from app.access.tables import District
from app.db import transaction
from app.equipment.measures import Metric
from app.equipment.tables import Reading
from app.monitoring import queries
from app.monitoring.queries import Heard
from app.monitoring.tables import VitalDay, VitalMark

QUARTER: Final = timedelta(minutes=15)
LATE: Final = timedelta(minutes=2)  # a quarter is whole once this has gone by
FIRST: Final = timedelta(days=31)  # how far back the first run looks
STRETCH: Final = timedelta(hours=6)  # summed in one transaction
HOMES: Final = 500  # in one statement
NOT_SUMMED: Final = frozenset({Metric.LOCATION, Metric.FALL, Metric.SMOKE, Metric.GAS, Metric.WATER})
Sum = list[float]  # n, least, mean, most


def sum_all(*, now: datetime) -> None:
    """Bring the sums of every district up to the last whole quarter."""
    with transaction() as session:
        districts = session.scalars(select(District.id)).all()
    for district_id in districts:
        while sum_next(district_id, now=now):
            pass


def sum_next(district_id: int, *, now: datetime) -> bool:
    """The next stretch of one district, and its mark, in one transaction; whether there is more."""
    with transaction() as session:
        session.execute(
            insert(VitalMark).values(district_id=district_id, until=_first(session, district_id, now))
            .on_conflict_do_nothing()
        )  # fmt: skip
        mark = session.scalars(
            select(VitalMark).where(VitalMark.district_id == district_id).with_for_update()
        ).one()  # fmt: skip
        whole = floor(now - LATE)
        until = min(mark.until + STRETCH, whole)
        if until <= mark.until:
            return False
        sum_between(session, district_id, mark.until, until)
        mark.until = until
        return until < whole


def floor(at: datetime) -> datetime:
    """The quarter of an hour a moment lies in. Zones of the world differ by whole quarters."""
    return at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)


def _first(session: Session, district_id: int, now: datetime) -> datetime:
    oldest = session.scalar(
        select(func.min(Reading.at)).where(Reading.district_id == district_id, Reading.at > now - FIRST)
    )
    return floor(oldest or now - LATE)


def sum_between(session: Session, district_id: int, since: datetime, until: datetime) -> None:
    """Sum whole quarters, home by home."""
    homes = session.scalars(
        select(Reading.home_id)
        .where(Reading.district_id == district_id, Reading.home_id.is_not(None))
        .where(Reading.at >= since, Reading.at < until)
        .distinct()
    ).all()
    for first in range(0, len(homes), HOMES):
        some = [home for home in homes[first : first + HOMES] if home]
        heard = queries.readings_between(session, district_id, some, since=since, until=until)
        _store(session, district_id, heard, queries.living(session, some))


def _store(session: Session, district_id: int, heard: Iterable[Heard], living: Mapping[int, Sequence[int]]) -> None:
    values = defaultdict[tuple[str, Metric, date], dict[int, list[float]]](lambda: defaultdict(list))
    codes: dict[str, str] = {}
    for one in heard:
        assert one.home_id
        some = living.get(one.home_id, ())
        subject = queries.subject(one.elder_id or (some[0] if len(some) == 1 else None), one.home_id)
        codes[subject] = one.division_code
        day, slot = quarter_of(one.at)
        for measure in one.measures:
            if measure.ok and measure.metric not in NOT_SUMMED:
                values[subject, measure.metric, day][slot].append(measure.value)
    known = {
        (row.subject, row.metric, row.day): row.sums
        for row in session.scalars(select(VitalDay).where(VitalDay.subject.in_(codes), VitalDay.day.in_(
            {day for _, _, day in values})))
    }  # fmt: skip
    rows = [
        {
            "district_id": district_id, "division_code": codes[key[0]], "subject": key[0], "metric": key[1],
            "day": key[2], "sums": merged(known.get(key), slots),
        }
        for key, slots in values.items()
    ]  # fmt: skip
    for first in range(0, len(rows), 1000):
        made = insert(VitalDay).values(rows[first : first + 1000])
        session.execute(
            made.on_conflict_do_update(index_elements=["subject", "metric", "day"], set_={"sums": made.excluded.sums})
        )


def quarter_of(at: datetime) -> tuple[date, int]:
    """The local day and the number of the quarter, counted in elapsed time from its midnight."""
    day = calendar.day_of(at)
    return day, int((at - calendar.day_bounds(day)[0]) / QUARTER)


def merged(before: Mapping[str, Any] | None, slots: Mapping[int, Sequence[float]]) -> dict[str, Any]:
    """A day with these quarters (anew), its hours and the whole."""
    quarters = {int(row[0]): row[1:] for row in before["quarters"]} if before else {}
    quarters |= {slot: _sum([[1, value, value, value] for value in found]) for slot, found in slots.items()}
    hours = defaultdict[int, list[Sum]](list)
    for slot, found in sorted(quarters.items()):
        hours[slot // 4].append(found)
    return {
        "quarters": [[slot, *found] for slot, found in sorted(quarters.items())],
        "hours": [[hour, *_sum(found)] for hour, found in hours.items()],
        "day": _sum(list(quarters.values())),
    }


def _sum(parts: Sequence[Sum]) -> Sum:
    n = sum(part[0] for part in parts)
    mean = sum(part[0] * part[2] for part in parts) / n
    return [n, min(part[1] for part in parts), round(mean, 2), max(part[3] for part in parts)]


def forget(*, now: datetime, days: int, at_most: int = 200_000) -> int:
    """Delete single readings older than so many days, a part at a time; never what is not summed yet."""
    forgotten = 0
    while forgotten < at_most:
        with transaction() as session:
            oldest = now - timedelta(days=days)
            summed = session.scalar(select(func.min(VitalMark.until))) or oldest
            old = (
                select(Reading.district_id, Reading.id).where(Reading.at < min(oldest, summed)).limit(10_000).subquery()
            )
            gone = session.execute(
                delete(Reading)
                .where(Reading.district_id == old.c.district_id, Reading.id == old.c.id)
                .returning(Reading.id)
            ).all()
        forgotten += len(gone)
        if len(gone) < 10_000:
            break
    return forgotten
