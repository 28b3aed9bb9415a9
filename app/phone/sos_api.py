"""Her own call for help, the timer that watches over her, and being rung while the phone sleeps."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Response
from pydantic import AwareDatetime, BaseModel
from pydantic import Field as Given
from sqlalchemy.orm import Session

from app.access.api import Field, Now
from app.access.tables import User
from app.alarms import hers, sending
from app.alarms.hers import SosWord, Why
from app.alarms.rules import State
from app.alarms.sending_rules import STANDING
from app.db import transaction
from app.idempotency import once
from app.lone import actions as lone
from app.lone import queries as watches
from app.lone.rules import LONGEST, SHORTEST, WatchState
from app.messages import phones, push
from app.people.tables import Caregiver
from app.phone.api import caregiver_of
from app.phone.shapes import PlaceIn

router = APIRouter(prefix="/api/phone", tags=["phone"])
# Each door names its caregiver and nobody else, and runs as the platform: no fence may stand between her and help.
Key = Annotated[str | None, Header()]


class CallOut(BaseModel):
    """Her call that is open: who has it and who is coming. While there is one, and only then, her place is taken."""

    alarm_id: int
    state: State
    raised_at: datetime
    has_it: str | None
    coming: str | None
    eta_at: datetime | None


class TimerOut(BaseModel):
    """The timer over her; asked: she should say by `answer_by` that all is well."""

    state: WatchState
    attendance_id: int | None
    due_at: datetime
    answer_by: datetime | None


class SafetyOut(BaseModel):
    """How it stands with her own safety."""

    call: CallOut | None
    timer: TimerOut | None
    every_visit: bool
    server_time: datetime


class CallIn(BaseModel):
    """She held the button; `at` is what her phone's clock said, which decides nothing."""

    at: AwareDatetime
    place: PlaceIn | None = None


class WordIn(BaseModel):
    """What she says."""

    word: SosWord


class TimerIn(BaseModel):
    """Minutes until she is asked; of which visit, if of one."""

    minutes: int = Given(ge=SHORTEST, le=LONGEST)
    attendance_id: int | None = Given(None, ge=1, lt=2**63)


class EveryIn(BaseModel):
    """Whether every visit gets a timer."""

    on: bool


class PushKeys(BaseModel):
    """What messages to one browser are sealed with."""

    p256dh: str = Given(min_length=80, max_length=100)
    auth: str = Given(min_length=16, max_length=32)


class PushIn(BaseModel):
    """A subscription as the browser gives it."""

    endpoint: str = Given(min_length=12, max_length=1000)
    keys: PushKeys
    expires_at: AwareDatetime | None = None
    device: str = Given("", max_length=60)


class PushOut(BaseModel):
    """What a browser subscribes with; no key: this installation rings by SMS."""

    key: str | None
    phones: int


class EndpointIn(BaseModel):
    """Which browser."""

    endpoint: str = Given(min_length=1, max_length=1000)


@router.get("/safety")
def safety(me: Field, now: Now, response: Response) -> SafetyOut:
    """My call for help and my timer."""
    response.headers["Cache-Control"] = "no-store"
    with transaction() as session:
        return _safety(session, caregiver_of(me), now=now)


@router.post("/sos")
def sos(said: CallIn, me: Field, now: Now, idempotency_key: Key = None) -> SafetyOut:
    """I need help: rings at the desk. The same press sent again is one press."""
    caregiver_id = caregiver_of(me)
    with transaction() as session:
        caregiver = session.get_one(Caregiver, caregiver_id)
        place = said.place.value().as_json() if said.place else None
        once(
            session, caller=f"user {me.id}", key=idempotency_key, now=now, request=["sos", said.at],
            do=lambda: hers.call(
                session, caregiver, Why.BUTTON, by=caregiver.name, now=now, at=said.at, place=place
            ).id,
        )  # fmt: skip
        return _safety(session, caregiver_id, now=now)


@router.post("/sos/place")
def place(here: PlaceIn, me: Field, now: Now) -> SafetyOut:
    """Where I am, while my call is open."""
    caregiver_id = caregiver_of(me)
    with transaction() as session:
        hers.is_at(session, session.get_one(Caregiver, caregiver_id), here.value().as_json(), now=now)
        return _safety(session, caregiver_id, now=now)


