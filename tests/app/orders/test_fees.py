"""What calling a visit off, or moving it, too late costs: told, owed to whoever was to come, waived, settled."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select

from app.access.rules import Role
from app.catalogue import keeping
from app.catalogue.rules import CancellationTerm, FeePayer, FeeUnit
from app.catalogue.tables import CancellationRule
from app.db import transaction
from app.errors import IllegalMove
from app.funding import queries as funding
from app.orders import actions, fees, queries
from app.orders.quotes import Wish
from app.orders.rules import FeeCause, FeeChanged, FeeState
from app.orders.tables import CancellationFee, Order, Visit
from app.people.tables import Elder
from app.planning import actions as planning
from app.planning import changing
from tests.cast import DISTRICT, TEN, a_caregiver, a_draft, an_elder, an_entitlement, an_item
from tests.clients import Client

NOW = TEN - timedelta(days=3)
HOUR = timedelta(hours=1)
NOVEMBER = date(2026, 11, 1)


def a_rule(starts: date = date(2026, 1, 1), **given: Any) -> None:
    values = {"free_hours": 24, "fee_unit": FeeUnit.PERCENT, "fee": 30, "payer": FeePayer.ELDER} | given
    with transaction() as session:
        rule = CancellationRule(district_id=DISTRICT, item_id=None, starts=starts, made_by="Li", made_at=NOW, **values)
        session.add(rule)


def booked(elder: Elder, *, planned: bool = True) -> tuple[int, int]:
    """An order of one bath at TEN and its visit, which somebody is to come to."""
    with transaction() as session:
        order = actions.receive(session, elder.id, "BATHING", [Wish(TEN, TEN + HOUR)], by="Zhao", now=NOW)
        actions.confirm(session, order.id, allowance_cents=10_000, self_pay_cents=0, by="Zhao", now=NOW)
        (visit,) = queries.visits_of(session, order.id)
        if planned:
            a_draft(session, (visit, TEN, (a_caregiver(session),)))
        return order.id, visit.id


def cancelled(order_id: int, *, at: datetime = TEN, told_cents: int | None = None) -> None:
    with transaction() as session:
        planning.cancel_order(session, order_id, by="Zhao", now=at, reason="visitors", told_cents=told_cents)


def the_fee() -> CancellationFee:
    with transaction() as session:
        return session.scalars(select(CancellationFee)).one()


@pytest.fixture
def lin(database: Engine) -> Elder:
    """Lin Guifen has 260 yuan in November; a bath costs 100."""
    with transaction() as session:
        an_item(session)
        elder = an_elder(session)
        an_entitlement(session, elder)
        return elder


@pytest.mark.parametrize(("hours", "cents"), [(30, []), (20, [3_000])])
def test_cancelling_late_costs_what_held_when_the_order_was_taken(lin: Elder, hours: int, cents: list[int]) -> None:
    a_rule()
    order_id, _ = booked(lin)
    a_rule(NOW.date() + timedelta(days=1), fee=100)  # a later rule is not hers
    cancelled(order_id, at=TEN - hours * HOUR)
    with transaction() as session:
        assert session.scalars(select(CancellationFee.cents)).all() == cents
        assert queries.verify_ledger(session) == []
        held = [row.free_cents for row in funding.balances(session, lin.id, NOVEMBER)]
        owed = [e.cents for e in funding.statement(session, DISTRICT, lin.id, NOVEMBER) if e.target == "fees"]
        assert [fee.cents for fee in fees.of_elder(session, lin.id, NOVEMBER)] == cents
        assert not fees.of_elder(session, lin.id, date(2026, 10, 1))
    assert held == [26_000]  # an allowance never pays for a visit that was not made
    assert owed == cents


def test_where_nobody_was_to_come_it_is_counted_and_not_asked_for(lin: Elder) -> None:
    a_rule()
    order_id, visit_id = booked(lin, planned=False)
    with transaction() as session:
        assert fees.told(session, [session.get_one(Visit, visit_id)], now=TEN) == (3_000, FeePayer.NOBODY, 24)
    cancelled(order_id, told_cents=0)
    with transaction() as session:
        assert queries.verify_ledger(session) == []
        entries = funding.statement(session, DISTRICT, lin.id, NOVEMBER)
        assert not fees.of_elder(session, lin.id, NOVEMBER)
    assert (the_fee().payer, the_fee().cents) == (FeePayer.NOBODY, 3_000)
    assert {entry.kind for entry in entries} == {"grant", "reserve", "release"}


def test_more_than_was_told_is_not_charged_unseen(lin: Elder) -> None:
    a_rule()
    order_id, _ = booked(lin)
    with pytest.raises(FeeChanged) as late:
        cancelled(order_id, at=TEN - 23 * HOUR, told_cents=0)
    assert late.value.facts == {"cents": 3_000}
    cancelled(order_id, at=TEN - 23 * HOUR, told_cents=3_000)
    assert the_fee().cents == 3_000


@pytest.mark.parametrize(
    ("on_change", "moved", "at", "causes"),
    [
        (True, HOUR, TEN - HOUR, [FeeCause.CHANGE]),
        (True, HOUR, TEN - 25 * HOUR, []),  # in time
        (False, HOUR, TEN - HOUR, []),  # the rule is for cancelling alone
        (True, 0 * HOUR, TEN - HOUR, []),  # only longer: whoever was to come comes
    ],
)
def test_moving_a_visit_late_costs_where_the_rule_says_so(
    lin: Elder, on_change: bool, moved: timedelta, at: datetime, causes: list[FeeCause]
) -> None:
    a_rule(on_change=on_change)
    _, visit_id = booked(lin)
    with transaction() as session:
        visit = session.get_one(Visit, visit_id)
        wish = Wish(TEN + moved, TEN + HOUR + moved, 90)
        changing.change(session, visit_id, wish, seen=visit.version, promise=(10_000, 0), by="Zhao", now=at)
        assert session.scalars(select(CancellationFee.cause)).all() == causes
        assert queries.verify_ledger(session) == []


def test_an_item_may_have_a_rule_of_its_own_and_a_rule_never_reaches_back(lin: Elder) -> None:
    a_rule()
    own = CancellationTerm(2, FeeUnit.MINUTES, 30, FeePayer.NOBODY, on_change=True)
    with transaction() as session:
        bath = an_item(session)
        keeping.new_rule(session, DISTRICT, bath.id, NOW.date() + timedelta(days=1), own, by="Li", now=NOW)
        with pytest.raises(Exception, match="begins today at the earliest"):
            keeping.new_rule(session, DISTRICT, None, NOW.date() - timedelta(days=1), own, by="Li", now=NOW)
    order_id, visit_id = booked(lin)
    with transaction() as session:
        visit = session.get_one(Visit, visit_id)
        assert fees.fee_of(session, visit, now=TEN - HOUR)[0] == 3_000
        session.get_one(Order, order_id).received_at = NOW + timedelta(days=1)
        session.flush()
        assert fees.fee_of(session, visit, now=TEN - HOUR) == (5_000, own)


def test_a_fee_is_waived_once_with_a_reason_and_the_ledger_says_so(lin: Elder) -> None:
    a_rule()
    order_id, _ = booked(lin)
    cancelled(order_id)
    with transaction() as session:
        fee = session.scalars(select(CancellationFee)).one()
        assert [one.id for one in fees.of_month(session, fee.provider_id or 0, NOVEMBER)] == [fee.id]
        assert fees.waive(session, fee.id, by="Wang", now=TEN, reason="ambulance").state is FeeState.WAIVED
        assert fees.of_month(session, fee.provider_id or 0, NOVEMBER) == []
        assert queries.verify_ledger(session) == []
        last = funding.statement(session, DISTRICT, lin.id, NOVEMBER)[-1]
        assert (last.kind, last.target, last.cents, last.reason) == ("waive", "purse", 3_000, "ambulance")
        with pytest.raises(IllegalMove):
            fees.waive(session, fee.id, by="Wang", now=TEN, reason="again")


def test_what_stands_on_a_locked_statement_is_not_waived_until_it_is_taken_back(lin: Elder) -> None:
    a_rule()
    order_id, _ = booked(lin)
    cancelled(order_id)
    fee_id, provider_id = the_fee().id, the_fee().provider_id or 0
    with transaction() as session:
        fees.settle(session, fee_id, by="Li", now=TEN, reason="statement 1")
        assert len(fees.of_month(session, provider_id, NOVEMBER)) == 1
        with pytest.raises(IllegalMove):
            fees.waive(session, fee_id, by="Wang", now=TEN, reason="ambulance")
        fees.reopen(session, fee_id, by="Li", now=TEN, reason="statement 1 taken back")
        assert fees.waive(session, fee_id, by="Wang", now=TEN, reason="ambulance").state is FeeState.WAIVED


def test_a_fee_the_ledger_tells_otherwise_is_found(lin: Elder) -> None:
    a_rule()
    order_id, visit_id = booked(lin)
    cancelled(order_id)
    with transaction() as session:
        session.execute(delete(CancellationFee))
    with transaction() as session:
        assert queries.verify_ledger(session) == [f"visit {visit_id}: fees of 0 cents are owed, the ledger says 3000"]


def test_the_desk_is_told_the_fee_first_and_a_lead_waives_it(lin: Elder, client: Callable[..., Client]) -> None:
    a_rule(free_hours=720)
    order_id, visit_id = booked(lin)
    with transaction() as session:  # the routes ask the real clock: ahead of it, and too near to be free
        soon = datetime.now(UTC) + timedelta(days=2)
        visit = session.get_one(Visit, visit_id)
        visit.opens, visit.closes, visit.starts_at = soon, soon + HOUR, soon
    desk, lead = client(Role.OPERATOR), client(Role.SHIFT_LEAD)
    asked = {"cents": 3_000, "payer": "elder", "free_hours": 720}
    assert desk.get(f"/api/orders/{order_id}/fee").json() == asked
    assert desk.get(f"/api/visits/{visit_id}/fee").json() == asked
    said = {"reason": "老人改变主意", "told_cents": 0}
    refused = desk.post(f"/api/orders/{order_id}/cancel", json=said)
    assert (refused.status_code, refused.json()["cents"]) == (409, 3_000)
    assert desk.post(f"/api/orders/{order_id}/cancel", json=said | {"told_cents": 3_000}).status_code == 200
    (row,) = desk.get(f"/api/fees?elder_id={lin.id}").json()["items"]
    assert (row["cents"], row["state"], row["cause"]) == (3_000, "due", "cancel")
    waived = {"reason": "救护车接走了"}
    assert desk.post(f"/api/fees/{row['id']}/waive", json=waived).status_code == 403
    assert lead.post(f"/api/fees/{row['id']}/waive", json=waived).json()["state"] == "waived"
