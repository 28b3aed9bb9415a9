"""The doors of the bank's file of returned payments: what would become of each row, then doing it."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel

from app.access.api import Bureau, Now
from app.allowances import returned
from app.allowances.returned import Returned
from app.allowances.rules import ReturnReason, check_whole_district, mask_account
from app.db import transaction
from app.vault import mask_name

router = APIRouter(prefix="/api/allowances", tags=["allowances"])
MOST_BYTES = 2_000_000
File = Annotated[bytes, Body(media_type="application/octet-stream")]


class ReturnedFault(BaseModel):
    """What is wrong with a row: with a cell of it (`column`), or with the row as a whole."""

    code: str
    column: str | None = None
    facts: dict[str, Any] = {}


class ReturnedRow(BaseModel):
    """A row of the file, names and accounts masked; without faults it is a transfer of the batch."""

    row: int
    holder: str | None
    account: str | None
    cents: int | None
    reason: ReturnReason
    words: str | None
    months: int
    faults: list[ReturnedFault]

    @classmethod
    def of(cls, row: Returned) -> "ReturnedRow":
        """As the page shows it."""
        holder = row.sent.holder if row.sent else row.holder
        faults = [ReturnedFault(code=p.code, column=p.column, facts=dict(p.facts)) for p in row.problems]
        if row.fault:
            faults.append(ReturnedFault(code=row.fault, facts=dict(row.facts)))
        return cls(
            row=row.number, holder=mask_name(holder) if holder else None, cents=row.cents, reason=row.reason,
            account=mask_account(row.account) if row.account else None, words=row.words,
            months=len(row.sent.line_ids) if row.sent else 0, faults=faults,
        )  # fmt: skip


class ReturnedFile(BaseModel):
    """The whole file: how many rows are good, for how much, how many are bad."""

    good: int
    good_cents: int
    bad: int
    rows: list[ReturnedRow]

    @classmethod
    def of(cls, rows: list[Returned]) -> "ReturnedFile":
        """As the page shows it."""
        good = [row.sent.cents for row in rows if row.sent]
        return cls(
            good=len(good), good_cents=sum(good), bad=len(rows) - len(good), rows=[ReturnedRow.of(row) for row in rows]
        )


@router.post("/batches/{batch_id}/returns/check", max_body_size=MOST_BYTES)
def check_returns(batch_id: int, content: File, me: Bureau) -> ReturnedFile:
    """What would become of each row; nothing is changed."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        return ReturnedFile.of(returned.read(session, batch_id, content))


@router.post("/batches/{batch_id}/returns", max_body_size=MOST_BYTES)
def give_back_file(batch_id: int, content: File, me: Bureau, now: Now, skip_bad: bool = False) -> ReturnedFile:
    """Give back all rows, or all good ones."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        rows = returned.give_back(session, batch_id, content, skip_bad=skip_bad, by=me.by, now=now)
        return ReturnedFile.of(rows)
