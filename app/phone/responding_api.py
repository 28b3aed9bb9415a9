"""Somebody who was sent to an alarm: the way in, the keys, what to do, and what she found."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.access.api import Field as FieldWorker
from app.access.api import Now
from app.access.queries import Caller
from app.alarms import log, spots
from app.alarms.rules import OPEN, AlarmKind, Event, State
from app.alarms.sending_rules import STANDING, OfferState
from app.alarms.sending_tables import AlarmOffer
from app.alarms.shapes import PlaceOut
from app.alarms.tables import Alarm
from app.db import transaction
from app.errors import NotFound
from app.idempotency import once
from app.people import queries as people
from app.people.rules import Relation
from app.people.tables import Caregiver, Elder, Home
from app.phone.api import caregiver_of

router = APIRouter(prefix="/api/phone", tags=["phone"])
BESIDE: Final = (Relation.NEIGHBOUR, Relation.KEY_HOLDER, Relation.COMMUNITY_WORKER)
AFTERWARDS: Final = timedelta(hours=2)  # so long she may still say what she found


class Found(StrEnum):
    """What she found, in the words of the verdicts and of what goes on."""

    WELL = "well"
    HELPED = "helped"
    AMBULANCE = "ambulance"
    POLICE = "police"
    NOBODY = "nobody"  # nobody opens
    MISTAKE = "mistake"


class SpotAnswer(StrEnum):
    """What somebody sent to a spot says; of a door her visit says it."""

    ACCEPT = "accept"
    DECLINE = "decline"
    HERE = "here"


FOUND_ZH: Final = {
    Found.WELL: "老人平安", Found.HELPED: "已帮助，老人稳定", Found.AMBULANCE: "需要 120", Found.POLICE: "需要 110",
    Found.NOBODY: "敲门无人应答", Found.MISTAKE: "误按或误报",
}  # fmt: skip
FOUND_WORKER_ZH: Final = {Found.WELL: "同事平安", Found.HELPED: "已帮助，同事稳定"}


class KeyHolderOut(BaseModel):
    """Somebody who can open the door, or stands near."""

    name: str
    relation: Relation
    phone: str
    has_key: bool
    minutes_away: int | None


class RespondingOut(BaseModel):
    """One alarm she was sent to. Door, keys and health only while it is hers and open."""

    alarm_id: int
    offer_id: int
    attendance_id: int | None  # none: to a spot without a door, and the offer itself is answered
    kind: AlarmKind
    state: State
    offer: OfferState
    raised_at: datetime
    answer_by: datetime
    eta_at: datetime | None
    who: str
    worker: bool  # a colleague calls for help
    worker_phone: str | None
    spot: PlaceOut | None  # where she calls from now, as her phone says
    spot_words: str | None  # how to find it, by the desk
    arrived_at: datetime | None  # at the spot
    address: str
    access_note: str | None
    floor: int
    lift: bool
    conditions: list[str]
    allergies: list[str]
    medicines: list[str]
    keys: list[KeyHolderOut]


class RespondingAll(BaseModel):
    """What she was sent to."""

    items: list[RespondingOut]
    server_time: datetime


class FoundIn(BaseModel):
    """What she found, and in her words what matters."""

    found: Found
    words: str = Field("", max_length=500)


@router.get("/responding")
def responding(me: FieldWorker, now: Now, response: Response) -> RespondingAll:
    """The alarms I was sent to."""
    response.headers["Cache-Control"] = "no-store"
    with transaction() as session:
        return _all(session, caregiver_of(me), now=now)


class AnswerIn(BaseModel):
    """What she says to an offer of a spot."""

    answer: SpotAnswer


@router.post("/responding/offers/{offer_id}/answer")
def answer(offer_id: int, said: AnswerIn, me: FieldWorker, now: Now) -> RespondingAll:
    """I go, I cannot, I am here; the same said twice is said once."""
    caregiver_id = caregiver_of(me)
    with transaction() as session:
        if said.answer is SpotAnswer.HERE:
            spots.arrive(session, offer_id, caregiver_id, now=now)
        else:
            spots.answer(session, offer_id, caregiver_id, coming=said.answer is SpotAnswer.ACCEPT, now=now)
        session.flush()
        return _all(session, caregiver_id, now=now)


@router.post("/responding/offers/{offer_id}/found")
def found_at_spot(
    offer_id: int, said: FoundIn, me: FieldWorker, now: Now,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> RespondingAll:  # fmt: skip
    """What I found at the spot."""
    return _found(AlarmOffer.id == offer_id, said, me, now=now, key=idempotency_key)


@router.post("/responding/{attendance_id}/found")
def found(
    attendance_id: int, said: FoundIn, me: FieldWorker, now: Now,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> RespondingAll:  # fmt: skip
    """What I found, for whoever has the alarm."""
    return _found(AlarmOffer.attendance_id == attendance_id, said, me, now=now, key=idempotency_key)


def _found(which: ColumnElement[bool], said: FoundIn, me: Caller, *, now: datetime, key: str | None) -> RespondingAll:
    """It stands in the alarm's log once, and only the desk closes it."""
    caregiver_id = caregiver_of(me)
    with transaction() as session:
        offer = session.scalar(
            select(AlarmOffer).where(
                which, AlarmOffer.caregiver_id == caregiver_id,
                AlarmOffer.state.in_(STANDING), AlarmOffer.offered_at >= now - AFTERWARDS,
            )
        )  # fmt: skip
        if offer is None:
            raise NotFound("There is no such alarm of yours.")
        alarm = session.get_one(Alarm, offer.alarm_id, with_for_update=True, populate_existing=True)
        name = session.get_one(Caregiver, caregiver_id).name
        found_zh = FOUND_ZH | FOUND_WORKER_ZH if alarm.worker_id else FOUND_ZH
        words = "。".join(filter(None, (found_zh[said.found], said.words.strip())))

        def note() -> str:
            state = alarm.state
            log.append(session, alarm, Event.NOTE, state, state, by=name, now=now, text=words, found=said.found)
            return words

        once(
            session, caller=f"user {me.id}", key=key, now=now, request=["found", offer.key, words],
            do=note,
        )  # fmt: skip
        session.flush()
        return _all(session, caregiver_id, now=now)


