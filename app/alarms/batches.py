"""A batch of messages becomes rows: gathered arrival by arrival, written in as few statements as one takes."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import structlog
from prometheus_client import Counter
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from app.access.tables import District
from app.alarms import arrivals, hearing
from app.alarms.arrivals import Arrival, Copies, Kept
from app.alarms.hearing import Call, Press, Whose
from app.alarms.rules import SAME_PRESS, TEST_RINGS_AS, AlarmKind, Outcome, clock_off, rings_as
from app.alarms.tables import InboxMessage, SignalRow
from app.db import add_rows, notice, numbered
from app.equipment import actions as equipment
from app.equipment import hearing as presence
from app.equipment import installing, saying, testing
from app.equipment import queries as register
from app.equipment.installing_rules import Armed, is_the_test
from app.equipment.measures import measures
from app.equipment.queries import Known
from app.equipment.rules import FAULT_OF, DeviceKind, Link
from app.equipment.tables import Reading
from app.errors import CareError
from devices.listener import Ack
from devices.signals import Kind, Message, Signal

log = structlog.get_logger()
MESSAGES: Final = Counter("yinling_inbox_messages_total", "Messages taken in", ["outcome"])
REFUSED: Final = (CareError, DataError, IntegrityError, ValueError)
READINGS: Final = frozenset({Kind.VITALS, Kind.LOCATION, Kind.ACTIVITY, Kind.ENVIRONMENT})
PRESENCE: Final = frozenset({Kind.HEARTBEAT, Kind.STATUS, Kind.BATTERY_OR_STATUS})  # known from `devices`, not kept
OLD_CALL: Final = "retained: an old call for help that the broker kept; it rings nowhere"


def store(session: Session, arrived: Sequence[Arrival], *, now: datetime) -> Sequence[Ack]:
    """All of it at once; what the database or a rule refuses is found by halves, and sinks nobody else."""
    try:
        with session.begin_nested():
            return _Batch.begin(session, arrived, now=now).store()
    except REFUSED as error:
        if len(arrived) > 1:
            middle = len(arrived) // 2
            return [*store(session, arrived[:middle], now=now), *store(session, arrived[middle:], now=now)]
        (poison,) = arrived
        log.error("set aside", topic=poison.message.topic, error=type(error).__name__)
        if poison.refused:
            raise
        reason = f"{type(error).__name__}: {error}"[:500]
        return store(session, [replace(poison, unreadable=reason, refused=True)], now=now)


@dataclass
class _Batch:
    """What a transaction knows of a batch, and what it gathers to write at its end."""

    session: Session
    arrived: Sequence[Arrival]
    now: datetime
    devices: Mapping[str, Known]
    owners: Mapping[int, Whose]
    tests: Mapping[int, Armed]
    kept: dict[str, Kept]
    said: Copies
    rows: list[dict[str, Any]] = field(default_factory=list)
    signals: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    heard: list[presence.Heard] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)
    home_district: int | None = None

    @classmethod
    def begin(cls, session: Session, arrived: Sequence[Arrival], *, now: datetime) -> "_Batch":
        names = {arrival.wire_id for arrival in arrived if arrival.wire_id} | {
            signal.device for arrival in arrived for signal in arrival.signals if signal.device
        }
        devices = register.known(session, names)
        return cls(
            session, arrived, now, devices,
            owners=hearing.owners(session, devices.values()),
            tests=testing.armed(session, [device.id for device in devices.values()]),
            kept=arrivals.kept(session, arrived), said=arrivals.copies(session, arrived),
        )  # fmt: skip

    def store(self) -> Sequence[Ack]:
        """Write what the batch says; answers what its devices are told."""
        fresh = []
        for arrival in self.arrived:
            if key := arrivals.new_key(arrival, self.kept, now=self.now):
                self.kept[key] = Kept(self.now, arrival.hash)
                fresh.append((key, arrival))
            else:  # the same press again: it is safe, and the device may hear so
                MESSAGES.labels("again").inc()
            self._answer(arrival, key or arrival.key)
        for number, (key, arrival) in zip(numbered(self.session, InboxMessage, len(fresh)), fresh, strict=True):
            self._take(arrival, key, number)
        hearing.calls_for_help(self.session, self.calls, now=self.now)
        add_rows(self.session, SignalRow, self.signals)
        add_rows(self.session, InboxMessage, self.rows)
        self.session.flush()
        after_storing(self.session, self.readings, self.heard, now=self.now)
        return self.acks

    def _take(self, arrival: Arrival, key: str, number: int) -> None:
        outcome, reason = Outcome.STORED, arrival.unreadable
        if arrival.message.retained:
            self.heard += presences(self.devices, arrival)
            outcome = Outcome.SET_ASIDE if arrival.may_ring else Outcome.RETAINED
            reason = reason or (OLD_CALL if arrival.may_ring else None)
        elif arrival.unreadable is not None:
            outcome = Outcome.SET_ASIDE
            self._cry(arrival)
        else:
            self.heard += presences(self.devices, arrival)
            again = key != arrival.key
            for signal in arrival.signals:
                self._mean(arrival, signal, number, again=again)
            if arrival.signals and arrival.wire_id not in self.devices:
                outcome, reason = Outcome.SET_ASIDE, f"the register knows no device {arrival.wire_id}"
        MESSAGES.labels(outcome).inc()
        self._keep(arrival, key, number, outcome, reason)

    def _keep(self, arrival: Arrival, key: str, number: int, outcome: Outcome, reason: str | None) -> None:
        """The raw message, as it came."""
        message, device = arrival.message, self.devices.get(arrival.wire_id or "")
        district = device.district_id if device else self._home()
        if outcome is Outcome.SET_ASIDE:
            notice(self.session, district, "set-aside")
        self.rows.append({
            "id": number, "district_id": district, "source_key": _clean(key), "received_at": arrival.at,
            "stored_at": self.now, "source": message.source, "transport": message.transport,
            "topic": _clean(message.topic), "payload_hash": arrival.hash,
            "payload": base64.b64encode(message.payload).decode(), "outcome": outcome,
            "reason": reason and _clean(reason),
        })  # fmt: skip

    def _mean(self, arrival: Arrival, signal: Signal, number: int, *, again: bool) -> None:
        """What one signal asks for: help, upkeep, or to be kept."""
        device = self.devices.get(signal.device or "")
        button = device is not None and device.kind is DeviceKind.HELP_BUTTON
        kind = rings_as(signal.kind, history=signal.history, of_button=button)
        armed = self.tests.get(device.id) if device else None
        test = armed if armed and is_the_test(armed, signal, received_at=arrival.at) else None
        kind = TEST_RINGS_AS.get(test.kind) if test and kind is None else kind
        if kind is None and device is None:
            return
        if kind is None and device and is_reading(device, signal):
            self.readings.append(equipment.measured(self.session, device, signal, said_in(signal), at=arrival.at))
            return
        if signal.kind in PRESENCE and kind is None and not signal.event_id:
            return
        if kind and not signal.event_id and self._is_copy(signal, arrival.at):
            return
        self.signals.append(self._signal(arrival, signal, device, number))
        if kind:
            off, said = clock_off(signal.at, arrival.at), dict(signal.readings)
            press = Press(arrival.at, signal.at, off, signal.battery, _place(signal), said, number_again=again)
            self._help(device, signal.device, kind, press, test)

    def _is_copy(self, signal: Signal, at: datetime) -> bool:
        """Whether the same press, of a device that does not number its events, was counted within two seconds."""
        said = self.said.setdefault((signal.device, signal.repeat), [])
        if any(abs(at - before) <= SAME_PRESS for before in said):
            return True
        said.append(at)
        return False

    def _cry(self, arrival: Arrival) -> None:
        """What nobody can read or store as it is: where it says help, or a help button says it, it rings."""
        device = self.devices.get(arrival.wire_id or "")
        button = device is not None and device.kind is DeviceKind.HELP_BUTTON
        said = (rings_as(signal.kind, history=signal.history, of_button=button) for signal in arrival.signals)
        kind = next((kind for kind in said if kind), None)
        if kind is None and button and arrival.message.topic.endswith("/event"):
            kind = AlarmKind.OTHER_ALARM
        if kind:
            if device:
                self.heard.append(presence.Heard(device, arrival.at))
            self._help(device, arrival.wire_id, kind, Press(arrival.at))

    def _help(
        self, device: Known | None, wire_id: str | None, kind: AlarmKind, press: Press, test: Armed | None = None
    ) -> None:
        district = 0 if device else self._home()
        who = self.owners[device.id] if device else Whose(district, f"{district:06d}000000", wire_id=wire_id)
        call = Call(kind, who, press, by=f"device {wire_id}")
        if not test or not hearing.ring_marked(self.session, call, test, now=self.now):
            self.calls.append(call)

    def _signal(self, arrival: Arrival, signal: Signal, device: Known | None, number: int) -> dict[str, Any]:
        district = device.district_id if device else self._home()
        return {
            "district_id": district, "division_code": device.division_code if device else f"{district:06d}000000",
            "message_id": number, "device_id": device.id if device else None, "wire_id": signal.device,
            "kind": signal.kind, "event_id": signal.event_id, "repeat": signal.repeat, "received_at": arrival.at,
            "device_at": signal.at, "clock_off": clock_off(signal.at, arrival.at), "seq": signal.seq,
            "battery": signal.battery, "said": said_in(signal),
        }  # fmt: skip

    def _answer(self, arrival: Arrival, key: str) -> None:
        """Tell the device that its event is stored, also when it says it again."""
        topic = arrival.message.topic.split("/")
        if arrival.event_id and arrival.wire_id and topic[:2] == ["care", "v1"] and topic[-1] == "event":
            stored = self.kept.get(key)
            self.acks.append(Ack(arrival.wire_id, arrival.event_id, stored.at if stored else self.now))

    def _home(self) -> int:
        """Where a device belongs that nobody has registered: the installation's first district."""
        if self.home_district is None:
            first = select(District.id).order_by(District.id).limit(1)
            self.home_district = self.session.scalars(first).one()
        return self.home_district


