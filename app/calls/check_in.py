"""Telephone check-in, the last resort: who speaks to the hotline on the elder's own number is in her home."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calls import queries
from app.calls.rules import NotHerNumber
from app.calls.tables import Call
from app.catalogue.tables import ServiceItem
from app.errors import NotFound
from app.orders import queries as orders
from app.orders.tables import Visit
from app.people.tables import Caregiver, Elder
from app.planning import queries as planning
from app.planning.rules import COUNTED
from app.planning.tables import Attendance
from app.visits import actions as visits
from app.visits import proof, spoken
from app.visits.proof_rules import Point, Sort
from app.visits.proof_tables import VisitPresence

WITHIN: Final = timedelta(hours=3)  # between the call and the visit as it was planned


@dataclass(frozen=True)
class Due:
    """Somebody who was to be there about now, and which ends of her stay a call has proven."""

    attendance_id: int
    caregiver: str
    item_zh: str
    item_en: str
    starts_at: datetime
    ends_at: datetime
    proven: tuple[Point, ...]


def due(session: Session, call: Call) -> list[Due]:
    """Who was to be at the elder's about the time of a call on her own number; nobody for any other call."""
    if not _hers(session, call):
        return []
    rows = session.execute(
        select(Attendance, Caregiver.name, ServiceItem.name_zh, ServiceItem.name_en)
        .join(Visit, Visit.id == Attendance.visit_id)
        .join(Caregiver, Caregiver.id == Attendance.caregiver_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .where(Visit.elder_id == call.elder_id, Attendance.state.in_(COUNTED))
        .where(Attendance.starts_at <= call.began_at + WITHIN, Attendance.ends_at >= call.began_at - WITHIN)
        .order_by(Attendance.starts_at, Attendance.rank)
    ).all()
    proven = _proven(session, [row.Attendance.id for row in rows])
    return [
        Due(a.id, name, zh, en, a.starts_at, a.ends_at, tuple(p for n, p in proven if n == a.id))
        for a, name, zh, en in rows
    ]


def check_in(session: Session, call_id: int, attendance_id: int, point: Point, *, by: str, now: datetime) -> None:
    """By the operator's word it was she, when the call was answered; her stay begins or ends with it.

    Raises NotHerNumber, NotFound.
    """
    call = queries.get(session, call_id)
    if call.answered_at is None or not _hers(session, call):
        raise NotHerNumber("Only a call that was answered on the elder's own number proves that somebody is there.")
    if attendance_id not in {one.attendance_id for one in due(session, call)}:
        raise NotFound("She was not to be at this elder's about then.")
    visit = orders.visit(session, session.get_one(Attendance, attendance_id).visit_id, lock=True)
    attendance = planning.attendance(session, attendance_id, lock=True)
    spoken.say(session, attendance, visit, point, at=call.answered_at, by=by, now=now)
    proof.prove(
        session, attendance, Sort.CALL, point, source_id=call.id, happened_at=call.answered_at, by=by, now=now,
        phone_hash=call.phone_hash,
    )  # fmt: skip
    visits.settle(session, visit, now=now)


def _hers(session: Session, call: Call) -> bool:
    elder = session.get(Elder, call.elder_id) if call.elder_id else None
    return elder is not None and call.phone_hash is not None and call.phone_hash == elder.phone_hash


def _proven(session: Session, attendance_ids: Sequence[int]) -> list[tuple[int, Point]]:
    rows = session.execute(
        select(VisitPresence.attendance_id, VisitPresence.point)
        .where(VisitPresence.attendance_id.in_(attendance_ids), VisitPresence.sort == Sort.CALL)
        .distinct()
        .order_by(VisitPresence.attendance_id, VisitPresence.point)
    )
    return [(attendance_id, point) for attendance_id, point in rows]
