"""Health devices that advertise their values over Bluetooth, as Theengs reads them (public source: decoder.theengs.io).

Polar belts      6B 00 ?(2) ?(1) pulse(1)
XOSS belts       04 FF ? battery(1) ? pulse(1)
Skale scales     EF 81 weight/10(2, little-endian, signed) …

The advertised name tells them apart: `meta["local_name"]`.
"""

from typing import Any, Final

from devices.codecs import reading
from devices.codecs.frame import Frame
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "ble_theengs"
POLAR: Final = {"brand": "Polar", "model": "Heart Rate Sensor", "type": "BODY"}
POLAR_MODELS: Final = ("H10", "H9", "H7", "OH1", "SENSE")
XOSS: Final = {"brand": "XOSS", "model": "X2 Heart Rate Sensor", "model_id": "XOSSX2", "type": "BODY", "cidc": False}
SKALE: Final = {"brand": "Atomax", "model": "Skale I/II", "model_id": "SKALE", "type": "SCALE", "cidc": False}


def claims(message: Message) -> bool:
    return "manufacturer data" in message.transport


def decode(message: Message) -> list[Signal]:
    name, address = str(message.meta.get("local_name", "")), message.meta.get("address")
    device = str(address) if address is not None else None
    frame = Frame(message.payload)
    head = frame.take(2)
    said: dict[str, Any]
    if head == b"\x6b\x00" and name.startswith("Polar"):
        frame.take(3)
        model = next((model for model in POLAR_MODELS if model in name.upper()), "unknown")
        return [Signal(Kind.VITALS, device, readings={**POLAR, "model_id": model, "bpm": frame.u(1)})]
    if head == b"\x04\xff" and frame.left == 4:
        frame.take(1)
        battery = frame.u(1)
        frame.take(1)
        said = {**XOSS, "batt": battery, "bpm": frame.u(1)}
        return [Signal(Kind.VITALS, device, battery=reading.percent(battery), readings=said)]
    if head == b"\xef\x81" and "Skale" in name:
        return [Signal(Kind.STATUS, device, readings={**SKALE, "weight": frame.i(2, little=True) / 10})]
    raise BadPayload(f"no known advertisement of {name[:40]!r}")
