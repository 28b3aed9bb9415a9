"""The lives of orders and visits."""

import pytest

from app.access.rules import Role
from app.errors import IllegalMove
from app.orders.rules import (
    ORDER_MOVES,
    VISIT_ENDED,
    VISIT_MOVES,
    OrderEvent,
    OrderState,
    VisitEvent,
    VisitState,
    order_after,
    order_possible,
    visit_after,
    visit_possible,
)


def test_every_visit_can_come_to_an_end_from_wherever_it_stands() -> None:
    ending = set(VISIT_ENDED)
    while more := {source for (source, _), target in VISIT_MOVES.items() if target in ending} - ending:
        ending |= more
    assert ending == set(VisitState)


def test_every_state_can_be_reached() -> None:
    assert set(VISIT_MOVES.values()) | {VisitState.WAITING} == set(VisitState)
    assert set(ORDER_MOVES.values()) | {OrderState.RECEIVED} == set(OrderState)


@pytest.mark.parametrize("event", OrderEvent)
@pytest.mark.parametrize("state", [OrderState.CLOSED, OrderState.CANCELLED])
def test_an_ended_order_accepts_nothing(state: OrderState, event: OrderEvent) -> None:
    with pytest.raises(IllegalMove, match=f"{state} cannot {event}"):
        order_after(state, event)


def test_what_was_not_done_cannot_be_verified() -> None:
    for state in set(VisitState) - {VisitState.DONE, VisitState.HELD}:
        with pytest.raises(IllegalMove):
            visit_after(state, VisitEvent.VERIFY)


def test_buttons_follow_the_role() -> None:
    assert order_possible(OrderState.RECEIVED, Role.OPERATOR) == ["confirm", "cancel"]
    assert order_possible(OrderState.RECEIVED, Role.DISPATCHER) == ["cancel"]
    assert order_possible(OrderState.RECEIVED, Role.SUPERVISOR) == []
    assert order_possible(OrderState.CONFIRMED, Role.OPERATOR, [VisitState.UNDER_WAY]) == []
    assert visit_possible(VisitState.HELD, Role.DISPATCHER) == ["verify", "reject"]
    assert visit_possible(VisitState.HELD, Role.OPERATOR) == []
    assert visit_possible(VisitState.PUBLISHED, Role.CAREGIVER) == []
