"""What follows a JT/T 808 position: pairs of number(1), length(1), value; what is not known is skipped by its length.

The numbers up to 31 are the standard's (01 distance/100 m, 02 fuel/10, 30 signal, 31 satellites); the others are
makers' own, as their terminals send them: batteries (06 56 68 69 D4 D5 E1 E3 E4 E9 F7 FE), temperatures (51), alarms
(57 70 D0 E7 E8 FE), and in EB pairs of length(2), number(2), value.
"""

from collections.abc import Callable
from typing import Any, Final

from devices.codecs.frame import Frame, bit
from devices.codecs.tracker import named
from devices.signals import BadPayload

DRIVING_BITS: Final = {8: "hardAcceleration", 9: "hardBraking", 10: "hardCornering"}
EXTENDED_BITS: Final = {0: "hardAcceleration", 1: "hardBraking", 2: "hardCornering", 3: "accident", 4: "tampering"}
DRIVING_EVENTS: Final = {1: "hardAcceleration", 2: "hardBraking", 3: "hardCornering", 0x16: "accident"}
CAMERA_EVENTS: Final = {
    0x0001: "fault", 0x0400: "hardAcceleration", 0x0412: "hardAcceleration", 0x0401: "hardBraking",
    0x0413: "hardBraking", 0x0402: "hardCornering", 0x0414: "hardCornering", 0x0403: "overspeed", 0x0405: "accident",
    0x0416: "accident", 0x0417: "accident", 0x0406: "vibration", 0x0407: "tow", 0x0408: "geofenceEnter",
    0x0409: "geofenceExit", 0x040C: "door", 0x0415: "laneChange", 0x0C01: "sos", 0x0C02: "lowPower", 0x0C05: "general",
    0x0C0E: "powerCut", 0x0C0F: "lowBattery", 0x0C10: "powerOff", 0x0C12: "tampering",
}  # fmt: skip
Found = dict[str, Any]


def are_pairs(content: bytes) -> bool:
    """Whether numbers and lengths come out even."""
    at = 0
    while at + 1 < len(content):
        at += 2 + content[at + 1]
    return at == len(content)


def extras(body: Frame, alarms: list[str]) -> Found:
    """The readings, by the names that tracking servers share; alarms are added to the list."""
    found: Found = {}
    while body.left >= 2:
        number, length = body.u(1), body.u(1)
        if length > body.left:
            break
        value = Frame(body.take(length))
        try:
            found |= _read(number, length, value, alarms)
        except BadPayload:  # one maker's number means another thing to the next
            continue
    return found


def _read(number: int, length: int, value: Frame, alarms: list[str]) -> Found:
    if (plain := PLAIN.get((number, length))) is not None:
        name, divisor = plain
        raw = value.u(length)
        return {name: raw / divisor if divisor != 1 else raw}
    if (special := SPECIAL.get(number)) is not None:
        return special(value, alarms)
    return {}


def _level_or_charge(value: Frame, _alarms: list[str]) -> Found:
    if value.left == 2:
        return {"power": value.u(2) / 10}
    if value.left != 1:
        return {}
    level = value.u(1)
    return {"charge": True} if level == 0xFF else {"battery": level}


def _bars(value: Frame, _alarms: list[str]) -> Found:
    return {"battery": value.u(1) * 10}


def _level_and_volts(value: Frame, _alarms: list[str]) -> Found:
    value.take(1)
    return {"battery": value.u(1), "volts": value.u(2) / 100}


def _charge_and_level(value: Frame, _alarms: list[str]) -> Found:
    charging = value.u(1) == 0
    return {**({"charge": True} if charging else {}), "battery": value.u(1)}


def _battery(value: Frame, _alarms: list[str]) -> Found:
    if value.left == 2:
        return {"humidity": value.u(2) / 10}
    found: Found = {"volts": value.u(4) / 1000}
    if value.left and value.u(1) in (2, 3):
        found["charge"] = True
    return found | ({"battery": value.u(1)} if value.left else {})


def _supply(value: Frame, _alarms: list[str]) -> Found:
    if value.left != 6:
        return {}
    return {"rssi": value.u(1), "power": value.u(2) / 1000, "volts": value.u(2) / 1000, "sat": value.u(1)}


def _lock_words(value: Frame, _alarms: list[str]) -> Found:
    words = value.content
    return {"volts": int(words[10:13]) / 100} if words.startswith(b"*M00") and words[10:13].isdigit() else {}


