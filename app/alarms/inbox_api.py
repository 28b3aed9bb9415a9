"""The doors beside the broker: HTTP ingest with the inbox's promise, and what was set aside."""

import base64
import hmac
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel

from app.access.api import Desk
from app.alarms import inbox, queries
from app.calls.rules import HooksClosed
from app.config import settings
from app.db import transaction
from app.errors import Unreadable
from devices.signals import Message

aside = APIRouter(prefix="/api/set-aside", tags=["alarms"])
DISTRICT = 6  # digits of a district's code


class SetAsideRow(BaseModel):
    """A message nobody could read or store, its beginning as text."""

    id: int
    at: datetime
    topic: str
    reason: str
    payload: str


class SetAside(BaseModel):
    """A page of them, newest first."""

    items: list[SetAsideRow]
    next: int | None


def _beginning(payload: str) -> str:
    return base64.b64decode(payload)[:300].decode(errors="replace")


@aside.get("")
def set_aside(me: Desk, cursor: int | None = None) -> SetAside:
    """What was set aside, with the reason; what it said only for those who may see the whole district."""
    with transaction(me.scope) as session:
        rows = queries.set_aside(session, me.district_id, before=cursor)
    items = [
        SetAsideRow(
            id=row.id, at=row.received_at, topic=row.topic, reason=row.reason or "",
            payload=_beginning(row.payload) if len(me.area) <= DISTRICT else "",
        )
        for row in rows
    ]  # fmt: skip
    return SetAside(items=items, next=rows[-1].id if len(rows) == 50 else None)


def gateway(authorization: Annotated[str, Header()] = "") -> None:
    token = settings().hooks_token.get_secret_value()
    if not token or not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
        raise HooksClosed("Send the token of YINLING_HOOKS_TOKEN as a bearer token.")


ingest = APIRouter(prefix="/api/ingest", tags=["hooks"], dependencies=[Depends(gateway)])


class Stored(BaseModel):
    """The event is safe."""

    id: str | None
    stored_at: datetime


async def as_sent(request: Request) -> bytes:
    """The very bytes, whatever type the sender gives them: the codec reads them, and they are kept as they came."""
    return await request.body()


EVENT: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}


@ingest.post("/{device_id}", openapi_extra=EVENT)
def take_in(device_id: str, request: Request, event: Annotated[bytes, Depends(as_sent)]) -> Stored:
    """One event of a device that speaks HTTP, as under `care/v1/{device_id}/event`; answered when it is stored."""
    now = datetime.now(UTC)
    if "/" in device_id or "+" in device_id or "#" in device_id:
        raise Unreadable("A device's name has no slash, plus or hash.")
    source = f"http {request.client.host if request.client else ''}"
    message = Message(f"care/v1/{device_id}/event", event, qos=1, received_at=now, source=source)
    acks = inbox.receive([message])
    return Stored(id=acks[0].event_id if acks else None, stored_at=acks[0].stored_at if acks else now)
