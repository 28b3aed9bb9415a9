"""Reading plans, attendances and whole days."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue.rules import Given
from app.catalogue.tables import ServiceItem
from app.config import settings
from app.errors import NotFound
from app.orders.rules import UNAGREED, Channel
from app.orders.tables import Order, Visit
from app.people.riding_tables import Riding
from app.people.rules import Sex, without
from app.people.tables import Absence, Caregiver, Certificate, Elder, Home, Shift
from app.people.tables import Contract as ContractRow
from app.places.rules import Place
from app.planning.day import Contract, Day, DayCaregiver, DayVisit, Going, HandPin
from app.planning.roster_tables import Roster, RosterLine
from app.planning.rules import ACTIVE, COUNTED, SERVED, AttendanceState, PlanState
from app.planning.tables import Attendance, Pin, Plan, PlanLine, PlanReason

KNOWN_DAYS = 60  # somebody who came within these knows the elder


def plan(session: Session, district_id: int, day: date, state: PlanState, *, lock: bool = False) -> Plan | None:
    """The plan of a day in one of the states there can be only one of."""
    query = select(Plan).where(Plan.district_id == district_id, Plan.day == day, Plan.state == state)
    return session.scalar(query.with_for_update().execution_options(populate_existing=True) if lock else query)


def next_version(session: Session, district_id: int, day: date) -> int:
    """Plans of a day are numbered from 1."""
    newest = session.scalar(select(func.max(Plan.version)).where(Plan.district_id == district_id, Plan.day == day))
    return (newest or 0) + 1


def visits_of_day(session: Session, district_id: int, day: date, *, lock: bool = False) -> Sequence[Visit]:
    """Home visits whose window opens in a local day, always in the same order: two writers wait and never block."""
    first, last = calendar.day_bounds(day)
    query = select(Visit).where(Visit.district_id == district_id, Visit.opens >= first, Visit.opens < last)
    query = query.where(Visit.given == Given.HOME)
    query = query.with_for_update().execution_options(populate_existing=True) if lock else query
    return session.scalars(query.order_by(Visit.id)).all()


def day_of_visit(session: Session, visit_id: int) -> tuple[int, date]:
    """District and local day of a visit, read as numbers: a row read before its lock would be stale behind it."""
    row = session.execute(select(Visit.district_id, Visit.opens).where(Visit.id == visit_id)).first()
    if row is None:
        raise NotFound("There is no such visit, or it is outside your area.")
    return row.district_id, calendar.day_of(row.opens)


def lock_day(session: Session, district_id: int, day: date) -> None:
    """One writer of a day's plan at a time, until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"plan:{district_id}:{day}", 0))))


def provider_of(session: Session, caregiver_id: int) -> int | None:
    """Who sends this caregiver."""
    return session.scalar(select(Caregiver.provider_id).where(Caregiver.id == caregiver_id))