def _temperatures(value: Frame, _alarms: list[str]) -> Found:
    if value.left not in (2, 16):
        return {}
    raw = [value.u(2) for _ in range(value.left // 2)]
    return {
        f"temp{n}": -(word & 0x7FFF) / 10 if bit(word, 15) else word / 10
        for n, word in enumerate(raw, 1)
        if word != 0xFFFF
    }


def _sensors(value: Frame, _alarms: list[str]) -> Found:
    """Wireless thermometers: place(1) address(6), then degrees and humidity as whole(1, signed) and part(1)/255."""
    found: Found = {}
    while value.left >= 11 and len(value.content) % 11 == 0:
        place = value.u(1)
        value.take(6)
        for name in ("temp", "humidity"):
            whole, part = value.i(1), value.u(1)
            found[f"{name}{place}"] = (abs(whole) + part / 255) * (-1 if whole < 0 else 1)
    return found


def _motion(value: Frame, _alarms: list[str]) -> Found:
    return {"motion": value.u(1) == 1} if value.left == 1 else {}


def _driving(value: Frame, alarms: list[str]) -> Found:
    alarms += named(DRIVING_BITS, value.u(2))
    return {}


def _driving_event(value: Frame, alarms: list[str]) -> Found:
    value.take(5)
    if (event := value.u(1)) in DRIVING_EVENTS:
        alarms.append(DRIVING_EVENTS[event])
    return {}


def _user_state(value: Frame, alarms: list[str]) -> Found:
    alarms += named({3: "vibration"}, value.u(4))
    return {}


def _keys(value: Frame, alarms: list[str]) -> Found:
    """Eight bytes: the first two are the terminal's own alarms, and any of its three keys is a call for help."""
    if value.left == 8:
        bits = value.u(2)
        alarms += (["vibration"] if bit(bits, 0) else []) + (["sos"] if bits >> 1 & 7 else [])
    return {}


def _camera(value: Frame, alarms: list[str]) -> Found:
    if value.left >= 2 and (event := value.u(2)) in CAMERA_EVENTS:
        alarms.append(CAMERA_EVENTS[event])
    return {}


def _long(value: Frame, alarms: list[str]) -> Found:
    """FE: a level of one byte, or a mark 7C and pairs of number(1), length(1), value; 01 is how the car is driven."""
    match value.left:
        case 1:
            return {"battery": value.u(1)}
        case 2:
            return {"power": value.u(2) / 10}
        case 4:
            return {"odometer": value.u(4)}
    if value.u(1) != 0x7C:
        return {}
    while value.left >= 2:
        number, length = value.u(1), value.u(1)
        if length > value.left:
            break
        bits = int.from_bytes(value.take(length))
        if number == 0x01:
            alarms += named(EXTENDED_BITS, bits)
    return {}


def _nested(value: Frame, alarms: list[str]) -> Found:
    """EB: pairs of length(2), number(2), value; the bits of 89 and C5 are low when they mean it."""
    if value.content.isascii() and value.content.decode("ascii").isprintable():
        return {"timezone": value.content.decode("ascii")}
    found: Found = {}
    while value.left >= 4:
        length = value.u(2)
        if not 2 <= length <= value.left:
            break
        inner = Frame(value.take(length))
        match inner.u(2), inner.left:
            case 0x2D, 4:
                found["power"] = inner.u(4) / 1000
            case 0x2D, 2:
                found["volts"] = inner.u(2) / 1000
            case 0xCE, 2:
                found["power"] = inner.u(2) / 100
            case (0xA8 | 0xE1, 1):
                found["battery"] = inner.u(1)
            case 0xB2, 10:
                found["iccid"] = inner.take(10).hex().rstrip("f")
            case 0x89, 4:
                alarms += named({0: "powerOff", 12: "removing"}, ~inner.u(4))
            case 0xC5, 4:
                bits = inner.u(4)
                alarms += named({6: "vibration"}, ~bits)
                if (motion := bits >> 23 & 3) in (0, 1):
                    found["motion"] = motion == 0
            case 0xC6, 1:
                found["batteryAlarm"] = inner.u(1)
                alarms += ["lowBattery"] if found["batteryAlarm"] in (3, 4) else []
    return found


PLAIN: Final[dict[tuple[int, int], tuple[str, int]]] = {  # (number, length): name and divisor
    (0x06, 1): ("battery", 1), (0x14, 4): ("videoAlarm", 1), (0x25, 4): ("input", 1), (0x30, 1): ("rssi", 1),
    (0x31, 1): ("sat", 1), (0x33, 1): ("mode", 1), (0x60, 2): ("event", 1), (0x68, 2): ("battery", 100),
    (0x69, 2): ("volts", 100), (0x82, 2): ("power", 10), (0xD3, 2): ("power", 10), (0xD5, 2): ("volts", 100),
    (0xF1, 4): ("power", 1000), (0xF5, 2): ("illuminance", 1), (0xAC, 4): ("odometer", 1), (0xFC, 1): ("geofence", 1),
}  # fmt: skip
SPECIAL: Final[dict[int, Callable[[Frame, list[str]], Found]]] = {
    0x33: _lock_words, 0x51: _temperatures, 0x56: _bars, 0x57: _driving, 0x70: _driving_event, 0xD0: _user_state,
    0xD4: _level_or_charge, 0xE1: _level_or_charge, 0xE9: _level_or_charge, 0xE3: _level_and_volts,
    0xE4: _charge_and_level, 0xE5: _motion, 0xE6: _sensors, 0xE7: _keys, 0xE8: _camera, 0xEB: _nested, 0xEE: _supply,
    0xF7: _battery, 0xFE: _long,
}  # fmt: skip
