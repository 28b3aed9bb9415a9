"""Statements as files: workbook, printed sheets, the elder's own sheet, and visits for other systems."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app import calendar
from app.access import actions as access
from app.access.api import Desk
from app.db import transaction
from app.errors import Unavailable
from app.paper import NoFont
from app.people import queries as people
from app.settlement import printing, queries
from app.settlement.api import Bureau, Side
from app.settlement.export import Export

router = APIRouter(prefix="/api/settlement", tags=["settlement"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/statements/{statement_id}/statement.xlsx", response_class=Response)
def workbook(statement_id: int, me: Side) -> Response:
    """The statement as a workbook."""
    with transaction(me.scope) as session:
        content = printing.workbook(session, queries.statement(session, statement_id))
    return _file(content, XLSX, f"statement-{statement_id}.xlsx")


@router.get("/statements/{statement_id}/statement.pdf", response_class=Response)
def printed(statement_id: int, me: Side) -> Response:
    """The statement as it is printed."""
    with transaction(me.scope) as session:
        found = queries.statement(session, statement_id)
        try:
            content = printing.printed(session, found)
        except NoFont as missing:
            raise Unavailable(str(missing)) from None
    return _file(content, "application/pdf", f"statement-{statement_id}.pdf")


@router.get("/statements/{statement_id}/visits.json")
def visits(
    statement_id: int, me: Bureau,
    cursor: Annotated[int, Query(description="`next` of the batch before", ge=0, lt=2**31)] = 0,
) -> Export:  # fmt: skip
    """The visits behind it for other systems, after the altEVV specification; in batches."""
    with transaction(me.scope) as session:
        return Export.read(session, queries.statement(session, statement_id), after=cursor)


@router.get("/elders/{elder_id}/statement.pdf", response_class=Response)
def of_elder(elder_id: int, me: Desk, month: date | None = None) -> Response:
    """An elder's month on one sheet in large type; that it was printed is on record."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        elder = people.get(session, elder_id)
        access.note_look(session, me, elder_id=elder.id, field="money", reason="printed statement", now=now)
        try:
            content = printing.of_elder(session, elder, (month or calendar.month_of(now)).replace(day=1))
        except NoFont as missing:
            raise Unavailable(str(missing)) from None
    return _file(content, "application/pdf", f"elder-{elder_id}.pdf")


def _file(content: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=kind, headers=headers)
