"""Trackers of other makers, of which chiefly the alarm is wanted; five protocols told apart by how a frame begins.

    $$length,imei,number,A01,event,yymmddhhmmss,A|V,lat,lon,…*sum                 Fifotrack: event 2 is SOS
ALT;device;mask;model;…;date;time;cell;…;lat;lon;…;event;…                     Suntech: event 42 is the panic key
$EPB,EMR,imei,NM,ddmmyyyy,hhmmss,A|V,lat,N,lon,E,…*sum                         AIS-140: EMR is the emergency key
67 67 type(1) length(2) index(2) time(4) mask(1) [position] [cells] event(1)   Eelink
AA length(2) version(2) device(4), then length(1) type(1) …: 81 has the event  Blue

The names of the public sources are the makers' protocol descriptions of the same names.
"""

import re
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from devices.codecs import reading
from devices.codecs.frame import Frame, date_time, degrees, digits_time
from devices.codecs.tracker import signal
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "other_tracker_alarm"
FIFOTRACK: Final = re.compile(
    r"\$\$\d+,(\d{15}),(\w*),([A-Z]\d\d),(\d*),(\d{12}),([AV]),(-?[\d.]+),(-?[\d.]+),(.*)\*\w\w"
)
FIFOTRACK_EVENTS: Final = {
    "2": "sos", "14": "lowPower", "15": "powerCut", "16": "powerRestored", "17": "lowBattery", "18": "overspeed",
    "20": "gpsAntennaCut", "21": "vibration", "23": "accident", "31": "fatigueDriving", "33": "geofenceEnter",
    "35": "geofenceExit", "37": "fallDown",
}  # fmt: skip
SUNTECH_EVENTS: Final = {
    "1": "overspeed", "5": "geofenceExit", "6": "geofenceEnter", "14": "lowBattery", "15": "vibration",
    "16": "accident",
    "40": "powerRestored", "41": "powerCut", "42": "sos", "46": "hardAcceleration", "47": "hardBraking",
    "50": "jamming", "73": "tampering",
}  # fmt: skip
AIS: Final = re.compile(
    r"\$EPB,(EMR|SEM),(\d{15}),(\w+),(\d{8}),(\d{6}),([AV]),([\d.]+),([NS]),([\d.]+),([EW]),(.*)\*\w+", re.DOTALL
)
EELINK_EVENTS: Final = {
    0x01: "powerOff", 0x02: "sos", 0x03: "lowBattery", 0x04: "vibration", 0x08: "gpsAntennaCut", 0x09: "gpsAntennaCut",
    0x25: "removing", 0x81: "lowspeed", 0x82: "overspeed", 0x83: "geofenceEnter", 0x84: "geofenceExit",
    0x85: "accident", 0x86: "fallDown",
}  # fmt: skip
EELINK_CELLS: Final = {1: 11, 2: 7, 3: 7, 4: 7, 5: 7, 6: 7}
BLUE_EVENTS: Final = {0x01: "sos", 0x02: "vibration", 0x08: "lowBattery", 0x0C: "powerCut"}


def claims(message: Message) -> bool:
    return any(f'"{name}"' in message.transport for name in ("fifotrack", "suntech", "its", "eelink", "blue"))


def decode(message: Message) -> list[Signal]:
    known = message.meta.get("device")
    device = str(known) if known is not None else None
    if message.payload[:2] == b"\x67\x67":
        return _eelink(message.payload, device)
    if message.payload[:1] == b"\xaa":
        return _blue(message.payload)
    text = message.payload.decode("latin-1").replace("\0", "").strip()
    if found := FIFOTRACK.fullmatch(text):
        return [_fifotrack(found)]
    if text.startswith(("ALT;", "EMG;", "STT;")):
        return [_suntech(text.split(";"))]
    if found := AIS.fullmatch(text):
        return [_ais(found)]
    raise BadPayload("none of the known beginnings")


def _placed(lat: str, lon: str) -> tuple[float, float] | None:
    north, east = reading.number(lat), reading.number(lon)
    return (north, east) if north is not None and east is not None and abs(north) <= 90 and abs(east) <= 180 else None


