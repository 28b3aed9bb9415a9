"""Thinkrace-class health watches, the IWAP and TRVAP protocol (public source: the makers' "IW protocol").

    IW|TRV  AP01  yymmdd A|V ddmm.mmmmN dddmm.mmmmE speed(5) hhmmss course(6) gsm(3) satellites(3) battery(3) acc(1)
                  arm(2) mode(2) …, mcc, mnc, lac, cell, …#          YP03 YP14: the same
            AP10  the same, and after the cell `,alarm,language,…`: an alarm
            AP00  log-in with the IMEI        CP01/AP03  heartbeat: gsm(3) satellites(3) battery(3) acc arm mode …,steps
            AP02  cells and wifi: language,reply,count,mcc,mnc,lac|cell|gsm,…,count,name|mac|gsm&…
            AP49  heart rate    APHT  heart rate, systolic, diastolic    APHP  the same, oxygen, sugar, temperature
            AP50  body temperature, battery
            APxx,hhmmss[,…]   any other: the answer to the server's BPxx of that number

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
STATE: Final = (
    r"(?P<gsm>\d{3})(?P<satellites>\d{3})(?P<battery>\d{3})(?:(?P<acc>\d)(?P<arm>\d\d)(?P<mode>\d\d)"
    r"(?:\d{3}\d\d{3}\d\d{4}(?P<blocked>\d)(?P<power>\d)(?P<motion>\d))?)?"
)
POSITION: Final = re.compile(
    r"(?P<date>\d{6})(?P<fix>[AV])(?P<lat>\d{4}\.\d+)(?P<north>[NS])(?P<lon>\d{5}\.\d+)(?P<east>[EW])"
    rf"(?P<speed>[\d.]{{5}})(?P<time>\d{{6}})(?P<course>[\d.]{{6}}){STATE}\d*(?P<tail>(?:,[^,]*)*)"
)
BEAT: Final = re.compile(rf",?{STATE}\d*(?:,(?P<steps>\d+))?(?:,.*)?")
CELLS: Final = re.compile(r",[^,]*,[01],\d+,(?P<mcc>\d+),(?P<mnc>\d+),(?P<cells>(?:\d+\|\d+\|\d+,)+)\d+,(?P<wifi>.*)")
ALARMS: Final = {"00": None, "01": "sos", "02": "lowBattery", "03": "removing", "05": "fallDown", "06": "fallDown"}
VITALS: Final = {
    "AP49": ("heartRate",),
    "APHT": ("heartRate", "pressureSystolic", "pressureDiastolic"),
    "APHP": ("heartRate", "pressureSystolic", "pressureDiastolic", "bloodOxygen", "bloodSugar", "temperature"),
    "AP50": ("temperature", "batteryLevel"),
}
TALK: Final = {"AP07", "AP14", "AP40", "APJK", "APHD", "APTQ", "APVR"}
ANSWER: Final = re.compile(r",\d{6}(?:,.*)?", re.DOTALL)


def claims(message: Message) -> bool:
    return "trv" in message.transport


def decode(message: Message) -> list[Signal]:
    sentence = message.payload.decode("utf-8", "replace").strip("\r\n\0 ").replace("\0", "")
    device = message.meta.get("device")
    head = HEAD.fullmatch(sentence)
    if head is None:
        raise BadPayload("not an IWAP or TRVAP sentence")
    kind, body = head[2], head[3]
    known = str(device) if device is not None else None
    if kind == "AP00":
        if not re.match(r"\d{15}(?!\d)", body):
            raise BadPayload("a log-in without an IMEI")
        return []
    if kind in ("AP01", "AP10", "YP03", "YP14"):
        return [_position(known, kind, body)]
    if kind in ("CP01", "AP03"):
        return [_state(known, kind, body)]
    if kind == "AP02":
        return [_cells(known, body)]
    if names := VITALS.get(kind):
        return [_vitals(known, kind, names, body)]
    if kind in TALK or kind[0] == "B" or (kind[0] == "A" and ANSWER.fullmatch(body)):
        return []
    raise BadPayload(f"unknown sentence {kind}")


def _position(device: str | None, kind: str, body: str) -> Signal:
    found = POSITION.fullmatch(body)
    if found is None:
        raise BadPayload(f"{kind} without a position")
    tail = [value for value in found["tail"].split(",") if value]
    alarm = None
    if kind == "AP10":
        alarm = ALARMS.get(tail[4] if len(tail) > 4 else "", "general")
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
        type=kind,
        speed=reading.number(found["speed"]),
        course=reading.number(found["course"]),
        cells=[tail[:4]] if len(tail) >= 4 else None,
        **_common(found),
    )


def _common(found: re.Match[str]) -> dict[str, Any]:
    """Of acc, arm and the rest 0 says that the watch does not know; 1 is yes (2 where fuel is cut off)."""
    mode = reading.number(found["mode"])
    return {
        "rssi": reading.number(found["gsm"]),
        "sat": reading.number(found["satellites"]),
        "battery": found["battery"],
        "ignition": _option(found["acc"], "1"),
        "armed": _option((found["arm"] or "")[-1:], "1"),
        "mode": mode or None,
        "blocked": _option(found["blocked"], "2"),
        "charge": _option(found["power"], "1"),
        "motion": _option(found["motion"], "1"),
    }


def _option(digit: str | None, yes: str) -> bool | None:
    return digit == yes if digit and digit != "0" else None


def _state(device: str | None, kind: str, body: str) -> Signal:
    found = BEAT.fullmatch(body)
    if found is None:
        raise BadPayload(f"{kind} without a state")
    return signal(Kind.HEARTBEAT, device, type=kind, steps=reading.number(found["steps"]), **_common(found))


def _cells(device: str | None, body: str) -> Signal:
    found = CELLS.fullmatch(body)
    if found is None:
        raise BadPayload("AP02 without cells")
    cells = [[found["mcc"], found["mnc"], *cell.split("|")] for cell in found["cells"].split(",") if cell]
    wifi = [part.split("|")[1:3] for part in found["wifi"].split("&") if part.count("|") == 2]
    return signal(Kind.STATUS, device, type="AP02", cells=cells, wifi=wifi or None)


def _vitals(device: str | None, kind: str, names: tuple[str, ...], body: str) -> Signal:
    values = [reading.number(value) for value in body.lstrip(",").split(",")]
    found: dict[str, Any] = {name: value for name, value in zip(names, values, strict=False) if value is not None}
    if not found:
        raise BadPayload(f"{kind} without a value")
    return signal(Kind.VITALS, device, battery=found.pop("batteryLevel", None), type=kind, **found)
