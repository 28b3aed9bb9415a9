"""The board over HTTP: draft, publish, move by hand, withdraw, cancel."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Response
from pydantic import AwareDatetime, BaseModel, Field

from app.access.api import Desk, Planner, allowed
from app.access.queries import Caller
from app.access.rules import DESK, PROVIDER
from app.db import transaction
from app.errors import Refused
from app.jobs import actions as jobs
from app.jobs import queries as job_queries
from app.jobs import queue
from app.orders.shapes import OrderOut, VisitOut
from app.planning import actions, attending, by_hand
from app.planning import board as boards
from app.planning.board import Board, FaultOut, JobOut, PlanOut
from app.planning.choices import CandidateOut, candidates
from app.planning.rules import PlanChanged

router = APIRouter(prefix="/api", tags=["planning"])
Viewer = Annotated[Caller, allowed(DESK | PROVIDER)]


class DraftIn(BaseModel):
    """How long to think; the same seed on the same day gives the same plan."""

    seconds: int = Field(10, ge=1, le=600)
    seed: int | None = Field(None, ge=0, lt=2**31)


class MoveIn(BaseModel):
    """Who comes when; the lead first."""

    caregiver_ids: list[int] = Field(min_length=1, max_length=2)
    starts_at: AwareDatetime


class AcceptIn(MoveIn):
    """A move with the rules that may be broken by it, by name."""

    accept: list[str] = []


class CheckOut(BaseModel):
    """What a move would break; empty when nothing."""

    faults: list[FaultOut]


class Because(BaseModel):
    """Why."""

    reason: str = Field(min_length=2, max_length=200)


class CancelIn(Because):
    """And the fee that was told, where one was; it is not asked for above that."""

    told_cents: int | None = Field(None, ge=0, le=2**31 - 1)


class Candidates(BaseModel):
    """The best ways to serve a visit, cheapest first."""

    items: list[CandidateOut]


def _whole(me: Caller) -> None:
    """A plan is of the whole district: somebody of one street cannot draft or publish it."""
    if not f"{me.district_id:06d}".startswith(me.area):
        raise Refused("A day is planned for the whole district.", area=me.area)


def _seen(etag: str | None) -> tuple[int, int]:
    """The draft and revision an `If-Match` names."""
    try:
        plan, revision, *_ = (etag or "").strip().removeprefix("W/").strip('"').split(".")
        return int(plan), int(revision)
    except ValueError:
        raise PlanChanged("Send the ETag of the board you looked at as If-Match.") from None


@router.get("/board/{day}", responses={304: {"description": "nothing has changed"}})
def board(day: date, me: Viewer, response: Response, if_none_match: Annotated[str | None, Header()] = None) -> Board:
    """The whole day; its ETag goes into `If-Match` when the draft is published."""
    with transaction(me.scope) as session:
        shown = boards.board(session, me.district_id, day, me.role)
    response.headers["ETag"] = shown.etag
    response.headers["Cache-Control"] = "private, no-cache"
    if if_none_match == shown.etag:
        return Response(status_code=304, headers={"ETag": shown.etag})  # type: ignore[return-value]
    return shown


@router.post("/board/{day}/draft", status_code=202)
def draft(day: date, wish: DraftIn, me: Planner) -> JobOut:
    """Have the day drafted; watch the job."""
    _whole(me)
    with transaction(me.scope) as session:
        job = actions.ask_draft(
            session, me.district_id, day, seconds=wish.seconds, seed=wish.seed, by=me.by, now=datetime.now(UTC)
        )
        answer = JobOut.of(job)
    queue.send(job.kind, job.id)
    return answer


@router.post("/board/{day}/publish")
def publish(day: date, me: Planner, if_match: Annotated[str | None, Header()] = None) -> PlanOut:
    """Publish the draft that was looked at."""
    _whole(me)
    with transaction(me.scope) as session:
        plan = actions.publish(session, me.district_id, day, seen=_seen(if_match), by=me.by, now=datetime.now(UTC))
    return PlanOut.of(plan, me.role)


@router.post("/board/{day}/discard")
def discard(day: date, me: Planner) -> PlanOut:
    """Give up the draft."""
    _whole(me)
    with transaction(me.scope) as session:
        plan = actions.discard(session, me.district_id, day, by=me.by, now=datetime.now(UTC))
    return PlanOut.of(plan, me.role)


@router.get("/jobs/{job_id}")
def job(job_id: int, me: Planner) -> JobOut:
    """How far it is."""
    with transaction(me.scope) as session:
        return JobOut.of(job_queries.get(session, job_id, me.district_id))


@router.post("/jobs/{job_id}/stop")
def stop(job_id: int, me: Planner) -> JobOut:
    """Stop thinking; the best plan found so far is kept, if there is one."""
    _whole(me)
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        stopped = jobs.stop(session, job_id, district_id=me.district_id, by=me.by, now=now)
        if stopped.ended_at is not None and stopped.kind == actions.DRAFT:
            actions.give_up(session, stopped.subject_id, by=me.by, now=now, reason="stopped")
        return JobOut.of(stopped)


@router.post("/visits/{visit_id}/move/check")
def check_move(visit_id: int, wish: MoveIn, me: Planner) -> CheckOut:
    """Name what a move would break, without doing it."""
    with transaction(me.scope) as session:
        trial = by_hand.try_move(
            session, visit_id, caregiver_ids=wish.caregiver_ids, starts_at=wish.starts_at.astimezone(UTC)
        )
    return CheckOut(faults=[FaultOut.of(fault) for fault in trial.faults])


@router.post("/visits/{visit_id}/move")
def move(visit_id: int, wish: AcceptIn, me: Planner) -> VisitOut:
    """Put a visit where the dispatcher wants it."""
    with transaction(me.scope) as session:
        visit = by_hand.move_by_hand(
            session, visit_id, caregiver_ids=wish.caregiver_ids, starts_at=wish.starts_at.astimezone(UTC),
            accept=wish.accept, by=me.by, now=datetime.now(UTC),
        )  # fmt: skip
        return VisitOut.of(visit, me.role)


@router.post("/visits/{visit_id}/withdraw")
def withdraw(visit_id: int, why: Because, me: Planner) -> VisitOut:
    """Take a visit out of the plan; it waits again."""
    with transaction(me.scope) as session:
        visit = attending.withdraw(session, visit_id, by=me.by, now=datetime.now(UTC), reason=why.reason)
        return VisitOut.of(visit, me.role)


@router.post("/visits/{visit_id}/cancel")
def cancel(visit_id: int, why: CancelIn, me: Desk) -> VisitOut:
    """The visit will not take place; its money is free again. 409 FeeChanged when it costs more than was told."""
    with transaction(me.scope) as session:
        now = datetime.now(UTC)
        visit = actions.cancel(session, visit_id, by=me.by, now=now, reason=why.reason, told_cents=why.told_cents)
        return VisitOut.of(visit, me.role)


@router.post("/orders/{order_id}/cancel")
def cancel_order(order_id: int, why: CancelIn, me: Desk) -> OrderOut:
    """The whole order is off: whoever was to come is free, and so is its money. 409 FeeChanged above what was told."""
    with transaction(me.scope) as session:
        now = datetime.now(UTC)
        order = actions.cancel_order(session, order_id, by=me.by, now=now, reason=why.reason, told_cents=why.told_cents)
        return OrderOut.read(session, order, me)


@router.get("/visits/{visit_id}/candidates")
def choices(visit_id: int, me: Planner) -> Candidates:
    """Who could serve a visit when, what it adds to the plan's cost and whom it delays."""
    with transaction(me.scope) as session:
        return Candidates(items=candidates(session, visit_id, now=datetime.now(UTC)))
