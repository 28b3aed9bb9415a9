"""What is stored of calls for help: raw messages, signals, alarms, their timers, their sealed log, who is on duty."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.alarms.rules import AlarmKind, Outcome, Rings, State, TimerKind, Verdict
from app.db import Base, Growing, OfDistrict, named
from app.vault import Sealed, SealedJson


class InboxMessage(Growing, Base):
    """A message as it arrived, stored before anything else is made of it; the same one is stored once."""

    __tablename__ = "inbox_messages"

    source_key: Mapped[str]  # device and event id; without an id, the moment, place and topic of its arrival
    received_at: Mapped[datetime]
    stored_at: Mapped[datetime]
    source: Mapped[str]
    transport: Mapped[str]
    topic: Mapped[str]
    payload_hash: Mapped[str]
    payload: Mapped[str] = mapped_column(Sealed)  # base64
    outcome: Mapped[Outcome] = mapped_column(named(Outcome))
    reason: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("district_id", "source_key"),
        Index("ix_inbox_messages_aside", "district_id", "id", postgresql_where=text("outcome = 'set_aside'")),
        Index(
            "ix_inbox_messages_aside_at", "district_id", "received_at", postgresql_where=text("outcome = 'set_aside'")
        ),
        {"info": {"append_only": True}},
    )


class SignalRow(Growing, Base):
    """One thing a device said that may be a call for help or upkeep; its own clock is kept and decides nothing."""

    __tablename__ = "signals"

    division_code: Mapped[str]
    message_id: Mapped[int] = mapped_column(BigInteger)
    device_id: Mapped[int | None] = mapped_column(BigInteger)
    wire_id: Mapped[str | None]
    kind: Mapped[str]
    event_id: Mapped[str | None]
    repeat: Mapped[str | None]
    received_at: Mapped[datetime]
    device_at: Mapped[datetime | None]
    clock_off: Mapped[int | None]  # seconds, where the device's clock is more than two minutes off
    seq: Mapped[int | None] = mapped_column(BigInteger)
    battery: Mapped[float | None]
    said: Mapped[dict[str, Any]] = mapped_column(SealedJson)  # place and readings

    __table_args__ = (
        Index("ix_signals_repeat", "repeat", "received_at", postgresql_where=text("repeat is not null")),
        Index("ix_signals_device", "district_id", "device_id", "id"),
        {"info": {"area": "division_code", "append_only": True}},
    )


class Alarm(OfDistrict, Base):
    """A call for help of one elder, or of a home or device where the elder is unknown. Server times only, but one."""

    __tablename__ = "alarms"

    division_code: Mapped[str]
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id"), index=True)
    home_id: Mapped[int | None] = mapped_column(ForeignKey("homes.id"))
    worker_id: Mapped[int | None] = mapped_column(ForeignKey("caregivers.id"), index=True)  # her own call for help
    device_id: Mapped[int | None] = mapped_column(ForeignKey("devices.id"), index=True)
    wire_id: Mapped[str | None]
    subject: Mapped[str] = mapped_column(
        Computed(
            "case when worker_id is not null then 'worker:' || worker_id when elder_id is not null then 'elder:' || "
            "elder_id when home_id is not null then 'home:' || home_id else 'wire:' || coalesce(wire_id, '') end",
            persisted=True,
        )
    )
    kind: Mapped[AlarmKind] = mapped_column(named(AlarmKind))
    state: Mapped[State] = mapped_column(named(State), default=State.RINGING)
    priority: Mapped[int]
    count: Mapped[int] = mapped_column(default=1)
    received_at: Mapped[datetime | None]  # when a listener, gateway or door of ours had the first message in hand
    raised_at: Mapped[datetime]  # when it stood in the queue
    rung_at: Mapped[datetime]  # this round of ringing
    round: Mapped[int] = mapped_column(default=1)
    rings: Mapped[Rings] = mapped_column(named(Rings), default=Rings.ALL)
    device_at: Mapped[datetime | None]  # the device's own word for the first press
    clock_off: Mapped[int | None]
    place: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)
    test_id: Mapped[int | None] = mapped_column(ForeignKey("device_tests.id"))  # marked: an installer's test
    linked_id: Mapped[int | None] = mapped_column(ForeignKey("alarms.id"))  # the first open one of the same elder
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    claimed_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]  # the first claim of all
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]  # the first decision of all: somebody was sent, or it was settled
    contacted_at: Mapped[datetime | None]
    reached_at: Mapped[datetime | None]  # somebody was spoken to, or stood at the door
    dispatched_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    visit_id: Mapped[int | None] = mapped_column(BigInteger, index=True)  # the urgent visit
    caregiver_id: Mapped[int | None] = mapped_column(ForeignKey("caregivers.id"))
    eta_at: Mapped[datetime | None]  # when she should be there
    suspended_until: Mapped[datetime | None]
    suspend_reason: Mapped[str | None] = mapped_column(Sealed)
    call_back_at: Mapped[datetime | None]  # owed by whoever has it
    deferred_until: Mapped[datetime | None]  # lower in the queue, and quiet, while nobody has it
    defer_reason: Mapped[str | None] = mapped_column(Sealed)
    offered_to: Mapped[int | None] = mapped_column(ForeignKey("users.id"))  # to take or to decline
    offered_until: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]  # the lead was asked in
    escalate_reason: Mapped[str | None] = mapped_column(Sealed)
    verdict: Mapped[Verdict | None] = mapped_column(named(Verdict))
    closed_at: Mapped[datetime | None]
    log_length: Mapped[int] = mapped_column(default=0)
    log_head: Mapped[str] = mapped_column(default="")
    anchored: Mapped[int] = mapped_column(default=0, server_default="0")  # lines that an anchor covers

    __table_args__ = (
        Index(
            "uq_alarms_open",
            "subject",
            "kind",
            unique=True,
            postgresql_where=text("state <> 'closed' and test_id is null"),
        ),
        Index("uq_alarms_test", "test_id", unique=True, postgresql_where=text("test_id is not null")),
        Index("ix_alarms_queue", "district_id", "priority", "raised_at", postgresql_where=text("state <> 'closed'")),
        Index("ix_alarms_raised", "district_id", "raised_at"),
        Index("ix_alarms_closed", "subject", "kind", "closed_at"),
        CheckConstraint("(state = 'closed') = (closed_at is not null)", name="closed"),
        CheckConstraint("state <> 'closed' or verdict is not null", name="closed_for_a_reason"),
        CheckConstraint("state <> 'ringing' or claimed_by is null", name="ringing_is_nobodys"),
        CheckConstraint("state = 'ringing' or claimed_by is not null", name="attended_is_somebodys"),
        CheckConstraint("count > 0", name="count"),
        CheckConstraint("(kind = 'worker') = (worker_id is not null)", name="of_a_worker"),
        {"info": {"area": "division_code"}},
    )


class AlarmTimer(OfDistrict, Base):
    """What happens by itself, and when: fired once, late if need be, never forgotten."""

    __tablename__ = "alarm_timers"

    alarm_id: Mapped[int] = mapped_column(ForeignKey("alarms.id"))
    kind: Mapped[TimerKind] = mapped_column(named(TimerKind))
    round: Mapped[int]
    due_at: Mapped[datetime]
    fired_at: Mapped[datetime | None]
    late_seconds: Mapped[int | None]
    dropped_at: Mapped[datetime | None]  # somebody acted in time

    __table_args__ = (
        UniqueConstraint("alarm_id", "kind", "round"),
        Index(
            "ix_alarm_timers_due", "due_at", postgresql_where=text("fired_at is null and dropped_at is null")
        ),
        CheckConstraint("fired_at is null or dropped_at is null", name="one_end"),
    )  # fmt: skip


class AlarmEvent(Growing, Base):
    """One line of an alarm's log. Each line's hash covers the line before, and what is personal only as ciphertext."""

    __tablename__ = "alarm_events"

    division_code: Mapped[str]
    alarm_id: Mapped[int] = mapped_column(BigInteger)
    n: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[str]
    event: Mapped[str]
    before: Mapped[str | None]
    after: Mapped[str | None]
    sealed: Mapped[str]  # the facts, under the key of the person they are about
    hash: Mapped[str]

    __table_args__ = (
        UniqueConstraint("district_id", "alarm_id", "n"),
        {"info": {"area": "division_code", "append_only": True}},
    )


class LogAnchor(OfDistrict, Base):
    """The heads of logs that grew since the anchor before: with its digest kept elsewhere, nothing can be cut away."""

    __tablename__ = "log_anchors"

    at: Mapped[datetime]
    alarms: Mapped[int]  # in this anchor
    lines: Mapped[int]  # of all logs of the district, so far
    heads: Mapped[list[Any]] = mapped_column(JSONB)  # [alarm, line, hash], by alarm
    before: Mapped[str]  # the digest of the anchor before; empty for the first
    digest: Mapped[str]

    __table_args__ = ({"info": {"district": "district_id", "append_only": True}},)


class PersonKey(Base):
    """The key a person's lines in the alarm logs are sealed with; without it they are noise that still proves."""

    __tablename__ = "person_keys"

    subject: Mapped[str] = mapped_column(primary_key=True)
    wrapped: Mapped[str]  # sealed by the keyring


class Duty(OfDistrict, Base):
    """An operator's turn at the desk: on duty while it is open and the screen is heard from."""

    __tablename__ = "duties"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (Index("uq_duties_open", "user_id", unique=True, postgresql_where=text("ended_at is null")),)


class Pulse(Base):
    """How a process is, in its own words, and when it last said so."""

    __tablename__ = "pulses"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)  # listener-1, listener-2, clock
    at: Mapped[datetime]
    well: Mapped[bool]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
