"""The doors of the outbox: what went out and what became of it, its words, and the gateway's receipts."""

from datetime import UTC, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from app.access.api import Desk, Hotline, allowed
from app.access.queries import Caller
from app.access.rules import Role
from app.calls.hooks_api import signed
from app.db import transaction
from app.errors import NotFound
from app.messages import actions, queries, templates
from app.messages.rules import Channel, Kind, MessageState, Trouble, parts
from app.messages.tables import OutboxMessage
from app.people.queries import phone_digits
from app.vault import mask_phone

outbox = APIRouter(prefix="/api/messages", tags=["messages"])
receipts = APIRouter(prefix="/api/hooks/messages", tags=["hooks"], dependencies=[Depends(signed)])
Wordsmith = Annotated[Caller, allowed(frozenset({Role.SHIFT_LEAD, Role.ADMIN}))]
AGAIN = (MessageState.FAILED, MessageState.UNKNOWN)


class MessageOut(BaseModel):
    """A message of the outbox, its number masked."""

    id: int
    kind: Kind
    urgent: bool
    state: MessageState
    channel: Channel
    to: str
    to_whom: str
    elder_id: int | None
    text: str
    about: str | None
    created_at: datetime
    due_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    attempts: int
    via: str | None
    error: str | None
    resend_of: int | None
    possible: list[str]

    @classmethod
    def of(cls, row: OutboxMessage) -> Self:
        """As the screens see it."""
        masked = {"to": mask_phone(phone_digits(row.to)), "possible": ["resend"] if row.state in AGAIN else []}
        return cls.model_validate({name: getattr(row, name, None) for name in cls.model_fields} | masked)


class Messages(BaseModel):
    """A page of messages."""

    items: list[MessageOut]
    next: int | None


class AttemptOut(BaseModel):
    """One try, or the gateway's receipt."""

    n: int
    began_at: datetime
    ended_at: datetime | None
    state: MessageState
    trouble: Trouble | None
    detail: str | None


class MessageWhole(BaseModel):
    """A message with all its tries."""

    message: MessageOut
    attempts: list[AttemptOut]


class TemplateOut(BaseModel):
    """The words of one kind of message."""

    kind: Kind
    channel: Channel
    language: str
    text: str
    fields: list[str]
    by: str | None
    at: datetime | None
    preview: str
    parts: int


class TemplateIn(BaseModel):
    """New words."""

    kind: Kind
    channel: Channel
    language: str = Field(pattern=r"^(zh-CN|en)$")
    text: str = Field(max_length=2000)


class Preview(BaseModel):
    """How it would read, and how many text messages it is charged as."""

    text: str
    parts: int


class Receipt(BaseModel):
    """What the gateway says became of a message it took."""

    id: str = Field(max_length=40)
    delivered: bool
    trouble: Trouble | None = None
    detail: str | None = Field(None, max_length=200)


@outbox.get("")
def outgoing(
    me: Desk,
    elder_id: int | None = None,
    alarm_id: int | None = None,
    state: MessageState | None = None,
    cursor: int | None = None,
) -> Messages:
    """What went out or waits to, newest first: the demo's mailbox."""
    about = f"alarms/{alarm_id}" if alarm_id else None
    with transaction(me.scope) as session:
        rows = queries.latest(session, before=cursor, elder_id=elder_id, about=about, state=state)
    return Messages(items=[MessageOut.of(row) for row in rows], next=rows[-1].id if len(rows) == 50 else None)


@outbox.get("/templates")
def words(me: Desk) -> list[TemplateOut]:
    """The words of every kind of message, each with how it would read."""
    with transaction(me.scope) as session:
        found = templates.in_force(session, me.district_id)
    return [
        TemplateOut(**vars(one), preview=(text := _sample(one.text, one.language)), parts=parts(text)) for one in found
    ]


@outbox.post("/templates/preview")
def preview(wish: TemplateIn, me: Desk) -> Preview:
    """How new words would read; refused where they cannot be used."""
    templates.check(wish.kind, wish.channel, wish.language, wish.text)
    text = _sample(wish.text, wish.language)
    return Preview(text=text, parts=parts(text))


@outbox.post("/templates", status_code=204)
def change(wish: TemplateIn, me: Wordsmith) -> None:
    """The district's own words from now on."""
    with transaction(me.scope) as session:
        templates.change(
            session, wish.kind, wish.channel, wish.language, wish.text, district_id=me.district_id, by=me.by,
            now=datetime.now(UTC),
        )  # fmt: skip


@outbox.get("/{message_id}")
def message(message_id: int, me: Desk) -> MessageWhole:
    """One message with every try and receipt."""
    with transaction(me.scope) as session:
        row = queries.get(session, message_id)
        tries = queries.attempts(session, row.id)
    return MessageWhole(
        message=MessageOut.of(row), attempts=[AttemptOut.model_validate(one, from_attributes=True) for one in tries]
    )


@outbox.post("/{message_id}/resend", status_code=204)
def resend(message_id: int, me: Hotline) -> None:
    """Send again what has failed."""
    with transaction(me.scope) as session:
        actions.resend(session, message_id, now=datetime.now(UTC))


@receipts.post("", status_code=204)
def receipt(said: Receipt) -> None:
    """The gateway's word of what became of a message."""
    with transaction() as session:
        found = actions.receipt(
            session, said.id, delivered=said.delivered, trouble=said.trouble, detail=said.detail,
            now=datetime.now(UTC),
        )  # fmt: skip
    if found is None:
        raise NotFound("We sent no such message.")


def _sample(text: str, language: str) -> str:
    return templates.filled(text, templates.SAMPLE[language])
