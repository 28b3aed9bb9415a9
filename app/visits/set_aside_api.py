"""The desk's list of records that could not be applied, and what was done about each."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.access.api import Now, Planner, allowed
from app.access.queries import Caller
from app.access.rules import DESK, Role
from app.db import transaction
from app.visits import set_aside
from app.visits.rules import EventKind
from app.visits.set_aside import SetAside

router = APIRouter(prefix="/api/records-set-aside", tags=["visits"])
Looker = Annotated[Caller, allowed(DESK | {Role.SUPERVISOR})]


class SetAsideOut(BaseModel):
    """What a phone told. `visit_id` is null where the visit is none of hers."""

    id: int
    caregiver_id: int
    caregiver: str
    visit_id: int | None
    kind: EventKind
    problem: str
    happened_at: datetime
    received_at: datetime
    distance_m: float | None

    @classmethod
    def of(cls, one: SetAside) -> Self:
        event = one.event
        return cls(
            id=event.id, caregiver_id=event.caregiver_id, caregiver=one.caregiver,
            visit_id=event.visit_id or None, kind=event.kind, problem=one.problem, happened_at=event.happened_at,
            received_at=event.received_at, distance_m=event.distance_m,
        )  # fmt: skip


class SetAsideListOut(BaseModel):
    """A page, the oldest first."""

    items: list[SetAsideOut]
    next: str | None


class SetAsideAnswerIn(BaseModel):
    """What was done about it."""

    words: str = Field(min_length=2, max_length=300)


@router.get("")
def all_waiting(
    me: Looker, now: Now, cursor: Annotated[int | None, Query(description="`next` of the page before")] = None
) -> SetAsideListOut:
    """Those that nobody has answered."""
    with transaction(me.scope) as session:
        rows = set_aside.waiting(session, now=now, after_id=cursor)
        items = [SetAsideOut.of(row) for row in rows]
    return SetAsideListOut(items=items, next=str(items[-1].id) if len(rows) == set_aside.PAGE else None)


@router.post("/{record_id}/answer", status_code=204)
def answer(record_id: int, said: SetAsideAnswerIn, me: Planner, now: Now) -> None:
    """Say what was done; the record stays as it came."""
    with transaction(me.scope) as session:
        set_aside.answer(session, record_id, said.words, by=me.by, now=now)
