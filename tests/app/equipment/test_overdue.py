"""Help buttons nobody has heard for too long: on the technical list with their own clock, and never in the ring."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.alarms.tables import Alarm
from app.db import transaction
from app.equipment import presence, testing, upkeep, upkeep_queries
from app.equipment.clocks import due_after
from app.equipment.rules import DeviceState, Fault
from app.equipment.tables import Device, DeviceFault
from app.equipment.upkeep_rules import Upkeep
from tests.app.alarms.story import hear, press
from tests.cast import TEN, a_device, a_user

pytestmark = pytest.mark.usefixtures("database")
DAY = timedelta(days=1)


def entries() -> list[DeviceFault]:
    with transaction() as session:
        return session.query(DeviceFault).filter_by(kind=Fault.UNTESTED).order_by(DeviceFault.id).all()


def a_button(days: int, **given: Any) -> Device:
    with transaction() as session:
        return a_device(session, tested_at=TEN - days * DAY, **given)


def test_a_button_untested_for_too_long_is_listed_once_with_a_clock_of_its_own_and_rings_nowhere() -> None:
    late = a_button(36)
    a_button(34)
    a_button(90, state=DeviceState.REPAIR)
    a_button(90, model="yl-smoke")
    for minutes in (0, 1):
        presence.tidy(TEN + timedelta(minutes=minutes))
    (found,) = entries()
    assert (found.device_id, found.state, found.since) == (late.id, Upkeep.WAITING, TEN)
    assert found.due_at == TEN + due_after(Fault.UNTESTED)
    with transaction() as session:
        assert session.query(Alarm).count() == 0
        counted = upkeep_queries.counts(session, me=0, now=found.due_at + DAY)
    assert (counted.by_kind, counted.overdue) == ({Fault.UNTESTED: 1}, 1)


def test_an_installation_counts_where_no_test_came_after_it() -> None:
    with transaction() as session:
        a_device(session, installed_at=TEN - 10 * DAY)
        old = a_device(session, installed_at=TEN - 40 * DAY)
    presence.tidy(TEN)
    assert [one.device_id for one in entries()] == [old.id]


def test_a_call_an_operator_has_answered_takes_it_off() -> None:
    late = a_button(50)
    presence.tidy(TEN)
    with transaction() as session:
        testing.came_through(session, late.id, 1, at=TEN, by="赵敏", now=TEN + DAY)
    presence.tidy(TEN + DAY)
    (over,) = entries()
    assert (over.state, over.ended_at) == (Upkeep.OVER, TEN + DAY)


def test_what_is_put_aside_is_told_with_its_reason_its_end_and_by_whom() -> None:
    late = a_button(50)
    presence.tidy(TEN)
    with transaction() as session:
        user = a_user(session)
        one = upkeep.fault(session, entries()[0].id)
        upkeep.shelve(session, one, until=TEN + DAY, reason="先前", by="孙磊", now=TEN)
        upkeep.claim(session, one, user_id=user.id, by="赵敏", now=TEN)
        upkeep.shelve(session, one, until=TEN + 5 * DAY, reason="住院，出院后再试", by="赵敏", now=TEN)
    with transaction() as session:
        (row,) = upkeep_queries.shelved(session)
    assert (row.kind, row.what, row.by) == (Fault.UNTESTED, late.wire_id, "赵敏")
    assert (row.reason, row.until) == ("住院，出院后再试", TEN + 5 * DAY)


def test_a_call_for_help_can_be_put_on_no_shelf() -> None:
    """Every entry of a help button is put aside: its press rings; and the list takes no SOS that could be."""
    late = a_button(50)
    presence.tidy(TEN)
    with transaction() as session:
        one = upkeep.fault(session, entries()[0].id)
        upkeep.shelve(session, one, until=TEN + DAY, reason="住院", by="赵敏", now=TEN)
    hear(press(late.wire_id), now=TEN)
    with transaction() as session:
        assert session.query(Alarm).one().state == "ringing"
    with pytest.raises(IntegrityError, match="ck_device_faults_fault"), transaction() as session:
        session.execute(text("update device_faults set kind = 'sos'"))
