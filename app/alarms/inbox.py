"""The inbox: return means safe, raise means keep it.

A batch is one transaction: raw messages, signals, alarms, timers, outbox. Listeners take turns (an advisory lock), so
that two who hear the same storm never wait for each other's rows in a circle. A database that is down is raised, and
nothing is acknowledged; what nobody can read or store is set aside and shown, for it would come back for ever.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from prometheus_client import Counter
from sqlalchemy import func, select, text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from app.access.tables import District
from app.alarms import hearing
from app.alarms.reading import with_model
from app.alarms.rules import (
    NEVER_SO_LATE,
    SAME_PRESS,
    TEST_RINGS_AS,
    AlarmKind,
    Outcome,
    clock_off,
    payload_hash,
    rings_as,
    same_press,
)
from app.alarms.tables import InboxMessage, SignalRow
from app.db import Scope, notice, transaction
from app.equipment import actions as equipment
from app.equipment import hearing as presence
from app.equipment import installing, saying, testing
from app.equipment import queries as register
from app.equipment.installing_rules import Armed, is_the_test
from app.equipment.measures import measures
from app.equipment.rules import FAULT_OF, DeviceKind, Link
from app.equipment.tables import Reading
from app.errors import CareError
from devices import codecs
from devices.listener import Ack
from devices.signals import BadPayload, Kind, Message, Signal

log = structlog.get_logger()
MESSAGES: Final = Counter("yinling_inbox_messages_total", "Messages taken in", ["outcome"])
TURN: Final = 7_301_001  # the advisory lock of the inbox
READINGS: Final = frozenset({Kind.VITALS, Kind.LOCATION, Kind.ACTIVITY, Kind.ENVIRONMENT})
PRESENCE: Final = frozenset({Kind.HEARTBEAT, Kind.STATUS, Kind.BATTERY_OR_STATUS})  # known from `devices`, not kept


@dataclass
class Arrival:
    """A message, what it says, and whose device sent it."""

    message: Message
    at: datetime
    hash: str
    signals: Sequence[Signal] = ()
    unreadable: str | None = None

    @property
    def event_id(self) -> str | None:
        """The device's own number of what it says."""
        return self.signals[0].event_id if self.signals else None

    @property
    def wire_id(self) -> str | None:
        """The device that speaks, by what is said or else by the topic."""
        if self.signals:
            return self.signals[0].device
        levels = self.message.topic.split("/")
        return levels[2] if levels[:2] == ["care", "v1"] and len(levels) == 4 else self.message.meta.get("device")

    @property
    def key(self) -> str:
        """What makes a message the same one: device and event id, else the moment, source and topic."""
        if self.event_id and not self.message.retained:
            return f"{self.wire_id}:{self.event_id}"
        topic = payload_hash(self.message.topic.encode())  # as long as it likes
        return f"{self.message.source}@{self.at.isoformat()}#{topic}#{self.hash}"


@dataclass
class Batch:
    """What a transaction gathers and writes at its end."""

    now: datetime
    home_district: int  # of devices nobody has registered
    devices: Mapping[str, register.Known]
    stored: dict[str, tuple[datetime, str]]
    tests: Mapping[int, Armed] = field(default_factory=dict)
    rows: list[InboxMessage] = field(default_factory=list)
    heard: list[presence.Heard] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)


def receive(batch: Sequence[Message]) -> Sequence[Ack]:
    """Returning means every message is safe in the database and the broker may forget it; answers what to tell."""
    with transaction(Scope.PLATFORM) as session:
        acks = take(session, batch, now=datetime.now(UTC))
    return acks


def put_aside(message: Message, error: Exception) -> None:
    """What only a fault of ours keeps from being stored: kept as it came, shown, and ringing where it may be a call."""
    now = datetime.now(UTC)
    reason = f"{type(error).__name__} while it was read; the log says where"
    with transaction(Scope.PLATFORM) as session:
        _store(
            session, [Arrival(message, message.received_at or now, payload_hash(message.payload), (), reason)], now=now
        )


