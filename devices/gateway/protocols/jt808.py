"""JT/T 808 on the wire, over TCP and UDP (JT/T 808-2013 and -2019; frames as in `devices.codecs.jt808_terminal`).

    7E  type(2) attributes(2) [version] telephone(6 or 10 BCD) serial(2) body … xor  7E

    0100 registration → 8100 serial result code        0102 the code again → 8001        0004 → 8004, 0109 → 8109: time
    anything else → 8001 serial type result            8001 and 0001 are the general answers of the two sides

Orders: 8103 parameters, 8105 control, 8201 where, 8300 text, 8400 call back, 8401 telephone book.
"""

import hmac
from datetime import datetime
from typing import Final

from devices.codecs import jt808_terminal
from devices.codecs.checks import crc_x25, xor
from devices.gateway.orders import Do, Order
from devices.gateway.talk import Link, Said

NAME: Final = "jt808"
FAMILY: Final = jt808_terminal.FAMILY
PORT: Final = 5015
UDP: Final = True
STAYS: Final = True
LONGEST: Final = 4096
MARK: Final = b"\x7e"
SHORTEST: Final = 15
WIDE_HEADER: Final = 1 << 14  # in the attributes: the header of 2019
ANSWER, REGISTER, AUTHENTICATE, TIME, TIME_ELSEWHERE = 0x0001, 0x0100, 0x0102, 0x0004, 0x0109
PLACE_ANSWER, PARAMETERS = 0x0201, 0x0104  # answers to 8201 and 8104, the serial first
OK, FAILED = 0, 1
LISTENS: Final = 1  # of 8400: 0 rings up, 1 listens
ON_THE_SCREEN_AND_SPOKEN: Final = 0b1100
INTERVAL: Final = 0x0029
RESTART: Final = 4
REPLACE_ALL: Final = 1
PURPOSE: Final = "jt808"  # of the secret that a registration is answered with


def cut(data: bytearray) -> tuple[int, int]:
    start = data.find(MARK)
    while start >= 0:
        end = data.find(MARK, start + 1)
        if end < 0:
            return start, start
        if end - start >= SHORTEST - 1 and xor(_plain(data[start + 1 : end])) == 0:
            return start, end + 1
        start = end
    return len(data), len(data)


def _plain(inner: bytes | bytearray) -> bytes:
    return bytes(inner).replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")


def read(frame: bytes, link: Link, now: datetime) -> Said:
    inner = _plain(frame[1:-1])[:-1]
    kind, attributes = int.from_bytes(inner[:2]), int.from_bytes(inner[2:4])
    wide = bool(attributes & WIDE_HEADER)
    name = inner[5:15] if wide else inner[4:10]
    serial, body = inner[5 + 10 : 17] if wide else inner[10:12], inner[17:] if wide else inner[12:]
    if len(serial) < 2:
        return Said(refused="a header cut off")
    device, link.head = name.hex(), (inner[4:15] if wide else name).hex()
    if attributes >> 10 & 0b111:
        return Said(device, keep=False, reply=_answer(link, serial, kind, FAILED), refused="encrypted")
    if kind == REGISTER:
        code = link.secret(PURPOSE, device).encode()
        return Said(device, keep=False, reply=_frame(link, 0x8100, serial + bytes((OK,)) + code))
    if kind == AUTHENTICATE:
        return _authenticated(device, body, wide, serial, link)
    if kind in (TIME, TIME_ELSEWHERE):
        return Said(device, keep=False, reply=_clock(kind, link, now))
    if kind in (ANSWER, PLACE_ANSWER, PARAMETERS) and len(body) >= 2:
        said = f"result {body[4]}" if kind == ANSWER and len(body) >= 5 else f"{kind:04x}"
        return Said(device, keep=False, answers=str(int.from_bytes(body[:2])), answer=said)
    if link.distrusted:
        return Said(device, reply=_answer(link, serial, kind, FAILED), refused=link.distrusted)
    return Said(device, reply=_answer(link, serial, kind, OK), number=f"{serial.hex()}{crc_x25(inner):04x}")


def _authenticated(device: str, body: bytes, wide: bool, serial: bytes, link: Link) -> Said:
    """The code that the registration gave. In 2019 its length stands before it, and what follows is the IMEI's."""
    code = body[1 : 1 + body[0]] if wide and body else body
    known = hmac.compare_digest(code, link.secret(PURPOSE, device).encode())
    link.distrusted = None if known else "its authentication code is not the one it was given"
    reply = _answer(link, serial, AUTHENTICATE, OK if known else FAILED)
    return Said(device, login=known, keep=not known, reply=reply, refused=link.distrusted)


def _clock(kind: int, link: Link, now: datetime) -> bytes:
    if kind == TIME:
        return _frame(link, 0x8004, bytes.fromhex(f"{now:%y%m%d%H%M%S}"))
    return _frame(link, 0x8109, now.year.to_bytes(2) + bytes((now.month, now.day, now.hour, now.minute, now.second)))


def write(order: Order, link: Link, now: datetime) -> tuple[str, bytes] | None:
    match order.do:
        case Do.FIND:
            kind, body = 0x8300, bytes((ON_THE_SCREEN_AND_SPOKEN,)) + "请按一下呼叫按钮".encode("gbk")
        case Do.TEXT:
            kind, body = 0x8300, bytes((ON_THE_SCREEN_AND_SPOKEN,)) + order.words.encode("gbk", "replace")
        case Do.CALL_BACK | Do.LISTEN:
            flag = LISTENS if order.do is Do.LISTEN else 0
            kind, body = 0x8400, bytes((flag,)) + order.numbers[0].encode("ascii")
        case Do.SET_INTERVAL:
            kind, body = 0x8103, b"\1" + INTERVAL.to_bytes(4) + b"\4" + order.seconds.to_bytes(4)
        case Do.SOS_NUMBERS:
            kind, body = 0x8401, bytes((REPLACE_ALL, len(order.numbers)))
            for place, number in enumerate(order.numbers, 1):
                name = f"SOS{place}".encode("gbk")
                body += bytes((3, len(number))) + number.encode("ascii") + bytes((len(name),)) + name
        case Do.LOCATE:
            kind, body = 0x8201, b""
        case Do.RESTART:
            kind, body = 0x8105, bytes((RESTART,))
        case _:
            return None
    frame = _frame(link, kind, body)
    return str(link.serial), frame


def _answer(link: Link, serial: bytes, kind: int, result: int) -> bytes:
    return _frame(link, 0x8001, serial + kind.to_bytes(2) + bytes((result,)))


def _frame(link: Link, kind: int, body: bytes) -> bytes:
    """To the terminal, with a header of its own year."""
    head = bytes.fromhex(link.head)
    attributes = len(body) | (WIDE_HEADER if len(head) > 6 else 0)
    inner = kind.to_bytes(2) + attributes.to_bytes(2) + head + link.next_serial().to_bytes(2) + body
    inner += bytes((xor(inner),))
    return MARK + inner.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + MARK
