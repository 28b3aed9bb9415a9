"""What a phone did that the plan no longer held: shown to the desk, who says what it comes to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalogue.tables import ServiceItem
from app.db import notice
from app.errors import Conflict, NotFound
from app.history import record
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.rules import VisitEvent, VisitState
from app.orders.tables import Visit
from app.people.tables import Caregiver, Elder
from app.planning import attending
from app.planning import queries as planning
from app.planning.rules import BEGUN, COUNTED, AttendanceEvent, AttendanceState
from app.planning.tables import Attendance
from app.visits import actions, queries
from app.visits.rules import EventKind, Flaw
from app.visits.tables import VisitEvent as RawEvent
from app.visits.tables import VisitFlaw

PAGE: Final = 100
MAY_COUNT: Final = frozenset({VisitState.WAITING, VisitState.PLANNED, VisitState.PUBLISHED, VisitState.UNDER_WAY})
THERE: Final = (EventKind.START, EventKind.FINISH)


class ClashKind(StrEnum):
    """What the plan says now."""

    CANCELLED = "cancelled"  # the visit is off, or was given up
    OTHER = "other"  # somebody else has it
    MOVED = "moved"  # she still has it, at another time
    UNASSIGNED = "unassigned"  # nobody has it
    ENDED = "ended"  # it has been given, by whomever


class ClashOutcome(StrEnum):
    """What the desk decides."""

    COUNTS = "counts"  # she gave it: the visit is hers, with what her phone recorded
    IN_VAIN = "in_vain"  # she went for nothing: her provider hears of it
    STANDS = "stands"  # the plan as it is was right


class CannotCount(Conflict):
    """This cannot be counted for her now."""


@dataclass(frozen=True)
class Clash:
    """One of them: whose, of which visit, what she did and what the plan says."""

    flaw: VisitFlaw
    attendance: Attendance
    visit: Visit
    caregiver: str
    elder: str
    item_zh: str
    item_en: str
    kind: ClashKind
    now_with: list[str]
    events: Sequence[RawEvent]
    possible: list[ClashOutcome]


def open_ones(session: Session, *, after_id: int | None = None) -> list[Clash]:
    """Those nobody has settled, a page, the oldest first."""
    rows = session.execute(
        select(VisitFlaw, Attendance, Visit, Caregiver.name, Elder.name, ServiceItem.name_zh, ServiceItem.name_en)
        .join(Attendance, Attendance.id == VisitFlaw.attendance_id)
        .join(Visit, Visit.id == VisitFlaw.visit_id)
        .join(Caregiver, Caregiver.id == Attendance.caregiver_id)
        .join(Elder, Elder.id == Visit.elder_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .where(VisitFlaw.flaw == Flaw.PLAN_CLASH, VisitFlaw.resolved_at.is_(None), VisitFlaw.id > (after_id or 0))
        .order_by(VisitFlaw.id)
        .limit(PAGE)
    ).all()
    return [_whole(session, *row) for row in rows]


def _whole(
    session: Session, flaw: VisitFlaw, attendance: Attendance, visit: Visit, caregiver: str, elder: str,
    item_zh: str, item_en: str,
) -> Clash:  # fmt: skip
    others = [one for one in planning.attendances(session, visit.id) if one.state in COUNTED]
    names = dict(
        session.execute(
            select(Caregiver.id, Caregiver.name).where(Caregiver.id.in_([one.caregiver_id for one in others]))
        ).all()
    )
    said = [one for one in queries.events(session, visit.district_id, visit.id) if one.attendance_id == attendance.id]
    counts = visit.state in MAY_COUNT and _gave(said) and not any(_under_way(one) for one in others)
    return Clash(
        flaw, attendance, visit, caregiver, elder, item_zh, item_en, _kind(visit, attendance, others),
        [names[one.caregiver_id] for one in others], said,
        [one for one in ClashOutcome if counts or one is not ClashOutcome.COUNTS],
    )  # fmt: skip


def _kind(visit: Visit, attendance: Attendance, others: Sequence[Attendance]) -> ClashKind:
    if visit.state in (VisitState.CANCELLED, VisitState.NOT_DELIVERED):
        return ClashKind.CANCELLED
    if visit.state not in MAY_COUNT:
        return ClashKind.ENDED
    if not others:
        return ClashKind.UNASSIGNED
    return ClashKind.MOVED if attendance.caregiver_id in {o.caregiver_id for o in others} else ClashKind.OTHER


def _gave(said: Sequence[RawEvent]) -> bool:
    return {one.kind for one in said} >= set(THERE)


def _under_way(one: Attendance) -> bool:
    return one.state in BEGUN or one.state is AttendanceState.FINISHED


def settle(session: Session, clash_id: int, outcome: ClashOutcome, *, words: str, by: str, now: datetime) -> VisitFlaw:
    """Somebody at the desk has decided; raises NotFound, CannotCount, or says that it is settled already."""
    flaw = session.get(VisitFlaw, clash_id)
    if flaw is None or flaw.flaw is not Flaw.PLAN_CLASH or flaw.attendance_id is None:
        raise NotFound("There is no such clash.")
    visit = order_queries.visit(session, flaw.visit_id, lock=True)
    session.refresh(flaw)
    if flaw.resolved_at is not None:
        raise Conflict("This has been settled.", by=flaw.resolved_by)
    attendance = planning.attendance(session, flaw.attendance_id, lock=True)
    flaw.resolved_at, flaw.resolved_by, flaw.resolution = now, by, f"{outcome}: {words}"
    record(session, visit, "settle_clash", visit.state, visit.state, by=by, now=now, reason=words, outcome=outcome)
    if outcome is ClashOutcome.COUNTS:
        _count(session, visit, attendance, by=by, now=now, words=words)
    notice(session, visit.district_id, f"visits/{visit.id}")
    notice(session, visit.district_id, f"caregivers/{attendance.caregiver_id}")
    return flaw


def _count(session: Session, visit: Visit, mine: Attendance, *, by: str, now: datetime, words: str) -> None:
    """The visit is hers again, and what her phone recorded is applied; whoever else had it is free."""
    said = [one for one in queries.events(session, visit.district_id, visit.id) if one.attendance_id == mine.id]
    others = planning.attendances(session, visit.id, active=True)
    if visit.state not in MAY_COUNT or not _gave(said) or any(_under_way(one) for one in others):
        raise CannotCount("Only a visit that is still open, and that she began and finished, can be counted for her.")
    if len(others) + 1 > visit.caregivers_needed:
        for one in others[: len(others) + 1 - visit.caregivers_needed]:
            attending.move(session, one, AttendanceEvent.WITHDRAW, by=by, now=now, reason="clash")
    attending.unpin(session, visit.id, now=now)
    attending.all_at_once(session)
    attending.move(session, mine, AttendanceEvent.RESTORE, by=by, now=now, reason=words)
    if visit.state is VisitState.WAITING:
        visit.starts_at, visit.provider_id = mine.starts_at, mine.provider_id
        orders.move_visit(session, visit, VisitEvent.PLAN, by=by, now=now)
    if visit.state is VisitState.PLANNED:
        orders.move_visit(session, visit, VisitEvent.PUBLISH, by=by, now=now)
    session.flush()
    actions.replay(session, mine, by=by, now=now)
    attending.settle(session)
    actions.settle(session, visit, now=now)
