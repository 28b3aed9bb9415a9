"""Statements over HTTP: the months, the run, one statement, its lines and their way, what both sides do about it."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.api import allowed
from app.access.queries import Caller
from app.access.rules import HOTLINE, PROVIDER, Role
from app.db import transaction
from app.errors import NotFound, Refused
from app.jobs import actions as jobs
from app.jobs import queries as job_queries
from app.jobs import queue
from app.jobs.tables import Job
from app.orders import queries as order_queries
from app.settlement import actions, queries, running
from app.settlement.contract_shapes import ContractOut, TermsIn, TermsOut
from app.settlement.rules import DeductionRule, Event, LineKind, SampleState
from app.settlement.shapes import (
    DisputeOut,
    LinesOut,
    ReconciledOut,
    RunOut,
    SampleOut,
    StatementLineOut,
    StatementRow,
    StatementWhole,
    TraceOut,
)

router = APIRouter(prefix="/api/settlement", tags=["settlement"])
BUREAU = frozenset({Role.SUPERVISOR})
Bureau = Annotated[Caller, allowed(BUREAU)]
Side = Annotated[Caller, allowed(BUREAU | PROVIDER)]
Manager = Annotated[Caller, allowed(PROVIDER)]
CallsBack = Annotated[Caller, allowed(BUREAU | HOTLINE)]


class MonthIn(BaseModel):
    """Any day of the month to settle."""

    month: date


class EventIn(BaseModel):
    """What to do, and why where it matters."""

    event: Event
    reason: str | None = Field(None, max_length=500)


class DrawIn(BaseModel):
    """The bureau's score of the month, where it gives one."""

    score: int | None = Field(None, ge=0, le=100)


class DisputeIn(BaseModel):
    """What is wrong: with the line of a visit, a visit that is missing, or a deduction."""

    visit_id: int | None = Field(None, ge=0, lt=2**63)
    rule: DeductionRule | None = None
    words: str = Field(min_length=4, max_length=500)


class AnswerIn(BaseModel):
    """Accept, refuse or withdraw, with the answer."""

    event: Event
    words: str | None = Field(None, max_length=500)


class CallBackIn(BaseModel):
    """What the elder said."""

    state: SampleState
    note: str | None = Field(None, max_length=300)


@router.get("/statements")
def statements(me: Side) -> list[StatementRow]:
    """Every month of the providers the caller may see, newest first."""
    with transaction(me.scope) as session:
        return [StatementRow.of(row) for row in queries.statements(session, me.district_id)]


@router.post("/runs", status_code=202)
def ask_run(said: MonthIn, me: Bureau) -> RunOut:
    """Draw up the statements of a month; watch it at `GET /api/settlement/runs/{settling_id}`."""
    if not queries.whole(me):
        raise Refused("A month is settled for the whole district.")
    with transaction(me.scope) as session:
        job = running.ask(session, me.district_id, said.month.replace(day=1), by=me.by, now=datetime.now(UTC))
        session.flush()
        answer = _run(job)
    queue.send(running.KIND, answer.job_id)
    return answer


@router.get("/runs")
def runs(me: Bureau) -> list[RunOut]:
    """The last runs, newest first."""
    with transaction(me.scope) as session:
        found = select(Job).where(Job.kind == running.KIND, Job.district_id == me.district_id)
        return [_run(job) for job in session.scalars(found.order_by(Job.id.desc()).limit(5)) if queries.whole(me)]


@router.post("/runs/{settling_id}/stop")
def stop_run(settling_id: int, me: Bureau) -> RunOut:
    """Stop it; what is drawn up stays, the next run goes on."""
    with transaction(me.scope) as session:
        _check_run(session, settling_id, me)
        return _run(jobs.stop(session, settling_id, district_id=me.district_id, by=me.by, now=datetime.now(UTC)))


@router.get("/runs/{settling_id}")
def run(settling_id: int, me: Bureau) -> RunOut:
    """How far it is."""
    with transaction(me.scope) as session:
        return _run(_check_run(session, settling_id, me))


def _check_run(session: Session, settling_id: int, me: Caller) -> Job:
    job = job_queries.get(session, settling_id, me.district_id)
    if job.kind != running.KIND or not queries.whole(me):
        raise NotFound("There is no such run.")
    return job


def _run(job: Job) -> RunOut:
    last = job.progress[-1] if job.progress else {}
    year, month = divmod(job.subject_id, 100)
    return RunOut(
        job_id=job.id, month=date(year, month, 1), state=job.state,
        done=last.get("done", 0), of=last.get("of", 0), visits=last.get("visits", 0), error=job.error,
    )  # fmt: skip


@router.get("/reconciliation")
def reconciliation(me: Bureau, month: date | None = None) -> list[ReconciledOut]:
    """What the ledger owes each provider for a month's services, beside what statements pay; to the cent."""
    month = month or calendar.month_of(calendar.month_bounds(calendar.month_of(datetime.now(UTC)))[0] - timedelta(1))
    with transaction(me.scope) as session:
        found = queries.reconciled(session, me.district_id, month.replace(day=1)) if queries.whole(me) else []
    return [ReconciledOut.model_validate(row) for row in found]


