"""Where a month ends, who may change a rule, and what a run that was killed leaves behind."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from app.db import transaction
from app.errors import CareError
from app.funding import actions, month_runs, programs, queries
from app.funding.programs import TooLate
from app.funding.rules import WAYS, Account, Skipped, Source, split
from app.funding.tables import Entitlement, LedgerEntry, MonthRun
from app.funding.terms import BadTerms, ProgramKind, SamePerson, Terms
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.quotes import Wish
from app.orders.rules import VisitEvent, VisitState
from app.people.rules import AbilityLevel
from tests.cast import DISTRICT, TEN, a_program, a_provider, an_elder, an_item

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
MIDNIGHT = datetime(2026, 11, 30, 16, tzinfo=UTC)  # in Shanghai
SECOND = timedelta(seconds=1)


def balance(elder_id: int, month: date = NOVEMBER) -> tuple[int, int, int, int]:
    """(free, reserved, captured, expired)."""
    with transaction() as session:
        assert order_queries.verify_ledger(session) == []
        [row] = queries.balances(session, elder_id, month)
    return row.free_cents, row.reserved_cents, row.captured_cents, row.expired_cents


def booked(elder_id: int, opens: datetime, *, now: datetime) -> int:
    with transaction() as session:
        made = orders.receive(session, elder_id, "BATHING", [Wish(opens, opens)], by="test", now=now)
        orders.confirm(
            session, made.id, allowance_cents=made.allowance_cents, self_pay_cents=made.self_pay_cents, by="test",
            now=now,
        )  # fmt: skip
        return order_queries.visits_of(session, made.id)[0].id


def test_the_month_turns_at_local_midnight_and_a_visit_over_it_is_novembers(database: Engine) -> None:
    with transaction() as session:
        an_item(session)
        a_program(session)
        elder = an_elder(session).id
        actions.grant_months(session, now=TEN)
    late = booked(elder, MIDNIGHT - timedelta(minutes=30), now=TEN)  # 23:30 to 00:30
    ahead = booked(elder, MIDNIGHT + timedelta(hours=10), now=TEN)  # booked in November for December
    assert (balance(elder), balance(elder, DECEMBER)) == ((16_000, 10_000, 0, 0), (16_000, 10_000, 0, 0))
    for now, expected in ((MIDNIGHT - SECOND, (16_000, 10_000, 0, 0)), (MIDNIGHT, (0, 10_000, 0, 16_000))):
        with transaction() as session:
            actions.expire_months(session, now=now, grace_days=10)
        assert balance(elder) == expected
    with transaction() as session:
        visit = order_queries.visit(session, late)
        visit.state, visit.starts_at, visit.provider_id = VisitState.DONE, visit.opens, a_provider(session).id
        session.flush()
        orders.move_visit(session, visit, VisitEvent.VERIFY, by="test", now=MIDNIGHT + timedelta(hours=1))
        orders.move_visit(
            session, order_queries.visit(session, ahead), VisitEvent.CANCEL, by="test", now=MIDNIGHT, reason="rain"
        )
    assert (balance(elder), balance(elder, DECEMBER)) == ((0, 0, 10_000, 16_000), (26_000, 0, 0, 0))


def test_a_version_is_approved_by_a_second_person_and_never_rewritten(database: Engine) -> None:
    with transaction() as session:
        program = a_program(session)
        terms = Terms(amounts={"moderate": 30_000})
        drafted = programs.draft(session, program, terms, starts=DECEMBER, note="7", by="王", now=TEN).id
    with pytest.raises(SamePerson), transaction() as session:
        programs.approve(session, drafted, DISTRICT, by="王", now=TEN)
    with pytest.raises(IntegrityError, match="second_person"), database.begin() as connection:
        connection.execute(
            text("update program_versions set state = 'approved', approved_by = '王', approved_at = now() where n = 2")
        )
    with transaction() as session:
        programs.approve(session, drafted, DISTRICT, by="李", now=TEN)
        [before], [after] = (programs.in_force(session, DISTRICT, month) for month in (NOVEMBER, DECEMBER))
    assert (before.n, after.n) == (1, 2)
    for statement in ("update program_versions set note = 'x'", "delete from program_versions"):
        with pytest.raises(DatabaseError, match="keeps what was written"), database.begin() as connection:
            connection.execute(text(statement))
    with pytest.raises(TooLate), transaction() as session:
        programs.draft(session, a_program(session), terms, starts=NOVEMBER, note="8", by="王", now=TEN)


def test_what_was_granted_in_advance_follows_a_change_and_a_month_that_has_begun_does_not(database: Engine) -> None:
    with transaction() as session:
        program = a_program(session)
        elder = an_elder(session)
    month_runs.keep_up(now=TEN)
    with transaction() as session:
        again = session.merge(elder)
        again.level = AbilityLevel.SEVERE
    month_runs.keep_up(now=TEN)
    assert (balance(elder.id)[0], balance(elder.id, DECEMBER)[0]) == (26_000, 32_000)
    with transaction() as session:
        terms = Terms(amounts={"moderate": 10_000})
        drafted = programs.draft(session, session.merge(program), terms, starts=DECEMBER, note="7", by="王", now=TEN)
        programs.approve(session, drafted.id, DISTRICT, by="李", now=TEN)
    month_runs.keep_up(now=TEN)
    assert (balance(elder.id)[0], balance(elder.id, DECEMBER)[0]) == (26_000, 0), "the severe get nothing any more"
    with transaction() as session:
        assert [r.adjusted_cents for r in session.scalars(select(MonthRun).order_by(MonthRun.id)) if r.adjusted] == [
            6_000, -32_000,
        ]  # fmt: skip


def test_a_voucher_is_never_cash(database: Engine) -> None:
    cash = Terms(amounts={"moderate": 10_000}, cash={"moderate": 5_000})
    with transaction() as session:
        voucher = programs.found_program(
            session, district_id=DISTRICT, code="voucher", kind=ProgramKind.VOUCHER, name_zh="券", name_en="Voucher"
        )
    with pytest.raises(BadTerms, match="cash"), transaction() as session:
        programs.draft(session, session.merge(voucher), cash, starts=NOVEMBER, note="1", by="王", now=TEN)
    with pytest.raises(IntegrityError, match="no_cash"), database.begin() as connection:
        connection.execute(
            text(
                "insert into program_versions (district_id, program_id, kind, n, state, starts, terms, note,"
                " drafted_by, drafted_at) values (:d, :p, 'voucher', 1, 'draft', '2026-11-01', :t, '', 'x', now())"
            ),
            {"d": DISTRICT, "p": voucher.id, "t": cash.model_dump_json()},
        )
    to_cash = {source for ways in WAYS.values() for source, target in ways if target is Account.CASH}
    assert to_cash == {Account.BUDGET}, "no way leads from what is for services to cash"


def test_cash_and_service_are_granted_apart_and_cash_pays_no_visit(database: Engine) -> None:
    with transaction() as session:
        an_item(session)
        a_program(
            session, code="both", kind=ProgramKind.CASH_SERVICE, amounts={"moderate": 6_000}, cash={"moderate": 9_000}
        )
        elder = an_elder(session).id
        actions.grant_months(session, now=TEN)
        [row] = queries.balances(session, elder, NOVEMBER)
        quoted = order_queries.quoted(session, elder, "BATHING", [Wish(TEN, TEN)], now=TEN)
    assert (row.granted_cents, row.free_cents, row.cash_cents) == (15_000, 6_000, 9_000)
    assert (quoted.allowance_cents, quoted.self_pay_cents) == (6_000, 4_000)


def test_sources_pay_in_their_order_each_within_its_cap_and_not_beside_whom_it_excludes() -> None:
    voucher = Source(1, "voucher", NOVEMBER, 50_000, share_percent=50)
    meal = Source(2, "meal", NOVEMBER, 9_000, aids=("meal",), line_cap_cents=500, canteens=("c1",))
    district = Source(3, "district", NOVEMBER, 20_000, not_beside=("meal",), items=("MEAL", "BATH"))
    sources = [voucher, meal, district]
    paid = split(1_200, "meal", sources, item="MEAL", canteen="c1")
    assert [(p.program, p.cents) for p in paid.parts] == [("voucher", 600), ("meal", 500)]
    assert (paid.self_pay_cents, paid.skipped) == (100, (("district", Skipped.BESIDE),))
    bath = split(10_001, "bathing", sources, item="BATH")
    assert [(p.program, p.cents) for p in bath.parts] == [("voucher", 5_001), ("district", 5_000)]
    other = split(100, "meal", [meal, district], item="CLEAN", canteen="c2")
    assert other.skipped == (("meal", Skipped.CANTEEN), ("district", Skipped.ITEM)) and other.self_pay_cents == 100


CHILD = """
import sys
from datetime import datetime
import app.tables
from app.funding import month_runs
month_runs.SLICE = 5
print("ready", flush=True)
now = datetime.fromisoformat(sys.argv[2])
month_runs.carry_on(int(sys.argv[1]), clock=lambda: now, tell=lambda run: print(run.done, flush=True) or True)
"""


def test_a_run_that_is_killed_goes_on_where_it_was_while_elders_book(database: Engine) -> None:
    with transaction() as session:
        an_item(session, cents=100)
        a_program(session)
        elders = [an_elder(session).id for _ in range(60)]
        run_id = month_runs.begin(session, DISTRICT, NOVEMBER, by="test", now=TEN).id
    command = [sys.executable, "-c", CHILD, str(run_id), TEN.isoformat()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as child:
        assert child.stdout is not None
        said = [line for _, line in zip(range(4), child.stdout, strict=False)]
        child.kill()
        child.stdout.read()
    assert said[0] == "ready\n" and len(said) == 4
    with transaction() as session:
        done = session.get_one(MonthRun, run_id).done
        assert session.scalar(select(func.count(Entitlement.id))) == session.get_one(MonthRun, run_id).granted
        assert done >= 15

    def book(elder_id: int) -> CareError | None:
        try:
            booked(elder_id, TEN + timedelta(days=1), now=TEN)
        except CareError as error:
            return error
        return None

    with ThreadPoolExecutor(4) as pool:
        booking = [pool.submit(book, elder_id) for elder_id in elders]
        run = month_runs.carry_on(run_id, clock=lambda: TEN)
    assert [one.result() for one in booking if one.result()] == []
    assert run is not None and (run.done, run.granted, run.granted_cents) == (60, 60, 60 * 26_000)
    with transaction() as session:
        grants = select(func.count()).where(LedgerEntry.kind == "grant")
        assert session.scalar(grants) == 60
        assert order_queries.verify_ledger(session) == []
