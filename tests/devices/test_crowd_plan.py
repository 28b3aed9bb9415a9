"""The crowd's plan comes from its seed, and its words are read by our own codecs."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from devices.codecs import decode
from devices.crowd import rates, spoken
from devices.crowd.plan import first_beats, happenings, people
from devices.crowd.rates import MONTH, PROFILES, SORTS, Profile, Way
from devices.signals import Kind, Message, Signal

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
MONTH_AT_ONCE = Profile("a month in a thousand seconds", MONTH / 1000, (0, 24))


def test_the_same_seed_is_the_same_crowd_and_the_same_life() -> None:
    first, again, other = people(500, seed=7), people(500, seed=7), people(500, seed=8)
    assert first == again != other
    lives = [list(happenings(crowd, PROFILES["day"], 600, seed=7)) for crowd in (first, again)]
    assert lives[0] == lives[1]
    assert first_beats(first, seed=7) == first_beats(again, seed=7)


def test_one_more_stream_disturbs_no_other() -> None:
    crowd = people(5000, seed=7)
    calm = list(happenings(crowd, PROFILES["calm"], 60, seed=7))
    storm = list(happenings(crowd, Profile("", 60, storm=100), 60, seed=7))
    told = [{(found.at, found.person.number, found.kind) for found in events} for events in (calm, storm)]
    assert told[0] < told[1]


def test_a_month_of_life_has_the_rates_of_the_field() -> None:
    crowd = people(8000, seed=7)
    seen = Counter(found.kind for found in happenings(crowd, MONTH_AT_ONCE, 1000, seed=7))
    for kind in (Kind.SOS, Kind.FALL, Kind.INACTIVITY, Kind.LOW_BATTERY):
        expected = sum(person.sort.monthly.get(kind, 0) for person in crowd)
        assert 0.9 * expected < seen[kind] < 1.1 * expected, kind


def test_things_go_wrong_as_often_as_in_the_field() -> None:
    events = list(happenings(people(20_000, seed=7), MONTH_AT_ONCE, 1000, seed=7))
    assert 0.02 < sum(found.copies == 2 for found in events) / len(events) < 0.04
    assert 0.005 < sum(found.held > 0 for found in events) / len(events) < 0.015
    wrong = [found for found in events if found.clock]
    assert 0.003 < len(wrong) / len(events) < 0.007
    assert all(abs(found.clock) > 300 for found in wrong)
    assert 0.0005 < sum(found.late > 3600 for found in events) / len(events) < 0.004


def test_presses_peak_in_the_morning_and_falls_at_night() -> None:
    events = list(happenings(people(20_000, seed=7), MONTH_AT_ONCE, 1000, seed=7))
    hours = {kind: Counter(int(found.at / 1000 * 24) for found in events if found.kind is kind) for kind in Kind}
    assert hours[Kind.SOS][7] > 3 * hours[Kind.SOS][3]
    assert hours[Kind.FALL][3] > 2 * hours[Kind.FALL][12]


def test_a_storm_is_a_thousand_presses_of_a_thousand_people_in_ten_seconds() -> None:
    events = list(happenings(people(5000, seed=7), PROFILES["storm"], 60, seed=7))
    crowded = [found for found in events if 20 <= found.at <= 30 and found.kind is Kind.SOS]
    assert len({found.person.number for found in crowded}) >= 1000
    assert all(first.at <= second.at for first, second in pairwise(events))


def test_the_shares_are_a_whole_fleet_and_every_kind_has_words() -> None:
    assert sum(sort.share for sort in SORTS) == pytest.approx(1)
    assert {sort.way for sort in SORTS} == set(Way)
    assert len(rates.PRESSES) == len(rates.FALLS) == 24


def test_registered_devices_come_first_under_their_own_names() -> None:
    crowd = people(300, seed=7, known=[("pendant-1", "help button"), ("9012345678", "3G watch")])
    assert {person.sort.name for person in crowd if person.wire_id == "pendant-1"} == {"help button"}
    assert {person.sort.name for person in crowd if person.wire_id == "9012345678"} == {"3G watch"}
    assert len({person.wire_id for person in crowd}) == 300


def read(payload: bytes, family: str, topic: str = "", device: str | None = None) -> Signal:
    meta = {"device": device} if device else {}
    [signal] = decode(Message(topic, payload, meta=meta), family)
    return signal


@pytest.mark.parametrize("kind", [Kind.SOS, Kind.FALL, Kind.LOW_BATTERY])
def test_what_a_watch_says_is_read_as_it_was_meant(kind: Kind) -> None:
    signal = read(spoken.watch_alarm("9000000001", kind, AT, battery=64).payload, "gps_watch_3g")
    assert (signal.kind, signal.device, signal.at, signal.battery) == (kind, "9000000001", AT, 64)
    beat = read(spoken.watch_beat("9000000001", steps=1200, battery=64).payload, "gps_watch_3g")
    assert (beat.kind, beat.battery, beat.readings["steps"]) == (Kind.HEARTBEAT, 64, 1200)


@pytest.mark.parametrize("kind", [Kind.SOS, Kind.LOW_BATTERY])
def test_what_a_pendant_and_a_locator_say_is_read_as_it_was_meant(kind: Kind) -> None:
    pendant = read(spoken.gt06_alarm(kind, AT, 7, battery=64).payload, "gt06_tracker", device="869000000000001")
    assert (pendant.kind, pendant.at, pendant.lat, pendant.lon) == (kind, AT, *spoken.PLACE)
    assert "checksum" not in pendant.readings
    locator = read(spoken.jt808_alarm(kind, "016900000126", AT, 7, battery=64).payload, "jt808_terminal")
    assert (locator.kind, locator.device, locator.at, locator.battery) == (kind, "016900000126", AT, 64)


def test_logging_in_and_beating_say_nothing_that_rings() -> None:
    assert decode(Message("", spoken.gt06_login("869000000000001", 1).payload), "gt06_tracker") == []
    assert decode(Message("", spoken.jt808_register("016900000001", 1).payload), "jt808_terminal") == []
    assert read(spoken.gt06_beat(1, battery=64).payload, "gt06_tracker").kind is Kind.BATTERY_OR_STATUS
    assert read(spoken.jt808(spoken.BEAT, "016900000001", 1).payload, "jt808_terminal").kind is Kind.HEARTBEAT


def test_what_goes_over_mqtt_is_read_as_it_was_meant() -> None:
    payload = spoken.care_event("e1", Kind.FALL, AT - timedelta(hours=2), seq=3, battery=64)
    event = read(payload, "care_v1", "care/v1/sim-000001/event")
    assert (event.kind, event.event_id, event.seq, event.battery) == (Kind.FALL, "e1", 3, 64)
    beat = read(spoken.care_beat(AT, battery=64), "care_v1", "care/v1/sim-000001/telemetry")
    assert beat.kind is Kind.HEARTBEAT
    for kind in (Kind.SMOKE, Kind.WATER_LEAK):
        up = spoken.chirpstack_up("00feed0000000001", "e2", kind, AT, count=4, battery=64)
        signal = read(up, "chirpstack_event", "application/crowd/device/00feed0000000001/event/up")
        assert (signal.kind, signal.device, signal.battery) == (kind, "00feed0000000001", 64)
    calm = spoken.chirpstack_up("00feed0000000001", "e3", None, AT, count=5, battery=64)
    signal = read(calm, "chirpstack_event", "application/crowd/device/00feed0000000001/event/up")
    assert signal.kind not in (Kind.SMOKE, Kind.WATER_LEAK)


def test_answers_are_taken_from_the_front_of_what_has_come_and_the_rest_waits() -> None:
    buffer = bytearray(b"[3G*9000000001*0002*LK][3G*9000000001*0002*AL][3G*90")
    assert list(spoken.watch_answers(buffer)) == ["LK", "AL"]
    assert buffer == b"[3G*90"
    answer = spoken.gt06(0x16, b"", 7).payload
    buffer = bytearray(answer + answer[:4])
    assert list(spoken.gt06_answers(buffer)) == [spoken.gt06(0x16, b"", 7).key]
    assert buffer == answer[:4]
    registered = spoken.jt808(spoken.REGISTERED, "016900000126", 1, (7).to_bytes(2) + b"\0" + b"code~1").payload
    assert list(spoken.jt808_answers(bytearray(registered))) == [("0007", b"code~1")]
