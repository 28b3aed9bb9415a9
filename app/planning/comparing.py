"""Two versions of a day's plan side by side: costs by name, visits moved, changed hands, hours, known faces."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import dispatch
from app.errors import NotFound
from app.planning import queries
from app.planning.day import Day, Going, caregiver_of, plan_of, question
from app.planning.rules import PlanState
from app.planning.tables import Plan, PlanLine


class VersionOut(BaseModel):
    """One version of a day's plan; `visits` are those it serves."""

    id: int
    version: int
    state: PlanState
    engine: str
    seconds: int
    created_at: datetime
    published_at: datetime | None
    visits: int


class Versions(BaseModel):
    """Newest first."""

    items: list[VersionOut]


class SideOut(BaseModel):
    """One of the two. `cost` by name, both on the day as it is known now; way and service in minutes.

    `known` counts caregivers sent to elders whom they know, `strangers` those sent though somebody else is known.
    """

    version: VersionOut
    cost: dict[str, int]
    served: int
    unserved: int
    way_minutes: int
    service_minutes: int
    known: int
    strangers: int


class MeetingOut(BaseModel):
    """Who comes when; nobody and null where the visit is not served."""

    caregivers: list[str]
    starts_at: datetime | None


class ChangeOut(BaseModel):
    """A visit that differs: `kind` is added, dropped, handed (other caregivers) or moved (another time only)."""

    visit_id: int
    elder: str
    item_zh: str
    item_en: str
    kind: str
    before: MeetingOut
    after: MeetingOut


class LoadOut(BaseModel):
    """What one caregiver has in each: visits, and minutes of service and way."""

    caregiver_id: int
    caregiver: str
    visits: tuple[int, int]
    minutes: tuple[int, int]


class Comparison(BaseModel):
    """Before and after; what is the same in both is not listed."""

    before: SideOut
    after: SideOut
    same: int
    changes: list[ChangeOut]
    loads: list[LoadOut]


Crews = Mapping[int, Sequence[Going]]


def versions(session: Session, district_id: int, day: date) -> list[VersionOut]:
    """All versions of a day's plan that came to something, newest first."""
    served = func.count(PlanLine.visit_id.distinct())
    rows = session.execute(
        select(Plan, served)
        .outerjoin(PlanLine, PlanLine.plan_id == Plan.id)
        .where(Plan.district_id == district_id, Plan.day == day, Plan.state != PlanState.DRAFTING)
        .group_by(Plan.id)
        .order_by(Plan.version.desc())
    ).all()
    return [
        VersionOut(
            id=p.id, version=p.version, state=p.state, engine=p.engine, seconds=p.seconds, created_at=p.created_at,
            published_at=p.published_at, visits=visits,
        )
        for p, visits in rows if visits or p.state is not PlanState.SUPERSEDED
    ]  # fmt: skip


class Compared(BaseModel):
    """Null where there are no two versions yet."""

    comparison: Comparison | None


def usual(found: Sequence[VersionOut]) -> tuple[int, int] | None:
    """What a dispatcher wants to see: the newest against what is published, or else against the one before it."""
    if len(found) < 2:
        return None
    other = next((v for v in found[1:] if v.state is PlanState.PUBLISHED), found[1])
    return other.id, found[0].id


def compare(session: Session, district_id: int, day: date, before: int | None, after: int | None) -> Compared:
    """Two versions of this day, by their ids, or the usual two; raises NotFound.

    Both are priced alike, on the day as it is now.
    """
    found = versions(session, district_id, day)
    known = {v.id: v for v in found}
    two = usual(found)
    if before is not None and after is not None:
        two = before, after
    if two is None:
        return Compared(comparison=None)
    if not known.keys() >= set(two):
        raise NotFound("There is no such version of this day's plan.")
    before, after = two
    today = queries.day_of(session, district_id, day)
    problem = question(today, now=None).problem
    crews = [_crews(session, today, known[one]) for one in (before, after)]
    plans = [_priced(problem, today, crew) for crew in crews]
    changes = [change for v in today.visits if (change := _change(today, v.id, *crews)) is not None]
    ids = {v for crew in crews for v in crew if v in today.visit}
    comparison = Comparison(
        before=_side(known[before], problem, plans[0]), after=_side(known[after], problem, plans[1]),
        same=len(ids) - len(changes), changes=changes, loads=_loads(today, *plans),
    )  # fmt: skip
    return Compared(comparison=comparison)


