"""Re-planning a running day over HTTP: what happened goes in, what would move comes out; then yes or no."""

from datetime import UTC, date

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from app.access.api import Now, Planner
from app.access.queries import Caller
from app.db import transaction
from app.errors import Conflict, Refused
from app.planning import replan_actions as actions
from app.planning import replan_queries as queries
from app.planning.replan_rules import Happened, WhatHappened
from app.planning.replan_shapes import ChangeOut, change_of
from dispatch import BadProblem

router = APIRouter(prefix="/api", tags=["replanning"])


class HappenedIn(BaseModel):
    """One event: who or which visit, and since or until when. An alarm's is proposed at the alarm desk."""

    cause: WhatHappened
    caregiver_id: int | None = Field(None, ge=1, lt=2**63)
    visit_id: int | None = Field(None, ge=1, lt=2**63)
    at: AwareDatetime | None = None

    def value(self) -> Happened:
        """As the rules see it."""
        return Happened(self.cause, self.caregiver_id, self.visit_id, self.at.astimezone(UTC) if self.at else None)


class ReplanIn(BaseModel):
    """What happened. The same seed on the same day gives the same proposal; more rounds think longer."""

    events: list[HappenedIn] = Field(min_length=1, max_length=20)
    seed: int | None = Field(None, ge=0, lt=2**31)
    iterations: int = Field(0, ge=0, le=5000)


class RefuseIn(BaseModel):
    """Why the day stays as it is."""

    reason: str = Field(min_length=2, max_length=200)


class ChangesOut(BaseModel):
    """The latest proposals of a day, newest first."""

    items: list[ChangeOut]


class Contradiction(Conflict):
    """The day contradicts itself; mend it by hand first."""


def whole(me: Caller) -> None:
    """Somebody of one street does not move what others were promised."""
    if not f"{me.district_id:06d}".startswith(me.area):
        raise Refused("A day is planned for the whole district.", area=me.area)


@router.post("/board/{day}/replan", status_code=201)
def replan(day: date, said: ReplanIn, me: Planner, now: Now) -> ChangeOut:
    """Propose what becomes of the day after these events; nothing moves yet."""
    whole(me)
    if any(event.cause is WhatHappened.ALARM for event in said.events):
        raise Refused("Somebody is sent to an alarm at the alarm desk.")
    with transaction(me.scope) as session:
        happened = [event.value() for event in said.events]
        asked = actions.ask(session, me.district_id, day, happened, now=now)
    try:
        thought = actions.think(asked, seed=said.seed, iterations=said.iterations)
    except BadProblem as error:
        raise Contradiction("Two things on this day exclude each other.", fault=error.fault) from None
    with transaction(me.scope) as session:
        return change_of(session, actions.keep(session, asked, thought, by=me.by, now=now), me.role)


@router.get("/board/{day}/replans")
def proposals(day: date, me: Planner) -> ChangesOut:
    """What was proposed for a day and what became of it."""
    with transaction(me.scope) as session:
        return ChangesOut(
            items=[change_of(session, change, me.role) for change in queries.of_day(session, me.district_id, day)]
        )


@router.get("/replans/{change_id}")
def proposal(change_id: int, me: Planner) -> ChangeOut:
    """One proposal."""
    with transaction(me.scope) as session:
        return change_of(session, queries.get(session, change_id), me.role)


@router.post("/replans/{change_id}/accept")
def accept(change_id: int, me: Planner, now: Now) -> ChangeOut:
    """Let it happen. 409 when the day has changed since: propose again."""
    whole(me)
    with transaction(me.scope) as session:
        actions.of_the_board(session, change_id)
        change = actions.accept(session, change_id, by=me.by, now=now)
        return change_of(session, change, me.role)


@router.post("/replans/{change_id}/refuse")
def refuse(change_id: int, why: RefuseIn, me: Planner, now: Now) -> ChangeOut:
    """Leave the day as it is."""
    whole(me)
    with transaction(me.scope) as session:
        change = actions.refuse(session, change_id, by=me.by, now=now, reason=why.reason)
        return change_of(session, change, me.role)
