"""Concox GT06-class trackers and pendants with an SOS key (public source: Concox, "GT06 communication protocol").

    78 78  length(1)  type  content …  serial(2)  CRC-X25(2)  0D 0A        79 79 has a length of two bytes

    position   y m d h m s, satellites, latitude/1.8e6 (4), longitude (4), speed, flags(2): 12 fixed, 11 west, 10 north
    cell       [length(1)] mcc(2) mnc(1; 2 where the mcc's first bit is set) lac(2) id(3); 4G cells are wider
    status     bits 5-3 an alarm, 2 charging, 1 ignition; then voltage 0-6, signal, an alarm again, language

The IMEI is said at log-in only, so `meta["device"]` (the connection's) names the device of the other frames. A wrong
CRC is noted and not refused: makers get it wrong, and an SOS must not fall through; it rings as an alarm of unknown
kind. Only the long event of cameras, whose CRC is wrong as a rule, is believed as it is.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from devices.codecs.checks import crc_x25, doubted
from devices.codecs.frame import Frame, bit, date_time, degrees
from devices.codecs.gt06_words import EXTENDED, INFORMATION
from devices.codecs.tracker import signal
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "gt06_tracker"
STATUS_ALARMS: Final = {1: "vibration", 2: "powerCut", 3: "lowBattery", 4: "sos", 6: "geofence", 7: "removing"}
ALARMS: Final = {
    0x01: "sos", 0x02: "powerCut", 0x03: "vibration", 0x04: "geofenceEnter", 0x05: "geofenceExit", 0x06: "overspeed",
    0x09: "vibration", 0x0C: "tampering", 0x0E: "lowBattery", 0x0F: "lowBattery", 0x11: "powerOff", 0x13: "tampering",
    0x14: "door", 0x19: "lowBattery", 0x23: "fallDown", 0x25: "tampering", 0x29: "hardAcceleration",
    0x2A: "hardCornering", 0x2B: "hardCornering", 0x2C: "accident", 0x30: "hardBraking",
}  # fmt: skip
EVENTS: Final = {
    0x01: "sos", 0x80: "vibration", 0x87: "overspeed", 0x90: "hardAcceleration", 0x91: "hardBraking",
    0x92: "hardCornering", 0x93: "accident",
}  # fmt: skip
LOGIN, CAMERA_EVENT, SHORT_EVENT = 0x01, 0x95, 7
SILENT: Final = {0x14, 0x17, 0x18, 0x1F, 0x24, 0x28, 0x2A, 0x2C, 0x2E, 0x33, 0x34, 0x35, 0x36, 0x40, 0x41, 0x44, 0x65,
                 0x66, 0x69, 0x80, 0x81, 0x82, 0x83, 0x8A, 0x8C, 0x97, 0xA1, 0xA2, 0xA7, 0xC4, 0xF3, 0xFD}  # fmt: skip
Reader = Callable[[Frame, str | None], Signal]


def claims(message: Message) -> bool:
    return "gt06" in message.transport


def decode(message: Message) -> list[Signal]:
    kind, content, wide, checked = _unframed(message.payload)
    known = message.meta.get("device")
    device = str(known) if known is not None else None
    if read := (WIDE_READERS.get(kind) if wide else None) or READERS.get(kind):
        found = read(Frame(content), device)
        believed = checked or (kind == CAMERA_EVENT and len(content) > SHORT_EVENT)
        return [found if checked else doubted(found) if not believed else _noted(found)]
    if kind == LOGIN:
        if len(content) < 8 or not content[:8].hex().isdecimal():
            raise BadPayload("a log-in without an IMEI")
        return []
    if kind in SILENT:
        return []
    raise BadPayload(f"unknown type {kind:#04x}")


def _unframed(payload: bytes) -> tuple[int, bytes, bool, bool]:
    """Type, content, whether the length has two bytes, and whether the CRC is right."""
    frame = Frame(payload)
    head = frame.u(2)
    if head not in (0x7878, 0x7979):
        raise BadPayload("not a GT06 frame")
    length = frame.u(1 if head == 0x7878 else 2)
    if frame.left != length + 2 or length < 5 or payload[-2:] != b"\r\n":
        raise BadPayload(f"{frame.left} bytes after the length, not {length + 2}")
    kind, content = frame.u(1), frame.take(length - 5)
    frame.take(2)
    return kind, content, head == 0x7979, frame.u(2) == crc_x25(payload[2:-4])


def _noted(found: Signal) -> Signal:
    return replace(found, readings={**found.readings, "checksum": False})


def _position(frame: Frame, device: str | None, *, short: bool = False) -> Callable[..., Signal]:
    """Reads date and position; answers the signal that still waits for its alarm."""
    at = date_time(*frame.take(6))
    sat = None if short else frame.u(1) & 0x0F
    lat, lon = frame.u(4) / 1_800_000, frame.u(4) / 1_800_000
    speed = None if short else frame.u(1)
    flags = frame.u(2)
    place = degrees(lat, negative=not bit(flags, 10)), degrees(lon, negative=bit(flags, 11))
    if abs(place[0]) > 90 or abs(place[1]) > 180:
        raise BadPayload(f"no place on earth: {place}")
    ignition = {"ignition": bit(flags, 15)} if bit(flags, 14) else {}

    def said(**readings: Any) -> Signal:
        return signal(
            Kind.LOCATION, device, at=at, valid=bit(flags, 12), place=place, sat=sat, speed=speed,
            course=flags & 0x3FF, **{**ignition, **readings},
        )  # fmt: skip

    return said


def _cell(frame: Frame) -> dict[str, Any]:
    """Country, net, area, cell; frames that are cut off before it have none."""
    if frame.left < 8:
        return {}
    mcc = frame.u(2)
    mnc = frame.u(2 if bit(mcc, 15) else 1)
    return {"cells": [[mcc & 0x7FFF, mnc, frame.u(2), frame.u(3)]]}


def _sized_cell(frame: Frame) -> dict[str, Any]:
    """A length first, of the cell or of the cell and itself; a maker leaves it out, and then the country follows."""
    if frame.peek() in (1, 2, 3) and frame.left <= 13:
        return _cell(frame)
    length = frame.u(1)
    if length == 0:
        if frame.left >= 49 and not any(frame.content[frame.at + 9 : frame.at + 45]):
            frame.take(45)
        return {}
    start = frame.at
    found = _cell(frame)
    frame.take(max(0, length - 1 - (frame.at - start)) if length > 9 else max(0, 8 - (frame.at - start)))
    return found


def _placed(frame: Frame, device: str | None) -> Signal:
    said = _position(frame, device)
    size = len(frame.content)
    more = _cell(frame)
    if size == 31 and frame.left == 5:  # with a vehicle's voltage
        more |= _power(frame)
    elif size == 38 and frame.left == 12:  # with the readings of a tank and a thermometer
        more |= _power(frame)
        more["alarm"] = [*more.get("alarm", ()), *_alarm(frame.u(1))]
        more["oil"], degree = frame.u(2), frame.u(1)
        more["temp1"] = -(degree & 0x7F) if degree & 0x80 else degree
        more["odometer"] = frame.u(4) * 10
    return said(**more)


def _reasoned(frame: Frame, device: str | None) -> Signal:
    """After the cell: ignition, why it was sent, and whether it comes out of the memory."""
    said = _position(frame, device)
    more = _cell(frame)
    if frame.left >= 3:
        more |= {"ignition": frame.u(1) > 0, "event": frame.u(1), "history": frame.u(1) > 0}
    if frame.left == 4:
        more["odometer"] = frame.u(4)
    return said(**more)


def _alarmed(frame: Frame, device: str | None) -> Signal:
    said = _position(frame, device)
    if len(frame.content) == 31 and frame.left == 13 and frame.peek() not in (8, 9):  # with a vehicle's voltage
        return said(**_cell(frame), **_power(frame))
    return said(**_sized_cell(frame), **_status(frame))


def _alarmed_4g(frame: Frame, device: str | None) -> Signal:
    said = _position(frame, device)
    frame.take(frame.peek())
    return said(**_status(frame))


def _alarm(code: int) -> list[str]:
    return [ALARMS[code]] if code in ALARMS else []


def _status_byte(status: int) -> dict[str, Any]:
    return {"status": status, "ignition": bit(status, 1), "charge": bit(status, 2), "blocked": bit(status, 7)}


def _power(frame: Frame) -> dict[str, Any]:
    status = frame.u(1)
    alarm = STATUS_ALARMS.get(status >> 3 & 7)
    return {"alarm": [alarm] if alarm else [], "power": frame.u(2) / 100, "rssi": frame.u(1), **_status_byte(status)}


def _status(frame: Frame) -> dict[str, Any]:
    status = frame.u(1)
    wide = frame.left == 5 and frame.content[frame.at] == 0  # a level in per cent stands where the voltage would
    voltage = frame.u(1)
    level: float = frame.u(1) if wide else min(voltage, 6) * 100 // 6
    signal_strength, code = frame.u(1), frame.u(1)
    first = None if wide else STATUS_ALARMS.get(status >> 3 & 7)
    alarms = ([first] if first else []) + _alarm(code)
    return {"alarm": alarms, "battery": level, "rssi": signal_strength, **_status_byte(status)}


def _cell_status(frame: Frame, device: str | None) -> Signal:
    if len(frame.content) >= 0x12:  # many cells and no status
        return signal(Kind.STATUS, device, type="LBS")
    return signal(Kind.BATTERY_OR_STATUS, device, **_cell(frame), **_status(frame))


def _cell_alarm(frame: Frame, device: str | None) -> Signal:
    """A 4G cell: mcc(2) mnc(1) lac(4) id(8)."""
    frame.take(15)
    return signal(Kind.BATTERY_OR_STATUS, device, **_status(frame))


def _state(frame: Frame, device: str | None) -> Signal:
    if frame.left >= 16:  # with satellites, and the level in per cent
        frame.take(5)
        level = frame.u(1)
        frame.take(8)
        heat = frame.u(2)  # the first bit is set above zero
        degree = (heat & 0x7FFF) / 10 * (1 if bit(heat, 15) else -1)
        return signal(Kind.BATTERY_OR_STATUS, device, battery=level, temp1=degree)
    if frame.left < 4:
        status, level = frame.u(1), min(frame.u(1), 6) * 100 // 6
        alarm = STATUS_ALARMS.get(status >> 3 & 7)
        return signal(Kind.BATTERY_OR_STATUS, device, alarm=alarm, battery=level, **_status_byte(status))
    return signal(Kind.BATTERY_OR_STATUS, device, **_status(frame))


def _beat(frame: Frame, device: str | None) -> Signal:
    status = frame.u(1)
    volts = frame.u(2) / 100 if frame.left >= 2 else None
    rssi = frame.u(1) if frame.left else None
    return signal(
        Kind.HEARTBEAT, device, volts=volts, rssi=rssi, status=status, armed=bit(status, 0), ignition=bit(status, 1),
        charge=bit(status, 2),
    )  # fmt: skip


def _event(frame: Frame, device: str | None) -> Signal:
    """The camera's alarm: with a position, or with the time only."""
    if len(frame.content) > SHORT_EVENT:
        said = _position(frame, device, short=True)
        return said(alarm=EVENTS.get(frame.u(1), "general"))
    at = date_time(*frame.take(6))
    code = frame.u(1)
    return signal(Kind.OTHER_ALARM, device, alarm="general" if code == 1 else EVENTS.get(code, "general"), at=at)


