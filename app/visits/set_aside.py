"""Records of phones that were kept and could not be applied: of no visit of hers, unreadable, against what is known.

What clashes with the plan has a list of its own (`clashes`): there the record can still be counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db import notice
from app.errors import Conflict, NotFound
from app.people.tables import Caregiver
from app.visits.rules import Outcome
from app.visits.tables import EventOutcome, VisitEvent

PAGE: Final = 100
SOON: Final = timedelta(hours=1)  # a record that came too early waits for those before it
ELSEWHERE: Final = "plan_changed"


@dataclass(frozen=True)
class SetAside:
    """One record, whose, and why it was not applied. Its visit is 0 where it is none of hers."""

    event: VisitEvent
    caregiver: str
    problem: str


_KEPT = (EventOutcome.district_id == VisitEvent.district_id) & (EventOutcome.event_id == VisitEvent.event_id)


def waiting(session: Session, *, now: datetime, after_id: int | None = None) -> Sequence[SetAside]:
    """What nobody has answered, a page, the oldest first."""
    early = (EventOutcome.problem == "out_of_order") & (EventOutcome.at > now - SOON)
    rows = session.execute(
        select(VisitEvent, Caregiver.name, func.coalesce(EventOutcome.problem, "unreadable"))
        .join(EventOutcome, _KEPT)
        .join(Caregiver, Caregiver.id == VisitEvent.caregiver_id)
        .where(
            EventOutcome.outcome == Outcome.ATTENTION, EventOutcome.problem != ELSEWHERE, ~early,
            EventOutcome.answered_at.is_(None), VisitEvent.id > (after_id or 0),
        )
        .order_by(VisitEvent.id)
        .limit(PAGE)
    )  # fmt: skip
    return [SetAside(event, name, problem) for event, name, problem in rows]


def answer(session: Session, record_id: int, words: str, *, by: str, now: datetime) -> None:
    """What was done about it; the record itself stays as it came. Raises NotFound, Conflict."""
    kept = session.scalar(
        select(EventOutcome).join(VisitEvent, _KEPT).where(VisitEvent.id == record_id).with_for_update(of=EventOutcome)
    )
    if kept is None or kept.outcome is not Outcome.ATTENTION or kept.problem == ELSEWHERE:
        raise NotFound("No such record is set aside.")
    if kept.answered_at is not None:
        raise Conflict("This has been answered.", by=kept.answered_by)
    kept.answered_at, kept.answered_by, kept.answer = now, by, words
    notice(session, kept.district_id, f"set_aside/{record_id}")
