"""A statement is what was captured less what is deducted, to the cent, whatever a month was like."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from app.catalogue.rules import half_up
from app.db import transaction
from app.orders import actions as orders
from app.orders.rules import VisitEvent
from app.orders.tables import Visit
from app.people.tables import Provider
from app.settlement import queries
from app.settlement.rules import Figures, Served, deductions
from app.settlement.tables import SettledEntry, Statement, StatementDeduction, StatementLine
from app.visits import partial
from tests.app.settlement.story import (
    DECEMBER,
    LATER,
    NOVEMBER,
    a_contract,
    a_done_visit,
    drawn,
    locked,
    reject,
    verify,
)
from tests.cast import DISTRICT, TEN, a_provider, an_elder

CENTS = st.integers(-20_000, 50_000)
SERVED = st.lists(
    st.builds(Served, st.integers(1, 99), CENTS, st.none() | st.integers(0, 120), st.integers(0, 60),
              st.booleans(), st.booleans()),
    max_size=12,
)  # fmt: skip
PERCENT = st.integers(0, 100)
RULES = st.lists(
    st.one_of(
        st.fixed_dictionaries({"rule": st.just("short_visits"), "percent": PERCENT}, optional={"cap_percent": PERCENT}),
        st.fixed_dictionaries({"rule": st.just("short_visits"), "cents": st.integers(0, 9_999)}),
        st.fixed_dictionaries(
            {"rule": st.sampled_from(["missed_visits", "corrected_records"]), "percent": PERCENT},
            optional={"threshold_percent": PERCENT, "cap_cents": st.integers(0, 99_999)},
        ),
        st.fixed_dictionaries({"rule": st.just("appraisal"), "bands": st.just([[80, 0], [70, 5], [0, 10]])}),
    ),
    max_size=5,
)


@given(SERVED, st.integers(0, 9), st.none() | st.integers(0, 100), RULES)
def test_deductions_never_take_more_than_a_month_is_worth(
    served: list[Served], missed: int, score: int | None, said: list[dict[str, object]]
) -> None:
    figures = Figures(served, missed, score)
    taken = deductions(figures, said)
    assert len(taken) == len(said) and all(one.cents >= 0 for one in taken)
    assert sum(one.cents for one in taken) <= max(0, figures.cents)
    for one, rule in zip(taken, said, strict=True):
        if "cap_percent" in rule:
            assert one.cents <= half_up(max(0, figures.cents) * int(str(rule["cap_percent"])), 100)


def check(statement: Statement, *, own_prices: bool) -> None:
    """The sums of a statement against its lines, its entries and what was deducted."""
    with transaction() as session:
        lines = session.scalars(select(StatementLine).where(StatementLine.statement_id == statement.id)).all()
        settled = select(func.coalesce(func.sum(SettledEntry.cents), 0)).where(
            SettledEntry.statement_id == statement.id
        )
        captured = session.scalar(settled)
        taken = session.scalars(
            select(StatementDeduction.cents).where(StatementDeduction.statement_id == statement.id)
        ).all()
    assert statement.allowance_cents + statement.self_pay_cents == captured
    assert captured == sum(line.allowance_cents + line.self_pay_cents for line in lines)
    assert statement.contract_cents == sum(line.contract_cents for line in lines)
    assert statement.deducted_cents == sum(taken)
    assert statement.payable_cents == statement.contract_cents - statement.self_pay_cents - statement.deducted_cents
    assert sum(statement.payers.values()) == statement.allowance_cents
    if not own_prices:
        assert statement.payable_cents + statement.self_pay_cents == captured - statement.deducted_cents


@pytest.mark.parametrize("seed", range(6))
def test_two_months_add_up_whatever_became_of_their_visits(database: Engine, seed: int) -> None:
    rng = random.Random(f"sums/{seed}")
    own_prices = bool(seed % 2)
    with transaction() as session:
        provider = a_provider(session)
        said = [{"rule": "short_visits", "percent": rng.randint(1, 40)}, {"rule": "corrected_records", "percent": 3}]
        prices = [{"item": "BATHING", "unit": "visit", "cents": rng.randint(1, 20_000)}] if own_prices else []
        a_contract(session, session.get_one(Provider, provider.id), deductions=said, prices=prices)
        visits = [
            a_done_visit(
                session, an_elder(session), at=TEN + timedelta(hours=3 * n), provider=provider, verified=False,
                cents=rng.choice((0, 0, 4_999, 10_001, 26_003, 31_000)), minutes=rng.choice((20, 40, 59, 60)),
            )
            for n in range(9)
        ]  # fmt: skip
        for visit in visits[:7]:
            if rng.random() < 0.3 and visit.price_cents:
                part = (rng.randint(1, 59), 60)
                orders.move_visit(session, visit, VisitEvent.VERIFY, by="test", now=TEN, part=part)
                partial.note(session, visit, None, *part, 1, by="test", now=TEN, reason="short")
            else:
                verify(session, visit)
        paid = [visit.id for visit in visits[:7] if visit.price_cents]
        late = visits[7].id
    november = locked(provider.id)
    check(november, own_prices=own_prices)
    with transaction() as session:
        reject(session, session.get_one(Visit, rng.choice(paid)))
        verify(session, session.get_one(Visit, late))
    december = drawn(provider.id, DECEMBER, now=LATER)
    check(december, own_prices=own_prices)
    assert november.lines + december.lines == 9, "seven, one of them taken back, and one verified late"
    with transaction() as session:
        rows = queries.reconciled(session, DISTRICT, NOVEMBER)
    assert rows, "some of them cost something"
    for row in rows:
        assert (row.unexplained_cents, row.since_cents, row.gone_cents) == (0, 0, 0)
        assert row.settled_cents + row.later_cents == row.ledger_cents
