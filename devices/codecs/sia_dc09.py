"""Alarm diallers over IP: SIA DC-09 with SIA DC-03 or Contact ID inside (public source: ANSI/SIA DC-09, DC-03, DC-05).

    LF CRC(4) length(4) "SIA-DCS" sequence(4) Rreceiver Lprefix #account [data] [extra]… _HH:MM:SS,MM-DD-YYYY CR

    "SIA-DCS"  data  #account|Nri1/PA501^text^     N new, O old; ri area; two letters: what; digits: where
    "ADM-CID"  data  #account|1110 00 129          1 new or 3 restored; event(3); partition; zone
    "NULL"     the supervision message             a * before the name: encrypted
    [X…][Y…]   longitude and latitude              [H…]  when it happened
    SR0001L0001    006969XX    [ID00000000]        the older supervision message, without a checksum

A wrong CRC is noted and not refused: an SOS must not fall through, and rings as an alarm of unknown kind. What is
encrypted is read with `meta["key"]`; without the key it is refused, and so shown: it may be one.
"""

import re
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from devices.codecs import reading
from devices.codecs.checks import crc_arc, doubted
from devices.codecs.frame import date_time
from devices.codecs.sia_codes import KINDS, name_of, of_contact_id
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "sia_dc09"
FRAME: Final = re.compile(
    r'(?P<crc>[0-9A-Fa-f]{4})(?P<length>[0-9A-Fa-f]{4})"(?P<secret>\*?)(?P<name>[A-Z0-9-]{3,10})"(?P<sequence>\d{4})'
    r"(?:R[0-9A-F]{1,6})?L[0-9A-F]{1,6}(?:#(?P<account>[0-9A-F]{3,16}))?\[(?P<data>[^\]]*)\]?"
    r"(?P<extra>(?:\[[^\]]*\])*)(?:_(?P<time>\d\d:\d\d:\d\d,\d\d-\d\d-\d{4}))?"
)
LONGEST: Final = 8 + 0xFFFF  # four digits say how long
TIME: Final = re.compile(r"\d\d:\d\d:\d\d,\d\d-\d\d-\d{4}")
EXTRA: Final = re.compile(r"\[([A-Z])([^\]]*)\]")
MODIFIERS: Final = re.compile(r"(?:[a-z]{2}[0-9:]+)+")
CID: Final = re.compile(r"([136])([0-9]{3}) ([0-9A-F]{2}) ([0-9A-F]{3})(?:\^.*)?")

HOFFMAN: Final = re.compile(r"SR(\d{4})L(\d{4})\s+(\w{8})\s+\[ID(\w+)\]")


def claims(message: Message) -> bool:
    return "dc-09" in message.transport.lower() or "dc09" in message.transport.lower()


def decode(message: Message) -> list[Signal]:
    text = message.payload.decode("latin-1").strip("\r\n\0 ")
    found = FRAME.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        if older := HOFFMAN.fullmatch(text):
            return [Signal(Kind.HEARTBEAT, older[3], readings={"account": older[3]})]
        raise BadPayload("not a DC-09 frame")
    checked = int(found["crc"], 16) == crc_arc(text[8:].encode("latin-1"))
    encrypted = bool(found["secret"])
    if found["secret"]:
        found = _decrypted(text, found, message.meta.get("key"))
    account, separator, content = found["data"].partition("|")
    if not separator:
        account, content = "", found["data"]
    known = account.lstrip("#") or found["account"]
    extra = dict(EXTRA.findall(found["extra"]))
    said: dict[str, Any] = {"account": known, "extended_data": bool(extra), "encrypted": encrypted}
    if found["name"] == "NULL":
        return [_signal(Kind.HEARTBEAT, known, found, extra, said)]
    if found["name"] == "ADM-CID":
        events = [_contact_id(content)]
    elif found["name"] == "SIA-DCS":
        events = _codes(content)
    else:
        raise BadPayload(f"unknown protocol {found['name']}")
    signals = [_signal(kind, known, found, extra, said | event) for kind, event in events]
    return signals if checked else [doubted(signal) for signal in signals]


def _decrypted(text: str, sealed: re.Match[str], key: Any) -> re.Match[str]:
    """From the bracket on: padding, a bar, and then what would have stood there. AES-CBC, beginning with zeros."""
    if not isinstance(key, str):
        raise BadPayload(f"encrypted, and no key for account {sealed['account']} is known")
    head, _, rest = text.partition("[")
    try:
        cipher = Cipher(algorithms.AES(bytes.fromhex(key)), modes.CBC(bytes(16))).decryptor()
        plain = cipher.update(bytes.fromhex(rest.rstrip("]"))) + cipher.finalize()
    except ValueError as error:
        raise BadPayload(f"encrypted, and not to be read: {error}") from None
    body = plain.decode("latin-1").partition("|")[2].rstrip("\0")
    found = FRAME.fullmatch(f"{head.replace('*', '', 1)}[{body}")
    if found is None or "]" not in body:
        raise BadPayload("the key does not fit")
    return found


def _codes(content: str) -> list[tuple[Kind, dict[str, Any]]]:
    plain = re.sub(r"\^[^^]*\^?", "", content)
    if plain[:1] not in ("N", "O"):
        raise BadPayload("the data begins with neither N nor O")
    parts = [MODIFIERS.sub("", part, count=1) for part in plain[1:].split("/")]
    events = []
    for part in filter(None, parts):
        code = re.match(r"([A-Z]{2})(\d*)", part)
        if code is None or not (name := name_of(code[1])):
            raise BadPayload(f"unknown code {part[:12]!r}")
        kind = KINDS.get(code[1], Kind.STATUS)
        events.append(
            (Kind.HISTORY_RECORD if plain[0] == "O" else kind, {"code": code[1], "code_type": name, "zone": code[2]})
        )
    if not events:
        raise BadPayload("no event in the data")
    return events


def _contact_id(content: str) -> tuple[Kind, dict[str, Any]]:
    found = CID.fullmatch(content.strip())
    if found is None:
        raise BadPayload("not a Contact ID event")
    meant = of_contact_id(found[2], new=found[1] == "1")
    if meant is None:
        raise BadPayload(f"unknown event {found[2]}")
    code, kind = meant
    event = {"code": code, "code_type": name_of(code), "event": found[2], "partition": found[3], "zone": found[4]}
    return (Kind.HISTORY_RECORD if found[1] == "6" else kind), event


def _signal(
    kind: Kind, device: str | None, found: re.Match[str], extra: dict[str, str], said: dict[str, Any]
) -> Signal:
    lat, lon = reading.place(_angle(extra.get("Y", "")), _angle(extra.get("X", "")))
    occurred = extra.get("H", "")
    time = occurred if TIME.fullmatch(occurred) else found["time"]
    at = (
        date_time(*(int(time[a:b]) for a, b in ((15, 19), (9, 11), (12, 14), (0, 2), (3, 5), (6, 8)))) if time else None
    )
    history = kind is Kind.HISTORY_RECORD
    return Signal(kind, device, at=at, seq=int(found["sequence"]), lat=lat, lon=lon, readings=said, history=history)


def _angle(text: str) -> float | None:
    """Degrees, a letter, minutes."""
    found = re.fullmatch(r"(\d{1,3})([NSEW])(\d\d?(?:\.\d+)?)", text)
    if found is None:
        return None
    angle = int(found[1]) + float(found[3]) / 60
    return round(-angle if found[2] in "SW" else angle, 6)
