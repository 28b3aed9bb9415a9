"""Thinkrace-class health watches on the wire (the makers' "IW protocol"; as in `devices.codecs.gps_watch_trv`).

IW|TRV  AP00 imei #      the log-in: IWBP00,yyyymmddhhmmss,8#      APxx, CPxx, YPxx: answered with the next letter

An order is IWBPxx,imei,serial,…#, and IWAPxx,serial,…# answers it.
"""

import re
from datetime import datetime
from typing import Final

from devices.codecs import gps_watch_trv
from devices.gateway.orders import Do, Order
from devices.gateway.talk import Link, Said

NAME: Final = "iwap"
FAMILY: Final = gps_watch_trv.FAMILY
PORT: Final = 5088
UDP: Final = False
STAYS: Final = True
LONGEST: Final = 4096
HEAD: Final = re.compile(rb"(?=(IW|TRV)([ACY]P(?:\d\d|[A-Z]{2})))")
ORDERS: Final = {"AP12", "AP15", "AP16", "AP18", "AP20", "AP32"}
PARTIAL: Final = len("TRVAP0")


def cut(data: bytearray) -> tuple[int, int]:
    begun = [found.start() for found in HEAD.finditer(data)]
    end = data.find(b"#", begun[0]) if begun else -1
    if end >= 0:
        return max(start for start in begun if start < end), end + 1
    start = begun[0] if begun else max(len(data) - PARTIAL, 0)
    return start, start


def read(frame: bytes, link: Link, now: datetime) -> Said:
    found = HEAD.match(frame)
    if found is None:
        return Said(refused="not an IWAP or TRVAP sentence")
    link.head, kind = found[1].decode(), found[2].decode()
    body = frame[found.end(2) : -1].decode("latin-1")
    name = f"{link.head}{chr(ord(kind[0]) + 1)}{kind[1:]}"
    if kind == "AP00":
        imei = re.match(r"\d{15}", body)
        clock = f",{now:%Y%m%d%H%M%S},8" if link.head == "IW" else ""
        if imei is None:
            return Said(refused="a log-in without an IMEI")
        return Said(imei[0], login=True, keep=False, reply=f"{name}{clock}#".encode())
    if kind in ORDERS:
        serial, _, rest = body.lstrip(",").partition(",")
        return Said(keep=False, answers=f"{kind}:{serial}", answer=rest)
    return Said(reply=f"{name}#".encode())


def write(order: Order, link: Link, now: datetime) -> tuple[str, bytes] | None:
    match order.do:
        case Do.CALL_BACK:
            number, words = 32, order.numbers[0]
        case Do.SET_INTERVAL:
            number, words = 15, str(order.seconds)
        case Do.SOS_NUMBERS:
            number, words = 12, ",".join((*order.numbers, "", "")[:3])
        case Do.LOCATE:
            number, words = 16, ""
        case Do.SET_TIME:
            number, words = 20, f"zh_CN,Asia/Shanghai,{now:%Y%m%d%H%M%S}"
        case Do.RESTART:
            number, words = 18, ""
        case _:
            return None
    serial = f"{order.id % 1_000_000:06d}"
    tail = f",{words}" if words else ""
    return f"AP{number}:{serial}", f"{link.head or 'IW'}BP{number},{link.device},{serial}{tail}#".encode()
