"""The doors of imports of every kind but devices, whose doors stand beside the stock."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Body, Query, Response

from app.access.api import Registrar
from app.allowances.rules import check_whole_district
from app.db import transaction
from app.desk.import_kinds import KINDS
from app.errors import NotFound, Unreadable
from app.imports import actions as imports
from app.imports.kinds import Kind
from app.jobs import queue
from app.stock.import_api import MOST_BYTES, XLSX, Decision, ImportOut, ImportRow

router = APIRouter(prefix="/api/imports", tags=["imports"])


class FileKind(StrEnum):
    """What a file holds."""

    ELDERS = "elders"
    ASSESSMENTS = "assessments"
    ENTITLEMENTS = "entitlements"
    CAREGIVERS = "caregivers"
    PRICES = "prices"


@router.get("")
def recent_files(me: Registrar, kind: FileKind = FileKind.ELDERS) -> list[ImportRow]:
    """The last imports of a kind."""
    with transaction(me.scope) as session:
        return [ImportRow.of(row) for row in imports.recent(session, me.district_id, kind=kind)]


@router.get("/template", response_class=Response, responses={200: {"content": {XLSX: {}}}})
def file_template(me: Registrar, kind: FileKind = FileKind.ELDERS) -> Response:
    """The workbook to fill in."""
    found = KINDS[kind]
    name = quote(f"{found.title}导入.xlsx")
    return Response(
        found.template(), media_type=XLSX, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    )


@router.post("", status_code=201, max_body_size=MOST_BYTES)
def upload_file(
    content: Annotated[bytes, Body(media_type="application/octet-stream")],
    me: Registrar,
    kind: FileKind = FileKind.ELDERS,
    name: Annotated[str, Query(max_length=200)] = "",
) -> ImportRow:
    """Take a file in; a worker checks it. Nothing is changed yet."""
    check_whole_district(me.area)
    if not content:
        raise Unreadable("The file is empty.")
    with transaction(me.scope) as session:
        row, job = imports.take_in(
            session, kind, name, content, district_id=me.district_id, by=me.by, now=datetime.now(UTC)
        )
        answer, job_kind, job_id = ImportRow.of(row), job.kind, job.id
    queue.send(job_kind, job_id)
    return answer


def _kind(kind: str) -> Kind:
    """Devices are undone beside the stock."""
    try:
        return KINDS[kind]
    except KeyError:
        raise NotFound("There is no such import here.") from None


@router.get("/{file_id}")
def one_file(file_id: int, me: Registrar) -> ImportOut:
    """How far it is, and what is wrong with it."""
    with transaction(me.scope) as session:
        row = imports.get(session, file_id, me.district_id)
        _kind(row.kind)
        return ImportOut.of(row)


@router.post("/{file_id}/confirm")
def confirm_file(file_id: int, decision: Decision, me: Registrar) -> ImportRow:
    """Apply it."""
    with transaction(me.scope) as session:
        _kind(imports.get(session, file_id, me.district_id).kind)
        job = imports.confirm(
            session, file_id, decision.mode, district_id=me.district_id, by=me.by, now=datetime.now(UTC)
        )
        answer = ImportRow.of(imports.get(session, file_id, me.district_id))
        job_kind, job_id = job.kind, job.id
    queue.send(job_kind, job_id)
    return answer


@router.post("/{file_id}/undo")
def undo_file(file_id: int, me: Registrar) -> ImportRow:
    """Take back what it added, while nothing rests on it; else says on which rows something does."""
    with transaction(me.scope) as session:
        kind = _kind(imports.get(session, file_id, me.district_id).kind)
        row = kind.undo(session, file_id, district_id=me.district_id, by=me.by, now=datetime.now(UTC))
        return ImportRow.of(row)


@router.post("/{file_id}/discard")
def discard_file(file_id: int, me: Registrar) -> ImportRow:
    """Forget the file."""
    with transaction(me.scope) as session:
        _kind(imports.get(session, file_id, me.district_id).kind)
        row = imports.discard(session, file_id, district_id=me.district_id, by=me.by, now=datetime.now(UTC))
        return ImportRow.of(row)
