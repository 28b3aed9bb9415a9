"""Abeeway trackers with an SOS key on LoRaWAN, port 18 (public source: Abeeway, "Reference guide", uplinks).

type(1) status(1) battery(1) temperature(1) ack and form(1) …      status: mode in bits 7-5, bit 4 SOS
type 03, form 0: age(1) latitude(3) longitude(3) accuracy(1)       type 0A: event(1)
"""

from typing import Any, Final

from devices.codecs.frame import bit
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_abeeway"
PORT: Final = 18
TYPES: Final = {
    0x00: "FRAME_PENDING", 0x03: "POSITION_MESSAGE", 0x04: "ENERGY_STATUS", 0x05: "HEARTBEAT", 0x07: "ACTIVITY_STATUS",
    0x09: "SHUTDOWN", 0x0A: "EVENT", 0x0B: "DATA_SCAN_COLLECTION", 0x0E: "EXTENDED_POSITION_MESSAGE", 0x0F: "DEBUG",
}  # fmt: skip
MODES: Final = (
    "STAND_BY", "MOTION_TRACKING", "PERMANENT_TRACKING", "MOTION_START_END_TRACKING", "ACTIVITY_TRACKING", "OFF",
)  # fmt: skip
EVENTS: Final = (
    "GEOLOC_START", "MOTION_START", "MOTION_END", "BLE_CONNECTED", "BLE_DISCONNECTED", "TEMPERATURE_ALERT",
    "BLE_BOND_DELETED", "SOS_MODE_START", "SOS_MODE_END", "ANGLE_DETECTION",
)  # fmt: skip
KINDS: Final = {"POSITION_MESSAGE": Kind.LOCATION, "HEARTBEAT": Kind.HEARTBEAT, "ACTIVITY_STATUS": Kind.ACTIVITY}


def claims(message: Message) -> bool:
    return "lorawan" in message.transport and "ABEEWAY" in str(message.meta.get("model", "")).upper()


def decode(message: Message) -> list[Signal]:
    uplink = Uplink.of(message)
    uplink.on(PORT, 17)
    frame = uplink.frame
    kind = TYPES.get(frame.u(1))
    if kind is None:
        raise BadPayload("unknown message type")
    if kind == "FRAME_PENDING":
        return []
    status, battery, warmth, form = frame.u(1), frame.u(1), frame.u(1), frame.u(1) & 15
    mode = status >> 5
    said: dict[str, Any] = {
        "messageType": kind,
        "trackingMode": MODES[mode] if mode < len(MODES) else "UNKNOWN",
        "sosFlag": int(bit(status, 4)),
        "batteryLevel": battery,
        "temperatureMeasure": round(warmth * 129 / 255 - 44, 1),
    }
    lat = lon = None
    if kind == "POSITION_MESSAGE" and form == 0:
        frame.take(1)
        lat, lon = frame.i(3) * 256 / 1e7, frame.i(3) * 256 / 1e7
        said |= {"gpsLatitude": lat, "gpsLongitude": lon, "horizontalAccuracy": round(frame.u(1) * 1000 / 255, 2)}
    elif kind == "EVENT":
        event = frame.u(1)
        said["eventType"] = EVENTS[event] if event < len(EVENTS) else f"EVENT_{event}"
    pressed = said["sosFlag"] or said.get("eventType") == "SOS_MODE_START"
    level = battery if battery <= 100 else None  # more is the old firmware's own scale
    return uplink.says(
        said,
        *([Kind.SOS] if pressed else []),
        kind=KINDS.get(kind, Kind.BATTERY_OR_STATUS),
        battery=level,
        lat=lat,
        lon=lon,
    )
