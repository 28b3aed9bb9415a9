"""Statements on paper and in workbooks: the provider's month with its check sum, the elder's month in large type."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar, sheets
from app.catalogue.tables import ServiceItem
from app.config import printing_font, settings
from app.funding.queries import net
from app.funding.rules import Account, EntryKind
from app.funding.tables import LedgerEntry
from app.orders.tables import Visit
from app.paper import Column, Paper
from app.people.tables import Elder, Provider
from app.rental import queries as rental
from app.rental.queries import Rent
from app.settlement import queries
from app.settlement.rules import DeductionRule, LineKind, StatementState, Withheld
from app.settlement.tables import Statement
from app.sheets import Value
from app.vault import mask_name

MOST: Final = 1_000_000
STATES: Final = {
    StatementState.DRAFT: "草稿", StatementState.ISSUED: "已发出", StatementState.AGREED: "服务商已确认",
    StatementState.CHECKED: "已初审", StatementState.APPROVED: "已复审", StatementState.LOCKED: "已锁定",
}  # fmt: skip
KINDS: Final = {LineKind.SERVICE: "本月", LineKind.LATE: "补结", LineKind.CORRECTION: "更正", LineKind.FEE: "取消费"}
RULES: Final = {
    DeductionRule.SHORT_VISITS: "时长不足", DeductionRule.MISSED_VISITS: "未上门",
    DeductionRule.CORRECTED_RECORDS: "更正过多", DeductionRule.APPRAISAL: "考评",
    DeductionRule.TOO_FEW_VISITS: "次数不足",
}  # fmt: skip
REASONS: Final = {
    Withheld.HELD: "待复核", Withheld.APPEALED: "申诉中", Withheld.UNFINISHED: "记录不完整",
    Withheld.ELDER_GONE: "老人已离世或退出", Withheld.REJECTED: "不予认定",
    Withheld.DOUBTED: "存疑",
}  # fmt: skip
HEADINGS: Final = (
    "序号", "类别", "工单", "订单", "日期", "老人", "项目", "实际分钟", "补贴(元)", "自付(元)", "合同应付(元)",
)  # fmt: skip
MARK: Final = "yinling-statement {id} {checksum}"  # by which `yinling settlement verify` knows a file
NUMBER: Final = re.compile(r"-?\d{1,15}(\.\d+)?")
KNOWN: Final = re.compile(rb"yinling-statement (\d+) ([0-9a-f]{64})")


def yuan(cents: int) -> str:
    """¥1,234.50"""
    return f"{'-' if cents < 0 else ''}¥{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def amount(cents: int) -> float:
    """1234.5: in a workbook an amount is a number, to be summed."""
    return cents / 100


def _head(session: Session, found: Statement, say: Callable[[int], Value] = yuan) -> list[tuple[str, Value]]:
    provider = session.get_one(Provider, found.provider_id)
    return [
        ("服务商", provider.name),
        ("统一社会信用代码", provider.credit_code),
        ("月份", f"{found.month:%Y年%m月}"),
        ("状态", STATES[found.state]),
        ("明细行数", str(found.lines)),
        ("补贴核销", say(found.allowance_cents)),
        *((f"其中 {zh}", say(cents)) for _, zh, _, cents in queries.payers(session, found)),
        ("老人自付（由服务商收取）", say(found.self_pay_cents)),
        ("合同应付合计", say(found.contract_cents)),
        ("扣款", say(-found.deducted_cents)),
        ("民政应付", say(found.payable_cents)),
        ("抽查种子", found.seed),
    ]


def _line(row: Any, say: Callable[[int], Value] = yuan) -> list[Value]:
    line, elder, zh, _ = row
    return [
        str(line.number), KINDS[line.kind], str(line.visit_id), str(line.order_id), line.served_on.isoformat(),
        mask_name(elder), zh, "" if line.minutes is None else line.minutes, say(line.allowance_cents),
        say(line.self_pay_cents), say(line.contract_cents),
    ]  # fmt: skip


def _parts(
    session: Session, found: Statement, say: Callable[[int], Value] = yuan
) -> tuple[list[list[Value]], list[list[Value]]]:
    taken: list[list[Value]] = [
        [RULES[row.rule], f"{row.counted}/{row.whole}", say(row.basis_cents), say(-row.cents)]
        for row in queries.deductions(session, found)
    ]
    missing: list[list[Value]] = [
        [str(row.visit_id), row.served_on.isoformat(), mask_name(elder), zh, REASONS[row.reason], say(row.cents)]
        for row, elder, zh, _ in queries.withheld(session, found)
    ]
    return taken, missing


def _said(rows: Iterable[Sequence[Value]]) -> list[list[str]]:
    """As it is printed."""
    return [[str(value) for value in row] for row in rows]


def sheet(session: Session, found: Statement) -> list[list[Value]]:
    """The first sheet of the workbook, row by row: what it is, its check sum, then every line."""
    rows: list[list[Value]] = [[name, value] for name, value in _head(session, found, amount)]
    rows += [["校验码 SHA-256", found.checksum], ["标记", MARK.format(id=found.id, checksum=found.checksum)], []]
    rows.append(list(HEADINGS))
    rows += [_line(row, amount) for row in queries.lines(session, found, limit=MOST)]
    return rows


def workbook(session: Session, found: Statement) -> bytes:
    """XLSX: the statement, what was deducted, and what is not in it."""
    first, *rest = sheet(session, found)
    taken, missing = _parts(session, found, amount)
    return sheets.book(
        [
            ("结算单", [str(value) for value in first], rest),
            ("扣款", ["规则", "次数", "基数(元)", "扣款(元)"], taken),
            ("未列入", ["工单", "日期", "老人", "项目", "原因", "约定金额(元)"], missing),
        ],
        fractions="#,##0.00",
    )


def printed(session: Session, found: Statement) -> bytes:
    """PDF: the same content always gives the same bytes."""
    provider = session.get_one(Provider, found.provider_id).name
    title = f"服务商月度结算单 {found.month:%Y-%m} {provider}"
    paper = Paper(
        title, font=printing_font(),
        at=found.drawn_at or calendar.month_bounds(found.month)[1], foot=f"结算单 {found.id} · {found.checksum}",
        landscape=True,
    )  # fmt: skip
    paper.set_keywords(MARK.format(id=found.id, checksum=found.checksum))
    paper.say("居家养老服务月度结算单", 20, gap=1)
    paper.say(f"{provider} · {found.month:%Y年%m月}", 13, gap=3)
    paper.pairs([(name, str(value)) for name, value in _head(session, found)[3:]])
    paper.say(f"校验码 SHA-256：{found.checksum}", 8, grey=True, gap=4)
    taken, missing = _parts(session, found)
    if taken:
        paper.say("扣款", 13, gap=1)
        paper.listing(_columns(("规则", 70), ("次数", 40), ("基数", 50), ("扣款", 50)), _said(taken), 9)
    paper.say("按项目", 13, gap=1)
    paper.listing(
        _columns(("项目", 70), ("次数", 30), ("补贴", 50), ("自付", 50), ("合同应付", 50)),
        [
            [zh, str(count), yuan(allowance), yuan(own), yuan(contract)]
            for _, zh, _, count, allowance, own, contract in queries.by_item(session, found)
        ], 9,
    )  # fmt: skip
    if missing:
        paper.say("未列入本月的服务", 13, gap=1)
        widths = (("工单", 28), ("日期", 30), ("老人", 40), ("项目", 60), ("原因", 60), ("约定金额", 40))
        paper.listing(_columns(*widths), _said(missing), 9)
    paper.say("明细", 13, gap=1)
    widths_ = (14, 14, 22, 22, 26, 26, 52, 20, 24, 22, 25)
    columns = [Column(name, width, name.endswith("(元)")) for name, width in zip(HEADINGS, widths_, strict=True)]
    paper.listing(columns, _said(_line(row) for row in queries.lines(session, found, limit=MOST)))
    return paper.whole()


def _columns(*given: tuple[str, float]) -> list[Column]:
    return [Column(name, width, number > 0 and name != "原因") for number, (name, width) in enumerate(given)]


# -- the elder's own ---------------------------------------------------------------------------------------------------


def of_elder(session: Session, elder: Elder, month: date) -> bytes:
    """An elder's month on one sheet in type of 16 points and more: what was done, what it cost, who paid."""
    services, allowance, own = _services(session, elder, month)
    paper = Paper(
        f"{elder.name} {month:%Y-%m}", font=printing_font(),
        at=calendar.month_bounds(month)[1], foot=f"服务热线 {settings().hotline}",
    )  # fmt: skip
    paper.say(f"{elder.name} 的服务账单", 26)
    paper.say(f"{month.year} 年 {month.month} 月", 20, gap=3)
    for name, days, cents in services[:9]:
        times = sum(day.visit for day in days)
        when = "、".join(day.said for day in days[:12]) + ("……" if len(days) > 12 else "")
        paper.entry(f"{name}　{times} 次" if times else name, yuan(cents), when, 17)
    if not services:
        paper.say("这个月没有结算的服务。", 18, gap=2)
    if fees := _fees(session, elder, month):
        paper.pairs([("临时取消的费用（您自己付）", yuan(fees))], 17)
    paper.ln(4)
    paper.pairs(
        [("服务一共", yuan(allowance + own)), ("政府补贴付了", yuan(allowance)), ("您自己付", yuan(own))], 20
    )  # fmt: skip
    paper.say(f"有不明白的，请打 {settings().hotline}。", 18)
    return paper.whole()


