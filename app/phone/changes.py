"""What a re-planning has moved in a caregiver's own today and tomorrow, and why, as far as she must know."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.orders.tables import Visit
from app.people.tables import Caregiver, Elder, Home
from app.phone.shapes import PhoneChange, PhoneMoved
from app.planning.replan_rules import Changed, ChangeState, Happened, Slot
from app.planning.replan_tables import PlanChange
from app.vault import mask_name


def changes(session: Session, caregiver_id: int, *, now: datetime) -> list[PhoneChange]:
    """Accepted ones that touch her, the newest first; names masked, and nobody's illness told to somebody else."""
    caregiver = session.get_one(Caregiver, caregiver_id)
    today = calendar.day_of(now)
    rows = session.scalars(
        select(PlanChange)
        .where(
            PlanChange.district_id == caregiver.district_id, PlanChange.state == ChangeState.ACCEPTED,
            PlanChange.day.in_((today, today + timedelta(days=1))),
        )
        .order_by(PlanChange.decided_at.desc())
    ).all()  # fmt: skip
    mine = {row.id: [one for data in row.changes if _touches(one := Changed.of(data), caregiver_id)] for row in rows}
    whose = _whose(session, [one.visit_id for moved in mine.values() for one in moved])
    return [
        PhoneChange(
            id=row.id, day=row.day, at=row.decided_at or row.proposed_at,
            cause=Happened.of(row.events[0]).cause if row.events else None,
            moved=list(_moved(mine[row.id], caregiver_id, whose)),
        )
        for row in rows
        if mine[row.id]
    ]  # fmt: skip


def _touches(one: Changed, caregiver_id: int) -> bool:
    return one.was != one.will and (_hers(one.was, caregiver_id) or _hers(one.will, caregiver_id))


def _hers(slot: Slot | None, caregiver_id: int) -> bool:
    return slot is not None and caregiver_id in slot.caregiver_ids


def _whose(session: Session, visit_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    rows = session.execute(
        select(Visit.id, Elder.name, Home.estate)
        .join(Elder, Elder.id == Visit.elder_id)
        .join(Home, Home.id == Visit.home_id)
        .where(Visit.id.in_(visit_ids))
    )
    return {visit: (mask_name(name), estate) for visit, name, estate in rows}


def _moved(changed: Sequence[Changed], me: int, whose: dict[int, tuple[str, str]]) -> Iterator[PhoneMoved]:
    for one in changed:
        elder, estate = whose.get(one.visit_id, ("", ""))
        was = one.was.starts_at if one.was and _hers(one.was, me) else None
        will = one.will.starts_at if one.will and _hers(one.will, me) else None
        yield PhoneMoved(visit_id=one.visit_id, elder=elder, estate=estate, was_at=was, starts_at=will)