def _fifotrack(found: re.Match[str]) -> Signal:
    device, _, _, event, time, fix, lat, lon, _ = found.groups()
    alarm = FIFOTRACK_EVENTS.get(event) if event else None
    return signal(
        Kind.LOCATION, device, alarm=alarm, at=digits_time(time), valid=fix == "A", place=_placed(lat, lon), event=event
    )


def _suntech(values: list[str]) -> Signal:
    """The mask decides which values are there, so the place is what looks like one: two signed numbers in a row."""
    stamp = next((at for at, value in enumerate(values) if re.fullmatch(r"20\d{6}", value)), None)
    pairs = pairwise(values)
    angle = re.compile(r"[+-]\d+\.\d{4,}")
    place = next(((lat, lon) for lat, lon in pairs if angle.fullmatch(lat) and angle.fullmatch(lon)), None)
    if stamp is None or stamp + 1 >= len(values) or place is None:
        raise BadPayload("no date or no place")
    tail = [value for value in values[values.index(place[1]) + 1 :] if value]
    event = tail[-2] if values[0] == "ALT" and len(tail) >= 2 else None
    alarm = SUNTECH_EVENTS.get(event, "general") if event else ("sos" if values[0] == "EMG" else None)
    return signal(
        Kind.LOCATION,
        values[1],
        alarm=alarm,
        at=digits_time(values[stamp][2:] + values[stamp + 1].replace(":", "")),
        place=_placed(*place),
        event=event,
    )


def _ais(found: re.Match[str]) -> Signal:
    kind, device, _, date, time, fix, lat, north, lon, east, _ = found.groups()
    place = _placed(f"{'-' if north == 'S' else ''}{lat}", f"{'-' if east == 'W' else ''}{lon}")
    return signal(
        Kind.LOCATION,
        device,
        alarm="sos" if kind == "EMR" else None,
        at=digits_time(date[6:] + date[2:4] + date[:2] + time),
        valid=fix == "A",
        place=place,
        type=kind,
    )


def _eelink(payload: bytes, device: str | None) -> list[Signal]:
    frame = Frame(payload)
    frame.take(2)
    kind, length = frame.u(1), frame.u(2)
    if frame.left != length:
        raise BadPayload(f"{frame.left} bytes, not {length}")
    frame.take(2)
    if kind in (0x01, 0x07):
        return []
    if kind == 0x03:
        return [signal(Kind.HEARTBEAT, device)]
    if kind not in (0x12, 0x14, 0x15, 0x16):
        raise BadPayload(f"unknown type {kind:#04x}")
    at, mask = datetime.fromtimestamp(frame.u(4), UTC), frame.u(1)
    place = None
    if mask & 1:
        place = degrees(frame.i(4) / 1_800_000, negative=False), degrees(frame.i(4) / 1_800_000, negative=False)
        frame.take(7)
        if abs(place[0]) > 90 or abs(place[1]) > 180:
            raise BadPayload(f"no place on earth: {place}")
    for number, size in EELINK_CELLS.items():
        if mask >> number & 1:
            frame.take(size)
    alarm = EELINK_EVENTS.get(frame.u(1), "general") if kind == 0x14 else None
    return [signal(Kind.LOCATION, device, alarm=alarm, at=at, place=place, valid=bool(mask & 1))]


def _blue(payload: bytes) -> list[Signal]:
    frame = Frame(payload[:-1])
    frame.take(5)
    device = str(frame.u(4))
    alarm, found = None, {}
    while frame.left:
        size = frame.u(1)
        if size < 5:
            raise BadPayload("a record without a head")
        record = Frame(frame.take(size - 1))
        kind = record.u(1)
        record.take(3)
        if kind == 0x81:
            alarm = BLUE_EVENTS.get(record.u(1), "general")
        elif kind == 0x01:
            found = _blue_position(record)
    return [signal(Kind.LOCATION, device, alarm=alarm, **found)]  # type: ignore[arg-type]


def _blue_position(record: Frame) -> dict[str, object]:
    record.take(1)
    flags = record.u(1)
    angles = []
    for negative in (flags >> 6 & 1, flags >> 5 & 1):
        whole, part = record.u(2), record.u(2)
        angles.append(degrees(whole // 100 + (whole % 100 + part / 10_000) / 60, negative=bool(negative)))
    record.take(7)
    return {"valid": bool(flags >> 7), "place": tuple(angles), "at": date_time(*record.take(6))}
