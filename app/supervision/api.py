"""Clues of a month over HTTP: the list with what each rests on, a fresh look, and what the bureau decides."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.api import Bureau, allowed
from app.access.queries import Caller
from app.access.rules import DESK, PROVIDER, Role
from app.db import transaction
from app.errors import Refused
from app.people.tables import Caregiver, Elder, Provider
from app.settlement import queries as settlement
from app.supervision import actions
from app.supervision.rules import ClueEvent, ClueKind, ClueState, possible
from app.supervision.tables import Clue
from app.vault import mask_name

router = APIRouter(prefix="/api/clues", tags=["clues"])
Looker = Annotated[Caller, allowed(DESK | PROVIDER | {Role.SUPERVISOR})]
PAGE = 500


class ClueOut(BaseModel):
    """One clue, whom it is about, and what it rests on."""

    id: int
    kind: ClueKind
    state: ClueState
    possible: list[ClueEvent]
    month: date
    provider_id: int
    provider: str
    elder_id: int | None
    elder_name: str | None
    caregiver: str | None
    facts: dict[str, Any]
    cents: int
    raised_at: datetime
    words: str | None
    decided_by: str | None
    decided_at: datetime | None


class CluesOut(BaseModel):
    """A month's clues, those that are open first; and the months that have any, newest first."""

    month: date
    months: list[date]
    items: list[ClueOut]


class WordsIn(BaseModel):
    """Why."""

    words: str = Field(min_length=2, max_length=500)


class LookIn(BaseModel):
    """Any day of the month to look at."""

    month: date = Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))


class LookedOut(BaseModel):
    """How many clues the month has."""

    clues: int


@router.get("")
def clues(
    me: Looker, month: Annotated[date | None, Query(description="any day of it; without it the last month")] = None
) -> CluesOut:
    """What a month shows when its records are looked at together."""
    asked = (month or calendar.last_month(calendar.month_of(datetime.now(UTC)))).replace(day=1)
    with transaction(me.scope) as session:
        known = session.scalars(select(Clue.month).distinct().order_by(Clue.month.desc())).all()
        rows = _rows(session, Clue.month == asked)
        return CluesOut(month=asked, months=list(known), items=[_out(row, me) for row in rows])


@router.post("/looks")
def look(said: LookIn, me: Bureau) -> LookedOut:
    """Look at a month that is over, again if need be: open clues follow the records, decided ones stay."""
    _check_whole(me)
    with transaction(me.scope) as session:
        found = actions.look(session, me.district_id, said.month.replace(day=1), now=datetime.now(UTC))
    return LookedOut(clues=found)


@router.post("/{clue_id}/uphold")
def uphold(clue_id: int, said: WordsIn, me: Bureau) -> ClueOut:
    """It is so; what is proposed is deducted in the next statement drawn up."""
    return _decide(clue_id, ClueEvent.UPHOLD, said, me)


@router.post("/{clue_id}/excuse")
def excuse(clue_id: int, said: WordsIn, me: Bureau) -> ClueOut:
    """There is a reason; nothing is deducted."""
    return _decide(clue_id, ClueEvent.EXCUSE, said, me)


def _decide(clue_id: int, event: ClueEvent, said: WordsIn, me: Caller) -> ClueOut:
    with transaction(me.scope) as session:
        actions.clue(session, clue_id)
        _check_whole(me)
        actions.decide(session, clue_id, event, words=said.words, by=me.by, now=datetime.now(UTC))
        (row,) = _rows(session, Clue.id == clue_id)
        return _out(row, me)


def _check_whole(me: Caller) -> None:
    if not settlement.whole(me):
        raise Refused("A month is looked at, and decided about, for the whole district.")


def _rows(session: Session, which: Any) -> Any:
    return session.execute(
        select(Clue, Provider.name, Elder.name, Caregiver.name)
        .join(Provider, Provider.id == Clue.provider_id)
        .outerjoin(Elder, Elder.id == Clue.elder_id)
        .outerjoin(Caregiver, Caregiver.id == Clue.caregiver_id)
        .where(which)
        .order_by(Clue.state != ClueState.OPEN, Clue.kind, Clue.cents.desc(), Clue.id)
        .limit(PAGE)
    ).all()


def _out(row: Any, me: Caller) -> ClueOut:
    clue, provider, elder, caregiver = row
    shown = elder if elder is None or me.role in DESK else mask_name(elder)
    return ClueOut(
        id=clue.id, kind=clue.kind, state=clue.state, provider_id=clue.provider_id, provider=provider,
        possible=possible(clue.kind, clue.state) if me.role is Role.SUPERVISOR else [], month=clue.month,
        elder_id=clue.elder_id, elder_name=shown, caregiver=caregiver, facts=clue.facts, cents=clue.cents,
        raised_at=clue.raised_at, words=clue.words, decided_by=clue.decided_by, decided_at=clue.decided_at,
    )  # fmt: skip
