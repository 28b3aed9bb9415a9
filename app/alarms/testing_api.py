"""The doors of the alarm desk for installers' tests."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel

from app.access.api import Hotline
from app.alarms import testing
from app.alarms.rules import State
from app.db import transaction

router = APIRouter(prefix="/api/alarms", tags=["alarms"])


class Settled(BaseModel):
    """Where the alarm stands now, and whether it is still marked as a test."""

    id: int
    state: State
    test: bool


@router.post("/{alarm_id}/shown")
def shown(alarm_id: int, me: Hotline) -> Settled:
    """This screen shows the test: the installer's phone hears that it came out at the desk."""
    with transaction(me.scope) as session:
        alarm = testing.shown(session, alarm_id, now=datetime.now(UTC))
    return Settled(id=alarm.id, state=alarm.state, test=True)


class ConfirmIn(BaseModel):
    """Whether somebody answered through the device; needed where it speaks."""

    voice: bool | None = None


@router.post("/{alarm_id}/confirm")
def confirm(alarm_id: int, said: ConfirmIn, me: Hotline) -> Settled:
    """The test was heard: the device is in service."""
    with transaction(me.scope) as session:
        alarm = testing.confirm(session, alarm_id, voice=said.voice, me=me, now=datetime.now(UTC))
    return Settled(id=alarm.id, state=alarm.state, test=True)


@router.post("/{alarm_id}/unmark")
def unmark(alarm_id: int, me: Hotline) -> Settled:
    """It is no test: treat it as a call for help."""
    with transaction(me.scope) as session:
        alarm = testing.unmark(session, alarm_id, me=me, now=datetime.now(UTC))
    return Settled(id=alarm.id, state=alarm.state, test=False)
