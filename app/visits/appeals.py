"""Appeals: a caregiver makes one about a visit of hers, and somebody who had not decided against her decides it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue.tables import ServiceItem
from app.errors import NotFound
from app.funding import actions as funding
from app.history import History, record
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.rules import VisitEvent, VisitState
from app.orders.tables import Visit
from app.people.tables import Caregiver, Elder
from app.planning.rules import COUNTED
from app.planning.tables import Attendance
from app.visits import actions, partial, review, stays
from app.visits.appeal_rules import AppealEvent, AppealState, CannotAppeal, SamePerson, after, until
from app.visits.appeal_tables import Appeal
from app.visits.rules import HOLDING, Cause, NotYours, Resolution
from app.visits.tables import VisitFlaw

PAGE = 50


@dataclass(frozen=True)
class Verdict:
    """What an appeal may be made against: what happened, when, and who decided, if anybody has."""

    what: str  # held, rejected, part
    at: datetime
    by: str | None
    until: datetime


@dataclass(frozen=True)
class Mended:
    """A time that decides an appeal lays over the record: which, why, and what it rests on."""

    field: str
    value: datetime
    cause: Cause
    resolution: Resolution
    memo: str | None


def verdict_on(session: Session, visit: Visit) -> Verdict | None:
    """What stands against a visit now: an exception that holds it, its rejection, or that it counts in part only."""
    days = stays.terms_on(session, visit.district_id, calendar.day_of(visit.opens)).appeal_days
    if visit.state is VisitState.HELD:
        raised = session.scalars(
            select(VisitFlaw.raised_at)
            .where(VisitFlaw.visit_id == visit.id, VisitFlaw.flaw.in_(HOLDING))
            .order_by(VisitFlaw.raised_at.desc())
        ).first()
        return Verdict("held", raised, None, until(raised, days)) if raised else None
    if visit.state is VisitState.VERIFIED:
        part = partial.last_of(session, visit.id)
        if part is None or part.given == part.whole:
            return None
        return Verdict("part", part.at, part.by, until(part.at, days))
    if visit.state is VisitState.NOT_DELIVERED:
        last = session.execute(
            select(History.event, History.at, History.by)
            .where(History.district_id == visit.district_id, History.subject == Visit.__tablename__)
            .where(History.subject_id == visit.id, History.after == VisitState.NOT_DELIVERED)
            .order_by(History.id.desc())
            .limit(1)
        ).first()
        if last is not None and last.event == VisitEvent.REJECT:
            return Verdict("rejected", last.at, last.by, until(last.at, days))
    return None


def of_attendances(session: Session, ids: Sequence[int]) -> dict[int, Appeal]:
    """The appeal about each attendance; of several the last."""
    rows = session.scalars(select(Appeal).where(Appeal.attendance_id.in_(ids)).order_by(Appeal.id))
    return {row.attendance_id: row for row in rows}


def raise_one(session: Session, attendance_id: int, caregiver_id: int, *, words: str, by: str, now: datetime) -> Appeal:
    """The caregiver says that a visit of hers counts. Raises CannotAppeal."""
    attendance = session.get(Attendance, attendance_id)
    if attendance is None or attendance.caregiver_id != caregiver_id:
        raise NotYours("You have no such attendance.")
    visit = order_queries.visit(session, attendance.visit_id, lock=True)
    verdict = verdict_on(session, visit)
    if verdict is None:
        raise CannotAppeal("Nothing stands against this visit.", state=visit.state)
    if now > verdict.until:
        raise CannotAppeal("The time for an appeal is over.", until=verdict.until.isoformat())
    before = of_attendances(session, [attendance_id]).get(attendance_id)
    if before is not None and before.state is not AppealState.WITHDRAWN:
        raise CannotAppeal("There is an appeal about this visit already.", state=before.state)
    appeal = Appeal(
        district_id=visit.district_id, division_code=visit.division_code, provider_id=attendance.provider_id,
        visit_id=visit.id, attendance_id=attendance.id, caregiver_id=caregiver_id, state=AppealState.OPEN,
        words=words, against=verdict.by, raised_at=now,
    )  # fmt: skip
    session.add(appeal)
    record(session, appeal, "raise", None, appeal.state, by=by, now=now, visit_id=visit.id, against=verdict.what)
    return appeal


def withdraw(session: Session, appeal_id: int, caregiver_id: int, *, by: str, now: datetime) -> Appeal:
    """The caregiver lets it rest."""
    appeal = get(session, appeal_id, lock=True)
    if appeal.caregiver_id != caregiver_id:
        raise NotYours("You have made no such appeal.")
    return _move(session, appeal, AppealEvent.WITHDRAW, by=by, now=now)


def uphold(
    session: Session, appeal_id: int, *, answer: str, by: str, now: datetime, times: Sequence[Mended] = ()
) -> Appeal:
    """She is right: the visit counts whole, from what was agreed; what has expired meanwhile the budget makes good.

    `times` are laid over the record first. Raises NotMatched: without a check-in and a check-out nobody is paid.
    """
    appeal, visit = _to_decide(session, appeal_id, by=by)
    for one in times:
        review.correct(
            session, visit.id, appeal.attendance_id, field=one.field, value=one.value, cause=one.cause,
            resolution=one.resolution, memo=one.memo, by=by, now=now, appealed=True,
        )  # fmt: skip
    why = f"appeal {appeal.id} upheld"
    if visit.state is VisitState.HELD:
        partial.reserve_again(session, visit, by=by, now=now, reason=why)
        review.verify(session, visit.id, by=by, now=now, reason=answer, appealed=True)
    elif visit.state is VisitState.NOT_DELIVERED:
        review.check_matched(session, visit)
        partial.reserve_again(session, visit, by=by, now=now, reason=why)
        orders.move_visit(session, visit, VisitEvent.UPHOLD, by=by, now=now, reason=answer)
        actions.resolve(session, visit, None, by=by, now=now, resolution=why)
    elif (part := partial.last_of(session, visit.id)) is not None and part.given < part.whole:
        partial.reserve_again(session, visit, by=by, now=now, reason=why)
        funding.capture_for(session, visit, by=by, now=now)
        partial.note(session, visit, None, 1, 1, visit.price_cents, by=by, now=now, reason=why)
        record(session, visit, "uphold", visit.state, visit.state, by=by, now=now, reason=answer)
    return _decide(session, appeal, AppealEvent.UPHOLD, answer=answer, by=by, now=now)


def dismiss(session: Session, appeal_id: int, *, answer: str, by: str, now: datetime) -> Appeal:
    """She is not; what was held is rejected with it, what was decided stays."""
    appeal, visit = _to_decide(session, appeal_id, by=by)
    if visit.state is VisitState.HELD:
        review.reject(session, visit.id, by=by, now=now, reason=answer, appealed=True)
    return _decide(session, appeal, AppealEvent.DISMISS, answer=answer, by=by, now=now)


def get(session: Session, appeal_id: int, *, lock: bool = False) -> Appeal:
    """The appeal, if this transaction may see it; raises NotFound."""
    appeal = session.get(Appeal, appeal_id, with_for_update=lock, populate_existing=lock)
    if appeal is None:
        raise NotFound("There is no such appeal.")
    return appeal


def _to_decide(session: Session, appeal_id: int, *, by: str) -> tuple[Appeal, Visit]:
    visit = order_queries.visit(session, get(session, appeal_id).visit_id, lock=True)
    appeal = get(session, appeal_id, lock=True)
    if appeal.against == by:
        raise SamePerson("You decided against this visit; somebody else decides the appeal.")
    return appeal, visit


def _decide(session: Session, appeal: Appeal, event: AppealEvent, *, answer: str, by: str, now: datetime) -> Appeal:
    appeal.answer, appeal.decided_by, appeal.decided_at = answer, by, now
    return _move(session, appeal, event, by=by, now=now)


def _move(session: Session, appeal: Appeal, event: AppealEvent, *, by: str, now: datetime) -> Appeal:
    before, appeal.state = appeal.state, after(appeal.state, event)
    record(session, appeal, event, before, appeal.state, by=by, now=now, visit_id=appeal.visit_id)
    return appeal


def _rows() -> Any:
    return (
        select(Appeal, Visit, Elder.name, Caregiver.name, ServiceItem.name_zh, ServiceItem.name_en)
        .join(Visit, Visit.id == Appeal.visit_id)
        .join(Elder, Elder.id == Visit.elder_id)
        .join(Caregiver, Caregiver.id == Appeal.caregiver_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
    )


def listed(session: Session, *, state: AppealState | None, before: int | None = None) -> Sequence[Any]:
    """Appeals, newest first, with visit, elder, caregiver and item."""
    query = _rows().order_by(Appeal.id.desc()).limit(PAGE)
    query = query.where(Appeal.state == state) if state else query
    found: Sequence[Any] = session.execute(query.where(Appeal.id < before) if before else query).all()
    return found


def one(session: Session, appeal_id: int) -> Any:
    """One of them; raises NotFound."""
    row = session.execute(_rows().where(Appeal.id == appeal_id)).first()
    if row is None:
        raise NotFound("There is no such appeal.")
    return row


def about(session: Session, caregiver_id: int, *, since: datetime) -> Sequence[Any]:
    """Attendances of a caregiver since then whose visit had an exception, was rejected or counts in part."""
    odd = select(VisitFlaw.visit_id).where(VisitFlaw.flaw.in_(HOLDING))
    return session.execute(
        select(Attendance, Visit, Elder.name, ServiceItem.name_zh, ServiceItem.name_en)
        .join(Visit, Visit.id == Attendance.visit_id)
        .join(Elder, Elder.id == Visit.elder_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .where(Attendance.caregiver_id == caregiver_id, Attendance.starts_at >= since)
        .where(Visit.id.in_(odd), Attendance.state.in_(COUNTED))
        .order_by(Attendance.starts_at.desc())
        .limit(PAGE)
    ).all()
