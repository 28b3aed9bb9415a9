"""JT/T 808 of the Chinese ministry of transport, spoken by watches and locators too (public source: JT/T 808-2019).

    7E  type(2) attributes(2) telephone(6 BCD) serial(2) body … xor  7E      inside, 7E is written 7D 02 and 7D 7D 01

    0200 position   alarms(4) status(4) latitude/1e6(4) longitude(4) altitude(2) speed/10(2) course(2)
                    time(6 BCD, UTC+8), then pairs of number(1), length(1), value (`jt808_extras`)
    0201 the same, after the serial of the question           0704 positions, each after its length(2); kind 1: kept
    0002 heartbeat           0210 battery, or positions       0701 6006 1300 answers in words        0107 SIM card
    5501 5502 positions of padlocks, in BCD                   ( … ) an answer in words

`attributes` bit 14 says that the header is that of 2019: version(1) and telephone(10 BCD). A wrong checksum is noted,
and its SOS rings as an alarm of unknown kind.
"""

from datetime import timedelta
from typing import Any, Final

from devices.codecs.checks import doubted, xor
from devices.codecs.frame import Frame, bit, degrees, degrees_minutes, digits_time
from devices.codecs.jt808_extras import are_pairs, extras
from devices.codecs.tracker import named, signal
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "jt808_terminal"
BEIJING: Final = timedelta(hours=8)
MARKS: Final = (b"\x7e", b"\x25")
ALARM_BITS: Final = {
    0: "sos", 1: "overspeed", 2: "fatigueDriving", 5: "gpsAntennaCut", 6: "gpsAntennaCut", 4: "fault", 9: "fault",
    10: "fault", 11: "fault", 7: "lowBattery", 18: "lowBattery", 8: "powerOff", 15: "vibration", 16: "movement",
    17: "tampering", 19: "parking", 20: "geofence", 26: "general", 28: "movement", 29: "accident", 30: "accident",
}  # fmt: skip
LOCK_BITS: Final = {0: "lowPower"}
LOCK_ALARMS: Final = {
    0: "overspeed", 1: "lowPower", 2: "vibration", 3: "lowBattery", 5: "geofenceEnter", 6: "geofenceExit",
}  # fmt: skip
SILENT: Final = {0x0001, 0x0003, 0x0004, 0x0005, 0x0100, 0x0102, 0x0104, 0x0108, 0x0109, 0x0300, 0x0301, 0x0302, 0x0303,
                 0x0310, 0x0500, 0x0700, 0x0702, 0x0800, 0x0801, 0x0802, 0x0805, 0x0900, 0x0901, 0x0A00, 0x1007,
                 0x2070, 0x8888}  # fmt: skip


def claims(message: Message) -> bool:
    return "jt808" in message.transport or "huabao" in message.transport


def decode(message: Message) -> list[Signal]:
    if message.payload[:1] == b"(" and message.payload[-1:] == b")":
        words = message.payload.decode("latin-1").replace("\0", "")
        return [signal(Kind.STATUS, _known(message), result=words)] if "BASE,2" not in words else []
    kind, device, body, checked = _unframed(message.payload)
    found = _said(kind, device, body)
    return found if checked else [doubted(signal) for signal in found]


def _said(kind: int, device: str, body: Frame) -> list[Signal]:
    match kind:
        case 0x0200:
            return [_position(body, device)]
        case 0x0201:
            body.take(2)
            return [_position(body, device)]
        case 0x0704:
            count, later = body.u(2), body.u(1) == 1
            return [_position(Frame(body.take(body.u(2))), device, later=later) for _ in range(min(count, 500))]
        case 0x0210 if body.left == 7:
            return [signal(Kind.BATTERY_OR_STATUS, device, battery=body.u(1), at=_clock(body.take(6)))]
        case 0x0210:
            return _batch(body, device)
        case 0x5501 | 0x5502:
            return [_compact(body, device, later=kind == 0x5502)]
        case 0x0002 | 0x0506 if body.left >= 3:
            return [signal(Kind.HEARTBEAT, device, battery=body.u(1), rssi=body.u(1), status=body.u(1))]
        case 0x0002 | 0x0506:
            return [signal(Kind.HEARTBEAT, device)]
        case 0x0107:
            body.take(34)
            return [signal(Kind.STATUS, device, iccid=body.take(10).hex())]
        case 0x0701 | 0x1300 | 0x6006:
            return [signal(Kind.STATUS, device, result=_words(kind, body))]
    if kind in SILENT:
        return []
    raise BadPayload(f"unknown type {kind:#06x}")


def _known(message: Message) -> str | None:
    device = message.meta.get("device")
    return str(device) if device is not None else None


