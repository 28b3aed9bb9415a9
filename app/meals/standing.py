"""Standing orders of meals: agreed, changed, ended, and each of their days ordered by the clock as if by hand.

Harmless when repeated, and two at once are one: the standing order's row is locked, and each of its days has one row
ever. What could not be ordered keeps its reason, is tried again until the cut-off, shown to the desk, and she is told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.care_plans import generating, recurring
from app.care_plans.rules import OnHolidays, meant
from app.config import settings
from app.db import notice
from app.errors import CareError
from app.history import record
from app.meals import ordering, queries, standing_queries
from app.meals.ordering import MealWish, Taken
from app.meals.rules import Full, Meal, MealWay, MenuState
from app.meals.standing_rules import (
    BY_HAND,
    CALENDAR,
    LEFT_OUT,
    BadStanding,
    DrawEvent,
    DrawState,
    Plate,
    StandingEvent,
    StandingState,
    StandsAlready,
    WhyNone,
    draw_after,
    standing_after,
    suitable,
)
from app.meals.standing_tables import StandingDraw, StandingMeal
from app.meals.standing_telling import tell_her
from app.meals.tables import Menu, Portion
from app.orders import queries as order_queries
from app.orders.rules import Channel, Payer, QuoteChanged, VisitState
from app.people import life_queries as life
from app.people import queries as people
from app.people.tables import Elder

BY: Final = "standing order"
BOOKED: Final = "standing_meals"


@dataclass(frozen=True)
class StandingWish:
    """What she wants again and again; cents of one meal, `rule` after RFC 5545."""

    rule: str
    starts: date
    ends: date | None
    holidays: OnHolidays
    way: MealWay
    prefers: str | None
    payer: Payer
    most_self_pay_cents: int
    agent: dict[str, Any] | None
    note: str | None


@dataclass(frozen=True)
class Day:
    """A day the rule names: when its meal must be ordered, and what the calendar or her life says against it."""

    day: date
    cut_off: datetime
    why: WhyNone | None


@dataclass(frozen=True)
class _None:
    why: WhyNone
    short_cents: int | None = None


def agree(
    session: Session, elder_id: int, canteen_id: int, meal: Meal, wish: StandingWish, *, by: str, now: datetime
) -> StandingMeal:
    """From now on she has this meal on these days; what can be ordered already is ordered at once.

    Raises BadRule, BadStanding, StandsAlready.
    """
    elder, canteen = people.get(session, elder_id), queries.canteen(session, canteen_id, lock=True)
    _check(wish, now=now)
    known = select(StandingMeal.id).where(
        StandingMeal.elder_id == elder_id, StandingMeal.canteen_id == canteen_id, StandingMeal.meal == meal,
        StandingMeal.state == StandingState.ACTIVE,
    )  # fmt: skip
    if session.scalar(known) is not None:
        raise StandsAlready("She has a standing order for this meal there; change that one.", meal=meal)
    row = StandingMeal(
        district_id=elder.district_id, division_code=elder.division_code, provider_id=canteen.provider_id,
        elder_id=elder_id, canteen_id=canteen_id, meal=meal, skipped=[], state=StandingState.ACTIVE, made_by=by,
        made_at=now, **vars(wish),
    )  # fmt: skip
    session.add(row)
    record(session, row, "agree", None, row.state, by=by, now=now, rule=wish.rule, starts=str(wish.starts), meal=meal)
    draw(session, row.id, now=now)
    return row


def change(session: Session, standing_id: int, wish: StandingWish, *, by: str, now: datetime) -> StandingMeal:
    """Other days, another way, another limit: for what is not ordered yet. Days she no longer means are cancelled."""
    row = standing_queries.get(session, standing_id, lock=True)
    _check(wish, now=now, began=row.starts)
    state = standing_after(row.state, StandingEvent.CHANGE)
    said = {name: value for name, value in vars(wish).items() if name not in ("agent", "note")}  # those are sealed
    changed = {name: [str(getattr(row, name)), str(to)] for name, to in said.items() if getattr(row, name) != to}
    for name, value in vars(wish).items():
        setattr(row, name, value)
    record(session, row, StandingEvent.CHANGE, row.state, state, by=by, now=now, changed=changed)
    draw(session, row.id, now=now)
    return row


def skip(session: Session, standing_id: int, day: date, *, without: bool, by: str, now: datetime) -> StandingMeal:
    """A day without her meal, or with it after all."""
    row = standing_queries.get(session, standing_id, lock=True)
    state = standing_after(row.state, StandingEvent.SKIP)
    if day < calendar.day_of(now):
        raise BadStanding("That day is over.", day=str(day))
    row.skipped = sorted({*row.skipped, str(day)} if without else {*row.skipped} - {str(day)})
    record(session, row, StandingEvent.SKIP, row.state, state, by=by, now=now, day=str(day), without=without)
    draw(session, row.id, now=now)
    return row


def end(session: Session, standing_id: int, last: date, *, by: str, now: datetime, reason: str) -> StandingMeal:
    """Her last day; one in the past ends it at once. What is ordered beyond it is cancelled."""
    row = standing_queries.get(session, standing_id, lock=True)
    standing_after(row.state, StandingEvent.END)
    row.ends = last
    record(session, row, "last_day", row.state, row.state, by=by, now=now, reason=reason, last=str(row.ends))
    _draw_days(session, row, now=now)
    if last < calendar.day_of(now):
        _end(session, row, by=by, now=now, reason=reason)
    return row


def settle(session: Session, draw_id: int, note: str, *, by: str, now: datetime) -> StandingDraw:
    """Somebody has spoken with her about a day without a meal."""
    row = standing_queries.draw(session, draw_id)
    before, row.state = row.state, draw_after(row.state, DrawEvent.SETTLE)
    row.settled_by, row.settled_note = by, note
    record(session, row, DrawEvent.SETTLE, before, row.state, by=by, now=now, day=str(row.day))
    return row


def draw(session: Session, standing_id: int, *, now: datetime) -> None:
    """The clock's turn for one standing order: its days whose cut-off is near. Bears repetition."""
    row = session.get(StandingMeal, standing_id, with_for_update=True, populate_existing=True)
    if row is None or row.state is not StandingState.ACTIVE:
        return
    row.checked_at = now
    if people.get(session, row.elder_id).ended_at is not None:
        _end(session, row, by=BY, now=now, reason="elder_gone")
    else:
        _draw_days(session, row, now=now)
        if row.ends is not None and row.ends < calendar.day_of(now):
            _end(session, row, by=BY, now=now, reason="last_day")


