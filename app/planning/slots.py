"""Which hours can be offered to an elder on the telephone: each tried in the day's plan, with what it would mean."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from pydantic import BaseModel
from sqlalchemy.orm import Session

import dispatch
from app import calendar
from app.catalogue import queries as catalogue
from app.catalogue import rules as catalogue_rules
from app.catalogue.tables import ServiceItem
from app.orders.rules import VisitState
from app.people import queries as people
from app.people.tables import Elder, Home
from app.places.rules import Place
from app.planning import queries
from app.planning.day import Day, DayVisit, caregiver_of, plan_of, question
from app.planning.rules import PlanState
from dispatch.board import Board

HOUR = timedelta(hours=1)
USUAL = (time(8), time(18))  # where the item names no hours
ASKED = 300  # visits up to which a day without a plan is planned to see what is still free


class SlotOut(BaseModel):
    """An hour in which she can start; who would come, how far out of her way, and how many others would be later."""

    opens: datetime
    closes: datetime
    starts_at: datetime
    caregiver_ids: list[int]
    caregivers: list[str]
    known: bool
    travel_seconds: int
    delayed: int
    added_cost: int


class Slots(BaseModel):
    """Cheapest first. `full` are hours in which nobody can come; `plan` says what they were tried in."""

    plan: str  # draft, published, none
    items: list[SlotOut]
    full: list[datetime]


def slots(session: Session, elder_id: int, item_code: str, day: date, *, minutes: int | None, now: datetime) -> Slots:
    """Hours of a day that can be offered. Nothing is kept: whoever books first has it."""
    elder = people.get(session, elder_id)
    item = catalogue.item(session, elder.district_id, item_code)
    home = session.get_one(Home, elder.home_id)
    today = queries.day_of(session, elder.district_id, day)
    draft = queries.plan(session, elder.district_id, day, PlanState.DRAFT)
    known = frozenset(queries.known_to(session, [elder_id], today.begins).get(elder_id, ()))
    hours = [h for h in _hours(item, day) if h[1] > now]
    wished = [_visit(-n, elder, home, item, hour, minutes=minutes, known=known) for n, hour in enumerate(hours, 1)]
    asked = replace(today, visits=(*today.visits, *wished))
    problem = question(asked, now=now).problem
    crews = {v.id: v.crew for v in today.visits if v.crew} | (queries.lines(session, draft.id) if draft else {})
    plan = plan_of(problem, asked, crews)
    planned = "draft" if draft else "published" if crews else "none"
    if not problem.caregivers:
        return Slots(plan=planned, items=[], full=[v.opens for v in wished])
    if planned == "none" and len(problem.visits) <= ASKED:
        plan = _first_thought(problem, {str(v.id) for v in wished})
    return _tried(asked, problem, plan, wished, planned)


def _first_thought(problem: dispatch.Problem, wished: set[str]) -> dispatch.Plan:
    """A day nobody has planned: what is booked already goes where it fits best."""
    booked = replace(problem, visits=tuple(v for v in problem.visits if v.id not in wished))
    try:
        return dispatch.solve(booked, engine="insertion")
    except dispatch.BadProblem:
        return dispatch.Plan(())  # what contradicts itself is said when the day is drafted, not to the elder


def _tried(day: Day, problem: dispatch.Problem, plan: dispatch.Plan, wished: list[DayVisit], planned: str) -> Slots:
    items, full = [], []
    board = Board(problem)
    board.fill(plan.assignments)
    for visit in wished:
        name = str(visit.id)
        found = dispatch.candidates(problem, plan, name, most=3, board=board) if name in problem.visit_of else []
        if not found:
            full.append(visit.opens)
            continue
        best = found[0]
        ids = [caregiver_of(c) for c in best.caregivers]
        items.append(
            SlotOut(
                opens=visit.opens, closes=visit.closes, starts_at=day.time(best.start), caregiver_ids=ids,
                caregivers=[day.caregiver[c].name for c in ids], known=visit.known.issuperset(ids),
                travel_seconds=best.travel, delayed=len(best.delays), added_cost=best.added,
            )
        )  # fmt: skip
    return Slots(plan=planned, items=sorted(items, key=lambda s: (s.added_cost, s.opens)), full=full)


def _hours(item: ServiceItem, day: date) -> list[tuple[datetime, datetime]]:
    """Whole hours inside the item's own, the last one cut where they end."""
    found = []
    for opens, closes in catalogue.windows_of(item) or [USUAL]:
        start, end = calendar.at(day, opens), calendar.at(day, closes)
        while start < end:
            found.append((start, min(end, start + HOUR)))
            start += HOUR
    return found


def _visit(
    number: int, elder: Elder, home: Home, item: ServiceItem, hour: tuple[datetime, datetime], *, minutes: int | None,
    known: frozenset[int],
) -> DayVisit:  # fmt: skip
    """The visit as it would be, were it booked."""
    wishes = elder.wishes
    return DayVisit(
        id=number, elder_id=elder.id, elder=elder.name, division_code=elder.division_code, state=VisitState.WAITING,
        item_code=item.code, item_zh=item.name_zh, item_en=item.name_en, aid=item.aid.value,
        minutes=minutes or catalogue_rules.by_level(item.minutes, elder.level), needs=frozenset(item.needs),
        caregivers=catalogue_rules.by_level(item.caregivers, elder.level), opens=hour[0], closes=hour[1],
        sex=queries.sex_wanted(item.same_sex, elder.sex, item.aid.value, wishes), starts_at=None, priority=0,
        place=Place.of(home.place), estate=home.estate, banned=frozenset(wishes.get("banned", ())),
        preferred=frozenset(wishes.get("preferred", ())), known=known,
    )  # fmt: skip
