"""What people and the clock do about a visit's record: verify, reject, correct, write off, miss."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.funding.rules import portion
from app.history import record
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.rules import VISIT_ENDED, VisitEvent, VisitState
from app.orders.tables import Visit
from app.planning import attending
from app.planning import queries as planning
from app.planning.rules import AttendanceEvent, AttendanceState
from app.visits import actions, partial, queries
from app.visits.appeal_rules import AppealState
from app.visits.appeal_tables import Appeal
from app.visits.rules import (
    LATE,
    OVERDUE,
    AppealOpen,
    CannotCorrect,
    Cause,
    Finding,
    Flaw,
    NotDelivered,
    NotMatched,
    NotYours,
    ReasonMissing,
    Resolution,
)
from app.visits.tables import Correction

FIELDS = ("started_at", "finished_at")


def verify(session: Session, visit_id: int, *, by: str, now: datetime, reason: str, appealed: bool = False) -> Visit:
    """A person has looked, and it counts; whoever the record left half-way is closed with the times as corrected.

    A visit that counted already and was doubted since counts as before.

    Raises NotMatched: what no caregiver's record stands behind is corrected first, with what that rests on.
    """
    visit = order_queries.visit(session, visit_id, lock=True)
    _may_decide(session, visit, appealed=appealed)
    check_matched(session, visit)
    if visit.state is VisitState.VERIFIED and queries.doubted(session, visit.id):
        record(session, visit, "clear", visit.state, visit.state, by=by, now=now, reason=reason)
    else:
        orders.move_visit(session, visit, VisitEvent.VERIFY, by=by, now=now, reason=reason)
    _close(session, visit, by=by, now=now)
    actions.resolve(session, visit, None, by=by, now=now, resolution=f"verified: {reason}")
    return visit


def verify_part(session: Session, visit_id: int, *, by: str, now: datetime, reason: str) -> Visit:
    """It counts for what was given: pro rata by the rule of its item, the rest is released.

    Raises NothingMissing, NotMatched.
    """
    visit = order_queries.visit(session, visit_id, lock=True)
    _may_decide(session, visit, appealed=False)
    check_matched(session, visit)
    rule, given, of = partial.share(session, visit)
    orders.move_visit(
        session, visit, VisitEvent.VERIFY, by=by, now=now, reason=reason, part=(given, of), given=given, of=of
    )
    due = sum(portion([visit.allowance_cents, visit.self_pay_cents], given, of))
    partial.note(session, visit, rule, given, of, due, by=by, now=now, reason=reason)
    _close(session, visit, by=by, now=now)
    actions.resolve(session, visit, None, by=by, now=now, resolution=f"verified in part: {reason}")
    return visit


def reject(session: Session, visit_id: int, *, by: str, now: datetime, reason: str, appealed: bool = False) -> Visit:
    """A person has looked, and it does not count; the money goes back."""
    visit = order_queries.visit(session, visit_id, lock=True)
    _may_decide(session, visit, appealed=appealed)
    orders.move_visit(session, visit, VisitEvent.REJECT, by=by, now=now, reason=reason)
    _close(session, visit, by=by, now=now)
    actions.resolve(session, visit, None, by=by, now=now, resolution=f"rejected: {reason}")
    return visit


def not_delivered(
    session: Session, visit_id: int, *, reason: NotDelivered, note: str | None, by: str, now: datetime
) -> Visit:
    """The desk writes a visit off: nobody came, or the elder called. The money is free again, and so are the people."""
    if reason is NotDelivered.OTHER and not note:
        raise ReasonMissing("«other» needs a note.")
    visit = order_queries.visit(session, visit_id, lock=True)
    orders.move_visit(session, visit, VisitEvent.FAIL, by=by, now=now, reason=reason, note=note is not None)
    if note:
        record(session, visit, "note", visit.state, visit.state, by=by, now=now, reason=note)
    attending.free(session, visit, by=by, now=now, reason=reason)
    actions.resolve(session, visit, None, by=by, now=now, resolution=f"not delivered: {reason}")
    return visit


def _may_decide(session: Session, visit: Visit, *, appealed: bool) -> None:
    """While a caregiver's appeal is open, only its decision moves the money."""
    open_appeal = exists().where(Appeal.visit_id == visit.id, Appeal.state == AppealState.OPEN)
    if not appealed and session.scalar(select(open_appeal)):
        raise AppealOpen("The caregiver has appealed; decide the appeal.", visit_id=visit.id)


