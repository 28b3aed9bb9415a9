"""Batches drafted by the clock: each allowance on its day of the month, missed ones caught up, the oldest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import calendar
from app.allowances import actions, queries
from app.allowances.rules import AllowanceKind, BadSchedule, NoRuleHolds
from app.allowances.tables import PayoutBatch, PayoutSchedule
from app.db import transaction
from app.history import record
from app.jobs import queue

CLOCK = "clock"


@dataclass(frozen=True)
class Turn:
    """A month's batch the clock has to draft; `behind` names an earlier batch it must wait for."""

    district_id: int
    kind: AllowanceKind
    month: date
    due: date
    behind: date | None


def settle_day(
    session: Session, district_id: int, kind: AllowanceKind, starts: date, day: int | None, *, note: str, by: str,
    now: datetime,
) -> PayoutSchedule:  # fmt: skip
    """From a month on the batch is drafted on this day; none: only by hand. Raises BadSchedule."""
    if starts.day != 1 or starts < calendar.month_of(now):
        raise BadSchedule("A schedule begins with this month or a later one.", field="starts")
    row = PayoutSchedule(district_id=district_id, kind=kind, starts=starts, day=day, note=note, by=by, at=now)
    session.add(row)
    record(session, row, "settle_day", None, None, by=by, now=now, kind=kind, starts=str(starts), day=day)
    return row


def versions(session: Session, district_id: int, kind: AllowanceKind | None = None) -> Sequence[PayoutSchedule]:
    """All that was settled, what holds last first."""
    query = select(PayoutSchedule).where(PayoutSchedule.district_id == district_id)
    if kind is not None:
        query = query.where(PayoutSchedule.kind == kind)
    order = (PayoutSchedule.kind, PayoutSchedule.starts.desc(), PayoutSchedule.id.desc())
    return session.scalars(query.order_by(*order)).all()


def day_in(known: Sequence[PayoutSchedule], month: date) -> date | None:
    """The day on which a month's batch is drafted by the versions of one allowance, what holds last first."""
    holds = next((version for version in known if version.starts <= month), None)
    return month.replace(day=holds.day) if holds and holds.day else None


def next_turn(session: Session, district_id: int, kind: AllowanceKind, *, today: date) -> Turn | None:
    """The oldest month without a batch since somebody settled a day, or the next one to come; dropped ones count:
    somebody decided so."""
    known = versions(session, district_id, kind)
    if not known:
        return None
    there = select(func.max(PayoutBatch.month)).where(PayoutBatch.district_id == district_id, PayoutBatch.kind == kind)
    latest = session.scalar(there)
    first = min(version.starts for version in known)
    month = max(first, calendar.next_month(latest)) if latest else first
    last = calendar.next_month(calendar.next_month(today.replace(day=1)))
    while month < last:
        if (due := day_in(known, month)) is not None:
            return Turn(district_id, kind, month, due, queries.unfinished(session, district_id, kind))
        month = calendar.next_month(month)
    return None


def keep_up(now: datetime) -> int:
    """The clock's turn: every batch whose day has come is asked for as a job. Answers how many. Bears repetition."""
    today, asked = calendar.day_of(now), 0
    with transaction() as session:
        pairs = session.execute(select(PayoutSchedule.district_id, PayoutSchedule.kind).distinct()).all()
    for district_id, kind in pairs:
        with transaction() as session:
            job_id = _draft(session, district_id, kind, today=today, now=now)
        if job_id is not None:
            queue.send(actions.JOB, job_id)
            asked += 1
    return asked


def _draft(session: Session, district_id: int, kind: AllowanceKind, *, today: date, now: datetime) -> int | None:
    turn = next_turn(session, district_id, kind, today=today)
    if turn is None or turn.due > today or turn.behind is not None:
        return None
    try:
        with session.begin_nested():
            _, job = actions.open_batch(
                session, district_id=district_id, kind=kind, month=turn.month, by=CLOCK, now=now
            )
            session.flush()
            return job.id
    except NoRuleHolds:
        return None  # the page says what waits and why
