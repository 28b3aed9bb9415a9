"""Money: granted once, never negative, explained to the cent."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from app.db import transaction
from app.funding import actions, programs, queries
from app.funding.rules import Account, EntitlementUsedUp, EntryKind, GraceOver, Part, Split
from app.funding.tables import Entitlement
from app.funding.terms import Terms
from app.orders import actions as orders
from app.orders import queries as orders_queries
from app.orders.rules import VisitEvent, VisitState
from app.people.rules import AbilityLevel, Category, Register
from tests.cast import TEN, a_program, a_visit, an_elder, an_entitlement, an_order

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
DECEMBER_5, DECEMBER_12 = datetime(2026, 12, 5, tzinfo=UTC), datetime(2026, 12, 12, tzinfo=UTC)


def balance(elder_id: int, month: date = NOVEMBER) -> tuple[int, int, int, int]:
    with transaction() as session:
        [row] = queries.balances(session, elder_id, month)
    return row.free_cents, row.reserved_cents, row.captured_cents, row.expired_cents


def no_faults() -> bool:
    with transaction() as session:
        return orders_queries.verify_ledger(session) == []


def test_this_month_and_the_next_are_granted_once_however_often_the_job_runs(database: Engine) -> None:
    with transaction() as session:
        a_program(session)
        elder = an_elder(session, level=AbilityLevel.TOTAL)  # the source has no line for it: the severe tier
        other = an_elder(session, register=Register.WELFARE_VISITS)
    for _ in range(3):
        with transaction() as session:
            actions.grant_months(session, now=TEN)
    assert balance(elder.id) == balance(elder.id, DECEMBER) == (32_000, 0, 0, 0)
    with transaction() as session:
        assert queries.balances(session, other.id, NOVEMBER) == []
    assert no_faults()


def test_an_excluded_category_and_a_programme_that_has_ended_give_nothing(database: Engine) -> None:
    with transaction() as session:
        a_program(session, code="voucher", no_category=[Category.TEKUN])
        a_program(session, code="old", ends=date(2026, 10, 31))
        poor, elder = an_elder(session, categories=[Category.TEKUN]), an_elder(session)
        actions.grant_month(session, NOVEMBER, now=TEN)
        assert queries.balances(session, poor.id, NOVEMBER) == []
        assert [row.program for row in queries.balances(session, elder.id, NOVEMBER)] == ["voucher"]


def test_an_amount_changes_from_its_month_on(database: Engine) -> None:
    with transaction() as session:
        program = a_program(session)
        terms = Terms(amounts={"moderate": 30_000})
        drafted = programs.draft(session, program, terms, starts=DECEMBER, note="文件 7 号", by="王", now=TEN)
        programs.approve(session, drafted.id, program.district_id, by="李", now=TEN)
        elder = an_elder(session)
        actions.grant_months(session, now=TEN)
    assert (balance(elder.id)[0], balance(elder.id, DECEMBER)[0]) == (26_000, 30_000)


def test_at_month_end_only_what_is_free_expires_and_what_is_reserved_after_ten_days(database: Engine) -> None:
    with transaction() as session:
        elder = an_elder(session)
        entitlement = an_entitlement(session, elder)
        visit = a_visit(session, elder=elder, allowance_cents=10_000, self_pay_cents=0)
        actions.reserve_for(session, visit, Split((Part(entitlement, "district", 10_000),), 0), by="test", now=TEN)
        actions.expire_months(session, now=TEN, grace_days=10)
    assert balance(elder.id) == (16_000, 10_000, 0, 0)
    for _ in range(2):
        with transaction() as session:
            actions.expire_months(session, now=DECEMBER_5, grace_days=10)
        assert balance(elder.id) == (0, 10_000, 0, 16_000)
    for _ in range(2):
        with transaction() as session:
            actions.expire_months(session, now=DECEMBER_12, grace_days=10)
        assert balance(elder.id) == (0, 0, 0, 26_000)
    with pytest.raises(GraceOver), transaction() as session:
        actions.capture_for(session, orders_queries.visit(session, visit.id), by="test", now=DECEMBER_12)
    assert no_faults()


def test_capture_release_and_refund_bear_being_repeated(database: Engine) -> None:
    with transaction() as session:
        elder = an_elder(session)
        entitlement = an_entitlement(session, elder)
        order = an_order(session, elder=elder, allowance_cents=8_000, self_pay_cents=2_000)
        visit = a_visit(session, order=order, state=VisitState.DONE)
        actions.reserve_for(session, visit, Split((Part(entitlement, "district", 8_000),), 2_000), by="test", now=TEN)
    for _ in range(2):
        with transaction() as session:
            found = orders_queries.visit(session, visit.id)
            actions.capture_for(session, found, by="test", now=TEN)
            actions.release_for(session, found, by="test", now=TEN)
    assert balance(elder.id) == (18_000, 0, 8_000, 0)
    with transaction() as session:
        assert queries.owed_for(session, visit) == 2_000
        assert orders_queries.verify_ledger(session) == [f"visit {visit.id}: 10000 cents captured, the visit is done"]
    for _ in range(2):
        with transaction() as session:
            actions.refund_for(session, orders_queries.visit(session, visit.id), by="test", now=TEN)
    assert balance(elder.id) == (26_000, 0, 0, 0)
    assert no_faults()


def test_a_verified_visit_captures_what_it_reserved_and_a_rejected_one_gives_it_back(database: Engine) -> None:
    with transaction() as session:
        elder = an_elder(session)
        entitlement = an_entitlement(session, elder)
        order = an_order(session, elder=elder, allowance_cents=8_000, self_pay_cents=2_000)
        visit = a_visit(session, order=order, state=VisitState.DONE)
        actions.reserve_for(session, visit, Split((Part(entitlement, "district", 8_000),), 2_000), by="test", now=TEN)
        orders.move_visit(session, visit, VisitEvent.VERIFY, by="test", now=TEN)
    assert balance(elder.id) == (18_000, 0, 8_000, 0)
    assert no_faults()
    with transaction() as session:
        found = orders_queries.visit(session, visit.id)
        orders.move_visit(session, found, VisitEvent.REJECT, by="test", now=TEN, reason="nobody was there")
    assert balance(elder.id) == (26_000, 0, 0, 0)
    assert no_faults()


def test_nobody_can_take_more_than_is_free(database: Engine) -> None:
    with transaction() as session:
        entitlement = an_entitlement(session, an_elder(session), free=6_000)
        visit = a_visit(session)
    way = EntryKind.RESERVE, Account.FREE, Account.RESERVED
    with pytest.raises(EntitlementUsedUp), transaction() as session:
        actions.post(session, *way, 6_001, entitlement, by="test", now=TEN, visit=visit)
    with pytest.raises(IntegrityError, match="ck_entitlements"), database.begin() as connection:
        connection.execute(text("update entitlements set free_cents = -1"))


@pytest.mark.parametrize(
    "statement",
    ["update ledger_entries set cents = 1", "delete from ledger_entries", "truncate ledger_entries"],
)
def test_the_ledger_cannot_be_changed_by_anybody(database: Engine, statement: str) -> None:
    with transaction() as session:
        an_entitlement(session, an_elder(session))
    with pytest.raises(DatabaseError, match="keeps what was written"), database.begin() as connection:
        connection.execute(text(statement))


def test_only_known_ways_of_money_exist(database: Engine) -> None:
    with transaction() as session:
        an_entitlement(session, an_elder(session))
    with pytest.raises(IntegrityError, match="ck_ledger_entries_way"), database.begin() as connection:
        connection.execute(
            text(
                "insert into ledger_entries (district_id, at, by, kind, source, target, cents, division_code, elder_id,"
                " month, program_id, entitlement_id) select district_id, at, by, 'grant', 'expired', 'free', 1,"
                " division_code, elder_id, month, program_id, entitlement_id from ledger_entries"
            )
        )


def test_a_balance_changed_behind_the_ledgers_back_is_found(database: Engine) -> None:
    with transaction() as session:
        elder = an_elder(session)
        entitlement = an_entitlement(session, elder)
    with database.begin() as connection:
        connection.execute(
            text("update entitlements set free_cents = free_cents + 1, granted_cents = granted_cents + 1")
        )
    with transaction() as session:
        said = orders_queries.verify_ledger(session)
        assert f"entitlement {entitlement}: free is 26001, the ledger says 26000" in said
        assert session.get_one(Entitlement, entitlement).granted_cents == 26_001


def test_the_month_shows_every_entry_with_the_balance_after_it(database: Engine) -> None:
    with transaction() as session:
        elder = an_elder(session)
        entitlement = an_entitlement(session, elder)
        visit = a_visit(session, elder=elder, allowance_cents=9_000, self_pay_cents=1_000, state=VisitState.DONE)
        actions.reserve_for(session, visit, Split((Part(entitlement, "district", 9_000),), 1_000), by="test", now=TEN)
        actions.capture_for(session, visit, by="test", now=TEN)
        lines = queries.statement(session, elder.district_id, elder.id, NOVEMBER)
    assert [(line.kind, line.cents, line.free_after_cents, line.reserved_after_cents) for line in lines] == [
        ("grant", 26_000, 26_000, 0), ("reserve", 9_000, 17_000, 9_000), ("capture", 9_000, 17_000, 0),
        ("capture", 1_000, 17_000, 0),
    ]  # fmt: skip
    assert {line.visit_id for line in lines[1:]} == {visit.id}
