"""The doors of what alarms and messages tell about devices: models compared, devices to replace, one device's words."""

import base64
from datetime import UTC, datetime

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.access.api import Desk, Reader
from app.alarms import model_statistics, queries
from app.alarms.rules import Outcome
from app.db import transaction
from app.equipment.queries import life_of
from app.equipment.rules import DeviceKind

router = APIRouter(prefix="/api/devices", tags=["devices"])
DISTRICT = 6  # digits of a district's code


class ModelOut(BaseModel):
    """A model in the field over some days."""

    id: str
    maker: str
    name: str
    kind: DeviceKind
    active: int
    untested: int
    device_months: float
    alarms: int
    real: int
    false: int
    false_per_month: float | None  # a device
    silent_hours: float
    silent_hours_per_month: float | None  # a device
    reconnects: int
    reconnects_per_day: float | None  # a device
    battery_lasts: float | None
    battery_promised: int | None
    set_aside: int

    @classmethod
    def of(cls, row: model_statistics.ModelRow) -> "ModelOut":
        """With the rates, where there is something to divide by."""
        months = row.device_months or None
        return cls(
            **vars(row), false_per_month=months and row.false / months,
            silent_hours_per_month=months and row.silent_hours / months,
            reconnects_per_day=months and row.reconnects / months / 30,
        )  # fmt: skip


class ReplaceOut(BaseModel):
    """A device that had three or more false alarms in seven days."""

    device_id: int
    wire_id: str
    model: str
    kind: DeviceKind
    elder_name: str | None
    elder_id: int | None
    estate: str | None
    false: int
    last_at: datetime


class Models(BaseModel):
    """Models compared, and devices to replace."""

    days: int
    items: list[ModelOut]
    replace: list[ReplaceOut]


@router.get("/models")
def models(me: Reader, days: int = Query(30, ge=1, le=366)) -> Models:
    """How each model did."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        rows = model_statistics.by_model(session, days=days, now=now)
        worn_out = model_statistics.to_replace(session, now=now)
    return Models(
        days=days, items=[ModelOut.of(row) for row in rows], replace=[ReplaceOut(**vars(one)) for one in worn_out]
    )


class Word(BaseModel):
    """A message of a device: what it was read as, or why it was set aside."""

    at: datetime
    topic: str
    transport: str
    outcome: Outcome
    kind: str | None
    device_at: datetime | None
    clock_off: int | None
    battery: float | None
    reason: str | None
    payload: str  # its beginning, of what was set aside, for whoever may see the whole district


class Words(BaseModel):
    """The latest of a device, newest first."""

    items: list[Word]


@router.get("/{device_id}/messages")
def messages(device_id: int, me: Desk) -> Words:
    """What a device said lately. What it measured is health, and not shown here."""
    with transaction(me.scope) as session:
        rows = queries.words_of(session, device_id, life_of(session, device_id).wire_id, me.district_id)
    whole = len(me.area) <= DISTRICT
    return Words(
        items=[
            Word(
                **{name: value for name, value in vars(row).items() if name != "payload"},
                payload=base64.b64decode(row.payload)[:200].decode(errors="replace") if whole and row.payload else "",
            )
            for row in rows
        ]
    )
