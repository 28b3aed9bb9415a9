"""What happens to an agreed order: approved, changed with its money, cancelled too late, paid by the elder alone."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from app.access.rules import Role
from app.catalogue.rules import Approval
from app.db import transaction
from app.errors import IllegalMove
from app.funding import queries as funding
from app.orders import actions, changing, queries
from app.orders.quotes import Wish
from app.orders.rules import NotYourApproval, OrderState, Payer, QuoteChanged, VisitChanged, VisitState
from app.orders.tables import Order
from app.people.tables import Elder
from app.planning import changing as plan_changes
from tests.cast import TEN, a_caregiver, a_draft, a_program, an_elder, an_entitlement, an_item
from tests.clients import Client

NOW = TEN - timedelta(days=3)
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


def a_wish(days: int = 0) -> Wish:
    return Wish(TEN + timedelta(days=days), TEN + timedelta(days=days, hours=1))


def taken(elder: Elder, *wishes: Wish, payer: Payer = Payer.ENTITLEMENT) -> Order:
    with transaction() as session:
        order = actions.receive(session, elder.id, "BATHING", wishes or [a_wish()], payer=payer, by="Zhao", now=NOW)
        return actions.confirm(
            session, order.id, allowance_cents=order.allowance_cents, self_pay_cents=order.self_pay_cents, by="Zhao",
            now=NOW,
        )  # fmt: skip


def free(elder: Elder, month: date = NOVEMBER) -> int:
    with transaction() as session:
        return sum(row.free_cents for row in funding.balances(session, elder.id, month))


@pytest.fixture
def lin(database: Engine) -> Elder:
    """Lin Guifen has 260 yuan in November and in December; a bath costs 100, a walk 50."""
    with transaction() as session:
        an_item(session)
        an_item(session, "WALK", cents=5_000, aid="mobility", needs=[], minutes={"default": 40})
        elder = an_elder(session)
        an_entitlement(session, elder)
        an_entitlement(session, elder, month=DECEMBER)
        return elder


def test_what_she_pays_herself_leaves_the_allowance_alone(lin: Elder) -> None:
    order = taken(lin, payer=Payer.SELF)
    assert (order.allowance_cents, order.self_pay_cents, free(lin)) == (0, 10_000, 26_000)


def test_an_order_that_wants_approval_is_reserved_and_waits(lin: Elder) -> None:
    with transaction() as session:
        an_item(session).approval = Approval.SUPERVISOR
    order = taken(lin)
    assert (order.state, free(lin)) == (OrderState.WAITING_APPROVAL, 16_000)
    with transaction() as session:
        assert queries.waiting(session, TEN.date()) == []
        for role, by in ((Role.SHIFT_LEAD, "Wang"), (Role.SUPERVISOR, "Zhao")):  # not hers; she took it herself
            with pytest.raises(NotYourApproval):
                changing.approve(session, order.id, role=role, by=by, now=NOW)
        changing.approve(session, order.id, role=Role.SUPERVISOR, by="Li", now=NOW)
        assert len(queries.waiting(session, TEN.date())) == 1
        with pytest.raises(IllegalMove):
            changing.approve(session, order.id, role=Role.SUPERVISOR, by="Li", now=NOW)


def test_what_is_refused_gives_its_money_back(lin: Elder) -> None:
    with transaction() as session:
        an_item(session).approval = Approval.SHIFT_LEAD
    order = taken(lin, a_wish(0), a_wish(1))
    with transaction() as session:
        refused = changing.refuse(session, order.id, role=Role.SHIFT_LEAD, by="Wang", now=NOW, reason="not due")
        assert refused.state is OrderState.CANCELLED
    assert free(lin) == 26_000


def test_a_visit_moves_with_its_money_into_the_month_that_pays_it(lin: Elder) -> None:
    order = taken(lin)
    with transaction() as session:
        (visit,) = queries.visits_of(session, order.id)
        quote = changing.requote(session, visit.id, a_wish(10), now=NOW)
        changing.change(session, visit.id, a_wish(10), seen=quote.version, promise=(10_000, 0), by="Zhao", now=NOW)
        assert queries.verify_ledger(session) == []
    assert (free(lin), free(lin, DECEMBER)) == (26_000, 16_000)


def test_another_item_of_other_price_is_quoted_with_what_the_visit_holds(lin: Elder) -> None:
    taken(lin, a_wish(1))
    order = taken(lin)  # 60 yuan are left
    with transaction() as session:
        (visit,) = queries.visits_of(session, order.id)
        found = changing.requote(session, visit.id, a_wish(), item_code="WALK", now=NOW)
        assert (found.quote.allowance_cents, found.quote.self_pay_cents) == (5_000, 0)
        visit = changing.change(
            session, visit.id, a_wish(), item_code="WALK", seen=found.version, promise=(5_000, 0), by="Zhao", now=NOW
        )
        assert (visit.item_code, visit.minutes, visit.needs, visit.price_cents) == ("WALK", 40, [], 5_000)
        assert session.get_one(Order, order.id).price_cents == 5_000
    assert free(lin) == 11_000


def test_the_second_of_two_changes_is_told(lin: Elder) -> None:
    order = taken(lin)
    with transaction() as session:
        (visit,) = queries.visits_of(session, order.id)
        seen = visit.version
        changing.change(session, visit.id, a_wish(1), seen=seen, promise=(10_000, 0), by="Zhao", now=NOW)
    with transaction() as session, pytest.raises(VisitChanged):
        changing.change(session, visit.id, a_wish(2), seen=seen, promise=(10_000, 0), by="Qian", now=NOW)
    with transaction() as session:
        version = queries.visit(session, visit.id).version
        with pytest.raises(QuoteChanged):
            changing.change(session, visit.id, a_wish(2), seen=version, promise=(9_000, 1_000), by="Qian", now=NOW)
    assert free(lin) == 16_000


def test_a_planned_visit_leaves_its_plan_when_it_is_changed(lin: Elder) -> None:
    order = taken(lin)
    with transaction() as session:
        (visit,) = queries.visits_of(session, order.id)
        a_draft(session, (visit, TEN, (a_caregiver(session),)))
        assert visit.state is VisitState.PLANNED
        session.flush()
        plan_changes.change(session, visit.id, a_wish(1), seen=visit.version, promise=(10_000, 0), by="Zhao", now=NOW)
        assert (visit.state, visit.starts_at) == (VisitState.WAITING, None)


def test_a_visit_changed_into_what_must_be_allowed_waits_for_it(lin: Elder) -> None:
    with transaction() as session:
        an_item(session, "WALK").approval = Approval.SUPERVISOR
    order = taken(lin)
    with transaction() as session:
        (visit,) = queries.visits_of(session, order.id)
        changing.change(
            session, visit.id, a_wish(), item_code="WALK", seen=visit.version, promise=(5_000, 0), by="Zhao", now=NOW
        )
        assert session.get_one(Order, order.id).state is OrderState.WAITING_APPROVAL
        assert queries.waiting(session, TEN.date()) == []
        changing.approve(session, order.id, role=Role.SUPERVISOR, by="Li", now=NOW)


def test_a_programme_may_want_an_approval_of_what_it_pays(database: Engine) -> None:
    with transaction() as session:
        an_item(session)
        a_program(session, approval="supervisor")
        elder = an_elder(session)
        an_entitlement(session, elder)
    paid, own = taken(elder), taken(elder, a_wish(1), payer=Payer.SELF)
    assert (paid.state, paid.approval) == (OrderState.WAITING_APPROVAL, Approval.SUPERVISOR)
    assert (own.state, own.approval) == (OrderState.CONFIRMED, Approval.NONE)  # it pays nothing of this one
    with transaction() as session:
        quoted = queries.quoted(session, elder.id, "BATHING", [a_wish(2)], now=NOW)
        assert quoted.approval is Approval.SUPERVISOR  # told before it is booked
        with pytest.raises(NotYourApproval):
            changing.approve(session, paid.id, role=Role.SHIFT_LEAD, by="Wang", now=NOW)


def test_nobody_books_at_the_price_of_nobody(lin: Elder, client: Callable[..., Client]) -> None:
    day = {"opens": "2099-01-01T02:00:00Z", "closes": "2099-01-01T03:00:00Z"}
    order = {"elder_id": lin.id, "item": "BATHING", "visits": [day], "payer": "none"}
    assert client(Role.OPERATOR).post("/api/orders", json=order).status_code == 422
