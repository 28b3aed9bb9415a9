"""Reading rosters, and the four weeks they are made of: what care plans mean, who could come."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import calendar
from app.care_plans import generating
from app.care_plans.rules import DayState
from app.care_plans.rules import PlanState as Agreed
from app.care_plans.tables import CarePlan, CarePlanDay, CarePlanLine
from app.catalogue.rules import Given, by_level
from app.catalogue.tables import ServiceItem
from app.config import settings
from app.errors import NotFound
from app.orders.rules import OrderState
from app.orders.tables import Order
from app.people.rules import without
from app.people.tables import Absence, Caregiver, Elder, Home, Shift
from app.places.rules import Place
from app.planning import queries as planning
from app.planning.roster_tables import Roster, RosterGap, RosterLine
from app.planning.rules import PlanState
from app.rostering.month import Hours, Month, Need
from app.workers import queries as workers


def get(session: Session, roster_id: int, *, lock: bool = False) -> Roster:
    """The roster; raises NotFound."""
    found = session.get(Roster, roster_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such roster.")
    return found


def line(session: Session, line_id: int, *, lock: bool = False) -> RosterLine:
    """The line; raises NotFound also when it is outside the caller's area."""
    found = session.get(RosterLine, line_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such line, or it is outside your area.")
    return found


def gap(session: Session, gap_id: int, *, lock: bool = False) -> RosterGap:
    """The gap; raises NotFound also when it is outside the caller's area, or filled by now."""
    found = session.get(RosterGap, gap_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such gap, it is filled, or it is outside your area.")
    return found


def in_state(
    session: Session, district_id: int, starts: date, state: PlanState, *, lock: bool = False
) -> Roster | None:
    """The roster of these weeks in one of the states there can be only one of."""
    query = select(Roster).where(Roster.district_id == district_id, Roster.starts == starts, Roster.state == state)
    return session.scalar(query.with_for_update().execution_options(populate_existing=True) if lock else query)


def next_number(session: Session, district_id: int, starts: date) -> int:
    """Versions count from 1."""
    newest = select(func.max(Roster.n)).where(Roster.district_id == district_id, Roster.starts == starts)
    return (session.scalar(newest) or 0) + 1


def lock_weeks(session: Session, district_id: int) -> None:
    """One writer of a district's rosters at a time, until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"roster:{district_id}", 0))))


def versions(session: Session, district_id: int, *, limit: int = 40) -> Sequence[Roster]:
    """The newest weeks first, and of each the newest version."""
    query = select(Roster).where(Roster.district_id == district_id).order_by(Roster.starts.desc(), Roster.n.desc())
    return session.scalars(query.limit(limit)).all()


def lines(session: Session, roster_id: int) -> Sequence[RosterLine]:
    """All lines by time."""
    query = select(RosterLine).where(RosterLine.roster_id == roster_id)
    return session.scalars(query.order_by(RosterLine.starts_at, RosterLine.elder_id, RosterLine.rank)).all()


def gaps(session: Session, roster_id: int) -> Sequence[RosterGap]:
    """What has nobody, by day."""
    query = select(RosterGap).where(RosterGap.roster_id == roster_id)
    return session.scalars(query.order_by(RosterGap.day, RosterGap.elder_id, RosterGap.rank)).all()


def month(session: Session, district_id: int, starts: date, ends: date, *, now: datetime) -> Month:
    """Everything a roster depends on: skills and contracts are those that hold to the last day."""
    last = planning.day_of(session, district_id, ends)
    return Month(
        starts, tuple(_needs(session, district_id, starts, ends, now=now)), last.caregivers,
        hours(session, district_id, starts, ends), last.contracts, settings().door_minutes,
    )  # fmt: skip


def _needs(session: Session, district_id: int, starts: date, ends: date, *, now: datetime) -> list[Need]:
    rows = session.execute(
        select(CarePlan.id, Elder, Home.place)
        .join(Elder, Elder.id == CarePlan.elder_id)
        .join(Home, Home.id == Elder.home_id)
        .where(CarePlan.district_id == district_id, CarePlan.state == Agreed.AGREED, CarePlan.starts <= ends)
        .where(Elder.ended_at.is_(None))
        .order_by(Elder.id)
    ).all()
    by_plan: dict[int, list[CarePlanLine]] = defaultdict(list)
    found = select(CarePlanLine).where(CarePlanLine.plan_id.in_([row.id for row in rows])).order_by(CarePlanLine.id)
    for one in session.scalars(found):
        by_plan[one.plan_id].append(one)
    items = {item.id: item for item in session.scalars(select(ServiceItem).where(ServiceItem.given == Given.HOME))}
    known = _known(session, district_id, [elder.id for _, elder, _ in rows], now)
    off = _left_out(session, district_id, starts, ends)
    needs = []
    for plan_id, elder, place in rows:
        at_home = [one for one in by_plan[plan_id] if one.item_id in items]
        for one, meant in generating.wanted_days(session, elder, at_home, starts, ends):
            if meant.why is None and starts <= meant.day <= ends and (elder.id, one.key, meant.rule_day) not in off:
                needs.append(_need(elder, Place.of(place), one, items[one.item_id], meant.rule_day, meant.day, known))
    return needs


def _need(
    elder: Elder, place: Place, one: CarePlanLine, item: ServiceItem, rule_day: date, day: date,
    known: Mapping[int, set[int]],
) -> Need:  # fmt: skip
    wishes = elder.wishes
    return Need(
        elder_id=elder.id, elder=elder.name, division_code=elder.division_code, key=one.key, item_id=item.id,
        aid=item.aid.value, rule_day=rule_day, day=day, opens=one.opens, closes=one.closes,
        minutes=one.minutes or by_level(item.minutes, elder.level), caregivers=by_level(item.caregivers, elder.level),
        needs=frozenset(item.needs), sex=planning.sex_wanted(item.same_sex, elder.sex, item.aid.value, wishes),
        banned=frozenset(wishes.get("banned", ())), place=place,
        known=frozenset(known.get(elder.id, set()) | set(wishes.get("preferred", ()))),
    )  # fmt: skip


def _known(session: Session, district_id: int, elder_ids: Sequence[int], now: datetime) -> dict[int, set[int]]:
    """Who was there lately, and who is her regular one by the roster in force."""
    known = {elder: set(who) for elder, who in planning.known_to(session, elder_ids, now).items()}
    if roster := planning.roster_of(session, district_id, calendar.day_of(now)):
        regular = select(RosterLine.elder_id, RosterLine.caregiver_id).distinct()
        for elder_id, who in session.execute(regular.where(RosterLine.roster_id == roster.id, RosterLine.regular)):
            known.setdefault(elder_id, set()).add(who)
    return known


def _left_out(session: Session, district_id: int, starts: date, ends: date) -> set[tuple[int, str, date]]:
    """Days for which no order could be made, or whose order was cancelled by hand."""
    rows = session.execute(
        select(CarePlanDay.elder_id, CarePlanDay.key, CarePlanDay.rule_day)
        .outerjoin(Order, Order.id == CarePlanDay.order_id)
        .where(CarePlanDay.district_id == district_id, CarePlanDay.day >= starts, CarePlanDay.day <= ends)
        .where((CarePlanDay.state == DayState.UNSERVED) | (Order.state == OrderState.CANCELLED))
    )
    return {(elder_id, key, rule_day) for elder_id, key, rule_day in rows}


def hours(session: Session, district_id: int, starts: date, ends: date) -> dict[int, Hours]:
    """Everybody's week and absences, their contracts and the law."""
    of = session.execute(select(Caregiver.id, Caregiver.weekly_minutes).where(Caregiver.district_id == district_id))
    shifts: dict[int, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    week = select(Shift.caregiver_id, Shift.weekday, Shift.starts, Shift.ends).where(Shift.district_id == district_id)
    for caregiver_id, weekday, first, last in session.execute(week.order_by(Shift.starts)):
        shifts[caregiver_id][weekday].append((_minutes(first), _minutes(last)))
    rides: Counter[int] = Counter()
    for ride in planning.ridings(session, district_id, starts, ends):
        rides[ride.caregiver_id] += ride.minutes
        for weekday in ride.weekdays:
            hole = (_minutes(ride.starts), _minutes(ride.ends))
            shifts[ride.caregiver_id][weekday] = without(shifts[ride.caregiver_id][weekday], [hole])
    absent: dict[int, set[int]] = defaultdict(set)
    away = select(Absence.caregiver_id, Absence.first, Absence.last).where(
        Absence.district_id == district_id, Absence.first <= ends, Absence.last >= starts
    )
    for caregiver_id, begins, until in session.execute(away):
        absent[caregiver_id] |= {(day - starts).days for day in calendar.days(max(begins, starts), min(until, ends))}
    law = workers.limits(session, district_id, starts)
    return {
        caregiver_id: Hours(
            {weekday: tuple(spans) for weekday, spans in shifts[caregiver_id].items()},
            frozenset(absent[caregiver_id]), max(0, contract - rides[caregiver_id]),
            max(0, law.week_minutes - rides[caregiver_id]) if law else None,
        )
        for caregiver_id, contract in of
    }  # fmt: skip


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def names(session: Session, ids: Iterable[int], of: Any = Elder) -> dict[int, str]:
    """Names of elders, or of caregivers."""
    rows = session.execute(select(of.id, of.name).where(of.id.in_(list(ids))))
    return {row.id: row.name for row in rows}


def next_monday(now: datetime) -> date:
    """The first day of the next four weeks."""
    today = calendar.day_of(now)
    return today + timedelta(days=7 - today.weekday())


def windows(session: Session, elder_ids: Iterable[int]) -> dict[str, str]:
    """What the care plans in force leave open, by elder and line."""
    rows = session.execute(
        select(CarePlan.elder_id, CarePlanLine.key, CarePlanLine.opens, CarePlanLine.closes)
        .join(CarePlan, CarePlan.id == CarePlanLine.plan_id)
        .where(CarePlan.state == Agreed.AGREED, CarePlan.elder_id.in_(list(elder_ids)))
    )
    return {f"{elder_id}/{key}": f"{opens:%H:%M}–{closes:%H:%M}" for elder_id, key, opens, closes in rows}
