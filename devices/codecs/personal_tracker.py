"""Small trackers for children and elders, four protocols told apart by how a frame begins.

78 78 length type … 0D 0A         Topin, ZhongXun (public source: "TOPIN communication protocol"): 99 SOS, 94 vibration
imei,CMD-…|ALM-…,A|V,DATE:yymmdd,TIME:hhmmss,LAT:…N,LON:…E,Speed:…,battery-gsm,…    Gotop: CMD-KEY is the SOS key
#imei#user#status#password#AUT#count#data#…##       V680 (public source: makers' protocol): data 04 and a byte of bits
2F AF …                                             PST: encrypted, says nothing
"""

import re
from typing import Final

from devices.codecs import reading
from devices.codecs.frame import Frame, bit, degrees, digits_time
from devices.codecs.tracker import gravest, signal
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "personal_tracker"
TOPIN_ALARMS: Final = {0x94: "vibration", 0x99: "sos"}
TOPIN_SILENT: Final = {0x01, 0x08, 0x0D, 0x15, 0x17, 0x18, 0x1A, 0x30, 0x33, 0x34, 0x35, 0x56, 0x57, 0x69, 0x80}
GOTOP: Final = re.compile(
    r"(?P<imei>\d{15}),(?P<type>(?:CMD|ALM)-[\w-]+)(?:,(?P<fix>[AV]),DATE:(?P<date>\d{6}),TIME:(?P<time>\d{6}),"
    r"LAT:(?P<lat>[\d.]+)(?P<north>[NS]),LO[NT]:(?P<lon>[\d.]+)(?P<east>[EW]),Speed:(?P<speed>[\d.]+),"
    r"(?P<battery>\d+)-(?P<gsm>\d+)(?P<rest>,.*)?)?",
    re.DOTALL,
)
V680: Final = re.compile(r"#(?P<imei>\d{15})#[^#]*#[^#]*#[^#]*#(?P<type>[A-Z]+)#[^#]*#(?P<data>[^#]*)#.*##", re.DOTALL)
V680_TYPES: Final = {"SOS": "sos", "LPD": "lowBattery", "TOWED": "movement", "VIB": "vibration"}
V680_BITS: Final = {0: "sos", 3: "fallDown"}


def claims(message: Message) -> bool:
    return any(f'"{name}"' in message.transport for name in ("topin", "gotop", "v680", "pst"))


def decode(message: Message) -> list[Signal]:
    known = message.meta.get("device")
    device = str(known) if known is not None else None
    if message.payload[:2] == b"\x78\x78":
        return _topin(message.payload, device)
    if message.payload[:2] == b"\x2f\xaf":
        return []
    text = message.payload.decode("latin-1").strip()
    if found := GOTOP.fullmatch(text):
        return _gotop(found)
    if found := V680.fullmatch(text):
        return _v680(found)
    raise BadPayload("none of the known beginnings")


def _topin(payload: bytes, device: str | None) -> list[Signal]:
    frame = Frame(payload)
    frame.take(2)
    frame.take(1)
    kind = frame.u(1)
    if frame.left < 2 or payload[-2:] != b"\r\n":
        raise BadPayload("no end of frame")
    if kind in TOPIN_ALARMS:
        return [signal(Kind.OTHER_ALARM, device, alarm=TOPIN_ALARMS[kind])]
    if kind in (0x10, 0x11) and frame.left >= 20:
        return [_topin_position(frame, device, later=kind == 0x11)]
    if kind == 0x13:
        return [signal(Kind.BATTERY_OR_STATUS, device, battery=frame.u(1) if frame.left > 2 else None)]
    if kind in TOPIN_SILENT:
        return []
    raise BadPayload(f"unknown type {kind:#04x}")


def _topin_position(frame: Frame, device: str | None, *, later: bool) -> Signal:
    at = digits_time("".join(f"{byte:02d}" for byte in frame.take(6)))
    frame.take(1)
    lat, lon = frame.u(4) / 1_800_000, frame.u(4) / 1_800_000
    speed, flags = frame.u(1), frame.u(2)
    place = degrees(lat, negative=not bit(flags, 10)), degrees(lon, negative=bit(flags, 11))
    if abs(place[0]) > 90 or abs(place[1]) > 180:
        raise BadPayload(f"no place on earth: {place}")
    return signal(Kind.LOCATION, device, at=at, valid=bit(flags, 12), place=place, history=later, speed=speed)


def _gotop(found: re.Match[str]) -> list[Signal]:
    kind = found["type"]
    alarm = None
    if kind == "CMD-KEY":
        alarm = "sos"
    elif kind.startswith("ALM-B"):
        alarm = "geofenceExit" if kind.endswith("-0") else "geofenceEnter"
    elif kind.startswith("ALM-"):
        alarm = {"ALM-A": "sos", "ALM-C": "overspeed", "ALM-D": "vibration", "ALM-E": "lowBattery"}.get(
            kind[:5], "general"
        )
    if found["fix"] is None:
        return [signal(Kind.OTHER_ALARM, found["imei"], alarm=alarm)] if alarm else []
    lat, lon = reading.number(found["lat"]), reading.number(found["lon"])
    if lat is None or lon is None or lat > 90 or lon > 180:
        raise BadPayload("no place on earth")
    return [
        signal(
            Kind.LOCATION,
            found["imei"],
            alarm=alarm,
            at=digits_time(found["date"] + found["time"]),
            valid=found["fix"] == "A",
            place=(degrees(lat, negative=found["north"] == "S"), degrees(lon, negative=found["east"] == "W")),
            battery=found["battery"],
            type=kind,
            speed=reading.number(found["speed"]),
        )
    ]


def _v680(found: re.Match[str]) -> list[Signal]:
    alarms = [V680_TYPES[found["type"]]] if found["type"] in V680_TYPES else []
    data = found["data"]
    if re.fullmatch(r"04[0-9a-fA-F]{6,}", data):
        flags = int(data[2:4], 16)
        alarms += [name for number, name in V680_BITS.items() if bit(flags, number)]
    if "sos" in alarms and "fallDown" in alarms:
        return [signal(Kind.FALL, found["imei"], alarm=name, data=data) for name in ("sos", "fallDown")]
    return [signal(Kind.STATUS, found["imei"], alarm=gravest(alarms), data=data)]
