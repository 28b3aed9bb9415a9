"""What devices are, when one is silent, and what of theirs goes to the technical list."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.errors import IllegalMove
from devices.signals import Kind

LOW_BATTERY: Final = 15  # per cent
MAINS_HEARTBEAT: Final = 4 * 3600
WORN_HEARTBEAT: Final = 30 * 60
GRACE: Final = 60  # seconds beyond two missed heartbeats


class DeviceKind(StrEnum):
    """What a device is for."""

    HELP_BUTTON = "help_button"  # pendant, wrist or wall: whatever it says that is not upkeep is a call for help
    WATCH = "watch"
    FALL_SENSOR = "fall_sensor"
    SMOKE_SENSOR = "smoke_sensor"
    GAS_SENSOR = "gas_sensor"
    WATER_SENSOR = "water_sensor"
    MOTION_SENSOR = "motion_sensor"
    DOOR_SENSOR = "door_sensor"
    BED_SENSOR = "bed_sensor"
    GATEWAY = "gateway"


class DeviceState(StrEnum):
    """The life of a device in the register."""

    IN_STOCK = "in_stock"
    ACTIVE = "active"
    RETIRED = "retired"


class DeviceEvent(StrEnum):
    """What is done with a device."""

    INSTALL = "install"
    TAKE_BACK = "take_back"
    RETIRE = "retire"


DEVICE_MOVES: Final[dict[tuple[DeviceState, DeviceEvent], DeviceState]] = {
    (DeviceState.IN_STOCK, DeviceEvent.INSTALL): DeviceState.ACTIVE,
    (DeviceState.ACTIVE, DeviceEvent.TAKE_BACK): DeviceState.IN_STOCK,
    (DeviceState.IN_STOCK, DeviceEvent.RETIRE): DeviceState.RETIRED,
    (DeviceState.ACTIVE, DeviceEvent.RETIRE): DeviceState.RETIRED,
}


class Link(StrEnum):
    """What the broker last said of a device's connection; its heartbeat is another matter."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    OFFLINE = "offline"


class Fault(StrEnum):
    """A line of the technical list."""

    LOW_BATTERY = "low_battery"
    TAMPER = "tamper"
    OFFLINE = "offline"  # the link: the broker saw it go
    SILENT = "silent"  # the device: two heartbeats missed


FAULT_OF: Final[Mapping[Kind, Fault]] = {Kind.LOW_BATTERY: Fault.LOW_BATTERY, Kind.TAMPER: Fault.TAMPER}


@dataclass(frozen=True)
class Model:
    """What a model can say and promises: one line of the table `device_models`."""

    id: str
    maker: str
    name: str
    kind: DeviceKind
    family: str  # the codec that reads it
    says: tuple[Kind, ...]
    heartbeat_seconds: int
    worn: bool = False
    voice: bool = False  # somebody can be spoken to through it


_UPKEEP: Final = (Kind.HEARTBEAT, Kind.LOW_BATTERY, Kind.TEST_REPORT, Kind.STATUS)
_D, _K, _CARE, _ZIGBEE = DeviceKind, Kind, "care_v1", "zigbee2mqtt"
_WORN, _MAINS = WORN_HEARTBEAT, MAINS_HEARTBEAT
_BODY: Final = (_K.SOS, _K.FALL, _K.VITALS, _K.LOCATION)
MODELS: Final = (
    Model("yl-pendant", "银铃", "颈挂呼叫按钮", _D.HELP_BUTTON, _CARE, (_K.SOS, *_UPKEEP), _WORN, worn=True),
    Model("yl-wall", "银铃", "墙面呼叫按钮", _D.HELP_BUTTON, _CARE, (_K.SOS, *_UPKEEP), _MAINS, voice=True),
    Model("yl-watch", "银铃", "定位手表", _D.WATCH, _CARE, (*_BODY, *_UPKEEP), _WORN, worn=True, voice=True),
    Model("yl-radar", "银铃", "跌倒雷达", _D.FALL_SENSOR, _CARE, (_K.FALL, _K.ACTIVITY, *_UPKEEP), _MAINS),
    Model("yl-smoke", "银铃", "烟感", _D.SMOKE_SENSOR, _CARE, (_K.SMOKE, _K.TAMPER, *_UPKEEP), _MAINS),
    Model("yl-gas", "银铃", "燃气报警器", _D.GAS_SENSOR, _CARE, (_K.GAS, *_UPKEEP), _MAINS),
    Model("yl-water", "银铃", "水浸传感器", _D.WATER_SENSOR, _CARE, (_K.WATER_LEAK, *_UPKEEP), _MAINS),
    Model("yl-motion", "银铃", "活动传感器", _D.MOTION_SENSOR, _CARE, (_K.ACTIVITY, _K.INACTIVITY, *_UPKEEP), _MAINS),
    Model("yl-bed", "银铃", "睡眠监测垫", _D.BED_SENSOR, _CARE, (_K.VITALS, _K.ACTIVITY, *_UPKEEP), _MAINS),
    Model("z2m-button", "Zigbee", "紧急按钮", _D.HELP_BUTTON, _ZIGBEE, (_K.SOS, _K.LOW_BATTERY, _K.TAMPER), _MAINS),
    Model("z2m-smoke", "Zigbee", "烟感", _D.SMOKE_SENSOR, _ZIGBEE, (_K.SMOKE, _K.LOW_BATTERY), _MAINS),
    Model("z2m-water", "Zigbee", "水浸传感器", _D.WATER_SENSOR, _ZIGBEE, (_K.WATER_LEAK, _K.LOW_BATTERY), _MAINS),
)


def after(state: DeviceState, event: DeviceEvent) -> DeviceState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return DEVICE_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A device that is {state} cannot {event}.", state=state) from None


def possible(state: DeviceState) -> list[DeviceEvent]:
    """What can be done with a device in this state."""
    return [event for (source, event) in DEVICE_MOVES if source == state]


def silent_at(last_seen: datetime, heartbeat_seconds: int) -> datetime:
    """When a device that says nothing more counts as silent: two heartbeats and a minute after it was last heard."""
    return last_seen + timedelta(seconds=2 * heartbeat_seconds + GRACE)


def is_low(battery: float | None) -> bool:
    """Whether a battery level belongs on the technical list; an unknown level does not."""
    return battery is not None and battery <= LOW_BATTERY
