"""SCAIP, social alarms as XML in a SIP message (public source: CLC/TS 50134-9, as published by its users).

    <mrq><ref>…</ref><mty>ME|RE|IN|PI</mty><cid>controller</cid><dty>device type</dty><stc>status</stc> …</mrq>
    <mrs><ref>…</ref><snu>0</snu></mrs>      the receiver's answer: 0 is «accepted»

`ref` is the same in a repeat. Short codes are padded: 02 is 0002.
"""

from typing import Any, Final
from xml.etree import ElementTree

from devices.codecs import reading
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "scaip"
MANUAL, AUTOMATIC, BATTERY = "0010", "0009", "0016"
CALLS: Final = {"0": "outgoing call", "1": "call-back"}
TYPES: Final = {"ME": "message", "RE": "reset", "IN": "information", "PI": "heartbeat"}
DEVICES: Final = {
    "0002": "local unit and controller", "0003": "personal trigger", "0004": "fixed trigger", "0005": "fall detector",
    "0007": "panic trigger", "0010": "activity sensor", "0012": "bed sensor", "0014": "door sensor",
    "0015": "wandering sensor", "0023": "smoke detector", "0033": "flood detector",
}  # fmt: skip
ALARMS: Final = {
    "0003": Kind.SOS, "0004": Kind.SOS, "0005": Kind.FALL, "0007": Kind.SOS, "0010": Kind.INACTIVITY,
    "0012": Kind.INACTIVITY, "0014": Kind.OTHER_ALARM, "0015": Kind.GEOFENCE, "0023": Kind.SMOKE,
    "0033": Kind.WATER_LEAK,
}  # fmt: skip
TECHNICAL: Final = {"0023", "0112", "0102"}  # of the line and the controller
MOST: Final = 65_536


def claims(message: Message) -> bool:
    return "scaip" in message.transport.lower()


def decode(message: Message) -> list[Signal]:
    root = _parsed(message.payload)
    fields = {child.tag: (child.text or "").strip() for child in root}
    if root.tag == "mrs":
        number = reading.number(fields.get("snu"))
        said: dict[str, Any] = {"ref": fields.get("ref"), "status_number": number, "accepted": number == 0}
        return [Signal(Kind.STATUS, event_id=fields.get("ref") or None, readings=said)]
    if root.tag != "mrq":
        raise BadPayload(f"neither mrq nor mrs: {root.tag[:20]!r}")
    if not fields.get("cid") or not fields.get("mty"):
        raise BadPayload("no controller or no message type")
    return [_request(fields)]


def _parsed(payload: bytes) -> ElementTree.Element:
    text = reading.text(payload)
    if len(text) > MOST or "<!" in text:
        raise BadPayload("XML with definitions of its own, or far too long")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise BadPayload(f"not XML: {error}") from None


def _request(fields: dict[str, str]) -> Signal:
    device_type, status = fields.get("dty", "").zfill(4), fields.get("stc", "").zfill(4)
    lat, lon = _place(fields.get("lge", ""))
    return Signal(
        _kind(fields["mty"].upper(), device_type, status),
        fields["cid"],
        event_id=fields.get("ref") or None,
        lat=lat,
        lon=lon,
        readings={
            "ref": fields.get("ref"),
            "call_handling": CALLS.get(fields.get("cha", "")),
            "message_type": TYPES.get(fields["mty"].upper(), fields["mty"]),
            "controller_id": fields["cid"],
            "device_type": f"{DEVICES.get(device_type, 'unknown')} ({device_type})",
            "device_id": fields.get("did"),
            "caller_id": fields.get("crd"),
            "status_code": status,
            "location": fields.get("lte") or fields.get("lva") or fields.get("lco"),
        },
    )


def _kind(message_type: str, device_type: str, status: str) -> Kind:
    if message_type == "PI":
        return Kind.HEARTBEAT
    if message_type != "ME":
        return Kind.STATUS
    if status == BATTERY:
        return Kind.LOW_BATTERY
    if status in (MANUAL, AUTOMATIC):
        return ALARMS.get(device_type, Kind.SOS if status == MANUAL else Kind.OTHER_ALARM)
    if status in TECHNICAL:
        return Kind.STATUS
    return Kind.OTHER_ALARM if device_type in ALARMS else Kind.STATUS


def _place(text: str) -> tuple[float, float] | tuple[None, None]:
    north, _, east = text.partition(",")
    return reading.place(north, east)
