"""The riders' list of a meal, printed: trip by trip in their order, then what is in no trip."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app import calendar
from app.meal_rounds import queries
from app.meals import printing
from app.meals.queries import PortionRow
from app.meals.rules import MealWay
from app.meals.tables import Menu
from app.paper import Column
from app.people.tables import Caregiver
from app.planning.rules import PlanState

RUN: Final = (
    Column("", 8, True), Column("时间", 14), Column("老人", 20), Column("地址", 60), Column("套餐", 32),
    Column("饮食与备注", 36), Column("签收", 12),
)  # fmt: skip


def delivery_list(session: Session, menu: Menu, *, now: datetime) -> tuple[bytes, list[int]]:
    """Every door with address, dish, and room for a signature, and whose addresses these are."""
    rows = {r.portion.id: r for r in printing.cooked(session, menu) if r.portion.way is MealWay.DELIVERY}
    paper = printing.sheet(session, menu, "送餐单", now=now)
    paper.say(f"共 {len(rows)} 份，{calendar.local(menu.delivery_till):%H:%M} 前送到。", 12, gap=1)
    left = dict(rows)
    rounds = queries.in_state(session, menu.id, PlanState.PUBLISHED)
    for trip in queries.trips(session, rounds.id) if rounds else ():
        stops = queries.stops_of(session, trip.id)
        here = [(one.arrives_at, left.pop(number)) for one in stops for number in one.portion_ids if number in left]
        rider = session.get_one(Caregiver, trip.caregiver_id).name
        times = f"{calendar.local(trip.leaves_at):%H:%M} 出发，{calendar.local(trip.returns_at):%H:%M} 返回"
        paper.say(f"{rider}　{times}，{len(here)} 份", 13, gap=2)
        paper.listing(RUN, [_line(n, at, row) for n, (at, row) in enumerate(here, 1)], 9)
    if left:
        if rounds:
            paper.say(f"未排入路线 {len(left)} 份", 13, gap=2)
        rest = sorted(left.values(), key=lambda row: (row.home.estate, row.home.address))
        paper.listing(RUN, [_line(n, None, row) for n, row in enumerate(rest, 1)], 9)
    return paper.whole(), [row.elder.id for row in rows.values()]


def _line(n: int, at: datetime | None, row: PortionRow) -> list[str]:
    when = f"{calendar.local(at):%H:%M}" if at else ""
    return [str(n), when, row.elder.name, _door(row), row.dish.name, printing.wishes(row), ""]


def _door(row: PortionRow) -> str:
    """Hers, or where she had it redirected to: the rider sees both."""
    hers = f"{row.home.estate} {row.home.address}"
    return f"【改送】{row.portion.bring_to}（本人住 {hers}）" if row.portion.bring_to else hers
