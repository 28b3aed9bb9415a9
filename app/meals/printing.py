"""The kitchen's sheet of a meal, printed."""

from collections import Counter
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app import calendar
from app.config import printing_font
from app.meals import queries
from app.meals.queries import PortionRow
from app.meals.rules import Diet, Meal, MealWay
from app.meals.tables import Menu
from app.orders.rules import VisitState
from app.paper import Column, Paper
from app.places.tables import Facility

MEALS: Final = {Meal.BREAKFAST: "早餐", Meal.LUNCH: "午餐", Meal.SUPPER: "晚餐"}
DIETS: Final = {
    Diet.LOW_SALT: "低盐", Diet.DIABETIC: "糖尿病", Diet.SOFT: "软食", Diet.MINCED: "碎食", Diet.LOW_FAT: "低脂",
    Diet.HALAL: "清真", Diet.VEGETARIAN: "素食",
}  # fmt: skip
SHEET: Final = (Column("套餐", 70), Column("堂食", 20, True), Column("送餐", 20, True), Column("合计", 20, True))
SPECIAL: Final = (Column("老人", 24), Column("套餐", 40), Column("方式", 16), Column("饮食要求与备注", 100))


def kitchen_sheet(session: Session, menu: Menu, *, now: datetime) -> bytes:
    """What to cook, dish by dish, and every portion that needs something special."""
    rows = cooked(session, menu)
    ways = Counter((row.dish.name, row.portion.way) for row in rows)
    names = list(dict.fromkeys(row.dish.name for row in sorted(rows, key=lambda row: row.dish.id)))
    paper = sheet(session, menu, "备餐单", now=now)
    table = [
        [name, str(ways[name, MealWay.EAT_IN]), str(ways[name, MealWay.DELIVERY]),
         str(ways[name, MealWay.EAT_IN] + ways[name, MealWay.DELIVERY])]
        for name in names
    ]  # fmt: skip
    paper.listing(SHEET, [*table, ["合计", *(str(sum(int(row[n]) for row in table)) for n in (1, 2, 3))]], 12)
    diets = Counter(diet for row in rows for diet in row.diets)
    needs = "、".join(f"{DIETS[diet]} {n} 份" for diet, n in diets.most_common())
    paper.say(f"饮食要求：{needs or '无'}", 12, gap=1)
    special = [row for row in rows if row.diets or row.diet_note or row.portion.note]
    paper.say(f"需要单独准备的 {len(special)} 份", 14, gap=1)
    way = {MealWay.EAT_IN: "堂食", MealWay.DELIVERY: "送餐"}
    paper.listing(SPECIAL, [[r.elder.name, r.dish.name, way[r.portion.way], wishes(r)] for r in special], 10)
    return paper.whole()


def cooked(session: Session, menu: Menu) -> list[PortionRow]:
    """What the kitchen cooks: everything but what was given up."""
    return [row for row in queries.portions(session, menu_id=menu.id) if row.visit.state is not VisitState.CANCELLED]


def wishes(row: PortionRow) -> str:
    """What kitchen and rider must know of a portion."""
    diets = "、".join(DIETS[diet] for diet in row.diets)
    return "；".join(word for word in (diets, row.diet_note, row.portion.note) if word)


def sheet(session: Session, menu: Menu, title: str, *, now: datetime) -> Paper:
    """A page with its head: the canteen, the day and the meal."""
    place = session.get_one(Facility, queries.canteen(session, menu.canteen_id).facility_id)
    printed = f"{calendar.local(now):%Y-%m-%d %H:%M} 打印"
    paper = Paper(f"{place.name} {title} {menu.day}", font=printing_font(), at=now, foot=printed)
    paper.say(f"{place.name} {title}", 20)
    paper.say(f"{menu.day} {MEALS[menu.meal]}", 14, gap=2)
    return paper
