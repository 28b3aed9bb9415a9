"""What a bank sends back as a file, and allowances handed out in cash."""

import csv
import io
from collections.abc import Callable
from datetime import date

import pytest
from openpyxl import load_workbook

from app import sheets
from app.access.rules import Role
from app.allowances import actions, queries, recipients, returned
from app.allowances.returned import Fault
from app.allowances.rules import BatchState, LineState, PayWay, ReturnReason, return_reason
from app.db import transaction
from app.errors import Conflict, IllegalMove, Unreadable
from app.people.tables import Elder
from tests.app.allowances.cast import CARD, OLD_AGE, a_recipient, a_rule, drafted, issued, lines, told_lines
from tests.cast import DISTRICT
from tests.clients import Client, ok
from tests.conftest import MORNING

database = pytest.mark.usefixtures("database")
OCT, NOV = date(2026, 10, 1), date(2026, 11, 1)
HEADINGS = "序号,收款账号,户名,交易金额,退票原因"


def a_file(*rows: str, lead: str = "") -> bytes:
    """As a bank writes it: GB 18030, a total at the end."""
    return "\n".join([*([lead] if lead else []), HEADINGS, *rows, "合计,,,1.00,"]).encode("gb18030")


def account(elder: Elder) -> str:
    return f"{CARD}{elder.id:05d}"


def three_paid() -> tuple[int, list[Elder]]:
    """A batch at the bank with three transfers of 100 yuan."""
    with transaction() as session:
        a_rule(session, starts=NOV)
        elders = [a_recipient(session) for _ in range(3)]
    return issued(NOV), elders


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("账户已销户", ReturnReason.CLOSED_ACCOUNT), ("久悬户止付", ReturnReason.DORMANT_ACCOUNT),
        ("户名不符", ReturnReason.WRONG_NAME), ("收款人账号不存在", ReturnReason.WRONG_ACCOUNT),
        ("ACCOUNT CLOSED", ReturnReason.CLOSED_ACCOUNT), ("系统超时", ReturnReason.OTHER), ("", ReturnReason.OTHER),
    ],
)  # fmt: skip
def test_a_banks_words_are_one_of_our_reasons(words: str, reason: ReturnReason) -> None:
    assert return_reason(words) is reason


@database
def test_a_dry_run_says_what_is_wrong_with_each_row_and_changes_nothing() -> None:
    batch_id, (one, two, _) = three_paid()
    content = a_file(
        f"1,{account(one)},林桂芬,100.00,账户已销户", f"2,{account(one)},林桂芬,100.00,账户已销户",
        f"3,{account(two)},林桂芬,99.00,", f"4,{account(two)},王某,100.00,", "5,62220212349,林桂芬,100,",
        "6,,林桂芬,100,", "7,6222abc,林桂芬,一百,", lead="东营银行代发退票明细",
    )  # fmt: skip
    with transaction() as session:
        rows = returned.read(session, batch_id, content)
    assert [row.fault for row in rows] == [
        None, Fault.TWICE, Fault.OTHER_AMOUNT, Fault.OTHER_NAME, Fault.NO_TRANSFER, None, None,
    ]  # fmt: skip
    assert [row.number for row in rows] == [3, 4, 5, 6, 7, 8, 9], "as the rows stand in the file, the title counted"
    assert rows[0].sent and rows[0].reason is ReturnReason.CLOSED_ACCOUNT
    assert [len(row.problems) for row in rows[-2:]] == [1, 2]
    assert {line.state for line in lines(batch_id)} == {LineState.PAID}


