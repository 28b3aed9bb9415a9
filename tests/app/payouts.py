"""A month's allowances on the way to the bank, for whoever needs one of each of their things."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.allowances import rules as allowances
from app.allowances.tables import AllowanceRule, PayoutBatch, PayoutLine, Recovery
from app.people.tables import Elder
from tests.cast import TEN


def a_payout(session: Session, elder: Elder) -> dict[str, int]:
    """An allowance she got last month, and money of it that is asked back."""
    terms = allowances.Terms(bands=(allowances.Band(from_age=80, cents=100_00),))
    rule = AllowanceRule(
        district_id=elder.district_id, kind=allowances.AllowanceKind.OLD_AGE, area=f"{elder.district_id}",
        starts=date(2025, 12, 1), state=allowances.RuleState.DRAFT, terms=terms.model_dump(mode="json"), note="a rule",
        drafted_by="test", drafted_at=TEN,
    )  # fmt: skip
    others = session.scalar(select(func.count(PayoutBatch.id))) or 0
    batch = PayoutBatch(
        district_id=elder.district_id, kind=allowances.AllowanceKind.OLD_AGE, month=date(2024, 1 + others, 1),
        state=allowances.BatchState.DRAFTING, drafted_by="test", drafted_at=TEN,
    )  # fmt: skip
    session.add_all([rule, batch])
    session.flush()
    same = {"district_id": elder.district_id, "division_code": elder.division_code, "elder_id": elder.id}
    line = PayoutLine(
        **same, batch_id=batch.id, month=batch.month, why=allowances.Why.REGULAR, cents=100_00, rule_id=rule.id,
        state=allowances.LineState.HELD, hold=allowances.Hold.NO_ACCOUNT,
    )  # fmt: skip
    recovery = Recovery(
        **same, batch_id=batch.id, kind=batch.kind, month=batch.month, cents=100_00,
        why=allowances.OverpaidFor.LESS_DUE, state=allowances.RecoveryState.OPEN,
    )  # fmt: skip
    session.add_all([line, recovery])
    session.flush()
    return {"rule_id": rule.id, "batch_id": batch.id, "line_id": line.id, "recovery_id": recovery.id}
