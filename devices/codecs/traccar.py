"""Traccar's JSON forward of positions and events (public source: traccar.org, "Event and position forwarding").

{"event": {"id", "type": "alarm", "eventTime", "attributes": {"alarm": "sos"}}, "position": {…}, "device": {"uniqueId"}}
{"position": {"latitude", "longitude", "valid", "fixTime", "attributes": {"alarm", "batteryLevel"}}, "device": …}
"""

from typing import Any, Final

from devices.codecs import reading
from devices.codecs.tracker import KINDS, gravest
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "traccar"
EVENTS: Final = {
    "geofenceEnter": Kind.GEOFENCE, "geofenceExit": Kind.GEOFENCE, "deviceMoving": Kind.ACTIVITY,
    "deviceOverspeed": Kind.STATUS, "media": Kind.STATUS, "textMessage": Kind.STATUS,
    **dict.fromkeys(
        ("deviceOnline", "deviceOffline", "deviceUnknown", "deviceInactive", "deviceStopped", "deviceIdle",
         "commandResult", "queuedCommandSent", "deviceFuelDrop", "deviceFuelIncrease", "ignitionOn", "ignitionOff",
         "maintenance", "driverChanged", "proximityEnter", "proximityExit", "deviceExpiration", "userExpiration"),
        Kind.STATUS,
    ),
}  # fmt: skip


def claims(message: Message) -> bool:
    return "traccar forward" in message.transport or message.topic.startswith("traccar/")


def decode(message: Message) -> list[Signal]:
    fields = reading.json_object(message.payload)
    event, position, device = (_part(fields, name) for name in ("event", "position", "device"))
    name = device.get("uniqueId")
    if not isinstance(name, str) or not (event or position):
        raise BadPayload("no device, or neither event nor position")
    kind, alarms = _meaning(event, position)
    attributes = _part(position, "attributes") | _part(event, "attributes")
    history = not event and _part(position, "attributes").get("archive") is True
    if history and kind is not Kind.LOCATION:
        kind = Kind.HISTORY_RECORD
    attributes.pop("alarm", None)
    if alarms:
        attributes["alarm"] = alarms
    number = event.get("id")
    lat, lon = reading.place(position.get("latitude"), position.get("longitude"))
    accuracy = reading.number(position.get("accuracy"))
    valid = position.get("valid")
    return [
        Signal(
            kind,
            name,
            event_id=f"traccar:{number}" if isinstance(number, int) and event else None,
            at=reading.moment(event.get("eventTime") or position.get("fixTime")),
            lat=lat,
            lon=lon,
            accuracy_m=accuracy if accuracy else None,
            battery=reading.percent(attributes.get("batteryLevel")),
            readings=attributes | ({"valid": valid} if isinstance(valid, bool) else {}),
            history=history,
        )
    ]


def _meaning(event: dict[str, Any], position: dict[str, Any]) -> tuple[Kind, str]:
    """An event means what it says itself: the position beside it may still carry the SOS of an hour ago."""
    here, there = _part(event, "attributes").get("alarm"), _part(position, "attributes").get("alarm")
    name = event.get("type")
    if event and name != "alarm" and here is None:
        if not isinstance(name, str):
            raise BadPayload("an event without a type")
        return EVENTS.get(name, Kind.STATUS), ""
    alarms = here or there
    words = [word.strip() for word in alarms.split(",") if word.strip()] if isinstance(alarms, str) else []
    if not words:
        return (Kind.OTHER_ALARM, "general") if event else (Kind.LOCATION, "")
    worst = gravest(words)
    return KINDS.get(worst or "", Kind.OTHER_ALARM), ",".join(words)


def _part(fields: dict[str, Any], name: str) -> dict[str, Any]:
    found = fields.get(name)
    return found if isinstance(found, dict) else {}