def _all(session: Session, caregiver_id: int, *, now: datetime) -> RespondingAll:
    """Platform's reading, of her own offers alone: an alarm may lie in a street her other work does not."""
    rows = session.execute(
        select(AlarmOffer, Alarm)
        .join(Alarm, Alarm.id == AlarmOffer.alarm_id)
        .where(AlarmOffer.caregiver_id == caregiver_id, AlarmOffer.state.in_(STANDING), Alarm.state.in_(OPEN))
        .order_by(AlarmOffer.offered_at.desc())
    ).all()
    return RespondingAll(items=[_one(session, offer, alarm) for offer, alarm in rows], server_time=now)


def _one(session: Session, offer: AlarmOffer, alarm: Alarm) -> RespondingOut:
    elder = session.get(Elder, alarm.elder_id) if alarm.elder_id else None
    worker = session.get(Caregiver, alarm.worker_id) if alarm.worker_id else None
    at_spot = offer.attendance_id is None
    home = session.get(Home, alarm.home_id) if alarm.home_id and not at_spot else None
    near = [c for c in people.contacts_of(session, elder.id) if c.has_key or c.relation in BESIDE] if elder else []
    health = elder.health if elder else {}
    return RespondingOut(
        alarm_id=alarm.id, offer_id=offer.id, attendance_id=offer.attendance_id, offer=offer.state,
        kind=alarm.kind, state=alarm.state,
        raised_at=alarm.raised_at, answer_by=offer.answer_by, eta_at=alarm.eta_at,
        who=worker.name if worker else elder.name if elder else "", worker=worker is not None,
        worker_phone=worker.phone if worker else None, spot=PlaceOut.of(alarm.place) if at_spot else None,
        spot_words=offer.words, arrived_at=offer.arrived_at,
        address=f"{home.estate}{home.address}" if home else "", access_note=home.access_note if home else None,
        floor=home.floor if home else 1, lift=home.lift if home else True,
        conditions=health.get("conditions") or [], allergies=health.get("allergies") or [],
        medicines=health.get("medicines") or [],
        keys=[
            KeyHolderOut(
                name=c.name, relation=c.relation, phone=c.phone, has_key=c.has_key, minutes_away=c.minutes_away
            )
            for c in sorted(near, key=lambda c: (not c.has_key, c.minutes_away is None, c.minutes_away or 0))
        ],
    )  # fmt: skip
