"""Taking what riders' phones tell: each record once, in any order; what does not fit is the desk's to look at."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.rules import Role
from app.db import notice
from app.errors import CareError
from app.history import record
from app.meal_rounds import queries
from app.meal_rounds.actions import JOB
from app.meal_rounds.rules import MISSED, Clash, Ride
from app.meal_rounds.tables import MealTrip, RideRecord
from app.meals import queries as meals
from app.meals import serving
from app.meals.rules import NotTaken, NotToday, Receiver
from app.orders.rules import VisitState
from app.people.tables import Caregiver
from app.places.rules import Place
from app.visits.rules import Outcome, happened


@dataclass(frozen=True)
class Told:
    """One record as a phone sends it."""

    id: uuid.UUID
    what: Ride
    trip_id: int
    portion_ids: tuple[int, ...]
    receiver: Receiver | None
    why: NotTaken | None
    seq: int
    at: datetime
    offset_ms: int | None = None
    clock_off_ms: int | None = None
    place: Place | None = None
    device: uuid.UUID | None = None


@dataclass(frozen=True)
class Answered:
    """What became of a record; `problem` is a code the phone has words for."""

    id: uuid.UUID
    outcome: Outcome
    problem: Clash | None = None


def receive(
    session: Session, caregiver_id: int, batch: Sequence[Told], *, sent_at: datetime | None, by: str, now: datetime
) -> list[Answered]:
    """Keep every record once and let it count. The session sees the whole platform: a trip crosses streets."""
    caregiver = session.get_one(Caregiver, caregiver_id, with_for_update=True)  # her phone's batches one by one
    told: dict[uuid.UUID, Answered] = {}
    for one in sorted(batch, key=lambda reported: reported.seq):
        if one.id not in told:
            told[one.id] = _one(session, caregiver, one, sent_at=sent_at, by=by, now=now)
    return [told[one.id] for one in batch]


def _one(
    session: Session, caregiver: Caregiver, one: Told, *, sent_at: datetime | None, by: str, now: datetime
) -> Answered:
    kept = session.scalar(select(RideRecord).where(RideRecord.event_id == one.id))
    if kept is not None:
        if kept.caregiver_id != caregiver.id:
            return Answered(one.id, Outcome.ATTENTION, Clash.NOT_YOURS)  # another's number: nothing is told of it
        return Answered(one.id, Outcome.ATTENTION if kept.problem else Outcome.REPEATED, kept.problem)
    at = happened(
        one.at, received_at=now, offset_ms=one.offset_ms, sent_at=sent_at, clock_off_ms=one.clock_off_ms
    )  # fmt: skip
    trip = session.get(MealTrip, one.trip_id)
    trip = trip if trip is not None and trip.caregiver_id == caregiver.id else None
    problem = _apply(session, trip, one, at=at, by=by, now=now) if trip else Clash.NOT_YOURS
    session.add(
        RideRecord(
            district_id=caregiver.district_id, provider_id=caregiver.provider_id, event_id=one.id,
            caregiver_id=caregiver.id, trip_id=trip.id if trip else None, what=one.what,
            menu_id=queries.get(session, trip.rounds_id).menu_id if trip else None,
            portion_ids=list(one.portion_ids), receiver=one.receiver, why=one.why, happened_at=at, device_at=one.at,
            received_at=now, device=one.device, place=one.place.as_json() if one.place else None, problem=problem,
            by=by,
        )
    )  # fmt: skip
    session.flush()
    notice(session, caregiver.district_id, JOB)
    return Answered(one.id, Outcome.ATTENTION if problem else Outcome.ACCEPTED, problem)


def _apply(session: Session, trip: MealTrip, one: Told, *, at: datetime, by: str, now: datetime) -> Clash | None:
    """Let it count; the reason why it does not, or not all of it."""
    copies = queries.copies(session, trip)
    if calendar.day_of(at) != calendar.day_of(trip.leaves_at):
        return Clash.WRONG_DAY
    if one.what is Ride.PICK_UP or trip.left_at is None:  # who is at a door has left, whatever she forgot to say
        for copy in copies:
            copy.left_at = min(at, copy.left_at or at)
        record(session, trip, Ride.PICK_UP, None, "left", by=by, now=now, at=at.isoformat())
    if one.what is Ride.PICK_UP:
        return None
    if one.what is Ride.BACK:
        for copy in copies:
            copy.back_at = max(at, copy.back_at or at)
        record(session, trip, one.what, None, "back", by=by, now=now, at=at.isoformat())
        return None
    if not one.portion_ids or (one.receiver is None if one.what is Ride.HAND_OVER else one.why not in MISSED):
        return Clash.UNREADABLE
    aboard = {number for copy in copies for stop in queries.stops_of(session, copy.id) for number in stop.portion_ids}
    problems = [
        _portion(session, number, one, at=at, by=by, now=now) if number in aboard else Clash.NOT_YOURS
        for number in one.portion_ids
    ]
    return next(filter(None, problems), None)


def _portion(session: Session, number: int, one: Told, *, at: datetime, by: str, now: datetime) -> Clash | None:
    """One meal at the door. What has been said of it before stands."""
    try:
        with session.begin_nested():
            if one.what is Ride.HAND_OVER and one.receiver is not None:
                serving.hand_over(session, number, one.receiver, role=Role.CAREGIVER, by=by, now=now, at=at)
            elif one.why is not None:
                serving.miss(session, number, one.why, by=by, now=now, at=at)
    except NotToday:
        return Clash.WRONG_DAY
    except CareError:
        (row,) = meals.portions(session, ids=[number])
        same = VisitState.VERIFIED if one.what is Ride.HAND_OVER else VisitState.NOT_DELIVERED
        return None if row.visit.state is same else Clash.OTHERWISE  # the canteen said the same by telephone
    return None
