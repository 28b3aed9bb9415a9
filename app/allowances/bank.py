"""The bank's list as a file: one transfer for each elder, with a total that the bank can compare."""

from collections.abc import Sequence
from typing import Final

from app import sheets
from app.allowances.queries import BankRow
from app.allowances.recipients import NAMES
from app.allowances.tables import PayoutBatch
from app.sheets import Value

HEADINGS: Final = ("序号", "户名", "开户行", "账号", "金额（元）", "摘要")


def name_of(batch: PayoutBatch, form: str) -> str:
    """The file's name."""
    return f"{NAMES[batch.kind]}-{batch.month:%Y-%m}-第{batch.id}批.{form}"


def as_file(batch: PayoutBatch, transfers: Sequence[BankRow], form: str) -> bytes:
    """XLSX or CSV; accounts stay text, amounts are yuan with two decimals."""
    about = f"{batch.month:%Y年%m月}{NAMES[batch.kind]}"
    rows: list[list[Value]] = [
        [n, row.holder, row.bank, row.account, _yuan(row.cents), about + ("（含补发）" if row.months > 1 else "")]
        for n, row in enumerate(transfers, 1)
    ]
    rows.append(["合计", f"{len(transfers)} 笔", "", "", _yuan(sum(row.cents for row in transfers)), ""])
    return sheets.book([(about, HEADINGS, rows)]) if form == "xlsx" else sheets.comma_separated(HEADINGS, rows)


def _yuan(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
