"""From stock to a button that rings: orders, and the installer's test through the real inbox."""

from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.alarms import actions as desk
from app.alarms import queries as queue
from app.alarms import testing as at_the_desk
from app.alarms.rules import OfATest, State, TimerKind, Verdict, VoiceMissing
from app.alarms.tables import Alarm, AlarmTimer
from app.calls.rules import Result, Target
from app.db import transaction
from app.equipment import installing, testing
from app.equipment.installing_rules import Failure, InstallationState
from app.equipment.installing_tables import DeviceTest, Installation, InstallationItem
from app.equipment.rules import DeviceState
from app.errors import Conflict, NotFound, TooMany
from tests.app.alarms.story import alarms, an_operator, hear, press, the_alarm
from tests.app.equipment.story import WIRE, confirmed, device_of, in_stock, ordered, seconds, the_test, under_test
from tests.cast import DISTRICT, a_caregiver, a_device, an_elder
from tests.conftest import MORNING

database = pytest.mark.usefixtures("database")


@database
def test_an_awaited_press_rings_marked_and_puts_the_device_into_service() -> None:
    order_id, item_id = under_test()
    hear(press(WIRE, at=seconds(9), battery=93), now=seconds(10))
    alarm = the_alarm()
    assert (alarm.state, alarm.priority, alarm.test_id is not None) == (State.RINGING, 9, True)
    with transaction() as session:
        kinds = session.scalars(select(AlarmTimer.kind)).all()
        assert TimerKind.CALL_FAMILY not in kinds and TimerKind.RING_LEAD in kinds
        assert device_of(session).state is DeviceState.INSTALLING
    confirmed(at=20)
    with transaction() as session:
        test, device = the_test(session), device_of(session)
        assert (test.received_at, test.stored_at, test.shown_at, test.confirmed_at) == (
            seconds(9), seconds(10), seconds(15), seconds(20),
        )  # fmt: skip
        assert (device.state, device.tested_at, device.elder_id) == (DeviceState.ACTIVE, seconds(20), alarm.elder_id)
        assert session.get_one(Installation, order_id).state is InstallationState.DONE
        assert session.get_one(InstallationItem, item_id).outcome == "proved"
    assert (the_alarm().state, the_alarm().verdict) == (State.CLOSED, Verdict.TEST)


@database
@pytest.mark.parametrize(
    ("second", "at"),
    [
        (press(WIRE, "e2", at=seconds(11)), 12),  # she presses again
        (press(WIRE, "e2", kind="fall", at=seconds(11)), 12),
        (press(WIRE, "e2", kind="other_alarm", at=seconds(11)), 12),
        (press("bedside", "e1", at=seconds(11)), 12),  # another button of hers
    ],
    ids=["again", "fall", "unknown call", "another button"],
)
def test_whatever_else_comes_during_a_test_rings_as_a_real_call(second: Any, at: float) -> None:
    with transaction() as session:
        elder = an_elder(session)
        a_device(session, elder=elder, wire_id="bedside")
    under_test(elder=elder)
    hear(press(WIRE, at=seconds(9)), now=seconds(10))
    hear(second, now=seconds(at))
    with transaction() as session:
        test, real = alarms(session)
        assert (test.test_id is not None, real.test_id, real.state, real.elder_id) == (
            True, None, State.RINGING, elder.id,
        )  # fmt: skip
        assert real.priority <= 2
        due = session.scalars(select(AlarmTimer.kind).where(AlarmTimer.alarm_id == real.id)).all()
        assert TimerKind.CALL_FAMILY in due


@database
def test_the_other_press_of_one_batch_is_a_real_one() -> None:
    under_test()
    hear(press(WIRE, "e1", at=seconds(9)), press(WIRE, "e2", at=seconds(9)), now=seconds(10))
    with transaction() as session:
        assert [alarm.test_id is None for alarm in alarms(session)] == [False, True]


@database
def test_the_same_press_delivered_again_is_no_second_one() -> None:
    under_test()
    for n in range(3):
        hear(press(WIRE, "e1", at=seconds(9 + n), source=f"l{n}"), now=seconds(10 + n))
    assert the_alarm().count == 1


@database
def test_a_press_after_the_confirmation_rings_as_a_real_call() -> None:
    under_test()
    hear(press(WIRE, at=seconds(9)), now=seconds(10))
    confirmed(at=20)
    hear(press(WIRE, "e2", at=seconds(25)), now=seconds(25))
    with transaction() as session:
        test, real = alarms(session)
        assert (test.state, real.state, real.test_id) == (State.CLOSED, State.RINGING, None)


