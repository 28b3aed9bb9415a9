"""A batch from draft to bank: two people, locked lines, a list with sealed accounts, returns, and a killed run."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.access.rules import Role
from app.access.tables import AccessLog
from app.allowances import actions, drafting, dues, queries, recipients
from app.allowances.rules import (
    MOVES,
    AllowanceKind,
    BatchEvent,
    BatchState,
    RecoveryState,
    ReturnReason,
    SamePerson,
    after,
    check_account,
    luhn,
    mask_account,
)
from app.allowances.tables import Recovery
from app.db import transaction
from app.errors import Conflict, IllegalMove, Unreadable
from app.jobs.rules import JobState
from app.jobs.tables import Job
from app.people.life_rules import LifeKind
from tests.app.allowances.cast import (
    CARD,
    OLD_AGE,
    a_recipient,
    a_rule,
    drafted,
    issued,
    lines,
    state_of,
    told,
    told_lines,
)
from tests.cast import DISTRICT, STREET
from tests.clients import Client, ok
from tests.conftest import MORNING

database = pytest.mark.usefixtures("database")
OCT, NOV = date(2026, 10, 1), date(2026, 11, 1)


@pytest.mark.parametrize("state", list(BatchState))
@pytest.mark.parametrize("event", list(BatchEvent))
def test_a_batch_moves_by_its_table_alone(state: BatchState, event: BatchEvent) -> None:
    if (state, event) in MOVES:
        assert after(state, event) is MOVES[state, event]
    else:
        with pytest.raises(IllegalMove):
            after(state, event)


def test_a_mistyped_card_is_refused() -> None:
    assert luhn([7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 3]) and not luhn([7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 0])
    assert check_account("6222 0212 3456 7890") == CARD
    for wrong in ("12345", "62220212345678901x", "6222021234567890123", "６２２２０２１２３４５６"):
        with pytest.raises(Unreadable):
            check_account(wrong)
    assert mask_account(CARD) == "**** **** 7890" and CARD[:8] not in mask_account(CARD)


@database
def test_two_different_people_approve_of_whom_one_may_have_drafted_it() -> None:
    with transaction() as session:
        a_rule(session, starts=NOV)
        a_recipient(session)
    number = drafted(NOV)  # by 王主任
    with transaction() as session:
        actions.check(session, number, by="王主任", now=MORNING)
        actions.approve(session, number, by="王主任", now=MORNING)
    with transaction() as session, pytest.raises(SamePerson, match="approved it already"):
        actions.approve(session, number, by="王主任", now=MORNING)
    assert state_of(number) is BatchState.APPROVED_ONCE
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text("update payout_batches set second_by = first_by"))
    with transaction() as session:
        assert actions.approve(session, number, by="李主任", now=MORNING).state is BatchState.APPROVED


@database
@pytest.mark.parametrize(
    "change",
    [
        "update payout_lines set cents = 999900",
        "update payout_lines set payee_id = null, hold = 'no_account', state = 'held'",
        "delete from payout_lines",
        "insert into payout_lines (district_id, division_code, batch_id, elder_id, month, why, cents, rule_id, state, "
        "payee_id) select district_id, division_code, batch_id, elder_id, '2026-01-01', why, cents, rule_id, state, "
        "payee_id from payout_lines",
    ],
)
def test_the_lines_of_a_drafted_batch_are_locked(change: str) -> None:
    with transaction() as session:
        a_rule(session, starts=NOV)
        a_recipient(session)
    before = told_lines(drafted(NOV))
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text(change))
    with transaction() as session:
        assert len(before) == session.scalar(text("select count(*) from payout_lines where cents = 10000"))


@database
def test_a_run_that_was_killed_goes_on_and_a_second_one_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafting, "SLICE", 2)
    with transaction() as session:
        a_rule(session, starts=NOV)
        people = [a_recipient(session).id for _ in range(5)]
        row, job = actions.open_batch(session, district_id=DISTRICT, kind=OLD_AGE, month=NOV, by="王主任", now=MORNING)
    real, calls = dues.draft, iter(range(9))

    def killed_in_the_second_slice(*given: object, **named: object) -> tuple[int, int]:
        made = real(*given, **named)  # type: ignore[arg-type]
        if next(calls) == 1:
            raise KeyboardInterrupt
        return made

    with monkeypatch.context() as patch:
        patch.setattr(dues, "draft", killed_in_the_second_slice)
        with pytest.raises(KeyboardInterrupt):
            drafting.carry_out(job.id)
    assert [line.elder_id for line in lines(row.id)] == people[:2]
    assert state_of(row.id) is BatchState.DRAFTING
    for _ in range(2):
        drafting.carry_out(job.id)
        assert [line.elder_id for line in lines(row.id)] == people
        assert state_of(row.id) is BatchState.DRAFTED
    with transaction() as session:
        assert session.get_one(Job, job.id).state is JobState.DONE
        actions.redraft(session, row.id, by="王主任", now=MORNING)
    drafting.carry_on(row.id, now=MORNING)
    assert [line.elder_id for line in lines(row.id)] == people


@database
def test_one_batch_at_a_time_and_none_for_a_month_ahead_or_without_a_rule() -> None:
    with transaction() as session:
        a_rule(session, starts=OCT)
    for month, why in ((date(2026, 12, 1), "not begun"), (date(2026, 9, 1), "No approved rule")):
        with pytest.raises(Conflict, match=why):
            drafted(month)
    number = drafted(OCT)
    for month in (OCT, NOV):
        with pytest.raises(Conflict):
            drafted(month)
    with transaction() as session:
        actions.drop(session, number, by="王主任", now=MORNING, reason="a mistake")
    assert drafted(OCT) != number


@database
def test_returns_are_settled_before_a_batch_is_closed() -> None:
    with transaction() as session:
        a_rule(session, starts=NOV)
        elders = [a_recipient(session) for _ in range(3)]
    number = issued(NOV)
    one, two, _ = lines(number)
    with transaction() as session:
        for line in (one, two):
            actions.give_back(session, line.id, ReturnReason.CLOSED_ACCOUNT, by="test", now=MORNING)
    with transaction() as session, pytest.raises(Conflict, match="2 payments came back"):
        actions.close(session, number, by="test", now=MORNING)
    with transaction() as session, pytest.raises(Conflict, match="still the one"):
        actions.correct(session, one.id, by="test", now=MORNING)
    with transaction() as session:
        recipients.set_payee(
            session, elders[0], holder="林桂芬", bank="农商银行", account="6222029999", by="test", now=MORNING
        )
        actions.correct(session, one.id, by="test", now=MORNING)
        actions.give_up(session, two.id, by="test", now=MORNING, reason="no heirs")
        (row,) = queries.coverage(session, DISTRICT, OLD_AGE, NOV)
        assert (row.due, row.paid, row.missed) == (3, 1, {"returned": 2})
    with transaction() as session:
        assert actions.close(session, number, by="test", now=MORNING).state is BatchState.CLOSED


@database
def test_money_asked_back_is_settled_once() -> None:
    with transaction() as session:
        a_rule(session, starts=OCT)
        elder = a_recipient(session)
    issued(OCT)
    with transaction() as session:
        told(session, elder, LifeKind.DEATH, date(2026, 9, 2))
    issued(NOV)
    with transaction() as session:
        row = session.scalars(select(Recovery)).one()
        actions.settle_recovery(session, row.id, RecoveryState.RECOVERED, by="test", now=MORNING, note="cash")
        with pytest.raises(IllegalMove):
            actions.settle_recovery(session, row.id, RecoveryState.WAIVED, by="test", now=MORNING, note="no")


@database
def test_coverage_counts_who_is_due_and_who_has_it_by_street() -> None:
    with transaction() as session:
        a_rule(session, starts=NOV)
        a_recipient(session)
        a_recipient(session, account=False)
        a_recipient(session, division_code="370503002001", applied_on=date(2024, 1, 1))
    drafted(NOV)
    with transaction() as session:
        told_ = queries.coverage(session, DISTRICT, AllowanceKind.OLD_AGE, NOV)
    assert [(row.division, row.due, row.paid, row.paid_cents, row.missed) for row in told_] == [
        (STREET, 2, 0, 0, {"no_account": 1, "listed": 1}), ("370503002000", 1, 0, 0, {"proof_overdue": 1}),
    ]  # fmt: skip


@database
def test_a_month_through_the_doors(client: Callable[..., Client]) -> None:
    with transaction() as session:
        a_rule(session, starts=NOV)
        elder = a_recipient(session)
    one, two = (client(Role.SUPERVISOR, login=f"sup{n}") for n in range(2))
    made = ok(one.post("/api/allowances/batches", json={"kind": "old_age_allowance", "month": "2026-11-01"}))
    with transaction() as session:
        drafting.carry_out(session.scalars(select(Job.id).where(Job.subject_id == made["id"])).one())
    path = f"/api/allowances/batches/{made['id']}"
    assert ok(one.get(path))["possible"] == ["redraft", "check", "drop"]
    assert ok(one.post(f"{path}/check"))["possible"] == ["approve", "send_back"]
    wish = {"form": "csv", "reason": "to the bank"}
    assert two.post(f"{path}/bank-list", json=wish).status_code == 409
    ok(two.post(f"{path}/approve"))
    assert two.post(f"{path}/approve").status_code == 409
    assert ok(one.post(f"{path}/approve"))["state"] == "approved"
    rows = list(csv.reader(io.StringIO(two.post(f"{path}/bank-list", json=wish).content.decode("utf-8-sig"))))
    assert rows[1][1:5] == ["林桂芬", "农商银行", f"{CARD}{elder.id:05d}", "100.00"] and rows[2][4] == "100.00"
    book = load_workbook(io.BytesIO(two.post(f"{path}/bank-list", json=wish | {"form": "xlsx"}).content))
    assert book.worksheets[0].cell(2, 4).value == f"{CARD}{elder.id:05d}"
    ok(one.post(f"{path}/issue"))
    (line,) = ok(one.get(f"{path}/lines", params={"state": "paid"}))
    assert CARD not in str(line) and line["account"].endswith(f"{CARD}{elder.id:05d}"[-4:])
    assert ok(one.post(f"/api/allowances/lines/{line['id']}/return", json={"reason": "wrong_name"}))["possible"]
    assert ok(one.get(path))["sums"]["returned_cents"] == 100_00
    assert client(Role.SUPERVISOR, area=STREET[:9]).post(f"{path}/close").status_code == 403
    with transaction() as session:
        looks = session.scalars(select(AccessLog).where(AccessLog.field == "account")).all()
    assert [(look.reason, look.facts["rows"]) for look in looks] == [("to the bank", 1)] * 2


@database
def test_an_elders_account_is_masked_until_somebody_says_why(client: Callable[..., Client]) -> None:
    with transaction() as session:
        elder = a_recipient(session, applied_on=date(2025, 11, 20))
        a_rule(session, starts=NOV)
    desk, path = client(Role.OPERATOR), f"/api/allowances/elders/{elder.id}"
    desk.headers["X-Simulated-At"] = (MORNING + timedelta(hours=1)).isoformat()
    assert CARD not in str(ok(desk.get(path)))
    assert ok(desk.post(f"{path}/account", json={"reason": "she asks"}))["account"] == f"{CARD}{elder.id:05d}"
    assert [row["elder_id"] for row in ok(desk.get("/api/allowances/proofs"))] == [elder.id]
    ok(desk.post(f"{path}/proofs", json={"proven_on": "2026-11-23", "way": "counter"}))
    assert ok(desk.get("/api/allowances/proofs")) == []
    assert desk.post(f"{path}/proofs", json={"proven_on": "2026-11-25", "way": "counter"}).status_code == 422
    assert desk.put(f"{path}/account", json={"holder": "x", "bank": "x", "account": "abcdefgh"}).status_code == 422
    with transaction() as session:
        sealed = session.scalar(text("select account from payees"))
        (look,) = session.scalars(select(AccessLog).where(AccessLog.field == "account")).all()
    assert CARD not in str(sealed) and (look.elder_id, look.reason) == (elder.id, "she asks")
