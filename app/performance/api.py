"""The doors of the page of figures: for shift leads, providers' managers and the bureau; each sees its own area."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from app import calendar
from app.access.api import Figures, Lead
from app.access.queries import Caller
from app.access.rules import LEADS, Role
from app.alarms import proving
from app.alarms.model_statistics import UNTESTED
from app.config import settings
from app.db import transaction
from app.equipment import blindness, exchanging
from app.errors import Unreadable
from app.performance import actions, exporting, hours, load, queries, shapes, staffing, wolves
from app.performance.queries import Period
from app.performance.rules import BEARABLE, EXCEPTION, FLOOD, PROMISES, By, Clock, Promise
from app.vault import mask_name

router = APIRouter(prefix="/api/figures", tags=["figures"])
LONGEST = 366  # days
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HOUR_RATE = 0.5  # alarms an hour: what a simulation is rounded up to


def _period(me: Figures, first: date | None = None, last: date | None = None) -> Period:
    """Local days, both included; the last thirty where none are named. Raises Unreadable."""
    now = datetime.now(UTC)
    last = last or calendar.day_of(now)
    first = first or max(date(1, 2, 1), last) - timedelta(days=29)
    if not 0 <= (last - first).days < LONGEST or not 2000 <= first.year <= last.year < 2100:
        raise Unreadable("Ask for at most a year, from an earlier day to a later one.")
    return queries.period_of(me.district_id, first, last, now=now)


Asked = Annotated[Period, Depends(_period)]


@router.get("")
def figures(me: Figures, period: Asked) -> shapes.FiguresOut:
    """A period at a glance: the four clocks, day by day, beside everybody's promises."""
    last = calendar.day_of(period.past - timedelta(seconds=1))
    earlier = Period(me.district_id, period.first - (period.past - period.first), period.first, period.now)
    with transaction(me.scope) as session:
        version, targets = queries.targets(session, me.district_id, at=min(period.past, period.now))
        every = next(iter(queries.clocks(session, period, targets=targets)), None)
        before = next(iter(queries.clocks(session, earlier, targets=targets)), None)
        days = queries.clocks(session, period, by=By.DAY, targets=targets)
        given = queries.abandoned(session, period)
        ages = queries.open_by_age(session, now=period.now)
        devices, untested = queries.untested(session, before=period.now - UNTESTED)
        blind = blindness.of_month(session, last.replace(day=1), now=period.now)
        anchor = proving.latest(session, me.district_id)
        ours = [
            Promise(settings().hotline, clock, seconds, wanted, f"v{version}")
            for clock, steps in targets.items() for seconds, wanted in steps
        ]  # fmt: skip
    covered, gone = sum(row.covered_seconds for row in blind), sum(row.blind_seconds for row in blind)
    return shapes.FiguresOut(
        first=calendar.day_of(period.first), last=last, all=every and shapes.FigureRow.of(every),
        before=before and shapes.FigureRow.of(before), by_day=[shapes.FigureRow.of(row) for row in days],
        promises=[shapes.PromiseOut.of(one, every, ours=True) for one in ours]
        + [shapes.PromiseOut.of(one, every) for one in PROMISES],
        targets=shapes.TargetsOut.of(version, targets), given=shapes.GivenOut(**vars(given)),
        open_by_age=list(ages), devices=devices, untested=untested,
        blind_share=gone / covered if covered else None, blind_minutes=gone // 60,
        anchor=anchor and anchor.digest, anchored_at=anchor and anchor.at, server_time=period.now,
    )  # fmt: skip


@router.get("/groups")
def groups(me: Figures, period: Asked, by: By = By.KIND) -> shapes.FigureGroups:
    """The same figures, told apart by kind, model, community, operator or shift."""
    with transaction(me.scope) as session:
        _, targets = queries.targets(session, me.district_id, at=min(period.past, period.now))
        rows = queries.clocks(session, period, by=by, targets=targets)
    return shapes.FigureGroups(by=by, items=[_named(row, by, n, me) for n, row in enumerate(rows, 1)])


def _named(row: queries.ClockRow, by: By, n: int, me: Caller) -> shapes.FigureRow:
    """Operators have names only for those who lead or supervise them."""
    nameless = by is By.OPERATOR and me.role is Role.MANAGER
    made = shapes.FigureRow.of(row, name=str(n) if nameless else None)
    return made.model_copy(update={"key": str(n)}) if nameless else made


