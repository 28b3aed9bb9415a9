"""Shelly, second generation and later (public source: shelly-api-docs.shelly.cloud, "Gen2+ status and notifications").

    {"presencezone:200": {"id": 200, "value": true, "num_objects": 1}, "smoke:0": {"alarm": true},
     "temperature:0": {"tC": 21.5}, "humidity:0": {"rh": 40}, "devicepower:0": {"battery": {"percent": 80}}, …}

Alone, or as `params` of a NotifyStatus, whose `src` names the device.
"""

from typing import Any, Final

from devices.codecs import meaning, reading
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "shelly"
ALARMS: Final = {"smoke": Kind.SMOKE, "flood": Kind.WATER_LEAK, "gas": Kind.GAS}


def claims(message: Message) -> bool:
    return "shelly" in message.transport or message.topic.endswith(("/events/rpc", "/status/rpc"))


def decode(message: Message) -> list[Signal]:
    fields = reading.json_object(message.payload)
    source = fields.get("src") if isinstance(fields.get("src"), str) else message.meta.get("device")
    params = fields.get("params") if isinstance(fields.get("params"), dict) else fields
    parts = {
        (name, number): value
        for key, value in (params or {}).items()
        if isinstance(value, dict)
        for name, _, number in [key.partition(":")]
    }
    if not parts:
        raise BadPayload("no component's status")
    readings: dict[str, Any] = {}
    kinds = [kind for (name, _), part in parts.items() if (kind := ALARMS.get(name)) and part.get("alarm") is True]
    battery = None
    for (name, number), part in parts.items():
        battery = _read(name, number, part, readings) or battery
    if battery is not None:
        readings["battery"] = battery
    device = str(source) if source is not None else None
    found = meaning.ranked(kinds) or [_about(readings)]
    return [Signal(kind, device, battery=battery, readings=readings) for kind in found]


def _read(name: str, number: str, part: dict[str, Any], readings: dict[str, Any]) -> float | None:
    match name:
        case "presencezone":
            readings.setdefault("zones", {})[number] = part.get("value")
            readings.setdefault("objects", {})[number] = part.get("num_objects")
        case "illuminance":
            readings["illumination"], readings["lux"] = part.get("illumination"), part.get("lux")
        case "temperature":
            readings["temperature"] = part.get("tC")
        case "humidity":
            readings["humidity"] = part.get("rh")
        case "devicepower":
            level = part.get("battery")
            return reading.percent(level.get("percent")) if isinstance(level, dict) else None
        case _:
            readings[f"{name}:{number}"] = part
    return None


def _about(readings: dict[str, Any]) -> Kind:
    if "zones" in readings:
        return Kind.ACTIVITY
    return Kind.ENVIRONMENT if {"temperature", "humidity", "lux"} & readings.keys() else meaning.about(readings)