@router.get("/statements/{statement_id}")
def statement(statement_id: int, me: Side) -> StatementWhole:
    """One statement with everything but its lines."""
    with transaction(me.scope) as session:
        return StatementWhole.read(session, queries.statement(session, statement_id), me)


@router.get("/statements/{statement_id}/lines")
def lines(
    statement_id: int, me: Side, kind: LineKind | None = None, item: str | None = None,
    cursor: Annotated[int, Query(description="`next` of the page before", ge=0, lt=2**31)] = 0,
) -> LinesOut:  # fmt: skip
    """Its lines, in order."""
    with transaction(me.scope) as session:
        found = queries.statement(session, statement_id)
        items = [StatementLineOut.of(row) for row in queries.lines(session, found, kind=kind, item=item, after=cursor)]
    return LinesOut(items=items, next=str(items[-1].number) if len(items) == queries.PAGE else None)


@router.get("/statements/{statement_id}/lines/{visit_id}")
def trace(statement_id: int, visit_id: int, me: Side) -> TraceOut:
    """The way of a cent: line, visit, order, entitlement, ledger entries, contract version."""
    with transaction(me.scope) as session:
        found = queries.statement(session, statement_id)
        return TraceOut.read(session, found, order_queries.visit(session, visit_id))


@router.post("/statements/{statement_id}/events")
def happen(statement_id: int, said: EventIn, me: Side) -> StatementWhole:
    """Issue, agree, check, approve, lock or return."""
    with transaction(me.scope) as session:
        found = actions.move(session, statement_id, said.event, me=me, now=datetime.now(UTC), reason=said.reason)
        return StatementWhole.read(session, found, me)


@router.post("/statements/{statement_id}/draw")
def draw_again(statement_id: int, said: DrawIn, me: Bureau) -> StatementWhole:
    """Draw a draft up again from the ledger as it is now."""
    with transaction(me.scope) as session:
        found = actions.draw_again(session, statement_id, by=me.by, now=datetime.now(UTC), score=said.score)
        return StatementWhole.read(session, found, me)


@router.post("/statements/{statement_id}/disputes", status_code=201)
def dispute(statement_id: int, said: DisputeIn, me: Manager) -> DisputeOut:
    """The provider says what is wrong."""
    with transaction(me.scope) as session:
        row = actions.dispute(
            session, statement_id, visit_id=said.visit_id, rule=said.rule, words=said.words, by=me.by,
            now=datetime.now(UTC),
        )  # fmt: skip
        return DisputeOut.of(row, me)


@router.post("/disputes/{dispute_id}")
def answer(dispute_id: int, said: AnswerIn, me: Side) -> DisputeOut:
    """The bureau accepts or refuses it, the provider withdraws it."""
    with transaction(me.scope) as session:
        row = actions.answer(session, dispute_id, said.event, words=said.words, me=me, now=datetime.now(UTC))
        return DisputeOut.of(row, me)


@router.get("/call-backs")
def call_backs(me: CallsBack) -> list[SampleOut]:
    """Visits drawn by lot whose elder is to be asked whether it was so."""
    with transaction(me.scope) as session:
        return [SampleOut.of(row, me) for row in queries.to_call_back(session, me.district_id)]


@router.post("/statements/{statement_id}/samples/{visit_id}", status_code=204)
def call_back(statement_id: int, visit_id: int, said: CallBackIn, me: CallsBack) -> None:
    """Write down what the elder said of a visit that was drawn."""
    with transaction(me.scope) as session:
        actions.call_back(
            session, statement_id, visit_id, state=said.state, note=said.note, by=me.by, now=datetime.now(UTC)
        )


@router.get("/contracts")
def contracts(me: Side) -> list[ContractOut]:
    """Contracts with every version of their terms."""
    with transaction(me.scope) as session:
        return [
            ContractOut(
                id=row.id, provider_id=row.provider_id, provider=provider, number=row.number, aids=row.aids,
                areas=row.areas, starts=row.starts, ends=row.ends,
                terms=[TermsOut.of(session, one, me) for one in queries.terms(session, row.id)],
            )
            for row, provider in queries.contracts(session, me.district_id)
            if queries.whole(me) and (me.role not in PROVIDER or row.provider_id == me.provider_id)
        ]  # fmt: skip


@router.post("/contracts/{contract_id}/terms", status_code=201)
def propose(contract_id: int, said: TermsIn, me: Bureau) -> TermsOut:
    """A new version; it waits for two supervisors."""
    values = {
        **said.model_dump(exclude={"prices", "deductions", "least_visits"}),
        "prices": [price.model_dump(mode="json") for price in said.prices],
        "deductions": [one.value() for one in said.deductions],
        "least_visits": said.least_visits.value() if said.least_visits else {},
    }
    with transaction(me.scope) as session:
        queries.contract(session, contract_id, me)
        row = actions.propose(session, contract_id, values, by=me.by, now=datetime.now(UTC))
        session.flush()
        return TermsOut.of(session, row, me)


@router.post("/terms/{terms_id}/events")
def happen_to_terms(terms_id: int, said: EventIn, me: Bureau) -> TermsOut:
    """Check, approve (somebody else) or refuse a version."""
    with transaction(me.scope) as session:
        row = actions.move_terms(session, terms_id, said.event, me=me, now=datetime.now(UTC), reason=said.reason)
        return TermsOut.of(session, row, me)
