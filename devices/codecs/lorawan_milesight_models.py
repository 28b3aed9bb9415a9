"""What each model of Milesight means by its channels (public source: Milesight, user guides, "Uplink packet").

A channel is (channel, type) and a reader of the value that follows. `past` reads what follows the time stamp of a
history record, by the record's channel (20 or 21).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from devices.codecs.lorawan_milesight_values import (
    CHANGE_WORDS,
    CO2,
    COUNTER,
    DISTANCE,
    HEAT,
    HUMIDITY,
    LEAK,
    LINES,
    MAGNET,
    OCCUPIED,
    PIR,
    POSITION,
    PRESSURE,
    RADAR,
    TAMPER,
    TEMPERATURE,
    THRESHOLD,
    TS_WORDS,
    Channels,
    Reader,
    ampere,
    both,
    button,
    changed,
    coded,
    counts_past,
    current_alarm,
    gas_level,
    in_out,
    number,
    people,
    place_past,
    pulse_past,
    radar_past,
    region_mask,
    scene,
    skip,
    sound,
    switches,
    tilt,
    tilt_310,
    two_pasts,
    water_meter,
    where,
    wifi,
    word,
)


@dataclass(frozen=True, slots=True)
class Model:
    """One model's own channels, beside those that all have."""

    channels: Channels
    past: Mapping[int, Reader] = field(default_factory=dict)


CLIMATE_PAST: Final = both(TEMPERATURE, HUMIDITY)
LEAK_PAST: Final = both(CLIMATE_PAST, LEAK)
AIR: Final[Channels] = {
    (0x05, 0x00): PIR,
    (0x05, 0x6A): number("activity", 2),
    (0x05, 0x9F): lambda frame: {"pir_status": "trigger" if (v := frame.u(2, little=True)) >> 15 else "vacant",
                                 "pir_count": v & 0x7FFF},
    (0x06, 0x65): both(number("illumination", 2), number("infrared_and_visible", 2), number("infrared", 2)),
    (0x06, 0xCB): number("light_level", 1),
    (0x06, 0x9D): number("illuminance", 2),
    (0x07, 0x7D): CO2,
    (0x08, 0x7D): number("tvoc", 2, by=100),
    (0x08, 0xE6): number("tvoc", 2),
    (0x09, 0x73): PRESSURE,
    (0x0A, 0x7D): number("hcho", 2, by=100),
    (0x0B, 0x7D): number("pm2_5", 2),
    (0x0C, 0x7D): number("pm10", 2),
    (0x0D, 0x7D): number("o3", 2, by=100),
    (0x0E, 0x01): word("buzzer_status", "off", "on", beep="no|yes"),
}  # fmt: skip


def _air_past(*rest: Reader, tvoc: int = 100) -> Reader:
    """What the larger ones remember; humidity has two bytes here."""
    return both(
        TEMPERATURE, number("humidity", 2, by=2), PIR, number("light_level", 1), CO2,
        number("tvoc", 2, by=tvoc), PRESSURE, *rest,
    )  # fmt: skip


def _air(*rest: Reader) -> Model:
    return Model(AIR, {0x20: _air_past(*rest), 0x21: _air_past(*rest, tvoc=1)})


