"""Reading orders and visits, and quoting what a wish would cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, column, func, or_, select, table
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue import queries as catalogue
from app.catalogue import rules as catalogue_rules
from app.catalogue.rules import Approval, FeePayer, Given
from app.catalogue.tables import ServiceItem
from app.errors import NotFound
from app.funding import queries as funding
from app.funding.rules import Account, EntryKind, Source
from app.funding.tables import LedgerEntry
from app.orders.quotes import Bill, Quote, Wish, quote
from app.orders.rules import CHANGEABLE, FEES_OWED, VISIT_ENDED, BadWindow, OrderState, Payer, VisitState
from app.orders.tables import CancellationFee, Order, Visit
from app.people import life_queries as life
from app.people import queries as people
from app.people.tables import Elder


@dataclass(frozen=True)
class OrderRow:
    """One line of the list of orders."""

    id: int
    state: OrderState
    elder_id: int
    elder_name: str
    item_code: str
    item_zh: str
    item_en: str
    approval: Approval
    price_cents: int
    allowance_cents: int
    self_pay_cents: int
    received_at: datetime
    received_by: str
    visits: int
    changeable: int  # visits that may still be changed
    first_opens: datetime | None


@dataclass(frozen=True)
class Uncovered:
    """A visit for which cents are captured though it is not verified."""

    visit_id: int
    state: VisitState | None
    cents: int


def get(session: Session, order_id: int, *, lock: bool = False) -> Order:
    """The order; raises NotFound also when it is outside the caller's area."""
    found = session.get(Order, order_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such order, or it is outside your area.")
    return found


def visit(session: Session, visit_id: int, *, lock: bool = False) -> Visit:
    """The visit; raises NotFound also when it is outside the caller's area. Its order is locked first: no deadlock."""
    if lock:
        order_id = select(Visit.order_id).where(Visit.id == visit_id).scalar_subquery()
        session.execute(select(Order.id).where(Order.id == order_id).with_for_update())
    found = session.get(Visit, visit_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such visit, or it is outside your area.")
    return found


def visits_of(session: Session, order_id: int) -> Sequence[Visit]:
    """The visits of an order, in the order of time."""
    return session.scalars(select(Visit).where(Visit.order_id == order_id).order_by(Visit.opens, Visit.id)).all()


def waiting(session: Session, day: date) -> Sequence[Visit]:
    """Home visits of confirmed orders that wait for a plan of this local day, most pressing first."""
    first, next_day = calendar.day_bounds(day)
    return session.scalars(
        select(Visit)
        .join(Order, Order.id == Visit.order_id)
        .where(Visit.state == VisitState.WAITING, Order.state == OrderState.CONFIRMED, Visit.given == Given.HOME)
        .where(Visit.opens >= first, Visit.opens < next_day)
        .order_by(Visit.priority.desc(), Visit.opens, Visit.id)
    ).all()


def tasks_of(session: Session, visit: Visit) -> Sequence[Any]:
    """What is to be done at a visit, as it was agreed: {code, zh, en, evidence}."""
    return visit.tasks if visit.tasks is not None else session.get_one(ServiceItem, visit.item_id).tasks


def missed(session: Session, *, now: datetime) -> Sequence[int]:
    """Home visits of days gone by that were never published: nobody was sent, or the order was never confirmed."""
    today, _ = calendar.day_bounds(calendar.day_of(now))
    return session.scalars(
        select(Visit.id)
        .where(Visit.state.in_([VisitState.WAITING, VisitState.PLANNED]), Visit.closes < today)
        .where(Visit.given == Given.HOME)
        .order_by(Visit.id)
    ).all()


def of_elder(session: Session, elder_id: int, *, before: datetime | None = None, limit: int = 50) -> Sequence[Visit]:
    """An elder's visits, latest first."""
    query = select(Visit).where(Visit.elder_id == elder_id).order_by(Visit.opens.desc(), Visit.id.desc()).limit(limit)
    return session.scalars(query.where(Visit.opens < before) if before else query).all()


def orders(
    session: Session,
    *,
    state: OrderState | None = None,
    elder_id: int | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> Sequence[OrderRow]:
    """Orders, newest first; `before_id` is the last one seen."""
    count = (
        select(
            Visit.order_id,
            func.count().label("visits"),
            func.min(Visit.opens).label("first_opens"),
            func.count().filter(Visit.state.in_(CHANGEABLE)).label("changeable"),
        )
        .group_by(Visit.order_id)
        .subquery()
    )
    query = (
        select(
            Order.id, Order.state, Order.elder_id, Elder.name.label("elder_name"), ServiceItem.code.label("item_code"),
            ServiceItem.name_zh.label("item_zh"), ServiceItem.name_en.label("item_en"), Order.approval,
            Order.price_cents, Order.allowance_cents, Order.self_pay_cents, Order.received_at, Order.received_by,
            func.coalesce(count.c.visits, 0).label("visits"), func.coalesce(count.c.changeable, 0).label("changeable"),
            count.c.first_opens,
        )
        .join(Elder, Elder.id == Order.elder_id)
        .join(ServiceItem, ServiceItem.id == Order.item_id)
        .outerjoin(count, count.c.order_id == Order.id)
        .order_by(Order.id.desc())
        .limit(limit)
    )  # fmt: skip
    if state:
        query = query.where(Order.state == state)
    if elder_id:
        query = query.where(Order.elder_id == elder_id)
    if before_id:
        query = query.where(Order.id < before_id)
    return [OrderRow(**row._mapping) for row in session.execute(query)]


def bills(session: Session, elder: Elder, item: ServiceItem, wishes: Sequence[Wish], *, now: datetime) -> list[Bill]:
    """What the wished visits would cost; raises BadWindow, NotAtHome, OutsideHours or NoPrice."""
    life.check_at_home(session, elder.id, (calendar.day_of(wish.opens) for wish in wishes))
    prices = catalogue.prices_of(session, item.id)
    for wish in wishes:
        check_window(wish, now=now)
    return [bill(elder, item, prices, wish) for wish in wishes]


def bill(elder: Elder, item: ServiceItem, prices: Sequence[catalogue_rules.PriceLine], wish: Wish) -> Bill:
    """What one wished visit would cost on its day, however far ahead; raises OutsideHours or NoPrice."""
    opens, closes = calendar.local(wish.opens), calendar.local(wish.closes)
    if not catalogue_rules.may_start(catalogue.windows_of(item), opens.time(), closes.time()):
        raise catalogue_rules.OutsideHours(f"{item.name_en} is not given at that time.", windows=item.windows)
    minutes = wish.minutes or catalogue_rules.by_level(item.minutes, elder.level)
    cents = catalogue_rules.cost(catalogue_rules.price_on(prices, elder.division_code, opens.date()), minutes)
    caregivers = catalogue_rules.by_level(item.caregivers, elder.level)
    return Bill(wish.opens, wish.closes, minutes, caregivers, opens.date().replace(day=1), cents)


def check_window(wish: Wish, *, now: datetime) -> None:
    """A window lies in one local day, not in the past, and not beyond the month whose allowance exists."""
    if wish.closes < wish.opens or calendar.day_of(wish.opens) != calendar.day_of(wish.closes):
        raise BadWindow("The window must open before it closes, on one day.")
    if wish.closes < now:
        raise BadWindow("That time has passed.", server_time=now.isoformat())
    if calendar.month_of(wish.opens) > calendar.next_month(calendar.month_of(now)):
        raise BadWindow("Book until the end of next month: later allowances do not exist yet.")


def sources_for(
    session: Session, elder_id: int, payer: Payer, bills: Sequence[Bill], *, lock: bool = False
) -> dict[date, list[Source]]:
    """What may pay these bills, by month: nothing but the elder's purse where the elder pays alone."""
    if payer is not Payer.ENTITLEMENT:
        return {}
    return funding.sources(session, elder_id, {bill.month for bill in bills}, lock=lock)


def quoted(
    session: Session, elder_id: int, item_code: str, wishes: Sequence[Wish], *, now: datetime,
    payer: Payer = Payer.ENTITLEMENT,
) -> Quote:  # fmt: skip
    """What the wished visits would cost now, and who would pay. Nothing is reserved."""
    elder = people.get(session, elder_id)
    item = catalogue.item(session, elder.district_id, item_code)
    made = bills(session, elder, item, wishes, now=now)
    paying = sources_for(session, elder.id, payer, made)
    return quote(made, item.aid, paying, item=item.code, approval=item.approval)


def clashes(session: Session, elder_id: int, wishes: Sequence[Wish]) -> Sequence[Visit]:
    """Home visits the elder has agreed to already whose windows touch a wish: most often a booking made twice."""
    touching = [and_(Visit.opens <= wish.closes, Visit.closes >= wish.opens) for wish in wishes]
    return session.scalars(
        select(Visit)
        .join(Order, Order.id == Visit.order_id)
        .where(Visit.elder_id == elder_id, Visit.state.not_in(VISIT_ENDED), Order.state != OrderState.RECEIVED)
        .where(Visit.given == Given.HOME)
        .where(or_(*touching))
        .order_by(Visit.opens, Visit.id)
    ).all()


def uncovered(session: Session) -> Sequence[Uncovered]:
    """Captured cents without a verified visit behind them; none, if all is well."""
    for_allowance, for_self = funding.net(Account.CAPTURED), funding.net(Account.OWED)
    sums = (
        select(LedgerEntry.district_id, LedgerEntry.visit_id, (for_allowance + for_self).label("cents"))
        .where(LedgerEntry.visit_id.is_not(None))
        .group_by(LedgerEntry.district_id, LedgerEntry.visit_id)
        .having(for_allowance + for_self > 0)
        .subquery()
    )
    part = table("partial_visits", column("id"), column("visit_id"), column("due_cents"))  # of a later stage of care
    due = select(part.c.due_cents).where(part.c.visit_id == Visit.id).order_by(part.c.id.desc()).limit(1)
    owed = func.coalesce(due.scalar_subquery(), Visit.price_cents)
    rows = session.execute(
        select(sums.c.visit_id, Visit.state, sums.c.cents)
        .outerjoin(Visit, and_(Visit.id == sums.c.visit_id, Visit.district_id == sums.c.district_id))
        .where(Visit.state.is_distinct_from(VisitState.VERIFIED) | (owed != sums.c.cents))
    )
    return [Uncovered(*row) for row in rows]


def fee_faults(session: Session) -> list[str]:
    """A sentence for each visit whose fees the ledger tells otherwise."""
    L, F = LedgerEntry, CancellationFee
    booked = (
        select(L.district_id, L.visit_id, funding.net(Account.FEES).label("cents"))
        .where(L.kind.in_((EntryKind.FEE, EntryKind.WAIVE)))
        .group_by(L.district_id, L.visit_id)
        .subquery()
    )
    owed = (
        select(F.district_id, F.visit_id, func.sum(F.cents).label("cents"))
        .where(F.payer == FeePayer.ELDER, F.state.in_(FEES_OWED))
        .group_by(F.district_id, F.visit_id)
        .subquery()
    )
    both = and_(owed.c.district_id == booked.c.district_id, owed.c.visit_id == booked.c.visit_id)
    said, kept = func.coalesce(booked.c.cents, 0), func.coalesce(owed.c.cents, 0)
    rows = session.execute(
        select(func.coalesce(booked.c.visit_id, owed.c.visit_id), kept, said)
        .select_from(booked.outerjoin(owed, both, full=True))
        .where(said != kept)
    )
    return [f"visit {visit}: fees of {kept} cents are owed, the ledger says {said}" for visit, kept, said in rows]


def verify_ledger(session: Session) -> list[str]:
    """`yinling ledger verify`: one sentence for each balance or captured cent that cannot be explained."""
    return (
        [
            f"entitlement {f.entitlement_id}: {f.account} is {f.kept_cents}, the ledger says {f.ledger_cents}"
            for f in funding.faults(session)
        ]
        + [
            f"entry {entry_id}: it names another elder, month or programme than its entitlement"
            for entry_id in funding.strangers(session)
        ]
        + [
            f"visit {row.visit_id}: {row.cents} cents captured, the visit is {row.state or 'missing'}"
            for row in uncovered(session)
        ]
        + fee_faults(session)
    )
