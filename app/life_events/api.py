"""The door of 变动登记: tell, see first what it would stop, end a stay, take back a mistake."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from app.access.api import Desk, Lead, Planner, Reader
from app.access.rules import LEADS, PLANNERS, Role
from app.db import transaction
from app.life_events import actions
from app.life_events.actions import Lifted
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people import life_queries as life
from app.people import queries as people
from app.people.life_rules import ENDING, LifeKind, LifeSource
from app.people.life_tables import LifeEvent

of_elder = APIRouter(prefix="/api/elders/{elder_id}/life-events", tags=["life_events"])
router = APIRouter(prefix="/api/life-events", tags=["life_events"])
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class LifeEventIn(BaseModel):
    """What happened, from when to when, and who told."""

    kind: LifeKind
    starts: date
    ends: date | None = None
    source: LifeSource
    note: str | None = Field(None, max_length=500)


class LifeEventOut(BaseModel):
    """One event; `possible` are the buttons for this caller."""

    id: int
    kind: LifeKind
    starts: date
    ends: date | None
    source: LifeSource
    note: str | None
    told_by: str
    told_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    undone_reason: str | None
    possible: list[str]

    @classmethod
    def of(cls, row: LifeEvent, role: Role) -> Self:
        """As this role may see it: whoever works with figures does not read the note."""
        possible = [] if row.undone_at else ["undo"] if role in LEADS else []
        if not row.undone_at and row.kind not in ENDING and role not in (Role.SUPERVISOR,):
            possible.append("end")
        if not row.undone_at and role in PLANNERS:
            possible.append("refund")
        return cls(
            id=row.id, kind=row.kind, starts=row.starts, ends=row.ends, source=row.source,
            note=None if role is Role.SUPERVISOR else row.note, told_by=row.told_by, told_at=row.told_at,
            undone_by=row.undone_by, undone_at=row.undone_at, undone_reason=row.undone_reason, possible=possible,
        )  # fmt: skip


class StoppedVisit(BaseModel):
    """A visit it touches."""

    visit_id: int
    item_code: str
    opens: datetime
    state: VisitState
    allowance_cents: int
    self_pay_cents: int


class LiftedOut(BaseModel):
    """What was (or would be) stopped."""

    event: LifeEventOut
    cancelled: list[StoppedVisit]
    left: list[StoppedVisit]
    doubtful: list[StoppedVisit]
    released_cents: int
    budget_cents: int

    @classmethod
    def of(cls, lifted: Lifted, role: Role) -> Self:
        """As a screen shows it."""
        return cls(
            event=LifeEventOut.of(lifted.event, role), cancelled=_stopped(lifted.cancelled), left=_stopped(lifted.left),
            doubtful=_stopped(lifted.doubtful), released_cents=lifted.released_cents,
            budget_cents=lifted.budget_cents,
        )  # fmt: skip


class LifeEvents(BaseModel):
    """All that was told of an elder, the newest first."""

    items: list[LifeEventOut]


class StayEndIn(BaseModel):
    """The last day of the stay."""

    ends: date


class MistakeIn(BaseModel):
    """Why it was a mistake."""

    reason: Reason


def _stopped(visits: Sequence[Visit]) -> list[StoppedVisit]:
    return [
        StoppedVisit(
            visit_id=v.id, item_code=v.item_code, opens=v.opens, state=v.state, allowance_cents=v.allowance_cents,
            self_pay_cents=v.self_pay_cents,
        )
        for v in visits
    ]  # fmt: skip


@of_elder.get("")
def events(elder_id: int, me: Reader) -> LifeEvents:
    """What was told, taken back or not."""
    with transaction(me.scope) as session:
        people.get(session, elder_id)
        return LifeEvents(items=[LifeEventOut.of(row, me.role) for row in life.of_elder(session, elder_id)])


@of_elder.post("")
def tell(elder_id: int, wish: LifeEventIn, me: Desk) -> LiftedOut:
    """Write it down: from that day nobody comes and nobody pays."""
    with transaction(me.scope) as session:
        lifted = actions.tell(session, elder_id, **wish.model_dump(), by=me.by, now=datetime.now(UTC))
        return LiftedOut.of(lifted, me.role)


@of_elder.post("/preview")
def preview(elder_id: int, wish: LifeEventIn, me: Desk) -> LiftedOut:
    """What it would stop; nothing is changed."""
    with transaction(me.scope) as session:
        trial = session.begin_nested()
        lifted = actions.tell(session, elder_id, **wish.model_dump(), by=me.by, now=datetime.now(UTC))
        answer = LiftedOut.of(lifted, me.role)
        trial.rollback()
        session.info.pop("notices", None)
    return answer


@router.post("/{life_event_id}/end")
def end(life_event_id: int, wish: StayEndIn, me: Desk) -> LiftedOut:
    """She is home again, or will be on that day."""
    with transaction(me.scope) as session:
        return LiftedOut.of(
            actions.end(session, life_event_id, ends=wish.ends, by=me.by, now=datetime.now(UTC)), me.role
        )


@router.post("/{life_event_id}/undo")
def undo(life_event_id: int, why: MistakeIn, me: Lead) -> LiftedOut:
    """It was a mistake."""
    with transaction(me.scope) as session:
        lifted = actions.undo(session, life_event_id, by=me.by, now=datetime.now(UTC), reason=why.reason)
        return LiftedOut.of(lifted, me.role)


@router.post("/{life_event_id}/refund")
def refund(life_event_id: int, me: Planner) -> LiftedOut:
    """Visits that counted though she was not there: their money goes back."""
    with transaction(me.scope) as session:
        return LiftedOut.of(actions.refund(session, life_event_id, by=me.by, now=datetime.now(UTC)), me.role)