def days(session: Session, row: StandingMeal, first: date, last: date) -> list[Day]:
    """What the rule means between two days, with what the calendar, a pause or a stay says against each."""
    elder = people.get(session, row.elder_id)
    until = min(last, row.ends or last)
    found = meant(
        recurring.days(row.rule, row.starts, first, until), generating.days_around(session, elder, first, last),
        holidays=row.holidays, skipped={date.fromisoformat(day) for day in row.skipped},
    )  # fmt: skip
    stays, cut_off = life.away(session, elder.id), _cut_offs(session, row, first, last)
    return [
        Day(
            one.day, cut_off(one.day),
            WhyNone.AWAY if any(stay.covers(one.day) for stay in stays) else CALENDAR[one.why] if one.why else None,
        )
        for one in found
    ]  # fmt: skip


def _cut_offs(session: Session, row: StandingMeal, first: date, last: date) -> Callable[[date], datetime]:
    """Until when a day's meal is ordered: its menu's word, before there is one its canteen's."""
    menus = {menu.day: menu for menu in queries.menus(session, row.canteen_id, first, last) if menu.meal is row.meal}
    terms = [said for said in queries.terms(session, row.canteen_id) if said.meal is row.meal]

    def of(day: date) -> datetime:
        if day in menus:
            return menus[day].cut_off
        holds = next((said for said in terms if said.starts <= day), None)
        if holds is None:
            return calendar.day_bounds(day)[0]
        return calendar.at(day - timedelta(days=holds.cut_off_days), holds.cut_off)

    return of


