"""Browan Tabs and MerryIoT on LoRaWAN; the port tells the model (public source: Browan, reference manual of each).

100 door  102 motion  103 climate, air  104 light  105 sound  106 leak  136 locator  147 push button
120 MerryIoT door  122 MerryIoT motion  127 MerryIoT CO2

status(1) battery(1, low half: 2.5 V + n/10; MerryIoT 2.1 V) temperature(1, +32) then the model's own, little-endian
Two public readings give the same value two names (`battery`, `battery_volt`); both are given.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from devices.codecs.frame import Frame, bit
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_browan"
BUTTON, LEAK, LOCATOR = 147, 106, 136
NOTHING: Final = 0xFFFF
Reader = Callable[[Frame], dict[str, Any]]


def claims(message: Message) -> bool:
    return "lorawan" in message.transport and "BROWAN" in str(message.meta.get("model", "")).upper()


def decode(message: Message) -> list[Signal]:
    uplink = Uplink.of(message)
    port = uplink.port or 0
    if port not in PORTS:
        raise BadPayload("unknown fPort" if uplink.port is None else f"unknown fPort {uplink.port}")
    read, kind = PORTS[port]
    said = read(uplink.frame)
    raised = [Kind.SOS] if port == BUTTON and said["status"] else []
    raised += [Kind.WATER_LEAK] if port == LEAK and said["status"] else []
    raised += [Kind.TAMPER] if said.get("tamper") else []
    if port != BUTTON and (said.get("button") or said.get("ButtonTrigger")):
        raised.append(Kind.BUTTON_PRESS)
    return uplink.says(said, *raised, kind=kind, lat=said.get("Lat"), lon=said.get("Long"))


def _head(frame: Frame) -> dict[str, Any]:
    status, volts, warmth = frame.u(1), (25 + (frame.u(1) & 15)) / 10, (frame.u(1) & 0x7F) - 32
    return {
        "status": status & 1,
        "battery": volts,
        "battery_volt": volts,
        "temperatureBoard": warmth,
        "temperature": warmth,
    }


def _counters(frame: Frame) -> dict[str, Any]:
    return {"time": frame.u(2, little=True), "count": frame.u(3, little=True)}


def _counted(frame: Frame) -> dict[str, Any]:
    """A button sends its state alone, too."""
    return _head(frame) | (_counters(frame) if frame.left else {})


def _motion(frame: Frame) -> dict[str, Any]:
    said = _counted(frame)
    if "count" in said:  # the other public reading takes two bytes of the count
        said |= {"mot_times": said["time"], "mot_counts": said["count"] & 0xFFFF}
    return said | {"mot_motionst": said["status"]}


def _climate(frame: Frame) -> dict[str, Any]:
    """Eight bytes from the climate sensor, eleven from the air sensor."""
    state = frame.peek()
    said = _head(frame) | {"humidity": frame.u(1) & 0x7F}
    eco2, voc = _gas(frame), _gas(frame)
    said |= {"thh_type": 0, "CO2": eco2, "VOC": voc}
    if frame.left >= 3:
        said |= {"tempHumidChanged": int(bit(state, 4)), "iaqChanged": int(bit(state, 5)), "eco2": eco2, "voc": voc}
        said |= {"iaq": frame.u(2, little=True), "temperature": (frame.u(1) & 0x7F) - 32}
    return said


def _gas(frame: Frame) -> int:
    value = frame.u(2, little=True) if frame.left >= 2 else NOTHING
    return 0 if value == NOTHING else value


def _light(frame: Frame) -> dict[str, Any]:
    state = frame.peek()
    said = _head(frame) | {"lux": frame.u(3, little=True) / 100}
    bits = {"darker": 0, "lighter": 1, "statusChange": 4, "keepAlive": 5}
    return said | {name: int(bit(state, number)) for name, number in bits.items()}


def _sound(frame: Frame) -> dict[str, Any]:
    return _head(frame) | {"decibel": frame.u(1)}


def _leak(frame: Frame) -> dict[str, Any]:
    state = frame.peek()
    said = _head(frame) | {"temperatureChanged": int(bit(state, 5)), "humidityChanged": int(bit(state, 6))}
    if frame.left >= 2:
        said |= {"humidity": frame.u(1), "temperature": (frame.u(1) & 0x7F) - 32}
    return said


def _locator(frame: Frame) -> dict[str, Any]:
    """Latitude in 28 bits, longitude in 29 and the accuracy in the three above; millionths of a degree."""
    state, volts, warmth = frame.u(1), (25 + (frame.u(1) & 15)) / 10, (frame.u(1) & 0x7F) - 32
    north, east = frame.u(4, little=True), frame.u(4, little=True)
    fixed = not bit(state, 3)
    return {
        "ButtonTrigger": state & 1,
        "MovingMode": state >> 1 & 3,
        "NoGNSSFix": int(not fixed),
        "GNSSerror": state >> 4,
        "Battery": volts,
        "Temp": warmth,
        "Lat": _signed(north, 28) / 1e6 if fixed else None,
        "Long": _signed(east, 29) / 1e6 if fixed else None,
        "PositionEstimate": 2 ** ((east >> 29) + 2),
    }


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _merry(*names: str) -> Reader:
    def read(frame: Frame) -> dict[str, Any]:
        state, volts = frame.u(1), (21 + (frame.u(1) & 15)) / 10
        said = {name: int(bit(state, number)) for number, name in enumerate(names)} | {"battery_volt": volts}
        return said | {"temperature": frame.i(1), "humi": frame.u(1) & 0x7F, **_counters(frame)}

    return read


def _merry_air(frame: Frame) -> dict[str, Any]:
    """Six bytes from the first firmware, seven from the next, which tells tenths of a degree."""
    state, volts = frame.u(1), (21 + (frame.u(1) & 15)) / 10
    bits = {"trigger": 0, "status": 0, "button": 1, "co2threshold": 4, "co2calibration": 5}
    said: dict[str, Any] = {name: int(bit(state, number)) for name, number in bits.items()}
    said |= {"battery": volts, "battery_volt": volts}
    said["temperature"] = frame.i(2, little=True) / 10 if frame.left >= 5 else frame.i(1)
    return said | {"humidity": frame.u(1) & 0x7F, "co2_ppm": frame.u(2, little=True)}


PORTS: Final[Mapping[int, tuple[Reader, Kind]]] = {
    100: (_counted, Kind.ACTIVITY),
    102: (_motion, Kind.ACTIVITY),
    103: (_climate, Kind.BATTERY_OR_STATUS),
    104: (_light, Kind.BATTERY_OR_STATUS),
    105: (_sound, Kind.BATTERY_OR_STATUS),
    LEAK: (_leak, Kind.BATTERY_OR_STATUS),
    120: (_merry("open", "button", "tamper", "tilt"), Kind.ACTIVITY),
    122: (_merry("motion", "button", "tamper"), Kind.ACTIVITY),
    127: (_merry_air, Kind.BATTERY_OR_STATUS),
    LOCATOR: (_locator, Kind.LOCATION),
    BUTTON: (_counted, Kind.BATTERY_OR_STATUS),
}
