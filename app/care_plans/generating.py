"""Bringing an elder's orders in line with her plan: what is missing is ordered, what is no longer meant is taken back.

Harmless when repeated, and two at once are one: the plan's row is locked, and each line and day has one row ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app import calendar
from app.care_plans import queries, recurring
from app.care_plans.rules import (
    NEAR,
    DayEvent,
    Days,
    DayState,
    Meant,
    OnHolidays,
    PlanState,
    WhyNot,
    day_after,
    meant,
)
from app.care_plans.tables import CarePlan, CarePlanDay, CarePlanLine
from app.catalogue import queries as catalogue
from app.catalogue.rules import NoPrice, OutsideHours
from app.catalogue.tables import ServiceItem
from app.config import settings
from app.db import notice
from app.errors import Conflict
from app.history import record
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.quotes import Wish
from app.orders.rules import CANCELLABLE, BadWindow, Channel, QuoteChanged, VisitState
from app.orders.tables import Order, Visit
from app.people import life_queries as life
from app.people.life_rules import NotAtHome
from app.people.tables import Elder
from app.planning import actions as planning

BY: Final = "care plan"
TRIES: Final = 3
FAR: Final = timedelta(days=62)  # how far a hand moves a day


class TooDear(Conflict):
    """The elder would pay more of her own than she agreed to."""

    def __init__(self, short_cents: int) -> None:
        super().__init__("More of her own money than she agreed to.", short_cents=short_cents)
        self.short_cents = short_cents


@dataclass(frozen=True)
class NotOrdered:
    """Why a day has no order; `short_cents` is what her own limit of the month lacks."""

    why: WhyNot
    short_cents: int | None = None


@dataclass
class _Work:
    """One elder's plan while it is brought in line."""

    plan: CarePlan
    elder: Elder
    items: dict[int, ServiceItem]
    own_cents: dict[date, int]
    now: datetime
    made: list[CarePlanDay] = field(default_factory=list)


def horizon(now: datetime) -> date:
    """The last day for which orders are made now."""
    return calendar.day_of(now) + timedelta(weeks=settings().care_plan_weeks)


def make(session: Session, plan_id: int, *, now: datetime) -> None:
    """The nightly job for one plan: its orders up to the horizon. Bears repetition."""
    plan = session.get(CarePlan, plan_id, with_for_update=True, populate_existing=True)
    if plan is None or plan.state is not PlanState.AGREED:
        return
    bring(session, plan, until=horizon(now), now=now)
    plan.checked_on = calendar.day_of(now)


def bring(session: Session, plan: CarePlan, *, until: date, now: datetime) -> Sequence[CarePlanDay]:
    """Make the orders of a plan from today (or its start) until a day; the answer is what was ordered now.

    The caller holds the plan's lock. Days that cannot be ordered keep their reason and are tried again next time.
    """
    today = calendar.day_of(now)
    first = max(today, plan.starts)
    elder = session.get_one(Elder, plan.elder_id)
    lines = queries.lines_of(session, plan.id)
    items = catalogue.of_numbers(session, {line.item_id for line in lines})
    work = _Work(plan, elder, items, queries.self_pay_by_month(session, elder.id, first), now)
    wanted = wanted_days(session, elder, lines, first, until)
    stored = select(CarePlanDay).where(CarePlanDay.elder_id == elder.id, CarePlanDay.day >= first - FAR)
    rows = {(row.key, row.rule_day): row for row in session.scalars(stored)}
    meant_now = {(line.key, day.rule_day) for line, day in wanted}
    for key, row in rows.items():
        if key not in meant_now and first <= row.day <= until:
            _take_back(session, work, row, WhyNot.NOT_PLANNED)
    for line, day in wanted:
        _settle(session, work, rows.get((line.key, day.rule_day)), line, day)
    for row in rows.values():
        if row.day < today and row.state in (DayState.DUE, DayState.UNSERVED):
            _move(session, work, row, DayEvent.PASS)
    notice(session, plan.district_id, f"care_plans/{elder.id}")
    return work.made


