"""Tektelic room sensors on LoRaWAN, port 10: channel(1) type(1) value … (public source: Tektelic, room sensor TRM).

A reed switch is a door, moisture a leak, the motion state what the motion detector sees; big-endian.
"""

from collections.abc import Callable
from typing import Any, Final

from devices.codecs.frame import Frame
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_tektelic"
PORT: Final = 10
Reader = Callable[[Frame], Any]
VALUES: Final[dict[tuple[int, int], tuple[str, Reader]]] = {
    (0x00, 0xBA): ("battery_voltage", lambda frame: frame.u(2) / 1000),
    (0x00, 0xFF): ("battery_voltage", lambda frame: frame.u(2) / 100),
    (0x00, 0xD3): ("battery", lambda frame: frame.u(1)),
    (0x01, 0x00): ("reed_state", lambda frame: frame.u(1)),
    (0x02, 0x00): ("light_detected", lambda frame: frame.u(1)),
    (0x03, 0x67): ("ambient_temperature", lambda frame: frame.i(2) / 10),
    (0x04, 0x68): ("relative_humidity", lambda frame: frame.u(1) / 2),
    (0x05, 0x02): ("impact_magnitude", lambda frame: frame.u(2) / 1000),
    (0x07, 0x71): ("acceleration", lambda frame: {f"{axis}axis": frame.i(2) / 1000 for axis in "xyz"}),
    (0x08, 0x04): ("reed_count", lambda frame: frame.u(2)),
    (0x09, 0x00): ("moisture", lambda frame: frame.u(1)),
    (0x0A, 0x00): ("motion_event_state", lambda frame: frame.u(1)),
    (0x0B, 0x67): ("mcu_temperature", lambda frame: frame.i(2) / 10),
    (0x0C, 0x00): ("impact_alarm", lambda frame: frame.u(1)),
    (0x0D, 0x04): ("motion_event_count", lambda frame: frame.u(2)),
    (0x0E, 0x00): ("extconnector_state", lambda frame: frame.u(1)),
    (0x0F, 0x04): ("extconnector_count", lambda frame: frame.u(2)),
    (0x10, 0x02): ("light_intensity", lambda frame: frame.u(1)),
    (0x11, 0x02): ("extconnector_analog", lambda frame: frame.u(2) / 1000),
}
OTHERS: Final = {  # what the maker's second description calls the same
    "impact_magnitude": "acceleration_magnitude", "extconnector_state": "external_connector_state",
    "extconnector_count": "external_connector_count",
}  # fmt: skip
MOVING: Final = {"reed_state", "motion_event_state", "reed_count", "motion_event_count", "impact_alarm"}


def claims(message: Message) -> bool:
    return "lorawan" in message.transport and "TEKTELIC" in str(message.meta.get("model", "")).upper()


def decode(message: Message) -> list[Signal]:
    uplink = Uplink.of(message)
    uplink.on(PORT)
    said: dict[str, Any] = {}
    while uplink.frame.left:
        key = uplink.frame.u(1), uplink.frame.u(1) if uplink.frame.left else -1
        if key not in VALUES:
            raise BadPayload(f"unknown channel {key}")
        name, read = VALUES[key]
        said[name] = read(uplink.frame)
        said |= {OTHERS[name]: said[name]} if name in OTHERS else {}
    kind = Kind.ACTIVITY if MOVING & said.keys() else Kind.STATUS
    if kind is Kind.STATUS and "battery_voltage" in said:
        kind = Kind.BATTERY_OR_STATUS
    elif kind is Kind.STATUS and {"ambient_temperature", "relative_humidity"} & said.keys():
        kind = Kind.ENVIRONMENT
    leaking = [Kind.WATER_LEAK] if said.get("moisture") else []
    return uplink.says(said, *leaking, kind=kind, battery=said.get("battery"))
