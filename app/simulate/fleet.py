"""The devices of the district: a button in every called home, watches, smoke sensors and radars in some."""

import random
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.equipment import models
from app.equipment.rules import DeviceState, Link
from app.equipment.tables import Device
from app.people.tables import Elder

SPOT: Final = {"yl-pendant": "颈上", "yl-wall": "床头", "yl-watch": "手腕"}
BESIDE_THE_BUTTON: Final = (("yl-smoke", 0.35, "厨房"), ("yl-radar", 0.12, "卫生间"), ("yl-motion", 0.20, "客厅"),
                            ("yl-gas", 0.10, "厨房"), ("yl-bed", 0.06, "卧室"))  # fmt: skip


def register(session: Session, rng: random.Random, district_id: int, *, homes: int, now: datetime) -> int:
    """Put devices into `homes` homes, those on purchased service first; the answer is how many devices there are."""
    models.load(session)
    rows = session.execute(
        select(Elder.id, Elder.home_id, Elder.division_code).order_by(Elder.register, Elder.id)
    ).all()
    serial, made, seen = rng.randrange(0x3000, 0x5000), 0, set[int]()

    def device(model: str, code: str, home_id: int, spot: str, elder_id: int | None) -> None:
        nonlocal serial, made
        serial += rng.randint(1, 29)
        installed = now - timedelta(days=rng.randint(30, 900))
        silent = rng.random() < 0.03
        unheard = timedelta(hours=rng.randint(26, 90)) if silent else timedelta(seconds=rng.randint(5, 900))
        session.add(
            Device(
                district_id=district_id,
                division_code=code,
                wire_id=f"{model.removeprefix('yl-')}-{serial:04x}",
                model_id=model,
                home_id=home_id,
                elder_id=elder_id,
                spot=spot,
                state=DeviceState.ACTIVE,
                battery=round(rng.triangular(12, 100, 85)),
                link=Link.OFFLINE if silent else Link.UNKNOWN,
                last_seen_at=now - unheard,
                installed_at=installed,
                tested_at=max(installed, now - timedelta(days=rng.randint(1, 60))),
            )
        )
        made += 1

    for elder_id, home_id, code in rows:
        if home_id in seen:
            continue
        if len(seen) == homes:
            break
        seen.add(home_id)
        kind = rng.choices(("yl-pendant", "yl-wall", "yl-watch"), (60, 25, 15))[0]
        worn = kind != "yl-wall"
        device(
            kind,
            code,
            home_id,
            "颈上" if kind == "yl-pendant" else "手腕" if worn else "床头",
            elder_id if worn else None,
        )
        for model, share, spot in BESIDE_THE_BUTTON:
            if rng.random() < share:
                device(model, code, home_id, spot, None)
    return made
