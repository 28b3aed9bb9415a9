"""Concox GT06-class trackers and pendants with an SOS key (public source: Concox, "GT06 communication protocol").

    78 78  length(1)  type  content …  serial(2)  CRC-X25(2)  0D 0A        79 79 has a length of two bytes

    position   y m d h m s, satellites, latitude/1.8e6 (4), longitude (4), speed, flags(2): 12 fixed, 11 west, 10 north
    cell       length(1) mcc(2) mnc(1) lac(2) id(3); 4G cells are wider
    status     bits 5-3 an alarm; then voltage 0-6, signal, an alarm again, language

The IMEI is said at log-in only, so `meta["device"]` (the connection's) names the device of the other frames. A wrong
CRC is noted and not refused: TCP has checked the bytes, makers get it wrong, and an SOS must not fall through.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from devices.codecs.frame import Frame, bit, date_time, degrees
from devices.codecs.tracker import gravest, signal
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
MODULE_EVENTS: Final = {0x11: "lowBattery", 0x12: "lowPower", 0x13: "powerCut", 0x14: "removing"}
SILENT: Final = {0x01, 0x14, 0x15, 0x17, 0x18, 0x1A, 0x21, 0x24, 0x28, 0x2A, 0x2C, 0x2E, 0x33, 0x34, 0x35, 0x36, 0x69,
                 0x80, 0x81, 0x82, 0x8A, 0x8C, 0x94, 0x9B, 0xA1, 0xA2, 0xF3}  # fmt: skip


def claims(message: Message) -> bool:
    return "gt06" in message.transport


def decode(message: Message) -> list[Signal]:
    kind, content, checked = _unframed(message.payload)
    known = message.meta.get("device")
    device = str(known) if known is not None else None
    if read := READERS.get(kind):
        found = read(Frame(content), device)
        return [found if checked else _doubted(found)]
    if kind == 0x01 and len(content) < 8:
        raise BadPayload("a log-in without an IMEI")
    if kind in SILENT:
        return []
    raise BadPayload(f"unknown type {kind:#04x}")


def _unframed(payload: bytes) -> tuple[int, bytes, bool]:
    frame = Frame(payload)
    head = frame.u(2)
    if head not in (0x7878, 0x7979):
        raise BadPayload("not a GT06 frame")
    length = frame.u(1 if head == 0x7878 else 2)
    if frame.left != length + 2 or length < 5 or payload[-2:] != b"\r\n":
        raise BadPayload(f"{frame.left} bytes after the length, not {length + 2}")
    kind, content = frame.u(1), frame.take(length - 5)
    frame.take(2)
    return kind, content, frame.u(2) == _crc(payload[2:-4])


def _crc(content: bytes) -> int:
    crc = 0xFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1
    return crc ^ 0xFFFF


def _doubted(found: Signal) -> Signal:
    return replace(found, readings={**found.readings, "checksum": False})


def _position(frame: Frame, device: str | None, *, short: bool = False) -> Callable[..., Signal]:
    """Reads date and position; answers the signal that still waits for its alarm."""
    at = date_time(*frame.take(6))
    satellites = None if short else frame.u(1) & 0x0F
    lat, lon = frame.u(4) / 1_800_000, frame.u(4) / 1_800_000
    speed = None if short else frame.u(1)
    flags = frame.u(2)
    place = degrees(lat, negative=not bit(flags, 10)), degrees(lon, negative=bit(flags, 11))
    if abs(place[0]) > 90 or abs(place[1]) > 180:
        raise BadPayload(f"no place on earth: {place}")

    def said(alarm: str | None = None, **readings: Any) -> Signal:
        return signal(
            Kind.LOCATION,
            device,
            alarm=alarm,
            at=at,
            valid=bit(flags, 12),
            place=place,
            satellites=satellites,
            speed=speed,
            course=flags & 0x3FF,
            **readings,
        )

    return said


def _placed(frame: Frame, device: str | None) -> Signal:
    said = _position(frame, device)
    if frame.left == 20:  # with the readings of a tank and a thermometer
        frame.take(8)
        frame.take(4)
        alarm = ALARMS.get(frame.u(1))
        oil, degree = frame.u(2), frame.u(1)
        return said(alarm, oil=oil, temp1=-(degree & 0x7F) if degree & 0x80 else degree)
    return said()


def _alarmed(frame: Frame, device: str | None) -> Signal:
    """The cell's length byte is unreliable, and some makers leave it out: then the country follows at once."""
    said = _position(frame, device)
    frame.take(8 if frame.peek() in (1, 2, 3) and frame.left <= 13 else 9)
    return said(**_status(frame))


