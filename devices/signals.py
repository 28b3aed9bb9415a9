"""What comes in from the wire (`Message`) and what it means (`Signal`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class Kind(StrEnum):
    """What a device says, whatever its maker calls it."""

    SOS = "sos"
    FALL = "fall"
    SMOKE = "smoke"
    WATER_LEAK = "water_leak"
    GAS = "gas"
    FIRE = "fire"
    LOW_BATTERY = "low_battery"
    TAMPER = "tamper"
    INACTIVITY = "inactivity"  # no movement where there should be some
    GEOFENCE = "geofence"
    VITALS = "vitals"
    LOCATION = "location"
    ACTIVITY = "activity"  # somebody is there: motion, a door, steps, a bed
    ENVIRONMENT = "environment"
    BUTTON_PRESS = "button_press"  # a button that is no emergency button
    BATTERY_OR_STATUS = "battery_or_status"
    HEARTBEAT = "heartbeat"
    TEST_REPORT = "test_report"
    HISTORY_RECORD = "history_record"  # from the device's memory: raises nothing
    STATUS = "status"
    OTHER_ALARM = "other_alarm"  # the device says alarm and not which


CALLS_FOR_HELP: Final = frozenset(
    {Kind.SOS, Kind.FALL, Kind.SMOKE, Kind.WATER_LEAK, Kind.GAS, Kind.FIRE, Kind.INACTIVITY, Kind.OTHER_ALARM}
)
"""Kinds that may ring in the emergency queue."""

TECHNICAL: Final = frozenset({Kind.LOW_BATTERY, Kind.TAMPER, Kind.TEST_REPORT})
"""Kinds for the technical queue; they never ring in the other one."""


class BadPayload(ValueError):
    """Nobody can read this, or nobody should: the reason is for the desk's list of what was set aside."""

    @property
    def reason(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class Message:
    """Bytes as they arrived, and what the transport knows about them."""

    topic: str
    payload: bytes
    qos: int = 0
    retained: bool = False
    received_at: datetime | None = None
    source: str = ""  # who handed it over: a listener's client id, a gateway's connection
    transport: str = "mqtt"
    meta: Mapping[str, Any] = field(default_factory=dict)  # LoRaWAN fPort, BLE address, the registered `model` …


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing a device said. Times are the device's own and decide nothing."""

    kind: Kind
    device: str | None = None  # as it names itself; the register knows whose it is
    event_id: str | None = None  # the same id is the same press, however often it comes
    at: datetime | None = None
    seq: int | None = None
    lat: float | None = None  # WGS-84; both or neither: an unknown place is no place, not 0/0
    lon: float | None = None
    accuracy_m: float | None = None
    battery: float | None = None  # per cent
    readings: Mapping[str, Any] = field(default_factory=dict)  # the maker's names and units
    history: bool = False  # out of the device's memory: kept, and raises nothing
    repeat: str | None = None  # without an event id: equal for the copies of one press, to be counted once within 2 s
