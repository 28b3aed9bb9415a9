"""Taking an order, agreeing on it, ending it, and the only place where a visit changes its state."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from app import calendar
from app.catalogue import queries as catalogue
from app.catalogue import rules as catalogue_rules
from app.catalogue.rules import URGENT_CODE, AidCategory, Approval
from app.catalogue.tables import ServiceItem
from app.errors import Conflict
from app.funding import actions as funding
from app.funding.rules import EntitlementUsedUp, Split
from app.history import record
from app.orders import queries
from app.orders.quotes import Bill, Quote, QuoteLine, Wish, quote
from app.orders.rules import (
    BLOCKING,
    UNAGREED,
    VISIT_ENDED,
    Channel,
    NoReason,
    OnTheWay,
    OrderEvent,
    OrderState,
    Payer,
    QuoteChanged,
    VisitEvent,
    VisitState,
    order_after,
    visit_after,
)
from app.orders.tables import Order, Visit
from app.people import queries as people
from app.people.tables import Elder

CLOCK: Final = "clock"
EXPLAINED: Final = frozenset({VisitEvent.HOLD, VisitEvent.FAIL, VisitEvent.REJECT, VisitEvent.CANCEL})
RESPONSE: Final = timedelta(minutes=60)  # how long an urgent visit may wait before it is late
MOST_PRESSING: Final = 100


def receive(
    session: Session,
    elder_id: int,
    item_code: str,
    wishes: Sequence[Wish],
    *,
    by: str,
    now: datetime,
    channel: Channel = Channel.HOTLINE,
    payer: Payer = Payer.ENTITLEMENT,
    agent: dict[str, Any] | None = None,
    note: str | None = None,
) -> Order:
    """Write down what is wished and what it costs now; nothing is reserved. `agent` is whoever acts for the elder."""
    elder = people.get(session, elder_id)
    item = catalogue.item(session, elder.district_id, item_code)
    bills = queries.bills(session, elder, item, wishes, now=now)
    return take(
        session, elder, item, bills, by=by, now=now, channel=channel, payer=payer, agent=agent, note=note
    )  # fmt: skip


def take(
    session: Session,
    elder: Elder,
    item: ServiceItem,
    bills: Sequence[Bill],
    *,
    by: str,
    now: datetime,
    channel: Channel,
    payer: Payer,
    agent: dict[str, Any] | None = None,
    note: str | None = None,
    provider_id: int | None = None,
) -> Order:
    """An order of bills that somebody has worked out; `provider_id` is known where nobody's day must be planned."""
    if elder.ended_at is not None:
        raise Conflict("This elder is no longer served.")
    paying = queries.sources_for(session, elder.id, payer, bills)
    quoted = quote(bills, item.aid, paying, item=item.code, approval=item.approval)
    order = Order(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, home_id=elder.home_id,
        item_id=item.id, state=OrderState.RECEIVED, channel=channel, payer=payer, agent=agent, note=note,
        price_cents=quoted.price_cents, allowance_cents=quoted.allowance_cents, self_pay_cents=quoted.self_pay_cents,
        received_at=now, received_by=by, visits_open=0, visits_tried=0,
    )  # fmt: skip
    session.add(order)
    record(session, order, "receive", None, order.state, by=by, now=now, channel=channel, agent=agent is not None)
    for line in quoted.lines:
        _add_visit(session, order, elder, item, line, by=by, now=now, provider_id=provider_id)
    return order


