"""An agreed visit at another time, of another length or another item: out of its plan first, then agreed anew."""

from datetime import datetime

from sqlalchemy.orm import Session

from app import calendar
from app.db import notice
from app.orders import changing as orders
from app.orders import fees, queries
from app.orders.quotes import Wish
from app.orders.rules import FeeCause, VisitChanged, VisitState
from app.orders.tables import Visit
from app.planning import attending


def change(
    session: Session, visit_id: int, wish: Wish, *, seen: int, promise: tuple[int, int], by: str, now: datetime,
    item_code: str | None = None, told_cents: int | None = None,
) -> Visit:  # fmt: skip
    """Agree on the change; whoever was to come is told that she is not. Late, it may cost (`told_cents` was told).

    Raises VisitChanged, QuoteChanged, FeeChanged.
    """
    visit = queries.visit(session, visit_id, lock=True)
    if visit.version != seen:
        raise VisitChanged("Somebody has changed this visit; look again.", version=visit.version)
    if costs(visit, wish, item_code):
        fees.charge(session, [visit], by=by, now=now, cause=FeeCause.CHANGE, told_cents=told_cents)
    days = {calendar.day_of(visit.opens), calendar.day_of(wish.opens)}
    if visit.state in (VisitState.PLANNED, VisitState.PUBLISHED):
        attending.withdraw(session, visit_id, by=by, now=now, reason="changed")
        session.flush()
    changed = orders.change(
        session, visit_id, wish, seen=visit.version, promise=promise, item_code=item_code, by=by, now=now
    )
    for day in days:
        notice(session, changed.district_id, f"board/{day}")
    return changed


def costs(visit: Visit, wish: Wish, item_code: str | None) -> bool:
    """Whether a change upsets whoever was to come: another time or another item; a longer visit does not."""
    return (wish.opens, wish.closes) != (visit.opens, visit.closes) or item_code not in (None, visit.item_code)
