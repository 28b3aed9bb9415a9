"""Installation orders: ordered at the desk, carried out with the phone, over when every device has rung through."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.config import settings
from app.db import notice
from app.equipment import actions, moving, testing
from app.equipment.installing_rules import (
    AT_WORK,
    InstallationEvent,
    InstallationState,
    ItemOutcome,
    TestKind,
    installation_after,
    rings_when_tested,
)
from app.equipment.installing_tables import DeviceTest, Installation, InstallationItem
from app.equipment.rules import PLACED, DeviceEvent, DeviceState
from app.equipment.tables import Device, DeviceModel
from app.errors import Conflict, NotFound, TooMany, Unreadable
from app.history import record
from app.people import queries as people
from app.people.tables import Caregiver, Elder, Home


class DeviceTaken(Conflict):
    """The device is not free to be installed."""


@dataclass(frozen=True)
class Wish:
    """One device to put up: a model, a spot, the old one it replaces, or until when it is lent."""

    model_id: str
    spot: str | None = None
    replaces_id: int | None = None
    old_goes: DeviceEvent = DeviceEvent.TAKE_BACK
    old_reason: str = ""
    lent_until: date | None = None


# -- at the desk -----------------------------------------------------------------------------------------------------


def order(
    session: Session,
    elder_id: int,
    wishes: Sequence[Wish],
    *,
    opens: datetime,
    closes: datetime,
    note: str | None,
    by: str,
    now: datetime,
    installer_id: int | None = None,
) -> Installation:
    """Have devices put up in an elder's home within a window, by somebody if that is known."""
    if not opens < closes or closes <= now:
        raise Unreadable("The window must end after it begins, and in the future.")
    elder = people.get(session, elder_id)
    installation = Installation(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, home_id=elder.home_id,
        state=InstallationState.ORDERED, opens=opens, closes=closes, note=note or None, ordered_at=now, ordered_by=by,
    )  # fmt: skip
    session.add(installation)
    session.flush()
    for wish in wishes:
        session.add(_item(session, installation, wish))
    record(session, installation, "order", None, installation.state, by=by, now=now, items=len(wishes))
    _tell(session, installation)
    return assign(session, installation.id, installer_id, by=by, now=now) if installer_id else installation


def _item(session: Session, installation: Installation, wish: Wish) -> InstallationItem:
    model = session.get(DeviceModel, wish.model_id)
    if model is None:
        raise NotFound("There is no such model of device.")
    if wish.replaces_id is not None:
        old = moving.get(session, wish.replaces_id)
        if old.state not in (*PLACED, DeviceState.LOST) or not _is_at(session, old, installation):
            raise Conflict("The device to be replaced does not hang in this home.", state=old.state)
        if moving.kind_of(session, old) is not model.kind:
            raise moving.OfAnotherKind(f"The new model is a {model.kind}, the old device is not.")
    swaps = wish.replaces_id is not None
    return InstallationItem(
        district_id=installation.district_id, division_code=installation.division_code,
        installation_id=installation.id, model_id=model.id, spot=wish.spot or None, replaces_id=wish.replaces_id,
        old_goes=wish.old_goes if swaps else None, old_reason=wish.old_reason if swaps else None,
        lent_until=wish.lent_until,
    )  # fmt: skip


def _is_at(session: Session, device: Device, installation: Installation) -> bool:
    return installation.elder_id == device.elder_id or installation.home_id == device.home_id


def assign(session: Session, installation_id: int, caregiver_id: int, *, by: str, now: datetime) -> Installation:
    """To somebody with a phone; again, to somebody else."""
    installation = get(session, installation_id)
    caregiver = session.get(Caregiver, caregiver_id)
    if caregiver is None or caregiver.ended_at or caregiver.district_id != installation.district_id:
        raise NotFound("There is no such caregiver.")
    installation.installer_id = caregiver.id
    return move(session, installation, InstallationEvent.ASSIGN, by=by, now=now, caregiver_id=caregiver.id)


def cancel(session: Session, installation_id: int, *, by: str, now: datetime, reason: str) -> Installation:
    """Nobody need come."""
    installation = get(session, installation_id)
    installation.reason = reason
    return move(session, installation, InstallationEvent.CANCEL, by=by, now=now)


# -- on the phone ----------------------------------------------------------------------------------------------------


