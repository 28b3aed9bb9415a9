"""Fees of what was called off or moved too late: told first, written down, waived, settled.

How a fee meets the ledger and a provider's statement:

- One row of `cancellation_fees` for each cause: `provider_id` who was to come, `month` the month of the service (as in
  the ledger), `cents` > 0, `payer`. With payer `elder` the ledger has an entry of kind `fee` from her purse to
  `fees` (owed to that provider) with the visit, its order, the provider and the month; waiving adds one of kind
  `waive` the other way round. No allowance pays a fee, and `captured` stays what verified visits have earned.
- With payer `nobody` the row is counted and the ledger knows nothing of it. So is a fee where nobody had been planned:
  no provider has lost anything.
- Settlement takes `of_month(session, provider_id, month)` for a line of the statement (what the elders owe her beside
  their own part of verified visits), calls `settle` for each when the statement is locked (from then on it is not
  waived any more) and `reopen` when a locked statement is taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue import queries as catalogue
from app.catalogue.rules import CancellationTerm, FeePayer, late_fee
from app.catalogue.tables import ServiceItem
from app.errors import NotFound
from app.funding import actions as funding
from app.funding.rules import Account, EntryKind
from app.funding.tables import LedgerEntry
from app.history import record
from app.orders import queries
from app.orders.rules import (
    CANCELLABLE,
    FEES_OWED,
    FeeCause,
    FeeChanged,
    FeeEvent,
    FeeState,
    OrderState,
    check_home,
    fee_after,
)
from app.orders.tables import CancellationFee, Visit
from app.people.tables import Elder


def fee_of(
    session: Session, visit: Visit, *, now: datetime, cause: FeeCause = FeeCause.CANCEL
) -> tuple[int, CancellationTerm]:
    """Cents for calling a visit off (or moving it) now, by the rule that was in force when its order was taken."""
    order = queries.get(session, visit.order_id)
    taken = calendar.day_of(order.received_at)
    term = catalogue.cancellation_term(session, visit.district_id, visit.item_id, taken)
    costs = order.state is OrderState.CONFIRMED and visit.state in CANCELLABLE
    if not costs or (cause is FeeCause.CHANGE and not term.on_change):
        return 0, term
    cents = late_fee(term, opens=visit.opens, now=now, price_cents=visit.price_cents, minutes=visit.minutes)
    return cents, term


def payer_of(visit: Visit, term: CancellationTerm) -> FeePayer:
    """Who is asked for it: nobody where nobody was to come."""
    return term.payer if visit.provider_id is not None else FeePayer.NOBODY


def told(
    session: Session, visits: Sequence[Visit], *, now: datetime, cause: FeeCause = FeeCause.CANCEL
) -> tuple[int, FeePayer, int]:
    """What calling these visits off (or moving them) would cost now, for whoever asks first: cents, payer, free hours.

    Cents are what is asked for: with payer nobody they are what would only be counted.
    """
    found = [(visit, *fee_of(session, visit, now=now, cause=cause)) for visit in visits]
    costly = [(cents, payer_of(visit, term)) for visit, cents, term in found if cents]
    asked = [cents for cents, payer in costly if payer is FeePayer.ELDER]
    hours = max((term.free_hours for _, _, term in found), default=0)
    if asked:
        return sum(asked), FeePayer.ELDER, hours
    return sum(cents for cents, _ in costly), FeePayer.NOBODY, hours


def charge(
    session: Session, visits: Sequence[Visit], *, by: str, now: datetime, cause: FeeCause = FeeCause.CANCEL,
    told_cents: int | None = None,
) -> None:  # fmt: skip
    """Write down what it costs, before the visits are cancelled or changed. Raises FeeChanged above what was told."""
    for visit in visits:
        check_home(visit.given)
    cents, payer, _ = told(session, visits, now=now, cause=cause)
    if told_cents is not None and payer is FeePayer.ELDER and cents > told_cents:
        raise FeeChanged("The notice has run out meanwhile; tell the fee first.", cents=cents)
    for visit in visits:
        _charge(session, visit, by=by, now=now, cause=cause)


def _charge(session: Session, visit: Visit, *, by: str, now: datetime, cause: FeeCause) -> None:
    cents, term = fee_of(session, visit, now=now, cause=cause)
    if not cents:
        return
    fee = CancellationFee(
        district_id=visit.district_id, division_code=visit.division_code, elder_id=visit.elder_id,
        order_id=visit.order_id, visit_id=visit.id, provider_id=visit.provider_id, state=FeeState.DUE, cents=cents,
        cause=cause, month=calendar.month_of(visit.opens), payer=payer_of(visit, term),
        rule={"free_hours": term.free_hours, "fee_unit": term.fee_unit, "fee": term.fee}, at=now, by=by,
    )  # fmt: skip
    session.add(fee)
    record(session, fee, "charge", None, fee.state, by=by, now=now, cents=cents, payer=fee.payer, cause=cause)
    if fee.payer is FeePayer.ELDER:
        funding.own_money(session, visit, EntryKind.FEE, cents, by=by, now=now, reason=cause)


def waive(session: Session, fee_id: int, *, by: str, now: datetime, reason: str) -> CancellationFee:
    """It is not asked for: an ambulance came, nobody could have known. Raises IllegalMove once it is settled."""
    fee = _move(session, fee_id, FeeEvent.WAIVE, by=by, now=now, reason=reason)
    if fee.payer is FeePayer.ELDER:
        visit = session.get_one(Visit, fee.visit_id)
        entry = LedgerEntry(
            at=now, by=by, kind=EntryKind.WAIVE, source=Account.FEES, target=Account.PURSE, cents=fee.cents,
            district_id=fee.district_id, division_code=visit.division_code, elder_id=fee.elder_id, month=fee.month,
            order_id=fee.order_id, visit_id=fee.visit_id, provider_id=fee.provider_id, reason=reason,
        )  # fmt: skip
        session.add(entry)
        session.flush()
    return fee


def settle(session: Session, fee_id: int, *, by: str, now: datetime, reason: str | None = None) -> CancellationFee:
    """It stands on a statement that is locked; `reason` names the statement."""
    return _move(session, fee_id, FeeEvent.SETTLE, by=by, now=now, reason=reason)


def reopen(session: Session, fee_id: int, *, by: str, now: datetime, reason: str | None = None) -> CancellationFee:
    """Its statement was taken back: it is due again and may be waived."""
    return _move(session, fee_id, FeeEvent.REOPEN, by=by, now=now, reason=reason)


def of_month(session: Session, provider_id: int, month: date) -> Sequence[CancellationFee]:
    """What elders owe a provider for a month's late cancellations and changes, waived ones left out, oldest first."""
    return session.scalars(_owed(month).where(CancellationFee.provider_id == provider_id)).all()


