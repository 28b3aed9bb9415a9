"""Results of assessments out of a file: by the national scale, the older one, or for LTCI, kept as they were given."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from app import calendar
from app.access import queries as access
from app.assessments import queries
from app.assessments.rules import AssessmentEvent, AssessmentKind, AssessmentState, Standard, after, due_on
from app.assessments.tables import Assessment, LevelChange
from app.db import add_rows, numbered
from app.errors import Conflict
from app.history import record_many
from app.imports.kinds import Kind, Planned, Written
from app.imports.rules import BadCell, Column, ProblemCode, Row, day, one_of, text
from app.imports.tables import ImportChange
from app.people import import_cells as cells
from app.people.rules import AbilityLevel
from app.people.tables import Elder
from app.vault import digest

E, S = AssessmentEvent, AssessmentState
STANDARDS: Final = {
    "国标42195": Standard.GBT_42195, "旧标准": Standard.MZT_039, "长护险": Standard.LTCI,
    **{standard.value: standard for standard in Standard},
}  # fmt: skip
LEVELS: Final[Mapping[Standard, Sequence[str]]] = {  # the number of a level is its place (domain.md 2.1, 2.2, 2.7)
    Standard.GBT_42195: ("能力完好", "轻度失能", "中度失能", "重度失能", "完全失能"),
    Standard.MZT_039: ("能力完好", "轻度失能", "中度失能", "重度失能"),
    Standard.LTCI: ("基本正常", "轻度失能", "中度失能", "重度失能Ⅰ级", "重度失能Ⅱ级", "重度失能Ⅲ级"),
}
YES: Final = {"是": True, "否": False, "yes": True, "no": False}


def _today() -> date:
    return calendar.day_of(datetime.now(UTC))


COLUMNS: Final = (
    Column("elder", ("身份证号", "ID number"), cells.id_number, "已登记老人的身份证号；不另外保存",
           "370503194403080040", required=True, sensitive=True, width=24),
    Column("standard", ("评估标准", "standard"), one_of(STANDARDS), "国标42195、旧标准（MZ/T 039）或长护险",
           "旧标准", required=True, width=14, words=lambda: ["国标42195", "旧标准", "长护险"]),
    Column("assessed_on", ("评估日期", "assessed on"), day(_today), "不晚于今天", "2022-05-18",
           required=True, width=14),
    Column("given", ("评估结果", "result"), text(20), "该标准自己的等级，写名称或数字：旧标准 0–3，长护险 0–5",
           "2 中度失能", required=True, width=18),
    Column("assessed_by", ("评估机构", "assessed by"), text(80), "谁评的", "河口区康宁评估中心", required=True),
    Column("level", ("对应能力等级", "level"), one_of(cells.LEVELS),
           "旧标准和长护险的结果在本地相当于哪一级；国标不填", "中度失能", width=14,
           words=lambda: [word for word in cells.LEVELS if not word.isascii()]),
    Column("counts", ("是否认定", "counts"), one_of(YES),
           "是：老人的等级随它；否：只留存。不填：国标为是，其他为否", "否", width=10, words=lambda: ["是", "否"]),
    Column("note", ("依据", "note"), text(300), "旧标准和长护险的结果按什么文件对应", "河民发〔2023〕8号",
           width=24),
)  # fmt: skip
_column: Final = {column.name: column for column in COLUMNS}


def given(standard: Standard, said: str) -> tuple[int, str]:
    """Number and words of a level of a scale, however it was written; raises BadCell with all of them."""
    words = LEVELS[standard]
    bare = re.sub(r"[\s级]", "", said).translate(str.maketrans("ⅠⅡⅢ", "123")).replace("III", "3").replace("II", "2")
    bare = bare.replace("I", "1")
    for number, word in enumerate(words):
        known = word.replace("级", "").translate(str.maketrans("ⅠⅡⅢ", "123"))
        if bare in (known, str(number), f"{number}{known}"):
            return number, f"{number} {word}"
    raise BadCell(ProblemCode.UNKNOWN_WORD, allowed="、".join(f"{n} {word}" for n, word in enumerate(words)))


def _judge(session: Session, rows: Sequence[Row], seen: dict[Any, int], district_id: int) -> Iterator[Planned]:
    hashes = {row.number: digest("id", row.values["elder"]) for row in rows if "elder" in row.values}
    elders = {
        found: (number, division)
        for found, number, division in session.execute(
            select(Elder.id_hash, Elder.id, Elder.division_code).where(
                Elder.id_hash.in_(set(hashes.values())), Elder.district_id == district_id, Elder.ended_at.is_(None)
            )
        )
    }
    there = {
        (row.elder_id, row.standard, row.assessed_on): row.level_given or _as_given(row.final_level)
        for row in session.execute(
            select(
                Assessment.elder_id, Assessment.standard, Assessment.assessed_on, Assessment.level_given,
                Assessment.final_level,
            ).where(
                Assessment.elder_id.in_({number for number, _ in elders.values()}), Assessment.state.in_(queries.ENDED)
            )
        )
    }  # fmt: skip
    for row in rows:
        found = elders.get(hashes.get(row.number, ""))
        if "elder" in row.values and found is None:
            row.bad(_column["elder"], ProblemCode.UNKNOWN_ELDER)
        _settle_level(row)
        if row.problems or found is None:
            yield Planned(row, "bad")
            continue
        key = (found[0], row.values["standard"].value, row.values["assessed_on"])
        if (before := seen.setdefault(key, row.number)) != row.number:
            row.bad(_column["assessed_on"], ProblemCode.TWICE, row=before)
        elif there.get(key, row.values["given"]) != row.values["given"]:
            row.bad(_column["given"], ProblemCode.OTHER_RESULT, level=there[key])
        outcome = "bad" if row.problems else "same" if key in there else "new"
        yield Planned(row, outcome, row.values | {"elder_id": found[0], "division_code": found[1]})


def _as_given(level: AbilityLevel | None) -> str:
    """A level found by our own form, as a file would say it."""
    number = list(AbilityLevel).index(level or AbilityLevel.INTACT)
    return f"{number} {LEVELS[Standard.GBT_42195][number]}"


def _settle_level(row: Row) -> None:
    """The level as its scale has it, and the one it stands for here: the national scale's own, else as the row says."""
    values = row.values
    if "standard" not in values or "given" not in values:
        return
    standard = values["standard"]
    try:
        number, values["given"] = given(standard, values["given"])
    except BadCell as bad:
        row.bad(_column["given"], bad.code, **bad.facts)
        return
    if standard is Standard.GBT_42195:
        own = list(AbilityLevel)[number]
        if values.setdefault("level", own) is not own:
            row.bad(_column["level"], ProblemCode.OTHER_LEVEL, level=LEVELS[standard][number])
    else:
        for needed in ("level", "note"):
            if row.raw.get(needed) is None:
                row.bad(_column[needed], ProblemCode.MISSING)
    values.setdefault("counts", standard is Standard.GBT_42195)


