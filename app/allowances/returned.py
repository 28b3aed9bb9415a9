"""The bank's file of payments it could not make (退票): each row is one transfer of the batch, or says why not."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import sheets
from app.allowances import actions, queries
from app.allowances.rules import (
    BadRows,
    BatchState,
    LineState,
    NoSuchColumn,
    NotIssued,
    PayWay,
    ReturnReason,
    return_reason,
)
from app.allowances.tables import Payee, PayoutLine
from app.errors import Unreadable
from app.imports import rules as files
from app.imports.rules import Column, Problem
from app.vault import digest

MOST_ROWS: Final = 5000
LEAD: Final = 10  # rows a bank may write above its headings
TOTALS: Final = ("合计", "总计", "小计")
COLUMNS: Final = (
    Column(
        "account", ("账号", "收款账号", "收款人账号", "银行账号", "卡号"),
        files.text(40, r"[\d ]+", "digits"), "", required=True, sensitive=True,
    ),
    Column("cents", ("金额（元）", "金额", "退票金额", "交易金额"), files.yuan, "", required=True),
    Column("holder", ("户名", "收款户名", "收款人", "收款人户名", "姓名"), files.text(40), ""),
    Column("words", ("退票原因", "原因", "失败原因", "退汇原因", "备注"), files.text(80), ""),
)  # fmt: skip


class Fault(StrEnum):
    """Why a row is not one of the batch's transfers."""

    NO_TRANSFER = "no_transfer"  # nothing went to this account
    OTHER_AMOUNT = "other_amount"
    OTHER_NAME = "other_name"
    SEVERAL = "several"  # the same amount to one account for several elders, and no name says which
    TWICE = "twice"
    SETTLED = "settled"  # it has come back before


@dataclass(frozen=True)
class Sent:
    """What went to one elder's account."""

    elder_id: int
    holder: str
    cents: int
    line_ids: Sequence[int]
    paid: bool


@dataclass(frozen=True)
class Returned:
    """A row of the file: what it says, the transfer it is, or why it is none."""

    number: int
    account: str | None
    holder: str | None
    cents: int | None
    words: str | None
    reason: ReturnReason
    sent: Sent | None = None
    fault: Fault | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[Problem] = ()


def read(session: Session, batch_id: int, content: bytes) -> list[Returned]:
    """Every row of the file beside the batch; nothing is changed. Raises Unreadable where the file is no table."""
    batch = queries.batch(session, batch_id)
    if batch.state is not BatchState.ISSUED:
        raise NotIssued("Payments come back while their batch is issued.", state=batch.state)
    going, taken = _sent(session, batch_id), dict[int, int]()
    try:
        rows = files.read(_table(sheets.rows(content)), COLUMNS)
        if missing := [problem.column for problem in next(rows).problems if problem.code is _NO_COLUMN]:
            raise NoSuchColumn(f"The file has no column {', '.join(missing)}.", columns=missing)
        found = [_judged(row, going, taken) for row in rows]
    except sheets.BadSheet as bad:
        raise Unreadable(str(bad)) from None
    if len(found) > MOST_ROWS:
        raise Unreadable(f"More than {MOST_ROWS} rows: split the file.")
    return found


_NO_COLUMN: Final = files.ProblemCode.NO_COLUMN


def give_back(
    session: Session, batch_id: int, content: bytes, *, skip_bad: bool, by: str, now: datetime
) -> list[Returned]:
    """All rows or, where it is wished, all good ones; raises BadRows with how many are bad."""
    queries.batch(session, batch_id, lock=True)
    rows = read(session, batch_id, content)
    bad = sum(row.sent is None for row in rows)
    if bad and not skip_bad:
        raise BadRows("Some rows are no transfers of this batch; correct the file, or skip them.", bad=bad)
    for row in rows:
        for line_id in row.sent.line_ids if row.sent else ():
            actions.give_back(session, line_id, row.reason, by=by, now=now, words=row.words)
    return rows


def _table(rows: Iterable[tuple[int, Sequence[Any]]]) -> Iterator[tuple[int, Sequence[Any]]]:
    """Without the title above the headings and the totals below."""
    known = {heading for column in COLUMNS for heading in column.headings}
    begun = False
    for place, (number, cells) in enumerate(rows):
        begun = begun or place >= LEAD or sum(cell in known for cell in cells) > 1
        if begun and not any(str(cell).startswith(TOTALS) for cell in cells if cell is not None):
            yield number, cells


def _sent(session: Session, batch_id: int) -> Mapping[str, Sequence[Sent]]:
    """The batch's transfers by the account's hash."""
    rows = session.execute(
        select(
            Payee.account_hash, PayoutLine.elder_id, Payee.holder, func.sum(PayoutLine.cents),
            func.array_agg(PayoutLine.id), func.bool_and(PayoutLine.state == LineState.PAID),
        )
        .join(Payee, Payee.id == PayoutLine.payee_id)
        .where(PayoutLine.batch_id == batch_id, PayoutLine.state != LineState.HELD, Payee.way == PayWay.BANK)
        .group_by(Payee.account_hash, PayoutLine.elder_id, Payee.holder)
    )  # fmt: skip
    found: dict[str, list[Sent]] = defaultdict(list)
    for account_hash, *told in rows:
        found[str(account_hash)].append(Sent(*told))
    return found


def _judged(row: files.Row, going: Mapping[str, Sequence[Sent]], taken: dict[int, int]) -> Returned:
    said: dict[str, Any] = {name: row.values.get(name) for name in ("account", "holder", "cents", "words")}
    said |= {"number": row.number, "reason": return_reason(said["words"] or "")}
    if row.problems:
        return Returned(**said, problems=row.problems)
    here = going.get(digest("account", said["account"].replace(" ", "")), ())
    fitting = [one for one in here if one.cents == said["cents"]]
    named = [one for one in fitting if said["holder"] in (None, one.holder)]
    if not here:
        return Returned(**said, fault=Fault.NO_TRANSFER)
    if not fitting:
        return Returned(**said, fault=Fault.OTHER_AMOUNT, facts={"cents": [one.cents for one in here]})
    if not named:
        return Returned(**said, fault=Fault.OTHER_NAME)
    fresh = [one for one in named if one.elder_id not in taken]
    if not fresh:
        return Returned(**said, fault=Fault.TWICE, facts={"row": taken[named[0].elder_id]})
    if len(fresh) > 1:
        return Returned(**said, fault=Fault.SEVERAL)
    taken[fresh[0].elder_id] = row.number
    return Returned(**said, sent=fresh[0]) if fresh[0].paid else Returned(**said, fault=Fault.SETTLED)
