"""The kitchen's sheet of a meal and the labels of its deliveries, printed."""

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
RUN: Final = (
    Column("", 8, True), Column("老人", 20), Column("地址", 66), Column("套餐", 34), Column("饮食与备注", 40),
    Column("签收", 12),
)  # fmt: skip


def kitchen_sheet(session: Session, menu: Menu, *, now: datetime) -> bytes:
    """What to cook, dish by dish, and every portion that needs something special."""
    rows = _cooked(session, menu)
    ways = Counter((row.dish.name, row.portion.way) for row in rows)
    names = list(dict.fromkeys(row.dish.name for row in sorted(rows, key=lambda row: row.dish.id)))
    paper = _paper(session, menu, "备餐单", now=now)
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
    paper.listing(SPECIAL, [[r.elder.name, r.dish.name, way[r.portion.way], _wishes(r)] for r in special], 10)
    return paper.whole()


def delivery_list(session: Session, menu: Menu, *, now: datetime) -> bytes:
    """Every door of the round with address, dish, and room for a signature."""
    rows = [row for row in _cooked(session, menu) if row.portion.way is MealWay.DELIVERY]
    rows.sort(key=lambda row: (row.home.estate, row.home.address))
    paper = _paper(session, menu, "送餐单", now=now)
    paper.say(f"共 {len(rows)} 份，{calendar.local(menu.delivery_till):%H:%M} 前送到。", 12, gap=1)
    lines = [[str(n), r.elder.name, _door(r), r.dish.name, _wishes(r), ""] for n, r in enumerate(rows, 1)]
    paper.listing(RUN, lines, 9)
    return paper.whole()


def delivered_to(session: Session, menu: Menu) -> list[int]:
    """Whose addresses the list of a round shows."""
    return [row.elder.id for row in _cooked(session, menu) if row.portion.way is MealWay.DELIVERY]


def _cooked(session: Session, menu: Menu) -> list[PortionRow]:
    return [row for row in queries.portions(session, menu_id=menu.id) if row.visit.state is not VisitState.CANCELLED]


def _door(row: PortionRow) -> str:
    """Hers, or where she had it redirected to: the rider sees both."""
    hers = f"{row.home.estate} {row.home.address}"
    return f"【改送】{row.portion.bring_to}（本人住 {hers}）" if row.portion.bring_to else hers


def _wishes(row: PortionRow) -> str:
    diets = "、".join(DIETS[diet] for diet in row.diets)
    return "；".join(word for word in (diets, row.diet_note, row.portion.note) if word)


def _paper(session: Session, menu: Menu, title: str, *, now: datetime) -> Paper:
    place = session.get_one(Facility, queries.canteen(session, menu.canteen_id).facility_id)
    printed = f"{calendar.local(now):%Y-%m-%d %H:%M} 打印"
    paper = Paper(f"{place.name} {title} {menu.day}", font=printing_font(), at=now, foot=printed)
    paper.say(f"{place.name} {title}", 20)
    paper.say(f"{menu.day} {MEALS[menu.meal]}", 14, gap=2)
    return paper
