"""The doors of the telephone: the switchboard's webhook, lists of calls, and the outbox beside them."""

import hmac
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.access.api import Desk, Hotline
from app.access.tables import District
from app.calls import actions, queries
from app.calls.queries import CallRow
from app.calls.rules import CallEvent, CallState, Direction, HooksClosed, Result, Target
from app.config import settings
from app.db import Scope, transaction
from app.errors import NotFound
from app.messages import queries as messages
from app.messages.rules import Channel
from app.people.rules import Relation
from app.vault import mask_phone


def _switchboard(authorization: Annotated[str, Header()] = "") -> None:
    """Whoever carries the token of the webhooks; without a token in the settings the door is closed."""
    token = settings().hooks_token.get_secret_value()
    if not token or not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
        raise HooksClosed("Send the token of YINLING_HOOKS_TOKEN as a bearer token.")


hooks = APIRouter(prefix="/api/hooks/calls", tags=["hooks"], dependencies=[Depends(_switchboard)])
router = APIRouter(prefix="/api/calls", tags=["calls"])
outbox = APIRouter(prefix="/api/messages", tags=["messages"])


class Report(BaseModel):
    """What the switchboard says. `call_id` is its own; `ours` the number of a call we asked it to dial."""

    event: CallEvent
    call_id: str = Field(min_length=1, max_length=100)
    event_id: str | None = Field(None, max_length=100, description="the same id is the same report")
    district: int | None = Field(None, description="6-digit code; needed where an installation has several")
    direction: Direction = Direction.INBOUND
    phone: str | None = Field(None, max_length=30, description="the other side's number, digits")
    operator: str | None = Field(None, description="login of the operator whose telephone it is")
    ours: int | None = None
    url: str | None = Field(None, max_length=500, pattern=r"^https?://", description="of the recording")
    result: Result | None = None


class Reported(BaseModel):
    """The call as we know it after the report."""

    id: int
    state: CallState
    elder_id: int | None
    contact_id: int | None


class DialOut(BaseModel):
    """A call to dial."""

    ours: int
    phone: str
    operator: str | None


class CallOut(BaseModel):
    """A call as a list shows it; the number is masked."""

    id: int
    direction: Direction
    state: CallState
    target: Target | None
    phone: str | None
    elder_id: int | None
    elder_name: str | None
    contact_id: int | None
    contact_name: str | None
    relation: Relation | None
    operator: str | None
    began_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    result: Result | None
    recording: str | None
    alarm_id: int | None

    @classmethod
    def of(cls, row: CallRow) -> "CallOut":
        """As the screens see it."""
        return cls.model_validate(row, from_attributes=True)


class Calls(BaseModel):
    """A page of calls."""

    items: list[CallOut]
    next: int | None


class ResultIn(BaseModel):
    """What came of a call."""

    result: Result


@hooks.post("")
def report(said: Report) -> Reported:
    """The switchboard reports on a call: ringing, answered, hung_up, recording."""
    with transaction() as session:
        call = actions.report(
            session, district_id=_district(said.district), call_id=said.call_id, event=said.event, key=said.event_id,
            direction=said.direction, phone=said.phone, operator=said.operator, ours=said.ours, url=said.url,
            result=said.result, now=datetime.now(UTC),
        )  # fmt: skip
    return Reported(id=call.id, state=call.state, elder_id=call.elder_id, contact_id=call.contact_id)


@hooks.get("/to-dial")
def to_dial(district: int | None = None) -> list[DialOut]:
    """Calls that operators asked for and the switchboard has not taken up."""
    with transaction() as session:
        rows = queries.to_dial(session, district_id=_district(district))
    return [DialOut(ours=row.id, phone=row.phone, operator=row.operator) for row in rows]


@router.get("")
def calls(me: Desk, elder_id: int | None = None, open: bool = False, cursor: int | None = None) -> Calls:
    """Calls, newest first; `open` ones are ringing or spoken now."""
    with transaction(me.scope) as session:
        rows = queries.calls(session, elder_id=elder_id, open_only=open, before=cursor)
    return Calls(items=[CallOut.of(row) for row in rows], next=rows[-1].id if len(rows) == 50 else None)


@router.post("/{call_id}/result", status_code=204)
def result(call_id: int, said: ResultIn, me: Hotline) -> None:
    """What came of a call that was dialled from the desk."""
    with transaction(me.scope) as session:
        actions.write_result(session, call_id, said.result, now=datetime.now(UTC))


class MessageOut(BaseModel):
    """A message of the outbox, its number masked."""

    id: int
    channel: Channel
    to: str
    to_whom: str
    text: str
    about: str | None
    created_at: datetime
    sent_at: datetime | None
    attempts: int
    via: str | None
    error: str | None


class Messages(BaseModel):
    """A page of messages."""

    items: list[MessageOut]
    next: int | None


@outbox.get("")
def outgoing(me: Desk, cursor: int | None = None) -> Messages:
    """What went out or waits to, newest first: the demo's mailbox."""
    with transaction(me.scope) as session:
        rows = messages.latest(session, before=cursor)
        items = [
            MessageOut(
                id=row.id,
                channel=row.channel,
                to=mask_phone(row.to),
                to_whom=row.to_whom,
                text=row.text,
                about=row.about,
                created_at=row.created_at,
                sent_at=row.sent_at,
                attempts=row.attempts,
                via=row.via,
                error=row.error,
            )
            for row in rows
        ]
    return Messages(items=items, next=rows[-1].id if len(rows) == 50 else None)


def _district(named: int | None) -> int:
    """The district a report is about: the named one, or the only one."""
    with transaction(Scope.PLATFORM) as session:
        statement = select(District.id).limit(2)
        found = session.scalars(statement.where(District.id == named) if named else statement).all()
    if len(found) != 1:
        raise NotFound("Name the district.")
    return found[0]