def check_matched(session: Session, visit: Visit) -> None:
    """Raises NotMatched where no caregiver's start and finish stand, as reported or as corrected."""
    laid_over = queries.corrections(session, visit.district_id, visit.id)
    for attendance in planning.had_to_come(session, visit.id):
        if all(queries.effective(attendance, laid_over).values()):
            return
    raise NotMatched("Nobody's check-in and check-out stand on record; correct the times first.")


def _close(session: Session, visit: Visit, *, by: str, now: datetime) -> None:
    laid_over = queries.corrections(session, visit.district_id, visit.id)
    for attendance in planning.attendances(session, visit.id, active=True):
        times = queries.effective(attendance, laid_over)
        if times["started_at"] is None:
            attending.move(session, attendance, AttendanceEvent.WITHDRAW, by=by, now=now, reason="closed by the desk")
            continue
        if attendance.state is not AttendanceState.IN_SERVICE:
            attending.move(
                session, attendance, AttendanceEvent.START, by=by, now=now, happened_at=times["started_at"],
                reason="closed by the desk",
            )  # fmt: skip
        attending.move(
            session, attendance, AttendanceEvent.FINISH, by=by, now=now, happened_at=times["finished_at"],
            reason="closed by the desk",
        )  # fmt: skip
        attendance.finished_at = times["finished_at"]  # none where nobody knows: the time of closing is not hers


def correct(
    session: Session, visit_id: int, attendance_id: int, *, field: str, value: datetime, cause: Cause,
    resolution: Resolution, memo: str | None, by: str, now: datetime, appealed: bool = False,
) -> Correction:  # fmt: skip
    """Lay a time over what was reported; what was reported stays. Who mends a record does not verify it by mending.

    `appealed`: whoever decides an appeal may say when a rejected visit ended.
    """
    visit = order_queries.visit(session, visit_id, lock=True)
    attendance = planning.attendance(session, attendance_id, lock=True)
    if attendance.visit_id != visit.id:
        raise NotYours("This attendance is of another visit.")
    if field not in FIELDS:
        raise ReasonMissing(f"One of {', '.join(FIELDS)} can be corrected.")
    if cause is Cause.OTHER and not memo:
        raise ReasonMissing("«other» needs a memo.")
    if visit.state in VISIT_ENDED and not (appealed and visit.state is VisitState.NOT_DELIVERED):
        raise CannotCorrect(f"This visit is {visit.state}; what counts was settled.", state=visit.state)
    if value > now:
        raise CannotCorrect("That is in the future.")
    before = queries.effective(attendance, queries.corrections(session, visit.district_id, visit.id))
    times = before | {field: value}
    if times["started_at"] and times["finished_at"] and times["finished_at"] < times["started_at"]:
        raise CannotCorrect("Nobody finishes before starting.")
    correction = Correction(
        district_id=visit.district_id, division_code=visit.division_code, provider_id=attendance.provider_id,
        visit_id=visit.id, attendance_id=attendance.id, field=field, before=before[field], after=value, cause=cause,
        resolution=resolution, memo=memo, by=by, at=now,
    )  # fmt: skip
    session.add(correction)
    record(
        session, attendance, "correct", attendance.state, attendance.state, by=by, now=now, reason=cause, field=field
    )
    actions.rejudge(session, visit, now=now)
    return correction


def flag_not_started(session: Session, visit_id: int, *, now: datetime) -> None:
    """Nobody at the door half an hour after the planned start. May run twice; resolves itself when a phone says so."""
    visit = order_queries.visit(session, visit_id, lock=True)
    if visit.state is not VisitState.PUBLISHED or visit.starts_at is None or now - visit.starts_at < LATE:
        return
    open_now = queries.open_flaws(session, [visit.id]).get(visit.id, ())
    if any(row.flaw is Flaw.NOT_STARTED for row in open_now):
        return
    late = int((now - visit.starts_at).total_seconds() // 60)
    actions.show(
        session, visit, [*actions.standing(open_now), Finding(Flaw.NOT_STARTED, None, {"late_minutes": late})], now=now
    )


def hold_overdue(session: Session, visit_id: int, *, now: datetime) -> None:
    """Long over, the record not whole: into the queue with what is missing. A late phone may still complete it."""
    visit = order_queries.visit(session, visit_id, lock=True)
    over = visit.starts_at is not None and now - visit.starts_at > OVERDUE
    if visit.state in (VisitState.PUBLISHED, VisitState.UNDER_WAY) and over:
        held = actions.rejudge(session, visit, now=now) or [Flaw.NO_CHECK_IN.value]
        actions.hold(session, visit, held, now=now)
