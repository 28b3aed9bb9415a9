"""Models as data: what is shipped can be read, local changes stay, and the registered model decides the decoder."""

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.alarms.rules import AlarmKind
from app.db import transaction
from app.equipment import models
from app.equipment.models import MODELS
from app.equipment.rules import Power
from app.equipment.tables import Device, DeviceModel, DeviceModelEdit
from devices.codecs import CODECS, chirpstack_event
from devices.signals import Message
from tests.app.alarms.story import alarms, hear
from tests.cast import DISTRICT, TEN, a_device
from tests.conftest import MORNING

database = pytest.mark.usefixtures("database")


def test_every_shipped_model_is_read_by_a_codec_and_promises_what_can_be_kept() -> None:
    assert len({model.id for model in MODELS}) == len(MODELS) > 60
    for model in MODELS:
        assert model.family in CODECS, model
        assert model.says and 0 < model.heartbeat_seconds <= model.silence_seconds, model
        assert (model.battery_days is None) == (model.power is Power.MAINS), model
        if model.family == chirpstack_event.FAMILY and model.decoder:
            assert any(maker in model.decoder.upper() for maker in chirpstack_event.MAKERS), model


@database
def test_a_new_release_corrects_what_nobody_here_has_changed() -> None:
    mine = {"heartbeat_seconds": 900, "silence_seconds": 1900}
    with transaction() as session:
        models.load(session)
        models.edit(session, "yl-pendant", mine, district_id=DISTRICT, by="王工", now=TEN)
        models.add(
            session, "yl-new", {**models.as_stored(_said("yl-wall")), "name": "床头按钮二代"},
            district_id=DISTRICT, by="王工", now=TEN,
        )  # fmt: skip
    newer = [replace(m, heartbeat_seconds=1200, battery_days=400) for m in MODELS if m.id == "yl-pendant"]
    with transaction() as session:
        models.load(session, newer)
        row = session.get_one(DeviceModel, "yl-pendant")
        assert (row.heartbeat_seconds, row.silence_seconds, row.battery_days) == (900, 1900, 400)
        assert session.get_one(DeviceModel, "yl-new").name == "床头按钮二代"
        edit = session.scalars(select(DeviceModelEdit).where(DeviceModelEdit.model_id == "yl-pendant")).one()
        assert (edit.by, edit.before["heartbeat_seconds"], edit.after) == ("王工", 1800, mine)


@database
def test_a_promise_that_a_release_changes_is_kept_at_once() -> None:
    late = MORNING + timedelta(hours=9)
    with transaction() as session:
        told, other = a_device(session, look_at=late), a_device(session, model="yl-watch", look_at=late)
        listed = a_device(session, look_at=None)
    now = MORNING + timedelta(minutes=30)
    newer = [replace(m, silence_seconds=1900, battery_days=400) for m in MODELS if m.id == "yl-pendant"]
    newer += [replace(m, battery_days=400) for m in MODELS if m.id == "yl-watch"]
    with transaction() as session:
        models.load(session, newer, now=now)
        found = {row.id: row.look_at for row in session.scalars(select(Device))}
    assert found == {told.id: now, other.id: late, listed.id: None}


def _said(model_id: str) -> dict[str, object]:
    return {name: getattr(next(m for m in MODELS if m.id == model_id), name) for name in models.FIELDS}


@database
def test_the_same_bytes_are_a_leak_of_one_registered_model_and_a_taken_chair_of_another() -> None:
    """Milesight channel 03 type 00: WS303 says water, VS340 says occupied. ChirpStack's profile names neither."""
    with transaction() as session:
        a_device(session, wire_id="24e124535b000001", model="milesight-ws303")
        a_device(session, wire_id="24e124535b000002", model="milesight-vs340")
    hear(*[_uplink(f"24e124535b00000{n}", bytes.fromhex("017564030001")) for n in (1, 2)], now=MORNING)
    with transaction() as session:
        assert [alarm.kind for alarm in alarms(session)] == [AlarmKind.WATER_LEAK]


def _uplink(eui: str, data: bytes) -> Message:
    event = {
        "deduplicationId": f"dd-{eui}", "time": MORNING.isoformat(), "fPort": 85, "fCnt": 7,
        "deviceInfo": {"devEui": eui, "deviceProfileName": "Class A"}, "data": base64.b64encode(data).decode(),
    }  # fmt: skip
    topic = f"application/1/device/{eui}/event/up"
    return Message(topic, json.dumps(event).encode(), qos=1, received_at=MORNING, source="bridges")
