"""What is drawn of one elder: vitals with gaps and the bands of her rules, steps, activity and bed, alarms on top."""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.alarms.tables import Alarm
from app.equipment.measures import Metric
from app.monitoring import queries
from app.monitoring.params import Band, BloodPressure, Fence
from app.monitoring.queries import Book, Heard
from app.monitoring.rules import KINDS, RuleKind
from app.monitoring.tables import VitalDay
from app.monitoring.vitals import QUARTER, quarter_of
from app.people import queries as people
from app.people.tables import Elder

M = Metric
CURVES: Final = (M.HEART_RATE, M.SPO2, M.SYSTOLIC, M.DIASTOLIC, M.BODY_TEMPERATURE, M.RESPIRATION, M.GLUCOSE)
STRIPS: Final = (M.MOVEMENT, M.BED, M.DOOR)
SHORTEST_GAP: Final = timedelta(minutes=20)
Point = tuple[datetime, float, float, float]  # when, least, mean, most


@dataclass(frozen=True)
class Curve:
    """One measure; points further apart than `gap_seconds` are not joined."""

    metric: Metric
    points: Sequence[Point]
    gap_seconds: int
    latest: tuple[datetime, float] | None
    doubted: int  # implausible values that were left out
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Cell:
    """One stretch of a strip: how much of it there was, 0 to 1."""

    at: datetime
    share: float


@dataclass(frozen=True)
class Drawn:
    """All charts of one elder over some days."""

    since: datetime
    until: datetime
    curves: Sequence[Curve]
    strips: Mapping[Metric, Sequence[Cell]]
    cell_seconds: int
    steps: Sequence[tuple[date, int]]
    alarms: Sequence[tuple[int, str, datetime, str | None]]
    fence: Fence | None
    fix: tuple[datetime, float, float, float] | None  # when, latitude, longitude, accuracy


def drawn(session: Session, elder_id: int, *, days: int, now: datetime) -> Drawn:
    """A day from single readings; longer from the sums."""
    elder = people.get(session, elder_id)
    since = now - timedelta(days=days)
    some = queries.living(session, [elder.home_id]).get(elder.home_id, ())
    rules = queries.book(session, elder.district_id, [elder.id])
    heard = queries.readings_of(
        session, elder.district_id, home_id=elder.home_id, elder_id=elder.id, since=now - timedelta(days=1), until=now
    )
    sums = _sums(session, elder, alone=len(some) == 1, since=since)
    doubted = _doubted(heard)
    curves = []
    for metric in CURVES:
        single = [(one.at, m.value, m.value, m.value) for one in heard for m in one.measures if _is(m, metric)]
        points = single if days == 1 else _summed(sums.get(metric, {}), since, now, hourly=days <= 7)
        if not points:
            continue
        latest = (single[-1][0], single[-1][2]) if single else None
        low, high = _band(rules, metric, elder.id)
        gap = _gap(single) if days == 1 else timedelta(hours=2) if days <= 7 else timedelta(days=1, hours=12)
        seconds = int(gap.total_seconds())
        curves.append(Curve(metric, points, seconds, latest, doubted.get(metric, 0), low, high))
    cell = QUARTER if days == 1 else timedelta(hours=1) if days <= 7 else timedelta(hours=6)
    fence = rules.find(RuleKind.FENCE, elder.id, None)
    return Drawn(
        since, now, curves, {m: _strip(sums.get(m, {}), since, now, cell) for m in STRIPS if sums.get(m)},
        int(cell.total_seconds()), _steps(sums.get(M.STEPS, {}), heard), _alarms(session, elder, since),
        fence.params if fence and isinstance(fence.params, Fence) else None, _fix(heard),
    )  # fmt: skip


def _is(measure: Any, metric: Metric) -> bool:
    return bool(measure.ok and measure.metric is metric)


