"""Every codec against frames written from its protocol's public description, and against whatever else may come."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.codecs import CODECS, decode, family_of
from devices.decode import answer, message_of
from devices.signals import BadPayload, Kind, Message
from tests.devices.mutations import look

FRAMES = Path(__file__).parent / "frames"


def frames(family: str) -> list[dict[str, Any]]:
    lines = (FRAMES / f"{family}.jsonl").read_text().splitlines()
    return [{"family": family, **json.loads(line)} for line in lines]


ALL = [frame for family in CODECS if (FRAMES / f"{family}.jsonl").exists() for frame in frames(family)]


@pytest.mark.parametrize("family", CODECS)
def test_every_codec_has_frames_it_reads_and_frames_it_refuses(family: str) -> None:
    assert {"refused" in frame for frame in frames(family)} == {True, False}


@pytest.mark.parametrize("frame", ALL, ids=[f"{frame['family']}: {frame['id']}" for frame in ALL])
def test_a_frame_says_what_its_protocol_says(frame: dict[str, Any]) -> None:
    said = answer(json.dumps(frame))
    if "refused" in frame:
        assert frame["refused"] in said.get("refused", "")
        return
    assert "refused" not in said
    assert [signal["kind"] for signal in said["signals"]] == [signal["kind"] for signal in frame["signals"]]
    for expected, signal in zip(frame["signals"], said["signals"], strict=True):
        readings = expected.get("readings", {})
        assert {name: signal["readings"].get(name) for name in readings} == readings
        plain = {name: value for name, value in expected.items() if name != "readings"}
        assert {name: signal.get(name) for name in plain} == plain


@pytest.mark.parametrize("frame", ALL, ids=[f"{frame['family']}: {frame['id']}" for frame in ALL])
def test_a_frame_finds_its_family_by_its_transport_or_not_at_all(frame: dict[str, Any]) -> None:
    assert family_of(message_of(frame)) in (frame["family"], None)


TOPICS = st.sampled_from(
    [
        "care/v1/a/event",
        "care/v1/a/telemetry",
        "care/v1/a/status",
        "zigbee2mqtt/a",
        "zigbee2mqtt/a/action",
        "x/y",
        "x",
        "",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from([*Kind]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = [
    "id",
    "kind",
    "at",
    "seq",
    "battery",
    "lat",
    "lon",
    "readings",
    "device",
    "status",
    "action",
    "smoke",
    "last_seen",
]
FIELDS = st.dictionaries(st.sampled_from(NAMES), JSON)


@pytest.mark.parametrize("family", CODECS)
@settings(max_examples=30, deadline=None)
@given(payload=st.binary(max_size=64), topic=TOPICS | st.text(max_size=20))
def test_any_bytes_are_signals_or_a_bad_payload(family: str, payload: bytes, topic: str) -> None:
    check(Message(topic, payload), family)


@pytest.mark.parametrize("family", ["care_v1", "zigbee2mqtt", "tasmota", "thingsboard", "shelly", "traccar"])
@settings(max_examples=60, deadline=None)
@given(fields=JSON | FIELDS, topic=TOPICS)
def test_any_json_is_signals_or_a_bad_payload(family: str, fields: Any, topic: str) -> None:
    check(Message(topic, json.dumps(fields).encode()), family)


def check(message: Message, family: str) -> None:
    """Whatever comes out can be stored."""
    try:
        signals = decode(message, family)
    except BadPayload:
        return
    for signal in signals:
        look(signal)


def test_copies_of_one_press_with_another_link_quality_or_as_text_are_one() -> None:
    as_json = decode(Message("zigbee2mqtt/bed", b'{"action":"emergency","linkquality":61}'))
    again = decode(Message("zigbee2mqtt/bed", b'{"action":"emergency","linkquality":58}'))
    as_text = decode(Message("zigbee2mqtt/bed/action", b"emergency"))
    assert {signal.repeat for signal in (*as_json, *again, *as_text)} == {as_json[0].repeat}


def test_presses_of_two_devices_are_never_one() -> None:
    payload = b'{"action":"emergency"}'
    [bed], [bath] = decode(Message("zigbee2mqtt/bed", payload)), decode(Message("zigbee2mqtt/bath", payload))
    assert bed.repeat != bath.repeat


def test_the_transport_tells_the_family() -> None:
    assert family_of(Message("care/v1/a/event", b"")) == "care_v1"
    assert family_of(Message("zigbee2mqtt/a", b"")) == "zigbee2mqtt"
    assert family_of(Message("somewhere/else", b"")) is None
    with pytest.raises(BadPayload, match="no codec"):
        decode(Message("somewhere/else", b""))
