"""Damaged frames: no crash, no SOS that a checksum could have caught, and memory stays bounded."""

import os
import time
import tracemalloc
from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.codecs import CODECS, decode
from devices.signals import BadPayload, Message
from tests.devices.mutations import CHECKS, INJURIES, bases, is_intact, look, torture

EACH = int(os.environ.get("YINLING_DAMAGED_FRAMES", "400"))
HOSTILE = [  # what makes a careless pattern or parser slow, or hungry
    b"[3G*" * 60_000,
    b"[3G*1*0002*" + b"LK," * 80_000,
    b"*HQ,1,V1," + b"," * 250_000 + b"#",
    b"IWAP10" + b"0" * 250_000 + b"#",
    b"IWAP02,a,0,6,460,0," + b"1|1|1," * 40_000,
    b'00000000"SIA-DCS"0000L0#1234[#1234|' + b"N" * 200_000 + b"]" + b"[X]" * 20_000,
    b"\x7e\x07\x04\x00\x00" + bytes(250_000) + b"\x7e",
    b"\x79\x79\xff\xff" + bytes(65_533) + b"\r\n",
    b"\xab\x00\xff\xff" + b"\x01" * 65_540,
    b"ALT;" + b"+1.00000;" * 30_000,
    b"!D," + b"1/" * 120_000,
    b"<mrq>" + b"<ref>" * 40_000,
    b"[" * 250_000,
    b'{"a":' * 50_000,
    b"#861234567890123#" + b"#" * 250_000,
]


@pytest.mark.parametrize("family", CODECS)
def test_a_damaged_frame_is_signals_or_a_bad_payload_and_no_false_sos(family: str) -> None:
    """`make torture` asks for a million of them."""
    tally = torture(family, EACH, Random(f"damage {family}"), look)
    assert tally.frames == EACH
    assert tally.false_sos == []


@pytest.mark.parametrize("family", CODECS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_injuries_anywhere_are_signals_or_a_bad_payload(family: str, data: st.DataObject) -> None:
    known = bases(family)
    base, other = data.draw(st.sampled_from(known)), data.draw(st.sampled_from(known))
    content = bytearray(base.message.payload)
    dice = data.draw(st.randoms(use_true_random=False))
    for injury in data.draw(st.lists(st.sampled_from(INJURIES), min_size=1, max_size=6)):
        injury(content, other.message.payload, dice)
    try:
        signals = decode(replace(base.message, payload=bytes(content)), family)
    except BadPayload:
        return
    for signal in signals:
        look(signal)


@pytest.mark.parametrize("family", CHECKS)
def test_the_judge_of_checksums_believes_whole_frames_and_finds_every_flipped_bit(family: str) -> None:
    """It is worked out apart from the codecs, so that a codec that forgets to look is caught."""
    whole = [base.message.payload for base in bases(family) if is_intact(family, base.message.payload)]
    assert len(whole) >= 8
    for payload in whole:
        middle = len(payload) // 2
        hurt = payload[:middle] + bytes([payload[middle] ^ 4]) + payload[middle + 1 :]
        older = family == "personal_alarm" and payload[:1] != b"\xab"
        ended = family == "sia_dc09" and payload.startswith(b"SR")
        assert is_intact(family, hurt) == older or ended


def test_a_codec_that_forgets_its_checksum_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.codecs.gt06_tracker.doubted", lambda signal: signal)
    assert torture("gt06_tracker", 6_000, Random("forgetful"), look).false_sos


@pytest.mark.parametrize("family", CODECS)
def test_hostile_input_costs_little_time_and_memory(family: str) -> None:
    tracemalloc.start()
    started = time.process_time()
    try:
        for payload in HOSTILE:
            with suppress(BadPayload):
                decode(Message("zigbee2mqtt/x", payload), family)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 20
    assert peak < 64 * 1024 * 1024


def test_memory_does_not_grow_with_the_number_of_frames() -> None:
    torture("gps_watch_3g", 500, Random("warm"), look)
    tracemalloc.start()
    try:
        torture("gps_watch_3g", 500, Random("first"), look)
        first = tracemalloc.get_traced_memory()[0]
        torture("gps_watch_3g", 3_000, Random("second"), look)
        assert tracemalloc.get_traced_memory()[0] - first < 256 * 1024
    finally:
        tracemalloc.stop()


def test_what_calls_for_help_is_known_by_its_alarm_too() -> None:
    assert {base.is_sos for base in bases("gps_watch_3g")} == {True, False}
    kept = [base for base in bases("jt808_terminal") if base.message.payload[1:3] == b"\x07\x04" and base.is_sos]
    assert kept, "an SOS out of the memory is no calm frame to damage"
