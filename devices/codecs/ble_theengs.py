"""Bluetooth as Theengs reads it and as its gateways pass it on (public source: decoder.theengs.io, gateway.theengs.io).

What health devices advertise, told apart by the advertised name (`meta["local_name"]`):

    Polar belts      6B 00 ?(2) ?(1) pulse(1)
    XOSS belts       04 FF ? battery(1) ? pulse(1)
    Skale scales     EF 81 weight/10(2, little-endian, signed) …

Over MQTT from Theengs Gateway or OpenMQTTGateway, an advertisement, read or raw:

    {base}/{gateway}/BTtoMQTT/{address}     {"id": "A4:C1:38:…", "tempc": 21.5, "hum": 40, "batt": 90, "open": true}
                                            {"id": …, "servicedatauuid": "fcd2", "servicedata": "40…"}

The bytes are read where they are there and ours: they say more than the words.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from devices.codecs import ble_bthome, ble_xiaomi, meaning, reading
from devices.codecs.frame import Frame
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "ble_theengs"
GATEWAYS: Final = "BTtoMQTT"
POLAR: Final = {"brand": "Polar", "model": "Heart Rate Sensor", "type": "BODY"}
POLAR_MODELS: Final = ("H10", "H9", "H7", "OH1", "SENSE")
XOSS: Final = {"brand": "XOSS", "model": "X2 Heart Rate Sensor", "model_id": "XOSSX2", "type": "BODY", "cidc": False}
SKALE: Final = {"brand": "Atomax", "model": "Skale I/II", "model_id": "SKALE", "type": "SCALE", "cidc": False}
SERVICES: Final = {ble_bthome.SERVICE: ble_bthome.decode, ble_xiaomi.SERVICE: ble_xiaomi.decode}
OURS: Final = {  # what we call the same, to tell what a message is about
    "tempc": "temperature", "tempf": "temperature", "hum": "humidity", "lux": "illuminance", "batt": "battery",
    "open": "opening", "pres": "pressure", "moi": "moisture",
}  # fmt: skip
PRESSES: Final = {"press", "double_press", "triple_press", "long_press"}


def claims(message: Message) -> bool:
    levels = message.topic.split("/")
    passed_on = message.transport.startswith("mqtt") and GATEWAYS in levels[-2:]
    return "manufacturer data" in message.transport or passed_on


def decode(message: Message) -> list[Signal]:
    if GATEWAYS in message.topic.split("/"):
        return _passed_on(message)
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


def _passed_on(message: Message) -> list[Signal]:
    fields = reading.json_object(message.payload)
    address = fields.get("id")
    if not isinstance(address, str) or not address:
        raise BadPayload("an advertisement without the address it came from")
    raw = _raw(fields, {**message.meta, "address": address})
    if raw is not None:
        return [replace(signal, device=address) for signal in raw]
    named = {OURS.get(name, name): value for name, value in fields.items()}
    kinds = meaning.alarms(named) + ([Kind.BUTTON_PRESS] if fields.get("button") in PRESSES else [])
    about = Kind.VITALS if {"weight", "bpm"} & fields.keys() else meaning.about(named)
    battery = reading.percent(fields.get("batt"))
    return [Signal(kind, address, battery=battery, readings=fields) for kind in meaning.ranked(kinds) or [about]]


def _raw(fields: Mapping[str, Any], meta: Mapping[str, Any]) -> list[Signal] | None:
    """What the bytes say, or None where they are not there or of nobody's service we know."""
    service, data = fields.get("servicedatauuid"), fields.get("servicedata")
    if not isinstance(service, str) or not isinstance(data, str):
        return None
    uuid = service.lower().removeprefix("0x")
    read = SERVICES.get(uuid[4:8] if len(uuid) == 36 else uuid)
    if read is None:
        return None
    try:
        content = bytes.fromhex(data)
    except ValueError:
        raise BadPayload("the service data is no hex") from None
    return read(Message("", content, transport="ble advertisement", meta=meta))
