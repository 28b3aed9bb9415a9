"""Monthly test calls, and which press is a test at all."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.alarms import actions as desk
from app.alarms import queries as queue
from app.alarms.rules import Verdict
from app.calls.rules import Result, Target
from app.db import transaction
from app.equipment import installing_queries, installing_rules, testing
from app.equipment.installing_rules import Armed, InstallationEvent, InstallationState
from app.equipment.installing_tables import DeviceTest
from app.equipment.rules import DeviceKind
from app.errors import IllegalMove
from devices.signals import Kind, Signal
from tests.app.alarms.story import an_operator, hear, press, the_alarm
from tests.app.equipment.story import WIRE, device_of, seconds, the_test
from tests.cast import TEN, a_device, an_elder
from tests.conftest import MORNING

database = pytest.mark.usefixtures("database")


@database
def test_the_untested_are_asked_once_by_message_or_by_telephone_and_never_at_night() -> None:
    with transaction() as session:
        mobile = a_device(session, elder=an_elder(session, phone="13812340001"), tested_at=None, spot="颈挂")
        landline = a_device(session, elder=an_elder(session, phone="05463320001"), tested_at=TEN - timedelta(days=29))
        a_device(session, tested_at=TEN - timedelta(days=3))
        a_device(session, model="yl-smoke")
        assert testing.due(session, now=TEN - timedelta(hours=6)) == []
        assert list(testing.due(session, now=TEN)) == [mobile.id, landline.id]
    for _ in range(2):
        with transaction() as session:
            for number in (mobile.id, landline.id):
                testing.announce(session, number, now=TEN)
    with transaction() as session:
        assert testing.due(session, now=TEN) == []
        asked = session.scalars(select(DeviceTest).order_by(DeviceTest.device_id)).all()
        assert [(test.device_id, test.to_call) for test in asked] == [(mobile.id, False), (landline.id, True)]
        told = session.execute(text("select count(*) from outbox_messages")).scalar_one()
        assert told == 1
        announced = installing_queries.tried_out(session, now=TEN, announced=True)
        assert [row.device_id for row in announced] == [mobile.id, landline.id]
        assert [row.device_id for row in installing_queries.tried_out(session, now=TEN, to_call=True)] == [landline.id]


@database
def test_a_monthly_press_rings_as_a_real_call_and_passes_when_she_was_spoken_to() -> None:
    with transaction() as session:
        device = a_device(session, tested_at=None, wire_id=WIRE)
        testing.announce(session, device.id, now=TEN)
    later = TEN + timedelta(hours=2)
    hear(press(WIRE, at=later), now=later)
    alarm = the_alarm()
    assert (alarm.test_id, alarm.priority) == (None, 1)
    with transaction() as session:
        assert queue.row(session, alarm.id).asked_to_press
        me = an_operator(session)
        desk.claim(session, alarm.id, me=me, now=later)
        desk.call(session, alarm.id, target=Target.ELDER, result=Result.SAFE, me=me, now=later)
        desk.close(session, alarm.id, Verdict.TEST, me=me, now=later, note=None)
        test = the_test(session)
        assert (test.state, test.alarm_id, device_of(session).tested_at) == ("passed", alarm.id, later)


@database
def test_who_did_not_press_is_telephoned_the_next_time() -> None:
    with transaction() as session:
        device = a_device(session, elder=an_elder(session, phone="13812340001"), tested_at=None)
        testing.announce(session, device.id, now=TEN)
        over = TEN + timedelta(days=3, hours=11)
        (number,) = testing.ended(session, now=over)
        testing.expire(session, number, now=over)
        assert testing.due(session, now=over + timedelta(days=1)) == []  # not every day
        again = datetime(2026, 11, 30, 2, tzinfo=UTC)
        assert list(testing.due(session, now=again)) == [device.id]
        testing.announce(session, device.id, now=again)
        assert the_test(session).to_call


# -- rules -----------------------------------------------------------------------------------------------------------


@given(
    said=st.sampled_from(list(Kind)), kind=st.sampled_from(list(DeviceKind)),
    received=st.integers(-1000, 2000), by_clock=st.none() | st.integers(-100_000, 100_000),
)  # fmt: skip
def test_only_the_expected_kind_within_the_window_is_ever_a_test(
    said: Kind, kind: DeviceKind, received: int, by_clock: int | None
) -> None:
    armed = Armed(1, kind, MORNING, seconds(300))
    at = None if by_clock is None else seconds(by_clock)
    is_test = installing_rules.is_the_test(armed, Signal(said, at=at), received_at=seconds(received))
    if is_test:
        assert 0 <= received <= 300 and said in installing_rules.PROOF[kind]
        assert by_clock is None or by_clock >= -120
    elif said in installing_rules.PROOF.get(kind, ()) and 0 <= received <= 300:
        assert by_clock is not None and by_clock < -120
    if said is Kind.FALL:
        assert not is_test or kind is DeviceKind.FALL_SENSOR


def test_a_clock_that_was_never_set_does_not_make_an_old_call_of_a_test() -> None:
    armed = Armed(1, DeviceKind.HELP_BUTTON, MORNING, seconds(300))
    for at, expected in ((datetime(1970, 1, 1, tzinfo=UTC), True), (MORNING - timedelta(hours=3), False)):
        assert installing_rules.is_the_test(armed, Signal(Kind.SOS, at=at), received_at=seconds(5)) is expected
    remembered = Signal(Kind.SOS, at=MORNING, history=True)
    assert not installing_rules.is_the_test(armed, remembered, received_at=seconds(5))


@given(st.lists(st.sampled_from(list(InstallationEvent)), max_size=20))
def test_an_installation_that_is_over_stays_so_and_is_done_only_after_a_test(events: list[InstallationEvent]) -> None:
    state, tested = InstallationState.ORDERED, False
    for event in events:
        try:
            after = installing_rules.installation_after(state, event)
        except IllegalMove:
            continue
        assert state not in (InstallationState.DONE, InstallationState.FAILED, InstallationState.CANCELLED)
        state, tested = after, tested or event is InstallationEvent.TEST
    assert state is not InstallationState.DONE or tested
