"""Files of devices: judged by the cell, applied as a whole or without the bad rows, repeated, undone."""

import io
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select, text

from app import history, sheets
from app.db import transaction
from app.equipment import models
from app.equipment.rules import DeviceState
from app.equipment.tables import Device
from app.errors import Conflict, IllegalMove
from app.imports import actions as imports
from app.imports.rules import ImportState, Mode, ProblemCode
from app.imports.tables import Import
from app.jobs.rules import JobState
from app.jobs.tables import Job
from app.people.tables import Elder, Home
from app.stock import importing, keys
from app.stock.columns import COLUMNS, template
from app.vault import digest
from tests.cast import DISTRICT, OTHER_COMMUNITY, a_device, a_home, an_elder
from tests.conftest import MORNING

database = pytest.mark.usefixtures("database")
HEAD = [column.headings[0] for column in COLUMNS]
LATER = MORNING + timedelta(hours=1)


def a_row(wire_id: Any, model: Any = "yl-pendant", **given: Any) -> list[Any]:
    values = {"wire_id": wire_id, "model": model, "lot": "2026-第2批", "purchased_on": "2026-11-02"} | given
    return [values.get(column.name) for column in COLUMNS]


def xlsx(*rows: Sequence[Any], head: Sequence[Any] = HEAD) -> bytes:
    book = Workbook()
    for row in (head, *rows):
        book.worksheets[0].append(list(row))
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def csv_of(*rows: Sequence[Any], encoding: str = "utf-8-sig") -> bytes:
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in (HEAD, *rows)]
    return "\r\n".join(lines).encode(encoding)


@pytest.fixture(autouse=True)
def catalogue(request: pytest.FixtureRequest) -> None:
    if "database" in request.fixturenames:
        with transaction() as session:
            models.load(session)


def uploaded(content: bytes, name: str = "设备.xlsx") -> int:
    with transaction() as session:
        row, _ = imports.take_in(session, "devices", name, content, district_id=DISTRICT, by="王工", now=MORNING)
        number = row.id
    importing.check(number, now=MORNING)
    return number


def the(import_id: int) -> Import:
    with transaction() as session:
        return session.get_one(Import, import_id)


def applied(import_id: int, mode: Mode = Mode.WHOLE) -> dict[str, int]:
    with transaction() as session:
        imports.confirm(session, import_id, mode, district_id=DISTRICT, by="王工", now=MORNING)
    return dict(importing.apply(import_id, by="王工", now=MORNING))


def devices() -> dict[str, Device]:
    with transaction() as session:
        return {device.wire_id: device for device in session.scalars(select(Device).order_by(Device.id))}


def problems(content: bytes) -> list[tuple[int, str, str]]:
    return [(p["row"], p["column"], p["code"]) for p in the(uploaded(content)).problems]


@database
@pytest.mark.parametrize("make", [xlsx, csv_of, lambda *rows: csv_of(*rows, encoding="gb18030")])
def test_good_rows_go_into_stock_with_what_is_on_their_plates(make: Any) -> None:
    rows = [
        a_row("pendant-3f21", sim="89860123456789012345", serial="SN 01", owner="区民政局", purchased_on="2026/11/2"),
        a_row("24:E1:24:53:5B:00:00:01", "WS303 水浸传感器 [milesight-ws303]"),
    ]
    number = uploaded(make(*rows))
    assert the(number).state is ImportState.CHECKED and devices() == {}
    assert applied(number) == {"new": 2}
    first, second = devices().values()
    assert (first.state, first.sim, first.purchased_on) == (
        DeviceState.IN_STOCK, "89860123456789012345", date(2026, 11, 2),
    )  # fmt: skip
    assert (second.wire_id, second.model_id, second.lot) == ("24e124535b000001", "milesight-ws303", "2026-第2批")
    with transaction() as session:
        (line,) = history.of(session, DISTRICT, "devices", first.id)
        assert (line.event, line.by, line.facts["import"]) == ("take_in", "王工", number)
        assert "89860123" not in str(session.execute(text("select sim from devices")).all())


@database
def test_every_bad_cell_is_named_with_what_is_wrong_and_what_to_do() -> None:
    with transaction() as session:
        a_device(session, wire_id="taken", model="yl-smoke", sim="13800001111", sim_hash=digest("sim", "13800001111"))
    found = problems(
        xlsx(
            a_row(None),
            a_row("p 1"),
            a_row("p2", "某型号"),
            a_row("p3", purchased_on="明天"),
            a_row("p4", purchased_on=date(2099, 1, 1)),
            a_row("p5", serial='=HYPERLINK("http://x","y")'),
            a_row("p6", sim=898601234567890123456),
            a_row("p6"),
            a_row("xyz", "milesight-ws303"),
            a_row("p7", sim="13800001111"),
            a_row("taken"),
            a_row("p8", home=987654),
            a_row("p9", elder="370502194001011234"),
            a_row("p10", lot="批" * 41),
            a_row("床头", "yl-pendant"),
        )
    )
    heading = {column.name: column.headings[0] for column in COLUMNS}
    assert found == [
        (2, heading["wire_id"], "missing"),
        (3, heading["wire_id"], "bad_characters"),
        (4, heading["model"], "unknown_choice"),
        (5, heading["purchased_on"], "no_date"),
        (6, heading["purchased_on"], "in_the_future"),
        (7, heading["serial"], "formula"),
        (8, heading["sim"], "rounded"),
        (9, heading["wire_id"], "twice"),
        (10, heading["wire_id"], "bad_characters"),
        (11, heading["sim"], "taken"),
        (12, heading["model"], "other_model"),
        (13, heading["home"], "unknown_home"),
        (14, heading["elder"], "unknown_elder"),
        (15, heading["lot"], "too_long"),
        (16, heading["wire_id"], "bad_characters"),
    ]


