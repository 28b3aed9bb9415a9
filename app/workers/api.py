"""The office's side: swaps a rule stands against, what an hour is paid, and the hours the law allows."""

from datetime import date, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.api import Lead, Now, Planner, allowed
from app.access.queries import Caller
from app.access.rules import PLANNERS, PROVIDER, Role
from app.catalogue.rules import AidCategory
from app.db import transaction
from app.errors import Refused, Unreadable
from app.workers import actions, queries
from app.workers.rules import SwapState
from app.workers.tables import LabourLimit, PayRate

router = APIRouter(prefix="/api/workers", tags=["workers"])
Provider = Annotated[Caller, allowed(PROVIDER)]
WhoPays = Annotated[Caller, allowed(PROVIDER | PLANNERS | {Role.SUPERVISOR})]
SHOWN: Final = timedelta(days=14)


class SwapRow(BaseModel):
    """A swap as the dispatcher sees it."""

    id: int
    visit_id: int
    state: SwapState
    giver: str
    taker: str
    elder: str
    item: str
    day: date
    starts_at: datetime
    minutes: int
    words: str
    against: list[str]
    asked_at: datetime
    answer_by: datetime
    decided_by: str | None


class SwapRows(BaseModel):
    """Open ones first."""

    items: list[SwapRow]


class ConfirmIn(BaseModel):
    """The rules the dispatcher accepts by name."""

    accept: list[str] = Field([], max_length=20)


class RateIn(BaseModel):
    """Cents an hour from a day on; without an aid, of any service."""

    aid: AidCategory | None = None
    starts: date
    cents_per_hour: int = Field(ge=100, le=100_000)


class RateOut(RateIn):
    """As it stands, and who set it."""

    id: int
    by: str


class LimitIn(BaseModel):
    """Hours the law allows from a day on, and where that is written."""

    starts: date
    day_minutes: int = Field(ge=60, le=1440)
    week_minutes: int = Field(ge=60, le=10_080)
    overtime_day_minutes: int = Field(ge=0, le=720)
    overtime_month_minutes: int = Field(ge=0, le=10_080)
    source: str = Field(min_length=2, max_length=200)


class LimitOut(LimitIn):
    """As it stands, and who set it."""

    id: int
    by: str


class TermsOut(BaseModel):
    """Every version, the newest first."""

    rates: list[RateOut]
    limits: list[LimitOut]


@router.get("/swaps")
def swaps(me: Planner, now: Now) -> SwapRows:
    """Swaps of the last two weeks, open ones first."""
    with transaction(me.scope) as session:
        return _swaps(session, now=now)


@router.post("/swaps/{swap_id}/confirm")
def confirm(swap_id: int, said: ConfirmIn, me: Planner, now: Now) -> SwapRows:
    """The visit is the colleague's, with the rules accepted that stand against it."""
    with transaction(me.scope) as session:
        actions.confirm(session, swap_id, accept=said.accept, by=me.by, now=now)
        return _swaps(session, now=now)


@router.post("/swaps/{swap_id}/refuse")
def refuse(swap_id: int, me: Planner, now: Now) -> SwapRows:
    """It stays as it was."""
    with transaction(me.scope) as session:
        actions.refuse(session, swap_id, by=me.by, now=now)
        return _swaps(session, now=now)


@router.get("/terms")
def terms(me: WhoPays) -> TermsOut:
    """What is paid and what the law allows."""
    with transaction(me.scope) as session:
        return _terms(session, me)


@router.post("/rates")
def set_rate(said: RateIn, me: Provider, now: Now) -> TermsOut:
    """A new rate of my provider; from today on at the earliest, for what was worked has its price."""
    _ahead(said.starts, now)
    if me.provider_id is None:
        raise Refused("This login belongs to no provider.")
    with transaction(me.scope) as session:
        actions.set_rate(
            session,
            PayRate(
                district_id=me.district_id, provider_id=me.provider_id, aid=said.aid and said.aid.value,
                starts=said.starts, cents_per_hour=said.cents_per_hour, by=me.by, at=now,
            ),
        )  # fmt: skip
        return _terms(session, me)


@router.post("/limits")
def set_limits(said: LimitIn, me: Lead, now: Now) -> TermsOut:
    """New limits of this district."""
    _ahead(said.starts, now)
    with transaction(me.scope) as session:
        actions.set_limits(session, LabourLimit(district_id=me.district_id, by=me.by, at=now, **said.model_dump()))
        return _terms(session, me)


def _ahead(starts: date, now: datetime) -> None:
    if starts < calendar.day_of(now):
        raise Unreadable("It begins today at the earliest.")


def _swaps(session: Session, *, now: datetime) -> SwapRows:
    session.flush()
    return SwapRows(
        items=[
            SwapRow(
                id=s.id, visit_id=s.visit_id, state=s.state, giver=giver, taker=taker, elder=elder, item=item,
                day=calendar.day_of(s.starts_at), starts_at=s.starts_at, minutes=minutes, words=s.words,
                against=s.against, asked_at=s.asked_at, answer_by=s.answer_by, decided_by=s.decided_by,
            )
            for s, giver, taker, elder, item, minutes in queries.swaps(session, since=now - SHOWN)
        ]
    )  # fmt: skip


def _terms(session: Session, me: Caller) -> TermsOut:
    session.flush()
    rates = session.scalars(
        select(PayRate).where(PayRate.district_id == me.district_id).order_by(PayRate.starts.desc(), PayRate.id.desc())
    )
    limits = session.scalars(
        select(LabourLimit)
        .where(LabourLimit.district_id == me.district_id)
        .order_by(LabourLimit.starts.desc(), LabourLimit.id.desc())
    )
    return TermsOut(
        rates=[
            RateOut(
                id=one.id, aid=AidCategory(one.aid) if one.aid else None, starts=one.starts,
                cents_per_hour=one.cents_per_hour, by=one.by,
            )
            for one in rates
        ],
        limits=[LimitOut(id=one.id, by=one.by, **{name: getattr(one, name) for name in LimitIn.model_fields})
                for one in limits],
    )  # fmt: skip
