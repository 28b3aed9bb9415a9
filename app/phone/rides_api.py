"""The rider's phone: her trips of today with their doors, and what she tells on the way."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Header, Response
from pydantic import AwareDatetime, BaseModel
from pydantic import Field as Given
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.api import Field, Now
from app.db import transaction
from app.idempotency import once
from app.meal_rounds import queries, riding
from app.meal_rounds.rules import Ride
from app.meal_rounds.shapes import RoundPoint, RoundPortion
from app.meal_rounds.tables import MealRounds, MealStop, MealTrip
from app.meals import queries as meals
from app.meals.queries import PortionRow
from app.meals.rules import Meal, NotTaken, Receiver
from app.phone.api import caregiver_of
from app.phone.shapes import PlaceIn, ResultOut
from app.places.rules import Place
from app.places.tables import Facility
from app.planning.rules import PlanState

router = APIRouter(prefix="/api/phone/rides", tags=["phone"])


class RideStop(BaseModel):
    """A door of hers, with what a rider must know of it."""

    id: int
    position: int
    arrives_at: datetime
    estate: str
    address: str
    access_note: str | None
    floor: int
    lift: bool
    place: RoundPoint
    phone: str | None
    portions: list[RoundPortion]


class RideTrip(BaseModel):
    """One of her trips; `ride_minutes` is the longest a hot meal may be on the way, `till` when the last is due."""

    id: int
    n: int
    canteen: str
    meal: Meal
    kitchen: RoundPoint
    leaves_at: datetime
    returns_at: datetime
    ride_minutes: int
    till: datetime
    left_at: datetime | None
    back_at: datetime | None
    aboard: int
    stops: list[RideStop]


class Rides(BaseModel):
    """Her trips of today by time; `rides`: whether she rides for a canteen at all."""

    server_time: datetime
    rides: bool
    trips: list[RideTrip]

    @classmethod
    def read(cls, session: Session, caregiver_id: int, *, now: datetime) -> Self:
        """Of the rounds in force. The session sees the whole platform: a trip crosses streets."""
        today = calendar.day_of(now)
        first, last = calendar.day_bounds(today)
        hers = session.scalars(
            select(MealTrip)
            .join(MealRounds, MealRounds.id == MealTrip.rounds_id)
            .where(MealRounds.state == PlanState.PUBLISHED, MealTrip.caregiver_id == caregiver_id)
            .where(MealTrip.leaves_at >= first, MealTrip.leaves_at < last)
            .order_by(MealTrip.leaves_at, MealTrip.id)
        ).all()
        return cls(
            server_time=now, trips=[_trip(session, trip, n) for n, trip in enumerate(hers, 1)],
            rides=any(one.last is None or one.last >= today for one in queries.ridings_of(session, caregiver_id)),
        )  # fmt: skip


class RideRecordIn(BaseModel):
    """What she tells of a trip, or of the meals at a door. Clocks as of every event."""

    id: uuid.UUID
    what: Ride
    trip_id: int = Given(ge=0, lt=2**63)
    portion_ids: list[Annotated[int, Given(ge=0, lt=2**63)]] = Given([], max_length=50)
    receiver: Receiver | None = None
    why: NotTaken | None = None
    seq: int = Given(ge=0, lt=2**53)
    at: AwareDatetime
    offset_ms: int | None = Given(None, ge=0, lt=2**53)
    clock_off_ms: int | None = Given(None, gt=-(2**53), lt=2**53)
    place: PlaceIn | None = None

    def value(self, device: uuid.UUID | None) -> riding.Told:
        """As the actions see it."""
        return riding.Told(
            self.id, self.what, self.trip_id, tuple(self.portion_ids), self.receiver, self.why, self.seq,
            self.at.astimezone(UTC), self.offset_ms, self.clock_off_ms, self.place.value() if self.place else None,
            device,
        )  # fmt: skip


class RideRecordsIn(BaseModel):
    """A batch out of the outbox of one phone; `sent_at` is what the phone's clock says now."""

    records: list[RideRecordIn] = Given(max_length=200)
    device: uuid.UUID | None = None
    sent_at: AwareDatetime | None = None


class RideAnswer(BaseModel):
    """Results in the order of the records, and her trips as they are now."""

    results: list[ResultOut]
    list: Rides


@router.get("")
def my_rides(me: Field, now: Now, response: Response) -> Rides:
    """My trips of today."""
    response.headers["Cache-Control"] = "no-store"
    with transaction() as session:
        return Rides.read(session, caregiver_of(me), now=now)


@router.post("/records")
def ride_records(
    batch: RideRecordsIn, me: Field, now: Now, response: Response,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> RideAnswer:  # fmt: skip
    """Keep what she told, each record once."""
    response.headers["Cache-Control"] = "no-store"
    caregiver_id = caregiver_of(me)
    sent_at = batch.sent_at.astimezone(UTC) if batch.sent_at else None
    with transaction() as session:
        results = once(
            session, caller=f"user {me.id}", key=idempotency_key, now=now,
            request=[(one.id, one.what, one.trip_id) for one in batch.records],
            do=lambda: [
                ResultOut(id=told.id, outcome=told.outcome, problem=told.problem)
                for told in riding.receive(
                    session, caregiver_id, [one.value(batch.device) for one in batch.records], sent_at=sent_at,
                    by=me.by, now=now,
                )
            ],
        )  # fmt: skip
    with transaction() as session:
        return RideAnswer(results=results, list=Rides.read(session, caregiver_id, now=now))


def _trip(session: Session, trip: MealTrip, n: int) -> RideTrip:
    menu = meals.menu(session, session.get_one(MealRounds, trip.rounds_id).menu_id)
    place = session.get_one(Facility, meals.canteen(session, menu.canteen_id).facility_id)
    stops = queries.stops_of(session, trip.id)
    rows = {row.portion.id: row for row in meals.portions(session, ids=[p for one in stops for p in one.portion_ids])}
    return RideTrip(
        id=trip.id, n=n, canteen=place.name, meal=menu.meal, kitchen=RoundPoint(lat=place.lat, lon=place.lon),
        leaves_at=trip.leaves_at, returns_at=trip.returns_at, ride_minutes=menu.ride_minutes, till=menu.delivery_till,
        left_at=trip.left_at, back_at=trip.back_at, aboard=sum(len(one.portion_ids) for one in stops),
        stops=[_stop(one, one.arrives_at, rows) for one in stops if one.arrives_at is not None],
    )  # fmt: skip


def _stop(stop: MealStop, at: datetime, rows: Mapping[int, PortionRow]) -> RideStop:
    here = [rows[number] for number in stop.portion_ids]
    home, place = here[0].home, Place.of(here[0].home.place)
    return RideStop(
        id=stop.id, position=stop.position, arrives_at=at, estate=home.estate,
        address=home.address, access_note=home.access_note, floor=home.floor, lift=home.lift,
        place=RoundPoint(lat=place.lat, lon=place.lon), phone=here[0].elder.phone,
        portions=[RoundPortion.of(row) for row in here],
    )  # fmt: skip
