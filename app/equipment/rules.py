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
NOT_WORN_AFTER: Final = timedelta(hours=4)  # a bath, a night on the charger: not yet worth a call


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
    CLIMATE_SENSOR = "climate_sensor"
    TRACKER = "tracker"  # carried, says where it is, and has a key for help
    VITALS_MONITOR = "vitals_monitor"
    BUTTON = "button"  # switches a lamp; no call for help
    ALARM_UNIT = "alarm_unit"  # a home unit that dials for what hangs on it
    GATEWAY = "gateway"


class Transport(StrEnum):
    """How a device reaches us."""

    MQTT = "mqtt"  # by itself, under its own account
    ZIGBEE = "zigbee"
    LORAWAN = "lorawan"
    BLE = "ble"
    TCP = "tcp"  # a watch, tracker or alarm dialler at our gateways; UDP too
    HTTP = "http"


class Power(StrEnum):
    """What a device lives on."""

    MAINS = "mains"
    BATTERY = "battery"  # changed when it is empty
    RECHARGEABLE = "rechargeable"


class Command(StrEnum):
    """What a device can be asked to do."""

    FIND = "find"  # ring, so that it is found
    CALL_BACK = "call_back"  # ring up a number, aloud
    LISTEN = "listen"  # ring up a number silently: the microphone opens
    LOCATE = "locate"
    SET_INTERVAL = "set_interval"
    SOS_NUMBERS = "sos_numbers"  # whom its button rings up
    SET_TIME = "set_time"
    RESTART = "restart"
    TEXT = "text"  # show or speak words


class DeviceState(StrEnum):
    """The life of a device in the register."""

    IN_STOCK = "in_stock"
    INSTALLING = "installing"  # it hangs where it will be and has not yet been heard at the desk
    ACTIVE = "active"
    REPAIR = "repair"
    LOST = "lost"  # whose it was is kept: a press of a lost button is still hers
    RETIRED = "retired"


class DeviceEvent(StrEnum):
    """What is done with a device."""

    INSTALL = "install"  # at once, without a test: handed over the counter, or moved in from another register
    PLACE = "place"
    PROVE = "prove"  # its activation test rang through
    TAKE_BACK = "take_back"
    SEND_TO_REPAIR = "send_to_repair"
    REPAIRED = "repaired"
    LOSE = "lose"
    FIND = "find"
    RETIRE = "retire"


_S, _E = DeviceState, DeviceEvent
PLACED: Final = (_S.INSTALLING, _S.ACTIVE)
"""States of a device that hangs in a home or round a neck."""
DEVICE_MOVES: Final[dict[tuple[DeviceState, DeviceEvent], DeviceState]] = {
    (_S.IN_STOCK, _E.INSTALL): _S.ACTIVE,
    (_S.IN_STOCK, _E.PLACE): _S.INSTALLING,
    (_S.INSTALLING, _E.PROVE): _S.ACTIVE,
    (_S.ACTIVE, _E.PROVE): _S.ACTIVE,
    **{(state, _E.TAKE_BACK): _S.IN_STOCK for state in (*PLACED, _S.LOST)},
    **{(state, _E.SEND_TO_REPAIR): _S.REPAIR for state in (_S.IN_STOCK, *PLACED)},
    (_S.REPAIR, _E.REPAIRED): _S.IN_STOCK,
    (_S.ACTIVE, _E.LOSE): _S.LOST,
    (_S.LOST, _E.FIND): _S.ACTIVE,
    **{(state, _E.RETIRE): _S.RETIRED for state in _S if state is not _S.RETIRED},
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
    NOT_WORN = "not_worn"  # taken off, and not put on again
    UNTESTED = "untested"  # nobody has heard it for too long: a help button that may not work
    FALSE_ALARMS = "false_alarms"  # it calls for nothing, and somebody has asked for its exchange


FAULT_OF: Final[Mapping[Kind, Fault]] = {Kind.LOW_BATTERY: Fault.LOW_BATTERY, Kind.TAMPER: Fault.TAMPER}


@dataclass(frozen=True)
class Model:
    """What a model can say and promises: one line of the table `device_models`."""

    id: str
    maker: str
    name: str
    kind: DeviceKind
    transport: Transport
    family: str  # the codec that reads it
    says: tuple[Kind, ...]
    heartbeat_seconds: int  # between two signs of life, as it promises
    silence_seconds: int  # a longer one puts it on the technical list
    power: Power
    decoder: str | None = (
        None  # the name its codec knows it by (`meta["model"]`); the family alone where none is needed
    )
    battery_days: int | None = None  # that the maker promises; nothing on mains
    worn: bool = False
    voice: bool = False  # somebody can be spoken to through it
    commands: tuple[Command, ...] = ()


def after(state: DeviceState, event: DeviceEvent) -> DeviceState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return DEVICE_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A device that is {state} cannot {event}.", state=state) from None


def possible(state: DeviceState) -> list[DeviceEvent]:
    """What can be done with a device in this state."""
    return [event for (source, event) in DEVICE_MOVES if source == state]


def allowed_silence(heartbeat_seconds: int) -> int:
    """How long a silence may be where the model does not say: two heartbeats and a minute."""
    return 2 * heartbeat_seconds + GRACE


def silent_at(last_seen: datetime, silence_seconds: int) -> datetime:
    """When a device that says nothing more counts as silent, by what its model is allowed."""
    return last_seen + timedelta(seconds=silence_seconds)


def is_low(battery: float | None) -> bool:
    """Whether a battery level belongs on the technical list; an unknown level does not."""
    return battery is not None and battery <= LOW_BATTERY
