"""Reminding of allowances that will expire: whom, what to propose from what she had, what came of the call."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import calendar
from app.care_plans import room
from app.care_plans.reminder_rules import WAITING, ReminderEvent, ReminderState, reminder_after, turn
from app.care_plans.tables import SpendReminder
from app.catalogue.rules import Approval, Given, NoPrice, OutsideHours
from app.catalogue.tables import ServiceItem
from app.config import settings
from app.errors import Conflict, NotFound
from app.funding import queries as funding
from app.funding.rules import Source, spend, split
from app.funding.tables import Entitlement
from app.history import record
from app.messages import actions as messages
from app.messages.rules import Channel, Kind
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.quotes import Wish
from app.orders.rules import VisitState
from app.orders.tables import Order, Visit
from app.people import queries as people
from app.people.tables import Elder

HABIT: Final = timedelta(days=90)
MOST: Final = 4  # proposals: a caller can keep so many in mind
WINDOW: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Habit:
    """What she has had: the item, and the weekday and local hour it most often began."""

    item_id: int
    weekday: int
    hour: time


def due(session: Session, *, now: datetime) -> Sequence[int]:
    """Elders with a good part of this month's allowance free, not reminded since the day that has come."""
    today = calendar.day_of(now)
    on_day = turn(today, settings().remind_on)
    if on_day is None:
        return []
    told = select(SpendReminder.id).where(
        SpendReminder.elder_id == Entitlement.elder_id, SpendReminder.month == Entitlement.month,
        SpendReminder.on_day == on_day,
    )  # fmt: skip
    free, granted = func.sum(Entitlement.free_cents), func.sum(Entitlement.granted_cents)
    return session.scalars(
        select(Entitlement.elder_id)
        .join(Elder, Elder.id == Entitlement.elder_id)
        .where(Entitlement.month == today.replace(day=1), Elder.ended_at.is_(None), ~told.exists())
        .group_by(Entitlement.elder_id)
        .having(free * 100 >= granted * settings().remind_percent, free > 0)
        .order_by(Entitlement.elder_id)
    ).all()


def remind(session: Session, elder_id: int, *, now: datetime) -> None:
    """The job for one elder: the reminder with its proposals, and a message to her or the first to call. Repeatable."""
    elder = people.get(session, elder_id)
    session.execute(select(Elder.id).where(Elder.id == elder_id).with_for_update())
    today = calendar.day_of(now)
    on_day, month = turn(today, settings().remind_on), today.replace(day=1)
    if on_day is None or elder_id not in due(session, now=now):
        return
    for old in session.scalars(
        select(SpendReminder).where(SpendReminder.elder_id == elder_id, SpendReminder.state.in_(WAITING))
    ):
        _move(session, old, ReminderEvent.LAPSE, by="clock", now=now)
    sources = funding.sources(session, elder_id, [month]).get(month, [])
    free = sum(source.free_cents for source in sources)
    made = SpendReminder(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder_id, month=month, on_day=on_day,
        state=ReminderState.OPEN, free_cents=free, proposals=propose(session, elder, sources, now=now), made_at=now,
    )  # fmt: skip
    session.add(made)
    record(session, made, "remind", None, made.state, by="clock", now=now, free_cents=free)
    _tell(session, elder, made, now=now)


def propose(session: Session, elder: Elder, sources: Sequence[Source], *, now: datetime) -> list[dict[str, Any]]:
    """Visits like those she had, before the month ends, that her allowance pays whole and somebody has time for."""
    today = calendar.day_of(now)
    last = calendar.next_month(today) - timedelta(days=1)
    left, found = list(sources), list[dict[str, Any]]()
    planned = _planned(session, elder.id, today)
    for habit in habits(session, elder, now=now):
        item = session.get_one(ServiceItem, habit.item_id)
        for day in sorted(
            calendar.days(today + timedelta(days=1), last), key=lambda d: (d.weekday() != habit.weekday, d)
        ):
            if len(found) == MOST or any((item.id, day + timedelta(days=n)) in planned for n in range(-2, 3)):
                continue
            opens = calendar.at(day, habit.hour)
            wish = Wish(opens, opens + WINDOW)
            try:
                (bill,) = order_queries.bills(session, elder, item, [wish], now=now)
            except (NoPrice, OutsideHours, Conflict):
                break
            paid = split(bill.cents, item.aid, left, item=item.code)
            if paid.self_pay_cents or not paid.parts:
                break
            if not room.there_is(session, elder.district_id, wish, item.needs, bill.minutes * bill.caregivers, now=now):
                continue
            left = spend(left, paid.parts)
            planned.add((item.id, day))
            found.append(
                {
                    "item": item.code, "zh": item.name_zh, "en": item.name_en, "aid": item.aid,
                    "opens": wish.opens.isoformat(), "closes": wish.closes.isoformat(), "minutes": bill.minutes,
                    "allowance_cents": paid.allowance_cents, "self_pay_cents": 0,
                }
            )  # fmt: skip
            break
    return sorted(found, key=lambda one: str(one["opens"]))


