"""What people do about allowances: rules by two persons, batches through their life, returns, money asked back."""

from datetime import date, datetime
from typing import Final

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from app import calendar
from app.allowances import dues, queries, rules
from app.allowances.rules import (
    AllowanceKind,
    BatchEvent,
    BatchState,
    LineEvent,
    LineState,
    PayWay,
    RecoveryState,
    ReturnReason,
    RuleState,
    SamePerson,
    Terms,
)
from app.allowances.tables import AllowanceRule, Payee, PayoutBatch, PayoutLine, Recovery
from app.errors import Conflict, IllegalMove
from app.history import record
from app.jobs import actions as jobs
from app.jobs.tables import Job
from app.people.tables import Elder

JOB: Final = "payout_batch"


def draft_rule(
    session: Session,
    *,
    district_id: int,
    kind: AllowanceKind,
    area: str,
    starts: date,
    terms: Terms,
    note: str,
    by: str,
    now: datetime,
) -> AllowanceRule:
    """Write down what an allowance is to say from a month on; raises BadAllowanceRule."""
    rules.check(terms, area, starts, district_id=district_id, this_month=calendar.month_of(now))
    row = AllowanceRule(
        district_id=district_id, kind=kind, area=area, starts=starts, state=RuleState.DRAFT, note=note, drafted_by=by,
        drafted_at=now, terms=terms.model_dump(mode="json"),
    )  # fmt: skip
    session.add(row)
    record(session, row, "draft", None, row.state, by=by, now=now)
    return row


def approve_rule(session: Session, rule_id: int, *, by: str, now: datetime) -> AllowanceRule:
    """A second person puts it in force; raises SamePerson, Conflict."""
    row = _draft(session, rule_id)
    if row.drafted_by == by:
        raise SamePerson("You have drafted it yourself; somebody else must approve it.")
    same = select(AllowanceRule.id).where(
        AllowanceRule.kind == row.kind, AllowanceRule.area == row.area, AllowanceRule.starts == row.starts,
        AllowanceRule.state == RuleState.APPROVED,
    )  # fmt: skip
    if session.scalar(same) is not None:
        raise rules.RuleThere("A rule for this area from this month is in force already; let the next begin later.")
    row.state, row.approved_by, row.approved_at = RuleState.APPROVED, by, now
    record(session, row, "approve", RuleState.DRAFT, row.state, by=by, now=now)
    return row


def drop_rule(session: Session, rule_id: int, *, by: str, now: datetime, reason: str) -> AllowanceRule:
    """A draft that will not come into force."""
    row = _draft(session, rule_id)
    row.state = RuleState.DROPPED
    record(session, row, "drop", RuleState.DRAFT, row.state, by=by, now=now, reason=reason)
    return row


def _draft(session: Session, rule_id: int) -> AllowanceRule:
    row = queries.rule(session, rule_id, lock=True)
    if row.state is not RuleState.DRAFT:
        raise IllegalMove(f"A rule that is {row.state} stays as it is.", state=row.state)
    return row


def open_batch(
    session: Session, *, district_id: int, kind: AllowanceKind, month: date, by: str, now: datetime
) -> tuple[PayoutBatch, Job]:
    """Have a month's batch drafted; send the job once this is committed. Raises Conflict."""
    if month > calendar.month_of(now):
        raise rules.MonthAhead("That month has not begun; nobody knows yet who will live to see it.")
    if queries.of_month(session, district_id, kind, month) is not None:
        raise rules.BatchThere("There is a batch for this month; draft that one anew, or drop it.")
    unfinished = queries.unfinished(session, district_id, kind)
    if unfinished is not None:
        raise rules.BatchUnfinished(
            "An earlier batch has not been issued; both would pay the same back-pay.", month=str(unfinished)
        )
    row = PayoutBatch(
        district_id=district_id, kind=kind, month=month, state=BatchState.DRAFTING, drafted_by=by, drafted_at=now
    )
    session.add(row)
    session.flush()
    dues.question(session, row)  # refuses where no rule holds
    row.elders = _elders(session, district_id)
    record(session, row, "open", None, row.state, by=by, now=now)
    return row, jobs.ask(session, JOB, row.id, district_id=district_id, by=by, now=now)


