"""Granting, reserving, capturing, releasing, expiring: each an entry of the ledger and a change of balance at once."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import calendar
from app.db import notice
from app.funding import queries
from app.funding.rules import OF_ENTITLEMENT, Account, EntitlementUsedUp, EntryKind, GraceOver, Payable, Split, portion
from app.funding.tables import Entitlement, LedgerEntry, Program, ProgramAmount
from app.people.rules import AbilityLevel
from app.people.tables import Elder

CLOCK: Final = "clock"  # who grants and expires
COLUMN: Final = {
    Account.FREE: Entitlement.free_cents,
    Account.RESERVED: Entitlement.reserved_cents,
    Account.CAPTURED: Entitlement.captured_cents,
    Account.EXPIRED: Entitlement.expired_cents,
}
SHARED: Final = (  # what an entry repeats of its entitlement
    Entitlement.district_id,
    Entitlement.division_code,
    Entitlement.elder_id,
    Entitlement.month,
    Entitlement.program_id,
)
K, A = EntryKind, Account


def add_program(
    session: Session,
    *,
    district_id: int,
    code: str,
    name_zh: str,
    name_en: str,
    amounts: Mapping[AbilityLevel, int],
    starts: date,
    **given: Any,
) -> Program:
    """A programme and its cents a month by level, both from a month on."""
    program = Program(district_id=district_id, code=code, name_zh=name_zh, name_en=name_en, starts=starts, **given)
    session.add(program)
    session.flush()
    session.add_all(
        ProgramAmount(district_id=district_id, program_id=program.id, level=level, starts=starts, cents=cents)
        for level, cents in amounts.items()
    )
    session.flush()
    return program


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


def _self_pay(session: Session, visit: Payable, kind: EntryKind, cents: int, *, by: str, now: datetime) -> None:
    source, target = (A.PURSE, A.OWED) if kind is K.CAPTURE else (A.OWED, A.PURSE)
    entry = LedgerEntry(
        at=now, by=by, kind=kind, source=source, target=target, cents=cents, district_id=visit.district_id,
        division_code=visit.division_code, elder_id=visit.elder_id, month=calendar.month_of(visit.opens),
        order_id=visit.order_id, visit_id=visit.id, provider_id=visit.provider_id,
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
        _self_pay(session, visit, K.CAPTURE, own, by=by, now=now)


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
        _self_pay(session, visit, K.CAPTURE, own, by=by, now=now)
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
        _self_pay(session, visit, K.REFUND, owed, by=by, now=now)


def adjust(session: Session, entitlement_id: int, cents: int, *, by: str, now: datetime, reason: str) -> None:
    """Mend a grant: more (positive), or less of what is still free."""
    source, target = (A.BUDGET, A.FREE) if cents > 0 else (A.FREE, A.BUDGET)
    post(session, K.ADJUST, source, target, abs(cents), entitlement_id, by=by, now=now, reason=reason)


def grant_to(session: Session, elder: Elder, month: date, *, by: str = CLOCK, now: datetime) -> None:
    """Every programme's entitlement of one month that an elder is due and does not have yet."""
    for program_id, cents in queries.due_to(session, elder, month):
        empty = {
            "district_id": elder.district_id, "division_code": elder.division_code, "elder_id": elder.id,
            "month": month, "program_id": program_id, "level": elder.level,
        }  # fmt: skip
        made = session.scalar(insert(Entitlement).values(empty).on_conflict_do_nothing().returning(Entitlement.id))
        if made is not None:
            post(session, K.GRANT, A.BUDGET, A.FREE, cents, made, by=by, now=now)


def grant_month(session: Session, month: date, *, now: datetime) -> None:
    """The entitlements of a month for everybody who is due one. Harmless when repeated or late."""
    for elder_id in queries.ungranted(session, month):
        grant_to(session, session.get_one(Elder, elder_id), month, now=now)


def grant_months(session: Session, *, now: datetime) -> None:
    """The job: this month's and, in advance, next month's."""
    this_month = calendar.month_of(now)
    for month in (this_month, calendar.next_month(this_month)):
        grant_month(session, month, now=now)


def expire(session: Session, entitlement_id: int, *, now: datetime, grace_days: int) -> None:
    """Expire what is free of an ended month; when its days of grace are over, also what is reserved."""
    month = session.scalar(select(Entitlement.month).where(Entitlement.id == entitlement_id).with_for_update())
    if month is None or month >= calendar.month_of(now):
        return
    if month < calendar.month_of(now - timedelta(days=grace_days)):
        for visit_id, order_id, cents in queries.held_of(session, entitlement_id):
            post(
                session, K.RELEASE, A.RESERVED, A.FREE, cents, entitlement_id, by=CLOCK, now=now, visit_id=visit_id,
                order_id=order_id, reason="the days of grace are over",
            )  # fmt: skip
    free = session.scalars(select(Entitlement.free_cents).where(Entitlement.id == entitlement_id)).one()
    if free:
        post(session, K.EXPIRE, A.FREE, A.EXPIRED, free, entitlement_id, by=CLOCK, now=now)


def expire_months(session: Session, *, now: datetime, grace_days: int) -> None:
    """All that is due to expire, in one transaction. Harmless when repeated or late."""
    for entitlement_id in queries.expirable(session, now=now, grace_days=grace_days):
        expire(session, entitlement_id, now=now, grace_days=grace_days)
