"""The doors of «do next»: one key does a step, takes down what was heard, or leaves it out with a reason."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.access.api import Hotline
from app.alarms import steps
from app.alarms.api import case_now
from app.alarms.rules import Verdict
from app.alarms.shapes import AlarmCase
from app.calls.rules import Result
from app.db import transaction

router = APIRouter(prefix="/api/alarms", tags=["alarms"])


class StepIn(BaseModel):
    """What goes with the key; a step takes what it needs (`needs` in the case says what)."""

    result: Result | None = None
    contact_id: int | None = None
    caregiver_id: int | None = None
    question: str | None = Field(None, max_length=32)
    answer: str | None = Field(None, max_length=32)
    note: str | None = Field(None, min_length=1, max_length=2000)
    who: str | None = Field(None, max_length=100)
    verdict: Verdict | None = None
    minutes: int | None = Field(None, ge=1, le=72 * 60)


@router.post("/{alarm_id}/steps/{step}")
def do_step(alarm_id: int, step: str, me: Hotline, said: StepIn | None = None) -> AlarmCase:
    """Do a step, or say what came of the one that is on. 409 names who was faster, or what is still to be said."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        steps.do(session, alarm_id, step, steps.Wish(**(said or StepIn()).model_dump()), me=me, now=now)
        return case_now(session, alarm_id, me, now=now)


class SkipIn(BaseModel):
    """Why it is left out."""

    reason: str = Field(min_length=1, max_length=500)


@router.post("/{alarm_id}/steps/{step}/skip")
def skip_step(alarm_id: int, step: str, why: SkipIn, me: Hotline) -> AlarmCase:
    """Leave a step out; the reason is in the log."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        steps.skip(session, alarm_id, step, why.reason, me=me, now=now)
        return case_now(session, alarm_id, me, now=now)
