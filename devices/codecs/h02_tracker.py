"""H02 trackers and watches (public source: the makers' "H02 GPS tracker communication protocol").

    *HQ,id,V1,hhmmss,A|V,ddmm.mmmm,N|S,dddmm.mmmm,E|W,speed,course,ddmmyy,status,…#     V2, V6, VI1 … the same
    *HQ,id,V4,command,…,hhmmss,hhmmss,A,…#      the answer to a command, and where it was given
    *HQ,id,HTBT|V0,battery#      *HQ,id,LINK,hhmmss,gsm,satellites,battery,steps,turns,ddmmyy,status#      heartbeats
    *HQ,id,NBR,hhmmss,mcc,mnc,delay,count,(lac,cell,gsm,)…ddmmyy,status#      no fix: the cells around
    *HQ,id,V3,hhmmss,mccmnc,count,(lac,cell,gsm,delay,)…battery(hex),boot,X,ddmmyy,status#      the same of others
    *hq,id,VP1,A,ddmm.mmmm,N,dddmm.mmmm,E,speed,course,ddmmyy#      *HQ,id,XT|BS|BASE|SMS,…#      others, a text
    24 id(5) hhmmss ddmmyy ddmm.mmmm battery dddmm.mmmm+flags speed course status(4) …           binary, BCD

The status is 32 bits, low means alarm: 0 vibration, 1 robbery, 2 overspeed, 18 SOS, 19 power cut. FFFFFFFF is all well.
Robbery is what an SOS key sends in the text form; in the binary form of cars and in answers to commands it is low on
ordinary journeys too, so there it rings as an alarm of unknown kind.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from devices.codecs import reading
from devices.codecs.frame import Frame, bit, degrees_minutes, digits_time
from devices.codecs.tracker import signal
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "h02_tracker"
TEXT: Final = re.compile(r"\*(\w{2}),(\d{0,20}),(.*)#", re.DOTALL)
DEGREES_MINUTES: Final = re.compile(r"-?(\d+)-(\d+(?:\.\d+)?)")
PLAIN: Final = re.compile(r"-?(\d+(?:\.\d+)?)")
WITHOUT_POINT: Final = re.compile(r"(\d{1,3}\d\d)(\d{4})")
ALARMS: Final = {0: "vibration", 1: "sos", 2: "overspeed", 18: "sos", 19: "powerCut"}
CAR_ALARMS: Final = {**ALARMS, 1: "general"}
ACC: Final = 10
SILENT: Final = {"XT", "BS", "V5", "V8", "D1", "R8", "I1", "S2", "S6", "BASE", "V9", ""}


def claims(message: Message) -> bool:
    return "h02" in message.transport


def decode(message: Message) -> list[Signal]:
    if message.payload[:1] == b"$":
        return [_binary(message.payload)]
    found = TEXT.fullmatch(message.payload.decode("latin-1").strip("\r\n\0 ").replace("\0", ""))
    if found is None:
        raise BadPayload("neither *…# nor a binary frame")
    device, (name, _, rest) = found[2] or None, found[3].partition(",")
    values = rest.split(",")
    match name:
        case "V4":
            return _answer(device, values)
        case "HTBT" | "V0" if reading.percent(values[0]) is not None:
            return [signal(Kind.BATTERY_OR_STATUS, device, battery=values[0], type=name)]
        case "V0":
            return [signal(Kind.HEARTBEAT, device, type=name)]
        case "LINK" if len(values) >= 8:
            return [_link(device, values)]
        case "NBR" if len(values) >= 7:
            return [_cells(device, values)]
        case "V3" if len(values) >= 7:
            return [_other_cells(device, values)]
        case "VP1":
            return _short(device, values)
        case "SMS":
            return [signal(Kind.STATUS, device, type=name, result=rest)]
    if name in SILENT:
        return []
    if re.fullmatch(r"VI?\d{1,2}", name):
        return _position(device, name, values)
    raise BadPayload(f"unknown type {name[:20]!r}, or too short for one")


def _position(
    device: str | None, name: str, values: list[str], table: Mapping[int, str] = ALARMS, **more: Any
) -> list[Signal]:
    """What has neither a fix nor an alarm says nothing."""
    if len(values) < 9:
        raise BadPayload(f"{name} with {len(values)} values, not 9")
    time, fix, lat, north, lon, east, speed, course = (value.strip() for value in values[:8])
    if fix not in ("A", "V", "B", "") and not fix.isdecimal():
        raise BadPayload(f"{name} with a fix {fix[:8]!r}")
    tail = values[9:] if values[8].isdecimal() and len(values[8]) < 3 else values[8:]  # some put the battery there
    date = tail[0].strip() if tail else ""
    status = _status(tail[1:], table)
    known = bool(lat and lon) and north in ("N", "S") and east in ("E", "W")
    place = (_angle(lat, negative=north == "S"), _angle(lon, negative=east == "W")) if known else None
    if not known and "alarm" not in status:
        return []
    return [
        signal(
            Kind.LOCATION,
            device,
            at=_time(date, time),
            valid=known and (fix == "A" or fix.isdecimal()),
            place=place,
            type=name,
            speed=reading.number(speed),
            course=reading.number(course),
            **status,
            **more,
        )
    ]


def _answer(device: str | None, values: list[str]) -> list[Signal]:
    """After the answer a position may follow: the time of the command, and then all that V1 has."""
    starts = [at for at, value in enumerate(values) if value in ("A", "V") and at >= 2 and len(values) >= at + 9]
    if not starts:
        return [signal(Kind.STATUS, device, type="V4", result=",".join(values))]
    begin = starts[0] - 1
    result = ",".join(values[: begin - 1] if re.fullmatch(r"\d{6}", values[begin - 1]) else values[:begin])
    return _position(device, "V4", values[begin:], CAR_ALARMS, result=result)


def _time(date: str, time: str) -> Any:
    """ddmmyy and hhmmss."""
    return digits_time(date[4:6] + date[2:4] + date[:2] + time)


def _angle(text: str, *, negative: bool) -> float:
    if found := DEGREES_MINUTES.fullmatch(text):
        return degrees_minutes(str(int(found[1]) * 100 + float(found[2])), negative=negative)
    if found := WITHOUT_POINT.fullmatch(text):
        return degrees_minutes(f"{found[1]}.{found[2]}", negative=negative)
    if found := PLAIN.fullmatch(text):
        return degrees_minutes(found[1], negative=negative)
    raise BadPayload(f"no coordinate: {text[:20]!r}")


def _status(values: list[str], table: Mapping[int, str] = ALARMS) -> dict[str, Any]:
    """The first eight hexadecimal digits; a status of zeros is a maker's blank and no alarm."""
    text = next((value.strip() for value in values if re.fullmatch(r"[0-9A-Fa-f]{8}", value.strip())), None)
    return _judged(int(text, 16), table) if text is not None else {}


