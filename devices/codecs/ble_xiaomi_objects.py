"""What Xiaomi's devices say inside a MiBeacon (public source: Xiaomi IoT, "MiBeacon objects", and miot-spec.org).

An object is type(2) length(1) value, little-endian. A few types mean another thing on another product, whose number
stands in the beacon.
"""

import math
import struct
from collections.abc import Mapping
from typing import Final

from devices.codecs.ble_xiaomi_buttons import (
    FROM_NOUGHT,
    FROM_ONE,
    QUAD,
    SWITCHES,
    THREE,
    TWO,
    TWO_SWITCHES,
    Reader,
    Said,
    by_press,
    cube,
    dimmer,
    event,
    one_button,
    pressed,
    remote,
    sided,
    switch,
)
from devices.codecs.frame import Frame
from devices.signals import BadPayload


def _u(name: str, size: int, by: float = 1) -> Reader:
    return lambda value: {name: value.u(size, little=True) / by if by != 1 else value.u(size, little=True)}


def _i(name: str, size: int, by: float = 1) -> Reader:
    return lambda value: {name: value.i(size, little=True) / by}


def _float(name: str, digits: int = 4) -> Reader:
    return lambda value: {name: round(float(struct.unpack("<f", value.take(4))[0]), digits)}


def _is(name: str) -> Reader:
    return lambda value: {name: value.u(1) > 0}


def _not(name: str) -> Reader:
    return lambda value: {name: value.u(1) == 0}


# Doors and locks


def _opening(value: Frame) -> Said:
    """Open, closed, left open; 3 is a reset."""
    state = value.u(1)
    if state > 2:
        raise BadPayload(f"unknown state of an opening {state}")
    return {"opening": state != 1} | ({"door_left_open": state == 2} if state else {})


def _door(value: Frame) -> Said:
    """Open, closed, left open, knocked at, prised, stuck."""
    state = value.u(1)
    if state > 5:
        raise BadPayload(f"unknown state of a door {state}")
    return {"door": state in (0, 2, 4), **(
        {"door_stuck": False, "knock_on_the_door": False},
        {"door_left_open": False, "pry_the_door": False},
        {"door_left_open": True},
        {"knock_on_the_door": True},
        {"pry_the_door": True},
        {"door_stuck": True},
    )[state]}  # fmt: skip


def _window(value: Frame) -> Said:
    """1 open, 2 closed: then nothing else is the matter either."""
    state = value.u(1)
    if state not in (1, 2):
        raise BadPayload(f"unknown state of an opening {state}")
    calm = {"door_left_open": False, "device_forcibly_removed": False}
    return {"opening": state == 1} | (calm if state == 2 else {})


def _if_one(said: Said) -> Reader:
    """What is true while the value is 1."""
    return lambda value: dict(said) if value.u(1) == 1 else {"value": 0}


LOCK_ACTIONS: Final = {
    0: (True, "unlock_outside_the_door"), 1: (False, "locked"), 2: (False, "turn_on_antilock"),
    3: (True, "release_the_antilock"), 4: (True, "unlock_inside_the_door"), 5: (False, "lock_inside_the_door"),
    6: (False, "turn_on_child_lock"), 7: (True, "turn_off_child_lock"), 8: (False, "lock_outside_the_door"),
    15: (True, "abnormal"),
}  # fmt: skip
LOCK_METHODS: Final = {
    0: "bluetooth", 1: "password", 2: "biometrics", 3: "key_method", 4: "turntable_method", 5: "nfc_method",
    6: "one_time_password", 7: "two_step_verification", 8: "coercion_method", 9: "homekit", 10: "manual",
    11: "automatic", 15: "abnormal",
}  # fmt: skip


def _lock(value: Frame) -> Said:
    head = value.u(1)
    action, method = LOCK_ACTIONS.get(head & 15), LOCK_METHODS.get(head >> 4)
    if action is None or method is None:
        raise BadPayload(f"unknown act of a lock {head:#04x}")
    return {"lock": action[0], "lock_method": method} | event("lock", action[1])


# Bodies


def _body_temperature(value: Frame) -> Said:
    """The thermometer's two sensors, by the maker's curve."""
    skin, air = value.i(2, little=True) / 100, value.i(2, little=True) / 100
    if not (-40 < skin < 100 and -40 < air < 100):
        raise BadPayload("a temperature no body has")
    body = 3.71934e-11 * math.exp(0.69314 * skin) - 1.02801e-8 * math.exp(0.53871 * air) + 36.413
    return {"temperature": body, "battery": value.u(1)}


def _scale_s200(value: Frame) -> Said:
    who, weight = value.u(1), value.u(4, little=True)
    return {"profile_id": who, "mass": weight / 100, "stabilized": True} if weight else {"stabilized": False}


