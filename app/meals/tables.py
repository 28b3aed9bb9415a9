"""Canteens and what they promise, menus with their dishes, ordered portions and diets."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.meals.rules import (
    ConcernState,
    Finding,
    Meal,
    MealWay,
    MenuState,
    NotTaken,
    Receiver,
)
from app.places.rules import Mode
from app.vault import Sealed, SealedJson

EVERYBODYS: dict[str, dict[str, Any]] = {"info": {"district": "district_id"}}
KITCHENS: dict[str, dict[str, Any]] = {"info": {"district": "district_id", "provider": "provider_id"}}
ELDERS: dict[str, dict[str, Any]] = {"info": {"area": "division_code", "provider": "provider_id"}}
COUNTED = """create or replace function app_portions_of(menu bigint)
         returns table (dish bigint, way text, state text, portions bigint) language plpgsql as $$
         declare area text := current_setting('app.area', true); provider text := current_setting('app.provider', true);
         begin
           perform set_config('app.area', '*', true), set_config('app.provider', '', true);
           return query select p.dish_id, p.way::text, v.state::text, count(*) from portions p
             join visits v on v.id = p.visit_id where p.menu_id = menu group by 1, 2, 3;
           perform set_config('app.area', coalesce(area, ''), true);
           perform set_config('app.provider', coalesce(provider, ''), true);
         end $$"""  # a kitchen's room is one for all streets: whoever orders counts also what the fence hides


class Canteen(OfDistrict, Base):
    """A place that cooks for elders (助餐点): one of the network's facilities, run by a provider."""

    __tablename__ = "canteens"

    code: Mapped[str]  # what programmes call it
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"), unique=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    ended_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("district_id", "code"), KITCHENS)


class CanteenTerms(OfDistrict, Base):
    """What a canteen promises for one meal of the day, from a day on, until newer terms. Times are local."""

    __tablename__ = "canteen_terms"

    canteen_id: Mapped[int] = mapped_column(ForeignKey("canteens.id"))
    meal: Mapped[Meal] = mapped_column(named(Meal))
    starts: Mapped[date]
    opens: Mapped[time]
    closes: Mapped[time]
    cut_off_days: Mapped[int]  # before the day itself
    cut_off: Mapped[time]
    capacity: Mapped[int]  # portions; none: this meal is not given
    delivers: Mapped[bool]
    delivery_from: Mapped[time]  # the first meal leaves the kitchen
    delivery_till: Mapped[time]  # the last one is at the door
    delivery_cents: Mapped[int]
    ride_minutes: Mapped[int]  # the longest a hot meal may be on the way
    reload_minutes: Mapped[int]  # at the kitchen between two trips
    door_minutes: Mapped[int]  # at a door
    ride_mode: Mapped[Mode] = mapped_column(named(Mode))
    concern_minutes: Mapped[int]  # how long a meal not taken may go unasked before it is an alarm
    made_by: Mapped[str]
    made_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("opens < closes and delivery_from < delivery_till", name="forward"),
        CheckConstraint("cut_off_days between 0 and 14", name="cut_off_days"),
        CheckConstraint("capacity >= 0 and delivery_cents >= 0", name="not_negative"),
        CheckConstraint("ride_minutes between 5 and 180 and concern_minutes between 5 and 720", name="minutes"),
        CheckConstraint("reload_minutes between 0 and 60 and door_minutes between 1 and 30", name="trip"),
        Index("ix_canteen_terms_canteen", "canteen_id", "meal", "starts"),
        {"info": {"district": "district_id", "append_only": True}},
    )


