"""ThingsBoard's device and gateway topics (public source: thingsboard.io, "MQTT Device API" and "MQTT Gateway API").

    v1/devices/me/telemetry      {name: value} | {"ts": ms, "values": {…}} | a list of these
    v1/devices/me/attributes     {name: value}
    v1/gateway/telemetry         {device: [{"ts": ms, "values": {…}}]}
    v1/gateway/attributes        {device: {name: value}}
    v1/gateway/connect           {"device": name}        …/disconnect
    v2/t, v2/a                   short for v1/devices/me/telemetry and /attributes

`me` is whoever is connected: `meta["device"]` names it.
"""

from typing import Any, Final

from devices.codecs import meaning, reading
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "thingsboard"
GATEWAY: Final = ("v1", "gateway")
ME: Final = ("v1", "devices", "me")
TELEMETRY, ATTRIBUTES = (*ME, "telemetry"), (*ME, "attributes")
SHORT: Final = {"v2/t": TELEMETRY, "v2/t/j": TELEMETRY, "v2/a": ATTRIBUTES, "v2/a/j": ATTRIBUTES}


def claims(message: Message) -> bool:
    levels = SHORT.get(message.topic, tuple(message.topic.split("/")))
    return message.transport.startswith("mqtt") and (levels[:2] == GATEWAY or levels[:3] == ME)


def decode(message: Message) -> list[Signal]:
    levels = SHORT.get(message.topic, tuple(message.topic.split("/")))
    known = message.meta.get("device")
    me = str(known) if known is not None else None
    value = reading.json_value(message.payload)
    if levels[:3] == ME and levels[3:4] == ("telemetry",):
        return [signal for entry in _entries(value) for signal in _told(me, entry)]
    if levels[:3] == ME and levels[3:4] == ("attributes",):
        return [Signal(Kind.STATUS, me, readings={"attributes": _object(value)})] if len(levels) == 4 else []
    if levels[:2] == GATEWAY and levels[2:] in (("telemetry",), ("attributes",)):
        return _gateway(levels[2], _object(value))
    if levels[:2] == GATEWAY and levels[2:] in (("connect",), ("disconnect",)):
        device = _object(value).get("device")
        if not isinstance(device, str):
            raise BadPayload("no device")
        return [Signal(Kind.STATUS, device, readings={"status": "online" if levels[2] == "connect" else "offline"})]
    raise BadPayload(f"nothing is read under {message.topic[:120]!r}")


def _gateway(what: str, by_device: dict[str, Any]) -> list[Signal]:
    if what == "attributes":
        return [Signal(Kind.STATUS, name, readings={"attributes": _object(found)}) for name, found in by_device.items()]
    return [signal for name, found in by_device.items() for entry in _entries(found) for signal in _told(name, entry)]


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadPayload("not a JSON object")
    return value


def _entries(value: Any) -> list[dict[str, Any]]:
    return [_object(entry) for entry in (value if isinstance(value, list) else [value])]


def _told(device: str | None, entry: dict[str, Any]) -> list[Signal]:
    stamped = isinstance(entry.get("values"), dict) and set(entry) <= {"ts", "values"}
    values = entry["values"] if stamped else entry
    kinds = meaning.ranked(meaning.alarms(values)) or [meaning.about(values)]
    stamp = {"ts": entry["ts"]} if stamped and "ts" in entry else {}
    at = reading.moment(stamp["ts"] / 1000) if isinstance(stamp.get("ts"), int) else None
    battery = reading.percent(values.get("battery"))
    lat, lon = reading.place(values.get("latitude"), values.get("longitude"))
    return [
        Signal(kind, device, at=at, lat=lat, lon=lon, battery=battery, readings={"values": values, **stamp})
        for kind in kinds
    ]
