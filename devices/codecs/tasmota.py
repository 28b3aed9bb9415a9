"""Tasmota (public source: tasmota.github.io/docs, "MQTT" and "Zigbee").

    tele/{topic}/LWT      Online | Offline
    tele/{topic}/SENSOR   {"Time": local, "<sensor>": {"Temperature": …}, "TempUnit": "C"}
    tele|stat/{topic}/RESULT, STATE, STATUS…      {"ZbReceived": {"0x4773": {…}}}: a Zigbee device behind a bridge

The time has no zone and is kept as text. The prefix may stand first or last in the topic.
"""

from typing import Any, Final

from devices.codecs import meaning, reading
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "tasmota"
PREFIXES: Final = ("tele", "stat")
ZIGBEE: Final = "ZbReceived"
CLIMATE: Final = {"Temperature", "Humidity", "Illuminance", "CarbonDioxide", "Pressure", "DewPoint", "eCO2", "Noise"}
MOTION: Final = {"Occupancy", "Movement", "Motion", "Contact", "Presence"}
ZIGBEE_ALARMS: Final = {
    "Fire": Kind.FIRE,
    "Smoke": Kind.SMOKE,
    "Water": Kind.WATER_LEAK,
    "CO": Kind.GAS,
    "Panic": Kind.SOS,
}
EMERGENCY: Final = ("Emergency", "SOS", "Panic")


def claims(message: Message) -> bool:
    return (
        message.transport.startswith("mqtt")
        and message.topic.split("/")[0] in PREFIXES
        and message.topic.count("/") >= 2
    )


def decode(message: Message) -> list[Signal]:
    levels = message.topic.split("/")
    prefix = next((level for level in levels if level in PREFIXES), None)
    if prefix is None or len(levels) < 3:
        raise BadPayload(f"not tele/(device)/(what): {message.topic[:120]!r}")
    suffix, device = levels[-1], "/".join(level for level in levels[:-1] if level != prefix)
    where: dict[str, Any] = {"topic_kind": prefix, "suffix": suffix}
    if suffix == "LWT":
        presence = reading.text(message.payload).strip().lower()
        if presence not in ("online", "offline"):
            raise BadPayload("a last will is Online or Offline")
        return [Signal(Kind.STATUS, device, readings={**where, "presence": presence, "status": presence})]
    fields = reading.json_object(message.payload)
    time = fields.get("Time")
    where["keys"] = sorted(name for name in fields if name != "Time")
    if isinstance(time, str):
        where["time"] = time
    behind = fields.get(ZIGBEE)
    if isinstance(behind, dict):
        return [
            signal
            for name, values in behind.items()
            if isinstance(values, dict)
            for signal in _zigbee(name, values, where)
        ]
    values = {name: value for name, value in fields.items() if name != "Time"}
    return [Signal(kind, device, readings={**where, "values": values}) for kind in _kinds(values)]


def _zigbee(name: str, values: dict[str, Any], where: dict[str, Any]) -> list[Signal]:
    battery = reading.percent(values.get("BatteryPercentage"))
    readings = {**where, "zigbee_device": name, "values": values}
    return [Signal(kind, name, battery=battery, readings=readings) for kind in _kinds({name: values})]


def _kinds(values: dict[str, Any]) -> list[Kind]:
    inner = [found for found in values.values() if isinstance(found, dict)]
    kinds = [kind for found in inner for name, kind in ZIGBEE_ALARMS.items() if found.get(name) in (1, True)]
    kinds += [Kind.SOS for found in inner if any(found.get(name) in (1, True) for name in EMERGENCY)]
    kinds += [
        kind for found in inner for kind in meaning.alarms({name.lower(): value for name, value in found.items()})
    ]
    if kinds:
        return meaning.ranked(kinds)
    names = {name for found in inner for name in found}
    if names & MOTION:
        return [Kind.ACTIVITY]
    if names & {"Battery", "BatteryPercentage", "BatteryVoltage"}:
        return [Kind.BATTERY_OR_STATUS]
    return [Kind.ENVIRONMENT if names & CLIMATE else Kind.STATUS]
