"""A door put into another trip by hand: first tried, with every rule it would break named, then done."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

import dispatch
from app.db import notice
from app.errors import NotFound
from app.history import record
from app.meal_rounds import actions, queries
from app.meal_rounds.rules import POSSIBLE, Left, NotTheseRounds, RoundsChanged, check_accepted
from app.meal_rounds.tables import MealRounds, MealStop, MealTrip
from app.meal_rounds.wave import Door, Question
from app.people.tables import Home
from app.places.rules import Place

UNKNOWN_PLACE = dispatch.Fault("place")  # her meal goes to another door: who moves it knows where that is


@dataclass(frozen=True)
class Wish:
    """Into a trip at a position (from 1), into a new trip of a rider, or (neither) into none."""

    trip_id: int | None
    riding_id: int | None
    position: int


@dataclass(frozen=True)
class Leg:
    """A trip that has not left, as it is or would be: whose, which row (none: a new one), its doors in order."""

    rider: str
    trip_id: int | None
    doors: tuple[str, ...]


@dataclass(frozen=True)
class Trial:
    """What a move would mean: rules it breaks that were kept before, seconds ridden more, and when she is there."""

    broken: tuple[dispatch.Fault, ...]
    way_seconds: int
    arrives_at: datetime | None
    asked: Question
    legs: tuple[Leg, ...]
    rounds: dispatch.Rounds  # its trips are those of `legs`, one by one
    touched: frozenset[str]  # riders whose trips change


def try_move(session: Session, stop: MealStop, wish: Wish, *, now: datetime) -> Trial:
    """What the move would mean, without doing it. Raises NotTheseRounds, NotFound."""
    rounds = queries.get(session, stop.rounds_id)
    if "move" not in POSSIBLE[rounds.state]:
        raise NotTheseRounds("Only a draft or the rounds in force are changed by hand.", state=rounds.state)
    trips, stops = queries.trips(session, rounds.id), queries.stops(session, rounds.id)
    still = {trip.id: trip for trip in trips if trip.left_at is None}
    if stop.trip_id is not None and stop.trip_id not in still:
        raise NotTheseRounds("This trip has left the kitchen.")
    if wish.trip_id is not None and wish.trip_id not in still:
        raise NotFound("There is no such trip, or it has left the kitchen.")
    in_play = [one for one in stops if one.trip_id in still or one.id == stop.id]
    gone = [trip for trip in trips if trip.left_at is not None]
    asked = queries.asked(session, actions.menu_of(session, rounds), _doors(session, in_play), gone, now=now)
    asked = Question(asked.promised, asked.doors, asked.riders)  # a hand may ask for what no search is asked
    before = _sorted(
        Leg(str(trip.riding_id), trip.id, tuple(_key(one) for one in in_play if one.trip_id == trip.id))
        for trip in still.values()
    )
    after = _after(before, _key(stop), wish)
    if any(leg.rider not in asked.rider for leg in (*before, *after)):
        raise NotTheseRounds("One of these riders is not here that day, or not any more; draft again.")
    was, will = (dispatch.in_order(asked.wave, [(leg.rider, leg.doors) for leg in legs]) for legs in (before, after))
    had = {(fault.rule, fault.visit, fault.caregiver) for fault in dispatch.wrong(asked.wave, was)}
    broken = [f for f in dispatch.wrong(asked.wave, will) if (f.rule, f.visit, f.caregiver) not in had]
    at = next((at for trip in will.trips for name, at in trip.stops if name == _key(stop)), None)
    if stop.why is Left.REDIRECTED and at is not None:
        broken.append(UNKNOWN_PLACE)
    return Trial(
        tuple(broken), will.cost["way"] - was.cost["way"], None if at is None else asked.promised.time(at), asked,
        after, will, frozenset(leg.rider for leg in {*before} ^ {*after}),
    )  # fmt: skip


def move_stop(
    session: Session, stop_id: int, wish: Wish, *, accept: Sequence[str], seen: int, by: str, now: datetime
) -> MealRounds:
    """Do it: the trips of whoever it concerns are timed anew. Raises RulesBroken, CannotOverride, RoundsChanged."""
    rounds = queries.get(session, queries.stop(session, stop_id).rounds_id, lock=True)
    queries.lock_menu(session, rounds.menu_id)
    if rounds.version != seen:
        raise RoundsChanged("Somebody has changed these rounds; look at them again.", version=rounds.version)
    stop = queries.stop(session, stop_id, lock=True)
    trial = try_move(session, stop, wish, now=now)
    broken = {fault.rule for fault in trial.broken}
    check_accepted(broken, accept)
    stop.moved_by = by
    _write(session, rounds, trial)
    if trial.arrives_at is None:
        stop.trip_id, stop.position, stop.arrives_at, stop.why, stop.remedy = None, 0, None, Left.TAKEN_OUT, None
    rounds.touched_at, rounds.way_seconds = now, (rounds.way_seconds or 0) + trial.way_seconds
    session.flush()
    kept = {leg.trip_id for leg in trial.legs}
    for trip in queries.trips(session, rounds.id):
        if trip.left_at is None and trip.id not in kept and not queries.stops_of(session, trip.id):
            session.delete(trip)
    record(
        session, stop, "move", rounds.state, rounds.state, by=by, now=now, rounds_id=rounds.id, trip_id=stop.trip_id,
        accepted=sorted(broken),
    )  # fmt: skip
    notice(session, rounds.district_id, actions.JOB)
    return rounds


def _write(session: Session, rounds: MealRounds, trial: Trial) -> None:
    """Trips and doors of the riders concerned, at their new times."""
    said = trial.asked.promised
    trips: Mapping[int, MealTrip] = {trip.id: trip for trip in queries.trips(session, rounds.id)}
    stops = {_key(one): one for one in queries.stops(session, rounds.id)}
    for leg, told in zip(trial.legs, trial.rounds.trips, strict=True):
        if leg.rider not in trial.touched:
            continue
        if leg.trip_id is None:
            trip = actions.new_trip(session, rounds, trial.asked, told)
        else:
            trip = trips[leg.trip_id]
            trip.leaves_at, trip.returns_at = said.time(told.leaves), said.time(told.returns)
        for position, (name, at) in enumerate(told.stops, 1):
            one = stops[name]
            one.trip_id, one.position, one.arrives_at = trip.id, position, said.time(at)
            one.why, one.remedy, one.facts = None, None, {}


def _after(before: Sequence[Leg], key: str, wish: Wish) -> tuple[Leg, ...]:
    """The order with one door where it is wished to be."""
    legs = [Leg(leg.rider, leg.trip_id, tuple(one for one in leg.doors if one != key)) for leg in before]
    if wish.trip_id is None and wish.riding_id is not None:
        legs.append(Leg(str(wish.riding_id), None, (key,)))
    at = max(0, wish.position - 1)
    return _sorted(
        Leg(leg.rider, leg.trip_id, (*leg.doors[:at], key, *leg.doors[at:]))
        if leg.trip_id is not None and leg.trip_id == wish.trip_id
        else leg
        for leg in legs
    )


def _sorted(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """As `dispatch.in_order` answers: by rider, her trips in their order, no trip without doors."""
    return tuple(sorted((leg for leg in legs if leg.doors), key=lambda leg: leg.rider))


def _doors(session: Session, stops: Sequence[MealStop]) -> list[Door]:
    query = select(Home.id, Home.place).where(Home.id.in_([one.home_id for one in stops]))
    places = {row.id: Place.of(row.place) for row in session.execute(query)}
    return [Door(one.home_id, one.division_code, places[one.home_id], tuple(one.portion_ids)) for one in stops]


def _key(stop: MealStop) -> str:
    return str(stop.portion_ids[0])