@database
def test_a_bad_id_number_is_shown_masked_and_the_words_say_what_to_do() -> None:
    (problem,) = the(uploaded(xlsx(a_row("p9", elder="370502194001011234")))).problems
    assert problem["value"] == "370****34" and "register the elder first" in problem["says"]


@database
def test_all_or_none_refuses_a_file_with_a_bad_row_and_skipping_takes_the_good_ones() -> None:
    number = uploaded(xlsx(a_row("p1"), a_row("p 2"), a_row("p3")))
    with pytest.raises(Conflict):
        applied(number)
    assert devices() == {}
    assert applied(number, Mode.SKIP_BAD) == {"new": 2, "bad": 1} and set(devices()) == {"p1", "p3"}


@database
def test_the_same_file_again_changes_nothing_and_a_corrected_one_only_what_it_corrects() -> None:
    rows = [a_row("p1", serial="S1"), a_row("p2", serial="S2")]
    applied(uploaded(xlsx(*rows)))
    assert applied(uploaded(xlsx(*rows))) == {"same": 2}
    number = uploaded(xlsx(rows[0], a_row("p2", serial="S2b")))
    assert applied(number) == {"same": 1, "changed": 1} and devices()["p2"].serial == "S2b"
    with transaction() as session:
        importing.undo(session, number, district_id=DISTRICT, by="王工", now=LATER)
    assert devices()["p2"].serial == "S2"


@database
def test_what_somebody_else_registers_meanwhile_fails_the_whole_and_nothing_is_half_done() -> None:
    number = uploaded(xlsx(a_row("p1"), a_row("p2")))
    with transaction() as session:
        job = imports.confirm(session, number, Mode.WHOLE, district_id=DISTRICT, by="王工", now=MORNING)
        a_device(session, wire_id="p2", model="yl-smoke")
    importing.carry_out(job.id)
    assert set(devices()) == {"p2"} and the(number).state is ImportState.CHECKED
    assert the(number).trouble == "changed"
    with transaction() as session:
        failed = session.get_one(Job, job.id)
    assert failed.state is JobState.FAILED and "register has changed" in (failed.error or "")


@database
def test_a_worker_checks_applies_and_does_nothing_the_second_time() -> None:
    with transaction() as session:
        row, job = imports.take_in(
            session, "devices", "a.xlsx", xlsx(a_row("p1")), district_id=DISTRICT, by="王工", now=MORNING
        )
    importing.carry_out(job.id)
    importing.carry_out(job.id)
    assert (the(row.id).state, the(row.id).rows, the(row.id).counts) == (ImportState.CHECKED, 1, {"new": 1})
    with transaction() as session:
        second = imports.confirm(session, row.id, Mode.WHOLE, district_id=DISTRICT, by="王工", now=MORNING)
    importing.carry_out(second.id)
    importing.carry_out(second.id)
    assert the(row.id).state is ImportState.APPLIED and set(devices()) == {"p1"}
    with transaction() as session:
        assert session.scalar(select(Import.content).where(Import.id == row.id)) is None


@database
def test_an_import_is_undone_while_its_devices_are_untouched_and_refused_once_one_has_a_key() -> None:
    first, second = uploaded(xlsx(a_row("p1"))), uploaded(xlsx(a_row("q1"), a_row("q2")))
    applied(first), applied(second)
    with transaction() as session:
        keys.give_password(session, devices()["q2"].id, by="王工", now=LATER)
    with transaction() as session, pytest.raises(Conflict) as refused:
        importing.undo(session, second, district_id=DISTRICT, by="王工", now=LATER)
    assert refused.value.facts["devices"] == ["q2"]
    with transaction() as session:
        importing.undo(session, first, district_id=DISTRICT, by="王工", now=LATER)
    assert set(devices()) == {"q1", "q2"} and the(first).state is ImportState.UNDONE
    with transaction() as session, pytest.raises(IllegalMove):
        importing.undo(session, first, district_id=DISTRICT, by="王工", now=LATER)