class Menu(OfDistrict, Base):
    """One meal of one canteen on one day, with the terms of that day."""

    __tablename__ = "menus"

    canteen_id: Mapped[int] = mapped_column(ForeignKey("canteens.id"))
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    day: Mapped[date]
    meal: Mapped[Meal] = mapped_column(named(Meal))
    state: Mapped[MenuState] = mapped_column(named(MenuState))
    capacity: Mapped[int]
    cut_off: Mapped[datetime]
    opens: Mapped[datetime]
    closes: Mapped[datetime]
    delivers: Mapped[bool]
    delivery_from: Mapped[datetime]
    delivery_till: Mapped[datetime]
    delivery_cents: Mapped[int]
    ride_minutes: Mapped[int]
    reload_minutes: Mapped[int]
    door_minutes: Mapped[int]
    ride_mode: Mapped[Mode] = mapped_column(named(Mode))
    concern_minutes: Mapped[int]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    __table_args__ = (
        UniqueConstraint("canteen_id", "day", "meal"),
        CheckConstraint("opens < closes and cut_off <= closes", name="forward"),
        Index("ix_menus_day", "district_id", "day"),
        KITCHENS,
    )


class Dish(OfDistrict, Base):
    """What can be had from a menu: a set meal with its price, and whom it suits."""

    __tablename__ = "dishes"

    menu_id: Mapped[int] = mapped_column(ForeignKey("menus.id"), index=True)
    name: Mapped[str]
    contents: Mapped[str]  # 两荤一素一汤 in words
    cents: Mapped[int]
    suits: Mapped[list[str]] = mapped_column(default=list)  # Diet
    portions: Mapped[int | None]  # none: as many as the menu has
    ended_at: Mapped[datetime | None]  # sold out or off; what was ordered is cooked

    __table_args__ = (
        CheckConstraint("cents >= 0", name="not_negative"),
        CheckConstraint("portions > 0", name="portions"),
        EVERYBODYS,
    )


class DietNote(OfDistrict, Base):
    """What an elder must or will not eat; it is about her health, so it is sealed."""

    __tablename__ = "diet_notes"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), unique=True)
    needs: Mapped[dict[str, Any]] = mapped_column(SealedJson)  # {"diets": [Diet], "note": words for the kitchen}
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = ({"info": {"area": "division_code"}},)


class Portion(OfDistrict, Base):
    """An ordered meal. Its state and its money are its visit's; here is what the kitchen and the rider must know."""

    __tablename__ = "portions"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), unique=True)
    menu_id: Mapped[int] = mapped_column(ForeignKey("menus.id"))
    dish_id: Mapped[int] = mapped_column(ForeignKey("dishes.id"))
    way: Mapped[MealWay] = mapped_column(named(MealWay))
    note: Mapped[str | None] = mapped_column(Sealed)  # few onions, ring twice
    bring_to: Mapped[str | None] = mapped_column(Sealed)  # another door or other hands than hers
    walk_in: Mapped[bool] = mapped_column(default=False)  # she came to the counter without an order
    late_reason: Mapped[str | None]  # ordered or changed after the cut-off, and why
    handed_at: Mapped[datetime | None]
    handed_by: Mapped[str | None]
    receiver: Mapped[Receiver | None] = mapped_column(named(Receiver))

    __table_args__ = (
        CheckConstraint("(handed_at is null) = (handed_by is null)", name="handed"),
        Index("ix_portions_menu", "menu_id", "dish_id"),
        Index("ix_portions_elder", "elder_id", "menu_id"),
        {"info": ELDERS["info"] | {"ddl": [COUNTED]}},
    )


class Concern(OfDistrict, Base):
    """A meal that was not taken: a sign, until somebody has asked after her."""

    __tablename__ = "meal_concerns"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    portion_id: Mapped[int] = mapped_column(ForeignKey("portions.id"), unique=True)
    why: Mapped[NotTaken] = mapped_column(named(NotTaken))
    state: Mapped[ConcernState] = mapped_column(named(ConcernState))
    due_at: Mapped[datetime]
    at: Mapped[datetime]
    by: Mapped[str]
    finding: Mapped[Finding | None] = mapped_column(named(Finding))
    note: Mapped[str | None] = mapped_column(Sealed)
    settled_by: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    alarm_id: Mapped[int | None] = mapped_column(ForeignKey("alarms.id"))

    __table_args__ = (
        CheckConstraint("(state = 'settled') = (finding is not null)", name="settled"),
        Index("ix_meal_concerns_open", "due_at", postgresql_where=text("state = 'open'")),
        ELDERS,
    )
