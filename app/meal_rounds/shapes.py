"""What the door of the rounds says at the desk."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.access.rules import PLANNERS, Role
from app.jobs import queries as job_queries
from app.meal_rounds import actions, queries
from app.meal_rounds.by_hand import Trial, Wish
from app.meal_rounds.rules import POSSIBLE, Clash, Left, Ride
from app.meal_rounds.tables import MealRounds, MealStop, MealTrip
from app.meals import queries as meals
from app.meals.menu_shapes import Number
from app.meals.queries import PortionRow
from app.meals.rules import Diet, Meal, MealWay, NotTaken, Receiver
from app.meals.tables import Canteen, Menu
from app.orders.rules import VisitState
from app.people.riding_tables import Riding
from app.people.tables import Caregiver
from app.places.rules import Place
from app.places.tables import Facility
from app.planning.board import JobOut
from app.planning.rules import PlanState


class RoundPoint(BaseModel):
    """WGS-84."""

    lat: float
    lon: float


class RoundsDraftIn(BaseModel):
    """How long to think."""

    seconds: int = Field(10, ge=1, le=60)
    seed: int | None = Field(None, ge=0, lt=2**31)


class SeenIn(BaseModel):
    """The version that was looked at."""

    version: int = Field(ge=0, lt=2**31)


class StopMoveIn(BaseModel):
    """Into a trip at a position, into a new trip of a rider, or into none."""

    trip_id: Number | None = None
    riding_id: Number | None = None
    position: int = Field(1, ge=1, le=500)

    def wish(self) -> Wish:
        """As the action takes it."""
        return Wish(self.trip_id, self.riding_id, self.position)


class StopAcceptIn(StopMoveIn):
    """A move with the rules that may be broken by it, by name, and the version that was looked at."""

    accept: list[str] = []
    version: int = Field(ge=0, lt=2**31)


class BrokenRule(BaseModel):
    """A rule a move would break; whose door and which rider."""

    rule: str
    elder: str | None
    rider: str | None
    facts: dict[str, Any]


class MoveCheck(BaseModel):
    """What a move would mean."""

    broken: list[BrokenRule]
    way_seconds: int
    arrives_at: datetime | None

    @classmethod
    def of(cls, trial: Trial, elders: Mapping[str, str]) -> Self:
        """Faults name doors and riders as the wave does; people hear their names."""
        rider = {name: one.name for name, one in trial.asked.rider.items()}
        return cls(
            broken=[
                BrokenRule(
                    rule=fault.rule, elder=elders.get(fault.visit or ""), rider=rider.get(fault.caregiver or ""),
                    facts=dict(fault.facts),
                )
                for fault in trial.broken
            ],
            way_seconds=trial.way_seconds, arrives_at=trial.arrives_at,
        )  # fmt: skip


class RoundsHead(BaseModel):
    """One version."""

    id: int
    menu_id: int
    n: int
    state: PlanState
    version: int
    seconds: int
    way_seconds: int | None
    created_at: datetime
    published_at: datetime | None
    published_by: str | None
    possible: list[str]

    @classmethod
    def of(cls, rounds: MealRounds, role: Role) -> Self:
        """With the buttons of this role."""
        return cls(
            id=rounds.id, menu_id=rounds.menu_id, n=rounds.n, state=rounds.state, version=rounds.version,
            seconds=rounds.seconds, way_seconds=rounds.way_seconds, created_at=rounds.created_at,
            published_at=rounds.published_at, published_by=rounds.published_by,
            possible=list(POSSIBLE[rounds.state]) if role in PLANNERS else [],
        )  # fmt: skip


class RoundPortion(BaseModel):
    """A meal as the rounds show it; its state is its visit's."""

    id: int
    elder_id: int
    elder_name: str
    dish: str
    diets: list[Diet]
    note: str | None
    bring_to: str | None
    way: MealWay
    state: VisitState
    handed_at: datetime | None
    receiver: Receiver | None
    why: str | None

    @classmethod
    def of(cls, row: PortionRow) -> Self:
        """As it is now."""
        return cls(
            id=row.portion.id, elder_id=row.elder.id, elder_name=row.elder.name, dish=row.dish.name, diets=row.diets,
            note="；".join(filter(None, (row.diet_note, row.portion.note))) or None, bring_to=row.portion.bring_to,
            way=row.portion.way, state=row.visit.state, handed_at=row.portion.handed_at,
            receiver=row.portion.receiver, why=row.visit.reason,
        )  # fmt: skip


