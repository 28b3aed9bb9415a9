"""Paying a visit that was given in part, and making one whole again."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import calendar
from app.funding import actions as funding
from app.funding import queries as money
from app.funding.rules import Account, EntryKind
from app.funding.tables import Entitlement, LedgerEntry
from app.orders.tables import Visit
from app.planning import queries as planning
from app.visits import queries, stays
from app.visits.appeal_tables import PartialVisit
from app.visits.terms_rules import PartRule, part_of, share_of_minutes, share_of_tasks


def share(session: Session, visit: Visit) -> tuple[PartRule, int, int]:
    """By which rule a visit as it stands on record counts in part, and the share; raises NothingMissing."""
    laid_over = queries.corrections(session, visit.district_id, visit.id)
    given = []
    for attendance in planning.had_to_come(session, visit.id):
        times = queries.effective(attendance, laid_over)
        if times["started_at"] and times["finished_at"]:
            given.append(int((times["finished_at"] - times["started_at"]).total_seconds() // 60))
    said = queries.task_results(session, [visit.id]).get(visit.id, [])
    outcomes: list[str | None] = [row.outcome for row in said]
    outcomes += [None] * len(queries.tasks_missing(session, visit))
    rule = stays.terms_on(session, visit.district_id, calendar.day_of(visit.starts_at or visit.opens)).part_rule(
        visit.item_code
    )
    minutes = share_of_minutes(given, visit.minutes, visit.caregivers_needed)
    return rule, *part_of(rule, minutes, share_of_tasks(outcomes))


def last_of(session: Session, visit_id: int) -> PartialVisit | None:
    """The share a visit counts with, if it is not simply whole."""
    return session.scalar(
        select(PartialVisit).where(PartialVisit.visit_id == visit_id).order_by(PartialVisit.id.desc()).limit(1)
    )


def note(
    session: Session, visit: Visit, rule: PartRule | None, given: int, of: int, due_cents: int, *, by: str,
    now: datetime, reason: str,
) -> PartialVisit:  # fmt: skip
    """Write down the share a visit counts with."""
    row = PartialVisit(
        district_id=visit.district_id, division_code=visit.division_code, provider_id=visit.provider_id,
        visit_id=visit.id, rule=rule, given=given, whole=of, agreed_cents=visit.price_cents, due_cents=due_cents,
        reason=reason, by=by, at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def reserve_again(session: Session, visit: Visit, *, by: str, now: datetime, reason: str) -> None:
    """Reserve what is missing of what was agreed: from what is free again; what is gone, the budget grants anew."""
    has = dict(money.held_for(session, visit))
    for entitlement_id, cents in money.captured_for(session, visit):
        has[entitlement_id] = has.get(entitlement_id, 0) + cents
    reserved = (
        select(func.max(LedgerEntry.id))
        .where(LedgerEntry.district_id == visit.district_id, LedgerEntry.visit_id == visit.id)
        .where(LedgerEntry.kind == EntryKind.RESERVE)
        .group_by(LedgerEntry.entitlement_id)
    )
    last = select(LedgerEntry.entitlement_id, LedgerEntry.cents).where(
        LedgerEntry.district_id == visit.district_id, LedgerEntry.id.in_(reserved)
    )
    for source_id, agreed in session.execute(last).all():
        missing = agreed - has.get(source_id or 0, 0)
        if source_id is None or missing <= 0:
            continue
        free = session.scalars(
            select(Entitlement.free_cents).where(Entitlement.id == source_id).with_for_update()
        ).one()
        if free < missing:
            funding.adjust(session, source_id, missing - free, by=by, now=now, reason=reason)
        funding.post(
            session, EntryKind.RESERVE, Account.FREE, Account.RESERVED, missing, source_id, by=by, now=now,
            visit=visit, reason=reason,
        )  # fmt: skip
