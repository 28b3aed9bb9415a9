"""The demo district's canteens: three weeks of menus, diets, today's lunch ordered and half of it handed over."""

import random
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.rules import Role
from app.care_plans.rules import OnHolidays
from app.db import transaction
from app.errors import Conflict
from app.meals import keeping, ordering, queries, serving, standing
from app.meals.keeping import DishWish, Promise
from app.meals.ordering import MealWish, Taken
from app.meals.rules import Diet, Finding, Meal, MealWay, NotTaken, Receiver
from app.meals.standing import StandingWish
from app.meals.tables import Canteen, Concern, Menu
from app.orders.rules import Payer
from app.people.rules import AbilityLevel, Register
from app.people.tables import Elder, Home
from app.places.rules import Mode, Place, Tier, travel_seconds
from app.places.tables import Facility

BUREAU, KITCHEN, HOTLINE = "李国栋 (liguodong)", "食堂管理员", "赵敏 (zhaomin)"
PLACES: Final = 3
ORDERS_TODAY: Final = 60
STILL_TO_COME: Final = 3
NEAR: Final = 30 * 60  # seconds by e-bike within which people of a village eat what a canteen cooks
ONE_IN: Final = 12  # of those who may eat there has a standing order
RULES: Final = (
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "FREQ=DAILY",
    "FREQ=WEEKLY;BYDAY=MO,WE,FR",
    "FREQ=WEEKLY;BYDAY=TU,TH",
)
DIETS: Final = ([Diet.LOW_SALT], [Diet.DIABETIC], [Diet.SOFT, Diet.LOW_SALT], [Diet.SOFT], [Diet.HALAL], [Diet.LOW_FAT])
SAYS: Final = {
    "盐": Diet.LOW_SALT, "糖": Diet.DIABETIC, "软": Diet.SOFT, "碎": Diet.MINCED, "脂": Diet.LOW_FAT, "清": Diet.HALAL,
    "素": Diet.VEGETARIAN,
}  # fmt: skip


def _dish(name: str, contents: str, yuan: int, suits: str = "", portions: int | None = None) -> DishWish:
    return DishWish(name, contents, yuan * 100, [SAYS[letter] for letter in suits], portions)


WEEK: Final = (  # lunch, Monday to Sunday: the day's set meal and the light one; the soft one is always there
    (_dish("红烧鸡块套餐", "红烧鸡块、蒜蓉油麦菜、米饭、紫菜蛋花汤", 12, "清"),
     _dish("清蒸鲈鱼套餐", "清蒸鲈鱼、白灼菜心、杂粮饭", 13, "盐糖脂")),
    (_dish("肉末茄子套餐", "肉末茄子、番茄炒蛋、米饭、冬瓜汤", 11),
     _dish("香菇滑鸡套餐", "香菇滑鸡、清炒西葫芦、杂粮饭", 12, "糖盐清")),
    (_dish("土豆炖牛肉套餐", "土豆炖牛肉、凉拌黄瓜、馒头、小米粥", 14, "清"),
     _dish("家常豆腐套餐", "家常豆腐、西兰花、杂粮饭、菌菇汤", 10, "素脂糖")),
    (_dish("糖醋里脊套餐", "糖醋里脊、清炒豆芽、米饭、酸辣汤", 12),
     _dish("虾仁蒸蛋套餐", "虾仁蒸蛋、上汤娃娃菜、杂粮饭", 13, "盐糖")),
    (_dish("黄河刀鱼套餐", "干烧刀鱼、韭菜炒蛋、米饭、丝瓜汤", 13),
     _dish("清炖鸡腿套餐", "清炖鸡腿、炒青菜、杂粮饭", 12, "盐糖清")),
    (_dish("猪肉白菜饺子", "猪肉白菜水饺、拍黄瓜、饺子汤", 11),
     _dish("素三鲜包子套餐", "素三鲜包子、凉拌木耳、八宝粥", 9, "素脂")),
    (_dish("排骨面套餐", "排骨面、卤蛋、时蔬", 12),
     _dish("鸡丝荞麦面套餐", "鸡丝荞麦面、焯菠菜", 11, "糖盐清")),
)  # fmt: skip
SOFT: Final = _dish("软食套餐", "肉末蒸蛋、南瓜泥、软米饭", 10, "软碎盐脂", 25)