@database
def test_devices_that_hang_in_homes_already_are_put_there_and_taken_back_by_undoing() -> None:
    with transaction() as session:
        elder = an_elder(session)
        home = session.get_one(Home, elder.home_id)
        elder.id_hash = digest("id", "370502194001011234")
        other = a_home(session, division_code=OTHER_COMMUNITY)
        session.flush()
        a_device(session, home=home, model="yl-gas", wire_id="there", spot="厨房")
    number = uploaded(
        xlsx(
            a_row("p1", elder="370502194001011234", spot="颈挂"),
            a_row("s1", "yl-smoke", home=home.id, spot="厨房"),
            a_row("there", "yl-gas", home=other.id),
            a_row("p2", elder="370502194001011234", home=other.id),
        )
    )
    assert [(p["row"], p["code"]) for p in the(number).problems] == [(4, "not_in_stock"), (5, "other_home")]
    assert applied(number, Mode.SKIP_BAD) == {"new": 2, "bad": 2}
    found = devices()
    assert (found["p1"].state, found["p1"].elder_id, found["p1"].spot) == (DeviceState.ACTIVE, elder.id, "颈挂")
    assert (found["s1"].home_id, found["s1"].elder_id) == (home.id, None)
    with transaction() as session:
        importing.undo(session, number, district_id=DISTRICT, by="王工", now=LATER)
    assert {name: (d.state, d.home_id) for name, d in devices().items() if name != "there"} == {
        "p1": (DeviceState.IN_STOCK, None), "s1": (DeviceState.IN_STOCK, None),
    }  # fmt: skip


@database
def test_columns_may_stand_in_any_order_and_what_nobody_knows_is_named() -> None:
    head, row = ["备注", "型号*", "Device ID"], ["新买的", "yl-pendant", "p1"]
    number = uploaded(xlsx(row, head=head))
    assert [(p["row"], p["column"], p["code"]) for p in the(number).problems] == [(1, "备注", "unknown_column")]
    assert applied(number) == {"new": 1}


@database
def test_a_file_without_the_needed_columns_has_one_problem_and_cannot_be_applied() -> None:
    number = uploaded(xlsx(["x"], ["y"], head=["型号"]))
    assert [p["code"] for p in the(number).problems] == ["no_column"]
    with pytest.raises(Conflict):
        applied(number)


def bomb() -> bytes:
    """A workbook whose sheet is a hundred times the limit, in a few hundred kilobytes."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/s.xml", "w") as part,
    ):
        for _ in range(sheets.MOST_UNPACKED // 1_000_000 + 1):
            part.write(b" " * 1_000_000)
    return packed.getvalue()


def with_a_document_type() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx())) as good, zipfile.ZipFile(packed, "w") as bad:
        for part in good.infolist():
            content = good.read(part)
            if part.filename.endswith("sheet1.xml"):
                content = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + content
            bad.writestr(part.filename, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"\xff\xfe\x00\x01", b"\x89PNG\r\n\x1a\n\x00\x00", bomb(), with_a_document_type()],
    ids=["empty", "cut", "binary", "picture", "bomb", "document type"],
)
@database
def test_what_is_no_table_is_refused_in_words(content: bytes) -> None:
    row = the(uploaded(content))
    assert row.state is ImportState.DISCARDED or [p["code"] for p in row.problems] == ["no_column", "no_column"]


def test_too_many_rows_are_refused_and_a_sheet_that_claims_to_be_huge_is_not_believed() -> None:
    content = b"a,b\n" + b"1,2\n" * (sheets.MOST_ROWS + 1)
    with pytest.raises(sheets.BadSheet, match="split the file"):
        list(sheets.rows(content))
    liar = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(a_row("p1")))) as good, zipfile.ZipFile(liar, "w") as bad:
        for part in good.infolist():
            content = good.read(part)
            if part.filename.endswith("sheet1.xml"):
                content = content.replace(b'<dimension ref="A1:L2"', b'<dimension ref="A1:XFD1048576"')
            bad.writestr(part.filename, content)
    assert len(list(sheets.rows(liar.getvalue()))) == 2


@given(content=st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_rows_or_a_bad_sheet(content: bytes) -> None:
    for given_ in (content, b"PK\x03\x04" + content):
        with suppress(sheets.BadSheet):
            for number, row in sheets.rows(given_):
                assert number > 0 and len(row) <= sheets.MOST_COLUMNS


@database
def test_the_template_is_a_file_that_can_be_imported() -> None:
    with transaction() as session:
        known = [(m.id, m.maker, m.name) for m in models.all_of_them(session)]
    content = template(known)
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["设备", "说明", "选项"] and len(book["选项"]["B"]) == len(known)
    assert {v.formula1 for v in book["设备"].data_validations.dataValidation} == {f"'选项'!$B$1:$B${len(known)}"}
    number = uploaded(content)
    assert the(number).problems == [] and the(number).counts == {"new": 1}


def test_every_problem_has_words() -> None:
    from app.imports.rules import SAYS

    assert set(SAYS) == set(ProblemCode)


@database
def test_elders_are_found_by_the_hash_of_their_number_only() -> None:
    with transaction() as session:
        elder = an_elder(session)
        elder.id_hash, elder.ended_at = digest("id", "370502194001011234"), MORNING
        session.flush()
        assert session.scalar(select(func.count()).select_from(Elder)) == 1
    assert problems(xlsx(a_row("p1", elder="370502194001011234")))[0][2] == "unknown_elder"
