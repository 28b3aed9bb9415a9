"""Following what was found: taken, written down as an order, handed to somebody else, and closed with an answer."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.history import record
from app.orders import actions as orders
from app.orders.quotes import Wish
from app.orders.rules import Channel
from app.welfare import queries
from app.welfare.finding_rules import FindingEvent, after
from app.welfare.tables import WelfareFinding


def take(session: Session, finding_id: int, *, by: str, now: datetime) -> WelfareFinding:
    """I see to it."""
    row = queries.finding(session, finding_id, lock=True)
    row.taken_by = by
    return _move(session, row, FindingEvent.TAKE, by=by, now=now)


def order(session: Session, finding_id: int, item_code: str, wish: Wish, *, by: str, now: datetime) -> WelfareFinding:
    """An order is written down for it: a proposal, to be confirmed with the elder; nothing is reserved yet."""
    row = queries.finding(session, finding_id, lock=True)
    after(row.state, FindingEvent.ORDER)
    made = orders.receive(
        session, row.elder_id, item_code, [wish], by=by, now=now, channel=Channel.COMMUNITY, note="巡访发现"
    )
    session.flush()
    row.order_id, row.taken_by = made.id, row.taken_by or by
    return _move(session, row, FindingEvent.ORDER, by=by, now=now)


def refer(session: Session, finding_id: int, to: str, *, by: str, now: datetime) -> WelfareFinding:
    """Somebody outside is asked; it stays here until they have answered."""
    row = queries.finding(session, finding_id, lock=True)
    row.referred_to, row.taken_by = to, row.taken_by or by
    return _move(session, row, FindingEvent.REFER, by=by, now=now)


def close(session: Session, finding_id: int, answer: str, *, by: str, now: datetime) -> WelfareFinding:
    """It is seen to, and how."""
    row = queries.finding(session, finding_id, lock=True)
    row.answer, row.closed_at = answer, now
    return _move(session, row, FindingEvent.CLOSE, by=by, now=now)


def _move(session: Session, row: WelfareFinding, event: FindingEvent, *, by: str, now: datetime) -> WelfareFinding:
    """The only place that changes a finding's state."""
    before, row.state = row.state, after(row.state, event)
    record(session, row, event, before, row.state, by=by, now=now)
    return row
