"""SeTracker-class watches on the wire (the makers' TCP protocol V1.0; frames as in `devices.codecs.gps_watch_3g`).

[ 3G * 8800000015 * [index *] 0002 * LK ]

LK, AL…, TKQ, TKQ2 and what was measured are answered with their own name; UD and WT with nothing, INIT with INIT,1.
Orders have a name of their own, and the watch answers with it.
"""

import re
from datetime import datetime
from typing import Final

from devices.codecs import gps_watch_3g
from devices.gateway.orders import Do, Order
from devices.gateway.talk import Link, Said

NAME: Final = "3g"
FAMILY: Final = gps_watch_3g.FAMILY
PORT: Final = 5093
UDP: Final = False
STAYS: Final = True
LONGEST: Final = 32_768  # a voice message
FRAME: Final = re.compile(
    rb"\[(?P<maker>[0-9A-Za-z]{2})\*(?P<device>\w{1,20})\*(?:(?P<index>[0-9A-Fa-f]{4})\*)?[0-9A-Fa-f]{4}\*"
    rb"(?P<content>.*)\]",
    re.DOTALL,
)
HEAD: Final = re.compile(
    rb"\[[0-9A-Za-z]{2}\*\w{1,20}\*(?:[0-9A-Fa-f]{4}\*)?([0-9A-Fa-f]{4})\*(TK,|JXTK,|IMG,)?", re.ASCII
)
ANSWERED: Final = {"LK", "TKQ", "TKQ2", *gps_watch_3g.MEASURED}
ORDERS: Final = {"FIND", "CALL", "MONITOR", "UPLOAD", "SOS", "RESET", "TIME", "MESSAGE"}


def cut(data: bytearray) -> tuple[int, int]:
    """Sound and pictures may hold any byte and go by their length; the length of the others is often wrong."""
    for head in HEAD.finditer(data):
        end = head.start(2) + int(head[1], 16) if head[2] else data.find(b"]", head.end())
        if end < 0 or end >= len(data):
            begun = data.rfind(b"[") if end < 0 else head.start()
            return begun, begun
        if data[end] == ord("]") and (head[2] or b"[" not in data[head.end() : end]):
            return head.start(), end + 1
    begun = max(data.rfind(b"["), data.rfind(b"]") + 1)
    return (begun, begun) if begun >= 0 and data[begun : begun + 1] == b"[" else (len(data), len(data))


def read(frame: bytes, link: Link, now: datetime) -> Said:
    found = FRAME.fullmatch(frame)
    if found is None:
        return Said(refused="not a frame in square brackets")
    device = found["device"].decode("ascii", "replace")
    index = found["index"].decode() if found["index"] else ""
    link.head = f"{found['maker'].decode()}*{device}*"
    name, _, rest = found["content"].decode("latin-1").strip().partition(",")
    word = name.upper()
    if word in ORDERS:
        return Said(device, keep=False, answers=word, answer=rest)
    reply = b""
    if word in ANSWERED or word.startswith("AL"):
        reply = _frame(link.head, name, index)
    elif word == "INIT":
        reply = _frame(link.head, "INIT,1", index)
    return Said(device, reply=reply)


def write(order: Order, link: Link, now: datetime) -> tuple[str, bytes] | None:
    match order.do:
        case Do.FIND:
            words = "FIND"
        case Do.CALL_BACK:
            words = f"CALL,{order.numbers[0]}"
        case Do.LISTEN:
            words = f"MONITOR,{order.numbers[0]}"
        case Do.SET_INTERVAL:
            words = f"UPLOAD,{order.seconds}"
        case Do.SOS_NUMBERS:
            words = "SOS," + ",".join((*order.numbers, "", "")[:3])
        case Do.LOCATE:
            words = "CR"
        case Do.SET_TIME:
            words = f"TIME,{now:%H.%M.%S},DATE,{now:%Y.%m.%d}"
        case Do.RESTART:
            words = "RESET"
        case Do.TEXT:
            words = f"MESSAGE,{order.words.encode('utf-16-be').hex()}"
        case _:
            return None
    return words.partition(",")[0], _frame(link.head, words, "")


def _frame(head: str, content: str, index: str) -> bytes:
    return f"[{head}{index}{'*' if index else ''}{len(content):04X}*{content}]".encode("latin-1", "replace")