def _put(session: Session, new: Sequence[Planned], district_id: int, by: str, now: datetime) -> Sequence[Written]:
    """All at once what `assessments.actions.keep` does for one; the latest that counts is the valid one."""
    keeper = access.user_called(session, by)
    if keeper is None:
        raise Conflict("Results are kept by a user of the platform; somebody who is none has asked.")
    counting = [planned.values for planned in new if planned.values["counts"]]
    elder_ids = {values["elder_id"] for values in counting}
    locked = select(Elder).where(Elder.id.in_(elder_ids)).order_by(Elder.id).with_for_update()
    elders = {elder.id: elder for elder in session.scalars(locked)}
    valid = {one.elder_id: one for one in session.scalars(_valid(elder_ids))}
    latest: dict[int, Mapping[str, Any]] = {}  # by elder: what is valid from now on
    for values in sorted(counting, key=lambda one: one["assessed_on"]):
        stands = valid.get(values["elder_id"])
        if stands is None or stands.assessed_on <= values["assessed_on"]:
            latest[values["elder_id"]] = values
    displaced = {elder_id: valid[elder_id].id for elder_id in latest if elder_id in valid}
    _move(session, list(displaced.values()), S.PUBLISHED, E.SUPERSEDE, district_id=district_id, by=by, now=now)
    terms = queries.terms(session, district_id)
    rows: list[dict[str, Any]] = []
    written: list[Written] = []
    changes: list[tuple[Elder, int, AbilityLevel]] = []
    for number, planned in zip(numbered(session, Assessment, len(new)), new, strict=True):
        values = planned.values
        won = latest.get(values["elder_id"]) is values
        months = queries.term_of(terms, values["level"], values["assessed_on"])
        rows.append(
            {
                "id": number, "district_id": district_id, "division_code": values["division_code"],
                "elder_id": values["elder_id"], "standard": values["standard"], "kind": AssessmentKind.OTHER,
                "state": S.PUBLISHED if won or not values["counts"] else S.SUPERSEDED,
                "assessed_on": values["assessed_on"], "first_assessor_id": keeper.id, "answers": {},
                "final_level": values["level"], "level_given": values["given"], "assessed_by": values["assessed_by"],
                "note": values.get("note"), "counts": values["counts"],
                "due_on": due_on(values["assessed_on"], months) if won else None, "published_at": now, "version": 1,
            }
        )  # fmt: skip
        facts: dict[str, Any] = {}
        if won:
            elder = elders[values["elder_id"]]
            facts = {"elder": elder.id, "displaced": displaced.get(elder.id), "level": elder.level.value}
            changes.append((elder, number, values["level"]))
        written.append(Written(number, None, facts))
    add_rows(session, Assessment, rows)
    _change_levels(session, changes, district_id=district_id, by=by, now=now)
    return written


