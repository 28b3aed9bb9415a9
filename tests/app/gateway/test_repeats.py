"""A repeat minutes later is told from a new press by the protocol's number or by a time that may be true."""

from datetime import UTC, datetime, timedelta

import pytest

from app.alarms.tables import Alarm
from app.gateway import urgent
from devices.gateway.protocols import WIRES
from devices.gateway.talk import Link
from devices.signals import Message
from tests.app.alarms.story import hear, the_alarm
from tests.app.gateway.house import registered
from tests.conftest import MORNING
from tests.devices.gateway import samples

pytestmark = pytest.mark.usefixtures("database")
LATER = MORNING + timedelta(minutes=5)


def heard(wire: str, frame: bytes, device: str, now: datetime) -> Alarm:
    """As the gateway hands it over."""
    said = WIRES[wire].read(frame, Link(device=device), now)
    meta = {"family": WIRES[wire].FAMILY, "device": device, **({"number": said.number} if said.number else {})}
    message = urgent(Message(f"gateway/{wire}/{device}", frame, qos=1, received_at=now, source="test", meta=meta))
    assert message is not None
    hear(message, now=now)
    return the_alarm()


def test_the_same_bytes_with_a_credible_time_are_the_same_press() -> None:
    registered(samples.WATCH)
    frame = samples.watch_sos(MORNING - timedelta(seconds=3))
    assert heard("3g", frame, samples.WATCH, MORNING).count == 1
    assert heard("3g", frame, samples.WATCH, LATER).count == 1
    assert heard("3g", samples.watch_sos(LATER), samples.WATCH, LATER).count == 2


def test_the_same_bytes_of_a_clock_that_stands_still_are_two_presses() -> None:
    registered(samples.WATCH)
    frame = samples.watch_sos(datetime(2000, 1, 1, tzinfo=UTC))
    assert [heard("3g", frame, samples.WATCH, now).count for now in (MORNING, LATER)] == [1, 2]


def test_the_number_of_the_protocol_tells_while_it_is_not_given_again() -> None:
    registered(samples.IMEI)
    frame = samples.gt06_sos(datetime(2000, 1, 1, tzinfo=UTC), serial=9)
    assert [heard("gt06", frame, samples.IMEI, now).count for now in (MORNING, LATER)] == [1, 1]
    assert heard("gt06", frame, samples.IMEI, LATER + timedelta(minutes=30)).count == 2, "a counter that has restarted"


def test_a_dialler_repeats_with_another_time_and_the_same_sequence() -> None:
    registered(samples.ACCOUNT)
    assert [heard("dc09", samples.dc09_sos(now, 7), samples.ACCOUNT, now).count for now in (MORNING, LATER)] == [1, 1]
    assert heard("dc09", samples.dc09_sos(LATER, 8), samples.ACCOUNT, LATER).count == 2