@database
def test_no_test_swallows_what_joins_an_open_call_for_help() -> None:
    """The elder has called already; the new device's press is shown as a test beside it and touches it not."""
    with transaction() as session:
        elder = an_elder(session)
        a_device(session, elder=elder, wire_id="bedside")
    hear(press("bedside", at=seconds(-30)), now=seconds(-30))
    under_test(elder=elder)
    hear(press(WIRE, at=seconds(9)), now=seconds(10))
    with transaction() as session:
        real, test = alarms(session)
        assert (real.count, real.state, test.test_id is not None) == (1, State.RINGING, True)
        assert [row.alarm.id for row in queue.queue(session)] == [real.id, test.id]  # behind every call for help


@database
def test_a_press_outside_the_window_or_out_of_the_past_is_a_real_call() -> None:
    under_test()
    late = seconds(5 * 60 + 1)
    hear(press(WIRE, at=late), now=late)
    assert the_alarm().test_id is None
    with transaction() as session:
        testing.expire(session, the_test(session).id, now=late)
        assert the_test(session).failure is Failure.NO_PRESS


@database
def test_a_device_under_no_test_rings_as_a_real_call_even_while_it_is_being_installed() -> None:
    with transaction() as session:
        in_stock(session)
        made, (item,) = ordered(session)
        installing.arrive(session, made, by="刘洁", now=MORNING)
        installing.place(session, item, WIRE, "颈挂", by="刘洁", now=MORNING)
    hear(press(WIRE, at=seconds(5)), now=seconds(5))
    with transaction() as session:
        (alarm,) = alarms(session)
        assert (alarm.test_id, alarm.elder_id) == (None, made.elder_id)


@database
def test_a_device_that_speaks_must_be_spoken_through() -> None:
    under_test("yl-wall")
    hear(press(WIRE, at=seconds(9)), now=seconds(10))
    with pytest.raises(VoiceMissing):
        confirmed(None)
    confirmed(False)
    with transaction() as session:
        test = the_test(session)
        assert (test.failure, test.voice, device_of(session).state) == (
            Failure.NO_VOICE, False, DeviceState.INSTALLING,
        )  # fmt: skip
        item = session.get_one(InstallationItem, test.item_id)
        installing.test(session, item, by="刘洁", now=seconds(60))
    hear(press(WIRE, "e2", at=seconds(70)), now=seconds(70))
    with transaction() as session:
        me = an_operator(session, name="孙磊")
        at_the_desk.confirm(session, alarms(session)[1].id, voice=True, me=me, now=seconds(80))
        assert device_of(session).state is DeviceState.ACTIVE


@database
def test_an_operator_can_say_that_it_is_no_test() -> None:
    under_test()
    hear(press(WIRE, at=seconds(9)), now=seconds(10))
    with transaction() as session:
        me = an_operator(session)
        (alarm,) = alarms(session)
        desk.claim(session, alarm.id, me=me, now=seconds(12))
        desk.call(session, alarm.id, target=Target.ELDER, result=Result.ANSWERED, me=me, now=seconds(12))
        with pytest.raises(OfATest):
            desk.close(session, alarm.id, Verdict.TEST, me=me, now=seconds(13), note=None)
    with transaction() as session:
        desk.release(session, alarm.id, me=me, now=seconds(13))
        at_the_desk.unmark(session, alarms(session)[0].id, me=me, now=seconds(14))
        alarm = alarms(session)[0]
        assert (alarm.test_id, alarm.state, alarm.priority) == (None, State.RINGING, 1)
        assert the_test(session).failure is Failure.NO_TEST
        waits = select(AlarmTimer.due_at).where(AlarmTimer.kind == TimerKind.CALL_FAMILY, AlarmTimer.round == 3)
        assert session.scalars(waits).all() == [seconds(14 + 90)]
        with pytest.raises(OfATest):
            at_the_desk.confirm(session, alarm.id, voice=None, me=me, now=seconds(15))


@database
def test_what_rings_and_nobody_answers_goes_on_ringing_though_the_test_has_failed() -> None:
    under_test()
    hear(press(WIRE, at=seconds(9)), now=seconds(10))
    late = seconds(9 + 10 * 60 + 1)
    with transaction() as session:
        assert testing.ended(session, now=seconds(60)) == []
        (number,) = testing.ended(session, now=late)
        testing.expire(session, number, now=late)
        testing.expire(session, number, now=late)
        assert (the_test(session).failure, alarms(session)[0].state) == (Failure.NOT_ANSWERED, State.RINGING)
    confirmed(at=700)
    with transaction() as session:
        assert (alarms(session)[0].state, device_of(session).state) == (State.CLOSED, DeviceState.INSTALLING)


