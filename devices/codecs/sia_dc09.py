"""Alarm diallers over IP: SIA DC-09 with SIA DC-03 or Contact ID inside (public source: ANSI/SIA DC-09, DC-03, DC-05).

    LF CRC(4) length(4) "SIA-DCS" sequence(4) Rreceiver Lprefix #account [data] [extra]… _HH:MM:SS,MM-DD-YYYY CR

    "SIA-DCS"  data  #account|Nri1/PA501^text^     N new, O old; ri area; two letters: what; digits: where
    "ADM-CID"  data  #account|1110 00 129          1 new or 3 restored; event(3); partition; zone
    "NULL"     the supervision message             a * before the name: encrypted

CRC and length are not judged: an SOS must not fall through. What is encrypted is read with `meta["key"]`; without the
key it is refused, and so shown: it may be one.
"""

import re
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from devices.codecs import reading
from devices.codecs.frame import date_time
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "sia_dc09"
FRAME: Final = re.compile(
    r'(?P<crc>[0-9A-F]{4})(?P<length>[0-9A-F]{4})"(?P<secret>\*?)(?P<name>[A-Z0-9-]{3,10})"(?P<sequence>\d{4})'
    r"(?:R[0-9A-F]{1,6})?L[0-9A-F]{1,6}(?:#(?P<account>[0-9A-F]{3,16}))?\[(?P<data>[^\]]*)\]?"
    r"(?P<extra>(?:\[[^\]]*\])*)(?:_(?P<time>\d\d:\d\d:\d\d,\d\d-\d\d-\d{4}))?"
)
EXTRA: Final = re.compile(r"\[([A-Z])([^\]]*)\]")
MODIFIERS: Final = re.compile(r"(?:[a-z]{2}[0-9:]+)+")
CID: Final = re.compile(r"([136])(\d{3}) (\w{2}) (\w{3})")

