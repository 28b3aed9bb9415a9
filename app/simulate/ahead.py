"""The days ahead: orders taken by the hotline, today's plan published, tomorrow's left for somebody to draft."""

import random
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

import dispatch
from app import calendar
from app.db import transaction
from app.orders import actions as orders
from app.orders.quotes import Wish
from app.planning import actions as planning
from app.planning import queries as plans
from app.planning.day import question
from app.planning.rules import PlanState
from app.simulate.bookings import Booking, items, people, wanted
from app.simulate.progress import Progress

DAYS_AHEAD: Final = 6
BY: Final = "赵敏 (zhaomin)"
PLANNER: Final = "韩雪 (hanxue)"
ITERATIONS: Final = 3000
NOTES: Final = (
    "请提前十分钟打电话",
    "女儿在家，按门铃即可",
    "上次约好由同一位护理员来",
    "老人耳背，敲门久一点",
    "带上换洗的毛巾",
)


def book(
    rng: random.Random, district_id: int, planned: Collection[tuple[int, str]], *, now: datetime, tell: Progress
) -> int:
    """What was ordered by telephone beside the care plans, and today's plan published last evening; how many orders."""
    today = calendar.day_of(now)
    days = list(calendar.days(today, today + timedelta(days=DAYS_AHEAD)))
    with transaction() as session:
        found = wanted(rng, people(session, district_id), items(session, district_id), days, planned)
        session.expunge_all()
    bookings = [booking for day in days for booking in found[day]]
    for first in range(0, len(bookings), 50):
        with transaction() as session:
            for booking in bookings[first : first + 50]:
                _order(session, rng, booking, today)
            session.info.pop("notices", None)
        tell("orders ahead", min(first + 50, len(bookings)), len(bookings))
    publish(district_id, today, at=calendar.day_bounds(today)[0] - timedelta(hours=6))
    return len(bookings)


def _order(session: Session, rng: random.Random, booking: Booking, today: date) -> None:
    taken = calendar.day_bounds(min(calendar.day_of(booking.opens), today))[0] - timedelta(
        minutes=rng.randint(500, 2400)
    )
    order = orders.receive(
        session, booking.person.elder.id, booking.item.code, [Wish(booking.opens, booking.closes)], by=BY, now=taken,
        note=rng.choice(NOTES) if rng.random() < 0.2 else None,
    )  # fmt: skip
    orders.confirm(
        session, order.id, allowance_cents=order.allowance_cents, self_pay_cents=order.self_pay_cents, by=BY,
        now=taken + timedelta(minutes=3),
    )  # fmt: skip


def publish(district_id: int, day: date, *, at: datetime) -> int:
    """Draft a day and publish it, as the dispatcher would have; the answer is how many visits it serves."""
    with transaction() as session:
        plan = planning.new_plan(session, district_id, day, PlanState.DRAFTING, seconds=0, seed=7, by=PLANNER, now=at)
        asked = question(plans.day_of(session, district_id, day), now=at)
    answer = dispatch.solve(asked.problem, iterations=ITERATIONS, seed=7)
    with transaction() as session:
        stored = planning.store(session, plan.id, answer, [], asked_at=at, by=PLANNER, now=at)
        assert stored is not None
        session.flush()
        planning.publish(session, district_id, day, seen=(stored.id, stored.revision), by=PLANNER, now=at)
    return len(answer.assignments)