def take_back_all(session: Session, plan: CarePlan, *, now: datetime) -> None:
    """The orders to come of a plan that ends. The caller holds its lock."""
    elder = session.get_one(Elder, plan.elder_id)
    work = _Work(plan, elder, {}, {}, now)
    rows = select(CarePlanDay).where(CarePlanDay.elder_id == elder.id, CarePlanDay.day >= calendar.day_of(now))
    for row in session.scalars(rows).all():
        _take_back(session, work, row, WhyNot.NOT_PLANNED)


def wanted_days(
    session: Session, elder: Elder, lines: Sequence[CarePlanLine], first: date, last: date
) -> list[tuple[CarePlanLine, Meant]]:
    """What lines mean between two days, in the order in which it is served: earlier visits take the allowance first."""
    days = days_around(session, elder, first - FAR, last + FAR)
    found = [
        (line, day)
        for line in lines
        for day in line_days(line, days, first - FAR, last + FAR)
        if first <= (day.day if day.why is None else day.rule_day) <= last
    ]
    return sorted(found, key=lambda one: (one[1].day, one[0].opens, one[0].key))


def days_around(session: Session, elder: Elder, first: date, last: date) -> Days:
    """Holidays of the district, pauses of the elder, and what is known of her life: in hospital nobody comes."""
    margin = timedelta(days=NEAR)
    special = queries.special_days(session, elder.district_id, first - margin, last + margin)
    paused = queries.pauses(session, elder.id, since=first)
    told = [
        (event.starts if event.covers(event.starts) else event.first_day_off, event.last_day_off)
        for event in life.away(session, elder.id)
    ]
    return Days({day.day: day.kind for day in special}, [*((one.first, one.last) for one in paused), *told])


def line_days(line: CarePlanLine, days: Days, first: date, last: date) -> list[Meant]:
    """What becomes of a line's days."""
    return meant(
        recurring.days(line.rule, line.starts, first, last), days, holidays=OnHolidays(line.holidays),
        skipped={date.fromisoformat(day) for day in line.skipped},
        moved={date.fromisoformat(day): date.fromisoformat(to) for day, to in line.moved.items()},
    )  # fmt: skip


def _settle(session: Session, work: _Work, row: CarePlanDay | None, line: CarePlanLine, day: Meant) -> None:
    """One line and day: ordered, kept, or left without an order for a reason that is written down."""
    if row is None:
        row = CarePlanDay(
            district_id=work.plan.district_id, division_code=work.elder.division_code, elder_id=work.elder.id,
            plan_id=work.plan.id, line_id=line.id, key=line.key, rule_day=day.rule_day, day=day.day, state=DayState.DUE,
        )  # fmt: skip
        session.add(row)
    if row.state is DayState.ORDERED:
        old = row.line_id if row.line_id != line.id else None
        same = row.day == day.day and (old is None or _alike(session.get_one(CarePlanLine, old), line))
        if day.why is None and same:
            row.plan_id, row.line_id = work.plan.id, line.id
            return
        _take_back(session, work, row, day.why or WhyNot.NOT_PLANNED)
        if row.state is DayState.ORDERED:
            return  # begun, over, or cancelled by hand: it stays as it went
    row.plan_id, row.line_id, row.day = work.plan.id, line.id, day.day
    if day.why is not None:
        _move(session, work, row, DayEvent.LEAVE_OUT, day.why)
        return
    outcome = _order(session, work, line, day.day)
    if isinstance(outcome, NotOrdered):
        _move(session, work, row, DayEvent.FAIL, outcome.why)
        row.short_cents = outcome.short_cents
        return
    row.order_id = outcome.id
    _move(session, work, row, DayEvent.ORDER)
    work.made.append(row)


def _move(session: Session, work: _Work, row: CarePlanDay, event: DayEvent, why: WhyNot | None = None) -> None:
    """The only place that changes a day's state; what the elder will miss, or was taken back, is put on record."""
    before, was = row.state, row.why
    row.state, row.why, row.short_cents = day_after(row.state, event), why, None
    if event in (DayEvent.FAIL, DayEvent.WITHDRAW) and (before, was) != (row.state, why):
        record(session, row, event, before, row.state, by=BY, now=work.now, reason=why, day=str(row.day))


def _alike(old: CarePlanLine, new: CarePlanLine) -> bool:
    """Whether what was ordered by the one is what the other wants."""
    return all(getattr(old, name) == getattr(new, name) for name in ("item_id", "opens", "closes", "minutes", "payer"))


