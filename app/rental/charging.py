"""The rent of a month: reserved when the month begins, paid when it is over or the aid is back.

Each is an order with one visit, as a meal is: allowances pay what they may, she pays the rest, and ledger, statements
and money pages know it without being told.
"""

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from app import calendar
from app.catalogue.tables import ServiceItem
from app.funding import queries as money
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.quotes import Bill
from app.orders.rules import UNAGREED, VisitEvent, VisitState
from app.orders.tables import Visit
from app.people import queries as people
from app.rental import queries
from app.rental.rules import Proration, rent_of
from app.rental.tables import Rental, RentalCharge
from app.visits import partial

CUT = "the rental ended within the month"
NEVER = "the rental ended before this month"


def months_of(rental: Rental, *, until: date) -> list[date]:
    """The months a rental touches up to a day."""
    months, month = list[date](), (rental.starts or until).replace(day=1)
    while month <= until:
        months.append(month)
        month = calendar.next_month(month)
    return months


def open_months(session: Session, rental: Rental, *, until: date, by: str, now: datetime) -> list[Visit]:
    """Reserve every month up to a day that is not reserved yet; the caller holds the rental. Harmless when repeated."""
    known = {row.charge.month for row in queries.charges(session, [rental.id]).get(rental.id, [])}
    return [
        _open(session, rental, month, by=by, now=now)
        for month in months_of(rental, until=until)
        if month not in known
    ]  # fmt: skip


def _open(session: Session, rental: Rental, month: date, *, by: str, now: datetime) -> Visit:
    elder, aid = people.get(session, rental.elder_id), queries.aid(session, rental.aid_id)
    item = session.get_one(ServiceItem, aid.item_id)
    first, last = max(month, rental.starts or month), calendar.last_day(month)
    proration = queries.terms_on(session, rental.district_id, first).proration
    cents = rent_of(queries.price_on(session, aid.id, first).rent_cents, first, last, proration)
    begins, ends = calendar.day_bounds(first)[0], calendar.day_bounds(last)[1]
    if first == rental.starts and rental.handed_at is not None:
        begins = rental.handed_at
    bill = Bill(begins, ends - timedelta(seconds=1), item.minutes["default"], 1, month, cents)
    order = orders.take(
        session, elder, item, [bill], by=by, now=now, channel=rental.channel, payer=rental.payer,
        provider_id=rental.provider_id,
    )  # fmt: skip
    orders.confirm(
        session, order.id, allowance_cents=order.allowance_cents, self_pay_cents=order.self_pay_cents, by=by, now=now
    )
    (visit,) = order_queries.visits_of(session, order.id)
    session.add(
        RentalCharge(
            district_id=rental.district_id, division_code=rental.division_code, provider_id=rental.provider_id,
            elder_id=rental.elder_id, rental_id=rental.id, visit_id=visit.id, month=month, first=first, last=last,
            proration=proration,
        )
    )  # fmt: skip
    session.flush()
    return visit


def pay_over(session: Session, rental: Rental, *, before: date, by: str, now: datetime) -> int:
    """Pay the reserved months that were over before a day; answers how many. Harmless when repeated."""
    return sum(
        _pay(session, row.charge, row.charge.last, by=by, now=now)
        for row in queries.charges(session, [rental.id]).get(rental.id, [])
        if row.charge.last < before
    )


def finish(session: Session, rental: Rental, last: date, *, by: str, now: datetime) -> None:
    """The rental ended on a day: months until then are paid, that one by its days, later ones given back."""
    for row in queries.charges(session, [rental.id]).get(rental.id, []):
        _pay(session, row.charge, last, by=by, now=now)


def _pay(session: Session, charge: RentalCharge, last: date, *, by: str, now: datetime) -> bool:
    """Make what is paid of a month what is due of it when the rental ended on `last`; answers whether it changed."""
    visit = order_queries.visit(session, charge.visit_id, lock=True)
    given, of = days_of(charge, last)
    if visit.state is VisitState.WAITING:
        if order_queries.get(session, visit.order_id).state in UNAGREED and given:
            return False  # somebody must still approve it
        if not given:
            orders.move_visit(session, visit, VisitEvent.CANCEL, by=by, now=now, reason=NEVER)
            return True
        orders.move_visit(session, visit, VisitEvent.HAND_OVER, by=by, now=now)
        _count(session, visit, VisitEvent.VERIFY, given, of, by=by, now=now)
        return True
    was = partial.last_of(session, visit.id)
    if visit.state is not VisitState.VERIFIED or given == of or (was and (was.given, was.whole) == (given, of)):
        return False
    orders.move_visit(session, visit, VisitEvent.REJECT, by=by, now=now, reason=CUT if given else NEVER)
    if given:  # it was paid whole before anybody told us
        partial.reserve_again(session, visit, by=by, now=now, reason=CUT)
        _count(session, visit, VisitEvent.UPHOLD, given, of, by=by, now=now)
    return True


def days_of(charge: RentalCharge, last: date) -> tuple[int, int]:
    """(days that are due, days that were reserved) when the rental ended on a day."""
    of = (charge.last - charge.first).days + 1
    given = max((min(last, charge.last) - charge.first).days + 1, 0)
    return (of, of) if given and charge.proration is Proration.MONTH else (given, of)


def _count(session: Session, visit: Visit, event: VisitEvent, given: int, of: int, *, by: str, now: datetime) -> None:
    if given == of:
        orders.move_visit(session, visit, event, by=by, now=now)
        return
    orders.move_visit(session, visit, event, by=by, now=now, part=(given, of), days=given)
    cents = sum(cents for _, cents in money.captured_for(session, visit)) + money.owed_for(session, visit)
    partial.note(session, visit, None, given, of, cents, by=by, now=now, reason=CUT)