def confirm(
    session: Session, order_id: int, *, allowance_cents: int, self_pay_cents: int, by: str, now: datetime
) -> Order:
    """The elder agrees to this split; the allowance is reserved, also while somebody must still approve the order.

    Raises QuoteChanged, or EntitlementUsedUp when nothing of the allowance is left, with the new quote as facts.
    """
    order = queries.get(session, order_id, lock=True)
    item, visits = session.get_one(ServiceItem, order.item_id), queries.visits_of(session, order.id)
    order_after(order.state, OrderEvent.CONFIRM)
    bills = [
        Bill(
            v.opens, v.closes, v.minutes, v.caregivers_needed, calendar.month_of(v.opens), v.price_cents,
            v.canteen or "",
        )
        for v in visits
    ]  # fmt: skip
    paying = queries.sources_for(session, order.elder_id, order.payer, bills, lock=True)
    holds = quote(bills, item.aid, paying, item=item.code, approval=item.approval)
    check_promise(holds, allowance_cents, self_pay_cents)
    order.allowance_cents, order.self_pay_cents = allowance_cents, self_pay_cents
    for visit, line in zip(visits, holds.lines, strict=True):
        visit.allowance_cents, visit.self_pay_cents = line.split.allowance_cents, line.split.self_pay_cents
        funding.reserve_for(session, visit, line.split, by=by, now=now)
    order.approval = holds.approval
    event = OrderEvent.CONFIRM if order.approval is Approval.NONE else OrderEvent.SUBMIT
    before, order.state = order.state, order_after(order.state, event)
    record(
        session, order, event, before, order.state, by=by, now=now, allowance_cents=allowance_cents,
        self_pay_cents=self_pay_cents,
    )  # fmt: skip
    return order


def cancel(session: Session, order_id: int, *, by: str, now: datetime, reason: str) -> Order:
    """End an order early: what was not yet delivered is cancelled and its money released.

    Visits that stand in a plan must have been withdrawn from it by the caller (`planning`).
    """
    order = queries.get(session, order_id, lock=True)
    order_after(order.state, OrderEvent.CANCEL)
    visits = queries.visits_of(session, order.id)
    if any(visit.state in BLOCKING for visit in visits):
        raise OnTheWay("A visit of this order has begun; it cannot be cancelled any more.")
    for visit in visits:
        if visit.state not in VISIT_ENDED:
            move_visit(session, visit, VisitEvent.CANCEL, by=by, now=now, reason=reason)
    return order


def urgent(
    session: Session, elder_id: int, *, by: str, now: datetime, reason: str, minutes: int | None = None
) -> Visit:
    """The response to an alarm: a confirmed order of the item URGENT at price zero, its visit waiting to be sent."""
    elder = people.get(session, elder_id)
    item = catalogue.item(session, elder.district_id, URGENT_CODE)
    order = Order(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, home_id=elder.home_id,
        item_id=item.id, state=OrderState.CONFIRMED, channel=Channel.ALARM, payer=Payer.NONE, price_cents=0,
        allowance_cents=0, self_pay_cents=0, received_at=now, received_by=by, visits_open=0, visits_tried=0,
    )  # fmt: skip
    session.add(order)
    record(session, order, "receive", None, order.state, by=by, now=now, reason=reason, channel=Channel.ALARM)
    bill = Bill(
        now, now + RESPONSE, minutes or catalogue_rules.by_level(item.minutes, elder.level),
        catalogue_rules.by_level(item.caregivers, elder.level), calendar.month_of(now), 0,
    )  # fmt: skip
    line = QuoteLine(bill, Split((), 0))
    return _add_visit(session, order, elder, item, line, by=by, now=now, priority=MOST_PRESSING)


def move_visit(
    session: Session,
    visit: Visit,
    event: VisitEvent,
    *,
    by: str,
    now: datetime,
    reason: str | None = None,
    part: tuple[int, int] | None = None,
    **facts: Any,
) -> Visit:
    """The only place that changes a visit's state. Money and order follow here, so that nobody can forget them.

    Verified captures (`part` of it, where a visit was given in part: given, of), not delivered and cancelled release
    (or refund); an order all of whose visits have ended closes.
    """
    if event in EXPLAINED and not reason:
        raise NoReason(f"Say why: to {event} needs a reason.")
    before, after = visit.state, visit_after(visit.state, event)
    if after in VISIT_ENDED:
        queries.get(session, visit.order_id, lock=True)  # always the order first: no deadlock with confirm
    visit.state = after
    if event is VisitEvent.WITHDRAW:
        visit.starts_at = None
    if event in EXPLAINED:
        visit.reason = reason
    record(session, visit, event, before, after, by=by, now=now, reason=reason, **facts)
    if after is VisitState.VERIFIED and part:
        funding.capture_part(session, visit, *part, by=by, now=now)
    elif after is VisitState.VERIFIED:
        funding.capture_for(session, visit, by=by, now=now)
    elif before is VisitState.VERIFIED:
        funding.refund_for(session, visit, by=by, now=now, reason=reason)
    elif after in VISIT_ENDED:
        funding.release_for(session, visit, by=by, now=now, reason=reason)
    if after in VISIT_ENDED and before not in VISIT_ENDED:
        _count_ended(session, visit, by=by, now=now, reason=reason)
    return visit


