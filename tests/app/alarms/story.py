"""Presses as they come from the wire, and what became of them: words for the stories of this folder."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.access.rules import Role
from app.alarms import duty, inbox
from app.alarms.tables import Alarm, InboxMessage
from app.db import transaction
from devices.listener import Ack
from devices.signals import Message
from tests.cast import DISTRICT, a_user


def press(
    device: str, event_id: str = "e1", *, at: datetime | None = None, source: str = "l1", **fields: Any
) -> Message:
    """An event as one of our own devices publishes it."""
    body = {"id": event_id, "kind": "sos"} | fields
    return Message(f"care/v1/{device}/event", json.dumps(body).encode(), qos=1, received_at=at, source=source)


def zigbee(name: str, *, at: datetime, **fields: Any) -> Message:
    """What Zigbee2MQTT publishes for a device."""
    return Message(f"zigbee2mqtt/{name}", json.dumps(fields).encode(), qos=1, received_at=at, source="bridges")


def hear(*messages: Message, now: datetime) -> Sequence[Ack]:
    """A batch arrives."""
    with transaction() as session:
        return inbox.take(session, messages, now=now)


def alarms(session: Session) -> Sequence[Alarm]:
    """All alarms, oldest first."""
    return session.scalars(select(Alarm).order_by(Alarm.id).execution_options(populate_existing=True)).all()


def the_alarm() -> Alarm:
    """The only alarm there is."""
    with transaction() as session:
        (found,) = alarms(session)
        return found


def messages() -> Sequence[InboxMessage]:
    """All raw messages."""
    with transaction() as session:
        return session.scalars(select(InboxMessage).order_by(InboxMessage.id)).all()


def an_operator(session: Session, *, on_duty_since: datetime | None = None, name: str = "赵敏", **given: Any) -> Caller:
    """Somebody who answers alarms."""
    user = a_user(session, given.pop("role", Role.OPERATOR), name=name, **given)
    caller = Caller(user.id, user.login, user.name, user.role, DISTRICT, "河口区", user.area, None, None, "")
    if on_duty_since:
        duty.start(session, caller, now=on_duty_since)
    return caller