def attendance(session: Session, attendance_id: int, *, lock: bool = False) -> Attendance:
    """The attendance, if this transaction may see it; raises NotFound."""
    found = session.get(Attendance, attendance_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such attendance.")
    return found


def attendances(session: Session, visit_id: int, *, active: bool = False) -> Sequence[Attendance]:
    """Everybody who was ever sent to a visit, or who has to come now; the lead first."""
    query = select(Attendance).where(Attendance.visit_id == visit_id).order_by(Attendance.rank, Attendance.id)
    return session.scalars(query.where(Attendance.state.in_(ACTIVE)) if active else query).all()


def had_to_come(session: Session, visit_id: int) -> Sequence[Attendance]:
    """Attendances that count for the visit: neither declined nor withdrawn."""
    query = select(Attendance).where(Attendance.visit_id == visit_id, Attendance.state.in_(COUNTED))
    return session.scalars(query.order_by(Attendance.rank, Attendance.id)).all()


def lines(session: Session, plan_id: int) -> dict[int, list[Going]]:
    """What a plan says, by visit."""
    rows = session.execute(
        select(PlanLine.visit_id, PlanLine.caregiver_id, PlanLine.rank, PlanLine.starts_at, PlanLine.ends_at)
        .where(PlanLine.plan_id == plan_id)
        .order_by(PlanLine.visit_id, PlanLine.rank)
    )
    found: dict[int, list[Going]] = defaultdict(list)
    for visit_id, caregiver_id, rank, starts_at, ends_at in rows:
        found[visit_id].append(Going(0, caregiver_id, rank, AttendanceState.ASSIGNED, starts_at, ends_at))
    return dict(found)


def draft_with(session: Session, visit_id: int) -> Plan | None:
    """The draft somebody is looking at, if it holds this visit."""
    return session.scalar(
        select(Plan)
        .where(Plan.state == PlanState.DRAFT)
        .where(select(PlanLine.id).where(PlanLine.plan_id == Plan.id, PlanLine.visit_id == visit_id).exists())
        .with_for_update()
    )


@dataclass(frozen=True)
class ReasonRow:
    """Why a visit is not in the plan."""

    kind: str
    blocking: dict[str, Any]
    remedy: dict[str, Any]
    sentence: dict[str, str]


def reasons(session: Session, plan_id: int) -> dict[int, ReasonRow]:
    """Why visits are not in a plan, by visit; why others are is asked for one by one."""
    rows = session.execute(
        select(PlanReason.visit_id, PlanReason.kind, PlanReason.blocking, PlanReason.remedy, PlanReason.sentence).where(
            PlanReason.plan_id == plan_id, PlanReason.kind != SERVED
        )
    )
    return {visit_id: ReasonRow(*rest) for visit_id, *rest in rows}


def day_of(session: Session, district_id: int, day: date) -> Day:
    """The whole day: visits whose window opens in it, and everybody who could be sent."""
    first, last = calendar.day_bounds(day)
    visits = _visits(session, district_id, first, last)
    return Day(
        district_id, day, first, visits, _caregivers(session, district_id, day), _contracts(session, district_id, day),
        settings().door_minutes, settings().freeze_minutes,
    )  # fmt: skip


def _visits(session: Session, district_id: int, first: datetime, last: datetime) -> tuple[DayVisit, ...]:
    rows = session.execute(
        select(
            Visit.id, Visit.elder_id, Visit.division_code, Visit.state, Visit.item_code, Visit.aid, Visit.minutes,
            Visit.caregivers_needed, Visit.needs, Visit.same_sex, Visit.opens, Visit.closes, Visit.starts_at,
            Visit.priority, Visit.reason, Elder.name, Elder.sex, Elder.wishes, Home.place, Home.estate,
            Visit.item_id, ServiceItem.name_zh, ServiceItem.name_en, Order.channel,
        )
        .join(Elder, Elder.id == Visit.elder_id)
        .join(Home, Home.id == Visit.home_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .join(Order, Order.id == Visit.order_id)
        .where(Visit.district_id == district_id, Visit.opens >= first, Visit.opens < last)
        .where(Order.state.not_in(UNAGREED), Visit.given == Given.HOME)
        .order_by(Visit.opens, Visit.id)
    ).all()  # fmt: skip
    ids = [row.id for row in rows]
    goings, pins = _goings(session, ids), _pins(session, ids)
    known = known_to(session, {row.elder_id for row in rows}, first)
    planned = {(row.elder_id, row.item_id) for row in rows if row.channel is Channel.CARE_PLAN}
    rostered = regulars(session, district_id, calendar.day_of(first)) if planned else {}
    return tuple(
        DayVisit(
            id=r.id, elder_id=r.elder_id, elder=r.name, division_code=r.division_code, state=r.state,
            item_code=r.item_code, item_zh=r.name_zh, item_en=r.name_en, aid=r.aid.value, minutes=r.minutes,
            caregivers=r.caregivers_needed, needs=frozenset(r.needs),
            sex=sex_wanted(r.same_sex, r.sex, r.aid.value, r.wishes),
            opens=r.opens, closes=r.closes, starts_at=r.starts_at, priority=r.priority, place=Place.of(r.place),
            estate=r.estate, reason=r.reason, banned=frozenset(r.wishes.get("banned", ())),
            preferred=frozenset(r.wishes.get("preferred", ())), known=frozenset(known.get(r.elder_id, ())),
            goings=tuple(goings.get(r.id, ())), pin=pins.get(r.id),
            **_regular(rostered.get((r.elder_id, r.item_id), ()) if r.channel is Channel.CARE_PLAN else (), r),
        )
        for r in rows
    )  # fmt: skip


@dataclass(frozen=True)
class Regular:
    """Who comes at what hour by the month's roster, the lead first."""

    starts_at: datetime
    caregiver_ids: tuple[int, ...]


def roster_of(session: Session, district_id: int, day: date) -> Roster | None:
    """The published roster that holds on a day: of several that cover it, the one published last."""
    return session.scalar(
        select(Roster)
        .where(Roster.district_id == district_id, Roster.state == PlanState.PUBLISHED)
        .where(Roster.starts <= day, Roster.ends >= day)
        .order_by(Roster.published_at.desc(), Roster.id.desc())
        .limit(1)
    )


def regulars(session: Session, district_id: int, day: date) -> dict[tuple[int, int], list[Regular]]:
    """What the roster says of a day, by elder and item."""
    roster = roster_of(session, district_id, day)
    if roster is None:
        return {}
    x = RosterLine
    rows = session.execute(
        select(x.elder_id, x.item_id, x.starts_at, x.caregiver_id)
        .where(x.roster_id == roster.id, x.day == day)
        .order_by(x.starts_at, x.rank)
    )
    found: dict[tuple[int, int], dict[datetime, list[int]]] = defaultdict(dict)
    for elder_id, item_id, starts_at, caregiver_id in rows:
        found[elder_id, item_id].setdefault(starts_at, []).append(caregiver_id)
    return {
        which: [Regular(starts_at, tuple(crew)) for starts_at, crew in hours.items()] for which, hours in found.items()
    }


def _regular(rostered: Iterable[Regular], visit: Any) -> dict[str, Any]:
    """The roster's word on a visit of a care plan: the hour that lies in its window."""
    meant = next((one for one in rostered if visit.opens <= one.starts_at <= visit.closes), None)
    return {"regular": meant.caregiver_ids, "hour": meant.starts_at} if meant else {}


def sex_wanted(same_sex: bool, sex: Sex, aid: str, wishes: Mapping[str, Any]) -> str:
    """The sex a caregiver must be of; "" either."""
    wished = aid == "bathing" and bool(wishes.get("same_sex_bathing"))
    return sex.value if same_sex or wished else ""


def _goings(session: Session, visit_ids: Sequence[int]) -> dict[int, list[Going]]:
    a = Attendance
    rows = session.execute(
        select(a.visit_id, a.id, a.caregiver_id, a.rank, a.state, a.starts_at, a.ends_at, a.urgent)
        .where(a.visit_id.in_(visit_ids))
        .order_by(a.rank, a.id)
    )
    found: dict[int, list[Going]] = defaultdict(list)
    for visit_id, attendance_id, caregiver_id, rank, state, starts_at, ends_at, urgent in rows:
        found[visit_id].append(Going(attendance_id, caregiver_id, rank, state, starts_at, ends_at, urgent))
    return found


def _pins(session: Session, visit_ids: Sequence[int]) -> dict[int, HandPin]:
    rows = session.scalars(select(Pin).where(Pin.visit_id.in_(visit_ids), Pin.ended_at.is_(None)))
    return {p.visit_id: HandPin(tuple(p.caregiver_ids), p.starts_at, frozenset(p.waived)) for p in rows}


def known_to(session: Session, elder_ids: Iterable[int], now: datetime) -> dict[int, set[int]]:
    """Who was at each elder's lately."""
    rows = session.execute(
        select(Visit.elder_id, Attendance.caregiver_id)
        .join(Attendance, Attendance.visit_id == Visit.id)
        .where(
            Visit.elder_id.in_(list(elder_ids)),
            Attendance.state == AttendanceState.FINISHED,
            Attendance.starts_at.between(now - timedelta(days=KNOWN_DAYS), now),
        )
        .distinct()
    )
    found: dict[int, set[int]] = defaultdict(set)
    for elder_id, caregiver_id in rows:
        found[elder_id].add(caregiver_id)
    return found


def _caregivers(session: Session, district_id: int, day: date) -> tuple[DayCaregiver, ...]:
    c = Caregiver
    rows = session.execute(
        select(c.id, c.provider_id, c.name, c.sex, c.mode, c.base, c.responder, c.weekly_minutes)
        .where(c.district_id == district_id, or_(c.ended_at.is_(None), c.ended_at > calendar.day_bounds(day)[1]))
        .order_by(c.id)
    ).all()
    skills, shifts = _skills(session, district_id, day), _shifts(session, district_id, day)
    absent, used = _absent(session, district_id, day), Counter(minutes_of_week(session, district_id, day))
    used.update({ride.caregiver_id: ride.minutes for ride in ridings(session, district_id, day, day)})
    return tuple(
        DayCaregiver(
            r.id, r.provider_id, r.name, r.sex.value, r.mode, Place.of(r.base), r.responder,
            frozenset(skills.get(r.id, ())), () if r.id in absent else tuple(shifts.get(r.id, ())), absent.get(r.id),
            r.weekly_minutes - used.get(r.id, 0),
        )
        for r in rows
    )  # fmt: skip


def _skills(session: Session, district_id: int, day: date) -> dict[int, list[str]]:
    """Skills whose proof has not expired on the day."""
    rows = session.execute(
        select(Certificate.caregiver_id, Certificate.skill).where(
            Certificate.district_id == district_id, or_(Certificate.expires.is_(None), Certificate.expires >= day)
        )
    )
    found: dict[int, list[str]] = defaultdict(list)
    for caregiver_id, skill in rows:
        found[caregiver_id].append(skill.value)
    return found


def _shifts(session: Session, district_id: int, day: date) -> dict[int, list[tuple[datetime, datetime]]]:
    rows = session.execute(
        select(Shift.caregiver_id, Shift.starts, Shift.ends)
        .where(Shift.district_id == district_id, Shift.weekday == day.weekday())
        .order_by(Shift.caregiver_id, Shift.starts)
    )
    found: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for caregiver_id, starts, ends in rows:
        found[caregiver_id].append((calendar.at(day, starts), calendar.at(day, ends)))
    for ride in ridings(session, district_id, day, day):
        if day.weekday() in ride.weekdays:
            hole = (calendar.at(day, ride.starts), calendar.at(day, ride.ends))
            found[ride.caregiver_id] = without(found[ride.caregiver_id], [hole])
    return found


def ridings(session: Session, district_id: int, first: date, last: date) -> Sequence[Riding]:
    """Hours of some days in which caregivers bring meals: no visits are planned then, and they are work."""
    in_force = or_(Riding.last.is_(None), Riding.last >= first)
    query = select(Riding).where(Riding.district_id == district_id, Riding.first <= last, in_force)
    return session.scalars(query.order_by(Riding.id)).all()


def _absent(session: Session, district_id: int, day: date) -> dict[int, str]:
    rows = session.execute(
        select(Absence.caregiver_id, Absence.reason).where(
            Absence.district_id == district_id, Absence.first <= day, Absence.last >= day
        )
    )
    return {row.caregiver_id: row.reason for row in rows}


def absent_days(session: Session, caregiver_id: int, first: date, last: date) -> set[date]:
    """Days of a stretch on which she is not there."""
    rows = session.execute(
        select(Absence.first, Absence.last).where(
            Absence.caregiver_id == caregiver_id, Absence.first <= last, Absence.last >= first
        )
    )
    return {day for begins, ends in rows for day in calendar.days(max(begins, first), min(ends, last))}


def minutes_of_week(session: Session, district_id: int, day: date, *, with_day: bool = False) -> dict[int, int]:
    """Minutes each caregiver has or had at visits in the week of a day, by default without the day itself."""
    monday = day - timedelta(days=day.weekday())
    first, last = calendar.day_bounds(monday)[0], calendar.day_bounds(monday + timedelta(days=6))[1]
    begins, ends = calendar.day_bounds(day)
    a = Attendance
    query = select(a.caregiver_id, func.sum(func.extract("epoch", a.ends_at - a.starts_at) / 60)).where(
        a.district_id == district_id, a.state.in_(COUNTED), a.starts_at >= first, a.starts_at < last
    )
    if not with_day:
        query = query.where(or_(a.starts_at < begins, a.starts_at >= ends))
    return {caregiver_id: int(minutes) for caregiver_id, minutes in session.execute(query.group_by(a.caregiver_id))}


def _contracts(session: Session, district_id: int, day: date) -> tuple[Contract, ...]:
    rows = session.execute(
        select(ContractRow.provider_id, ContractRow.areas, ContractRow.aids).where(
            ContractRow.district_id == district_id, ContractRow.starts <= day, ContractRow.ends >= day
        )
    )
    return tuple(Contract(provider_id, tuple(areas), tuple(aids)) for provider_id, areas, aids in rows)


def overlapping(session: Session, caregiver_id: int, first: datetime, last: datetime) -> Sequence[Attendance]:
    """What a caregiver is at or has to be at in a stretch of time, alarms' responses left out."""
    return session.scalars(
        select(Attendance)
        .where(
            Attendance.caregiver_id == caregiver_id,
            Attendance.state.in_(ACTIVE),
            Attendance.urgent.is_(False),
            Attendance.starts_at < last,
            Attendance.ends_at > first,
        )
        .order_by(Attendance.starts_at)
    ).all()