def _check(wish: StandingWish, *, now: datetime, began: date | None = None) -> None:
    recurring.read(wish.rule, wish.starts)
    if wish.starts != began and wish.starts < calendar.day_of(now):
        raise BadStanding("A standing order begins today at the earliest.", starts=str(wish.starts))
    if wish.ends is not None and wish.ends < wish.starts:
        raise BadStanding("It ends before it begins.", ends=str(wish.ends))
    if wish.holidays not in (OnHolidays.KEEP, OnHolidays.SKIP):
        raise BadStanding("A meal on a holiday is kept or left out; it is not moved to another day.")


def _end(session: Session, row: StandingMeal, *, by: str, now: datetime, reason: str) -> None:
    before, row.state = row.state, standing_after(row.state, StandingEvent.END)
    record(session, row, StandingEvent.END, before, row.state, by=by, now=now, reason=reason)


def _draw_days(session: Session, row: StandingMeal, *, now: datetime) -> None:
    today = calendar.day_of(now)
    ahead = timedelta(days=settings().standing_meal_days)
    elder = people.get(session, row.elder_id)
    known = standing_queries.draws(session, row.id, today)
    wanted = {day.day: day for day in days(session, row, today, today + ahead + timedelta(days=15))}
    for on, found in known.items():
        if on not in wanted:  # the rule has changed, or it ends before
            _take_back(session, found, WhyNone.EXCEPTION, now=now)
    for day in wanted.values():
        drawn = known.get(day.day)
        if drawn is not None and drawn.state is DrawState.ORDERED:
            _follow(session, drawn, day, now=now)
        elif day.cut_off > row.made_at and day.cut_off - ahead <= now:
            _draw_day(session, row, elder, drawn, day, now=now)
    notice(session, row.district_id, BOOKED)


def _draw_day(
    session: Session, row: StandingMeal, elder: Elder, drawn: StandingDraw | None, day: Day, *, now: datetime
) -> None:
    """One day that has no meal yet: ordered, or left without one for a reason that is written down."""
    if drawn is not None and (drawn.state is DrawState.SETTLED or drawn.why in BY_HAND or day.cut_off <= now):
        return
    if drawn is None:
        drawn = StandingDraw(
            district_id=row.district_id, division_code=row.division_code, provider_id=row.provider_id,
            elder_id=row.elder_id, standing_id=row.id, day=day.day, cut_off=day.cut_off,
        )  # fmt: skip
    drawn.cut_off = day.cut_off
    outcome: Portion | _None
    if day.why is not None:
        outcome = _None(day.why)
    elif standing_queries.has_meal(session, elder.id, day.day, row.meal):
        outcome = _None(WhyNone.HAS_ONE)
    elif day.cut_off <= now:
        outcome = _None(WhyNone.TOO_LATE)
    else:
        outcome = _order(session, row, elder, day.day, now=now)
    if isinstance(outcome, Portion):
        drawn.portion_id = outcome.id
        _move(session, drawn, DrawEvent.ORDER, None, now=now)
    else:
        _move(session, drawn, _event(outcome.why), outcome.why, now=now, short_cents=outcome.short_cents)
        tell_her(session, elder, row, drawn, now=now)


def _follow(session: Session, drawn: StandingDraw, day: Day, *, now: datetime) -> None:
    """A day that was ordered: its meal may have been cancelled by hand, by the kitchen, or by a stay in hospital."""
    assert drawn.portion_id is not None
    portion = queries.portion(session, drawn.portion_id)
    if order_queries.visit(session, portion.visit_id).state is VisitState.CANCELLED:
        closed = queries.menu(session, portion.menu_id).state is MenuState.WITHDRAWN
        why = day.why or (WhyNone.CLOSED if closed else WhyNone.GIVEN_UP)
        _move(session, drawn, _event(why), why, now=now)
        if why not in BY_HAND:
            standing = standing_queries.get(session, drawn.standing_id)
            tell_her(session, people.get(session, drawn.elder_id), standing, drawn, now=now)
    elif day.why is not None:
        _take_back(session, drawn, day.why, now=now)


