"""SeTracker-class watches with a SIM card, the "3G" protocol (public source: the makers' TCP protocol V1.0).

    [ 3G * 8800000015 * [index *] 0087 * type , value , value … ]
      maker  device               length, hexadecimal, often wrong

    UD AL WT, with any ending: ddmmyy,hhmmss,A|V,lat,N|S,lon,E|W,speed,course,altitude,satellites,gsm,battery,steps,
        tumbles,status,…   AL is an alarm; UD2 comes later, from a dead spot; the status is 32 bits: states, then alarms
    LK[,steps,tumbles,battery]   the heartbeat
    PULSE HEART BLOOD BPHRT OXYGEN TEMP BTEMP2   what was measured

Several frames may arrive joined.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from devices.codecs import reading
from devices.codecs.frame import bit, degrees, digits_time
from devices.codecs.tracker import gravest, signal
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "gps_watch_3g"
FRAME: Final = re.compile(r"\[([0-9A-Za-z]{2})\*(\w{1,20})\*(?:[0-9A-Fa-f]{4}\*)?[0-9A-Fa-f]{4}\*([^\[\]]*)\]")
STATUS_BITS: Final = {
    0: "lowBattery",
    1: "geofenceExit",
    2: "geofenceEnter",
    14: "powerCut",
    16: "sos",
    17: "lowBattery",
    18: "geofenceExit",
    19: "geofenceEnter",
    20: "removing",
    21: "fallDown",
    22: "fallDown",
}
TALK: Final = {
    "INIT",
    "TKQ",
    "TKQ2",
    "TK",
    "TK2",
    "IMG",
    "JXTK",
    "CONFIG",
    "ICCID",
    "CR",
    "RCAPTURE",
    "PP",
    "PP2",
    "TS",
}


def claims(message: Message) -> bool:
    return "watch" in message.transport and FRAME.match(message.payload[:80].decode("latin-1") + "]") is not None


def decode(message: Message) -> list[Signal]:
    content = message.payload.decode("latin-1").strip()
    frames = list(FRAME.finditer(content))
    if not frames or "".join(frame.group() for frame in frames) != content.replace("\r\n", ""):
        raise BadPayload("not a whole frame in square brackets")
    return [found for frame in frames for found in _frame(frame[2], frame[3].split(","))]


def _frame(device: str, values: list[str]) -> list[Signal]:
    name, values = values[0].strip(), values[1:]
    word = name.upper()
    if word[:2] in ("UD", "AL", "WT"):
        return [_position(device, name, values)]
    if word == "LK":
        steps, battery = (values[0], values[2]) if len(values) >= 3 else (None, None)
        return [signal(Kind.HEARTBEAT, device, battery=battery, type=name, steps=reading.number(steps))]
    if measured := MEASURED.get(word):
        found = measured([reading.number(value) for value in values])
        return [signal(Kind.VITALS, device, type=name, **found)]
    if word in TALK:
        return [signal(Kind.STATUS, device, type=name)]
    raise BadPayload(f"unknown type {name[:20]!r}")


def _position(device: str, name: str, values: list[str]) -> Signal:
    if len(values) < 16:
        raise BadPayload(f"{name} with {len(values)} values, not 16")
    date, time, fix, lat, north, lon, east = (value.strip() for value in values[:7])
    latitude, longitude = reading.number(lat), reading.number(lon)
    try:
        status = int(values[15], 16)
    except ValueError:
        raise BadPayload(f"status {values[15][:20]!r}") from None
    if fix not in ("A", "V") or latitude is None or longitude is None:
        raise BadPayload(f"{name} without a position")
    alarm = gravest(word for number, word in STATUS_BITS.items() if bit(status, number))
    if alarm is None and name.startswith("AL"):
        alarm = "general"
    later = name.upper() == "UD2"
    return signal(
        Kind.LOCATION,
        device,
        alarm=None if later else alarm,
        at=digits_time(date[4:6] + date[2:4] + date[:2] + time),
        valid=fix == "A",
        place=(degrees(latitude, negative=north == "S"), degrees(longitude, negative=east == "W")),
        battery=values[12],
        history=later,
        type=name,
        speed=reading.number(values[7]),
        course=reading.number(values[8]),
        altitude=reading.number(values[9]),
        satellites=reading.number(values[10]),
        rssi=reading.number(values[11]),
        steps=reading.number(values[13]),
    )


Numbers = list[float | None]


def _named(*names: str) -> Callable[[Numbers], dict[str, Any]]:
    def read(values: Numbers) -> dict[str, Any]:
        if not values or values[0] is None:
            raise BadPayload("nothing was measured")
        return dict(zip(names, values, strict=False))

    return read


MEASURED: Final[dict[str, Callable[[Numbers], dict[str, Any]]]] = {
    "PULSE": _named("heartRate"),
    "HEART": _named("heartRate"),
    "BLOOD": _named("pressureHigh", "pressureLow", "heartRate"),
    "BPHRT": _named("pressureHigh", "pressureLow", "heartRate"),
    "OXYGEN": _named("oxygenType", "bloodOxygen"),
    "TEMP": _named("temp1"),
    "BTEMP2": _named("measured", "temp1"),
}
