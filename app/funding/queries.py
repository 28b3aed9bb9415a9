"""Reading entitlements and the ledger."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from app import calendar
from app.funding.rules import Account, EntryKind, Payable, Source, eligible
from app.funding.tables import Entitlement, LedgerEntry, Program, ProgramAmount
from app.people.rules import AbilityLevel, Register
from app.people.tables import Elder

E = Entitlement
L = LedgerEntry


@dataclass(frozen=True)
class Balance:
    """An entitlement as a screen shows it."""

    id: int
    program: str
    name_zh: str
    name_en: str
    month: date
    level: AbilityLevel
    granted_cents: int
    free_cents: int
    reserved_cents: int
    captured_cents: int
    expired_cents: int


@dataclass(frozen=True)
class Line:
    """One ledger entry and what was free and reserved after it, over all programmes of the month."""

    id: int
    at: datetime
    by: str
    kind: EntryKind
    source: Account
    target: Account
    cents: int
    program: str | None
    order_id: int | None
    visit_id: int | None
    reason: str | None
    free_after_cents: int
    reserved_after_cents: int


@dataclass(frozen=True)
class Fault:
    """A balance that is not what the ledger adds up to."""

    entitlement_id: int
    account: str
    kept_cents: int
    ledger_cents: int


def net(account: Account) -> ColumnElement[int]:
    """What entries add up to on an account."""
    return func.coalesce(func.sum(case((L.target == account, L.cents), (L.source == account, -L.cents), else_=0)), 0)


def sources(session: Session, elder_id: int, months: Iterable[date], *, lock: bool = False) -> dict[date, list[Source]]:
    """What may pay in each month, in the stated order. `lock` holds the balances until the transaction ends."""
    query = (
        select(E.id, Program.code, E.month, E.free_cents, Program.share_percent, Program.aids)
        .join(Program, Program.id == E.program_id)
        .where(E.elder_id == elder_id, E.month.in_(list(months)))
        .order_by(E.month, Program.rank, E.id)
    )
    found: dict[date, list[Source]] = {}
    for row in session.execute(query.with_for_update(of=E) if lock else query):
        found.setdefault(row.month, []).append(Source(*row[:5], tuple(row.aids)))
    return found


def balances(session: Session, elder_id: int, month: date) -> Sequence[Balance]:
    """The entitlements of an elder's month, in the order in which they pay."""
    rows = session.execute(
        select(
            E.id, Program.code, Program.name_zh, Program.name_en, E.month, E.level, E.granted_cents, E.free_cents,
            E.reserved_cents, E.captured_cents, E.expired_cents,
        )
        .join(Program, Program.id == E.program_id)
        .where(E.elder_id == elder_id, E.month == month)
        .order_by(Program.rank, E.id)
    )  # fmt: skip
    return [Balance(*row) for row in rows]


def statement(session: Session, district_id: int, elder_id: int, month: date) -> Sequence[Line]:
    """Every entry of an elder's month, oldest first, with the running balance."""
    rows = session.execute(
        select(L.id, L.at, L.by, L.kind, L.source, L.target, L.cents, Program.code, L.order_id, L.visit_id, L.reason)
        .outerjoin(Program, Program.id == L.program_id)
        .where(L.district_id == district_id, L.elder_id == elder_id, L.month == month)
        .order_by(L.id)
    )
    lines, after = [], {Account.FREE: 0, Account.RESERVED: 0}
    for row in rows:
        for account in after:
            after[account] += row.cents * ((row.target is account) - (row.source is account))
        lines.append(Line(*row, after[Account.FREE], after[Account.RESERVED]))
    return lines


def held_for(session: Session, visit: Payable) -> Sequence[tuple[int, int]]:
    """(entitlement, cents) still reserved for a visit."""
    return _of_visit(session, visit, Account.RESERVED)


def captured_for(session: Session, visit: Payable) -> Sequence[tuple[int, int]]:
    """(entitlement, cents) captured for a visit and not refunded."""
    return _of_visit(session, visit, Account.CAPTURED)


def owed_for(session: Session, visit: Payable) -> int:
    """Cents of a visit that the elder pays and that are booked as such."""
    mine = and_(L.district_id == visit.district_id, L.visit_id == visit.id)
    return session.execute(select(net(Account.OWED)).where(mine)).scalar_one()


