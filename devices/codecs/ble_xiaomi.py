"""Xiaomi MiBeacon, service data FE95 of a Bluetooth advertisement (public source: Xiaomi IoT, "MiBeacon protocol").

    control(2) product(2) counter(1) [address(6)] [capability(1)] object type(2) length(1) value …      little-endian
    control: bit 3 encrypted, 4 address, 5 capability, 6 object, bits 15-12 version
    encrypted (4, 5): … counter(3) tag(4), AES-CCM with 11 beside; nonce: address, product, counter, counter(3)

`meta["address"]` names the device, `meta["bindkey"]` is its key.
"""

import math
import struct
from collections.abc import Callable
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from devices.codecs import meaning, reading
from devices.codecs.frame import Frame, bit
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "ble_xiaomi"
SERVICE: Final = "fe95"
PRESSES: Final = {0: "press", 1: "double_press", 2: "long_press", 3: "triple_press"}
Reader = Callable[[Frame], dict[str, Any]]


def _u(name: str, size: int, by: float = 1) -> Reader:
    return lambda value: {name: value.u(size, little=True) / by if by != 1 else value.u(size, little=True)}


def _i(name: str, size: int, by: float = 1) -> Reader:
    return lambda value: {name: value.i(size, little=True) / by}


def _float(name: str) -> Reader:
    return lambda value: {name: round(float(struct.unpack("<f", value.take(4))[0]), 4)}


def _is(name: str, true: int = 1) -> Reader:
    return lambda value: {name: value.u(1) == true}


def _press(value: Frame) -> dict[str, Any]:
    number, press = value.u(2, little=True), PRESSES.get(value.u(1), "unknown")
    side = {0: "button", 1: "button_right"}.get(number, f"button_{number}")
    return {f"event:{side}": {"event_type": press, "event_properties": None}}


def _pressed(press: str, left: int, right: int) -> Reader:
    """A type of its own for each press; on a switch of two the value says which side."""
    sides = {left: "button_left", right: "button_right"}

    def read(value: Frame) -> dict[str, Any]:
        side = sides.get(value.u(1), "button") if value.left else "button"
        return {f"event:{side}": {"event_type": press, "event_properties": None}}

    return read


def _one_press(value: Frame) -> dict[str, Any]:
    value.rest()
    return {"event:button": {"event_type": "press", "event_properties": None}}


def _climate(value: Frame) -> dict[str, Any]:
    return {"temperature": value.i(2, little=True) / 10, "humidity": value.u(2, little=True) / 10}


def _motion(name: str, size: int) -> Reader:
    def read(value: Frame) -> dict[str, Any]:
        lux = value.u(size, little=True)
        return {"motion": True, name: lux}

    return read


def _opening(value: Frame) -> dict[str, Any]:
    """Open, closed, left open, broken open."""
    state = value.u(1)
    found: dict[str, Any] = {"opening": state != 1}
    return found | ({"door_left_open": True} if state == 2 else {})


def _door(value: Frame) -> dict[str, Any]:
    state = value.u(1)
    if not 1 <= state <= 4:
        raise BadPayload(f"unknown state of a door {state}")
    return {"opening": state in (1, 3), "door_left_open": state == 3, "device_forcibly_removed": state == 4}


def _body_temperature(value: Frame) -> dict[str, Any]:
    """The thermometer's two sensors, by the maker's curve."""
    skin, air = value.i(2, little=True) / 100, value.i(2, little=True) / 100
    if not (-40 < skin < 100 and -40 < air < 100):
        raise BadPayload("a temperature no body has")
    body = 3.71934e-11 * math.exp(0.69314 * skin) - 1.02801e-8 * math.exp(0.53871 * air) + 36.413
    return {"temperature": body, "battery": value.u(1)}


def _old_scale(content: bytes, device: str | None) -> list[Signal]:
    """The first scale: flags(1) weight in 5 g(2) and a clock, without a beacon around it."""
    weight, still = int.from_bytes(content[1:3], "little") / 200, bool(content[0] & 0x20) and not content[0] & 0x80
    readings = {"mass" if still else "mass_non_stabilized": weight, "stabilized": still}
    return [Signal(Kind.VITALS if still else Kind.STATUS, device, readings=readings)]


def _scale(value: Frame) -> dict[str, Any]:
    """The scale S400: who, and 32 bits of weight, pulse and impedance."""
    who, packed = value.u(1), value.u(4, little=True)
    mass, pulse, impedance = packed & 0x7FF, packed >> 11 & 0x7F, packed >> 18
    found: dict[str, Any] = {"profile_id": who, "stabilized": bool(mass or impedance)}
    if mass:
        found["mass"] = mass / 10
    if 0 < pulse < 127:
        found["heart_rate"] = pulse + 50
    if impedance:
        found["impedance_low" if mass else "impedance_high"] = impedance / 10
    return found


