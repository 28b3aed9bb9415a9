"""Visits over HTTP: the queue of held ones, one visit whole, and what a person may do about its record."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.access.api import Desk, Planner, allowed
from app.access.queries import Caller
from app.access.rules import DESK, PROVIDER, Role
from app.db import transaction
from app.orders import queries as order_queries
from app.orders.rules import VisitState
from app.visits import queries, review
from app.visits.rules import NotDelivered
from app.visits.shapes import TimeIn, VisitRowOut, VisitRowsOut, VisitWhole

router = APIRouter(prefix="/api/visits", tags=["visits"])
Looker = Annotated[Caller, allowed(DESK | PROVIDER | {Role.SUPERVISOR})]


class Because(BaseModel):
    """Why."""

    reason: str = Field(min_length=2, max_length=200)


class NotDeliveredIn(BaseModel):
    """Why there was no service; `other` needs a note."""

    reason: NotDelivered
    note: str | None = Field(None, max_length=200)


class CorrectIn(TimeIn):
    """One time laid over what was reported, and whose."""

    attendance_id: int


@router.get("")
def visits(
    me: Looker,
    state: VisitState = VisitState.HELD,
    cursor: Annotated[int | None, Query(description="`next` of the page before")] = None,
) -> VisitRowsOut:
    """Visits in a state, longest waiting first."""
    with transaction(me.scope) as session:
        rows = queries.visits(session, state=state, after_id=cursor)
    more = str(rows[-1].id) if len(rows) == queries.PAGE else None
    return VisitRowsOut(items=[VisitRowOut.of(row, me.role) for row in rows], next=more)


@router.get("/{visit_id}")
def visit(visit_id: int, me: Looker) -> VisitWhole:
    """One visit: what was reported beside what was corrected, tasks, people, flaws, history."""
    with transaction(me.scope) as session:
        return VisitWhole.read(session, order_queries.visit(session, visit_id), me)


@router.post("/{visit_id}/verify")
def verify(visit_id: int, why: Because, me: Planner) -> VisitWhole:
    """A held visit counts after all."""
    with transaction(me.scope) as session:
        found = review.verify(session, visit_id, by=me.by, now=datetime.now(UTC), reason=why.reason)
        return VisitWhole.read(session, found, me)


@router.post("/{visit_id}/verify-part")
def verify_part(visit_id: int, why: Because, me: Planner) -> VisitWhole:
    """A held visit counts for what was given; the rest is released."""
    with transaction(me.scope) as session:
        found = review.verify_part(session, visit_id, by=me.by, now=datetime.now(UTC), reason=why.reason)
        return VisitWhole.read(session, found, me)


@router.post("/{visit_id}/reject")
def reject(visit_id: int, why: Because, me: Planner) -> VisitWhole:
    """A held or verified visit does not count."""
    with transaction(me.scope) as session:
        found = review.reject(session, visit_id, by=me.by, now=datetime.now(UTC), reason=why.reason)
        return VisitWhole.read(session, found, me)


@router.post("/{visit_id}/fail")
def fail(visit_id: int, why: NotDeliveredIn, me: Desk) -> VisitWhole:
    """Write a visit off: no one home, refused, missed."""
    with transaction(me.scope) as session:
        found = review.not_delivered(
            session, visit_id, reason=why.reason, note=why.note, by=me.by, now=datetime.now(UTC)
        )
        return VisitWhole.read(session, found, me)


@router.post("/{visit_id}/correct")
def correct(visit_id: int, wish: CorrectIn, me: Planner) -> VisitWhole:
    """Lay a time over what was reported."""
    with transaction(me.scope) as session:
        review.correct(
            session, visit_id, wish.attendance_id, field=wish.field, value=wish.value.astimezone(UTC),
            cause=wish.cause, resolution=wish.resolution, memo=wish.memo, by=me.by, now=datetime.now(UTC),
        )  # fmt: skip
        return VisitWhole.read(session, order_queries.visit(session, visit_id), me)
