"""A caregiver's side of verification: every exception about her, with its evidence, and her appeal against it."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.access.api import Field as FieldWorker
from app.access.api import Now
from app.db import transaction
from app.idempotency import once
from app.orders.rules import VisitState
from app.phone.api import caregiver_of
from app.vault import mask_name
from app.visits import appeals, partial, queries
from app.visits.appeal_rules import AppealEvent, AppealState, possible
from app.visits.rules import HOLDING, EventKind, Flaw

router = APIRouter(prefix="/api/phone", tags=["phone"])
BACK: Final = timedelta(days=62)


class ProofOut(BaseModel):
    """What her phone reported at the door: when, and how far from the home."""

    kind: EventKind
    at: datetime
    distance_m: float | None


class FoundOut(BaseModel):
    """One exception, with the figures of a sentence."""

    model_config = ConfigDict(from_attributes=True)

    flaw: Flaw
    facts: dict[str, Any]
    raised_at: datetime
    resolved_at: datetime | None


class MyAppeal(BaseModel):
    """Her appeal."""

    id: int
    state: AppealState
    words: str
    answer: str | None
    raised_at: datetime
    decided_at: datetime | None
    possible: list[AppealEvent]


class ExceptionOut(BaseModel):
    """A visit of hers that is doubted. `appeal_until`: she may appeal until then; none: there is nothing to appeal."""

    attendance_id: int
    visit_id: int
    elder: str
    item_zh: str
    item_en: str
    starts_at: datetime
    planned_minutes: int
    state: VisitState
    reason: str | None
    part_percent: int | None
    started_at: datetime | None
    finished_at: datetime | None
    found: list[FoundOut]
    proofs: list[ProofOut]
    appeal: MyAppeal | None
    appeal_until: datetime | None


class ExceptionsOut(BaseModel):
    """The last two months, newest first."""

    items: list[ExceptionOut]


class AppealIn(BaseModel):
    """Her words."""

    words: str = Field(min_length=4, max_length=500)


@router.get("/exceptions")
def exceptions(me: FieldWorker, now: Now, response: Response) -> ExceptionsOut:
    """Every visit of hers that was held, rejected or counts in part."""
    response.headers["Cache-Control"] = "no-store"
    with transaction(me.scope) as session:
        return _all(session, caregiver_of(me), now=now)


@router.post("/exceptions/{attendance_id}/appeal")
def appeal(
    attendance_id: int, said: AppealIn, me: FieldWorker, now: Now,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> ExceptionsOut:  # fmt: skip
    """She says that it counts, in her words; while it is open nobody takes the pay away."""
    caregiver_id = caregiver_of(me)
    with transaction(me.scope) as session:
        once(
            session, caller=f"user {me.id}", key=idempotency_key, now=now, request=[attendance_id, said.words],
            do=lambda: appeals.raise_one(
                session, attendance_id, caregiver_id, words=said.words, by=me.by, now=now
            ).id,
        )  # fmt: skip
        session.flush()
        return _all(session, caregiver_id, now=now)


@router.post("/appeals/{appeal_id}/withdraw")
def withdraw(appeal_id: int, me: FieldWorker, now: Now) -> ExceptionsOut:
    """She lets it rest."""
    caregiver_id = caregiver_of(me)
    with transaction(me.scope) as session:
        appeals.withdraw(session, appeal_id, caregiver_id, by=me.by, now=now)
        session.flush()
        return _all(session, caregiver_id, now=now)


def _all(session: Session, caregiver_id: int, *, now: datetime) -> ExceptionsOut:
    rows = appeals.about(session, caregiver_id, since=now - BACK)
    mine = appeals.of_attendances(session, [row.Attendance.id for row in rows])
    return ExceptionsOut(items=[_one(session, row, mine.get(row.Attendance.id), now=now) for row in rows])


def _one(session: Session, row: Any, mine: Any, *, now: datetime) -> ExceptionOut:
    attendance, visit, elder, zh, en = row
    laid_over = queries.corrections(session, visit.district_id, visit.id)
    times = queries.effective(attendance, laid_over)
    verdict = appeals.verdict_on(session, visit)
    part = partial.last_of(session, visit.id)
    again = mine is None or mine.state is AppealState.WITHDRAWN
    return ExceptionOut(
        attendance_id=attendance.id, visit_id=visit.id, elder=mask_name(elder), item_zh=zh, item_en=en,
        starts_at=attendance.starts_at, planned_minutes=visit.minutes, state=visit.state, reason=visit.reason,
        part_percent=100 * part.given // part.whole if part else None, started_at=times["started_at"],
        finished_at=times["finished_at"],
        found=[
            FoundOut.model_validate(flaw)
            for flaw in queries.all_flaws(session, visit.id)
            if flaw.flaw in HOLDING and flaw.attendance_id in (None, attendance.id)
        ],
        proofs=[
            ProofOut(kind=event.kind, at=event.happened_at, distance_m=event.distance_m)
            for event in queries.events(session, visit.district_id, visit.id)
            if event.attendance_id == attendance.id and event.kind in (EventKind.START, EventKind.FINISH)
        ],
        appeal=MyAppeal(
            id=mine.id, state=mine.state, words=mine.words, answer=mine.answer, raised_at=mine.raised_at,
            decided_at=mine.decided_at, possible=possible(mine.state, decides=False),
        ) if mine else None,
        appeal_until=verdict.until if verdict and again and now <= verdict.until else None,
    )  # fmt: skip
