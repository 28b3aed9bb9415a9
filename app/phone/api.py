"""The phone's two routes: what is to do, and what was done."""

from datetime import UTC
from typing import Annotated

from fastapi import APIRouter, Header, Response

from app.access.api import Field, Now
from app.access.queries import Caller
from app.alarms import spots
from app.db import transaction
from app.errors import Refused
from app.idempotency import once
from app.phone import calling_help, queries
from app.phone.shapes import Answer, Days, EventsIn, ResultOut
from app.visits import actions

router = APIRouter(prefix="/api/phone", tags=["phone"])


def caregiver_of(me: Caller) -> int:
    """Whose phone it is; raises Refused for a login without a caregiver."""
    if me.caregiver_id is None:
        raise Refused("This login belongs to no caregiver.")
    return me.caregiver_id


@router.get("/days")
def days(me: Field, now: Now, response: Response) -> Days:
    """Today and tomorrow."""
    response.headers["Cache-Control"] = "no-store"
    with transaction(me.scope) as session:
        days = queries.days(session, caregiver_of(me), now=now)
    return _called(days, caregiver_of(me))


@router.post("/events")
def events(
    batch: EventsIn, me: Field, now: Now, response: Response, idempotency_key: Annotated[str | None, Header()] = None
) -> Answer:
    """Keep what happened, each event once; the answer holds the days as they are now. Nothing sent here is lost."""
    response.headers["Cache-Control"] = "no-store"
    caregiver_id = caregiver_of(me)
    sent_at = batch.sent_at.astimezone(UTC) if batch.sent_at else None
    reported = [event.value(batch.device) for event in batch.events]
    with transaction(me.scope) as session:
        heard = calling_help.unheard(session, me.district_id, reported)
        results = once(
            session, caller=f"user {me.id}", key=idempotency_key, now=now,
            request=[(e.id, e.kind, e.attendance_id) for e in batch.events],  # clocks differ in a repeat
            do=lambda: [
                ResultOut.of(told)
                for told in actions.receive(
                    session, caregiver_id, reported, sent_at=sent_at, by=me.by, now=now
                )
            ],
        )  # fmt: skip
        calling_help.tell(session, heard, me=me, now=now)
    with transaction(me.scope) as session:
        days = queries.days(session, caregiver_id, now=now)
    return Answer(results=results, days=_called(days, caregiver_id))


def _called(days: Days, caregiver_id: int) -> Days:
    """Platform's reading: a spot she is sent to may lie in a street her other work does not."""
    with transaction() as session:
        return days.model_copy(update={"sent_to": spots.sent_to(session, caregiver_id)})
