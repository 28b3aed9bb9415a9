"""Readers of the values behind Milesight's channels (public source: Milesight, user guides, "Uplink packet").

Numbers are little-endian; names and units are the maker's. Which model uses which is in `lorawan_milesight_models`.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from devices.codecs.frame import Frame, bit

Reader = Callable[[Frame], dict[str, Any]]
Channels = Mapping[tuple[int, int], Reader]
UNKNOWN_WORD: Final = "unknown"


def number(name: str, size: int, *, by: float = 1, signed: bool = False) -> Reader:
    def read(frame: Frame) -> dict[str, Any]:
        value = frame.i(size, little=True) if signed else frame.u(size, little=True)
        return {name: value if by == 1 else round(value / by, 4)}

    return read


def word(name: str, *words: str, **more: str) -> Reader:
    """A byte that stands for a word; `more` gives the same state the names other servers use."""

    def read(frame: Frame) -> dict[str, Any]:
        value = frame.u(1)
        known = value < len(words)
        others = {other: pair.split("|")[value] for other, pair in more.items()} if known else {}
        return {name: words[value] if known else UNKNOWN_WORD, **others}

    return read


def coded(name: str, words: Mapping[int, str]) -> Reader:
    """A byte that stands for a word, where the codes have gaps."""
    return lambda frame: {name: words.get(frame.u(1), UNKNOWN_WORD)}


def both(*readers: Reader) -> Reader:
    """One value after another."""

    def read(frame: Frame) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for each in readers:
            found |= each(frame)
        return found

    return read


def skip(count: int) -> Reader:
    def read(frame: Frame) -> dict[str, Any]:
        frame.take(count)
        return {}

    return read


TEMPERATURE: Final = number("temperature", 2, by=10, signed=True)
HUMIDITY: Final = number("humidity", 1, by=2)
CO2: Final = number("co2", 2)
PRESSURE: Final = number("pressure", 2, by=10)
DISTANCE: Final = number("distance", 2)
LEAK: Final = word("leakage_status", "normal", "leak")
OCCUPIED: Final = word("occupancy", "vacant", "occupied")
MAGNET: Final = word("magnet_status", "closed", "open", door="closed|open", state="close|open")
TAMPER: Final = word(
    "tamper_status", "installed", "uninstalled", install="yes|no", install_status="installed|uninstalled"
)
PIR: Final = word("pir", "normal", "trigger")
POSITION: Final = word("position", "normal", "tilt")
HEAT: Final = {
    0: "threshold alarm release",
    1: "threshold alarm",
    3: "high temperature alarm",
    4: "high temperature alarm release",
}
THRESHOLD: Final = ("threshold_alarm_release", "threshold_alarm")


def button(frame: Frame) -> dict[str, Any]:
    press = {1: "short", 2: "long", 3: "double"}.get(frame.u(1), UNKNOWN_WORD)
    return {"button": press, "press": press, "button_event": {"status": f"{press} press"}}


def scene(frame: Frame) -> dict[str, Any]:
    """A panel's button: which, how it is set, how it was pressed."""
    modes = ("short_press", "short_press_double_press", "short_press_long_press", "short_press_double_press_long_press")
    name, mode, event = f"button_{frame.u(1)}", frame.u(1), frame.u(1)
    said = {1: "short_press", 2: "double_press", 3: "long_press"}.get(event, UNKNOWN_WORD)
    return {f"{name}_mode": modes[mode] if mode < len(modes) else UNKNOWN_WORD, f"{name}_event": said}


def switches(frame: Frame) -> dict[str, Any]:
    state = frame.u(1)
    found = {f"switch_{n + 1}": "on" if bit(state, n) else "off" for n in range(3)}
    return found | {f"switch_{n + 1}_change": "yes" if bit(state, n + 4) else "no" for n in range(3)}


def ampere(frame: Frame) -> dict[str, Any]:
    value = frame.u(2, little=True)
    return {"current_sensor_status": "read failed"} if value == 0xFFFF else {"current": value / 100}


def current_alarm(frame: Frame) -> dict[str, Any]:
    most, least, now = (frame.u(2, little=True) / 100 for _ in range(3))
    names = ("threshold_alarm", "threshold_alarm_release", "over_range_alarm", "over_range_alarm_release")
    state = frame.u(1)
    alarm = {f"current_{name}": "yes" if bit(state, n) else "no" for n, name in enumerate(names)}
    return {"current": now, "current_max": most, "current_min": least, "current_alarm": alarm}


