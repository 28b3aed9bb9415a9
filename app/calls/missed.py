"""Calls nobody answered in time: each number once, with a clock of its own, until somebody has spoken to the caller."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from app.calls.rules import Direction, NotMissed, Result, Settled
from app.calls.tables import Call
from app.config import settings
from app.db import notice

OPEN = (Call.direction == Direction.INBOUND, Call.result == Result.ABANDONED, Call.settled.is_(None))


@dataclass(frozen=True)
class Missed:
    """A number that rang and was not answered; `call` is its last try."""

    call: Call
    times: int
    first_at: datetime
    due_at: datetime  # by then somebody should have called back
    tries: int  # to call back
    last_try: Result | None


def waiting(session: Session) -> Sequence[Missed]:
    """Missed calls nobody has settled, the longest waiting first; one number stands there once."""
    rows = session.scalars(select(Call).where(*OPEN, Call.ended_at.is_not(None)).order_by(Call.ended_at)).all()
    by_number: dict[str, list[Call]] = {}
    for call in rows:
        by_number.setdefault(call.phone_hash or f"call {call.id}", []).append(call)
    tries = _tries(session, [call.id for call in rows])
    patience = timedelta(minutes=settings().call_back_minutes)
    return [
        Missed(
            calls[-1], len(calls), calls[0].began_at, (calls[0].ended_at or calls[0].began_at) + patience,
            sum(len(tries.get(call.id, [])) for call in calls),
            next((tries[call.id][-1] for call in reversed(calls) if call.id in tries), None),
        )
        for calls in by_number.values()
    ]  # fmt: skip


def _tries(session: Session, ids: Sequence[int]) -> dict[int, list[Result | None]]:
    found: dict[int, list[Result | None]] = {}
    returned = select(Call.returns_id, Call.result).where(Call.returns_id.in_(ids)).order_by(Call.id)
    for missed_id, result in session.execute(returned):
        found.setdefault(missed_id or 0, []).append(result)
    return found


def rang_again(session: Session, call: Call, *, now: datetime) -> None:
    """Whoever was missed has called again and is spoken to."""
    if call.phone_hash:
        _settle(session, call.district_id, Call.phone_hash == call.phone_hash, Settled.RANG_AGAIN, now=now)


def called_back(session: Session, call: Call, *, now: datetime) -> None:
    """A call that returned a missed one has reached somebody."""
    first = session.get_one(Call, call.returns_id)
    _settle(session, call.district_id, _same(first), Settled.CALLED_BACK, by=call.user_id, now=now)


def dismiss(session: Session, call: Call, reason: str, *, by: int, now: datetime) -> None:
    """Not to be called back, for a reason; all calls of that number come off the list."""
    if not _settle(session, call.district_id, _same(call), Settled.DISMISSED, by=by, reason=reason, now=now):
        raise NotMissed("This call was answered, or somebody has already settled it.")


def _same(call: Call) -> ColumnElement[bool]:
    return Call.phone_hash == call.phone_hash if call.phone_hash else Call.id == call.id


def _settle(
    session: Session, district_id: int, which: ColumnElement[bool], how: Settled, *, now: datetime,
    by: int | None = None, reason: str | None = None,
) -> bool:  # fmt: skip
    done = session.execute(
        update(Call)
        .where(*OPEN, Call.district_id == district_id, which)
        .values(settled=how, settled_at=now, settled_by=by, settled_reason=reason)
        .returning(Call.id)
    ).all()
    for (number,) in done:
        notice(session, district_id, f"calls/{number}")
    return bool(done)
