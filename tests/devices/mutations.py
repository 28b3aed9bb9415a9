"""Frames damaged by the million: no crash, no false SOS, bounded memory: `python -m tests.devices.mutations`.

A false SOS is one that comes out of a damaged copy of a frame that was no SOS, although the frame's own checksum is
wrong: then the protocol could have told. Protocols without a checksum cannot tell one digit from another; what turns
into an SOS there is counted and shown as `undetectable`, and so is a damage that a checksum happens to fit.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Final

from devices.codecs import CODECS, decode
from devices.decode import message_of
from devices.signals import BadPayload, Kind, Message, Signal

FRAMES: Final = Path(__file__).parent / "frames"
RECORDED: Final = Path(__file__).parents[2].parent / "shared/data/devices/corpus.jsonl"
SEPARATORS: Final = b",;*|#:[]<>/"


@dataclass(slots=True)
class Base:
    """A frame as it should be, and whether it calls for help by itself."""

    message: Message
    is_sos: bool


@dataclass(slots=True)
class Tally:
    """What became of one family's damaged frames."""

    frames: int = 0
    refused: int = 0
    read: int = 0
    undetectable: int = 0
    false_sos: list[bytes] = field(default_factory=list)


def bases(family: str, *, recorded: bool = False) -> list[Base]:
    """The family's own frames that can be read, and the recorded ones where those are at hand and asked for."""
    rows = [json.loads(line) for line in (FRAMES / f"{family}.jsonl").read_text().splitlines()]
    if recorded and RECORDED.exists():
        rows += [row for line in RECORDED.read_text().splitlines() if (row := json.loads(line))["family"] == family]
    found = []
    for row in rows:
        message = message_of(row)
        try:
            signals = decode(message, family)
        except BadPayload:
            continue
        found.append(Base(message, any(_calls(signal) for signal in signals)))
    return found


def _calls(signal: Signal) -> bool:
    return signal.kind is Kind.SOS or "sos" in str(signal.readings.get("alarm", ""))


def torture(family: str, count: int, dice: Random, look: Callable[[Signal], None], *, recorded: bool = False) -> Tally:
    """Damages so many frames and has every signal that comes out looked at; anything but BadPayload is a crash."""
    tally, known = Tally(), bases(family, recorded=recorded)
    calm = [base for base in known if not base.is_sos]
    for _ in range(count):
        base = dice.choice(known)
        other = dice.choice(calm or known)
        message = replace(base.message, payload=damaged(base.message.payload, other.message.payload, dice))
        tally.frames += 1
        try:
            signals = decode(message, family)
        except BadPayload:
            tally.refused += 1
            continue
        tally.read += 1
        for signal in signals:
            look(signal)
        if not base.is_sos and any(signal.kind is Kind.SOS for signal in signals):
            if is_intact(family, message.payload):
                tally.undetectable += 1
            else:
                tally.false_sos.append(message.payload)
    return tally


def damaged(payload: bytes, other: bytes, dice: Random) -> bytes:
    """One to four injuries; `other` is a frame of the family that is no SOS, of which a piece may be sewn on."""
    content = bytearray(payload)
    for _ in range(dice.randint(1, 4)):
        dice.choice(INJURIES)(content, other, dice)
    return bytes(content)


def _place(content: bytearray, dice: Random) -> int:
    return dice.randrange(len(content)) if content else 0


def _flip(content: bytearray, _: bytes, dice: Random) -> None:
    if content:
        content[_place(content, dice)] ^= 1 << dice.randrange(8)


def _write(content: bytearray, _: bytes, dice: Random) -> None:
    at = _place(content, dice)
    content[at : at + 1] = bytes([dice.randrange(256)])


def _digit(content: bytearray, _: bytes, dice: Random) -> None:
    """Another digit where one stands: what a text protocol would call a wrong number."""
    at = _place(content, dice)
    if content[at : at + 1].isalnum():
        content[at] = dice.choice(b"0123456789ABCDEFabcdef")


def _lose(content: bytearray, _: bytes, dice: Random) -> None:
    at = _place(content, dice)
    del content[at : at + dice.randint(1, 4)]


def _double(content: bytearray, _: bytes, dice: Random) -> None:
    at = _place(content, dice)
    content[at:at] = content[at : at + 8]


def _cut(content: bytearray, _: bytes, dice: Random) -> None:
    if dice.random() < 0.2:
        del content[_place(content, dice) :]


def _swap(content: bytearray, _: bytes, dice: Random) -> None:
    """Two values between separators change places."""
    marks = [at for at, byte in enumerate(content) if byte in SEPARATORS][:64]
    if len(marks) >= 3:
        at = dice.randrange(len(marks) - 2)
        a, b, c = marks[at : at + 3]
        content[a + 1 : c] = content[b + 1 : c] + content[b : b + 1] + content[a + 1 : b]


