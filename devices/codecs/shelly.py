"""Shelly (public source: shelly-api-docs.shelly.cloud, "Gen2+ status and notifications" and "Gen1 MQTT").

Second generation and later, a component's state by its name, alone, as a whole or in a notification:

    {src}/events/rpc           {"src", "method": "NotifyStatus", "params": {"ts", "smoke:0": {"alarm": true}, …}}
                               {"method": "NotifyEvent", "params": {"events": [{"component": "input:0", "event": …}]}}
    {src}/status/smoke:0       {"id": 0, "alarm": true, "mute": false}
    {src}/online               true | false
    a BLU device heard by a script: {"event": "shelly-blu", "data": {"address", "button", "window", …}}

First generation:   shellies/{id}/sensor/smoke  true        shellies/{id}/input_event/0  {"event": "S", "event_cnt": 3}
"""

from dataclasses import replace
from typing import Any, Final

from devices.codecs import meaning, reading
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "shelly"
FIRST: Final = "shellies"
ALARMS: Final = {"smoke": Kind.SMOKE, "flood": Kind.WATER_LEAK, "gas": Kind.GAS}
PRESSES: Final = {
    "single_push", "double_push", "triple_push", "long_push", "btn_down", "hold_press", "press", "single_press",
    "double_press", "triple_press", "long_press",
}  # fmt: skip
FIRST_SENSORS: Final = {
    "flood": "flood", "smoke": "smoke", "motion": "motion", "vibration": "vibration", "state": "contact",
    "temperature": "temperature", "humidity": "humidity", "lux": "illuminance", "battery": "battery", "tilt": "tilt",
    "gas": "gas", "alarm_state": "alarm_state", "concentration": "gas_density",
}  # fmt: skip
YES_NO: Final = {"true": True, "false": False, "1": True, "0": False, "open": True, "close": False}
GAS_ALARMS: Final = {"mild", "heavy"}
FLAGS: Final = (
    "motion", "window", "door", "opening", "smoke", "moisture", "gas", "carbon_monoxide", "tamper", "vibration",
)  # fmt: skip
BLU: Final = "shelly-blu"


def claims(message: Message) -> bool:
    if "shelly" in message.transport or not message.transport.startswith("mqtt"):
        return "shelly" in message.transport
    levels = message.topic.split("/")
    if levels[0] == FIRST or levels[1:] == ["online"]:
        return True
    return levels[-2:] == ["events", "rpc"] or (levels[-2:-1] == ["status"] and ":" in levels[-1])


def decode(message: Message) -> list[Signal]:
    levels = message.topic.split("/")
    if levels[0] == FIRST:
        return _first(levels, message)
    if len(levels) == 2 and levels[1] == "online":
        return [_link(levels[0], message)]
    fields = reading.json_object(message.payload)
    if levels[-2:-1] == ["status"] and ":" in levels[-1]:
        return _state({levels[-1]: fields}, "/".join(levels[:-2]))
    source = fields.get("src") if isinstance(fields.get("src"), str) else message.meta.get("device")
    device = str(source) if source is not None else None
    if fields.get("event") == BLU and isinstance(fields.get("data"), dict):
        return _blu(fields["data"])
    params = fields.get("params") if isinstance(fields.get("params"), dict) else fields
    assert isinstance(params, dict)
    if isinstance(events := params.get("events"), list):
        return [signal for event in events if isinstance(event, dict) for signal in _event(event, device)]
    return _state(params, device)


def _link(device: str, message: Message) -> Signal:
    word = reading.text(message.payload).strip()
    if word not in ("true", "false"):
        raise BadPayload("online is true or false")
    return Signal(Kind.STATUS, device, readings={"status": "online" if word == "true" else "offline"})


def _event(event: dict[str, Any], device: str | None) -> list[Signal]:
    """A press, or what a script heard of a BLU device."""
    name = event.get("event")
    if name == BLU and isinstance(event.get("data"), dict):
        return _blu(event["data"])
    if not isinstance(name, str):
        raise BadPayload("an event without a name")
    kind = Kind.BUTTON_PRESS if name in PRESSES else Kind.STATUS
    at = reading.moment(event.get("ts"))
    return [Signal(kind, device, at=at, readings={key: value for key, value in event.items() if value is not None})]


def _blu(data: dict[str, Any]) -> list[Signal]:
    """A BTHome device as the maker's script tells it: 0 and 1 are no and yes; a button 0 was not pressed."""
    address = data.get("address")
    if not isinstance(address, str):
        raise BadPayload("a BLU device without an address")
    fields = data | {name: data[name] == 1 for name in FLAGS if data.get(name) in (0, 1)}
    buttons = data.get("button")
    pressed = any(button not in (0, None) for button in (buttons if isinstance(buttons, list) else [buttons]))
    kinds = meaning.alarms(fields) + ([Kind.BUTTON_PRESS] if pressed else [])
    said = Signal(Kind.STATUS, address, battery=reading.percent(data.get("battery")), readings=fields)
    packet = reading.number(data.get("pid"))
    repeat = None if packet is None else f"bthome:{address}:{packet}"
    return [replace(said, kind=kind, repeat=repeat) for kind in meaning.ranked(kinds) or [meaning.about(fields)]]


def _state(params: dict[str, Any], device: str | None) -> list[Signal]:
    parts = {
        (name, number): value
        for key, value in params.items()
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
    found = meaning.ranked(kinds) or [_about(readings)]
    at = reading.moment(params.get("ts"))
    return [Signal(kind, device, at=at, battery=battery, readings=readings) for kind in found]


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
        case "bthomedevice":
            readings[f"{name}:{number}"] = part
            return reading.percent(part.get("battery"))
        case "devicepower":
            level = part.get("battery")
            return reading.percent(level.get("percent")) if isinstance(level, dict) else None
        case _:
            readings[f"{name}:{number}" if number else name] = part
    return None


def _about(readings: dict[str, Any]) -> Kind:
    if "zones" in readings:
        return Kind.ACTIVITY
    measured = {name for name in ("temperature", "humidity", "lux") if readings.get(name) is not None}
    return Kind.ENVIRONMENT if measured else meaning.about(readings)


def _first(levels: list[str], message: Message) -> list[Signal]:
    if len(levels) < 3 or not levels[1]:
        raise BadPayload(f"not shellies/(device)/(what): {message.topic[:120]!r}")
    device, what = levels[1], levels[2:]
    if what == ["online"]:
        return [_link(device, message)]
    if what[0] == "input_event":
        fields = reading.json_object(message.payload)
        pressed = bool(fields.get("event"))
        return [Signal(Kind.BUTTON_PRESS if pressed else Kind.STATUS, device, readings=fields)]
    word = reading.text(message.payload).strip()
    if what[0] != "sensor" or len(what) != 2:
        return [Signal(Kind.STATUS, device, readings={"/".join(what): word})]
    name = FIRST_SENSORS.get(what[1])
    if name is None:
        raise BadPayload(f"unknown sensor {what[1][:40]!r}")
    value = _first_value(name, word)
    fields = {name: value}
    kinds = [Kind.GAS] if name in ("gas", "alarm_state") and value in GAS_ALARMS else meaning.alarms(fields)
    battery = reading.percent(value) if name == "battery" else None
    return [Signal(kind, device, battery=battery, readings=fields) for kind in kinds or [meaning.about(fields)]]


def _first_value(name: str, word: str) -> Any:
    if name in ("flood", "smoke", "motion", "vibration", "contact"):
        if word not in YES_NO:
            raise BadPayload(f"{name} is yes or no, not {word[:20]!r}")
        return YES_NO[word]
    number = reading.number(word)
    return word if number is None else number