def _judged(status: int, table: Mapping[int, str]) -> dict[str, Any]:
    alarms = [name for number, name in table.items() if not bit(status, number)] if status else []
    return {"status": status, "ignition": bit(status, ACC), **({"alarm": alarms} if alarms else {})}


def _link(device: str | None, values: list[str]) -> Signal:
    time, gsm, satellites, battery, steps, turns, date = values[:7]
    return signal(
        Kind.HEARTBEAT,
        device,
        at=_time(date, time),
        battery=battery,
        type="LINK",
        rssi=reading.number(gsm),
        sat=reading.number(satellites),
        steps=reading.number(steps),
        turnovers=reading.number(turns),
        **_status(values[7:8]),
    )


def _cells(device: str | None, values: list[str]) -> Signal:
    """Time, country, net, delay, count, the cells, date, status: an alarm without a fix comes like this."""
    count = reading.number(values[4])
    end = 5 + 3 * int(count) if count is not None and 0 <= count <= 20 else len(values)
    if len(values) < end + 2:
        raise BadPayload("NBR cut off")
    cells = [[values[1], values[2], *values[at : at + 3]] for at in range(5, end, 3)]
    return signal(
        Kind.STATUS, device, at=_time(values[end], values[0]), type="NBR", cells=cells, **_status(values[end + 1 :])
    )


def _other_cells(device: str | None, values: list[str]) -> Signal:
    mark = next((at for at, value in enumerate(values) if value == "X" and at >= 5), None)
    if mark is None or len(values) < mark + 3:
        raise BadPayload("V3 cut off")
    return signal(
        Kind.STATUS,
        device,
        at=_time(values[mark + 1], values[0]),
        volts=int(values[mark - 2], 16) if re.fullmatch(r"[0-9A-Fa-f]{4}", values[mark - 2]) else None,
        type="V3",
        **_status(values[mark + 2 :]),
    )


def _short(device: str | None, values: list[str]) -> list[Signal]:
    if values[0] == "V":
        return [signal(Kind.STATUS, device, type="VP1", cells=[",".join(values[1:])])]
    if values[0] not in ("A", "B") or len(values) < 8:
        raise BadPayload("VP1 without a position")
    return _position(device, "VP1", ["", *values[:8]])


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
    return signal(
        Kind.LOCATION,
        device,
        at=_time(date, time),
        valid=bit(flags, 1),
        place=(
            degrees_minutes(f"{lat[:4]}.{lat[4:]}", negative=not bit(flags, 2)),
            degrees_minutes(f"{lon[:5]}.{lon[5:]}", negative=not bit(flags, 3)),
        ),
        battery=battery,
        speed=reading.number(fast[:3]),
        course=reading.number(fast[3:]),
        **_judged(frame.u(4), CAR_ALARMS),
    )


def _level(value: int) -> int | None:
    """Either bars, 1 to 6, or per cent."""
    if 1 <= value <= 6:
        return (value - 1) * (10 if value <= 3 else 20)
    return value if 6 < value <= 100 else None
