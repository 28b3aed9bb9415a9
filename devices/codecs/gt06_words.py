"""GT06 frames that carry words and modules instead of a position: answers to commands, card numbers, voltages.

0x15       length(1) flag(4) text          0x21  flag(4) encoding(1: ASCII, 2: UTF-16) text
0x94       of 7878: voltage(2); of 7979: what(1) value: 00 voltage, 05 door, 0A IMEI IMSI ICCID, 1B card
0x9B       a sensor's text                 0x70  modules: number(2) length(2) value
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from devices.codecs.frame import Frame, bit, degrees, digits_time
from devices.codecs.tracker import signal
from devices.signals import BadPayload, Kind, Signal

Reader = Callable[[Frame, str | None], Signal]
MODULE_EVENTS: Final = {0x11: "lowBattery", 0x12: "lowPower", 0x13: "powerCut", 0x14: "removing"}
PLACE: Final = re.compile(
    r"Current position!Lat:([NS])(\d+\.\d+),Lon:([EW])(\d+\.\d+),Course:([\d.]+),Speed:([\d.]+),"
    r"DateTime:20(\d\d)-(\d\d)-(\d\d) +(\d\d):(\d\d):(\d\d).*"
)


def _answer(frame: Frame, device: str | None) -> Signal:
    length = frame.u(1)
    if length < 4:
        return signal(Kind.STATUS, device)
    frame.take(4)
    words = _clean(frame.take(length - 4).decode("latin-1"))
    card = re.match(r"<ICCID:(\w{19,20})", words)
    return signal(Kind.STATUS, device, **({"iccid": card[1]} if card else {"result": words}))


def _long_answer(frame: Frame, device: str | None) -> Signal:
    frame.take(4)
    encoding = frame.u(1)
    words = _clean(frame.rest().decode("latin-1" if encoding == 1 else "utf-16-be", "replace"))
    if found := PLACE.fullmatch(words):
        lat, lon = float(found[2]), float(found[4])
        if lat > 90 or lon > 180:
            raise BadPayload(f"no place on earth: {lat}, {lon}")
        place = degrees(lat, negative=found[1] == "S"), degrees(lon, negative=found[3] == "W")
        at = digits_time("".join(found.groups()[6:]))
        return signal(Kind.LOCATION, device, at=at, valid=True, place=place)
    return signal(Kind.STATUS, device, result=words)


def _clean(words: str) -> str:
    return "".join(char for char in words if char != "\0" and not "\ud800" <= char <= "\udfff")


def _voltage(frame: Frame, device: str | None) -> Signal:
    return signal(Kind.STATUS, device, power=frame.i(2) / 100)


def _information(frame: Frame, device: str | None) -> Signal:
    found: dict[str, Any] = {}
    match frame.u(1):
        case 0x00:
            found["adc1"] = frame.u(2) / 100
        case 0x05:
            flags = frame.u(1)
            found |= {"door": bit(flags, 0), "io1": bit(flags, 2)}
        case 0x0A:
            frame.take(16)
            found["iccid"] = frame.take(10).hex().replace("f", "")
        case 0x1B:
            frame.take(2)
            found["driverUniqueId"] = frame.take(4).hex()
    return signal(Kind.STATUS, device, **found)


def _sensor(frame: Frame, device: str | None) -> Signal:
    """A thermometer's number, or the number of a card after its type; a mark and a line end about them."""
    frame.take(1)
    words = _clean(frame.rest().decode("latin-1")).strip()
    if degree := re.match(r"-?\d{1,3}\.\d+", words):
        return signal(Kind.ENVIRONMENT, device, temp1=float(degree[0]))
    card = re.search(r"[0-9A-F]{6,}", words)
    return signal(Kind.STATUS, device, driverUniqueId=card[0] if card else None)


def _modules(frame: Frame, device: str | None) -> Signal:
    """Pairs of number(2), length(2), value."""
    found: dict[str, Any] = {}
    while frame.left >= 4:
        number, value = frame.u(2), Frame(frame.take(frame.u(2)))
        match number:
            case 0x2B:
                found["event"] = value.u(1)
                found["alarm"] = MODULE_EVENTS.get(found["event"])
            case 0x18:
                found["volts"] = value.u(2) / 100
            case 0x09:
                found["sat"] = value.u(1)
            case 0x03:
                found["iccid"] = value.take(10).hex()
            case 0x2A:
                contacts = value.u(1)
                found |= {"door": contacts & 0x0F > 0, "tamper": contacts >> 4 > 0}
            case 0x33 if value.left >= 18:
                found |= _fix(value)
    return signal(Kind.LOCATION if "place" in found else Kind.BATTERY_OR_STATUS, device, **found)


def _fix(value: Frame) -> dict[str, Any]:
    at, sat, altitude = datetime.fromtimestamp(value.u(4), UTC), value.u(1), value.i(2)
    lat, lon, speed, flags = value.u(4) / 1_800_000, value.u(4) / 1_800_000, value.u(1), value.u(2)
    if lat > 90 or lon > 180:
        raise BadPayload(f"no place on earth: {lat}, {lon}")
    place = degrees(lat, negative=not bit(flags, 10)), degrees(lon, negative=bit(flags, 11))
    return {"at": at, "sat": sat, "altitude": altitude, "speed": speed, "course": flags & 0x3FF,
            "valid": bit(flags, 12), "place": place}  # fmt: skip


INFORMATION: Final[dict[int, Reader]] = {
    0x15: _answer, 0x21: _long_answer, 0x94: _voltage, 0x70: _modules, 0x9B: _sensor,
}  # fmt: skip
EXTENDED: Final[dict[int, Reader]] = {0x94: _information}
