"""Xiaomi MiBeacon, service data FE95 of a Bluetooth advertisement (public source: Xiaomi IoT, "MiBeacon protocol").

    control(2) product(2) counter(1) [address(6)] [capability(1)] object type(2) length(1) value …      little-endian
    control: bit 3 encrypted, 4 address, 5 capability, 6 object, bits 15-12 version
    encrypted (4, 5): … counter(3) tag(4), AES-CCM with 11 beside; nonce: address, product, counter, counter(3)

`meta["address"]` names the device, `meta["bindkey"]` is its key.
"""

from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from devices.codecs import meaning, reading
from devices.codecs.ble_xiaomi_objects import OBJECTS, PRODUCTS
from devices.codecs.frame import Frame, bit
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "ble_xiaomi"
SERVICE: Final = "fe95"
PRESSED: Final = ("event:button", "event:dimmer", "event:cube")


def _old_scale(content: bytes, device: str | None) -> list[Signal]:
    """The first scale: flags(1) weight in 5 g(2) and a clock, without a beacon around it."""
    weight, still = int.from_bytes(content[1:3], "little") / 200, bool(content[0] & 0x20) and not content[0] & 0x80
    readings = {"mass" if still else "mass_non_stabilized": weight, "stabilized": still}
    return [Signal(Kind.VITALS if still else Kind.STATUS, device, readings=readings)]


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
    readings = _read(Frame(rest), int.from_bytes(product, "little"))
    kinds = meaning.alarms(readings)
    kinds += [Kind.TAMPER] if readings.get("device_forcibly_removed") or readings.get("pry_the_door") else []
    kinds += [Kind.BUTTON_PRESS] if any(name.startswith(PRESSED) for name in readings) else []
    about = Kind.VITALS if {"mass", "impedance_high", "impedance_low"} & readings.keys() else meaning.about(readings)
    battery = reading.percent(readings.get("battery"))
    if "battery_low" in readings and "battery" not in readings:
        readings["battery"] = readings["battery_low"]  # the source's name of it
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


def _read(frame: Frame, product: int) -> dict[str, Any]:
    """All objects; one nobody knows is passed over where others are known, as its length is."""
    known: Mapping[int, Any] = {**OBJECTS, **PRODUCTS.get(product, {})}
    readings: dict[str, Any] = {}
    passed: list[str] = []
    while frame.left >= 3:
        number, length = frame.u(2, little=True), frame.u(1)
        value = Frame(frame.take(length))
        if number in known:
            readings |= known[number](value)
        else:
            passed.append(f"{number:#06x} with {value.content.hex()}")
    if not readings:
        raise BadPayload(f"unknown object {passed[0]}" if passed else "no object")
    return {name: value for name, value in readings.items() if value == value}