def _scale_s400(value: Frame) -> Said:
    """Who, and 32 bits of weight, pulse and impedance; the high impedance comes last and alone."""
    who, packed = value.u(1), value.u(4, little=True)
    mass, pulse, impedance = packed & 0x7FF, packed >> 11 & 0x7F, packed >> 18
    mass = 0 if mass == 0x7FF else mass
    found: Said = {"profile_id": who}
    if not (mass or pulse or impedance):
        return found | {"stabilized": False}
    if mass:
        found["mass"] = mass / 10
    if 0 < pulse < 127:
        found["heart_rate"] = pulse + 50
    alone = not (mass or pulse)
    if impedance:
        found["impedance_high" if alone else "impedance_low"] = impedance / 10
    return found | {"stabilized": alone or not impedance}


def _brush(value: Frame) -> Said:
    brushing = value.u(1) == 0
    more = {"counter" if brushing else "score": value.u(1)} if value.left else {}
    return {"toothbrush": brushing, **more}


def _brushed(value: Frame) -> Said:
    brushing = value.u(1) == 0
    value.take(4)
    return {"toothbrush": brushing} | ({"score": value.u(1)} if value.left else {})


# Rooms


def _climate(value: Frame) -> Said:
    return {"temperature": value.i(2, little=True) / 10, "humidity": value.u(2, little=True) / 10}


def _level(empty: float, full: float) -> Reader:
    """The battery in per cent, and the volts it stands for."""

    def read(value: Frame) -> Said:
        level = value.u(1)
        return {"battery": level, "voltage": round(empty + (full - empty) * level / 100, 4)}

    return read


def _motion(size: int) -> Reader:
    """Seconds without a movement; up to thirty it goes on."""
    return lambda value: {"motion": value.u(size, little=True) <= 30}


def _moved(name: str, from_lux: int | None = None) -> Reader:
    def read(value: Frame) -> Said:
        lux = value.u(3, little=True)
        return {"motion": True, name: lux if from_lux is None else lux >= from_lux}

    return read


def _water(value: Frame) -> Said:
    """Alarm or clear, below or above."""
    state = value.u(1)
    if state > 3:
        raise BadPayload(f"unknown state of water {state}")
    return {"bottom_submersion" if state < 2 else "top_splash": state in (0, 2)}


def _charging(value: Frame) -> Said:
    state = value.u(1)
    return {"charging_state": ("Charging", "Not Charging", "Full")[state] if state < 3 else "Unknown"}


