"""Reading statements: the months, one whole, its lines, the way of a cent, and what the ledger says beside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.catalogue.tables import ServiceItem
from app.errors import NotFound
from app.funding.tables import LedgerEntry, Program
from app.orders.tables import Visit
from app.people.tables import Caregiver, Contract, Elder, Provider
from app.planning.rules import COUNTED
from app.planning.tables import Attendance
from app.settlement.rules import DisputeState, LineKind, SampleState, StatementState
from app.settlement.tables import (
    ContractTerms,
    Dispute,
    SettledEntry,
    Statement,
    StatementDeduction,
    StatementLine,
    StatementSample,
    StatementWithheld,
)

PAGE: Final = 200
DISTRICT: Final = 6  # digits of a district's code


def statement(session: Session, statement_id: int, *, lock: bool = False) -> Statement:
    """The statement, if this transaction may see it; raises NotFound."""
    found = session.get(Statement, statement_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such statement.")
    return found


def dispute(session: Session, dispute_id: int, *, lock: bool = False) -> Dispute:
    """The dispute, if this transaction may see it; raises NotFound."""
    found = session.get(Dispute, dispute_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such dispute.")
    return found


def statements(session: Session, district_id: int) -> Sequence[Any]:
    """Every month and provider, newest first, with the provider's name and how much is open."""
    disputes = (
        select(func.count())
        .where(Dispute.statement_id == Statement.id, Dispute.state == DisputeState.OPEN)
        .scalar_subquery()
    )
    samples = (
        select(func.count())
        .where(StatementSample.statement_id == Statement.id, StatementSample.state == SampleState.OPEN)
        .scalar_subquery()
    )
    return session.execute(
        select(Statement, Provider.name, disputes, samples)
        .join(Provider, Provider.id == Statement.provider_id)
        .where(Statement.district_id == district_id)
        .order_by(Statement.month.desc(), Provider.name)
        .limit(600)
    ).all()


def lines(
    session: Session, found: Statement, *, kind: LineKind | None = None, item: str | None = None,
    only_visit: int | None = None, after: int = 0, limit: int = PAGE,
) -> Sequence[Any]:  # fmt: skip
    """A statement's lines with elder and item, in order, from a number on."""
    line = StatementLine
    query = (
        select(line, Elder.name, ServiceItem.name_zh, ServiceItem.name_en)
        .join(Elder, Elder.id == line.elder_id)
        .join(ServiceItem, (ServiceItem.district_id == line.district_id) & (ServiceItem.code == line.item_code))
        .where(line.district_id == found.district_id, line.statement_id == found.id, line.number > after)
        .order_by(line.number)
        .limit(limit)
    )
    query = query.where(line.kind == kind) if kind else query
    query = query.where(line.item_code == item) if item else query
    query = query.where(line.visit_id == only_visit) if only_visit else query
    return session.execute(query).all()


def by_item(session: Session, found: Statement) -> Sequence[Any]:
    """Lines and cents of each item of a statement: code, both names, lines, allowance, self-paid, by contract."""
    line = StatementLine
    cents = [func.sum(column) for column in (line.allowance_cents, line.self_pay_cents, line.contract_cents)]
    return session.execute(
        select(line.item_code, ServiceItem.name_zh, ServiceItem.name_en, func.count(), *cents)
        .join(ServiceItem, (ServiceItem.district_id == line.district_id) & (ServiceItem.code == line.item_code))
        .where(line.district_id == found.district_id, line.statement_id == found.id)
        .group_by(line.item_code, ServiceItem.name_zh, ServiceItem.name_en)
        .order_by(func.sum(line.contract_cents).desc())
    ).all()


