"""Riders, and rounds of one meal with a trip and a door, for the walks over all doors."""

from datetime import date, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.meal_rounds import actions
from app.meal_rounds.tables import MealRounds, MealStop, MealTrip
from app.meals import queries as meals
from app.people.riding_tables import Riding
from app.people.tables import Caregiver, Elder
from app.planning.rules import PlanState
from tests.app.meals.kitchen import BEFORE
from tests.cast import TEN

EVERY_DAY = tuple(range(7))


def a_riding(session: Session, canteen_id: int, caregiver: Caregiver, **given: Any) -> Riding:
    """She rides every day from ten to half past twelve, thirty meals a trip."""
    values: dict[str, Any] = {
        "weekdays": EVERY_DAY, "starts": time(10), "ends": time(12, 30), "room": 30, "first": date(2026, 11, 1),
    } | given  # fmt: skip
    return actions.add_riding(
        session, meals.canteen(session, canteen_id), caregiver.id, by="test", now=BEFORE, **values
    )  # fmt: skip


def round_things(session: Session, elder: Elder, caregiver: Caregiver, ids: dict[str, int]) -> dict[str, int]:
    """A draft: she leaves at ten and is at the door of the elder at a quarter past."""
    riding = a_riding(session, ids["canteen_id"], caregiver)
    rounds = MealRounds(
        district_id=elder.district_id, menu_id=ids["menu_id"], provider_id=caregiver.provider_id, n=1,
        state=PlanState.DRAFT, seed=1, seconds=1, created_at=TEN,
    )  # fmt: skip
    session.add_all([riding, rounds])
    session.flush()
    trip = MealTrip(
        district_id=elder.district_id, provider_id=caregiver.provider_id, rounds_id=rounds.id, riding_id=riding.id,
        caregiver_id=caregiver.id, leaves_at=TEN, returns_at=TEN + timedelta(minutes=30),
    )  # fmt: skip
    session.add(trip)
    session.flush()
    stop = MealStop(
        district_id=elder.district_id, division_code=elder.division_code, provider_id=caregiver.provider_id,
        rounds_id=rounds.id, trip_id=trip.id, home_id=elder.home_id, portion_ids=[ids["portion_id"]], position=1,
        arrives_at=TEN + timedelta(minutes=15), facts={},
    )  # fmt: skip
    session.add(stop)
    session.flush()
    return {"riding_id": riding.id, "rounds_id": rounds.id, "stop_id": stop.id}


def round_bodies(ids: dict[str, int]) -> dict[str, Any]:
    """What is sent to the doors of riders and rounds."""
    return {
        "/api/meals/canteens/{canteen_id}/riders": {
            "caregiver_id": ids["caregiver_id"], "weekdays": [0, 1], "starts": "16:00", "ends": "17:30", "room": 20,
            "first": "2030-01-01",
        },
        "/api/meals/riders/{riding_id}/end": {"last": "2030-01-01"},
        "/api/meals/menus/{menu_id}/rounds": {"seconds": 1, "seed": 1},
        "/api/meals/rounds/{rounds_id}/publish": {"version": 1},
        "/api/meals/stops/{stop_id}/move": {"version": 1},
        "/api/meals/stops/{stop_id}/move/check": {},
        "/api/phone/rides/records": {"records": []},
    }  # fmt: skip