DUST: Final = (number("pm2_5", 2), number("pm10", 2))
SWITCH: Final[Channels] = {
    (0xFF, 0x29): switches,
    (0x08, 0x29): switches,
    (0xFF, 0x2B): word("button_trigger", "none", "trigger"),
}
POWER: Final[Channels] = {
    (0x03, 0x74): number("voltage", 2, by=10),
    (0x04, 0x80): number("active_power", 4),
    (0x05, 0x81): number("power_factor", 1),
    (0x06, 0x83): number("power_consumption", 4),
    (0x07, 0xC9): number("current", 2),
    (0x08, 0x70): lambda frame: {"socket_status": "on" if frame.u(1) & 1 else "off"},
    (0xFF, 0x3F): word("outage", "power outage", "power on"),
}
VALVE: Final[Channels] = {
    (0x04, 0x67): number("target_temperature", 2, by=10, signed=True),
    (0x05, 0x92): number("valve_opening", 1),
    (0x06, 0x00): TAMPER,
    (0x07, 0x00): word("window_detection", "normal", "open"),
    (0x08, 0xE5): word(
        "motor_calibration_result", "success", "fail: out of range", "fail: uninstalled", "calibration cleared",
        "temperature control disabled",
    ),
    (0x09, 0x90): number("motor_stroke", 2),
    (0x0A, 0x00): word("freeze_protection", "normal", "triggered"),
    (0x0B, 0x90): number("motor_position", 2),
}  # fmt: skip
LIQUIDS: Final = {0: "uncalibrated", 1: "full", 2: "critical liquid level alert", 0xFF: "error"}
LEARNING: Final = (
    "learn_unfinished", "success", "learn_failed_with_collect_error", "learn_failed_with_pir_interrupt",
)  # fmt: skip
MUTATION: Final = (*THRESHOLD, "mutation_alarm")
BLIND: Final = ("blind alarm release", "blind alarm", "no target", "sensor exception")
LEVEL: Final[Channels] = {
    (0x03, 0x82): DISTANCE,
    (0x04, 0x82): DISTANCE,
    (0x05, 0x00): POSITION,
    (0x06, 0x88): where,
    (0x83, 0x67): both(TEMPERATURE, word("temperature_alarm", *THRESHOLD)),
    (0x84, 0x82): both(DISTANCE, word("distance_alarm", *MUTATION)),
    (0x94, 0x82): both(DISTANCE, number("distance_mutation", 2, signed=True), word("distance_alarm", *MUTATION)),
    (0xB4, 0x82): both(DISTANCE, word("distance_exception", *BLIND)),
}  # fmt: skip
SOIL: Final[Channels] = {
    (0x04, 0x68): number("moisture", 1, by=2),
    (0x04, 0xCA): number("moisture", 2, by=100),
    (0x05, 0x7F): number("ec", 2),
}
REPORTS: Final = ("temperature resume", "temperature threshold", "pir idle", "pir occupancy", "period")

