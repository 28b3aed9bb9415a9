"""Zigbee2MQTT: one JSON object per device (public source: zigbee2mqtt.io, "MQTT topics and messages").

    {base}/{name}                {"action": "emergency", "battery": 80, "smoke": false, "linkquality": 120}
    {base}/{name}/action         the same action once more, as plain text; so is any other field where that is set
    {base}/{name}/availability   {"state": "online"}, or the bare word
    {base}/bridge/…              the bridge about itself; `bridge/state` is its last will

Fields are compared, text is never searched: `emergency` may be a field that is false, or a word in an interview. A
button sends an empty or null action after each press; that neither raises nor clears anything. Names may hold slashes.
"""

import re
from dataclasses import replace
from typing import Any, Final

from devices.codecs import meaning, reading
from devices.signals import CALLS_FOR_HELP, BadPayload, Kind, Message, Signal

FAMILY: Final = "zigbee2mqtt"
BASE: Final = "zigbee2mqtt"
OURS: Final = ("set", "get")  # commands to a device, which a broad subscription hears too

SOS_ACTIONS: Final = frozenset({"emergency", "sos", "panic", "help"})
ACTIONS: Final = {"tamper": Kind.TAMPER, "fall": Kind.FALL}
CLICKS: Final = ("action", "click")  # `click` is what older versions called it
ENDPOINT: Final = re.compile(r"^(?:l?\d+_)?(.*?)(?:_l?\d+)?$")  # a device of several parts puts a number to the action
SIREN: Final = {"melody", "volume", "duration", "warning"}  # beside these, `alarm` is what it was told to do
ATTRIBUTES: Final = frozenset(meaning.ALARMS) | {"occupancy", "presence", "contact", "vibration", "battery"}


def claims(message: Message) -> bool:
    return BASE in message.transport or (message.transport.startswith("mqtt") and f"/{BASE}/" in f"/{message.topic}/")


def decode(message: Message) -> list[Signal]:
    device, channel = _address(message.topic, whole=message.payload.lstrip()[:1] == b"{")
    match channel:
        case "bridge":
            return _bridge(device, message)
        case "availability":
            return [_link(device, message)]
        case "action":
            return _signals(device, {"action": reading.text(message.payload).strip()})
        case "command":
            return []
        case "attribute":
            name = message.topic.rsplit("/", 1)[1]
            return _signals(device, {name: reading.json_value(message.payload)})
    return _signals(device, reading.json_object(message.payload))


def _address(topic: str, *, whole: bool) -> tuple[str, str]:
    """The device's name and what is said of it. Another base topic than the usual one is a single level."""
    if "\0" in topic or not topic:
        raise BadPayload("no topic")
    name = f"/{topic}".partition(f"/{BASE}/")[2] or topic.partition("/")[2]
    levels = name.split("/")
    if not levels[0]:
        raise BadPayload(f"no device in {topic[:120]!r}")
    if levels[0] == "bridge":
        return name, "bridge"
    last = levels[-1]
    if len(levels) > 1 and last in ("availability", "action"):
        return "/".join(levels[:-1]), last
    if len(levels) > 1 and not {*OURS}.isdisjoint(levels[1:]):
        return name, "command"
    if len(levels) > 1 and last in ATTRIBUTES and not whole:
        return "/".join(levels[:-1]), "attribute"
    return name, ""


def _bridge(name: str, message: Message) -> list[Signal]:
    """Only the bridge's own link is news; its lists, logs and interviews say nothing about a person."""
    return [_link("bridge", message)] if name == "bridge/state" else []


def _link(device: str, message: Message) -> Signal:
    said = reading.text(message.payload).strip()
    state = reading.json_object(message.payload).get("state") if said.startswith("{") else said
    if state not in ("online", "offline"):
        raise BadPayload("availability is online or offline")
    return Signal(Kind.STATUS, device, readings={"status": state})


def _signals(device: str, fields: dict[str, Any]) -> list[Signal]:
    kinds = _kinds(fields)
    if not kinds:
        return []
    action = next((fields[name] for name in CLICKS if isinstance(fields.get(name), str)), None)
    battery = reading.percent(fields.get("battery"))
    at = reading.moment(fields.get("last_seen"))
    lat, lon = reading.place(fields.get("latitude"), fields.get("longitude"))
    readings = dict(fields)
    if battery is not None:
        readings["battery"] = battery
    if "click" in fields:
        readings["button"] = fields["click"]
    said = Signal(kinds[0], device, at=at, lat=lat, lon=lon, battery=battery, readings=readings)
    return [replace(said, kind=kind, repeat=_repeat(device, kind, action)) for kind in kinds]


def _kinds(fields: dict[str, Any]) -> list[Kind]:
    raised = [kind for kind in meaning.alarms(fields) if kind is not Kind.OTHER_ALARM or not SIREN & fields.keys()]
    found = meaning.ranked(_pressed(fields) + raised)
    return found or ([meaning.about(fields)] if fields else [])


def _pressed(fields: dict[str, Any]) -> list[Kind]:
    kinds = []
    for name in CLICKS:
        action = fields.get(name)
        if isinstance(action, str) and action:
            word = ENDPOINT.sub(r"\1", action.lower())
            kinds.append(Kind.SOS if word in SOS_ACTIONS else ACTIONS.get(word, Kind.BUTTON_PRESS))
    return kinds


def _repeat(device: str, kind: Kind, action: str | None) -> str | None:
    """Copies of one press differ in link quality, or come as text; what was pressed and when it was is the same."""
    return f"z2m:{device}:{kind}:{action or ''}" if kind in CALLS_FOR_HELP or kind is Kind.BUTTON_PRESS else None
