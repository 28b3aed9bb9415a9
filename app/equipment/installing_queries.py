"""What desk and phone ask of installations, test calls and loans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.config import settings
from app.equipment.installing_rules import PRESSED_BY_HER, Failure, ItemOutcome, TestKind, TestState
from app.equipment.installing_tables import DeviceLoan, DeviceTest, Installation, InstallationItem
from app.equipment.rules import DeviceKind, DeviceState
from app.equipment.tables import Device, DeviceModel
from app.errors import NotFound
from app.people.tables import Caregiver, Elder, Home

PAGE = 100


@dataclass(frozen=True)
class ItemRow:
    """One device of an order."""

    id: int
    installation_id: int
    model_id: str
    model: str
    kind: DeviceKind
    voice: bool
    worn: bool
    spot: str | None
    replaces: str | None
    lent_until: date | None
    device_id: int | None
    wire_id: str | None
    device_spot: str | None
    outcome: ItemOutcome | None
    reason: str | None


@dataclass(frozen=True)
class InstallationRow:
    """An order with whom it is for and who goes."""

    installation: Installation
    elder: Elder
    home: Home
    installer: str | None
    items: Sequence[ItemRow]


def installations(
    session: Session,
    *,
    open_only: bool = True,
    elder_id: int | None = None,
    installer_id: int | None = None,
    ended_since: datetime | None = None,
) -> Sequence[InstallationRow]:
    """Orders by the beginning of their window; of an installer also those that ended of late."""
    wanted: list[ColumnElement[bool]] = []
    if open_only:
        is_open = Installation.ended_at.is_(None)
        wanted.append(or_(is_open, Installation.ended_at >= ended_since) if ended_since else is_open)
    if elder_id:
        wanted.append(Installation.elder_id == elder_id)
    if installer_id:
        wanted.append(Installation.installer_id == installer_id)
    return _rows(session, *wanted)


def installation(session: Session, installation_id: int) -> InstallationRow:
    """One order; raises NotFound."""
    found = _rows(session, Installation.id == installation_id)
    if not found:
        raise NotFound("There is no such installation.")
    return found[0]


def _rows(session: Session, *wanted: ColumnElement[bool]) -> Sequence[InstallationRow]:
    rows = session.execute(
        select(Installation, Elder, Home, Caregiver.name)
        .join(Elder, Elder.id == Installation.elder_id)
        .join(Home, Home.id == Installation.home_id)
        .outerjoin(Caregiver, Caregiver.id == Installation.installer_id)
        .where(*wanted)
        .order_by(Installation.opens, Installation.id)
        .limit(PAGE)
    ).all()
    items: dict[int, list[ItemRow]] = {}
    for item in _items(session, [row[0].id for row in rows]):
        items.setdefault(item.installation_id, []).append(item)
    return [InstallationRow(row[0], row[1], row[2], row[3], items.get(row[0].id, [])) for row in rows]


def _items(session: Session, installation_ids: Sequence[int]) -> Sequence[ItemRow]:
    old = aliased(Device)
    rows = session.execute(
        select(
            InstallationItem.id, InstallationItem.installation_id, InstallationItem.model_id, DeviceModel.name,
            DeviceModel.kind, DeviceModel.voice, DeviceModel.worn, InstallationItem.spot, old.wire_id,
            InstallationItem.lent_until, InstallationItem.device_id, Device.wire_id, Device.spot,
            InstallationItem.outcome, InstallationItem.reason,
        )
        .join(DeviceModel, DeviceModel.id == InstallationItem.model_id)
        .outerjoin(Device, Device.id == InstallationItem.device_id)
        .outerjoin(old, old.id == InstallationItem.replaces_id)
        .where(InstallationItem.installation_id.in_(installation_ids))
        .order_by(InstallationItem.id)
    )  # fmt: skip
    return [ItemRow(*list(row)) for row in rows]


@dataclass(frozen=True)
class InstallerRow:
    """Somebody who can be sent, and how many orders wait for them."""

    id: int
    name: str
    responder: bool
    open: int


def installers(session: Session, district_id: int) -> Sequence[InstallerRow]:
    """Everybody with a phone in their hand: caregivers and responders, the least burdened first."""
    waiting = func.count(Installation.id)
    rows = session.execute(
        select(Caregiver.id, Caregiver.name, Caregiver.responder, waiting)
        .outerjoin(Installation, (Installation.installer_id == Caregiver.id) & Installation.ended_at.is_(None))
        .where(Caregiver.district_id == district_id, Caregiver.ended_at.is_(None))
        .group_by(Caregiver.id)
        .order_by(waiting, Caregiver.responder.desc(), Caregiver.name, Caregiver.id)
    )
    return [InstallerRow(*row) for row in rows]


# -- tests -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TestRow:
    """A device that an elder tries out, and how it stands with that."""

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


def _pressable() -> tuple[ColumnElement[bool], ...]:
    return Device.state == DeviceState.ACTIVE, DeviceModel.kind.in_(PRESSED_BY_HER)


def _untested(now: datetime) -> ColumnElement[bool]:
    return or_(Device.tested_at.is_(None), Device.tested_at < now - timedelta(days=settings().test_overdue_days))


def tried_out(
    session: Session,
    *,
    now: datetime,
    overdue: bool = False,
    to_call: bool = False,
    announced: bool = False,
    after: int = 0,
) -> Sequence[TestRow]:
    """Devices an elder can try out, with the last test of each; the untested, those announced or to telephone about."""
    last = (
        select(DeviceTest)
        .where(DeviceTest.device_id == Device.id)
        .order_by(DeviceTest.id.desc())
        .limit(1)
        .lateral()
    )  # fmt: skip
    test = aliased(DeviceTest, last)
    statement = (
        select(
            Device.id, Device.wire_id, DeviceModel.kind, DeviceModel.name, Device.spot,
            func.coalesce(Device.elder_id, test.elder_id), Elder.name, Elder.phone, Home.estate, Device.installed_at,
            Device.tested_at, test.id, test.kind, test.state, test.until, test.to_call, test.called_at, test.failure,
        )
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .outerjoin(test, func.coalesce(True))
        .outerjoin(Elder, Elder.id == func.coalesce(Device.elder_id, test.elder_id))
        .outerjoin(Home, Home.id == Device.home_id)
        .where(*_pressable(), Device.id > after)
        .order_by(Device.id)
        .limit(PAGE)
    )  # fmt: skip
    if overdue:
        statement = statement.where(_untested(now))
    if announced:
        statement = statement.where(test.kind == TestKind.MONTHLY, test.state == TestState.WAITING)
    if to_call:
        statement = statement.where(
            test.state == TestState.WAITING, test.to_call, test.called_at.is_(None)
        )  # fmt: skip
    return [TestRow(*list(row)) for row in session.execute(statement)]


@dataclass(frozen=True)
class TestFigures:
    """How many devices are known to ring through."""

    devices: int
    tested: int
    overdue: int
    waiting: int
    to_call: int
    median_seconds: float | None  # of the installations of the last 35 days: received to shown at the desk


def figures(session: Session, *, now: datetime) -> TestFigures:
    """Of the area the caller sees."""
    devices, overdue = session.execute(
        select(func.count(), func.count().filter(_untested(now)))
        .select_from(Device)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(*_pressable())
    ).one()
    monthly = (DeviceTest.kind == TestKind.MONTHLY) & (DeviceTest.state == TestState.WAITING)
    waiting, to_call = session.execute(
        select(func.count(), func.count().filter(DeviceTest.to_call, DeviceTest.called_at.is_(None))).where(monthly)
    ).one()
    since = now - timedelta(days=settings().test_overdue_days)
    seconds = func.extract("epoch", DeviceTest.shown_at - DeviceTest.received_at)
    median = session.scalar(
        select(func.percentile_cont(0.5).within_group(seconds)).where(
            DeviceTest.kind == TestKind.ACTIVATION, DeviceTest.shown_at >= since
        )
    )
    return TestFigures(devices, devices - overdue, overdue, waiting, to_call, None if median is None else float(median))


def get_test(session: Session, test_id: int) -> DeviceTest:
    """One test, locked; raises NotFound."""
    found = session.get(DeviceTest, test_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such test.")
    return found


def last_test(session: Session, item_id: int) -> DeviceTest | None:
    """The latest try of one device of an order."""
    return session.scalar(
        select(DeviceTest).where(DeviceTest.item_id == item_id).order_by(DeviceTest.id.desc()).limit(1)
    )


# -- loans -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LoanRow:
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


def loans(session: Session) -> Sequence[LoanRow]:
    """What is out, the first due first."""
    rows = session.execute(
        select(
            DeviceLoan.id, DeviceLoan.device_id, Device.wire_id, DeviceModel.kind, DeviceModel.name,
            DeviceLoan.elder_id, Elder.name, Home.estate, DeviceLoan.lent_at, DeviceLoan.due_on,
        )
        .join(Device, Device.id == DeviceLoan.device_id)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .join(Elder, Elder.id == DeviceLoan.elder_id)
        .join(Home, Home.id == Elder.home_id)
        .where(DeviceLoan.ended_at.is_(None))
        .order_by(DeviceLoan.due_on, DeviceLoan.id)
        .limit(500)
    )  # fmt: skip
    return [LoanRow(*list(row)) for row in rows]


def loan(session: Session, loan_id: int) -> DeviceLoan:
    """One loan, locked; raises NotFound."""
    found = session.get(DeviceLoan, loan_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such loan.")
    return found
