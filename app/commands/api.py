"""The door for commands to devices."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.access.api import Desk
from app.commands import actions, queries
from app.commands.rules import OPENS_A_MICROPHONE, CommandEvent, CommandState, offered, possible
from app.commands.tables import DeviceCommand
from app.db import transaction
from app.equipment.rules import Command, Link

router = APIRouter(tags=["devices"])


class CommandIn(BaseModel):
    """What the device is to do; which of the fields are needed, the command says."""

    command: Command
    numbers: list[str] = Field(default=[], max_length=3)
    seconds: int = Field(default=0, ge=0, le=86_400)
    words: str = Field(default="", max_length=60)
    reason: str = Field(default="", max_length=300)


class CommandOut(BaseModel):
    """A command and what came of it. Numbers and words are not shown again."""

    id: int
    command: Command
    state: CommandState
    reason: str | None
    by: str
    queued_at: datetime
    due_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    answer: str | None
    possible: list[CommandEvent]

    @classmethod
    def of(cls, row: DeviceCommand) -> "CommandOut":
        """As the screens see it."""
        fields: dict[str, Any] = {
            name: getattr(row, name) for name in cls.model_fields if name not in ("command", "possible")
        }
        return cls(command=row.kind, possible=possible(row.state), **fields)


class Offer(BaseModel):
    """A command this caller may give, and whether it asks for a reason."""

    command: Command
    reason: bool


class Commands(BaseModel):
    """The last commands of a device, newest first, and those that may be given now."""

    items: list[CommandOut]
    offers: list[Offer]
    link: Link
    server_time: datetime


@router.get("/api/devices/{device_id}/commands")
def commands(device_id: int, me: Desk) -> Commands:
    """What the device was told of late, and what it can be told."""
    with transaction(me.scope) as session:
        device = queries.device(session, device_id)
        rows = queries.of_device(session, device_id)
    return Commands(
        items=[CommandOut.of(row) for row in rows],
        offers=[
            Offer(command=command, reason=command in OPENS_A_MICROPHONE)
            for command in offered(me.role, device.commands, device.state)
        ],
        link=device.link,
        server_time=datetime.now(UTC),
    )


@router.post("/api/devices/{device_id}/commands")
def give(device_id: int, me: Desk, wanted: CommandIn) -> CommandOut:
    """Tell the device to do something; it is told when it is connected, for ten minutes."""
    with transaction(me.scope) as session:
        given = actions.give(
            session, device_id, wanted.command, role=me.role, by=me.by, now=datetime.now(UTC), numbers=wanted.numbers,
            seconds=wanted.seconds, words=wanted.words, reason=wanted.reason,
        )  # fmt: skip
    return CommandOut.of(given)


@router.post("/api/commands/{command_id}/cancel")
def cancel(command_id: int, me: Desk) -> CommandOut:
    """Take back a command that has not left."""
    with transaction(me.scope) as session:
        command = actions.cancel(session, command_id, by=me.by, now=datetime.now(UTC))
    return CommandOut.of(command)
