"""SeTracker-class watches with a SIM card, the "3G" protocol (public source: the makers' TCP protocol V1.0).

    [ 3G * 8800000015 * [index *] 0087 * type , value , value … ]
      maker  device               length, hexadecimal, often wrong

    UD AL WT, with any ending, and WAD: ddmmyy,hhmmss,A|V,lat,N|S,lon,E|W,speed,course,altitude,satellites,gsm,battery,
        steps,tumbles,status,cells,… AL is an alarm; UD2 comes later, from a dead spot; the status is 32 bits: states,
        then alarms. After it: cells, delay, mcc, mnc, then lac,id,gsm for each cell; wifis, then name,mac,gsm for each
    LK[,steps,tumbles,battery]   the heartbeat
    PULSE HEART BLOOD BPHRT OXYGEN TEMP BTEMP2   what was measured
    TK JXTK IMG   sound and pictures: any bytes, so here the length counts

Several frames may arrive joined. A watch answers a command with its name: `SOS1` is a number stored, and no SOS.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from devices.codecs import reading
from devices.codecs.frame import bit, degrees, digits_time
from devices.codecs.tracker import named, signal
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "gps_watch_3g"
HEAD: Final = re.compile(rb"\[([0-9A-Za-z]{2})\*(\w{1,20})\*(?:[0-9A-Fa-f]{4}\*)?([0-9A-Fa-f]{4})\*", re.ASCII)
NAME: Final = re.compile(r"\w{2,24}", re.ASCII)
GAP: Final = b"\r\n\0 "
STATUS_BITS: Final = {
    0: "lowBattery", 1: "geofenceExit", 2: "geofenceEnter", 14: "powerCut", 16: "sos", 17: "lowBattery",
    18: "geofenceExit", 19: "geofenceEnter", 20: "removing", 21: "fallDown", 22: "fallDown",
}  # fmt: skip
MOVES: Final = 4  # the status bit of a wrist that moves
MEDIA: Final = {"TK", "JXTK", "IMG"}
TALK: Final = {  # what a watch asks, and its answers to commands
    "INIT", "TKQ", "TKQ2", "TK2", "CONFIG", "ICCID", "CCID", "CR", "RCAPTURE", "PP", "PP2", "TS", "VERNO", "IMEI",
    "RYIMEI", "UPLOAD", "CENTER", "SLAVE", "PW", "CALL", "MONITOR", "SOS", "SOS1", "SOS2", "SOS3", "SOSSMS", "UPGRADE",
    "IP", "FACTORY", "RESET", "POWEROFF", "LZ", "URL", "LOWBAT", "REMOVE", "REMOVESMS", "FALLDOWN", "LSSET", "FIND",
    "FLOWER", "REMIND", "TAKEPILLS", "MESSAGE", "PHB", "PHB2", "PHBX", "PHL", "PROFILE", "BT", "WORK", "WORKTIME",
    "WALKTIME", "SLEEPTIME", "SILENCETIME", "SILENCETIME2", "PEDO", "SMSONOFF", "HRTSTART", "BODYTEMP", "GSMANT", "APN",
    "KA", "DEVREFUSEPHONESWITCH", "WHITELIST1", "WHITELIST2", "MOD", "GPS", "DW", "REPORT", "TIME", "LANG", "BPSTART",
}  # fmt: skip


def claims(message: Message) -> bool:
    return "watch" in message.transport and HEAD.match(message.payload) is not None


def decode(message: Message) -> list[Signal]:
    found = [(device, _read(device, content)) for device, content in frames(message.payload)]
    if not found:
        raise BadPayload("not a whole frame in square brackets")
    return [signal for _, signal in found]


def frames(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """Device and content of each frame; a length that fits is believed, and else the next bracket ends the frame."""
    at = 0
    while at < len(payload):
        if payload[at] in GAP:
            at += 1
            continue
        head = HEAD.match(payload, at)
        if head is None:
            raise BadPayload("not a whole frame in square brackets")
        end = head.end() + int(head[3], 16)
        if not _ends(payload, end):
            end = payload.find(b"]", head.end())
            if not _ends(payload, end) or b"[" in payload[head.end() : end]:
                raise BadPayload("not a whole frame in square brackets")
        yield head[2].decode(), payload[head.end() : end]
        at = end + 1


def _ends(payload: bytes, end: int) -> bool:
    return payload[end : end + 1] == b"]" and end >= 0 and (end + 1 == len(payload) or payload[end + 1] in GAP + b"[")


def _read(device: str, content: bytes) -> Signal:
    name = content.partition(b",")[0].decode("latin-1").strip()
    if not NAME.fullmatch(name):
        raise BadPayload(f"unknown type {name[:20]!r}")
    word = name.upper()
    if word in MEDIA:
        return signal(Kind.STATUS, device, type=name)
    values = content.decode("utf-8", "replace").replace("\0", "").split(",")[1:]
    if word[:2] in ("UD", "AL", "WT"):
        return _position(device, name, values)
    if word == "WAD":  # asks for the address of a place, in a language
        return _position(device, name, values[1:] if values and not values[0].isdigit() else values)
    if word == "LK":
        steps, battery = (values[0], values[2]) if len(values) >= 3 else (None, None)
        return signal(Kind.HEARTBEAT, device, battery=battery, type=name, steps=reading.number(steps))
    if measured := MEASURED.get(word):
        found = measured([reading.number(value) for value in values])
        return signal(Kind.VITALS, device, type=name, **found)
    if word in TALK:
        return signal(Kind.STATUS, device, type=name, result=",".join(values) or None)
    raise BadPayload(f"unknown type {name[:20]!r}")


def _position(device: str, name: str, values: list[str]) -> Signal:
    """An alarm needs no place; anything else needs a fix or the word that there is none."""
    calls = name.upper().startswith("AL")
    if len(values) < 16:
        raise BadPayload(f"{name} with {len(values)} values, not 16")
    date, time, fix, lat, north, lon, east = (value.strip() for value in values[:7])
    if not re.fullmatch(r"[0-9A-Fa-f]{1,8}", values[15]):
        raise BadPayload(f"status {values[15][:20]!r}")
    status = int(values[15], 16)
    latitude, longitude = reading.number(lat), reading.number(lon)
    known = fix in ("A", "V") and latitude is not None and longitude is not None
    if not known and not calls:
        raise BadPayload(f"{name} without a position")
    alarms = named(STATUS_BITS, status)
    return signal(
        Kind.LOCATION,
        device,
        alarm=alarms or (["general"] if calls else []),
        at=digits_time(date[4:6] + date[2:4] + date[:2] + time),
        valid=fix == "A" and known,
        place=(_angle(latitude, north == "S"), _angle(longitude, east == "W")) if known else None,
        battery=values[12],
        history=name.upper() == "UD2",
        type=name,
        speed=reading.number(values[7]),
        course=reading.number(values[8]),
        altitude=reading.number(values[9]),
        sat=reading.number(values[10]),
        rssi=reading.number(values[11]),
        steps=reading.number(values[13]),
        motion=True if bit(status, MOVES) else None,
        **_network(values[16:]),
    )


def _angle(value: float | None, opposite: bool) -> float:
    """Some watches write the sign, some the letter, and some both."""
    number = value or 0.0
    return degrees(-abs(number) if opposite else number, negative=False)


def _network(values: list[str]) -> dict[str, Any]:
    """Cells and wireless networks around; what is missing or is no number ends the list."""
    rest = iter(values)
    found: dict[str, Any] = {}
    try:
        count = int(next(rest))
        next(rest)
        if count > 0:
            mcc, mnc = next(rest), next(rest)
            found["cells"] = [[mcc, mnc, *(next(rest) for _ in range(3))] for _ in range(min(count, 20))]
        count = int(next(rest))
        found["wifi"] = [[next(rest), next(rest), int(next(rest))][1:] for _ in range(min(count, 30))]
    except (StopIteration, ValueError, RuntimeError):
        pass
    return {name: value for name, value in found.items() if value}


Numbers = list[float | None]


def _named(*names: str) -> Callable[[Numbers], dict[str, Any]]:
    def read(values: Numbers) -> dict[str, Any]:
        if not values or values[0] is None:
            raise BadPayload("nothing was measured")
        return dict(zip(names, values, strict=False))

    return read


def _oxygen(values: Numbers) -> dict[str, Any]:
    """Where two numbers stand, the first says how it was measured."""
    return _named("oxygenType", "bloodOxygen")(values) if len(values) > 1 else _named("bloodOxygen")(values)


def _body(values: Numbers) -> dict[str, Any]:
    """The first number says whether the wrist was warm enough to be one."""
    found = _named("measured", "temp1")(values)
    return found if found["measured"] else {"measured": 0}


MEASURED: Final[dict[str, Callable[[Numbers], dict[str, Any]]]] = {
    "PULSE": _named("heartRate"),
    "HEART": _named("heartRate"),
    "BLOOD": _named("pressureHigh", "pressureLow", "heartRate"),
    "BPHRT": _named("pressureHigh", "pressureLow", "heartRate"),
    "OXYGEN": _oxygen,
    "TEMP": _named("temp1"),
    "BTEMP2": _body,
}
