"""Silence, links, what is worn: who should have been heard, found by one statement and told to the technical list."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.alarms import deafness, pulse
from app.alarms.tables import Alarm
from app.db import transaction
from app.equipment import outages as shared
from app.equipment import presence, queries, saying, upkeep_queries
from app.equipment.rules import WORN_HEARTBEAT, DeviceState, Fault, Link
from app.equipment.tables import DeafTime, Device, DeviceDay, DeviceFault, DeviceModel, Outage
from app.equipment.upkeep_rules import Group, Shared, Upkeep, explained
from app.people.tables import Home
from devices.signals import Message
from tests.app.alarms.story import hear, press, zigbee
from tests.cast import COMMUNITY, DISTRICT, OTHER_COMMUNITY, a_device, a_division, a_home
from tests.conftest import MORNING

database = pytest.mark.usefixtures("database")
SILENCE = timedelta(seconds=2 * WORN_HEARTBEAT + 60)
SECOND = timedelta(seconds=1)


def watched(**given: Any) -> Device:
    """A pendant that was heard at MORNING."""
    with transaction() as session:
        values = {"last_seen_at": MORNING, "look_at": MORNING + SILENCE} | given
        return a_device(session, **values)


def the_faults(*, still: bool = False) -> list[tuple[int, Fault]]:
    """What is or was wrong."""
    with transaction() as session:
        rows = session.query(DeviceFault).order_by(DeviceFault.id).all()
        return [(row.device_id, row.kind) for row in rows if not still or row.ended_at is None]


@database
def test_a_device_that_is_heard_is_looked_at_once_in_its_promise_and_not_with_every_word() -> None:
    device = watched()
    for n in range(1, 5):
        hear(press(device.wire_id, f"h{n}", kind="heartbeat"), now=MORNING + timedelta(minutes=10 * n))
    with transaction() as session:
        assert session.get_one(Device, device.id).look_at == MORNING + SILENCE, "an index is not written for a word"
        assert presence.look(session, now=MORNING + SILENCE) == (1, [])
        session.expire_all()
        due = MORNING + timedelta(minutes=40) + SILENCE
        assert session.get_one(Device, device.id).look_at == due
        assert presence.look(session, now=due - SECOND) == (0, [])
        assert presence.look(session, now=due) == (1, [(DISTRICT, device.id)])
        assert presence.look(session, now=due + SILENCE) == (0, []), "it is on the list, and looked at no more"


@database
def test_a_silence_is_on_the_list_from_its_flag_counts_from_the_last_word_and_ends_with_the_next() -> None:
    device = watched(battery=61)
    assert presence.watch(MORNING + SILENCE) == 1
    with transaction() as session:
        (fault,) = session.query(DeviceFault).all()
        assert (fault.since, fault.lost_at, fault.battery) == (MORNING + SILENCE, MORNING, 61)
    again = MORNING + timedelta(hours=5)
    hear(press(device.wire_id, "e2", kind="heartbeat"), now=again)
    with transaction() as session:
        (fault,) = session.query(DeviceFault).all()
        assert (fault.ended_at, fault.state) == (again, Upkeep.OVER)
        assert session.get_one(Device, device.id).look_at == again + SILENCE, "it is watched again"


@database
def test_a_model_may_promise_another_silence_and_a_changed_promise_is_kept_at_once() -> None:
    device = watched(model="yl-watch")
    with transaction() as session:
        session.execute(update(DeviceModel).where(DeviceModel.id == "yl-watch").values(silence_seconds=3600 * 9))
        assert presence.look(session, now=MORNING + SILENCE) == (1, []), "nine hours are allowed now"
        session.execute(update(DeviceModel).where(DeviceModel.id == "yl-watch").values(silence_seconds=1900))
        presence.silence_of(session, "yl-watch", now=MORNING + SILENCE)
        assert presence.look(session, now=MORNING + SILENCE)[1] == [(DISTRICT, device.id)]


@database
@pytest.mark.parametrize("state", [DeviceState.RETIRED, DeviceState.IN_STOCK])
def test_what_is_not_in_use_may_be_silent(state: DeviceState) -> None:
    watched(state=state)
    assert presence.watch(MORNING + timedelta(days=2)) == 0


@database
def test_nothing_of_this_rings() -> None:
    one, other = watched(), watched()
    presence.watch(MORNING + SILENCE)
    later = MORNING + 2 * SILENCE
    hear(press(one.wire_id, "x", kind="tamper", battery=3, readings={"worn": False}), now=later)
    presence.tidy(later + timedelta(days=2))
    assert {kind for _, kind in the_faults()} == {Fault.SILENT, Fault.TAMPER, Fault.LOW_BATTERY, Fault.NOT_WORN}
    with transaction() as session:
        assert session.query(Alarm).count() == 0 and other.id


@database
def test_time_in_which_the_platform_was_deaf_is_not_held_against_a_device() -> None:
    device = watched()
    with transaction() as session:
        presence.deaf(session, MORNING + timedelta(minutes=20), why="listener")
    assert presence.watch(MORNING + SILENCE + SECOND) == 0, "nobody is silent while nobody listens"
    with transaction() as session:
        assert presence.hears_again(session, now=MORNING + timedelta(hours=3)) == timedelta(minutes=160)
    due = MORNING + SILENCE + timedelta(minutes=160)
    assert presence.watch(due - SECOND) == 0
    assert presence.watch(due) == 1 and the_faults() == [(device.id, Fault.SILENT)]


@database
def test_the_platform_is_deaf_while_no_listener_is_well_and_while_there_was_no_clock() -> None:
    def at(seconds: float, *, well: bool = True, since: float = 0, heard: float | None = None) -> list[DeafTime]:
        now = MORNING + timedelta(seconds=seconds)
        with transaction() as session:
            started = (MORNING + timedelta(seconds=since)).isoformat()
            if heard is None or heard == seconds:
                pulse.beat(session, "listener-1", well=well, now=now, since=started)
            deafness.listen(session, now=now)
            pulse.beat(session, "clock", well=True, now=now)
            return session.query(DeafTime).order_by(DeafTime.id).all()

    assert at(0) == [] and at(2) == []
    assert [one.since for one in at(4, well=False)] == [MORNING + timedelta(seconds=4)]
    assert at(6)[0].ended_at == MORNING + timedelta(seconds=6)
    assert len(at(100)) == 1, "the clock was away, the listener was not"
    both = at(200, since=190)
    assert [(one.since, one.why) for one in both[1:]] == [(MORNING + timedelta(seconds=100), "platform")]
    assert len(at(215, heard=0)) == 3, "a listener that says nothing for ten seconds hears nothing"


@database
def test_a_word_after_the_last_will_says_that_the_link_is_back() -> None:
    device = watched()
    status = Message(f"care/v1/{device.wire_id}/status", b"offline", qos=1)
    hear(status, now=MORNING)
    with transaction() as session:
        (fault,) = session.query(DeviceFault).all()
        assert (fault.kind, fault.lost_at) == (Fault.OFFLINE, MORNING)
    hear(press(device.wire_id, "e1", kind="heartbeat", at=MORNING - SECOND), now=MORNING + SECOND)
    assert the_faults(still=True) == [(device.id, Fault.OFFLINE)], "said before the link was lost, and read later"
    hear(press(device.wire_id, "e2", kind="heartbeat"), now=MORNING + timedelta(minutes=1))
    with transaction() as session:
        (row,) = queries.register(session)
        assert (row.link, row.faults) == (Link.ONLINE, [])
        (day,) = session.query(DeviceDay).all()
        assert day.reconnects == 1


@database
def test_a_watch_that_is_taken_off_has_four_hours_and_on_its_charger_eight() -> None:
    one, charging = watched(model="yl-watch"), watched(model="yl-watch")
    hear(press(one.wire_id, "a", kind="vitals", readings={"worn": False}), now=MORNING)
    hear(press(charging.wire_id, "b", kind="heartbeat", readings={"worn": False, "charging": True}), now=MORNING)
    hear(press(one.wire_id, "c", kind="vitals", readings={"worn": False}), now=MORNING + timedelta(hours=3))
    for hours, listed in ((3.9, []), (4.1, [one.id]), (8.1, [one.id, charging.id])):
        with transaction() as session:
            presence.take_off(session, now=MORNING + timedelta(hours=hours))
        assert [device for device, _ in the_faults()] == listed
    hear(press(one.wire_id, "d", kind="vitals", readings={"worn": True}), now=MORNING + timedelta(hours=9))
    assert the_faults(still=True) == [(charging.id, Fault.NOT_WORN)]


@pytest.mark.parametrize(
    ("said", "worn"),
    [
        ({"worn": True}, True),
        ({"alarm": "removing"}, False),
        ({"sensor_contact": "NOT_DETECTED"}, False),
        ({"sensor_contact": "NOT_SUPPORTED"}, None),
        ({"take_off": 1}, False),
        ({"take_off": False}, True),
        ({"wear_status": "worn"}, True),
        ({"pulse": 70}, None),
        ({"worn": [1]}, None),
    ],
)
def test_makers_say_worn_in_many_ways(said: dict[str, Any], worn: bool | None) -> None:
    assert saying.worn(said) is worn


@database
def test_a_tamper_contact_that_closes_again_ends_its_entry() -> None:
    with transaction() as session:
        device = a_device(session, home=a_home(session), model="z2m-button", wire_id="bedside")
    hear(zigbee("bedside", at=MORNING, tamper=True, battery=80), now=MORNING)
    assert the_faults(still=True) == [(device.id, Fault.TAMPER)]
    hear(zigbee("bedside", at=MORNING + SECOND, tamper=False, battery=80, voltage=2900), now=MORNING + SECOND)
    assert the_faults(still=True) == []
    with transaction() as session:
        found = session.get_one(Device, device.id)
        assert (found.via, found.volts) == ("zigbee2mqtt", 2.9)


@database
def test_a_day_keeps_the_least_and_the_last_level_and_a_word_without_news_writes_nothing() -> None:
    device = watched()
    for n, level in enumerate((71, 70, 72, 72)):
        hear(press(device.wire_id, f"e{n}", kind="heartbeat", battery=level), now=MORNING + n * SECOND)
    with transaction() as session:
        (day,) = session.query(DeviceDay).all()
        assert (day.battery_least, day.battery_last, str(day.day)) == (70, 72, "2026-11-23")


# -- many lost at once ---------------------------------------------------------------------------------------


def street(count: int, *, via: str | None = None, code: str = COMMUNITY, **given: Any) -> list[int]:
    """Pendants of one community, heard at MORNING."""
    with transaction() as session:
        home = session.scalars(select(Home).where(Home.division_code == code)).first() or a_home(
            session, division_code=code
        )
        values = {"last_seen_at": MORNING, "look_at": MORNING + SILENCE, "via": via} | given
        return [a_device(session, home=home, **values).id for _ in range(count)]


def outages() -> list[tuple[Shared, str, int, int]]:
    """Open ones: what is shared, how many there were, how many are missing."""
    with transaction() as session:
        return [(row.shared, row.key, row.members, row.missing) for row in upkeep_queries.outages(session, me=0)]


@database
def test_a_dead_gateway_is_one_entry_that_knows_its_devices_and_ends_when_they_are_back() -> None:
    street(30, last_seen_at=MORNING + SILENCE, look_at=MORNING + 2 * SILENCE)
    lost = street(12, via="gw-7")
    assert presence.watch(MORNING + SILENCE) == 12
    assert outages() == [(Shared.GATEWAY, "gw-7", 12, 12)]
    with transaction() as session:
        assert upkeep_queries.waiting(session, me=0) == [], "one entry instead of twelve"
        (outage,) = session.query(Outage).all()
        assert (outage.since, outage.division_code) == (MORNING, COMMUNITY)
        assert [row.device_id for row in upkeep_queries.members(session, outage.id)] == lost
        wires = {device.id: device.wire_id for device in session.query(Device).filter(Device.id.in_(lost))}
    back = MORNING + 2 * SILENCE
    for number in lost[:-1]:
        hear(press(wires[number], "back", kind="heartbeat"), now=back)
    with transaction() as session:
        shared.settle(session, now=back)
    assert outages() == []
    with transaction() as session:
        assert [row.device_id for row in upkeep_queries.waiting(session, me=0)] == lost[-1:], (
            "this one is a case of its own"
        )


@database
def test_a_few_silent_ones_among_many_that_speak_stay_entries_of_their_own() -> None:
    street(60, last_seen_at=MORNING + SILENCE, look_at=MORNING + 2 * SILENCE)
    street(11)
    presence.watch(MORNING + SILENCE)
    assert outages() == [] and len(the_faults()) == 11


@database
def test_a_carrier_that_fails_takes_its_watches_off_and_leaves_the_rest_of_the_street() -> None:
    with transaction() as session:
        a_division(session, OTHER_COMMUNITY)
    for code in (COMMUNITY, OTHER_COMMUNITY):
        street(30, code=code, last_seen_at=MORNING + SILENCE, look_at=MORNING + 2 * SILENCE)
        street(12, code=code)
    with transaction() as session:
        some = session.scalars(select(Device.id).where(Device.last_seen_at == MORNING)).all()
        other = session.scalars(select(DeviceModel.id).where(DeviceModel.family == "gps_watch_3g").limit(1)).one()
        session.execute(update(Device).where(Device.id.in_(some)).values(model_id=other, look_at=MORNING))
        session.execute(update(DeviceModel).where(DeviceModel.id == other).values(silence_seconds=3600))
    presence.watch(MORNING + SILENCE)
    assert outages() == [(Shared.PROTOCOL, "gps_watch_3g", 24, 24)]


def test_the_fewest_groups_explain_the_losses() -> None:
    def group(shared: Shared, key: str, lost: range, speaking: int = 0) -> Group:
        return Group(1, shared, key, frozenset(lost), speaking)

    district = group(Shared.DISTRICT, "d", range(400), speaking=900)
    gateway, same = group(Shared.GATEWAY, "gw", range(312)), group(Shared.COMMUNITY, "c", range(312))
    street_ = group(Shared.STREET, "s", range(300, 400))
    found = explained([district, same, gateway, street_])
    assert [(one.key, len(members)) for one, members in found] == [("gw", 312), ("s", 88)]
    assert explained([group(Shared.GATEWAY, "gw", range(4))]) == []
    assert [one.key for one, _ in explained([group(Shared.DISTRICT, "d", range(500)), gateway])] == ["d"]


def at(hours: float) -> datetime:
    return MORNING + timedelta(hours=hours)


@database
def test_lost_links_of_a_whole_community_are_one_entry_too() -> None:
    ids = street(25, last_seen_at=MORNING)
    with transaction() as session:
        wires = session.scalars(select(Device.wire_id).where(Device.id.in_(ids))).all()
    gone, now = json.dumps({"status": "offline"}).encode(), at(0.1)
    wills = [Message(f"care/v1/{one}/status", gone, received_at=now + n * SECOND) for n, one in enumerate(wires)]
    hear(*wills, now=now)
    presence.tidy(now)
    assert [(one, count) for one, _, count, _ in outages()] == [(Shared.PROTOCOL, 25)]
