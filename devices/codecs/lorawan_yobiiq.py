"""Yobiiq smoke alarms on LoRaWAN (public source: Yobiiq, SD-1001 user guide).

port 8    channel(1) 00 value(1) …      the state        port 50   FF channel(1) …      about the device
"""

from collections.abc import Callable
from typing import Any, Final

from devices.codecs.frame import Frame
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_yobiiq"
Reader = Callable[[Frame], Any]
STATES: Final[dict[int, tuple[str, tuple[str, str] | None]]] = {
    0x01: ("batteryLevelInPercentage", None),
    0x02: ("powerEvent", ("AC Power Off", "AC Power On")),
    0x03: ("lowBatteryAlarm", ("Normal", "Alarm")),
    0x04: ("faultAlarm", ("Normal", "Alarm")),
    0x05: ("smokeAlarm", ("Normal", "Alarm")),
    0x06: ("interconnectAlarm", ("Normal", "Alarm")),
    0x07: ("testButtonPressed", ("Normal", "Pushed")),
}
MAKE: Final = {  # what the maker's own description (its version first) says with every frame
    "codecVersion": "1.1.0", "deviceModel": "SD-1001", "productCode": "1002015", "manufacturer": "YOBIIQ B.V.",
}  # fmt: skip
ANSWERS: Final = {b"\x00": {"info": "Downlink command succeeded"}, b"\x01": {"warning": "Downlink command failed"}}
ABOUT: Final[dict[int, tuple[str, Reader]]] = {
    0x09: ("hardwareVersion", lambda frame: f"V{frame.u(1)}.{frame.u(1)}"),
    0x0A: ("firmwareVersion", lambda frame: f"V{frame.u(1)}.{frame.u(1)}"),
    0x0B: ("powerEvent", lambda frame: "AC Power On" if frame.u(1) else "AC Power Off"),
    0x0F: ("deviceClass", lambda frame: {0: "Class A", 1: "Class B", 2: "Class C"}.get(frame.u(1), "unknown")),
    0x16: ("deviceSerialNumber", lambda frame: int(frame.bcd(5))),
}


def claims(message: Message) -> bool:
    return "lorawan" in message.transport and "YOBIIQ" in str(message.meta.get("model", "")).upper()


def decode(message: Message) -> list[Signal]:
    """Smoke with the test button in one frame is smoke."""
    uplink = Uplink.of(message)
    uplink.on(8, 50)
    frame = uplink.frame
    said: dict[str, Any] = dict(MAKE)
    if answer := ANSWERS.get(frame.content):
        return uplink.says({**answer, **said}, kind=Kind.STATUS)
    while frame.left:
        channel = frame.u(1)
        if channel == 0xFF and (about := ABOUT.get(frame.u(1))):
            said[about[0]] = about[1](frame)
        elif channel in STATES and frame.u(1) == 0:
            name, words = STATES[channel]
            value = frame.u(1)
            said[name] = words[min(value, 1)] if words else value  # a state nobody knows is no normal one
        else:
            raise BadPayload(f"unknown channel {channel:#04x}")
    alarms = [Kind.SMOKE] if "Alarm" in (said.get("smokeAlarm"), said.get("interconnectAlarm")) else []
    alarms += [Kind.TEST_REPORT] if said.get("testButtonPressed") == "Pushed" else []
    alarms += [Kind.LOW_BATTERY] if said.get("lowBatteryAlarm") == "Alarm" else []
    alarms += [Kind.TAMPER] if said.get("faultAlarm") == "Alarm" else []
    return uplink.says(said, *alarms, kind=Kind.STATUS, battery=said.get("batteryLevelInPercentage"))