def _elders(session: Session, district_id: int) -> int:
    return session.scalar(select(func.count()).select_from(Elder).where(Elder.district_id == district_id)) or 0


def redraft(session: Session, batch_id: int, *, by: str, now: datetime) -> tuple[PayoutBatch, Job]:
    """Draft it anew, with what is known now; send the job once this is committed."""
    row = queries.batch(session, batch_id, lock=True)
    move(session, row, BatchEvent.REDRAFT, by=by, now=now)
    row.drafted_by, row.drafted_at, row.done, row.done_to, row.work_seconds = by, now, 0, 0, 0.0
    row.elders = _elders(session, row.district_id)
    return row, jobs.ask(session, JOB, row.id, district_id=row.district_id, by=by, now=now)


def check(session: Session, batch_id: int, *, by: str, now: datetime) -> PayoutBatch:
    """Somebody has looked at the lines, held ones and all."""
    row = queries.batch(session, batch_id, lock=True)
    row.checked_by = by
    return move(session, row, BatchEvent.CHECK, by=by, now=now)


def approve(session: Session, batch_id: int, *, by: str, now: datetime) -> PayoutBatch:
    """Two different people, of whom one may have drafted it; raises SamePerson."""
    row = queries.batch(session, batch_id, lock=True)
    rules.after(row.state, BatchEvent.APPROVE)
    if by == row.first_by:
        raise SamePerson("You have approved it already; somebody else must approve it.")
    if row.first_by is None:
        row.first_by = by
    else:
        row.second_by = by
    return move(session, row, BatchEvent.APPROVE, by=by, now=now)


def send_back(session: Session, batch_id: int, *, by: str, now: datetime, reason: str) -> PayoutBatch:
    """Something is wrong: it is drafted anew or dropped, and approved from the beginning."""
    row = queries.batch(session, batch_id, lock=True)
    row.checked_by = row.first_by = None
    return move(session, row, BatchEvent.SEND_BACK, by=by, now=now, reason=reason)


def issue(session: Session, batch_id: int, *, by: str, now: datetime) -> PayoutBatch:
    """The bank has the list: what was listed counts as paid until the bank sends it back; cash waits for a hand."""
    row = queries.batch(session, batch_id, lock=True)
    row.issued_by, row.issued_at = by, now
    move(session, row, BatchEvent.ISSUE, by=by, now=now)
    in_cash = case((Payee.way == PayWay.BANK, LineState.PAID), else_=LineState.TO_COLLECT)
    session.execute(
        update(PayoutLine)
        .where(PayoutLine.batch_id == row.id, PayoutLine.state == LineState.LISTED, Payee.id == PayoutLine.payee_id)
        .values(state=in_cash)
    )
    return row


def close(session: Session, batch_id: int, *, by: str, now: datetime) -> PayoutBatch:
    """All that came back has been settled, all cash signed for; raises Conflict with how much has not."""
    row = queries.batch(session, batch_id, lock=True)
    if unsettled := queries.unsettled(session, row.id):
        raise rules.PaymentsOpen(
            f"{unsettled} payments came back or wait to be collected; settle them first.", waiting=unsettled
        )
    return move(session, row, BatchEvent.CLOSE, by=by, now=now)


def drop(session: Session, batch_id: int, *, by: str, now: datetime, reason: str) -> PayoutBatch:
    """It will not be paid; what it found to ask back is found again."""
    row = queries.batch(session, batch_id, lock=True)
    move(session, row, BatchEvent.DROP, by=by, now=now, reason=reason)
    for found in session.scalars(select(Recovery).where(Recovery.batch_id == row.id)):
        session.delete(found)
    return row


