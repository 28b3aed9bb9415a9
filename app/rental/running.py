"""The run over the rents: slices of rentals, each its own transaction; killed in the middle it goes on where it was."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import calendar
from app.db import notice, transaction
from app.errors import CareError
from app.jobs import actions as jobs
from app.jobs.rules import JobEvent
from app.jobs.tables import Job
from app.rental import charging, queries
from app.rental.lending import CLOCK
from app.rental.rules import RentalState
from app.rental.tables import Rental, RentalRun

KIND: Final = "rental_run"
WORKER: Final = "rental run"
SLICE: Final = 50
Tell = Callable[[RentalRun], bool]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stopped(Exception):
    """Somebody stopped the run; what is done stays, and the next run goes on from there."""

    run_id: int


def begin(session: Session, district_id: int, month: date, *, by: str, now: datetime) -> RentalRun:
    """The run that was interrupted, or a new one."""
    rentals = select(func.count()).where(Rental.district_id == district_id, Rental.state == RentalState.LENT)
    values = {"month": month, "by": by, "started_at": now, "rentals": session.scalar(rentals) or 0, "done_to": 0}
    session.execute(
        insert(RentalRun)
        .values(district_id=district_id, done=0, charged=0, charged_cents=0, settled=0, failed=0, **values)
        .on_conflict_do_nothing()
    )
    open_one = select(RentalRun).where(RentalRun.district_id == district_id, RentalRun.ended_at.is_(None))
    return session.scalars(open_one).one()


def carry_on(run_id: int, *, clock: Callable[[], datetime], tell: Tell | None = None) -> RentalRun | None:
    """Pay what is over and reserve the month, slice by slice. Two may carry the same run on: they take turns."""
    while True:
        with transaction() as session:
            run = session.get(RentalRun, run_id, with_for_update=True)
            if run is None:
                return None
            if run.ended_at is None:
                _slice(session, run, now=clock())
        if tell is not None and not tell(run):
            raise Stopped(run_id)
        if run.ended_at is not None:
            return run


def _slice(session: Session, run: RentalRun, *, now: datetime) -> None:
    ids = queries.to_charge(session, run.district_id, run.month, after=run.done_to, limit=SLICE)
    for rental_id in ids:
        try:
            with session.begin_nested():
                _one(session, run, rental_id, now=now)
        except CareError as error:  # the price is missing, the allowance went while it was reserved: the next run
            log.warning("rent of rental %s: %s", rental_id, error.detail)
            run.failed += 1
        run.done, run.done_to = run.done + 1, rental_id
    if not ids:
        run.ended_at = now
        notice(session, run.district_id, f"rental_runs/{run.id}")


def _one(session: Session, run: RentalRun, rental_id: int, *, now: datetime) -> None:
    rental = queries.rental(session, rental_id, lock=True)
    paid = charging.pay_over(session, rental, before=run.month, by=run.by, now=now)
    opened = []
    if rental.state is RentalState.LENT:
        opened = charging.open_months(session, rental, until=run.month, by=run.by, now=now)
    run.settled += paid
    run.charged += len(opened)
    run.charged_cents += sum(visit.price_cents for visit in opened)


def keep_up(*, now: datetime) -> None:
    """The clock's turn: this month everywhere. A run that found nothing is forgotten."""
    with transaction() as session:
        districts = session.scalars(select(Rental.district_id).distinct()).all()
    for district_id in districts:
        with transaction() as session:
            run_id = begin(session, district_id, calendar.month_of(now), by=CLOCK, now=now).id
        run = carry_on(run_id, clock=lambda: now)
        if run and not run.done:
            with transaction() as session:
                session.execute(delete(RentalRun).where(RentalRun.id == run_id))


def ask(session: Session, district_id: int, *, by: str, now: datetime) -> Job:
    """Somebody at the desk wants the run now; send the job once this is committed."""
    run = begin(session, district_id, calendar.month_of(now), by=by, now=now)
    return jobs.ask(session, KIND, run.id, district_id=district_id, by=by, now=now)


def carry_out(job_id: int) -> None:
    """The worker's part. May be called twice: the second time there is nothing left to do."""
    with transaction() as session:
        job = jobs.begin(session, job_id, by=WORKER, now=datetime.now(UTC))
        if job is None:
            return
        run_id = job.subject_id

    def tell(run: RentalRun) -> bool:
        point = {"done": run.done, "of": run.rentals, "charged_cents": run.charged_cents}
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
