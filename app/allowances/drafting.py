"""The worker's part: a batch drafted slice by slice, each its own transaction; killed, it goes on where it was."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from sqlalchemy import select

from app.allowances import actions, dues, queries
from app.allowances.rules import BatchEvent, BatchState
from app.db import transaction
from app.errors import CareError
from app.jobs import actions as jobs
from app.jobs.rules import JobEvent
from app.jobs.tables import Job
from app.people.tables import Elder

SLICE: Final = 2000
WORKER: Final = "payout"
Tell = Callable[[int], object]


def carry_on(batch_id: int, *, now: datetime, tell: Tell = lambda done: None) -> None:
    """Draft until every elder was gone through. Two at once take turns; a batch that is drafted already is left."""
    while True:
        began = monotonic()
        with transaction() as session:
            batch = queries.batch(session, batch_id, lock=True)
            if batch.state is not BatchState.DRAFTING:
                return
            ids = session.scalars(
                select(Elder.id)
                .where(Elder.district_id == batch.district_id, Elder.id > batch.done_to)
                .order_by(Elder.id)
                .limit(SLICE)
            ).all()
            if ids:
                dues.draft(session, dues.question(session, batch), after=batch.done_to, until=ids[-1])
                batch.done, batch.done_to = batch.done + len(ids), ids[-1]
                batch.work_seconds += monotonic() - began
            else:
                actions.move(session, batch, BatchEvent.FINISH, by=batch.drafted_by, now=now)
            done = batch.done
        tell(done)


def carry_out(job_id: int) -> None:
    """One job. May be called twice: the second time there is nothing left to do."""
    now = datetime.now(UTC)
    with transaction() as session:
        job = jobs.begin(session, job_id, by=WORKER, now=now)
        if job is None:
            return
        batch_id = job.subject_id

    def tell(done: int) -> None:
        with transaction() as session:
            jobs.beat(session, job_id, [{"done": done}], now=datetime.now(UTC))

    try:
        carry_on(batch_id, now=now, tell=tell)
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
