"""What the protocols of watches, pendants and trackers share: names of alarms, and a place that may be unknown."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from devices.codecs import reading
from devices.codecs.frame import bit
from devices.signals import Kind, Signal

KINDS: Final[Mapping[str, Kind]] = {  # by the names that tracking servers share
    "sos": Kind.SOS,
    "fallDown": Kind.FALL,
    "noMovement": Kind.INACTIVITY,
    "general": Kind.OTHER_ALARM,
    "tampering": Kind.TAMPER,
    "removing": Kind.TAMPER,
    "geofence": Kind.GEOFENCE,
    "geofenceEnter": Kind.GEOFENCE,
    "geofenceExit": Kind.GEOFENCE,
    "lowBattery": Kind.LOW_BATTERY,
    "lowPower": Kind.LOW_BATTERY,
    "powerCut": Kind.BATTERY_OR_STATUS,
    "powerOff": Kind.BATTERY_OR_STATUS,
    "powerOn": Kind.BATTERY_OR_STATUS,
    "powerRestored": Kind.BATTERY_OR_STATUS,
}
GRAVEST_FIRST: Final = [*KINDS]


def gravest(alarms: Iterable[str]) -> str | None:
    """Of several alarms in one frame the one a person may be dying of."""
    known = sorted(
        set(alarms), key=lambda name: (GRAVEST_FIRST.index(name) if name in KINDS else len(KINDS) // 2, name)
    )
    return known[0] if known else None


def named(table: Mapping[int, str], flags: int) -> list[str]:
    """The alarms whose bits are set, in the order of the table, each once."""
    return list(dict.fromkeys(name for number, name in table.items() if bit(flags, number)))


def signal(
    kind: Kind,
    device: str | None,
    *,
    alarm: str | Iterable[str] | None = None,
    at: datetime | None = None,
    valid: bool | None = None,
    place: tuple[float, float] | None = None,
    battery: Any = None,
    volts: float | None = None,
    history: bool = False,
    **readings: Any,
) -> Signal:
    """A signal of this kind, or of its gravest alarm's; `readings["alarm"]` names them all, with commas.

    Without a fix the place is the last one known, and `valid` says so. Out of the device's memory nothing rings.
    """
    said = {name: value for name, value in readings.items() if value is not None}
    alarms = [alarm] if isinstance(alarm, str) else list(dict.fromkeys(alarm or ()))
    if (worst := gravest(alarms)) is not None:
        said["alarm"] = ",".join(alarms)
        kind = KINDS.get(worst, Kind.OTHER_ALARM)
    if valid is not None:
        said["valid"] = valid
    if place is not None:
        said["latitude"], said["longitude"] = place
    lat, lon = reading.place(*place) if place else (None, None)
    level = reading.percent(battery)
    if level is not None:
        said["batteryLevel"] = level
    if volts is not None:
        said["battery"] = volts
    if history:
        said["archive"] = True
        kind = Kind.LOCATION if kind is Kind.LOCATION else Kind.HISTORY_RECORD
    return Signal(kind, device, at=at, lat=lat, lon=lon, battery=level, readings=said, history=history)