OBJECTS: Final[Mapping[int, Reader]] = {
    0x0003: lambda value: {"motion": True, "value": value.rest().hex(), **event("motion", "motion_detected")},
    0x0007: _door,
    0x0008: _not("armed"),
    0x000A: _i("temperature", 2, 100),
    0x000B: _lock,
    0x000F: _moved("illuminance"),
    0x0010: _brush,
    0x1001: one_button,
    0x1004: _i("temperature", 2, 10),
    0x1005: lambda value: {"power": value.u(1) > 0, "temperature": value.u(1)},
    0x1006: _u("humidity", 2, 10),
    0x1007: _u("illuminance", 3),
    0x1008: _u("moisture", 1),
    0x1009: _u("conductivity", 2),
    0x100A: _level(2.2, 3.1),
    0x100D: _climate,
    0x1010: _u("formaldehyde", 2, 100),
    0x1012: _is("power"),
    0x1013: _u("consumable", 1),
    0x1014: _is("moisture"),
    0x1015: _is("smoke"),
    0x1017: _motion(4),
    0x1018: _is("light"),
    0x1019: _opening,
    0x101B: lambda value: {"motion": False, "idle_time": value.u(4, little=True)},
    0x2000: _body_temperature,
    0x3003: _brushed,
    0x4801: _float("temperature", 1),
    0x4802: _u("humidity", 1),
    0x4803: _u("battery", 1),
    0x4804: _window,
    0x4805: _float("illuminance"),
    0x4806: _is("moisture"),
    0x4808: _float("humidity", 1),
    0x480C: _not("opening"),
    0x4818: _motion(2),
    0x483C: _is("occupancy"),
    0x483D: _u("pressure_present_duration", 4),
    0x483E: _u("pressure_not_present_duration", 4),
    0x484E: _is("occupancy"),
    0x4850: _is("smoke"),
    0x4851: _u("duration_detected", 1),
    0x4852: _u("duration_cleared", 1),
    0x487B: _is("top_splash"),
    0x4A01: _is("battery_low"),
    0x4A08: lambda value: {"motion": True} | _float("illuminance")(value),
    0x4A0C: pressed("press"),
    0x4A0D: pressed("double_press"),
    0x4A0E: pressed("long_press"),
    0x4A0F: _if_one({"opening": True, "device_forcibly_removed": True}),
    0x4A12: _window,
    0x4A13: pressed("press"),
    0x4A1A: _if_one({"opening": True, "door_left_open": True}),
    0x4A68: _water,
    0x4C01: _float("temperature", 2),
    0x4C02: _u("humidity", 1),
    0x4C03: _u("battery", 1),
    0x4C08: _float("humidity", 2),
    0x4C14: _u("mode", 1),
    0x4E01: _is("battery_low"),
    0x4E0C: sided("press", FROM_ONE),
    0x4E0D: sided("double_press", FROM_ONE),
    0x4E0E: sided("long_press", FROM_ONE),
    0x4E16: _scale_s200,
    0x4E1C: lambda value: {"device_reset": value.u(1)},
    0x5003: _u("battery", 1),
    0x5413: _is("occupancy_close_range"),
    0x5414: _u("mode", 1),
    0x5422: _charging,
    0x560C: sided("press", QUAD),
    0x560D: sided("double_press", QUAD),
    0x560E: sided("long_press", QUAD),
    0x5810: _not("asleep"),
    0x6461: _not("wearing"),
    0x6E16: _scale_s400,
}
TWO_BUTTONS: Final[Mapping[int, Reader]] = {
    0x4A0C: sided("press", FROM_NOUGHT),
    0x4A0D: sided("double_press", FROM_NOUGHT),
    0x4A0E: sided("long_press", FROM_NOUGHT),
}
ONE_BUTTON: Final[Mapping[int, Reader]] = {
    number: pressed(press)
    for start in (0x4E0C, 0x560C)
    for number, press in enumerate(("press", "double_press", "long_press"), start)
}
WHOLE_HUMIDITY: Final[Mapping[int, Reader]] = {0x1006: lambda value: {"humidity": value.u(2, little=True) // 10}}
SMALL_CELL: Final[Mapping[int, Reader]] = {0x100A: _level(0.8, 1.6)}
LIT: Final[Mapping[int, Reader]] = {
    0x000F: _moved("light", 100),
    0x1007: lambda value: {"light": value.u(3, little=True) == 100},
}
BELOW: Final[Mapping[int, Reader]] = {0x4806: _is("bottom_submersion")}
PRODUCTS: Final[Mapping[int, Mapping[int, Reader]]] = {  # where a product's objects mean something else
    0x01AA: SMALL_CELL,  # LYWSDCGQ
    0x4F59: SMALL_CELL,  # CGDK3
    0x055B: WHOLE_HUMIDITY,  # LYWSD03MMC
    0x0387: WHOLE_HUMIDITY,  # MHO-C401
    0x07F6: LIT,  # MJYD02YL
    0x0A8D: LIT,  # RTCGQ02LM
    0x098B: {0x1007: LIT[0x1007]},  # MCCGQ02HL
    0x0153: {0x1001: remote("on", "off", "brightness", "plus", "M", "min")},  # YLYK01YL
    0x068E: {0x1001: remote("fan", "light", "wind_speed", "color_temperature", "wind_mode", "brightness")},
    0x04E6: {0x1001: remote(
        "swing", "power", "timer_60_minutes", "increase_wind_speed", "timer_30_minutes", "decrease_wind_speed",
    )},
    0x03BF: {0x1001: remote(
        "stop", "air_exchange", "fan", "increase_speed", "decrease_speed", "dry", "light", "swing", "heat",
    )},
    0x03B6: {0x1001: dimmer},  # YLKG07YL
    0x04E1: {0x1001: cube},  # XMMF01JQD
    0x1568: {0x1001: switch(("",), (1,))},  # K9B-1BTN
    0x1569: {0x1001: switch(TWO, TWO_SWITCHES)},  # K9B-2BTN
    0x0DFD: {0x1001: switch(THREE, SWITCHES)},  # K9B-3BTN
    0x1C10: {0x4E0C: by_press},  # K9BB-1BTN
    0x2387: ONE_BUTTON,  # XMWXKG01LM
    0x520B: ONE_BUTTON,  # KS2BB
    0x78A3: ONE_BUTTON,  # AFWXKG220000
    0x5968: TWO_BUTTONS,  # XMWS01XS
    0x4683: {0x484E: lambda value: {"occupancy": value.u(1) == 1}},  # XMOSB01XS
    0x6375: BELOW,  # SJWS02LM
    0x7712: BELOW,  # zhiee.flood.sj01
    0x09B0: {0x100F: lambda value: {"door": value.u(1) == 1}},  # loock.safe.v1
    0x0380: {0x100E: lambda value: {"lock": not (state := value.u(1)) & 1, "childlock": bool(state >> 3 ^ 1)}},
}  # fmt: skip