def of_elder(session: Session, elder_id: int, month: date) -> Sequence[CancellationFee]:
    """The same of one elder, whoever was to come."""
    return session.scalars(_owed(month).where(CancellationFee.elder_id == elder_id)).all()


def _owed(month: date) -> Select[CancellationFee]:
    return (
        select(CancellationFee)
        .where(CancellationFee.month == month)
        .where(CancellationFee.payer == FeePayer.ELDER, CancellationFee.state.in_(FEES_OWED))
        .order_by(CancellationFee.id)
    )


@dataclass(frozen=True)
class FeeRow:
    """A fee as a list shows it."""

    fee: CancellationFee
    elder_name: str
    item_zh: str
    item_en: str


def listed(session: Session, elder_id: int | None = None, *, limit: int = 100) -> list[FeeRow]:
    """Fees of an elder (of all), newest first."""
    query = (
        select(CancellationFee, Elder.name, ServiceItem.name_zh, ServiceItem.name_en)
        .join(Elder, Elder.id == CancellationFee.elder_id)
        .join(Visit, Visit.id == CancellationFee.visit_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .order_by(CancellationFee.id.desc())
        .limit(limit)
    )
    rows = session.execute(query.where(CancellationFee.elder_id == elder_id) if elder_id else query)
    return [FeeRow(*row) for row in rows]


def _move(
    session: Session, fee_id: int, event: FeeEvent, *, by: str, now: datetime, reason: str | None
) -> CancellationFee:
    fee = session.get(CancellationFee, fee_id, with_for_update=True, populate_existing=True)
    if fee is None:
        raise NotFound("There is no such fee, or it is outside your area.")
    before, fee.state = fee.state, fee_after(fee.state, event)
    record(session, fee, event, before, fee.state, by=by, now=now, reason=reason)
    return fee
