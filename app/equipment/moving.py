"""A device's ways: out of a home, to repair, lost and found, lent, and an old one swapped for a new one in one step."""

from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.db import scope_of
from app.equipment import actions, faults, testing
from app.equipment.installing_rules import Failure, LoanOutcome
from app.equipment.installing_tables import DeviceLoan
from app.equipment.rules import DeviceEvent, DeviceKind, DeviceState, Fault
from app.equipment.tables import Device, DeviceFault, DeviceModel
from app.errors import Conflict, NotFound, Unreadable
from app.history import record
from app.people import queries as people
from app.people.tables import Elder, Home

LEAVES: Final = frozenset({DeviceEvent.TAKE_BACK, DeviceEvent.SEND_TO_REPAIR, DeviceEvent.RETIRE})
"""Events after which a device is nobody's."""
GOES_ALONG: Final = (Fault.LOW_BATTERY, Fault.TAMPER)
"""Faults of the device itself, which the workshop must see; the others are of its place."""
BY_HAND: Final = LEAVES | {DeviceEvent.REPAIRED, DeviceEvent.LOSE, DeviceEvent.FIND}


class NotWiped(Conflict):
    """The device may still hold somebody's numbers."""


class OfAnotherKind(Conflict):
    """The new device is for something else."""


def get(session: Session, device_id: int) -> Device:
    """The device, locked; raises NotFound."""
    device = session.get(Device, device_id, with_for_update=True, populate_existing=True)
    if device is None:
        raise NotFound("There is no such device.")
    return device


def named(session: Session, wire_id: str) -> Device:
    """The device with the number on its label, locked; raises NotFound."""
    device = session.scalar(select(Device).where(Device.wire_id == wire_id.strip()).with_for_update())
    if device is None:
        raise NotFound("The register knows no device with this number.", wire_id=wire_id.strip())
    return device


def move(
    session: Session, device: Device, event: DeviceEvent, *, by: str, now: datetime, reason: str, wiped: bool = False
) -> Device:
    """What a desk does with a device by hand; one that leaves its home leaves everything personal behind."""
    if event not in BY_HAND:
        raise Unreadable(f"A device cannot be made to {event} by hand.")
    if event is DeviceEvent.TAKE_BACK and loan_of(session, device.id) and not wiped:
        raise NotWiped("Erase the names and numbers kept in the lent device, then take it back.")
    if event in LEAVES:
        return leave(session, device, event, by=by, now=now, reason=reason, wiped=wiped)
    if event is DeviceEvent.LOSE:
        _end_loan(session, device, LoanOutcome.LOST, by=by, now=now)
        testing.end_open(session, device.id, Failure.MOVED, by=by, now=now)
        device.look_at = None  # nobody waits to hear from it
    if event is DeviceEvent.FIND:
        device.look_at = now
    if event in (DeviceEvent.LOSE, DeviceEvent.REPAIRED):
        faults.end(session, {device.id: list(Fault)}, now=now)
    return actions.move(session, device, event, by=by, now=now, reason=reason)


def leave(
    session: Session,
    device: Device,
    event: DeviceEvent,
    *,
    by: str,
    now: datetime,
    reason: str,
    wiped: bool = False,
    **facts: object,
) -> Device:
    """Out of its home: tests and loan end, what was wrong with its place is over, and it is nobody's."""
    testing.end_open(session, device.id, Failure.MOVED, by=by, now=now)
    _end_loan(session, device, LoanOutcome.RETURNED, by=by, now=now, wiped=wiped)
    over = [fault for fault in Fault if event is not DeviceEvent.SEND_TO_REPAIR or fault not in GOES_ALONG]
    faults.end(session, {device.id: over}, now=now)
    actions.move(session, device, event, by=by, now=now, reason=reason, **facts)
    actions.leave(session, device, area=scope_of(session).area or f"{device.district_id:06d}", now=now)
    return device


