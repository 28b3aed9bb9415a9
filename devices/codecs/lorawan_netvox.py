"""Netvox sensors on LoRaWAN (public source: Netvox LoRaWAN application command).

port 6   version(1) device type(1) report type(1) …      report 0 is the start, 1 the state: voltage, whose top bit
         says that the battery is low, and then the device's own
port 7   command(1) device type(1) …      answers to configuration        port 13   answers of a button
"""

from typing import Any, Final

from devices.codecs.frame import Frame
from devices.codecs.lorawan import Uplink
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "lorawan_netvox"
DEVICES: Final = {0x02: "R311A", 0x03: "RB11E", 0x06: "R311W", 0x0A: "RA02A", 0x4D: "R312A"}
BUTTON: Final = "R312A"
STATES: Final = {  # what follows the voltage in a state report
    "R311A": ("OnOff",),
    "R311W": ("WaterLeak1", "WaterLeak2"),
    "RA02A": ("FireAlarm", "HighTempAlarm"),
    "R312A": ("Alarm",),
}
ALARMS: Final = {
    "WaterLeak1": Kind.WATER_LEAK,
    "WaterLeak2": Kind.WATER_LEAK,
    "FireAlarm": Kind.FIRE,
    "HighTempAlarm": Kind.FIRE,
    "Alarm": Kind.SOS,
    "TamperAlarm": Kind.TAMPER,
}
LOW: Final = 0x80


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


def _device(frame: Frame) -> str:
    number = frame.u(1)
    if number not in DEVICES:
        raise BadPayload(f"unknown device type {number:#04x}")
    return DEVICES[number]


def _report(uplink: Uplink) -> list[Signal]:
    frame = uplink.frame
    frame.take(1)
    device, report = _device(frame), frame.u(1)
    said: dict[str, Any] = {"Device": device}
    if report == 0:
        said |= {"SWver": frame.u(1) / 10, "HWver": frame.u(1), "Datecode": frame.bcd(4)}
        return uplink.says(said, kind=Kind.STATUS)
    if report != 1:
        raise BadPayload(f"unknown report type {report}")
    voltage = frame.u(1)
    volts = (voltage & ~LOW) / 10
    said["Volt"] = f"{volts}(low battery)" if voltage & LOW else volts
    if device == "RB11E":
        said |= {
            "Temperature": frame.i(2) / 100,
            "illuminance": frame.u(2),
            "Occupy": frame.u(1),
            "TamperAlarm": frame.u(1),
        }
    said |= {name: frame.u(1) for name in STATES.get(device, ())}
    alarms = [kind for name, kind in ALARMS.items() if said.get(name) == 1]
    if voltage & LOW:
        alarms.append(Kind.LOW_BATTERY)
    moving = "OnOff" in said or "Occupy" in said
    return uplink.says(said, *alarms, kind=Kind.ACTIVITY if moving else Kind.BATTERY_OR_STATUS)


def _answer(uplink: Uplink) -> list[Signal]:
    frame = uplink.frame
    command, device = frame.u(1), _device(frame)
    if command == 0x81:
        said: dict[str, Any] = {"Cmd": "ConfigReportRsp", "Device": device, "Status": _status(frame)}
    elif command == 0x82:
        said = {"Cmd": "ReadConfigReportRsp", "Device": device, "MinTime": frame.u(2), "MaxTime": frame.u(2)}
        said["BatteryChange"] = frame.u(1) / 10
    else:
        raise BadPayload(f"unknown command {command:#04x}")
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
