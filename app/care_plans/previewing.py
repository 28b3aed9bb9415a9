"""What a plan would mean before anybody agrees to it: its days for some weeks, and the money of each month."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.care_plans.generating import FAR, days_around, line_days
from app.care_plans.rules import DayState, Meant, WhyNot
from app.care_plans.tables import CarePlanDay, CarePlanLine
from app.catalogue import queries as catalogue
from app.catalogue.rules import NoPrice, OutsideHours, PriceLine
from app.catalogue.tables import ServiceItem
from app.funding import queries as funding
from app.funding.rules import Source, spend, split
from app.orders import queries as orders
from app.orders.quotes import Wish
from app.orders.rules import VISIT_ENDED, Payer
from app.orders.tables import Visit
from app.people.tables import Elder

WEEKS = 8


@dataclass(frozen=True)
class PreviewDay:
    """A day as it would be; without a reason it would be ordered at this price."""

    line: int  # its place among the lines
    rule_day: date
    day: date
    why: WhyNot | None
    price_cents: int = 0
    allowance_cents: int = 0
    self_pay_cents: int = 0


@dataclass(frozen=True)
class PreviewMonth:
    """The money of a month; `expected` where its allowance does not exist yet and this month's is taken for it."""

    month: date
    visits: int
    price_cents: int
    allowance_cents: int
    self_pay_cents: int
    free_after_cents: int
    expected: bool


@dataclass(frozen=True)
class Preview:
    """Days and months."""

    days: list[PreviewDay]
    months: list[PreviewMonth]


def preview(
    session: Session, elder: Elder, lines: Sequence[CarePlanLine], *, starts: date, most_self_pay_cents: int,
    now: datetime,
) -> Preview:  # fmt: skip
    """The next weeks of these lines from their start. Writes nothing; the lines need not be stored."""
    today = calendar.day_of(now)
    first = max(starts, today)
    last = first + timedelta(weeks=WEEKS) - timedelta(days=1)
    around = days_around(session, elder, first - FAR, last + FAR)
    found = sorted(
        (
            (n, day)
            for n, line in enumerate(lines)
            for day in line_days(line, around, first - FAR, last + FAR)
            if first <= (day.day if day.why is None else day.rule_day) <= last
        ),
        key=lambda one: (one[1].day, lines[one[0]].opens),
    )
    months = sorted({day.day.replace(day=1) for _, day in found} | {first.replace(day=1)})
    purse = _purse(session, elder, months, first)
    expected = _expected(session, elder, months, purse)
    items = catalogue.of_numbers(session, {line.item_id for line in lines})
    offered = {item_id: (item, catalogue.prices_of(session, item_id)) for item_id, item in items.items()}
    own: dict[date, int] = {}
    days = []
    for n, day in found:
        item, prices = offered[lines[n].item_id]
        days.append(_day(elder, n, lines[n], day, item, prices, purse, own, most_self_pay_cents, now))
    return Preview(days, [_month(month, days, purse[month], month in expected) for month in months])


def _day(
    elder: Elder, n: int, line: CarePlanLine, meant: Meant, item: ServiceItem, prices: Sequence[PriceLine],
    purse: dict[date, list[Source]], own: dict[date, int], most: int, now: datetime,
) -> PreviewDay:  # fmt: skip
    """One day; what it would take from the purse is taken."""
    refused = meant.why or (WhyNot.NOT_SERVED if elder.ended_at else WhyNot.ITEM_ENDED if item.ended_at else None)
    wish = Wish(calendar.at(meant.day, line.opens), calendar.at(meant.day, line.closes), line.minutes)
    if refused is None and wish.closes < now:
        refused = WhyNot.TOO_LATE
    if refused is not None:
        return PreviewDay(n, meant.rule_day, meant.day, refused)
    try:
        bill = orders.bill(elder, item, prices, wish)
    except (NoPrice, OutsideHours) as wrong:
        why = WhyNot.NO_PRICE if isinstance(wrong, NoPrice) else WhyNot.OUTSIDE_HOURS
        return PreviewDay(n, meant.rule_day, meant.day, why)
    paid = split(bill.cents, item.aid, purse[bill.month] if line.payer is Payer.ENTITLEMENT else [], item=item.code)
    spent = own.get(bill.month, 0) + paid.self_pay_cents
    if paid.self_pay_cents and spent > most:
        return PreviewDay(n, meant.rule_day, meant.day, WhyNot.NO_MONEY, bill.cents)
    own[bill.month] = spent
    purse[bill.month] = spend(purse[bill.month], paid.parts)
    return PreviewDay(n, meant.rule_day, meant.day, None, bill.cents, paid.allowance_cents, paid.self_pay_cents)


def _month(month: date, days: Sequence[PreviewDay], left: Sequence[Source], expected: bool) -> PreviewMonth:
    mine = [day for day in days if day.why is None and day.day.replace(day=1) == month]
    return PreviewMonth(
        month, len(mine), sum(day.price_cents for day in mine), sum(day.allowance_cents for day in mine),
        sum(day.self_pay_cents for day in mine), sum(source.free_cents for source in left), expected,
    )  # fmt: skip


def _purse(session: Session, elder: Elder, months: Sequence[date], first: date) -> dict[date, list[Source]]:
    """What is free in each month, with what the orders of the plan in force hold from a day on counted as free."""
    held: dict[int, int] = {}
    planned = session.scalars(
        select(Visit)
        .join(CarePlanDay, CarePlanDay.order_id == Visit.order_id)
        .where(CarePlanDay.elder_id == elder.id, CarePlanDay.day >= first, CarePlanDay.state == DayState.ORDERED)
        .where(Visit.state.not_in(VISIT_ENDED))
    )
    for visit in planned:
        for entitlement_id, cents in funding.held_for(session, visit):
            held[entitlement_id] = held.get(entitlement_id, 0) + cents
    there = funding.sources(session, elder.id, months)
    return {
        month: [
            replace(source, free_cents=source.free_cents + held.get(source.entitlement_id, 0))
            for source in there.get(month, [])
        ]
        for month in months
    }


def _expected(session: Session, elder: Elder, months: Sequence[date], purse: dict[date, list[Source]]) -> set[date]:
    """Fill the months whose allowance does not exist yet with the whole of the last that does; answers which."""
    granted = [month for month in months if purse[month]]
    if not granted:
        return set()
    whole = {row.id: row.granted_cents for row in funding.balances(session, elder.id, granted[-1])}
    expected = {month for month in months if month > granted[-1]}
    for month in expected:
        purse[month] = [
            replace(source, month=month, free_cents=whole[source.entitlement_id]) for source in purse[granted[-1]]
        ]
    return expected