def swap(
    session: Session, old: Device, new: Device, *, goes: DeviceEvent, by: str, now: datetime, reason: str
) -> Device:
    """The new one takes the old one's place, loan and elder in one step; the old one goes where `goes` says.

    What is wrong with the old one is written down and, to repair, goes along with it.
    """
    home = session.get(Home, old.home_id) if old.home_id else None
    if home is None and old.elder_id:
        home = session.get(Home, session.get_one(Elder, old.elder_id).home_id)
    if home is None or old.id == new.id:
        raise Conflict("Only a device that hangs somewhere can be swapped for another one.", state=old.state)
    if kind_of(session, old) is not kind_of(session, new):
        raise OfAnotherKind(f"The new device is a {kind_of(session, new)}, the old one a {kind_of(session, old)}.")
    elder = session.get(Elder, old.elder_id) if old.elder_id else None
    spot, loan = old.spot, loan_of(session, old.id)
    due_on = loan.due_on if loan else None
    wrong = faults_of(session, old.id)
    if goes is DeviceEvent.LOSE:
        move(session, old, goes, by=by, now=now, reason=reason)
    elif goes in LEAVES:
        leave(session, old, goes, by=by, now=now, reason=reason, wiped=True, faults=wrong, replaced_by=new.id)
    else:
        raise Unreadable(f"An old device cannot be made to {goes} in a swap.")
    if new.state is DeviceState.IN_STOCK:
        actions.install(session, new, home=home, elder=elder, spot=spot, by=by, now=now)
    record(session, new, "swap", new.state, new.state, by=by, now=now, reason=reason, replaces=old.id)
    if due_on and new.elder_id:
        lend(session, new, new.elder_id, due_on, by=by, now=now)
    return new


def kind_of(session: Session, device: Device) -> DeviceKind:
    """What a device is for."""
    return session.get_one(DeviceModel, device.model_id).kind


def faults_of(session: Session, device_id: int) -> list[Fault]:
    """What is wrong with a device now."""
    return list(
        session.scalars(
            select(DeviceFault.kind)
            .where(DeviceFault.device_id == device_id, DeviceFault.ended_at.is_(None))
            .order_by(DeviceFault.kind)
        )
    )


# -- loans -----------------------------------------------------------------------------------------------------------


def lend_from_stock(session: Session, device: Device, elder_id: int, due_on: date, *, by: str, now: datetime) -> Device:
    """Over the counter: it is hers at once and, until she has pressed it, stands among the untested ones."""
    elder = people.get(session, elder_id)
    if due_on < calendar.day_of(now):
        raise Unreadable("The day it is due has passed.")
    home = session.get_one(Home, elder.home_id)
    actions.install(session, device, home=home, elder=elder, by=by, now=now)
    lend(session, device, elder_id, due_on, by=by, now=now)
    return device


def lend(session: Session, device: Device, elder_id: int, due_on: date, *, by: str, now: datetime) -> DeviceLoan:
    """It is to come back by a day."""
    loan = DeviceLoan(
        district_id=device.district_id, division_code=device.division_code, device_id=device.id, elder_id=elder_id,
        lent_at=now, due_on=due_on,
    )  # fmt: skip
    session.add(loan)
    record(session, loan, "lend", None, None, by=by, now=now, due_on=due_on.isoformat())
    return loan


def prolong(session: Session, loan: DeviceLoan, due_on: date, *, by: str, now: datetime) -> DeviceLoan:
    """She keeps it longer."""
    if loan.ended_at:
        raise Conflict("This loan is over.", outcome=loan.outcome)
    was = loan.due_on.isoformat()
    record(session, loan, "prolong", None, None, by=by, now=now, was_due_on=was, due_on=due_on.isoformat())
    loan.due_on = due_on
    return loan


def loan_of(session: Session, device_id: int) -> DeviceLoan | None:
    """The loan a device is out on."""
    return session.scalar(
        select(DeviceLoan).where(DeviceLoan.device_id == device_id, DeviceLoan.ended_at.is_(None)).with_for_update()
    )


def _end_loan(
    session: Session, device: Device, outcome: LoanOutcome, *, by: str, now: datetime, wiped: bool | None = None
) -> None:
    if loan := loan_of(session, device.id):
        loan.ended_at, loan.outcome, loan.wiped = now, outcome, wiped
        record(session, loan, outcome, None, None, by=by, now=now, wiped=wiped)