def _az735(frame: Frame, device: str | None) -> Signal:
    """Date, then position, cell, more cells and wifi, each after its length; a status."""
    at = date_time(*frame.take(6))
    position = Frame(frame.take(frame.u(1)))
    for _ in range(3):
        frame.take(frame.u(1))
    status = frame.u(1)
    alarm = {0xA2: "lowBattery", 0xA3: "lowBattery", 0xA4: "general", 0xA5: "door"}.get(status)
    if position.left < 12:
        return signal(Kind.STATUS, device, alarm=alarm, at=at, status=status)
    clock = frame.content[:6]
    said = _position(Frame(clock + position.rest()), device)
    return said(alarm=alarm, status=status)


def _short_modules(frame: Frame, device: str | None) -> Signal:
    """A status, then number(1), length(1), value."""
    status, volts = frame.u(1), None
    while frame.left >= 2:
        number, length = frame.u(1), frame.u(1)
        if length > frame.left:
            break
        value = frame.take(length)
        if number == 0x18:
            volts = int.from_bytes(value) / 100
    return signal(Kind.BATTERY_OR_STATUS, device, status=status, volts=volts)


READERS: Final[dict[int, Reader]] = {
    **dict.fromkeys((0x10, 0x11, 0x12, 0x1A, 0x1E, 0x31, 0xA0, 0xA3), _placed),
    **dict.fromkeys((0x22, 0x2D, 0x37), _reasoned),
    **dict.fromkeys((0x16, 0x26, 0x27, 0x32), _alarmed),
    0xA4: _alarmed_4g,
    0xA5: _cell_alarm,
    0x13: _state,
    0x19: _cell_status,
    0x23: _beat,
    0x36: _short_modules,
    CAMERA_EVENT: _event,
    **INFORMATION,
}
WIDE_READERS: Final[dict[int, Reader]] = {0x32: _az735, 0x33: _az735, **EXTENDED}
