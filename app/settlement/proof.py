"""The check sum of a statement: SHA-256 over its content in one agreed form, to hold paper against the database."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.people.tables import Provider
from app.settlement.tables import Statement, StatementDeduction, StatementLine

COLUMNS = (
    "number", "kind", "visit_id", "order_id", "item_code", "served_on", "minutes", "given", "whole", "allowance_cents",
    "self_pay_cents", "contract_cents", "terms_id",
)  # fmt: skip


def content(session: Session, statement: Statement) -> dict[str, Any]:
    """What is proven: whose month, its seed, sums, every line and every deduction."""
    provider = session.get_one(Provider, statement.provider_id)
    lines = session.execute(
        select(*(getattr(StatementLine, name) for name in COLUMNS))
        .where(StatementLine.district_id == statement.district_id, StatementLine.statement_id == statement.id)
        .order_by(StatementLine.number)
    )
    taken = session.execute(
        select(StatementDeduction.rule, StatementDeduction.counted, StatementDeduction.whole, StatementDeduction.cents)
        .where(StatementDeduction.statement_id == statement.id)
        .order_by(StatementDeduction.id)
    )
    return {
        "statement": statement.id,
        "provider": provider.credit_code,
        "month": f"{statement.month:%Y-%m}",
        "seed": statement.seed,
        "sums": [
            statement.allowance_cents, statement.self_pay_cents, statement.contract_cents, statement.deducted_cents,
            statement.payable_cents,
        ],
        "lines": [_plain(line) for line in lines],
        "deductions": [_plain(line) for line in taken],
    }  # fmt: skip


def digest(said: dict[str, Any]) -> str:
    """SHA-256 of the content as JSON without blanks, keys in order, in UTF-8."""
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def checksum(session: Session, statement: Statement) -> str:
    """The check sum of a statement as it stands in the database."""
    return digest(content(session, statement))


def _plain(row: Sequence[Any]) -> list[Any]:
    return [value if value is None or isinstance(value, int) else str(value) for value in row]
