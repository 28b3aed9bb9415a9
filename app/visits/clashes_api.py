"""The desk's list of what phones did and the plan no longer held."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.access.api import Now, Planner, allowed
from app.access.queries import Caller
from app.access.rules import DESK, PROVIDER, Role
from app.db import transaction
from app.orders.rules import VisitState
from app.vault import mask_name
from app.visits import clashes
from app.visits.clashes import Clash, ClashKind, ClashOutcome
from app.visits.rules import EventKind

router = APIRouter(prefix="/api/plan-clashes", tags=["visits"])
Looker = Annotated[Caller, allowed(DESK | PROVIDER | {Role.SUPERVISOR})]


class DidOut(BaseModel):
    """One thing she recorded: when by the server's clock, how far from the home."""

    kind: EventKind
    at: datetime
    distance_m: float | None


class ClashOut(BaseModel):
    """What she did, what the plan says now, and what may be decided."""

    id: int
    visit_id: int
    visit_state: VisitState
    elder_id: int
    elder: str
    item_zh: str
    item_en: str
    caregiver: str
    kind: ClashKind
    now_with: list[str]
    planned_at: datetime
    moved_to: datetime | None
    raised_at: datetime
    did: list[DidOut]
    possible: list[ClashOutcome]

    @classmethod
    def of(cls, one: Clash, me: Caller) -> Self:
        """As this role may see it: only the dispatchers decide, and a provider reads no whole name."""
        return cls(
            id=one.flaw.id, visit_id=one.visit.id, visit_state=one.visit.state, elder_id=one.visit.elder_id,
            elder=one.elder if me.role in DESK else mask_name(one.elder), item_zh=one.item_zh, item_en=one.item_en,
            caregiver=one.caregiver, kind=one.kind, now_with=one.now_with, planned_at=one.attendance.starts_at,
            moved_to=one.visit.starts_at if one.kind in (ClashKind.MOVED, ClashKind.OTHER) else None,
            raised_at=one.flaw.raised_at,
            did=[DidOut(kind=e.kind, at=e.happened_at, distance_m=e.distance_m) for e in one.events],
            possible=one.possible if me.role in (Role.DISPATCHER, Role.SHIFT_LEAD) else [],
        )  # fmt: skip


class ClashesOut(BaseModel):
    """A page, the oldest first."""

    items: list[ClashOut]
    next: str | None


class SettleIn(BaseModel):
    """What it comes to, and why."""

    outcome: ClashOutcome
    words: str = Field(min_length=2, max_length=300)


@router.get("")
def all_open(
    me: Looker, cursor: Annotated[int | None, Query(description="`next` of the page before")] = None
) -> ClashesOut:
    """Those that wait for somebody."""
    with transaction(me.scope) as session:
        rows = clashes.open_ones(session, after_id=cursor)
        items = [ClashOut.of(row, me) for row in rows]
    return ClashesOut(items=items, next=str(items[-1].id) if len(items) == clashes.PAGE else None)


@router.post("/{clash_id}/settle", status_code=204)
def settle(clash_id: int, said: SettleIn, me: Planner, now: Now) -> None:
    """Decide one."""
    with transaction(me.scope) as session:
        clashes.settle(session, clash_id, said.outcome, words=said.words, by=me.by, now=now)