def _sums(session: Session, elder: Elder, *, alone: bool, since: datetime) -> dict[Metric, dict[date, dict[str, Any]]]:
    """Her own sums; in a home of her own they are the home's too, in the home of two what hangs there is apart."""
    subjects = [queries.subject(elder.id, elder.home_id)] + ([] if alone else [queries.subject(None, elder.home_id)])
    rows = session.execute(
        select(VitalDay.metric, VitalDay.day, VitalDay.sums).where(
            VitalDay.subject.in_(subjects), VitalDay.day >= calendar.day_of(since)
        )
    )
    found = defaultdict[Metric, dict[date, dict[str, Any]]](dict)
    for metric, day, sums in rows:
        found[metric].setdefault(day, sums)
    return found


def _summed(days: Mapping[date, dict[str, Any]], since: datetime, until: datetime, *, hourly: bool) -> list[Point]:
    points: list[Point] = []
    for day, sums in sorted(days.items()):
        begins = calendar.day_bounds(day)[0]
        if not hourly:
            _, least, mean, most = sums["day"]
            points.append((begins + timedelta(hours=12), least, mean, most))
            continue
        for hour, _, least, mean, most in sums["hours"]:
            at = begins + timedelta(hours=hour, minutes=30)
            if since <= at <= until:
                points.append((at, least, mean, most))
    return points


def _gap(points: Sequence[Point]) -> timedelta:
    """Three times what is usual between two readings."""
    steps = [b[0] - a[0] for a, b in itertools.pairwise(points)]
    usual = median(step.total_seconds() for step in steps) if steps else 0
    return max(SHORTEST_GAP, timedelta(seconds=3 * usual))


def _strip(days: Mapping[date, dict[str, Any]], since: datetime, until: datetime, cell: timedelta) -> list[Cell]:
    """The mean of what there was in each cell; a cell without a reading is not there."""
    found = defaultdict[datetime, list[float]](list)
    for day, sums in days.items():
        begins = calendar.day_bounds(day)[0]
        for slot, _, _, mean, most in sums["quarters"]:
            at = begins + QUARTER * int(slot)
            if since <= at < until:
                found[begins + cell * int((at - begins) / cell)].append(most if cell == QUARTER else mean)
    return [Cell(at, round(sum(values) / len(values), 2)) for at, values in sorted(found.items())]


def _steps(days: Mapping[date, dict[str, Any]], heard: Sequence[Heard]) -> list[tuple[date, int]]:
    """The most a device counted in a day, today's as of now."""
    steps = {day: int(sums["day"][3]) for day, sums in days.items()}
    for one in heard:
        for measure in one.measures:
            if _is(measure, M.STEPS):
                day, _ = quarter_of(one.at)
                steps[day] = max(steps.get(day, 0), int(measure.value))
    return sorted(steps.items())


def _doubted(heard: Sequence[Heard]) -> dict[Metric, int]:
    found = defaultdict[Metric, int](int)
    for one in heard:
        for measure in one.measures:
            found[measure.metric] += not measure.ok
    return found


def _band(rules: Book, metric: Metric, elder_id: int) -> tuple[float | None, float | None]:
    """The limits of the rule in force about a measure."""
    for kind, rule in KINDS.items():
        if metric not in rule.metrics or not (found := rules.find(kind, elder_id, None)):
            continue
        match found.params:
            case Band():
                return found.params.low, found.params.high
            case BloodPressure():
                band = found.params.systolic if metric is M.SYSTOLIC else found.params.diastolic
                return band.low, band.high
    return None, None


def _alarms(session: Session, elder: Elder, since: datetime) -> list[tuple[int, str, datetime, str | None]]:
    rows = session.execute(
        select(Alarm.id, Alarm.kind, Alarm.raised_at, Alarm.verdict)
        .where(Alarm.elder_id == elder.id, Alarm.raised_at >= since)
        .order_by(Alarm.raised_at)
    )
    return [(n, kind, at, verdict) for n, kind, at, verdict in rows]


def _fix(heard: Sequence[Heard]) -> tuple[datetime, float, float, float] | None:
    for one in reversed(heard):
        for m in one.measures:
            if _is(m, M.LOCATION) and m.lat is not None and m.lon is not None:
                return one.at, m.lat, m.lon, m.value
    return None
