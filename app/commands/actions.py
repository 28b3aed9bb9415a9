"""Giving commands, handing them to a gateway, and noting what came of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.rules import Role
from app.commands import queries
from app.commands.rules import (
    ANSWERS,
    WAITS,
    AlreadyWaiting,
    CommandEvent,
    CommandState,
    NotItsCommand,
    NotYourCommand,
    after,
    check,
    may_give,
)
from app.commands.tables import DeviceCommand
from app.equipment.rules import Command, DeviceState
from app.equipment.tables import Device
from app.history import record

CHANNEL: Final = "device_commands"  # of PostgreSQL's notices: a gateway need not wait for its next look
LONGEST_ANSWER: Final = 500


@dataclass(frozen=True)
class Handed:
    """A command in the hands of a gateway."""

    id: int
    wire_id: str
    kind: Command
    numbers: tuple[str, ...]
    seconds: int
    words: str


def give(
    session: Session,
    device_id: int,
    command: Command,
    *,
    role: Role,
    by: str,
    now: datetime,
    numbers: Sequence[str] = (),
    seconds: int = 0,
    words: str = "",
    reason: str = "",
) -> DeviceCommand:
    """Have a device told; it waits until the device is connected to one of the gateways."""
    device = queries.device(session, device_id)
    if not may_give(role, command):
        raise NotYourCommand("Only the hotline may open a microphone.", role=role)
    if command not in device.commands or device.state is not DeviceState.ACTIVE:
        raise NotItsCommand(f"A {device.state} device of this model cannot be told to {command}.", command=command)
    check(command, numbers=numbers, seconds=seconds, words=words, reason=reason)
    given = DeviceCommand(
        district_id=device.district_id, division_code=device.division_code, device_id=device.id, kind=command,
        said={"numbers": list(numbers), "seconds": seconds, "words": words}, reason=reason.strip() or None, by=by,
        queued_at=now, due_at=now + WAITS,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(given)
    except IntegrityError:
        raise AlreadyWaiting(f"{command} already waits for this device.", command=command) from None
    record(session, given, "give", None, given.state, by=by, now=now, reason=given.reason, kind=command)
    session.execute(select(func.pg_notify(CHANNEL, "")))
    return given


def cancel(session: Session, command_id: int, *, by: str, now: datetime) -> DeviceCommand:
    """Take back what has not left."""
    return move(session, queries.get(session, command_id), CommandEvent.CANCEL, by=by, now=now)


def hand_over(session: Session, ids: Sequence[int], *, gateway: str, now: datetime) -> Sequence[Handed]:
    """These are this gateway's now; what another one has taken meanwhile is not among them."""
    rows = session.execute(
        select(DeviceCommand, Device.wire_id)
        .join(Device, Device.id == DeviceCommand.device_id)
        .where(DeviceCommand.id.in_(ids), DeviceCommand.state == CommandState.QUEUED)
        .order_by(DeviceCommand.id)
        .with_for_update(of=DeviceCommand, skip_locked=True)
    ).all()
    for command, _ in rows:
        command.sent_at, command.sent_by, command.due_at = now, gateway, now + ANSWERS
        move(session, command, CommandEvent.SEND, by=gateway, now=now)
    return [Handed(command.id, wire_id, command.kind, **_said(command.said)) for command, wire_id in rows]


def take_back(session: Session, command_id: int, *, gateway: str, now: datetime) -> None:
    """The line was gone: it waits again, as long as it would have waited."""
    command = queries.get(session, command_id)
    move(session, command, CommandEvent.RETURN, by=gateway, now=now)
    command.due_at, command.sent_at, command.sent_by = command.queued_at + WAITS, None, None


def answered(session: Session, command_id: int, *, words: str, gateway: str, now: datetime) -> None:
    """The device has answered. A second answer changes nothing."""
    command = queries.get(session, command_id)
    if command.state in (CommandState.SENT, CommandState.EXPIRED):
        command.answer = words.replace("\0", "")[:LONGEST_ANSWER] or None
        move(session, command, CommandEvent.ANSWER, by=gateway, now=now)


def fail(session: Session, command_id: int, *, gateway: str, now: datetime, reason: str) -> None:
    """The gateway cannot say it."""
    move(session, queries.get(session, command_id), CommandEvent.FAIL, by=gateway, now=now, reason=reason)


def expire(session: Session, command_id: int, *, now: datetime) -> None:
    """Its time is over; a device that connects tomorrow must not ring or open its microphone then."""
    command = queries.get(session, command_id)
    if command.due_at <= now and command.state in (CommandState.QUEUED, CommandState.SENT):
        move(session, command, CommandEvent.EXPIRE, by="clock", now=now)


def move(
    session: Session, command: DeviceCommand, event: CommandEvent, *, by: str, now: datetime, reason: str | None = None
) -> DeviceCommand:
    """The only place that changes a command's state."""
    before, command.state = command.state, after(command.state, event)
    command.ended_at = None if command.state in (CommandState.QUEUED, CommandState.SENT) else now
    record(session, command, event, before, command.state, by=by, now=now, reason=reason)
    return command


def _said(said: dict[str, Any]) -> dict[str, Any]:
    return {**said, "numbers": tuple(said["numbers"])}
