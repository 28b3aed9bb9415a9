"""Pendants of the MiniFinder and Eview EV07B class (public source: Eview, "EV07B communication protocol").

text     !1,imei      !D,dd/mm/yy,hh:mm:ss,lat,lon,speed,course,flags(hex),altitude,battery,…      !3,… !4,… !7,… others
binary   AB flags length(2) crc(2) index(2) type(1), then length(1) key(1) value …; little-endian
         key 01 IMEI, 02 alarms(4), 14 battery, 20 position, 24 time and status
"""

import re
from typing import Any, Final

from devices.codecs import reading
from devices.codecs.frame import Frame, bit, date_time
from devices.codecs.tracker import gravest, signal
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "personal_alarm"
TEXT: Final = re.compile(r"!(\w),([^;\r\n]*);?")
TEXT_ALARMS: Final = {
    2: "fault", 6: "sos", 7: "overspeed", 8: "fallDown", 9: "geofence", 10: "geofence", 11: "geofence",
    12: "lowBattery", 14: "movement", 15: "movement",
}  # fmt: skip
ALARMS: Final = {
    0: "lowBattery", 1: "overspeed", 2: "fallDown", 3: "tilt", 4: "geofence", 5: "geofence", 6: "geofence",
    7: "geofence", 8: "powerOff", 9: "powerOn", 10: "movement", 11: "noMovement", 12: "sos",
}  # fmt: skip
BARK: Final = 31
DATA, SERVICES, COMMANDS, NEGATIVE = 0x01, 0x03, 0x04, 0x7F


def claims(message: Message) -> bool:
    return "minifinder" in message.transport


def decode(message: Message) -> list[Signal]:
    known = message.meta.get("device")
    device = str(known) if known is not None else None
    if message.payload[:1] == b"\xab":
        return _binary(message.payload, device)
    found = TEXT.fullmatch(message.payload.decode("latin-1").strip())
    if found is None:
        raise BadPayload("neither !…,… nor a binary frame")
    values = found[2].split(",")
    match found[1]:
        case "1":
            if not re.fullmatch(r"\d{15}", values[0]):
                raise BadPayload("a log-in without an IMEI")
            return []
        case "D" | "A" | "B" | "C" if len(values) >= 9:
            return [_position(device, values)]
        case "3" | "4" | "5" | "7":
            return [signal(Kind.STATUS, device, type=found[1], result=found[2])]
    raise BadPayload(f"unknown sentence {found[1]}")


def _position(device: str | None, values: list[str]) -> Signal:
    stamp = re.fullmatch(r"(\d+)/(\d+)/(\d\d),(\d+):(\d+):(\d+)", f"{values[0]},{values[1]}")
    lat, lon = reading.number(values[2]), reading.number(values[3])
    if stamp is None or lat is None or lon is None or not re.fullmatch(r"[0-9A-Fa-f]{1,8}", values[6]):
        raise BadPayload("no time, place or flags")
    day, month, year, hour, minute, second = (int(group) for group in stamp.groups())
    flags = int(values[6], 16)
    return signal(
        Kind.LOCATION,
        device,
        alarm=gravest(name for number, name in TEXT_ALARMS.items() if bit(flags, number)),
        at=date_time(year, month, day, hour, minute, second),
        valid=bit(flags, 0),
        place=(lat, lon),
        battery=values[8],
        speed=reading.number(values[4]),
        course=reading.number(values[5]),
        altitude=reading.number(values[7]),
    )


def _binary(payload: bytes, device: str | None) -> list[Signal]:
    frame = Frame(payload)
    frame.take(2)
    length = frame.u(2, little=True)
    frame.take(4)
    if frame.left != length or not length:
        raise BadPayload(f"{frame.left} bytes after the header, not {length}")
    kind = frame.u(1)
    if kind == NEGATIVE:
        frame.take(1)
        return [signal(Kind.STATUS, device, result=str(frame.u(1)))]
    if kind not in (DATA, 0x02, SERVICES, COMMANDS):
        raise BadPayload(f"unknown type {kind:#04x}")
    found: dict[str, Any] = {}
    alarms: list[str] = []
    while frame.left:
        size = frame.u(1)
        if not size:
            raise BadPayload("a key without length")
        value = Frame(frame.take(size))
        _key(value.u(1), value, found, alarms)
    name = found.pop("imei", device)
    if not found and not alarms:
        return []
    kind_said = Kind.LOCATION if "place" in found else Kind.STATUS
    return [signal(kind_said, name, alarm=gravest(alarms), **found)]


def _key(key: int, value: Frame, found: dict[str, Any], alarms: list[str]) -> None:
    match key:
        case 0x01:
            found["imei"] = value.rest().decode("latin-1")
        case 0x02:
            flags = value.u(4, little=True)
            alarms += [name for number, name in ALARMS.items() if bit(flags, number)]
            if bit(flags, BARK):
                found["bark"] = True
            if value.left >= 4:
                found["at"] = reading.moment(value.u(4, little=True))
        case 0x14:
            found["battery"], found["volts"] = value.u(1), value.u(2, little=True) / 1000
        case 0x20:
            lat, lon = value.i(4, little=True) / 1e7, value.i(4, little=True) / 1e7
            if abs(lat) > 90 or abs(lon) > 180:
                raise BadPayload(f"no place on earth: {lat}, {lon}")
            found["place"], found["valid"] = (lat, lon), True
        case 0x24:
            found["at"] = reading.moment(value.u(4, little=True))
            status = value.u(4, little=True)
            found["status"] = status
            found["battery"] = status >> 24 & 0xFF
        case 0x2A:
            value.take(min(8, value.left))
            found["description"] = value.rest().decode("latin-1").strip("\0")
        case 0x37:
            value.take(min(4, value.left))
            found["barkCount"] = value.u(4, little=True)