@database
def test_a_file_is_given_back_whole_or_its_good_rows_alone() -> None:
    batch_id, (one, two, three) = three_paid()
    content = a_file(f"1,{account(one)},,100.00,账户已销户", f"2,{account(two)},,100.00,", "3,62220212349,,100.00,")
    with pytest.raises(Conflict, match="Some rows"), transaction() as session:
        returned.give_back(session, batch_id, content, skip_bad=False, by="test", now=MORNING)
    assert {line.state for line in lines(batch_id)} == {LineState.PAID}
    with transaction() as session:
        returned.give_back(session, batch_id, content, skip_bad=True, by="test", now=MORNING)
    assert [(line.elder_id, line.state.value, line.returned_for) for line in lines(batch_id)] == [
        (one.id, "returned", ReturnReason.CLOSED_ACCOUNT), (two.id, "returned", ReturnReason.OTHER),
        (three.id, "paid", None),
    ]  # fmt: skip
    with transaction() as session:
        again = returned.read(session, batch_id, content)
    assert [row.fault for row in again] == [Fault.SETTLED, Fault.SETTLED, Fault.NO_TRANSFER]


@database
def test_a_transfer_of_several_months_comes_back_as_one() -> None:
    with transaction() as session:
        a_rule(session, starts=OCT)
        elder = a_recipient(session)
    batch_id = issued(NOV)
    with transaction() as session:
        content = a_file(f"1,{account(elder)},林桂芬,200.00,户名不符")
        (row,) = returned.give_back(session, batch_id, content, skip_bad=False, by="test", now=MORNING)
    assert row.sent and len(row.sent.line_ids) == 2
    assert [line.state.value for line in lines(batch_id)] == ["returned", "returned"]


@database
def test_two_elders_with_one_account_are_told_apart_by_name_or_not_at_all() -> None:
    with transaction() as session:
        a_rule(session, starts=NOV)
        one, two = (a_recipient(session, account=False, name=name) for name in ("王桂兰", "李长河"))
        for elder in (one, two):
            recipients.set_payee(
                session, elder, holder=elder.name, bank="农商银行", account=CARD, by="test", now=MORNING
            )
    batch_id = issued(NOV)
    with transaction() as session:
        (nobody,) = returned.read(session, batch_id, a_file(f"1,{CARD},,100.00,"))
        (named,) = returned.read(session, batch_id, a_file(f"1,{CARD},李长河,100.00,"))
    assert nobody.fault is Fault.SEVERAL and named.sent and named.sent.elder_id == two.id


@database
def test_what_is_no_list_of_returns_is_refused() -> None:
    batch_id, _ = three_paid()
    for content, why in ((b"a,b\n1,2", "no column 账号"), (b"\x00\x01", "neither an Excel")):
        with transaction() as session, pytest.raises(Unreadable, match=why):
            returned.read(session, batch_id, content)
    with transaction() as session:
        actions.close(session, batch_id, by="test", now=MORNING)
        with pytest.raises(Conflict, match="while their batch is issued"):
            returned.read(session, batch_id, a_file())


@database
def test_a_return_taken_for_another_is_taken_back() -> None:
    batch_id, _ = three_paid()
    line = lines(batch_id)[0]
    with transaction() as session:
        actions.give_back(session, line.id, ReturnReason.WRONG_NAME, by="test", now=MORNING)
        after = actions.take_back(session, line.id, by="test", now=MORNING, reason="看错行")
        assert (after.state, after.returned_for) == (LineState.PAID, None)


@database
def test_who_has_no_account_is_paid_in_cash_where_the_rule_knows_cash() -> None:
    with transaction() as session:
        a_rule(session, starts=OCT)
        a_rule(session, starts=NOV, ways=(PayWay.BANK, PayWay.DOOR))
        elder = a_recipient(session, account=False)
        recipients.set_payee(session, elder, way=PayWay.DOOR, holder=elder.name, by="test", now=MORNING)
        with pytest.raises(Unreadable, match="needs the bank"):
            recipients.set_payee(session, elder, holder=elder.name, by="test", now=MORNING)
    assert [told[3] for told in told_lines(drafted(OCT))] == ["no_account"], "in October there was the bank alone"
    with transaction() as session:
        actions.drop(session, lines_batch(), by="x", now=MORNING, reason="a mistake")
    batch_id = issued(NOV)
    (line,) = (line for line in lines(batch_id) if line.month == NOV)
    assert line.state is LineState.TO_COLLECT
    with transaction() as session, pytest.raises(Conflict, match="wait to be collected"):
        actions.close(session, batch_id, by="test", now=MORNING)
    with transaction() as session:
        (row,) = queries.coverage(session, DISTRICT, OLD_AGE, NOV)
        assert (row.due, row.paid, row.missed) == (1, 0, {"to_collect": 1}), "due, not yet in her hand"
        actions.collect(session, line.id, collected_by="女儿代领", by="test", now=MORNING)
    with transaction() as session:
        assert actions.close(session, batch_id, by="test", now=MORNING).state is BatchState.CLOSED


