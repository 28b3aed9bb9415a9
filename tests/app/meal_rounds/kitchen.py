"""A lunch of five doors around a kitchen, and two who can bring it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access.rules import Role
from app.db import transaction
from app.jobs.rules import JobState
from app.jobs.tables import Job
from app.meal_rounds import actions, drafting, queries
from app.meal_rounds.tables import MealRounds, MealStop, MealTrip
from app.meals import ordering
from app.meals import queries as meals
from app.meals.ordering import MealWish, Taken
from app.meals.rules import MealWay
from app.meals.tables import Dish, Menu, Portion
from app.orders.rules import Payer
from app.people.tables import Caregiver, Elder, Provider
from app.places.rules import Place
from app.planning.rules import PlanState
from tests.app.meal_rounds.things import a_riding
from tests.app.meals.kitchen import BEFORE, a_canteen, a_menu
from tests.cast import CENTRE, TEN, a_caregiver, a_home, an_elder

NAMES = ("林桂芬", "马秀英", "王德福", "赵玉珍", "孙长河")


@dataclass
class Lunch:
    """What a test starts from."""

    menu: Menu
    dish: Dish
    elders: list[Elder]
    portions: list[Portion]
    riders: list[Caregiver]


def brought(session: Session, elder: Elder, dish: Dish) -> Portion:
    """Her lunch, to the door, paid by herself."""
    wish = MealWish(elder.id, [dish.id], MealWay.DELIVERY, Payer.SELF)
    return ordering.book(session, wish, Taken("Zhao", Role.OPERATOR, BEFORE))[0]


def ordered_late(session: Session, lunch: Lunch) -> Portion:
    """One more, next door to the kitchen, at ten of the day itself."""
    elder = an_elder(session, name="周淑兰", home=a_home(session))
    wish = MealWish(elder.id, [lunch.dish.id], MealWay.DELIVERY, Payer.SELF)
    return ordering.book(session, wish, Taken("Wang", Role.SHIFT_LEAD, TEN, late_reason="刚出院"))[0]


def given_up(session: Session, portion_id: int) -> None:
    """She went to hospital that morning."""
    ordering.cancel(session, portion_id, role=Role.SHIFT_LEAD, by="王", now=TEN, reason="住院", override=True)


def a_lunch(*, riders: int = 1, room: int = 30, north: float = 0.004, **said: Any) -> Lunch:
    """Doors one behind the other, some 450 m apart, north of the kitchen."""
    with transaction() as session:
        menu, (dish, _) = a_menu(session, a_canteen(session, **said))
        elders = [
            an_elder(session, name=name, home=a_home(session, place=Place(CENTRE.lat + north * k, CENTRE.lon)))
            for k, name in enumerate(NAMES, 1)
        ]
        portions = [brought(session, elder, dish) for elder in elders]
        provider = session.get_one(Provider, menu.provider_id)
        who = [a_caregiver(session, provider=provider, name=name) for name in ("刘洁", "王芳")[:riders]]
        for one in who:
            a_riding(session, menu.canteen_id, one, room=room)
        return Lunch(menu, dish, elders, portions, who)


def drafted(menu: Menu, *, now: datetime = TEN) -> int:
    """The number of rounds a worker has made."""
    with transaction() as session:
        job = actions.ask_draft(session, meals.menu(session, menu.id), seconds=1, seed=1, by="王调度", now=now)
    drafting.carry_out(job.id)
    with transaction() as session:
        job = session.get_one(Job, job.id)
        assert job.state is JobState.DONE, job.error
        assert queries.get(session, job.subject_id).state is PlanState.DRAFT
        return job.subject_id


def published(menu: Menu, *, now: datetime = TEN) -> int:
    """Rounds the riders have on their phones."""
    rounds_id = drafted(menu, now=now)
    with transaction() as session:
        seen = queries.get(session, rounds_id).version
        actions.publish(session, rounds_id, seen=seen, by="王调度", now=now)
    return rounds_id


def ridden(rounds_id: int) -> tuple[MealRounds, list[MealTrip], list[MealStop]]:
    """The rows of rounds."""
    with transaction() as session:
        return (
            queries.get(session, rounds_id), list(queries.trips(session, rounds_id)),
            list(queries.stops(session, rounds_id)),
        )  # fmt: skip