def _take_back(session: Session, drawn: StandingDraw, why: WhyNone, *, now: datetime) -> None:
    """A day that is not meant any more: its meal is cancelled while the kitchen has no count of it."""
    if drawn.state is DrawState.ORDERED and drawn.portion_id is not None:
        portion = queries.portion(session, drawn.portion_id)
        state = order_queries.visit(session, portion.visit_id).state
        late = queries.menu(session, portion.menu_id).cut_off <= now
        if state is VisitState.WAITING and not late:
            ordering.cancel(session, portion.id, role=None, by=BY, now=now, reason=f"{BY}: {why}", override=False)
        elif state is not VisitState.CANCELLED:
            return
    if drawn.state in (DrawState.ORDERED, DrawState.FAILED):
        _move(session, drawn, DrawEvent.LEAVE_OUT, why, now=now)


def _event(why: WhyNone) -> DrawEvent:
    return DrawEvent.LEAVE_OUT if why in LEFT_OUT else DrawEvent.FAIL


def _move(
    session: Session, drawn: StandingDraw, event: DrawEvent, why: WhyNone | None, *, now: datetime,
    short_cents: int | None = None,
) -> None:  # fmt: skip
    """The only place where the clock changes a day; what is as it was is not written down again."""
    before, was = drawn.state, drawn.why
    drawn.state, drawn.why, drawn.short_cents = draw_after(before, event), why, short_cents
    if (before, was) != (drawn.state, why):
        drawn.at, drawn.told_at = now, None
        session.add(drawn)
        record(session, drawn, event, before, drawn.state, by=BY, now=now, reason=why, day=str(drawn.day))


def _order(session: Session, row: StandingMeal, elder: Elder, day: date, *, now: datetime) -> Portion | _None:
    """The meal of a day, the dish she likes first; or why there is none."""
    menu = queries.menu_of(session, row.canteen_id, day, row.meal)
    if menu is None or menu.state is MenuState.DRAFT:
        return _None(WhyNone.NO_MENU)
    if menu.state is MenuState.WITHDRAWN:
        return _None(WhyNone.CLOSED)
    if row.way is MealWay.DELIVERY and not menu.delivers:
        return _None(WhyNone.NOT_BROUGHT)
    allergies = elder.health.get("allergies", [])
    chosen = suitable(
        standing_queries.plates(session, menu), row.prefers, queries.diets_of(session, elder.id), allergies
    )
    if isinstance(chosen, WhyNone):
        return _None(chosen)
    return _first_of(session, row, elder, menu, chosen, now=now)


def _first_of(
    session: Session, row: StandingMeal, elder: Elder, menu: Menu, chosen: list[Plate], *, now: datetime
) -> Portion | _None:
    """The first dish that costs her no more than she agreed to and is still there."""
    short: list[int] = []
    taken = Taken(BY, None, now, channel=Channel.CARE_PLAN, agent=row.agent, note=row.note)
    for plate in chosen:
        wish = MealWish(elder.id, [plate.dish_id], row.way, row.payer)
        told = ordering.quoted(session, wish, now=now)
        if told.self_pay_cents > row.most_self_pay_cents:
            short.append(told.self_pay_cents - row.most_self_pay_cents)
            continue
        try:
            with session.begin_nested():
                promise = (told.allowance_cents, told.self_pay_cents)
                (portion,) = ordering.book(session, wish, taken, promise=promise)
                session.flush()
                return portion
        except (Full, QuoteChanged):
            continue  # somebody was faster; the next turn asks again
        except CareError:
            return _None(WhyNone.REFUSED)
    return _None(WhyNone.NO_MONEY, min(short)) if short else _None(WhyNone.FULL)
