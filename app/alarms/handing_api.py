"""The doors between operators: offers, deferrals, the lead, and who is looking too."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.access.api import Hotline
from app.alarms import duty, handing, on_test
from app.alarms.api import case_now
from app.alarms.shapes import AlarmCase
from app.db import transaction

router = APIRouter(prefix="/api/alarms", tags=["alarms"])


class HandOverIn(BaseModel):
    """To whom; a lead who reaches for what somebody else has says that she is sure."""

    user_id: int
    sure: bool = False


@router.post("/{alarm_id}/hand-over")
def hand_over(alarm_id: int, to: HandOverIn, me: Hotline) -> AlarmCase:
    """Offer it to a colleague at the desk, who takes it or not; a lead who names herself takes it at once."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        handing.offer(session, alarm_id, to.user_id, me=me, now=now, sure=to.sure)
        return case_now(session, alarm_id, me, now=now)


@router.post("/{alarm_id}/accept")
def accept(alarm_id: int, me: Hotline) -> AlarmCase:
    """Take what was offered."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        handing.accept(session, alarm_id, me=me, now=now)
        return case_now(session, alarm_id, me, now=now)


class Because(BaseModel):
    """A reason, where there is one."""

    reason: str | None = Field(None, max_length=500)


@router.post("/{alarm_id}/decline")
def decline(alarm_id: int, me: Hotline, why: Because | None = None) -> AlarmCase:
    """Leave it with whoever offered it."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        handing.decline(session, alarm_id, why.reason if why else None, me=me, now=now)
        return case_now(session, alarm_id, me, now=now)


class DeferIn(BaseModel):
    """For how long, and why."""

    minutes: int = Field(ge=1, le=30)
    reason: str = Field(min_length=1, max_length=500)


@router.post("/{alarm_id}/defer")
def defer(alarm_id: int, wish: DeferIn, me: Hotline) -> AlarmCase:
    """Lower in the queue until then, with a reason. 409 for what is grave."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        handing.defer(session, alarm_id, wish.minutes, wish.reason, me=me, now=now)
        return case_now(session, alarm_id, me, now=now)


class EscalateIn(BaseModel):
    """What the lead is asked for."""

    reason: str = Field(min_length=1, max_length=500)


@router.post("/{alarm_id}/escalate")
def escalate(alarm_id: int, wish: EscalateIn, me: Hotline) -> AlarmCase:
    """Ask the lead in; with no lead at the desk they are called."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        handing.escalate(session, alarm_id, wish.reason, me=me, now=now)
        return case_now(session, alarm_id, me, now=now)


class Looking(BaseModel):
    """Whose screens show the same case."""

    others: list[str]


@router.post("/{alarm_id}/looking")
def look(alarm_id: int, me: Hotline) -> Looking:
    """This screen shows the case; said every ten seconds."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        others = list(handing.look(session, alarm_id, me=me, now=now))
        duty.seen(session, me.id, now=now)
    return Looking(others=others)


class WordIn(BaseModel):
    """What she said."""

    word: str = Field(min_length=1, max_length=100)


class Heard(BaseModel):
    """Whether it is her word."""

    right: bool


@router.post("/{alarm_id}/password")
def check_word(alarm_id: int, said: WordIn, me: Hotline) -> Heard:
    """Compare what was heard with the elder's word; three times in one alarm, each on record."""
    with transaction(me.scope) as session:
        right = on_test.check_word(session, alarm_id, said.word, me=me, now=datetime.now(UTC))
    return Heard(right=right)


class TestIn(BaseModel):
    """The elder's word, where nobody was called."""

    word: str | None = Field(None, min_length=1, max_length=100)


@router.post("/{alarm_id}/as-test")
def as_test(alarm_id: int, me: Hotline, said: TestIn | None = None) -> AlarmCase:
    """It was a test of an open window, and a voice has said so: it is closed as one. 403 for a wrong word."""
    now, word = datetime.now(UTC), said.word if said else None
    if word is not None:
        with transaction(me.scope) as session:  # on record also where it is wrong
            right = on_test.check_word(session, alarm_id, word, me=me, now=now)
        on_test.must_be(right)
    with transaction(me.scope) as session:
        on_test.confirm(session, alarm_id, word, me=me, now=now)
        return case_now(session, alarm_id, me, now=now)
