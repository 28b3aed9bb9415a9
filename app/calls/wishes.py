"""What the desk asks of the switchboard: dial, answer, hang up. It takes wishes up and reports on the calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.access.tables import User
from app.calls.rules import LEASE, CallState, CannotNow, Direction, Wish
from app.calls.tables import Call
from app.db import notice


@dataclass(frozen=True)
class Order:
    """One wish: `ours` is our number of the call, `call_id` the switchboard's where it has one."""

    do: Wish
    ours: int
    call_id: str | None
    phone: str | None
    operator: str | None
    say: str | None
    gather: str | None


def take_up(session: Session, *, district_id: int, now: datetime) -> Sequence[Order]:
    """Wishes nobody has carried out, marked as offered: two switchboards never get the same one within its lease.

    One that is not heard of in time is offered again, under the same `ours`.
    """
    dialled = (Call.state == CallState.DIALLING) & Call.call_id.is_(None) & Call.phone.is_not(None)
    free = or_(Call.offered_at.is_(None), Call.offered_at < now - LEASE)
    rows = session.scalars(
        select(Call)
        .where(Call.district_id == district_id, or_(dialled, Call.wish.is_not(None)), free)
        .order_by(Call.id)
        .with_for_update(skip_locked=True)
    ).all()
    askers = select(User.id, User.login).where(User.id.in_([call.user_id for call in rows]))
    logins = {row.id: row.login for row in session.execute(askers)}
    for call in rows:
        call.offered_at = now
    return [
        Order(c.wish or Wish.DIAL, c.id, c.call_id, c.phone, logins.get(c.user_id or 0), c.say, c.gather) for c in rows
    ]


def answer(session: Session, call: Call, *, user_id: int) -> None:
    """Put the ringing call through to this operator; the first who asks has it."""
    if call.direction is not Direction.INBOUND or call.state is not CallState.RINGING:
        raise CannotNow("The call does not ring any more.")
    if call.wish is Wish.ANSWER and call.user_id != user_id:
        raise CannotNow("A colleague is just taking this call.")
    call.user_id = user_id
    _wish(session, call, Wish.ANSWER)


def hang_up(session: Session, call: Call, *, now: datetime) -> None:
    """End it. One the switchboard has not taken up is simply not dialled."""
    if call.state is CallState.ENDED:
        raise CannotNow("The call has ended.")
    if call.call_id is None:
        call.state, call.ended_at = CallState.ENDED, now
        notice(session, call.district_id, f"calls/{call.id}")
        return
    _wish(session, call, Wish.HANG_UP)


def _wish(session: Session, call: Call, wish: Wish) -> None:
    call.wish, call.offered_at = wish, None
    notice(session, call.district_id, f"calls/{call.id}")