def mine(session: Session, installation_id: int, caregiver_id: int, *, lock: bool = True) -> Installation:
    """The order of its own installer; another's is not there."""
    installation = session.get(Installation, installation_id, with_for_update=lock or None, populate_existing=True)
    if installation is None or installation.installer_id != caregiver_id:
        raise NotFound("There is no such installation among yours.")
    return installation


def my_item(
    session: Session, item_id: int, caregiver_id: int, *, lock: bool = True
) -> tuple[Installation, InstallationItem]:
    """A device of an order of one's own, the order locked first."""
    item = session.get(InstallationItem, item_id)
    if item is None:
        raise NotFound("There is no such installation among yours.")
    installation = mine(session, item.installation_id, caregiver_id, lock=lock)
    session.refresh(item, with_for_update=lock or None)
    return installation, item


def arrive(session: Session, installation: Installation, *, by: str, now: datetime) -> Installation:
    """The installer stands in the home; said twice it is said once."""
    if installation.state in AT_WORK:
        return installation
    installation.arrived_at = now
    return move(session, installation, InstallationEvent.ARRIVE, by=by, now=now)


def place(session: Session, item: InstallationItem, wire_id: str, spot: str, *, by: str, now: datetime) -> Device:
    """This very device hangs here now. A press of it is a real one until it is under test."""
    installation = at_work(session, item)
    device = moving.named(session, wire_id)
    if device.id == item.device_id:
        device.spot = spot
        notice(session, device.district_id, f"devices/{device.id}")
        return device
    if device.state is not DeviceState.IN_STOCK:
        raise DeviceTaken("This device is not in stock: it is registered elsewhere.", state=device.state)
    model = session.get_one(DeviceModel, device.model_id)
    if model.kind is not session.get_one(DeviceModel, item.model_id).kind:
        raise moving.OfAnotherKind(f"This device is a {model.kind}, and another one was ordered.", kind=model.kind)
    _take_down(session, item, by=by, now=now, reason="another device was chosen")
    elder = session.get_one(Elder, installation.elder_id)
    actions.install(
        session, device, home=session.get_one(Home, installation.home_id), elder=elder if model.worn else None,
        spot=spot, event=DeviceEvent.PLACE, by=by, now=now,
    )  # fmt: skip
    item.device_id = device.id
    session.flush()
    _tell(session, installation)
    return device


def test(session: Session, item: InstallationItem, *, by: str, now: datetime) -> DeviceTest:
    """Await the press: for some minutes the next call of this very device is shown at the desk as a test."""
    installation = at_work(session, item)
    if item.device_id is None:
        raise Conflict("Say first which device it is.")
    tries = session.scalar(select(func.count(DeviceTest.id)).where(DeviceTest.item_id == item.id)) or 0
    if tries >= settings().activation_tries:
        raise TooMany("This device was tried too often; take another one.")
    until = now + timedelta(minutes=settings().activation_test_minutes)
    device = moving.get(session, item.device_id)
    begun = testing.begin(session, device, TestKind.ACTIVATION, until=until, by=by, now=now, item_id=item.id)
    begun.elder_id = installation.elder_id
    move(session, installation, InstallationEvent.TEST, by=by, now=now)
    return begun


def give_up(session: Session, item: InstallationItem, *, by: str, now: datetime, reason: str) -> InstallationItem:
    """This device does not come about; what already hangs comes down."""
    installation = at_work(session, item)
    _take_down(session, item, by=by, now=now, reason=reason)
    item.outcome, item.reason = ItemOutcome.GIVEN_UP, reason
    _settle(session, installation, by=by, now=now)
    return item


def fail(session: Session, installation: Installation, *, by: str, now: datetime, reason: str) -> Installation:
    """It cannot be done today: what has rung through stays, the rest comes down."""
    for item in items_of(session, installation.id):
        if item.outcome is None:
            _take_down(session, item, by=by, now=now, reason=reason)
            item.outcome = ItemOutcome.GIVEN_UP
    installation.reason = reason
    return move(session, installation, InstallationEvent.FAIL, by=by, now=now)


# -- what a test tells -------------------------------------------------------------------------------------------------


def heard(session: Session, device_ids: Collection[int], *, now: datetime) -> None:
    """Devices that call nobody are proved by being heard at all while they are under test."""
    for device_id, armed in testing.armed(session, device_ids).items():
        if not rings_when_tested(armed.kind) and armed.opens <= now <= armed.until:
            test = locked(session, armed.id)
            if testing.rung(session, test.id, pressed_at=None, received_at=now, now=now):
                testing.confirm(session, test, by=f"device {device_id}", now=now)
                proved(session, test, by=f"device {device_id}", now=now)


