"""Deductions that persons decided outside a statement: kept until one is drawn up, and taken there once."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.settlement.rules import Deduction, DeductionRule
from app.settlement.tables import Statement, StatementClaim


def claim(
    session: Session, provider_id: int, month: date, rule: DeductionRule, cents: int, *, district_id: int,
    source_id: int, by: str, now: datetime,
) -> None:  # fmt: skip
    """It is to be deducted; a statement of that month that is no draft any more leaves it to a later one."""
    session.add(
        StatementClaim(
            district_id=district_id, provider_id=provider_id, month=month, rule=rule, source_id=source_id, cents=cents,
            by=by, at=now,
        )
    )  # fmt: skip


def take(session: Session, statement: Statement, left: int) -> list[Deduction]:
    """What waits for this draft, oldest first, as far as `left` cents reach; what does not fit waits for the next."""
    mine = or_(StatementClaim.statement_id.is_(None), StatementClaim.statement_id == statement.id)
    waiting = session.scalars(
        select(StatementClaim)
        .where(StatementClaim.provider_id == statement.provider_id, StatementClaim.month <= statement.month, mine)
        .order_by(StatementClaim.month, StatementClaim.id)
        .with_for_update()
    ).all()
    taken: dict[DeductionRule, list[StatementClaim]] = {}
    for one in waiting:
        one.statement_id = statement.id if one.cents <= left else None
        if one.statement_id is not None:
            left -= one.cents
            taken.setdefault(one.rule, []).append(one)
    return [_sum(rule, ones, len(waiting)) for rule, ones in taken.items()]


def _sum(rule: DeductionRule, ones: Sequence[StatementClaim], of: int) -> Deduction:
    cents = sum(one.cents for one in ones)
    return Deduction(
        rule, len(ones), of, cents, cents, {"rule": rule.value, "sources": [one.source_id for one in ones]}
    )


def let_go(session: Session, statement: Statement) -> None:
    """A draft is drawn up again."""
    session.execute(update(StatementClaim).where(StatementClaim.statement_id == statement.id).values(statement_id=None))
