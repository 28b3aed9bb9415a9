"""BTHome v2, service data FCD2 of a Bluetooth advertisement (public source: bthome.io, "Format").

    info(1)   bit 0 encrypted, bit 2 sent on a trigger, bits 7-5 the version: 2
    number(1) value …      repeated; little-endian
    encrypted: … counter(4) tag(4), AES-CCM; nonce: address, D2 FC, info, counter

`meta["address"]` names the device, `meta["bindkey"]` is its key.
"""

from datetime import UTC, datetime
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from devices.codecs import meaning, reading
from devices.codecs.frame import Frame
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "ble_bthome"
SERVICE: Final = "fcd2"
SENSORS: Final[dict[int, tuple[str, int, float, bool]]] = {  # name, bytes, factor, signed
    0x00: ("packet_id", 1, 1, False), 0x01: ("battery", 1, 1, False), 0x02: ("temperature", 2, 0.01, True),
    0x03: ("humidity", 2, 0.01, False), 0x04: ("pressure", 3, 0.01, False), 0x05: ("illuminance", 3, 0.01, False),
    0x06: ("mass", 2, 0.01, False), 0x07: ("mass", 2, 0.01, False), 0x08: ("dew_point", 2, 0.01, True),
    0x09: ("count", 1, 1, False), 0x0A: ("energy", 3, 0.001, False), 0x0B: ("power", 3, 0.01, False),
    0x0C: ("voltage", 2, 0.001, False), 0x0D: ("pm25", 2, 1, False), 0x0E: ("pm10", 2, 1, False),
    0x12: ("carbon_dioxide", 2, 1, False), 0x13: ("volatile_organic_compounds", 2, 1, False),
    0x14: ("moisture", 2, 0.01, False),
    0x2E: ("humidity", 1, 1, False), 0x2F: ("moisture", 1, 1, False), 0x3D: ("count", 2, 1, False),
    0x3E: ("count", 4, 1, False), 0x3F: ("rotation", 2, 0.1, True), 0x40: ("distance", 2, 1, False),
    0x41: ("distance", 2, 0.1, False), 0x42: ("duration", 3, 0.001, False), 0x43: ("current", 2, 0.001, False),
    0x44: ("speed", 2, 0.01, False), 0x45: ("temperature", 2, 0.1, True), 0x46: ("uv_index", 1, 0.1, False),
    0x47: ("volume", 2, 0.1, False), 0x48: ("volume", 2, 1, False), 0x49: ("volume_flow_rate", 2, 0.001, False),
    0x4A: ("voltage", 2, 0.1, False), 0x4B: ("gas", 3, 0.001, False), 0x4C: ("gas", 4, 0.001, False),
    0x4D: ("energy", 4, 0.001, False), 0x4E: ("volume", 4, 0.001, False), 0x4F: ("water", 4, 0.001, False),
    0x51: ("acceleration", 2, 0.001, False), 0x52: ("gyroscope", 2, 0.001, False),
    0x55: ("volume_storage", 4, 0.001, False), 0x56: ("conductivity", 2, 1, False), 0x57: ("temperature", 1, 1, True),
    0x58: ("temperature", 1, 0.35, True), 0x59: ("count", 1, 1, True), 0x5A: ("count", 2, 1, True),
    0x5B: ("count", 4, 1, True), 0x5C: ("power", 4, 0.01, True), 0x5D: ("current", 2, 0.001, True),
    0x5E: ("direction", 2, 0.01, False), 0x5F: ("precipitation", 2, 0.1, False), 0x60: ("channel", 1, 1, False),
    0x61: ("rotational_speed", 2, 1, False), 0x62: ("speed", 4, 1e-6, True), 0x63: ("acceleration", 4, 1e-6, True),
    0x64: ("light_level", 1, 1, False), 0x65: ("settings_revision", 1, 1, False), 0xF0: ("device_type_id", 2, 1, False),
}  # fmt: skip
BINARIES: Final = {
    0x0F: "generic", 0x10: "power", 0x11: "opening", 0x15: "battery_low", 0x16: "battery_charging",
    0x17: "carbon_monoxide", 0x18: "cold", 0x19: "connectivity", 0x1A: "door", 0x1B: "garage_door", 0x1C: "gas",
    0x1D: "heat", 0x1E: "light", 0x1F: "lock", 0x20: "moisture", 0x21: "motion", 0x22: "moving", 0x23: "occupancy",
    0x24: "plug", 0x25: "presence", 0x26: "problem", 0x27: "running", 0x28: "safety", 0x29: "smoke", 0x2A: "sound",
    0x2B: "tamper", 0x2C: "vibration", 0x2D: "window",
}  # fmt: skip
TIMESTAMP, TEXT, RAW = 0x50, 0x53, 0x54
FIRMWARE: Final = {0xF1: 4, 0xF2: 3}
BUTTON, COMMAND, DIMMER = 0x3A, 0x3B, 0x3C
PRESSES: Final = {
    1: "press", 2: "double_press", 3: "triple_press", 4: "long_press", 5: "long_double_press", 6: "long_triple_press",
    0x80: "hold_press", 0x81: "hold_release",
}  # fmt: skip
TURNS: Final = {1: "rotate_left", 2: "rotate_right"}
COMMANDS: Final = ("off", "on", "toggle", "step_up", "step_down")