def _alarmed_4g(frame: Frame, device: str | None) -> Signal:
    said = _position(frame, device)
    frame.take(frame.peek())
    return said(**_status(frame))


def _status(frame: Frame) -> dict[str, Any]:
    status = frame.u(1)
    wide = frame.left == 5 and frame.content[frame.at] == 0  # a level in per cent stands where the voltage would
    voltage = frame.u(1)
    level: float = frame.u(1) if wide else min(voltage, 6) * 100 // 6
    signal_strength, code = frame.u(1), frame.u(1)
    alarms = [None if wide else STATUS_ALARMS.get(status >> 3 & 7), ALARMS.get(code)]
    return {
        "alarm": gravest(alarm for alarm in alarms if alarm),
        "battery": level,
        "status": status,
        "charge": bit(status, 2),
        "rssi": signal_strength,
    }


def _cell_status(frame: Frame, device: str | None) -> Signal:
    frame.take(8)
    return signal(Kind.BATTERY_OR_STATUS, device, **_status(frame))


def _state(frame: Frame, device: str | None) -> Signal:
    if frame.left >= 16:  # with satellites, and the level in per cent
        frame.take(5)
        return signal(Kind.BATTERY_OR_STATUS, device, battery=frame.u(1))
    return signal(Kind.BATTERY_OR_STATUS, device, **_status(frame))


def _beat(frame: Frame, device: str | None) -> Signal:
    status = frame.u(1)
    volts = frame.u(2) / 100 if frame.left >= 2 else None
    return signal(Kind.HEARTBEAT, device, volts=volts, charge=bit(status, 2), status=status)


def _event(frame: Frame, device: str | None) -> Signal:
    """The camera's alarm: with a position, or with the time only."""
    if len(frame.content) > 7:
        said = _position(frame, device, short=True)
        return said(EVENTS.get(frame.u(1), "general"))
    at = date_time(*frame.take(6))
    code = frame.u(1)
    return signal(Kind.OTHER_ALARM, device, alarm="general" if code == 1 else EVENTS.get(code, "general"), at=at)


def _modules(frame: Frame, device: str | None) -> Signal:
    """Pairs of number(2), length(2), value."""
    found: dict[str, Any] = {}
    while frame.left >= 4:
        number, value = frame.u(2), Frame(frame.take(frame.u(2)))
        if number == 0x2B:
            found["alarm"] = MODULE_EVENTS.get(value.u(1))
        elif number == 0x18:
            found["power"] = value.u(2) / 100
        elif number == 0x09:
            found["satellites"] = value.u(1)
    return signal(Kind.BATTERY_OR_STATUS, device, **found)


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


READERS: Final[dict[int, Callable[[Frame, str | None], Signal]]] = {
    **dict.fromkeys((0x10, 0x11, 0x12, 0x22, 0x2D, 0x31, 0x37, 0xA0, 0xA3), _placed),
    **dict.fromkeys((0x16, 0x26, 0x27, 0x32), _alarmed),
    0xA4: _alarmed_4g,
    0x13: _state,
    0x19: _cell_status,
    0x23: _beat,
    0x36: _short_modules,
    0x70: _modules,
    0x95: _event,
}
