"""ChirpStack v4's events over MQTT (public source: chirpstack.io, "Integrations, event types").

    application/{id}/device/{EUI}/event/up      {"deduplicationId", "time", "deviceInfo", "fPort", "data", "object"?}
                                       /status     {"batteryLevel", "margin"}
                                       /join ack txack log location integration

The payload is read by the codec of the maker whose name stands in the model: the register's, else what the device's
tags `maker` and `model` say, else the profile's or the device's own name. An `object` that ChirpStack has decoded
itself is read by its field names where no codec of ours can read the bytes.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from devices.codecs import (
    lorawan_abeeway,
    lorawan_browan,
    lorawan_dragino,
    lorawan_elsys,
    lorawan_mclimate,
    lorawan_milesight,
    lorawan_netvox,
    lorawan_sept_s,
    lorawan_tektelic,
    lorawan_yobiiq,
    meaning,
    reading,
)
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "chirpstack_event"
TAGS: Final = ("maker", "vendor", "manufacturer", "model")
EVENTS: Final = {"up", "join", "ack", "txack", "status", "log", "location", "integration"}
MAKERS: Final[dict[str, Callable[[Message], list[Signal]]]] = {
    "ABEEWAY": lorawan_abeeway.decode,
    "BROWAN": lorawan_browan.decode,
    "DRAGINO": lorawan_dragino.decode,
    "ELSYS": lorawan_elsys.decode,
    "MCLIMATE": lorawan_mclimate.decode,
    "MILESIGHT": lorawan_milesight.decode,
    "NETVOX": lorawan_netvox.decode,
    "SEPT-S": lorawan_sept_s.decode,
    "TEKTELIC": lorawan_tektelic.decode,
    "YOBIIQ": lorawan_yobiiq.decode,
}


def claims(message: Message) -> bool:
    levels = message.topic.split("/")
    return message.transport.startswith("mqtt") and levels[0] == "application" and levels[-2:-1] == ["event"]


def decode(message: Message) -> list[Signal]:
    levels = message.topic.split("/")
    if len(levels) < 2 or levels[-2] != "event" or levels[-1] not in EVENTS:
        raise BadPayload(f"no event of ChirpStack: {message.topic[:120]!r}")
    event, fields = levels[-1], reading.json_object(message.payload)
    info = fields.get("deviceInfo")
    device = info.get("devEui") if isinstance(info, dict) else None
    if not isinstance(info, dict) or not isinstance(device, str):
        raise BadPayload("no deviceInfo with a devEui")
    number = fields.get("deduplicationId")
    time = fields.get("time")
    said = {"event": event, "devEui": device, "time": time}
    said |= {name: fields[name] for name in ("fPort", "fCnt", "data", "margin", "acknowledged") if name in fields}
    around = Signal(
        Kind.STATUS,
        device,
        event_id=number if isinstance(number, str) and number else None,
        at=reading.moment(time) if isinstance(time, str) else None,
        seq=fields["fCnt"] if isinstance(fields.get("fCnt"), int) and not isinstance(fields["fCnt"], bool) else None,
        readings=said,
    )
    if event == "up":
        return _uplink(message, fields, info, around)
    if event == "status":
        return [_state(fields, around)]
    if event == "location":
        return [_located(fields, around)]
    if event == "log":
        more = {name: fields[name] for name in ("level", "code", "description") if isinstance(fields.get(name), str)}
        return [replace(around, readings={**around.readings, **more})]
    return [around]


def _located(fields: dict[str, Any], around: Signal) -> Signal:
    place = fields.get("location")
    if not isinstance(place, dict):
        raise BadPayload("a location without a place")
    lat, lon = reading.place(place.get("latitude"), place.get("longitude"))
    within = reading.number(place.get("accuracy"))
    return replace(
        around, kind=Kind.LOCATION, lat=lat, lon=lon, accuracy_m=within if within and within > 0 else None,
        readings={**around.readings, "location": place},
    )  # fmt: skip


def _state(fields: dict[str, Any], around: Signal) -> Signal:
    """A level nobody knows and an outlet are both sent as numbers; only a known level is one."""
    unknown = fields.get("batteryLevelUnavailable") is True or fields.get("externalPowerSource") is True
    level = None if unknown else reading.percent(fields.get("batteryLevel"))
    readings = {**around.readings, **({"batteryLevel": level} if level is not None else {})}
    return replace(around, kind=Kind.BATTERY_OR_STATUS, battery=level, readings=readings)


def _uplink(message: Message, fields: dict[str, Any], info: dict[str, Any], around: Signal) -> list[Signal]:
    decoded = fields.get("object")
    data, (model, read) = fields.get("data"), _codec(message, info)
    if read and isinstance(data, str) and data:
        inner = Message("", _bytes(data), transport="lorawan", meta={"model": model, "fPort": fields.get("fPort")})
        try:
            return [_within(signal, around) for signal in read(inner)]
        except BadPayload:
            if not decoded:
                raise
    if isinstance(decoded, dict) and decoded:
        kinds = meaning.ranked(meaning.alarms(decoded)) or [meaning.about(decoded)]
        battery = reading.percent(decoded.get("battery"))
        return [replace(around, kind=kind, battery=battery, readings={**decoded, **around.readings}) for kind in kinds]
    return [around]


def _codec(message: Message, info: dict[str, Any]) -> tuple[str, Callable[[Message], list[Signal]] | None]:
    """The model and the codec of its maker; the register first."""
    tags = found if isinstance(found := info.get("tags"), dict) else {}
    tagged = " ".join(str(tags[name]) for name in TAGS if name in tags)
    named = (message.meta.get("model"), tagged, info.get("deviceProfileName"), info.get("deviceName"))
    for model in named:
        for maker, codec in MAKERS.items():
            if maker in str(model or "").upper():
                return str(model), codec
    return "", None


def _within(signal: Signal, around: Signal) -> Signal:
    readings = {**signal.readings, **around.readings}
    return replace(
        signal, device=around.device, event_id=around.event_id, at=around.at, seq=around.seq, readings=readings
    )


def _bytes(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise BadPayload("the data is no base64") from None