def claims(message: Message) -> bool:
    return SERVICE in str(message.meta.get("service_uuid", "")).lower()[:8] or SERVICE in message.transport


def decode(message: Message) -> list[Signal]:
    frame = Frame(message.payload)
    info = frame.u(1)
    if info >> 5 != 2:
        raise BadPayload(f"version {info >> 5}, not 2")
    address = message.meta.get("address")
    plain = _decrypted(frame.rest(), info, message.meta) if info & 1 else frame.rest()
    found = _read(Frame(plain))
    readings, events = _numbered(found)
    if not readings and not events:
        return []
    device = str(address) if address is not None else None
    return _signals(device, readings, events)


def _decrypted(content: bytes, info: int, meta: Any) -> bytes:
    try:
        key, address = bytes.fromhex(str(meta["bindkey"])), bytes.fromhex(str(meta["address"]).replace(":", ""))
    except (KeyError, ValueError):
        raise BadPayload("encrypted, and no key or address of the device is known") from None
    if len(content) < 9 or len(key) not in (16, 24, 32) or len(address) != 6:
        raise BadPayload("encrypted, and too short or with a key of the wrong length")
    nonce = address + b"\xd2\xfc" + bytes([info]) + content[-8:-4]
    try:
        return AESCCM(key, tag_length=4).decrypt(nonce, content[:-8] + content[-4:], None)
    except InvalidTag:
        raise BadPayload("the key does not fit") from None


def _read(frame: Frame) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    while frame.left:
        number = frame.u(1)
        if sensor := SENSORS.get(number):
            name, size, factor, signed = sensor
            raw = frame.i(size, little=True) if signed else frame.u(size, little=True)
            found.append((name, raw if factor == 1 else round(raw * factor, 6)))
        elif number in BINARIES:
            found.append((BINARIES[number], frame.u(1) == 1))
        elif number == TIMESTAMP:
            found.append(("timestamp", str(datetime.fromtimestamp(frame.u(4, little=True), UTC))))
        elif number == TEXT:
            found.append(("text", reading.text(frame.take(frame.u(1)))))
        elif number == RAW:
            found.append(("raw", frame.take(frame.u(1)).hex()))
        elif number in FIRMWARE:
            found.append(("firmware_version", ".".join(str(part) for part in frame.take(FIRMWARE[number])[::-1])))
        elif number == BUTTON:
            found.append(("event:button", _event(PRESSES.get(code, "unknown")) if (code := frame.u(1)) else None))
        elif number == DIMMER:
            code, steps = frame.u(1), frame.u(1)
            turned = _event(TURNS.get(code, "unknown"), {"steps": steps})
            found.append(("event:dimmer", turned if code else None))
        elif number == COMMAND:
            rest, code = frame.u(1) & 0x1F, frame.u(1)
            words = {"args": frame.take(rest).hex()} if rest else None
            found.append(("event:command", _event(COMMANDS[code] if code < len(COMMANDS) else "unknown", words)))
        elif not found:
            raise BadPayload(f"unknown object {number:#04x}")
        else:
            break  # its length is not known, so the rest is left, as the format asks
    return found


def _event(word: str, properties: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"event_type": word, "event_properties": properties}


def _numbered(found: list[tuple[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What comes twice is numbered; a button of several that was not pressed says nothing."""
    names = [name for name, _ in found]
    counts: dict[str, int] = {}
    readings, events = dict[str, Any](), dict[str, Any]()
    for name, value in found:
        counts[name] = counts.get(name, 0) + 1
        full = f"{name}_{counts[name]}" if names.count(name) > 1 else name
        if not name.startswith("event:"):
            readings[full] = value
        elif value is not None:
            events[full] = value
    return readings, events


def _signals(device: str | None, readings: dict[str, Any], events: dict[str, Any]) -> list[Signal]:
    kinds = meaning.alarms(readings) + ([Kind.BUTTON_PRESS] if events else [])
    if "battery_low" in readings and "battery" not in readings:
        readings["battery"] = readings["battery_low"]  # the source's name of it
    about = meaning.about({name.split("_1")[0]: value for name, value in readings.items()})
    packet = readings.get("packet_id")
    repeat = None if packet is None else f"bthome:{device}:{packet}"
    return [
        Signal(
            kind,
            device,
            battery=reading.percent(readings.get("battery")),
            readings={**readings, **events},
            repeat=repeat,
        )
        for kind in meaning.ranked(kinds) or [about]
    ]
