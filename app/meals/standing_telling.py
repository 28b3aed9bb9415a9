"""Telling an elder, or whoever is called first for her, that a day of her standing order has no meal."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app.config import settings
from app.meals import standing_queries
from app.meals.rules import Meal
from app.meals.standing_rules import WhyNone, worth_telling
from app.meals.standing_tables import StandingDraw, StandingMeal
from app.messages import actions as messages
from app.messages.rules import Channel
from app.people import queries as people
from app.people.tables import Elder

MEALS: Final = {Meal.BREAKFAST: "早餐", Meal.LUNCH: "午餐", Meal.SUPPER: "晚餐"}
BECAUSE: Final = {
    WhyNone.NO_MENU: "食堂还没有公布菜单",
    WhyNone.CLOSED: "食堂当天停餐",
    WhyNone.NOTHING_SUITS: "当天没有适合您饮食要求的套餐",
    WhyNone.FULL: "食堂当天已订满",
    WhyNone.NOT_BROUGHT: "食堂当天不送餐",
    WhyNone.NO_MONEY: "补贴余额不足，自付会超过您约定的金额",
    WhyNone.TOO_LATE: "已过订餐截止时间",
    WhyNone.REFUSED: "系统没有订上",
}


def tell_her(session: Session, elder: Elder, standing: StandingMeal, drawn: StandingDraw, *, now: datetime) -> None:
    """Send word once for each day and reason, where she should know now; without any number the desk alone knows."""
    if drawn.why is None or drawn.told_at is not None:
        return
    day_before = standing_queries.before(session, standing.id, drawn.day)
    before = day_before.why if day_before else None
    if not worth_telling(drawn.why, before, cut_off=drawn.cut_off, now=now):
        return
    contact = next(iter(people.contacts_of(session, elder.id)), None)
    to = elder.phone or (contact.phone if contact else None)
    if to is None:
        return
    whose = elder.name if elder.phone or contact is None else f"{contact.name}（{elder.name}的联系人）"
    when, meal, hotline = f"{drawn.day.month}月{drawn.day.day}日", MEALS[standing.meal], settings().hotline
    if drawn.why is WhyNone.AWAY:
        text = f"【银铃】{elder.name}住院或离家期间，固定订餐自{when}起暂停，回家后自动恢复。有疑问请拨{hotline}。"
    else:
        text = f"【银铃】{elder.name}{when}的{meal}没有订上：{BECAUSE[drawn.why]}。请拨{hotline}另作安排。"
    messages.tell(
        session, district_id=elder.district_id, division_code=elder.division_code, channel=Channel.SMS, to=to,
        to_whom=whose, key=f"standing/{standing.id}/{drawn.day}/{drawn.why}", text=text, now=now, elder_id=elder.id,
        about=f"standing_meals/{standing.id}",
    )  # fmt: skip
    drawn.told_at = now
