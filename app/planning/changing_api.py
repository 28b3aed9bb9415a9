"""Changing an agreed visit over HTTP: what it would cost, then the change; approving orders; fees of cancellations."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.access.api import Desk, Hotline, Reader, allowed
from app.access.queries import Caller
from app.access.rules import APPROVERS, Role
from app.catalogue.rules import Approval, FeePayer
from app.db import transaction
from app.orders import changing as orders
from app.orders import fees as order_fees
from app.orders import queries
from app.orders.rules import FeeCause, FeeEvent, FeeState
from app.orders.shapes import OrderOut, Promise, VisitOut, WishIn
from app.planning import changing
from app.vault import mask_name

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
    told_cents: int | None = Field(None, ge=0, le=2**31 - 1, description="the fee that was told")


class Fee(BaseModel):
    """What it costs so late: 0 until so many hours before. With payer nobody it is counted and not asked for."""

    cents: int
    payer: FeePayer
    free_hours: int


class ChangeQuote(BaseModel):
    """What the visit would cost, what it costs now, the fee of changing it, and the version to send back."""

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
    approval: Approval
    fee: Fee


class FeeRow(BaseModel):
    """The fee of a late cancellation or change; `payer` nobody is counted and not asked for."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    elder_id: int
    order_id: int
    visit_id: int
    state: FeeState
    cause: FeeCause
    month: date
    provider_id: int | None
    cents: int
    payer: FeePayer
    at: datetime
    by: str
    elder_name: str = ""
    item_zh: str = ""
    item_en: str = ""
    possible: list[FeeEvent] = []


def _fee(told: tuple[int, FeePayer, int]) -> Fee:
    return Fee(cents=told[0], payer=told[1], free_hours=told[2])


class Fees(BaseModel):
    """Newest first."""

    items: list[FeeRow]


@router.post("/visits/{visit_id}/change/quote")
def quote(visit_id: int, wish: ChangeIn, me: Hotline) -> ChangeQuote:
    """What the change would cost, with what the visit holds counted as free for it."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        found = orders.requote(session, visit_id, wish.value(), item_code=wish.item, now=now)
        visit, (line,) = found.visit, found.quote.lines
        upset = [visit] if changing.costs(visit, wish.value(), wish.item) else []
        return ChangeQuote(
            version=found.version, item=found.item.code, minutes=line.bill.minutes, caregivers=line.bill.caregivers,
            price_cents=found.quote.price_cents, allowance_cents=found.quote.allowance_cents,
            self_pay_cents=found.quote.self_pay_cents, was_price_cents=visit.price_cents,
            was_allowance_cents=visit.allowance_cents, was_self_pay_cents=visit.self_pay_cents,
            approval=found.quote.approval, fee=_fee(order_fees.told(session, upset, now=now, cause=FeeCause.CHANGE)),
        )  # fmt: skip


@router.post("/visits/{visit_id}/change")
def change(visit_id: int, wish: AgreedChange, me: Hotline) -> VisitOut:
    """Agree on the change. 409 when somebody was quicker or the money is no longer split so."""
    with transaction(me.scope) as session:
        visit = changing.change(
            session, visit_id, wish.value(), seen=wish.version, item_code=wish.item,
            promise=(wish.allowance_cents, wish.self_pay_cents), told_cents=wish.told_cents, by=me.by,
            now=datetime.now(UTC),
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
        return _fee(order_fees.told(session, queries.visits_of(session, order.id), now=now))


@router.get("/visits/{visit_id}/fee")
def visit_fee(visit_id: int, me: Desk) -> Fee:
    """What cancelling this one visit costs now."""
    with transaction(me.scope) as session:
        return _fee(order_fees.told(session, [queries.visit(session, visit_id)], now=datetime.now(UTC)))


@router.get("/fees")
def fees(me: Reader, elder_id: Annotated[int | None, Query(ge=1, le=2**53)] = None) -> Fees:
    """Fees of late cancellations, newest first."""
    with transaction(me.scope) as session:
        return Fees(items=[_row(row, me.role) for row in order_fees.listed(session, elder_id)])


def _row(row: order_fees.FeeRow, role: Role) -> FeeRow:
    name = mask_name(row.elder_name) if role is Role.SUPERVISOR else row.elder_name
    waivable = role is Role.SHIFT_LEAD and row.fee.state is FeeState.DUE
    words = {"elder_name": name, "item_zh": row.item_zh, "item_en": row.item_en}
    return FeeRow.model_validate(row.fee).model_copy(update=words | {"possible": [FeeEvent.WAIVE] if waivable else []})


@router.post("/fees/{fee_id}/waive")
def waive(fee_id: int, why: Because, me: Lead) -> FeeRow:
    """It is not asked for."""
    with transaction(me.scope) as session:
        found = order_fees.waive(session, fee_id, by=me.by, now=datetime.now(UTC), reason=why.reason)
        return FeeRow.model_validate(found)
