"""Abeeway trackers with an SOS key on LoRaWAN, port 18 (public source: Abeeway, "Reference guide", uplinks).

type(1) status(1) battery(1) temperature(1) ack and form(1) …      status: mode in bits 7-5, bit 4 SOS
type 03, form 0: age(1) latitude(3) longitude(3) accuracy(1)       type 0E, form 0: age(2) ?(1) latitude(4) longitude(4)
type 0A: event(1)       type 07: tag(1)
"""

from typing import Any, Final

from devices.codecs.frame import bit
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_abeeway"
PORT: Final = 18
TYPES: Final = {
    0x00: "FRAME_PENDING", 0x03: "POSITION_MESSAGE", 0x04: "ENERGY_STATUS", 0x05: "HEARTBEAT", 0x07: "ACTIVITY_STATUS",
    0x09: "SHUTDOWN", 0x0A: "EVENT", 0x0B: "DATA_SCAN_COLLECTION", 0x0C: "PROXIMITY_DETECTION",
    0x0E: "EXTENDED_POSITION_MESSAGE", 0x0F: "DEBUG",
}  # fmt: skip
MODES: Final = (
    "STAND_BY", "MOTION_TRACKING", "PERMANENT_TRACKING", "MOTION_START_END_TRACKING", "ACTIVITY_TRACKING", "OFF",
)  # fmt: skip
EVENTS: Final = (
    "GEOLOC_START", "MOTION_START", "MOTION_END", "BLE_CONNECTED", "BLE_DISCONNECTED", "TEMPERATURE_ALERT",
    "BLE_BOND_DELETED", "SOS_MODE_START", "SOS_MODE_END", "ANGLE_DETECTION",
)  # fmt: skip
FORMS: Final = (
    "GPS", "GPS_TIMEOUT", "ENCRYPTED_WIFI_BSSIDS", "WIFI_TIMEOUT", "WIFI_FAILURE", "XGPS_DATA",
    "XGPS_DATA_WITH_GPS_SW_TIME", "BLE_BEACON_SCAN", "BLE_BEACON_FAILURE", "WIFI_BSSIDS_WITH_NO_CYPHER",
    "BLE_BEACON_SCAN_SHORT_ID", "BLE_BEACON_SCAN_LONG_ID",
)  # fmt: skip
TAGS: Final = {2: "CONFIGURATION", 3: "SHOCK_DETECTION", 5: "BLE_MAC"}  # of an activity message that is none
KINDS: Final = {
    "POSITION_MESSAGE": Kind.LOCATION, "EXTENDED_POSITION_MESSAGE": Kind.LOCATION, "SHOCK_DETECTION": Kind.ACTIVITY,
    "HEARTBEAT": Kind.HEARTBEAT, "ACTIVITY_STATUS": Kind.ACTIVITY,
}  # fmt: skip


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
    status, battery, warmth, ack = frame.u(1), frame.u(1), frame.u(1), frame.u(1)
    form, mode = ack & 15, status >> 5
    if kind == "ACTIVITY_STATUS" and frame.left:
        kind = TAGS.get(frame.u(1) & 7, kind)
    elif kind == "ENERGY_STATUS" and form == 1:
        kind = "HEALTH_STATUS"
    said: dict[str, Any] = {
        "messageType": kind,
        "trackingMode": MODES[mode] if mode < len(MODES) else "UNKNOWN",
        "sosFlag": int(bit(status, 4)),
        "appState": int(bit(status, 3)),
        "dynamicMotionState": "MOVING" if bit(status, 2) else "STATIC",
        "periodicPosition": bit(status, 1),
        "onDemand": bit(status, 0),
        "ackToken": ack >> 4,
        "batteryLevel": battery if 0 < battery < 255 else None,
        "batteryStatus": {0: "CHARGING", 255: "UNKNOWN"}.get(battery, "OPERATING"),
        "temperatureMeasure": round(warmth * 129 / 255 - 44, 1),
    }
    lat = lon = None
    if kind in ("POSITION_MESSAGE", "EXTENDED_POSITION_MESSAGE"):
        said["rawPositionType"] = FORMS[form] if form < len(FORMS) else "UNKNOWN"
    if kind == "EXTENDED_POSITION_MESSAGE" and form == 0:
        frame.take(3)
        lat, lon = frame.i(4) / 1e7, frame.i(4) / 1e7
        said |= {"gpsLatitude": lat, "gpsLongitude": lon}
    elif kind == "POSITION_MESSAGE" and form == 0:
        said["age"] = frame.u(1) * 8
        lat, lon = frame.i(3) * 256 / 1e7, frame.i(3) * 256 / 1e7
        said |= {"gpsLatitude": lat, "gpsLongitude": lon, "horizontalAccuracy": round(frame.u(1) * 1000 / 255, 2)}
    elif kind == "EVENT":
        event = frame.u(1)
        said["eventType"] = EVENTS[event] if event < len(EVENTS) else f"EVENT_{event}"
    pressed = said["sosFlag"] or said.get("eventType") == "SOS_MODE_START"
    level = battery if 0 < battery <= 100 else None  # more is the old firmware's own scale
    return uplink.says(
        said,
        *([Kind.SOS] if pressed else []),
        kind=KINDS.get(kind, Kind.BATTERY_OR_STATUS),
        battery=level,
        lat=lat,
        lon=lon,
    )
