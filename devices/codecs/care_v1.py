"""The platform's own protocol, version 1: JSON over MQTT, QoS 1.

    care/v1/{device}/event       {id, kind, at?, seq?, battery?, lat?, lon?, accuracy_m?, readings?, device?,
                                 history?}
    care/v1/{device}/telemetry   the same; `kind` may be left out
    care/v1/{device}/status      {status: "online" | "offline"}; "offline" is the last will
    care/v1/{device}/ack         ours, {id, stored_at}: a device repeats an event until it comes

`id` is the device's own and never used twice; `at` is ISO 8601 with a zone. A `device` in the payload must be that of
the topic. `history: true` is what the device kept while it had no line: it is stored and raises nothing.
"""

from typing import Any, Final

from devices.codecs import reading
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "care_v1"
PREFIX: Final = ("care", "v1")
LONGEST_ID: Final = 64
STATUSES: Final = ("online", "offline")
KINDS: Final = {kind.value: kind for kind in Kind}
FIELDS: Final = (
    "id", "kind", "at", "seq", "battery", "lat", "lon", "accuracy_m", "readings", "device", "device_id", "history",
)  # fmt: skip


def claims(message: Message) -> bool:
    return message.transport.startswith("mqtt") and tuple(message.topic.split("/")[:2]) == PREFIX


def decode(message: Message) -> list[Signal]:
    device, channel = _address(message.topic)
    match channel:
        case "event":
            return [_event(device, reading.json_object(message.payload))]
        case "telemetry":
            return [_telemetry(device, reading.json_object(message.payload))]
        case "status":
            return [_status(device, message)]
    raise BadPayload(f"nothing is said under {channel}")


def _address(topic: str) -> tuple[str, str]:
    parts = topic.split("/")
    if len(parts) != 4 or tuple(parts[:2]) != PREFIX or not 0 < len(parts[2]) <= LONGEST_ID or "\0" in topic:
        raise BadPayload(f"not care/v1/(device)/(channel): {topic[:120]!r}")
    return parts[2], parts[3]


def _event(device: str, fields: dict[str, Any]) -> Signal:
    event_id = fields.get("id")
    if not isinstance(event_id, str) or not 0 < len(event_id) <= LONGEST_ID:
        raise BadPayload("an event needs an id of 1 to 64 characters")
    return _signal(device, fields, _kind(fields.get("kind")), event_id)


def _kind(value: Any) -> Kind:
    """In doubt it is a call for help: an event nobody knows rings as an alarm of unknown kind."""
    if not isinstance(value, str) or not value:
        raise BadPayload("an event needs a kind")
    return KINDS.get(value, Kind.OTHER_ALARM)


def _telemetry(device: str, fields: dict[str, Any]) -> Signal:
    value = fields.get("kind") or "status"
    kind = KINDS.get(value) if isinstance(value, str) else None
    if kind is None:
        raise BadPayload("telemetry of an unknown kind")
    event_id = fields.get("id")
    return _signal(device, fields, kind, event_id if isinstance(event_id, str) and event_id else None)


def _signal(device: str, fields: dict[str, Any], kind: Kind, event_id: str | None) -> Signal:
    for name in ("device", "device_id"):
        if fields.get(name) not in (None, device):
            raise BadPayload(f"{name} in the payload is not the device of the topic")
    readings = fields.get("readings")
    if readings is None:
        readings = {}
    if not isinstance(readings, dict):
        raise BadPayload("readings are not an object")
    said = {"kind": fields["kind"]} if kind is Kind.OTHER_ALARM and fields.get("kind") != kind else {}
    seq, accuracy = reading.number(fields.get("seq")), reading.number(fields.get("accuracy_m"))
    lat, lon = reading.place(fields.get("lat"), fields.get("lon"))
    return Signal(
        kind,
        device,
        event_id=event_id,
        at=reading.moment(fields.get("at")),
        seq=int(seq) if seq is not None and 0 <= seq < 2**63 else None,
        lat=lat,
        lon=lon,
        accuracy_m=accuracy if accuracy is not None and accuracy >= 0 else None,
        battery=reading.percent(fields.get("battery")),
        history=fields.get("history") is True or kind is Kind.HISTORY_RECORD,
        readings={**readings, **said, **{name: fields[name] for name in fields if name not in FIELDS}},
    )


def _status(device: str, message: Message) -> Signal:
    """The last will is the broker's word about the link; plain text is taken too, as many devices send it so."""
    try:
        value = reading.json_value(message.payload)
    except BadPayload:
        value = reading.text(message.payload).strip()
    fields = value if isinstance(value, dict) else {"status": value}
    status = fields.get("status")
    if not isinstance(status, str) or status.lower() not in STATUSES:
        raise BadPayload("a status is online or offline")
    return _signal(device, fields | {"status": status.lower()}, Kind.STATUS, None)