class DoorOut(BaseModel):
    """A door, and what is brought there."""

    id: int
    estate: str
    address: str
    place: RoundPoint
    portions: list[RoundPortion]
    moved_by: str | None
    possible: list[str]


class StopOut(DoorOut):
    """A door in a trip."""

    position: int
    arrives_at: datetime


class DoorLeftOut(DoorOut):
    """A door in no trip; `remedy` {kind: till | ride (minutes) | rider, much} did help when it was tried."""

    why: Left
    facts: dict[str, Any]
    remedy: dict[str, Any] | None


class TripOut(BaseModel):
    """A trip; `ride_minutes`: how long its last meal is on the way."""

    id: int
    riding_id: int
    caregiver_id: int
    rider_name: str
    n: int  # her trips of the day, from 1
    room: int
    aboard: int
    leaves_at: datetime
    returns_at: datetime
    left_at: datetime | None
    back_at: datetime | None
    ride_minutes: int
    stops: list[StopOut]


class StaleOut(BaseModel):
    """A meal to be brought that these rounds do not know: ordered or changed since."""

    portion_id: int
    elder_name: str
    estate: str


class RideClashOut(BaseModel):
    """What a rider told that did not count by itself."""

    id: int
    rider_name: str
    what: Ride
    elders: list[str]
    receiver: Receiver | None
    why: NotTaken | None
    at: datetime
    problem: Clash


class RoundsOut(BaseModel):
    """A version with its trips."""

    head: RoundsHead
    trips: list[TripOut]
    left_out: list[DoorLeftOut]
    stale: list[StaleOut]

    @classmethod
    def read(cls, session: Session, rounds: MealRounds, role: Role) -> Self:
        """Doors of the caller's area; a trip shows those it may show."""
        session.flush()
        rows = {
            row.portion.id: row
            for row in meals.portions(session, menu_id=rounds.menu_id, way=None)
        }  # fmt: skip
        stops = [one for one in queries.stops(session, rounds.id) if any(p in rows for p in one.portion_ids)]
        movable = role in PLANNERS and "move" in POSSIBLE[rounds.state]
        known = {number for one in stops for number in one.portion_ids}
        by_trip: dict[int | None, list[MealStop]] = defaultdict(list)
        for one in stops:
            by_trip[one.trip_id].append(one)
        of_rider: Counter[int] = Counter()
        people = {one.id: (one, who) for one, who in queries.ridings(session, _canteen(session, rounds).id)}
        trips = []
        for trip in queries.trips(session, rounds.id):
            of_rider[trip.caregiver_id] += 1
            trips.append(
                _trip(trip, people[trip.riding_id], of_rider[trip.caregiver_id], by_trip[trip.id], rows, movable)
            )
        return cls(
            head=RoundsHead.of(rounds, role), trips=trips,
            left_out=[
                DoorLeftOut(**_door(one, rows, movable), why=one.why, facts=one.facts, remedy=one.remedy)
                for one in by_trip[None] if one.why is not None
            ],
            stale=[
                StaleOut(portion_id=row.portion.id, elder_name=row.elder.name, estate=row.home.estate)
                for row in queries.to_bring(session, rounds.menu_id) if row.portion.id not in known
            ],
        )  # fmt: skip


