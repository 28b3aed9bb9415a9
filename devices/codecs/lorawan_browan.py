"""Browan Tabs and MerryIoT on LoRaWAN; the port tells the model (public source: Browan, Tabs reference manuals).

147 push button  100 door  102 motion  103 climate  106 leak  120 MerryIoT door
status(1) battery(1, low half: 2.5 V + n/10) temperature(1, +32) then time(2) count(3), little-endian
"""

from typing import Any, Final

from devices.codecs.frame import Frame, bit
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_browan"
BUTTON, DOOR, MOTION, CLIMATE, LEAK, MERRY_DOOR = 147, 100, 102, 103, 106, 120
NOTHING: Final = 0xFFFF


def claims(message: Message) -> bool:
    return "lorawan" in message.transport and "BROWAN" in str(message.meta.get("model", "")).upper()


def decode(message: Message) -> list[Signal]:
    uplink = Uplink.of(message)
    frame = uplink.frame
    match uplink.port:
        case 147 | 100 | 106:
            said = _head(frame, "battery", "temperatureBoard") | _counters(frame)
            alarm = {BUTTON: Kind.SOS, LEAK: Kind.WATER_LEAK}.get(uplink.port or 0)
            raised = [alarm] if alarm and said["status"] else []
            return uplink.says(said, *raised, kind=Kind.BATTERY_OR_STATUS if uplink.port != DOOR else Kind.ACTIVITY)
        case 102:
            said = _head(frame, "battery_volt", "temperature")
            said |= {"mot_motionst": said.pop("status"), "mot_times": frame.u(2, little=True)}
            said["mot_counts"] = frame.u(2, little=True)
            return uplink.says(said, kind=Kind.ACTIVITY)
        case 103:
            said = _head(frame, "battery_volt", "temperature")
            said.pop("status")
            said |= {"humidity": frame.u(1), "thh_type": 0, "CO2": _gas(frame), "VOC": _gas(frame)}
            return uplink.says(said, kind=Kind.ENVIRONMENT)
        case 120:
            return uplink.says(_merry_door(frame), kind=Kind.ACTIVITY)
    raise BadPayload("unknown fPort" if uplink.port is None else f"unknown fPort {uplink.port}")


def _head(frame: Frame, battery: str, temperature: str) -> dict[str, Any]:
    status = frame.u(1) & 1
    return {"status": status, battery: (25 + (frame.u(1) & 15)) / 10, temperature: (frame.u(1) & 0x7F) - 32}


def _counters(frame: Frame) -> dict[str, Any]:
    return {"time": frame.u(2, little=True), "count": frame.u(3, little=True)}


def _gas(frame: Frame) -> int:
    value = frame.u(2, little=True) if frame.left >= 2 else NOTHING
    return 0 if value == NOTHING else value


def _merry_door(frame: Frame) -> dict[str, Any]:
    status = frame.u(1)
    named = {name: int(bit(status, number)) for number, name in enumerate(("open", "button", "tamper", "tilt"))}
    state = {"battery_volt": (21 + (frame.u(1) & 15)) / 10, "temperature": frame.i(1), "humi": frame.u(1) & 0x7F}
    return {**named, **state, **_counters(frame)}
