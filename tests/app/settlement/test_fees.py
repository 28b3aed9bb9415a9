"""Fees of late cancellations stand in the statement: owed by the elder, at no contract's price, and taken back."""

from datetime import timedelta

from sqlalchemy import Engine, select

from app.calendar import month_of
from app.catalogue.rules import FeePayer
from app.db import transaction
from app.funding import actions as funding
from app.funding.rules import EntryKind
from app.orders.rules import FeeCause, FeeState, VisitState
from app.orders.tables import CancellationFee, Visit
from app.people.tables import Provider
from app.settlement import queries
from app.settlement.rules import LineKind
from app.settlement.tables import Statement, StatementLine
from tests.app.settlement.story import DECEMBER, LATER, NOVEMBER, a_contract, a_month, drawn, locked
from tests.cast import DISTRICT, TEN, a_visit, an_elder


def called_off(provider_id: int, cents: int) -> int:
    """A visit called off too late, for a fee."""
    with transaction() as session:
        visit = a_visit(
            session, elder=an_elder(session), state=VisitState.CANCELLED, opens=TEN + timedelta(hours=5),
            provider_id=provider_id,
        )  # fmt: skip
        session.add(
            CancellationFee(
                district_id=DISTRICT, division_code=visit.division_code, elder_id=visit.elder_id,
                order_id=visit.order_id, visit_id=visit.id, provider_id=provider_id, state=FeeState.DUE, cents=cents,
                cause=FeeCause.CANCEL, month=month_of(visit.opens), payer=FeePayer.ELDER, rule={}, at=TEN, by="test",
            )
        )  # fmt: skip
        funding.own_money(session, visit, EntryKind.FEE, cents, by="test", now=TEN)
        return visit.id


def lines_of(statement: Statement) -> list[StatementLine]:
    with transaction() as session:
        found = select(StatementLine).where(StatementLine.statement_id == statement.id).order_by(StatementLine.number)
        return list(session.scalars(found))


def balanced() -> bool:
    with transaction() as session:
        (row,) = queries.reconciled(session, DISTRICT, NOVEMBER)
        return (row.unexplained_cents, row.since_cents) == (0, 0)


def test_a_fee_is_the_elders_and_costs_the_bureau_nothing(database: Engine) -> None:
    provider_id, (served,) = a_month(1)
    with transaction() as session:
        said = [{"rule": "short_visits", "percent": 50}]
        prices = [{"item": "BATHING", "unit": "visit", "cents": 9_000}]
        a_contract(
            session, session.get_one(Provider, provider_id), prices=prices, deductions=said, sampling_percent=100
        )
    visit_id = called_off(provider_id, 3_000)
    november = drawn(provider_id)
    assert [(line.visit_id, line.kind, line.self_pay_cents, line.contract_cents) for line in lines_of(november)] == [
        (served, LineKind.SERVICE, 0, 9_000), (visit_id, LineKind.FEE, 3_000, 3_000),
    ]  # fmt: skip
    assert (november.payable_cents, november.self_pay_cents, november.deducted_cents) == (9_000, 3_000, 0)
    with transaction() as session:
        assert [row.visit_id for row, *_ in queries.samples(session, november)] == [served], "nobody came to her"
    assert balanced()


def test_a_locked_statement_settles_its_fees(database: Engine) -> None:
    provider_id, _ = a_month(1)
    called_off(provider_id, 3_000)
    locked(provider_id)
    with transaction() as session:
        assert [fee.state for fee in session.scalars(select(CancellationFee))] == [FeeState.SETTLED]
    assert lines_of(drawn(provider_id, DECEMBER, now=LATER)) == []


def test_one_waived_after_all_is_taken_back_in_the_next(database: Engine) -> None:
    provider_id, _ = a_month(1)
    visit_id = called_off(provider_id, 3_000)
    locked(provider_id)
    with transaction() as session:
        visit = session.get_one(Visit, visit_id)
        funding.own_money(session, visit, EntryKind.WAIVE, 3_000, by="test", now=LATER)
    (line,) = lines_of(drawn(provider_id, DECEMBER, now=LATER))
    assert (line.kind, line.self_pay_cents, line.contract_cents) == (LineKind.CORRECTION, -3_000, -3_000)
    assert balanced()
