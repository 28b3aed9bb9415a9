"""Prices out of a file: what an item costs in an area from a day on."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalogue.rules import PriceUnit
from app.catalogue.tables import Price, ServiceItem
from app.db import add_rows, numbered
from app.imports.kinds import Kind, Planned, adding
from app.imports.rules import Column, ProblemCode, Row, any_day, one_of, text, yuan

UNITS: Final = {unit.value: unit for unit in PriceUnit}
COLUMNS: Final = (
    Column("item", ("项目代码", "item"), text(40), "服务目录中的代码", "BATHING", required=True),
    Column("area", ("区域代码", "area"), text(12, r"\d{6}(\d{3}){0,2}", "6, 9 or 12 digits"),
           "留空为全区；9 位为街道", "370503001", width=16),
    Column("cents", ("单价（元）", "price"), yuan, "最多两位小数", "88.00", required=True, width=12),
    Column("unit", ("计价单位", "unit"), one_of(UNITS), "、".join(UNITS), next(iter(UNITS)), required=True, width=14,
           words=lambda: list(UNITS)),
    Column("starts", ("生效日期", "starts"), any_day, "从这一天起按此价", "2027-01-01", required=True, width=14),
)  # fmt: skip
_column: Final = {column.name: column for column in COLUMNS}


def _judge(session: Session, rows: Sequence[Row], seen: dict[Any, int], district_id: int) -> Iterator[Planned]:
    codes = {  # noqa: C416
        code: number
        for code, number in session.execute(
            select(ServiceItem.code, ServiceItem.id).where(ServiceItem.district_id == district_id)
        )
    }
    there = {
        (price.item_id, price.area, price.starts): (price.cents, price.unit)
        for price in session.scalars(select(Price).where(Price.district_id == district_id))
    }
    for row in rows:
        values = row.values
        if "item" in values and values["item"] not in codes:
            row.bad(_column["item"], ProblemCode.UNKNOWN_CODE)
        if not values.get("area", f"{district_id:06d}").startswith(f"{district_id:06d}"):
            row.bad(_column["area"], ProblemCode.UNKNOWN_DIVISION)
        if row.problems:
            yield Planned(row, "bad")
            continue
        key = (codes[values["item"]], values.get("area", ""), values["starts"])
        if (before := seen.setdefault(key, row.number)) != row.number:
            row.bad(_column["item"], ProblemCode.TWICE, row=before)
        if key in there and there[key] != (values["cents"], values["unit"]):
            row.bad(_column["starts"], ProblemCode.OTHER_PRICE)
        outcome = "bad" if row.problems else "same" if key in there else "new"
        yield Planned(row, outcome, values | {"item_id": key[0], "area": key[1]})


def _add(session: Session, new: Sequence[Planned], district_id: int, by: str, now: datetime) -> Sequence[int]:
    ids = numbered(session, Price, len(new))
    add_rows(session, Price, [
        {
            "id": number, "district_id": district_id, "ends": None,
            **{name: planned.values[name] for name in ("item_id", "unit", "cents", "area", "starts")},
        }
        for number, planned in zip(ids, new, strict=True)
    ])  # fmt: skip
    return ids


PRICES: Final = Kind("prices", "价格", Price, COLUMNS, _judge, adding(_add))