def locked(session: Session, test_id: int) -> DeviceTest:
    """A test, its order and device locked in the order in which the phone locks them."""
    test = session.get_one(DeviceTest, test_id)
    if item := session.get(InstallationItem, test.item_id) if test.item_id else None:
        get(session, item.installation_id)
        session.refresh(item, with_for_update=True)
    moving.get(session, test.device_id)
    session.refresh(test, with_for_update=True)
    return test


def proved(session: Session, test: DeviceTest, *, by: str, now: datetime) -> None:
    """An activation test has passed: the device is in service, the old one goes, and maybe the order is done."""
    device = moving.get(session, test.device_id)
    item = session.get(InstallationItem, test.item_id, with_for_update=True) if test.item_id else None
    if device.state is DeviceState.INSTALLING:
        actions.move(session, device, DeviceEvent.PROVE, by=by, now=now)
    if item is None or item.outcome is not None:
        return
    installation = get(session, item.installation_id)
    item.outcome = ItemOutcome.PROVED
    if item.replaces_id and item.old_goes:
        old = moving.get(session, item.replaces_id)
        if old.state in (*PLACED, DeviceState.LOST) and _is_at(session, old, installation):
            moving.swap(session, old, device, goes=item.old_goes, by=by, now=now, reason=item.old_reason or "")
    if item.lent_until and not moving.loan_of(session, device.id):
        moving.lend(session, device, installation.elder_id, item.lent_until, by=by, now=now)
    _settle(session, installation, by=by, now=now)


# -- all of it ---------------------------------------------------------------------------------------------------------


def move(
    session: Session, installation: Installation, event: InstallationEvent, *, by: str, now: datetime, **facts: Any
) -> Installation:
    """The only place that changes an order's state."""
    before, installation.state = installation.state, installation_after(installation.state, event)
    if installation.state in (InstallationState.DONE, InstallationState.FAILED, InstallationState.CANCELLED):
        installation.ended_at = now
    record(session, installation, event, before, installation.state, by=by, now=now, **facts)
    _tell(session, installation)
    return installation


def get(session: Session, installation_id: int) -> Installation:
    """The order, locked; raises NotFound."""
    installation = session.get(Installation, installation_id, with_for_update=True, populate_existing=True)
    if installation is None:
        raise NotFound("There is no such installation.")
    return installation


def items_of(session: Session, installation_id: int) -> Sequence[InstallationItem]:
    """The devices of an order."""
    return session.scalars(
        select(InstallationItem)
        .where(InstallationItem.installation_id == installation_id)
        .order_by(InstallationItem.id)
        .execution_options(populate_existing=True)
    ).all()


def at_work(session: Session, item: InstallationItem) -> Installation:
    """The order of a device that is not settled, while the installer stands in the home."""
    installation = get(session, item.installation_id)
    if installation.state not in AT_WORK:
        raise Conflict("Say first that you are there.", state=installation.state)
    if item.outcome is not None:
        raise Conflict("This device is settled.", outcome=item.outcome)
    return installation


def _take_down(session: Session, item: InstallationItem, *, by: str, now: datetime, reason: str) -> None:
    if item.device_id is None:
        return
    device = moving.get(session, item.device_id)
    if device.state is DeviceState.INSTALLING:
        moving.leave(session, device, DeviceEvent.TAKE_BACK, by=by, now=now, reason=reason, wiped=True)
    item.device_id = None
    session.flush()


def _settle(session: Session, installation: Installation, *, by: str, now: datetime) -> None:
    """Done when every device is settled and one at least has rung through; with none of them it has failed."""
    session.flush()
    outcomes = [item.outcome for item in items_of(session, installation.id)]
    _tell(session, installation)
    if None in outcomes:
        return
    if ItemOutcome.PROVED in outcomes:
        move(session, installation, InstallationEvent.FINISH, by=by, now=now)
    else:
        installation.reason = installation.reason or "no device could be installed"
        move(session, installation, InstallationEvent.FAIL, by=by, now=now)


def _tell(session: Session, installation: Installation) -> None:
    notice(session, installation.district_id, f"elders/{installation.elder_id}")
