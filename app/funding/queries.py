"""Reading entitlements and the ledger."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from app.catalogue.rules import Approval
from app.funding.rules import Account, EntryKind, Payable, Source
from app.funding.tables import Entitlement, LedgerEntry, Program, ProgramVersion

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
    level: str
    granted_cents: int
    free_cents: int
    reserved_cents: int
    captured_cents: int
    expired_cents: int
    cash_cents: int


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
        select(E.id, Program.code, E.month, E.free_cents, E.line_cap_cents, ProgramVersion.terms)
        .join(Program, Program.id == E.program_id)
        .join(ProgramVersion, ProgramVersion.id == E.version_id)
        .where(E.elder_id == elder_id, E.month.in_(list(months)))
        .order_by(E.id)
    )
    rows = session.execute(query.with_for_update(of=E) if lock else query).all()
    found: dict[date, list[Source]] = {}
    for row in sorted(rows, key=lambda row: (row.terms["rank"], row.id)):
        terms = row.terms
        source = Source(
            row.id, row.code, row.month, row.free_cents, terms["share_percent"], tuple(terms["aids"]),
            row.line_cap_cents, tuple(terms["items"]), tuple(terms["canteens"]), tuple(terms["not_on_line_with"]),
            Approval(terms.get("approval", Approval.NONE)),
        )  # fmt: skip
        found.setdefault(row.month, []).append(source)
    return found


def names(session: Session, district_id: int) -> dict[str, tuple[str, str]]:
    """What the programmes of a district are called, in Chinese and in English, by their codes."""
    rows = session.execute(
        select(Program.code, Program.name_zh, Program.name_en).where(Program.district_id == district_id)
    )
    return {code: (zh, en) for code, zh, en in rows}


def balances(session: Session, elder_id: int, month: date) -> Sequence[Balance]:
    """The entitlements of an elder's month, in the order in which they pay."""
    rows = session.execute(
        select(
            E.id, Program.code.label("program"), Program.name_zh, Program.name_en, E.month, E.level, E.granted_cents,
            E.free_cents, E.reserved_cents, E.captured_cents, E.expired_cents, E.cash_cents,
        )
        .join(Program, Program.id == E.program_id)
        .join(ProgramVersion, ProgramVersion.id == E.version_id)
        .where(E.elder_id == elder_id, E.month == month)
        .order_by(ProgramVersion.terms["rank"].as_integer(), E.id)
    )  # fmt: skip
    return [Balance(**row._mapping) for row in rows]


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


def paid_of(session: Session, district_id: int, visit_ids: Iterable[int]) -> dict[int, Counter[str | None]]:
    """By visit: what each programme has paid or keeps for it, and under None what the elder owes of it."""
    rows = session.execute(
        select(L.visit_id, Program.code, net(Account.CAPTURED) + net(Account.RESERVED), net(Account.OWED))
        .outerjoin(Program, Program.id == L.program_id)
        .where(L.district_id == district_id, L.visit_id.in_(list(visit_ids)))
        .group_by(L.visit_id, Program.code, Program.id)
        .order_by(L.visit_id, Program.id)
    ).all()
    found: dict[int, Counter[str | None]] = defaultdict(Counter)
    for visit_id, code, cents, owed in rows:
        found[visit_id or 0] += Counter({code: cents} if code else {}) + Counter({None: owed})
    return found


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


def faults(session: Session) -> Iterator[Fault]:
    """Every balance that differs from the sum of its ledger entries; none, if all is well. Read as a stream."""
    kept = {
        Account.BUDGET: -E.granted_cents, Account.FREE: E.free_cents, Account.RESERVED: E.reserved_cents,
        Account.CAPTURED: E.captured_cents, Account.EXPIRED: E.expired_cents, Account.CASH: E.cash_cents,
    }  # fmt: skip
    sums = (
        select(L.entitlement_id.label("id"), *(net(account).label(account) for account in kept))
        .where(L.entitlement_id.is_not(None))
        .group_by(L.entitlement_id)
        .subquery()
    )
    told = [(account, func.coalesce(column, 0), func.coalesce(sums.c[account], 0)) for account, column in kept.items()]
    query = (
        select(func.coalesce(E.id, sums.c.id), *(value for _, *pair in told for value in pair))
        .select_from(E)
        .join(sums, sums.c.id == E.id, full=True)
        .where(or_(*(balance != summed for _, balance, summed in told)))
    )
    for row in session.execute(query.execution_options(yield_per=1000)):
        for n, account in enumerate(kept):
            balance, summed = row[1 + 2 * n], row[2 + 2 * n]
            if balance != summed:
                yield Fault(row[0], account, balance, summed)


def strangers(session: Session) -> Iterator[int]:
    """Entries that name another elder, month, programme or district than the entitlement they move."""
    query = (
        select(L.id)
        .join(E, E.id == L.entitlement_id)
        .where(
            or_(
                L.elder_id != E.elder_id,
                L.month != E.month,
                L.program_id != E.program_id,
                L.district_id != E.district_id,
            )
        )
        .order_by(L.id)
    )
    yield from session.scalars(query.execution_options(yield_per=1000))
