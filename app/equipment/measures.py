"""What a reading says in our words and units: makers' names on the left, ours on the right. Pure; never raises."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.equipment.rules import DeviceKind
from devices.codecs.reading import number
from devices.signals import Kind


class Metric(StrEnum):
    """What is measured, each in one unit."""

    HEART_RATE = "heart_rate"  # beats a minute
    SPO2 = "spo2"  # per cent
    SYSTOLIC = "systolic"  # mmHg
    DIASTOLIC = "diastolic"  # mmHg
    BODY_TEMPERATURE = "body_temperature"  # degrees Celsius
    RESPIRATION = "respiration"  # breaths a minute
    GLUCOSE = "glucose"  # mmol/L
    WEIGHT = "weight"  # kg
    STEPS = "steps"  # counted by the device, mostly since its midnight
    BED = "bed"  # 1 somebody lies in it, 0 nobody
    MOVEMENT = "movement"  # 1 somebody moves, 0 nobody
    DOOR = "door"  # 1 open, 0 closed
    ROOM_TEMPERATURE = "room_temperature"  # degrees Celsius
    ROOM_HUMIDITY = "room_humidity"  # per cent
    FALL = "fall"  # 1, as the three below
    SMOKE = "smoke"
    GAS = "gas"
    WATER = "water"
    LOCATION = "location"  # the value is the accuracy in metres


M = Metric
VITAL: Final = (M.HEART_RATE, M.SPO2, M.SYSTOLIC, M.DIASTOLIC, M.BODY_TEMPERATURE, M.RESPIRATION, M.GLUCOSE, M.WEIGHT)
"""Health data: only for who may read health."""

PLAUSIBLE: Final[Mapping[Metric, tuple[float, float]]] = {
    M.HEART_RATE: (20, 300), M.SPO2: (50, 100), M.SYSTOLIC: (50, 300), M.DIASTOLIC: (20, 200),
    M.BODY_TEMPERATURE: (30, 45), M.RESPIRATION: (3, 80), M.GLUCOSE: (0.5, 50), M.WEIGHT: (2, 400),
    M.STEPS: (0, 200_000), M.ROOM_TEMPERATURE: (-40, 80), M.ROOM_HUMIDITY: (0, 100), M.LOCATION: (0, 5000),
}  # fmt: skip
"""What a living person or a room can have. Outside it a value is kept and marked, and no rule looks at it."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One value in our unit; not `ok` where nobody can have it."""

    metric: Metric
    value: float
    ok: bool = True
    lat: float | None = None  # of a location, WGS-84
    lon: float | None = None


Reader = Callable[[Any], float | None]


def _truth(*yes: str) -> Reader:
    """1 or 0 from what makers say for yes and no; other words say nothing."""
    words = {**dict.fromkeys(yes, 1.0), **dict.fromkeys(NO, 0.0)}

    def read(value: Any) -> float | None:
        if isinstance(value, bool):
            return float(value)
        if isinstance(value, str):
            return words.get(value.strip().lower())
        found = number(value)
        return float(found) if found in (0, 1) else None

    return read


NO: Final = (
    "0", "false", "no", "off", "none", "normal", "vacant", "idle", "clear", "leave", "left", "empty", "closed", "close",
    "still", "absent", "out_of_bed",
)  # fmt: skip
HERE: Final = _truth(
    "1", "true", "yes", "on", "trigger", "triggered", "occupied", "motion", "move", "moving", "enter", "entered",
    "approach", "present", "in_bed", "active", "detected", "vibration",
)  # fmt: skip
OPEN: Final = _truth("1", "true", "open", "opened", "on")
ALARM: Final = _truth("1", "true", "yes", "alarm", "smoke", "fire", "leak", "fall", "fallen")


def _shut(value: Any) -> float | None:
    """A contact that is made is a door that is closed."""
    found = HERE(value)
    return None if found is None else 1 - found


