"""The figures as a spreadsheet: what is told apart in the first column, then numbers, seconds and shares."""

from collections.abc import Mapping, Sequence
from typing import Final

from app import sheets
from app.performance.rules import By, Clock
from app.performance.shapes import FigureRow

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "day": "按日", "kind": "按类型", "model": "按型号", "community": "按社区", "operator": "按话务员",
        "shift": "按班次",
        "name": "名称", "alarms": "报警", "unanswered": "未接", "false": "误报", "judged": "已定性",
        "receipt": "入队", "human": "接警", "decision": "决定", "arrival": "到场", "count": "次数", "within": "秒内",
    },
    "en": {
        "day": "by day", "kind": "by kind", "model": "by model", "community": "by community",
        "operator": "by operator", "shift": "by shift",
        "name": "name", "alarms": "alarms", "unanswered": "unanswered", "false": "false", "judged": "judged",
        "receipt": "receipt", "human": "human", "decision": "decision", "arrival": "arrival", "count": "count",
        "within": "s",
    },
}  # fmt: skip


def written(tables: Mapping[By, Sequence[FigureRow]], *, form: str, lang: str) -> bytes:
    """XLSX with a sheet for each table, or CSV of the first."""
    words = WORDS[lang]
    pages = [(words[by], _headings(rows, words), [_line(row) for row in rows]) for by, rows in tables.items()]
    return sheets.book(pages) if form == "xlsx" else sheets.comma_separated(*pages[0][1:])


def _headings(rows: Sequence[FigureRow], words: Mapping[str, str]) -> list[str]:
    made = [words[name] for name in ("name", "alarms", "unanswered", "false", "judged")]
    for clock in Clock:
        made += [f"{words[clock]} {words['count']}", *(f"{words[clock]} p{part} s" for part in (50, 90, 95, 99))]
        made += [f"{words[clock]} ≤{one} {words['within']}" for one in (rows[0].clocks[clock].within if rows else ())]
    return made


def _line(row: FigureRow) -> list[sheets.Value]:
    told: list[sheets.Value] = [row.name, row.alarms, row.unanswered, row.false, row.judged]
    for spread in row.clocks.values():
        told += [spread.count, spread.p50, spread.p90, spread.p95, spread.p99, *spread.within.values()]
    return told
