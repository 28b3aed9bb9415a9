"""Rounds of a meal as versions, their trips and doors, and what riders told."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.meal_rounds.rules import Clash, Left, Ride
from app.meals.rules import NotTaken, Receiver
from app.planning.rules import PlanState
from app.vault import SealedJson

KITCHENS: dict[str, Any] = {"info": {"district": "district_id", "provider": "provider_id"}}
DOORS: dict[str, Any] = {"info": {"area": "division_code", "provider": "provider_id"}}


class MealRounds(OfDistrict, Base):
    """One version of the rounds of a menu; it lives as a day's plan does."""

    __tablename__ = "meal_rounds"

    menu_id: Mapped[int] = mapped_column(ForeignKey("menus.id"))
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    n: Mapped[int]  # versions of a menu's rounds, from 1
    state: Mapped[PlanState] = mapped_column(named(PlanState))
    seed: Mapped[int]
    seconds: Mapped[int]  # thinking time asked for
    way_seconds: Mapped[int | None]  # ridden, all trips that were planned
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    published_by: Mapped[str | None]
    touched_at: Mapped[datetime | None]  # when a hand last changed it
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 (two dispatchers publish: the second gets a 409)
    __table_args__ = (
        UniqueConstraint("menu_id", "n"),
        CheckConstraint("state <> 'published' or published_at is not null", name="published"),
        *(
            Index(f"uq_meal_rounds_{s}", "menu_id", unique=True, postgresql_where=text(f"state = '{s}'"))
            for s in (PlanState.DRAFTING, PlanState.DRAFT, PlanState.PUBLISHED)
        ),
        KITCHENS,
    )


class MealTrip(OfDistrict, Base):
    """Out of the kitchen, from door to door, and back. One that has left stands in every later version as it went."""

    __tablename__ = "meal_trips"

    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    rounds_id: Mapped[int] = mapped_column(ForeignKey("meal_rounds.id", ondelete="cascade"))
    riding_id: Mapped[int] = mapped_column(ForeignKey("ridings.id"))
    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"))
    root_id: Mapped[int | None] = mapped_column(ForeignKey("meal_trips.id"))  # the trip this is a copy of
    leaves_at: Mapped[datetime]
    returns_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    back_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("leaves_at < returns_at", name="forward"),
        Index("ix_meal_trips_rounds", "rounds_id", "caregiver_id", "leaves_at"),
        Index("ix_meal_trips_caregiver", "caregiver_id", "leaves_at"),
        KITCHENS,
    )


class MealStop(OfDistrict, Base):
    """One door with everything that is brought there; in no trip where `why` says so."""

    __tablename__ = "meal_stops"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    rounds_id: Mapped[int] = mapped_column(ForeignKey("meal_rounds.id", ondelete="cascade"))
    trip_id: Mapped[int | None] = mapped_column(ForeignKey("meal_trips.id", ondelete="cascade"))
    home_id: Mapped[int] = mapped_column(ForeignKey("homes.id"))
    portion_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    position: Mapped[int] = mapped_column(default=0)  # from 1
    arrives_at: Mapped[datetime | None]
    why: Mapped[Left | None] = mapped_column(named(Left))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    remedy: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # {"kind": "till" | "ride" | "rider", "much": minutes}
    moved_by: Mapped[str | None]  # whose hand put it here

    __table_args__ = (
        CheckConstraint("(trip_id is null) = (why is not null)", name="somewhere"),
        CheckConstraint("(trip_id is null) = (arrives_at is null)", name="when"),
        Index("ix_meal_stops_rounds", "rounds_id", "trip_id", "position"),
        DOORS,
    )


class RideRecord(OfDistrict, Base):
    """What a rider's phone told, as it came; each once."""

    __tablename__ = "ride_records"

    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    event_id: Mapped[uuid.UUID] = mapped_column(unique=True)  # made by the phone
    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"))
    menu_id: Mapped[int | None] = mapped_column(ForeignKey("menus.id"))
    trip_id: Mapped[int | None] = mapped_column(ForeignKey("meal_trips.id"))
    what: Mapped[Ride] = mapped_column(named(Ride))
    portion_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    receiver: Mapped[Receiver | None] = mapped_column(named(Receiver))
    why: Mapped[NotTaken | None] = mapped_column(named(NotTaken))
    happened_at: Mapped[datetime]
    device_at: Mapped[datetime]
    received_at: Mapped[datetime]
    device: Mapped[uuid.UUID | None]
    place: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)
    problem: Mapped[Clash | None] = mapped_column(named(Clash))
    by: Mapped[str]

    __table_args__ = (
        Index("ix_ride_records_menu", "menu_id", "happened_at"),
        {"info": KITCHENS["info"] | {"append_only": True}},
    )
