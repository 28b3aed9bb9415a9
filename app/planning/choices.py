"""Who could serve a visit: the answer to a caregiver who declined, or to «who else?»."""

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy.orm import Session

import dispatch
from app import calendar
from app.orders import queries as orders
from app.planning import queries
from app.planning.day import caregiver_of, plan_of, question
from app.planning.replan_rules import STILL_COMES
from app.planning.rules import MOVABLE, PlanMoveRefused, PlanState

MOST = 10


class DelayOut(BaseModel):
    """A visit that would start later, by so many seconds."""

    visit_id: int
    seconds: int


class CandidateOut(BaseModel):
    """Who, when, what it adds to the plan's cost, how long the way is, and whom it delays."""

    caregiver_ids: list[int]
    caregivers: list[str]
    starts_at: datetime
    added_cost: int
    travel_seconds: int
    delays: list[DelayOut]


def candidates(session: Session, visit_id: int, *, now: datetime) -> list[CandidateOut]:
    """The best ways to serve a visit in the draft, or else in the plan as it stands; cheapest first.

    Who asks «who else?» of a visit that is pinned or about to begin is not told that it is settled.
    """
    visit = orders.visit(session, visit_id)
    if visit.state not in MOVABLE:
        raise PlanMoveRefused(f"A visit that is {visit.state} needs nobody else.", state=visit.state)
    on = calendar.day_of(visit.opens)
    day = queries.day_of(session, visit.district_id, on)
    draft = queries.plan(session, visit.district_id, on, PlanState.DRAFT)
    crews = {v.id: v.crew for v in day.visits if v.crew} | (queries.lines(session, draft.id) if draft else {})
    crews.pop(visit_id, None)
    partner_stays = any(v.id == visit_id and 0 < len(v.crew) < v.caregivers for v in day.visits)
    late = int(STILL_COMES.total_seconds())
    problem = question(day, now=now, loosen=() if partner_stays else (visit_id,), late=late).problem
    if str(visit_id) not in problem.visit_of:
        return []
    found = dispatch.candidates(problem, plan_of(problem, day, crews), str(visit_id))
    return [
        CandidateOut(
            caregiver_ids=[caregiver_of(c) for c in choice.caregivers], starts_at=day.time(choice.start),
            caregivers=[day.caregiver[caregiver_of(c)].name for c in choice.caregivers],
            added_cost=choice.added, travel_seconds=choice.travel,
            delays=[DelayOut(visit_id=int(v), seconds=ticks) for v, ticks in choice.delays],
        )
        for choice in found[:MOST]
    ]  # fmt: skip
