"""The doors of the shift's handover: what is owed, the sheet, and both signatures."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.access import actions as access
from app.access.api import Hotline
from app.alarms import handover
from app.alarms.handling_tables import HandoverSheet
from app.alarms.handover_rules import SheetEvent, SheetState
from app.alarms.queries import QueueRow
from app.alarms.rules import AlarmKind, State
from app.db import transaction

router = APIRouter(prefix="/api/shift", tags=["shift"])


class OwedRow(BaseModel):
    """One case somebody would leave behind."""

    alarm_id: int
    kind: AlarmKind
    state: State
    priority: int
    elder_name: str | None
    worker_name: str | None  # who called for help herself
    estate: str | None
    raised_at: datetime
    suspended_until: datetime | None
    call_back_at: datetime | None
    responder: str | None

    @classmethod
    def of(cls, row: QueueRow) -> "OwedRow":
        """As the list shows it."""
        alarm = row.alarm
        return cls(
            alarm_id=alarm.id, kind=alarm.kind, state=alarm.state, priority=alarm.priority, elder_name=row.elder_name,
            worker_name=row.worker, estate=row.estate, raised_at=alarm.raised_at,
            suspended_until=alarm.suspended_until, call_back_at=alarm.call_back_at, responder=row.responder,
        )  # fmt: skip


class Owed(BaseModel):
    """What the caller would leave behind now."""

    items: list[OwedRow]


@router.get("/owed")
def owed(me: Hotline) -> Owed:
    """The caller's open cases: attended to, suspended, waiting for a call-back."""
    with transaction(me.scope) as session:
        return Owed(items=[OwedRow.of(row) for row in handover.owed(session, me.id)])


@router.get("/follow-ups")
def follow_ups(me: Hotline) -> Owed:
    """The call-backs the caller owes, the earliest first."""
    with transaction(me.scope) as session:
        return Owed(items=[OwedRow.of(row) for row in handover.follow_ups(session, me.id)])


class SheetOut(BaseModel):
    """One handover sheet, as both have signed it."""

    id: int
    state: SheetState
    possible: list[SheetEvent]
    written_by: str
    taken_by: str | None
    written_at: datetime
    signed_at: datetime | None
    words: str
    cases: list[dict[str, Any]]
    more: dict[str, Any]
    hash: str
    whole: bool  # the hash still says what is written


class Sheets(BaseModel):
    """The latest sheets, newest first."""

    items: list[SheetOut]


def _sheet(sheet: HandoverSheet, writer: str, taker: str | None, me_id: int) -> SheetOut:
    possible = []
    if sheet.state is SheetState.WRITTEN and sheet.to_id == me_id:
        possible = [SheetEvent.SIGN]
    if sheet.state is SheetState.WRITTEN and sheet.from_id == me_id:
        possible = [SheetEvent.WITHDRAW]
    more = {name: value for name, value in sheet.rows.items() if name != "cases"}
    return SheetOut(
        id=sheet.id, state=sheet.state, possible=possible, written_by=writer, taken_by=taker,
        written_at=sheet.written_at, signed_at=sheet.signed_at, words=sheet.words, cases=sheet.rows["cases"], more=more,
        hash=sheet.hash, whole=handover.hash_of(sheet) == sheet.hash,
    )  # fmt: skip


@router.get("/handovers")
def handovers(me: Hotline) -> Sheets:
    """The latest sheets of the caller's area; the one that waits for the caller's signature among them."""
    with transaction(me.scope) as session:
        return Sheets(items=[_sheet(one, writer, taker, me.id) for one, writer, taker in handover.sheets(session)])


class SheetIn(BaseModel):
    """To whom, what matters, and a note on single cases by their number."""

    to: int
    words: str = Field("", max_length=4000)
    notes: dict[int, str] = Field({}, max_length=200)


@router.post("/handovers")
def write_handover(said: SheetIn, me: Hotline) -> SheetOut:
    """Write and sign as the one who leaves; the cases stay until the other has signed."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        sheet = handover.write(session, said.to, said.words, said.notes, me=me, now=now)
        return _sheet(sheet, *handover.names(session, sheet), me.id)


@router.post("/handovers/{sheet_id}/sign")
def sign_handover(sheet_id: int, me: Hotline) -> SheetOut:
    """Read and taken: the cases are the caller's, and the writer's turn is over."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        sheet = handover.sign(session, sheet_id, me=me, now=now)
        return _sheet(sheet, *handover.names(session, sheet), me.id)


@router.post("/handovers/{sheet_id}/withdraw")
def withdraw_handover(sheet_id: int, me: Hotline) -> SheetOut:
    """The writer stays after all."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        sheet = handover.withdraw(session, sheet_id, me=me, now=now)
        return _sheet(sheet, *handover.names(session, sheet), me.id)


class PhoneIn(BaseModel):
    """Where the caller is called when nobody is at the desk."""

    phone: str = Field(pattern=r"^\+?[0-9-]{5,20}$")


@router.put("/my-phone", status_code=204)
def set_my_phone(said: PhoneIn, me: Hotline) -> None:
    """A lead's own number; kept sealed and shown to nobody."""
    with transaction(me.scope) as session:
        access.set_phone(session, me.id, said.phone)
