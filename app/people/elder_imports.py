"""Elders out of a file: with home and first contact, each once, undone while nothing rests on them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.db import add_rows, numbered
from app.imports.kinds import Kind, Planned, adding
from app.imports.rules import Column, ProblemCode, Row, any_day, one_of, several, text
from app.imports.tables import ImportChange
from app.people import import_cells as cells
from app.people import spelling
from app.people.queries import phone_digits
from app.people.rules import read_id_number
from app.people.tables import Contact, Elder, Home
from app.places.rules import Level, Place
from app.places.tables import Division
from app.vault import digest

COLUMNS: Final = (
    Column("name", ("姓名", "name"), text(40), "与身份证一致", "林桂芬", required=True, width=12),
    Column("id_number", ("身份证号", "ID number"), cells.id_number, "18 位；加密保存；核对校验码",
           "370503194403080040",
           required=True, sensitive=True, width=24),
    Column("born", ("出生日期", "born"), any_day, "可不填；填了就与身份证核对", "1944-03-08", width=14),
    Column("sex", ("性别", "sex"), one_of(cells.SEXES), "可不填；填了就与身份证核对", "女", width=8,
           words=lambda: ["女", "男"]),
    Column("division", ("社区代码", "区划代码", "division"), text(12, r"\d{12}", "12 digits"), "社区（村）12 位代码",
           "370503001001", required=True, width=16),
    Column("estate", ("小区", "estate"), text(60), "小区或村名", "河运小区", required=True),
    Column("address", ("详细地址", "address"), text(80), "楼、单元、门牌；加密保存", "12号楼2单元302", required=True,
           sensitive=True, width=26),
    Column("level", ("能力等级", "level"), one_of(cells.LEVELS), "中文或代码", "中度失能", required=True, width=12,
           words=lambda: [word for word in cells.LEVELS if not word.isascii()]),
    Column("register", ("名册", "register"), one_of(cells.REGISTERS), "政府购买服务或探访关爱", "政府购买服务",
           required=True, width=16, words=lambda: [word for word in cells.REGISTERS if not word.isascii()]),
    Column("categories", ("人员类别", "categories"), several(cells.CATEGORIES), "可填多个，用顿号隔开", "低保、独居"),
    Column("phone", ("电话", "phone"), cells.phone, "本人电话；加密保存", "13800001234", sensitive=True, width=16),
    Column("contact", ("联系人", "contact"), text(40), "第一联系人姓名", "周慧", width=12),
    Column("relation", ("联系人关系", "relation"), one_of(cells.RELATIONS), "与老人的关系", "女儿", width=12,
           words=lambda: [word for word in cells.RELATIONS if not word.isascii()]),
    Column("contact_phone", ("联系人电话", "contact phone"), cells.phone, "填了联系人就要填", "13900005678",
           sensitive=True, width=16),
)  # fmt: skip
_column: Final = {column.name: column for column in COLUMNS}


def _judge(session: Session, rows: Sequence[Row], seen: dict[Any, int], district_id: int) -> Iterator[Planned]:
    hashes = {row.number: digest("id", row.values["id_number"]) for row in rows if "id_number" in row.values}
    known = {  # noqa: C416
        found: name
        for found, name in session.execute(
            select(Elder.id_hash, Elder.name).where(
                Elder.id_hash.in_(set(hashes.values())), Elder.district_id == district_id
            )
        )
    }
    codes = {row.values["division"] for row in rows if "division" in row.values}
    places = {
        code: Place(lat, lon, accuracy_m=1000, source="division")
        for code, lat, lon in session.execute(
            select(Division.code, Division.lat, Division.lon).where(
                Division.code.in_(codes), Division.district_id == district_id, Division.level == Level.COMMUNITY
            )
        )
    }
    for row in rows:
        yield _planned(row, hashes.get(row.number), known, places, seen)


def _planned(
    row: Row, id_hash: str | None, known: dict[str | None, str], places: dict[str, Place], seen: dict[Any, int]
) -> Planned:
    values = row.values
    if id_hash:
        born, sex = read_id_number(values["id_number"])
        if values.get("born", born) != born:
            row.bad(_column["born"], ProblemCode.OTHER_BIRTH, born=str(born))
        if values.get("sex", sex) is not sex:
            row.bad(_column["sex"], ProblemCode.OTHER_BIRTH, born=sex.value)
        if (before := seen.setdefault(id_hash, row.number)) != row.number:
            row.bad(_column["id_number"], ProblemCode.TWICE, row=before)
        if id_hash in known and known[id_hash] != values.get("name"):
            row.bad(_column["id_number"], ProblemCode.ON_RECORD)
        values |= {"born": born, "sex": sex, "id_hash": id_hash}
    if "division" in values and values["division"] not in places:
        row.bad(_column["division"], ProblemCode.UNKNOWN_DIVISION)
    if "contact" in values and row.raw.get("contact_phone") is None:
        row.bad(_column["contact_phone"], ProblemCode.MISSING)
    if row.problems:
        return Planned(row, "bad")
    return Planned(row, "same" if id_hash in known else "new", values | {"place": places[values["division"]]})


def _add(session: Session, new: Sequence[Planned], district_id: int, by: str, now: datetime) -> Sequence[int]:
    doors = list(dict.fromkeys(_door(planned) for planned in new))  # a couple in one row each shares a home
    homes = dict(zip(doors, numbered(session, Home, len(doors)), strict=True))
    places = {_door(planned): planned.values["place"] for planned in new}
    add_rows(session, Home, [
        {
            "id": homes[door], "district_id": district_id, "division_code": door[0], "estate": door[1],
            "address": door[2], "place": places[door].as_json(), "access_note": None, "floor": 1, "lift": False,
        }
        for door in doors
    ])  # fmt: skip
    ids = numbered(session, Elder, len(new))
    add_rows(session, Elder, [
        _elder(planned.values, number, homes[_door(planned)], district_id)
        for number, planned in zip(ids, new, strict=True)
    ])  # fmt: skip
    add_rows(session, Contact, [
        {
            "district_id": district_id, "division_code": planned.values["division"], "elder_id": number, "rank": 1,
            "name": planned.values["contact"], "relation": planned.values.get("relation", "other"),
            "phone": planned.values["contact_phone"], "is_emergency": True, "has_key": False, "minutes_away": None,
            "phone_hash": digest("phone", phone_digits(planned.values["contact_phone"])),
        }
        for number, planned in zip(ids, new, strict=True) if "contact" in planned.values
    ])  # fmt: skip
    return ids


def _door(planned: Planned) -> tuple[str, str, str]:
    return planned.values["division"], planned.values["estate"], planned.values["address"]


def _elder(values: Any, number: int, home_id: int, district_id: int) -> dict[str, Any]:
    """As `people.actions.add_elder` stores one; the hashes must be made alike."""
    digits = phone_digits(values["phone"]) if "phone" in values else None
    return {
        "id": number, "district_id": district_id, "division_code": values["division"], "home_id": home_id,
        "name": values["name"], "pinyin": spelling.searchable(values["name"]), "sex": values["sex"],
        "born": values["born"], "level": values["level"], "register": values["register"],
        "categories": values.get("categories", []), "phone": values.get("phone"),
        "phone_hash": digest("phone", digits) if digits else None,
        "phone_tail_hash": digest("phone-tail", digits[-4:]) if digits else None,
        "id_number": values["id_number"], "id_hash": values["id_hash"],
        "id_tail_hash": digest("id-tail", values["id_number"][-4:]), "id_unverified": None, "health": {},
        "wishes": {}, "away": None, "ended_at": None, "ended_reason": None,
    }  # fmt: skip


def _take_back(session: Session, changes: Sequence[ImportChange], by: str, now: datetime) -> None:
    """Their contacts go with them; an empty home stays, as homes do."""
    ids = [change.subject_id for change in changes]
    session.execute(delete(Contact).where(Contact.elder_id.in_(ids)))
    session.execute(delete(Elder).where(Elder.id.in_(ids)))


ELDERS: Final = Kind("elders", "老人", Elder, COLUMNS, _judge, adding(_add), own=("contacts",), take_back=_take_back)
