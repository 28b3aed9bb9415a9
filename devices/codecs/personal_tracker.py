"""Small trackers for children and elders, four protocols told apart by how a frame begins.

78 78 length type … 0D 0A         Topin, ZhongXun (public source: "TOPIN communication protocol"): 99 SOS, 94 vibration
imei,CMD-…|ALM-…,A|V,DATE:yymmdd,TIME:hhmmss,LAT:…N,LON:…E,Speed:…,battery-gsm,…    Gotop: CMD-KEY is the SOS key
#imei#user#status#password#AUT#count#data#…##       V680 (public source: makers' protocol): data 04 and a byte of bits
2F AF …                                             PST: encrypted, says nothing
"""

import re
from typing import Any, Final

from devices.codecs import reading
from devices.codecs.frame import Frame, bit, date_time, degrees, digits_time
from devices.codecs.tracker import named, signal
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "personal_tracker"
TOPIN_ALARMS: Final = {0x94: "vibration", 0x99: "sos"}
TOPIN_BITS: Final = {0: "vibration", 1: "overspeed", 4: "lowPower"}
TOPIN_SILENT: Final = {0x01, 0x08, 0x09, 0x0D, 0x14, 0x15, 0x17, 0x18, 0x19, 0x1A, 0x30, 0x33, 0x34, 0x35, 0x41, 0x56,
                       0x57, 0x69, 0x80, 0x92, 0x93}  # fmt: skip
GOTOP: Final = re.compile(
    r"(?P<imei>\d{15}),(?P<type>(?:CMD|ALM)-[\w-]+)(?:,(?P<fix>[AV]),(?:DATE:)?(?P<date>\d{6}),"
    r"(?:TIME:)?(?P<time>\d{6}),(?:LAT:)?(?P<lat>[\d.]+)(?P<north>[NS]),(?:LO[NT]:)?(?P<lon>[\d.]+)(?P<east>[EW]),"
    r"Speed:(?P<speed>[\d.]+),(?P<battery>\d+)(?:-(?P<gsm>\d+))?(?P<rest>,.*)?)?",
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
    text = message.payload.decode("latin-1").replace("\0", "").strip()
    if found := GOTOP.fullmatch(text):
        return _gotop(found)
    if found := V680.fullmatch(text):
        return _v680(found)
    raise BadPayload("none of the known beginnings")


def _topin(payload: bytes, device: str | None) -> list[Signal]:
    """The length is that of the content for some types and a count for others, so only the end of the frame counts."""
    frame = Frame(payload[:-2])
    frame.take(2)
    count, kind = frame.u(1), frame.u(1)
    if payload[-2:] != b"\r\n":
        raise BadPayload("no end of frame")
    if kind in TOPIN_ALARMS:
        return [signal(Kind.OTHER_ALARM, device, alarm=TOPIN_ALARMS[kind])]
    if kind in (0x08, 0x09) and frame.left >= 25:
        return [_topin_degrees(frame, device, later=kind == 0x09)]
    if kind in (0x10, 0x11) and frame.left >= 18:
        return [_topin_position(frame, device, later=kind == 0x11)]
    if kind == 0x13:
        return [_topin_state(frame, device)]
    if kind in (0x17, 0x18, 0x19, 0x69) and frame.left >= 6 + 7 * count + 4:
        return [_topin_network(frame, device, count, later=kind in (0x17, 0x19))]
    if kind in TOPIN_SILENT:
        return []
    raise BadPayload(f"unknown type {kind:#04x}")


def _topin_degrees(frame: Frame, device: str | None, *, later: bool) -> Signal:
    """Degrees(1), a sign in the first half byte, millionths(2.5)."""
    at, place = date_time(*frame.take(6)), []
    for most in (90, 180):
        whole, part = frame.u(1), frame.u(3)
        angle = whole + (part & 0xFFFFF) / 1e6
        if angle > most:
            raise BadPayload(f"no place on earth: {angle}")
        place.append(degrees(angle, negative=part >> 20 > 0))
    frame.take(8)
    speed, course, sat = frame.u(1), frame.u(1) * 2, frame.u(1)
    return signal(Kind.LOCATION, device, at=at, valid=not later, place=(place[0], place[1]), history=later,
                  speed=speed, course=course, sat=sat)  # fmt: skip


def _topin_position(frame: Frame, device: str | None, *, later: bool) -> Signal:
    at = date_time(*frame.take(6))
    sat = frame.u(1) & 0x0F
    lat, lon = frame.u(4) / 1_800_000, frame.u(4) / 1_800_000
    speed, flags = frame.u(1), frame.u(2)
    place = degrees(lat, negative=not bit(flags, 10)), degrees(lon, negative=bit(flags, 11))
    if abs(place[0]) > 90 or abs(place[1]) > 180:
        raise BadPayload(f"no place on earth: {place}")
    more: dict[str, Any] = {"altitude": frame.i(2), "alarm": named(TOPIN_BITS, frame.u(1))} if frame.left >= 3 else {}
    return signal(Kind.LOCATION, device, at=at, valid=bit(flags, 12), place=place, history=later, speed=speed, sat=sat,
                  course=flags & 0x3FF, **more)  # fmt: skip


def _topin_state(frame: Frame, device: str | None) -> Signal:
    """Battery, version, time zone, interval, then as many as the model has: signal, heat(3), charging, heart."""
    battery = frame.u(1) if frame.left else None
    found: dict[str, Any] = {}
    if frame.left >= 4:
        found["versionFw"] = frame.u(1)
        frame.take(2)
        found["rssi"] = frame.u(1)
    if frame.left >= 3:
        frame.take(3)
    if frame.left:
        found["charge"] = frame.u(1) > 0
    if frame.left:
        found["heartRate"] = frame.u(1)
    return signal(Kind.BATTERY_OR_STATUS, device, battery=battery, **found)


def _topin_network(frame: Frame, device: str | None, count: int, *, later: bool) -> Signal:
    """Time(6 BCD), so many wifis of mac(6) and signal(1), the number of cells, country, net, the cells, alarms."""
    at = digits_time(frame.take(6).hex())
    wifi = [[frame.take(6).hex(":"), frame.u(1)] for _ in range(count)]
    cells = frame.u(1)
    mcc, mnc = frame.u(2), frame.u(1)
    around = [[mcc, mnc, frame.u(2), frame.u(2), frame.u(1)] for _ in range(cells)]
    alarms = named(TOPIN_BITS, frame.u(1)) if frame.left else []
    return signal(Kind.STATUS, device, at=at, alarm=alarms, history=later, wifi=wifi or None, cells=around or None)


def _gotop(found: re.Match[str]) -> list[Signal]:
    kind = found["type"]
    alarm = None
    if kind == "CMD-KEY":
        alarm = "sos"
    elif kind.startswith("ALM-B"):
        alarm = "geofenceEnter" if kind[5:6] in "13579" and not kind.endswith("-0") else "geofenceExit"
    elif kind.startswith("ALM-"):
        alarm = {"ALM-A": "sos", "ALM-C": "overspeed", "ALM-D": "vibration", "ALM-E": "lowBattery"}.get(
            kind[:5], "general"
        )
    if found["fix"] is None:  # a key pressed where there is no fix is a key pressed
        return [signal(Kind.OTHER_ALARM, found["imei"], alarm=alarm, type=kind)] if alarm else []
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
        alarms += named(V680_BITS, flags)
    if "sos" in alarms and "fallDown" in alarms:
        return [signal(Kind.FALL, found["imei"], alarm=name, data=data) for name in ("sos", "fallDown")]
    return [signal(Kind.STATUS, found["imei"], alarm=alarms, data=data)]
