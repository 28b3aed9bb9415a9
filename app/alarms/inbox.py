"""The inbox: return means safe, raise means keep it.

A batch is one transaction: raw messages, signals, alarms, timers, outbox. Who may raise an alarm takes turns (an
advisory lock), so that two who hear the same storm never wait for each other's rows in a circle; upkeep has a turn of
its own, so that no call for help ever waits behind it. A database that is down is raised, and nothing is acknowledged;
what nobody can read or store is set aside and shown, for it would come back for ever.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.alarms import arrivals, batches
from app.alarms.arrivals import Arrival
from app.db import Scope, transaction
from app.equipment import actions as equipment
from app.equipment import hearing as presence
from app.equipment import queries as register
from devices.listener import Ack
from devices.signals import TECHNICAL, Kind, Message

TURN: Final = 7_301_001  # the advisory lock of calls for help
TURN_OF_UPKEEP: Final = 7_301_002
UPKEEP: Final = TECHNICAL | batches.READINGS | batches.PRESENCE | {Kind.HISTORY_RECORD}


def receive(batch: Sequence[Message]) -> Sequence[Ack]:
    """Returning means every message is safe in the database and the broker may forget it; answers what to tell.

    Calls for help are committed first, upkeep after them.
    """
    now = datetime.now(UTC)
    with transaction(Scope.PLATFORM) as session:
        arrived = arrivals.read(session, batch, now=now)
        urgent = [arrival for arrival in arrived if arrival.may_ring]
        acks = list(_store(session, urgent, TURN, now=now)) if urgent else []
    if upkeep := [arrival for arrival in arrived if not arrival.may_ring]:
        with transaction(Scope.PLATFORM) as session:
            acks += _store(session, upkeep, TURN_OF_UPKEEP, now=now)
    return acks


def can_wait(message: Message) -> bool:
    """Whether an event is upkeep by its own word, as far as a glance tells; in doubt it is a call for help."""
    try:
        said = json.loads(message.payload)
        return isinstance(said, dict) and said.get("kind") in UPKEEP
    except (ValueError, RecursionError, TypeError):
        return False


def put_aside(message: Message, error: Exception) -> None:
    """What only a fault of ours keeps from being stored: kept as it came, shown, and ringing where it may be a call."""
    now = datetime.now(UTC)
    reason = f"{type(error).__name__} while it was read; the log says where"
    with transaction(Scope.PLATFORM) as session:
        _store(session, [arrivals.unread(message, reason, now=now)], TURN, now=now)


def receive_telemetry(batch: Sequence[Message]) -> Sequence[Ack]:
    """What can wait: links, heartbeats, readings. It never waits in the inbox's turn; a call for help among it does."""
    now = datetime.now(UTC)
    with transaction(Scope.PLATFORM) as session:
        arrived = arrivals.read(session, batch, now=now)
        calm = [arrival for arrival in arrived if not arrival.may_ring]
        _note(session, calm, now=now)
    urgent = [arrival.message for arrival in arrived if arrival.may_ring]
    return receive(urgent) if urgent else []


def _note(session: Session, calm: Sequence[Arrival], *, now: datetime) -> None:
    """Presence and readings; the messages themselves are not kept."""
    wire_ids = {signal.device for arrival in calm for signal in arrival.signals if signal.device}
    devices = register.known(session, wire_ids)
    heard: list[presence.Heard] = []
    readings = []
    for arrival in calm:
        heard += batches.presences(devices, arrival)
        for signal in arrival.signals:
            device = devices.get(signal.device or "")
            if device and not arrival.message.retained and batches.is_reading(device, signal):
                said = batches.said_in(signal)
                readings.append(equipment.measured(session, device, signal, said, at=arrival.at))
    session.flush()
    batches.after_storing(session, readings, heard, now=now)


def take(session: Session, messages: Sequence[Message], *, now: datetime) -> Sequence[Ack]:
    """Store a batch in the transaction of the caller."""
    return _store(session, arrivals.read(session, messages, now=now), TURN, now=now)


def _store(session: Session, arrived: Sequence[Arrival], turn: int, *, now: datetime) -> Sequence[Ack]:
    session.execute(select(func.pg_advisory_xact_lock(turn)))
    return batches.store(session, arrived, now=now)