def move(
    session: Session, row: PayoutBatch, event: BatchEvent, *, by: str, now: datetime, reason: str | None = None
) -> PayoutBatch:
    """The only place that changes a batch's state."""
    before, row.state = row.state, rules.after(row.state, event)
    record(session, row, event, before, row.state, by=by, now=now, reason=reason)
    return row


def give_back(
    session: Session, line_id: int, why: ReturnReason, *, by: str, now: datetime, words: str | None = None
) -> PayoutLine:
    """The bank could not pay it, or nobody came for the cash; `words` are the bank's own."""
    line = queries.line(session, line_id, lock=True)
    line.returned_for = why
    return _settle(session, line, LineEvent.RETURN, by=by, now=now, reason=words or why)


def take_back(session: Session, line_id: int, *, by: str, now: datetime, reason: str) -> PayoutLine:
    """It had not come back: somebody has mistaken the line. Raises IllegalMove for cash, which is handed out again."""
    line = queries.line(session, line_id, lock=True)
    if LineEvent.TAKE_BACK not in rules.line_possible(line.state, queries.way_of(session, line)):
        raise IllegalMove(f"A {line.state} line cannot {LineEvent.TAKE_BACK}.", state=line.state)
    line.returned_for = None
    return _settle(session, line, LineEvent.TAKE_BACK, by=by, now=now, reason=reason)


def collect(session: Session, line_id: int, *, collected_by: str, by: str, now: datetime) -> PayoutLine:
    """Somebody has signed for the cash: the elder herself or who came for her."""
    line = queries.line(session, line_id, lock=True)
    line.collected_by = collected_by
    return _settle(session, line, LineEvent.COLLECT, by=by, now=now)


def correct(session: Session, line_id: int, *, by: str, now: datetime) -> PayoutLine:
    """The account was put right, so the next batch pays it again; raises Conflict while it is the same account."""
    line = queries.line(session, line_id, lock=True)
    rules.line_after(line.state, LineEvent.CORRECT)
    payee = queries.payee_of(session, line.elder_id)
    at_fault = line.returned_for not in (ReturnReason.OTHER, ReturnReason.NOT_COLLECTED)
    if at_fault and (payee is None or payee.id == line.payee_id):
        raise rules.SameAccount("The account is still the one that the bank refused; correct it first.")
    return _settle(session, line, LineEvent.CORRECT, by=by, now=now)


def give_up(session: Session, line_id: int, *, by: str, now: datetime, reason: str) -> PayoutLine:
    """Nobody is there to be paid; the money stays with the bureau."""
    return _settle(session, queries.line(session, line_id, lock=True), LineEvent.GIVE_UP, by=by, now=now, reason=reason)


def _settle(
    session: Session, line: PayoutLine, event: LineEvent, *, by: str, now: datetime, reason: str | None = None
) -> PayoutLine:
    """The only place that changes one line's state; issuing changes them all."""
    batch = queries.batch(session, line.batch_id)
    if batch.state is not BatchState.ISSUED:
        raise rules.NotIssued("Payments come back and are settled while their batch is issued.", state=batch.state)
    before, line.state = line.state, rules.line_after(line.state, event)
    record(session, line, event, before, line.state, by=by, now=now, reason=reason)
    return line


def settle_recovery(
    session: Session, recovery_id: int, outcome: RecoveryState, *, by: str, now: datetime, note: str
) -> Recovery:
    """The money came back, or nobody asks for it any more."""
    row = queries.recovery(session, recovery_id, lock=True)
    if row.state is not RecoveryState.OPEN or outcome is RecoveryState.OPEN:
        raise IllegalMove(f"Money that is {row.state} cannot become {outcome}.", state=row.state)
    if queries.batch(session, row.batch_id).state not in (BatchState.ISSUED, BatchState.CLOSED):
        raise Conflict("The batch that found it is not issued yet; it may still change.")
    row.state, row.settled_by, row.settled_at, row.note = outcome, by, now, note
    record(session, row, outcome, RecoveryState.OPEN, outcome, by=by, now=now, reason=note)
    return row
