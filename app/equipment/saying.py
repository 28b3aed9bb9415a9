"""What a device says of itself beside its signals, whatever its maker calls it: worn, charging, whole, volts."""

from collections.abc import Mapping
from typing import Any, Final

WORN: Final = ("worn", "wearing", "wear", "is_worn", "on_body", "skin_contact", "sensor_contact", "wear_status",
               "wearing_status", "wearStatus", "wearState")  # fmt: skip
TAKEN_OFF: Final = ("removed", "take_off", "takeoff", "taken_off", "off_wrist", "detached")
OFF_ALARMS: Final = frozenset({"removing", "removed", "takeOff", "take_off", "notWorn"})
YES: Final = frozenset({"true", "on", "yes", "1", "worn", "wearing", "detected", "contact", "in_contact", "normal"})
NO: Final = frozenset({"false", "off", "no", "0", "not_worn", "removed", "not_detected", "no_contact", "takeoff"})
CHARGING: Final = ("charging", "charge", "battery_charging", "is_charging", "charging_status")
CHARGES: Final = frozenset({"charging", "charge"})
STILL: Final = frozenset({"not_charging", "discharging", "full", "idle", "none"})
TAMPER: Final = ("tamper", "tamper_status", "tampered")
WHOLE: Final = frozenset({"false", "off", "no", "0", "normal", "clear", "installed", "not triggered"})
VOLTS: Final = (
    "battery_voltage",
    "batteryVoltage",
    "battery_volts",
    "BatV",
    "BAT_V",
    "bat_v",
    "volts",
    "vbat",
    "voltage",
)
GATEWAY: Final = ("gateway_id", "gatewayId", "gateway", "gatewayID", "via")
SANE_VOLTS: Final = (0.8, 16.0)
LONGEST: Final = 100


def worn(readings: Mapping[str, Any]) -> bool | None:
    """Whether it is on somebody's body; None where it says nothing about that."""
    if str(readings.get("alarm")) in OFF_ALARMS:
        return False
    if (found := _first(readings, WORN, yes=YES, no=NO)) is not None:
        return found
    off = _first(readings, TAKEN_OFF, yes=YES - {"normal"}, no=NO | {"normal"})
    return None if off is None else not off


def charging(readings: Mapping[str, Any]) -> bool | None:
    """Whether it is on its charger."""
    return _first(readings, CHARGING, yes=CHARGES | {"true", "on", "yes", "1"}, no=STILL | {"false", "off", "no", "0"})


def whole(readings: Mapping[str, Any]) -> bool:
    """Whether it says that nobody has opened or removed it."""
    return _first(readings, TAMPER, yes=frozenset({"\0"}), no=WHOLE) is False


def volts(readings: Mapping[str, Any]) -> float | None:
    """Its battery's voltage; some makers give millivolts."""
    for name in VOLTS:
        value = readings.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = value / 1000 if value > 100 else float(value)
            if SANE_VOLTS[0] <= found <= SANE_VOLTS[1]:
                return round(found, 3)
    return None


def via(transport: str, topic: str, readings: Mapping[str, Any], meta: Mapping[str, Any]) -> str | None:
    """The gateway or bridge it was heard through; None for a device with a connection of its own."""
    for source in (readings, meta):
        for name in GATEWAY:
            if isinstance(value := source.get(name), str) and value:
                return value[:LONGEST]
    levels = topic.split("/")
    bridged = not topic.startswith("care/") and transport.startswith("mqtt") and len(levels) > 1
    return levels[0][:LONGEST] if bridged else None


def _first(
    readings: Mapping[str, Any], names: tuple[str, ...], *, yes: frozenset[str], no: frozenset[str]
) -> bool | None:
    for name in names:
        value = readings.get(name)
        word = str(value).strip().lower() if isinstance(value, bool | str | int) else ""
        if word in yes:
            return True
        if word in no:
            return False
    return None
