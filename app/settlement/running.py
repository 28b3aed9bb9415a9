"""The monthly run: a job that draws up every provider's month, one transaction each, with progress."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app import calendar
from app.db import transaction
from app.errors import CareError, Conflict
from app.funding.rules import EntryKind
from app.funding.tables import LedgerEntry
from app.jobs import actions as jobs
from app.jobs.rules import OPEN, JobEvent
from app.jobs.tables import Job
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people.tables import Provider
from app.settlement import drawing
from app.settlement.tables import Statement

KIND: Final = "settle"
WORKER: Final = "settlement"
Beat = Callable[[int, int, int], bool]  # statements and visits done, of how many statements; answers «stop»


class MonthNotOver(Conflict):
    """A month is settled when it is over."""


class RunOpen(Conflict):
    """A run of this month is under way."""


def ask(session: Session, district_id: int, month: date, *, by: str, now: datetime) -> Job:
    """Ask for the run of a month; send its id with `queue.send` once this is committed."""
    if month >= calendar.month_of(now):
        raise MonthNotOver("A month is settled when it is over.", month=month.isoformat())
    session.execute(select(func.pg_advisory_xact_lock(drawing.LOCK, -district_id)))
    number = month.year * 100 + month.month
    open_ones = select(Job.id).where(Job.kind == KIND, Job.subject_id == number, Job.district_id == district_id)
    if found := session.scalar(open_ones.where(Job.state.in_(OPEN)).limit(1)):
        raise RunOpen("A run of this month is under way.", job_id=found)
    return jobs.ask(session, KIND, number, district_id=district_id, by=by, now=now)


def providers_of(session: Session, district_id: int, month: date) -> Sequence[int]:
    """Everybody the ledger owes something, who served for nothing up to this month, or who has a statement of it."""
    earned = select(LedgerEntry.id).where(
        LedgerEntry.district_id == district_id, LedgerEntry.provider_id == Provider.id, LedgerEntry.month <= month,
        LedgerEntry.kind.in_((EntryKind.CAPTURE, EntryKind.REFUND)),
    )  # fmt: skip
    fees = select(LedgerEntry.id).where(
        LedgerEntry.district_id == district_id, LedgerEntry.provider_id == Provider.id, LedgerEntry.month <= month,
        LedgerEntry.kind.in_((EntryKind.FEE, EntryKind.WAIVE)),
    )  # fmt: skip
    free = select(Visit.id).where(
        Visit.provider_id == Provider.id, Visit.price_cents == 0, Visit.state == VisitState.VERIFIED,
        Visit.opens < calendar.month_bounds(month)[1],
    )  # fmt: skip
    drawn = select(Statement.id).where(Statement.provider_id == Provider.id, Statement.month == month)
    known = exists(earned) | exists(fees) | exists(free) | exists(drawn)
    found = select(Provider.id).where(Provider.district_id == district_id, known)
    return session.scalars(found.order_by(Provider.id)).all()


def run(district_id: int, month: date, *, by: str, since: datetime, beat: Beat = lambda *_: False) -> int:
    """Draw up every provider's month; those drawn since the run began are done already. Answers how many visits."""
    with transaction() as session:
        waiting = providers_of(session, district_id, month)
    visits = 0
    for done, provider_id in enumerate(waiting):
        if beat(done, visits, len(waiting)):
            return visits
        with transaction() as session:
            found = session.scalar(
                select(Statement).where(Statement.provider_id == provider_id, Statement.month == month)
            )
            if found is None or found.drawn_at is None or found.drawn_at < since:
                found = drawing.draw(session, provider_id, month, by=by, now=datetime.now(UTC))
            visits += found.lines
    beat(len(waiting), visits, len(waiting))
    return visits


def carry_out(job_id: int) -> None:
    """The worker's part. May be called twice: whoever comes second finds the job taken, or goes on where it ended."""
    with transaction() as session:
        job = jobs.begin(session, job_id, by=WORKER, now=datetime.now(UTC))
        if job is None:
            return
        district_id, number, by, since = job.district_id, job.subject_id, job.by, job.created_at

    def beat(done: int, visits: int, of: int) -> bool:
        point: dict[str, Any] = {"done": done, "of": of, "visits": visits}
        with transaction() as session:
            return jobs.beat(session, job_id, [point], now=datetime.now(UTC))

    try:
        run(district_id, date(number // 100, number % 100, 1), by=by, since=since, beat=beat)
    except CareError as error:
        _end(job_id, JobEvent.FAIL, error.detail)
    except BaseException:
        _end(job_id, JobEvent.REQUEUE, "its worker was ended")
        raise
    else:
        _end(job_id, None, None)


def _end(job_id: int, event: JobEvent | None, error: str | None) -> None:
    with transaction() as session:
        job = session.get_one(Job, job_id, with_for_update=True)
        event = event or (JobEvent.STOP if job.stop else JobEvent.FINISH)
        jobs.move(session, job, event, by=WORKER, now=datetime.now(UTC), error=error)
