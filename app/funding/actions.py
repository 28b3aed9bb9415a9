"""Granting, reserving, capturing, releasing, expiring: each an entry of the ledger and a change of balance at once."""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from app import calendar
from app.db import notice
from app.funding import granting, queries
from app.funding.granting import CLOCK
from app.funding.rules import (
    OF_ENTITLEMENT,
    OWN_WAYS,
    Account,
    EntitlementUsedUp,
    EntryKind,
    GraceOver,
    Payable,
    Split,
    portion,
)
from app.funding.tables import Entitlement, LedgerEntry, Program, ProgramVersion
from app.funding.terms import Person, Terms, of_days
from app.people.tables import Elder

COLUMN: Final = {
    Account.FREE: Entitlement.free_cents,
    Account.RESERVED: Entitlement.reserved_cents,
    Account.CAPTURED: Entitlement.captured_cents,
    Account.EXPIRED: Entitlement.expired_cents,
    Account.CASH: Entitlement.cash_cents,
}
SHARED: Final = (  # what an entry repeats of its entitlement
    Entitlement.district_id,
    Entitlement.division_code,
    Entitlement.elder_id,
    Entitlement.month,
    Entitlement.program_id,
)
K, A = EntryKind, Account


def post(
    session: Session,
    kind: EntryKind,
    source: Account,
    target: Account,
    cents: int,
    entitlement_id: int,
    *,
    by: str,
    now: datetime,
    visit: Payable | None = None,
    order_id: int | None = None,
    visit_id: int | None = None,
    reason: str | None = None,
) -> None:
    """The only place that moves cents of an entitlement; raises EntitlementUsedUp when the source has too few."""
    changes: dict[Any, Any] = {}
    if source in OF_ENTITLEMENT:
        changes[COLUMN[source]] = COLUMN[source] - cents
    if target in OF_ENTITLEMENT:
        changes[COLUMN[target]] = COLUMN[target] + cents
    if A.BUDGET in (source, target):
        changes[Entitlement.granted_cents] = Entitlement.granted_cents + (cents if source is A.BUDGET else -cents)
    enough = COLUMN[source] >= cents if source in OF_ENTITLEMENT else Entitlement.id.is_not(None)
    row = session.execute(
        update(Entitlement)
        .where(Entitlement.id == entitlement_id, enough)
        .values(changes)
        .returning(*SHARED)
        .execution_options(synchronize_session=False)
    ).first()
    if row is None:
        raise EntitlementUsedUp(f"There are not {cents} cents {source} any more.", entitlement_id=entitlement_id)
    entry = LedgerEntry(
        at=now, by=by, kind=kind, source=source, target=target, cents=cents, entitlement_id=entitlement_id,
        order_id=visit.order_id if visit else order_id, visit_id=visit.id if visit else visit_id,
        provider_id=visit.provider_id if visit else None, reason=reason, **row._mapping,
    )  # fmt: skip
    session.add(entry)
    session.flush()
    notice(session, row.district_id, f"entitlements/{row.elder_id}")


def own_money(
    session: Session, visit: Payable, kind: EntryKind, cents: int, *, by: str, now: datetime, reason: str | None = None
) -> None:
    """Cents between the elder's purse and a provider: her part of a visit, or the fee of one called off too late."""
    source, target = OWN_WAYS[kind]
    entry = LedgerEntry(
        at=now, by=by, kind=kind, source=source, target=target, cents=cents, district_id=visit.district_id,
        division_code=visit.division_code, elder_id=visit.elder_id, month=calendar.month_of(visit.opens),
        order_id=visit.order_id, visit_id=visit.id, provider_id=visit.provider_id, reason=reason,
    )  # fmt: skip
    session.add(entry)
    session.flush()


def reserve_for(session: Session, visit: Payable, split: Split, *, by: str, now: datetime) -> None:
    """Set aside what was agreed for one visit."""
    for part in split.parts:
        post(session, K.RESERVE, A.FREE, A.RESERVED, part.cents, part.entitlement_id, by=by, now=now, visit=visit)


