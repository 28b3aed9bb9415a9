"""Orders over HTTP: quote, receive, confirm, look. Cancelling is a door of the desk, for it touches the plan."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query

from app.access.api import Hotline, Reader
from app.db import transaction
from app.idempotency import once
from app.orders import actions, queries
from app.orders.rules import OrderState
from app.orders.shapes import OrderIn, OrderOut, OrderRowOut, OrdersOut, Promise, QuoteIn, QuoteOut

router = APIRouter(prefix="/api/orders", tags=["orders"])
PAGE = 50


@router.post("/quote")
def quote(wish: QuoteIn, me: Hotline) -> QuoteOut:
    """What an order would cost now and who would pay: the allowances in their order, the remainder the elder."""
    with transaction(me.scope) as session:
        wishes = [visit.value() for visit in wish.visits]
        found = queries.quoted(session, wish.elder_id, wish.item, wishes, payer=wish.payer, now=datetime.now(UTC))
        return QuoteOut.of(session, found, queries.clashes(session, wish.elder_id, wishes), me)


@router.post("", status_code=201)
def receive(order: OrderIn, me: Hotline, idempotency_key: Annotated[str | None, Header()] = None) -> OrderOut:
    """Write an order down. It is planned once it is confirmed."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:

        def do() -> OrderOut:
            made = actions.receive(
                session,
                order.elder_id,
                order.item,
                [visit.value() for visit in order.visits],
                by=me.by,
                now=now,
                channel=order.channel,
                payer=order.payer,
                agent=order.agent.model_dump() if order.agent else None,
                note=order.note,
            )
            return OrderOut.read(session, made, me)

        answer = once(session, caller=f"user {me.id}", key=idempotency_key, request=order, now=now, do=do)
    return OrderOut.model_validate(answer)


@router.get("")
def orders(
    me: Reader,
    state: OrderState | None = None,
    elder_id: int | None = None,
    cursor: Annotated[int | None, Query(description="`next` of the page before")] = None,
) -> OrdersOut:
    """Orders of the caller's area, newest first."""
    with transaction(me.scope) as session:
        rows = queries.orders(session, state=state, elder_id=elder_id, before_id=cursor, limit=PAGE)
    more = str(rows[-1].id) if len(rows) == PAGE else None
    return OrdersOut(items=[OrderRowOut.of(row, me.role) for row in rows], next=more)


@router.get("/{order_id}")
def order(order_id: int, me: Reader) -> OrderOut:
    """One order with its visits and its history."""
    with transaction(me.scope) as session:
        return OrderOut.read(session, queries.get(session, order_id), me)


@router.post("/{order_id}/confirm")
def confirm(order_id: int, promise: Promise, me: Hotline) -> OrderOut:
    """Reserve the allowance as it was told to the elder. 409 QuoteChanged or EntitlementUsedUp carry the new split."""
    with transaction(me.scope) as session:
        confirmed = actions.confirm(
            session,
            order_id,
            allowance_cents=promise.allowance_cents,
            self_pay_cents=promise.self_pay_cents,
            by=me.by,
            now=datetime.now(UTC),
        )
        return OrderOut.read(session, confirmed, me)
