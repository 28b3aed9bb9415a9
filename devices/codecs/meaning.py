"""What a flat object of named readings is about: the words that Zigbee, LoRaWAN and home bridges share."""

from collections.abc import Mapping
from typing import Any, Final

from devices.codecs import reading
from devices.signals import CALLS_FOR_HELP, TECHNICAL, Kind

ALARMS: Final = {  # a field that is exactly true; the gravest first, as they are told
    "sos": Kind.SOS,
    "emergency": Kind.SOS,
    "panic": Kind.SOS,
    "fall": Kind.FALL,
    "fall_detected": Kind.FALL,
    "fall_down": Kind.FALL,
    "fall_down_status": Kind.FALL,
    "fall_status": Kind.FALL,
    "fall_alarm": Kind.FALL,
    "fire": Kind.FIRE,
    "smoke": Kind.SMOKE,
    "gas": Kind.GAS,
    "carbon_monoxide": Kind.GAS,
    "water_leak": Kind.WATER_LEAK,
    "leak": Kind.WATER_LEAK,
    "flood": Kind.WATER_LEAK,
    "moisture": Kind.WATER_LEAK,  # a number is the soil's
    "bottom_submersion": Kind.WATER_LEAK,
    "top_splash": Kind.WATER_LEAK,
    "alarm": Kind.OTHER_ALARM,
    "tamper": Kind.TAMPER,
    "battery_low": Kind.LOW_BATTERY,
    "low_battery": Kind.LOW_BATTERY,
    "test": Kind.TEST_REPORT,
}
FALLEN: Final = ("fall", "fallen")
WORDS: Final = {  # where a maker's own description says a word instead
    ("leakage_status", "leak"): Kind.WATER_LEAK,
    ("gas_status", "alarm"): Kind.GAS,
    ("smoke_status", "alarm"): Kind.SMOKE,
    ("detection_status", "fall"): Kind.FALL,
}
ORDINARY: Final = {  # the first of these that is there says what it is about
    Kind.VITALS: {"heart_rate", "heartbeat_rate", "breathing_rate", "respiration_rate", "blood_oxygen", "spo2", "bpm"},
    Kind.ACTIVITY: {
        "occupancy", "presence", "contact", "motion", "vibration", "movement", "moving", "presence_event", "opening",
        "door", "window", "pir", "magnet_status",
    },
    Kind.BATTERY_OR_STATUS: {"battery", "battery_low"},  # a voltage may be the mains'
    Kind.ENVIRONMENT: {
        "temperature", "humidity", "illuminance", "illuminance_lux", "co2", "voc", "pm25", "pm10", "light",
        "device_temperature", "smoke_density", "gas_density", "soil_moisture", "noise", "dewpoint", "moisture",
        "carbon_dioxide", "dew_point",
    },
}  # fmt: skip


def alarms(fields: Mapping[str, Any]) -> list[Kind]:
    """The alarms these fields raise; a name or a word is not enough, the value must be true."""
    found = [kind for name, kind in ALARMS.items() if _is_true(fields.get(name), kind)]
    found += [kind for (name, word), kind in WORDS.items() if fields.get(name) == word]
    return list(dict.fromkeys(found))


def _is_true(value: Any, kind: Kind) -> bool:
    """Radars say the word where a sensor says true."""
    return value is True or (kind is Kind.FALL and value in FALLEN)


def about(fields: Mapping[str, Any]) -> Kind:
    """What fields without an alarm are about. Surroundings are measured: a word for them, or yes and no, is a state."""
    said = {name for name, value in fields.items() if value is not None}
    measured = {name for name in said if reading.number(fields[name]) is not None}
    found = (kind for kind, names in ORDINARY.items() if names & (measured if kind is Kind.ENVIRONMENT else said))
    return next(found, Kind.STATUS)


def ranked(kinds: list[Kind]) -> list[Kind]:
    """The gravest first; smoke and the test button in one frame is smoke."""
    found = dict.fromkeys(kinds)
    if found.keys() & CALLS_FOR_HELP:
        found.pop(Kind.TEST_REPORT, None)
        found.pop(Kind.BUTTON_PRESS, None)
    return sorted(found, key=lambda kind: (kind not in CALLS_FOR_HELP, kind in TECHNICAL))
