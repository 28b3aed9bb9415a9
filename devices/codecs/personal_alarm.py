"""Pendants of the MiniFinder and Eview EV07B class (public source: Eview, "EV07B communication protocol").

text     !1,imei      !D,dd/mm/yy,hh:mm:ss,lat,lon,speed,course,flags(hex),altitude,battery,…      !3,… !4,… !7,… others
binary   AB flags length(2) crc-xmodem(2) index(2) type(1), then length(1) key(1) value …; little-endian
         key 01 IMEI, 02 alarms(4), 14 battery, 20 position, 23 28 2A beacons, 24 time and status, 30 steps, 40 heart
         a key that comes again begins the next record

!B is out of the memory. A wrong CRC is noted, and its SOS rings as an alarm of unknown kind.
"""

import re
from typing import Any, Final

from devices.codecs import reading
from devices.codecs.checks import crc_xmodem, doubted
from devices.codecs.frame import Frame, bit, date_time
from devices.codecs.tracker import named, signal
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
IMEI = 0x01
DATA, SERVICES, COMMANDS, NEGATIVE = 0x01, 0x03, 0x04, 0x7F


def claims(message: Message) -> bool:
    return "minifinder" in message.transport


def decode(message: Message) -> list[Signal]:
    known = message.meta.get("device")
    device = str(known) if known is not None else None
    if message.payload[:1] == b"\xab":
        return _binary(message.payload, device)
    found = TEXT.fullmatch(message.payload.decode("latin-1").replace("\0", "").strip())
    if found is None:
        raise BadPayload("neither !…,… nor a binary frame")
    values = found[2].split(",")
    name = found[1]
    match name:
        case "1":
            if not re.fullmatch(r"\d{15}", values[0]):
                raise BadPayload("a log-in without an IMEI")
            return []
        case "D" | "B" | "C" if len(values) >= 9:
            return [_position(device, name, values)]
        case "A" if len(values) >= 4:
            return [_position(device, name, [*values[:4], "", "", "1", "", ""])]
        case "5":
            level = values[2] if len(values) > 2 else None
            return [signal(Kind.STATUS, device, type=name, rssi=reading.number(values[0]), battery=level)]
        case "3" | "4" | "7":
            return [signal(Kind.STATUS, device, type=name, result=found[2])]
    raise BadPayload(f"unknown sentence {name}, or too short for one")


def _position(device: str | None, name: str, values: list[str]) -> Signal:
    stamp = re.fullmatch(r"(\d+)/(\d+)/(\d\d),(\d+):(\d+):(\d+)", f"{values[0]},{values[1]}")
    lat, lon = reading.number(values[2]), reading.number(values[3])
    if stamp is None or lat is None or lon is None or not re.fullmatch(r"[0-9A-Fa-f]{1,8}", values[6]):
        raise BadPayload("no time, place or flags")
    day, month, year, hour, minute, second = (int(group) for group in stamp.groups())
    flags = int(values[6], 16)
    return signal(
        Kind.LOCATION,
        device,
        alarm=named(TEXT_ALARMS, flags),
        at=date_time(year, month, day, hour, minute, second),
        valid=flags & 3 > 0,
        place=(lat, lon),
        battery=values[8],
        history=name == "B",
        type=name,
        approximate=True if bit(flags, 1) else None,
        rssi=flags >> 16 & 31,
        charge=bit(flags, 22),
        speed=reading.number(values[4]),
        course=reading.number(values[5]),
        altitude=reading.number(values[7]),
    )


def _binary(payload: bytes, device: str | None) -> list[Signal]:
    frame = Frame(payload)
    frame.take(2)
    length, crc = frame.u(2, little=True), frame.u(2, little=True)
    frame.take(2)
    if frame.left != length or not length:
        raise BadPayload(f"{frame.left} bytes after the header, not {length}")
    kind = frame.u(1)
    if kind == NEGATIVE:
        frame.take(1)
        return [signal(Kind.STATUS, device, result=str(frame.u(1)))]
    if kind == COMMANDS and payload[10:11] == b"\x1f":
        return [signal(Kind.STATUS, device, result=payload[12:].decode("latin-1").replace("\0", ""))]
    if kind not in (DATA, 0x02, SERVICES, COMMANDS):
        raise BadPayload(f"unknown type {kind:#04x}")
    if kind != DATA:
        return []
    found = _records(frame, device)
    return found if crc_xmodem(payload[8:]) == crc else [doubted(signal) for signal in found]


def _records(frame: Frame, device: str | None) -> list[Signal]:
    signals: list[Signal] = []
    seen: set[int] = set()
    found: dict[str, Any] = {}
    while frame.left:
        size = frame.u(1)
        if not size:
            raise BadPayload("a key without length")
        value = Frame(frame.take(size))
        key = value.u(1)
        if key == IMEI:
            device = value.rest().decode("latin-1").replace("\0", "")
            continue
        if key in seen:
            signals += [_record(device, found)] if found else []
            seen, found = set(), {}
        seen.add(key)
        _key(key, value, found)
    return [*signals, _record(device, found)] if found else signals


def _record(device: str | None, found: dict[str, Any]) -> Signal:
    return signal(Kind.LOCATION if "place" in found else Kind.STATUS, device, **found)


def _key(key: int, value: Frame, found: dict[str, Any]) -> None:
    match key:
        case 0x02:
            flags = value.u(4, little=True)
            found["alarm"] = named(ALARMS, flags)
            if bit(flags, BARK):
                found["bark"] = True
            if value.left >= 4:
                found["at"] = reading.moment(value.u(4, little=True))
        case 0x14:
            found["battery"], found["volts"] = value.u(1), value.u(2, little=True) / 1000
        case 0x20:
            found["place"], found["valid"] = _place(value), True
            if value.left >= 8:
                found["speed"], found["course"] = value.u(2, little=True), value.u(2, little=True)
                found["altitude"], found["valid"] = value.i(2, little=True), value.u(2, little=True) > 0
            if value.left >= 5:
                found["odometer"], found["sat"] = value.u(4, little=True), value.u(1)
        case 0x23:
            found |= {"tagId": value.take(6)[::-1].hex(), "place": _place(value), "valid": True}
        case 0x28:
            flags = value.u(1)
            found |= {"tagId": value.take(6)[::-1].hex(), "tagRssi": value.i(1), "tag1mRssi": value.i(1)}
            if bit(flags, 7):
                found |= {"place": _place(value), "valid": True}
            if bit(flags, 6):
                found["description"] = value.rest().decode("latin-1").replace("\0", "")
        case 0x30 if value.left >= 8:
            value.take(4)
            found["steps"] = value.u(4, little=True)
        case 0x40 if value.left >= 5:
            value.take(4)
            if (heart := value.u(1)) > 1:
                found["heartRate"] = heart
        case 0x24:
            found["at"] = reading.moment(value.u(4, little=True))
            status = value.u(4, little=True)
            found["status"] = status
            found["battery"] = status >> 24 & 0xFF
        case 0x2A:
            flags = value.u(1)
            value.take(min(7, value.left))
            if value.left >= 8 and not bit(flags, 6):
                found |= {"place": _place(value), "valid": True}
            else:
                found["description"] = value.rest().decode("latin-1").replace("\0", "")
        case 0x37:
            value.take(min(4, value.left))
            found["barkCount"] = value.u(4, little=True)


def _place(value: Frame) -> tuple[float, float]:
    lat, lon = value.i(4, little=True) / 1e7, value.i(4, little=True) / 1e7
    if abs(lat) > 90 or abs(lon) > 180:
        raise BadPayload(f"no place on earth: {lat}, {lon}")
    return lat, lon
