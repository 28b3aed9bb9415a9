"""What an installer's phone shows: orders with as much of the elder as the hour allows, and what a device said."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.alarms import duty
from app.alarms import queries as alarms
from app.alarms.tables import Alarm, InboxMessage
from app.config import settings
from app.equipment import installing_queries
from app.equipment.installing_queries import InstallationRow, ItemRow
from app.equipment.installing_rules import (
    InstallationEvent,
    TestState,
    installation_possible,
    rings_when_tested,
)
from app.equipment.installing_tables import DeviceTest, Installation, InstallationItem
from app.equipment.rules import DeviceState
from app.equipment.tables import Device, DeviceModel
from app.errors import Conflict, NotFound
from app.phone.installing_shapes import (
    AsideOut,
    Lookup,
    PhoneInstallation,
    PhoneInstallations,
    PhoneItem,
    Progress,
    Step,
)
from app.phone.rules import may_see
from app.phone.shapes import PointOut
from app.vault import mask_name

SHOWN_AFTER: Final = timedelta(hours=12)  # an order that is over is still listed
HEARD_LATELY: Final = timedelta(minutes=15)
AT_THE_PHONE: Final = (InstallationEvent.ARRIVE, InstallationEvent.TEST, InstallationEvent.FAIL)


class NotNow(Conflict):
    """The window of this installation is not open."""


def mine(session: Session, caregiver_id: int, *, now: datetime) -> PhoneInstallations:
    """Everything somebody has to install, and what they have just done."""
    rows = installing_queries.installations(session, installer_id=caregiver_id, ended_since=now - SHOWN_AFTER)
    return PhoneInstallations(items=[shown(row, now=now) for row in rows], server_time=now)


def one(session: Session, installation_id: int, *, now: datetime) -> PhoneInstallation:
    """One order as it stands now."""
    session.flush()
    return shown(installing_queries.installation(session, installation_id), now=now)


def open_to(installation: Installation, now: datetime) -> bool:
    """Whether name, door and telephone may be seen: as long before and after the window as of a visit."""
    begins, ends = installation.opens, max(installation.closes, installation.arrived_at or installation.closes)
    return may_see(begins, installation.ended_at or ends, now=now)


def check_hour(installation: Installation, *, now: datetime) -> None:
    """Nobody stands in a home long before or after the time; raises NotNow."""
    if not open_to(installation, now):
        raise NotNow("It is not the time of this installation; the desk can move it.", opens=installation.opens)


def shown(row: InstallationRow, *, now: datetime) -> PhoneInstallation:
    """An order as its installer sees it at this hour."""
    order, elder, home, shows = row.installation, row.elder, row.home, open_to(row.installation, now)
    return PhoneInstallation(
        id=order.id, state=order.state,
        possible=[event for event in installation_possible(order.state) if event in AT_THE_PHONE], shown=shows,
        opens=order.opens, closes=order.closes, elder=elder.name if shows else mask_name(elder.name),
        phone=elder.phone if shows else None, estate=home.estate,
        address=f"{home.estate}{home.address}" if shows else None, access_note=home.access_note if shows else None,
        floor=home.floor, lift=home.lift, note=order.note if shows else None,
        place=PointOut(lat=home.place["lat"], lon=home.place["lon"]) if shows else None,
        arrived_at=order.arrived_at, ended_at=order.ended_at, items=[_item(item) for item in row.items],
    )  # fmt: skip


def _item(item: ItemRow) -> PhoneItem:
    return PhoneItem(
        id=item.id, model=item.model, kind=item.kind, voice=item.voice, worn=item.worn,
        spot=item.device_spot or item.spot, replaces=item.replaces, lent_until=item.lent_until, wire_id=item.wire_id,
        outcome=item.outcome, rings=rings_when_tested(item.kind),
    )  # fmt: skip


def lookup(session: Session, item: InstallationItem, wire_id: str, *, now: datetime) -> Lookup:
    """What the platform knows of a number; also of a device it has heard and never registered."""
    wanted = session.get_one(DeviceModel, item.model_id).kind
    found = session.execute(
        select(Device, DeviceModel)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(Device.wire_id == wire_id, Device.district_id == item.district_id)
    ).first()
    device, model = (found[0], found[1]) if found else (None, None)
    aside = alarms.set_aside_of(session, item.district_id, wire_id, since=now - HEARD_LATELY)
    return Lookup(
        known=device is not None,
        free=device is not None and (device.state is DeviceState.IN_STOCK or device.id == item.device_id),
        fits=model is not None and model.kind is wanted, kind=model.kind if model else None,
        model=model.name if model else None, heard_at=device.last_seen_at if device else None, aside=_aside(aside),
    )  # fmt: skip


# -- the press on its way --------------------------------------------------------------------------------------------


def progress(session: Session, item: InstallationItem, *, now: datetime) -> Progress:
    """How far the press has come, and, where nothing comes, everything the platform knows about the device."""
    device = session.get(Device, item.device_id) if item.device_id else None
    if device is None:
        raise NotFound("Say first which device it is.")
    test = installing_queries.last_test(session, item.id)
    alarm = session.get(Alarm, test.alarm_id) if test and test.alarm_id else None
    tries = _tries(session, item)
    since = test.opens if test else now - HEARD_LATELY
    real = alarms.real_calls(session, device.id, since=since)
    aside = alarms.set_aside_of(session, device.district_id, device.wire_id, since=since - HEARD_LATELY)
    return Progress(
        step=_step(test), failure=test.failure if test else None, until=test.until if test else None,
        opened_at=test.opens if test else None, received_at=test.received_at if test else None,
        stored_at=test.stored_at if test else None, shown_at=test.shown_at if test else None,
        confirmed_at=test.confirmed_at if test else None, confirmed_by=_who(test), voice=test.voice if test else None,
        desk_on_duty=duty.count(session, device.district_id, now=now),
        claimed=alarm is not None and alarm.claimed_by is not None, real_calls=len(real),
        device_seen_at=device.last_seen_at if device.last_seen_at != device.installed_at else None,
        battery=device.battery, link=device.link,
        aside=_aside(aside), tries=tries, tries_left=max(settings().activation_tries - tries, 0), server_time=now,
    )  # fmt: skip


def _aside(messages: Sequence[InboxMessage]) -> list[AsideOut]:
    return [AsideOut(at=message.received_at, reason=message.reason or "") for message in messages]


def _step(test: DeviceTest | None) -> Step:
    if test is None:
        return Step.READY
    if test.state is TestState.WAITING:
        return Step.WAITING
    if test.state is TestState.FAILED:
        return Step.FAILED
    if test.state is TestState.PASSED:
        return Step.PASSED
    return Step.AT_THE_DESK if test.shown_at else Step.STORED


def _who(test: DeviceTest | None) -> str | None:
    """Who confirmed it, without the login."""
    return test.ended_by.split(" (")[0] if test and test.confirmed_at and test.ended_by else None


def _tries(session: Session, item: InstallationItem) -> int:
    return session.scalar(select(func.count(DeviceTest.id)).where(DeviceTest.item_id == item.id)) or 0
