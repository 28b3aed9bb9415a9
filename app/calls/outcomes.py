"""What came of the calls of an alarm, for whoever acts on it: told once, in the alarm's own transaction.

The clock sweeps `unheard`; `app.alarms.heard_calls` locks the alarm and then takes the outcome. A switchboard that
corrects itself makes the call unheard again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.calls.rules import LONGEST, REACHED, SILENT, UNTAKEN, CallState, Result, Target
from app.calls.tables import Call


@dataclass(frozen=True)
class Outcome:
    """This call ended with `result`, spoke so many seconds, and a key was pressed or not.

    An automatic call is told at the key, not at the hanging up. `ref` is the name it was asked for by.
    """

    call_id: int
    alarm_id: int
    ref: str | None
    target: Target | None
    elder_id: int | None
    contact_id: int | None
    caregiver_id: int | None
    automatic: bool
    result: Result
    spoke_seconds: int
    pressed: str | None
    began_at: datetime
    ended_at: datetime | None

    @property
    def reached(self) -> bool:
        """Somebody spoke, or pressed the key that was asked for; a voice box or a wrong number is nobody."""
        return self.result in REACHED


def unheard(session: Session, *, now: datetime) -> Sequence[int]:
    """Calls of alarms that have ended, or whose key was pressed, and nobody was told. For the clock's sweep."""
    return session.scalars(
        select(Call.id)
        .where(
            Call.alarm_id.is_not(None), Call.heard_at.is_(None),
            or_(Call.ended_at.is_not(None), Call.pressed.is_not(None)),
        )
        .order_by(Call.id)
        .limit(1000)
    ).all()  # fmt: skip


def alarm_of(session: Session, call_id: int) -> int | None:
    """The alarm to lock before its outcome is taken."""
    return session.scalar(select(Call.alarm_id).where(Call.id == call_id))


def take(session: Session, call_id: int, *, now: datetime) -> Outcome | None:
    """The outcome, marked as told; None where somebody else has just taken it."""
    call = session.get(Call, call_id, with_for_update=True, populate_existing=True)
    if call is None or call.alarm_id is None or call.heard_at or not (call.ended_at or call.pressed):
        return None
    call.heard_at = now
    return Outcome(
        call.id, call.alarm_id, call.ref, call.target, call.elder_id, call.contact_id, call.caregiver_id,
        call.automatic, call.result or Result.FAILED, call.spoke_seconds or 0, call.pressed, call.began_at,
        call.ended_at,
    )  # fmt: skip


def lost(session: Session, *, now: datetime) -> Sequence[int]:
    """Calls no switchboard took up, or that were never heard of again: for the clock, so that nobody waits for ever."""
    waiting = Call.state.in_((CallState.OPERATOR, CallState.RINGING))
    spoken = Call.state.in_((CallState.ANSWERED, CallState.HELD))
    return session.scalars(
        select(Call.id).where(
            or_(
                (Call.state == CallState.DIALLING) & Call.phone.is_not(None) & (Call.began_at < now - UNTAKEN),
                waiting & (Call.began_at < now - SILENT),
                spoken & (Call.began_at < now - LONGEST),
            )
        )
    ).all()
