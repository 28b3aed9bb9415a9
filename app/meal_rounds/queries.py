"""Reading rounds, and what they are made of: the doors of a meal and who rides."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app import calendar
from app.errors import NotFound
from app.meal_rounds.tables import MealRounds, MealStop, MealTrip, RideRecord
from app.meal_rounds.wave import Door, Promised, Question, RiderToday, set_aside
from app.meals import queries as meals
from app.meals.queries import PortionRow
from app.meals.rules import MealWay
from app.meals.tables import Menu
from app.orders.rules import VisitState
from app.people.riding_tables import Riding
from app.people.tables import Absence, Caregiver
from app.places.rules import Place
from app.places.tables import Facility
from app.planning.rules import PlanState


def get(session: Session, rounds_id: int, *, lock: bool = False) -> MealRounds:
    """The rounds; raises NotFound also when they are another provider's."""
    found = session.get(MealRounds, rounds_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There are no such rounds.")
    return found


def stop(session: Session, stop_id: int, *, lock: bool = False) -> MealStop:
    """The door; raises NotFound also when it is outside the caller's area."""
    found = session.get(MealStop, stop_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such door in any rounds, or it is outside your area.")
    return found


def riding(session: Session, riding_id: int, *, lock: bool = False) -> Riding:
    """Somebody's hours; raises NotFound also when she works for another provider."""
    found = session.get(Riding, riding_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such rider.")
    return found


def in_state(session: Session, menu_id: int, state: PlanState, *, lock: bool = False) -> MealRounds | None:
    """The rounds of a meal in one of the states there can be only one of."""
    query = select(MealRounds).where(MealRounds.menu_id == menu_id, MealRounds.state == state)
    return session.scalar(query.with_for_update().execution_options(populate_existing=True) if lock else query)


def next_number(session: Session, menu_id: int) -> int:
    """Versions count from 1."""
    return (session.scalar(select(func.max(MealRounds.n)).where(MealRounds.menu_id == menu_id)) or 0) + 1


def lock_menu(session: Session, menu_id: int) -> None:
    """One writer of a meal's rounds at a time, until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"meal_rounds:{menu_id}", 0))))


def versions(session: Session, menu_id: int) -> Sequence[MealRounds]:
    """The newest first."""
    return session.scalars(select(MealRounds).where(MealRounds.menu_id == menu_id).order_by(MealRounds.n.desc())).all()


def trips(session: Session, rounds_id: int) -> Sequence[MealTrip]:
    """By rider and time."""
    query = select(MealTrip).where(MealTrip.rounds_id == rounds_id)
    return session.scalars(query.order_by(MealTrip.caregiver_id, MealTrip.leaves_at, MealTrip.id)).all()


def stops(session: Session, rounds_id: int) -> Sequence[MealStop]:
    """By trip and position, what is in no trip among them."""
    query = select(MealStop).where(MealStop.rounds_id == rounds_id)
    return session.scalars(query.order_by(MealStop.trip_id, MealStop.position, MealStop.id)).all()


def stops_of(session: Session, trip_id: int) -> Sequence[MealStop]:
    """The doors of a trip in its order."""
    return session.scalars(select(MealStop).where(MealStop.trip_id == trip_id).order_by(MealStop.position)).all()


def copies(session: Session, trip: MealTrip) -> Sequence[MealTrip]:
    """The same trip in every version it stands in."""
    root = trip.root_id or trip.id
    query = select(MealTrip).where(or_(MealTrip.id == root, MealTrip.root_id == root)).order_by(MealTrip.id)
    return session.scalars(query.with_for_update()).all()


def clashes(session: Session, menu_id: int) -> Sequence[RideRecord]:
    """What riders told of a meal that did not count by itself, the newest first."""
    query = select(RideRecord).where(RideRecord.menu_id == menu_id, RideRecord.problem.is_not(None))
    return session.scalars(query.order_by(RideRecord.happened_at.desc(), RideRecord.id)).all()


def ridings(session: Session, canteen_id: int) -> Sequence[tuple[Riding, Caregiver]]:
    """Everybody who rides or has ridden for a canteen, by name."""
    query = select(Riding, Caregiver).join(Caregiver, Caregiver.id == Riding.caregiver_id)
    rows = session.execute(query.where(Riding.canteen_id == canteen_id).order_by(Caregiver.name, Riding.id))
    return [(riding, caregiver) for riding, caregiver in rows]


def ridings_of(session: Session, caregiver_id: int) -> Sequence[Riding]:
    """Her hours at whatever canteen, also those that are over."""
    return session.scalars(select(Riding).where(Riding.caregiver_id == caregiver_id).order_by(Riding.id)).all()


def could_ride(session: Session, provider_id: int) -> Sequence[Caregiver]:
    """The provider's people."""
    query = select(Caregiver).where(Caregiver.provider_id == provider_id, Caregiver.ended_at.is_(None))
    return session.scalars(query.order_by(Caregiver.name, Caregiver.id)).all()


def riders(session: Session, menu: Menu) -> list[RiderToday]:
    """Who rides when a meal is brought, those who are away left out."""
    away = select(Absence.caregiver_id).where(Absence.first <= menu.day, Absence.last >= menu.day)
    query = (
        select(Riding, Caregiver.name)
        .join(Caregiver, Caregiver.id == Riding.caregiver_id)
        .where(Riding.canteen_id == menu.canteen_id, Riding.weekdays.contains([menu.day.weekday()]))
        .where(Riding.first <= menu.day, or_(Riding.last.is_(None), Riding.last >= menu.day))
        .where(Riding.starts < calendar.local(menu.delivery_till).time())
        .where(Riding.ends > calendar.local(menu.delivery_from).time())
        .where(Riding.caregiver_id.not_in(away), Caregiver.ended_at.is_(None))
        .order_by(Riding.id)
    )
    return [
        RiderToday(
            one.id, one.caregiver_id, name, one.room, calendar.at(menu.day, one.starts), calendar.at(menu.day, one.ends)
        )
        for one, name in session.execute(query)
    ]


def to_bring(session: Session, menu_id: int) -> list[PortionRow]:
    """Meals ordered to the door that nobody has yet and nobody has given up."""
    return [
        row
        for row in meals.portions(session, menu_id=menu_id, way=MealWay.DELIVERY)
        if row.visit.state is VisitState.WAITING
    ]


def doors(rows: Iterable[PortionRow]) -> list[Door]:
    """One for each home, and one apart for each meal that goes to another door."""
    at_home: dict[tuple[int, str], list[PortionRow]] = defaultdict(list)
    for row in rows:
        at_home[row.home.id, row.portion.bring_to or ""].append(row)
    return [
        Door(
            home_id, one[0].portion.division_code, Place.of(one[0].home.place), tuple(r.portion.id for r in one),
            bool(elsewhere),
        )
        for (home_id, elsewhere), one in sorted(at_home.items())
    ]  # fmt: skip


def promised(session: Session, menu: Menu, *, now: datetime) -> Promised:
    """What the canteen promises of a meal; nothing leaves before now."""
    place = session.get_one(Facility, meals.canteen(session, menu.canteen_id).facility_id)
    return Promised(
        calendar.day_bounds(menu.day)[0], Place(place.lat, place.lon), max(menu.delivery_from, now),
        menu.delivery_till, menu.ride_minutes, menu.reload_minutes, menu.door_minutes, menu.ride_mode,
    )  # fmt: skip


def left(session: Session, menu_id: int) -> list[MealTrip]:
    """Trips of the rounds in force that have left the kitchen: no version moves them."""
    published = in_state(session, menu_id, PlanState.PUBLISHED)
    return [trip for trip in trips(session, published.id) if trip.left_at] if published else []


def free_from(trip: MealTrip, reload_minutes: int) -> datetime:
    """When somebody who has left can leave again; late out is late back."""
    late = max(trip.left_at - trip.leaves_at, timedelta()) if trip.left_at else timedelta()
    return (trip.back_at or trip.returns_at + late) + timedelta(minutes=reload_minutes)


def question(session: Session, menu: Menu, *, now: datetime) -> Question:
    """The rounds of a meal as they can be made now: what has left stays as it went."""
    gone = left(session, menu.id)
    aboard = {one for trip in gone for stop in stops_of(session, trip.id) for one in stop.portion_ids}
    waiting = [row for row in to_bring(session, menu.id) if row.portion.id not in aboard]
    return asked(session, menu, doors(waiting), gone, now=now)


def asked(
    session: Session, menu: Menu, at: Iterable[Door], gone: Iterable[MealTrip], *, now: datetime
) -> Question:  # fmt: skip
    """These doors and whoever rides, once she is back from a trip that has left."""
    back: dict[int, datetime] = {}
    for trip in gone:
        back[trip.riding_id] = max(back.get(trip.riding_id, now), free_from(trip, menu.reload_minutes))
    free = tuple(
        RiderToday(r.riding_id, r.caregiver_id, r.name, r.room, max(r.starts, back.get(r.riding_id, now)), r.ends)
        for r in riders(session, menu)
        if max(r.starts, back.get(r.riding_id, now)) < r.ends
    )
    asked_of = tuple(at)
    return Question(promised(session, menu, now=now), asked_of, free, set_aside(asked_of, free))
