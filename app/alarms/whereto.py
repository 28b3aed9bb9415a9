"""Where help is sent: to a home, or to the spot a caregiver calls from when it is at no door of hers."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.alarms import hers
from app.alarms.tables import Alarm
from app.config import settings
from app.people.tables import Home
from app.places.rules import Place, metres


@dataclass(frozen=True)
class Spot:
    """A position as stored, with its accuracy and datum, where no door is known."""

    district_id: int
    division_code: str
    place: dict[str, Any]


Target = Home | Spot


def of(session: Session, alarm: Alarm) -> Target | None:
    """The home of an alarm. A caregiver's own call: the home she visits, unless her phone is clearly elsewhere."""
    home = session.get(Home, alarm.home_id) if alarm.home_id else None
    if alarm.worker_id is None or not alarm.place:
        return home
    if home and hers.elder_beside(session, alarm) and not elsewhere(Place.of(alarm.place), Place.of(home.place)):
        return home
    return Spot(alarm.district_id, alarm.division_code, alarm.place)


def elsewhere(her: Place, home: Place) -> bool:
    """Whether her position cannot be at that home, by the measure that a check-in's position is held to."""
    return metres(her, home) > settings().geofence_m + her.accuracy_m + home.accuracy_m
