"""Netvox sensors on LoRaWAN (public source: Netvox, "LoRaWAN application command" and the user manual of each model).

port 6   version(1) device type(1) report type(1) …      report 0 is the start, 1 the state: voltage, whose top bit
         says that the battery is low, and then the device's own
port 7   command(1) device type(1) …      answers to configuration        port 13   answers of a button
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from devices.codecs.frame import Frame, bit
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_netvox"
Reader = Callable[[Frame], Any]
Fields = tuple[tuple[str, Reader], ...]
LOW: Final = 0x80


def _u(size: int, by: float = 1) -> Reader:
    return lambda frame: frame.u(size) if by == 1 else frame.u(size) / by


def _i(size: int, by: float = 1) -> Reader:
    return lambda frame: frame.i(size) if by == 1 else frame.i(size) / by


def _word(no: str, yes: str) -> Reader:
    return lambda frame: yes if frame.u(1) else no


ALARM: Final = _word("No Alarm", "Alarm")
LEAK: Final = _word("NoLeak", "Leak")
CLIMATE: Final[Fields] = (("Temp", _i(2, 100)), ("Humi", _u(2, 100)))
ON_OFF: Final[Fields] = (("OnOff", _u(1)),)
STATUS: Final[Fields] = (("status", _u(1)),)
BUTTON: Final[Fields] = (("Alarm", _u(1)),)
COUNT: Final[Fields] = (("WorkCount", _u(4)),)
LIGHT: Final[Fields] = (("Illuminance", _u(2)),)
ANALOG: Final[Fields] = (("ADCRaw", _u(2)),)
RADIO: Final[Fields] = (("Rssi", _i(2)), ("Snr", _u(1)), ("HeartInterval", _u(2)))
DUST: Final[Fields] = (*CLIMATE, ("PM25", _u(2)))
ONE_LEAK: Final[Fields] = (("WaterLeak", LEAK),)
DEVICES: Final[Mapping[int, tuple[str, Fields]]] = {  # the name, and what follows the voltage
    0x01: ("R711(R712)", CLIMATE),
    0x02: ("R311A", ON_OFF),
    0x03: ("RB11E", (("Temp", _i(2, 100)), *LIGHT, ("Occupy", _u(1)), ("DisassembledAlarm", _u(1)))),
    0x04: ("R311G", LIGHT),
    0x06: ("R311W", (("WaterLeak_1", LEAK), ("WaterLeak_2", LEAK))),
    0x0A: ("RA02A", (("FireAlarm", ALARM), ("HighTempAlarm", ALARM), ("Temp", _i(2, 10)))),
    0x0B: ("R718A", CLIMATE),
    0x10: ("RB02I", BUTTON),
    0x11: ("RA02C", (("COAlarm", ALARM), ("HighTempAlarm", ALARM))),
    0x12: ("R718WB", ONE_LEAK),
    0x13: ("R718AB", CLIMATE),
    0x1A: ("R718DA", STATUS),
    0x1B: ("R718DB", STATUS),
    0x1D: ("R718F", ON_OFF),
    0x20: ("R718IA", ANALOG),
    0x21: ("R718J", STATUS),
    0x25: ("R718LB", STATUS),
    0x26: ("R718MA", RADIO),
    0x27: ("R718MBA", STATUS),
    0x2A: ("R718IB", ANALOG),
    0x2B: ("R718MBB", COUNT),
    0x31: ("R718T", BUTTON),
    0x32: ("R718WA", ONE_LEAK),
    0x35: ("RA0716", DUST),
    0x36: ("R72616", DUST),
    0x37: ("R72716", DUST),
    0x4B: ("R311B", LIGHT),
    0x4D: ("R312A", BUTTON),
    0x4E: ("R311D", RADIO),
    0x4F: ("R311FA", STATUS),
    0x50: ("R311FB", COUNT),
    0x55: ("R312", (("Doorbell", _u(1)),)),
    0x5A: ("R311WA", (("Status_1", _word("OFF", "ON")), ("Status_2", _word("OFF", "ON")))),
    0x5B: ("R718Q", STATUS),
    0x6A: ("R72616A", DUST),
    0x6E: ("R720A", CLIMATE),
    0x74: ("R730IA", ANALOG),
    0x75: ("R730IB", ANALOG),
    0x7D: ("R730F", ON_OFF),
    0x81: ("R730MA", RADIO),
    0x82: ("R730MBA", STATUS),
    0x83: ("R730MBB", COUNT),
    0x89: ("R730DA", STATUS),
    0x8B: ("R730DB", STATUS),
    0x8D: ("R730LB", STATUS),
    0x97: ("R718QA", STATUS),
    0xA8: ("R311DA", STATUS),
    0xA9: ("R311DB", STATUS),
    0xAA: ("R311LA", (("Status", _word("OFF", "ON")), ("RawSenseData", _u(2)))),
    0xB7: ("R720F", STATUS),
    0xD2: ("R315", ()),
    0xD7: ("RA02G", (
        ("IncenseSmokeAlarm", ALARM), ("HighSoundAlarm", ALARM), ("ShockTamperAlarm", ALARM), ("PowerOffAlarm", ALARM),
    )),
}  # fmt: skip
MAY_BE_CUT: Final = {"Temp"}  # what older firmware leaves out
ALARMS: Final = {
    "WaterLeak": Kind.WATER_LEAK,
    "WaterLeak_1": Kind.WATER_LEAK,
    "WaterLeak_2": Kind.WATER_LEAK,
    "FireAlarm": Kind.FIRE,
    "HighTempAlarm": Kind.FIRE,
    "COAlarm": Kind.GAS,
    "IncenseSmokeAlarm": Kind.SMOKE,
    "Alarm": Kind.SOS,
    "DisassembledAlarm": Kind.TAMPER,
    "ShockTamperAlarm": Kind.TAMPER,
}
RAISED: Final = (1, "Alarm", "Leak")
MOVING: Final = {"OnOff", "Occupy", "status", "Status", "Status_1", "RawSenseData"}
MULTI: Final = 0xD2  # R315: several sensors in one; bits of its second word
MULTI_ALARMS: Final = {1: Kind.SOS, 8: Kind.WATER_LEAK}
ANSWERS: Final = {
    0x81: "ConfigReportRsp", 0x82: "ReadConfigReportRsp", 0x83: "SetAlarmThresholdRsp", 0x84: "GetAlarmThresholdRsp",
}  # fmt: skip
INFRARED: Final = {0x83: "SetIRDisableTimeRsp", 0x84: "GetIRDisableTimeRsp"}
CHANGES: Final[Mapping[str, Fields]] = {  # what a configuration read back says beyond times and battery
    "Humi": (("TempChange", _u(2, 100)), ("HumiChange", _u(2, 100))),
    "Occupy": (("TempChange", _u(2, 100)), ("IlluminanceChange", _u(2))),
}


def claims(message: Message) -> bool:
    return "lorawan" in message.transport and "NETVOX" in str(message.meta.get("model", "")).upper()


def decode(message: Message) -> list[Signal]:
    uplink = Uplink.of(message)
    uplink.on(6, 7, 13)
    match uplink.port:
        case 7:
            return _answer(uplink)
        case 13:
            return _button(uplink)
    return _report(uplink)


def _device(frame: Frame) -> tuple[int, str, Fields]:
    number = frame.u(1)
    if number not in DEVICES:
        raise BadPayload(f"unknown device type {number:#04x}")
    return number, *DEVICES[number]


def _report(uplink: Uplink) -> list[Signal]:
    frame = uplink.frame
    frame.take(1)
    (number, device, fields), report = _device(frame), frame.u(1)
    said: dict[str, Any] = {"Device": device}
    if report == 0:
        said |= {"SWver": frame.u(1) / 10, "HWver": frame.u(1), "Datecode": frame.bcd(4)}
        return uplink.says(said, kind=Kind.STATUS)
    if report != 1 and not (number == MULTI and report == 2):
        raise BadPayload(f"unknown report type {report}")
    voltage = frame.u(1)
    volts = (voltage & ~LOW) / 10
    said["Volt"] = f"{volts:g}(low battery)" if voltage & LOW else volts
    alarms = [Kind.LOW_BATTERY] if voltage & LOW else []
    if number == MULTI:
        return _multi(uplink, report, said, alarms)
    for name, read in fields:
        if frame.left or name not in MAY_BE_CUT:
            said[name] = read(frame)
    alarms += [kind for name, kind in ALARMS.items() if said.get(name) in RAISED]
    kind = Kind.ACTIVITY if MOVING & said.keys() else Kind.BATTERY_OR_STATUS
    return uplink.says(said, *alarms, kind=Kind.BUTTON_PRESS if said.get("Doorbell") == 1 else kind)


def _multi(uplink: Uplink, report: int, said: dict[str, Any], alarms: list[Kind]) -> list[Signal]:
    frame = uplink.frame
    if report == 2:
        return uplink.says({**said, "Illuminance": frame.u(2)}, *alarms, kind=Kind.ENVIRONMENT)
    enabled, states = frame.u(2), frame.u(2)
    said |= {"FunctionEnable": f"{enabled:b}", "BinarySensorReport": f"{states:b}"}
    if bit(enabled, 0):
        said |= {"Temp": frame.i(2) / 100, "Humi": frame.u(1) / 2}
    alarms += [kind for number, kind in MULTI_ALARMS.items() if bit(states, number)]
    return uplink.says(said, *alarms, kind=Kind.ACTIVITY)


def _answer(uplink: Uplink) -> list[Signal]:
    frame = uplink.frame
    command, (_, device, fields) = frame.u(1), _device(frame)
    names = {name for name, _ in fields}
    known = (ANSWERS | INFRARED if "Occupy" in names else ANSWERS).get(command)
    if known is None:
        raise BadPayload(f"unknown command {command:#04x}")
    said: dict[str, Any] = {"Cmd": known, "Device": device}
    match known:
        case "ReadConfigReportRsp":
            said |= {"MinTime": frame.u(2), "MaxTime": frame.u(2), "BatteryChange": frame.u(1) / 10}
            for name, changes in CHANGES.items():
                said |= {change: read(frame) for change, read in changes} if name in names and frame.left >= 4 else {}
        case "GetAlarmThresholdRsp":
            said["AlarmThreshold"] = frame.u(1)
        case "GetIRDisableTimeRsp":
            said |= {"IRDisableTime": frame.u(2), "IRDetectionTime": frame.u(2)}
        case _:
            said["Status"] = _status(frame)
    return uplink.says(said, kind=Kind.STATUS)


def _button(uplink: Uplink) -> list[Signal]:
    command = uplink.frame.u(1)
    if command == 0x81:
        return uplink.says({"Cmd": "SetButtonPressTimeRsp", "Status": _status(uplink.frame)}, kind=Kind.STATUS)
    if command == 0x82:
        return uplink.says({"Cmd": "GetButtonPressTimeRsp", "PressTime": uplink.frame.u(1)}, kind=Kind.STATUS)
    raise BadPayload(f"unknown command {command:#04x}")


def _status(frame: Frame) -> str:
    return "Success" if frame.u(1) == 0 else "Failure"