def capture_for(session: Session, visit: Payable, *, by: str, now: datetime) -> None:
    """A verified visit is owed to its provider. Harmless when repeated; raises GraceOver when the month is settled."""
    held = queries.held_for(session, visit)
    captured = sum(cents for _, cents in queries.captured_for(session, visit))
    if sum(cents for _, cents in held) + captured < visit.allowance_cents:
        raise GraceOver("What was reserved for this visit has expired.", month=str(calendar.month_of(visit.opens)))
    for entitlement_id, cents in held:
        post(session, K.CAPTURE, A.RESERVED, A.CAPTURED, cents, entitlement_id, by=by, now=now, visit=visit)
    if (own := visit.self_pay_cents - queries.owed_for(session, visit)) > 0:
        own_money(session, visit, K.CAPTURE, own, by=by, now=now)


def capture_part(session: Session, visit: Payable, given: int, of: int, *, by: str, now: datetime) -> int:
    """A visit given in part is owed in part: `given`/`of` of every source and of the elder's own, the rest released.

    Answers the cents owed. Harmless when repeated; raises GraceOver when the month is settled.
    """
    if captured := sum(cents for _, cents in queries.captured_for(session, visit)) + queries.owed_for(session, visit):
        return captured
    held = queries.held_for(session, visit)
    if sum(cents for _, cents in held) < visit.allowance_cents:
        raise GraceOver("What was reserved for this visit has expired.", month=str(calendar.month_of(visit.opens)))
    *parts, own = portion([*(cents for _, cents in held), visit.self_pay_cents], given, of)
    for (entitlement_id, cents), part in zip(held, parts, strict=True):
        moves = ((K.CAPTURE, A.CAPTURED, part, None), (K.RELEASE, A.FREE, cents - part, "given in part"))
        for kind, target, moved, reason in moves:
            if moved:
                post(
                    session, kind, A.RESERVED, target, moved, entitlement_id, by=by, now=now, visit=visit,
                    reason=reason,
                )  # fmt: skip
    if own:
        own_money(session, visit, K.CAPTURE, own, by=by, now=now)
    return sum(parts) + own


def release_for(session: Session, visit: Payable, *, by: str, now: datetime, reason: str | None = None) -> None:
    """A visit that will not count gives back all that was reserved for it. Harmless when repeated."""
    for entitlement_id, cents in queries.held_for(session, visit):
        post(session, K.RELEASE, A.RESERVED, A.FREE, cents, entitlement_id, by=by, now=now, visit=visit, reason=reason)


def refund_for(session: Session, visit: Payable, *, by: str, now: datetime, reason: str | None = None) -> None:
    """A visit that counted and should not have gives back all that was captured for it. Harmless when repeated."""
    for entitlement_id, cents in queries.captured_for(session, visit):
        post(session, K.REFUND, A.CAPTURED, A.FREE, cents, entitlement_id, by=by, now=now, visit=visit, reason=reason)
    if (owed := queries.owed_for(session, visit)) > 0:
        own_money(session, visit, K.REFUND, owed, by=by, now=now)


def adjust(session: Session, entitlement_id: int, cents: int, *, by: str, now: datetime, reason: str) -> None:
    """Mend a grant: more (positive), or less of what is still free."""
    source, target = (A.BUDGET, A.FREE) if cents > 0 else (A.FREE, A.BUDGET)
    post(session, K.ADJUST, source, target, abs(cents), entitlement_id, by=by, now=now, reason=reason)


def grant_to(session: Session, elder: Elder, month: date, *, by: str = CLOCK, now: datetime) -> None:
    """Every programme's entitlement of one month that an elder is due and does not have yet."""
    granting.follow(session, elder.district_id, month, after=elder.id - 1, until=elder.id, by=by, now=now)
    notice(session, elder.district_id, f"entitlements/{elder.id}")


def mend_ahead(session: Session, elder: Elder, *, by: str, now: datetime, reason: str) -> int:
    """The month granted in advance follows what has changed for an elder; answers the cents more (or less)."""
    granted, mended = granting.follow(
        session, elder.district_id, calendar.next_month(calendar.month_of(now)), after=elder.id - 1, until=elder.id,
        by=by, now=now, mended_for=reason,
    )  # fmt: skip
    notice(session, elder.district_id, f"entitlements/{elder.id}")
    return mended.cents + granted.cents