def after_storing(
    session: Session, readings: Sequence[Reading], heard: Sequence[presence.Heard], *, now: datetime
) -> None:
    """What rules look at, what only has to be heard to be installed, and presence."""
    equipment.leave_for_rules(session, readings)
    installing.heard(session, [item.device.id for item in heard if item.spoke], now=now)
    presence.hear(session, heard, now=now)


def is_reading(device: Known, signal: Signal) -> bool:
    """What is kept to be drawn and watched; also the steps that a heartbeat counts."""
    return signal.kind in READINGS or (
        signal.kind in PRESENCE and bool(measures(device.kind, signal.kind, {"readings": signal.readings}))
    )


def presences(devices: Mapping[str, Known], arrival: Arrival) -> Iterator[presence.Heard]:
    """That a device was heard, and what it said of its battery and link. A retained word is the broker's memory."""
    for signal in arrival.signals:
        device = devices.get(signal.device or "")
        if device is None:
            continue
        status = signal.readings.get("status") if signal.kind is Kind.STATUS else None
        link = Link(status) if status in ("online", "offline") else None
        spoke = not arrival.message.retained and link is not Link.OFFLINE
        if not spoke and link is None:
            continue
        fault = FAULT_OF.get(signal.kind) if spoke else None
        yield presence.Heard(
            device, arrival.at, signal.battery if spoke else None, link, (fault,) if fault else (),
            spoke=spoke,
            **(_of_itself(arrival.message, signal) if spoke else {}),
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


def said_in(signal: Signal) -> dict[str, Any]:
    """What a signal tells beside its kind, as it is stored."""
    return {"readings": dict(signal.readings), "place": _place(signal)}


def _place(signal: Signal) -> dict[str, Any] | None:
    if signal.lat is None or signal.lon is None:
        return None
    return {
        "lat": signal.lat, "lon": signal.lon, "datum": "wgs84", "accuracy_m": signal.accuracy_m or 100.0,
        "source": "device",
    }  # fmt: skip


def _clean(said: str) -> str:
    return said.replace("\0", "\N{REPLACEMENT CHARACTER}")
