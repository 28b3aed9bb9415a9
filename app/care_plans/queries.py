"""Reading care plans, what came of their days, pauses and holidays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app import calendar
from app.care_plans.rules import DayState, PlanState, WhyNot
from app.care_plans.tables import CalendarDay, CarePlan, CarePlanDay, CarePlanLine, CarePlanPause
from app.catalogue.tables import ServiceItem
from app.errors import NotFound
from app.orders.rules import OrderState, VisitState
from app.orders.tables import Order, Visit
from app.people.tables import Elder


@dataclass(frozen=True)
class DayRow:
    """A day of a plan as a screen shows it."""

    id: int
    key: str
    rule_day: date
    day: date
    state: DayState
    why: WhyNot | None
    item_code: str
    item_zh: str
    item_en: str
    aid: str
    order_id: int | None
    order_state: OrderState | None
    visit_state: VisitState | None
    opens: datetime | None
    closes: datetime | None
    price_cents: int | None
    allowance_cents: int | None
    self_pay_cents: int | None
    short_cents: int | None


@dataclass(frozen=True)
class UnservedRow:
    """A day that could not be ordered."""

    id: int
    elder_id: int
    elder_name: str
    day: date
    why: WhyNot
    item_zh: str
    item_en: str
    short_cents: int | None
    most_self_pay_cents: int


def due(session: Session, *, now: datetime) -> Sequence[int]:
    """Agreed plans whose orders have not been made today. For the clock's sweep."""
    today = calendar.day_of(now)
    return session.scalars(
        select(CarePlan.id)
        .where(CarePlan.state == PlanState.AGREED, or_(CarePlan.checked_on.is_(None), CarePlan.checked_on < today))
        .order_by(CarePlan.id)
    ).all()


def plan_in(session: Session, elder_id: int, state: PlanState, *, lock: bool = False) -> CarePlan | None:
    """The elder's draft or agreed plan: there is one at most of each."""
    query = select(CarePlan).where(CarePlan.elder_id == elder_id, CarePlan.state == state)
    return session.scalar(query.with_for_update().execution_options(populate_existing=True) if lock else query)


def versions(session: Session, elder_id: int) -> Sequence[CarePlan]:
    """All versions, newest first."""
    return session.scalars(select(CarePlan).where(CarePlan.elder_id == elder_id).order_by(CarePlan.n.desc())).all()


def lines_of(session: Session, plan_id: int) -> Sequence[CarePlanLine]:
    """The lines of a version."""
    return session.scalars(select(CarePlanLine).where(CarePlanLine.plan_id == plan_id).order_by(CarePlanLine.id)).all()


def pauses(session: Session, elder_id: int, *, since: date) -> Sequence[CarePlanPause]:
    """Pauses that reach into or beyond a day."""
    return session.scalars(
        select(CarePlanPause)
        .where(CarePlanPause.elder_id == elder_id, or_(CarePlanPause.last.is_(None), CarePlanPause.last >= since))
        .order_by(CarePlanPause.first)
    ).all()


def pause(session: Session, elder_id: int, pause_id: int) -> CarePlanPause:
    """A pause of this elder; raises NotFound."""
    found = session.get(CarePlanPause, pause_id, with_for_update=True)
    if found is None or found.elder_id != elder_id:
        raise NotFound("There is no such pause.")
    return found


def special_days(session: Session, district_id: int, first: date, last: date) -> Sequence[CalendarDay]:
    """Holidays and weekends worked in exchange."""
    return session.scalars(
        select(CalendarDay)
        .where(CalendarDay.district_id == district_id, CalendarDay.day >= first, CalendarDay.day <= last)
        .order_by(CalendarDay.day)
    ).all()


def self_pay_by_month(session: Session, elder_id: int, since: date) -> dict[date, int]:
    """Cents of her own money that the orders of her plans cost in each month from a day on."""
    rows = session.execute(
        select(CarePlanDay.day, Visit.self_pay_cents)
        .join(Visit, Visit.order_id == CarePlanDay.order_id)
        .where(CarePlanDay.elder_id == elder_id, CarePlanDay.day >= since.replace(day=1))
        .where(
            CarePlanDay.state == DayState.ORDERED, Visit.state.not_in((VisitState.CANCELLED, VisitState.NOT_DELIVERED))
        )
    )
    sums: dict[date, int] = {}
    for day, cents in rows:
        month = day.replace(day=1)
        sums[month] = sums.get(month, 0) + cents
    return sums


def days_of(session: Session, elder_id: int, first: date, last: date) -> Sequence[DayRow]:
    """What came of the days of an elder's plans."""
    rows = session.execute(
        select(
            CarePlanDay.id, CarePlanDay.key, CarePlanDay.rule_day, CarePlanDay.day, CarePlanDay.state, CarePlanDay.why,
            ServiceItem.code.label("item_code"), ServiceItem.name_zh.label("item_zh"),
            ServiceItem.name_en.label("item_en"), ServiceItem.aid, CarePlanDay.order_id,
            Order.state.label("order_state"), Visit.state.label("visit_state"), Visit.opens, Visit.closes,
            Visit.price_cents, Visit.allowance_cents, Visit.self_pay_cents, CarePlanDay.short_cents,
        )
        .join(CarePlanLine, CarePlanLine.id == CarePlanDay.line_id)
        .join(ServiceItem, ServiceItem.id == CarePlanLine.item_id)
        .outerjoin(Order, Order.id == CarePlanDay.order_id)
        .outerjoin(Visit, Visit.order_id == Order.id)
        .where(CarePlanDay.elder_id == elder_id, CarePlanDay.day >= first, CarePlanDay.day <= last)
        .order_by(CarePlanDay.day, Visit.opens, CarePlanDay.id)
    )  # fmt: skip
    return [DayRow(**row._mapping) for row in rows]


def unserved(session: Session, *, today: date, limit: int = 200) -> Sequence[UnservedRow]:
    """Days to come that could not be ordered, the nearest first."""
    rows = session.execute(
        select(
            CarePlanDay.id, CarePlanDay.elder_id, Elder.name.label("elder_name"), CarePlanDay.day, CarePlanDay.why,
            ServiceItem.name_zh.label("item_zh"), ServiceItem.name_en.label("item_en"), CarePlanDay.short_cents,
            CarePlan.most_self_pay_cents,
        )
        .join(Elder, Elder.id == CarePlanDay.elder_id)
        .join(CarePlan, CarePlan.id == CarePlanDay.plan_id)
        .join(CarePlanLine, CarePlanLine.id == CarePlanDay.line_id)
        .join(ServiceItem, ServiceItem.id == CarePlanLine.item_id)
        .where(CarePlanDay.state == DayState.UNSERVED, CarePlanDay.day >= today)
        .order_by(CarePlanDay.day, CarePlanDay.id)
        .limit(limit)
    )  # fmt: skip
    return [UnservedRow(**row._mapping) for row in rows]


def next_number(session: Session, elder_id: int) -> int:
    """Versions of an elder's plan count from 1."""
    return (session.scalar(select(func.max(CarePlan.n)).where(CarePlan.elder_id == elder_id)) or 0) + 1
