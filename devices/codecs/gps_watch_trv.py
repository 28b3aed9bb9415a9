"""Thinkrace-class health watches, the IWAP and TRVAP protocol (public source: the makers' "IW protocol").

    IW|TRV  AP01  yymmdd A|V ddmm.mmmmN dddmm.mmmmE speed(5) hhmmss course(6) gsm(3) satellites(3) battery(3) …, cells #
            AP10  the same, and after the cells `,alarm,…`: an alarm
            AP00  log-in with the IMEI        CP01/AP03  heartbeat: gsm(3) satellites(3) battery(3) …
            AP49  heart rate    APHT  heart rate, systolic, diastolic    APHP  the same, oxygen, sugar, temperature
            AP50  body temperature, battery

The IMEI is said at log-in only, so `meta["device"]` (the connection's) names the device of the others.
"""

import re
from typing import Any, Final

from devices.codecs import reading
from devices.codecs.frame import degrees_minutes, digits_time
from devices.codecs.tracker import signal
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "gps_watch_trv"
HEAD: Final = re.compile(r"(IW|TRV)([ABCDY]P(?:\d\d|[A-Z]{2}))(.*?)#?", re.DOTALL)
POSITION: Final = re.compile(
    r"(?P<date>\d{6})(?P<fix>[AV])(?P<lat>\d{4}\.\d+)(?P<north>[NS])(?P<lon>\d{5}\.\d+)(?P<east>[EW])"
    r"(?P<speed>[\d.]{5})(?P<time>\d{6})(?P<course>[\d.]{6})(?P<gsm>\d{3})(?P<satellites>\d{3})(?P<battery>\d{3})"
    r"\d*(?P<tail>(?:,[^,]*)*)"
)
STATE: Final = re.compile(r",?(?P<gsm>\d{3})(?P<satellites>\d{3})(?P<battery>\d{3})")
ALARMS: Final = {"00": None, "01": "sos", "02": "lowBattery", "03": "removing", "05": "fallDown", "06": "fallDown"}
VITALS: Final = {
    "AP49": ("heartRate",),
    "APHT": ("heartRate", "pressureSystolic", "pressureDiastolic"),
    "APHP": ("heartRate", "pressureSystolic", "pressureDiastolic", "bloodOxygen", "bloodSugar", "temperature"),
    "AP50": ("temperature", "batteryLevel"),
}
TALK: Final = {"AP02", "AP07", "AP14", "AP40", "APJK", "APHD", "APTQ", "APVR"}


def claims(message: Message) -> bool:
    return "trv" in message.transport


def decode(message: Message) -> list[Signal]:
    sentence = message.payload.decode("latin-1").strip()
    device = message.meta.get("device")
    head = HEAD.fullmatch(sentence)
    if head is None:
        raise BadPayload("not an IWAP or TRVAP sentence")
    kind, body = head[2], head[3]
    known = str(device) if device is not None else None
    if kind == "AP00":
        if not re.match(r"\d{15}", body):
            raise BadPayload("a log-in without an IMEI")
        return []
    if kind in ("AP01", "AP10", "YP03", "YP14"):
        return [_position(known, kind, body)]
    if kind in ("CP01", "AP03"):
        return [_state(known, kind, body)]
    if names := VITALS.get(kind):
        return [_vitals(known, kind, names, body)]
    if kind in TALK or kind[0] == "B":
        return []
    raise BadPayload(f"unknown sentence {kind}")


def _position(device: str | None, kind: str, body: str) -> Signal:
    found = POSITION.match(body)
    if found is None:
        raise BadPayload(f"{kind} without a position")
    alarm = None
    if kind == "AP10":
        tail = [value for value in found["tail"].split(",") if value]
        code = tail[4] if len(tail) > 4 else ""
        alarm = ALARMS.get(code, "general")
    return signal(
        Kind.LOCATION,
        device,
        alarm=alarm,
        at=digits_time(found["date"] + found["time"]),
        valid=found["fix"] == "A",
        place=(
            degrees_minutes(found["lat"], negative=found["north"] == "S"),
            degrees_minutes(found["lon"], negative=found["east"] == "W"),
        ),
        battery=found["battery"],
        type=kind,
        speed=reading.number(found["speed"]),
        rssi=reading.number(found["gsm"]),
        satellites=reading.number(found["satellites"]),
    )


def _state(device: str | None, kind: str, body: str) -> Signal:
    found = STATE.match(body)
    if found is None:
        raise BadPayload(f"{kind} without a state")
    return signal(Kind.HEARTBEAT, device, battery=found["battery"], type=kind, rssi=reading.number(found["gsm"]))


def _vitals(device: str | None, kind: str, names: tuple[str, ...], body: str) -> Signal:
    values = [reading.number(value) for value in body.lstrip(",").split(",")]
    found: dict[str, Any] = {name: value for name, value in zip(names, values, strict=False) if value is not None}
    if not found:
        raise BadPayload(f"{kind} without a value")
    return signal(Kind.VITALS, device, battery=found.pop("batteryLevel", None), type=kind, **found)
