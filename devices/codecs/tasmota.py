"""Tasmota (public source: tasmota.github.io/docs, "MQTT", "Buttons and switches" and "Zigbee").

    tele/{topic}/LWT      Online | Offline
    tele/{topic}/SENSOR   {"Time": local, "<sensor>": {"Temperature": …}, "TempUnit": "C"}
    tele|stat/{topic}/RESULT, STATE, INFO…   {"Button1": {"Action": "SINGLE"}}, {"POWER": "ON"}, …
    stat/{topic}/STATUS8, STATUS10           {"StatusSNS": what SENSOR says}
    stat/{topic}/POWER                       ON | OFF
    {"ZbReceived": {"0x4773": {…}}}          a Zigbee device behind a bridge

The time has no zone and is kept as text. The prefix may stand first or last in the topic. `cmnd/…` are commands to it.
"""

from typing import Any, Final

from devices.codecs import meaning, reading
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "tasmota"
PREFIXES: Final = ("tele", "stat")
ZIGBEE: Final = "ZbReceived"
WRAPPED: Final = ("StatusSNS", "StatusSTS")
PLAIN: Final = ("POWER", "RESULT", "LOGGING", "UPTIME")  # topics whose message may be a bare word
CLIMATE: Final = {"Temperature", "Humidity", "Illuminance", "CarbonDioxide", "Pressure", "DewPoint", "eCO2", "Noise"}
MOTION: Final = {"Occupancy", "Movement", "Motion", "Contact", "Presence"}
ALARMS: Final = {
    "Fire": Kind.FIRE,
    "Smoke": Kind.SMOKE,
    "SmokeDensity": None,  # a measure, no alarm
    "Water": Kind.WATER_LEAK,
    "CO": Kind.GAS,
    "Panic": Kind.SOS,
    "PersonalAlarm": Kind.SOS,
    "Emergency": Kind.SOS,
    "SOS": Kind.SOS,
    "BatteryLow": Kind.LOW_BATTERY,
}
PRESSED: Final = ("Button", "Switch")
CLICKS: Final = ("Click", "Action")
EMERGENCY: Final = {"emergency", "sos", "panic"}
BATTERY: Final = {"Battery", "BatteryPercentage", "BatteryVoltage"}


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
        return [_link(device, where, message)]
    if suffix.rstrip("0123456789") in PLAIN and not message.payload.lstrip().startswith(b"{"):
        said = {suffix: reading.text(message.payload).strip()}
        return [Signal(Kind.STATUS, device, readings={**where, "keys": [suffix], "values": said})]
    return _told(device, where, reading.json_object(message.payload))


def _link(device: str, where: dict[str, Any], message: Message) -> Signal:
    presence = reading.text(message.payload).strip().lower()
    if presence not in ("online", "offline"):
        raise BadPayload("a last will is Online or Offline")
    return Signal(Kind.STATUS, device, readings={**where, "presence": presence, "status": presence})


def _told(device: str, where: dict[str, Any], fields: dict[str, Any]) -> list[Signal]:
    wrapped = next((fields[name] for name in WRAPPED if isinstance(fields.get(name), dict)), None)
    fields = fields if wrapped is None else wrapped
    where["keys"] = sorted(name for name in fields if name != "Time")
    if isinstance(time := fields.get("Time"), str):
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
    inner = {name: found for name, found in values.items() if isinstance(found, dict)}
    kinds = [kind for found in inner.values() for name, kind in ALARMS.items() if kind and found.get(name) in (1, True)]
    for name, found in inner.items():
        kinds += meaning.alarms({key.lower(): value for key, value in found.items()})
        kinds += _clicked(name, found)
    if kinds:
        return meaning.ranked(kinds)
    names = {name for found in inner.values() for name in found}
    if names & MOTION:
        return [Kind.ACTIVITY]
    if names & BATTERY:
        return [Kind.BATTERY_OR_STATUS]
    return [Kind.ENVIRONMENT if names & CLIMATE else Kind.STATUS]


def _clicked(name: str, found: dict[str, Any]) -> list[Kind]:
    """A press of a button; what a switch was put to is a state, but one that says emergency is a call."""
    word = next((found[click] for click in CLICKS if isinstance(found.get(click), str)), "")
    if word.lower() in EMERGENCY:
        return [Kind.SOS]
    pressed = word and ("Click" in found or name.startswith(PRESSED[0]))
    return [Kind.BUTTON_PRESS] if pressed and word.upper() not in ("NONE", "CLEAR") else []