def receive_telemetry(batch: Sequence[Message]) -> Sequence[Ack]:
    """What can wait: links, heartbeats, readings. It never waits in the inbox's turn; a call for help among it does."""
    now = datetime.now(UTC)
    arrivals = [_read(message, now) for message in batch]
    urgent = [a.message for a in arrivals if a.unreadable or any(_may_ring(signal) for signal in a.signals)]
    with transaction(Scope.PLATFORM) as session:
        wire_ids = {signal.device for arrival in arrivals for signal in arrival.signals if signal.device}
        calm = Batch(now, 0, register.known(session, wire_ids), {})
        for arrival in arrivals:
            if arrival.message not in urgent:
                _presence(calm, arrival)
                for signal in arrival.signals:
                    device = calm.devices.get(signal.device or "")
                    if device and not arrival.message.retained and _is_reading(device, signal):
                        kept = equipment.measured(session, device, signal, _said(signal), at=arrival.at)
                        calm.readings.append(kept)
        session.flush()
        _hear(session, calm, now=now)
    return receive(urgent) if urgent else []


def _is_reading(device: register.Known, signal: Signal) -> bool:
    """What is kept to be drawn and watched; also the steps that a heartbeat counts."""
    return signal.kind in READINGS or (
        signal.kind in PRESENCE and bool(measures(device.kind, signal.kind, {"readings": signal.readings}))
    )


def _may_ring(signal: Signal) -> bool:
    return rings_as(signal.kind, history=signal.history, of_button=True) is not None


def take(session: Session, messages: Sequence[Message], *, now: datetime) -> Sequence[Ack]:
    """Store a batch in the transaction of the caller."""
    return _store(session, [_read(message, now) for message in with_model(session, messages)], now=now)


def _store(session: Session, arrivals: Sequence[Arrival], *, now: datetime) -> Sequence[Ack]:
    session.execute(select(func.pg_advisory_xact_lock(TURN)))
    wire_ids = {arrival.wire_id for arrival in arrivals if arrival.wire_id} | {
        signal.device for arrival in arrivals for signal in arrival.signals if signal.device
    }
    devices = register.known(session, wire_ids)
    tests = testing.armed(session, [device.id for device in devices.values()])
    batch = Batch(now, _home_district(session), devices, _stored(session, arrivals), tests)
    ids = iter(_numbers(session, len(arrivals)))
    for arrival in arrivals:
        _take_one(session, batch, arrival, next(ids))
    session.add_all(batch.rows)
    session.flush()
    _hear(session, batch, now=now)
    return batch.acks


def _hear(session: Session, batch: Batch, *, now: datetime) -> None:
    """What rules look at, what only has to be heard to be installed, and presence."""
    equipment.leave_for_rules(session, batch.readings)
    installing.heard(session, [item.device.id for item in batch.heard if item.spoke], now=now)
    presence.hear(session, batch.heard, now=now)


def _take_one(session: Session, batch: Batch, arrival: Arrival, number: int) -> None:
    key = _key(batch, arrival)
    if key is None:  # the same press again: it is safe, and the device may hear so
        return _answer(batch, arrival)
    outcome, reason = Outcome.STORED, None
    if arrival.message.retained:
        outcome = Outcome.RETAINED
        _presence(batch, arrival)
    else:
        try:
            with session.begin_nested():
                if arrival.unreadable is None:
                    _presence(batch, arrival)
                    for signal in arrival.signals:
                        _mean(session, batch, arrival, signal, number)
                    if arrival.signals and arrival.wire_id not in batch.devices:
                        outcome, reason = Outcome.SET_ASIDE, f"the register knows no device {arrival.wire_id}"
                else:
                    outcome, reason = Outcome.SET_ASIDE, arrival.unreadable
                    _cry(session, batch, arrival)
        except (CareError, DataError, IntegrityError, ValueError) as error:
            log.error("set aside", topic=arrival.message.topic, error=type(error).__name__)
            outcome, reason = Outcome.SET_ASIDE, f"{type(error).__name__}: {error}"[:500]
    MESSAGES.labels(outcome).inc()
    device = batch.devices.get(arrival.wire_id or "")
    district = device.district_id if device else batch.home_district
    message = arrival.message
    batch.rows.append(
        InboxMessage(
            id=number, district_id=district, source_key=key, received_at=arrival.at, stored_at=batch.now,
            source=message.source, transport=message.transport, topic=_clean(message.topic),
            payload_hash=arrival.hash, payload=base64.b64encode(message.payload).decode(), outcome=outcome,
            reason=reason and _clean(reason),
        )
    )  # fmt: skip
    if outcome is Outcome.SET_ASIDE:
        notice(session, district, "set-aside")
    batch.stored[key] = (batch.now, arrival.hash)
    return _answer(batch, arrival)


