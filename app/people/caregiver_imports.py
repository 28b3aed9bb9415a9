"""Caregivers out of a file, with what each may be sent for and until when; renewed proofs change who is on record."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app import calendar
from app.db import add_rows, numbered
from app.imports.kinds import Kind, Planned, Written
from app.imports.rules import BadCell, Column, ProblemCode, Row, any_day, one_of, several, text
from app.imports.tables import ImportChange
from app.people import import_cells as cells
from app.people.queries import phone_digits
from app.people.rules import Sex
from app.people.tables import Caregiver, Certificate, Provider, Shift
from app.places.rules import Level, Mode, Place
from app.places.tables import Division

PROOFS: Final = range(1, 5)
DAYS: Final = "一二三四五六日"
MODES: Final = {"步行": Mode.WALK, "电动车": Mode.EBIKE, "汽车": Mode.CAR, **{mode.value: mode for mode in Mode}}
SKILLS: Final = [word for word in cells.SKILLS if not word.isascii()]


def _proof_day(cell: Any) -> date:
    """The last day of a proof that has not expired."""
    found = any_day(cell)
    if found < calendar.day_of(datetime.now(UTC)):
        raise BadCell(ProblemCode.EXPIRED)
    return found


def hours(cell: Any) -> list[tuple[str, str]]:
    """Hours of work of a day, as 08:00-11:30、13:30-17:30; raises BadCell."""
    found = re.findall(r"(\d{1,2}):(\d{2})\s*[-–—~至]\s*(\d{1,2}):(\d{2})", str(cell))
    try:
        parts = [(time(int(h), int(m)), time(int(to_h), int(to_m))) for h, m, to_h, to_m in found]
    except ValueError:
        raise BadCell(ProblemCode.NO_SHIFTS) from None
    ends = [moment for part in parts for moment in part]
    if not parts or ends != sorted(set(ends)):
        raise BadCell(ProblemCode.NO_SHIFTS)
    return [(starts.isoformat(), until.isoformat()) for starts, until in parts]


def weekdays(cell: Any) -> list[int]:
    """Days of the week from Monday (0): 一二三四五, 周一至周六."""
    said = re.sub(r"[周星期、，,\s]", "", str(cell)).replace("天", "日")
    if span := re.fullmatch(f"([{DAYS}])[至-]([{DAYS}])", said):
        first, last = DAYS.index(span[1]), DAYS.index(span[2])
        return list(range(first, last + 1)) if first <= last else _no_days()
    return sorted({DAYS.index(day) for day in said}) if re.fullmatch(f"[{DAYS}]+", said) else _no_days()


def _no_days() -> list[int]:
    raise BadCell(ProblemCode.UNKNOWN_WORD, allowed="周一至周六、一三五")


COLUMNS: Final = (
    Column("provider", ("服务商", "provider"), text(80), "已登记的服务商全称", "福寿居家养老服务中心",
           required=True, width=26),
    Column("name", ("姓名", "name"), text(40), "与身份证一致", "刘洁", required=True, width=12),
    Column("sex", ("性别", "sex"), one_of(cells.SEXES), "助浴可要求同性护理员", "女", required=True, width=8,
           words=lambda: ["女", "男"]),
    Column("phone", ("电话", "phone"), cells.phone, "手机号；加密保存；同一服务商内按它认人", "13700002222",
           required=True, sensitive=True, width=16),
    Column("division", ("出发社区代码", "division"), text(12, r"\d{12}", "12 digits"), "一天从哪个社区出发，12 位代码",
           "370503001001", required=True, width=16),
    Column("mode", ("出行方式", "mode"), one_of(MODES), "步行、电动车或汽车", "电动车", required=True, width=12,
           words=lambda: [word for word in MODES if not word.isascii()]),
    Column("skills", ("不需证书的技能", "skills"), several(cells.SKILLS), "可填多个，用顿号隔开", "助洁、助餐"),
    Column("days", ("工作日", "days"), weekdays, "周一至周六，或 一三五；只用于新登记的人", "周一至周六", width=14),
    Column("hours", ("班次", "hours"), hours, "每个工作日的时段；只用于新登记的人", "08:00-11:30、13:30-17:30",
           width=26),
    *(
        column
        for n in PROOFS
        for column in (
            Column(f"skill{n}", (f"证书{n}技能", f"certificate {n}"), one_of(cells.SKILLS), "有证书的技能",
                   "助浴" if n == 1 else "", width=12, words=lambda: SKILLS),
            Column(f"number{n}", (f"证书{n}编号", f"number {n}"), text(40), "可不填",
                   "HL2024001" if n == 1 else "", width=18),
            Column(f"expires{n}", (f"证书{n}到期", f"expires {n}"), _proof_day, "证书的最后一天；过期的不收",
                   "2028-12-31" if n == 1 else "", width=14),
        )
    ),
)  # fmt: skip
_column: Final = {column.name: column for column in COLUMNS}


def _judge(session: Session, rows: Sequence[Row], seen: dict[Any, int], district_id: int) -> Iterator[Planned]:
    providers = dict(
        session.execute(select(Provider.name, Provider.id).where(Provider.district_id == district_id)).all()
    )
    codes = {row.values["division"] for row in rows if "division" in row.values}
    places = {
        code: Place(lat, lon, accuracy_m=1000, source="division").as_json()
        for code, lat, lon in session.execute(
            select(Division.code, Division.lat, Division.lon).where(
                Division.code.in_(codes), Division.district_id == district_id, Division.level == Level.COMMUNITY
            )
        )
    }
    there = {
        (one.provider_id, phone_digits(one.phone)): one
        for one in session.scalars(
            select(Caregiver).where(Caregiver.district_id == district_id, Caregiver.ended_at.is_(None))
        )
    }
    proofs: dict[int, dict[str, tuple[str | None, date | None]]] = {}
    for held in session.scalars(select(Certificate).where(Certificate.district_id == district_id)):
        proofs.setdefault(held.caregiver_id, {})[held.skill] = (held.number, held.expires)
    for row in rows:
        yield _planned(row, providers, places, there, proofs, seen)


def _planned(
    row: Row,
    providers: Mapping[str, int],
    places: Mapping[str, dict[str, Any]],
    there: Mapping[tuple[int, str], Caregiver],
    proofs: Mapping[int, Mapping[str, tuple[str | None, date | None]]],
    seen: dict[Any, int],
) -> Planned:
    values = row.values
    if "provider" in values and values["provider"] not in providers:
        row.bad(_column["provider"], ProblemCode.UNKNOWN_PROVIDER)
    if "division" in values and values["division"] not in places:
        row.bad(_column["division"], ProblemCode.UNKNOWN_DIVISION)
    if "days" in values and row.raw.get("hours") is None:
        row.bad(_column["hours"], ProblemCode.MISSING)
    given = _proofs(row)
    if row.problems:
        return Planned(row, "bad")
    key = (providers[values["provider"]], phone_digits(values["phone"]))
    if (before := seen.setdefault(key, row.number)) != row.number:
        row.bad(_column["phone"], ProblemCode.TWICE, row=before)
    known = there.get(key)
    if known and known.name != values["name"]:
        row.bad(_column["phone"], ProblemCode.PHONE_TAKEN, who=known.name)
    if row.problems:
        return Planned(row, "bad")
    said = {
        "sex": values["sex"].value, "mode": values["mode"].value, "division_code": values["division"],
        "base": places[values["division"]],
    }  # fmt: skip
    if known is None:
        return Planned(row, "new", values | {"provider_id": key[0], "said": said, "proofs": given})
    had = proofs.get(known.id, {})
    given = {
        skill: (number or had.get(skill, (None, None))[0], expires)
        for skill, (number, expires) in given.items()
        if expires or skill not in had  # a skill named without its proof takes no proof away
    }
    given = {skill: proof for skill, proof in given.items() if had.get(skill) != proof}
    if said["division_code"] == known.division_code:
        del said["base"]  # may have been put right by hand
    said = {name: value for name, value in said.items() if getattr(known, name) != value}
    outcome = "changed" if said or given else "same"
    before_ = {"said": {name: getattr(known, name) for name in said}, "proofs": {s: _json(had.get(s)) for s in given}}
    return Planned(row, outcome, {"said": said, "proofs": given, "before": before_}, known.id)


def _proofs(row: Row) -> dict[str, tuple[str | None, date | None]]:
    """Number and last day by skill; a skill without a certificate has neither."""
    values = row.values
    found: dict[str, tuple[str | None, date | None]] = {skill.value: (None, None) for skill in values.get("skills", ())}
    for n in PROOFS:
        skill, number, expires = (values.get(f"{part}{n}") for part in ("skill", "number", "expires"))
        if skill is None:
            if (number or expires) and row.raw.get(f"skill{n}") is None:
                row.bad(_column[f"skill{n}"], ProblemCode.MISSING)
            continue
        if row.raw.get(f"expires{n}") is None:
            row.bad(_column[f"expires{n}"], ProblemCode.MISSING)
        if found.get(skill.value, (None, None))[1]:
            row.bad(_column[f"skill{n}"], ProblemCode.TWICE, row=row.number)
        found[skill.value] = (number, expires)
    return found


def _json(proof: tuple[str | None, date | None] | None) -> list[str | None] | None:
    return None if proof is None else [proof[0], proof[1].isoformat() if proof[1] else None]


def _put(session: Session, going: Sequence[Planned], district_id: int, by: str, now: datetime) -> Sequence[Written]:
    new = [planned for planned in going if planned.outcome == "new"]
    ids = dict(zip((planned.row.number for planned in new), numbered(session, Caregiver, len(new)), strict=True))
    add_rows(session, Caregiver, [
        {
            "id": ids[planned.row.number], "district_id": district_id, "provider_id": planned.values["provider_id"],
            "name": planned.values["name"], "phone": planned.values["phone"], "responder": False,
            "weekly_minutes": 44 * 60, "ended_at": None, **planned.values["said"],
        }
        for planned in new
    ])  # fmt: skip
    changed = [(planned.subject, planned.values) for planned in going if planned.outcome == "changed"]
    _set(session, [(number, values["said"], _told(values["proofs"])) for number, values in changed], district_id)
    everyone: list[Change] = [(ids[planned.row.number], {}, _told(planned.values["proofs"])) for planned in new]
    _set(session, everyone, district_id)
    add_rows(session, Shift, [
        {"district_id": district_id, "caregiver_id": ids[planned.row.number], "weekday": day, "starts": a, "ends": b}
        for planned in new if "hours" in planned.values
        for day in planned.values.get("days", range(6)) for a, b in planned.values["hours"]
    ])  # fmt: skip
    return [
        Written(ids[planned.row.number]) if planned.outcome == "new" else Written(
            planned.subject, planned.values["before"],
            {"said": planned.values["said"], "proofs": _told(planned.values["proofs"])},
        )
        for planned in going
    ]  # fmt: skip


def _told(proofs: Mapping[str, tuple[str | None, date | None]]) -> dict[str, list[str | None] | None]:
    return {skill: _json(proof) for skill, proof in proofs.items()}


Change = tuple[int, Mapping[str, Any], Mapping[str, list[str | None] | None]]


def _set(session: Session, changes: Sequence[Change], district_id: int) -> None:
    """Caregivers are as is said of them and hold these proofs; one that is none is taken away."""
    people = {one.id: one for one in _people(session, [number for number, said, _ in changes if said])}
    for number, said, _ in changes:
        for name, value in said.items():
            setattr(people[number], name, {"sex": Sex, "mode": Mode}.get(name, lambda same: same)(value))
    session.flush()
    for number, skills in ((number, list(proofs)) for number, _, proofs in changes if proofs):
        session.execute(delete(Certificate).where(Certificate.caregiver_id == number, Certificate.skill.in_(skills)))
    add_rows(session, Certificate, [
        {"district_id": district_id, "caregiver_id": number, "skill": skill, "number": proof[0], "expires": proof[1]}
        for number, _, proofs in changes for skill, proof in proofs.items() if proof is not None
    ])  # fmt: skip


def _people(session: Session, ids: Sequence[int]) -> Sequence[Caregiver]:
    return session.scalars(
        select(Caregiver).where(Caregiver.id.in_(ids)).order_by(Caregiver.id).with_for_update()
    ).all()


def _stuck(session: Session, changes: Sequence[ImportChange]) -> set[int]:
    """Whoever is no longer as the file left them."""
    changed = {change.subject_id: change.after for change in changes if change.before is not None}
    held: dict[int, dict[str, list[str | None] | None]] = {}
    for proof in session.scalars(select(Certificate).where(Certificate.caregiver_id.in_(changed))):
        held.setdefault(proof.caregiver_id, {})[proof.skill] = _json((proof.number, proof.expires))
    return {
        one.id
        for one in _people(session, list(changed))
        if any(getattr(one, name) != value for name, value in changed[one.id]["said"].items())
        or any(held.get(one.id, {}).get(skill) != proof for skill, proof in changed[one.id]["proofs"].items())
    }


def _take_back(session: Session, changes: Sequence[ImportChange], by: str, now: datetime) -> None:
    """Who was new goes with skills and hours; who was on record is as before."""
    new = [change.subject_id for change in changes if change.before is None]
    for table in (Shift, Certificate):
        session.execute(delete(table).where(table.caregiver_id.in_(new)))
    session.execute(delete(Caregiver).where(Caregiver.id.in_(new)))
    back = [(change.subject_id, change.before) for change in changes if change.before is not None]
    if back:
        told = [(number, before["said"], before["proofs"]) for number, before in back]
        _set(session, told, changes[0].district_id)


CAREGIVERS: Final = Kind(
    "caregivers", "护理员", Caregiver, COLUMNS, _judge, _put, own=("certificates", "shifts"), stuck=_stuck,
    take_back=_take_back,
)  # fmt: skip
