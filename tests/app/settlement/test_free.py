"""Visits that cost nothing stand in the statement once, for the record and for what a contract pays for them."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from app.db import transaction
from app.orders.tables import Visit
from app.people.tables import Elder, Provider
from app.settlement import queries, running
from app.settlement.rules import LineKind, Withheld
from app.settlement.tables import Statement, StatementLine
from tests.app.settlement.story import (
    DECEMBER,
    LATER,
    NOVEMBER,
    THEN,
    a_contract,
    a_done_visit,
    a_month,
    drawn,
    locked,
    reject,
    verify,
)
from tests.cast import DISTRICT, TEN, an_elder


def lines_of(statement: Statement) -> list[StatementLine]:
    with transaction() as session:
        found = select(StatementLine).where(StatementLine.statement_id == statement.id).order_by(StatementLine.number)
        return list(session.scalars(found))


def test_it_is_a_line_of_nothing_drawn_once(database: Engine) -> None:
    provider_id, (visit_id,) = a_month(1, cents=0)
    for _ in range(2):
        november = drawn(provider_id)
    (line,) = lines_of(november)
    assert (line.visit_id, line.kind, line.minutes) == (visit_id, LineKind.SERVICE, 60)
    assert (november.lines, november.contract_cents, november.payable_cents, november.payers) == (1, 0, 0, {})
    locked(provider_id)
    assert lines_of(drawn(provider_id, DECEMBER, now=LATER)) == []


def test_a_contract_may_pay_for_it_and_takes_that_back_when_it_did_not_count(database: Engine) -> None:
    provider_id, (first, second) = a_month(2, cents=0)
    with transaction() as session:
        prices = [{"item": "BATHING", "unit": "visit", "cents": 5_000}]
        a_contract(session, session.get_one(Provider, provider_id), prices=prices)
    november = locked(provider_id)
    assert [(line.visit_id, line.contract_cents) for line in lines_of(november)] == [(first, 5_000), (second, 5_000)]
    with transaction() as session:
        reject(session, session.get_one(Visit, first))
    for _ in range(2):
        december = drawn(provider_id, DECEMBER, now=LATER)
    (line,) = lines_of(december)
    assert (line.visit_id, line.kind, line.contract_cents) == (first, LineKind.CORRECTION, -5_000)
    assert december.payable_cents == -5_000


def test_one_that_waits_is_named_and_one_verified_late_comes_in_the_next(database: Engine) -> None:
    provider_id, _ = a_month(1)
    with transaction() as session:
        held = a_done_visit(session, an_elder(session), at=TEN + timedelta(days=1), cents=0, verified=False)
    november = locked(provider_id)
    with transaction() as session:
        assert [row.reason for row, *_ in queries.withheld(session, november)] == [Withheld.HELD]
        verify(session, session.get_one(Visit, held.id))
    (line,) = lines_of(drawn(provider_id, DECEMBER, now=LATER))
    assert (line.visit_id, line.kind) == (held.id, LineKind.LATE)


def test_nobody_served_who_had_died(database: Engine) -> None:
    provider_id, (first, _) = a_month(2, cents=0)
    with transaction() as session:
        session.get_one(Elder, session.get_one(Visit, first).elder_id).ended_at = TEN - timedelta(days=1)
    november = drawn(provider_id)
    assert [line.visit_id for line in lines_of(november)] != [first] and november.lines == 1
    with transaction() as session:
        assert [row.reason for row, *_ in queries.withheld(session, november)] == [Withheld.ELDER_GONE]


@pytest.mark.parametrize("cents", [0, 10_000])
def test_a_provider_who_served_for_nothing_has_a_statement_too(database: Engine, cents: int) -> None:
    provider_id, _ = a_month(1, cents=cents)
    assert running.run(DISTRICT, NOVEMBER, by="test", since=THEN) == 1
    with transaction() as session:
        assert [row.provider_id for row in session.scalars(select(Statement))] == [provider_id]
