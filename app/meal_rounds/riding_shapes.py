"""What the doors of riders say: who rides for a canteen, on which days and hours."""

from datetime import date, time
from typing import Annotated, Self

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.access.rules import Role
from app.meal_rounds import queries
from app.meal_rounds.rules import KEEPERS
from app.meals.menu_shapes import Clock, Day, Number
from app.meals.tables import Canteen


class RidingIn(BaseModel):
    """Who rides, on which weekdays (0 Monday to 6), from and to when, and how many portions a trip."""

    caregiver_id: Number
    weekdays: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1, max_length=7)]
    starts: Clock
    ends: Clock
    room: int = Field(ge=1, le=200)
    first: Day


class LastDayIn(BaseModel):
    """The last day."""

    last: Day


class RidingOut(BaseModel):
    """A rider of a canteen."""

    id: int
    caregiver_id: int
    name: str
    weekdays: list[int]
    starts: time
    ends: time
    room: int
    first: date
    last: date | None
    possible: list[str]


class CouldRide(BaseModel):
    """Somebody who works for the canteen's provider."""

    caregiver_id: int
    name: str


class Ridings(BaseModel):
    """Who rides for a canteen, and who could."""

    items: list[RidingOut]
    people: list[CouldRide]

    @classmethod
    def read(cls, session: Session, canteen: Canteen, role: Role, *, today: date) -> Self:
        """Those whose last day is over come without a button."""
        session.flush()
        return cls(
            items=[
                RidingOut(
                    id=one.id, caregiver_id=who.id, name=who.name, weekdays=one.weekdays, starts=one.starts,
                    ends=one.ends, room=one.room, first=one.first, last=one.last,
                    possible=["end"] if role in KEEPERS and (one.last is None or one.last >= today) else [],
                )
                for one, who in queries.ridings(session, canteen.id)
            ],
            people=[
                CouldRide(caregiver_id=who.id, name=who.name)
                for who in queries.could_ride(session, canteen.provider_id)
            ] if role in KEEPERS else [],
        )  # fmt: skip
