"""Frames built to hurt: lengths that lie, frames cut at every byte or grown together, JSON no database can hold."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.codecs import CODECS, decode
from devices.codecs.reading import DEEPEST
from devices.decode import message_of
from devices.signals import BadPayload, Kind, Message
from tests.devices.test_codecs import check, frames

JSON_TOPICS = {
    "care_v1": "care/v1/a/event",
    "zigbee2mqtt": "zigbee2mqtt/a",
    "tasmota": "tele/a/SENSOR",
    "shelly": "a/events/rpc",
    "thingsboard": "v1/gateway/telemetry",
    "chirpstack_event": "application/1/device/a/event/up",
    "ble_theengs": "home/g/BTtoMQTT/a",
}
NEVER_STORED = [
    '{"sos": ' + "[" * (DEEPEST + 2) + "]" * (DEEPEST + 2) + "}",
    '{"sos": true, "battery": NaN}',
    '{"sos": true, "battery": -Infinity}',
    '{"sos": true, "battery": 1e999}',
    '{"sos": true, "seq": ' + "9" * 400 + "}",
    '{"sos": true, "name": "\\ud800"}',
    '{"sos": true, "\\udfff": 1}',
    '{"sos": true, "name": "\\u0000"}',
    '{"sos": true',
    "",
]
BYTES = [family for family in CODECS if family.startswith(("lorawan", "ble_bthome", "ble_xiaomi", "ble_gatt"))]


@pytest.mark.parametrize("family", JSON_TOPICS)
@pytest.mark.parametrize("payload", NEVER_STORED, ids=range(len(NEVER_STORED)))
def test_json_that_no_database_can_hold_is_refused_with_a_reason(family: str, payload: str) -> None:
    with pytest.raises(BadPayload) as refusal:
        decode(Message(JSON_TOPICS[family], payload.encode()), family)
    assert refusal.value.reason


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("family", JSON_TOPICS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_frame_whose_fields_are_of_another_kind_is_signals_or_a_bad_payload(family: str, data: Any) -> None:
    """Every place in a true frame, however deep, may hold anything."""
    frame = data.draw(st.sampled_from([f for f in frames(family) if "refused" not in f and f["payload"][:1] == "{"]))
    fields = json.loads(frame["payload"])
    for _ in range(data.draw(st.integers(1, 3))):
        place: Any = fields
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and data.draw(st.booleans()):
                place = place[key]
                continue
            place[key] = data.draw(VALUES)
            break
    check(message_of({**frame, "payload": json.dumps(fields)}), family)


@pytest.mark.parametrize("family", BYTES)
def test_a_frame_cut_at_any_byte_is_no_call_that_the_whole_was_not(family: str) -> None:
    for frame in frames(family):
        if "refused" in frame:
            continue
        whole = {signal["kind"] for signal in frame["signals"]}
        for end in range(0, len(frame["payload"]), 2):
            message = message_of({**frame, "payload": frame["payload"][:end]})
            check(message, family)
            assert Kind.SOS in whole or Kind.SOS not in kinds(message, family), frame["id"]


@pytest.mark.parametrize("family", BYTES)
def test_two_frames_grown_together_are_signals_or_a_bad_payload(family: str) -> None:
    known = [frame for frame in frames(family) if "refused" not in frame]
    for one, other in zip(known, [*known[1:], known[0]], strict=True):
        check(message_of({**one, "payload": one["payload"] + other["payload"]}), family)


@pytest.mark.parametrize("family", ["ble_xiaomi", "ble_bthome"])
@given(length=st.integers(0, 255), rest=st.binary(max_size=24))
@settings(max_examples=60, deadline=None)
def test_a_length_that_lies_is_signals_or_a_bad_payload(family: str, length: int, rest: bytes) -> None:
    head = {"ble_xiaomi": bytes.fromhex("50504703090302015c5b5a0410"), "ble_bthome": b"\x40\x53"}[family]
    check(Message("", head + bytes([length]) + rest, transport="ble advertisement"), family)


def kinds(message: Message, family: str) -> set[Kind]:
    try:
        return {signal.kind for signal in decode(message, family)}
    except BadPayload:
        return set()
