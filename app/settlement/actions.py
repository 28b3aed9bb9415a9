"""What the two sides do about a statement: issue, agree, dispute, answer, call back, check, approve, lock."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.access.rules import PROVIDER
from app.catalogue.rules import FeePayer
from app.errors import NotFound, Refused
from app.history import record
from app.orders import fees
from app.orders.rules import FeeState, VisitState
from app.orders.tables import CancellationFee, Visit
from app.people.tables import Contract
from app.settlement import drawing, proof, queries
from app.settlement.rules import (
    BY_PROVIDER,
    DISPUTABLE,
    DISPUTE_MOVES,
    MOVES,
    TERMS_MOVES,
    CallBacksOpen,
    ContentChanged,
    ContractState,
    DeductionRule,
    DisputeAccepted,
    DisputesOpen,
    DisputeState,
    Event,
    MayStillDispute,
    NotReady,
    SampleState,
    StatementLocked,
    StatementState,
    VisitDenied,
    after,
    check_second,
)
from app.settlement.tables import (
    ContractTerms,
    Dispute,
    Statement,
    StatementDeduction,
    StatementLine,
    StatementSample,
    StatementWithheld,
)


def move(
    session: Session, statement_id: int, event: Event, *, me: Caller, now: datetime, reason: str | None = None
) -> Statement:
    """The only place that changes a statement's state. The provider agrees; all else is the bureau's."""
    statement = queries.statement(session, statement_id, lock=True)
    _check_side(event, me)
    before, to = statement.state, after(MOVES, statement.state, event)
    if event is Event.ISSUE:
        _issue(session, statement, now=now)
    elif event is Event.CHECK:
        _check_ready(session, statement, now=now)
        statement.checked_by_id = me.id
    elif event is Event.APPROVE:
        check_second(statement.checked_by_id, me.id)
        statement.approved_by_id = me.id
    elif event is Event.LOCK:
        _check_unchanged(session, statement)
        statement.locked_at = now
        _settle_fees(session, statement, by=me.by, now=now)
    elif event is Event.RETURN:
        statement.checked_by_id = statement.approved_by_id = statement.answer_until = None
    statement.state = to
    record(session, statement, event, before, to, by=me.by, now=now, reason=reason, checksum=statement.checksum)
    session.flush()
    return statement


def _check_side(event: Event, me: Caller) -> None:
    if (event in BY_PROVIDER) is not (me.role in PROVIDER):
        raise Refused("The other side does this.", event=event)


def _issue(session: Session, statement: Statement, *, now: datetime) -> None:
    if statement.drawn_at is None:
        raise NotReady("This statement has not been drawn up.")
    terms = drawing.holding_on(drawing.terms_of(session, statement.provider_id), statement.month)
    statement.answer_until = now + timedelta(days=terms.answer_days if terms else 5)
    statement.checksum = proof.checksum(session, statement)


def _check_ready(session: Session, statement: Statement, *, now: datetime) -> None:
    if statement.state is StatementState.ISSUED and statement.answer_until and now < statement.answer_until:
        raise MayStillDispute("The provider may still dispute.", until=statement.answer_until.isoformat())
    disputes = dict(
        session.execute(
            select(Dispute.state, func.count()).where(
                Dispute.statement_id == statement.id,
                (Dispute.state == DisputeState.OPEN)
                | (Dispute.state == DisputeState.ACCEPTED) & (Dispute.answered_at > statement.drawn_at),
            ).group_by(Dispute.state)
        ).all()
    )  # fmt: skip
    if disputes.get(DisputeState.OPEN):
        raise DisputesOpen("There are open disputes.", disputes=disputes[DisputeState.OPEN])
    if disputes:
        raise DisputeAccepted("A dispute was accepted: return the statement, mend the visit and draw it up again.")
    waiting = session.scalar(
        select(func.count()).where(
            StatementSample.statement_id == statement.id, StatementSample.state == SampleState.OPEN
        )
    )
    if waiting:
        raise CallBacksOpen("Visits that were drawn have not been called back.", samples=waiting)
    denied = session.scalars(
        select(StatementSample.visit_id)
        .join(Visit, Visit.id == StatementSample.visit_id)
        .where(StatementSample.statement_id == statement.id, StatementSample.state == SampleState.DENIED)
        .where(Visit.state == VisitState.VERIFIED)
        .order_by(StatementSample.rank)
    ).all()
    if denied:
        raise VisitDenied("An elder denies a visit that is to be paid: look into it and return the statement, or write "
                       "down what the elder says now.", visits=list(denied))  # fmt: skip
    _check_unchanged(session, statement)


def _check_unchanged(session: Session, statement: Statement) -> None:
    if proof.checksum(session, statement) != statement.checksum:
        raise ContentChanged("The content is not what was issued; return it and draw it up again.")


def _settle_fees(session: Session, statement: Statement, *, by: str, now: datetime) -> None:
    """What stands on a locked statement is not waived any more."""
    here = select(StatementLine.visit_id).where(
        StatementLine.district_id == statement.district_id, StatementLine.statement_id == statement.id
    )
    due = select(CancellationFee.id).where(
        CancellationFee.provider_id == statement.provider_id, CancellationFee.visit_id.in_(here),
        CancellationFee.state == FeeState.DUE, CancellationFee.payer == FeePayer.ELDER,
    )  # fmt: skip
    for fee_id in session.scalars(due.order_by(CancellationFee.id)).all():
        fees.settle(session, fee_id, by=by, now=now, reason=f"statement {statement.id}")


def draw_again(session: Session, statement_id: int, *, by: str, now: datetime, score: int | None) -> Statement:
    """Draw a draft up once more, with the bureau's score of the month where it gives one."""
    statement = queries.statement(session, statement_id, lock=True)
    if statement.state is not StatementState.DRAFT:
        raise StatementLocked("Only a draft is drawn up again; return it first.", state=statement.state)
    if score is not None:
        statement.score = score
    session.flush()
    return drawing.draw(session, statement.provider_id, statement.month, by=by, now=now)


