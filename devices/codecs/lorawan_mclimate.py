"""MClimate climate sensors on LoRaWAN (public source: docs.mclimate.eu, "HT sensor uplink decoder").

01  temperature(2, +400, /10)  humidity(1, /256)  battery(1, 1.6 V + 8 mV)  thermistor: bit 10 not connected, bits 9-0
"""

from typing import Any, Final

from devices.codecs.frame import bit
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_mclimate"


def claims(message: Message) -> bool:
    return "lorawan" in message.transport and "MCLIMATE" in str(message.meta.get("model", "")).upper()


def decode(message: Message) -> list[Signal]:
    uplink = Uplink.of(message)
    frame = uplink.frame
    if frame.u(1) != 1:
        raise BadPayload("unknown command")
    said: dict[str, Any] = {
        "sensorTemperature": (frame.u(2) - 400) / 10,
        "relativeHumidity": round(frame.u(1) * 100 / 256, 2),
        "batteryVoltage": round((frame.u(1) * 8 + 1600) / 1000, 1),
    }
    if frame.left >= 2:
        flags = frame.u(2)
        said["thermistorProperlyConnected"] = not bit(flags, 10)
        said["extThermistorTemperature"] = (flags & 0x3FF) / 10
    return uplink.says(said, kind=Kind.BATTERY_OR_STATUS)