class RoundsPage(BaseModel):
    """A meal's rounds: the draft if there is one, else what is in force, and all versions."""

    menu_id: int
    canteen_id: int
    canteen: str
    day: date
    meal: Meal
    kitchen: RoundPoint
    cut_off: datetime
    delivery_from: datetime
    delivery_till: datetime
    ride_minutes: int
    reload_minutes: int
    door_minutes: int
    doors: int
    portions: int
    riders: int
    versions: list[RoundsHead]
    shown: RoundsOut | None
    clashes: list[RideClashOut]
    job: JobOut | None
    possible: list[str]

    @classmethod
    def read(cls, session: Session, menu: Menu, role: Role, *, now: datetime) -> Self:
        """What is still to be brought is counted as of now."""
        session.flush()
        place = session.get_one(Facility, meals.canteen(session, menu.canteen_id).facility_id)
        versions = queries.versions(session, menu.id)
        by_state = {one.state: one for one in versions if one.state is not PlanState.SUPERSEDED}
        shown = by_state.get(PlanState.DRAFT) or by_state.get(PlanState.PUBLISHED)
        making = by_state.get(PlanState.DRAFTING) or (versions[0] if versions else None)
        waiting = queries.to_bring(session, menu.id)
        can = role in PLANNERS and now >= menu.cut_off and bool(waiting) and PlanState.DRAFTING not in by_state
        return cls(
            menu_id=menu.id, canteen_id=menu.canteen_id, canteen=place.name, day=menu.day, meal=menu.meal,
            kitchen=RoundPoint(lat=place.lat, lon=place.lon), cut_off=menu.cut_off, delivery_from=menu.delivery_from,
            delivery_till=menu.delivery_till, ride_minutes=menu.ride_minutes, reload_minutes=menu.reload_minutes,
            door_minutes=menu.door_minutes, doors=len(queries.doors(waiting)), portions=len(waiting),
            riders=len(queries.riders(session, menu)), versions=[RoundsHead.of(one, role) for one in versions],
            shown=RoundsOut.read(session, shown, role) if shown else None, clashes=_clashes(session, menu.id),
            job=JobOut.of(job_queries.latest(session, actions.JOB, making.id)) if making else None,
            possible=["draft"] if can else [],
        )  # fmt: skip


def _canteen(session: Session, rounds: MealRounds) -> Canteen:
    return meals.canteen(session, actions.menu_of(session, rounds).canteen_id)


def _trip(
    trip: MealTrip, who: tuple[Riding, Caregiver], n: int, stops: Sequence[MealStop], rows: Mapping[int, PortionRow],
    movable: bool,
) -> TripOut:  # fmt: skip
    last = max((one.arrives_at for one in stops if one.arrives_at), default=trip.leaves_at)
    return TripOut(
        id=trip.id, riding_id=trip.riding_id, caregiver_id=trip.caregiver_id, rider_name=who[1].name, n=n,
        room=who[0].room, aboard=sum(len(one.portion_ids) for one in stops), leaves_at=trip.leaves_at,
        returns_at=trip.returns_at, left_at=trip.left_at, back_at=trip.back_at,
        ride_minutes=round((last - trip.leaves_at).total_seconds() / 60),
        stops=[
            StopOut(
                **_door(one, rows, movable and trip.left_at is None), position=one.position, arrives_at=one.arrives_at
            )
            for one in stops if one.arrives_at is not None
        ],
    )  # fmt: skip


def _door(stop: MealStop, rows: Mapping[int, PortionRow], movable: bool) -> dict[str, Any]:
    here = [rows[number] for number in stop.portion_ids if number in rows]
    home = here[0].home
    at = Place.of(home.place)
    return {
        "id": stop.id, "estate": home.estate, "address": home.address, "place": RoundPoint(lat=at.lat, lon=at.lon),
        "portions": [RoundPortion.of(row) for row in here], "moved_by": stop.moved_by,
        "possible": ["move"] if movable else [],
    }  # fmt: skip


def _clashes(session: Session, menu_id: int) -> list[RideClashOut]:
    found = queries.clashes(session, menu_id)
    rows = meals.portions(session, ids=[number for one in found for number in one.portion_ids])
    elders = {row.portion.id: row.elder.name for row in rows}
    return [
        RideClashOut(
            id=one.id, rider_name=session.get_one(Caregiver, one.caregiver_id).name, what=one.what,
            elders=[elders[number] for number in one.portion_ids if number in elders], receiver=one.receiver,
            why=one.why, at=one.happened_at, problem=one.problem,
        )
        for one in found if one.problem is not None
    ]  # fmt: skip