@database
def test_the_test_button_of_a_smoke_sensor_rings_while_it_is_tested_and_at_no_other_time() -> None:
    under_test("yl-smoke")
    hear(press(WIRE, "e1", kind="test_report", at=seconds(9)), now=seconds(10))
    assert (the_alarm().kind, the_alarm().test_id is not None) == ("smoke", True)
    hear(press(WIRE, "e2", kind="test_report", at=seconds(20)), now=seconds(20))
    hear(press(WIRE, "e3", kind="smoke", at=seconds(21)), now=seconds(21))
    with transaction() as session:
        assert [alarm.test_id is None for alarm in alarms(session)] == [False, True]


@database
def test_a_sensor_that_calls_nobody_is_proved_by_being_heard() -> None:
    order_id, _ = under_test("yl-motion")
    hear(press(WIRE, kind="activity", at=seconds(9)), now=seconds(10))
    with transaction() as session:
        assert device_of(session).state is DeviceState.ACTIVE
        assert session.get_one(Installation, order_id).state is InstallationState.DONE
        assert alarms(session) == []


@database
def test_a_device_cannot_be_tried_for_ever_and_each_try_ends_the_one_before() -> None:
    _, item_id = under_test()
    with transaction() as session:
        item = session.get_one(InstallationItem, item_id)
        for n in range(9):
            installing.test(session, item, by="刘洁", now=seconds(n + 1))
        with pytest.raises(TooMany):
            installing.test(session, item, by="刘洁", now=seconds(11))
        failures = session.scalars(select(DeviceTest.failure)).all()
        assert (len(failures), failures.count(Failure.ANEW), failures.count(None)) == (10, 9, 1)


@database
def test_only_a_device_out_of_the_stock_and_of_the_ordered_kind_is_put_up() -> None:
    with transaction() as session:
        in_stock(session)
        in_stock(session, "smoke-1", "yl-smoke")
        elsewhere = a_device(session)
        made, (item,) = ordered(session)
        with pytest.raises(Conflict):
            installing.place(session, item, WIRE, "颈挂", by="刘洁", now=MORNING)  # nobody is there yet
        installing.arrive(session, made, by="刘洁", now=MORNING)
        for wire_id, error in (("nobody", NotFound), ("smoke-1", Conflict), (elsewhere.wire_id, Conflict)):
            with pytest.raises(error):
                installing.place(session, item, wire_id, "颈挂", by="刘洁", now=MORNING)
        installing.place(session, item, WIRE, "颈挂", by="刘洁", now=MORNING)
        in_stock(session, "yl-2")
        installing.place(session, item, "yl-2", "左手腕", by="刘洁", now=MORNING)
        assert (device_of(session).state, device_of(session).elder_id) == (DeviceState.IN_STOCK, None)
        assert device_of(session, "yl-2").spot == "左手腕"


@database
def test_an_order_that_fails_takes_down_what_has_not_rung() -> None:
    order_id, _ = under_test()
    with transaction() as session:
        installing.fail(session, installing.get(session, order_id), by="刘洁", now=seconds(60), reason="家里没人")
        device = device_of(session)
        assert (device.state, device.elder_id, device.home_id) == (DeviceState.IN_STOCK, None, None)
        assert the_test(session).failure is Failure.MOVED
        assert session.get_one(Installation, order_id).state is InstallationState.FAILED


@database
def test_somebody_elses_order_is_not_there() -> None:
    with transaction() as session:
        made, (item,) = ordered(session)
        other = a_caregiver(session, name="王芳")
        with pytest.raises(NotFound):
            installing.mine(session, made.id, other.id)
        with pytest.raises(NotFound):
            installing.my_item(session, item.id, other.id)


@database
def test_two_tests_of_one_device_cannot_be_open_at_once() -> None:
    under_test()
    twin = text(
        "insert into device_tests (district_id, division_code, device_id, kind, state, opens, until, to_call)"
        " select district_id, division_code, device_id, kind, state, opens, until, to_call from device_tests"
    )
    with transaction() as session, pytest.raises(IntegrityError, match="uq_device_tests_open"):
        session.execute(twin)


@database
def test_a_marked_alarm_never_counts_among_the_answered_ones() -> None:
    under_test()
    hear(press(WIRE, at=seconds(9)), now=seconds(10))
    with transaction() as session:
        counts = queue.duty_counts(session, DISTRICT, now=seconds(200))
        assert (counts.ringing, counts.open, counts.slowest_seconds) == (0, 0, 0)
        assert session.scalars(select(Alarm.test_id)).one() is not None
