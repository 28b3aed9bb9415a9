"""Dragino trackers, doors, leaks and panic buttons on LoRaWAN (public source: wiki.dragino.com, user manuals).

port 2   LGT92, TrackerD   latitude/1e6(4) longitude(4) alarm(bit 14) battery mV(2) flags(1) …
         PB01              battery mV(2) sound(1) alarm(1) temperature/10(2) humidity/10(2)
port 10  LDS01, LWL01      bit 15 open, bit 14 leak, battery mV(2) mode(1) times(3) minutes(3) alarm(1)
"""

from typing import Any, Final

from devices.codecs.frame import Frame, bit
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_dragino"
MODES: Final = ("Disable", "Move", "Collide", "Custom")
DOOR, LEAK = 1, 2


def claims(message: Message) -> bool:
    return "lorawan" in message.transport and "DRAGINO" in str(message.meta.get("model", "")).upper()


def decode(message: Message) -> list[Signal]:
    uplink = Uplink.of(message)
    uplink.on(2, 3, 10)
    if uplink.port == 10:
        return _contact(uplink)
    if "PB01" in uplink.model:
        return _button(uplink)
    if uplink.frame.left < 11:
        raise BadPayload(f"{uplink.frame.left} bytes, no position")
    return _tracker(uplink)


def _tracker(uplink: Uplink) -> list[Signal]:
    """Fifteen bytes or fewer are a TrackerD, more an LGT92; the model goes first where it is known."""
    frame = uplink.frame
    lat, lon, power, flags = frame.i(4) / 1e6, frame.i(4) / 1e6, frame.u(2), frame.u(1)
    alarm = bit(power, 14)
    said: dict[str, Any] = {
        "ALARM_status": "TRUE" if alarm else "FALSE",
        "BatV": (power & 0x3FFF) / 1000,
        "LON": "ON" if bit(flags, 5) else "OFF",
    }
    if "LGT92" in uplink.model or ("TRACKERD" not in uplink.model and frame.left > 4):
        said |= {"latitude": lat, "longitude": lon, "MD": MODES[flags >> 6], "FW": 160 + (flags & 0x1F)}
        if frame.left >= 4:
            said |= {"Roll": frame.i(2) / 100, "Pitch": frame.i(2) / 100}
        said["hdop"] = frame.u(1) / 10 if frame.left else 0
        said["altitude"] = frame.i(2) / 100 if frame.left >= 2 else 0
    else:
        said |= {"Latitude": lat, "Longitud": lon, "Location": f"{lat},{lon}", "MD": flags >> 6}
        said["Transport"] = "MOVE" if bit(flags, 4) else "STILL"
        if frame.left >= 4:
            said |= {"Hum": frame.i(2) / 10, "Tem": frame.i(2) / 10}
    if abs(lat) > 90 or abs(lon) > 180:
        raise BadPayload(f"no place on earth: {lat}, {lon}")
    return uplink.says(said, *([Kind.SOS] if alarm else []), kind=Kind.LOCATION, lat=lat, lon=lon)


def _contact(uplink: Uplink) -> list[Signal]:
    content = uplink.frame.rest()
    if len(content) < 3:
        raise BadPayload("cut off")
    frame = Frame(content.ljust(10, b"\0"))
    power, mode = frame.u(2), frame.u(1)
    times, minutes, alarm = frame.u(3), frame.u(3), frame.u(1) & 1
    said: dict[str, Any] = {"BAT_V": (power & 0x3FFF) / 1000, "MOD": mode, "ALARM": alarm}
    if mode == DOOR:
        said |= {"DOOR_OPEN_STATUS": power >> 15, "DOOR_OPEN_TIMES": times, "LAST_DOOR_OPEN_DURATION": minutes}
        return uplink.says(said, kind=Kind.ACTIVITY)
    if mode == LEAK:
        said |= {"WATER_LEAK_STATUS": power >> 14 & 1, "WATER_LEAK_TIMES": times, "LAST_WATER_LEAK_DURATION": minutes}
        leaking = [Kind.WATER_LEAK] if said["WATER_LEAK_STATUS"] else []
        return uplink.says(said, *leaking, kind=Kind.BATTERY_OR_STATUS)
    raise BadPayload(f"unknown mode {mode}")


def _button(uplink: Uplink) -> list[Signal]:
    frame = uplink.frame
    said: dict[str, Any] = {"BatV": frame.u(2) / 1000, "Sound_ACK": frame.u(1) >> 1 & 1, "Alarm": frame.u(1)}
    if frame.left >= 4:
        said |= {"TempC_SHT41": frame.i(2) / 10, "Hum_SHT41": frame.u(2) / 10}
    return uplink.says(said, *([Kind.SOS] if said["Alarm"] else []), kind=Kind.BATTERY_OR_STATUS)
