"""Changing an agreed visit over HTTP: what it would cost, then the change; approving orders; fees of cancellations."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.access.api import Desk, Hotline, Reader, allowed
from app.access.queries import Caller
from app.access.rules import APPROVERS, Role
from app.catalogue.rules import FeePayer
from app.db import transaction
from app.orders import changing as orders
from app.orders import queries
from app.orders.rules import FeeState
from app.orders.shapes import OrderOut, Promise, VisitOut, WishIn
from app.planning import changing

router = APIRouter(prefix="/api", tags=["changes"])
Approver = Annotated[Caller, allowed(APPROVERS)]
Lead = Annotated[Caller, allowed(frozenset({Role.SHIFT_LEAD}))]


class Because(BaseModel):
    """Why."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class ChangeIn(WishIn):
    """Another time, length or item (none: as it is)."""

    item: str | None = Field(None, max_length=40)


class AgreedChange(ChangeIn, Promise):
    """With the split that was told, and the version of the visit it was worked out from."""

    version: int = Field(ge=1, le=2**31 - 1)


class ChangeQuote(BaseModel):
    """What the visit would cost, what it costs now, and the version to send back."""

    version: int
    item: str
    minutes: int
    caregivers: int
    price_cents: int
    allowance_cents: int
    self_pay_cents: int
    was_price_cents: int
    was_allowance_cents: int
    was_self_pay_cents: int


class Fee(BaseModel):
    """What cancelling costs now: 0 until so many hours before."""

    cents: int
    payer: FeePayer
    free_hours: int


class FeeRow(BaseModel):
    """The fee of a late cancellation; `payer` nobody is counted and not asked for."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    elder_id: int
    order_id: int
    visit_id: int
    state: FeeState
    cents: int
    payer: FeePayer
    at: datetime
    by: str


class Fees(BaseModel):
    """Newest first."""

    items: list[FeeRow]


@router.post("/visits/{visit_id}/change/quote")
def quote(visit_id: int, wish: ChangeIn, me: Hotline) -> ChangeQuote:
    """What the change would cost, with what the visit holds counted as free for it."""
    with transaction(me.scope) as session:
        found = orders.requote(session, visit_id, wish.value(), item_code=wish.item, now=datetime.now(UTC))
        visit, (line,) = found.visit, found.quote.lines
        return ChangeQuote(
            version=found.version, item=found.item.code, minutes=line.bill.minutes, caregivers=line.bill.caregivers,
            price_cents=found.quote.price_cents, allowance_cents=found.quote.allowance_cents,
            self_pay_cents=found.quote.self_pay_cents, was_price_cents=visit.price_cents,
            was_allowance_cents=visit.allowance_cents, was_self_pay_cents=visit.self_pay_cents,
        )  # fmt: skip


@router.post("/visits/{visit_id}/change")
def change(visit_id: int, wish: AgreedChange, me: Hotline) -> VisitOut:
    """Agree on the change. 409 when somebody was quicker or the money is no longer split so."""
    with transaction(me.scope) as session:
        visit = changing.change(
            session, visit_id, wish.value(), seen=wish.version, item_code=wish.item,
            promise=(wish.allowance_cents, wish.self_pay_cents), by=me.by, now=datetime.now(UTC),
        )  # fmt: skip
        return VisitOut.of(visit, me.role)


@router.post("/orders/{order_id}/approve")
def approve(order_id: int, me: Approver) -> OrderOut:
    """It may be planned."""
    with transaction(me.scope) as session:
        order = orders.approve(session, order_id, role=me.role, by=me.by, now=datetime.now(UTC))
        return OrderOut.read(session, order, me)


@router.post("/orders/{order_id}/refuse")
def refuse(order_id: int, why: Because, me: Approver) -> OrderOut:
    """It is not allowed; its money is free again."""
    with transaction(me.scope) as session:
        order = orders.refuse(session, order_id, role=me.role, by=me.by, now=datetime.now(UTC), reason=why.reason)
        return OrderOut.read(session, order, me)


@router.get("/orders/{order_id}/fee")
def fee(order_id: int, me: Desk) -> Fee:
    """What cancelling the order costs now: told before it is cancelled."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        order = queries.get(session, order_id)
        told = [orders.fee_of(session, visit, now=now) for visit in queries.visits_of(session, order.id)]
    payer = next((term.payer for cents, term in told if cents), FeePayer.NOBODY)
    return Fee(
        cents=sum(cents for cents, _ in told), payer=payer, free_hours=max((t.free_hours for _, t in told), default=0)
    )


@router.get("/fees")
def fees(me: Reader, elder_id: Annotated[int | None, Query(ge=1, le=2**53)] = None) -> Fees:
    """Fees of late cancellations, newest first."""
    with transaction(me.scope) as session:
        return Fees(items=[FeeRow.model_validate(row) for row in orders.fees(session, elder_id=elder_id)])


@router.post("/fees/{fee_id}/waive")
def waive(fee_id: int, why: Because, me: Lead) -> FeeRow:
    """It is not asked for."""
    with transaction(me.scope) as session:
        found = orders.waive(session, fee_id, by=me.by, now=datetime.now(UTC), reason=why.reason)
        return FeeRow.model_validate(found)
