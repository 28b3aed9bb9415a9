"""JT/T 808 of the Chinese ministry of transport, spoken by watches and locators too (public source: JT/T 808-2019).

    7E  type(2) attributes(2) telephone(6 BCD) serial(2) body … xor  7E      inside, 7E is written 7D 02 and 7D 7D 01

    0200 position   alarms(4) status(4) latitude/1e6(4) longitude(4) altitude(2) speed/10(2) course(2)
                    time(6 BCD, UTC+8), then pairs of number(1), length(1), value
    0704 positions kept while there was no net      0002 heartbeat      0210 battery

`attributes` bit 14 says that the header is that of 2019: version(1) and telephone(10 BCD).
"""

from datetime import timedelta
from typing import Any, Final

from devices.codecs.frame import Frame, bit, degrees, degrees_minutes, digits_time
from devices.codecs.tracker import gravest, signal
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "jt808_terminal"
BEIJING: Final = timedelta(hours=8)
MARKS: Final = (b"\x7e", b"\x25")
ALARM_BITS: Final = {
    0: "sos", 1: "overspeed", 4: "fault", 5: "gpsAntennaCut", 7: "lowBattery", 8: "powerOff", 9: "fault", 10: "fault",
    11: "fault", 16: "movement", 17: "tampering", 20: "geofence", 28: "movement", 29: "accident",
}  # fmt: skip
DRIVING_BITS: Final = {8: "hardAcceleration", 9: "hardBraking", 10: "hardCornering"}
EXTENDED_BITS: Final = {0: "hardAcceleration", 1: "hardBraking", 2: "hardCornering", 3: "accident", 4: "tampering"}
SILENT: Final = {0x0001, 0x0003, 0x0100, 0x0102, 0x0104, 0x0107, 0x0109, 0x0201, 0x0300, 0x0702, 0x0800, 0x0801, 0x0900}


def claims(message: Message) -> bool:
    return "jt808" in message.transport


def decode(message: Message) -> list[Signal]:
    kind, device, body = _unframed(message.payload)
    match kind:
        case 0x0200:
            return [_position(body, device)]
        case 0x0704:
            return _kept(body, device)
        case 0x5501 | 0x5502:
            return [_compact(body, device, later=kind == 0x5502)]
        case 0x0002 | 0x0506:
            level = body.u(1) if body.left >= 3 else None
            return [signal(Kind.HEARTBEAT, device, battery=level)]
        case 0x0210:
            return [signal(Kind.BATTERY_OR_STATUS, device, battery=body.u(1))]
    if kind in SILENT:
        return []
    raise BadPayload(f"unknown type {kind:#06x}")


def _unframed(payload: bytes) -> tuple[int, str, Frame]:
    if len(payload) < 15 or payload[:1] != payload[-1:] or payload[:1] not in MARKS:
        raise BadPayload("not between two marks")
    inner = payload[1:-1]
    if payload[:1] == b"\x7e":
        inner = inner.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
    check = 0
    for byte in inner:
        check ^= byte
    if check:
        raise BadPayload("the checksum is wrong")
    frame = Frame(inner[:-1])
    kind, attributes = frame.u(2), frame.u(2)
    if bit(attributes, 14):
        frame.take(1)
    device = frame.take(10 if bit(attributes, 14) else 6).hex()
    frame.take(1 if kind in (0x5501, 0x5502) else 2)
    if frame.left < attributes & 0x3FF:
        raise BadPayload(f"{frame.left} bytes of body, not {attributes & 0x3FF}")
    return kind, device, Frame(frame.rest())


def _position(body: Frame, device: str, *, later: bool = False) -> Signal:
    alarms = [name for number, name in ALARM_BITS.items() if bit(_peek(body), number)]
    body.take(4)
    found = _place(body)
    found["altitude"], found["speed"], found["course"] = body.i(2), body.u(2) / 10, body.u(2)
    local = digits_time(body.take(6).hex())
    found |= _extras(body, alarms)
    return signal(
        Kind.LOCATION,
        device,
        alarm=None if later else gravest(alarms),
        at=local - BEIJING if local else None,
        history=later,
        **found,
    )


def _peek(body: Frame) -> int:
    return int.from_bytes(body.content[body.at : body.at + 4])


def _place(body: Frame) -> dict[str, Any]:
    status, lat, lon = body.u(4), body.u(4) / 1e6, body.u(4) / 1e6
    if lat > 90 or lon > 180:
        raise BadPayload(f"no place on earth: {lat}, {lon}")
    return {
        "valid": bit(status, 1),
        "place": (degrees(lat, negative=bit(status, 2)), degrees(lon, negative=bit(status, 3))),
        "charge": True if bit(status, 26) else None,
    }


