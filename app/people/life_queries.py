"""Reading what happened to an elder, and whether somebody may come on a day."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.people.life_rules import Away, NotAtHome
from app.people.life_tables import LifeEvent


def get(session: Session, event_id: int, *, lock: bool = False) -> LifeEvent:
    """The event; raises NotFound also when it is outside the caller's area."""
    found = session.get(LifeEvent, event_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such event, or it is outside your area.")
    return found


def of_elder(session: Session, elder_id: int) -> Sequence[LifeEvent]:
    """All that was told of an elder, taken back or not, the newest first."""
    return session.scalars(
        select(LifeEvent).where(LifeEvent.elder_id == elder_id).order_by(LifeEvent.starts.desc(), LifeEvent.id.desc())
    ).all()


def away(session: Session, elder_id: int) -> list[Away]:
    """What holds of an elder, in the order of time."""
    return away_of(session, [elder_id]).get(elder_id, [])


def away_of(session: Session, elder_ids: Sequence[int]) -> dict[int, list[Away]]:
    """What holds of each elder of whom anything was told, in the order of time."""
    rows = session.execute(
        select(LifeEvent.elder_id, LifeEvent.kind, LifeEvent.starts, LifeEvent.ends)
        .where(LifeEvent.elder_id.in_(elder_ids), LifeEvent.undone_at.is_(None))
        .order_by(LifeEvent.starts, LifeEvent.id)
    )
    told: dict[int, list[Away]] = {}
    for elder_id, kind, starts, ends in rows:
        told.setdefault(elder_id, []).append(Away(kind, starts, ends))
    return told


def check_at_home(session: Session, elder_id: int, days: Iterable[date]) -> None:
    """Raises NotAtHome with the event when nobody should come on one of the days."""
    told = away(session, elder_id)
    for day in sorted(set(days)):
        for event in told:
            if event.covers(day):
                until = str(event.ends) if event.ends else None
                why = f"On {day} she is not at home: {event.kind} since {event.starts}."
                raise NotAtHome(why, kind=event.kind, since=str(event.starts), until=until, day=str(day))
