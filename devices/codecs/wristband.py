"""Health wristbands (public source: makers' protocol, "V1.0").

    00 01 02  length(2)  YX imei | V1.0 | ? | { F91#… | … } 0D 0A  FF FE FC

F91 and F64 ask the server; F1 to F3 log in and keep the line. What the others measure is not published, so they are
refused.
"""

import re
from typing import Final

from devices.signals import BadPayload, Message, Signal

FAMILY: Final = "wristband"
FRAME: Final = re.compile(rb"\x00\x01\x02..YX(\d{15})\|V[\d.]+\|\d\|\{(F\d+)#.*\}\r\n\xff\xfe\xfc", re.DOTALL)
SILENT: Final = {"F1", "F2", "F3", "F64", "F91"}


def claims(message: Message) -> bool:
    return "wristband" in message.transport


def decode(message: Message) -> list[Signal]:
    found = FRAME.fullmatch(message.payload)
    if found is None:
        raise BadPayload("not a wristband's frame")
    if (name := found[2].decode()) not in SILENT:
        raise BadPayload(f"unknown function {name}")
    return []