def serve(rng: random.Random, district_id: int, *, now: datetime) -> int:
    """Canteens that opened on the Monday before this one; answers how many ordered today's lunch."""
    today = calendar.day_of(now)
    opened = calendar.at(today - timedelta(days=today.weekday() + 7), time(8))
    with transaction() as session:
        canteens = _open(session, district_id, at=opened)
        eaters = _eaters(session, rng, district_id, at=opened)
        for canteen in canteens:
            for number in range(21):  # tomorrow may be in a third week
                _menu(session, canteen, calendar.day_of(opened) + timedelta(days=number), at=opened)
        session.info.pop("notices", None)
    ordered = 0
    for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
        with transaction() as session:
            most = min(ORDERS_TODAY, len(eaters) // 2)
            hungry = rng.sample(eaters, most if day == today else min(ORDERS_TODAY // 3, most))
            ordered += _order(session, rng, district_id, day, hungry, now=now)
            session.info.pop("notices", None)
    for elder_id in eaters[::ONE_IN]:
        with transaction() as session:
            canteen_id, _ = _nearest(session, session.get_one(Elder, elder_id))
            _stand(session, rng, elder_id, canteen_id, now=now)
            session.info.pop("notices", None)
    return ordered


def _open(session: Session, district_id: int, *, at: datetime) -> list[Canteen]:
    places = session.scalars(
        select(Facility)
        .where(Facility.district_id == district_id, Facility.tier == Tier.CANTEEN)
        .order_by(Facility.id)
        .limit(PLACES)
    ).all()
    canteens = []
    for number, place in enumerate(places, 1):
        canteen = keeping.add_canteen(session, district_id, place.id, f"ZC{number:02d}", by=BUREAU, now=at)
        said = Promise(
            Meal.LUNCH, calendar.day_of(at), opens=time(11), closes=time(12, 45), cut_off_days=1, cut_off=time(17),
            capacity=120, delivers=True, delivery_from=time(10), delivery_till=time(11, 45), delivery_cents=200,
            ride_minutes=45, concern_minutes=30,
        )  # fmt: skip
        keeping.promise(session, canteen, said, by=BUREAU, now=at)
        canteens.append(canteen)
    return canteens


def _nearest(session: Session, elder: Elder) -> tuple[int, int]:
    """The canteen her lunch comes from, and the seconds to there."""
    home = Place.of(session.get_one(Home, elder.home_id).place)
    places = session.execute(
        select(Canteen.id, Facility.lat, Facility.lon)
        .join(Facility, Facility.id == Canteen.facility_id)
        .where(Canteen.district_id == elder.district_id)
        .order_by(Canteen.id)
    )
    ways = ((travel_seconds(home, Place(row.lat, row.lon), Mode.EBIKE, door_minutes=0), int(row.id)) for row in places)
    seconds, canteen_id = min(ways)
    return canteen_id, seconds


def _menu(session: Session, canteen: Canteen, day: date, *, at: datetime) -> None:
    menu = keeping.write(session, canteen, day, Meal.LUNCH, [*WEEK[day.weekday()], SOFT], by=KITCHEN, now=at)
    keeping.publish(session, menu.id, by=KITCHEN, now=at)


def _eaters(session: Session, rng: random.Random, district_id: int, *, at: datetime) -> list[int]:
    """Who may eat from the canteens and lives near one, some with a diet."""
    elders = session.scalars(
        select(Elder)
        .where(Elder.district_id == district_id, Elder.register == Register.PURCHASED_SERVICE)
        .where(Elder.ended_at.is_(None), Elder.away.is_(None))
        .order_by(Elder.id)
    ).all()
    for elder in elders:
        if rng.random() < (0.5 if elder.level in (AbilityLevel.SEVERE, AbilityLevel.TOTAL) else 0.25):
            keeping.note_diet(session, elder.id, rng.choice(DIETS), None, by=HOTLINE, now=at)
    return [elder.id for elder in elders if _nearest(session, elder)[1] <= NEAR]


def _order(
    session: Session, rng: random.Random, district_id: int, day: date, elder_ids: list[int], *, now: datetime
) -> int:  # fmt: skip
    """Orders of the afternoon before, each for a dish that suits; of what is past, all but a few were handed over."""
    menus = queries.open_menus(session, district_id, day, day)
    taken_at = min(now, menus[0].cut_off - timedelta(hours=3))
    count = to_come = 0
    for elder_id in elder_ids:
        elder = session.get_one(Elder, elder_id)
        menu = next(menu for menu in menus if menu.canteen_id == _nearest(session, elder)[0])
        needs = queries.diets_of(session, elder_id)
        dishes = queries.dishes_of(session, [menu.id])[menu.id]
        suits = [dish for dish in dishes if set(needs) <= set(dish.suits)] or dishes[-1:]
        frail = elder.level in (AbilityLevel.MODERATE, AbilityLevel.SEVERE, AbilityLevel.TOTAL)
        way = MealWay.DELIVERY if frail or rng.random() < 0.3 else MealWay.EAT_IN
        if way is MealWay.EAT_IN and menu.closes > now:  # nobody stands at the demo's counter all day
            to_come += 1
            way = MealWay.EAT_IN if to_come <= STILL_TO_COME else MealWay.DELIVERY
        try:
            with session.begin_nested():
                (portion,) = ordering.book(
                    session, MealWish(elder_id, [rng.choice(suits).id], way), Taken(HOTLINE, Role.OPERATOR, taken_at)
                )
        except Conflict:
            continue
        count += 1
        _taken(session, rng, menu, portion.id, way, now=now)
    return count


def _stand(session: Session, rng: random.Random, elder_id: int, canteen_id: int, *, now: datetime) -> None:
    """She has lunch brought on the same days of every week; a few want what cannot always be had."""
    hard = rng.random()
    wish = StandingWish(
        rule=rng.choice(RULES), starts=calendar.day_of(now), ends=None, holidays=OnHolidays.SKIP, way=MealWay.DELIVERY,
        prefers=rng.choice((None, SOFT.name)), payer=Payer.SELF if hard < 0.12 else Payer.ENTITLEMENT,
        most_self_pay_cents=800 if hard < 0.12 else 1_500, note=None,
        agent={"name": "女儿", "relation": "女儿", "present": False} if hard > 0.7 else None,
    )  # fmt: skip
    if 0.12 <= hard < 0.2:
        keeping.note_diet(session, elder_id, [Diet.HALAL, Diet.SOFT], "清真，要烂一点", by=HOTLINE, now=now)
    standing.agree(session, elder_id, canteen_id, Meal.LUNCH, wish, by=HOTLINE, now=now)


def _taken(session: Session, rng: random.Random, menu: Menu, portion_id: int, way: MealWay, *, now: datetime) -> None:
    """What happened at the counter or the door until now."""
    first, last = (menu.delivery_from, menu.delivery_till) if way is MealWay.DELIVERY else (menu.opens, menu.closes)
    at = first + (last - first) * rng.random()
    if at >= now:
        return
    if rng.random() < 0.03:
        serving.miss(session, portion_id, NotTaken.NO_ANSWER, by=KITCHEN, now=at)
        asked_at = at + timedelta(minutes=12)
        if asked_at < now:
            concern = session.scalars(select(Concern).where(Concern.portion_id == portion_id)).one()
            serving.settle(session, concern.id, Finding.WELL, "在女儿家吃过了", by=HOTLINE, now=asked_at)
    else:
        serving.hand_over(session, portion_id, Receiver.ELDER, role=Role.MANAGER, by=KITCHEN, now=at)
