"""Files of every kind, checked and applied by a worker; whoever knows the columns brings `plan` and `write`."""

import base64
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Final, Protocol, TypeVar

from sqlalchemy import Table, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import sheets
from app.db import Base, transaction
from app.errors import CareError, Conflict
from app.imports import actions as imports
from app.imports.rules import ImportEvent, ImportState, Mode, Problem, Row
from app.imports.tables import Import
from app.jobs import actions as jobs
from app.jobs.rules import JobEvent
from app.jobs.tables import Job

CHUNK: Final = 500
WORKER: Final = "importer"
Beat = Callable[[int], object]


class Judged(Protocol):
    """A row and what is to become of it: new, changed, same or bad."""

    @property
    def row(self) -> Row:
        """As it was read."""

    @property
    def outcome(self) -> str:
        """new, changed, same, bad."""


P = TypeVar("P", bound=Judged)
Out = TypeVar("Out", bound=Judged, covariant=True)
In = TypeVar("In", bound=Judged, contravariant=True)


class Plan(Protocol[Out]):
    """Judges every row of a file against what is stored now; raises BadSheet while it goes."""

    def __call__(self, session: Session, content: bytes, *, district_id: int) -> Iterator[Out]:
        """Rows in the order of the file, the heading first."""


class Write(Protocol[In]):
    """Writes a chunk of judged rows and what is needed to undo them."""

    def __call__(
        self, session: Session, import_id: int, chunk: Sequence[In], *, district_id: int, by: str, now: datetime
    ) -> None:
        """In the caller's transaction."""


class RegisterChanged(Conflict):
    """Rows that were good when the file was checked are bad now."""


WORDS: Final[Mapping[type[Exception], str]] = {RegisterChanged: "changed", IntegrityError: "taken"}
"""What the page has words of its own for, beside the codes of `sheets.BadSheet`."""


def carry_out(job_id: int, plan: Plan[P], write: Write[P]) -> None:
    """Check or apply, whichever the import waits for. May be called twice: the second time there is nothing to do."""
    now = datetime.now(UTC)
    with transaction() as session:
        job = jobs.begin(session, job_id, by=WORKER, now=now)
        if job is None:
            return
        row = session.get_one(Import, job.subject_id)
        import_id, state, by = row.id, row.state, row.asked_by

    def beat(done: int) -> None:
        imports.progress(import_id, job_id, done, now=datetime.now(UTC))

    try:
        if state is ImportState.RECEIVED:
            check(import_id, plan, now=now, beat=beat)
        elif state is ImportState.CONFIRMED:
            apply(import_id, plan, write, by=by, now=now, beat=beat)
    except (CareError, IntegrityError) as error:
        why = error.detail if isinstance(error, CareError) else "Somebody else has registered some of them meanwhile."
        _end(job_id, JobEvent.FAIL, why)
        _fail(import_id, WORDS.get(type(error), why))
    except BaseException:
        _end(job_id, JobEvent.REQUEUE, "its worker was ended")
        raise
    else:
        _end(job_id, JobEvent.FINISH, None)


def _end(job_id: int, event: JobEvent, error: str | None) -> None:
    with transaction() as session:
        job = session.get_one(Job, job_id, with_for_update=True)
        jobs.move(session, job, event, by=WORKER, now=datetime.now(UTC), error=error)


def _fail(import_id: int, why: str) -> None:
    """What was to be applied waits for a decision again."""
    with transaction() as session:
        row = imports.held(session, import_id)
        row.trouble = why
        if row.state is ImportState.CONFIRMED:
            imports.move(session, row, ImportEvent.FAIL, by=WORKER, now=datetime.now(UTC), reason=why)


def check(import_id: int, plan: Plan[P], *, now: datetime, beat: Beat = lambda done: None) -> None:
    """Read the whole file and say what would become of it; nothing is changed."""
    problems: list[Problem] = []
    count, counts = 0, Counter[str]()
    with transaction() as session:
        row = session.get_one(Import, import_id)
        content, district_id, unreadable = base64.b64decode(row.content or ""), row.district_id, None
        try:
            for planned in _counted(plan(session, content, district_id=district_id), beat):
                counts[planned.outcome] += planned.row.number > 1 or planned.outcome == "bad"
                count += len(planned.row.problems)
                problems += planned.row.problems[: max(0, imports.MOST_PROBLEMS - len(problems))]
        except sheets.BadSheet as bad:
            unreadable = bad.code
    with transaction() as session:
        row = imports.held(session, import_id)
        if row.state is not ImportState.RECEIVED:
            return
        row.counts, row.problems, row.problem_count = dict(counts), imports.as_json(problems), count
        row.rows = row.done = sum(counts.values())
        row.trouble = unreadable
        event = ImportEvent.DISCARD if unreadable else ImportEvent.CHECK
        imports.move(session, row, event, by=WORKER, now=now, reason=unreadable)


def apply(
    import_id: int, plan: Plan[P], write: Write[P], *, by: str, now: datetime, beat: Beat = lambda done: None
) -> Counter[str]:
    """Everything in one transaction, judged once more: the register may have changed since it was checked."""
    with transaction() as session:
        row = session.get_one(Import, import_id)
        content, district_id, mode = base64.b64decode(row.content or ""), row.district_id, row.mode
        counts = Counter[str]()
        everything = _counted(plan(session, content, district_id=district_id), beat)
        while chunk := list(islice(everything, CHUNK)):
            counts.update(planned.outcome for planned in chunk if planned.row.number > 1 or planned.outcome == "bad")
            if mode is Mode.WHOLE and counts["bad"]:
                raise RegisterChanged("Some rows are bad now; the register has changed since the file was checked.")
            write(session, import_id, chunk, district_id=district_id, by=by, now=now)
        held = imports.held(session, import_id)
        held.counts, held.done = dict(counts), sum(counts.values())
        imports.move(session, held, ImportEvent.APPLY, by=by, now=now)
    return counts


def _counted(planned: Iterable[P], beat: Beat) -> Iterator[P]:
    for number, each in enumerate(planned, 1):
        yield each
        if number % CHUNK == 0:
            beat(number)


def used(session: Session, table: type[Base], ids: Sequence[int], *, own: Sequence[str] = ()) -> set[int]:
    """Which of these rows something else refers to by a foreign key, but for the tables an import fills itself."""
    found: set[int] = set()
    target: Table = Base.metadata.tables[table.__tablename__]
    for other in Base.metadata.sorted_tables:
        for column in other.columns:
            if other.name not in own and any(key.column is target.c.id for key in column.foreign_keys):
                found.update(session.scalars(select(column).where(column.in_(ids)).distinct()))
    return found
