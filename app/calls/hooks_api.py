"""The switchboard's doors: it reports on calls and takes up what the desk wishes (`docs/connect/telephone.md`)."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.access.tables import District
from app.calls import actions, wishes
from app.calls.rules import CallEvent, CallState, Direction, Result, Said, Wish
from app.calls.signing import BODY, check
from app.config import settings
from app.db import Scope, transaction
from app.errors import NotFound, TooLarge


async def signed(
    request: Request,
    x_yinling_timestamp: Annotated[str, Header()] = "",
    x_yinling_signature: Annotated[str, Header()] = "",
) -> None:
    """Whoever signs with the token of the settings; without a token there the door is closed."""
    body = await request.body()
    if len(body) > BODY:
        raise TooLarge(f"A report has at most {BODY} bytes.")
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    check(
        settings().hooks_token.get_secret_value(), request.method, target, body, timestamp=x_yinling_timestamp,
        signature=x_yinling_signature, now=datetime.now(UTC),
    )  # fmt: skip


hooks = APIRouter(prefix="/api/hooks/calls", tags=["hooks"], dependencies=[Depends(signed)])


class Report(BaseModel):
    """What the switchboard says. `call_id` is its own; `ours` the number of a call we asked it to dial."""

    event: CallEvent
    call_id: str = Field(min_length=1, max_length=100)
    event_id: str | None = Field(None, max_length=100, description="the same id is the same report")
    at: datetime | None = Field(None, description="by the switchboard's clock; kept, decides nothing")
    district: int | None = Field(None, description="6-digit code; needed where an installation has several")
    direction: Direction = Direction.INBOUND
    phone: str | None = Field(None, max_length=30, description="the other side's number, as the line shows it")
    operator: str | None = Field(None, max_length=100, description="login of the operator whose telephone it is")
    ours: int | None = None
    url: str | None = Field(None, max_length=500, pattern=r"^https?://", description="of the recording")
    result: Result | None = None
    cause: int | None = Field(None, ge=0, le=999, description="Q.850 cause of a call that failed or was hung up")
    digits: str | None = Field(None, max_length=20, pattern=r"^[0-9*#]*$", description="the keys pressed")
    seconds: int | None = Field(None, ge=0, le=86_400, description="spoken, as the switchboard counts")

    def said(self) -> Said:
        """For the action; a report without an id of its own is known by its words."""
        given = self.model_dump(exclude={"event_id", "at", "district"})
        known = hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:24]
        return Said(**given, key=self.event_id or f"{self.call_id}:{self.event}:{known}")


class Reported(BaseModel):
    """The call as we know it after the report."""

    id: int
    state: CallState
    elder_id: int | None
    contact_id: int | None
    strange: bool


class WishOut(BaseModel):
    """Something the desk wants done. The same `ours` is never to be dialled twice."""

    do: Wish
    ours: int
    call_id: str | None
    phone: str | None
    operator: str | None
    say: str | None
    gather: str | None


@hooks.post("")
def report(said: Report) -> Reported:
    """The switchboard reports on a call."""
    with transaction() as session:
        call = actions.report(session, said.said(), district_id=_district(said.district), now=datetime.now(UTC))
    return Reported(
        id=call.id, state=call.state, elder_id=call.elder_id, contact_id=call.contact_id, strange=call.strange
    )


@hooks.post("/to-dial")
def to_dial(district: int | None = None) -> list[WishOut]:
    """What operators asked for and no switchboard has taken up; ask every second."""
    with transaction() as session:
        found = wishes.take_up(session, district_id=_district(district), now=datetime.now(UTC))
    return [WishOut(**vars(order)) for order in found]


def _district(named: int | None) -> int:
    """The district a report is about: the named one, or the only one."""
    with transaction(Scope.PLATFORM) as session:
        statement = select(District.id).limit(2)
        found = session.scalars(statement.where(District.id == named) if named else statement).all()
    if len(found) != 1:
        raise NotFound("Name the district.")
    return found[0]