def _mean(session: Session, batch: Batch, arrival: Arrival, signal: Signal, number: int) -> None:
    """What one signal asks for: help, upkeep, or to be kept."""
    device = batch.devices.get(signal.device or "")
    kind = rings_as(
        signal.kind, history=signal.history, of_button=device is not None and device.kind is DeviceKind.HELP_BUTTON
    )
    armed = batch.tests.get(device.id) if device else None
    test = armed if armed and is_the_test(armed, signal, received_at=arrival.at) else None
    kind = TEST_RINGS_AS.get(test.kind) if test and kind is None else kind
    if kind is None and device is None:
        return
    if kind is None and device and _is_reading(device, signal):
        batch.readings.append(equipment.measured(session, device, signal, _said(signal), at=arrival.at))
        return
    if signal.kind in PRESENCE and kind is None and not signal.event_id:
        return
    if kind and not signal.event_id and _is_copy(session, signal, arrival.at):
        return
    session.add(_row(batch, arrival, signal, device, number))
    if kind:
        off, said = clock_off(signal.at, arrival.at), dict(signal.readings)
        press = hearing.Press(arrival.at, signal.at, off, signal.battery, _place(signal), said)
        _help(session, batch, device, signal.device, kind, press, test)


def _cry(session: Session, batch: Batch, arrival: Arrival) -> None:
    """An event of a known help button that nobody can read: in doubt it is a call for help."""
    device = batch.devices.get(arrival.wire_id or "")
    if device and device.kind is DeviceKind.HELP_BUTTON and arrival.message.topic.endswith("/event"):
        batch.heard.append(presence.Heard(device, arrival.at))
        _help(session, batch, device, device.wire_id, AlarmKind.OTHER_ALARM, hearing.Press(arrival.at))


def _help(
    session: Session,
    batch: Batch,
    device: register.Known | None,
    wire_id: str | None,
    kind: AlarmKind,
    press: hearing.Press,
    test: Armed | None = None,
) -> None:
    district = device.district_id if device else batch.home_district
    who = hearing.whose(
        session, district_id=district, division_code=device.division_code if device else f"{district:06d}000000",
        elder_id=device.elder_id if device else None, home_id=device.home_id if device else None,
        device_id=device.id if device else None, wire_id=wire_id,
    )  # fmt: skip
    hearing.ring(session, kind, who, press, test=test, by=f"device {wire_id}", now=batch.now)


def _read(message: Message, now: datetime) -> Arrival:
    at = message.received_at or now
    arrival = Arrival(message, at, payload_hash(message.payload), unreadable=message.meta.get("refused"))
    if arrival.unreadable:
        return arrival
    try:
        arrival.signals = codecs.decode(message, message.meta.get("family"))
        if number := message.meta.get("event_id"):
            arrival.signals = [replace(signal, event_id=signal.event_id or number) for signal in arrival.signals]
    except BadPayload as bad:
        arrival.unreadable = bad.reason
    return arrival


def _stored(session: Session, arrivals: Sequence[Arrival]) -> dict[str, tuple[datetime, str]]:
    """When the keys of a batch were stored before, and with which payload; the latest where a number came back."""
    keys = {arrival.key for arrival in arrivals if arrival.event_id}
    rows = session.execute(
        select(InboxMessage.source_key, InboxMessage.stored_at, InboxMessage.payload_hash).where(
            InboxMessage.source_key.in_(keys | {f"{key}#{a.hash[:16]}" for a in arrivals if (key := a.key) in keys})
        )
    )
    return {key: (at, hashed) for key, at, hashed in rows}


def _key(batch: Batch, arrival: Arrival) -> str | None:
    """The key to store it under; None where it is stored. A number that a restarted counter gives again gets a tail."""
    for key in (arrival.key, f"{arrival.key}#{arrival.hash[:16]}", f"{arrival.key}#{batch.now.isoformat()}"):
        known = batch.stored.get(key)
        if known is None:
            return key
        within = arrival.message.meta.get("same_within", NEVER_SO_LATE)
        if same_press(known[0], known[1], now=batch.now, payload=arrival.hash, within=within):
            return None
    return None


