"""The desk's doors for test calls, loans, and what is done with a device by hand."""

from datetime import UTC, date, datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app import calendar
from app.access.api import Desk
from app.db import transaction
from app.equipment import installing_queries, moving, testing
from app.equipment.installing_rules import Failure, TestKind, TestState, overdue
from app.equipment.rules import DeviceEvent, DeviceKind, DeviceState, possible
from app.equipment.tables import Device
from app.vault import mask_phone

tests = APIRouter(prefix="/api/device-tests", tags=["devices"])
loans = APIRouter(prefix="/api/loans", tags=["devices"])
router = APIRouter(prefix="/api/devices", tags=["devices"])


class TestOut(BaseModel):
    """A device an elder can try out, and its last test."""

    device_id: int
    wire_id: str
    kind: DeviceKind
    model: str
    spot: str | None
    elder_id: int | None
    elder_name: str | None
    phone: str | None
    estate: str | None
    installed_at: datetime | None
    tested_at: datetime | None
    test_id: int | None
    test_kind: TestKind | None
    test_state: TestState | None
    until: datetime | None
    to_call: bool | None
    called_at: datetime | None
    failure: Failure | None

    @classmethod
    def of(cls, row: installing_queries.TestRow) -> "TestOut":
        """As the desk sees it, the number masked."""
        return cls(**vars(row) | {"phone": mask_phone(row.phone) if row.phone else None})


class FiguresOut(BaseModel):
    """How many devices are known to ring through."""

    devices: int
    tested: int
    overdue: int
    waiting: int
    to_call: int
    median_seconds: float | None


class Tests(BaseModel):
    """A page of devices and the figures of all."""

    items: list[TestOut]
    next: int | None
    figures: FiguresOut
    server_time: datetime


@tests.get("")
def device_tests(
    me: Desk, overdue: bool = False, to_call: bool = False, announced: bool = False, cursor: int = 0
) -> Tests:
    """Devices an elder can try out: all, the untested, those to telephone about, or those whose test is announced."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        rows = installing_queries.tried_out(
            session, now=now, overdue=overdue, to_call=to_call, announced=announced, after=cursor
        )  # fmt: skip
        figures = installing_queries.figures(session, now=now)
    return Tests(
        items=[TestOut.of(row) for row in rows], figures=FiguresOut(**vars(figures)), server_time=now,
        next=rows[-1].device_id if len(rows) == installing_queries.PAGE else None,
    )  # fmt: skip


class Called(BaseModel):
    """A test whose elder was reminded."""

    id: int
    state: TestState
    called_at: datetime | None


@tests.post("/{test_id}/called")
def called(test_id: int, me: Desk) -> Called:
    """She was reminded by telephone."""
    with transaction(me.scope) as session:
        found = installing_queries.get_test(session, test_id)
        testing.called(session, found, by=me.by, now=datetime.now(UTC))
    return Called(id=found.id, state=found.state, called_at=found.called_at)


class LoanOut(BaseModel):
    """A device that is lent."""

    id: int
    device_id: int
    wire_id: str
    kind: DeviceKind
    model: str
    elder_id: int
    elder_name: str
    estate: str
    lent_at: datetime
    due_on: date
    overdue: bool


class Loans(BaseModel):
    """What is out, the first due first."""

    items: list[LoanOut]


@loans.get("")
def lent(me: Desk) -> Loans:
    """Every device that is lent."""
    today = calendar.day_of(datetime.now(UTC))
    with transaction(me.scope) as session:
        rows = installing_queries.loans(session)
    return Loans(items=[LoanOut(**vars(row), overdue=overdue(row.due_on, today)) for row in rows])


class DueIn(BaseModel):
    """The day it is due."""

    due_on: date


class Due(BaseModel):
    """A loan and its day."""

    id: int
    due_on: date


@loans.post("/{loan_id}/prolong")
def prolong(loan_id: int, until: DueIn, me: Desk) -> Due:
    """She keeps it longer."""
    with transaction(me.scope) as session:
        found = installing_queries.loan(session, loan_id)
        moving.prolong(session, found, until.due_on, by=me.by, now=datetime.now(UTC))
    return Due(id=found.id, due_on=found.due_on)


class Moved(BaseModel):
    """Where a device stands now."""

    id: int
    wire_id: str
    state: DeviceState
    possible: list[DeviceEvent]
    home_id: int | None
    elder_id: int | None

    @classmethod
    def of(cls, device: Device) -> "Moved":
        """As the desk sees it."""
        return cls(
            id=device.id, wire_id=device.wire_id, state=device.state, possible=possible(device.state),
            home_id=device.home_id, elder_id=device.elder_id,
        )  # fmt: skip


class MoveIn(BaseModel):
    """What is done with it, and why; `wiped` says that names and numbers kept in it were erased."""

    event: DeviceEvent
    reason: str = Field(min_length=1, max_length=200)
    wiped: bool = False


@router.post("/{device_id}/move")
def move(device_id: int, wish: MoveIn, me: Desk) -> Moved:
    """Take back, send to repair, repaired, lose, find, retire."""
    with transaction(me.scope) as session:
        device = moving.get(session, device_id)
        moving.move(
            session, device, wish.event, by=me.by, now=datetime.now(UTC), reason=wish.reason, wiped=wish.wiped
        )  # fmt: skip
    return Moved.of(device)


class SwapIn(BaseModel):
    """The new one by its number, where the old one goes, and why."""

    wire_id: str = Field(min_length=1, max_length=100)
    goes: DeviceEvent = DeviceEvent.TAKE_BACK
    reason: str = Field(min_length=1, max_length=200)


@router.post("/{device_id}/swap")
def swap(device_id: int, wish: SwapIn, me: Desk) -> Moved:
    """A new one takes this one's place in one step; it stands among the untested until it has been pressed."""
    with transaction(me.scope) as session:
        old = moving.get(session, device_id)
        new = moving.named(session, wish.wire_id)
        moving.swap(session, old, new, goes=wish.goes, by=me.by, now=datetime.now(UTC), reason=wish.reason)
    return Moved.of(new)


class LendIn(BaseModel):
    """To whom and until when."""

    elder_id: int
    due_on: date


@router.post("/{device_id}/lend")
def lend(device_id: int, wish: LendIn, me: Desk) -> Moved:
    """Out of the stock over the counter."""
    with transaction(me.scope) as session:
        device = moving.get(session, device_id)
        moving.lend_from_stock(session, device, wish.elder_id, wish.due_on, by=me.by, now=datetime.now(UTC))
    return Moved.of(device)
