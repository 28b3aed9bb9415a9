"""The door of imports: the template, the file, what is wrong with it, and then the deed or its undoing."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel

from app.access.api import Stock
from app.db import transaction
from app.equipment import models
from app.errors import Unreadable
from app.imports import actions as imports
from app.imports.rules import ImportEvent, ImportState, Mode, ProblemCode, possible
from app.imports.tables import Import
from app.jobs import queue
from app.stock import columns, importing
from app.stock.rules import check_whole_district

router = APIRouter(prefix="/api/stock/imports", tags=["stock"])
MOST_BYTES = 8 * 1024 * 1024
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ProblemOut(BaseModel):
    """One bad cell: where, what stands there, what is wrong and what to do (`says`, in English)."""

    row: int
    column: str
    value: str
    code: ProblemCode
    facts: dict[str, Any]
    says: str


class ImportRow(BaseModel):
    """An import in the list."""

    id: int
    name: str
    state: ImportState
    mode: Mode | None
    rows: int
    done: int
    counts: dict[str, int]
    problem_count: int
    trouble: str | None
    asked_at: datetime
    asked_by: str
    ended_at: datetime | None
    possible: list[ImportEvent]

    @classmethod
    def of(cls, row: Import) -> "ImportRow":
        """As the import page shows it."""
        own = ("possible", "problems")
        fields = {name: getattr(row, name) for name in cls.model_fields if name not in own}
        return cls(possible=possible(row.state), **fields)


class ImportOut(ImportRow):
    """An import with its first thousand problems."""

    problems: list[ProblemOut]

    @classmethod
    def of(cls, row: Import) -> "ImportOut":
        """As the import page shows it."""
        problems = [ProblemOut.model_validate(problem) for problem in row.problems]
        return cls(problems=problems, **ImportRow.of(row).model_dump())


@router.get("")
def recent(me: Stock) -> list[ImportRow]:
    """The last imports."""
    with transaction(me.scope) as session:
        return [ImportRow.of(row) for row in imports.recent(session, me.district_id, kind=importing.KIND)]


@router.get("/template", response_class=Response, responses={200: {"content": {XLSX: {}}}})
def template(me: Stock) -> Response:
    """The workbook to fill in."""
    with transaction(me.scope) as session:
        known = [(row.id, row.maker, row.name) for row in models.all_of_them(session)]
    headers = {"Content-Disposition": "attachment; filename*=UTF-8''%E8%AE%BE%E5%A4%87%E5%AF%BC%E5%85%A5.xlsx"}
    return Response(columns.template(known), media_type=XLSX, headers=headers)


@router.post("", status_code=201, max_body_size=MOST_BYTES)
def upload(
    content: Annotated[bytes, Body(media_type="application/octet-stream")],
    me: Stock,
    name: Annotated[str, Query(max_length=200)] = "",
) -> ImportRow:
    """Take a file in; a worker checks it. Nothing is registered yet."""
    check_whole_district(me.area)
    if not content:
        raise Unreadable("The file is empty.")
    with transaction(me.scope) as session:
        row, job = imports.take_in(
            session, importing.KIND, name, content, district_id=me.district_id, by=me.by, now=datetime.now(UTC)
        )
        answer, job_id = ImportRow.of(row), job.id
    queue.send(job.kind, job_id)
    return answer


@router.get("/{import_id}")
def one(import_id: int, me: Stock) -> ImportOut:
    """How far it is, and what is wrong with it."""
    with transaction(me.scope) as session:
        return ImportOut.of(imports.get(session, import_id, me.district_id))


class Decision(BaseModel):
    """All rows or none, or only the good ones."""

    mode: Mode


@router.post("/{import_id}/confirm")
def confirm(import_id: int, decision: Decision, me: Stock) -> ImportRow:
    """Apply it."""
    with transaction(me.scope) as session:
        job = imports.confirm(
            session, import_id, decision.mode, district_id=me.district_id, by=me.by, now=datetime.now(UTC)
        )
        answer = ImportRow.of(imports.get(session, import_id, me.district_id))
        kind, job_id = job.kind, job.id
    queue.send(kind, job_id)
    return answer


@router.post("/{import_id}/undo")
def undo(import_id: int, me: Stock) -> ImportRow:
    """Take back what it registered and changed, while nobody has used it."""
    with transaction(me.scope) as session:
        row = importing.undo(session, import_id, district_id=me.district_id, by=me.by, now=datetime.now(UTC))
        return ImportRow.of(row)


@router.post("/{import_id}/discard")
def discard(import_id: int, me: Stock) -> ImportRow:
    """Forget the file."""
    with transaction(me.scope) as session:
        row = imports.discard(session, import_id, district_id=me.district_id, by=me.by, now=datetime.now(UTC))
        return ImportRow.of(row)
