"""A batch as payments: one for each elder, and the lists by which a bank or somebody with cash pays them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import sheets
from app.allowances.recipients import NAMES
from app.allowances.rules import LISTABLE, LineState, NotListable, PayWay
from app.allowances.tables import Payee, PayoutBatch, PayoutLine
from app.people.tables import Elder
from app.places.tables import Division
from app.sheets import Value

HEADINGS: Final = ("序号", "户名", "开户行", "账号", "金额（元）", "摘要")
CASH_HEADINGS: Final = (
    "序号",
    "姓名",
    "出生日期",
    "村居",
    "领取方式",
    "金额（元）",
    "摘要",
    "领取人签字",
    "与本人关系",
    "领取日期",
)
WAYS: Final = {PayWay.COUNTER: "窗口领取", PayWay.DOOR: "送上门"}


@dataclass(frozen=True)
class Transfer:
    """One payment: all of one elder's lines in one sum."""

    elder_id: int
    elder: str
    born: date
    division: str
    way: PayWay
    holder: str
    bank: str | None
    account: str | None
    cents: int
    months: int


def transfers(session: Session, row: PayoutBatch) -> Sequence[Transfer]:
    """What is to be paid, in a fixed order; raises NotListable before two people have approved it."""
    if row.state not in LISTABLE:
        raise NotListable("Two people must approve the batch before anybody gets its list.", state=row.state)
    who: tuple[Any, ...] = (Elder.name, Elder.born, Division.name, Payee.way, Payee.holder, Payee.bank, Payee.account)
    rows = session.execute(
        select(PayoutLine.elder_id, *who, func.sum(PayoutLine.cents), func.count())
        .join(Payee, Payee.id == PayoutLine.payee_id)
        .join(Elder, Elder.id == PayoutLine.elder_id)
        .join(Division, Division.code == PayoutLine.division_code)
        .where(PayoutLine.batch_id == row.id, PayoutLine.state != LineState.HELD)
        .group_by(PayoutLine.elder_id, *who)
        .order_by(PayoutLine.elder_id)
    )
    return [Transfer(*found) for found in rows.all()]


def name_of(batch: PayoutBatch, form: str, *, cash: bool) -> str:
    """The file's name."""
    return f"{NAMES[batch.kind]}-{batch.month:%Y-%m}-第{batch.id}批{'-现金' if cash else ''}.{form}"


def as_file(batch: PayoutBatch, payments: Sequence[Transfer], form: str, *, cash: bool) -> bytes:
    """XLSX or CSV with a total to compare; accounts stay text, amounts are yuan with two decimals."""
    about = f"{batch.month:%Y年%m月}{NAMES[batch.kind]}"
    headings = CASH_HEADINGS if cash else HEADINGS
    rows: list[list[Value]] = []
    for number, one in enumerate(payments, 1):
        said = about + ("（含补发）" if one.months > 1 else "")
        if cash:
            who = [one.elder, one.born.isoformat(), one.division, WAYS[one.way]]
            rows.append([number, *who, _yuan(one.cents), said, "", "", ""])
        else:
            rows.append([number, one.holder, one.bank, one.account, _yuan(one.cents), said])
    total: list[Value] = ["合计", f"{len(payments)} 笔", *[""] * (len(headings) - 2)]
    total[headings.index("金额（元）")] = _yuan(sum(one.cents for one in payments))
    rows.append(total)
    return sheets.book([(about, headings, rows)]) if form == "xlsx" else sheets.comma_separated(headings, rows)


def _yuan(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