def _unframed(payload: bytes) -> tuple[int, str, Frame, bool]:
    """Type, telephone, body, and whether the checksum is right."""
    if len(payload) < 15 or payload[:1] != payload[-1:] or payload[:1] not in MARKS:
        raise BadPayload("not between two marks")
    inner = payload[1:-1]
    if payload[:1] == b"\x7e":
        inner = inner.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
    frame = Frame(inner[:-1])
    kind, attributes = frame.u(2), frame.u(2)
    new = bit(attributes, 14)
    if new:
        frame.take(1)
    device = frame.take(10 if new else 6).hex()
    frame.take(1 if kind in (0x5501, 0x5502) else 2)
    if frame.left < attributes & 0x3FF:
        raise BadPayload(f"{frame.left} bytes of body, not {attributes & 0x3FF}")
    return kind, device, Frame(frame.rest()), xor(inner) == 0


def _words(kind: int, body: Frame) -> str:
    if kind == 0x0701:
        text = body.take(min(body.u(4), body.left)).decode("latin-1")
    elif kind == 0x6006:
        body.take(1)
        text = body.rest().decode("gbk", "replace")
    else:
        body.take(2)
        text = body.rest().decode("utf-16-be", "replace")
    return "".join(char for char in text if char != "\0" and not "\ud800" <= char <= "\udfff").strip()


def _clock(digits: bytes) -> Any:
    local = digits_time(digits.hex())
    return local - BEIJING if local and local.year > 2000 else None


def _position(body: Frame, device: str, *, later: bool = False) -> Signal:
    alarms = named(ALARM_BITS, body.u(4))
    found = _place(body)
    found["altitude"], found["speed"], found["course"] = body.i(2), body.u(2) / 10, body.u(2)
    at = _clock(body.take(6))
    if body.left == 18 and not are_pairs(body.content[body.at :]):  # older: fuel, distance, voltage, area, signal
        body.take(8)
        found |= {"volts": body.u(2) / 10, "rssi": body.content[-4]}
    else:
        found |= extras(body, alarms)
    return signal(Kind.LOCATION, device, alarm=alarms, at=at, history=later, **found)


def _place(body: Frame) -> dict[str, Any]:
    status, lat, lon = body.u(4), body.u(4) / 1e6, body.u(4) / 1e6
    if lat > 90 or lon > 180:
        raise BadPayload(f"no place on earth: {lat}, {lon}")
    return {
        "valid": bit(status, 1),
        "place": (degrees(lat, negative=bit(status, 2)), degrees(lon, negative=bit(status, 3))),
        "ignition": bit(status, 0),
        "blocked": bit(status, 10),
        "charge": bit(status, 26),
    }


def _batch(body: Frame, device: str) -> list[Signal]:
    """Positions one after another, each after a length of one byte."""
    found = []
    while body.left >= 29:
        length = body.u(1)
        if not 28 <= length <= body.left:
            raise BadPayload(f"a position of {length} bytes")
        found.append(_position(Frame(body.take(length)), device))
    if not found:
        raise BadPayload("no position in the batch")
    return found


def _compact(body: Frame, device: str, *, later: bool) -> Signal:
    """ddmmyyhhmmss, then ddmm.mmmm and dddmm.mmmm in BCD, a half byte of flags, speed, course, and the state."""
    clock = body.take(6).hex()
    local = digits_time(clock[4:6] + clock[2:4] + clock[:2] + clock[6:])
    lat = body.bcd(4)
    lon, flags = (wide := body.take(5).hex())[:9], int(wide[9], 16)
    if not lon.isdecimal():
        raise BadPayload(f"no longitude: {lon}")
    speed, course, rssi, sat = body.u(1), body.u(1) * 2, body.u(1), body.u(1)
    distance, level = body.u(4) * 1000, body.u(1)
    alarms, status = _lock(body) if body.left >= 11 else ([], None)
    return signal(
        Kind.LOCATION,
        device,
        alarm=alarms,
        at=local - BEIJING if local and local.year > 2000 else None,
        valid=bit(flags, 0),
        place=(
            degrees_minutes(f"{lat[:4]}.{lat[4:]}", negative=not bit(flags, 1)),
            degrees_minutes(f"{lon[:5]}.{lon[5:]}", negative=not bit(flags, 2)),
        ),
        battery=level if level <= 100 else None,
        history=later,
        charge=True if level in (0xAA, 0xAB) else None,
        speed=speed,
        course=course,
        rssi=rssi,
        sat=sat,
        odometer=distance,
        status=status,
    )


def _lock(body: Frame) -> tuple[list[str], int]:
    body.take(6)
    product, status, alarm = body.u(1), body.u(2), body.u(2)
    table = LOCK_BITS if product in (1, 2) else LOCK_ALARMS if product == 3 else {}
    return named(table, alarm), status
