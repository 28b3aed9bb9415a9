"""Lists of programmes out of a file (补贴名单): who is entitled from which day, by which approval."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import add_rows, numbered
from app.funding.tables import Enrolment, Program
from app.imports.kinds import Kind, Planned, adding
from app.imports.rules import Column, ProblemCode, Row, any_day, text
from app.people.import_cells import id_number
from app.people.tables import Elder
from app.vault import digest

COLUMNS: Final = (
    Column("elder", ("身份证号", "ID number"), id_number, "已登记老人的身份证号；不另外保存", "370503194403080040",
           required=True, sensitive=True, width=24),
    Column("program", ("补贴项目代码", "program"), text(40), "补贴项目的代码", "VOUCHER", required=True),
    Column("starts", ("起始日期", "starts"), any_day, "从这一天起", "2026-12-01", required=True, width=14),
    Column("ends", ("截止日期", "ends"), any_day, "可不填：没有期限", "", width=14),
    Column("level", ("名单等级", "level"), text(20), "项目自有的等级，如长护险 1–5", "", width=12),
    Column("decision", ("批准文号", "decision"), text(60), "依据的批准", "河民发〔2026〕12号", required=True, width=24),
)  # fmt: skip
_column: Final = {column.name: column for column in COLUMNS}


def _judge(session: Session, rows: Sequence[Row], seen: dict[Any, int], district_id: int) -> Iterator[Planned]:
    programs = {  # noqa: C416
        code: number
        for code, number in session.execute(select(Program.code, Program.id).where(Program.district_id == district_id))
    }
    hashes = {row.number: digest("id", row.values["elder"]) for row in rows if "elder" in row.values}
    elders = {
        found: (number, division)
        for found, number, division in session.execute(
            select(Elder.id_hash, Elder.id, Elder.division_code).where(
                Elder.id_hash.in_(set(hashes.values())), Elder.district_id == district_id, Elder.ended_at.is_(None)
            )
        )
    }
    there: dict[tuple[int, int], list[tuple[date, date | None]]] = {}
    for row_ in session.execute(
        select(Enrolment.elder_id, Enrolment.program_id, Enrolment.starts, Enrolment.ends).where(
            Enrolment.elder_id.in_({number for number, _ in elders.values()})
        )
    ):
        there.setdefault((row_.elder_id, row_.program_id), []).append((row_.starts, row_.ends))
    for row in rows:
        values = row.values
        found = elders.get(hashes.get(row.number, ""))
        if "elder" in values and found is None:
            row.bad(_column["elder"], ProblemCode.UNKNOWN_ELDER)
        if "program" in values and values["program"] not in programs:
            row.bad(_column["program"], ProblemCode.UNKNOWN_CODE)
        if values.get("ends", date.max) < values.get("starts", date.min):
            row.bad(_column["ends"], ProblemCode.BEFORE_START)
        if row.problems or found is None:
            yield Planned(row, "bad")
            continue
        key = (found[0], programs[values["program"]])
        if (before := seen.setdefault(key, row.number)) != row.number:
            row.bad(_column["elder"], ProblemCode.TWICE, row=before)
        days = (values["starts"], values.get("ends"))
        same = days in there.get(key, ())
        if not same and any(_meet(days, other) for other in there.get(key, ())):
            row.bad(_column["starts"], ProblemCode.ON_LIST)
        outcome = "bad" if row.problems else "same" if same else "new"
        yield Planned(
            row, outcome, values | {"elder_id": key[0], "division_code": found[1], "program_id": key[1]}
        )  # fmt: skip


def _meet(one: tuple[date, date | None], other: tuple[date, date | None]) -> bool:
    return one[0] <= (other[1] or date.max) and other[0] <= (one[1] or date.max)


def _add(session: Session, new: Sequence[Planned], district_id: int, by: str, now: datetime) -> Sequence[int]:
    ids = numbered(session, Enrolment, len(new))
    same = ("elder_id", "division_code", "program_id", "starts", "ends", "level", "decision")
    add_rows(session, Enrolment, [
        {
            "id": number, "district_id": district_id, "agent": None, "by": by, "at": now,
            **{name: planned.values.get(name) for name in same},
        }
        for number, planned in zip(ids, new, strict=True)
    ])  # fmt: skip
    return ids


LISTS: Final = Kind("entitlements", "补贴名单", Enrolment, COLUMNS, _judge, adding(_add))
