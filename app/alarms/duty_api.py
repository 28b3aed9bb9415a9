"""The doors of an operator's turn."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.access.api import Hotline
from app.access.queries import Caller
from app.alarms import duty, handover, queries
from app.db import transaction

shift = APIRouter(prefix="/api/shift", tags=["shift"])


class Colleague(BaseModel):
    """Somebody on duty."""

    id: int
    name: str


class ShiftOut(BaseModel):
    """The caller's turn, and who else is there."""

    on: bool
    since: datetime | None
    colleagues: list[Colleague]


@shift.get("")
def my_shift(me: Hotline) -> ShiftOut:
    """Whether the caller is on duty."""
    with transaction(me.scope) as session:
        return _shift(session, me, now=datetime.now(UTC))


@shift.post("/start")
def start_shift(me: Hotline) -> ShiftOut:
    """Begin to answer alarms."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        duty.start(session, me, now=now)
        return _shift(session, me, now=now)


class EndIn(BaseModel):
    """Why the caller leaves open cases without a handover."""

    reason: str | None = Field(None, min_length=1, max_length=500)


@shift.post("/end")
def end_shift(me: Hotline, why: EndIn | None = None) -> ShiftOut:
    """Stop. 409 with open cases that nobody has signed for; with a reason they ring again, and that is on record."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        handover.leave(session, why.reason if why else None, me=me, now=now)
        return _shift(session, me, now=now)


def _shift(session: Session, me: Caller, *, now: datetime) -> ShiftOut:
    turn = duty.current(session, me.id)
    present = queries.operators(session, me.district_id, now=now)
    return ShiftOut(
        on=turn is not None, since=turn and turn.started_at,
        colleagues=[Colleague(id=number, name=name) for number, name in present],
    )  # fmt: skip
