"""Statements, lines, disputes and contract terms as the API shows them; elders are named masked."""

from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import history
from app.access.queries import Caller
from app.access.rules import HOTLINE, PROVIDER
from app.access.tables import User
from app.funding.rules import Account, EntryKind
from app.orders.rules import VisitState
from app.orders.shapes import HistoryOut
from app.orders.tables import Visit
from app.people.tables import Provider
from app.settlement import queries
from app.settlement.rules import (
    DISPUTABLE,
    DISPUTE_MOVES,
    MOVES,
    DeductionRule,
    DisputeState,
    Event,
    LineKind,
    SampleState,
    StatementState,
    Withheld,
    possible,
)
from app.settlement.tables import ContractTerms, Dispute, Statement
from app.vault import mask_name, mask_phone
from app.visits import proof_queries
from app.visits.proof_rules import Grade


class StatementRow(BaseModel):
    """One provider's month in the list."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    provider_id: int
    provider: str = ""
    month: date
    state: StatementState
    lines: int
    allowance_cents: int
    self_pay_cents: int
    contract_cents: int
    deducted_cents: int
    payable_cents: int
    payers: dict[str, int]
    open_disputes: int = 0
    open_samples: int = 0
    drawn_at: datetime | None
    checksum: str | None

    @classmethod
    def of(cls, row: Any) -> Self:
        """From the query's row."""
        found, provider, disputes, samples = row
        return cls.model_validate(found).model_copy(
            update={"provider": provider, "open_disputes": disputes, "open_samples": samples}
        )


class RunOut(BaseModel):
    """How far a monthly run is."""

    job_id: int
    month: date
    state: str
    done: int
    of: int
    visits: int
    error: str | None


class ItemSum(BaseModel):
    """A statement's lines of one item."""

    item: str
    item_zh: str
    item_en: str
    lines: int
    allowance_cents: int
    self_pay_cents: int
    contract_cents: int


class DeductionOut(BaseModel):
    """What one rule took, and the rule as the contract has it."""

    model_config = ConfigDict(from_attributes=True)

    rule: DeductionRule
    counted: int
    whole: int
    basis_cents: int
    cents: int
    said: dict[str, Any]


class WithheldOut(BaseModel):
    """A visit of the month that is not in the statement."""

    visit_id: int
    served_on: date
    elder: str
    item_zh: str
    item_en: str
    reason: Withheld
    cents: int
    facts: dict[str, Any]


class PayerOut(BaseModel):
    """What one programme pays of a statement."""

    code: str
    name_zh: str
    name_en: str
    cents: int


class SampleOut(BaseModel):
    """A visit to be called back, and what the elder said; only the hotline sees whom it calls by name."""

    statement_id: int
    visit_id: int
    rank: int
    state: SampleState
    note: str | None
    by: str | None
    at: datetime | None
    month: date
    provider: str
    elder_id: int
    elder: str
    phone: str | None  # masked
    item_zh: str
    item_en: str
    served_at: datetime
    minutes: int
    caregivers: list[str]

    @classmethod
    def of(cls, row: Any, me: Caller) -> Self:
        """From the query's row."""
        sample, month, elder, visit, zh, en, provider, caregivers = row
        said = {
            name: getattr(sample, name) for name in ("statement_id", "visit_id", "rank", "state", "note", "by", "at")
        }
        return cls(
            **said, month=month, provider=provider, elder_id=elder.id,
            elder=elder.name if me.role in HOTLINE else mask_name(elder.name),
            phone=mask_phone(elder.phone) if elder.phone else None, item_zh=zh, item_en=en,
            served_at=visit.starts_at or visit.opens, minutes=visit.minutes, caregivers=caregivers,
        )  # fmt: skip


