"""Readings as they come from the wire, rules put in force, and what they fired: words for these stories."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.db import transaction
from app.monitoring import actions, watching
from app.monitoring.rules import RuleKind
from app.monitoring.tables import RuleFiring, RuleVersion
from app.people.tables import Elder
from devices.signals import Message
from tests.app.alarms.story import hear
from tests.app.monitoring.test_rules import PARAMS
from tests.cast import DISTRICT


def reading(device: str, kind: str, at: datetime, **readings: Any) -> Message:
    """Telemetry of one of our own devices."""
    place = {name: readings.pop(name) for name in ("lat", "lon", "accuracy_m") if name in readings}
    body = {"device": device, "kind": kind, "readings": readings} | place
    return Message(f"care/v1/{device}/telemetry", json.dumps(body).encode(), received_at=at, source="calm")


def send(*messages: Message) -> None:
    """A batch arrives and rules look at it."""
    hear(*messages, now=messages[-1].received_at or datetime.now(UTC))
    while watching.look():
        pass


def in_force(
    session: Session, kind: RuleKind, elder: Elder | None = None, *, now: datetime, model: str | None = None,
    off: bool = False, **changed: Any,
) -> RuleVersion:  # fmt: skip
    """A rule of the table of parameters, previewed and switched on."""
    rule = actions.rule_for(
        session, kind, district_id=DISTRICT, elder_id=elder.id if elder else None, model_id=model, by="test", now=now
    )
    version = actions.draft(session, rule, PARAMS[kind] | changed, by="test", now=now, off=off)
    if not off:
        actions.previewed(session, version, {"firings": []}, by="test", now=now)
    actions.activate(session, version, by="test", now=now)
    session.flush()
    watching.begin(session, DISTRICT, now=now)
    return version


def fired() -> Sequence[RuleFiring]:
    """All firings in the order of their times."""
    with transaction() as session:
        return session.scalars(select(RuleFiring).order_by(RuleFiring.at, RuleFiring.id)).all()


def pass_time(since: datetime, until: datetime, *, every: timedelta = timedelta(minutes=7)) -> None:
    """The clock looks now and then."""
    now = since
    while now < until:
        now = min(now + every, until)
        with transaction() as session:
            ids = watching.due(session, now=now)
        for number in ids:
            with transaction() as session:
                watching.wake(session, number, now=now)


def waiting() -> int:
    """How many batches no rule has looked at."""
    with transaction() as session:
        return int(session.scalar(text("select count(*) from fresh_readings")) or 0)