NOUNS: Final = {
    "A": "AC", "B": "Burglary", "F": "Fire", "G": "Gas", "H": "Holdup", "K": "Heat", "M": "Medical", "P": "Panic",
    "Q": "Emergency", "S": "Sprinkler", "T": "Tamper", "U": "Untyped Zone", "W": "Water", "Z": "Freeze",
}  # fmt: skip
ENDINGS: Final = {
    "A": "Alarm", "B": "Bypass", "H": "Alarm Restore", "J": "Trouble Restore", "R": "Restoral", "S": "Supervisory",
    "T": "Trouble", "U": "Unbypass", "X": "Test",
}  # fmt: skip
NAMES: Final = {
    "CL": "Closing Report", "OP": "Opening Report", "CA": "Automatic Closing", "OA": "Automatic Opening",
    "CG": "Close Area", "OG": "Open Area", "RP": "Automatic Test", "RX": "Manual Test", "TX": "Test Report",
    "YT": "System Battery Trouble", "YR": "System Battery Restoral", "YM": "System Battery Missing",
    "XT": "Transmitter Battery Trouble", "XR": "Transmitter Battery Restoral", "NA": "No Activity",
    "NS": "Activity Resumed", "YC": "Communications Fail", "YK": "Communications Restoral",
    "YX": "Service Required", "YZ": "Service Completed", "JA": "User code Tamper", "JC": "User code tamper canceled",
    "LT": "Phone Line Trouble", "LR": "Phone Line Restoral", "BC": "Burglary Cancel", "ET": "Expansion Trouble",
    "ER": "Expansion Restoral", "RR": "Power Up", "JT": "Time Changed", "LB": "Local Program",
    "LX": "Local Programming Ended",
}  # fmt: skip
KINDS: Final = {
    "MA": Kind.SOS, "PA": Kind.SOS, "QA": Kind.SOS, "HA": Kind.SOS, "FA": Kind.FIRE, "KA": Kind.FIRE, "SA": Kind.FIRE,
    "GA": Kind.GAS, "WA": Kind.WATER_LEAK, "NA": Kind.INACTIVITY, "TA": Kind.TAMPER, "ES": Kind.TAMPER,
    "BA": Kind.OTHER_ALARM, "UA": Kind.OTHER_ALARM, "ZA": Kind.OTHER_ALARM, "YT": Kind.LOW_BATTERY,
    "XT": Kind.LOW_BATTERY, "YM": Kind.LOW_BATTERY, "RP": Kind.TEST_REPORT, "RX": Kind.TEST_REPORT,
    "TX": Kind.TEST_REPORT, "FX": Kind.TEST_REPORT, "OP": Kind.ACTIVITY, "OG": Kind.ACTIVITY,
}  # fmt: skip
CONTACT_ID: Final = {  # event: what it is called when new, and when over
    "100": ("MA", "MH"), "101": ("QA", "QH"), "102": ("NA", "NS"), "110": ("FA", "FH"), "111": ("FA", "FH"),
    "112": ("FA", "FH"), "113": ("WA", "WH"), "114": ("KA", "KH"), "115": ("FA", "FH"), "117": ("FA", "FH"),
    "120": ("PA", "PH"), "121": ("HA", "HH"), "122": ("HA", "HH"), "123": ("PA", "PH"), "137": ("TA", "TR"),
    "144": ("TA", "TR"), "145": ("TA", "TR"), "150": ("UA", "UH"), "151": ("GA", "GH"), "154": ("WA", "WH"),
    "158": ("KA", "KH"), "159": ("ZA", "ZH"), "162": ("GA", "GH"), "301": ("AT", "AR"), "302": ("YT", "YR"),
    "309": ("YT", "YR"), "311": ("YM", "YR"), "350": ("YC", "YK"), "351": ("LT", "LR"), "352": ("LT", "LR"),
    "353": ("YC", "YK"), "354": ("YC", "YK"), "381": ("YC", "YK"), "383": ("TA", "TR"), "384": ("XT", "XR"),
    "400": ("OP", "CL"), "401": ("OP", "CL"), "403": ("OA", "CA"), "407": ("OP", "CL"), "601": ("RX", "RX"),
    "602": ("RP", "RP"), "607": ("TX", "TX"), "608": ("TX", "TX"), "900": ("RR", "RR"),
}  # fmt: skip
SMOKE_EVENT: Final = "111"
PANEL_EVENTS: Final = "13"  # burglary and the like: an alarm of a kind we do not name


def claims(message: Message) -> bool:
    return "dc-09" in message.transport.lower() or "dc09" in message.transport.lower()


def decode(message: Message) -> list[Signal]:
    text = message.payload.decode("latin-1").strip("\r\n\0 ")
    found = FRAME.fullmatch(text)
    if found is None:
        raise BadPayload("not a DC-09 frame")
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
    return [_signal(kind, known, found, extra, said | event) for kind, event in events]


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
        if code is None or not (name := _name(code[1])):
            raise BadPayload(f"unknown code {part[:12]!r}")
        kind = KINDS.get(code[1], Kind.OTHER_ALARM if code[1] == "EA" else Kind.STATUS)
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
    new = found[1] == "1"
    code = CONTACT_ID.get(found[2], ("BA", "BH") if found[2].startswith(PANEL_EVENTS) else None)
    if code is None:
        raise BadPayload(f"unknown event {found[2]}")
    meant = code[0 if new else 1]
    kind = Kind.SMOKE if new and found[2] == SMOKE_EVENT else KINDS.get(meant, Kind.STATUS)
    event = {"code": meant, "code_type": _name(meant), "event": found[2], "partition": found[3], "zone": found[4]}
    return (Kind.HISTORY_RECORD if found[1] == "6" else kind), event


def _name(code: str) -> str | None:
    if code in NAMES:
        return NAMES[code]
    noun, ending = NOUNS.get(code[0]), ENDINGS.get(code[1])
    return f"{noun} {ending}" if noun and ending else None


def _signal(
    kind: Kind, device: str | None, found: re.Match[str], extra: dict[str, str], said: dict[str, Any]
) -> Signal:
    lat, lon = reading.place(_angle(extra.get("Y", "")), _angle(extra.get("X", "")))
    time = found["time"]
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
