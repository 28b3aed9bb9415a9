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
    "geofenceEnter": Kind.GEOFENCE, "geofenceExit": Kind.GEOFENCE, "deviceOnline": Kind.STATUS,
    "deviceOffline": Kind.STATUS, "deviceUnknown": Kind.STATUS, "deviceInactive": Kind.STATUS,
    "deviceMoving": Kind.ACTIVITY, "deviceStopped": Kind.STATUS, "commandResult": Kind.STATUS,
}  # fmt: skip


def claims(message: Message) -> bool:
    return "traccar forward" in message.transport or message.topic.startswith("traccar/")


def decode(message: Message) -> list[Signal]:
    fields = reading.json_object(message.payload)
    event, position, device = (_part(fields, name) for name in ("event", "position", "device"))
    name = device.get("uniqueId")
    if not isinstance(name, str) or not (event or position):
        raise BadPayload("no device, or neither event nor position")
    attributes = _part(position, "attributes") | _part(event, "attributes")
    alarms = attributes.get("alarm")
    alarm = gravest(word.strip() for word in alarms.split(",")) if isinstance(alarms, str) and alarms else None
    kind = KINDS.get(alarm, Kind.OTHER_ALARM) if alarm else EVENTS.get(str(event.get("type")), Kind.LOCATION)
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
        )
    ]


def _part(fields: dict[str, Any], name: str) -> dict[str, Any]:
    found = fields.get(name)
    return found if isinstance(found, dict) else {}
