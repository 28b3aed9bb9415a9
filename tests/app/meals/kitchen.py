"""A canteen with a lunch tomorrow and somebody who is hungry."""

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.calendar import day_of
from app.meals import keeping
from app.meals.keeping import DishWish, Promise
from app.meals.rules import Diet, Meal
from app.meals.tables import Canteen, Dish, Menu
from app.people.tables import Provider
from app.places.rules import Tier
from app.places.tables import Facility
from tests.cast import CENTRE, COMMUNITY, DISTRICT, TEN, a_division, a_provider

BEFORE = TEN - timedelta(days=2)  # long before the cut-off
DAY = day_of(TEN)
PROMISE = Promise(
    Meal.LUNCH, date(2026, 1, 1), opens=time(11), closes=time(12, 30), cut_off_days=1, cut_off=time(17), capacity=40,
    delivers=True, delivery_from=time(10), delivery_till=time(11, 45), delivery_cents=200, ride_minutes=45,
    concern_minutes=30,
)  # fmt: skip
SET_MEAL = DishWish("红烧肉套餐", "红烧肉、清炒油菜、米饭、紫菜汤", 1_200)
SOFT = DishWish("软食套餐", "肉末蒸蛋、南瓜泥、软米饭", 1_000, [Diet.SOFT, Diet.LOW_SALT], portions=5)


def a_canteen(session: Session, *, provider: Provider | None = None, code: str = "C01", **said: Any) -> Canteen:
    """It cooks lunch for forty, eaten there or brought for two yuan more."""
    a_division(session)
    provider = provider or session.query(Provider).first() or a_provider(session)
    facility = Facility(
        district_id=DISTRICT, name=f"河运老年食堂{code}", tier=Tier.CANTEEN, division_code=COMMUNITY,
        provider_id=provider.id, lat=CENTRE.lat, lon=CENTRE.lon,
    )  # fmt: skip
    session.add(facility)
    session.flush()
    canteen = keeping.add_canteen(session, DISTRICT, facility.id, code, by="test", now=BEFORE)
    promise = Promise(**(vars(PROMISE) | {"starts": day_of(BEFORE)} | said))
    keeping.promise(session, canteen, promise, by="test", now=BEFORE)
    return canteen


def a_menu(
    session: Session, canteen: Canteen | None = None, *, day: date = DAY, meal: Meal = Meal.LUNCH,
    dishes: tuple[DishWish, ...] = (SET_MEAL, SOFT), now: datetime = BEFORE,
) -> tuple[Menu, list[Dish]]:  # fmt: skip
    """A published lunch of two set meals."""
    canteen = canteen or session.query(Canteen).first() or a_canteen(session)
    menu = keeping.write(session, canteen, day, meal, dishes, by="test", now=now)
    keeping.publish(session, menu.id, by="test", now=now)
    return menu, session.query(Dish).filter_by(menu_id=menu.id).order_by(Dish.id).all()