@router.get("/exceptions")
def exceptions(me: Figures, period: Asked) -> shapes.Exceptions:
    """Each call that waited more than three minutes for a human, with what happened meanwhile."""
    with transaction(me.scope) as session:
        rows = queries.exceptions(session, period)
    lead, bureau = me.role is Role.SHIFT_LEAD, me.role is Role.SUPERVISOR
    return shapes.Exceptions(
        over=EXCEPTION,
        items=[
            shapes.LateOut.of(
                row, operator=row.operator if lead or bureau else None,
                elder=row.elder_name if lead else mask_name(row.elder_name) if bureau and row.elder_name else None,
            )
            for row in rows
        ],
    )  # fmt: skip


@router.get("/load")
def at_once(me: Figures, period: Asked) -> shapes.LoadOut:
    """Alarms of an operator in ten minutes, floods, and the week as a map."""
    with transaction(me.scope) as session:
        found = load.load(session, period)
    busiest = max(found.buckets, key=lambda bucket: bucket.alarms, default=None)
    return shapes.LoadOut(
        average=found.average, bearable=BEARABLE, flood_over=FLOOD,
        busiest=busiest and shapes.BucketOut.of(busiest),
        floods=[shapes.BucketOut.of(bucket) for bucket in found.floods[:100]],
        week=load.week(found.buckets, period),
    )  # fmt: skip


@router.get("/false")
def false(me: Figures, period: Asked) -> shapes.FalseAlarms:
    """Devices that called for nothing, the worst first."""
    with transaction(me.scope) as session:
        found, ways = wolves.wolves(session, period), wolves.ways(session, period)
    return shapes.FalseAlarms(
        items=[shapes.WolfOut.of(one, task, now=period.now, leads=me.role in LEADS) for one, task in found],
        ways=[shapes.WayOut.of(way) for way in ways],
    )


@router.post("/false/{device_id}/exchange")
def exchange(device_id: int, me: Lead) -> shapes.ExchangeOut:
    """Have a device exchanged that calls for nothing: an entry of the technical list, with its own clock."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        task = exchanging.ask(session, device_id, by=me.by, now=now)
    return shapes.ExchangeOut.of(task, now=now, named=True)


@router.get("/staffing")
def staff(me: Figures, days: int = Query(28, ge=7, le=366)) -> shapes.StaffingOut:
    """How many operators each hour should have for 95 % in 10 s, 98.5 % in 60 s and 99.9 % in 180 s."""
    now = datetime.now(UTC)
    today = calendar.day_of(now)
    period = queries.period_of(me.district_id, today - timedelta(days=days), today - timedelta(days=1), now=now)
    with transaction(me.scope) as session:
        found = hours.hours(session, period)
        mean, spread, own = hours.handling(session, period)
    mean, spread = round(mean, -1), round(spread, 1)
    told = []
    for one in found:
        rate = max(HOUR_RATE, -(-max(one.alarms, one.peak) // HOUR_RATE) * HOUR_RATE)
        told.append(shapes.HourOut.of(one.hour, one.alarms, one.peak, one.on_duty, staffing.needed(rate, mean, spread)))
    return shapes.StaffingOut(days=days, handling=mean, spread=spread, own=own, hours=told)


class TargetsIn(BaseModel):
    """Seconds and share, rising, for each clock; those left out keep what everybody begins with."""

    targets: dict[Clock, list[tuple[int, float]]]


@router.post("/targets")
def set_targets(asked: TargetsIn, me: Lead) -> shapes.TargetsOut:
    """A new version of the district's own targets, from now on."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.set_targets(
            session, me.district_id, {clock.value: steps for clock, steps in asked.targets.items()}, by=me.by, now=now
        )
        version, targets = queries.targets(session, me.district_id, at=now)
    return shapes.TargetsOut.of(version, targets)


@router.get("/export")
def export(
    me: Figures, period: Asked, form: Literal["xlsx", "csv"] = "xlsx", lang: Literal["zh", "en"] = "zh"
) -> Response:
    """The figures as a workbook, a sheet for each way to tell them apart; or the days alone as CSV."""
    with transaction(me.scope) as session:
        _, targets = queries.targets(session, me.district_id, at=min(period.past, period.now))
        ways = [By.DAY] if form == "csv" else list(By)
        tables: dict[By, list[shapes.FigureRow]] = {
            by: [
                _named(row, by, n, me)
                for n, row in enumerate(queries.clocks(session, period, by=by, targets=targets), 1)
            ]
            for by in ways
        }
    name = (
        f"figures-{calendar.day_of(period.first):%Y%m%d}-{calendar.day_of(period.past - timedelta(seconds=1)):%Y%m%d}"
    )
    body, media = exporting.written(tables, form=form, lang=lang), XLSX if form == "xlsx" else "text/csv; charset=utf-8"
    headers: dict[str, Any] = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(body, media_type=media, headers=headers)
