"""What rules and vitals cost: readings a second through five rules an elder, and the bytes of what is kept.

    python -m bench.devices.vitals --homes 200 --rounds 10

Runs on an empty embedded PostgreSQL of its own. Seconds are of this process's CPU (`process_time`) and of the wall; the
database's own CPU is in the wall alone.
"""

import argparse
import random
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, text
from sqlalchemy.orm import Session

from app.cli.parts import postgres, valkey
from app.db import transaction
from app.equipment import actions as equipment
from app.equipment.tables import Reading
from app.monitoring import vitals, watching
from app.monitoring.rules import RuleKind
from tests.app.monitoring.story import in_force
from tests.cast import DISTRICT, a_device, an_elder
from tests.conftest import _schema

RULES = (RuleKind.HEART_RATE, RuleKind.SPO2, RuleKind.BODY_TEMPERATURE, RuleKind.BLOOD_PRESSURE, RuleKind.FENCE)


def measure(owner: Engine, homes: int, rounds: int) -> None:
    """Watches of so many homes measure so many times; then the same day is summed."""
    rng, now = random.Random(7), datetime.now(UTC) - timedelta(hours=12)
    with owner.begin() as connection:
        connection.execute(text("insert into districts (id, name) values (:id, '河口区')"), {"id": DISTRICT})
    with transaction() as session:
        watches = []
        for _ in range(homes):
            elder = an_elder(session)
            device = a_device(session, elder=elder, model="yl-watch")
            watches.append((device.id, elder.id, elder.home_id, elder.division_code))
        for kind in RULES:
            in_force(session, kind, now=now - timedelta(hours=1))
    spent, wall, count = 0.0, 0.0, 0
    for n in range(rounds):
        rows = [row_of(rng, *watch, now + timedelta(minutes=5 * n)) for watch in watches]
        with transaction() as session:
            _keep(session, rows)
        cpu, begun = time.process_time(), time.perf_counter()
        count += watching.look()
        spent, wall = spent + time.process_time() - cpu, wall + time.perf_counter() - begun
    print(
        f"rules: {count} readings of {homes} elders, 5 rules each: {count / spent:.0f}/s of CPU, {count / wall:.0f}/s"
    )
    cpu = time.process_time()
    vitals.sum_all(now=datetime.now(UTC))
    print(f"sums: {count / (time.process_time() - cpu):.0f} readings/s of CPU")
    with owner.connect() as connection:
        for table in ("readings", "vital_days"):
            size, rows_ = connection.execute(
                text(f"select pg_total_relation_size('{table}'), (select count(*) from {table})")
            ).one()
            print(f"{table}: {rows_} rows, {size / max(rows_, 1):.0f} bytes each, indexes and all")


def row_of(rng: random.Random, device: int, elder: int, home: int, code: str, at: datetime) -> dict[str, Any]:
    """A reading of a watch with six values."""
    said = {
        "heart_rate": round(rng.gauss(78, 9)), "spo2": round(rng.gauss(96, 1)), "body_temperature": 36.5,
        "systolic": round(rng.gauss(135, 9)), "diastolic": round(rng.gauss(80, 6)), "steps": rng.randrange(4000),
    }  # fmt: skip
    return {
        "district_id": DISTRICT, "division_code": code, "device_id": device, "elder_id": elder, "home_id": home,
        "device_kind": "watch", "kind": "vitals", "at": at, "history": False, "measured": {"readings": said},
    }  # fmt: skip


def _keep(session: Session, rows: list[dict[str, Any]]) -> None:
    kept = session.scalars(insert(Reading).returning(Reading), rows).all()
    equipment.leave_for_rules(session, kept)


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--homes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        database, notices = postgres.start(Path(folder) / "pg"), valkey.start(Path(folder) / "valkey")
        stack.callback(database.stop)
        stack.callback(notices.stop)
        schema = _schema(database, notices, Path(folder), stack)
        measure(next(schema), asked.homes, asked.rounds)


if __name__ == "__main__":
    main()
