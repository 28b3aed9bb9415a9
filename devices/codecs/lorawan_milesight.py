"""Milesight sensors on LoRaWAN, port 85 (public source: Milesight, user guides, "Uplink packet").

    channel(1) type(1) value …      repeated; FF …: about the device; 20 CE and 21 CE: history, time stamp(4) value …
    GS524N instead: version(1) kind(1) battery(1) smoke(1) temperature(1) sum(1), the six of them adding up to 0

The same channel means a leak on one model and an occupied chair on another, so the register's model decides. Where
nobody knows the model, a channel that may be a leak is one.
"""

from collections.abc import Mapping
from typing import Any, Final

from devices.codecs.frame import Frame
from devices.codecs.lorawan import Uplink
from devices.codecs.lorawan_milesight_models import ABOUT, COMMON, MODELS, NOBODY_KNOWS, Model
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_milesight"
PORT: Final = 85
HISTORY: Final = (0x20, 0x21)
SMOKE_ALARM: Final = "GS524N"
SMOKE_EVENTS: Final[Mapping[int, tuple[str, Kind]]] = {
    1: ("alarm", Kind.SMOKE),
    2: ("silent", Kind.STATUS),
    4: ("low battery", Kind.LOW_BATTERY),
    5: ("failover", Kind.TAMPER),
    7: ("normal", Kind.BATTERY_OR_STATUS),
    10: ("removed", Kind.TAMPER),
    11: ("installed", Kind.STATUS),
    14: ("testing alarm with normal battery", Kind.TEST_REPORT),
    15: ("testing alarm with low battery", Kind.TEST_REPORT),
}


def claims(message: Message) -> bool:
    return "lorawan" in message.transport and "MILESIGHT" in str(message.meta.get("model", "")).upper()


def decode(message: Message) -> list[Signal]:
    uplink = Uplink.of(message)
    uplink.on(PORT)
    name = uplink.model.removeprefix("MILESIGHT").strip()
    if name.startswith(SMOKE_ALARM):
        return _smoke_alarm(uplink)
    model = _model(name)
    channels = {**COMMON, **model.channels}
    frame, found, history = uplink.frame, dict[str, Any](), list[dict[str, Any]]()
    while frame.left >= 2 and any(frame.content[frame.at :]):
        channel, kind = frame.u(1), frame.u(1)
        if channel in HISTORY and kind == 0xCE:
            history.append(_past(frame, model, channel, name))
        elif read := channels.get((channel, kind)):
            _merge(found, read(frame))
        elif channel == 0xFF and (about := ABOUT.get(kind)):
            found |= about(frame)
        else:
            raise BadPayload(f"unknown channel {channel:02x} {kind:02x} of a {name or 'Milesight'}")
    if frame.left == 1 or not (found or history):
        raise BadPayload("no channel, or one cut off")
    battery, lat, lon = found.get("battery", found.get("battery_main")), found.get("latitude"), found.get("longitude")
    said = uplink.says(found, *_alarms(found), kind=_kind(found), battery=battery, lat=lat, lon=lon) if found else []
    return said + (uplink.says({"history": history}, kind=Kind.HISTORY_RECORD, history=True) if history else [])


def _model(name: str) -> Model:
    """By how the name begins, the longest first; a model nobody has described has only what all have."""
    fitting = [known for known in MODELS if name.startswith(known)]
    return MODELS[max(fitting, key=len)] if fitting else Model({}) if name else NOBODY_KNOWS


def _past(frame: Frame, model: Model, channel: int, name: str) -> dict[str, Any]:
    read = model.past.get(channel)
    if read is None:
        raise BadPayload(f"unknown history {channel:02x} ce of a {name or 'Milesight'}")
    return {"timestamp": frame.u(4, little=True), **read(frame)}


def _merge(found: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        found[name] = found[name] + value if isinstance(value, list) and name in found else value


def _alarms(found: Mapping[str, Any]) -> list[Kind]:
    kinds = []
    if found.get("leakage_status") == "leak":
        kinds.append(Kind.WATER_LEAK)
    if found.get("gas_status") == "alarm":
        kinds.append(Kind.GAS)
    raised = [alarm["alarm_type"] for alarm in found.get("events", []) if alarm["alarm_status"] == "alarm triggered"]
    if "fall" in raised or found.get("detection_status") == "fall":
        kinds.append(Kind.FALL)
    if {"motionless", "lying"} & {*raised}:
        kinds.append(Kind.INACTIVITY)
    if found.get("button") == "long":  # the maker's SOS press
        kinds.append(Kind.SOS)
    return kinds


def _kind(found: Mapping[str, Any]) -> Kind | None:
    if "button" in found or any(name.startswith("button_") for name in found):
        return Kind.BUTTON_PRESS
    if found.get("latitude") is not None:
        return Kind.LOCATION
    return Kind.ACTIVITY if {"detection_status", "events"} & found.keys() else None


def _smoke_alarm(uplink: Uplink) -> list[Signal]:
    content = uplink.frame.rest()
    if len(content) != 6 or sum(content) & 0xFF:
        raise BadPayload("no six bytes that add up to 0")
    versions, kind, battery, smoke, warmth = content[:5]
    if kind >> 4 != 1 or kind & 15 not in SMOKE_EVENTS:
        raise BadPayload(f"unknown kind {kind:#04x}")
    event, meant = SMOKE_EVENTS[kind & 15]
    said = {
        "version": versions >> 4, "protocol": versions & 15, "type": "smoke sensor", "battery": battery,
        "concentration": smoke, "temperature": warmth - 256 if warmth > 127 else warmth, "event": event,
    }  # fmt: skip
    return uplink.says(said, kind=meant, battery=battery)
