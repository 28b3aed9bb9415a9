"""The district's devices on the real broker: they beat, and now and then somebody presses, falls or burns the rice."""

import random
import threading
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import structlog
from sqlalchemy import select

from app.db import transaction
from app.equipment.rules import DeviceState
from app.equipment.tables import Device, DeviceModel
from devices.signals import Kind
from devices.simulator import Fleet

log = structlog.get_logger()
A_MONTH: Final = {  # events per device-month, domain.md 4.5
    "help_button": (Kind.SOS, 0.35), "watch": (Kind.SOS, 0.35), "fall_sensor": (Kind.FALL, 0.25),
    "motion_sensor": (Kind.INACTIVITY, 0.20), "smoke_sensor": (Kind.SMOKE, 0.03), "gas_sensor": (Kind.GAS, 0.01),
}  # fmt: skip
MONTH_SECONDS: Final = 30 * 86400
BEAT_ALL: Final = 240.0  # real seconds in which every device beats once
FIRST_PRESS: Final = 45.0  # real seconds: a newcomer should hear one


@dataclass(frozen=True)
class SomeDevice:
    """A device that may speak."""

    wire_id: str
    kind: str


def known() -> list[SomeDevice]:
    """Every installed device of our own protocol that is not lost."""
    with transaction() as session:
        rows = session.execute(
            select(Device.wire_id, DeviceModel.kind)
            .join(DeviceModel, DeviceModel.id == Device.model_id)
            .where(Device.state == DeviceState.ACTIVE, DeviceModel.family == "care_v1")
            .where(Device.look_at.is_not(None))
            .order_by(Device.id)
        ).all()
    return [SomeDevice(wire_id, kind) for wire_id, kind in rows]


def run(*, gateway_url: str, speed: float, seed: int, stop: threading.Event) -> None:
    """Beat and press until told to stop. Presses come at the rates of the field, `speed` times as often."""
    rng, found = random.Random(f"{seed}/presses"), known()
    url = urlsplit(gateway_url)
    account = (unquote(url.username or ""), unquote(url.password or ""))
    rates = [A_MONTH.get(device.kind, (Kind.SOS, 0.0))[1] for device in found]
    a_second = sum(rates) / MONTH_SECONDS * speed
    if not found:
        return
    with Fleet(gateway_url, [device.wire_id for device in found], account) as fleet:
        step, next_press, index = 1.0, FIRST_PRESS, 0
        elapsed = 0.0
        while not stop.wait(step):
            elapsed += step
            share = max(1, round(len(found) * step / BEAT_ALL))
            fleet.beat([found[(index + n) % len(found)].wire_id for n in range(share)])
            index = (index + share) % len(found)
            if elapsed >= next_press:
                device = rng.choices(found, rates)[0]
                fleet.press(device.wire_id, A_MONTH[device.kind][0])
                next_press = elapsed + rng.expovariate(a_second)
