"""Files as people send them: wide digits, bare day numbers, titles above, merged cells; and files that attack."""

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from app import sheets
from app.assessments.result_imports import RESULTS
from app.imports import rules
from app.imports.rules import BadCell, ProblemCode, Row
from app.people.caregiver_imports import CAREGIVERS
from app.people.elder_imports import COLUMNS, ELDERS
from app.people.import_cells import id_number, phone
from tests.app.filed import number


def read(content: bytes) -> list[Row]:
    return list(rules.read(sheets.rows(content), COLUMNS))


def workbook(*rows: list[Any], merged: str = "", title: str = "老人") -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if merged:
        sheet.merge_cells(merged)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def line(**said: Any) -> dict[str, Any]:
    return {
        "姓名": "林桂芬", "身份证号": number(2), "社区代码": "370503001001", "小区": "河运小区",
        "详细地址": "12号楼2单元302", "能力等级": "中度失能", "名册": "政府购买服务",
    } | said  # fmt: skip


HEAD = list(line())


def only(content: bytes) -> Row:
    head, row = read(content)
    assert not head.problems
    return row


def test_wide_digits_and_letters_are_read_as_narrow_ones() -> None:
    wide = {ord(narrow): chr(ord(narrow) + 0xFEE0) for narrow in "0123456789X"}
    row = only(
        workbook(HEAD, list(line(身份证号=number(2).translate(wide), 社区代码="３７０５０３００１００１").values()))
    )
    assert (row.values["id_number"], row.values["division"]) == (number(2), "370503001001")


@pytest.mark.parametrize(
    "said", [f" {number(2)[:6]} {number(2)[6:14]} {number(2)[14:]}", f"'{number(2)}", number(2).lower()]
)
def test_an_id_number_may_be_grouped_or_marked_as_text(said: str) -> None:
    assert id_number(said) == number(2)


def test_a_telephone_may_be_grouped() -> None:
    assert phone("138 0000 1234") == "13800001234"


@pytest.mark.parametrize(
    "cell", [16139, "16139", "1944-3-8", "1944/03/08", "1944.3.8", "1944年3月8日", "19440308", "1944-03-08 00:00:00"]
)
def test_a_day_is_read_however_excel_left_it(cell: Any) -> None:
    assert rules.any_day(cell) == date(1944, 3, 8)


@pytest.mark.parametrize(
    "cell", [1944, 2026, 0, -1, 99999, True, "1944-02-30", "19440230", "8", "1944-3", 10**30, "昨天"]
)
def test_what_is_no_day_is_none(cell: Any) -> None:
    with pytest.raises(BadCell):
        rules.any_day(cell)


@pytest.mark.parametrize(("said", "cents"), [("¥1,234.50", 123450), ("88元", 8800), ("88.5", 8850)])
def test_an_amount_may_wear_its_sign(said: str, cents: int) -> None:
    assert rules.yuan(said) == cents


def test_csv_from_excel_in_china_and_from_anywhere() -> None:
    text = ",".join(HEAD) + "\r\n" + ",".join(line(姓名="㛃桂芬").values()) + "\r\n"
    for coding in ("gbk", "gb18030", "utf-8", "utf-8-sig"):
        said = text.replace("㛃", "林") if coding == "gbk" else text
        assert only(said.encode(coding)).values["name"].endswith("桂芬")


def test_a_title_may_stand_above_the_headings() -> None:
    blank = [None] * len(HEAD)
    above = ["河口区老人名册（2026年11月）", *blank[1:]], ["填表人：周敏", *blank[1:]]
    content = workbook(*above, HEAD, list(line().values()), merged="A1:G1")
    row = only(content)
    assert (row.number, row.values["name"], row.problems) == (4, "林桂芬", [])


def test_a_merged_cell_is_empty_below_its_first_row() -> None:
    content = workbook(HEAD, list(line().values()), list(line(小区="另一个").values()), merged="D2:D3")
    _, first, second = read(content)
    assert first.problems == []
    assert [(problem.column, problem.code) for problem in second.problems] == [("小区", ProblemCode.MISSING)]