def withheld(session: Session, found: Statement) -> Sequence[Any]:
    """Visits of the month that are not in it, with elder and item."""
    row = StatementWithheld
    return session.execute(
        select(row, Elder.name, ServiceItem.name_zh, ServiceItem.name_en)
        .join(Visit, Visit.id == row.visit_id)
        .join(Elder, Elder.id == Visit.elder_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .where(row.statement_id == found.id)
        .order_by(row.served_on, row.visit_id)
        .limit(500)
    ).all()


def deductions(session: Session, found: Statement) -> Sequence[StatementDeduction]:
    """What the rules took."""
    return session.scalars(
        select(StatementDeduction).where(StatementDeduction.statement_id == found.id).order_by(StatementDeduction.id)
    ).all()


def _sampled() -> Any:
    said: list[Any] = [
        StatementSample,
        Statement.month,
        Elder,
        Visit,
        ServiceItem.name_zh,
        ServiceItem.name_en,
        Provider.name,
    ]
    there = (
        select(func.array_agg(Caregiver.name))
        .join(Attendance, Attendance.caregiver_id == Caregiver.id)
        .where(Attendance.visit_id == StatementSample.visit_id, Attendance.state.in_(COUNTED))
        .scalar_subquery()
    )
    return (
        select(*said, func.coalesce(there, text("array[]::varchar[]")).label("caregivers"))
        .join(Statement, Statement.id == StatementSample.statement_id)
        .join(Provider, Provider.id == Statement.provider_id)
        .join(Visit, Visit.id == StatementSample.visit_id)
        .join(Elder, Elder.id == Visit.elder_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
    )


def samples(session: Session, found: Statement) -> Sequence[Any]:
    """Visits to be called back, as drawn, each with the month, elder, visit, item, provider and who was there."""
    said: Sequence[Any] = session.execute(
        _sampled().where(StatementSample.statement_id == found.id).order_by(StatementSample.rank)
    ).all()
    return said


def to_call_back(session: Session, district_id: int) -> Sequence[Any]:
    """Visits drawn whose elder nobody has reached yet, of statements nobody has approved; as `samples`."""
    said: Sequence[Any] = session.execute(
        _sampled()
        .where(StatementSample.district_id == district_id)
        .where(StatementSample.state.in_((SampleState.OPEN, SampleState.UNREACHED)))
        .where(Statement.state.not_in((StatementState.APPROVED, StatementState.LOCKED)))
        .order_by(StatementSample.state != SampleState.OPEN, Statement.month, Elder.id, StatementSample.rank)
        .limit(PAGE)
    ).all()
    return said


def payers(session: Session, found: Statement) -> list[tuple[str, str, str, int]]:
    """Code, both names and cents of each programme that pays of a statement."""
    names = session.execute(
        select(Program.code, Program.name_zh, Program.name_en)
        .where(Program.district_id == found.district_id, Program.code.in_(found.payers))
        .order_by(Program.id)
    )
    return [(code, zh, en, found.payers[code]) for code, zh, en in names]


def disputes(session: Session, found: Statement) -> Sequence[Dispute]:
    """What the provider said is wrong, newest first."""
    return session.scalars(select(Dispute).where(Dispute.statement_id == found.id).order_by(Dispute.id.desc())).all()


def entries(session: Session, district_id: int, visit_id: int) -> Sequence[Any]:
    """Every ledger entry of a visit, with its programme and the statement it is in."""
    return session.execute(
        select(LedgerEntry, Program.name_zh, Program.name_en, SettledEntry.statement_id)
        .outerjoin(Program, Program.id == LedgerEntry.program_id)
        .outerjoin(
            SettledEntry,
            (SettledEntry.district_id == LedgerEntry.district_id) & (SettledEntry.entry_id == LedgerEntry.id),
        )
        .where(LedgerEntry.district_id == district_id, LedgerEntry.visit_id == visit_id)
        .order_by(LedgerEntry.id)
    ).all()


def contracts(session: Session, district_id: int) -> Sequence[Any]:
    """Every contract with its provider's name."""
    return session.execute(
        select(Contract, Provider.name)
        .join(Provider, Provider.id == Contract.provider_id)
        .where(Contract.district_id == district_id)
        .order_by(Provider.name, Contract.starts.desc())
    ).all()


def contract(session: Session, contract_id: int, me: Caller) -> Contract:
    """The contract, for who sees the whole district; raises NotFound."""
    found = session.get(Contract, contract_id)
    if found is None or found.district_id != me.district_id or not whole(me):
        raise NotFound("There is no such contract.")
    return found


def whole(me: Caller) -> bool:
    """Whether the caller sees the whole district: its contracts and runs are no street's."""
    return len(me.area) <= DISTRICT


def terms(session: Session, contract_id: int) -> Sequence[ContractTerms]:
    """All versions of a contract's terms, newest first."""
    return session.scalars(
        select(ContractTerms).where(ContractTerms.contract_id == contract_id).order_by(ContractTerms.version.desc())
    ).all()


@dataclass(frozen=True)
class Reconciled:
    """One provider's month of service: the ledger's cents, and where each of them is."""

    provider_id: int
    provider: str
    ledger_cents: int
    settled_cents: int  # in the statement of the month
    later_cents: int  # in statements of later months
    gone_cents: int  # in none: the elder had died or left before the visit
    since_cents: int  # in none: booked since the statement was drawn up

    @property
    def unexplained_cents(self) -> int:
        """Nothing, or something is wrong."""
        return self.ledger_cents - self.settled_cents - self.later_cents - self.gone_cents - self.since_cents


RECONCILE: Final = text("""
    select p.id, p.name, sum(x.cents) as ledger_cents,
        coalesce(sum(x.cents) filter (where x.of_month = :month), 0) as settled_cents,
        coalesce(sum(x.cents) filter (where x.of_month > :month), 0) as later_cents,
        coalesce(sum(x.cents) filter (where x.of_month is null and x.gone), 0) as gone_cents,
        coalesce(sum(x.cents) filter (where x.of_month is null and not x.gone), 0) as since_cents
    from (
        select e.provider_id, t.month as of_month,
            case when e.kind in ('capture', 'fee') then e.cents else -e.cents end as cents,
            v.state = 'verified' and coalesce(d.ended_at <= coalesce(v.starts_at, v.opens), false) as gone
        from ledger_entries e
        join visits v on v.id = e.visit_id
        join elders d on d.id = v.elder_id
        left join settled_entries s on s.district_id = e.district_id and s.entry_id = e.id
        left join statements t on t.id = s.statement_id
        where e.district_id = :district and e.kind in ('capture', 'refund', 'fee', 'waive') and e.month = :month
    ) x
    join providers p on p.id = x.provider_id
    group by p.id, p.name
    order by p.name
""")


def reconciled(session: Session, district_id: int, month: date) -> list[Reconciled]:
    """What the ledger owes each provider for services of a month, beside what statements pay; to the cent."""
    rows = session.execute(RECONCILE, {"district": district_id, "month": month})
    return [Reconciled(*row) for row in rows]
