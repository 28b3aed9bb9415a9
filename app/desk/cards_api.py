"""The doors of the 120 card: open it with a reason, send it, see who opened it; and the record behind it."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.access import actions as access
from app.access.api import Desk, Hotline, allowed
from app.access.queries import Caller
from app.access.rules import Role
from app.alarms.care_clock import CareClock, care_clock
from app.db import transaction
from app.desk import cards
from app.desk.card_rules import CardReason, SmsTo
from app.desk.cards import Card, OpeningOut, PartOut
from app.people import health
from app.people import queries as people

router = APIRouter(prefix="/api", tags=["cards"])
Overseer = Annotated[Caller, allowed(frozenset({Role.SHIFT_LEAD, Role.SUPERVISOR}))]


class OpenIn(BaseModel):
    """Why the card is opened."""

    reason: CardReason


class SmsIn(BaseModel):
    """To whom it goes."""

    to: SmsTo


class SentSms(BaseModel):
    """What went out, in how many parts, and what was cut."""

    text: str
    parts: int
    cut: list[str]


class Openings(BaseModel):
    """The latest, newest first."""

    items: list[OpeningOut]


class HealthRecord(BaseModel):
    """Every part of what is known, and the version a change must name."""

    version: int
    parts: list[PartOut]


class PartIn(BaseModel):
    """One part as somebody has told it; null says that it is not known after all."""

    value: list[str] | str | None
    as_of: date
    source: health.ToldBy
    version: int = Field(ge=0)


@router.post("/alarms/{alarm_id}/card")
def open_card(alarm_id: int, why: OpenIn, me: Hotline) -> Card:
    """The card in the clear; break-glass: who and why are on record."""
    with transaction(me.scope) as session:
        return cards.opened(session, alarm_id, why.reason, me, now=datetime.now(UTC))


@router.post("/alarms/{alarm_id}/card/sms")
def send_card(alarm_id: int, whom: SmsIn, me: Hotline) -> SentSms:
    """Send it as one message. 409 where there is no number."""
    with transaction(me.scope) as session:
        sms = cards.send(session, alarm_id, whom.to, me, now=datetime.now(UTC))
    return SentSms(text=sms.text, parts=sms.parts, cut=sms.cut)


@router.get("/card-openings")
def openings(me: Overseer) -> Openings:
    """Who saw whom in the clear, and why."""
    with transaction(me.scope) as session:
        return Openings(items=cards.openings(session, me))


@router.get("/elders/{elder_id}/health")
def health_record(elder_id: int, me: Desk) -> HealthRecord:
    """What is known of her health; that somebody looked is on record."""
    with transaction(me.scope) as session:
        elder = people.get(session, elder_id)
        access.note_look(session, me, elder_id=elder.id, field="health", reason="record", now=datetime.now(UTC))
        return _record(elder.health)


@router.get("/elders/{elder_id}/care")
def care(elder_id: int, me: Desk) -> CareClock:
    """Who is in the home now, who is due, who left last, and when anybody last saw or heard her."""
    with transaction(me.scope) as session:
        people.get(session, elder_id)
        return care_clock(session, elder_id, now=datetime.now(UTC))


@router.put("/elders/{elder_id}/health/{part}")
def write_health(elder_id: int, part: health.Part, said: PartIn, me: Desk) -> HealthRecord:
    """Put one part on record with its day and source. 409 when somebody else has changed the record."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        people.get(session, elder_id)
        elder = health.write(
            session, elder_id, part, said.value, as_of=said.as_of, source=said.source, seen=said.version, by=me.by,
            now=now,
        )  # fmt: skip
        return _record(elder.health)


def _record(stored: dict[str, object]) -> HealthRecord:
    return HealthRecord(
        version=health.version_of(stored), parts=[PartOut(**vars(one)) for one in health.known(stored)]
    )  # fmt: skip
