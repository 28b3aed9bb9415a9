"""Fifty writers, a killed process, and any mixture of events: the ledger holds."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, func, select

from app import problems
from app.db import transaction
from app.errors import CareError, Conflict
from app.funding import actions as funding
from app.funding import queries as balances
from app.funding.rules import EntitlementUsedUp, EntryKind
from app.funding.tables import LedgerEntry
from app.orders import actions, queries
from app.orders.quotes import Wish
from app.orders.rules import OrderState, VisitEvent
from app.orders.tables import Order
from tests.cast import TEN, a_program, a_provider, an_elder, an_entitlement, an_item

BEFORE = TEN - timedelta(days=3)
WISH = Wish(TEN, TEN + timedelta(hours=1))


def received(elder_id: int, wish: Wish = WISH) -> Order:
    with transaction() as session:
        return actions.receive(session, elder_id, "BATHING", [wish], by="test", now=BEFORE)


def test_fifty_writers_race_for_the_last_sixty_yuan_and_one_gets_it(database: Engine) -> None:
    with transaction() as session:
        an_item(session, cents=6_000)
        elder = an_elder(session)
        an_entitlement(session, elder, free=6_000)
    orders = [received(elder.id).id for _ in range(50)]

    def confirm(order_id: int) -> CareError | None:
        try:
            with transaction() as session:
                actions.confirm(session, order_id, allowance_cents=6_000, self_pay_cents=0, by="test", now=BEFORE)
        except CareError as error:
            return error
        return None

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(confirm, orders))
    losers = [error for error in answers if error]
    assert len(losers) == 49
    assert {type(error) for error in losers} == {EntitlementUsedUp}
    assert losers[0].facts == {"price_cents": 6_000, "allowance_cents": 0, "self_pay_cents": 6_000}
    assert problems.of(losers[0]).status_code == 409
    with transaction() as session:
        [row] = balances.balances(session, elder.id, date(2026, 11, 1))
        assert (row.free_cents, row.reserved_cents) == (0, 6_000)
        assert queries.verify_ledger(session) == []


CHILD = """
import sys
from datetime import datetime
import app.tables
from app.db import transaction
from app.orders import actions
now = datetime.fromisoformat(sys.argv[1])
for order_id in map(int, sys.argv[2:]):
    with transaction() as session:
        actions.confirm(session, order_id, allowance_cents=100, self_pay_cents=0, by="child", now=now)
    print(order_id, flush=True)
"""


def test_a_writer_killed_in_the_middle_loses_nothing_it_said_was_done(database: Engine) -> None:
    with transaction() as session:
        an_item(session, cents=100)
        elder = an_elder(session)
        an_entitlement(session, elder)
    orders = [str(received(elder.id).id) for _ in range(150)]
    command = [sys.executable, "-c", CHILD, BEFORE.isoformat(), *orders]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as child:
        assert child.stdout is not None
        said = [int(line) for _, line in zip(range(20), child.stdout, strict=False)]
        child.kill()
        said += [int(line) for line in child.stdout]
    assert len(said) < len(orders)
    with transaction() as session:
        kept = set(session.scalars(select(Order.id).where(Order.state == OrderState.CONFIRMED)))
        reserved = session.scalar(select(func.count()).where(LedgerEntry.kind == EntryKind.RESERVE))
        assert set(said) <= kept
        assert len(kept) == reserved
        assert queries.verify_ledger(session) == []


class Months(RuleBasedStateMachine):
    """An elder's two months under any sequence of orders, deliveries, refusals, corrections and month ends."""

    visits: ClassVar[Bundle[int]] = Bundle("visits")

    @initialize()
    def begin(self) -> None:
        self.now = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
        with transaction() as session:
            self.provider = a_provider(session).id
            an_item(session)
            a_program(session)
            a_program(session, code="voucher", rank=2, share_percent=50, name_zh="消费券", name_en="Voucher")
            self.elder = an_elder(session).id
            funding.grant_months(session, now=self.now)

    @rule(target=visits, days=st.integers(0, 20), promise=st.booleans())
    def book(self, days: int, promise: bool) -> int:
        opens = self.now + timedelta(days=days)
        with transaction() as session:
            wish = Wish(opens, opens + timedelta(hours=1))
            order = actions.receive(session, self.elder, "BATHING", [wish], by="test", now=self.now)
            [visit] = queries.visits_of(session, order.id)
        allowance, own = (order.allowance_cents, order.self_pay_cents) if promise else (order.price_cents, 0)
        self.quietly(lambda: self.confirm(order.id, allowance, own))
        return visit.id

    def confirm(self, order_id: int, allowance: int, own: int) -> None:
        with transaction() as session:
            actions.confirm(session, order_id, allowance_cents=allowance, self_pay_cents=own, by="test", now=self.now)

    @rule(visit=consumes(visits))
    def cancel(self, visit: int) -> None:
        self.move(visit, VisitEvent.CANCEL)

    @rule(visit=visits)
    def deliver(self, visit: int) -> None:
        for event in (VisitEvent.PLAN, VisitEvent.PUBLISH, VisitEvent.BEGIN, VisitEvent.FINISH, VisitEvent.VERIFY):
            self.move(visit, event)

    @rule(visit=visits, event=st.sampled_from([VisitEvent.FAIL, VisitEvent.REJECT, VisitEvent.HOLD, VisitEvent.VERIFY]))
    def judge(self, visit: int, event: VisitEvent) -> None:
        self.move(visit, event)

    @rule(cents=st.integers(-30_000, 30_000).filter(bool))
    def adjust(self, cents: int) -> None:
        def do() -> None:
            with transaction() as session:
                rows = balances.balances(session, self.elder, date(2026, 11, 1))
                funding.adjust(session, rows[0].id, cents, by="test", now=self.now, reason="test")

        self.quietly(do)

    @rule(days=st.integers(1, 9))
    def time_passes(self, days: int) -> None:
        self.now = min(self.now + timedelta(days=days), datetime(2026, 12, 20, 2, 0, tzinfo=UTC))
        with transaction() as session:
            funding.grant_months(session, now=self.now)
            funding.expire_months(session, now=self.now, grace_days=10)

    @invariant()
    def every_cent_is_explained(self) -> None:
        with transaction() as session:
            assert queries.verify_ledger(session) == []

    def move(self, visit_id: int, event: VisitEvent) -> None:
        def do() -> None:
            with transaction() as session:
                visit = queries.visit(session, visit_id)
                visit.starts_at, visit.provider_id = visit.opens, self.provider
                actions.move_visit(session, visit, event, by="test", now=self.now, reason="test")

        self.quietly(do)

    @staticmethod
    def quietly(do: object) -> None:
        """A refusal is a fine answer; anything else is not."""
        assert callable(do)
        try:
            do()
        except Conflict:
            return


def test_whatever_happens_every_cent_is_explained(database: Engine) -> None:
    run_state_machine_as_test(
        Months,
        settings=settings(
            max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