def _of_visit(session: Session, visit: Payable, account: Account) -> Sequence[tuple[int, int]]:
    rows = session.execute(
        select(L.entitlement_id, net(account).label("cents"))
        .where(L.district_id == visit.district_id, L.visit_id == visit.id, L.entitlement_id.is_not(None))
        .group_by(L.entitlement_id)
        .having(net(account) > 0)
        .order_by(L.entitlement_id)
    )
    return [(row.entitlement_id, row.cents) for row in rows]


def held_of(session: Session, entitlement_id: int) -> Sequence[tuple[int, int, int]]:
    """(visit, order, cents) for which cents of an entitlement are still reserved."""
    rows = session.execute(
        select(L.visit_id, L.order_id, net(Account.RESERVED).label("cents"))
        .where(L.entitlement_id == entitlement_id, L.visit_id.is_not(None))
        .group_by(L.visit_id, L.order_id)
        .having(net(Account.RESERVED) > 0)
    )
    return [(row.visit_id, row.order_id, row.cents) for row in rows]


def ungranted(session: Session, month: date) -> Sequence[int]:
    """Elders on purchased service who lack an entitlement of a programme running in the month, whoever they are."""
    return session.scalars(_ungranted(month).with_only_columns(Elder.id).distinct().order_by(Elder.id)).all()


def due_to(session: Session, elder: Elder, month: date) -> Sequence[tuple[int, int]]:
    """(programme, cents) an elder is still to be granted for a month; TOTAL without a line of its own is SEVERE."""
    programs = session.execute(
        _ungranted(month)
        .with_only_columns(Program.id, Program.excluded_categories)
        .where(Elder.id == elder.id)
        .order_by(Program.rank)
    )
    due = []
    for program_id, excluded in programs:
        amount = _amount(session, program_id, elder.level, month)
        if amount is None and elder.level is AbilityLevel.TOTAL:
            amount = _amount(session, program_id, AbilityLevel.SEVERE, month)
        if amount and eligible(excluded, elder.categories):
            due.append((program_id, amount))
    return due


def _ungranted(month: date) -> Select[int]:
    return (
        select(Elder.id)
        .join(Program, Program.district_id == Elder.district_id)
        .outerjoin(E, and_(E.elder_id == Elder.id, E.program_id == Program.id, E.month == month))
        .where(Elder.register == Register.PURCHASED_SERVICE, Elder.ended_at.is_(None), E.id.is_(None))
        .where(Program.starts < calendar.next_month(month), or_(Program.ends.is_(None), Program.ends >= month))
    )


def _amount(session: Session, program_id: int, level: AbilityLevel, month: date) -> int | None:
    return session.scalar(
        select(ProgramAmount.cents)
        .where(ProgramAmount.program_id == program_id, ProgramAmount.level == level, ProgramAmount.starts <= month)
        .order_by(ProgramAmount.starts.desc())
        .limit(1)
    )


def expirable(session: Session, *, now: datetime, grace_days: int) -> Sequence[int]:
    """Entitlements of ended months with something free, or with something reserved when the days of grace are over."""
    this_month = calendar.month_of(now)
    settled = calendar.month_of(now - timedelta(days=grace_days))
    return session.scalars(
        select(E.id)
        .where(or_(and_(E.month < this_month, E.free_cents > 0), and_(E.month < settled, E.reserved_cents > 0)))
        .order_by(E.id)
    ).all()


def faults(session: Session) -> Sequence[Fault]:
    """Every balance that differs from the sum of its ledger entries; none, if all is well."""
    kept = {
        Account.BUDGET: -E.granted_cents, Account.FREE: E.free_cents, Account.RESERVED: E.reserved_cents,
        Account.CAPTURED: E.captured_cents, Account.EXPIRED: E.expired_cents,
    }  # fmt: skip
    sums = (
        select(L.entitlement_id.label("id"), *(net(account).label(account) for account in kept))
        .where(L.entitlement_id.is_not(None))
        .group_by(L.entitlement_id)
        .subquery()
    )
    found: list[Fault] = []
    for account, column in kept.items():
        summed = func.coalesce(sums.c[account], 0)
        rows = session.execute(
            select(func.coalesce(E.id, sums.c.id), func.coalesce(column, 0), summed)
            .select_from(E)
            .join(sums, sums.c.id == E.id, full=True)
            .where(func.coalesce(column, 0) != summed)
        )
        found += [Fault(row[0], account, row[1], row[2]) for row in rows]
    return found
