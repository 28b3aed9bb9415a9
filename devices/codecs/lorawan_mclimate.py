"""MClimate sensors on LoRaWAN (public source: docs.mclimate.eu, "Uplink decoder" of each model).

HT, CO2, button, door, motion   01 …, the state; an answer to a command has it at its end
                                HT     temperature(2, +400, /10) humidity(1, /256) battery(1) thermistor(2)
                                CO2    co2(2) temperature(2) humidity(1) battery(1)
                                button battery(1) thermistor(2) press(1)
                                door   battery(1) thermistor(2) openings(3) state(1)
                                motion temperature(2) humidity(1) lux(2) battery(1) occupied(1) count(2)
flood   reason(bits 7-5) tampered(bit 3) flood(bit 1) battery(1) [temperature(1)]

The model tells which; without one the state of the HT is read, as its length is its own.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from devices.codecs.frame import Frame, bit
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_mclimate"
STATE: Final = 1
REASONS: Final = ("keepalive", "testButtonPressed", "floodDetected", "fraudDetected")


def claims(message: Message) -> bool:
    return "lorawan" in message.transport and "MCLIMATE" in str(message.meta.get("model", "")).upper()


def decode(message: Message) -> list[Signal]:
    uplink = Uplink.of(message)
    if "FLOOD" in uplink.model:
        return _flood(uplink)
    read, least, most = next((known for name, known in MODELS.items() if name in uplink.model), MODELS["HT"])
    content = uplink.frame.content
    tail = content if content[0] == STATE else content[-most:]
    if tail[0] != STATE or len(tail) < least:
        raise BadPayload(f"unknown command {content[0]:#04x}, and no state after it")
    said, kind = read(Frame(tail[1:]))
    return uplink.says(said, kind=kind)


def _flood(uplink: Uplink) -> list[Signal]:
    frame = uplink.frame
    state, volts = frame.u(1), frame.u(1) * 16 / 1000
    if state >> 5 >= len(REASONS):
        raise BadPayload(f"unknown reason {state >> 5}")
    said: dict[str, Any] = {"reason": REASONS[state >> 5], "boxTamper": bit(state, 3), "flood": bit(state, 1)}
    said |= {"battery": volts} | ({"temperature": frame.u(1)} if frame.left else {})
    alarms = [Kind.WATER_LEAK] if said["flood"] or said["reason"] == "floodDetected" else []
    alarms += [Kind.TAMPER] if said["boxTamper"] or said["reason"] == "fraudDetected" else []
    alarms += [Kind.TEST_REPORT] if said["reason"] == "testButtonPressed" else []
    return uplink.says(said, *alarms, kind=Kind.BATTERY_OR_STATUS)


def _warmth(frame: Frame) -> float:
    return ((frame.u(2) & 0x3FF) - 400) / 10


def _humidity(frame: Frame) -> float:
    return round(frame.u(1) * 100 / 256, 2)


def _volts(frame: Frame, digits: int = 2) -> float:
    return round((frame.u(1) * 8 + 1600) / 1000, digits)


def _thermistor(frame: Frame, name: str) -> dict[str, Any]:
    """Bit 10 says that none is connected; then its reading is nought."""
    flags = frame.u(2)
    connected = not bit(flags, 10)
    return {"thermistorProperlyConnected": connected, name: (flags & 0x3FF) / 10 if connected else 0}


def _climate(frame: Frame) -> tuple[dict[str, Any], Kind]:
    warmth, humidity = _warmth(frame), _humidity(frame)
    said: dict[str, Any] = {"sensorTemperature": warmth, "relativeHumidity": humidity}
    said |= {"temperature": warmth, "humidity": humidity}  # the names of the older description
    said["batteryVoltage"] = round(2 + (frame.u(1) >> 4) / 10, 1)
    return said | (_thermistor(frame, "extThermistorTemperature") if frame.left >= 2 else {}), Kind.BATTERY_OR_STATUS


def _air(frame: Frame) -> tuple[dict[str, Any], Kind]:
    said = {"CO2": frame.u(2), "sensorTemperature": _warmth(frame), "relativeHumidity": _humidity(frame)}
    return {**said, "batteryVoltage": _volts(frame)}, Kind.BATTERY_OR_STATUS


def _button(frame: Frame) -> tuple[dict[str, Any], Kind]:
    said = {"batteryVoltage": _volts(frame, 1), **_thermistor(frame, "sensorTemperature"), "pressEvent": frame.u(1)}
    return said, Kind.BUTTON_PRESS if said["pressEvent"] else Kind.BATTERY_OR_STATUS


def _door(frame: Frame) -> tuple[dict[str, Any], Kind]:
    said = {"batteryVoltage": _volts(frame), **_thermistor(frame, "temperature"), "counter": frame.u(3)}
    return {**said, "status": frame.u(1) if frame.left else 0}, Kind.ACTIVITY


def _motion(frame: Frame) -> tuple[dict[str, Any], Kind]:
    warmth, humidity = _warmth(frame), _humidity(frame)
    said: dict[str, Any] = {"sensorTemperature": warmth, "relativeHumidity": humidity}
    said |= {"temperature": warmth, "humidity": humidity}  # the names of the older description
    lux = frame.u(2)
    said |= {"lux": lux, "luxStatus": "ok"} if lux <= 0xFFFA else {"lux": 0, "luxStatus": "disabled"}
    if 0xFFFA < lux < 0xFFFF:
        said["luxStatus"] = "sensor_error"
    said["batteryVoltage"] = round((frame.u(1) * 2200 / 255 + 1600) / 1000, 2)
    return said | {"occupied": bit(frame.u(1), 0), "pirTriggerCount": frame.u(2)}, Kind.ACTIVITY


Known = tuple[Callable[[Frame], tuple[dict[str, Any], Kind]], int, int]
MODELS: Final[Mapping[str, Known]] = {  # by a word of the model; the fewest bytes of its state and the most
    "BUTTON": (_button, 5, 5),
    "OPEN": (_door, 7, 8),
    "PIR-MINI": (_motion, 10, 10),
    "CO2": (_air, 7, 7),
    "HT": (_climate, 5, 7),
}
