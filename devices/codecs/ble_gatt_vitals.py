"""Heart rate by Bluetooth, characteristic 2A37 (public source: Bluetooth SIG, Heart Rate Service 1.0).

flags(1)   bit 0 rate of two bytes, bits 2-1 skin contact, bit 3 energy, bit 4 intervals; then each, little-endian
"""

from typing import Any, Final

from devices.codecs.frame import Frame, bit
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "ble_gatt_vitals"
HEART_RATE: Final = "2A37"
CONTACT: Final = ("NOT_SUPPORTED", "NOT_SUPPORTED", "NOT_DETECTED", "DETECTED")


def claims(message: Message) -> bool:
    return "gatt" in message.transport


def decode(message: Message) -> list[Signal]:
    uuid = str(message.meta.get("uuid", "")).upper().replace("0000", "", 1)[:4]
    if uuid != HEART_RATE:
        raise BadPayload(f"unknown characteristic {uuid!r}")
    frame = Frame(message.payload)
    flags = frame.u(1)
    said: dict[str, Any] = {"heart_rate": frame.u(2 if bit(flags, 0) else 1, little=True)}
    said["sensor_contact"] = CONTACT[flags >> 1 & 3]
    if bit(flags, 3):
        said["energy_expended"] = frame.u(2, little=True)
    if bit(flags, 4):
        said["rr_intervals"] = [round(frame.u(2, little=True) / 1024, 4) for _ in range(frame.left // 2)]
    device = message.meta.get("address")
    return [Signal(Kind.VITALS, str(device) if device is not None else None, readings=said)]
