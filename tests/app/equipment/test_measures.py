"""Makers' words in ours: units, plausibility, and readings that no reading can break."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.equipment.measures import Measure, Metric, measures
from app.equipment.rules import DeviceKind
from devices.signals import Kind

M, K = Metric, Kind


def said(kind: Kind, device: DeviceKind | None = None, **readings: Any) -> dict[str, float]:
    """What the readings measured."""
    return {m.metric.value: m.value for m in measures(device, kind, {"readings": readings})}


@pytest.mark.parametrize(
    ("kind", "readings", "expected"),
    [
        (K.VITALS, {"heartRate": 71, "type": "PULSE"}, {"heart_rate": 71}),
        (K.VITALS, {"bpm": 63, "batt": 97}, {"heart_rate": 63}),
        (K.VITALS, {"heart_rate": 75, "sensor_contact": "DETECTED"}, {"heart_rate": 75}),
        (K.VITALS, {"pressureHigh": 120, "pressureLow": 79, "heartRate": 71},
         {"systolic": 120, "diastolic": 79, "heart_rate": 71}),
        (K.VITALS, {"pressureSystolic": 130, "pressureDiastolic": 85, "bloodSugar": 90, "bloodOxygen": "95"},
         {"systolic": 130, "diastolic": 85, "glucose": 5.0, "spo2": 95}),
        (K.VITALS, {"temp1": 36.5}, {"body_temperature": 36.5}),
        (K.VITALS, {"temperature": 98.6}, {"body_temperature": 37.0}),
        (K.ENVIRONMENT, {"temperature": 25.06, "humidity": 50.55}, {"room_temperature": 25.06, "room_humidity": 50.55}),
        (K.ENVIRONMENT, {"values": {"DS18B20": {"Id": "03", "Temperature": 68}, "TempUnit": "F"}, "TempUnit": "F"},
         {"room_temperature": 20.0}),
        (K.LOCATION, {"steps": 1000, "temp1": 28, "speed": 0}, {"steps": 1000}),
        (K.HEARTBEAT, {"steps": 12, "type": "LK"}, {"steps": 12}),
        (K.ACTIVITY, {"occupancy": False, "linkquality": 49}, {"movement": 0}),
        (K.ACTIVITY, {"pir": "trigger", "illuminance": "dim"}, {"movement": 1}),
        (K.ACTIVITY, {"zones": {"200": False, "201": True}}, {"movement": 1}),
        (K.ACTIVITY, {"contact": False}, {"door": 1}),
        (K.ACTIVITY, {"magnet_status": "open", "door": "open"}, {"door": 1}),
        (K.ACTIVITY, {"DOOR_OPEN_STATUS": 0}, {"door": 0}),
        (K.ACTIVITY, {"opening": True}, {"door": 1}),
        (K.VITALS, {"codes": ["85354-9"], "components": {"8480-6": 109, "8462-4": None}}, {"systolic": 109}),
        (K.VITALS, {"codes": ["8310-5"], "value": 97.8, "unit": "[degF]"}, {"body_temperature": 36.56}),
        (K.VITALS, {"codes": ["59408-5", "2708-6"], "value": 44, "unit": "%"}, {"spo2": 44}),
        (K.STATUS, {"voltage": 3.1}, {}),
    ],
)  # fmt: skip
def test_makers_words_are_ours(kind: Kind, readings: dict[str, Any], expected: dict[str, float]) -> None:
    assert said(kind, **readings) == pytest.approx(expected)


def test_what_lies_on_a_bed_mat_is_in_bed() -> None:
    assert said(K.ACTIVITY, DeviceKind.BED_SENSOR, occupancy=True) == {"bed": 1}
    assert said(K.VITALS, DeviceKind.BED_SENSOR, heart_rate=58, bed=True) == {"heart_rate": 58, "bed": 1}


@pytest.mark.parametrize(("name", "value"), [("heartRate", 0), ("heartRate", 400), ("temp1", 12), ("bloodOxygen", 30)])
def test_what_nobody_can_have_is_kept_and_marked(name: str, value: float) -> None:
    (found,) = measures(DeviceKind.WATCH, K.VITALS, {"readings": {name: value}})
    assert (found.value, found.ok) == (value, False)


def test_an_old_place_is_marked_and_an_accuracy_kept() -> None:
    place = {"lat": 37.8, "lon": 118.5, "datum": "wgs84", "accuracy_m": 15.0}
    (fresh,) = measures(None, K.LOCATION, {"readings": {"valid": True}, "place": place})
    (old,) = measures(None, K.LOCATION, {"readings": {"valid": False}, "place": place})
    assert fresh == Measure(M.LOCATION, 15.0, True, 37.8, 118.5)
    assert not old.ok


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["heartRate", "temperature", "codes", "components", "value", "unit", "zones", "steps", "door"])


@given(st.sampled_from(Kind), st.dictionaries(NAMES | st.text(max_size=6), JSON, max_size=6), JSON)
def test_no_reading_breaks_it(kind: Kind, readings: dict[str, Any], place: Any) -> None:
    for device in (None, DeviceKind.BED_SENSOR):
        for found in measures(device, kind, {"readings": readings, "place": place}):
            assert found.value == found.value
