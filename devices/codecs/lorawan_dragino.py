"""Dragino sensors and trackers on LoRaWAN (public source: wiki.dragino.com, user manual of each model).

port 2   LGT92, TrackerD    latitude/1e6(4) longitude(4) alarm(bit 14) battery mV(2) flags(1) …
         PB01               battery mV(2) sound(1) alarm(1) temperature/10(2) humidity/10(2)
         LHT65, LHT52       battery mV(2) temperature/100(2) humidity/10(2) external(1) its value(4)
         LDS03A, LWL03A     state(1, bit 0) times(3) minutes(3) time(4)
         AQS01              battery mV(2) temperature/10(2) humidity/10(2) pressure/10(2) co2(2) flags(1)
port 3   TrackerD           as port 2, without climate; others: a log of eleven bytes an entry
port 4   TrackerD           latitude(4) longitude(4) and when, out of its memory; others: settings
port 5   all                model(1) firmware(2) band(1) sub-band(1) battery mV(2)
port 6-8 TrackerD           a beacon(24), nothing, a wireless network(7); then alarm and battery(2) flags(1)
port 10  LDS01/02, LWL01/02 bit 15 open, bit 14 leak, battery mV(2) mode(1) times(3) minutes(3) alarm(1)
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from devices.codecs.frame import Frame, bit
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_dragino"
MODES: Final = ("Disable", "Move", "Collide", "User")
DOOR, LEAK, BOTH = 1, 2, 3
BANDS: Final = (
    "", "EU868", "US915", "IN865", "AU915", "KZ865", "RU864", "AS923", "AS923_1", "AS923_2", "AS923_3", "CN470",
    "EU433", "KR920", "MA869",
)  # fmt: skip
SENSORS: Final = {0x0A: "LDS03A", 0x0B: "LHT65N", 0x09: "LHT52", 0x13: "TrackerD", 0x14: "LWL03A", 0x35: "PB01-L"}
ABOUT, LOG, SETTINGS, CONTACT = 5, 3, 4, 10
ENTRY: Final = 11  # bytes of an entry in a log


def claims(message: Message) -> bool:
    return "lorawan" in message.transport and "DRAGINO" in str(message.meta.get("model", "")).upper()


def decode(message: Message) -> list[Signal]:
    uplink = Uplink.of(message)
    uplink.on(2, 3, 4, 5, 6, 7, 8, CONTACT)
    if uplink.port == CONTACT:
        return _contact(uplink)
    if uplink.port == ABOUT:
        return _about(uplink)
    read = next((known for name, known in MODELS.items() if name in uplink.model), None)
    if read is None:
        return _tracker(uplink)
    if uplink.port == LOG:
        return _log(uplink)
    if uplink.port == SETTINGS:
        return uplink.says({"TDC": uplink.frame.u(3), "DISALARM": uplink.frame.u(1) & 1}, kind=Kind.STATUS)
    uplink.on(2)
    return read(uplink)


def _truth(value: int) -> str:
    return "TRUE" if value else "FALSE"


def _when(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _about(uplink: Uplink) -> list[Signal]:
    frame = uplink.frame
    sensor, major, minor, band, sub = (frame.u(1) for _ in range(5))
    volts = frame.u(2) / 1000
    said = {
        "SENSOR_MODEL": SENSORS.get(sensor, "NULL"),
        "FIRMWARE_VERSION": f"{major & 15}.{minor >> 4}.{minor & 15}",
        "FREQUENCY_BAND": BANDS[band] if band < len(BANDS) else "NULL",
        "SUB_BAND": "NULL" if sub == 0xFF else sub,
        "BAT": volts,
        "BatV": volts,
    }
    return uplink.says(said, kind=Kind.BATTERY_OR_STATUS)


def _log(uplink: Uplink) -> list[Signal]:
    """Whatever an entry says, it is over; its last four bytes are the time."""
    content = uplink.frame.content
    if len(content) % ENTRY:
        raise BadPayload(f"{len(content)} bytes are no entries of {ENTRY}")
    entries = [content[at : at + ENTRY] for at in range(0, len(content), ENTRY)]
    history = [{"entry": entry[:7].hex(), "time": _when(int.from_bytes(entry[7:], "big"))} for entry in entries]
    return uplink.says({"history": history}, kind=Kind.HISTORY_RECORD, history=True)


# Trackers


def _tracker(uplink: Uplink) -> list[Signal]:
    """A press needs no place: on ports 6 to 8 there is none."""
    frame = uplink.frame
    match uplink.port:
        case 4:
            return _past_place(uplink)
        case 6:
            beacon = {"UUID": frame.take(15).hex(), "POWER": frame.u(1), "MAJOR": frame.u(2), "MINOR": frame.u(2)}
            frame.take(3)
            return _pressed(uplink, {**beacon, "RSSI": frame.i(1)})
        case 7:
            return _pressed(uplink, {})
        case 8:
            return _pressed(
                uplink, {"WIFISSID": frame.take(6).decode("ascii", "replace").replace("\0", ""), "RSSI": frame.i(1)}
            )
    if frame.left < 11:
        raise BadPayload(f"{frame.left} bytes, no position")
    return _placed(uplink)


def _power(frame: Frame) -> tuple[bool, dict[str, Any], int]:
    """Whether the key is pressed, what else these three bytes say, and the flags."""
    power, flags = frame.u(2), frame.u(1)
    alarm = bit(power, 14)
    said = {"ALARM_status": _truth(alarm), "BatV": (power & 0x3FFF) / 1000, "LON": "ON" if bit(flags, 5) else "OFF"}
    return alarm, said, flags


def _pressed(uplink: Uplink, around: Mapping[str, Any]) -> list[Signal]:
    alarm, said, flags = _power(uplink.frame)
    said["MD"] = flags >> 6
    return uplink.says({**around, **said}, *([Kind.SOS] if alarm else []), kind=Kind.BATTERY_OR_STATUS)


def _placed(uplink: Uplink) -> list[Signal]:
    """Fifteen bytes or fewer are a TrackerD, more an LGT92; the model goes first where it is known."""
    frame = uplink.frame
    lat, lon = frame.i(4) / 1e6, frame.i(4) / 1e6
    alarm, said, flags = _power(frame)
    if "LGT92" in uplink.model or ("TRACKERD" not in uplink.model and frame.left > 4):
        said |= {"latitude": lat, "longitude": lon, "MD": MODES[flags >> 6], "FW": 160 + (flags & 0x1F)}
        if frame.left >= 4:
            said |= {"Roll": frame.i(2) / 100, "Pitch": frame.i(2) / 100}
        said["hdop"] = frame.u(1) / 100 if frame.left else 0
        said["altitude"] = frame.i(2) / 100 if frame.left >= 2 else 0
    else:
        said |= {"Latitude": lat, "Longitud": lon, "Location": f"{lat},{lon}", "MD": flags >> 6}
        said["Transport"] = "MOVE" if bit(flags, 4) else "STILL"
        if frame.left >= 4:
            said |= {"Hum": frame.i(2) / 10, "Tem": frame.i(2) / 10}
    if (abs(lat) > 90 or abs(lon) > 180) and not alarm:
        raise BadPayload(f"no place on earth: {lat}, {lon}")
    return uplink.says(said, *([Kind.SOS] if alarm else []), kind=Kind.LOCATION, lat=lat, lon=lon)


def _past_place(uplink: Uplink) -> list[Signal]:
    frame = uplink.frame
    lat, lon = frame.i(4) / 1e6, frame.i(4) / 1e6
    year, month, day, hour, minute, second = frame.u(2), *(frame.u(1) for _ in range(5))
    said = {"Latitude": lat, "Longitud": lon, "Location": f"{lat},{lon}"}
    said |= {"Date": f"{year}:{month}:{day}", "Time": f"{hour}:{minute}:{second}"}
    return uplink.says(said, kind=Kind.HISTORY_RECORD, history=True, lat=lat, lon=lon)


# Sensors


def _contact(uplink: Uplink) -> list[Signal]:
    content = uplink.frame.rest()
    if len(content) < 3:
        raise BadPayload("cut off")
    frame = Frame(content.ljust(10, b"\0"))
    power, mode = frame.u(2), frame.u(1)
    times, minutes, alarm = frame.u(3), frame.u(3), frame.u(1) & 1
    said: dict[str, Any] = {"BAT_V": (power & 0x3FFF) / 1000, "MOD": mode, "ALARM": alarm}
    is_open, leaks = power >> 15, power >> 14 & 1
    match mode:
        case 1:
            said |= {"DOOR_OPEN_STATUS": is_open, "DOOR_OPEN_TIMES": times, "LAST_DOOR_OPEN_DURATION": minutes}
        case 2:
            said |= {"WATER_LEAK_STATUS": leaks, "WATER_LEAK_TIMES": times, "LAST_WATER_LEAK_DURATION": minutes}
        case 3:
            said |= {"DOOR_OPEN_STATUS": is_open, "WATER_LEAK_STATUS": leaks}
        case _:
            raise BadPayload(f"unknown mode {mode}")
    leaking = [Kind.WATER_LEAK] if said.get("WATER_LEAK_STATUS") else []
    return uplink.says(said, *leaking, kind=Kind.BATTERY_OR_STATUS if mode == LEAK else Kind.ACTIVITY)


def _button(uplink: Uplink) -> list[Signal]:
    frame = uplink.frame
    volts, sound, alarm = frame.u(2) / 1000, frame.u(1), frame.u(1) & 1
    said: dict[str, Any] = {"BatV": volts, "Alarm": _truth(alarm)}
    said |= {"Sound_key": _switch(sound >> 1), "Sound_ACK": _switch(sound)}
    if frame.left >= 4:
        said |= {"TempC_SHT41": frame.i(2) / 10, "Hum_SHT41": frame.u(2) / 10}
    return uplink.says(said, *([Kind.SOS] if alarm else []), kind=Kind.BATTERY_OR_STATUS)


def _switch(value: int) -> str:
    return "OPEN" if value & 1 else "CLOSE"


def _events(name: str, words: tuple[str, str], kind: Kind, calm: Kind) -> Callable[[Uplink], list[Signal]]:
    """A door or leak sensor that counts: state(1) times(3) minutes(3) time(4)."""

    def read(uplink: Uplink) -> list[Signal]:
        frame = uplink.frame
        state = frame.u(1)
        said = {
            "TDC": "YES" if bit(state, 2) else "NO",
            "ALARM": _truth(state & 2),
            f"{name}_STATUS": words[state & 1],
            f"{name}_TIMES": frame.u(3),
            f"LAST_{name}_DURATION": frame.u(3),
            "TIME": _when(frame.u(4)),
        }
        return uplink.says(said, kind=kind if state & 1 else calm)

    return read


def _climate(uplink: Uplink) -> list[Signal]:
    """The lowest four bits of the seventh byte tell what the external plug holds."""
    frame = uplink.frame
    if len(frame.content) != 11:
        raise BadPayload(f"{len(frame.content)} bytes, not 11")
    power, warmth, damp = frame.u(2), frame.i(2) / 100, frame.u(2)
    plug = frame.u(1)
    said: dict[str, Any] = {"TempC_SHT": warmth, "Hum_SHT": (damp & 0xFFF) / 10}
    if plug & 15 == 9:
        said |= {"TempC_DS": (power - 0x10000 if power >> 15 else power) / 100, "Bat_status": damp >> 14}
    else:
        said |= {"BatV": (power & 0x3FFF) / 1000, "Bat_status": power >> 14}
    match plug & 15:
        case 0:
            said["Ext_sensor"] = "No external sensor"
        case 1:
            said |= {"Ext_sensor": "Temperature Sensor", "TempC_DS": frame.i(2) / 100}
        case 2:
            said |= {"Ext_sensor": "Temperature Sensor", "TempC_TMP117": frame.i(2) / 100}
        case 4:
            said |= {"Work_mode": "Interrupt Sensor send", "Exti_pin_level": "High" if frame.u(1) else "Low"}
            said["Exti_status"] = "True" if frame.u(1) else "False"
        case 5:
            said |= {"Work_mode": "Illumination Sensor", "ILL_lx": frame.u(2)}
        case 6:
            said |= {"Work_mode": "ADC Sensor", "ADC_V": frame.u(2) / 1000}
        case 7 | 8 as size:
            said |= {"Work_mode": "Interrupt Sensor count", "Exit_count": frame.u(2 if size == 7 else 4)}
        case 9:
            said |= {"Work_mode": "DS18B20 & timestamp", "Systimestamp": frame.u(4)}
        case other:
            raise BadPayload(f"unknown external sensor {other}")
    if bit(plug, 7):
        said["No_connect"] = "Sensor no connection"
    return uplink.says(said, kind=Kind.BATTERY_OR_STATUS if "BatV" in said else Kind.ENVIRONMENT)


def _small_climate(uplink: Uplink) -> list[Signal]:
    frame = uplink.frame
    if len(frame.content) != 11:
        raise BadPayload(f"{len(frame.content)} bytes, not 11")
    said = {"TempC_SHT": frame.i(2) / 100, "Hum_SHT": frame.i(2) / 10, "TempC_DS": frame.i(2) / 100}
    return uplink.says({**said, "Ext": frame.u(1), "Systimestamp": frame.u(4)}, kind=Kind.ENVIRONMENT)


def _air(uplink: Uplink) -> list[Signal]:
    frame = uplink.frame
    said: dict[str, Any] = {"BatV": frame.u(2) / 1000, "temperature": frame.i(2) / 10, "humidity": frame.u(2) / 10}
    said |= {"air_pressure": frame.u(2) / 10, "co2": frame.u(2)}
    flags = frame.u(1)
    names = ("CO2H_flag", "CO2L_flag", "TEMPH_flag", "TEMPL_flag")
    said |= {name: "True" if bit(flags, number) else "False" for number, name in enumerate(names)}
    return uplink.says(said, kind=Kind.BATTERY_OR_STATUS)


DOORS: Final = _events("DOOR_OPEN", ("CLOSE", "OPEN"), Kind.ACTIVITY, Kind.ACTIVITY)
LEAKS: Final = _events("WATER_LEAK", ("NO LEAK", "LEAK"), Kind.WATER_LEAK, Kind.STATUS)
MODELS: Final[Mapping[str, Callable[[Uplink], list[Signal]]]] = {  # by a word of the model; all others are trackers
    "PB01": _button,
    "LHT65": _climate,
    "LHT52": _small_climate,
    "LDS03": DOORS,
    "DS03A": DOORS,
    "WL03A": LEAKS,
    "AQS01": _air,
}
