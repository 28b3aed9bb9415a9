"""Results of other scales out of a file: kept as given, the latest that counts is the level, undone without a trace."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from app.access.rules import Role
from app.assessments import queries
from app.assessments.result_imports import RESULTS, given
from app.assessments.rules import AssessmentState, Standard
from app.assessments.tables import Assessment, AssessmentTerm, LevelChange
from app.db import transaction
from app.errors import Conflict
from app.imports.rules import BadCell, ImportState, Mode
from app.people.rules import AbilityLevel
from app.people.tables import Elder
from app.vault import digest
from tests.app.filed import applied, checked, codes, csv_of, number, undone
from tests.cast import DISTRICT, a_user, an_elder

BY = "周敏 (zhoumin)"
pytestmark = pytest.mark.usefixtures("elder_id")


@pytest.fixture
def elder_id(database: object) -> int:
    """Somebody on record as fully able, and the supervisor who brings the file."""
    with transaction() as session:
        a_user(session, Role.SUPERVISOR, login="zhoumin", name="周敏")
        elder = an_elder(session, level=AbilityLevel.INTACT)
        elder.id_number, elder.id_hash = number(2), digest("id", number(2))
        return elder.id


def line(**said: Any) -> dict[str, Any]:
    return {
        "身份证号": number(2), "评估标准": "旧标准", "评估日期": "2022-05-18", "评估结果": "2级",
        "评估机构": "康宁评估中心", "对应能力等级": "中度失能", "是否认定": "否", "依据": "河民发〔2023〕8号",
    } | said  # fmt: skip


def national(**said: Any) -> dict[str, Any]:
    return line(评估标准="国标42195", 评估结果="重度失能", 对应能力等级=None, 是否认定=None, 依据=None) | said


def of(elder_id: int) -> list[Assessment]:
    with transaction() as session:
        return list(reversed(queries.of_elder(session, elder_id)))


def level_of(elder_id: int) -> AbilityLevel:
    with transaction() as session:
        return session.get_one(Elder, elder_id).level


@pytest.mark.parametrize(
    ("standard", "said", "stored"),
    [
        (Standard.MZT_039, "3", "3 重度失能"), (Standard.MZT_039, "重度失能", "3 重度失能"),
        (Standard.LTCI, "重度失能 Ⅱ级", "4 重度失能Ⅱ级"), (Standard.LTCI, "重度失能II级", "4 重度失能Ⅱ级"),
        (Standard.LTCI, "5级", "5 重度失能Ⅲ级"), (Standard.LTCI, "0 基本正常", "0 基本正常"),
        (Standard.GBT_42195, "完全失能", "4 完全失能"),
    ],
)  # fmt: skip
def test_a_level_is_read_however_it_was_written(standard: Standard, said: str, stored: str) -> None:
    assert given(standard, said)[1] == stored


@pytest.mark.parametrize(("standard", "said"), [(Standard.MZT_039, "4"), (Standard.LTCI, "6"), (Standard.LTCI, "好")])
def test_a_scale_has_no_other_levels(standard: Standard, said: str) -> None:
    with pytest.raises(BadCell):
        given(standard, said)


def test_a_result_of_the_older_scale_is_kept_and_changes_nothing(elder_id: int) -> None:
    row = applied(RESULTS, csv_of([line(), line(评估标准="长护险", 评估结果="3")]), by=BY)
    assert (row.state, row.counts) == (ImportState.APPLIED, {"new": 2}), row.trouble
    kept = of(elder_id)
    assert [(one.standard, one.level_given, one.counts) for one in kept] == [
        ("mzt_039_2013", "2 中度失能", False), ("ltci_2021", "3 重度失能Ⅰ级", False),
    ]  # fmt: skip
    assert {(one.state, one.final_level, one.note) for one in kept} == {
        (AssessmentState.PUBLISHED, AbilityLevel.MODERATE, "河民发〔2023〕8号")
    }
    assert level_of(elder_id) is AbilityLevel.INTACT
    assert checked(RESULTS, csv_of([line()]), by=BY).counts == {"same": 1}


def test_the_latest_that_counts_is_the_level_whatever_the_order_of_the_rows(elder_id: int) -> None:
    with transaction() as session:
        session.add(AssessmentTerm(district_id=DISTRICT, level=AbilityLevel.SEVERE, months=6, starts=date(2020, 1, 1)))
    rows = [national(评估日期="2026-03-01"), line(是否认定="是"), national(评估日期="2024-03-01", 评估结果="1")]
    assert applied(RESULTS, csv_of(rows), by=BY).counts == {"new": 3}
    assert [(one.assessed_on.year, one.state, one.due_on) for one in of(elder_id)] == [
        (2022, AssessmentState.SUPERSEDED, None), (2024, AssessmentState.SUPERSEDED, None),
        (2026, AssessmentState.PUBLISHED, date(2026, 9, 1)),
    ]  # fmt: skip
    assert level_of(elder_id) is AbilityLevel.SEVERE
    with transaction() as session:
        changes = session.scalars(select(LevelChange)).all()
        assert [(one.before, one.after) for one in changes] == [(AbilityLevel.INTACT, AbilityLevel.SEVERE)]


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (line(身份证号=number(444)), ("身份证号", "unknown_elder")),
        (line(评估日期="2199-01-01"), ("评估日期", "in_the_future")),
        (line(评估结果="4"), ("评估结果", "unknown_word")),
        (line(对应能力等级=None), ("对应能力等级", "missing")),
        (line(依据=None), ("依据", "missing")),
        (line(评估标准="巴氏量表"), ("评估标准", "unknown_word")),
        (national(对应能力等级="轻度失能"), ("对应能力等级", "other_level")),
    ],
)
def test_a_bad_cell_is_named(row: dict[str, Any], wrong: tuple[str, str]) -> None:
    assert codes(checked(RESULTS, csv_of([row]), by=BY)) == [wrong]


def test_two_results_of_one_day_are_one_too_many() -> None:
    assert codes(checked(RESULTS, csv_of([line(), line(评估结果="1")]))) == [("评估日期", "twice")]
    applied(RESULTS, csv_of([line()]), by=BY)
    assert codes(checked(RESULTS, csv_of([line(评估结果="1")]))) == [("评估结果", "other_result")]


def test_an_undone_file_leaves_level_and_valid_result_as_they_were(elder_id: int) -> None:
    applied(RESULTS, csv_of([national(评估日期="2023-01-01", 评估结果="轻度失能")]), by=BY)
    rows = [national(评估日期="2024-01-01"), national(评估日期="2025-01-01", 评估结果="完全失能"), line()]
    row = applied(RESULTS, csv_of(rows), by=BY)
    assert level_of(elder_id) is AbilityLevel.TOTAL
    assert undone(RESULTS, row.id) is ImportState.UNDONE
    assert level_of(elder_id) is AbilityLevel.MILD
    assert {one.assessed_on.year: one.state for one in of(elder_id)} == {
        2022: AssessmentState.WITHDRAWN, 2023: AssessmentState.PUBLISHED, 2024: AssessmentState.WITHDRAWN,
        2025: AssessmentState.WITHDRAWN,
    }  # fmt: skip
    assert applied(RESULTS, csv_of(rows), by=BY).counts == {"new": 3}, "what was withdrawn is no longer on record"


def test_a_file_is_not_undone_once_a_later_result_has_taken_its_place(elder_id: int) -> None:
    row = applied(RESULTS, csv_of([national(评估日期="2024-01-01")]), by=BY)
    applied(RESULTS, csv_of([national(评估日期="2025-01-01", 评估结果="4")]), Mode.SKIP_BAD, by=BY)
    with pytest.raises(Conflict, match="rows 2"):
        undone(RESULTS, row.id)
    assert level_of(elder_id) is AbilityLevel.TOTAL


def test_who_is_no_user_keeps_no_result() -> None:
    row = applied(RESULTS, csv_of([line()]), by="nobody")
    assert row.state is ImportState.CHECKED and "user of the platform" in str(row.trouble)