def _is_copy(session: Session, signal: Signal, at: datetime) -> bool:
    """Whether the same press, of a device that does not number its events, was counted within two seconds."""
    return bool(
        session.scalar(
            select(SignalRow.id)
            .where(
                SignalRow.repeat == signal.repeat, SignalRow.wire_id == signal.device,
                SignalRow.received_at > at - SAME_PRESS, SignalRow.received_at <= at + SAME_PRESS,
            )
            .limit(1)
        )
    )  # fmt: skip


def _row(batch: Batch, arrival: Arrival, signal: Signal, device: register.Known | None, number: int) -> SignalRow:
    district = device.district_id if device else batch.home_district
    return SignalRow(
        district_id=district, division_code=device.division_code if device else f"{district:06d}000000",
        message_id=number, device_id=device.id if device else None, wire_id=signal.device, kind=signal.kind,
        event_id=signal.event_id, repeat=signal.repeat, received_at=arrival.at, device_at=signal.at,
        clock_off=clock_off(signal.at, arrival.at), seq=signal.seq, battery=signal.battery, said=_said(signal),
    )  # fmt: skip


def _presence(batch: Batch, arrival: Arrival) -> None:
    """That a device was heard, and what it said of its battery and link. A retained word is the broker's memory."""
    for signal in arrival.signals:
        device = batch.devices.get(signal.device or "")
        if device is None:
            continue
        status = signal.readings.get("status") if signal.kind is Kind.STATUS else None
        link = Link(status) if status in ("online", "offline") else None
        spoke = not arrival.message.retained and link is not Link.OFFLINE
        if not spoke and link is None:
            continue
        fault = FAULT_OF.get(signal.kind) if spoke else None
        batch.heard.append(
            presence.Heard(
                device, arrival.at, signal.battery if spoke else None, link, (fault,) if fault else (),
                spoke=spoke,
                **(_of_itself(arrival.message, signal) if spoke else {}),
            )
        )  # fmt: skip


def _of_itself(message: Message, signal: Signal) -> dict[str, Any]:
    """What a device says of itself beside its signals; what it remembers of the past is not how it is."""
    via = saying.via(message.transport, message.topic, signal.readings, message.meta)
    if signal.history:
        return {"via": via}
    said = signal.readings
    return {
        "worn": saying.worn(said), "charging": saying.charging(said), "volts": saying.volts(said), "via": via,
        "whole": signal.kind is not Kind.TAMPER and saying.whole(said),
    }  # fmt: skip


def _answer(batch: Batch, arrival: Arrival) -> None:
    """Tell the device that its event is stored, also when it says it again."""
    topic = arrival.message.topic.split("/")
    if arrival.event_id and arrival.wire_id and topic[:2] == ["care", "v1"] and topic[-1] == "event":
        stored = batch.stored.get(arrival.key)
        batch.acks.append(Ack(arrival.wire_id, arrival.event_id, stored[0] if stored else batch.now))


def _said(signal: Signal) -> dict[str, Any]:
    return {"readings": dict(signal.readings), "place": _place(signal)}


def _place(signal: Signal) -> dict[str, Any] | None:
    if signal.lat is None or signal.lon is None:
        return None
    return {
        "lat": signal.lat, "lon": signal.lon, "datum": "wgs84", "accuracy_m": signal.accuracy_m or 100.0,
        "source": "device",
    }  # fmt: skip


def _home_district(session: Session) -> int:
    """Where a device belongs that nobody has registered: the installation's first district."""
    return session.scalars(select(District.id).order_by(District.id).limit(1)).one()


def _numbers(session: Session, count: int) -> Sequence[int]:
    """Numbers for the raw messages, before they are written: signals name the message they came in."""
    statement = text("select nextval(pg_get_serial_sequence('inbox_messages', 'id')) from generate_series(1, :count)")
    return [int(number) for number in session.scalars(statement, {"count": count})]


def _clean(said: str) -> str:
    return said.replace("\0", "\N{REPLACEMENT CHARACTER}")
