"""What happens to an agreed order before it is begun: approved or refused, changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access.rules import Role
from app.catalogue import queries as catalogue
from app.catalogue.rules import Approval, strictest
from app.catalogue.tables import ServiceItem
from app.funding import actions as funding
from app.funding import queries as balances
from app.history import record
from app.orders import actions, queries
from app.orders.quotes import Quote, Wish, quote
from app.orders.rules import (
    NotYourApproval,
    OrderEvent,
    OrderState,
    VisitChanged,
    VisitEvent,
    VisitState,
    check_home,
    may_approve,
    order_after,
)
from app.orders.tables import Order, Visit
from app.people import queries as people


def approve(session: Session, order_id: int, *, role: Role, by: str, now: datetime) -> Order:
    """The order may be planned. Whoever took it does not approve it: raises NotYourApproval."""
    order = _to_decide(session, order_id, role=role, by=by)
    before, order.state = order.state, order_after(order.state, OrderEvent.APPROVE)
    record(session, order, OrderEvent.APPROVE, before, order.state, by=by, now=now)
    return order


def refuse(session: Session, order_id: int, *, role: Role, by: str, now: datetime, reason: str) -> Order:
    """It is not allowed: its money is free again. The order ends with its last visit."""
    order = _to_decide(session, order_id, role=role, by=by)
    order_after(order.state, OrderEvent.REFUSE)
    record(session, order, OrderEvent.REFUSE, order.state, order.state, by=by, now=now, reason=reason)
    for visit in queries.visits_of(session, order.id):
        if visit.state is VisitState.WAITING:
            actions.move_visit(session, visit, VisitEvent.CANCEL, by=by, now=now, reason=reason)
    return order


def _to_decide(session: Session, order_id: int, *, role: Role, by: str) -> Order:
    order = queries.get(session, order_id, lock=True)
    if order.state is OrderState.WAITING_APPROVAL and not may_approve(order.approval, role):
        raise NotYourApproval("This order is approved by the bureau.", approval=order.approval)
    if order.received_by == by:
        raise NotYourApproval("Whoever took an order does not approve it.")
    return order


@dataclass(frozen=True)
class Change:
    """What becomes of a visit: its quote as it would be, and the version it was worked out from."""

    visit: Visit
    item: ServiceItem
    quote: Quote
    version: int


def requote(
    session: Session, visit_id: int, wish: Wish, *, item_code: str | None = None, now: datetime, lock: bool = False
) -> Change:
    """A visit at another time, of other length or of another item: the cents it holds now count as free for it."""
    visit = queries.visit(session, visit_id, lock=lock)
    check_home(visit.given)
    order, elder = queries.get(session, visit.order_id), people.get(session, visit.elder_id)
    item = session.get_one(ServiceItem, visit.item_id)
    if item_code is not None and item_code != item.code:
        if len(queries.visits_of(session, order.id)) > 1:
            raise VisitChanged("An order has one item; cancel this visit and book the other.")
        item = catalogue.item(session, elder.district_id, item_code)
    bills = queries.bills(session, elder, item, [wish], now=now)
    sources = queries.sources_for(session, elder.id, order.payer, bills, lock=lock)
    held = dict(balances.held_for(session, visit))
    with_own = {
        month: [source.with_more(held.get(source.entitlement_id, 0)) for source in of_month]
        for month, of_month in sources.items()
    }
    quoted = quote(bills, item.aid, with_own, item=item.code, approval=item.approval)
    return Change(visit, item, quoted, visit.version)


def change(
    session: Session, visit_id: int, wish: Wish, *, seen: int, promise: tuple[int, int], by: str, now: datetime,
    item_code: str | None = None,
) -> Visit:  # fmt: skip
    """Agree on the change: `seen` is the visit's version, `promise` the (allowance, self-paid) cents that were told.

    Raises VisitChanged when somebody was quicker, QuoteChanged when the money is no longer split so. A visit that
    stands in a plan must have been withdrawn from it by the caller (`planning`); the order keeps its number.
    """
    found = requote(session, visit_id, wish, item_code=item_code, now=now, lock=True)
    visit, (line,) = found.visit, found.quote.lines
    if found.version != seen:
        raise VisitChanged("Somebody has changed this visit; look again.", version=found.version)
    if visit.state is not VisitState.WAITING:
        raise VisitChanged(f"A visit that is {visit.state} is not changed any more.", state=visit.state)
    actions.check_promise(found.quote, *promise)
    order, was = queries.get(session, visit.order_id), _facts(visit)
    agreed = order.state is not OrderState.RECEIVED
    wanted = strictest([order.approval, found.quote.approval])
    if order.state is OrderState.CONFIRMED and wanted is not order.approval:
        _submit(session, order, wanted, by=by, now=now)
    if agreed:
        funding.release_for(session, visit, by=by, now=now, reason="changed")
    order.price_cents += line.bill.cents - visit.price_cents
    order.allowance_cents += line.split.allowance_cents - visit.allowance_cents
    order.self_pay_cents += line.split.self_pay_cents - visit.self_pay_cents
    if found.item.id != visit.item_id:
        order.item_id = visit.item_id = found.item.id
        visit.item_code, visit.aid = found.item.code, found.item.aid
        visit.needs, visit.tasks = found.item.needs, found.item.tasks
    visit.opens, visit.closes, visit.minutes = line.bill.opens, line.bill.closes, line.bill.minutes
    visit.least_minutes = -(-line.bill.minutes * found.item.least_percent // 100)
    visit.caregivers_needed, visit.price_cents = line.bill.caregivers, line.bill.cents
    visit.allowance_cents, visit.self_pay_cents = line.split.allowance_cents, line.split.self_pay_cents
    session.flush()
    if agreed:
        funding.reserve_for(session, visit, line.split, by=by, now=now)
    record(session, visit, "change", visit.state, visit.state, by=by, now=now, was=was, becomes=_facts(visit))
    return visit


def _submit(session: Session, order: Order, wanted: Approval, *, by: str, now: datetime) -> None:
    """What it has become must be allowed first: by its new item, or by a programme that pays for it now."""
    if len(queries.visits_of(session, order.id)) > 1:
        raise VisitChanged("So changed it must be approved; cancel this visit and book it anew.", approval=wanted)
    order.approval = wanted
    before, order.state = order.state, order_after(order.state, OrderEvent.SUBMIT)
    record(session, order, OrderEvent.SUBMIT, before, order.state, by=by, now=now, reason="changed")


def _facts(visit: Visit) -> dict[str, Any]:
    return {
        "opens": visit.opens.isoformat(), "closes": visit.closes.isoformat(), "minutes": visit.minutes,
        "item": visit.item_code, "price_cents": visit.price_cents, "allowance_cents": visit.allowance_cents,
    }  # fmt: skip