class DisputeOut(BaseModel):
    """What the provider said is wrong, and the answer."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    visit_id: int | None
    rule: DeductionRule | None
    state: DisputeState
    possible: list[Event] = []
    words: str
    by: str
    at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None

    @classmethod
    def of(cls, row: Dispute, me: Caller) -> Self:
        """With what this side may do."""
        events = possible(DISPUTE_MOVES, row.state, provider=me.role in PROVIDER)
        return cls.model_validate(row).model_copy(update={"possible": events})


class StatementWhole(StatementRow):
    """A statement with everything but its lines."""

    possible: list[Event]
    may_dispute: bool
    seed: str
    score: int | None
    answer_until: datetime | None
    checked_by: str | None
    approved_by: str | None
    locked_at: datetime | None
    paid_by: list[PayerOut]
    items: list[ItemSum]
    deductions: list[DeductionOut]
    withheld: list[WithheldOut]
    samples: list[SampleOut]
    disputes: list[DisputeOut]
    history: list[HistoryOut]

    @classmethod
    def read(cls, session: Session, found: Statement, me: Caller) -> Self:
        """As this caller may see it."""
        session.flush()
        names: dict[int, str] = dict(
            session.execute(
                select(User.id, User.name).where(User.id.in_([found.checked_by_id, found.approved_by_id]))
            ).all()
        )
        disputes = [DisputeOut.of(row, me) for row in queries.disputes(session, found)]
        samples = [SampleOut.of(row, me) for row in queries.samples(session, found)]
        provider = me.role in PROVIDER
        events = possible(MOVES, found.state, provider=provider)
        if found.checked_by_id == me.id:
            events = [event for event in events if event is not Event.APPROVE]
        head = StatementRow.model_validate(found).model_dump()
        return cls(
            **head | {
                "provider": session.get_one(Provider, found.provider_id).name,
                "open_disputes": sum(one.state is DisputeState.OPEN for one in disputes),
                "open_samples": sum(one.state is SampleState.OPEN for one in samples),
            },
            possible=events, may_dispute=provider and found.state in DISPUTABLE, seed=found.seed, score=found.score,
            answer_until=found.answer_until, checked_by=names.get(found.checked_by_id or 0),
            approved_by=names.get(found.approved_by_id or 0), locked_at=found.locked_at,
            paid_by=[
                PayerOut(code=code, name_zh=zh, name_en=en, cents=cents)
                for code, zh, en, cents in queries.payers(session, found)
            ],
            items=[
                ItemSum(
                    item=code, item_zh=zh, item_en=en, lines=count, allowance_cents=allowance, self_pay_cents=own,
                    contract_cents=contract,
                )
                for code, zh, en, count, allowance, own, contract in queries.by_item(session, found)
            ],
            deductions=[DeductionOut.model_validate(row) for row in queries.deductions(session, found)],
            withheld=[
                WithheldOut(
                    visit_id=row.visit_id, served_on=row.served_on, elder=mask_name(elder), item_zh=zh, item_en=en,
                    reason=row.reason, cents=row.cents, facts=row.facts,
                )
                for row, elder, zh, en in queries.withheld(session, found)
            ],
            samples=samples, disputes=disputes,
            history=[
                HistoryOut.model_validate(line)
                for line in history.of(session, found.district_id, "statements", found.id)
            ],
        )  # fmt: skip


class StatementLineOut(BaseModel):
    """One visit in a statement."""

    number: int
    kind: LineKind
    visit_id: int
    order_id: int
    elder_id: int
    elder: str
    item: str
    item_zh: str
    item_en: str
    served_on: date
    minutes: int | None
    planned_minutes: int
    given: int
    whole: int
    allowance_cents: int
    self_pay_cents: int
    contract_cents: int
    payers: dict[str, int]
    terms_id: int | None

    @classmethod
    def of(cls, row: Any) -> Self:
        """From the query's row."""
        line, elder, zh, en = row
        return cls(
            number=line.number, kind=line.kind, visit_id=line.visit_id, order_id=line.order_id,
            elder_id=line.elder_id, elder=mask_name(elder), item=line.item_code, item_zh=zh, item_en=en,
            served_on=line.served_on, minutes=line.minutes, planned_minutes=line.planned_minutes, given=line.given,
            whole=line.whole, allowance_cents=line.allowance_cents, self_pay_cents=line.self_pay_cents,
            contract_cents=line.contract_cents, payers=line.payers, terms_id=line.terms_id,
        )  # fmt: skip


class LinesOut(BaseModel):
    """A page of lines; `next` asks for the page after."""

    items: list[StatementLineOut]
    next: str | None


class EntryOut(BaseModel):
    """A ledger entry of the visit and the statement it is in."""

    id: int
    at: datetime
    by: str
    kind: EntryKind
    source: Account
    target: Account
    cents: int
    month: date
    program_zh: str | None
    program_en: str | None
    entitlement_id: int | None
    reason: str | None
    statement_id: int | None


class TermsBrief(BaseModel):
    """The version of the contract that set the price."""

    id: int
    version: int
    starts: date
    price: dict[str, Any] | None


class TraceOut(BaseModel):
    """The way of a line: visit, order, entitlement, ledger entries, contract version."""

    line: StatementLineOut | None
    visit_id: int
    visit_state: VisitState
    grade: Grade | None  # how well the visit is proven
    order_id: int
    price_cents: int
    entries: list[EntryOut]
    terms: TermsBrief | None

    @classmethod
    def read(cls, session: Session, found: Statement, visit: Visit) -> Self:
        """Everything that stands behind a visit of a statement."""
        rows = queries.lines(session, found, only_visit=visit.id, limit=1)
        line = StatementLineOut.of(rows[0]) if rows else None
        terms = session.get(ContractTerms, line.terms_id) if line and line.terms_id else None
        price = next((one for one in terms.prices if one["item"] == visit.item_code), None) if terms else None
        graded = proof_queries.grade_of(session, visit.id)
        return cls(
            line=line, visit_id=visit.id, visit_state=visit.state, grade=graded.grade if graded else None,
            order_id=visit.order_id,
            price_cents=visit.price_cents,
            entries=[
                EntryOut(
                    id=e.id, at=e.at, by=e.by, kind=e.kind, source=e.source, target=e.target, cents=e.cents,
                    month=e.month, program_zh=zh, program_en=en, entitlement_id=e.entitlement_id, reason=e.reason,
                    statement_id=statement_id,
                )
                for e, zh, en, statement_id in queries.entries(session, found.district_id, visit.id)
            ],
            terms=TermsBrief(id=terms.id, version=terms.version, starts=terms.starts, price=price) if terms else None,
        )  # fmt: skip


class ReconciledOut(BaseModel):
    """The ledger's cents of a provider's month, and where each of them is; `unexplained_cents` is nought."""

    model_config = ConfigDict(from_attributes=True)

    provider_id: int
    provider: str
    ledger_cents: int
    settled_cents: int
    later_cents: int
    gone_cents: int
    since_cents: int
    unexplained_cents: int