def habits(session: Session, elder: Elder, *, now: datetime) -> list[Habit]:
    """What she has had most often of late, each item twice: once more is what a habit is. Else what others have."""
    rows = _had(session, Visit.elder_id == elder.id, now=now) or _had(
        session, Visit.division_code == elder.division_code, now=now
    )
    by_item: dict[int, list[datetime]] = {}
    for item_id, opens in rows:
        by_item.setdefault(item_id, []).append(calendar.local(opens))
    usual = []
    for item_id, times in sorted(by_item.items(), key=lambda one: (-len(one[1]), one[0])):
        weekday = Counter(at.weekday() for at in times).most_common(1)[0][0]
        hour = Counter(at.time().replace(second=0, microsecond=0) for at in times).most_common(1)[0][0]
        usual.append(Habit(item_id, weekday, hour))
    return [*usual, *usual]


def book(session: Session, reminder_id: int, picks: Sequence[int], *, by: str, now: datetime) -> list[Order]:
    """She agrees: the proposals that were picked are ordered as they were told. Raises QuoteChanged."""
    reminder = get(session, reminder_id)
    if not picks or not all(0 <= pick < len(reminder.proposals) for pick in picks):
        raise NotFound("There is no such proposal.")
    made = []
    for pick in sorted(set(picks)):
        told = reminder.proposals[pick]
        wish = Wish(datetime.fromisoformat(told["opens"]), datetime.fromisoformat(told["closes"]), told["minutes"])
        order = orders.receive(session, reminder.elder_id, told["item"], [wish], by=by, now=now)
        promise = {name: told[name] for name in ("allowance_cents", "self_pay_cents")}
        made.append(orders.confirm(session, order.id, **promise, by=by, now=now))
    _move(session, reminder, ReminderEvent.BOOK, by=by, now=now, orders=[order.id for order in made])
    return made


def decline(session: Session, reminder_id: int, *, by: str, now: datetime, reason: str) -> None:
    """She does not want any."""
    _move(session, get(session, reminder_id), ReminderEvent.DECLINE, by=by, now=now, reason=reason)


def miss(session: Session, reminder_id: int, *, by: str, now: datetime) -> None:
    """Nobody answered; it stays on the list, behind the others."""
    _move(session, get(session, reminder_id), ReminderEvent.MISS, by=by, now=now)


def get(session: Session, reminder_id: int) -> SpendReminder:
    """The reminder, locked; raises NotFound also when it is outside the caller's area."""
    found = session.get(SpendReminder, reminder_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("There is no such reminder, or it is outside your area.")
    return found


def _had(session: Session, whose: Any, *, now: datetime) -> list[tuple[int, datetime]]:
    rows = session.execute(
        select(Visit.item_id, Visit.opens)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .where(whose, Visit.opens > now - HABIT, Visit.opens < now, Visit.price_cents > 0)
        .where(Visit.state.in_((VisitState.VERIFIED, VisitState.DONE, VisitState.HELD)))
        .where(ServiceItem.ended_at.is_(None), ServiceItem.approval == Approval.NONE)
        .where(ServiceItem.given == Given.HOME)
        .order_by(Visit.opens)
    )
    return [(row.item_id, row.opens) for row in rows]


def _planned(session: Session, elder_id: int, today: date) -> set[tuple[int, date]]:
    first, _ = calendar.day_bounds(today)
    rows = session.execute(
        select(Visit.item_id, Visit.opens).where(
            Visit.elder_id == elder_id, Visit.opens >= first, Visit.state != VisitState.CANCELLED
        )
    )
    return {(row.item_id, calendar.day_of(row.opens)) for row in rows}


def _tell(session: Session, elder: Elder, reminder: SpendReminder, *, now: datetime) -> None:
    contacts = people.contacts_of(session, elder.id)
    to, whom = (elder.phone, elder.name) if elder.phone else next(((c.phone, c.name) for c in contacts), (None, ""))
    if to is None:
        return
    yuan = f"{reminder.free_cents // 100}.{reminder.free_cents % 100:02d}"
    last = calendar.last_day(reminder.month)
    values = {"elder": elder.name, "what": yuan, "day": f"{last.month}月{last.day}日"}
    messages.say(
        session, kind=Kind.UNSPENT, values=values, district_id=elder.district_id,
        division_code=elder.division_code, key=f"unspent/{elder.id}/{reminder.month}/{reminder.on_day}",
        channel=Channel.SMS, to=to, to_whom=whom, now=now, elder_id=elder.id,
    )  # fmt: skip


def _move(
    session: Session, reminder: SpendReminder, event: ReminderEvent, *, by: str, now: datetime,
    reason: str | None = None, **facts: Any,
) -> None:  # fmt: skip
    """The only place that changes a reminder's state."""
    before, reminder.state = reminder.state, reminder_after(reminder.state, event)
    reminder.decided_by, reminder.decided_at = by, now
    record(session, reminder, event, before, reminder.state, by=by, now=now, reason=reason, **facts)