def miss(session: Session, visit_id: int, *, now: datetime) -> None:
    """The job for `queries.missed`: the day is over, the money goes back, the record says why. Bears repetition."""
    visit = queries.visit(session, visit_id, lock=True)
    if visit.state not in (VisitState.WAITING, VisitState.PLANNED):
        return
    if queries.get(session, visit.order_id).state in UNAGREED:
        move_visit(session, visit, VisitEvent.CANCEL, by=CLOCK, now=now, reason="never confirmed")
    else:
        move_visit(session, visit, VisitEvent.FAIL, by=CLOCK, now=now, reason="nobody was sent")


def _count_ended(session: Session, visit: Visit, *, by: str, now: datetime, reason: str | None) -> None:
    """The last visit to end closes its order, or cancels it when nothing was ever tried.

    Counted in the order, for a caregiver's transaction does not see visits that other providers will do.
    """
    order = queries.get(session, visit.order_id)
    order.visits_open -= 1
    order.visits_tried += visit.state is not VisitState.CANCELLED
    if order.visits_open == 0:
        event = OrderEvent.CLOSE if order.visits_tried else OrderEvent.CANCEL
        before, order.state = order.state, order_after(order.state, event)
        record(
            session, order, event, before, order.state, by=by, now=now, reason=None if order.visits_tried else reason
        )


def check_promise(holds: Quote, allowance_cents: int, self_pay_cents: int) -> None:
    """Raises QuoteChanged or EntitlementUsedUp, with the new split, when it is not what was told."""
    if (holds.allowance_cents, holds.self_pay_cents) == (allowance_cents, self_pay_cents):
        return
    if allowance_cents and not holds.allowance_cents:
        raise EntitlementUsedUp("The allowance has just been spent; the elder would pay all of it.", **holds.as_facts())
    raise QuoteChanged("The allowance is no longer what it was when the price was told.", **holds.as_facts())


def _add_visit(
    session: Session,
    order: Order,
    elder: Elder,
    item: ServiceItem,
    line: QuoteLine,
    *,
    by: str,
    now: datetime,
    priority: int = 0,
    provider_id: int | None = None,
) -> Visit:
    bill = line.bill
    wants_own_sex = item.aid is AidCategory.BATHING and bool(elder.wishes.get("same_sex_bathing"))
    visit = Visit(
        district_id=order.district_id, division_code=order.division_code, order_id=order.id, elder_id=elder.id,
        home_id=order.home_id, item_id=item.id, item_code=item.code, aid=item.aid,
        given=item.given, canteen=bill.canteen or None, provider_id=provider_id,
        state=VisitState.WAITING, tasks=item.tasks, minutes=bill.minutes, needs=item.needs,
        least_minutes=-(-bill.minutes * item.least_percent // 100), caregivers_needed=bill.caregivers,
        same_sex=item.same_sex or wants_own_sex, opens=bill.opens,
        closes=bill.closes, priority=priority, price_cents=bill.cents, allowance_cents=line.split.allowance_cents,
        self_pay_cents=line.split.self_pay_cents,
    )  # fmt: skip
    session.add(visit)
    order.visits_open += 1
    record(session, visit, "receive", None, visit.state, by=by, now=now)
    return visit
