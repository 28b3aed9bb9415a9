"""Taking in a file, its moves, and its progress. Who knows the columns calls these: see `app.stock.importing`."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.db import notice, transaction
from app.errors import Conflict, NotFound
from app.history import record
from app.imports.rules import ImportEvent, ImportState, Mode, Problem, after
from app.imports.tables import Import
from app.jobs import actions as jobs
from app.jobs.tables import Job

MOST_PROBLEMS: Final = 1000  # kept and shown; the count goes on


def take_in(
    session: Session, kind: str, name: str, content: bytes, *, district_id: int, by: str, now: datetime
) -> tuple[Import, Job]:
    """A file, to be checked by a worker; send the job once this is committed."""
    row = Import(
        district_id=district_id, division_code=f"{district_id:06d}000000", kind=kind, name=name[:200],
        state=ImportState.RECEIVED, content_hash=hashlib.sha256(content).hexdigest(),
        asked_at=now, asked_by=by, counts={}, problems=[],
        content=base64.b64encode(content).decode(), rows=0, done=0, problem_count=0,
    )  # fmt: skip
    session.add(row)
    record(session, row, "take_in", None, row.state, by=by, now=now)
    return row, jobs.ask(session, f"import_{kind}", row.id, district_id=district_id, by=by, now=now)


def confirm(session: Session, import_id: int, mode: Mode, *, district_id: int, by: str, now: datetime) -> Job:
    """Apply it: all rows or none, or all good ones. Send the job once this is committed."""
    row = held(session, import_id, district_id)
    if mode is Mode.WHOLE and row.counts.get("bad"):
        raise Conflict("Some rows are bad; correct the file, or skip them.", bad=row.counts["bad"])
    row.mode, row.done, row.trouble = mode, 0, None
    move(session, row, ImportEvent.CONFIRM, by=by, now=now)
    return jobs.ask(session, f"import_{row.kind}", row.id, district_id=district_id, by=by, now=now)


def discard(session: Session, import_id: int, *, district_id: int, by: str, now: datetime) -> Import:
    """Forget the file."""
    return move(session, held(session, import_id, district_id), ImportEvent.DISCARD, by=by, now=now)


def move(
    session: Session, row: Import, event: ImportEvent, *, by: str, now: datetime, reason: str | None = None
) -> Import:
    """The only place that changes an import's state. What is over keeps no file."""
    before, row.state = row.state, after(row.state, event)
    if row.state in (ImportState.APPLIED, ImportState.DISCARDED):
        row.content = None
    if row.state in (ImportState.APPLIED, ImportState.DISCARDED, ImportState.UNDONE):
        row.ended_at = now
    record(session, row, event, before, row.state, by=by, now=now, reason=reason)
    return row


def held(session: Session, import_id: int, district_id: int | None = None) -> Import:
    """The import, for whoever changes it; raises NotFound."""
    row = session.get(Import, import_id, with_for_update=True)
    if row is None or district_id not in (None, row.district_id):
        raise NotFound("There is no such import.")
    return row


def get(session: Session, import_id: int, district_id: int) -> Import:
    """The import, of this district; raises NotFound."""
    row = session.get(Import, import_id)
    if row is None or row.district_id != district_id:
        raise NotFound("There is no such import.")
    return row


def recent(session: Session, district_id: int, *, kind: str, limit: int = 30) -> Sequence[Import]:
    """The last imports of a kind, newest first."""
    return session.scalars(
        select(Import)
        .where(Import.district_id == district_id, Import.kind == kind)
        .order_by(Import.id.desc())
        .limit(limit)
    ).all()


def as_json(problems: Sequence[Problem]) -> list[dict[str, object]]:
    """Problems as the table keeps them, the first ones."""
    return [
        {
            "row": p.row, "column": p.column, "value": p.value, "code": p.code.value, "facts": dict(p.facts),
            "says": p.says(),
        }
        for p in problems[:MOST_PROBLEMS]
    ]  # fmt: skip


def progress(import_id: int, job_id: int, done: int, *, now: datetime) -> bool:
    """A sign of life beside the work, in a transaction of its own; answers whether it shall stop."""
    with transaction() as session:
        stop = jobs.beat(session, job_id, [{"done": done}], now=now)
        district = session.scalar(
            update(Import).where(Import.id == import_id).values(done=done).returning(Import.district_id)
        )
        if district:
            notice(session, district, f"imports/{import_id}")
    return stop
