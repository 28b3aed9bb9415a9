"""Having rounds drafted, keeping them, publishing them; saying who rides."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

import dispatch
from app import calendar
from app.db import notice
from app.errors import Conflict, NotFound
from app.history import record
from app.jobs import actions as jobs
from app.jobs.tables import Job
from app.meal_rounds import queries
from app.meal_rounds.rules import (
    Left,
    NothingToBring,
    NotTheirs,
    NotTheseRounds,
    OrdersStillOpen,
    RidesAlready,
    RoundsChanged,
    RoundsUnderWay,
)
from app.meal_rounds.tables import MealRounds, MealStop, MealTrip
from app.meal_rounds.wave import Door, Question, told
from app.meals import queries as meals
from app.meals.tables import Canteen, Menu
from app.people.riding_tables import Riding
from app.people.tables import Caregiver
from app.planning.rules import PlanEvent, PlanState, RulesBroken, plan_after

JOB = "meal_rounds"  # the worker's actor, and the topic of notices


def move(
    session: Session, rounds: MealRounds, event: PlanEvent, *, by: str, now: datetime, reason: str | None = None
) -> MealRounds:
    """The only place that changes the state of rounds."""
    before, rounds.state = rounds.state, plan_after(rounds.state, event)
    session.flush()  # one published version of a meal: the old one goes before the new one comes
    record(session, rounds, event, before, rounds.state, by=by, now=now, reason=reason, menu_id=rounds.menu_id)
    notice(session, rounds.district_id, JOB)
    return rounds


def ask_draft(
    session: Session, menu: Menu, *, seconds: int, by: str, now: datetime, seed: int | None = None
) -> Job:  # fmt: skip
    """Ask for rounds of a meal; a worker makes them. Raises RoundsUnderWay, OrdersStillOpen, NothingToBring."""
    queries.lock_menu(session, menu.id)
    if queries.in_state(session, menu.id, PlanState.DRAFTING):
        raise RoundsUnderWay("The rounds of this meal are being made; wait for them or stop them.")
    if now < menu.cut_off:
        raise OrdersStillOpen("This meal can still be ordered.", cut_off=menu.cut_off.isoformat())
    if not queries.to_bring(session, menu.id):
        raise NothingToBring("There is nothing to bring.", day=str(menu.day), meal=menu.meal)
    rounds = MealRounds(
        district_id=menu.district_id, menu_id=menu.id, provider_id=menu.provider_id,
        n=queries.next_number(session, menu.id), state=PlanState.DRAFTING, seconds=seconds, created_at=now,
        seed=secrets.randbelow(2**31) if seed is None else seed,
    )  # fmt: skip
    session.add(rounds)
    record(session, rounds, "begin", None, rounds.state, by=by, now=now, menu_id=menu.id)
    notice(session, menu.district_id, JOB)
    return jobs.ask(session, JOB, rounds.id, district_id=menu.district_id, by=by, now=now)


def give_up(session: Session, rounds_id: int, *, by: str, now: datetime, reason: str) -> None:
    """The search ended without rounds."""
    rounds = session.get(MealRounds, rounds_id, with_for_update=True)
    if rounds is not None and rounds.state is PlanState.DRAFTING:
        move(session, rounds, PlanEvent.SUPERSEDE, by=by, now=now, reason=reason)


def store(
    session: Session, rounds_id: int, asked: Question, answer: dispatch.Rounds, why: Sequence[Mapping[str, Any]], *,
    by: str, now: datetime,
) -> MealRounds | None:  # fmt: skip
    """Keep rounds the judge has nothing against as the draft; None when they were given up meanwhile."""
    rounds = session.get(MealRounds, rounds_id, with_for_update=True)
    if rounds is None or rounds.state is not PlanState.DRAFTING:
        return None
    if faults := [str(fault) for fault in dispatch.wrong(asked.wave, answer)]:
        raise RulesBroken(f"The solver's rounds break {len(faults)} rules.", rules=faults[:5])
    if old := queries.in_state(session, rounds.menu_id, PlanState.DRAFT, lock=True):
        move(session, old, PlanEvent.SUPERSEDE, by=by, now=now, reason="redrafted")
    for trip in queries.left(session, rounds.menu_id):
        _copy(session, rounds, trip)
    for one_trip in answer.trips:
        trip = new_trip(session, rounds, asked, one_trip)
        for position, (name, start) in enumerate(one_trip.stops, 1):
            stop = _stop(rounds, asked.door[name])
            stop.trip_id, stop.position, stop.arrives_at = trip.id, position, asked.promised.time(start)
            session.add(stop)
    said = {one["delivery"]: one for one in why}
    for name in answer.undelivered:
        one = said[name]
        _leave_out(
            session, rounds, asked.door[name], Left(one["why"]), told(asked.promised, one["facts"]), one["remedy"]
        )
    for door in asked.doors:
        if door.key in asked.aside:
            most = {"amount": len(door.portion_ids), "room": max((r.room for r in asked.riders), default=0)}
            why_aside = asked.aside[door.key]
            _leave_out(session, rounds, door, why_aside, most if why_aside is Left.TOO_MUCH else {}, None)
    rounds.way_seconds = answer.cost.get("way", 0)
    return move(session, rounds, PlanEvent.STORE, by=by, now=now)


def _copy(session: Session, rounds: MealRounds, trip: MealTrip) -> None:
    """A trip that has left stands in the new version as it went."""
    copy = MealTrip(
        district_id=trip.district_id, provider_id=trip.provider_id, rounds_id=rounds.id, riding_id=trip.riding_id,
        caregiver_id=trip.caregiver_id, root_id=trip.root_id or trip.id, leaves_at=trip.leaves_at,
        returns_at=trip.returns_at, left_at=trip.left_at, back_at=trip.back_at,
    )  # fmt: skip
    session.add(copy)
    session.flush()
    for stop in queries.stops_of(session, trip.id):
        session.add(
            MealStop(
                district_id=stop.district_id, division_code=stop.division_code, provider_id=stop.provider_id,
                rounds_id=rounds.id, trip_id=copy.id, home_id=stop.home_id, portion_ids=list(stop.portion_ids),
                position=stop.position, arrives_at=stop.arrives_at, facts={}, moved_by=stop.moved_by,
            )
        )  # fmt: skip


def new_trip(session: Session, rounds: MealRounds, asked: Question, ridden: dispatch.Trip) -> MealTrip:
    """A trip without its doors."""
    rider, said = asked.rider[ridden.rider], asked.promised
    trip = MealTrip(
        district_id=rounds.district_id, provider_id=rounds.provider_id, rounds_id=rounds.id,
        riding_id=rider.riding_id, caregiver_id=rider.caregiver_id, leaves_at=said.time(ridden.leaves),
        returns_at=said.time(ridden.returns),
    )  # fmt: skip
    session.add(trip)
    session.flush()
    return trip


def _leave_out(
    session: Session, rounds: MealRounds, door: Door, why: Left, facts: dict[str, Any], remedy: dict[str, Any] | None
) -> None:
    stop = _stop(rounds, door)
    stop.why, stop.facts, stop.remedy = why, facts, remedy
    session.add(stop)


def _stop(rounds: MealRounds, door: Door) -> MealStop:
    return MealStop(
        district_id=rounds.district_id, division_code=door.division_code, provider_id=rounds.provider_id,
        rounds_id=rounds.id, home_id=door.home_id, portion_ids=list(door.portion_ids), facts={}, position=0,
    )  # fmt: skip


def publish(session: Session, rounds_id: int, *, seen: int, by: str, now: datetime) -> MealRounds:
    """The riders ride by it. Raises RoundsChanged where a rider has left since the draft was made."""
    rounds = queries.get(session, rounds_id, lock=True)
    queries.lock_menu(session, rounds.menu_id)
    if rounds.version != seen:
        raise RoundsChanged("Somebody has changed these rounds; look at them again.", version=rounds.version)
    plan_after(rounds.state, PlanEvent.PUBLISH)
    known = {trip.root_id for trip in queries.trips(session, rounds.id)}
    if any((trip.root_id or trip.id) not in known for trip in queries.left(session, rounds.menu_id)):
        raise RoundsChanged("A rider has left meanwhile; draft again.", version=rounds.version)
    if old := queries.in_state(session, rounds.menu_id, PlanState.PUBLISHED, lock=True):
        move(session, old, PlanEvent.SUPERSEDE, by=by, now=now, reason=f"version {rounds.n} published")
    rounds.published_at, rounds.published_by = now, by
    return move(session, rounds, PlanEvent.PUBLISH, by=by, now=now)


def discard(session: Session, rounds_id: int, *, by: str, now: datetime) -> MealRounds:
    """Give up a draft."""
    rounds = queries.get(session, rounds_id, lock=True)
    if rounds.state is not PlanState.DRAFT:
        raise NotTheseRounds("Only a draft is given up.", state=rounds.state)
    return move(session, rounds, PlanEvent.SUPERSEDE, by=by, now=now, reason="discarded")


def add_riding(
    session: Session, canteen: Canteen, caregiver_id: int, *, weekdays: Iterable[int], starts: time, ends: time,
    room: int, first: date, by: str, now: datetime,
) -> Riding:  # fmt: skip
    """She rides at these hours from a day on. Raises NotTheirs, RidesAlready."""
    caregiver = session.get(Caregiver, caregiver_id, with_for_update=True)
    if caregiver is None:
        raise NotFound("There is no such caregiver.")
    if caregiver.provider_id != canteen.provider_id or caregiver.ended_at is not None:
        raise NotTheirs("A rider works for the provider that runs the canteen.")
    days = sorted(set(weekdays))
    for old in queries.ridings_of(session, caregiver_id):
        meets = old.last is None or old.last >= first
        if meets and set(old.weekdays) & set(days) and old.starts < ends and starts < old.ends:
            raise RidesAlready("She rides at these hours already.", canteen_id=old.canteen_id)
    riding = Riding(
        district_id=canteen.district_id, caregiver_id=caregiver_id, provider_id=canteen.provider_id,
        canteen_id=canteen.id, weekdays=days, starts=starts, ends=ends, room=room, first=first,
    )  # fmt: skip
    session.add(riding)
    record(session, riding, "add", None, "rides", by=by, now=now, caregiver_id=caregiver_id)
    return riding


def end_riding(session: Session, riding_id: int, last: date, *, by: str, now: datetime) -> Riding:
    """Her last day; what is over stays as it was."""
    riding = queries.riding(session, riding_id, lock=True)
    if riding.last is not None and riding.last < calendar.day_of(now):
        raise Conflict("Her riding is over already.", last=str(riding.last))
    riding.last = max(last, calendar.day_of(now) - timedelta(days=1))
    record(session, riding, "end", "rides", "ended", by=by, now=now, last=str(riding.last))
    return riding


def menu_of(session: Session, rounds: MealRounds) -> Menu:
    """The meal of rounds."""
    return meals.menu(session, rounds.menu_id)