@dataclass(frozen=True, order=True)
class Day:
    """When something was given, as it is said: a visit's day, the days of a rent."""

    first: int
    said: str
    visit: bool = True


Service = tuple[str, list[Day], int]


def _services(session: Session, elder: Elder, month: date) -> tuple[list[Service], int, int]:
    """What counts of a month by item (name, days, cents), and the two sums: as the ledger has it."""
    rows = session.execute(
        select(
            LedgerEntry.visit_id,
            ServiceItem.name_zh,
            Visit.starts_at,
            Visit.opens,
            net(Account.CAPTURED),
            net(Account.OWED),
        )
        .join(Visit, Visit.id == LedgerEntry.visit_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .where(LedgerEntry.district_id == elder.district_id, LedgerEntry.elder_id == elder.id)
        .where(LedgerEntry.month == month, LedgerEntry.kind.in_((EntryKind.CAPTURE, EntryKind.REFUND)))
        .group_by(LedgerEntry.visit_id, ServiceItem.name_zh, Visit.starts_at, Visit.opens)
        .order_by(Visit.opens, LedgerEntry.visit_id)
    ).all()
    rents = rental.rents(session, [row.visit_id or 0 for row in rows])
    found: dict[str, tuple[list[Day], list[int]]] = {}
    sums = [0, 0]
    for visit_id, name, starts_at, opens, allowance, own in rows:
        if allowance + own == 0:
            continue
        rent = rents.get(visit_id or 0)
        days, cents = found.setdefault(f"{rent.aid_zh}租金" if rent else name, ([], []))
        days.append(_rented(rent) if rent else _visited(calendar.day_of(starts_at or opens)))
        cents.append(allowance + own)
        sums[0] += allowance
        sums[1] += own
    return _largest(found), sums[0], sums[1]


def _visited(on: date) -> Day:
    return Day(on.day, f"{on.day} 日")


def _rented(rent: Rent) -> Day:
    first, last = rent.charge.first, rent.last
    return Day(first.day, f"{first.day} 日" if first == last else f"{first.day} 日到 {last.day} 日", visit=False)


def _fees(session: Session, elder: Elder, month: date) -> int:
    """What the elder owes for visits called off too late."""
    return session.scalar(
        select(net(Account.FEES))
        .where(LedgerEntry.district_id == elder.district_id, LedgerEntry.elder_id == elder.id)
        .where(LedgerEntry.month == month, LedgerEntry.kind.in_((EntryKind.FEE, EntryKind.WAIVE)))
    ) or 0  # fmt: skip


def _largest(found: dict[str, tuple[list[Day], list[int]]]) -> list[Service]:
    """By cents; what does not fit on a sheet is summed up as the rest."""
    ranked = sorted(((name, days, sum(cents)) for name, (days, cents) in found.items()), key=lambda one: -one[2])
    rest: Sequence[Service] = ranked[6:]
    if len(rest) < 2:
        return ranked[:7]
    days = sorted(day for _, some, _ in rest for day in some)
    return [*ranked[:6], ("其他服务", days, sum(cents for _, _, cents in rest))]


def faults(session: Session, content: bytes) -> tuple[int | None, list[str]]:
    """Which statement a printed file or workbook is of, and what in it is not as the database has it."""
    book = content[:4] == b"PK\x03\x04"
    rows = [values for _, values in sheets.rows(content)] if book else []
    marks = [str(value).encode() for values in rows for value in values if value] if book else [content]
    match = next((one for mark in marks if (one := KNOWN.search(mark))), None)
    if match is None:
        return None, ["This file carries no mark of a statement."]
    found = session.get(Statement, int(match[1]))
    if found is None:
        return None, [f"There is no statement {int(match[1])}."]
    if match[2].decode() != found.checksum:
        return found.id, [f"The file says {match[2].decode()}, the statement {found.checksum}."]
    if not book:
        same = printed(session, found) == content
        return found.id, [] if same else ["The sheets differ from what the statement prints today."]
    due = [[_compared(value) for value in row] for row in sheet(session, found)]
    said = [[_compared(value) for value in row] for row in rows]
    wrong = [
        f"Row {number} is {a[: len(b)]}, the statement has {b}."
        for number, (a, b) in enumerate(zip(said, due, strict=False), 1)
        if a[: len(b)] != b and "状态" not in b
    ]
    if len(said) != len(due):
        wrong.append(f"The file has {len(said)} rows, the statement {len(due)}.")
    return found.id, wrong[:20]


def _compared(value: Value) -> str | None:
    """A number is the same as a number or as text: workbooks of before had their amounts as text (`'-¥1,520.00`)."""
    text = str(value).strip() if value is not None else ""
    plain = text.removeprefix("'").replace("¥", "").replace(",", "")
    return f"{float(plain):.2f}" if NUMBER.fullmatch(plain) else text or None