# -- disputes ----------------------------------------------------------------------------------------------------------


def dispute(
    session: Session, statement_id: int, *, visit_id: int | None, rule: DeductionRule | None, words: str, by: str,
    now: datetime,
) -> Dispute:  # fmt: skip
    """The provider says that a line, a visit that is missing, or a deduction is wrong."""
    statement = queries.statement(session, statement_id, lock=True)
    if statement.state not in DISPUTABLE:
        raise NotReady("Only an issued statement is disputed.", state=statement.state)
    if not _is_about(session, statement, visit_id, rule):
        raise NotFound("There is no such line in this statement.")
    row = Dispute(
        district_id=statement.district_id, provider_id=statement.provider_id, statement_id=statement.id,
        visit_id=visit_id, rule=rule, state=DisputeState.OPEN, words=words, by=by, at=now,
    )  # fmt: skip
    session.add(row)
    record(session, row, "raise", None, row.state, by=by, now=now, statement_id=statement.id)
    record(session, statement, "dispute", statement.state, statement.state, by=by, now=now, visit_id=visit_id)
    return row


def _is_about(session: Session, statement: Statement, visit_id: int | None, rule: DeductionRule | None) -> bool:
    if (visit_id is None) == (rule is None):
        return False
    if rule is not None:
        found = select(StatementDeduction.id).where(StatementDeduction.rule == rule)
        return session.scalar(found.where(StatementDeduction.statement_id == statement.id).limit(1)) is not None
    return any(
        session.scalar(select(table.id).where(table.statement_id == statement.id, table.visit_id == visit_id).limit(1))
        for table in (StatementLine, StatementWithheld)
    )


def answer(session: Session, dispute_id: int, event: Event, *, words: str | None, me: Caller, now: datetime) -> Dispute:
    """Accept or refuse it (the bureau, with an answer), or withdraw it (the provider)."""
    found = queries.dispute(session, dispute_id)
    statement = queries.statement(session, found.statement_id, lock=True)
    _check_side(event, me)
    row = queries.dispute(session, dispute_id, lock=True)
    before, row.state = row.state, after(DISPUTE_MOVES, row.state, event)
    row.answer, row.answered_by, row.answered_at = words, me.by, now
    record(session, row, event, before, row.state, by=me.by, now=now, statement_id=row.statement_id)
    record(
        session, statement, f"dispute_{event}", statement.state, statement.state, by=me.by, now=now, reason=words,
        visit_id=row.visit_id,
    )  # fmt: skip
    return row


# -- call-backs --------------------------------------------------------------------------------------------------------


def call_back(
    session: Session, statement_id: int, visit_id: int, *, state: SampleState, note: str | None, by: str, now: datetime
) -> StatementSample:
    """What the elder said of a visit that was drawn. Denied, somebody rejects the visit before it is paid."""
    statement = queries.statement(session, statement_id, lock=True)
    if statement.state in (StatementState.APPROVED, StatementState.LOCKED):
        raise StatementLocked("This statement is approved.", state=statement.state)
    sample = session.scalar(
        select(StatementSample).where(
            StatementSample.statement_id == statement.id, StatementSample.visit_id == visit_id
        )
    )
    if sample is None:
        raise NotFound("This visit was not drawn.")
    before = sample.state
    sample.state, sample.note, sample.by, sample.at = state, note, by, now
    record(session, sample, "call_back", before, state, by=by, now=now, visit_id=visit_id)
    return sample


# -- contract terms ----------------------------------------------------------------------------------------------------


def propose(session: Session, contract_id: int, said: dict[str, Any], *, by: str, now: datetime) -> ContractTerms:
    """A new version of a contract's terms; it waits for two supervisors."""
    contract = session.get(Contract, contract_id, with_for_update=True)
    if contract is None:
        raise NotFound("There is no such contract.")
    last = session.scalar(select(func.max(ContractTerms.version)).where(ContractTerms.contract_id == contract_id))
    row = ContractTerms(
        district_id=contract.district_id, provider_id=contract.provider_id, contract_id=contract.id,
        version=(last or 0) + 1, state=ContractState.DRAFT, made_by=by, made_at=now, **said,
    )  # fmt: skip
    session.add(row)
    record(session, row, "propose", None, row.state, by=by, now=now, contract_id=contract.id)
    return row


def move_terms(
    session: Session, terms_id: int, event: Event, *, me: Caller, now: datetime, reason: str | None = None
) -> ContractTerms:
    """Check, approve (somebody else) or refuse a version; once in force it never changes."""
    row = session.get(ContractTerms, terms_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("There are no such terms.")
    before, to = row.state, after(TERMS_MOVES, row.state, event)
    if event is Event.CHECK:
        row.checked_by_id = me.id
    elif event is Event.APPROVE:
        check_second(row.checked_by_id, me.id)
        row.approved_by_id = me.id
    row.state = to
    record(session, row, event, before, to, by=me.by, now=now, reason=reason)
    session.flush()
    return row