def _sew(content: bytearray, other: bytes, dice: Random) -> None:
    if other and dice.random() < 0.3:
        at, size = dice.randrange(len(other)), dice.randint(1, 16)
        start = min(at, len(content))
        content[start : start + size] = other[at : at + size]


def _stretch(content: bytearray, _: bytes, dice: Random) -> None:
    """Near the front, where lengths stand."""
    if len(content) > 2:
        at = dice.randrange(min(8, len(content)))
        content[at] = (content[at] + dice.choice((-1, 1, 2, 16))) % 256


INJURIES: Final = (_flip, _flip, _write, _digit, _digit, _lose, _double, _cut, _swap, _sew, _stretch)


def is_intact(family: str, payload: bytes) -> bool:
    """Whether the frame's own checksum fits, worked out apart from the codec; True where the protocol has none."""
    judge = CHECKS.get(family)
    return judge is None or judge(payload)


def _crc(content: bytes, polynomial: int, start: int, end: int, *, reflected: bool) -> int:
    """Bit by bit, as the textbooks write it."""
    crc = start
    for byte in content:
        for number in range(8):
            bit = byte >> (number if reflected else 7 - number) & 1
            if reflected:
                crc = (crc >> 1) ^ (polynomial if (crc ^ bit) & 1 else 0)
            else:
                crc = (crc << 1 & 0xFFFF) ^ (polynomial if (crc >> 15 ^ bit) & 1 else 0)
    return crc ^ end


def _gt06(payload: bytes) -> bool:
    return _crc(payload[2:-4], 0x8408, 0xFFFF, 0xFFFF, reflected=True) == int.from_bytes(payload[-4:-2])


def _jt808(payload: bytes) -> bool:
    inner = payload[1:-1].replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
    total = 0
    for byte in inner:
        total ^= byte
    return total == 0


def _eview(payload: bytes) -> bool:
    if payload[:1] != b"\xab":
        return True  # the older sentences have none
    return _crc(payload[8:], 0x1021, 0, 0, reflected=False) == int.from_bytes(payload[4:6], "little")


def _dc09(payload: bytes) -> bool:
    text = payload.strip(b"\r\n\0 ")
    return text[:4].upper() == b"%04X" % _crc(text[8:], 0xA001, 0, 0, reflected=True)


CHECKS: Final[Mapping[str, Callable[[bytes], bool]]] = {
    "gt06_tracker": _gt06, "jt808_terminal": _jt808, "personal_alarm": _eview, "sia_dc09": _dc09,
}  # fmt: skip


def look(signal: Signal) -> None:
    """Whatever comes out can be stored: plain JSON, a known place or none, a battery in per cent."""
    assert signal.event_id or signal.repeat
    assert (signal.lat is None) == (signal.lon is None)
    assert signal.lat is None or (-90 <= signal.lat <= 90 and -180 <= (signal.lon or 0) <= 180)
    assert signal.battery is None or 0 <= signal.battery <= 100
    assert signal.at is None or signal.at.tzinfo is not None
    json.dumps(dict(signal.readings), allow_nan=False)
    texts = texts_in([signal.device, signal.event_id, signal.readings])
    assert "\0" not in texts, "no text column can hold it"
    texts.encode()  # nor half of a pair


def texts_in(value: Any) -> str:
    """All texts in a value, its keys included, one after another."""
    if isinstance(value, Mapping):
        return "".join(texts_in(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple):
        return "".join(texts_in(part) for part in value)
    return value if isinstance(value, str) else ""


def memory_mb() -> float:
    """The most this process has held so far."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000, help="in all, shared evenly among the families")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    each, started, before = -(-args.frames // len(CODECS)), time.process_time(), memory_mb()
    print(f"{'family':22}{'damaged':>9}{'refused':>9}{'read':>9}{'checksum':>10}{'undetectable':>14}{'false sos':>11}")
    total = Tally()
    for family in CODECS:
        tally = torture(family, each, Random(f"{args.seed}/damage/{family}"), look, recorded=True)
        checked = "yes" if family in CHECKS else "no"
        print(
            f"{family:22}{tally.frames:>9}{tally.refused:>9}{tally.read:>9}{checked:>10}{tally.undetectable:>14}"
            f"{len(tally.false_sos):>11}",
            flush=True,
        )
        total.frames += tally.frames
        total.undetectable += tally.undetectable
        total.false_sos += tally.false_sos
    print(
        f"{total.frames} damaged frames, no crash, {total.undetectable} undetectable, "
        f"{len(total.false_sos)} false SOS\n"
        f"{time.process_time() - started:.0f} s of processor time, memory {before:.0f} -> {memory_mb():.0f} MB"
    )
    for payload in total.false_sos[:10]:
        print(f"  {payload!r}")
    sys.exit(1 if total.false_sos else 0)


if __name__ == "__main__":
    main()
