"""SEPT-S smoke detectors on LoRaWAN, port 1 (public source: SEPT-S, TG563A technical reference manual).

kind(1) settings(1) temperature(1) state(2), and in the long message (kind 0F, 35 bytes): battery(1) serial(4) made(2)
installed(2) four times(2, unit in the lowest two bits) counters(7) use(1) dirt(2) coldest(1) warmest(1) distance(1)
"""

from typing import Any, Final

from devices.codecs.frame import Frame, bit
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_sept-s"
PORT, LONG = 1, 0x0F
KINDS: Final = {
    0: "Periodic uplink message", 1: "Smoke Alarm Event", 2: "Low Battery Event", 3: "Smoke Chamber Failure Event",
    4: "Fouling Smoke Chamber Event", 5: "Ultrasonic Sensor Failure Event", 6: "Infrared Sensor Failure Event",
    7: "Buzzer Failure", 8: "Obstacle Detected Event", 9: "Air Inlet Covered Event",
    LONG: "Message with additional data",
}  # fmt: skip
HOURS: Final = (1, 2, 4, 6, 8, 12, 24, 48)
SETTINGS: Final = {
    "additionalDataEnabled": 3, "obstructionEventEnabled": 4, "hardwareFailureEventEnabled": 5, "smokeEventEnabled": 6,
}  # fmt: skip
STATE: Final = {  # by bit, of both bytes
    "mounted": 0, "brightness": 1, "temperatureOutOfRange": 2, "obstacleDetected": 4, "airInletCovered": 5,
    "tooLongInactivity": 6, "tooLongUnmounted": 7, "smokeAlarm": 8, "batteryLow": 9, "smokeChamberFailure": 10,
    "fouledSmokeChamber": 11, "ultrasonicSensorFailure": 12, "infraredSensorFailure": 13, "buzzerFailure": 14,
}  # fmt: skip
FAULTS: Final = (
    "smokeChamberFailure", "fouledSmokeChamber", "ultrasonicSensorFailure", "infraredSensorFailure", "buzzerFailure",
    "obstacleDetected", "airInletCovered", "tooLongUnmounted",
)  # fmt: skip
TIMES: Final = ("runningTimeCounter", "smokeAlarmTimeCounter", "testAlarmTimeCounter", "faultTimeCounter")
UNITS: Final = (1, 60, 3600, 86_400)  # seconds
COUNTERS: Final = (
    "smokeAlarmCounter", "testAlarmCounter", "smokeErrorCounter", "lowBatteryCounter", "smokeAlarmDeactivationCounter",
    "faultDeactivationCounter", "mountingCounter", "energyUsage", "lightGuideDirtiness", "foulingSmokeChamber",
)  # fmt: skip


def claims(message: Message) -> bool:
    return "lorawan" in message.transport and "SEPT-S" in str(message.meta.get("model", "")).upper()


def decode(message: Message) -> list[Signal]:
    uplink = Uplink.of(message)
    uplink.on(PORT)
    frame = uplink.frame
    kind = frame.u(1)
    if kind not in KINDS or len(frame.content) != (35 if kind == LONG else 5):
        raise BadPayload(f"{len(frame.content)} bytes of kind {kind:#04x}")
    settings, warmth, state = frame.u(1), frame.i(1), frame.u(2, little=True)
    found = {name: int(bit(state, number)) for name, number in STATE.items()}
    said: dict[str, Any] = {
        "messageType": KINDS[kind],
        "configuration": {
            "rawValue": f"{settings:X}",
            "transmissionPeriod": HOURS[settings & 7],
            **{name: int(bit(settings, number)) for name, number in SETTINGS.items()},
        },
        "temperature": warmth,
        "status": found,
    }
    if kind == LONG:
        said |= _long(frame)
    alarms = [Kind.SMOKE] if found["smokeAlarm"] or kind == 1 else []
    alarms += [Kind.TAMPER] if any(found[name] for name in FAULTS) else []
    alarms += [Kind.LOW_BATTERY] if found["batteryLow"] or kind == 2 else []
    return uplink.says(said, *alarms, kind=Kind.BATTERY_OR_STATUS)


def _long(frame: Frame) -> dict[str, Any]:
    said: dict[str, Any] = {"batteryLevel": frame.u(1) / 100 + 1, "serialNumber": frame.take(4)[::-1].hex()}
    said |= {"productionDate": _day(frame), "installationDate": _day(frame)}
    said |= {name: _seconds(frame) for name in TIMES}
    said |= {name: frame.u(1) for name in COUNTERS}
    return said | {
        "minimumTemperature": frame.i(1),
        "maximumTemperature": frame.i(1),
        "distanceThreshold": frame.u(1) * 10,
    }


def _day(frame: Frame) -> str:
    value = frame.u(2, little=True)
    return f"{value & 31:02d}/{value >> 5 & 15:02d}/{2000 + (value >> 9)}"


def _seconds(frame: Frame) -> int:
    value = frame.u(2, little=True)
    return (value >> 2) * UNITS[value & 3]