def _take_back(session: Session, work: _Work, row: CarePlanDay, why: WhyNot) -> None:
    """Its order is cancelled free of charge, if nobody has set out; its money is free again."""
    if row.state is DayState.ORDERED and row.order_id is not None:
        visits = order_queries.visits_of(session, row.order_id)
        cancelled = all(visit.state is VisitState.CANCELLED for visit in visits)
        if not (cancelled and why is WhyNot.PAUSED) and any(visit.state not in CANCELLABLE for visit in visits):
            return
        month = row.day.replace(day=1)
        own = sum(visit.self_pay_cents for visit in visits if not cancelled)
        work.own_cents[month] = work.own_cents.get(month, 0) - own
        if not cancelled:
            planning.cancel_order(
                session, row.order_id, by=BY, now=work.now, reason=f"care plan: {why}", free_of_charge=True
            )
    if row.state not in (DayState.PAST, DayState.WITHDRAWN):
        _move(session, work, row, DayEvent.WITHDRAW)
        row.order_id = None


def _order(session: Session, work: _Work, line: CarePlanLine, day: date) -> Order | NotOrdered:
    """The order of one day, or why there is none."""
    item, now = work.items[line.item_id], work.now
    wish = Wish(calendar.at(day, line.opens), calendar.at(day, line.closes), line.minutes)
    if work.elder.ended_at is not None:
        return NotOrdered(WhyNot.NOT_SERVED)
    if item.ended_at is not None:
        return NotOrdered(WhyNot.ITEM_ENDED)
    if wish.closes < now:
        return NotOrdered(WhyNot.TOO_LATE)
    if _booked_already(session, work.elder, item, wish):
        return NotOrdered(WhyNot.CLASH)
    try:
        for tried in range(TRIES):
            try:
                return _book(session, work, line, item, wish, day)
            except QuoteChanged:
                if tried == TRIES - 1:
                    raise
    except NoPrice:
        return NotOrdered(WhyNot.NO_PRICE)
    except OutsideHours:
        return NotOrdered(WhyNot.OUTSIDE_HOURS)
    except TooDear as dear:
        return NotOrdered(WhyNot.NO_MONEY, dear.short_cents)
    except QuoteChanged:
        return NotOrdered(WhyNot.NO_MONEY)
    except BadWindow:
        return NotOrdered(WhyNot.TOO_FAR)
    except NotAtHome:
        return NotOrdered(WhyNot.PAUSED)
    raise AssertionError("a loop that tries at least once")


def _book(session: Session, work: _Work, line: CarePlanLine, item: ServiceItem, wish: Wish, day: date) -> Order:
    month = day.replace(day=1)
    with session.begin_nested():
        order = orders.receive(
            session, work.elder.id, item.code, [wish], by=BY, now=work.now, channel=Channel.CARE_PLAN, payer=line.payer
        )
        own = work.own_cents.get(month, 0) + order.self_pay_cents
        if order.self_pay_cents and own > work.plan.most_self_pay_cents:
            raise TooDear(own - work.plan.most_self_pay_cents)
        orders.confirm(
            session, order.id, allowance_cents=order.allowance_cents, self_pay_cents=order.self_pay_cents, by=BY,
            now=work.now,
        )  # fmt: skip
    work.own_cents[month] = own
    return order


def _booked_already(session: Session, elder: Elder, item: ServiceItem, wish: Wish) -> bool:
    """Whether somebody booked the same item for that day by hand, or another line of her plan for that time."""
    first, last = calendar.day_bounds(calendar.day_of(wish.opens))
    touches = and_(Visit.opens <= wish.closes, Visit.closes >= wish.opens)
    found = (
        select(Visit.id)
        .join(Order, Order.id == Visit.order_id)
        .where(Visit.elder_id == elder.id, Visit.item_id == item.id, Visit.opens >= first, Visit.opens < last)
        .where(Visit.state.not_in((VisitState.CANCELLED, VisitState.NOT_DELIVERED)))
        .where(or_(touches, Order.channel != Channel.CARE_PLAN))
    )
    return session.scalar(found.limit(1)) is not None