def _body_heat(value: Any) -> float | None:
    """Degrees Celsius; nobody lives at 80 of them, so that is Fahrenheit."""
    found = number(value)
    return round((found - 32) / 1.8, 2) if found is not None and 80 <= found <= 115 else found


def _sugar(value: Any) -> float | None:
    """mmol/L; 34 and above are mg/dL."""
    found = number(value)
    return round(found / 18.016, 2) if found is not None and found >= 34 else found


def _named(metric: Metric, read: Reader, *names: str) -> dict[str, tuple[Metric, Reader]]:
    return dict.fromkeys(names, (metric, read))


Table = Mapping[str, tuple[Metric, Reader]]
VITALS: Final[Table] = {
    **_named(M.HEART_RATE, number, "heart_rate", "heartrate", "heartbeat_rate", "bpm", "pulse", "pulse_rate", "hr"),
    **_named(M.SPO2, number, "spo2", "blood_oxygen", "bloodoxygen", "oxygen", "oxygen_saturation"),
    **_named(M.SYSTOLIC, number, "systolic", "pressurehigh", "pressuresystolic", "sbp", "blood_pressure_systolic"),
    **_named(M.DIASTOLIC, number, "diastolic", "pressurelow", "pressurediastolic", "dbp", "blood_pressure_diastolic"),
    **_named(M.BODY_TEMPERATURE, _body_heat, "body_temperature", "temperature", "temp", "temp1"),
    **_named(M.RESPIRATION, number, "respiration", "respiration_rate", "breathing_rate", "breath_rate", "breath"),
    **_named(M.GLUCOSE, _sugar, "glucose", "bloodsugar", "blood_sugar", "blood_glucose"),
    **_named(M.WEIGHT, number, "weight", "mass"),
}
SOUND: Final[Table] = {  # the same thing in whatever a device says
    **{name: VITALS[name] for name in VITALS if name not in ("temperature", "temp", "temp1", "oxygen", "mass", "hr")},
    **_named(M.STEPS, number, "steps", "step", "step_count", "stepcount", "pedometer"),
    **_named(M.BED, HERE, "bed", "in_bed", "bed_occupied", "bed_occupancy"),
    **_named(M.ROOM_TEMPERATURE, number, "room_temperature"),
    **_named(M.FALL, ALARM, "fall", "fall_detected", "fall_status"),
    **_named(M.SMOKE, ALARM, "smoke", "smoke_status"),
    **_named(M.GAS, ALARM, "gas", "gas_status", "carbon_monoxide"),
    **_named(M.WATER, ALARM, "water_leak", "leak", "leakage_status", "flood"),
}
ACTIVITY: Final[Table] = {
    **_named(
        M.MOVEMENT, HERE, "movement", "motion", "moving", "occupancy", "presence", "vibration", "pir", "presence_event",
        "pir_status", "detection_status", "mot_motionst",
    ),
    **_named(M.DOOR, OPEN, "door", "opening", "open", "magnet_status", "door_status", "door_open_status"),
    **_named(M.DOOR, _shut, "contact"),
}  # fmt: skip
ROOM: Final[Table] = {
    **_named(M.ROOM_TEMPERATURE, number, "temperature", "externaltemperature", "tem", "temperature_1"),
    **_named(M.ROOM_HUMIDITY, number, "humidity", "hum"),
}
OF_KIND: Final[Mapping[Kind, tuple[Table, ...]]] = {
    Kind.VITALS: (VITALS, SOUND),
    Kind.ACTIVITY: (ACTIVITY, ROOM, SOUND),
    Kind.ENVIRONMENT: (ROOM, ACTIVITY, SOUND),
}
IN_BED: Final = frozenset({"occupancy", "presence", "detection_status", "pir", "pir_status"})