def _extras(body: Frame, alarms: list[str]) -> dict[str, Any]:
    """The pairs after a position; what is not known is skipped by its length."""
    found: dict[str, Any] = {}
    volts: float | None = None
    while body.left >= 2:
        number, length = body.u(1), body.u(1)
        if length > body.left:
            break
        value = Frame(body.take(length))
        match number, length:
            case (0x06 | 0xFE, 1):
                found["battery"] = value.u(1)
            case (0xD4 | 0xE1 | 0xE9, 1):
                level = value.u(1)
                found |= {"charge": True} if level == 0xFF else {"battery": level}
            case (0x56, 2):
                found["battery"] = value.u(1) * 10
            case (0x68, 2):
                found["battery"] = value.u(2) / 100
            case (0x69 | 0xD5, 2):
                volts = value.u(2) / 100
            case (0xE3, 6 | 4):
                value.take(1)
                found["battery"], volts = value.u(1), value.u(2) / 100
            case (0xE4, 2):
                found |= {"charge": True} if value.u(1) == 0 else {}
                found["battery"] = value.u(1)
            case (0xF7, _) if length >= 4:
                volts = value.u(4) / 1000
                found |= {"charge": True} if value.left and value.u(1) in (2, 3) else {}
                found |= {"battery": value.u(1)} if value.left else {}
            case (0x30, 1):
                found["rssi"] = value.u(1)
            case (0x31, 1):
                found["satellites"] = value.u(1)
            case (0x51, 2 | 16):
                found |= _temperatures(value)
            case (0x57, _) if length >= 2:
                driving = value.u(2)
                alarms += [name for number, name in DRIVING_BITS.items() if bit(driving, number)]
            case (0x33, _) if value.content.startswith(b"*M00") and length >= 15 and value.content[10:13].isdigit():
                volts = int(value.content[10:13]) / 100
            case (0xFE, _):
                alarms += _driving(value)
            case (0xEB, _):
                volts = _nested(value, found, alarms) or volts
    return found | {"volts": volts}


def _temperatures(value: Frame) -> dict[str, float]:
    raw = [value.u(2) for _ in range(value.left // 2)]
    degrees_c = {
        n: -(word & 0x7FFF) / 10 if bit(word, 15) else word / 10 for n, word in enumerate(raw, 1) if word != 0xFFFF
    }
    return {f"temp{n}": degree for n, degree in degrees_c.items()}


def _driving(value: Frame) -> list[str]:
    """Inside a long FE: a mark, then pairs of number(1), length(1), value; 01 is how the car is driven."""
    value.take(min(1, value.left))
    while value.left >= 2:
        number, length = value.u(1), value.u(1)
        if length > value.left:
            break
        bits = int.from_bytes(value.take(length))
        if number == 0x01:
            return [name for at, name in EXTENDED_BITS.items() if bit(bits, at)]
    return []


def _nested(value: Frame, found: dict[str, Any], alarms: list[str]) -> float | None:
    """Inside EB: pairs of length(2), number(2), value."""
    volts = None
    while value.left >= 4:
        length = value.u(2)
        if not 2 <= length <= value.left:
            break
        inner = Frame(value.take(length))
        number = inner.u(2)
        if number == 0x2D and inner.left == 2:
            volts = inner.u(2) / 1000
        elif number == 0xE1 and inner.left == 1:
            found["battery"] = inner.u(1)
        elif number == 0x89 and inner.left == 4 and not bit(inner.u(4), 12):
            alarms.append("removing")
    return volts


def _kept(body: Frame, device: str) -> list[Signal]:
    count, kind = body.u(2), body.u(1)
    return [_position(Frame(body.take(body.u(2))), device, later=kind == 1) for _ in range(min(count, 500))]


def _compact(body: Frame, device: str, *, later: bool) -> Signal:
    """ddmmyyhhmmss, then ddmm.mmmm and dddmm.mmmm in BCD, a half byte of flags, speed, course, and the state."""
    clock = body.take(6).hex()
    local = digits_time(clock[4:6] + clock[2:4] + clock[:2] + clock[6:])
    lat = body.bcd(4)
    lon, flags = (wide := body.take(5).hex())[:9], int(wide[9], 16)
    if not lon.isdecimal():
        raise BadPayload(f"no longitude: {lon}")
    speed, course, rssi, satellites = body.u(1), body.u(1) * 2, body.u(1), body.u(1)
    body.take(4)
    level = body.u(1)
    return signal(
        Kind.LOCATION,
        device,
        at=local - BEIJING if local else None,
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
        satellites=satellites,
    )
