"""Frames survive whatever the net makes of them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.gateway.frames import Cutter
from devices.gateway.protocols import WIRES
from tests.devices.gateway.samples import ALL, GT06_WIDE, H02_BINARY, VOICE, gt06, gt06_login, jt808, watch

EVERY = [(name, frame) for name, frames in ALL.items() for frame in frames]
CR = b"\r"  # ends what is whole without it
NOISE = st.binary(max_size=40).map(lambda noise: bytes(byte for byte in noise if byte not in b'[]*#$~\n"xyIT'))


def cut(name: str, pieces: list[bytes]) -> list[bytes]:
    cutter = Cutter(WIRES[name].cut)
    return [frame for piece in pieces for frame in cutter.feed(piece, WIRES[name].LONGEST)]


def whole(name: str, frames: list[bytes]) -> list[bytes]:
    return [frame.removesuffix(CR) if name == "dc09" else frame for frame in frames]


@pytest.mark.parametrize("name", WIRES)
@given(data=st.data())
def test_frames_with_noise_between_them_split_anywhere_are_the_same_frames(name: str, data: st.DataObject) -> None:
    frames = data.draw(st.lists(st.sampled_from(ALL[name]), max_size=6))
    stream = b"".join(data.draw(NOISE) + frame for frame in frames) + data.draw(NOISE)
    at = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[a:b] for a, b in zip([0, *at], [*at, len(stream)], strict=True)]
    assert cut(name, pieces) == whole(name, frames)


@pytest.mark.parametrize(("name", "frame"), EVERY)
def test_a_frame_comes_whole_byte_by_byte_and_joined(name: str, frame: bytes) -> None:
    assert cut(name, [frame[at : at + 1] for at in range(len(frame))]) == whole(name, [frame])
    assert cut(name, [frame * 5]) == whole(name, [frame] * 5)


@pytest.mark.parametrize(("name", "frame"), [(n, f) for n, f in EVERY if f not in (H02_BINARY, GT06_WIDE, VOICE)])
def test_a_frame_with_an_end_or_a_sum_behind_the_beginning_of_another_is_found(name: str, frame: bytes) -> None:
    """A device that was cut off begins anew, and then waits for its answer."""
    for length in range(1, len(frame)):
        assert whole(name, [frame])[0] in cut(name, [frame[:length] + frame]), length


@pytest.mark.parametrize("name", WIRES)
@given(noise=st.binary(max_size=6000))
def test_any_bytes_are_cut_in_bounded_memory(name: str, noise: bytes) -> None:
    cutter = Cutter(WIRES[name].cut)
    for frame in cutter.feed(noise, 1024):
        assert frame and frame in noise
    assert len(cutter.buffer) <= 1024


@pytest.mark.parametrize("byte", b'[]*#$~\n"xyI0')
@pytest.mark.parametrize("name", WIRES)
def test_nonsense_made_of_marks_costs_no_more_than_other_nonsense(name: str, byte: int) -> None:
    cutter, began = Cutter(WIRES[name].cut), time.process_time()
    list(cutter.feed(bytes((byte,)) * 8192, WIRES[name].LONGEST))
    assert time.process_time() - began < 2, "seconds of CPU for 8 kB, of which a connection may send no more"


def test_what_never_ends_is_given_up_and_what_follows_is_heard() -> None:
    assert cut("3g", [b"[3G*1*0001*" + b"A" * 40_000, watch("LK")]) == [watch("LK")]


def test_a_wrong_sum_does_not_hide_an_alarm_and_does_not_swallow_the_frame_behind_it() -> None:
    wrong = gt06_login()[:-4] + b"\0\0\r\n"
    assert cut("gt06", [wrong + gt06(0x23, b"\0" * 6)]) == [wrong, gt06(0x23, b"\0" * 6)]
    false_start = b"\x78\x78" + bytes((len(gt06_login()) - 1,))
    assert cut("gt06", [false_start + gt06_login()]) == [gt06_login()]


def test_a_lonely_mark_does_not_shift_the_frames_that_follow() -> None:
    assert cut("jt808", [b"\x7e" + jt808(0x0002) + b"\x7e\x7e" + jt808(0x0002, serial=2)]) == [
        jt808(0x0002),
        jt808(0x0002, serial=2),
    ]
