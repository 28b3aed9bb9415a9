"""Test calls: the installer's and the monthly one; a press becomes a test only where nothing else is possible."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from app import calendar
from app.config import settings
from app.db import notice
from app.equipment.installing_rules import (
    PRESSED_BY_HER,
    Armed,
    Failure,
    TestEvent,
    TestKind,
    TestState,
    after_test,
)
from app.equipment.installing_tables import DeviceTest
from app.equipment.rules import DeviceState
from app.equipment.tables import Device, DeviceModel
from app.history import record
from app.messages import actions as messages
from app.messages.rules import Channel, Kind
from app.people.tables import Elder

PLATFORM: Final = "platform"
REMINDED_FROM, REMINDED_UNTIL = time(9), time(19)  # nobody is written to at night
ENDS_AT: Final = time(20)


def move(
    session: Session,
    test: DeviceTest,
    event: TestEvent,
    *,
    by: str,
    now: datetime,
    failure: Failure | None = None,
) -> DeviceTest:
    """The only place that changes a test's state."""
    before, test.state = test.state, after_test(test.state, event)
    if test.state in (TestState.PASSED, TestState.FAILED):
        test.ended_at, test.ended_by, test.failure = now, by, failure
    record(session, test, event, before, test.state, by=by, now=now, reason=failure)
    notice(session, test.district_id, f"devices/{test.device_id}")
    return test


def begin(
    session: Session,
    device: Device,
    kind: TestKind,
    *,
    until: datetime,
    by: str,
    now: datetime,
    item_id: int | None = None,
) -> DeviceTest:
    """Await a press of this device; what was awaited of it before is begun anew."""
    end_open(session, device.id, Failure.ANEW, by=by, now=now)
    test = DeviceTest(
        district_id=device.district_id, division_code=device.division_code, device_id=device.id,
        elder_id=device.elder_id, item_id=item_id, kind=kind, opens=now, until=until,
    )  # fmt: skip
    session.add(test)
    record(session, test, "begin", None, TestState.WAITING, by=by, now=now)
    return test


def open_of(session: Session, device_id: int) -> DeviceTest | None:
    """The test of a device that is not over, locked."""
    return session.scalar(
        select(DeviceTest).where(DeviceTest.device_id == device_id, DeviceTest.ended_at.is_(None)).with_for_update()
    )


def end_open(session: Session, device_id: int, failure: Failure, *, by: str, now: datetime) -> None:
    """What is awaited of a device is awaited no more."""
    if test := open_of(session, device_id):
        move(session, test, TestEvent.FAIL, by=by, now=now, failure=failure)
        session.flush()


# -- the installer's test: called by the inbox ---------------------------------------------------------------------


def armed(session: Session, device_ids: Collection[int]) -> Mapping[int, Armed]:
    """Activation tests that wait for a press of these devices, by device."""
    if not device_ids:
        return {}
    rows = session.execute(
        select(DeviceTest.device_id, DeviceTest.id, DeviceModel.kind, DeviceTest.opens, DeviceTest.until)
        .join(Device, Device.id == DeviceTest.device_id)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(
            DeviceTest.device_id.in_(device_ids), DeviceTest.ended_at.is_(None),
            DeviceTest.state == TestState.WAITING, DeviceTest.kind == TestKind.ACTIVATION,
        )
    )  # fmt: skip
    return {row[0]: Armed(row[1], row[2], row[3], row[4]) for row in rows}


def rung(
    session: Session, test_id: int, *, pressed_at: datetime | None, received_at: datetime, now: datetime
) -> DeviceTest | None:
    """The awaited press is stored; None where it is awaited no more, and a press is a real one."""
    test = session.get_one(DeviceTest, test_id, with_for_update=True, populate_existing=True)
    if test.state is not TestState.WAITING:
        return None
    test.pressed_at, test.received_at, test.stored_at = pressed_at, received_at, now
    return move(session, test, TestEvent.PRESS, by=f"device {test.device_id}", now=now)


# -- the end of a test ---------------------------------------------------------------------------------------------


def confirm(session: Session, test: DeviceTest, *, by: str, now: datetime, voice: bool | None = None) -> DeviceTest:
    """An operator has heard it."""
    test.confirmed_at, test.voice = now, voice
    session.get_one(Device, test.device_id).tested_at = now
    return move(session, test, TestEvent.CONFIRM, by=by, now=now)


def came_through(session: Session, device_id: int, alarm_id: int, *, at: datetime, by: str, now: datetime) -> None:
    """An operator has answered a call of this device: that is as good as a test, and ends one that was announced."""
    session.execute(update(Device).where(Device.id == device_id).values(tested_at=now))
    test = open_of(session, device_id)
    if test and test.kind is TestKind.MONTHLY and test.opens <= at:
        test.alarm_id, test.received_at = alarm_id, at
        confirm(session, test, by=by, now=now)