def _crews(session: Session, day: Day, version: VersionOut) -> Crews:
    """A version's lines, visits of this day only; the published one as it stands by now, with what hands changed."""
    if version.state is PlanState.PUBLISHED:
        return {v.id: v.crew for v in day.visits if v.crew}
    return {v: crew for v, crew in queries.lines(session, version.id).items() if v in day.visit}


def _priced(problem: dispatch.Problem, day: Day, crews: Crews) -> dispatch.Plan:
    sent = {c.id for c in problem.caregivers}
    asked = {v.id for v in problem.visits}
    plan = plan_of(problem, day, {v: crew for v, crew in crews.items() if str(v) in asked})
    return dispatch.plan_of(problem, [a for a in plan.assignments if sent.issuperset(a.caregivers)])


def _side(version: VersionOut, problem: dispatch.Problem, plan: dispatch.Plan) -> SideOut:
    sent = [(problem.visit(a.visit), c) for a in plan.assignments for c in a.caregivers]
    return SideOut(
        version=version, cost={name: cost for name, cost in plan.cost.items() if cost}, served=len(plan.assignments),
        unserved=len(plan.unserved), way_minutes=sum(r.travel for r in plan.routes) // 60,
        service_minutes=sum(v.service for v, _ in sent) // 60, known=sum(c in v.known for v, c in sent),
        strangers=sum(bool(v.known) and c not in v.known for v, c in sent),
    )  # fmt: skip


def _change(day: Day, visit_id: int, before: Crews, after: Crews) -> ChangeOut | None:
    was, now = before.get(visit_id, ()), after.get(visit_id, ())
    kind = _kind(was, now)
    if kind is None:
        return None
    visit = day.visit[visit_id]
    return ChangeOut(
        visit_id=visit_id, elder=visit.elder, item_zh=visit.item_zh, item_en=visit.item_en, kind=kind,
        before=_meeting(day, was), after=_meeting(day, now),
    )  # fmt: skip


def _kind(was: Sequence[Going], now: Sequence[Going]) -> str | None:
    if not was or not now:
        return "added" if now else "dropped" if was else None
    if {g.caregiver_id for g in was} != {g.caregiver_id for g in now}:
        return "handed"
    return "moved" if was[0].starts_at != now[0].starts_at else None


def _meeting(day: Day, crew: Sequence[Going]) -> MeetingOut:
    names = [day.caregiver[g.caregiver_id].name for g in crew if g.caregiver_id in day.caregiver]
    return MeetingOut(caregivers=names, starts_at=crew[0].starts_at if crew else None)


def _loads(day: Day, before: dispatch.Plan, after: dispatch.Plan) -> list[LoadOut]:
    """Everybody who works in either, the largest difference first."""
    visits: dict[int, list[int]] = {}
    ticks: dict[int, list[int]] = {}
    for side, plan in enumerate((before, after)):
        for route in plan.routes:
            caregiver = caregiver_of(route.caregiver)
            visits.setdefault(caregiver, [0, 0])[side] += len(route.stops)
            worked = route.travel + sum(stop.end - stop.start for stop in route.stops)
            ticks.setdefault(caregiver, [0, 0])[side] += worked
    rows = [
        LoadOut(
            caregiver_id=c, caregiver=day.caregiver[c].name, visits=(visits[c][0], visits[c][1]),
            minutes=(was // 60, now // 60),
        )
        for c, (was, now) in ticks.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-abs(row.minutes[1] - row.minutes[0]), row.caregiver_id))