LOINC: Final[Mapping[str, Metric]] = {
    "8867-4": M.HEART_RATE, "59408-5": M.SPO2, "2708-6": M.SPO2, "8480-6": M.SYSTOLIC, "8462-4": M.DIASTOLIC,
    "8310-5": M.BODY_TEMPERATURE, "9279-1": M.RESPIRATION, "29463-7": M.WEIGHT, "55423-8": M.STEPS,
    "15074-8": M.GLUCOSE, "2339-0": M.GLUCOSE,
}  # fmt: skip
UCUM: Final[Mapping[str, Callable[[float], float]]] = {
    "[degF]": lambda f: (f - 32) / 1.8, "kPa": lambda kpa: kpa * 7.50062, "mg/dL": lambda mg: mg / 18.016,
    "g": lambda g: g / 1000, "[lb_av]": lambda lb: lb * 0.45359237,
}  # fmt: skip


def measures(device: DeviceKind | None, kind: Kind, said: Mapping[str, Any]) -> list[Measure]:
    """What a stored reading (`readings` and `place`) measured, each metric once, in the order of the table."""
    readings = said.get("readings")
    readings = readings if isinstance(readings, Mapping) else {}
    found: dict[Metric, Measure] = {}
    for metric, value in _coded(readings) if "codes" in readings else _plain(device, kind, readings):
        found.setdefault(metric, _judged(metric, value))
    if fix := _fix(said.get("place"), readings):
        found[M.LOCATION] = fix
    return list(found.values())


def _plain(device: DeviceKind | None, kind: Kind, readings: Mapping[str, Any]) -> Iterator[tuple[Metric, float]]:
    tables = OF_KIND.get(kind, (SOUND,))
    fahrenheit = str(readings.get("TempUnit") or readings.get("temperature_unit") or "")[-1:].upper() == "F"
    for name, value in _flat(readings):
        low = name.lower()
        for table in tables:
            if low not in table:
                continue
            metric, read = table[low]
            if device is DeviceKind.BED_SENSOR and low in IN_BED:
                metric = M.BED
            value_read = read(value)
            if value_read is not None:
                hot = fahrenheit and metric is M.ROOM_TEMPERATURE
                yield metric, round((value_read - 32) / 1.8, 2) if hot else float(value_read)
            break


def _flat(readings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names and values, those of the sensors inside a bridge's message too."""
    for name, value in readings.items():
        if name == "zones" and isinstance(value, Mapping):
            yield "presence", any(zone is True for zone in value.values())
        elif isinstance(value, Mapping):
            yield from _flat(value)
        else:
            yield name, value


def _coded(readings: Mapping[str, Any]) -> Iterator[tuple[Metric, float]]:
    """A FHIR Observation: LOINC says what, UCUM in which unit."""
    codes = readings.get("codes")
    known = (
        [LOINC[code] for code in codes if isinstance(code, str) and code in LOINC] if isinstance(codes, list) else []
    )
    value, unit = number(readings.get("value")), readings.get("unit")
    convert = UCUM.get(unit, float) if isinstance(unit, str) else float
    if known and value is not None:
        yield known[0], round(convert(value), 2)
    parts = readings.get("components")
    for code, part in parts.items() if isinstance(parts, Mapping) else ():
        inner = number(part)
        if code in LOINC and inner is not None:
            yield LOINC[code], float(inner)


def _fix(place: Any, readings: Mapping[str, Any]) -> Measure | None:
    """Where it is; a place the device itself calls an old one is not ok."""
    if not isinstance(place, Mapping):
        return None
    lat, lon, accuracy = number(place.get("lat")), number(place.get("lon")), number(place.get("accuracy_m"))
    if lat is None or lon is None:
        return None
    judged = _judged(M.LOCATION, 100.0 if accuracy is None else float(accuracy))
    return Measure(M.LOCATION, judged.value, judged.ok and readings.get("valid") is not False, float(lat), float(lon))


def _judged(metric: Metric, value: float) -> Measure:
    low, high = PLAUSIBLE.get(metric, (0, 1))
    return Measure(metric, value, low <= value <= high)
