"""GT06 on the wire (Concox, "GT06 communication protocol"; frames as in `devices.codecs.gt06_tracker`).

78 78  length  type  content …  serial(2)  CRC-X25(2)  0D 0A        79 79 has a length of two bytes

01 log-in, 13 23 heartbeats, 16 26 27 32 A4 95 alarms: answered with `78 78 05 type serial CRC 0D 0A`
8A time: answered with y m d h m s, UTC          80 an order as text, with a flag; 15 and 21 answer with the flag
"""

import re
from datetime import datetime
from typing import Final

from devices.codecs import gt06_tracker
from devices.codecs.checks import crc_x25
from devices.gateway.frames import by_length
from devices.gateway.orders import Do, Order
from devices.gateway.talk import Link, Said

NAME: Final = "gt06"
FAMILY: Final = gt06_tracker.FAMILY
PORT: Final = 5023
UDP: Final = False
STAYS: Final = True
LONGEST: Final = 4096
HEAD: Final = re.compile(rb"(?=\x78\x78|\x79\x79)")
LOGIN, TIME, ORDER = 0x01, 0x8A, 0x80
ANSWERS: Final = {0x15: 1, 0x21: 0}  # answers to orders: bytes before the flag
ANSWERED: Final = {0x13, 0x16, 0x19, 0x23, 0x26, 0x27, 0x32, 0x36, 0x94, 0x95, 0xA4}


def cut(data: bytearray) -> tuple[int, int]:
    held = 1 if data[-1] in (0x78, 0x79) else 0
    return by_length(data, (found.start() for found in HEAD.finditer(data)), _end, _sound, held)


def _end(data: bytearray, start: int) -> int | None:
    wide = 2 if data[start] == 0x79 else 1
    if len(data) < start + 2 + wide:
        return None
    length = int.from_bytes(data[start + 2 : start + 2 + wide])
    end = start + 2 + wide + length + 2
    if length < 5 or end - start > LONGEST or len(data) >= end and data[end - 2 : end] != b"\r\n":
        return 0
    return end


def _sound(frame: bytearray) -> bool:
    return crc_x25(bytes(frame[2:-4])) == int.from_bytes(frame[-4:-2])


def read(frame: bytes, link: Link, now: datetime) -> Said:
    wide = 2 if frame[0] == 0x79 else 1
    kind, content, serial = frame[2 + wide], frame[3 + wide : -6], frame[-6:-4]
    if kind == LOGIN and len(content) >= 8:
        return Said(content[:8].hex()[1:], login=True, keep=False, reply=_frame(LOGIN, b"", serial))
    if kind == TIME:
        clock = bytes((now.year % 100, now.month, now.day, now.hour, now.minute, now.second))
        return Said(keep=False, reply=_frame(TIME, clock, serial))
    if kind in ANSWERS and len(content) >= ANSWERS[kind] + 4:
        flag = content[ANSWERS[kind] : ANSWERS[kind] + 4]
        text = content[ANSWERS[kind] + (4 if kind == 0x15 else 5) :]
        words = text.split(b"\0")[0].decode("ascii", "replace")
        return Said(keep=False, answers=str(int.from_bytes(flag)), answer=words)
    reply = _frame(kind, b"", serial) if kind in ANSWERED else b""
    return Said(reply=reply, number=frame[-6:-2].hex())


def write(order: Order, link: Link, now: datetime) -> tuple[str, bytes] | None:
    """The words that Concox's pendants and trackers take."""
    numbers = ",".join(order.numbers)
    match order.do:
        case Do.FIND:
            words = "FIND#"
        case Do.LISTEN:
            words = f"MONITOR,{numbers}#"
        case Do.SET_INTERVAL:
            words = f"TIMER,{order.seconds}#"
        case Do.SOS_NUMBERS:
            words = f"SOS,A,{numbers}#"
        case Do.LOCATE:
            words = "WHERE#"
        case Do.SET_TIME:
            words = "GMT,E,8,0#"
        case Do.RESTART:
            words = "RESET#"
        case _:
            return None
    text = words.encode("ascii")
    flag = order.id % 0x1_0000_0000
    content = bytes((4 + len(text),)) + flag.to_bytes(4) + text + b"\x00\x02"
    return str(flag), _frame(ORDER, content, link.next_serial().to_bytes(2))


def _frame(kind: int, content: bytes, serial: bytes) -> bytes:
    inner = bytes((len(content) + 5, kind)) + content + serial
    return b"\x78\x78" + inner + crc_x25(inner).to_bytes(2) + b"\r\n"
