"""H02 on the wire, over TCP and UDP (the makers' "H02 GPS tracker communication protocol"; frames as in
`devices.codecs.h02_tracker`).

    *HQ,id,V1,…#      answered with *HQ,id,V4,V1,yyyymmddhhmmss#      V0 and HTBT are echoed
    24 …              binary, without an end: its date tells how long the id is; what a longer one adds is not needed

    An order is *HQ,id,S71|R1|…,hhmmss,…#, and *HQ,id,V4,S71|R1|…,… answers it.
"""

import re
from datetime import datetime
from typing import Final

from devices.codecs import h02_tracker
from devices.codecs.frame import digits_time
from devices.gateway.orders import Do, Order
from devices.gateway.talk import Link, Said

NAME: Final = "h02"
FAMILY: Final = h02_tracker.FAMILY
PORT: Final = 5013
UDP: Final = True
STAYS: Final = True
LONGEST: Final = 2048
TEXT: Final = re.compile(rb"\*(?P<maker>\w{2}),(?P<device>\d{0,20}),(?P<name>\w{0,8})(?P<rest>[^#]*)#")
HEAD: Final = re.compile(rb"\*\w\w,")
SHORT, WIDE = 32, 42
ECHOED: Final = {"V0", "HTBT"}


def cut(data: bytearray) -> tuple[int, int]:
    at = 0
    while at < len(data):
        if data[at] == 0x24:
            length = _binary(data, at)
            if length is None:
                return _behind(data, at)
            if length:
                return at, at + length
        elif data[at] == 0x2A:
            end = data.find(b"#", at)
            if end < 0:
                return _behind(data, at)
            starts = [found.start() for found in HEAD.finditer(data, at, end)]
            if starts and TEXT.match(data, starts[-1]):
                return starts[-1], end + 1
        at += 1
    return len(data), len(data)


def _behind(data: bytearray, at: int) -> tuple[int, int]:
    """What is not whole waits, unless a whole text stands behind it."""
    found = TEXT.search(data, at + 1)
    return (found.start(), found.end()) if found else (at, at)


def _binary(data: bytearray, at: int) -> int | None:
    """Its length; 0 for none, None as long as it cannot be said."""
    have = len(data) - at
    if have < 15:
        return None
    if _is_date(data[at + 6 : at + 12]):
        length = SHORT
    elif _is_date(data[at + 9 : at + 15]):
        length = WIDE
    else:
        return 0
    return length if have >= length else None


def _is_date(clock: bytearray) -> bool:
    digits = clock.hex()
    return digits.isdecimal() and digits_time(digits[10:12] + digits[8:10] + digits[6:8] + digits[:6]) is not None


def read(frame: bytes, link: Link, now: datetime) -> Said:
    if frame[:1] == b"$":
        device = frame[1:9].hex()[:15] if len(frame) == WIDE else frame[1:6].hex()
        return Said(device)
    found = TEXT.fullmatch(frame)
    if found is None:
        return Said(refused="not a frame between * and #")
    named, name = found["device"].decode() or None, found["name"].decode()
    link.head = f"*{found['maker'].decode()},{found['device'].decode()},"
    rest = found["rest"].decode("latin-1").strip(",").split(",")
    if name == "V4" and rest[0] not in ("", "V1"):
        return Said(named, keep=False, answers=rest[0], answer=",".join(rest[1:]))
    if name in ECHOED:
        return Said(named, reply=f"{link.head}{name}#".encode())
    return Said(named, reply=f"{link.head}V4,{name},{now:%Y%m%d%H%M%S}#".encode() if name else b"")


def write(order: Order, link: Link, now: datetime) -> tuple[str, bytes] | None:
    match order.do:
        case Do.SET_INTERVAL:
            name, words = "S71", f",22,{order.seconds}"
        case Do.RESTART:
            name, words = "R1", ""
        case _:
            return None
    return name, f"{link.head}{name},{now:%H%M%S}{words}#".encode()