OBJECTS: Final[dict[int, Reader]] = {
    0x0003: lambda value: {"motion": True, "value": value.rest().hex()},
    0x000F: _motion("illuminance", 3),
    0x1001: _press,
    0x1004: _i("temperature", 2, 10),
    0x1006: _u("humidity", 2, 10),
    0x1007: _u("illuminance", 3),
    0x1008: _u("moisture", 1),
    0x1009: _u("conductivity", 2),
    0x100A: _u("battery", 1),
    0x100D: _climate,
    0x1010: _u("formaldehyde", 2, 100),
    0x1013: _u("consumable", 1),
    0x1014: _is("water_leak"),
    0x1015: _is("smoke"),
    0x1017: lambda value: {"motion": value.u(4, little=True) == 0},
    0x1018: _is("light"),
    0x1019: _opening,
    0x101B: lambda value: {"motion": False, "idle_time": value.u(4, little=True)},
    0x2000: _body_temperature,
    0x4803: _u("battery", 1),
    0x4804: _is("opening", 1),
    0x4801: _float("temperature"),
    0x4802: _u("humidity", 1),
    0x4805: _float("illuminance"),
    0x4806: _is("water_leak"),
    0x4808: _u("humidity", 2, 10),
    0x4818: lambda value: {"motion": value.u(2, little=True) == 0},
    0x484E: lambda value: {"occupancy": value.u(1) != 0},
    0x4850: _is("smoke"),
    0x4A01: _u("battery_low", 1),
    0x4A08: lambda value: {"motion": True} | _float("illuminance")(value),
    0x4A0C: _pressed("press", -1, 1),
    0x4A0D: _pressed("double_press", -1, 1),
    0x4A0E: _pressed("long_press", -1, 1),
    0x4A0F: lambda value: {"opening": True, "door_left_open": value.u(1) == 1},
    0x4A12: _door,
    0x4A13: _one_press,
    0x4A1A: lambda value: {"opening": True, "door_left_open": True} if value.rest() else {"door_left_open": True},
    0x4C01: _float("temperature"),
    0x4C02: _u("humidity", 1),
    0x4C03: _u("battery", 1),
    0x4C08: _float("humidity"),
    0x4C14: _u("mode", 1),
    0x4E01: _is("battery_low"),
    0x4E0C: _pressed("press", 1, 2),
    0x4E0D: _pressed("double_press", 1, 2),
    0x4E0E: _pressed("long_press", 1, 2),
    0x4E16: lambda value: {"profile_id": value.u(1), "mass": value.u(4, little=True) / 100},
    0x4E1C: _one_press,
    0x6E16: _scale,
}


def claims(message: Message) -> bool:
    return SERVICE in str(message.meta.get("service_uuid", "")).lower()[:8] or SERVICE in message.transport


def decode(message: Message) -> list[Signal]:
    address = message.meta.get("address")
    device = str(address) if address is not None else None
    if len(message.payload) == 10 and 1970 <= int.from_bytes(message.payload[3:5], "little") < 2100:
        return _old_scale(message.payload, device)
    frame = Frame(message.payload)
    control, product = frame.u(2, little=True), frame.take(2)
    if not 2 <= control >> 12 <= 5:
        raise BadPayload(f"version {control >> 12} of the protocol")
    counter = frame.u(1)
    own = frame.take(6) if bit(control, 4) else b""
    if bit(control, 5) and frame.u(1) & 0x20:
        frame.take(1)
    if not bit(control, 6):
        return []
    rest = frame.rest()
    if bit(control, 3):
        rest = _decrypted(rest, own, bytes(product) + bytes([counter]), message.meta)
    readings = _read(Frame(rest))
    kinds = meaning.alarms(readings) + (
        [Kind.BUTTON_PRESS] if any(name.startswith("event:") for name in readings) else []
    )
    about = Kind.VITALS if {"mass", "impedance_high", "impedance_low"} & readings.keys() else meaning.about(readings)
    battery = reading.percent(readings.get("battery"))
    repeat = f"mibeacon:{device}:{counter}"
    return [
        Signal(kind, device, battery=battery, readings=readings, repeat=repeat)
        for kind in meaning.ranked(kinds) or [about]
    ]


def _decrypted(content: bytes, own: bytes, middle: bytes, meta: Any) -> bytes:
    try:
        key = bytes.fromhex(str(meta["bindkey"]))
        mac = own or bytes.fromhex(str(meta["address"]).replace(":", ""))[::-1]
    except (KeyError, ValueError):
        raise BadPayload("encrypted, and no key or address of the device is known") from None
    if len(content) < 8 or len(key) != 16 or len(mac) != 6:
        raise BadPayload("encrypted, and too short or with a key of the wrong length")
    try:
        return AESCCM(key, tag_length=4).decrypt(mac + middle + content[-7:-4], content[:-7] + content[-4:], b"\x11")
    except InvalidTag:
        raise BadPayload("the key does not fit") from None


def _read(frame: Frame) -> dict[str, Any]:
    readings: dict[str, Any] = {}
    while frame.left >= 3:
        number, length = frame.u(2, little=True), frame.u(1)
        value = Frame(frame.take(length))
        if number not in OBJECTS:
            raise BadPayload(f"unknown object {number:#06x} with {value.content.hex()}")
        readings |= OBJECTS[number](value)
    if not readings:
        raise BadPayload("no object")
    return {name: value for name, value in readings.items() if value == value}