def lines_batch() -> int:
    """The only batch there is."""
    with transaction() as session:
        return next(row.id for row, _ in queries.batches(session, DISTRICT))


@database
def test_cash_nobody_came_for_is_paid_again_and_never_taken_back_as_paid() -> None:
    with transaction() as session:
        a_rule(session, starts=OCT, ways=(PayWay.BANK, PayWay.COUNTER))
        elder = a_recipient(session, account=False)
        recipients.set_payee(session, elder, way=PayWay.COUNTER, holder=elder.name, by="test", now=MORNING)
    (line,) = lines(issued(OCT))
    with transaction() as session:
        actions.give_back(session, line.id, ReturnReason.NOT_COLLECTED, by="test", now=MORNING)
        with pytest.raises(IllegalMove):
            actions.take_back(session, line.id, by="test", now=MORNING, reason="x")
        actions.correct(session, line.id, by="test", now=MORNING)
    assert told_lines(drafted(NOV)) == [(OCT, "again", 100_00, "listed"), (NOV, "regular", 100_00, "listed")]


@database
def test_a_file_and_cash_through_the_doors(client: Callable[..., Client]) -> None:
    with transaction() as session:
        a_rule(session, starts=NOV, ways=(PayWay.BANK, PayWay.COUNTER))
        banked, elder = a_recipient(session), a_recipient(session, account=False)
    desk, bureau = client(Role.OPERATOR), client(Role.SUPERVISOR, login="sup1")
    path = f"/api/allowances/elders/{elder.id}/account"
    assert desk.put(path, json={"holder": "林桂芬"}).status_code == 422
    assert desk.put(path, json={"holder": "林桂芬", "way": "counter"}).status_code == 204
    assert desk.post(path, json={"reason": "she asks"}).status_code == 404, "there is no account to see"
    batch_id = issued(NOV)
    at, wish = f"/api/allowances/batches/{batch_id}", {"form": "xlsx", "reason": "发放"}
    cash = load_workbook(io.BytesIO(bureau.post(f"{at}/bank-list", json=wish | {"cash": True}).content)).worksheets[0]
    assert [cash.cell(2, n).value for n in (2, 5, 6)] == ["林桂芬", "窗口领取", "100.00"] and cash.cell(1, 8).value
    listed = bureau.post(f"{at}/bank-list", json=wish | {"form": "csv"}).content.decode("utf-8-sig")
    assert [row[3] for row in csv.reader(io.StringIO(listed))][1:-1] == [account(banked)]
    content = sheets.book([("退票", HEADINGS.split(","), [["1", account(banked), "林桂芬", "100.00", "销户"]])])
    headers = {"Content-Type": "application/octet-stream"}
    told = ok(bureau.post(f"{at}/returns/check", content=content, headers=headers))
    assert (told["good"], told["good_cents"], told["bad"]) == (1, 100_00, 0) and account(banked) not in str(told)
    assert client(Role.SUPERVISOR, area="370503001").post(f"{at}/returns", content=content).status_code == 403
    ok(bureau.post(f"{at}/returns", content=content, headers=headers))
    assert ok(bureau.get(at))["sums"]["returned"] == 1
    waiting = ok(bureau.get(f"{at}/lines", params={"state": "to_collect"}))[0]
    assert waiting["possible"] == ["collect", "return"]
    after = ok(bureau.post(f"/api/allowances/lines/{waiting['id']}/collect", json={"collected_by": "本人"}))
    assert after["state"] == "paid"