def follow_list(session: Session, elder: Elder, *, by: str, now: datetime, program: str) -> None:
    """Who comes onto a list has its money in the month that runs; what a list takes away, it takes from the next on."""
    grant_to(session, elder, calendar.month_of(now), by=by, now=now)
    mend_ahead(session, elder, by=by, now=now, reason=f"the list of {program} has changed")


def mend_begun(
    session: Session, elder: Elder, month: date, before: Person, after: Person, *, by: str, now: datetime, reason: str
) -> int:
    """A month that has begun and an event broke: by its days where the version says so, gone where no day is left.

    What is spent or reserved stays; answers the cents given back to the budget (negative) or added.
    """
    rows = session.execute(
        select(Entitlement, ProgramVersion.terms, Program.code)
        .join(ProgramVersion, ProgramVersion.id == Entitlement.version_id)
        .join(Program, Program.id == Entitlement.program_id)
        .where(Entitlement.elder_id == elder.id, Entitlement.month == month)
        .order_by(Entitlement.id)
        .with_for_update(of=Entitlement)
        .execution_options(populate_existing=True)
    ).all()
    moved = 0
    for row, said, code in rows:
        terms = Terms(**said)
        (was, was_cash), (is_, is_cash) = (of_days(terms, row.level, who, code, month) for who in (before, after))
        for account, cents in (
            (A.FREE, max(is_ - was, -row.free_cents)),
            (A.CASH, max(is_cash - was_cash, -row.cash_cents)),
        ):
            moved += settle_account(session, row.id, account, -cents, by=by, now=now, reason=reason)
    return moved


def give_again(session: Session, elder: Elder, *, taken_for: str, by: str, now: datetime, reason: str) -> int:
    """Put back what was taken from entitlements for a reason that turned out wrong; answers the cents."""
    E_ = LedgerEntry
    back = case((E_.target == A.BUDGET, E_.cents), else_=-E_.cents)
    account = case((E_.target == A.BUDGET, E_.source), else_=E_.target)
    rows = session.execute(
        select(E_.entitlement_id, account.label("account"), func.sum(back).label("cents"))
        .where(E_.district_id == elder.district_id, E_.elder_id == elder.id, E_.kind == K.ADJUST)
        .where(E_.reason == taken_for, E_.entitlement_id.is_not(None))
        .group_by(E_.entitlement_id, account)
        .order_by(E_.entitlement_id)
    ).all()
    return sum(
        settle_account(session, row.entitlement_id, A(row.account), -row.cents, by=by, now=now, reason=reason)
        for row in rows
        if row.cents > 0
    )


def settle_account(
    session: Session, entitlement_id: int, account: Account, cents: int, *, by: str, now: datetime, reason: str
) -> int:
    """Cents from an entitlement's account to the budget, or (negative) from it; answers what the elder gained."""
    if cents:
        way = (account, A.BUDGET) if cents > 0 else (A.BUDGET, account)
        post(session, K.ADJUST, *way, abs(cents), entitlement_id, by=by, now=now, reason=reason)
    return -cents


def grant_month(session: Session, month: date, *, now: datetime) -> None:
    """The entitlements of a month for everybody who is due one. Harmless when repeated or late."""
    for district_id in session.scalars(select(Program.district_id).distinct()).all():
        granting.follow(session, district_id, month, now=now)


def grant_months(session: Session, *, now: datetime) -> None:
    """This month's entitlements and, in advance, next month's, in one transaction."""
    this_month = calendar.month_of(now)
    for month in (this_month, calendar.next_month(this_month)):
        grant_month(session, month, now=now)


def expire_months(session: Session, *, now: datetime, grace_days: int) -> None:
    """All that is due to expire, in one transaction. Harmless when repeated or late."""
    granting.release(session, now=now, grace_days=grace_days)
    granting.expire(session, now=now)
