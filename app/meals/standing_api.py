"""Standing orders of meals over HTTP: agree, change, skip a day, end; days that have no meal."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Header
from sqlalchemy.orm import Session

from app import calendar
from app.access.api import allowed
from app.access.queries import Caller
from app.access.rules import PROVIDER, READERS
from app.db import transaction
from app.idempotency import once
from app.meals import standing, standing_queries
from app.meals.rules import TAKERS
from app.meals.standing_shapes import (
    DrawOut,
    Draws,
    EndIn,
    NewStandingIn,
    SettleDrawIn,
    SkipIn,
    StandingIn,
    StandingMeals,
    StandingOut,
)

router = APIRouter(prefix="/api/standing-meals", tags=["standing meals"])
Looker = Annotated[Caller, allowed(READERS | PROVIDER)]
Taker = Annotated[Caller, allowed(TAKERS)]
AHEAD, BACK = timedelta(days=13), timedelta(days=1)


@router.get("")
def standing_meals(me: Looker, elder_id: int | None = None) -> StandingMeals:
    """Standing orders that hold, of all or of one elder."""
    with transaction(me.scope) as session:
        rows = standing_queries.standing(session, elder_id=elder_id)
        return StandingMeals(items=[StandingOut.of(row, me) for row in rows], total=standing_queries.how_many(session))


@router.get("/without")
def without(me: Looker) -> Draws:
    """Days from yesterday on that have no meal."""
    with transaction(me.scope) as session:
        rows = standing_queries.without_meal(session, calendar.day_of(datetime.now(UTC)) - BACK)
        return Draws(items=[DrawOut.of(row, me) for row in rows])


@router.get("/{standing_id}")
def one(standing_id: int, me: Looker) -> StandingOut:
    """With its next two weeks, day by day."""
    with transaction(me.scope) as session:
        return _one(session, standing_id, me, now=datetime.now(UTC))


@router.post("", status_code=201)
def agree(wish: NewStandingIn, me: Taker, idempotency_key: Annotated[str | None, Header()] = None) -> StandingOut:
    """From now on she has this meal on these days. 409 StandsAlready."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:

        def do() -> StandingOut:
            made = standing.agree(
                session, wish.elder_id, wish.canteen_id, wish.meal, wish.value(), by=me.by, now=now
            )  # fmt: skip
            return _one(session, made.id, me, now=now)

        answer = once(session, caller=f"user {me.id}", key=idempotency_key, request=wish, now=now, do=do)
    return StandingOut.model_validate(answer)


@router.put("/{standing_id}")
def change(standing_id: int, wish: StandingIn, me: Taker) -> StandingOut:
    """Other days, another way, another limit, for what is not ordered yet."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        standing.change(session, standing_id, wish.value(), by=me.by, now=now)
        return _one(session, standing_id, me, now=now)


@router.post("/{standing_id}/skip")
def skip(standing_id: int, said: SkipIn, me: Taker) -> StandingOut:
    """A day without her meal, or with it after all."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        standing.skip(session, standing_id, said.day, without=said.without, by=me.by, now=now)
        return _one(session, standing_id, me, now=now)


@router.post("/{standing_id}/end")
def end(standing_id: int, said: EndIn, me: Taker) -> StandingOut:
    """Her last day; what is ordered beyond it is cancelled."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        standing.end(session, standing_id, said.last, by=me.by, now=now, reason=said.reason)
        return _one(session, standing_id, me, now=now)


@router.post("/days/{draw_id}/settle")
def settle(draw_id: int, said: SettleDrawIn, me: Taker) -> DrawOut:
    """Somebody has spoken with her about a day without a meal."""
    with transaction(me.scope) as session:
        standing.settle(session, draw_id, said.note, by=me.by, now=datetime.now(UTC))
        session.flush()
        return DrawOut.of(standing_queries.one(session, draw_id), me)


def _one(session: Session, standing_id: int, me: Caller, *, now: datetime) -> StandingOut:
    session.flush()
    standing_queries.get(session, standing_id)
    (row,) = standing_queries.standing(session, ids=[standing_id])
    today = calendar.day_of(now)
    days = standing.days(session, row.standing, today, today + AHEAD)
    return StandingOut.of(row, me, days, list(standing_queries.draws(session, standing_id, today).values()))