def _valid(elder_ids: Iterable[int]) -> Select[Assessment]:
    return select(Assessment).where(
        Assessment.elder_id.in_(set(elder_ids)), Assessment.state == S.PUBLISHED, Assessment.counts
    )


def _move(
    session: Session,
    ids: Sequence[int],
    source: AssessmentState,
    event: AssessmentEvent,
    *,
    district_id: int,
    by: str,
    now: datetime,
) -> None:
    """Many at once through the table of moves, each with a line in its history."""
    to = after(source, event)
    session.execute(
        update(Assessment).where(Assessment.id.in_(ids), Assessment.state == source)
        .values(state=to, version=Assessment.version + 1)
    )  # fmt: skip
    lines = [
        {"subject_id": number, "event": event, "before": source, "after": to, "facts": {}} for number in ids
    ]  # fmt: skip
    record_many(session, Assessment.__tablename__, lines, district_id=district_id, by=by, now=now)


def _change_levels(
    session: Session, found: Sequence[tuple[Elder, int, AbilityLevel]], *, district_id: int, by: str, now: datetime,
    withdrawn: bool = False,
) -> None:  # fmt: skip
    """Elders have these levels by these assessments: rows for whoever must follow, and lines in their histories."""
    lines, rows = [], []
    for elder, assessment_id, level in found:
        if elder.level is level:
            continue
        before, elder.level = elder.level, level
        lines.append(
            {
                "subject_id": elder.id, "event": "level", "before": before, "after": level,
                "facts": {"assessment_id": assessment_id},
            }
        )  # fmt: skip
        rows.append(
            {
                "district_id": district_id, "division_code": elder.division_code, "elder_id": elder.id,
                "assessment_id": assessment_id, "before": before, "after": level, "withdrawn": withdrawn,
                "effective_on": calendar.day_of(now), "at": now, "by": by,
            }
        )  # fmt: skip
    session.flush()
    add_rows(session, LevelChange, rows)
    record_many(session, Elder.__tablename__, lines, district_id=district_id, by=by, now=now)


def _stuck(session: Session, changes: Sequence[ImportChange]) -> set[int]:
    """What was withdrawn since, and what a later result has taken the place of."""
    ids = {change.subject_id for change in changes}
    withdrawn = session.scalars(select(Assessment.id).where(Assessment.id.in_(ids), Assessment.state == S.WITHDRAWN))
    won = {change.subject_id: change.after["elder"] for change in changes if "elder" in change.after}
    stands = {one.elder_id: one.id for one in session.scalars(_valid(won.values()))}
    return set(withdrawn) | {number for number, elder_id in won.items() if stands.get(elder_id) not in ids}


def _take_back(session: Session, changes: Sequence[ImportChange], by: str, now: datetime) -> None:
    """Withdrawn, all of them; what was valid before is so again, and so is the level."""
    if not changes:
        return
    district_id = changes[0].district_id
    ids = [change.subject_id for change in changes]
    states: dict[AssessmentState, list[int]] = {}
    for number, state in session.execute(select(Assessment.id, Assessment.state).where(Assessment.id.in_(ids))):
        states.setdefault(state, []).append(number)
    for state, numbers in states.items():
        _move(session, numbers, state, E.TAKE_BACK, district_id=district_id, by=by, now=now)
    first: dict[int, ImportChange] = {}  # by elder: what the file did first
    for change in changes:
        if "elder" in change.after:
            first.setdefault(change.after["elder"], change)
    before = [change.after["displaced"] for change in first.values() if change.after["displaced"]]
    _move(session, before, S.SUPERSEDED, E.RESTORE, district_id=district_id, by=by, now=now)
    locked = select(Elder).where(Elder.id.in_(first)).order_by(Elder.id).with_for_update()
    back = [
        (elder, first[elder.id].subject_id, AbilityLevel(first[elder.id].after["level"]))
        for elder in session.scalars(locked)
    ]
    _change_levels(session, back, district_id=district_id, by=by, now=now, withdrawn=True)


RESULTS: Final = Kind(
    "assessments", "评估结果", Assessment, COLUMNS, _judge, _put, stuck=_stuck, take_back=_take_back
)  # fmt: skip
