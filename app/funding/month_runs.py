"""The run over a month: slices of elders, each its own transaction; killed in the middle it goes on where it was."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from time import monotonic
from typing import Final

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import calendar
from app.config import settings
from app.db import notice, transaction
from app.errors import CareError
from app.funding import granting
from app.funding.granting import CLOCK
from app.funding.tables import MonthRun, Program
from app.jobs import actions as jobs
from app.jobs.rules import JobEvent
from app.jobs.tables import Job
from app.people.tables import Elder

KIND: Final = "month_run"
WORKER: Final = "month run"
SLICE: Final = 2000
CHANGED: Final = "what holds for the month has changed since it was granted"
Tell = Callable[[MonthRun], bool]


@dataclass(frozen=True)
class Stopped(Exception):
    """Somebody stopped the run; what is done stays, and the next run goes on from there."""

    run_id: int


def begin(session: Session, district_id: int, month: date, *, by: str, now: datetime) -> MonthRun:
    """The run of a month: the one that was interrupted, or a new one."""
    elders = session.scalar(select(func.count()).select_from(Elder).where(Elder.district_id == district_id)) or 0
    session.execute(
        insert(MonthRun)
        .values(district_id=district_id, month=month, by=by, started_at=now, elders=elders)
        .on_conflict_do_nothing()
    )
    open_one = select(MonthRun).where(
        MonthRun.district_id == district_id, MonthRun.month == month, MonthRun.ended_at.is_(None)
    )
    return session.scalars(open_one).one()


def carry_on(run_id: int, *, clock: Callable[[], datetime], tell: Tell | None = None) -> MonthRun | None:
    """Grant slice by slice what is due, mend a month that has not begun, and let ended months expire.

    Two may carry the same run on: they take turns. Answers nothing where the other found nothing to do and forgot it.
    """
    while True:
        began = monotonic()
        with transaction() as session:
            run = session.get(MonthRun, run_id, with_for_update=True)
            if run is None:
                return None
            if run.ended_at is None:
                _slice(session, run, now=clock())
            run.work_seconds += monotonic() - began
        if tell is not None and not tell(run):
            raise Stopped(run_id)
        if run.ended_at is not None:
            return run


def _slice(session: Session, run: MonthRun, *, now: datetime) -> None:
    ids = session.scalars(
        select(Elder.id)
        .where(Elder.district_id == run.district_id, Elder.id > run.done_to)
        .order_by(Elder.id)
        .limit(SLICE)
    ).all()
    if not ids:
        _finish(session, run, now=now)
        return
    session.execute(text("select set_config('enable_nestloop', 'off', true)"))  # slices are joined whole
    granted, mended = granting.follow(
        session, run.district_id, run.month, after=run.done_to, until=ids[-1], by=run.by, now=now,
        mended_for=CHANGED if run.month > calendar.month_of(now) else None,
    )  # fmt: skip
    run.granted, run.granted_cents = run.granted + granted.rows, run.granted_cents + granted.cents
    run.adjusted, run.adjusted_cents = run.adjusted + mended.rows, run.adjusted_cents + mended.cents
    run.done, run.done_to = run.done + len(ids), ids[-1]


def _finish(session: Session, run: MonthRun, *, now: datetime) -> None:
    granting.release(session, now=now, grace_days=settings().capture_grace_days, district_id=run.district_id)
    expired, _ = granting.expire(session, now=now, district_id=run.district_id)
    run.expired, run.expired_cents, run.ended_at = expired.rows, expired.cents, now
    notice(session, run.district_id, f"month_runs/{run.id}")


def keep_up(*, now: datetime) -> None:
    """The clock's turn: this month and, in advance, the next, everywhere. A run that found nothing is forgotten."""
    with transaction() as session:
        districts = session.scalars(select(Program.district_id).distinct()).all()
    this_month = calendar.month_of(now)
    for district_id in districts:
        for month in (this_month, calendar.next_month(this_month)):
            with transaction() as session:
                run_id = begin(session, district_id, month, by=CLOCK, now=now).id
            run = carry_on(run_id, clock=lambda: now)
            if run and not run.granted and not run.adjusted and not run.expired:
                with transaction() as session:
                    session.execute(delete(MonthRun).where(MonthRun.id == run_id))


def ask(session: Session, district_id: int, month: date, *, by: str, now: datetime) -> tuple[MonthRun, Job]:
    """Somebody at the desk wants the run now; send the job once this is committed."""
    run = begin(session, district_id, month, by=by, now=now)
    return run, jobs.ask(session, KIND, run.id, district_id=district_id, by=by, now=now)


def carry_out(job_id: int) -> None:
    """The worker's part. May be called twice: the second time there is nothing left to do."""
    with transaction() as session:
        job = jobs.begin(session, job_id, by=WORKER, now=datetime.now(UTC))
        if job is None:
            return
        run_id = job.subject_id

    def tell(run: MonthRun) -> bool:
        point = {"done": run.done, "of": run.elders, "granted_cents": run.granted_cents}
        with transaction() as session:
            return not jobs.beat(session, job_id, [point], now=datetime.now(UTC))

    try:
        carry_on(run_id, clock=lambda: datetime.now(UTC), tell=tell)
    except Stopped:
        _end(job_id, JobEvent.STOP, None)
    except CareError as error:
        _end(job_id, JobEvent.FAIL, error.detail)
    except BaseException:
        _end(job_id, JobEvent.REQUEUE, "its worker was ended")
        raise
    else:
        _end(job_id, JobEvent.FINISH, None)


def _end(job_id: int, event: JobEvent, error: str | None) -> None:
    with transaction() as session:
        job = session.get_one(Job, job_id, with_for_update=True)
        jobs.move(session, job, event, by=WORKER, now=datetime.now(UTC), error=error)