@router.post("/sos/word")
def word(said: WordIn, me: Field, now: Now) -> SafetyOut:
    """A word to the desk where I cannot talk."""
    caregiver_id = caregiver_of(me)
    with transaction() as session:
        hers.says(session, session.get_one(Caregiver, caregiver_id), said.word, now=now)
        return _safety(session, caregiver_id, now=now)


@router.post("/timer")
def start_timer(asked: TimerIn, me: Field, now: Now, idempotency_key: Key = None) -> SafetyOut:
    """Ask me in so many minutes whether I am well."""
    caregiver_id = caregiver_of(me)
    with transaction() as session:
        once(
            session, caller=f"user {me.id}", key=idempotency_key, now=now,
            request=["timer", asked.minutes, asked.attendance_id],
            do=lambda: lone.start(
                session, caregiver_id, minutes=asked.minutes, now=now, attendance_id=asked.attendance_id
            ).id,
        )  # fmt: skip
        return _safety(session, caregiver_id, now=now)


@router.post("/timer/well")
def well(asked: TimerIn, me: Field, now: Now) -> SafetyOut:
    """I am well; ask me again later."""
    caregiver_id = caregiver_of(me)
    with transaction() as session:
        lone.well(session, caregiver_id, minutes=asked.minutes, now=now)
        return _safety(session, caregiver_id, now=now)


@router.delete("/timer")
def end_timer(me: Field, now: Now) -> SafetyOut:
    """I am out."""
    caregiver_id = caregiver_of(me)
    with transaction() as session:
        lone.end(session, caregiver_id, now=now)
        return _safety(session, caregiver_id, now=now)


@router.put("/timer/every-visit")
def every_visit(asked: EveryIn, me: Field, now: Now) -> SafetyOut:
    """A timer at every visit, or not."""
    caregiver_id = caregiver_of(me)
    with transaction() as session:
        lone.always(session, caregiver_id, on=asked.on, now=now)
        return _safety(session, caregiver_id, now=now)


@router.get("/push")
def push_key(me: Field, now: Now) -> PushOut:
    """What my browser subscribes with."""
    with transaction() as session:
        return PushOut(key=push.public_key(), phones=len(phones.of_user(session, me.id, now=now)))


@router.put("/push")
def subscribe(phone: PushIn, me: Field, now: Now) -> PushOut:
    """Ring this phone while it sleeps."""
    with transaction() as session:
        phones.subscribe(
            session, me.id, district_id=session.get_one(User, me.id).district_id, endpoint=phone.endpoint,
            p256dh=phone.keys.p256dh, auth=phone.keys.auth, device=phone.device, expires_at=phone.expires_at, now=now,
        )  # fmt: skip
        return PushOut(key=push.public_key(), phones=len(phones.of_user(session, me.id, now=now)))


@router.post("/push/leave", status_code=204)
def unsubscribe(phone: EndpointIn, me: Field) -> None:
    """Do not ring this phone any more."""
    with transaction() as session:
        phones.unsubscribe(session, me.id, phone.endpoint)


def _safety(session: Session, caregiver_id: int, *, now: datetime) -> SafetyOut:
    session.flush()
    alarm, watch = hers.open_of(session, caregiver_id), watches.open_of(session, caregiver_id)
    call = None
    if alarm is not None:
        has_it = session.get(User, alarm.claimed_by) if alarm.claimed_by else None
        going = [name for offer, name in sending.offers_of(session, alarm.id) if offer.state in STANDING]
        call = CallOut(
            alarm_id=alarm.id, state=alarm.state, raised_at=alarm.raised_at, has_it=has_it and has_it.name,
            coming=going[-1] if going else None, eta_at=alarm.eta_at if going else None,
        )  # fmt: skip
    timer = watch and TimerOut(
        state=watch.state, attendance_id=watch.attendance_id, due_at=watch.due_at, answer_by=watch.answer_by
    )
    every = watches.wants_always(session, caregiver_id)
    return SafetyOut(call=call, timer=timer, every_visit=every, server_time=now)
