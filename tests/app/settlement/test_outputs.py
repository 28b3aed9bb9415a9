"""What leaves the house: files that prove themselves, and one sheet for the elder."""

from datetime import timedelta
from io import BytesIO
from threading import Barrier, Thread

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine

from app.access.rules import Role
from app.db import transaction
from app.errors import CareError
from app.orders.tables import Visit
from app.people.tables import Elder, Provider
from app.settlement import actions, drawing, printing, queries
from app.settlement.export import Export
from app.settlement.rules import DeductionRule, Event, LineKind, StatementState, Withheld
from app.settlement.tables import Statement
from tests.app.settlement.story import (
    NOVEMBER,
    THEN,
    a_contract,
    a_done_visit,
    a_month,
    drawn,
    locked,
    reject,
    somebody,
)
from tests.cast import DISTRICT, an_elder


def test_paper_has_a_word_for_everything_a_statement_can_say() -> None:
    for words, said in (
        (printing.STATES, StatementState), (printing.KINDS, LineKind), (printing.RULES, DeductionRule),
        (printing.REASONS, Withheld),
    ):  # fmt: skip
        assert set(words) == set(said)


def test_a_printed_statement_and_its_workbook_prove_themselves(database: Engine) -> None:
    provider_id, _ = a_month(2)
    statement = locked(provider_id)
    with transaction() as session:
        found = session.get_one(Statement, statement.id)
        sheet, paper = printing.workbook(session, found), printing.printed(session, found)
        assert paper == printing.printed(session, found), "printed twice, it is the same file"
        for file in (sheet, paper):
            assert printing.faults(session, file) == (statement.id, [])
        changed = paper.replace(b"%%EOF", b"%%EOG")
        assert printing.faults(session, changed)[1]
        assert printing.faults(session, b"%PDF-1.4 something else")[0] is None


def test_a_workbook_with_a_deduction_proves_itself_and_its_amounts_are_numbers(database: Engine) -> None:
    provider_id, _ = a_month(2)
    with transaction() as session:
        rules = [{"rule": "missed_visits", "percent": 10}, {"rule": "short_visits", "percent": 50}]
        a_contract(session, session.get_one(Provider, provider_id), deductions=rules, least_minutes={"BATHING": 90})
    statement = drawn(provider_id)
    with transaction() as session:
        found = session.get_one(Statement, statement.id)
        assert found.deducted_cents > 0
        content = printing.workbook(session, found)
        assert printing.faults(session, content) == (found.id, [])
        book = load_workbook(BytesIO(content))
        taken = [float(str(row[3])) for row in book["扣款"].iter_rows(min_row=2, values_only=True)]
        assert sum(taken) == -found.deducted_cents / 100
        assert all(isinstance(row[3], float | int) for row in book["扣款"].iter_rows(min_row=2, values_only=True))
        paid = [float(str(row[10])) for row in book["结算单"].iter_rows(values_only=True) if str(row[0]).isdigit()]
        assert sum(paid) == found.contract_cents / 100
        sheet = book["结算单"]
        (cell,) = [row[1] for row in sheet.iter_rows() if row[0].value == "民政应付"]
        cell.value = 1.5
        changed = BytesIO()
        book.save(changed)
        assert any("民政应付" in fault for fault in printing.faults(session, changed.getvalue())[1])


@pytest.mark.parametrize(
    ("old", "new"), [("'-¥1,520.00", -1520.0), ("¥30.00", 30), ("¥0.00", 0), ("25", 25), ("", None)]
)
def test_a_workbook_of_before_had_its_amounts_as_text_and_says_the_same(old: str, new: float | None) -> None:
    assert printing._compared(old) == printing._compared(new)
    assert printing._compared("¥30.00") != printing._compared(30.01)


def test_an_elders_month_is_one_sheet_however_much_was_done(database: Engine) -> None:
    with transaction() as session:
        elder = an_elder(session)
        for n in range(12):
            a_done_visit(session, elder, at=THEN - timedelta(days=12, hours=3 * n), cents=3_000)
        content = printing.of_elder(session, session.get_one(Elder, elder.id), NOVEMBER)
    assert content.count(b"/Type /Page\n") == 1


def test_the_export_keeps_raw_calls_apart(database: Engine) -> None:
    provider_id, visits = a_month(2)
    statement = drawn(provider_id)
    with transaction() as session:
        found = Export.read(session, session.get_one(Statement, statement.id), after=0)
        assert [record.VisitOtherID for record in found.Visits] == [str(one) for one in visits]
        assert all(record.BillVisit and record.AdjInDateTime for record in found.Visits)
        assert Export.read(session, session.get_one(Statement, statement.id), after=1).Visits == found.Visits[1:]


def test_one_person_who_approves_twice_at_once_is_still_one(database: Engine) -> None:
    provider_id, _ = a_month(1)
    statement = drawn(provider_id)
    with transaction() as session:
        one, manager = somebody(session), somebody(session, Role.MANAGER, provider_id)
        actions.move(session, statement.id, Event.ISSUE, me=one, now=THEN)
        actions.move(session, statement.id, Event.AGREE, me=manager, now=THEN)
    start, told = Barrier(2), list[str]()

    def press() -> None:
        start.wait()
        for event in (Event.CHECK, Event.APPROVE):
            try:
                with transaction() as session:
                    told.append(actions.move(session, statement.id, event, me=one, now=THEN).state)
            except CareError:
                told.append("refused")

    hands = [Thread(target=press) for _ in range(2)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert sorted(told) == ["checked", "refused", "refused", "refused"]


def test_a_visit_rejected_while_its_month_is_drawn_up_is_lost_to_neither(database: Engine) -> None:
    provider_id, visits = a_month(4)
    start = Barrier(2)

    def draw() -> None:
        start.wait()
        with transaction() as session:
            drawing.draw(session, provider_id, NOVEMBER, by="test", now=THEN)

    def refuse() -> None:
        start.wait()
        with transaction() as session:
            reject(session, session.get_one(Visit, visits[0]))

    hands = [Thread(target=draw), Thread(target=refuse)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    with transaction() as session:
        (row,) = queries.reconciled(session, DISTRICT, NOVEMBER)
        assert (row.ledger_cents, row.unexplained_cents) == (30_000, 0)
    again = drawn(provider_id)
    assert (again.lines, again.payable_cents) == (3, 30_000)
