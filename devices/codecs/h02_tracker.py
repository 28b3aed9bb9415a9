"""H02 trackers and watches (public source: the makers' "H02 GPS tracker communication protocol").

    *HQ,id,V1,hhmmss,A|V,ddmm.mmmm,N|S,dddmm.mmmm,E|W,speed,course,ddmmyy,status,…#     V6 the same; V4 an answer
    *HQ,id,HTBT,battery#      *HQ,id,LINK,hhmmss,gsm,satellites,battery,steps,turns,ddmmyy,status#      heartbeats
    *HQ,id,NBR|V3|VP1|XT|BS|SMS,…#      cells, other states, a text
    24 id(5) hhmmss ddmmyy ddmm.mmmm battery dddmm.mmmm+flags speed course status(4) …           binary, BCD

The status is 32 bits, low means alarm: 0 vibration, 1 robbery, 2 overspeed, 18 SOS, 19 power cut. FFFFFFFF is all well.
Robbery is what an SOS key sends in the text form; in the binary form of cars it is low on ordinary journeys too, so
there it rings as an alarm of unknown kind.
"""

import re
from collections.abc import Mapping
from typing import Final

from devices.codecs import reading
from devices.codecs.frame import Frame, bit, degrees_minutes, digits_time
from devices.codecs.tracker import gravest, signal
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "h02_tracker"
TEXT: Final = re.compile(r"\*(\w{2}),(\d{0,20}),(.*)#", re.DOTALL)
ANGLE: Final = re.compile(r"-?(\d+)-(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)")
ALARMS: Final = {0: "vibration", 1: "sos", 2: "overspeed", 18: "sos", 19: "powerCut"}
BINARY_ALARMS: Final = {**ALARMS, 1: "general"}
SILENT: Final = {"NBR", "V3", "VP1", "XT", "BS", "V0", "V2", "V5", "V8", "V19", "D1", "R8", "I1", "S2", "S6", ""}


def claims(message: Message) -> bool:
    return "h02" in message.transport


def decode(message: Message) -> list[Signal]:
    if message.payload[:1] == b"$":
        return [_binary(message.payload)]
    found = TEXT.fullmatch(message.payload.decode("latin-1").strip())
    if found is None:
        raise BadPayload("neither *…# nor a binary frame")
    device, (name, _, rest) = found[2] or None, found[3].partition(",")
    values = rest.split(",")
    match name:
        case "V1" | "V6" | "V7":
            return _position(device, name, values)
        case "V4":
            return [signal(Kind.STATUS, device, type=name, result=rest)]
        case "HTBT":
            return [signal(Kind.BATTERY_OR_STATUS, device, battery=values[0], type=name)]
        case "LINK" if len(values) >= 8:
            return [_link(device, values)]
        case "SMS":
            return [signal(Kind.STATUS, device, type=name, result=rest)]
    if name in SILENT:
        return []
    raise BadPayload(f"unknown type {name[:20]!r}")


def _position(device: str | None, name: str, values: list[str]) -> list[Signal]:
    """What has neither a fix nor an alarm says nothing."""
    if len(values) < 10:
        raise BadPayload(f"{name} with {len(values)} values, not 10")
    time, fix, lat, north, lon, east, speed, course, date = (value.strip() for value in values[:9])
    known = bool(lat and lon) and north in ("N", "S") and east in ("E", "W")
    place = (_angle(lat, negative=north == "S"), _angle(lon, negative=east == "W")) if known else None
    status = _hex(values[9]) if len(values) > 9 else None
    alarm = gravest(_alarms(status)) if status is not None else None
    if not known and alarm is None:
        return []
    return [
        signal(
            Kind.LOCATION,
            device,
            alarm=alarm,
            at=digits_time(date[4:6] + date[2:4] + date[:2] + time),
            valid=fix in ("A", "B"),
            place=place,
            type=name,
            status=status,
            speed=reading.number(speed),
            course=reading.number(course),
        )
    ]


def _angle(text: str, *, negative: bool) -> float:
    found = ANGLE.fullmatch(text)
    if found is None:
        raise BadPayload(f"no coordinate: {text[:20]!r}")
    if found[3]:
        return degrees_minutes(found[3], negative=negative)
    return degrees_minutes(str(int(found[1]) * 100 + float(found[2])), negative=negative)


def _alarms(status: int, table: Mapping[int, str] = ALARMS) -> list[str]:
    return [name for number, name in table.items() if not bit(status, number)] if status else []


def _hex(text: str) -> int | None:
    return int(text, 16) if re.fullmatch(r"[0-9A-Fa-f]{8}", text.strip()) else None


def _link(device: str | None, values: list[str]) -> Signal:
    time, gsm, satellites, battery, steps, _turns, date, status = values[:8]
    known = _hex(status)
    return signal(
        Kind.HEARTBEAT,
        device,
        alarm=gravest(_alarms(known)) if known is not None else None,
        at=digits_time(date[4:6] + date[2:4] + date[:2] + time),
        battery=battery,
        type="LINK",
        rssi=reading.number(gsm),
        satellites=reading.number(satellites),
        steps=reading.number(steps),
    )


def _binary(payload: bytes) -> Signal:
    frame = Frame(payload)
    frame.take(1)
    device = frame.take(8).hex()[:15] if len(payload) == 42 else frame.take(5).hex()
    time, date = frame.bcd(3), frame.bcd(3)
    lat = frame.bcd(4)
    battery = _level(frame.u(1))
    wide = frame.take(5).hex()
    lon, flags = wide[:9], int(wide[9], 16)
    if not lon.isdecimal():
        raise BadPayload(f"no longitude: {lon}")
    fast = frame.take(3).hex()
    status = frame.u(4)
    return signal(
        Kind.LOCATION,
        device,
        alarm=gravest(_alarms(status, BINARY_ALARMS)),
        at=digits_time(date[4:6] + date[2:4] + date[:2] + time),
        valid=bit(flags, 1),
        place=(
            degrees_minutes(f"{lat[:4]}.{lat[4:]}", negative=not bit(flags, 2)),
            degrees_minutes(f"{lon[:5]}.{lon[5:]}", negative=not bit(flags, 3)),
        ),
        battery=battery,
        status=status,
        speed=reading.number(fast[:3]),
        course=reading.number(fast[3:]),
    )


def _level(value: int) -> int | None:
    """Either bars, 1 to 6, or per cent."""
    if 1 <= value <= 6:
        return (value - 1) * (10 if value <= 3 else 20)
    return value if 6 < value <= 100 else None
