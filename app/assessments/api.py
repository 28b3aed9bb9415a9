"""Assessments over HTTP: the form, the lists, who is due, and each step of an assessment's life."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query
from sqlalchemy.orm import Session

from app import calendar
from app.access import actions as access
from app.access.api import allowed
from app.access.queries import Caller
from app.access.rules import Role
from app.assessments import actions, queries, scale
from app.assessments.rules import ASKERS, ASSESSORS, FIRST_MONTHS, WATCHERS, AssessmentState
from app.assessments.sent import AskIn, FormIn, KeepIn, SignIn, StartIn, TermIn, WhyIn
from app.assessments.shapes import (
    AskedOut,
    AssessmentOut,
    Band,
    DueOut,
    DuesOut,
    ElderOut,
    FormOut,
    ItemOut,
    RowOut,
    RowsOut,
    Somebody,
    TermsOut,
)
from app.assessments.tables import Assessment
from app.db import transaction
from app.idempotency import once

router = APIRouter(prefix="/api/assessments", tags=["assessments"])
PAGE = 50
Assessor = Annotated[Caller, allowed(ASSESSORS)]
Asker = Annotated[Caller, allowed(ASKERS)]
Watcher = Annotated[Caller, allowed(WATCHERS)]
Bureau = Annotated[Caller, allowed(frozenset({Role.SUPERVISOR}))]
Key = Annotated[str | None, Header()]


def _answer(session: Session, found: Assessment, me: Caller, *, now: datetime) -> AssessmentOut:
    """The whole form; that its health facts were read is on record."""
    access.note_look(session, me, elder_id=found.elder_id, field="assessment", reason="assessment", now=now)
    return AssessmentOut.read(session, found, me, now=now)


@router.get("")
def assessments(
    me: Watcher,
    state: AssessmentState | None = None,
    cursor: Annotated[int | None, Query(description="`next` of the page before")] = None,
) -> RowsOut:
    """Assessments in a state, else those being written or waiting to be published, newest first."""
    with transaction(me.scope) as session:
        rows = queries.rows(session, state=state, before_id=cursor, limit=PAGE)
    more = str(rows[-1].id) if len(rows) == PAGE else None
    return RowsOut(items=[RowOut.of(row, me) for row in rows], next=more)


@router.get("/form")
def form(me: Assessor) -> FormOut:
    """The items in their order with the most each scores, the bands of the levels, and the assessors."""
    with transaction(me.scope) as session:
        people = queries.assessors(session, me.district_id)
    return FormOut(
        standard=scale.STANDARD,
        items=[
            ItemOut(item=item, domain=domain, most=most)
            for domain, items in scale.ITEMS.items()
            for item, most in items.items()
        ],
        bands=[Band(level=level, least=least) for level, least in scale.LEAST_POINTS],
        assessors=[Somebody(id=number, name=name) for number, name in people],
    )


@router.get("/due")
def due(me: Watcher, within_days: Annotated[int, Query(ge=0, le=366)] = 30) -> DuesOut:
    """Who is to be assessed within so many days: asked for, never assessed, due."""
    today = calendar.day_of(datetime.now(UTC))
    with transaction(me.scope) as session:
        rows = queries.due(session, today=today, within_days=within_days)
        told = queries.coverage(session, today=today)
    return DuesOut(
        items=[DueOut.of(row, me, today=today) for row in rows],
        served=told.served, valid=told.valid, overdue=told.overdue, asked=told.asked,
    )  # fmt: skip


@router.get("/terms")
def terms(me: Watcher) -> TermsOut:
    """After how many months each level is assessed again, and from when each term holds."""
    with transaction(me.scope) as session:
        found = [TermIn.model_validate(term) for term in queries.terms(session, me.district_id)]
    return TermsOut(items=found, otherwise=FIRST_MONTHS)


@router.post("/terms", status_code=201)
def set_term(term: TermIn, me: Bureau) -> TermIn:
    """A new term from a day on; assessments made before keep the day they were given."""
    with transaction(me.scope) as session:
        actions.set_term(session, **term.model_dump(), me=me, now=datetime.now(UTC))
    return term


@router.get("/elders/{elder_id}")
def of_elder(elder_id: int, me: Assessor) -> ElderOut:
    """Everything on record of an elder, latest first."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        access.note_look(session, me, elder_id=elder_id, field="assessment", reason="assessment", now=now)
        return ElderOut.read(session, elder_id, now=now)


@router.post("", status_code=201)
def start(wish: StartIn, me: Assessor, idempotency_key: Key = None) -> AssessmentOut:
    """Begin a form."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:

        def do() -> AssessmentOut:
            return _answer(session, actions.start(session, **wish.model_dump(), me=me, now=now), me, now=now)

        answer = once(session, caller=f"user {me.id}", key=idempotency_key, request=wish, now=now, do=do)
    return AssessmentOut.model_validate(answer)


@router.post("/results", status_code=201)
def keep(kept: KeepIn, me: Assessor, idempotency_key: Key = None) -> AssessmentOut:
    """Keep a result of another scale."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:

        def do() -> AssessmentOut:
            found = actions.keep(session, kept.elder_id, kept.value(), me=me, now=now)
            return _answer(session, found, me, now=now)

        answer = once(session, caller=f"user {me.id}", key=idempotency_key, request=kept, now=now, do=do)
    return AssessmentOut.model_validate(answer)


@router.post("/requests", status_code=201)
def ask(wish: AskIn, me: Asker) -> AskedOut:
    """Have an elder assessed again."""
    with transaction(me.scope) as session:
        return AskedOut.model_validate(actions.ask(session, **wish.model_dump(), me=me, now=datetime.now(UTC)))


@router.get("/{assessment_id}")
def assessment(assessment_id: int, me: Assessor) -> AssessmentOut:
    """One assessment with its answers, what they say so far, and the result before it."""
    with transaction(me.scope) as session:
        return _answer(session, queries.get(session, assessment_id), me, now=datetime.now(UTC))


@router.put("/{assessment_id}")
def save(assessment_id: int, written: FormIn, me: Assessor) -> AssessmentOut:
    """Write down what is answered so far; 409 where somebody else has changed it meanwhile."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        found = actions.save(session, assessment_id, written.value(), version=written.version, me=me, now=now)
        return _answer(session, found, me, now=now)


@router.post("/{assessment_id}/sign")
def sign(assessment_id: int, read: SignIn, me: Assessor) -> AssessmentOut:
    """Sign what was read; the second signature makes the result."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        return _answer(session, actions.sign(session, assessment_id, version=read.version, me=me, now=now), me, now=now)


@router.post("/{assessment_id}/reopen")
def reopen(assessment_id: int, why: WhyIn, me: Assessor) -> AssessmentOut:
    """Back to the draft, without signatures."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        found = actions.reopen(session, assessment_id, me=me, now=now, reason=why.reason)
        return _answer(session, found, me, now=now)


@router.post("/{assessment_id}/publish")
def publish(assessment_id: int, me: Assessor) -> AssessmentOut:
    """The result counts: the elder's level follows it."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        return _answer(session, actions.publish(session, assessment_id, me=me, now=now), me, now=now)


@router.post("/{assessment_id}/withdraw")
def withdraw(assessment_id: int, why: WhyIn, me: Assessor) -> AssessmentOut:
    """Take it back; a level that came from it goes back too."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        found = actions.withdraw(session, assessment_id, me=me, now=now, reason=why.reason)
        return _answer(session, found, me, now=now)
