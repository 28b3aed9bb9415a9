"""A day's plan against what really happened: who came, when, how long, and what nobody had planned."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.planning import marks, queries
from app.planning.comparing import VersionOut, versions
from app.planning.day import Day, DayVisit, Going
from app.planning.rules import AttendanceState
from app.planning.tables import Attendance

STEPS: Final = (-15, 0, 5, 15, 30, 60)  # minutes after the promise, where a bar of the chart begins
GONE: Final = frozenset({AttendanceState.DECLINED, AttendanceState.WITHDRAWN})


@dataclass(frozen=True)
class Door:
    """What the phone reported of one caregiver at one visit."""

    caregiver_id: int
    state: AttendanceState
    came_at: datetime | None
    began_at: datetime | None
    ended_at: datetime | None
    urgent: bool


class WentOut(BaseModel):
    """One visit. `kind`: as_planned, handed (others came), unplanned, not_come, cancelled, ahead (not begun yet).

    `late` are minutes from the promised start to the first one's coming; `over` those the service took longer.
    """

    visit_id: int
    elder: str
    item_zh: str
    item_en: str
    kind: str
    state: VisitState
    promised: list[str]
    came: list[str]
    promised_at: datetime | None
    came_at: datetime | None
    late: int | None
    minutes: int
    took: int | None
    over: int | None


class StaffOut(BaseModel):
    """One caregiver: visits and minutes of service promised and done; `took_over` and `gave_up` changed hands."""

    caregiver_id: int
    caregiver: str
    promised: int
    done: int
    promised_minutes: int
    done_minutes: int
    late: int
    late_minutes: int
    took_over: int
    gave_up: int


class StepOut(BaseModel):
    """Visits that began so many minutes after the promise, up to the next step; null: earlier than all."""

    since: int | None
    visits: int


class ActualOut(BaseModel):
    """What became of the version that was published first, or of another. Null: nothing was promised for this day."""

    against: VersionOut | None
    choices: list[VersionOut]
    mark: int  # minutes after the promise up to which somebody is on time
    on_time: int
    timed: int
    counts: dict[str, int]
    steps: list[StepOut]
    visits: list[WentOut]
    staff: list[StaffOut]


def actual(session: Session, district_id: int, day: date, against: int | None) -> ActualOut:
    """The day so far, against a published version: the first one, as people were first told, unless one is named."""
    choices = [v for v in versions(session, district_id, day) if v.published_at is not None]
    chosen = next((v for v in choices if v.id == against), choices[-1] if choices else None)
    today = queries.day_of(session, district_id, day)
    promised = queries.lines(session, chosen.id) if chosen else {}
    doors = _doors(session, today)
    rows = [_went(today, v, promised.get(v.id, ()), doors.get(v.id, ())) for v in today.visits]
    rows = [row for row in rows if row.promised or row.came or row.state is not VisitState.CANCELLED]
    late = [row.late for row in rows if row.late is not None]
    kinds = [row.kind for row in rows]
    mark = marks.mark(session, district_id, day)
    return ActualOut(
        against=chosen, choices=choices, mark=mark, on_time=sum(m <= mark for m in late), timed=len(late),
        counts={kind: kinds.count(kind) for kind in sorted(set(kinds))}, steps=_steps(late), visits=rows,
        staff=_staff(today, promised, doors, mark),
    )  # fmt: skip


def _doors(session: Session, day: Day) -> dict[int, list[Door]]:
    a = Attendance
    rows = session.execute(
        select(a.visit_id, a.caregiver_id, a.state, a.arrived_at, a.started_at, a.finished_at, a.urgent)
        .join(Visit, Visit.id == a.visit_id)
        .where(a.visit_id.in_(day.visit))
        .order_by(a.rank, a.id)
    )
    found: dict[int, list[Door]] = {}
    for visit_id, caregiver_id, state, arrived, started, finished, urgent in rows:
        door = Door(caregiver_id, state, arrived or started, started, finished, urgent)
        found.setdefault(visit_id, []).append(door)
    return found


def _came(doors: Iterable[Door]) -> list[Door]:
    return [d for d in doors if d.came_at is not None and d.state not in GONE]


def _went(day: Day, visit: DayVisit, promised: Sequence[Going], doors: Sequence[Door]) -> WentOut:
    came = _came(doors)
    came_at = min((d.came_at for d in came if d.came_at), default=None)
    promised_at = promised[0].starts_at if promised else None
    spans = [(d.ended_at - d.began_at).total_seconds() for d in came if d.began_at and d.ended_at]
    took = round(max(spans) / 60) if spans else None
    return WentOut(
        visit_id=visit.id, elder=visit.elder, item_zh=visit.item_zh, item_en=visit.item_en,
        kind=_kind(visit, promised, came), state=visit.state, minutes=visit.minutes,
        promised=_names(day, (g.caregiver_id for g in promised)), came=_names(day, (d.caregiver_id for d in came)),
        promised_at=promised_at, came_at=came_at, late=_minutes(promised_at, came_at), took=took,
        over=took - visit.minutes if took is not None else None,
    )  # fmt: skip


def _kind(visit: DayVisit, promised: Sequence[Going], came: Sequence[Door]) -> str:
    if not came:
        ends = {VisitState.CANCELLED: "cancelled", VisitState.NOT_DELIVERED: "not_come"}
        return ends.get(visit.state, "ahead")
    if not promised:
        return "unplanned"
    return "as_planned" if {g.caregiver_id for g in promised} == {d.caregiver_id for d in came} else "handed"


def _names(day: Day, ids: Iterable[int]) -> list[str]:
    return [day.caregiver[c].name for c in ids if c in day.caregiver]


def _minutes(promised_at: datetime | None, came_at: datetime | None) -> int | None:
    return int((came_at - promised_at).total_seconds() // 60) if promised_at and came_at else None


def _steps(late: Sequence[int]) -> list[StepOut]:
    bounds = [None, *STEPS]
    ends = [*STEPS, None]
    return [
        StepOut(since=a, visits=sum((a is None or m >= a) and (b is None or m < b) for m in late))
        for a, b in zip(bounds, ends, strict=True)
    ]


def _staff(
    day: Day, promised: Mapping[int, Sequence[Going]], doors: Mapping[int, Sequence[Door]], mark: int
) -> list[StaffOut]:
    rows: dict[int, StaffOut] = {}

    def of(caregiver_id: int) -> StaffOut:
        name = day.caregiver[caregiver_id].name
        blank = dict.fromkeys(StaffOut.model_fields, 0) | {"caregiver_id": caregiver_id, "caregiver": name}
        return rows.setdefault(caregiver_id, StaffOut.model_validate(blank))

    for visit in day.visits:
        crew = {g.caregiver_id: g for g in promised.get(visit.id, ()) if g.caregiver_id in day.caregiver}
        came = {d.caregiver_id: d for d in _came(doors.get(visit.id, ())) if d.caregiver_id in day.caregiver}
        for caregiver_id, going in crew.items():
            row = of(caregiver_id)
            row.promised += 1
            row.promised_minutes += visit.minutes
            row.gave_up += bool(came) and caregiver_id not in came
            late = _minutes(going.starts_at, came[caregiver_id].came_at) if caregiver_id in came else None
            if late is not None and late > mark:
                row.late += 1
                row.late_minutes += late
        for caregiver_id, door in came.items():
            row = of(caregiver_id)
            row.took_over += caregiver_id not in crew
            if door.began_at and door.ended_at:
                row.done += 1
                row.done_minutes += round((door.ended_at - door.began_at).total_seconds() / 60)
    return sorted(rows.values(), key=lambda row: (-row.promised_minutes, row.caregiver_id))
