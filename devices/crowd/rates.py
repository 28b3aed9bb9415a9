"""How often simulated devices speak, and how things go wrong: one table, its figures from the study of the field.

Sources, as the study marks them: [1] read in a source, [E] its own estimate. Shares of the fleet are ours.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from devices.signals import Kind

MONTH: Final = 30 * 86_400.0  # seconds


class Way(StrEnum):
    """How a device speaks."""

    CARE = "care/v1"  # our own JSON over MQTT, acknowledged by the platform
    LORAWAN = "lorawan"  # ChirpStack's events over MQTT, acknowledged by the broker
    WATCH = "3g"  # SeTracker-class watches over TCP
    GT06 = "gt06"
    JT808 = "jt808"


@dataclass(frozen=True, slots=True)
class Sort:
    """One kind of device: its share, its heartbeat in seconds, and how many events it sends in a month."""

    name: str
    way: Way
    share: float
    beat: float
    monthly: dict[Kind, float]


LOW_BATTERY: Final = 1 / 9  # per month: once in 6 to 12 months [E]
SORTS: Final = (
    # LTE button 5-10 min keep-alive [1]/[E]; all presses 0.35 per device-month [E]
    Sort("help button", Way.CARE, 0.40, 600, {Kind.SOS: 0.35, Kind.LOW_BATTERY: LOW_BATTERY}),
    # mains radar 60 s [1]/[E]; fall radar 0.25-0.6 per device-month [E]
    Sort("fall radar", Way.CARE, 0.08, 60, {Kind.FALL: 0.4}),
    Sort("3G watch", Way.WATCH, 0.10, 300, {Kind.SOS: 0.35, Kind.FALL: 0.4, Kind.LOW_BATTERY: LOW_BATTERY}),
    Sort("GT06 pendant", Way.GT06, 0.04, 300, {Kind.SOS: 0.35, Kind.LOW_BATTERY: LOW_BATTERY}),
    Sort("JT/T 808 locator", Way.JT808, 0.03, 300, {Kind.SOS: 0.35, Kind.LOW_BATTERY: LOW_BATTERY}),
    # inactivity infra-red 0.2 per device-month [E]
    Sort("motion sensor", Way.CARE, 0.10, 1800, {Kind.INACTIVITY: 0.2, Kind.LOW_BATTERY: LOW_BATTERY}),
    # smoke and gas 0.03 per device-month [E]; NB-IoT smoke 6-24 h [1]/[E]
    Sort("smoke detector", Way.LORAWAN, 0.15, 12 * 3600, {Kind.SMOKE: 0.03, Kind.LOW_BATTERY: LOW_BATTERY}),
    Sort("leak detector", Way.LORAWAN, 0.10, 12 * 3600, {Kind.WATER_LEAK: 0.03, Kind.LOW_BATTERY: LOW_BATTERY}),
)
DUPLICATED, OUT_OF_ORDER, CLOCK_WRONG, HOURS_LATE = 0.03, 0.01, 0.005, 0.002  # of all events [E]
RECONNECT: Final = (60.0, 300.0)  # seconds in which all reconnect after the broker restarts or the net is cut [E]

PRESSES: Final = (1, 1, 1, 1, 1, 2, 4, 5, 4, 2, 2, 2, 2, 2, 2, 2, 2, 3, 4, 5, 5, 4, 2, 1)  # peaks 06-09 and 18-22 [E]
FALLS: Final = (4, 4, 4, 4, 4, 4, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 4)  # at night, 23-06 [E]
EVEN: Final = (1,) * 24


def curve(kind: Kind) -> tuple[int, ...]:
    """How the events of a day fall on its local hours."""
    return PRESSES if kind is Kind.SOS else FALLS if kind is Kind.FALL else EVEN


@dataclass(frozen=True, slots=True)
class Profile:
    """A day, or an hour of one, or a mishap."""

    words: str
    speed: float  # events so many times as often as in life; heartbeats keep their pace
    hours: tuple[float, float] = (10, 11)  # local hours that the run passes through
    storm: int = 0  # so many SOS of as many devices in ten seconds, after a third of the run
    flood: bool = False  # after a third of the run every connection is cut; all come back within the second third


PROFILES: Final = {
    "calm": Profile("an ordinary hour of the morning", 60),
    "day": Profile("a whole day, its hours one after another", 600, (0, 24)),
    "night": Profile("an hour of the night: few press, some fall", 120, (2, 3)),
    "storm": Profile("a thousand presses in ten seconds on top of an evening", 60, (19, 20), storm=1000),
    "reconnect-flood": Profile("all connections cut at once: last wills, then everybody logs in", 60, flood=True),
}
STORM_SECONDS: Final = 10.0
