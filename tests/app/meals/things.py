"""What an address of meals can name."""

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.access.rules import Role
from app.care_plans.rules import OnHolidays
from app.meals import ordering
from app.meals.ordering import MealWish, Taken
from app.meals.rules import ConcernState, Meal, MealWay, NotTaken
from app.meals.standing_rules import DrawState, StandingState, WhyNone
from app.meals.standing_tables import StandingDraw, StandingMeal
from app.meals.tables import Concern
from app.orders.rules import Payer
from app.people.tables import Elder, Provider
from tests.app.meals.kitchen import BEFORE, DAY, a_canteen, a_menu
from tests.cast import TEN

EVERY_DAY = "FREQ=DAILY"


def meal_things(session: Session, elder: Elder, provider: Provider) -> dict[str, int]:
    """A canteen with a lunch, a meal of the elder, a rider, and a concern about her."""
    canteen = a_canteen(session, provider=provider, code=f"C{elder.id}")
    menu, (dish, _) = a_menu(session, canteen)
    wish = MealWish(elder.id, [dish.id], MealWay.DELIVERY)
    (portion,) = ordering.book(session, wish, Taken("test", Role.OPERATOR, BEFORE))
    concern = Concern(
        district_id=elder.district_id, division_code=elder.division_code, provider_id=provider.id, elder_id=elder.id,
        portion_id=portion.id, why=NotTaken.NOT_HOME, state=ConcernState.OPEN, due_at=TEN, at=TEN, by="test",
    )  # fmt: skip
    standing = StandingMeal(
        district_id=elder.district_id, division_code=elder.division_code, provider_id=provider.id, elder_id=elder.id,
        canteen_id=canteen.id, meal=Meal.LUNCH, rule=EVERY_DAY, starts=date(2030, 1, 1), holidays=OnHolidays.SKIP,
        skipped=[], way=MealWay.DELIVERY, payer=Payer.ENTITLEMENT, most_self_pay_cents=500,
        state=StandingState.ACTIVE, made_by="test", made_at=TEN,
    )  # fmt: skip
    session.add_all([concern, standing])
    session.flush()
    draw = StandingDraw(
        district_id=elder.district_id, division_code=elder.division_code, provider_id=provider.id, elder_id=elder.id,
        standing_id=standing.id, day=date(2030, 1, 1), state=DrawState.FAILED, why=WhyNone.NO_MENU, cut_off=TEN, at=TEN,
    )  # fmt: skip
    session.add(draw)
    session.flush()
    return {
        "canteen_id": canteen.id, "menu_id": menu.id, "dish_id": dish.id, "portion_id": portion.id,
        "concern_id": concern.id, "standing_id": standing.id, "draw_id": draw.id,
    }  # fmt: skip


def meal_bodies(ids: dict[str, int], why: dict[str, str]) -> dict[str, Any]:
    """What is sent to the doors of canteens and meals."""
    dish = {"name": "清蒸鱼套餐", "contents": "清蒸鱼、时蔬", "cents": 1_200, "suits": ["low_salt"], "portions": 10}
    wish = {"elder_id": ids["elder_id"], "dish_ids": [ids["dish_id"]], "way": "delivery"}
    swap = {"dish_id": ids["dish_id"], "way": "eat_in"}
    again = {"rule": EVERY_DAY, "starts": "2030-01-01", "way": "delivery", "most_self_pay_cents": 800}
    hers = {"elder_id": ids["elder_id"], "canteen_id": ids["canteen_id"], "meal": "supper"}
    split = {"allowance_cents": 0, "self_pay_cents": 1_400}
    return {
        "/api/canteens": {"facility_id": 1, "code": "C77"},
        "/api/canteens/{canteen_id}/terms": {
            "meal": "supper", "starts": "2030-01-01", "opens": "16:30", "closes": "18:00", "cut_off": "12:00",
            "capacity": 30, "delivery_from": "16:00", "delivery_till": "17:30",
        },
        "/api/canteens/{canteen_id}/menus": {"day": str(DAY), "meal": "lunch", "dishes": [dish]},
        "/api/canteens/{canteen_id}/copy-week": {"monday": str(DAY), "to": str(DAY)},
        "/api/canteens/menus/{menu_id}/withdraw": why,
        "/api/canteens/menus/{menu_id}/dishes": dish,
        "/api/canteens/dishes/{dish_id}/end": why,
        "/api/standing-meals": again | hers,
        "/api/standing-meals/{standing_id}": again,
        "/api/standing-meals/{standing_id}/skip": {"day": "2030-01-02"},
        "/api/standing-meals/{standing_id}/end": why | {"last": "2030-01-31"},
        "/api/standing-meals/days/{draw_id}/settle": {"note": "女儿送饭"},
        "/api/meals/quote": wish,
        "/api/meals/portions": wish | split,
        "/api/meals/menus/{menu_id}/walk-in": {"elder_id": ids["elder_id"], "dish_id": ids["dish_id"]},
        "/api/meals/portions/{portion_id}/cancel": why,
        "/api/meals/portions/{portion_id}/change": swap | split,
        "/api/meals/portions/{portion_id}/change/quote": swap,
        "/api/meals/portions/{portion_id}/redirect": {"bring_to": "二号楼女儿家"},
        "/api/meals/portions/{portion_id}/hand-over": {"receiver": "family"},
        "/api/meals/portions/{portion_id}/miss": {"why": "no_answer"},
        "/api/meals/portions/{portion_id}/take-back": why,
        "/api/meals/elders/{elder_id}/diet": {"diets": ["soft"], "note": "少盐"},
        "/api/meals/concerns/{concern_id}/settle": {"finding": "well", "note": "打牌去了"},
    }  # fmt: skip