def ended(session: Session, *, now: datetime) -> Sequence[int]:
    """Tests whose press, or whose confirmation, did not come in time."""
    answered_by = now - timedelta(minutes=settings().activation_answer_minutes)
    return session.scalars(
        select(DeviceTest.id)
        .where(DeviceTest.ended_at.is_(None))
        .where(
            or_(
                (DeviceTest.state == TestState.WAITING) & (DeviceTest.until < now),
                (DeviceTest.state == TestState.RUNG) & (DeviceTest.received_at < answered_by),
            )
        )
        .order_by(DeviceTest.until)
        .limit(1000)
    ).all()


def expire(session: Session, test_id: int, *, now: datetime) -> None:
    """Nothing came, or nobody answered. What rings goes on ringing: only a human ends that."""
    test = session.get_one(DeviceTest, test_id, with_for_update=True, populate_existing=True)
    if test.ended_at is None:
        failure = Failure.NO_PRESS if test.state is TestState.WAITING else Failure.NOT_ANSWERED
        move(session, test, TestEvent.FAIL, by=PLATFORM, now=now, failure=failure)


# -- the monthly test: called by the clock ---------------------------------------------------------------------------


def due(session: Session, *, now: datetime) -> Sequence[int]:
    """Devices whose elder should try them out again, the longest untried first; by day, and so many a day."""
    if not REMINDED_FROM <= calendar.local(now).time() < REMINDED_UNTIL:
        return []
    midnight, _ = calendar.day_bounds(calendar.day_of(now))
    today = (
        select(DeviceTest.district_id, func.count().label("n"))
        .where(DeviceTest.kind == TestKind.MONTHLY, DeviceTest.opens >= midnight)
        .group_by(DeviceTest.district_id)
        .subquery()
    )
    lately = now - timedelta(days=settings().test_window_days)
    asked = select(DeviceTest.id).where(
        DeviceTest.device_id == Device.id, or_(DeviceTest.ended_at.is_(None), DeviceTest.ended_at > lately)
    )
    ranked = (
        select(
            Device.id,
            func.row_number()
            .over(partition_by=Device.district_id, order_by=(Device.tested_at.asc().nulls_first(), Device.id))
            .label("place"),
            func.coalesce(today.c.n, 0).label("n"),
        )
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .outerjoin(today, today.c.district_id == Device.district_id)
        .where(
            Device.state == DeviceState.ACTIVE, DeviceModel.kind.in_(PRESSED_BY_HER), ~asked.exists(),
            or_(Device.tested_at.is_(None), Device.tested_at < now - timedelta(days=settings().test_after_days)),
        )
        .subquery()
    )  # fmt: skip
    return session.scalars(
        select(ranked.c.id)
        .where(ranked.c.place + ranked.c.n <= settings().test_reminders_a_day)
        .order_by(ranked.c.place)
    ).all()


def announce(session: Session, device_id: int, *, now: datetime) -> None:
    """Ask whoever has it to press it in the coming days: by a message, or, where none can be read, by the hotline."""
    device = session.get_one(Device, device_id, with_for_update=True)
    if device.state is not DeviceState.ACTIVE or open_of(session, device_id):
        return
    last_day = calendar.day_of(now) + timedelta(days=settings().test_window_days)
    test = begin(
        session, device, TestKind.MONTHLY, until=calendar.at(last_day, ENDS_AT), by=PLATFORM, now=now
    )  # fmt: skip
    elder = _whose(session, device)
    test.elder_id = elder.id if elder else None
    if elder is None or not _reads_messages(elder.phone) or _was_missed(session, device_id):
        test.to_call = True
        return
    model = session.get_one(DeviceModel, device.model_id)
    spot = f"（{device.spot}）" if device.spot else ""
    values = {"elder": elder.name, "day": f"{last_day.month}月{last_day.day}日", "what": f"{model.name}{spot}"}
    messages.say(
        session, kind=Kind.TEST_CALL, values=values, district_id=device.district_id,
        division_code=device.division_code, key=f"device-test-{test.id}", channel=Channel.SMS, to=elder.phone or "",
        to_whom=elder.name, about=f"device_tests/{test.id}", now=now, elder_id=elder.id,
    )  # fmt: skip


def called(session: Session, test: DeviceTest, *, by: str, now: datetime) -> DeviceTest:
    """The hotline has reminded her by telephone."""
    test.called_at = now
    record(session, test, "called", test.state, test.state, by=by, now=now)
    return test


def _whose(session: Session, device: Device) -> Elder | None:
    """Who wears it, or the only elder of its home."""
    if device.elder_id:
        return session.get_one(Elder, device.elder_id)
    living = session.scalars(
        select(Elder).where(Elder.home_id == device.home_id, Elder.ended_at.is_(None)).limit(2)
    ).all()
    return living[0] if len(living) == 1 else None


def _reads_messages(phone: str | None) -> bool:
    """Whether a number is a mobile one: a landline shows no message."""
    return phone is not None and len(phone) == 11 and phone.startswith("1")


def _was_missed(session: Session, device_id: int) -> bool:
    last = session.scalar(
        select(DeviceTest.failure)
        .where(DeviceTest.device_id == device_id, DeviceTest.ended_at.is_not(None))
        .order_by(DeviceTest.id.desc())
        .limit(1)
    )
    return last is Failure.NO_PRESS
