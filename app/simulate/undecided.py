"""What lies on a desk: orders that wait for the bureau or the shift lead, and a visit called off at the last hour."""

import random
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue.rules import Given
from app.db import transaction
from app.orders import actions as orders
from app.orders.quotes import Wish
from app.orders.rules import CANCELLABLE, Channel
from app.orders.tables import Order, Visit
from app.people.rules import AbilityLevel, Register
from app.people.tables import Elder
from app.planning import actions as planning

BY: Final = "赵敏 (zhaomin)"
BOOKED: Final[tuple[tuple[str, AbilityLevel, int, dict[str, str] | None, str], ...]] = (
    ("SURVEY", AbilityLevel.SEVERE, 8, {"name": "周慧", "relation": "女儿"}, "卫生间门槛高，轮椅进不去"),
    ("SURVEY", AbilityLevel.MODERATE, 9, None, "上月在厨房摔过一次，想看看哪里要装扶手"),
    ("RESPITE", AbilityLevel.SEVERE, 10, {"name": "李建华", "relation": "儿子"}, "家属外出办事，请替一个上午"),
)
WINDOW: Final = timedelta(hours=1)
SHORT_NOTICE: Final = timedelta(hours=3)


def leave(rng: random.Random, district_id: int, *, now: datetime) -> None:
    """Orders of last hour that somebody must still allow, and this morning's first visit called off, with its fee."""
    with transaction() as session:
        for item, level, ahead, agent, note in BOOKED:
            _order(session, rng, district_id, item, level, ahead, agent, note, now=now)
        _called_off(session, district_id, now=now)
        session.info.pop("notices", None)


def _order(
    session: Session, rng: random.Random, district_id: int, item: str, level: AbilityLevel, ahead: int,
    agent: dict[str, str] | None, note: str, *, now: datetime,
) -> None:  # fmt: skip
    who = session.scalars(
        select(Elder.id)
        .where(Elder.district_id == district_id, Elder.register == Register.PURCHASED_SERVICE, Elder.level == level)
        .where(Elder.ended_at.is_(None), Elder.away.is_(None))
        .order_by(Elder.id)
    ).all()
    if not who:
        return
    opens = calendar.day_bounds(calendar.day_of(now) + timedelta(days=ahead))[0] + timedelta(hours=9)
    taken = now - timedelta(minutes=rng.randint(10, 60))
    order = orders.receive(
        session, rng.choice(who), item, [Wish(opens, opens + WINDOW)], by=BY, now=taken, channel=Channel.HOTLINE,
        agent=agent, note=note,
    )  # fmt: skip
    orders.confirm(
        session, order.id, allowance_cents=order.allowance_cents, self_pay_cents=order.self_pay_cents, by=BY, now=taken
    )


def _called_off(session: Session, district_id: int, *, now: datetime) -> None:
    begins, ends = calendar.day_bounds(calendar.day_of(now))
    first = session.scalars(
        select(Visit)
        .where(Visit.district_id == district_id, Visit.opens >= begins, Visit.opens < ends, Visit.price_cents > 0)
        .where(Visit.state.in_(CANCELLABLE), Visit.provider_id.is_not(None), Visit.given == Given.HOME)
        .where(exists().where(Order.id == Visit.order_id, Order.visits_open == 1))
        .order_by(Visit.opens, Visit.id)
        .limit(1)
    ).first()
    if first is not None:
        planning.cancel_order(
            session, first.order_id, by=BY, now=min(now, first.opens - SHORT_NOTICE), reason="老人临时去女儿家"
        )