def test_a_formula_is_no_value() -> None:
    row = only(workbook(HEAD, list(line(详细地址='=A2&"号"').values())))
    assert [problem.code for problem in row.problems] in ([ProblemCode.FORMULA], [ProblemCode.MISSING])
    wide = only(workbook(HEAD, list(line(详细地址="＝A2").values())))
    assert [problem.code for problem in wide.problems] == [ProblemCode.FORMULA]


def test_another_sheet_says_which_columns_are_missing() -> None:
    (head,) = read(workbook(["日期", "金额"], ["2026-11-01", 5], title="收支"))
    assert {problem.column for problem in head.problems if problem.code is ProblemCode.NO_COLUMN} == set(HEAD)


@pytest.mark.parametrize("kind", [ELDERS, RESULTS, CAREGIVERS])
def test_the_example_of_the_template_is_read_without_a_fault_and_taken_for_none(kind: Any) -> None:
    head, row = rules.read(sheets.rows(kind.template()), kind.columns)
    assert (head.problems, row.problems) == ([], [])
    assert rules.is_example(row, kind.columns)
    row.raw["name" if kind is not RESULTS else "given"] = "3"
    assert not rules.is_example(row, kind.columns)


def repacked(content: bytes, name: str, change: Any) -> bytes:
    """The workbook with one part changed."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            said = old.read(part)
            new.writestr(part.filename, change(said) if part.filename == name else said)
    return written.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
GOOD = workbook(HEAD, list(line().values()))
LAUGH = (
    b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "' + b"&a;" * 100 + b'"><!ENTITY c "' + b"&b;" * 100 + b'">'
    b'<!ENTITY d "' + b"&c;" * 100 + b'"><!ENTITY e "' + b"&d;" * 100 + b'">]>'
)  # fmt: skip


@pytest.mark.parametrize("before", [b"", b"<!--" + b" " * 70_000 + b"-->"])
def test_a_document_type_is_refused_wherever_it_stands(before: bytes) -> None:
    content = repacked(
        GOOD, SHEET, lambda said: before + LAUGH + said.replace(b"<sheetData>", b"<sheetData><!--&e;-->")
    )
    with pytest.raises(sheets.BadSheet, match="document type"):
        read(content)


def test_a_part_that_unpacks_into_far_more_is_refused_before_it_is_unpacked() -> None:
    content = repacked(GOOD, SHEET, lambda said: said + b" " * (sheets.MOST_UNPACKED + 1))
    assert len(content) < 1_000_000
    with pytest.raises(sheets.BadSheet, match="too large"):
        read(content)


def test_a_cell_far_below_is_too_many_rows_and_not_a_million_empty_ones() -> None:
    far = b'<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    content = repacked(GOOD, SHEET, lambda said: said.replace(b"</sheetData>", far))
    with pytest.raises(sheets.BadSheet, match="rows"):
        read(content)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda tail: b"PK\x03\x04" + tail))
def test_any_bytes_are_rows_or_a_bad_sheet(content: bytes) -> None:
    try:
        read(content)
    except sheets.BadSheet:
        return


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_a_workbook_with_a_byte_broken_is_rows_or_a_bad_sheet(at: int, byte: int) -> None:
    try:
        read(GOOD[:at] + bytes([byte]) + GOOD[at + 1 :])
    except sheets.BadSheet:
        return


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*HEAD, "出生日期", "电话", "人员类别"]), st.text(max_size=30), min_size=1))
def test_any_words_in_the_cells_are_values_or_named_as_bad(said: dict[str, str]) -> None:
    names = list(line() | said)
    rows = list(rules.read(enumerate([names, [(line() | said)[name] for name in names]], 1), COLUMNS))
    assert all(problem.says() for row in rows for problem in row.problems)