MODELS: Final[Mapping[str, Model]] = {  # by how the model's name begins; the longest that fits
    "WS101": Model({}),
    "WS136": Model({(0xFF, 0x34): scene}),
    "WS156": Model({(0xFF, 0x34): scene}),
    "WS201": Model({(0x03, 0x82): DISTANCE, (0x04, 0xD6): number("remaining", 1)}),
    "WS202": Model(
        {(0x03, 0x00): PIR, (0x04, 0x00): word("light", "dark", "bright", daylight="dark|light")}
    ),
    "WS203": Model(
        {
            (0x05, 0x00): OCCUPIED,
            (0x83, 0x67): both(TEMPERATURE, word("temperature_abnormal", "normal", "abnormal")),
        },
        {0x20: both(word("report_type", *REPORTS), OCCUPIED, TEMPERATURE, HUMIDITY)},
    ),
    "WS301": Model({(0x03, 0x00): MAGNET, (0x04, 0x00): TAMPER}),
    "WS302": Model({(0x05, 0x5B): sound}),
    "WS303": Model({(0x03, 0x00): word("leakage_status", "normal", "leak", leak_status="normal|leak")}),
    "WS50": Model({**POWER, **SWITCH}),
    "WS51": Model(POWER),
    "WS52": Model(POWER),
    "VS121": Model(
        {
            (0x04, 0xC9): people,
            (0x05, 0xCC): in_out("people"),
            (0x06, 0xCD): number("people_count_max", 1),
            (0x07, 0xD5): both(*(number(f"region_{n}_count", 1) for n in range(1, 9))),
            (0x08, 0xD5): both(*(number(f"region_{n}_count", 1) for n in range(9, 17))),
            **{
                (0x09 + n, 0xDA): both(*(number(f"{a}_to_{b}", 2) for b in "abcd")) for n, a in enumerate("abcd")
            },
            (0x0D, 0xCC): in_out("people_total"),
            (0x0F, 0x85): number("timestamp", 4),
        }
    ),
    "VS13": Model(LINES),
    "VS321": Model(
        {
            (0x05, 0xFD): number("people_total_counts", 2),
            (0x06, 0xFE): region_mask,
            (0x07, 0xFF): word("illuminance_status", "dim", "bright"),
            (0x08, 0xF4): both(skip(1), word("confidence", "high", "low")),
            (0x0A, 0xEF): number("timestamp", 4),
        }
    ),
    "VS330": Model(
        {
            (0x02, 0x82): DISTANCE,
            (0x02, 0xA5): both(*(number(f"distance_{n}", 2) for n in range(1, 5))),
            (0x03, 0x8E): word("occupancy", "vacant", "occupied", "first_learn_unfinished", "collection_failed"),
            (0x04, 0x8E): word("calibration_status", "failed", "success"),
            (0x04, 0xA8): word("first_learn_status", *LEARNING),
            (0x06, 0xA6): number("ambient_counts", 4),
            (0x07, 0xA7): number("similarity", 1),
            (0x08, 0xA8): word("second_learn_status", *LEARNING),
        }
    ),
    "VS34": Model({(0x03, 0x00): OCCUPIED}),
    "VS350": Model(COUNTER, {0x20: counts_past}),
    "VS351": Model(COUNTER, {0x20: counts_past}),
    "VS360": Model({**COUNTER, (0x01, 0x75): both(number("battery_main", 1))}, {0x20: counts_past}),
    "VS370": Model(
        {(0x03, 0x00): OCCUPIED, (0x04, 0x00): coded("illuminance", {0: "dim", 1: "bright", 0xFE: "disable"})}
    ),
    "VS373": Model(RADAR, {0x20: radar_past}),
    "EM300-TH": Model({}, {0x20: both(CLIMATE_PAST, skip(1))}),
    "EM300-MCS": Model({(0x06, 0x00): MAGNET}, {0x20: both(CLIMATE_PAST, MAGNET)}),
    "EM300-MLD": Model({(0x05, 0x00): LEAK, (0x06, 0x00): LEAK}, {0x20: both(skip(3), LEAK)}),
    "EM300-SLD": Model({(0x05, 0x00): LEAK}, {0x20: LEAK_PAST}),
    "EM300-ZLD": Model({(0x05, 0x00): LEAK}, {0x20: LEAK_PAST}),
    "EM300-DI": Model(
        {
            (0x05, 0x00): word("gpio", "low", "high"),
            (0x05, 0xC8): number("pulse", 4),
            (0x05, 0xE1): water_meter,
            (0x06, 0xE1): water_meter,
            (0x85, 0x00): both(word("gpio", "low", "high"), word("gpio_alarm", "gpio alarm release", "gpio alarm")),
        },
        {0x20: pulse_past},
    ),
    "EM300-CL": Model(
        {
            (0x03, 0xED): coded("liquid", LIQUIDS),
            (0x04, 0xEE): word("calibration_result", "failed", "success"),
            (0x83, 0xED): both(
                coded("liquid", LIQUIDS),
                word("liquid_alarm", "critical liquid level alarm release", "critical liquid level alarm"),
            ),
        }
    ),
    "EM310-TILT": Model({(0x03, 0xCF): tilt_310}),
    "EM310-UDL": Model({(0x03, 0x82): DISTANCE, (0x04, 0x00): POSITION}),
    "EM320-TILT": Model({(0x03, 0xD4): tilt}),
    "EM320-TH": Model({}, {0x20: CLIMATE_PAST}),
    "EM400": Model(LEVEL),
    "EM410": Model(LEVEL),
    "EM500-CO2": Model(
        {(0x05, 0x7D): CO2, (0x06, 0x73): PRESSURE, (0x83, 0xD7): changed("temperature", CHANGE_WORDS)},
        {0x20: both(CO2, PRESSURE, TEMPERATURE, HUMIDITY)},
    ),
    "EM500-LGT": Model({(0x03, 0x94): number("illumination", 4)}, {0x20: number("illumination", 4)}),
    "EM500-PP": Model({(0x03, 0x7B): number("pressure", 2)}, {0x20: number("pressure", 2)}),
    "EM500-PT100": Model({(0x83, 0xD7): changed("temperature", CHANGE_WORDS)}, {0x20: TEMPERATURE}),
    "EM500-SM": Model(SOIL, {0x20: both(number("ec", 2), TEMPERATURE, number("moisture", 2, by=100))}),
    "EM500-SWL": Model(
        {(0x03, 0x77): lambda frame: {"depth": (cm := frame.u(2, little=True)), "water_level": cm}},
        {0x20: number("depth", 2)},
    ),
    "EM500-UDL": Model({(0x03, 0x82): DISTANCE}, {0x20: DISTANCE}),
    "AM102": Model({}, {0x20: CLIMATE_PAST}),
    "AM103": Model({(0x07, 0x7D): CO2}, {0x20: both(CLIMATE_PAST, CO2)}),
    "AM104": Model(AIR),
    "AM107": Model({**AIR, (0x08, 0x7D): number("tvoc", 2)}),
    "AM30": _air(),
    "AM308": _air(*DUST),
    "AM319": _air(*DUST, number("hcho", 2, by=100)),
    "AT101": Model(
        {
            (0x04, 0x88): where,
            (0x05, 0x00): POSITION,
            (0x06, 0xD9): wifi,
            (0x07, 0x00): word("tamper_status", "install", "uninstall"),
            (0x08, 0x9B): skip(6),
            (0x83, 0x67): both(TEMPERATURE, word("temperature_abnormal", "normal", "abnormal")),
        },
        {0x20: place_past},
    ),
    "GS101": Model(
        {
            (0x05, 0x8E): word("gas_status", "normal", "alarm"),
            (0x06, 0x01): word("valve_status", "off", "on", valve="close|open"),
            (0x07, 0x01): word("relay_output_status", "off", "on", relay="close|open"),
            (0x08, 0x90): number("life_remain", 4),
            (0xFF, 0x3F): word(
                "alarm", "power off", "power on", "sensor fault", "sensor fault recovered",
                "sensor will be invalid soon", "device invalid",
            ),
        }
    ),
    "GS301": Model(
        {
            (0x02, 0x67): TEMPERATURE,
            (0x03, 0x68): HUMIDITY,
            (0x04, 0x7D): gas_level("nh3", 100),
            (0x05, 0x7D): gas_level("h2s", 100),
            (0x06, 0x7D): gas_level("h2s", 1000),
        }
    ),
    "TS101": Model({}, {0x20: TEMPERATURE}),
    "TS30": Model(
        {
            (0x03, 0x67): number("temperature_chn1", 2, by=10, signed=True),
            (0x04, 0x67): number("temperature_chn2", 2, by=10, signed=True),
            (0x03, 0x00): word("magnet_chn1", "closed", "opened"),
            (0x04, 0x00): word("magnet_chn2", "closed", "opened"),
            (0x83, 0x67): both(
                number("temperature_chn1", 2, by=10, signed=True), coded("temperature_chn1_alarm", TS_WORDS)
            ),
            (0x84, 0x67): both(
                number("temperature_chn2", 2, by=10, signed=True), coded("temperature_chn2_alarm", TS_WORDS)
            ),
            (0x93, 0xD7): changed("temperature_chn1", TS_WORDS),
            (0x94, 0xD7): changed("temperature_chn2", TS_WORDS),
        },
        {0x20: two_pasts},
    ),
    "CT10": Model(
        {
            (0x03, 0x97): number("total_current", 4, by=100),
            (0x04, 0x98): ampere,
            (0x09, 0x67): TEMPERATURE,
            (0x84, 0x98): current_alarm,
            (0x89, 0x67): both(TEMPERATURE, coded("temperature_alarm", HEAT)),
        }
    ),
    "WT101": Model(VALVE),
}  # fmt: skip
COMMON: Final[Channels] = {  # every model may use these
    (0x01, 0x75): number("battery", 1),
    (0x03, 0x67): TEMPERATURE,
    (0x04, 0x68): HUMIDITY,
    (0x83, 0x67): both(TEMPERATURE, coded("temperature_alarm", HEAT)),
    (0xFF, 0x2E): button,
}
NOBODY_KNOWS: Final = Model(  # a frame whose model is not registered: a channel that may be a leak is one
    {
        **{key: read for model in reversed(list(MODELS.values())) for key, read in model.channels.items()},
        **COMMON,
        (0x03, 0x00): LEAK,
        (0x05, 0x00): LEAK,
    },
    {0x20: LEAK_PAST},
)
ABOUT: Final[Mapping[int, Reader]] = {  # after FF
    0x01: lambda frame: {"ipso_version": f"v{(value := frame.u(1)) >> 4}.{value & 15}"},
    0x03: number("report_interval", 2),
    0x08: lambda frame: {"sn": frame.take(6).hex()},
    0x09: lambda frame: {"hardware_version": f"v{frame.u(1)}.{frame.u(1) >> 4}"},
    0x0A: lambda frame: {"firmware_version": f"v{frame.u(1)}.{frame.u(1)}"},
    0x0B: lambda frame: {"device_status": "on" if frame.u(1) else "off"},
    0x0F: word("lorawan_class", "Class A", "Class B", "Class C", "Class CtoB"),
    0x16: lambda frame: {"sn": frame.take(8).hex()},
    0x1F: lambda frame: {"firmware_version": ".".join(str(part) for part in frame.take(4))},
    0xFE: lambda frame: {"reset_event": "reset" if frame.u(1) else "normal"},
    0xFF: lambda frame: {"tsl_version": f"v{frame.u(1)}.{frame.u(1)}"},
}
