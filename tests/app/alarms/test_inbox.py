"""From messages on the wire to one open alarm."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text

from app.alarms import inbox, log, proving
from app.alarms.rules import AlarmKind, Outcome, State
from app.alarms.tables import Alarm, SignalRow
from app.db import transaction
from app.equipment import queries as register
from app.equipment.rules import Fault, Link
from app.equipment.tables import Device
from devices.signals import Message
from tests.app.alarms.story import alarms, hear, messages, press, the_alarm, zigbee
from tests.cast import a_device, a_home, an_elder
from tests.conftest import MORNING
from tests.devices.conftest import until

pytestmark = pytest.mark.usefixtures("database")


def seconds(n: float) -> datetime:
    return MORNING + timedelta(seconds=n)


def pendant(**given: Any) -> Device:
    with transaction() as session:
        return a_device(session, **given)


def test_a_press_is_one_ringing_alarm_of_its_elder_and_the_device_hears_that_it_is_stored(notices: list[str]) -> None:
    device = pendant()
    (ack,) = hear(press(device.wire_id, "e1", battery=81), now=MORNING)
    alarm = the_alarm()
    assert (alarm.elder_id, alarm.kind, alarm.state, alarm.count) == (device.elder_id, AlarmKind.SOS, State.RINGING, 1)
    assert (ack.device, ack.event_id, ack.stored_at) == (device.wire_id, "e1", MORNING)
    assert f"alarms/{alarm.id}" in notices
    with transaction() as session:
        assert session.get_one(Device, device.id).battery == 81


def test_the_same_event_again_is_the_same_press_and_is_acknowledged_again() -> None:
    device = pendant()
    hear(press(device.wire_id, "e1"), now=MORNING)
    (ack,) = hear(press(device.wire_id, "e1"), press(device.wire_id, "e1", source="l2"), now=seconds(60))[:1]
    assert the_alarm().count == 1 and ack.stored_at == MORNING and len(messages()) == 1


def test_a_counter_that_restarts_with_a_new_battery_is_a_new_press() -> None:
    device = pendant()
    hear(press(device.wire_id, "1", seq=1, battery=3), now=MORNING)
    hear(press(device.wire_id, "1", seq=1, battery=99), now=seconds(3600))
    assert the_alarm().count == 2


def test_a_counter_that_restarts_is_seen_in_the_log() -> None:
    device = pendant()
    hear(press(device.wire_id, "1", battery=3), now=MORNING)
    hear(press(device.wire_id, "1", battery=99), now=seconds(3600))
    with transaction() as session:
        lines = log.of(session, session.get_one(Alarm, the_alarm().id))
    assert [line.facts.get("number_again") for line in lines] == [None, True]


def test_one_message_that_cannot_be_stored_sinks_no_other_of_its_batch_and_still_rings(parts: Engine) -> None:
    devices = [pendant() for _ in range(7)]
    events = [press(device.wire_id, f"e{n}") for n, device in enumerate(devices)]
    with parts.begin() as owner:
        owner.execute(text("alter table signals add constraint picky check (event_id <> 'e4')"))
    try:
        acks = hear(*events, now=MORNING)
    finally:
        with parts.begin() as owner:
            owner.execute(text("alter table signals drop constraint picky"))
    assert [(ack.device, ack.event_id) for ack in acks] == [(d.wire_id, f"e{n}") for n, d in enumerate(devices)]
    with transaction() as session:
        assert [(a.device_id, a.kind, a.count) for a in alarms(session)] == [(d.id, AlarmKind.SOS, 1) for d in devices]
        assert list(proving.verify(session)) == []
    aside = [m for m in messages() if m.outcome is Outcome.SET_ASIDE]
    assert len(messages()) == 7 and [m.topic for m in aside] == [events[4].topic]
    assert len(hear(*events, now=seconds(30))) == 7 and len(messages()) == 7


def test_what_was_committed_and_not_heard_of_is_stored_once_also_without_a_number() -> None:
    pendant(model="z2m-button", wire_id="bedside")
    message = zigbee("bedside", at=MORNING, action="emergency")
    hear(message, now=MORNING)
    hear(message, zigbee("bedside", at=seconds(9), action="emergency"), now=seconds(9))
    assert (the_alarm().count, len(messages())) == (2, 2)


def test_calls_for_help_are_committed_before_upkeep_and_do_not_wait_for_its_turn(parts: Engine) -> None:
    device, other = pendant(), pendant()
    upkeep, call = press(other.wire_id, "u1", kind="low_battery"), press(device.wire_id, "e1")
    assert inbox.can_wait(upkeep) and not inbox.can_wait(call)
    with parts.connect() as owner, ThreadPoolExecutor(1) as pool:
        owner.execute(select(func.pg_advisory_lock(inbox.TURN_OF_UPKEEP)))
        both = pool.submit(inbox.receive, [upkeep, call])
        until(rung)
        assert not both.done()
        owner.execute(select(func.pg_advisory_unlock(inbox.TURN_OF_UPKEEP)))
        assert {ack.event_id for ack in both.result(20)} == {"u1", "e1"}


def rung() -> bool:
    with transaction() as session:
        return bool(alarms(session))


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[]", b"\xff", b'{"kind": ["sos"]}', b'{"kind": "sos", "x": "heartbeat"}']
)
def test_in_doubt_an_event_does_not_wait(payload: bytes) -> None:
    assert not inbox.can_wait(Message("care/v1/anna/event", payload))


def test_fifty_presses_at_once_heard_by_both_listeners_are_one_alarm_with_count_fifty() -> None:
    device, neighbour = pendant(), pendant()

    def listener(name: str) -> list[Message]:
        presses = [press(device.wire_id, f"e{n}", source=name) for n in range(50)]
        return [*presses, press(neighbour.wire_id, "n1", source=name)]

    batches = [listener(name)[i : i + 7] for i in range(0, 51, 7) for name in ("l1", "l2")]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(inbox.receive, batches))
    with transaction() as session:
        found = {alarm.elder_id: alarm.count for alarm in alarms(session)}
        assert session.scalar(select(func.count()).select_from(SignalRow)) == 51
    assert found == {device.elder_id: 50, neighbour.elder_id: 1}


def test_a_home_with_one_elder_tells_who_it_is_and_one_with_two_does_not() -> None:
    with transaction() as session:
        alone, shared = a_home(session), a_home(session)
        elder = an_elder(session, home=alone)
        an_elder(session, home=shared), an_elder(session, home=shared)
        one = a_device(session, home=alone, model="yl-wall")
        other = a_device(session, home=shared, model="yl-wall")
    hear(press(one.wire_id), press(other.wire_id), now=MORNING)
    with transaction() as session:
        assert [(a.elder_id, a.home_id) for a in alarms(session)] == [(elder.id, alone.id), (None, shared.id)]


def test_a_different_kind_is_a_linked_alarm_of_the_same_elder() -> None:
    device = pendant()
    hear(press(device.wire_id, "e1"), press(device.wire_id, "e2", kind="smoke"), now=MORNING)
    with transaction() as session:
        sos, smoke = alarms(session)
    assert smoke.linked_id == sos.id and smoke.elder_id == sos.elder_id


def test_without_an_id_equal_messages_within_two_seconds_count_once() -> None:
    device = pendant(model="z2m-button", wire_id="bedside")
    for n in (0, 0.4, 1.9, 3.0):
        hear(zigbee("bedside", at=seconds(n), action="emergency", linkquality=round(n * 10)), now=seconds(n))
    hear(Message("zigbee2mqtt/bedside/action", b"emergency", qos=1, received_at=seconds(3.1)), now=seconds(3.1))
    assert (the_alarm().count, the_alarm().elder_id) == (2, device.elder_id)


def test_equal_words_of_two_devices_in_one_instant_are_two_calls_and_the_same_one_again_is_one() -> None:
    with transaction() as session:
        one, other = (a_device(session, home=a_home(session), model="z2m-button", wire_id=w) for w in ("bed", "bath"))
    both = [zigbee(name, at=MORNING, action="emergency") for name in ("bed", "bath", "bed")]
    hear(*both, now=MORNING)
    with transaction() as session:
        assert {(a.device_id, a.home_id, a.count) for a in alarms(session)} == {
            (one.id, one.home_id, 1), (other.id, other.home_id, 1)
        }  # fmt: skip
    assert sorted(m.topic for m in messages()) == ["zigbee2mqtt/bath", "zigbee2mqtt/bed"]


def test_a_device_nobody_registered_rings_when_it_calls_for_help_and_is_set_aside_in_any_case() -> None:
    hear(press("stranger", "e1"), press("stranger", "e2", kind="heartbeat"), now=MORNING)
    alarm = the_alarm()
    assert (alarm.elder_id, alarm.home_id, alarm.wire_id, alarm.subject) == (None, None, "stranger", "wire:stranger")
    assert [m.outcome for m in messages()] == [Outcome.SET_ASIDE] * 2
    hear(press("stranger", "e3"), now=seconds(5))
    assert the_alarm().count == 2


def test_an_unknown_or_unreadable_event_of_a_help_button_rings() -> None:
    device, other = pendant(), pendant()
    hear(press(device.wire_id, "e1", kind="double_squeeze"), now=MORNING)
    hear(Message(f"care/v1/{other.wire_id}/event", b"{", qos=1, received_at=MORNING), now=MORNING)
    with transaction() as session:
        assert {(a.elder_id, a.kind) for a in alarms(session)} == {
            (device.elder_id, AlarmKind.OTHER_ALARM),
            (other.elder_id, AlarmKind.OTHER_ALARM),
        }
    assert [m.outcome for m in messages()] == [Outcome.STORED, Outcome.SET_ASIDE]


def test_what_a_fault_of_ours_keeps_from_being_read_is_set_aside_and_may_still_ring() -> None:
    device = pendant()
    message = press(device.wire_id, "e1")
    inbox.put_aside(message, RuntimeError("a bug"))
    assert [(m.outcome, m.topic) for m in messages()] == [(Outcome.SET_ASIDE, message.topic)]
    assert the_alarm().count == 1, "in doubt whether it is a call for help, it is one"


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"{", b"[]", b'{"id": "x"}', b'{"id": "\\u0000", "kind": "sos"}'])
def test_what_nobody_can_read_is_set_aside_and_the_rest_of_the_batch_is_stored(payload: bytes) -> None:
    device = pendant()
    poison = Message("care/v1/thermometer/event", payload, qos=1)
    hear(poison, press(device.wire_id), Message("nobody/knows", b"\0", qos=1), now=MORNING)
    assert the_alarm().count == 1
    aside = [m for m in messages() if m.outcome is Outcome.SET_ASIDE]
    assert len(aside) == 2 and all(m.reason for m in aside)


def test_a_retained_call_is_shown_as_set_aside_and_raises_nothing() -> None:
    device = pendant()
    old, link = press(device.wire_id), Message(f"care/v1/{device.wire_id}/status", b"online", qos=1, retained=True)
    hear(Message(old.topic, old.payload, qos=1, retained=True), link, now=MORNING)
    with transaction() as session:
        assert alarms(session) == []
    assert [m.outcome for m in messages()] == [Outcome.SET_ASIDE, Outcome.RETAINED]
    assert "retained" in (messages()[0].reason or "")


@pytest.mark.parametrize("years", [-10, 0.003])
def test_a_device_clock_that_is_off_is_flagged_and_decides_nothing(years: float) -> None:
    device = pendant()
    at = MORNING + timedelta(days=years * 365)
    body = {"id": "e9", "kind": "fall", "at": at.isoformat()}
    hear(Message(f"care/v1/{device.wire_id}/event", json.dumps(body).encode(), qos=1), now=seconds(2))
    with transaction() as session:
        fall = session.scalars(select(Alarm).where(Alarm.kind == AlarmKind.FALL)).one()
    assert (
        fall.raised_at == seconds(2)
        and fall.device_at == at
        and fall.clock_off == round((at - seconds(2)).total_seconds())
    )


def test_upkeep_never_rings_and_goes_to_the_technical_list() -> None:
    device = pendant()
    kinds = ("low_battery", "tamper", "heartbeat", "status", "test_report", "vitals", "history_record")
    hear(*(press(device.wire_id, kind, kind=kind, battery=9) for kind in kinds), now=MORNING)
    with transaction() as session:
        assert alarms(session) == []
        (row,) = register.register(session, faulty=True)
    assert set(row.faults) == {Fault.LOW_BATTERY, Fault.TAMPER}


def test_the_last_will_marks_the_link_and_a_word_from_the_device_ends_its_silence() -> None:
    device = pendant()
    topic = f"care/v1/{device.wire_id}/status"
    hear(Message(topic, b"online", qos=1, received_at=MORNING), now=MORNING)
    hear(Message(topic, b"offline", qos=1, received_at=seconds(9)), now=seconds(9))
    with transaction() as session:
        (row,) = register.register(session)
    assert (row.link, row.faults, row.last_seen_at) == (Link.OFFLINE, [Fault.OFFLINE], MORNING)
    hear(Message(topic, b"online", qos=1, received_at=seconds(20)), now=seconds(20))
    with transaction() as session:
        (row,) = register.register(session)
    assert (row.link, row.faults) == (Link.ONLINE, [])


def test_a_database_that_is_down_is_raised_and_nothing_is_acknowledged(parts: Engine) -> None:
    device = pendant()
    with parts.begin() as owner:
        owner.execute(text("alter table inbox_messages rename to away"))
    try:
        with pytest.raises(Exception, match="inbox_messages"):
            inbox.receive([press(device.wire_id)])
    finally:
        with parts.begin() as owner:
            owner.execute(text("alter table away rename to inbox_messages"))
    with transaction() as session:
        assert alarms(session) == []
    assert inbox.receive([press(device.wire_id)])


def test_readings_are_kept_and_sealed(database: Engine) -> None:
    device = pendant(model="yl-watch")
    hear(press(device.wire_id, "v1", kind="vitals", readings={"pulse": 131}), now=MORNING)
    with database.connect() as connection:
        (sealed,) = connection.execute(text("select measured from readings")).one()
    assert "131" not in sealed


def test_an_sos_without_a_fix_has_no_place_and_still_rings() -> None:
    device = pendant(model="yl-watch")
    hear(press(device.wire_id, lat=0, lon=0, battery=0), now=MORNING)
    assert the_alarm().place is None


def test_recorded_zigbee_frames_ring_where_they_call_for_help_and_nowhere_else(shared: Path) -> None:
    lines = (shared / "devices" / "corpus.jsonl").read_text().splitlines()
    frames = [frame for frame in map(json.loads, lines) if frame["family"] == "zigbee2mqtt"]
    calls = {"sos", "smoke", "water_leak"}
    for n, frame in enumerate(frames):
        with transaction() as session:
            name = frame["topic"].removesuffix("/action").rpartition("/")[2]
            if name not in register.known(session, [name]):
                a_device(session, wire_id=name, model="z2m-water")
            before = sum(alarm.count for alarm in alarms(session))
        now = seconds(60 * n)
        message = Message(frame["topic"], frame["payload"].encode(), qos=1, received_at=now, source="bridges")
        hear(replace(message, meta={"family": "zigbee2mqtt"}), now=now)
        with transaction() as session:
            rang = sum(alarm.count for alarm in alarms(session)) - before
        assert rang == (frame["canonical"] in calls), frame["id"]
    assert len(frames) > 15
