"""Milesight sensors on LoRaWAN, port 85 (public source: Milesight, user guides, "Uplink packet").

    channel(1) type(1) value …      repeated; numbers are little-endian; FF …: about the device; 20 CE: history

The same channel means a leak on one model and an occupied chair on another, so the register's model decides. Where
nobody knows the model, a channel that may be a leak is one.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from devices.codecs.frame import Frame, bit
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_milesight"
PORT: Final = 85
Reader = Callable[[Frame], dict[str, Any]]
Channels = Mapping[tuple[int, int], Reader]


def _number(name: str, size: int, *, by: float = 1, signed: bool = False) -> Reader:
    def read(frame: Frame) -> dict[str, Any]:
        value = frame.i(size, little=True) if signed else frame.u(size, little=True)
        return {name: value if by == 1 else round(value / by, 4)}

    return read


def _word(name: str, *words: str, **more: str) -> Reader:
    """A byte that stands for a word; `more` gives the same state other names other servers use."""

    def read(frame: Frame) -> dict[str, Any]:
        value = frame.u(1)
        word = words[value] if value < len(words) else "unknown"
        return {name: word, **{other: pair.split("|")[value] for other, pair in more.items() if value < len(words)}}

    return read


def _button(frame: Frame) -> dict[str, Any]:
    word = {1: "short", 2: "long", 3: "double"}.get(frame.u(1), "unknown")
    return {"button": word, "button_event": {"status": f"{word} press"}}


def _hot(frame: Frame) -> dict[str, Any]:
    words = ("threshold alarm release", "threshold alarm", "high temperature alarm release", "high temperature alarm")
    degrees, state = frame.i(2, little=True) / 10, frame.u(1)
    return {"temperature": degrees, "temperature_alarm": words[state] if state < len(words) else "unknown"}


def _current_alarm(frame: Frame) -> dict[str, Any]:
    most, least, now = (frame.u(2, little=True) / 100 for _ in range(3))
    names = ("threshold_alarm", "threshold_alarm_release", "over_range_alarm", "over_range_alarm_release")
    state = frame.u(1)
    alarm = {f"current_{name}": "yes" if bit(state, number) else "no" for number, name in enumerate(names)}
    return {"current": now, "current_max": most, "current_min": least, "current_alarm": alarm}


def _tilt(frame: Frame) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for axis in "xyz":
        raw = frame.i(2, little=True)
        found[f"angle_{axis}"] = (raw >> 1) / 100
        found[f"threshold_{axis}"] = "trigger" if raw & 1 else "normal"
    return found


def _counter_event(frame: Frame) -> dict[str, Any]:
    kinds = ("Counting Anomaly", "Node Device Without Response", "Devices Misaligned")
    kind, state = frame.u(1), frame.u(1)
    word = kinds[kind] if kind < len(kinds) else "unknown"
    return {"event": [{"type": word, "status": "Alarm" if state else "Alarm Release"}]}


def _radar(frame: Frame) -> dict[str, Any]:
    seen = ("normal", "vacant", "in bed", "out of bed", "fall")
    body = ("normal", "motionless", "abnormal")
    where, how = frame.u(1), frame.u(1)
    return {
        "detection_status": seen[where] if where < len(seen) else "unknown",
        "target_status": body[how] if how < len(body) else "unknown",
        "use_time_now": frame.u(2, little=True),
        "use_time_today": frame.u(2, little=True),
    }


def _radar_regions(frame: Frame) -> dict[str, Any]:
    return {f"region_{number}_occupancy": "vacant" if frame.u(1) else "occupied" for number in range(1, 5)}


def _radar_alarm(frame: Frame) -> dict[str, Any]:
    kinds = ("fall", "motionless", "dwell", "out of bed", "occupied", "vacant")
    states = {1: "alarm triggered", 2: "alarm deactivated", 3: "alarm ignored"}
    number, kind, state = frame.u(2, little=True), frame.u(1), frame.u(1)
    alarm = {
        "alarm_id": number,
        "alarm_type": kinds[kind] if kind < len(kinds) else "unknown",
        "alarm_status": states.get(state, "unknown"),
    }
    return {"events": [alarm]}


LEAK, OCCUPIED = _word("leakage_status", "normal", "leak"), _word("occupancy", "vacant", "occupied")
MAGNET: Final = _word("magnet_status", "closed", "open", door="closed|open")
CLIMATE: Final[Channels] = {
    (0x03, 0x67): _number("temperature", 2, by=10, signed=True),
    (0x04, 0x68): _number("humidity", 1, by=2),
}
COMMON: Final[Channels] = {
    **CLIMATE,
    (0x01, 0x75): _number("battery", 1),
    (0xFF, 0x2E): _button,
    (0x83, 0x67): _hot,
    (0x04, 0x98): _number("current", 2, by=100),
    (0x84, 0x98): _current_alarm,
    (0x03, 0xD4): _tilt,
    (0x03, 0xF4): _counter_event,
    (0x03, 0xF8): _radar,
    (0x04, 0xF9): _radar_regions,
    (0x06, 0xFB): _radar_alarm,
    (0x05, 0x7D): _number("co2", 2),
    (0x06, 0x73): _number("pressure", 2, by=10),
}
PLUG: Final[Channels] = {
    (0x03, 0x74): _number("voltage", 2, by=10),
    (0x04, 0x80): _number("active_power", 4),
    (0x05, 0x81): _number("power_factor", 1),
    (0x06, 0x83): _number("power_consumption", 4),
    (0x07, 0xC9): _number("current", 2),
    (0x08, 0x70): lambda frame: {"socket_status": "on" if frame.u(1) & 1 else "off"},
}
VALVE: Final[Channels] = {
    (0x04, 0x67): _number("target_temperature", 2, by=10, signed=True),
    (0x05, 0x92): _number("valve_opening", 1),
    (0x06, 0x00): _word("install_status", "installed", "uninstalled"),
    (0x07, 0x00): _word("window_detection", "normal", "open"),
    (0x08, 0xE5): _word(
        "motor_calibration_result",
        "success",
        "fail: out of range",
        "fail: uninstalled",
        "calibration cleared",
        "temperature control disabled",
    ),
    (0x09, 0x90): _number("motor_stroke", 2),
    (0x0A, 0x00): _word("freeze_protection", "normal", "triggered"),
    (0x0B, 0x90): _number("motor_position", 2),
}
TAMPER: Final = _word("tamper_status", "installed", "uninstalled", install="yes|no")
MODELS: Final[Mapping[str, Channels]] = {  # by how the model's name begins; longer names first
    "WS303": {(0x03, 0x00): LEAK},
    "WS301": {(0x03, 0x00): MAGNET, (0x04, 0x00): TAMPER},
    "WS302": {},
    "WS202": {(0x03, 0x00): _word("pir", "normal", "trigger"), (0x04, 0x00): _word("light", "dark", "bright")},
    "WS203": {(0x05, 0x00): OCCUPIED},
    "WS201": {(0x03, 0x82): _number("distance", 2), (0x04, 0xD6): _number("remaining", 1)},
    "VS330": {
        (0x02, 0x82): _number("distance", 2),
        (0x03, 0x8E): OCCUPIED,
        (0x04, 0x8E): _word("calibration_status", "failed", "success"),
    },
    "VS34": {(0x03, 0x00): OCCUPIED},
    "VS370": {(0x03, 0x00): OCCUPIED, (0x04, 0x00): _word("illuminance", "dim", "bright")},
    "EM300-MCS": {(0x06, 0x00): MAGNET},
    "EM300": {(0x05, 0x00): LEAK},
    "GS101": {
        (0x05, 0x8E): _word("gas_status", "normal", "alarm"),
        (0x06, 0x01): _word("valve_status", "closed", "open"),
    },
    "GS301": {
        (0x02, 0x67): _number("temperature", 2, by=10, signed=True),
        (0x03, 0x68): _number("humidity", 1, by=2),
        (0x04, 0x7D): _number("nh3", 2, by=100),
        (0x05, 0x7D): _number("h2s", 2, by=100),
    },
    "WS52": PLUG,
    "WS50": PLUG,
    "WT101": VALVE,
}
UNKNOWN: Final[Channels] = {
    **{key: read for channels in MODELS.values() for key, read in channels.items()},
    **COMMON,
    (0x03, 0x00): LEAK,
    (0x05, 0x00): LEAK,
}
ABOUT: Final[Mapping[int, Reader]] = {
    0x01: lambda frame: {"ipso_version": f"v{(value := frame.u(1)) >> 4}.{value & 15}"},
    0x03: _number("report_interval", 2),
    0x08: lambda frame: {"sn": frame.take(6).hex()},
    0x09: lambda frame: {"hardware_version": f"v{frame.u(1)}.{frame.u(1) >> 4}"},
    0x0A: lambda frame: {"firmware_version": f"v{frame.u(1)}.{frame.u(1)}"},
    0x0B: lambda frame: {"device_status": "on" if frame.u(1) else "off"},
    0x0F: _word("lorawan_class", "Class A", "Class B", "Class C", "Class CtoB"),
    0x16: lambda frame: {"sn": frame.take(8).hex()},
    0xFE: lambda frame: {"reset_event": "reset" if frame.u(1) else "normal"},
    0xFF: lambda frame: {"tsl_version": f"v{frame.u(1)}.{frame.u(1)}"},
}


def claims(message: Message) -> bool:
    return "lorawan" in message.transport and "MILESIGHT" in str(message.meta.get("model", "")).upper()


def decode(message: Message) -> list[Signal]:
    uplink = Uplink.of(message)
    uplink.on(PORT)
    model = uplink.model.removeprefix("MILESIGHT").strip()
    own = next((channels for name, channels in MODELS.items() if model.startswith(name)), UNKNOWN if not model else {})
    channels = {**COMMON, **own}
    frame, found, history = uplink.frame, dict[str, Any](), list[dict[str, Any]]()
    while frame.left >= 2 and any(frame.content[frame.at :]):
        channel, kind = frame.u(1), frame.u(1)
        if channel == 0x20 and kind == 0xCE:
            history.append(_history(frame, own))
        elif read := channels.get((channel, kind)):
            _merge(found, read(frame))
        elif channel == 0xFF and (about := ABOUT.get(kind)):
            found |= about(frame)
        else:
            raise BadPayload(f"unknown channel {channel:02x} {kind:02x} of a {model or 'Milesight'}")
    if frame.left == 1 or not (found or history):
        raise BadPayload("no channel, or one cut off")
    said = uplink.says(found, *_alarms(found), kind=_kind(found), battery=found.get("battery")) if found else []
    return said + (uplink.says({"history": history}, kind=Kind.HISTORY_RECORD, history=True) if history else [])


def _merge(found: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        found[name] = found[name] + value if isinstance(value, list) and name in found else value


def _history(frame: Frame, own: Channels) -> dict[str, Any]:
    """Time, temperature, humidity and the model's own state."""
    entry: dict[str, Any] = {"timestamp": frame.u(4, little=True)}
    entry |= {"temperature": frame.i(2, little=True) / 10, "humidity": frame.u(1) / 2}
    state = own.get((0x06, 0x00)) or own.get((0x05, 0x00)) or LEAK
    return entry | state(frame)


def _alarms(found: Mapping[str, Any]) -> list[Kind]:
    kinds = []
    if found.get("leakage_status") == "leak":
        kinds.append(Kind.WATER_LEAK)
    if found.get("gas_status") == "alarm":
        kinds.append(Kind.GAS)
    raised = [alarm["alarm_type"] for alarm in found.get("events", []) if alarm["alarm_status"] == "alarm triggered"]
    if "fall" in raised or found.get("detection_status") == "fall":
        kinds.append(Kind.FALL)
    if "motionless" in raised:
        kinds.append(Kind.INACTIVITY)
    if found.get("button") == "long":  # the maker's SOS press
        kinds.append(Kind.SOS)
    return kinds


def _kind(found: Mapping[str, Any]) -> Kind | None:
    if "button" in found:
        return Kind.BUTTON_PRESS
    return Kind.ACTIVITY if "detection_status" in found else None
