"""Rounds over HTTP: who rides, draft, look at, move a door by hand, publish, print."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from app import calendar
from app.access import actions as access
from app.access.api import Now, Planner, allowed
from app.access.queries import Caller
from app.access.rules import DESK, PROVIDER
from app.db import transaction
from app.errors import Refused, Unavailable
from app.jobs import actions as jobs
from app.jobs import queries as job_queries
from app.jobs import queue
from app.meal_rounds import actions, by_hand, printing, queries
from app.meal_rounds.riding_shapes import LastDayIn, RidingIn, Ridings
from app.meal_rounds.rules import KEEPERS
from app.meal_rounds.shapes import (
    MoveCheck,
    RoundsDraftIn,
    RoundsHead,
    RoundsOut,
    RoundsPage,
    SeenIn,
    StopAcceptIn,
    StopMoveIn,
)
from app.meal_rounds.tables import MealStop
from app.meals import queries as meals
from app.meals.rules import ALLOWED, PortionEvent
from app.paper import NoFont
from app.planning.board import JobOut

router = APIRouter(prefix="/api/meals", tags=["meal rounds"])
Viewer = Annotated[Caller, allowed(DESK | PROVIDER)]
Keeper = Annotated[Caller, allowed(KEEPERS)]
Server = Annotated[Caller, allowed(ALLOWED[PortionEvent.HAND_OVER])]


def _whole(me: Caller) -> None:
    """A kitchen serves the whole district: somebody of one street cannot say who rides where."""
    if not f"{me.district_id:06d}".startswith(me.area):
        raise Refused("Rounds are made for the whole district.", area=me.area)


@router.get("/canteens/{canteen_id}/riders")
def riders(canteen_id: int, me: Viewer) -> Ridings:
    """Who rides for a canteen."""
    with transaction(me.scope) as session:
        canteen = meals.canteen(session, canteen_id)
        return Ridings.read(session, canteen, me.role, today=calendar.day_of(datetime.now(UTC)))


@router.post("/canteens/{canteen_id}/riders", status_code=201)
def add_rider(canteen_id: int, said: RidingIn, me: Keeper) -> Ridings:
    """She rides from a day on; no visits are planned for her at these hours."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        canteen = meals.canteen(session, canteen_id)
        actions.add_riding(
            session, canteen, said.caregiver_id, weekdays=said.weekdays, starts=said.starts, ends=said.ends,
            room=said.room, first=said.first, by=me.by, now=now,
        )  # fmt: skip
        return Ridings.read(session, canteen, me.role, today=calendar.day_of(now))


@router.post("/riders/{riding_id}/end")
def end_rider(riding_id: int, said: LastDayIn, me: Keeper) -> Ridings:
    """Her last day."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        riding = actions.end_riding(session, riding_id, said.last, by=me.by, now=now)
        canteen = meals.canteen(session, riding.canteen_id)
        return Ridings.read(session, canteen, me.role, today=calendar.day_of(now))


@router.get("/menus/{menu_id}/rounds")
def page(menu_id: int, me: Viewer, now: Now) -> RoundsPage:
    """A meal's rounds as they stand."""
    with transaction(me.scope) as session:
        return RoundsPage.read(session, meals.menu(session, menu_id), me.role, now=now)


@router.post("/menus/{menu_id}/rounds", status_code=202)
def draft(menu_id: int, wish: RoundsDraftIn, me: Planner, now: Now) -> JobOut:
    """Have rounds drafted; watch the job."""
    _whole(me)
    with transaction(me.scope) as session:
        job = actions.ask_draft(
            session, meals.menu(session, menu_id), seconds=wish.seconds, seed=wish.seed, by=me.by, now=now
        )
        answer = JobOut.of(job)
    queue.send(job.kind, job.id)
    return answer


@router.get("/rounds/{rounds_id}")
def rounds(rounds_id: int, me: Viewer) -> RoundsOut:
    """One version."""
    with transaction(me.scope) as session:
        return RoundsOut.read(session, queries.get(session, rounds_id), me.role)


@router.post("/rounds/{rounds_id}/stop")
def stop(rounds_id: int, me: Planner) -> JobOut:
    """Stop thinking; the best rounds found so far are kept, if there are any."""
    _whole(me)
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        job = job_queries.latest(session, actions.JOB, queries.get(session, rounds_id).id)
        stopped = jobs.stop(session, job.id, district_id=me.district_id, by=me.by, now=now)
        if stopped.ended_at is not None:
            actions.give_up(session, rounds_id, by=me.by, now=now, reason="stopped")
        return JobOut.of(stopped)


@router.post("/rounds/{rounds_id}/publish")
def publish(rounds_id: int, seen: SeenIn, me: Planner, now: Now) -> RoundsHead:
    """The riders have their trips on their phones."""
    _whole(me)
    with transaction(me.scope) as session:
        made = actions.publish(session, rounds_id, seen=seen.version, by=me.by, now=now)
        session.flush()
        return RoundsHead.of(made, me.role)


@router.post("/rounds/{rounds_id}/discard")
def discard(rounds_id: int, me: Planner) -> RoundsHead:
    """Give up the draft."""
    _whole(me)
    with transaction(me.scope) as session:
        gone = actions.discard(session, rounds_id, by=me.by, now=datetime.now(UTC))
        session.flush()
        return RoundsHead.of(gone, me.role)


@router.post("/stops/{stop_id}/move/check")
def check_move(stop_id: int, wish: StopMoveIn, me: Planner, now: Now) -> MoveCheck:
    """Name what a move would break, without doing it."""
    with transaction(me.scope) as session:
        stop = queries.stop(session, stop_id)
        _whole(me)
        trial = by_hand.try_move(session, stop, wish.wish(), now=now)
        return MoveCheck.of(trial, _elders(session, stop))


@router.post("/stops/{stop_id}/move")
def move(stop_id: int, wish: StopAcceptIn, me: Planner, now: Now) -> RoundsOut:
    """Put a door where the dispatcher wants it."""
    with transaction(me.scope) as session:
        queries.stop(session, stop_id)
        _whole(me)
        changed = by_hand.move_stop(
            session, stop_id, wish.wish(), accept=wish.accept, seen=wish.version, by=me.by, now=now
        )  # fmt: skip
        return RoundsOut.read(session, changed, me.role)


@router.get("/menus/{menu_id}/deliveries.pdf", response_class=Response)
def delivery_list(menu_id: int, me: Server) -> Response:
    """Every door with its address, trip by trip; that it was printed is on record for each elder."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        try:
            content, elder_ids = printing.delivery_list(session, meals.menu(session, menu_id), now=now)
        except NoFont as missing:
            raise Unavailable(str(missing)) from None
        for elder_id in elder_ids:
            access.note_look(session, me, elder_id=elder_id, field="address", reason="delivery list", now=now)
    headers = {"Content-Disposition": f'inline; filename="deliveries-{menu_id}.pdf"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


def _elders(session: Session, stop: MealStop) -> dict[str, str]:
    """Names by what a wave calls their doors."""
    rows = meals.portions(session, ids=[one.portion_ids[0] for one in queries.stops(session, stop.rounds_id)])
    return {str(row.portion.id): row.elder.name for row in rows}