def tilt(frame: Frame) -> dict[str, Any]:
    """The lowest bit of each angle says that its threshold is passed."""
    found: dict[str, Any] = {}
    for axis in "xyz":
        raw = frame.i(2, little=True)
        found |= {f"angle_{axis}": (raw >> 1) / 100, f"threshold_{axis}": "trigger" if raw & 1 else "normal"}
    return found


def tilt_310(frame: Frame) -> dict[str, Any]:
    found: dict[str, Any] = {f"angle_{axis}": frame.i(2, little=True) / 100 for axis in "xyz"}
    state = frame.u(1)
    return found | {f"threshold_{axis}": "trigger" if bit(state, n) else "normal" for n, axis in enumerate("xyz")}


def _counter_event(frame: Frame) -> dict[str, Any]:
    kinds = ("Counting Anomaly", "Node Device Without Response", "Devices Misaligned")
    kind, state = frame.u(1), frame.u(1)
    said = kinds[kind] if kind < len(kinds) else UNKNOWN_WORD
    return {"event": [{"type": said, "status": "Alarm" if state else "Alarm Release"}]}


RADAR_ALARMS: Final = (
    "fall", "motionless", "dwell", "out of bed", "occupied", "vacant", "bradypnea", "tachypnea", "lying",
)  # fmt: skip
RADAR_STATES: Final = {1: "alarm triggered", 2: "alarm deactivated", 3: "alarm ignored", 4: "status report"}
OUT_OF_BED: Final = 3


def _radar_alarm(frame: Frame) -> dict[str, Any]:
    """id(2) type(1) state(1) region(1)."""
    identity, kind, state = frame.u(2, little=True), frame.u(1), frame.u(1)
    region = frame.u(1) if frame.left else 0xFF  # a fall is a fall without it
    said = RADAR_ALARMS[kind] if kind < len(RADAR_ALARMS) else UNKNOWN_WORD
    event = {"alarm_id": identity, "alarm_type": said, "alarm_status": RADAR_STATES.get(state, UNKNOWN_WORD)}
    return {"events": [event | ({"region_id": region} if kind == OUT_OF_BED else {})]}


def radar_past(frame: Frame) -> dict[str, Any]:
    [event] = _radar_alarm(frame)["events"]
    return dict(event)


def _regions(frame: Frame) -> dict[str, Any]:
    return {f"region_{n}_occupancy": "vacant" if frame.u(1) else "occupied" for n in range(1, 5)}


RADAR: Final[Channels] = {
    (0x03, 0xF8): both(
        word("detection_status", "normal", "vacant", "in bed", "out of bed", "fall"),
        word("target_status", "normal", "motionless", "abnormal"),
        number("use_time_now", 2),
        number("use_time_today", 2),
    ),
    (0x04, 0xF9): _regions,
    (0x05, 0xFA): both(*(number(f"region_{n}_out_of_bed_time", 2) for n in range(1, 5))),
    (0x06, 0xFB): _radar_alarm,
}


def region_mask(frame: Frame) -> dict[str, Any]:
    enabled, occupied = frame.u(2, little=True), frame.u(2, little=True)
    found: dict[str, Any] = {}
    for n in range(10):
        found[f"region_{n + 1}_enable"] = "enable" if bit(enabled, n) else "disable"
        found[f"region_{n + 1}"] = "occupied" if bit(occupied, n) else "vacant"
    return found


def people(frame: Frame) -> dict[str, Any]:
    everyone, regions, mask = frame.u(1), frame.u(1), frame.u(2)
    marks = {f"region_{n + 1}": int(bit(mask, n)) for n in range(min(regions, 16))}
    return {"people_count_all": everyone, "people_total_counts": everyone, "region_count": regions, **marks}


def in_out(before: str, *, alarm: bool = False) -> Reader:
    counts = both(number(f"{before}_in", 2), number(f"{before}_out", 2))
    return both(counts, coded(f"{before}_count_alarm", {1: "threshold alarm"})) if alarm else counts


def counts_past(frame: Frame) -> dict[str, Any]:
    whole = frame.u(1) == 1
    return both(in_out("period"), in_out("total"))(frame) if whole else in_out("period")(frame)


