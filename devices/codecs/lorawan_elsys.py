"""Elsys sensors on LoRaWAN, port 5: number(1) value …, big-endian (public source: elsys.se, "Payload format")."""

from collections.abc import Callable
from typing import Any, Final

from devices.codecs.frame import Frame
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_elsys"
PORT: Final = 5
Reader = Callable[[Frame], float | int]


def _u(size: int, by: float = 1) -> Reader:
    return lambda frame: frame.u(size) if by == 1 else frame.u(size) / by


def _i(size: int, by: float = 1) -> Reader:
    return lambda frame: frame.i(size) if by == 1 else frame.i(size) / by


VALUES: Final[dict[int, tuple[tuple[str, Reader], ...]]] = {
    0x01: (("temperature", _i(2, 10)),),
    0x02: (("humidity", _u(1)),),
    0x03: (("x", _i(1)), ("y", _i(1)), ("z", _i(1))),
    0x04: (("light", _u(2)),),
    0x05: (("motion", _u(1)),),
    0x06: (("co2", _u(2)),),
    0x07: (("vdd", _u(2)),),
    0x08: (("analog1", _u(2)),),
    0x09: (("lat", _i(3, 10_000)), ("long", _i(3, 10_000))),
    0x0A: (("pulse1", _u(2)),),
    0x0B: (("pulseAbs", _u(4)),),
    0x0C: (("externalTemperature", _i(2, 10)),),
    0x0D: (("digital", _u(1)),),
    0x0E: (("distance", _u(2)),),
    0x0F: (("accMotion", _u(1)),),
    0x10: (("irInternalTemperature", _i(2, 10)), ("irExternalTemperature", _i(2, 10))),
    0x11: (("occupancy", _u(1)),),
    0x12: (("waterleak", _u(1)),),
    0x14: (("pressure", _u(4, 1000)),),
    0x15: (("soundPeak", _u(1)), ("soundAvg", _u(1))),
    0x16: (("pulse2", _u(2)),),
    0x17: (("pulseAbs2", _u(4)),),
    0x18: (("analog2", _u(2)),),
    0x19: (("externalTemperature2", _i(2, 10)),),
    0x1A: (("digital2", _u(1)),),
    0x1B: (("analogUv", _i(4)),),
    0x1C: (("tvoc", _u(2)),),
}
SKIPPED: Final = {0x13: 65, 0x3D: 4}  # a thermal picture, what the maker looks for itself


def claims(message: Message) -> bool:
    return "lorawan" in message.transport and "ELSYS" in str(message.meta.get("model", "")).upper()


def decode(message: Message) -> list[Signal]:
    uplink = Uplink.of(message)
    uplink.on(PORT)
    frame, said = uplink.frame, dict[str, Any]()
    while frame.left:
        number = frame.u(1)
        if number in SKIPPED:
            frame.take(SKIPPED[number])
        elif number in VALUES:
            said |= {name: read(frame) for name, read in VALUES[number]}
        else:
            raise BadPayload(f"unknown value {number:#04x}")
    leaking = [Kind.WATER_LEAK] if said.get("waterleak") else []
    return uplink.says(said, *leaking, lat=said.get("lat"), lon=said.get("long"))