COUNTER: Final[Channels] = {
    (0x02, 0x75): number("battery_node", 1),
    (0x03, 0xF4): _counter_event,
    (0x04, 0xCC): in_out("total"),
    (0x05, 0xCC): in_out("period"),
    (0x0A, 0xEF): number("timestamp", 4),
    (0x84, 0xCC): in_out("total", alarm=True),
    (0x85, 0xCC): in_out("period", alarm=True),
}
LINES: Final[Channels] = {
    **{(3 * n, 0xD2): number(f"line_{n}_total_in", 4) for n in range(1, 5)},
    **{(3 * n + 1, 0xD2): number(f"line_{n}_total_out", 4) for n in range(1, 5)},
    **{(3 * n + 2, 0xCC): in_out(f"line_{n}_period") for n in range(1, 5)},
    (0x0F, 0xE3): both(*(number(f"region_{n}_count", 1) for n in range(1, 5))),
}


def sound(frame: Frame) -> dict[str, Any]:
    """The weighting by frequency and by time makes the names: LAF, LAeq, LAFmax."""
    weights = frame.u(1)
    letter, pace = "ZAC?"[weights & 3], "IFS?"[weights >> 2 & 3]
    now, mean, most = (frame.u(2, little=True) / 10 for _ in range(3))
    return {f"L{letter}{pace}": now, f"L{letter}eq": mean, f"L{letter}{pace}max": most}


def where(frame: Frame) -> dict[str, Any]:
    lat, lon = frame.i(4, little=True) / 1e6, frame.i(4, little=True) / 1e6
    return {"latitude": lat, "longitude": lon} | _moving(frame.u(1))


def _moving(state: int) -> dict[str, Any]:
    fences, moves = ("inside", "outside", "unset", "unknown"), ("unknown", "start moving", "moving", "stop moving")
    fence, move = state >> 4, state & 15
    return {
        "geofence_status": fences[fence] if fence < len(fences) else UNKNOWN_WORD,
        "motion_status": moves[move] if move < len(moves) else UNKNOWN_WORD,
    }


def wifi(frame: Frame) -> dict[str, Any]:
    group, mac, strength = frame.u(1), frame.take(6).hex(":"), frame.i(1)
    move = _moving(frame.u(1))["motion_status"]
    if mac == "ff:ff:ff:ff:ff:ff":
        return {"wifi_scan_result": "timeout", "motion_status": move}
    found = {"group": group, "mac": mac, "rssi": strength, "motion_status": move}
    return {"wifi": [found], "wifi_scan_result": "finish", "motion_status": move}


def place_past(frame: Frame) -> dict[str, Any]:
    lon, lat = frame.i(4, little=True) / 1e6, frame.i(4, little=True) / 1e6
    return {"longitude": lon, "latitude": lat}


def gas_level(name: str, by: int) -> Reader:
    def read(frame: Frame) -> dict[str, Any]:
        value = frame.u(2, little=True)
        broken = {0xFFFE: "polarizing", 0xFFFF: "device error"}.get(value)
        return {f"{name}_sensor_status": broken} if broken else {name: value / by}

    return read


def water_meter(frame: Frame) -> dict[str, Any]:
    found = {"water_conv": frame.u(2, little=True) / 10, "pulse_conv": frame.u(2, little=True) / 10}
    return found | {"water": _float(frame)}


def _float(frame: Frame) -> float | None:
    value = float(struct.unpack("<f", frame.take(4))[0])
    return round(value, 2) if abs(value) < 1e9 else None


def pulse_past(frame: Frame) -> dict[str, Any]:
    found = both(TEMPERATURE, HUMIDITY)(frame)
    kind, level, pulse = frame.u(1), frame.u(1), frame.u(4, little=True)
    if kind == 1:
        return found | {"gpio": "high" if level else "low"}
    return found | ({"pulse": pulse} if kind == 2 else {})


def changed(name: str, words: Mapping[int, str]) -> Reader:
    return both(
        number(name, 2, by=10, signed=True), number(f"{name}_change", 2, by=10, signed=True),
        coded(f"{name}_alarm", words),
    )  # fmt: skip


CHANGE_WORDS: Final = {0: "threshold alarm release", 1: "threshold alarm", 2: "mutation alarm"}
TS_WORDS: Final = {0: "threshold release", 1: "threshold", 2: "mutation"}


def two_pasts(frame: Frame) -> dict[str, Any]:
    """Each half of the mask says what its channel recorded: 1 to 4 a temperature, 5 and 6 a contact."""
    mask, found = frame.u(1), dict[str, Any]()
    for n, what in ((1, mask >> 4), (2, mask & 15)):
        raw = frame.i(2, little=True)
        if 1 <= what <= 4:
            found[f"temperature_chn{n}"] = raw / 10
        elif what in (5, 6):
            found[f"magnet_chn{n}"] = "opened" if raw & 0xFF else "closed"
    return found
